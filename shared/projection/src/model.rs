//! What a read model is.

use async_trait::async_trait;
use contracts::envelope::Recorded;
use contracts::versions::Unreadable;
use sql::Tx;

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
#[async_trait]
pub trait ReadModel: Send + Sync + 'static {
    /// What it is called, in logs and in the checkpoint.
    fn name(&self) -> &'static str;

    /// Takes a batch in: the same events may come again in part after trouble, never out of order. Everything it
    /// writes goes through `tx`; nothing it keeps in memory may run ahead of what is committed.
    async fn apply(&self, tx: &mut Tx, batch: &[Recorded]) -> Result<(), ApplyError>;

    /// The last batch is committed.
    async fn committed(&self, position: u64);

    /// The last batch was taken back: what is kept in memory must be forgotten.
    async fn rolled_back(&self);
}
