//! `loopline rebuild`: a read model made again from the log, beside the old one.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context;
use runtime::Lifecycle;
use sealing::Keyring;
use sql::Location;

use crate::broker;
use crate::cli::{RebuildOptions, Rebuildable, progress, say};
use crate::folder::Folder;
use crate::services::{Parts, connect, location};

/// Rebuilds, in the running system or over a stopped one.
pub(crate) async fn rebuild(options: RebuildOptions) -> anyhow::Result<()> {
    let folder = Folder::open(&options.data)?;
    if let Some(nats) = &options.nats {
        return in_running(nats, options.nkeys.clone(), options.service).await;
    }
    let Some(_lock) = folder.lock()? else {
        let running = folder.running()?;
        return in_running(&running.nats, Some(folder.nkeys()), options.service).await;
    };
    let master = folder.master_key()?;
    let lifecycle = Lifecycle::default();
    lifecycle.stop_on_signals();
    let broker_life = Lifecycle::default();
    let broker = broker::start(&folder, &broker_life).await?;
    let bus = connect(&broker.url, Some(&folder.nkeys()), "timeline").await?;
    let log = Parts::log(&bus);
    let keyring = Keyring::new(std::sync::Arc::new(sealing::JetStreamKeys::new(bus.client())), master);
    let place = location(options.database.as_deref(), folder.databases());
    let started = Instant::now();
    let mut progress = progress("taken in");
    let position = match options.service {
        Rebuildable::Timeline => timeline::rebuild::offline(&place, &log, keyring, &lifecycle, progress).await?,
        Rebuildable::Routing => {
            forget(&place, "routing").await?;
            let model = routing::open(&place, log.clone()).await?;
            let until = log.head().await?;
            projection::run_to(&*log, &model, &lifecycle, until, |at| progress(at, until)).await?;
            model.position.get()
        }
        Rebuildable::Flexibility => {
            forget(&place, "flexibility").await?;
            let model = flexibility::open(&place, log.clone(), keyring).await?;
            let until = log.head().await?;
            projection::run_to(&*log, &model, &lifecycle, until, |at| progress(at, until)).await?;
            model.position.get()
        }
        Rebuildable::Directory => {
            forget(&place, "directory").await?;
            let model = directory::open(&place, keyring).await?;
            let until = log.head().await?;
            projection::run_to(&*log, &model, &lifecycle, until, |at| progress(at, until)).await?;
            model.position.get()
        }
    };
    let seconds = started.elapsed().as_secs_f64();
    say(&format!(
        "made again up to {position} in {seconds:.1} s ({:.0} events/s)",
        position as f64 / seconds.max(0.001)
    ));
    broker_life.stop();
    broker.ended().await;
    Ok(())
}

async fn forget(place: &Location, name: &str) -> anyhow::Result<()> {
    match place {
        Location::Folder(folder) => {
            for ending in ["sqlite", "sqlite-wal", "sqlite-shm"] {
                let file = folder.join(format!("{name}.{ending}"));
                if file.exists() {
                    std::fs::remove_file(&file).with_context(|| format!("failed to remove {}", file.display()))?;
                }
            }
        }
        Location::Url(url) => {
            let pool = sqlx::PgPool::connect(url).await?;
            // The name is one of ours, never a caller's.
            sqlx::query(sqlx::AssertSqlSafe(format!("DROP SCHEMA IF EXISTS \"{name}\" CASCADE")))
                .execute(&pool)
                .await?;
            pool.close().await;
        }
    }
    Ok(())
}

async fn in_running(nats: &str, nkeys: Option<PathBuf>, service: Rebuildable) -> anyhow::Result<()> {
    anyhow::ensure!(
        service == Rebuildable::Timeline,
        "this read model is made again while the system is stopped; stop it, run this again, start it"
    );
    let operator = connect(nats, nkeys.as_deref(), "operator").await?;
    let begun: timeline::rebuild::Begun = operator
        .ask("svc.timeline.operator.rebuild".to_owned(), &serde_json::json!({}))
        .await
        .map_err(|problem| anyhow::anyhow!("{problem}"))?;
    say(&format!(
        "making the timeline again up to {} beside the old one, which answers until then",
        begun.until
    ));
    loop {
        runtime::clock::pause(Duration::from_millis(200)).await;
        let under_way: bool = operator
            .ask("svc.timeline.operator.rebuilding".to_owned(), &serde_json::json!({}))
            .await
            .map_err(|problem| anyhow::anyhow!("{problem}"))?;
        if !under_way {
            say("done; the log of the running system says how it went");
            return Ok(());
        }
    }
}
