//! Making the read model again: beside the old one, which answers until the new one has caught up.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use contracts::problem::Problem;
use eventlog::Log;
use messaging::Bus;
use projection::{Model, run_to};
use runtime::{Health, Lifecycle};
use serde::{Deserialize, Serialize};
use sql::{Durability, Location};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tracing::{info, warn};

use crate::read_model;
use crate::{Running, Timeline, open, open_for};

/// The name under which the new one is made.
const NEXT: &str = "timeline_next";
/// How long it takes until a timeline that could not be opened is tried again.
const OPENED_AGAIN: Duration = Duration::from_secs(1);
static UNDER_WAY: AtomicBool = AtomicBool::new(false);

/// What a rebuild was told.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Begun {
    /// Up to where it reads before it is exchanged.
    pub until: u64,
}

/// Begins the projection of a read model.
pub(crate) fn start(
    model: Model<read_model::Timeline>,
    bus: &Bus,
    log: &Log,
    lifecycle: &Lifecycle,
    health: &Health,
) -> Running {
    model.model.tell_over(bus.clone());
    let lifecycle = lifecycle.child();
    lifecycle.spawn_to_its_end(projection::run(
        log.clone(),
        model.clone(),
        lifecycle.clone(),
        health.clone(),
        "timeline",
    ));
    Running { model, lifecycle }
}

/// Makes a read model from zero under `name`, up to the log's end as of now; `progress` hears of each batch.
pub async fn build(
    location: &Location,
    name: &str,
    log: &Log,
    keyring: sealing::Keyring,
    lifecycle: &Lifecycle,
    mut progress: impl FnMut(u64, u64),
) -> anyhow::Result<Model<read_model::Timeline>> {
    make(location, name, log, keyring, async |model| {
        let until = log.head().await?;
        run_to(&**log, model, lifecycle, until, |position| progress(position, until)).await?;
        anyhow::ensure!(!lifecycle.is_stopping(), "interrupted; the old read model stays in use");
        Ok(())
    })
    .await
}

/// Keeps [`NEXT`] of a database to this process while it is held: others may make the timeline again there, or tidy up. Of
/// a folder there is only one.
async fn claim(location: &Location) -> anyhow::Result<Option<PgConnection>> {
    let Location::Url(url) = location else {
        return Ok(None);
    };
    let mut connection = PgConnection::connect(url).await?;
    let free: bool = sqlx::query_scalar("SELECT pg_try_advisory_lock(7166262)")
        .fetch_one(&mut connection)
        .await?;
    anyhow::ensure!(free, "another process is making the timeline again; wait for it to end");
    Ok(Some(connection))
}

/// Removes what a process left behind that was killed while it made the timeline again: erased words would stay in it.
pub(crate) async fn tidy_up(location: &Location) -> anyhow::Result<()> {
    match location {
        Location::Folder(_) => discard(location, NEXT).await,
        Location::Url(_) => {
            // If it cannot be had it is being made; and what the killed process began to do may still be going on.
            let Ok(Some(mut connection)) = claim(location).await else {
                return Ok(());
            };
            let sql = format!("SET lock_timeout = '3s'; DROP SCHEMA IF EXISTS \"{NEXT}\" CASCADE");
            if let Err(error) = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await {
                warn!(%error, "a timeline that was made in part is not removed");
            }
            Ok(connection.close().await?)
        }
    }
}

/// Makes a read model from zero under a name: `fill` takes in what it is to hold, and indexes are built after that. Nothing
/// is left of it where that ends early.
pub(crate) async fn make(
    location: &Location,
    name: &str,
    log: &Log,
    keyring: sealing::Keyring,
    fill: impl AsyncFnOnce(&Model<read_model::Timeline>) -> anyhow::Result<()>,
) -> anyhow::Result<Model<read_model::Timeline>> {
    discard(location, name).await?;
    let model = open_for(Durability::Building, location, name, log.clone(), keyring).await?;
    let made = async {
        let indexes = model.db.without_indexes().await?;
        fill(&model).await?;
        model.db.with_indexes(&indexes).await?;
        Ok(())
    };
    match made.await {
        Ok(()) => Ok(model),
        Err(error) => {
            model.db.close().await;
            if let Err(left) = discard(location, name).await {
                warn!(error = format!("{left:#}"), name, "what was made is not removed");
            }
            Err(error)
        }
    }
}

