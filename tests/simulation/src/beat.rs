//! One beat of a world: time passes, people act at once, and what is under way goes on in a random order.

use std::sync::Arc;

use chrono::{Days, Duration};
use contracts::events::directory::{Closed, DepartmentRetired, PersonRostered, RoutingRulesPublished};
use contracts::ids::{CommandId, DepartmentId, LoopId};
use contracts::queries::Holder;
use contracts::subjects::{Subject, Thing};
use contracts::vocabulary::Role;
use contracts::{Action, Claims};
use eventlog::EventLog;

use crate::bodies::{self, Said};
use crate::broken::Broken;
use crate::choose;
use crate::consumer::Consumer;
use crate::deed::{Deed, Told};
use crate::report::Fault;
use crate::roster::{DEPARTMENTS, ROSTER, calendar};
use crate::sabotage::Sabotage;
use crate::world::{Task, World};

/// Commands that one world has in hand at once.
const CALLS_MAX: usize = 8;
/// Loops of one world.
const LOOPS_MAX: usize = 4;
/// People who leave in one world.
const LEAVERS_MAX: usize = 4;

/// Whether it is the directory's to say what becomes of a thing.
fn is_of_the_directory(thing: Thing) -> bool {
    match thing {
        Thing::Loop | Thing::Flexibility | Thing::Pattern | Thing::Waiver | Thing::Review | Thing::Record => false,
        Thing::District
        | Thing::School
        | Thing::Department
        | Thing::Zone
        | Thing::Team
        | Thing::Person
        | Thing::Import => true,
    }
}

impl World {
    /// One beat.
    pub(crate) async fn beat(&mut self) -> Result<(), Broken> {
        self.beat += 1;
        self.time_passes();
        if self.dice.chance(25) {
            self.a_day_is_closed().await?;
        }
        if self.dice.chance(12) {
            self.somebody_leaves().await?;
        }
        if self.dice.chance(4) {
            self.a_department_is_closed().await?;
        }
        self.people_act()?;
        self.due_later()?;
        if self.dice.chance(60) {
            self.somebody_tries_the_wall()?;
        }
        if self.dice.chance(600) && self.ticking.is_none() && self.options.sabotage != Some(Sabotage::NeverTicks) {
            self.begin_tick()?;
        }
        let steps = self.dice.between(5, 30);
        for _ in 0..steps {
            self.step().await?;
        }
        self.something_stops().await?;
        if self.dice.chance(700) {
            while !self.calls.is_empty() {
                self.step().await?;
            }
        }
        if self.dice.chance(120) {
            self.the_register_changes().await?;
        }
        if self.dice.chance(150) {
            self.the_office_acts().await?;
        }
        if self.dice.chance(250) {
            self.the_register_looks().await?;
        }
        self.views_catch_up(800);
        if self.dice.chance(400) {
            self.watching.take_in(self.history.position);
        }
        if self.ticking.is_none() && self.dice.chance(5) {
            self.watching.forget();
        }
        self.look()
    }

    fn time_passes(&mut self) {
        let minutes = match self.dice.below(100) {
            0..48 => self.dice.between(1, 300),
            48..80 => self.dice.between(4 * 60, 40 * 60),
            80..95 => self.dice.between(24 * 60, 7 * 24 * 60),
            _ => self.dice.between(14 * 24 * 60, 42 * 24 * 60),
        };
        // A service that works on a command does not take weeks.
        let in_hand = !self.calls.is_empty() || self.ticking.is_some() || !self.consumers.iter().all(Consumer::is_idle);
        let minutes = if in_hand { minutes % 5 } else { minutes };
        self.clock.set(self.clock.now() + Duration::minutes(minutes));
    }

    async fn a_day_is_closed(&mut self) -> Result<(), Broken> {
        let nth = self.dice.below(ROSTER.districts.len());
        let district = &ROSTER.districts[nth].slug;
        let today = self.clock.now().date_naive();
        let first = match self.dice.between(-3, 12) {
            before @ ..0 => today - Days::new(before.unsigned_abs()),
            after => today + Days::new(after.unsigned_abs()),
        };
        let last = first + Days::new(self.dice.below(3) as u64);
        let (version, closed) = &mut self.calendars[nth];
        *version += 1;
        closed.push(Closed {
            from: first,
            to: last,
            label: "snow".to_owned(),
        });
        let event = calendar(*version, closed.clone());
        let subject = Subject::new(district, Thing::District, district.thing_id());
        self.tell(|| format!("{district} is closed from {first} to {last}"));
        self.state(&subject, &event).await
    }

