//! Looking at the time, and at the loops that rest on the register: what is due becomes a command with a derived id,
//! so that any number of replicas may look.

use ::domain::pattern::PatternRecord;
use ::domain::{Flexibility, FlexibilityRecord, Fold, Pattern, Waiver};
use async_trait::async_trait;
use chrono::{Days, NaiveDate};
use contracts::area::Area;
use contracts::claims::Authority;
use contracts::commands::CommandMessage;
use contracts::events::{FlexibilityEvent, OwnedEvents};
use contracts::ids::{CommandId, District, PatternId, WaiverId};
use contracts::problem::Problem;
use contracts::subjects::{Subject, Thing, policy_command};
use contracts::vocabulary::PatternStanding;
use decider::{Decide, Desk, History, Target, execute};
use messaging::Carrier;
use projection::Model;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;
use tracing::warn;
use uuid::Uuid;

use crate::domain::{Detect, LookAtEnd, LookAtState, OfficeRefusal, Refusal};
use crate::patterns::{Bending, Evidence, Meeting, judge};
use crate::read_model::{self, Ending, Register, Untold};

/// Looked at in one round.
const ROUND_MAX: i64 = 200;
/// How long a tick waits for the read model to reach the log's end.
const CATCH_UP: Duration = Duration::from_secs(2);
/// No notice is given earlier than this many days before an end.
const NOTICE_MAX: Days = Days::new(92);

/// What a tick did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticked {
    /// Events it brought about.
    pub events: u32,
}

/// Knows which ends are near, and which loops were not told what became of what they rest on.
#[async_trait]
pub trait Watching: Send + Sync {
    /// Waits, bounded, until all events up to a sequence are reflected; whether they are.
    async fn reached(&self, sequence: u64) -> bool;

    /// Parts of the register in force that end before a day, the soonest first, after a place in that order.
    async fn ends(
        &self,
        before: NaiveDate,
        after: Option<(NaiveDate, i64)>,
        limit: i64,
    ) -> anyhow::Result<Vec<(Ending, NaiveDate, i64)>>;

    /// Loops that were not told yet; at most `limit`.
    async fn untold(&self, limit: i64) -> anyhow::Result<Vec<Untold>>;

    /// Rules and areas that may have become a pattern since they were looked at last; each is given out once.
    async fn suspects(&self, limit: usize) -> anyhow::Result<Vec<(District, String)>>;

    /// One of them could not be judged: it is given out again.
    fn suspect_again(&self, district: District, basis: String);

    /// What is known of a rule or an area, and which pattern of it this would be; none where one stands.
    async fn evidence(&self, district: &District, basis: &str) -> anyhow::Result<Option<(Evidence, PatternId)>>;

    /// Requests to the state whose time was out before a day, where silence is a yes.
    async fn out_of_time(&self, before: NaiveDate, limit: i64) -> anyhow::Result<Vec<(District, WaiverId)>>;
}

#[async_trait]
impl Watching for Model<Register> {
    async fn reached(&self, sequence: u64) -> bool {
        self.position.wait_for(sequence, CATCH_UP).await
    }

    async fn ends(
        &self,
        before: NaiveDate,
        after: Option<(NaiveDate, i64)>,
        limit: i64,
    ) -> anyhow::Result<Vec<(Ending, NaiveDate, i64)>> {
        Ok(read_model::ends(&self.db, before, after, limit).await?)
    }

    async fn untold(&self, limit: i64) -> anyhow::Result<Vec<Untold>> {
        Ok(read_model::untold(&self.db, limit).await?)
    }

    async fn suspects(&self, limit: usize) -> anyhow::Result<Vec<(District, String)>> {
        Ok(self.model.suspects.take(&self.db, limit).await?)
    }

    fn suspect_again(&self, district: District, basis: String) {
        self.model.suspects.add([(district, basis)].into(), false);
    }

