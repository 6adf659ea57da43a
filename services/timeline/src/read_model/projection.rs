//! Events to rows.

mod collect;
mod write;

use std::sync::{Mutex, OnceLock};

use ::projection::{ApplyError, Folds, ReadModel};
use async_trait::async_trait;
use contracts::envelope::Recorded;
use contracts::queries::{Notice, NoticedChange};
use contracts::subjects::notice;
use messaging::Bus;
use sealing::Keyring;
use sql::Tx;

use collect::Collected;

/// Changes told in one notice; who hears that there were more asks for them.
const NOTICED_MAX: usize = 500;

/// The read model.
#[derive(Debug)]
pub struct Timeline {
    keyring: Keyring,
    folds: Folds,
    bus: OnceLock<Bus>,
    pending: Mutex<(u64, Vec<NoticedChange>)>,
}

impl Timeline {
    /// A read model that opens texts with these keys.
    pub fn new(keyring: Keyring) -> Self {
        Self {
            keyring,
            folds: Folds::default(),
            bus: OnceLock::new(),
            pending: Mutex::new((0, Vec::new())),
        }
    }

    /// Tells over this connection what was taken in.
    pub(crate) fn tell_over(&self, bus: Bus) {
        let _ = self.bus.set(bus);
    }

    fn pending(&self) -> std::sync::MutexGuard<'_, (u64, Vec<NoticedChange>)> {
        self.pending.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[async_trait]
impl ReadModel for Timeline {
    fn name(&self) -> &'static str {
        "timeline"
    }

    async fn apply(&self, tx: &mut Tx, recorded: &[Recorded]) -> Result<(), ApplyError> {
        let mut batch = self.folds.begin(tx, recorded).await?;
        let mut collected = Collected::default();
        for event in recorded {
            collected.step(tx, &mut batch, event, &self.keyring).await?;
        }
        collected.finish(&batch, &self.keyring).await?;
        write::write(tx, &collected).await?;
        let first = recorded.first().map_or(0, |event| event.sequence.saturating_sub(1));
        *self.pending() = (first, collected.changes);
        self.folds.end(tx, batch).await
    }

    async fn committed(&self, position: u64) {
        self.folds.committed();
        let (after, changes) = std::mem::take(&mut *self.pending());
        if let Some(bus) = self.bus.get() {
            // A batch this large is catching up: who listens asks for what it needs.
            let changes = if changes.len() > NOTICED_MAX {
                Vec::new()
            } else {
                changes
            };
            bus.tell(
                notice("timeline"),
                &Notice {
                    after,
                    position,
                    changes,
                },
            )
            .await;
        }
    }

    async fn rolled_back(&self) {
        self.folds.rolled_back();
        *self.pending() = (0, Vec::new());
    }
}