    /// Whoever speaks for a school leaves, by the roster; now and then two at once, as when a roster is taken in.
    async fn somebody_leaves(&mut self) -> Result<(), Broken> {
        let plan = &ROSTER.districts[usize::from(self.dice.chance(200))];
        let together = if self.dice.chance(300) { 2 } else { 1 };
        for _ in 0..together {
            let here: Vec<&Arc<Claims>> = plan
                .people
                .iter()
                .filter(|claims| claims.has(Role::Reporter) && !self.services.left.has(claims.person))
                .collect();
            if self.services.left.count() >= LEAVERS_MAX {
                return Ok(());
            }
            let Some(claims) = self.dice.pick(&here).copied() else {
                return Ok(());
            };
            self.tell(|| format!("{} of {} leaves", claims.name, plan.slug));
            let keyring = &self.services.intake.keyring;
            let away = |error| Broken::new(format!("no key: {error}"));
            let key = keyring.lease().await.map_err(away)?;
            let rostered = PersonRostered {
                key,
                name: keyring.seal(key, &claims.name).await.map_err(away)?,
                title: None,
                known_as: None,
                roles: None,
                disabled: true,
            };
            let subject = Subject::new(&plan.slug, Thing::Person, claims.person.0);
            self.services.left.leaves(claims.person);
            self.state(&subject, &rostered.into()).await?;
            // What follows from it may be half done when the next one leaves.
            for _ in 0..self.dice.below(16) {
                self.step().await?;
            }
        }
        Ok(())
    }

    /// A department is closed, and another gets what it has: first no rule names it any more, as it must be.
    async fn a_department_is_closed(&mut self) -> Result<(), Broken> {
        let plan = &ROSTER.districts[usize::from(self.dice.chance(200))];
        let Some(known) = self.history.districts.get(&plan.slug) else {
            return Ok(());
        };
        let open: Vec<DepartmentId> = known
            .departments
            .iter()
            .filter(|(_, department)| !department.retired)
            .map(|(id, _)| *id)
            .collect();
        // The office writes and looks for the first of them, which stays.
        let first = DepartmentId::derived(&[plan.slug.as_str(), DEPARTMENTS[0]]);
        let (mut rules, version) = (known.rules.clone(), known.rules_version + 1);
        let closable: Vec<DepartmentId> = open.iter().copied().filter(|id| *id != first).collect();
        let Some(closed) = self.dice.pick(&closable).copied() else {
            return Ok(());
        };
        let others: Vec<DepartmentId> = open.into_iter().filter(|id| *id != closed).collect();
        let Some(to) = self.dice.pick(&others).copied() else {
            return Ok(());
        };
        rules.retain(|rule| rule.department != closed && !rule.collaborators.contains(&closed));
        self.tell(|| format!("{closed} of {} is closed, its loops go to {to}", plan.slug));
        let whole = Subject::new(&plan.slug, Thing::District, plan.slug.thing_id());
        self.state(&whole, &RoutingRulesPublished { version, rules }.into())
            .await?;
        let subject = Subject::new(&plan.slug, Thing::Department, closed.0);
        let retired = DepartmentRetired { loops_to: Some(to) };
        self.state(&subject, &retired.into()).await
    }

    /// Who acts in this beat: several at once on one loop, often.
    fn people_act(&mut self) -> Result<(), Broken> {
        let filed = self.history.loops.len() + self.later.len().min(1);
        if (filed < 2 && self.beat <= 6) || (filed < LOOPS_MAX && self.dice.chance(20)) {
            self.somebody_files()?;
        }
        let many = self.dice.weighted(&[(0, 1), (1, 5), (2, 4), (3, 1)]).unwrap_or(1);
        let one = self.some_loop();
        for _ in 0..many {
            if self.calls.len() >= CALLS_MAX {
                break;
            }
            let id = if self.dice.chance(750) { one } else { self.some_loop() };
            if let Some(id) = id {
                self.somebody_acts(id)?;
            }
        }
        if self.dice.chance(150) && !self.deeds.is_empty() {
            let nth = self.dice.below(self.deeds.len());
            if self.deeds[nth].told.done.is_some() {
                let another = self.dice.chance(300);
                self.begin(if another { Task::Another(nth) } else { Task::Repeat(nth) })?;
            }
        }
        Ok(())
    }

