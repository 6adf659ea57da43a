//! Playing the stories: each deed at its moment, through the gateway's own path, time passing day by day between.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, Utc};
use contracts::action::Action;
use contracts::ids::{LoopId, PersonId};
use contracts::register_action::RegisterAction;
use contracts::{Claims, Problem};
use directory::{Directory, NewToken};
use eventlog::{Log, LogError};
use gateway::front::digest;
use gateway::{Front, Visitor};
use messaging::Bus;
use serde_json::{Map, Value, json};

use super::content::{LoopStory, Story};
use super::facts::{self, Ids};
use super::plan::{Deed, Place, calendar, plan};
use crate::cli::say;
use crate::folder::{Folder, write_secret};
use crate::services::Parts;

/// How long the services may take to come to rest after a deed.
const REST_MAX: Duration = Duration::from_secs(20);
/// The most rounds of a clock's tick at one moment.
const TICKS_MAX: u32 = 50;

/// Writes the demonstration.
#[derive(Debug)]
pub(crate) struct Seeder {
    pub(crate) directory: Arc<Directory>,
    pub(crate) parts: Parts,
    pub(crate) operator: Bus,
    /// The real time: where the story ends.
    pub(crate) now: DateTime<Utc>,
}

struct Playing {
    front: Front,
    log: Log,
    people: BTreeMap<(usize, String), Claims>,
    loops: BTreeMap<(usize, usize), LoopId>,
    parts: BTreeMap<(usize, usize), uuid::Uuid>,
}

/// Where the log ends. A broker whose disk is busy with something else may not say so at once.
async fn end_of(log: &Log) -> Result<u64, LogError> {
    let started = std::time::Instant::now();
    loop {
        match log.head().await {
            Err(error) if started.elapsed() < REST_MAX * 3 => say(&format!("Waiting for the log: {error}")),
            answer => return answer,
        }
        runtime::clock::pause(Duration::from_millis(200)).await;
    }
}

impl Seeder {
    /// Sets the districts up, hands out tokens, and plays the stories where that was not done before.
    pub(crate) async fn seed(&self, folder: &Folder, stories: &[Story], play: bool) -> anyhow::Result<()> {
        for story in stories {
            facts::state(&self.directory, story).await?;
        }
        let bus = self.parts.connect("gateway").await?;
        let log = Parts::log(&self.parts.connect("routing").await?);
        let mut playing = Playing {
            front: Front::new(bus, self.parts.clock.clone()),
            log,
            people: BTreeMap::new(),
            loops: BTreeMap::new(),
            parts: BTreeMap::new(),
        };
        let head = end_of(&playing.log).await?;
        // A long record takes its time; one that does not come nearer is in trouble.
        let position = &self.directory.people.position;
        let mut before = position.get();
        while !position.wait_for(head, REST_MAX).await {
            let now = position.get();
            anyhow::ensure!(now > before, "the directory does not take its people in");
            before = now;
        }
        self.hand_out_tokens(folder, stories, &playing.front).await?;
        if !play {
            return Ok(());
        }
        let deeds = plan(stories, self.now);
        say(&format!(
            "Writing the demonstration's history: {} deeds in two districts ...",
            deeds.len()
        ));
        self.rules_have_arrived(stories).await?;
        for (nth, deed) in deeds.iter().enumerate() {
            self.pass_time(deed.at).await?;
            let story = &stories[deed.story];
            match deed.place {
                Place::Loop(at) => self.play(&mut playing, stories, deed, at).await.with_context(|| {
                    let one = &story.loops[at];
                    let step = deed
                        .step
                        .map_or("filing".to_owned(), |step| one.steps[step].action.clone());
                    format!("the deed {step} of {} in {}", one.key, story.district.slug)
                })?,
                Place::Register(at) => self
                    .write_into_register(&mut playing, story, deed, at)
                    .await
                    .with_context(|| format!("{} in {}", story.register[at].key, story.district.slug))?,
            }
            if nth % 50 == 49 {
                say(&format!("  {} of {}", nth + 1, deeds.len()));
            }
        }
        self.pass_time(self.now).await?;
        let head = end_of(&playing.log).await?;
        write_secret(&folder.demo_seeded(), &format!("{head}\n"))
    }

