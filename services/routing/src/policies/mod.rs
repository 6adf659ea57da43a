//! What routing does because something happened.

mod when_appealed_then_escalate;
mod when_tension_filed_then_route;

pub use when_appealed_then_escalate::WHEN_APPEALED_THEN_ESCALATE;
pub use when_tension_filed_then_route::WHEN_TENSION_FILED_THEN_ROUTE;

/// All of them.
pub const ALL: &[messaging::Policy] = &[WHEN_TENSION_FILED_THEN_ROUTE, WHEN_APPEALED_THEN_ESCALATE];
