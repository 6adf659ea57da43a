//! `loopline serve`: any services alone, over a broker that runs elsewhere.

use std::sync::OnceLock;

use eventlog::jetstream::SharedReader;
use runtime::health::State;
use runtime::{Clock, Health, Lifecycle};

use crate::cli::{ServeOptions, say};
use crate::folder::Folder;
use crate::services::{Name, Parts, location, prepare};

/// Runs until it is told to stop.
pub(crate) async fn serve(options: ServeOptions) -> anyhow::Result<()> {
    runtime::telemetry::start_logging(options.logs.into());
    let metrics = runtime::telemetry::start_metrics();
    let folder = Folder::open(&options.data)?;
    let lifecycle = Lifecycle::default();
    lifecycle.stop_on_signals();
    // The gateway alone opens and seals nothing.
    let master = if options.services.iter().all(|name| *name == Name::Gateway) {
        sealing::MasterKey::new([0; 32])
    } else {
        folder.shared_master_key()?
    };
    // Where this process holds no operator's identity, somebody else has made the streams.
    let may_prepare = options
        .nkeys
        .as_ref()
        .is_none_or(|folder| folder.join("operator.nk").exists());
    if may_prepare {
        prepare(&options.nats, options.nkeys.as_deref(), options.replicas).await?;
    }
    let parts = Parts {
        nats: options.nats.clone(),
        nkeys: options.nkeys.clone(),
        location: location(options.database.as_deref(), folder.databases()),
        master,
        ledger_key: options.ledger_key.clone().unwrap_or_else(|| folder.ledger_key()),
        regimes: options.regimes.clone(),
        clock: Clock::system(),
        reader: SharedReader::default(),
        districts: OnceLock::new(),
        lifecycle: lifecycle.clone(),
        health: Health::default(),
    };
    parts
        .health
        .set("start", State::Starting("starting the services".to_owned()));
    for name in options.services.iter().copied().filter(|name| *name != Name::Gateway) {
        parts.start(name, false).await?;
    }
    if options.services.contains(&Name::Gateway) {
        let address = parts
            .start_gateway(options.listen, options.public_url.clone(), metrics)
            .await?;
        say(&format!("The gateway listens on http://{address}"));
    }
    parts.health.set("start", State::Ready);
    lifecycle.stopping().await;
    lifecycle.drained().await;
    Ok(())
}
