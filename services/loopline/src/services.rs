//! Putting services together: each with its own connection and identity, as it would have on a machine of its own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::Context;
use base64::Engine as _;
use clap::ValueEnum;
use decider::Desk;
use eventlog::Log;
use eventlog::jetstream::{JetStreamLog, SharedReader, StreamOptions, set_up};
use messaging::{Bus, BusOptions};
use metrics_exporter_prometheus::PrometheusHandle;
use projection::LiveDistricts;
use runtime::{Clock, Health, Lifecycle};
use sealing::{JetStreamKeys, Keyring, MasterKey};
use sql::Location;

/// A service by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Name {
    /// Districts, schools, people.
    Directory,
    /// The school's chapter.
    Intake,
    /// The assignment's chapter.
    Routing,
    /// The department's chapter.
    Resolution,
    /// What is allowed, and for whom.
    Flexibility,
    /// The record that proves itself.
    Ledger,
    /// What people look at.
    Timeline,
    /// The door.
    Gateway,
}

impl Name {
    /// The name of its identity.
    fn identity(self) -> &'static str {
        match self {
            Self::Directory => "directory",
            Self::Intake => "intake",
            Self::Routing => "routing",
            Self::Resolution => "resolution",
            Self::Flexibility => "flexibility",
            Self::Ledger => "ledger",
            Self::Timeline => "timeline",
            Self::Gateway => "gateway",
        }
    }
}

/// What services are put together from.
#[derive(Debug, Clone)]
pub(crate) struct Parts {
    /// The broker.
    pub(crate) nats: String,
    /// Where identities are.
    pub(crate) nkeys: Option<PathBuf>,
    /// Where databases are.
    pub(crate) location: Location,
    /// The key for sealing keys.
    pub(crate) master: MasterKey,
    /// The file with the secrets that checkpoints are signed with.
    pub(crate) ledger_key: PathBuf,
    /// A folder with descriptions of how states are asked, beside those that ship.
    pub(crate) regimes: Option<std::path::PathBuf>,
    /// The time.
    pub(crate) clock: Clock,
    /// One reader of the log for all services of this process.
    pub(crate) reader: SharedReader,
    /// One view of the districts for all services of this process, from the first that asks for it.
    pub(crate) districts: OnceLock<LiveDistricts>,
    /// The process.
    pub(crate) lifecycle: Lifecycle,
    /// How its parts are.
    pub(crate) health: Health,
}

impl Parts {
    /// A connection under an identity.
    pub(crate) async fn connect(&self, identity: &str) -> anyhow::Result<Bus> {
        connect(&self.nats, self.nkeys.as_deref(), identity).await
    }

    /// The log over a connection.
    pub(crate) fn log(bus: &Bus) -> Log {
        Arc::new(JetStreamLog::new(bus.client()))
    }

    /// The same for a service of this process: its read models share one reader with the others'.
    fn service_log(&self, bus: &Bus) -> Log {
        Arc::new(JetStreamLog::new(bus.client()).sharing(&self.reader))
    }

    /// Sealing keys over a connection.
    pub(crate) fn keyring(&self, bus: &Bus) -> Keyring {
        Keyring::new(Arc::new(JetStreamKeys::new(bus.client())), self.master.clone())
    }

    /// What is known of the districts, read over the log of whoever asks first.
    fn districts(&self, log: &Log) -> LiveDistricts {
        self.districts
            .get_or_init(|| LiveDistricts::follow(log, &self.lifecycle, &self.health))
            .clone()
    }

    /// What carrying out commands on loops needs, over a connection.
    fn desk(&self, bus: &Bus) -> Desk {
        let log = self.service_log(bus);
        Desk {
            districts: self.districts(&log),
            log,
            keyring: self.keyring(bus),
            clock: self.clock.clone(),
            recent: decider::Recent::default(),
        }
    }