    fn some_loop(&mut self) -> Option<LoopId> {
        let weighed: Vec<(LoopId, u32)> = self
            .history
            .loops
            .iter()
            .map(|(id, story)| (*id, if story.record().is_ended() { 2 } else { 5 }))
            .collect();
        self.dice.weighted(&weighed)
    }

    fn next_id(&self) -> CommandId {
        CommandId::derived(&[&self.seed.to_string(), &self.deeds.len().to_string()])
    }

    fn somebody_files(&mut self) -> Result<(), Broken> {
        let plan = &ROSTER.districts[usize::from(self.dice.chance(200))];
        let filers: Vec<&Arc<Claims>> = plan
            .people
            .iter()
            .filter(|claims| !self.services.left.has(claims.person))
            .filter(|claims| {
                claims.has(Role::Reporter) || claims.has(Role::Contact) || claims.has(Role::DepartmentLead)
            })
            .collect();
        let Some(claims) = self.dice.pick(&filers).copied() else {
            return Ok(());
        };
        let earlier: Vec<CommandId> = self
            .history
            .loops
            .iter()
            .filter(|(_, story)| story.subject.district == plan.slug)
            .map(|(id, _)| CommandId(id.0))
            .collect();
        let said = bodies::filing(claims, &earlier, self.clock.now().date_naive(), &mut self.dice);
        let id = self.next_id();
        self.deed(id, Action::File, claims, LoopId(id.0), 1, None, said)
    }

