//! One reader for a whole process: whoever follows everything and has caught up is fed from one consumer, so that the
//! broker delivers each event once a process and not once a read model.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_nats::jetstream::Context;
use tokio::sync::{broadcast, mpsc, watch};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::tail::{self, What};
use crate::Raw;

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
    kept: usize,
    /// The feed that runs. It alone holds its sender: should it ever end, whoever sits there hears of it, and the next
    /// one begins another.
    feed: Mutex<Option<(broadcast::WeakSender<Raw>, Arc<AtomicU64>)>>,
    stop: CancellationToken,
    // Ends the feed with the last log that shares it.
    _guard: DropGuard,
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
    /// Messages were missed, or none come any more: the reader goes on for itself.
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
        let stop = CancellationToken::new();
        Self {
            inner: Arc::new(Inner {
                kept,
                feed: Mutex::new(None),
                _guard: stop.clone().drop_guard(),
                stop,
            }),
        }
    }

    /// How many readers are fed.
    pub fn readers(&self) -> usize {
        let feed = self.inner.feed.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = feed.as_ref().and_then(|(sender, _)| sender.upgrade());
        sender.map_or(0, |sender| sender.receiver_count())
    }

    /// A place for a reader that has taken in everything up to `position`. The first one's connection feeds all.
    pub(super) fn seat(&self, context: &Context, position: u64) -> Seat {
        let mut feed = self.inner.feed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((sender, last)) = &*feed
            && let Some(sender) = sender.upgrade()
        {
            // In this order, whatever is fed meanwhile is either received or covered by `after`.
            let receiver = sender.subscribe();
            let after = last.load(Ordering::SeqCst);
            return Seat { receiver, after };
        }
        let (sender, receiver) = broadcast::channel(self.inner.kept);
        let last = Arc::new(AtomicU64::new(position));
        *feed = Some((sender.downgrade(), last.clone()));
        let feeding = run(context.clone(), position, sender, last);
        tokio::spawn(self.inner.stop.clone().run_until_cancelled_owned(feeding));
        Seat {
            receiver,
            after: position,
        }
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

/// Follows the log for all.
async fn run(context: Context, after: u64, feed: broadcast::Sender<Raw>, last: Arc<AtomicU64>) {
    let (sender, mut receiver) = mpsc::channel::<Raw>(KEPT);
    let (caught_up, _) = watch::channel(None);
    let feeding = async {
        while let Some(raw) = receiver.recv().await {
            // First noted, then fed: who takes a seat in between has it twice and not never.
            last.store(raw.sequence, Ordering::SeqCst);
            // Nobody may listen just now.
            let _ = feed.send(raw);
        }
    };
    tokio::select! {
        () = tail::follow(context, What::everything(), after, sender, caught_up, None) => {}
        () = tokio::task::unconstrained(feeding) => {}
    }
}
