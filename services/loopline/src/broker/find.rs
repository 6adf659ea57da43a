//! Finding nats-server.

use std::path::{Path, PathBuf};

use anyhow::Context;

/// The oldest version that has what the log needs.
const OLDEST: (u32, u32) = (2, 14);

/// The nats-server to use: `LOOPLINE_NATS_SERVER`, then `.tools/nats-server` of the checkout, then PATH.
pub(crate) fn find() -> anyhow::Result<PathBuf> {
    if let Some(named) = std::env::var_os("LOOPLINE_NATS_SERVER") {
        let path = PathBuf::from(named);
        check(&path).with_context(|| format!("LOOPLINE_NATS_SERVER names {}", path.display()))?;
        return Ok(path);
    }
    let mut tried = Vec::new();
    for candidate in candidates() {
        match check(&candidate) {
            Ok(()) => return Ok(candidate),
            Err(error) => tried.push(format!("\n  {}: {error:#}", candidate.display())),
        }
    }
    anyhow::bail!(
        "failed to find nats-server {}.{} or newer; run deploy/get-nats-server, or name one in LOOPLINE_NATS_SERVER{}",
        OLDEST.0,
        OLDEST.1,
        tried.concat()
    )
}

fn candidates() -> Vec<PathBuf> {
    let mut candidates = Vec::new();
    let beside = std::env::current_exe().ok();
    let here = std::env::current_dir().ok();
    for start in [beside, here].into_iter().flatten() {
        candidates.extend(
            start
                .ancestors()
                .map(|folder| folder.join(".tools/nats-server"))
                .find(|path| path.exists()),
        );
    }
    if let Some(path) = std::env::var_os("PATH") {
        candidates.extend(
            std::env::split_paths(&path)
                .map(|folder| folder.join("nats-server"))
                .filter(|path| path.exists()),
        );
    }
    candidates
}

fn check(path: &Path) -> anyhow::Result<()> {
    let output = std::process::Command::new(path)
        .arg("--version")
        .output()
        .context("it cannot be run")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let version = text.trim().rsplit('v').next().unwrap_or_default();
    let mut parts = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let found = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    anyhow::ensure!(
        found >= OLDEST,
        "it is version {version:?}, and {}.{} is the oldest that fits",
        OLDEST.0,
        OLDEST.1
    );
    Ok(())
}
