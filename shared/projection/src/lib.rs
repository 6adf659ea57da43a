//! Runs read models: batches of events and the checkpoint in one transaction, at least once, in order.

mod live;
mod model;
mod position;
mod run;

pub use live::LiveDistricts;
pub use model::{ApplyError, ReadModel};
pub use position::Position;
pub use run::{Model, checkpoint, run, run_to};
