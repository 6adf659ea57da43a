//! What intake does because something happened.

mod when_speaker_left_then_hand_on;

pub use when_speaker_left_then_hand_on::WHEN_SPEAKER_LEFT_THEN_HAND_ON;

/// All of them.
pub const ALL: &[messaging::Policy] = &[WHEN_SPEAKER_LEFT_THEN_HAND_ON];