    /// Every service that decides must know the districts before the first deed.
    async fn rules_have_arrived(&self, stories: &[Story]) -> anyhow::Result<()> {
        let started = std::time::Instant::now();
        let waiting = || {
            self.parts
                .health
                .parts()
                .into_iter()
                .any(|(part, state)| part.ends_with("districts") && state != runtime::health::State::Ready)
        };
        while waiting() && started.elapsed() < REST_MAX {
            runtime::clock::pause(Duration::from_millis(10)).await;
        }
        for story in stories {
            let ids = Ids::of(story)?;
            let whole = || {
                self.directory
                    .districts
                    .with(&ids.district, |record| record.contact.is_some())
                    .unwrap_or(false)
            };
            while !whole() {
                anyhow::ensure!(started.elapsed() < REST_MAX, "the districts do not arrive");
                runtime::clock::pause(Duration::from_millis(10)).await;
            }
        }
        Ok(())
    }

    /// Time passes, day by day, to a moment: at six each morning the clocks are looked at.
    async fn pass_time(&self, until: DateTime<Utc>) -> anyhow::Result<()> {
        let clock = &self.parts.clock;
        loop {
            let now = clock.now();
            if now >= until {
                return Ok(());
            }
            let morning = (now.date_naive() + chrono::Days::new(1))
                .and_time(chrono::NaiveTime::MIN)
                .and_utc()
                + chrono::Duration::hours(11);
            if morning >= until {
                clock.set(until);
                return Ok(());
            }
            clock.set(morning);
            for _ in 0..TICKS_MAX {
                if self.tick().await? == 0 {
                    break;
                }
            }
        }
    }

    /// Every service that looks at the time does; how many events came of it.
    async fn tick(&self) -> anyhow::Result<u32> {
        let routed: routing::Ticked = self.tick_of("routing").await?;
        let registered: flexibility::Ticked = self.tick_of("flexibility").await?;
        Ok(routed.events + registered.events)
    }

    async fn tick_of<T: serde::de::DeserializeOwned>(&self, service: &str) -> anyhow::Result<T> {
        for _ in 0..20 {
            match self.operator.ask(format!("svc.{service}.clock.tick"), &json!({})).await {
                Ok(ticked) => return Ok(ticked),
                Err(problem) if problem.status == 503 => runtime::clock::pause(Duration::from_millis(50)).await,
                Err(problem) => anyhow::bail!("{problem}"),
            }
        }
        anyhow::bail!("the clocks cannot be judged")
    }

    async fn play(&self, playing: &mut Playing, stories: &[Story], deed: &Deed, at: usize) -> anyhow::Result<()> {
        let story = &stories[deed.story];
        let ids = Ids::of(story)?;
        let one = &story.loops[at];
        let name = format!("demo/{}/{}/{:?}", story.district.slug, one.key, deed.step);
        let (by, action, body) = match deed.step {
            None => (&one.filed.by, Action::File, filing(story, deed, one, &ids)),
            Some(step) => {
                let step = &one.steps[step];
                let action = action_of(&step.action, &step.fields)?;
                (&step.by, action, self.step(story, step, &ids))
            }
        };
        let visitor = self.visitor(playing, deed.story, &ids, by).await?;
        let thing = playing.loops.get(&(deed.story, at)).copied();
        let thing = if action == Action::File {
            None
        } else {
            Some(thing.context("it was not filed")?)
        };
        match self
            .act(playing, &visitor, action, thing, &body.to_string(), &name)
            .await
        {
            Ok(Some(id)) => {
                playing.loops.insert((deed.story, at), id);
            }
            Ok(None) => {}
            Err(problem) => anyhow::bail!("{}: {} {body}", problem, problem.name()),
        }
        if matches!(action, Action::File | Action::Appeal | Action::Confirm) {
            self.come_to_rest(playing).await?;
        }
        Ok(())
    }