/// Removes what stands under a name.
pub(crate) async fn discard(location: &Location, name: &str) -> anyhow::Result<()> {
    match location {
        Location::Folder(folder) => {
            for ending in ["sqlite", "sqlite-wal", "sqlite-shm"] {
                match tokio::fs::remove_file(folder.join(format!("{name}.{ending}"))).await {
                    Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
                    Ok(()) | Err(_) => {}
                }
            }
        }
        Location::Url(url) => {
            let pool = sqlx::PgPool::connect(url).await?;
            // The name is one of ours, never a caller's.
            sqlx::query(AssertSqlSafe(format!("DROP SCHEMA IF EXISTS \"{name}\" CASCADE")))
                .execute(&pool)
                .await?;
            pool.close().await;
        }
    }
    Ok(())
}

/// Puts the one made beside in the place of the old. Both must be closed.
pub async fn exchange(location: &Location) -> anyhow::Result<()> {
    match location {
        Location::Folder(folder) => {
            for ending in ["sqlite-wal", "sqlite-shm"] {
                match tokio::fs::remove_file(folder.join(format!("timeline.{ending}"))).await {
                    Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
                    Ok(()) | Err(_) => {}
                }
            }
            tokio::fs::rename(folder.join(format!("{NEXT}.sqlite")), folder.join("timeline.sqlite")).await?;
            tokio::fs::File::open(folder).await?.sync_all().await?;
        }
        Location::Url(url) => {
            let pool = sqlx::PgPool::connect(url).await?;
            let mut tx = pool.begin().await?;
            sqlx::query("DROP SCHEMA IF EXISTS timeline CASCADE")
                .execute(&mut *tx)
                .await?;
            sqlx::query("ALTER SCHEMA timeline_next RENAME TO timeline")
                .execute(&mut *tx)
                .await?;
            tx.commit().await?;
            pool.close().await;
        }
    }
    Ok(())
}

/// Rebuilds while the system is stopped or nothing serves timeline.
pub async fn offline(
    location: &Location,
    log: &Log,
    keyring: sealing::Keyring,
    lifecycle: &Lifecycle,
    progress: impl FnMut(u64, u64),
) -> anyhow::Result<u64> {
    let _claim = claim(location).await?;
    let model = build(location, NEXT, log, keyring, lifecycle, progress).await?;
    let position = model.position.get();
    model.db.finish().await?;
    exchange(location).await?;
    Ok(position)
}

/// Whether a rebuild is under way.
pub(crate) fn is_under_way() -> bool {
    UNDER_WAY.load(Ordering::SeqCst)
}

/// Begins a rebuild in the running service; the exchange happens when it has caught up.
pub(crate) async fn begin(timeline: &Timeline, lifecycle: &Lifecycle) -> Result<Begun, Problem> {
    if UNDER_WAY.swap(true, Ordering::SeqCst) {
        return Err(Problem::conflict(
            "rebuild-under-way",
            "a rebuild is under way; wait for it to end",
        ));
    }
    let until = timeline.log.head().await.map_err(|error| {
        UNDER_WAY.store(false, Ordering::SeqCst);
        Problem::unavailable(error.to_string())
    })?;
    let (timeline, lifecycle) = (timeline.clone(), lifecycle.clone());
    tokio::spawn(async move {
        let started = Instant::now();
        match beside(&timeline, &lifecycle).await {
            Ok(position) => info!(
                position,
                seconds = started.elapsed().as_secs_f64(),
                "the timeline was made again"
            ),
            Err(error) => warn!(
                error = format!("{error:#}"),
                "the timeline was not made again; the old one stays"
            ),
        }
        UNDER_WAY.store(false, Ordering::SeqCst);
    });
    Ok(Begun { until })
}

async fn beside(timeline: &Timeline, lifecycle: &Lifecycle) -> anyhow::Result<u64> {
    let _claim = claim(&timeline.location).await?;
    let next = build(
        &timeline.location,
        NEXT,
        &timeline.log,
        timeline.keyring.clone(),
        lifecycle,
        |_, _| {},
    )
    .await?;
    let position = next.position.get();
    next.db.finish().await?;
    // From here on questions wait: the old one is closed, the new one takes its place and goes on.
    let mut running = timeline.model.write().await;
    running.lifecycle.stop();
    running.lifecycle.drained().await;
    running.model.db.close().await;
    let exchanged = exchange(&timeline.location).await;
    // Where they were not exchanged, this is the old one.
    let model = loop {
        let (log, keyring) = (timeline.log.clone(), timeline.keyring.clone());
        match open(&timeline.location, "timeline", log, keyring).await {
            Ok(model) => break model,
            Err(error) if lifecycle.is_stopping() => return Err(error),
            Err(error) => {
                warn!(error = format!("{error:#}"), "the timeline cannot be opened yet");
                runtime::clock::pause(OPENED_AGAIN).await;
            }
        }
    };
    if exchanged.is_ok() {
        model.position.reached(position);
    }
    *running = start(model, &timeline.bus, &timeline.log, lifecycle, &timeline.health);
    exchanged.map(|()| position)
}
