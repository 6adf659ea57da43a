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
pub use escalate::Escalate;
pub use reroute::Reroute;
pub use route::Route;
pub use route_filed::{Chosen, RouteFiled};

use chrono::{DateTime, Utc};
use contracts::events::routing::{Due, ServiceLevel};
use domain::Calendar;

/// The dates that a loop has when it is routed for the first time.
fn first_dates(calendar: &Calendar, level: &ServiceLevel, now: DateTime<Utc>) -> Due {
    Due {
        acknowledge: Some(calendar.after(now, level.acknowledge_days)),
        next_word: None,
        resolve: Some(calendar.after(now, level.resolve_days)),
    }
}
