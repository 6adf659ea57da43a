//! What is decided over the record of a loop: erasing, holding, contesting, giving out.

mod contest;
mod disclose;
mod erase;
mod hold;

pub(crate) use contest::Contest;
pub(crate) use disclose::Disclose;
pub(crate) use erase::Erase;
pub(crate) use hold::{Hold, LiftHold, which_hold};
