//! The assignment's decisions: pure, one command a file.

mod apply_calendar;
mod change_due;
mod check_clocks;
mod collaborate;
mod decide_escalation;
mod escalate;
mod reroute;
mod route;
mod route_filed;

pub use apply_calendar::ApplyCalendar;
pub use change_due::ChangeDue;
pub use check_clocks::CheckClocks;
pub use collaborate::Collaborate;
pub use decide_escalation::DecideEscalation;
pub use escalate::{Escalate, EscalateAppeal};
pub use reroute::Reroute;
pub use route::Route;
pub use route_filed::{Chosen, RouteFiled};

use chrono::{DateTime, Utc};
use contracts::envelope::{Actor, Meta};
use contracts::events::RoutingEvent;
use contracts::events::routing::{Due, ServiceLevel};
use contracts::ids::EventId;
use domain::{Calendar, Fold, Loop, LoopRecord};
use uuid::Uuid;

/// The dates that a loop has once an event is taken in: a pause may end with it, or a clock begin while all stand still.
fn dates_after(record: &LoopRecord, event: RoutingEvent, calendar: &Calendar, now: DateTime<Utc>) -> Due {
    let mut after = Loop::Filed(Box::new(record.clone()));
    // Dates depend on when it happens, and not on what it is called.
    let meta = Meta {
        sequence: record.version,
        id: EventId(Uuid::nil()),
        time: now,
        actor: Actor::Policy(String::new()),
    };
    after.evolve(&meta, &event.into());
    after.record().map(|record| record.due(calendar)).unwrap_or_default()
}

/// The dates that a loop has when it is routed for the first time.
fn first_dates(calendar: &Calendar, level: &ServiceLevel, now: DateTime<Utc>) -> Due {
    Due {
        acknowledge: Some(calendar.after(now, level.acknowledge_days)),
        next_word: None,
        resolve: Some(calendar.after(now, level.resolve_days)),
    }
}
