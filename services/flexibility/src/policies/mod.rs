//! What the register does because something happened.

mod when_confirmed_then_grant;
mod when_granted_then_replace_older;
mod when_revision_adopted_then_change_the_rule;
mod when_rule_corrected_then_clarify;
mod when_state_answered_then_say_so;

pub use when_confirmed_then_grant::WHEN_CONFIRMED_THEN_GRANT;
pub use when_granted_then_replace_older::WHEN_GRANTED_THEN_REPLACE_OLDER;
pub use when_revision_adopted_then_change_the_rule::WHEN_REVISION_ADOPTED_THEN_CHANGE_THE_RULE;
pub use when_rule_corrected_then_clarify::WHEN_RULE_CORRECTED_THEN_CLARIFY;
pub use when_state_answered_then_say_so::WHEN_STATE_ANSWERED_THEN_SAY_SO;

/// All of them.
pub const ALL: &[messaging::Policy] = &[
    WHEN_CONFIRMED_THEN_GRANT,
    WHEN_GRANTED_THEN_REPLACE_OLDER,
    WHEN_REVISION_ADOPTED_THEN_CHANGE_THE_RULE,
    WHEN_RULE_CORRECTED_THEN_CLARIFY,
    WHEN_STATE_ANSWERED_THEN_SAY_SO,
];
