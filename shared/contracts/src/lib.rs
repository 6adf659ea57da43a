//! What Loopline's services say to one another: identifiers, vocabulary, events, commands, queries and the
//! `CloudEvents` envelope they travel in. Nothing here decides anything, and nothing here does I/O.
//!
//! A service depends on this crate and on `domain`, never on another service.

pub mod action;
pub mod area;
pub mod claims;
pub mod commands;
pub mod directory_action;
pub mod envelope;
pub mod events;
pub mod ids;
pub mod office_action;
pub mod problem;
pub mod queries;
pub mod register_action;
pub mod roster;
pub mod sealed;
pub mod sign_on;
pub mod subjects;
pub mod text;
pub mod versions;
pub mod vocabulary;

pub use action::Action;
pub use area::Area;
pub use claims::Claims;
pub use directory_action::DirectoryAction;
pub use envelope::{Actor, Envelope, Recorded};
pub use ids::{
    CommandId, DepartmentId, District, EventId, FlexibilityId, LoopId, LoopNumber, PatternId, PersonId, ReviewId,
    SchoolId, TeamId, WaiverId, ZoneId,
};
pub use office_action::OfficeAction;
pub use problem::Problem;
pub use register_action::RegisterAction;
pub use sealed::{KeyId, Sealed};
pub use text::Text;
