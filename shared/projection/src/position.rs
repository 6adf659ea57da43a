//! How far a read model has come, and waiting until it has come far enough.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, watch};

/// The stream sequence up to which a read model reflects everything.
#[derive(Debug, Clone)]
pub struct Position {
    sender: watch::Sender<u64>,
    wanted: Arc<Wanted>,
}

/// Who waits for it to come further.
#[derive(Debug, Default)]
struct Wanted {
    waiting: AtomicUsize,
    came: Notify,
}

/// Somebody waits as long as this lives.
struct Waiting<'a>(&'a Wanted);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Default for Position {
    fn default() -> Self {
        Self {
            sender: watch::Sender::new(0),
            wanted: Arc::default(),
        }
    }
}

impl Position {
    /// Where it is.
    pub fn get(&self) -> u64 {
        *self.sender.borrow()
    }

    /// It has come this far.
    pub fn reached(&self, position: u64) {
        self.sender.send_if_modified(|current| {
            let further = position > *current;
            if further {
                *current = position;
            }
            further
        });
    }

    /// Waits, bounded, until it has come far enough; whether it has.
    pub async fn wait_for(&self, at_least: u64, at_most: Duration) -> bool {
        if self.get() >= at_least {
            return true;
        }
        self.wanted.waiting.fetch_add(1, Ordering::SeqCst);
        let _waiting = Waiting(&self.wanted);
        self.wanted.came.notify_waiters();
        let mut receiver = self.sender.subscribe();
        let reached = receiver.wait_for(|position| *position >= at_least);
        matches!(tokio::time::timeout(at_most, reached).await, Ok(Ok(_)))
    }

    /// Waits until somebody waits for it to come further; at most this long.
    pub async fn wanted(&self, at_most: Duration) {
        let came = self.wanted.came.notified();
        tokio::pin!(came);
        came.as_mut().enable();
        if self.wanted.waiting.load(Ordering::SeqCst) == 0 {
            let _ = tokio::time::timeout(at_most, came).await;
        }
    }

    /// Changes of the position.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.sender.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn nobody_who_waits_is_kept_waiting() {
        let position = Position::default();
        let started = tokio::time::Instant::now();
        position.wanted(Duration::from_millis(10)).await;
        assert_eq!(started.elapsed(), Duration::from_millis(10), "nobody waits");
        let waiting = position.clone();
        let waiter = tokio::spawn(async move { waiting.wait_for(5, Duration::from_secs(9)).await });
        let started = tokio::time::Instant::now();
        position.wanted(Duration::from_secs(1)).await;
        assert!(started.elapsed() < Duration::from_secs(1), "somebody came");
        position.wanted(Duration::from_secs(1)).await;
        assert!(started.elapsed() < Duration::from_secs(1), "somebody waits still");
        position.reached(5);
        assert!(waiter.await.expect("it ends"));
        assert!(position.wait_for(5, Duration::ZERO).await, "it is there");
    }
}
