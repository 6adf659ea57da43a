//! Reaching a system, running or not, to ask its directory something as whoever has the machine.

use std::sync::OnceLock;

use eventlog::jetstream::SharedReader;
use messaging::Bus;
use runtime::{Clock, Health, Lifecycle};

use crate::broker::{self, Broker};
use crate::cli::ReachOptions;
use crate::folder::Folder;
use crate::services::{Name, Parts, connect, location, prepare};

/// A system: one that runs, or one that is stopped, of which a part was started for this.
pub(crate) struct System {
    pub(crate) operator: Bus,
    /// The address it has for people, where it runs.
    pub(crate) address: Option<String>,
    ours: Option<Ours>,
}

struct Ours {
    broker: Broker,
    broker_life: Lifecycle,
    life: Lifecycle,
    _lock: std::fs::File,
}

impl System {
    pub(crate) async fn reach(options: &ReachOptions) -> anyhow::Result<Self> {
        if let Some(nats) = &options.nats {
            let operator = connect(nats, options.nkeys.as_deref(), "operator").await?;
            return Ok(Self {
                operator,
                address: None,
                ours: None,
            });
        }
        let system = &options.system;
        let folder = Folder::open(&system.data)?;
        let Some(lock) = folder.lock()? else {
            let running = folder.running()?;
            let operator = connect(&running.nats, Some(&folder.nkeys()), "operator").await?;
            return Ok(Self {
                operator,
                address: Some(running.address),
                ours: None,
            });
        };
        let master = folder.master_key()?;
        let broker_life = Lifecycle::default();
        let broker = broker::start(&folder, &broker_life).await?;
        let nkeys = folder.nkeys();
        let operator = prepare(&broker.url, Some(&nkeys), 1).await?;
        let life = Lifecycle::default();
        let parts = Parts {
            nats: broker.url.clone(),
            nkeys: Some(nkeys),
            location: location(system.database.as_deref(), folder.databases()),
            master,
            ledger_key: system.ledger_key.clone().unwrap_or_else(|| folder.ledger_key()),
            regimes: None,
            clock: Clock::system(),
            reader: SharedReader::default(),
            districts: OnceLock::new(),
            lifecycle: life.clone(),
            health: Health::default(),
        };
        // Over a log that has lost something nothing is written: the ledger sees to that.
        parts.start(Name::Ledger, false).await?;
        parts.start(Name::Directory, false).await?;
        Ok(Self {
            operator,
            address: None,
            ours: Some(Ours {
                broker,
                broker_life,
                life,
                _lock: lock,
            }),
        })
    }

    /// What was started for this ends.
    pub(crate) async fn leave(self) {
        let Some(ours) = self.ours else { return };
        ours.life.stop();
        ours.life.drained().await;
        drop(self.operator);
        ours.broker_life.stop();
        ours.broker.ended().await;
    }
}