    async fn evidence(&self, district: &District, basis: &str) -> anyhow::Result<Option<(Evidence, PatternId)>> {
        let earlier = read_model::patterns_of(&self.db, district, basis).await?;
        let records: Vec<PatternRecord> = earlier
            .iter()
            .filter_map(|row| serde_json::from_str(&row.state).ok())
            .collect();
        // One that stands, or that a team left as it is, is not seen again.
        if records.iter().any(|record| record.standing != PatternStanding::Adopted) {
            return Ok(None);
        }
        let mut met = read_model::met_by(&self.db, district, basis).await?;
        if basis.starts_with("area:") {
            // What has a pattern of its own by the rule it cites is not counted twice.
            let mut own: BTreeMap<String, bool> = BTreeMap::new();
            for one in &met {
                if let Some(rule) = one.cited.as_ref().and_then(read_model::rule_basis)
                    && !own.contains_key(&rule)
                {
                    let stands = !read_model::patterns_of(&self.db, district, &rule).await?.is_empty();
                    own.insert(rule, stands);
                }
            }
            met.retain(|one| {
                let rule = one.cited.as_ref().and_then(read_model::rule_basis);
                !rule.is_some_and(|rule| own.get(&rule).copied().unwrap_or(false))
            });
        }
        let exceptions = read_model::exceptions(&self.db, district, basis).await?;
        let evidence = Evidence {
            met: met
                .into_iter()
                .filter_map(|one| {
                    Some(Meeting {
                        id: one.id,
                        school: one.school,
                        area: Area::from_code(&one.area)?,
                        rule: one.cited,
                        filed_seq: one.filed_seq,
                        filed_at: one.filed_at,
                        kind: one.kind,
                    })
                })
                .collect(),
            exceptions: exceptions
                .into_iter()
                .filter_map(|(id, begun, state)| {
                    let record: FlexibilityRecord = serde_json::from_str(&state).ok()?;
                    Some(Bending {
                        id,
                        begun,
                        area: record.area,
                        rule: record.rule,
                    })
                })
                .collect(),
            changed_at: records.iter().map(|record| record.version).max(),
        };
        Ok(Some((evidence, read_model::next_id(district, basis, records.len()))))
    }

    async fn out_of_time(&self, before: NaiveDate, limit: i64) -> anyhow::Result<Vec<(District, WaiverId)>> {
        Ok(read_model::out_of_time(&self.db, before, limit).await?)
    }
}

/// Looks at the time once, and at who was not told. Judged only when the read model has reached the log's end as of
/// the beginning.
pub async fn tick(desk: &Desk, watching: &dyn Watching, carrier: &dyn Carrier) -> Result<Ticked, Problem> {
    let away = |what: &str| Problem::unavailable(format!("the register cannot be looked at for a moment: {what}"));
    let head = desk.log.head().await.map_err(|error| away(&error.to_string()))?;
    if !watching.reached(head).await {
        return Err(away("the read model is behind"));
    }
    let mut ticked = Ticked::default();
    let latest = desk.clock.now().date_naive() + NOTICE_MAX;
    let mut after = None;
    loop {
        let ending = watching
            .ends(latest, after, ROUND_MAX)
            .await
            .map_err(|error| away(&error.to_string()))?;
        let last = ending.len() < ROUND_MAX as usize;
        for (ending, day, sequence) in ending {
            after = Some((day, sequence));
            match look_at_end(desk, &ending).await {
                Ok(true) => ticked.events += 1,
                Ok(false) => {}
                Err(problem) => warn!(%problem, "an end could not be judged"),
            }
        }
        if last {
            break;
        }
    }
    for untold in watching
        .untold(ROUND_MAX)
        .await
        .map_err(|error| away(&error.to_string()))?
    {
        match tell(carrier, &untold).await {
            Ok(()) => ticked.events += 1,
            // It is still to be told: the next tick tries again.
            Err(problem) => warn!(%problem, "a loop could not be told what became of what it rests on"),
        }
    }
    ticked.events += look_for_patterns(desk, watching).await?;
    ticked.events += look_at_state(desk, watching).await?;
    Ok(ticked)
}

/// Judges what may have become a pattern.
async fn look_for_patterns(desk: &Desk, watching: &dyn Watching) -> Result<u32, Problem> {
    let away = |error: anyhow::Error| Problem::unavailable(format!("patterns cannot be looked for: {error}"));
    let mut seen = 0;
    let mut suspects = watching.suspects(ROUND_MAX as usize).await.map_err(away)?;
    // Rules before areas: what has a pattern of its own by its rule does not make one of its area too.
    suspects.sort_by_key(|(_, basis)| !basis.starts_with("rule:"));
    for (district, basis) in suspects {
        if seen > 0 && !basis.starts_with("rule:") {
            // What was just seen is not in the tables yet.
            watching.suspect_again(district, basis);
            continue;
        }
        match look_for_pattern(desk, watching, &district, &basis).await {
            Ok(found) => seen += u32::from(found),
            Err(problem) => {
                warn!(%problem, "a pattern could not be judged");
                watching.suspect_again(district, basis);
            }
        }
    }
    Ok(seen)
}

async fn look_for_pattern(
    desk: &Desk,
    watching: &dyn Watching,
    district: &District,
    basis: &str,
) -> Result<bool, Problem> {
    let away = |error: anyhow::Error| Problem::unavailable(error.to_string());
    let Some((evidence, id)) = watching.evidence(district, basis).await.map_err(away)? else {
        return Ok(false);
    };
    let now = desk.clock.now();
    let thresholds = desk
        .districts
        .with(district, |record| record.thresholds)
        .unwrap_or_default();
    let Some(detected) = judge(&evidence, basis.starts_with("rule:"), &thresholds, now) else {
        return Ok(false);
    };
    let subject = Subject::new(district, Thing::Pattern, id.0);
    let command = Detect(detected);
    settle::<Pattern, _>(desk, district, subject, "detect_pattern", "detected", &command).await
}

