//! Runs read models: batches of events and the checkpoint in one transaction, at least once, in order.

mod folded;
mod live;
mod model;
mod position;
mod run;

pub use folded::{Batch, Folds, Step, loop_before, read_districts};
pub use live::{LiveDistricts, read_district};
pub use model::{ApplyError, ReadModel};
pub use position::Position;
pub use run::{Model, checkpoint, run, run_to, take_in};
