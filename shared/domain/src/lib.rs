//! What a loop *is* after its events, and what follows from that: pure, without clock, randomness or I/O.
//!
//! Services add their own `decide` functions on top; `evolve` here is total, and shared by all who fold the log.

pub mod authority;
pub mod calendar;
pub mod calendars;
pub mod clocks;
pub mod directory;
pub mod district_loop;
pub mod flexibility;
pub mod fold;
pub mod legal;
pub mod offers;
pub mod pattern;
pub mod rejection;
pub mod review;
pub mod rules;
pub mod samples;
pub mod scope;
pub mod students;
pub mod waiver;

pub use calendar::Calendar;
pub use calendars::Calendars;
pub use district_loop::{Loop, LoopRecord};
pub use flexibility::{Flexibility, FlexibilityRecord};
pub use fold::Fold;
pub use pattern::Pattern;
pub use rejection::Rejection;
pub use review::Review;
pub use waiver::Waiver;