    /// A deed in the register, with no loop: the first of each writes it down.
    async fn write_into_register(
        &self,
        playing: &mut Playing,
        story: &Story,
        deed: &Deed,
        at: usize,
    ) -> anyhow::Result<()> {
        let ids = Ids::of(story)?;
        let part = &story.register[at];
        let nth = deed.step.unwrap_or_default();
        let step = &part.steps[nth];
        let action = RegisterAction::from_slug(&step.action).with_context(|| format!("no action {}", step.action))?;
        let visitor = self.visitor(playing, deed.story, &ids, &step.by).await?;
        let thing = playing.parts.get(&(deed.story, at)).copied();
        anyhow::ensure!(thing.is_some() == (nth > 0), "it is written down first");
        let body = self.step(story, step, &ids).to_string();
        let key = format!("demo/{}/register/{}/{nth}", story.district.slug, part.key);
        for _ in 0..50 {
            let acted = playing
                .front
                .command(&visitor, "flexibility", action.slug(), thing, &body, Some(&key), None)
                .await;
            let id = match acted {
                Ok((acted, _)) => acted.id.0,
                Err(problem) if problem.name() == "key-reused" => {
                    thing.unwrap_or(gateway::front::command_id(&visitor.claims, &key).0)
                }
                Err(problem) if problem.status == 503 => {
                    runtime::clock::pause(Duration::from_millis(50)).await;
                    continue;
                }
                Err(problem) => anyhow::bail!("{problem}: {body}"),
            };
            playing.parts.insert((deed.story, at), id);
            return Ok(());
        }
        anyhow::bail!("the register does not answer")
    }

    /// Carries a deed out; where it was carried out by an earlier start with other dates in it, it stands.
    async fn act(
        &self,
        playing: &Playing,
        visitor: &Visitor,
        action: Action,
        thing: Option<LoopId>,
        body: &str,
        key: &str,
    ) -> Result<Option<LoopId>, Problem> {
        for _ in 0..50 {
            match playing.front.act(visitor, action, thing, body, Some(key), None).await {
                Ok(acted) => return Ok(Some(acted.id)),
                Err(problem) if problem.name() == "key-reused" => {
                    return Ok(thing.or_else(|| Some(LoopId(gateway::front::command_id(&visitor.claims, key).0))));
                }
                Err(problem) if problem.status == 503 => runtime::clock::pause(Duration::from_millis(50)).await,
                Err(problem) => return Err(problem),
            }
        }
        Err(Problem::unavailable("the services do not answer"))
    }

    async fn visitor(&self, playing: &mut Playing, story: usize, ids: &Ids, key: &str) -> anyhow::Result<Visitor> {
        let place = (story, key.to_owned());
        if !playing.people.contains_key(&place) {
            let asked = json!({"district": ids.district, "person": ids.person(key)});
            let claims: Option<Claims> = playing
                .front
                .bus
                .ask("ask.directory.person".to_owned(), &asked)
                .await
                .map_err(anyhow::Error::new)?;
            let claims = claims.with_context(|| format!("there is no person {key}"))?;
            playing.people.insert(place.clone(), claims);
        }
        let claims = playing
            .people
            .get(&place)
            .cloned()
            .context("the person was just found")?;
        Ok(Visitor {
            claims,
            memory_key: format!("seed/{key}"),
            csrf: String::new(),
        })
    }

    /// Waits until the policies have reacted to everything.
    async fn come_to_rest(&self, playing: &Playing) -> anyhow::Result<()> {
        let started = std::time::Instant::now();
        loop {
            let mut outstanding = 0;
            for service in ["routing", "flexibility", "resolution"] {
                let consumer = messaging::policy::consumer(service);
                outstanding += playing.log.outstanding(&consumer).await.unwrap_or(1);
            }
            if outstanding == 0 {
                return Ok(());
            }
            anyhow::ensure!(started.elapsed() < REST_MAX, "the policies do not come to rest");
            runtime::clock::pause(Duration::from_millis(2)).await;
        }
    }

