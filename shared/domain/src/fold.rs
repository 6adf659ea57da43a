//! Folding a thing's events into its state.

use contracts::envelope::{Envelope, Meta};
use contracts::versions::Unreadable;

/// State that comes of events, in order, and of nothing else.
pub trait Fold: Default + Clone + Send + Sync {
    /// The events of the thing.
    type Event: Send + Sync;

    /// Reads what stands in the log.
    fn read(envelope: &Envelope) -> Result<Self::Event, Unreadable>;

    /// Takes one more event in. Total: there are no rules here, and nothing can fail.
    fn evolve(&mut self, meta: &Meta, event: &Self::Event);
}
