//! Looking at the time: what is due becomes a command with a derived id, so that any number of replicas may look.

use ::domain::directory::DistrictRecord;
use ::domain::{Calendars, Loop, Rejection};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use contracts::Action;
use contracts::claims::Authority;
use contracts::commands::CommandMessage;
use contracts::ids::{CommandId, DepartmentId, District, LoopId};
use contracts::problem::Problem;
use contracts::text::Text;
use decider::{Decide, Desk, Guard};
use futures::{StreamExt, stream};
use projection::Model;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tracing::warn;
use uuid::Uuid;

use crate::domain::{ApplyCalendar, CheckClocks, Reroute};
use crate::read_model::{DueLoop, Watch, behind_calendar, due, with_department};

/// Loops looked at in one round.
const ROUND_MAX: i64 = 200;
/// Loops looked at side by side.
const SIDE_BY_SIDE: usize = 16;
/// How long a tick waits for the read model to reach the log's end.
const CATCH_UP: Duration = Duration::from_secs(2);

/// Why a loop goes on, as its page says it.
const NO_MORE: &str = "The department that had it is no more.";

/// What a tick did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticked {
    /// Events it brought about.
    pub events: u32,
}

/// Knows which loops time has something to say about.
#[async_trait]
pub trait Watching: Send + Sync {
    /// Waits, bounded, until all events up to a sequence are reflected; whether they are.
    async fn reached(&self, sequence: u64) -> bool;

    /// Loops whose next moment has come, the longest overdue first; at most `limit`.
    async fn due(&self, now: DateTime<Utc>, limit: i64) -> anyhow::Result<Vec<DueLoop>>;

    /// Running loops of a district whose days are counted by a calendar older than this; at most `limit`.
    async fn behind_calendar(&self, district: &District, version: u32, limit: i64) -> anyhow::Result<Vec<DueLoop>>;

    /// Running loops that a department has; at most `limit`.
    async fn with_department(
        &self,
        district: &District,
        department: DepartmentId,
        limit: i64,
    ) -> anyhow::Result<Vec<DueLoop>>;
}

#[async_trait]
impl Watching for Model<Watch> {
    async fn reached(&self, sequence: u64) -> bool {
        self.position.wait_for(sequence, CATCH_UP).await
    }

    async fn due(&self, now: DateTime<Utc>, limit: i64) -> anyhow::Result<Vec<DueLoop>> {
        Ok(due(&self.db, now, limit).await?)
    }

    async fn behind_calendar(&self, district: &District, version: u32, limit: i64) -> anyhow::Result<Vec<DueLoop>> {
        Ok(behind_calendar(&self.db, district, version, limit).await?)
    }

    async fn with_department(
        &self,
        district: &District,
        department: DepartmentId,
        limit: i64,
    ) -> anyhow::Result<Vec<DueLoop>> {
        Ok(with_department(&self.db, district, department, limit).await?)
    }
}

/// Looks at the time once. Judged only when the read model has reached the log's end as of the beginning, so that no
/// date is called missed that was met a moment before.
pub async fn tick(desk: &Desk, watching: &dyn Watching) -> Result<Ticked, Problem> {
    let away = |what: &str| Problem::unavailable(format!("the clocks cannot be judged for a moment: {what}"));
    let head = desk.log.head().await.map_err(|error| away(&error.to_string()))?;
    if !watching.reached(head).await {
        return Err(away("the read model is behind"));
    }
    let now = desk.clock.now();
    let mut ticked = Ticked::default();
    let mut behind = Vec::new();
    for district in desk.districts.slugs() {
        let version = desk
            .districts
            .with(&district, |record| record.calendar().version)
            .unwrap_or(0);
        let rows = watching.behind_calendar(&district, version, ROUND_MAX).await;
        behind.extend(rows.map_err(|error| away(&error.to_string()))?);
    }
    let calendars = stream::iter(behind)
        .map(|found| apply_calendar(desk, found))
        .buffer_unordered(SIDE_BY_SIDE);
    ticked.events += count(calendars.collect().await);
    ticked.events += hand_over(desk, watching).await?;
    let rows = watching
        .due(now, ROUND_MAX)
        .await
        .map_err(|error| away(&error.to_string()))?;
    let clocks = stream::iter(rows)
        .map(|found| check_clocks(desk, found))
        .buffer_unordered(SIDE_BY_SIDE);
    ticked.events += count(clocks.collect().await);
    Ok(ticked)
}

/// What departments have that are no more goes to those that follow them.
async fn hand_over(desk: &Desk, watching: &dyn Watching) -> Result<u32, Problem> {
    let mut events = 0;
    for district in desk.districts.slugs() {
        let over = desk.districts.with(&district, DistrictRecord::handed_over);
        for (from, to) in over.unwrap_or_default() {
            let rows = watching.with_department(&district, from, ROUND_MAX).await;
            let rows = rows.map_err(|error| {
                Problem::unavailable(format!("what a department had cannot be found for a moment: {error}"))
            })?;
            let moved = stream::iter(rows)
                .map(|found| reroute(desk, found, from, to))
                .buffer_unordered(SIDE_BY_SIDE);
            events += count(moved.collect().await);
        }
    }
    Ok(events)
}

async fn reroute(desk: &Desk, found: DueLoop, from: DepartmentId, to: DepartmentId) -> Result<bool, Problem> {
    let why: Text<200> = Text::new(NO_MORE).map_err(|_| Problem::not_found("reason"))?;
    let command = Reroute {
        to,
        from: Some(from),
        why: desk.seal(&why).await?,
        episode: None,
        calendars: calendars(desk, &found.district),
    };
    issue(desk, &found, "department-retired", &command).await
}

fn count(results: Vec<Result<bool, Problem>>) -> u32 {
    let mut events = 0;
    for result in results {
        match result {
            Ok(true) => events += 1,
            Ok(false) => {}
            // It is still due: the next tick tries again.
            Err(problem) => warn!(%problem, "a clock could not be judged"),
        }
    }
    events
}

async fn check_clocks(desk: &Desk, found: DueLoop) -> Result<bool, Problem> {
    let calendars = calendars(desk, &found.district);
    issue(desk, &found, "clock", &CheckClocks { calendars }).await
}

async fn apply_calendar(desk: &Desk, found: DueLoop) -> Result<bool, Problem> {
    let calendars = calendars(desk, &found.district);
    issue(desk, &found, "calendar", &ApplyCalendar { calendars }).await
}

fn calendars(desk: &Desk, district: &District) -> Calendars {
    desk.districts
        .with(district, |record| record.calendars.clone())
        .unwrap_or_default()
}

/// Issues one command of time on a loop; its id follows from the loop's version, so that two replicas issue the same.
async fn issue<C>(desk: &Desk, found: &DueLoop, what: &str, command: &C) -> Result<bool, Problem>
where
    C: Decide<Loop, Event = contracts::events::RoutingEvent, Rejection = Rejection> + Sync,
{
    let mut message = policy_message(&found.district, found.id, what);
    let opened = desk.open(&message).await?;
    let version = opened.record().version;
    message.id = CommandId(Uuid::new_v5(&found.id.0, format!("{what}/{version}").as_bytes()));
    let guard = Guard {
        action: Action::ChangeDue,
        school: None,
    };
    let done = desk.carry_out(opened, &message, &guard, command).await?;
    Ok(!done.repeated)
}

fn policy_message(district: &District, id: LoopId, what: &str) -> CommandMessage {
    CommandMessage {
        id: CommandId(Uuid::nil()),
        district: district.clone(),
        thing: id.0,
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