    fn somebody_acts(&mut self, id: LoopId) -> Result<(), Broken> {
        let story = &self.history.loops[&id];
        let Some(plan) = ROSTER.plan(&story.subject.district) else {
            return Ok(());
        };
        let record = story.record();
        let Some(claims) = choose::person(plan, record, &mut self.dice) else {
            return Ok(());
        };
        if self.services.left.has(claims.person) {
            return Ok(());
        }
        let asked = matches!(record.holder(), Holder::School { .. });
        if asked && claims.has(Role::Reporter) && self.dice.chance(self.temper.silent) {
            return Ok(());
        }
        let Some(action) = choose::action(claims, record, self.temper, &mut self.dice) else {
            return Ok(());
        };
        let said = bodies::action(action, claims, record, plan, self.clock.now(), &mut self.dice);
        let based_on = match self.dice.below(20) {
            0..3 => Some(record.version),
            3 => story
                .seen
                .len()
                .checked_sub(2)
                .map(|older| story.seen[older].meta.sequence),
            _ => None,
        };
        let episode = record.episode;
        self.deed(self.next_id(), action, claims, id, episode, based_on, said)
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "a request is all of these, and is made here only"
    )]
    fn deed(
        &mut self,
        id: CommandId,
        action: Action,
        claims: &Arc<Claims>,
        thing: LoopId,
        episode: u32,
        based_on: Option<u64>,
        said: Said,
    ) -> Result<(), Broken> {
        let nth = self.deeds.len();
        self.deeds.push(Deed {
            id,
            district: claims.district.clone(),
            thing: thing.0,
            action,
            claims: claims.clone(),
            body: said.body,
            school: said.school,
            based_on,
            episode,
            told: Told::default(),
        });
        match self.dice.below(100) {
            // It lies somewhere, and arrives when the world has moved on.
            0..13 => {
                let after = self.dice.between(1, 25).unsigned_abs() as u32;
                self.later.push((self.beat + after, Task::Ask(nth)));
                Ok(())
            }
            // The button was pressed twice.
            13..18 => {
                self.begin(Task::Ask(nth))?;
                self.begin(Task::Ask(nth))
            }
            _ => self.begin(Task::Ask(nth)),
        }
    }

    fn due_later(&mut self) -> Result<(), Broken> {
        let (due, later): (Vec<_>, Vec<_>) = std::mem::take(&mut self.later)
            .into_iter()
            .partition(|(beat, _)| *beat <= self.beat);
        self.later = later;
        for (_, task) in due {
            if self.is_here(&task) {
                self.begin(task)?;
            }
        }
        Ok(())
    }

    /// Whether whoever sends a command is still there: their session ends with them.
    pub(crate) fn is_here(&self, task: &Task) -> bool {
        match task {
            Task::Ask(nth) | Task::Repeat(nth) | Task::Another(nth) => {
                !self.services.left.has(self.deeds[*nth].claims.person)
            }
            Task::Wall(_) => true,
        }
    }

    /// Somebody of the other district tries what they may do at home: under their own district, or under this one.
    fn somebody_tries_the_wall(&mut self) -> Result<(), Broken> {
        let Some(id) = self.some_loop() else {
            return Ok(());
        };
        let story = &self.history.loops[&id];
        let here = story.subject.district.clone();
        let Some(there) = ROSTER.districts.iter().find(|plan| plan.slug != here) else {
            return Ok(());
        };
        let Some(claims) = self.dice.pick(&there.people) else {
            return Ok(());
        };
        let under_their_own = self.dice.chance(500);
        let action = if !under_their_own && self.dice.chance(150) {
            Action::File
        } else {
            Action::ALL[1 + self.dice.below(Action::ALL.len() - 1)]
        };
        let said = if action == Action::File {
            bodies::filing(claims, &[], self.clock.now().date_naive(), &mut self.dice)
        } else {
            bodies::action(action, claims, story.record(), there, self.clock.now(), &mut self.dice)
        };
        let key = CommandId::derived(&[
            "wall",
            &self.seed.to_string(),
            &self.report.walls.to_string(),
            &self.beat.to_string(),
        ]);
        let deed = Deed {
            id: key,
            district: if under_their_own { claims.district.clone() } else { here },
            thing: if action == Action::File { key.0 } else { id.0 },
            action,
            claims: claims.clone(),
            body: said.body,
            school: said.school,
            based_on: None,
            episode: 1,
            told: Told::default(),
        };
        self.begin(Task::Wall(Box::new(deed)))
    }

    /// Services stop anywhere, and start again.
    async fn something_stops(&mut self) -> Result<(), Broken> {
        if self.ack_lost == 0 {
            return Ok(());
        }
        if self.dice.chance(100) && !self.calls.is_empty() {
            let nth = self.dice.below(self.calls.len());
            let call = self.calls.swap_remove(nth);
            self.report.fault(Fault::HandlerDropped);
            if let Task::Ask(deed) = call.task {
                self.deeds[deed].told.unknown += 1;
                self.report.actions.entry(self.deeds[deed].action).or_default().unknown += 1;
                self.again(deed);
            }
        }
        if self.dice.chance(60) {
            let nth = self.dice.below(self.consumers.len());
            self.report.fault(Fault::ConsumerDropped);
            let policy = self.consumers[nth].policy();
            self.consumers[nth] = Consumer::start(&*self.log as &dyn EventLog, policy).await?;
        }
        if self.dice.chance(40) && self.ticking.take().is_some() {
            self.report.fault(Fault::TickDropped);
        }
        Ok(())
    }

    /// Each service's view of the districts takes in what it has not yet: not always.
    pub(crate) fn views_catch_up(&mut self, per_mille: u32) {
        let services = self.services.clone();
        let views = [
            &services.intake.districts,
            &services.routing.districts,
            &services.resolution.districts,
            &services.flexibility.districts,
        ];
        for (nth, view) in views.into_iter().enumerate() {
            let behind = self.log.inner.since(self.views[nth]);
            if behind.is_empty() {
                continue;
            }
            if !self.dice.chance(per_mille) {
                self.report.fault(Fault::ViewBehind);
                continue;
            }
            for raw in behind {
                self.views[nth] = raw.sequence;
                // They follow the directory's subjects only.
                if raw
                    .subject
                    .parse::<Subject>()
                    .is_ok_and(|subject| is_of_the_directory(subject.thing))
                    && let Ok(recorded) = raw.parse()
                    && let Ok(event) = contracts::events::DirectoryEvent::read(&recorded.envelope)
                {
                    view.evolve(&recorded.subject, recorded.sequence, &event);
                }
            }
        }
    }
}
