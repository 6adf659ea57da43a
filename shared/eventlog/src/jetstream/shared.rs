//! One reader for a whole process: whoever follows everything and has caught up is fed from one consumer, so that the
//! broker delivers each event once a process and not once a read model.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use async_nats::jetstream::Context;
use tokio::sync::{broadcast, mpsc, watch};

use super::tail;
use crate::{Filter, Raw};

/// Messages kept for readers that are a little slower than others. Who falls further behind reads for itself until it
/// has caught up again.
const KEPT: usize = 8192;

/// What the logs of one process share.
#[derive(Debug, Clone)]
pub struct SharedReader {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    feed: broadcast::Sender<Raw>,
    /// The last message that was fed, or that its first reader had taken in before.
    last: AtomicU64,
    begun: Mutex<bool>,
}

/// A place at the feed.
#[derive(Debug)]
pub(super) struct Seat {
    receiver: broadcast::Receiver<Raw>,
    /// What comes after this comes from the feed; what does not, has to be read otherwise.
    pub(super) after: u64,
}

/// What the feed has for a reader.
#[derive(Debug)]
pub(super) enum Fed {
    /// The next message.
    Message(Raw),
    /// Messages were missed: the reader goes on for itself.
    Missed,
}

impl Default for SharedReader {
    fn default() -> Self {
        Self::keeping(KEPT)
    }
}

impl SharedReader {
    /// Nobody is fed yet; `kept` messages are kept for slower readers.
    pub fn keeping(kept: usize) -> Self {
        Self {
            inner: Arc::new(Inner {
                feed: broadcast::Sender::new(kept),
                last: AtomicU64::new(0),
                begun: Mutex::new(false),
            }),
        }
    }

    /// How many readers are fed.
    pub fn readers(&self) -> usize {
        self.inner.feed.receiver_count()
    }

    /// A place for a reader that has taken in everything up to `position`. The first one's connection feeds all.
    pub(super) fn seat(&self, context: &Context, filter: &Filter, position: u64) -> Seat {
        let mut begun = self.inner.begun.lock().unwrap_or_else(PoisonError::into_inner);
        if !*begun {
            *begun = true;
            self.inner.last.store(position, Ordering::SeqCst);
            tokio::spawn(feed(
                context.clone(),
                filter.clone(),
                position,
                Arc::downgrade(&self.inner),
            ));
        }
        drop(begun);
        // In this order, whatever is fed meanwhile is either received or covered by `after`.
        let receiver = self.inner.feed.subscribe();
        let after = self.inner.last.load(Ordering::SeqCst);
        Seat { receiver, after }
    }
}

impl Seat {
    /// Waits for the next message.
    pub(super) async fn next(&mut self) -> Fed {
        match self.receiver.recv().await {
            Ok(raw) => Fed::Message(raw),
            Err(broadcast::error::RecvError::Lagged(_) | broadcast::error::RecvError::Closed) => Fed::Missed,
        }
    }
}

/// Follows the log for all, until nobody shares it any more.
async fn feed(context: Context, filter: Filter, after: u64, inner: Weak<Inner>) {
    let (sender, mut receiver) = mpsc::channel::<Raw>(KEPT);
    let (caught_up, _) = watch::channel(None);
    let feeding = async {
        while let Some(raw) = receiver.recv().await {
            let Some(inner) = inner.upgrade() else { return };
            // First noted, then fed: who takes a seat in between has it twice and not never.
            inner.last.store(raw.sequence, Ordering::SeqCst);
            // Nobody may listen just now.
            let _ = inner.feed.send(raw);
        }
    };
    tokio::select! {
        () = tail::follow(context, filter, after, sender, caught_up, None) => {}
        () = tokio::task::unconstrained(feeding) => {}
    }
}
