//! The private broker of the all-in-one: found, configured, started, watched, and ended with us.

mod config;
mod find;

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use anyhow::Context;
use runtime::Lifecycle;
use tokio::process::{Child, Command};
use tracing::{error, info, warn};

pub(crate) use config::Sync;
pub(crate) use find::find;

use crate::folder::Folder;

/// How long a broker may take to listen: after a kill, it looks through its whole store first.
const START_MAX: Duration = Duration::from_mins(20);
/// After how long that is said aloud.
const START_LONG: Duration = Duration::from_secs(10);
/// Bytes of a disk that the broker leaves to others, at most.
const KEPT_FREE_MAX: u64 = 1 << 30;
/// What the broker may keep in memory over an empty store, in MiB.
const MEMORY_MIB: u64 = 160;
/// What it may keep besides is this part of its store. With less than it needs, it would do nothing but collect
/// garbage: it keeps an index of all subjects, some 300 MB for a million loops in 14 GB.
const MEMORY_PART: u64 = 16;
/// What it may keep while a store is filled.
const MEMORY_FILLING_MIB: u64 = 2048;
/// How often a stopping or starting broker is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// A broker that runs as our child.
#[derive(Debug)]
pub(crate) struct Broker {
    /// Where it listens.
    pub(crate) url: String,
    stopped: tokio::sync::oneshot::Receiver<()>,
}

/// In a process of its own: end with the parent, then become nats-server. It stays in the parent's process group.
pub(crate) fn become_broker(server: &Path, config: &Path) -> ExitCode {
    #[cfg(target_os = "linux")]
    {
        let parent = rustix::process::getppid();
        let ends = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM));
        // If the parent went before that was set, no signal will come.
        if ends.is_err() || rustix::process::getppid() != parent {
            return ExitCode::FAILURE;
        }
    }
    let error = std::process::Command::new(server).arg("--config").arg(config).exec();
    crate::cli::failed(&anyhow::anyhow!("failed to start {}: {error}", server.display()))
}

/// Starts the broker over a folder and watches it: if it dies, it is started again on the same port.
pub(crate) async fn start(folder: &Folder, lifecycle: &Lifecycle) -> anyhow::Result<Broker> {
    start_syncing(folder, lifecycle, Sync::Always).await
}

/// The same with a choice of when it writes through.
pub(crate) async fn start_syncing(folder: &Folder, lifecycle: &Lifecycle, sync: Sync) -> anyhow::Result<Broker> {
    let server = find()?;
    end_stale(folder).await;
    let mut attempt = 0;
    let (child, port, config) = loop {
        // Nobody else has this port now; should somebody take it before the broker does, another is tried.
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let config = config::write(folder, port, sync, store_max(folder)?)?;
        let mut child = spawn(&server, &config, memory(folder, sync))?;
        match listening(&mut child, port).await {
            Ok(()) => break (child, port, config),
            Err(error) if attempt < 3 => {
                warn!(
                    error = format!("{error:#}"),
                    "the broker did not start; once more on another port"
                );
                attempt += 1;
            }
            Err(error) => return Err(error),
        }
    };
    info!(port, "the broker listens on loopback");
    let (tell_stopped, stopped) = tokio::sync::oneshot::channel();
    let (watching, folder) = (lifecycle.clone(), folder.clone());
    lifecycle.spawn_to_its_end(async move {
        let again = || spawn(&server, &config, memory(&folder, sync));
        watch(child, again, port, &watching).await;
        let _ = tell_stopped.send(());
    });
    Ok(Broker {
        url: format!("nats://127.0.0.1:{port}"),
        stopped,
    })
}

impl Broker {
    /// Waits until it has ended, after the lifecycle it was started with has begun to.
    pub(crate) async fn ended(self) {
        let _ = self.stopped.await;
    }
}

/// What the broker may keep in memory over the store in a folder, in MiB.
fn memory(folder: &Folder, sync: Sync) -> u64 {
    if sync == Sync::NowAndThen {
        return MEMORY_FILLING_MIB;
    }
    MEMORY_MIB + weight(&folder.nats().join("store"), 8) / MEMORY_PART / (1 << 20)
}

/// Bytes that the broker's store may come to: all there is room for, without what databases need to write down the last of
/// it. Left to itself the broker allows three quarters of what is free at its start, whatever it holds already, so a
/// record grown larger than that could be read after a restart, but not written to.
fn store_max(folder: &Folder) -> anyhow::Result<u64> {
    let store = folder.nats().join("store");
    let place = if store.exists() { store.clone() } else { folder.nats() };
    let disk = rustix::fs::statvfs(&place).with_context(|| format!("failed to ask how full {} is", place.display()))?;
    Ok(room(weight(&store, 8), disk.f_bavail.saturating_mul(disk.f_frsize)))
}