/// Lets the state's time run out.
async fn look_at_state(desk: &Desk, watching: &dyn Watching) -> Result<u32, Problem> {
    let now = desk.clock.now();
    // Somewhere it is tomorrow already; each district's own day decides.
    let before = now.date_naive() + Days::new(1);
    let waiting = watching
        .out_of_time(before, ROUND_MAX)
        .await
        .map_err(|error| Problem::unavailable(error.to_string()))?;
    let mut deemed = 0;
    for (district, id) in waiting {
        let today = desk
            .districts
            .with(&district, |record| record.calendar().date(now))
            .unwrap_or(now.date_naive());
        let subject = Subject::new(&district, Thing::Waiver, id.0);
        let command = LookAtState { today };
        match settle::<Waiver, _>(desk, &district, subject, "look_at_state", "deemed", &command).await {
            Ok(done) => deemed += u32::from(done),
            Err(problem) => warn!(%problem, "a request to the state could not be judged"),
        }
    }
    Ok(deemed)
}

/// Carries out what time brings about on a thing of the office; whether an event came of it.
async fn settle<F, C>(
    desk: &Desk,
    district: &District,
    subject: Subject,
    what: &str,
    about: &str,
    command: &C,
) -> Result<bool, Problem>
where
    F: Fold,
    F::Event: OwnedEvents,
    C: Decide<F, Event = F::Event, Rejection = OfficeRefusal> + Sync,
{
    let token = subject.thing.token();
    let problem = |failure: decider::Failure<OfficeRefusal>| failure.problem(|refusal| refusal.problem(token));
    let mut history = History::<F>::read::<OfficeRefusal>(&*desk.log, &subject)
        .await
        .map_err(problem)?;
    let now = desk.clock.now();
    if matches!(command.decide(history.state(), now), Ok(None)) {
        return Ok(false);
    }
    let message = message(district, subject.id, what, &format!("{about}/{}", history.version()));
    let target = Target {
        log: &*desk.log,
        subject,
        now,
    };
    let done = execute(&target, &mut history, &message, command)
        .await
        .map_err(problem)?;
    Ok(!done.repeated)
}

async fn look_at_end(desk: &Desk, ending: &Ending) -> Result<bool, Problem> {
    let subject = Subject::of_flexibility(&ending.district, ending.id);
    let now = desk.clock.now();
    let today = desk
        .districts
        .with(&ending.district, |record| record.calendar().date(now))
        .unwrap_or(now.date_naive());
    let problem = |failure: decider::Failure<Refusal>| failure.problem(|refusal| refusal.problem());
    let command = LookAtEnd { today };
    // Most ends have nothing to say on most days: that is seen in the row, and the record is not read.
    if matches!(
        decider::Decide::<Flexibility>::decide(&command, &ending.state, now),
        Ok(None::<FlexibilityEvent>)
    ) {
        return Ok(false);
    }
    let mut history = History::<Flexibility>::read::<Refusal>(&*desk.log, &subject)
        .await
        .map_err(problem)?;
    let message = message(
        &ending.district,
        ending.id.0,
        "look_at_end",
        &format!("end/{}", history.version()),
    );
    let target = Target {
        log: &*desk.log,
        subject,
        now,
    };
    let done = execute(&target, &mut history, &message, &command)
        .await
        .map_err(problem)?;
    Ok(!done.repeated)
}

async fn tell(carrier: &dyn Carrier, untold: &Untold) -> Result<(), Problem> {
    let mut message = message(
        &untold.district,
        untold.id.0,
        "tell_loops",
        &format!("turn/{}/{}", untold.event, untold.since),
    );
    message.body = serde_json::value::to_raw_value(&serde_json::json!({
        "flexibility": untold.flexibility,
        "turn": untold.turn,
        "event": untold.event,
    }))
    .map_err(|_| Problem::unavailable("a command could not be written"))?;
    carrier
        .command(policy_command("resolution", "flexibility-changed"), &message)
        .await
        .map(|_| ())
}

/// A command of time: its id follows from the thing and what it is about, so that two replicas issue the same.
fn message(district: &District, thing: Uuid, what: &str, about: &str) -> CommandMessage {
    CommandMessage {
        id: CommandId(Uuid::new_v5(&thing, about.as_bytes())),
        district: district.clone(),
        thing,
        authority: Authority::Policy {
            name: format!("when_time_passes_then_{what}"),
        },
        request_hash: what.to_owned(),
        based_on: None,
        caused_by: None,
        traceparent: None,
        body: serde_json::value::RawValue::NULL.to_owned(),
    }
}
