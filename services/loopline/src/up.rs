//! `loopline up`: everything in one process, over NATS exactly as ten machines would.

use std::sync::{Arc, OnceLock};

use anyhow::Context;
use eventlog::jetstream::SharedReader;
use futures::future::try_join_all;
use runtime::health::State;
use runtime::{Clock, Health, Lifecycle};

use crate::broker;
use crate::cli::{UpOptions, say};
use crate::demo;
use crate::folder::{Folder, Running};
use crate::services::{Name, Parts, location, prepare};

/// Runs until it is told to stop.
pub(crate) async fn up(options: UpOptions) -> anyhow::Result<()> {
    runtime::telemetry::start_logging(options.logs.into());
    let metrics = runtime::telemetry::start_metrics();
    let folder = Folder::open(&options.data)?;
    let _lock = folder.lock()?.with_context(|| {
        format!(
            "another loopline uses {}; stop it first, or choose another folder with --data",
            options.data.display()
        )
    })?;
    let master = folder.master_key()?;
    let broker_life = Lifecycle::default();
    let lifecycle = Lifecycle::default();
    lifecycle.stop_on_signals();
    // Over a large store it may take long: an interrupt ends the waiting, and the child with it.
    let broker = tokio::select! {
        broker = broker::start(&folder, &broker_life) => broker?,
        () = lifecycle.stopping() => anyhow::bail!("stopped before the broker listened"),
    };
    let nkeys = folder.nkeys();
    let operator = prepare(&broker.url, Some(&nkeys), 1).await?;

    let seeding = options.demo && !folder.demo_seeded().exists();
    let system = Clock::system();
    let stories = match &options.story {
        Some(file) => demo::story(file).with_context(|| format!("failed to read {}", file.display()))?,
        None if options.demo => demo::stories()?,
        None => Vec::new(),
    };
    let clock = if seeding {
        Clock::by_hand(demo::begins(&stories, system.now()))
    } else {
        system.clone()
    };
    let parts = Parts {
        nats: broker.url.clone(),
        nkeys: Some(nkeys),
        location: location(options.database.as_deref(), folder.databases()),
        master,
        ledger_key: options.ledger_key.clone().unwrap_or_else(|| folder.ledger_key()),
        regimes: options.regimes.clone(),
        clock: clock.clone(),
        reader: SharedReader::default(),
        districts: OnceLock::new(),
        lifecycle: lifecycle.clone(),
        health: Health::default(),
    };
    parts
        .health
        .set("start", State::Starting("starting the services".to_owned()));
    // First of all: over a log that has lost something, nothing may be written.
    if !options.reading_only && !options.without_ledger {
        parts.start(Name::Ledger, false).await?;
    }
    let reading_only = options.reading_only;
    let services = [
        Name::Intake,
        Name::Routing,
        Name::Resolution,
        Name::Flexibility,
        Name::Timeline,
    ];
    let working = [Name::Routing, Name::Resolution, Name::Flexibility];
    // None needs another to start, as on machines of their own.
    let others = services
        .into_iter()
        .filter(|name| !reading_only || !working.contains(name))
        .map(|name| parts.start(name, false));
    let (directory, _) = tokio::try_join!(parts.start(Name::Directory, options.demo), try_join_all(others))?;
    let directory = directory.context("the directory did not start")?;
    if options.demo {
        let seeder = demo::Seeder {
            directory: Arc::new(directory),
            parts: parts.clone(),
            operator: operator.clone(),
            now: system.now(),
        };
        let seeded = seeder.seed(&folder, &stories, seeding);
        tokio::select! {
            seeded = seeded => seeded.context("failed to write the demonstration's history")?,
            () = lifecycle.stopping() => anyhow::bail!("stopped while writing the demonstration's history; start again to go on"),
        }
        clock.release();
    }
    let address = parts
        .start_gateway(options.listen, options.public_url.clone(), metrics)
        .await?;
    let address = options.public_url.unwrap_or_else(|| format!("http://{address}"));
    folder.say_running(&Running {
        nats: broker.url.clone(),
        address: address.clone(),
        database: options.database,
    })?;
    parts.health.set("start", State::Ready);
    say(&format!("\nLoopline is up. Open {address}\n"));

    lifecycle.stopping().await;
    lifecycle.drained().await;
    drop(operator);
    broker_life.stop();
    broker.ended().await;
    Ok(())
}
