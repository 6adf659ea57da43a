//! What the register does because something happened.

mod when_confirmed_then_grant;
mod when_granted_then_replace_older;

pub use when_confirmed_then_grant::WHEN_CONFIRMED_THEN_GRANT;
pub use when_granted_then_replace_older::WHEN_GRANTED_THEN_REPLACE_OLDER;

/// All of them.
pub const ALL: &[messaging::Policy] = &[WHEN_CONFIRMED_THEN_GRANT, WHEN_GRANTED_THEN_REPLACE_OLDER];
