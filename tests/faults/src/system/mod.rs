//! The product as it runs in earnest: a broker, and each service as a process of its own behind a proxy of its own.

pub mod guard;
pub mod process;
pub mod setup;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use sql::Location;

pub use process::{Kept, Launch};

use crate::proxy::Proxy;

/// A service by name, in the order in which they are started.
pub const SERVICES: [&str; 8] = [
    "directory",
    "intake",
    "routing",
    "resolution",
    "flexibility",
    "ledger",
    "timeline",
    "gateway",
];

/// Where things are.
#[derive(Debug, Clone)]
pub struct Layout {
    /// The product's binary, built with debug assertions.
    pub loopline: PathBuf,
    /// The broker's binary.
    pub nats_server: PathBuf,
    /// The run's folder.
    pub run: PathBuf,
    /// The product's data folder within it.
    pub data: PathBuf,
    /// Where read models are.
    pub location: Location,
    /// The run's seed.
    pub seed: u64,
}

/// The ports that stay the same over restarts.
#[derive(Debug, Clone, Copy)]
pub struct Ports {
    /// The broker's.
    pub broker: u16,
    /// The gateway's.
    pub gateway: u16,
}

/// One service with its proxy.
#[derive(Debug)]
pub struct Service {
    /// Its name.
    pub name: &'static str,
    /// Its process.
    pub process: Arc<Kept>,
    /// What stands between it and the broker.
    pub proxy: Proxy,
}

/// The running product.
#[derive(Debug)]
pub struct System {
    /// Where things are.
    pub layout: Layout,
    /// Its ports.
    pub ports: Ports,
    /// The broker.
    pub broker: Arc<Kept>,
    /// The services.
    pub services: Vec<Service>,
}

/// A port nobody uses now.
pub fn free_port() -> std::io::Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

impl Layout {
    /// How the product is started with some arguments.
    pub fn launch(&self, name: &str, arguments: Vec<String>, delay_ms_max: u64) -> Launch {
        let salt = name
            .bytes()
            .fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
        Launch {
            name: name.to_owned(),
            program: self.loopline.clone(),
            arguments,
            environment: vec![
                ("LOOPLINE_LOG".to_owned(), "info".to_owned()),
                (
                    "LOOPLINE_NATS_SERVER".to_owned(),
                    self.nats_server.to_string_lossy().into_owned(),
                ),
            ],
            run: self.run.clone(),
            delay_ms_max,
            seed: self.seed ^ salt,
        }
    }

    /// The arguments that name data and database.
    pub fn place(&self) -> Vec<String> {
        let mut arguments = vec!["--data".to_owned(), self.data.to_string_lossy().into_owned()];
        if let Location::Url(url) = &self.location {
            arguments.extend(["--database".to_owned(), url.clone()]);
        }
        arguments
    }

    /// Starts one service over an address of the broker.
    pub fn serve(&self, process: &str, service: &str, nats: u16, gateway: u16) -> Arc<Kept> {
        let mut arguments = vec![
            "serve".to_owned(),
            service.to_owned(),
            "--nats".to_owned(),
            format!("nats://127.0.0.1:{nats}"),
            "--nkeys".to_owned(),
            self.data.join("nats/nkeys").to_string_lossy().into_owned(),
            "--listen".to_owned(),
            format!("127.0.0.1:{gateway}"),
        ];
        arguments.extend(self.place());
        Kept::start(self.launch(process, arguments, 800))
    }
}

impl System {
    /// Starts the broker and every service over a folder that is there.
    pub async fn start(layout: Layout, ports: Ports) -> anyhow::Result<Self> {
        let broker = setup::start_broker(&layout, ports.broker).await?;
        let mut services = Vec::new();
        for (nth, name) in SERVICES.into_iter().enumerate() {
            let proxy = Proxy::start(ports.broker, layout.seed.wrapping_mul(7) + nth as u64).await?;
            let process = layout.serve(name, name, proxy.port(), ports.gateway);
            services.push(Service { name, process, proxy });
        }
        let system = Self {
            layout,
            ports,
            broker,
            services,
        };
        system.ready().await.context("the services do not come up")?;
        Ok(system)
    }

    /// A service by name.
    pub fn service(&self, name: &str) -> &Service {
        self.services
            .iter()
            .find(|service| service.name == name)
            .unwrap_or(&self.services[0])
    }

    /// Waits until the gateway says that it is ready.
    pub async fn ready(&self) -> anyhow::Result<()> {
        setup::ready(self.ports.gateway).await
    }

    /// Stops the services in good order; the broker stays.
    pub async fn stop_services(&self) {
        futures::future::join_all(self.services.iter().map(|service| service.process.stop())).await;
    }

    /// Stops everything.
    pub async fn stop(&self) {
        self.stop_services().await;
        self.broker.stop().await;
    }
}

/// Waits until something holds; says what never came to be.
pub async fn until<F: AsyncFnMut() -> bool>(what: &str, most: Duration, mut holds: F) -> anyhow::Result<()> {
    let began = Instant::now();
    while !holds().await {
        anyhow::ensure!(began.elapsed() < most, "it never came to be: {what}");
        runtime::clock::pause(Duration::from_millis(20)).await;
    }
    Ok(())
}