    /// Starts one service other than the gateway; the directory gives what seeding states facts with.
    pub(crate) async fn start(&self, name: Name, demo: bool) -> anyhow::Result<Option<directory::Directory>> {
        let bus = self.connect(name.identity()).await?;
        let (lifecycle, health, location) = (&self.lifecycle, &self.health, &self.location);
        match name {
            Name::Directory => {
                return directory::run(bus.clone(), self.desk(&bus), location, demo, lifecycle, health)
                    .await
                    .map(Some);
            }
            Name::Intake => intake::run(bus.clone(), self.desk(&bus), lifecycle, health).await?,
            Name::Routing => {
                routing::run(bus.clone(), self.desk(&bus), location, lifecycle, health).await?;
            }
            Name::Resolution => {
                resolution::run(bus.clone(), self.desk(&bus), lifecycle, health).await?;
            }
            Name::Flexibility => {
                let regimes = flexibility::regimes::Regimes::load(self.regimes.as_deref())?;
                let desk = self.desk(&bus);
                flexibility::run(bus.clone(), desk, location, regimes, lifecycle, health).await?;
            }
            Name::Ledger => {
                let signer = signer(&self.ledger_key)?;
                ledger::run(bus.clone(), self.desk(&bus), signer, location, lifecycle, health).await?;
            }
            Name::Timeline => {
                timeline::run(bus.clone(), self.desk(&bus), location, lifecycle, health).await?;
            }
            Name::Gateway => anyhow::bail!("the gateway is started with an address"),
        }
        Ok(None)
    }

    /// Starts the gateway.
    pub(crate) async fn start_gateway(
        &self,
        listen: SocketAddr,
        public_url: Option<String>,
        metrics: Option<PrometheusHandle>,
    ) -> anyhow::Result<SocketAddr> {
        if !listen.ip().is_loopback() {
            anyhow::ensure!(
                public_url.as_deref().is_some_and(|url| url.starts_with("https://")),
                "listening on {listen} is reachable from other machines: put a server with TLS before it and name its \
                 address with --public-url https://..."
            );
        }
        let bus = self.connect(Name::Gateway.identity()).await?;
        let listener = tokio::net::TcpListener::bind(listen)
            .await
            .with_context(|| format!("failed to listen on {listen}; choose another address with --listen"))?;
        let options = gateway::Options {
            listener,
            public_url,
            metrics,
        };
        gateway::run(bus, self.clock.clone(), options, &self.lifecycle, &self.health).await
    }
}

/// How long a connection is waited for.
const CONNECT_MAX: Duration = Duration::from_secs(10);

/// A connection under an identity.
pub(crate) async fn connect(nats: &str, nkeys: Option<&Path>, identity: &str) -> anyhow::Result<Bus> {
    let options = BusOptions {
        url: nats.to_owned(),
        nkey_seed: nkeys.map(|folder| folder.join(format!("{identity}.nk"))),
        name: identity.to_owned(),
    };
    let bus = Bus::connect(&options)
        .await
        .map_err(|error| anyhow::anyhow!("failed to connect {identity} to {nats}: {error}"))?;
    // The client goes on trying in the background; a little is waited for, so that what comes next finds it there.
    let mut pause = Duration::from_millis(1);
    let mut waited = Duration::ZERO;
    while waited < CONNECT_MAX {
        if bus.is_connected() {
            return Ok(bus);
        }
        runtime::clock::pause(pause).await;
        waited += pause;
        pause = (pause * 2).min(Duration::from_millis(20));
    }
    anyhow::bail!("failed to connect {identity} to {nats}: no broker answers there, or it does not know this identity")
}

/// Makes the streams, or brings them up to date, as the operator.
pub(crate) async fn prepare(nats: &str, nkeys: Option<&Path>, replicas: usize) -> anyhow::Result<Bus> {
    let operator = connect(nats, nkeys, "operator").await?;
    let mut tries = 0;
    loop {
        match set_up(&operator.client(), StreamOptions { replicas }).await {
            Ok(()) => return Ok(operator),
            Err(error) if tries >= 50 => return Err(error).context("failed to make the streams"),
            Err(_) => {
                tries += 1;
                runtime::clock::pause(Duration::from_millis(100)).await;
            }
        }
    }
}

/// What signs checkpoints; its secret is made at first.
pub(crate) fn signer(file: &Path) -> anyhow::Result<ledger::Signer> {
    if !file.exists() {
        let mut secret = [0_u8; 32];
        rand::Rng::fill_bytes(&mut rand::rng(), &mut secret);
        let text = base64::engine::general_purpose::STANDARD.encode(secret) + "\n";
        crate::folder::write_secret(file, &text)?;
    }
    let text = std::fs::read_to_string(file).with_context(|| format!("failed to read {}", file.display()))?;
    ledger::Signer::from_text(&text).with_context(|| file.display().to_string())
}

/// Where databases are: PostgreSQL where named, else files.
pub(crate) fn location(database: Option<&str>, folder: PathBuf) -> Location {
    database.map_or(Location::Folder(folder), |url| Location::Url(url.to_owned()))
}
