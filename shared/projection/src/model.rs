//! What a read model is.

use std::time::Duration;

use async_trait::async_trait;
use contracts::envelope::Recorded;
use contracts::versions::Unreadable;
use sql::{Db, Tx};

/// Why a batch was not taken in.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// One event cannot be read. A newer version stops the reader; anything else is set aside.
    #[error("event {sequence} cannot be read")]
    Unreadable {
        /// Which.
        sequence: u64,
        /// Why.
        #[source]
        source: Unreadable,
    },
    /// The database said no.
    #[error("the database refused a batch")]
    Database(#[from] sqlx::Error),
    /// Something needed is away; the batch is tried again.
    #[error("{0}")]
    Away(String),
}

/// Tables that follow from the log.
///
/// A batch is taken in two steps, so that the next one can be prepared while this one is written: `prepare` works out
/// the rows and may keep states in memory that run ahead of what is committed; `write` only writes.
#[async_trait]
pub trait ReadModel: Send + Sync + 'static {
    /// What a batch comes to.
    type Prepared: Send + Sync + 'static;

    /// What it is called, in logs and in the checkpoint.
    fn name(&self) -> &'static str;

    /// Whether events of a subject are for this model; all are, unless it says otherwise.
    fn wants(&self, _subject: &str) -> bool {
        true
    }

    /// How long events wait for others to be taken in with, unless somebody waits for them. Many small writes by a
    /// database slow the broker's syncs down, on the same disk to a third of what it does alone.
    fn linger(&self) -> Duration {
        Duration::from_millis(25)
    }

    /// Whether this batch is worked out from what the tables hold: then all before it is written first. What is looked
    /// for in the log or kept in memory needs no waiting.
    fn reads_its_tables(&self, _batch: &[Recorded]) -> bool {
        false
    }

    /// Works out what a batch comes to. The same events may come again in part after trouble, never out of order.
    async fn prepare(&self, db: &Db, batch: &[Recorded]) -> Result<Self::Prepared, ApplyError>;

    /// Writes it: everything goes through `tx`, unless what is made is thrown away as soon as anything goes wrong.
    async fn write(&self, tx: &mut Tx, prepared: &Self::Prepared) -> Result<(), ApplyError>;

    /// Whether words were erased by it, so that nothing of them may stay in the files.
    fn erases(&self, _prepared: &Self::Prepared) -> bool {
        false
    }

    /// It is committed. Whoever waits for it to be reflected goes on after this: what is kept in memory beside the tables is
    /// to have it too by then.
    async fn committed(&self, position: u64, prepared: Self::Prepared);

    /// What was prepared is not committed and comes again: what is kept in memory must be forgotten.
    async fn taken_back(&self);
}
