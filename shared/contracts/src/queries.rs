//! What may be asked of read models, and what they answer.

mod ask;
mod changes;
mod district;
mod leaders;
mod ledger;
mod loops;
mod office;
mod people;
mod register;

pub use ask::{Answered, AsOf, Ask, KnownAt, PAGE_MAX, Page};
pub use changes::*;
pub use district::*;
pub use leaders::*;
pub use ledger::*;
pub use loops::*;
pub use office::*;
pub use people::*;
pub use register::*;