/// What the store may come to where it weighs so much and so much is free.
fn room(stored: u64, free: u64) -> u64 {
    let room = stored.saturating_add(free - (free / 8).min(KEPT_FREE_MAX));
    // The broker's numbers have a sign.
    room.min(i64::MAX.unsigned_abs())
}

/// What the files under a folder weigh, some levels down; what cannot be read weighs nothing.
fn weight(folder: &Path, levels: u8) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(about) if about.is_dir() && levels > 0 => weight(&entry.path(), levels - 1),
            Ok(about) => about.len(),
            Err(_) => 0,
        })
        .sum()
}

fn spawn(server: &Path, config: &Path, memory_mib: u64) -> anyhow::Result<Child> {
    let this = std::env::current_exe().context("failed to find this program's own file")?;
    Command::new(this)
        .arg("exec-broker")
        .arg(server)
        .arg(config)
        .env(
            "GOMEMLIMIT",
            std::env::var("GOMEMLIMIT").unwrap_or_else(|_| format!("{memory_mib}MiB")),
        )
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("failed to start the broker")
}

async fn listening(child: &mut Child, port: u16) -> anyhow::Result<()> {
    let started = std::time::Instant::now();
    let mut said = false;
    loop {
        if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            return Ok(());
        }
        if let Some(status) = child.try_wait()? {
            anyhow::bail!("the broker ended at once ({status}); its log is nats/nats.log in the data folder");
        }
        anyhow::ensure!(
            started.elapsed() < START_MAX,
            "the broker does not listen after {START_MAX:?}"
        );
        if !said && started.elapsed() >= START_LONG {
            warn!("the broker does not listen yet: it looks through its store, which takes longer the larger that is");
            said = true;
        }
        runtime::clock::pause(LOOK).await;
    }
}

async fn watch(mut child: Child, spawn: impl Fn() -> anyhow::Result<Child>, port: u16, lifecycle: &Lifecycle) {
    loop {
        tokio::select! {
            status = child.wait() => {
                if lifecycle.is_stopping() {
                    return;
                }
                error!(?status, "the broker has ended; it is started again");
                loop {
                    match spawn() {
                        Ok(mut again) => match listening(&mut again, port).await {
                            Ok(()) => {
                                child = again;
                                info!("the broker is back");
                                break;
                            }
                            Err(error) => warn!(error = format!("{error:#}"), "the broker did not come back"),
                        },
                        Err(error) => warn!(error = format!("{error:#}"), "the broker cannot be started"),
                    }
                    if lifecycle.is_stopping() {
                        return;
                    }
                    runtime::clock::pause(Duration::from_millis(500)).await;
                }
            }
            () = lifecycle.stopping() => {
                end(&mut child).await;
                return;
            }
        }
    }
}

/// Ends the broker in good order; it is made to after a while.
async fn end(child: &mut Child) {
    if let Some(pid) = child
        .id()
        .and_then(|id| rustix::process::Pid::from_raw(id.cast_signed()))
    {
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
    }
    if tokio::time::timeout(Duration::from_secs(5), child.wait())
        .await
        .is_err()
    {
        let _ = child.kill().await;
    }
}

/// Ends a broker that an earlier run left over this folder: recognised by its configuration's path.
async fn end_stale(folder: &Folder) {
    let Ok(text) = std::fs::read_to_string(folder.nats().join("nats.pid")) else {
        return;
    };
    let Some(pid) = text.trim().parse().ok().and_then(rustix::process::Pid::from_raw) else {
        return;
    };
    let config = config::path(folder);
    let is_ours = || {
        std::fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero()))
            .is_ok_and(|line| String::from_utf8_lossy(&line).contains(&*config.to_string_lossy()))
    };
    if !is_ours() {
        return;
    }
    warn!(
        pid = text.trim(),
        "a broker of an earlier run is still there; it is ended"
    );
    let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
    for round in 0..500 {
        if !is_ours() {
            return;
        }
        if round == 250 {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
        runtime::clock::pause(LOOK).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_broker_holds_already_never_stands_against_more() {
        const GB: u64 = 1 << 30;
        assert_eq!(room(0, 100 * GB), 99 * GB);
        assert_eq!(room(70 * GB, 16 * GB), 85 * GB, "more is held than is free");
        assert_eq!(room(0, GB), GB / 8 * 7, "a small disk is left most of");
        assert_eq!(room(5 * GB, 0), 5 * GB);
    }
}
