//! A nats-server of one's own.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use eventlog::jetstream::{StreamOptions, set_up};
use messaging::{Bus, BusOptions};

/// A broker that ends with the test.
#[derive(Debug)]
pub struct TestBroker {
    folder: tempfile::TempDir,
    port: u16,
    child: Option<Child>,
}

fn server() -> PathBuf {
    let named = std::env::var_os("LOOPLINE_NATS_SERVER").map(PathBuf::from);
    named.unwrap_or_else(|| {
        let workspace = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
        let ours = workspace.join(".tools/nats-server");
        if ours.exists() {
            ours
        } else {
            PathBuf::from("nats-server")
        }
    })
}

impl TestBroker {
    /// Starts a broker with its own store and the streams in it.
    pub async fn start() -> Self {
        let broker = Self::bare().await;
        broker.prepare().await;
        broker
    }

    /// Makes the streams, or brings those that are there to what they must be.
    pub async fn prepare(&self) {
        let bus = self.connect("operator").await;
        set_up(&bus.client(), StreamOptions { replicas: 1 })
            .await
            .expect("streams");
    }

    /// Starts a broker with its own store and nothing in it.
    pub async fn bare() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .expect("a port")
            .local_addr()
            .expect("its number")
            .port();
        let mut broker = Self {
            folder,
            port,
            child: None,
        };
        broker.resume().await;
        broker
    }

    /// Starts the broker again over the same store, on the same port.
    pub async fn resume(&mut self) {
        let config = self.folder.path().join("nats.conf");
        let store = self.folder.path().join("store");
        let text = format!(
            "listen: \"127.0.0.1:{}\"\njetstream {{ store_dir: {:?}, sync_interval: always }}\n",
            self.port,
            store.to_string_lossy()
        );
        std::fs::write(&config, text).expect("a configuration");
        let child = Command::new(server())
            .arg("--config")
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("nats-server starts; run deploy/get-nats-server");
        self.child = Some(child);
        let address = ("127.0.0.1", self.port);
        crate::until("the broker listens", async || {
            tokio::net::TcpStream::connect(address).await.is_ok()
        })
        .await;
    }

    /// Kills the broker as a crash would.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// A connection under a name.
    pub async fn connect(&self, name: &str) -> Bus {
        let options = BusOptions {
            url: self.url(),
            nkey_seed: None,
            name: name.to_owned(),
        };
        let bus = Bus::connect(&options).await.expect("a connection");
        let started = std::time::Instant::now();
        while !bus.is_connected() {
            assert!(
                started.elapsed() < Duration::from_secs(20),
                "no connection to the broker"
            );
            runtime::clock::pause(Duration::from_millis(5)).await;
        }
        bus
    }
}

impl Drop for TestBroker {
    fn drop(&mut self) {
        self.kill();
    }
}
