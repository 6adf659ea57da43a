//! The system that is measured: the product as a process of its own, over a temporary folder.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::story::People;

/// How long a system may take to come up over a large record.
const START_MAX: Duration = Duration::from_mins(30);

/// A running system.
#[derive(Debug)]
pub(super) struct System {
    child: Child,
    data: PathBuf,
    /// Where it listens.
    pub(super) address: SocketAddr,
    /// How long it took until all of it was ready.
    pub(super) ready_after: Duration,
}

impl System {
    /// Starts the product over a folder and waits until it is ready.
    pub(super) async fn start(data: &Path, story: &Path, database: Option<&str>) -> anyhow::Result<Self> {
        Self::start_with(data, story, database, &[]).await
    }

    /// The same without what only writing needs.
    pub(super) async fn start_reading(data: &Path, story: &Path, database: Option<&str>) -> anyhow::Result<Self> {
        Self::start_with(data, story, database, &["--reading-only"]).await
    }

    /// The same without the ledger.
    pub(super) async fn start_without_ledger(
        data: &Path,
        story: &Path,
        database: Option<&str>,
    ) -> anyhow::Result<Self> {
        Self::start_with(data, story, database, &["--without-ledger"]).await
    }

    async fn start_with(data: &Path, story: &Path, database: Option<&str>, more: &[&str]) -> anyhow::Result<Self> {
        let started = Instant::now();
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(["up", "--demo", "--listen", "127.0.0.1:0", "--story"])
            .arg(story)
            .arg("--data")
            .arg(data)
            .args(more)
            .env(
                "LOOPLINE_LOG",
                std::env::var("LOOPLINE_LOG").unwrap_or_else(|_| "error".to_owned()),
            )
            .env_remove("LOOPLINE_DATABASE")
            .env_remove("LOOPLINE_PUBLIC_URL")
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        if let Some(database) = database {
            command.env("LOOPLINE_DATABASE", database);
        }
        let mut child = command.spawn().context("failed to start the system to measure")?;
        let mut lines = BufReader::new(child.stderr.take().context("it says nothing")?).lines();
        let mut said = Vec::new();
        let address = loop {
            let line = tokio::time::timeout(START_MAX, lines.next_line()).await??;
            let Some(line) = line else {
                anyhow::bail!("the system to measure ended: {}", said.join("\n"));
            };
            match line.split("Open http://").nth(1) {
                Some(address) => break address.trim().parse()?,
                None => said.push(line),
            }
        };
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let mut system = Self {
            child,
            data: data.to_owned(),
            address,
            ready_after: Duration::ZERO,
        };
        while super::http::get(address, "", "/readyz").await?.0 != 200 {
            anyhow::ensure!(
                started.elapsed() < START_MAX,
                "the system to measure does not become ready"
            );
            runtime::clock::pause(Duration::from_millis(5)).await;
        }
        system.ready_after = started.elapsed();
        Ok(system)
    }

    /// The district's people.
    pub(super) fn people(&self) -> anyhow::Result<People> {
        People::read(&self.data)
    }

    /// Resident memory of the program and its broker, in MB of 10^6 bytes.
    pub(super) fn resident_mb(&self) -> anyhow::Result<f64> {
        let broker = std::fs::read_to_string(self.data.join("nats/nats.pid"))?;
        let mut kilobytes = 0;
        for pid in [
            self.child.id().context("it has ended")?.to_string(),
            broker.trim().to_owned(),
        ] {
            let status = std::fs::read_to_string(format!("/proc/{pid}/status")).context("memory is read from /proc")?;
            let line = status
                .lines()
                .find_map(|line| line.strip_prefix("VmRSS:"))
                .context("no VmRSS")?;
            kilobytes += line.trim().trim_end_matches(" kB").parse::<u64>()?;
        }
        Ok(kilobytes as f64 * 1024.0 / 1e6)
    }

    /// Ends it in good order.
    pub(super) async fn stop(mut self) -> anyhow::Result<()> {
        if let Some(pid) = self
            .child
            .id()
            .and_then(|id| rustix::process::Pid::from_raw(id.cast_signed()))
        {
            rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        }
        tokio::time::timeout(Duration::from_secs(30), self.child.wait()).await??;
        Ok(())
    }
}
