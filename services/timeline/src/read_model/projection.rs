//! Events to rows.

mod collect;
mod write;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use ::projection::{ApplyError, Batch, Folds, ReadModel};
use async_trait::async_trait;
use contracts::envelope::Recorded;
use contracts::queries::Notice;
use contracts::subjects::notice;
use eventlog::Log;
use messaging::Bus;
use sealing::Keyring;
use sql::{Db, Tx};

use collect::Collected;

use super::lists::Many;
use super::tally::Tallies;

/// Changes told in one notice; who hears that there were more asks for them.
const NOTICED_MAX: usize = 500;

/// The read model.
#[derive(Debug)]
pub struct Timeline {
    keyring: Keyring,
    folds: Folds,
    bus: OnceLock<Bus>,
    /// How often words were erased.
    erasures: AtomicU64,
    /// What figures are counted from.
    pub(crate) tallies: Tallies,
    pub(crate) many: Many,
    /// While it is made from zero on PostgreSQL: where half of a batch is written beside the other.
    beside: Option<Db>,
}

/// What a batch comes to.
#[derive(Debug)]
pub struct Prepared {
    // The position before it.
    after: u64,
    batch: Batch,
    collected: Collected,
}

impl Timeline {
    /// A read model over the log that its states come from, which opens texts with these keys.
    pub fn new(log: Log, keyring: Keyring) -> Self {
        Self {
            keyring,
            folds: Folds::new(log),
            bus: OnceLock::new(),
            erasures: AtomicU64::new(0),
            tallies: Tallies::default(),
            many: Many::default(),
            beside: None,
        }
    }

    /// The same, made from zero: a batch is written over two connections, of which PostgreSQL serves each with a process
    /// of its own. What is written may then be half of a batch, so whatever ends early is to be thrown away.
    #[must_use]
    pub(crate) fn made_from_zero(self, db: &Db) -> Self {
        let beside = match db {
            Db::Sqlite(_) => None,
            Db::Postgres(_) => Some(db.clone()),
        };
        Self { beside, ..self }
    }

    /// How often words were erased since it was opened: what was made before then from the same log may still hold them.
    pub(crate) fn erasures(&self) -> u64 {
        self.erasures.load(Ordering::SeqCst)
    }

    /// Tells over this connection what was taken in.
    pub(crate) fn tell_over(&self, bus: Bus) {
        let _ = self.bus.set(bus);
    }
}

#[async_trait]
impl ReadModel for Timeline {
    type Prepared = Prepared;

    fn name(&self) -> &'static str {
        "timeline"
    }

    async fn prepare(&self, db: &Db, recorded: &[Recorded]) -> Result<Prepared, ApplyError> {
        let mut batch = self.folds.begin(db, recorded).await?;
        // A batch this large is catching up: who listens asks for what it needs.
        let told = self.bus.get().is_some() && recorded.len() <= NOTICED_MAX;
        let mut collected = Collected::new(told);
        for event in recorded {
            collected.step(&mut batch, event, &self.keyring).await?;
        }
        collected.finish(&batch, &self.keyring).await?;
        self.folds.end(&mut batch);
        let after = recorded.first().map_or(0, |event| event.sequence.saturating_sub(1));
        Ok(Prepared {
            after,
            batch,
            collected,
        })
    }

    async fn write(&self, tx: &mut Tx, prepared: &Prepared) -> Result<(), ApplyError> {
        prepared.batch.write(tx).await?;
        let collected = &prepared.collected;
        match &self.beside {
            None => {
                write::history(tx, collected).await?;
                write::present(tx, collected).await?;
            }
            Some(db) => {
                let history = async {
                    let mut tx = db.begin().await?;
                    write::history(&mut tx, collected).await?;
                    tx.commit().await
                };
                tokio::try_join!(history, write::present(tx, collected))?;
            }
        }
        Ok(())
    }

    fn erases(&self, prepared: &Prepared) -> bool {
        prepared.collected.erased
    }

    async fn committed(&self, position: u64, prepared: Prepared) {
        if prepared.collected.erased {
            self.erasures.fetch_add(1, Ordering::SeqCst);
        }
        if let Some(bus) = self.bus.get() {
            let notice_of = Notice {
                after: prepared.after,
                position,
                changes: prepared.collected.changes,
            };
            bus.tell(notice("timeline"), &notice_of).await;
        }
    }

    async fn taken_back(&self) {
        self.folds.forget();
    }
}
