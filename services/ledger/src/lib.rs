//! The ledger: the record once more, per district, so that it can prove itself and be put back.
//!
//! One reader of the whole log writes every message, byte by byte, into tables that only grow, as leaves of an RFC 6962
//! tree for each district. Checkpoints are signed; tiles, entries and receipts are what C2SP says they are, so that
//! anybody's software can check them. The ledger decides nothing about loops: it says what was recorded.

mod check;
mod checkpoint;
mod commands;
mod custody;
mod domain;
mod erasing;
mod export;
mod leaf;
mod merkle;
mod mirror;
mod note;
mod notes;
mod queries;
mod restore;
mod slice;
mod store;
mod take;
#[cfg(test)]
mod tests;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;

use decider::Desk;
use eventlog::Log;
use messaging::{Bus, Endpoint, serve};
use projection::Position;
use runtime::{Clock, Health, Lifecycle};
use sealing::JetStreamKeys;
use sql::{Db, Durability, Location};
use tokio::sync::Mutex;

pub use custody::handle;
pub use export::Exported;
pub use note::{NoKey, Signer};
pub use restore::Restored;
pub use take::{Damage, Trouble};

/// What health calls it.
const PART: &str = "ledger";

/// The ledgers of all districts.
#[derive(Debug, Clone)]
pub struct Ledger {
    db: Db,
    log: Log,
    signer: Signer,
    clock: Clock,
    /// The right edges of the trees, as they are committed.
    edges: Arc<Mutex<store::Edges>>,
    /// How large each ledger was when it was last signed.
    signed: Arc<Mutex<BTreeMap<i64, u64>>>,
    /// Checks of whole ledgers.
    checks: check::Checks,
    /// How far the log has been taken in.
    position: Position,
}

impl Ledger {
    /// Opens its tables. Nothing is kept anywhere else that they could be made from.
    pub async fn connect(location: &Location, log: Log, signer: Signer, clock: Clock) -> anyhow::Result<Self> {
        let db = Db::open(location, "ledger", store::MIGRATIONS, Durability::Sole).await?;
        for (district, origin) in store::origins(&db).await? {
            anyhow::ensure!(
                origin == signer.origin(&district),
                "the ledger of {district} was begun as {origin}, and the key file here makes it {}: put the file back that \
                 it was begun with (where that is lost for good, move the ledger's tables aside: a new one begins)",
                signer.origin(&district)
            );
        }
        Ok(Self {
            db,
            log,
            signer,
            clock,
            edges: Arc::default(),
            signed: Arc::default(),
            checks: check::Checks::default(),
            position: Position::default(),
        })
    }

    /// Looks whether the log still holds what the ledger last took from it.
    pub async fn compare(&self) -> Result<(), Trouble> {
        take::compare(self).await
    }

    /// Takes in what the log holds by now, and signs it.
    pub async fn catch_up(&self) -> Result<(), Trouble> {
        take::catch_up(self).await?;
        checkpoint::sign_all(self).await.map(|_| ())
    }

    /// The sequence of the last message of the log.
    pub async fn head(&self) -> Result<u64, eventlog::LogError> {
        self.log.head().await
    }

    /// How far the log has been taken in.
    pub async fn reached(&self) -> Result<u64, sqlx::Error> {
        store::position(&self.db).await
    }

    /// Every district with a ledger.
    pub async fn districts(&self) -> Result<Vec<String>, sqlx::Error> {
        let origins = store::origins(&self.db).await?;
        Ok(origins.into_iter().map(|(district, _)| district).collect())
    }

    /// Every entry and node as text, for comparing one ledger with another.
    pub async fn rows(&self) -> Result<Vec<String>, sqlx::Error> {
        store::rows(&self.db).await
    }

    /// How many pools of wrapped sealing keys are mirrored.
    pub async fn mirrored(&self) -> Result<u64, sqlx::Error> {
        store::pool_count(&self.db).await
    }

    /// The same ledger over another log, to put that one back from it.
    #[must_use]
    pub fn over(&self, log: Log) -> Self {
        Self { log, ..self.clone() }
    }

    /// Brings what is kept in memory to what is committed.
    async fn open(&self) -> Result<(), sqlx::Error> {
        let mut signed = self.signed.lock().await;
        let mut edges = self.edges.lock().await;
        *edges = store::edges(&self.db).await?;
        *signed = store::signed_sizes(&self.db).await?;
        Ok(())
    }

    /// Keeps an alarm.
    async fn raise(&self, damage: &Damage) -> Result<(), sqlx::Error> {
        let (from, to) = damage.between();
        tracing::error!(%damage, "the log is not what it was");
        let mut tx = self.db.begin().await?;
        store::raise(&mut tx, damage.kind().code(), from, to, self.clock.now()).await?;
        tx.commit().await
    }
}

/// Serves the ledger until the process ends.
pub async fn run(
    bus: Bus,
    desk: Desk,
    signer: Signer,
    location: &Location,
    lifecycle: &Lifecycle,
    health: &Health,
) -> anyhow::Result<()> {
    let ledger = Ledger::connect(location, desk.log.clone(), signer, desk.clock.clone()).await?;
    if let Err(trouble @ Trouble::Damaged(_)) = ledger.compare().await {
        // Whatever is written now would stand where something else stood.
        return Err(trouble.into());
    }
    lifecycle.spawn_to_its_end(take::run(
        ledger.clone(),
        lifecycle.clone(),
        health.clone(),
        take::COMPARED_EVERY,
    ));
    lifecycle.spawn(checkpoint::run(ledger.clone()));
    let people = bus.clone();
    let keys = JetStreamKeys::new(bus.client());
    lifecycle.spawn_to_its_end(mirror::run(ledger.clone(), keys, lifecycle.clone()));
    lifecycle.spawn(erasing::run(
        ledger.clone(),
        JetStreamKeys::new(bus.client()),
        desk.keyring.clone(),
        health.clone(),
    ));
    let (asking, ticking, writing, telling) = (ledger.clone(), ledger.clone(), ledger.clone(), ledger);
    let carrying = desk.clone();
    let endpoints = vec![
        Endpoint::new("ask", "ask.ledger.*".to_owned(), move |incoming| {
            let (ledger, desk, bus) = (asking.clone(), desk.clone(), people.clone());
            async move { queries::answer(&ledger, &desk, &bus, &incoming).await }
        }),
        Endpoint::new("user", "svc.ledger.user.*".to_owned(), move |incoming| {
            let (ledger, desk) = (writing.clone(), carrying.clone());
            async move { commands::handle(&ledger, &desk, &incoming).await }
        }),
        Endpoint::new("exported", "svc.ledger.operator.exported".to_owned(), move |incoming| {
            let ledger = telling.clone();
            async move { commands::exported(&ledger, &incoming.read()?).await }
        }),
        Endpoint::new("tick", "svc.ledger.clock.tick".to_owned(), move |_| {
            let ledger = ticking.clone();
            async move {
                if let Err(error) = ledger.catch_up_notes().await {
                    tracing::debug!(error = format!("{error:#}"), "the record does not speak of itself yet");
                }
                checkpoint::sign_all(&ledger).await.map_err(|trouble| {
                    tracing::debug!(error = %trouble, "checkpoints were put off");
                    contracts::Problem::unavailable("checkpoints cannot be made for a moment")
                })
            }
        }),
    ];
    serve(&bus, lifecycle, "ledger", endpoints)
        .await
        .map_err(|error| anyhow::anyhow!("the ledger cannot serve: {error}"))?;
    Ok(())
}
