//! What resolution does because something happened.

mod when_granted_then_say_so;

pub use when_granted_then_say_so::WHEN_GRANTED_THEN_SAY_SO;

/// All of them.
pub const ALL: &[messaging::Policy] = &[WHEN_GRANTED_THEN_SAY_SO];
