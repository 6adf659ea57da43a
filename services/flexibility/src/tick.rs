//! Looking at the time, and at the loops that rest on the register: what is due becomes a command with a derived id,
//! so that any number of replicas may look.

use ::domain::Flexibility;
use async_trait::async_trait;
use chrono::{Days, NaiveDate};
use contracts::claims::Authority;
use contracts::commands::CommandMessage;
use contracts::events::FlexibilityEvent;
use contracts::ids::{CommandId, District};
use contracts::problem::Problem;
use contracts::subjects::{Subject, policy_command};
use decider::{Desk, History, Target, execute};
use messaging::Carrier;
use projection::Model;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tracing::warn;
use uuid::Uuid;

use crate::domain::{LookAtEnd, Refusal};
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
    Ok(ticked)
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
        decider::Decide::<Flexibility>::decide(&command, &ending.state),
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
        &format!("turn/{}", untold.event),
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
