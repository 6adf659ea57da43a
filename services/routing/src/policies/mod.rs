//! What routing does because something happened.

mod when_appealed_then_escalate;
mod when_reopened_then_hand_on;
mod when_tension_filed_then_route;

pub use when_appealed_then_escalate::WHEN_APPEALED_THEN_ESCALATE;
pub use when_reopened_then_hand_on::WHEN_REOPENED_THEN_HAND_ON;
pub use when_tension_filed_then_route::WHEN_TENSION_FILED_THEN_ROUTE;

/// All of them.
pub const ALL: &[messaging::Policy] = &[
    WHEN_TENSION_FILED_THEN_ROUTE,
    WHEN_APPEALED_THEN_ESCALATE,
    WHEN_REOPENED_THEN_HAND_ON,
];