    fn step(&self, story: &Story, step: &super::content::Step, ids: &Ids) -> Value {
        let mut body = Map::new();
        let today = calendar(story).date(self.now);
        for (field, value) in &step.fields {
            let text = value.as_str().unwrap_or_default();
            match field.as_str() {
                "school" => body.insert("school".to_owned(), json!(ids.school(text))),
                "department" => body.insert("department".to_owned(), json!(ids.department(text))),
                "team" => body.insert("team".to_owned(), json!(ids.team(text))),
                "person" => body.insert("person".to_owned(), json!(ids.person(text))),
                "to" if step.action == "hand-on" => body.insert("to".to_owned(), json!(ids.person(text))),
                "ends_in_days" => {
                    let day = today + chrono::Days::new(value.as_u64().unwrap_or(90));
                    body.insert("ends_on".to_owned(), json!(day))
                }
                "review_in_days" => {
                    let day = today + chrono::Days::new(value.as_u64().unwrap_or(90));
                    body.insert("review_on".to_owned(), json!(day))
                }
                "regarding" => None,
                _ => body.insert(field.clone(), value.clone()),
            };
        }
        Value::Object(body)
    }

    /// Tokens by persona, made once: the first district's at the top, the second's beside it.
    async fn hand_out_tokens(&self, folder: &Folder, stories: &[Story], front: &Front) -> anyhow::Result<()> {
        let file = folder.demo_tokens();
        if file.exists() {
            return Ok(());
        }
        let mut districts = Vec::new();
        for story in stories {
            let ids = Ids::of(story)?;
            let mut tokens = Map::new();
            tokens.insert("district".to_owned(), json!(ids.district));
            let mut people = Map::new();
            let held: BTreeSet<&String> = story.personas.keys().collect();
            anyhow::ensure!(held.len() >= 9, "a persona is missing in {}", story.district.slug);
            for (persona, key) in &story.personas {
                let person: PersonId = ids.person(key);
                let secret = runtime::ids::secret_hex(32);
                self.directory
                    .credentials
                    .keep_token(
                        &NewToken::for_a_year(digest(&secret), persona, self.now),
                        &ids.district,
                        person,
                        self.now,
                    )
                    .await?;
                tokens.insert(persona.clone(), json!(secret));
                let asked = json!({"district": ids.district, "person": person});
                let claims: Option<Claims> = front
                    .bus
                    .ask("ask.directory.person".to_owned(), &asked)
                    .await
                    .map_err(anyhow::Error::new)?;
                people.insert(persona.clone(), json!(claims));
            }
            tokens.insert("people".to_owned(), Value::Object(people));
            districts.push(tokens);
        }
        let mut districts = districts.into_iter();
        let mut whole = districts.next().context("there is no story")?;
        if let Some(other) = districts.next() {
            whole.insert("other_district".to_owned(), Value::Object(other));
        }
        write_secret(&file, &serde_json::to_string_pretty(&whole)?)
    }
}

fn filing(story: &Story, deed: &Deed, one: &LoopStory, ids: &Ids) -> Value {
    let mut body = json!({
        "title": one.title, "trying": one.trying, "barrier": one.barrier, "tried": one.tried,
        "would_help": one.would_help, "kind": one.kind, "area": one.area, "rule_source": one.rule_source,
        "citation": one.citation, "clause": one.clause,
        "pillars": one.pillars, "reach": one.reach, "grades": one.grades, "urgency": one.urgency,
        "visibility": one.visibility,
    });
    let needed_by = one
        .needed_by_in_days
        .map(|days| calendar(story).date(deed.at) + chrono::Days::new(days));
    if let Some(object) = body.as_object_mut() {
        if let Some(day) = needed_by {
            object.insert("needed_by".to_owned(), json!(day));
        }
        if let Some(key) = &one.filed.school {
            object.insert("school".to_owned(), json!(ids.school(key)));
        }
    }
    body
}

fn action_of(name: &str, fields: &BTreeMap<String, Value>) -> anyhow::Result<Action> {
    if name == "decide" {
        return Ok(match fields.get("regarding").and_then(Value::as_str) {
            Some("team") => Action::DecideTeam,
            Some(_) | None => Action::DecideEscalation,
        });
    }
    Action::from_slug(name).with_context(|| format!("there is no action {name}"))
}
