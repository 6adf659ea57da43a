//! Read, decide, append: the one way in which anything gets into the log.
//!
//! A command has at most one event, whose id follows from the command's; so a repeated command finds its event in
//! the thing's history and answers as it did the first time.

use chrono::{DateTime, Utc};

mod desk;
mod execute;
mod history;
mod spec;

pub use desk::{Desk, Guard, Opened};
pub use execute::{Failure, HISTORY_MAX, Target, as_before, execute, written};
pub use history::{History, Recent};
pub use spec::{Spec, given};

/// A command's decision over a thing's state: pure, and at most one event.
pub trait Decide<S> {
    /// What it can bring about.
    type Event;
    /// Why it cannot.
    type Rejection;

    /// Whether it may be asked at all, before anything is said of the state: by default anybody may.
    fn permits(&self, _state: &S) -> Result<(), Self::Rejection> {
        Ok(())
    }

    /// Whether whoever asks may hear of an event that happened since the version they knew; by default they may.
    fn may_hear_of(&self, _state: &S, _envelope: &contracts::Envelope) -> bool {
        true
    }

    /// Decides, at the time that the event will bear: whatever is promised is counted from there, as its readers count.
    /// It is never before what is decided on. `None` means that all is as the command wants it already.
    fn decide(&self, state: &S, now: DateTime<Utc>) -> Result<Option<Self::Event>, Self::Rejection>;
}
