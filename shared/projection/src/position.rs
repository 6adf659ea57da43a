//! How far a read model has come, and waiting until it has come far enough.

use std::time::Duration;

use tokio::sync::watch;

/// The stream sequence up to which a read model reflects everything.
#[derive(Debug, Clone)]
pub struct Position {
    sender: watch::Sender<u64>,
}

impl Default for Position {
    fn default() -> Self {
        Self {
            sender: watch::Sender::new(0),
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
        let mut receiver = self.sender.subscribe();
        let reached = receiver.wait_for(|position| *position >= at_least);
        matches!(tokio::time::timeout(at_most, reached).await, Ok(Ok(_)))
    }

    /// Changes of the position.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.sender.subscribe()
    }
}
