//! Nothing outlives the run: a watcher that ends what the run started when the run's process is gone, however it went.

use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Ends every process listed in a run's folder that still works in that folder.
const END: &str = "while read -r pid; do \
                   if tr '\\0' ' ' <\"/proc/$pid/cmdline\" 2>/dev/null | grep -qF -- \"$1/\"; then \
                   kill -KILL \"$pid\"; fi; done <\"$1/pids\" 2>/dev/null";

/// A watcher; the pipe to it closes with this process.
#[derive(Debug)]
pub struct Guard {
    _watcher: Child,
}

impl Guard {
    /// Watches over a run's folder from now on.
    pub fn over(run: &Path) -> std::io::Result<Self> {
        std::fs::write(run.join("owner"), std::process::id().to_string())?;
        let watcher = Command::new("setsid")
            .args(["sh", "-c", &format!("cat >/dev/null; {END}"), "guard"])
            .arg(run)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self { _watcher: watcher })
    }
}

/// Ends what earlier runs left behind, should there be anything.
pub fn end_stale(output: &Path) {
    let Ok(runs) = std::fs::read_dir(output) else { return };
    for run in runs.flatten().map(|entry| entry.path()) {
        let owner = std::fs::read_to_string(run.join("owner")).unwrap_or_default();
        let line = std::fs::read(format!("/proc/{}/cmdline", owner.trim())).unwrap_or_default();
        let alive = String::from_utf8_lossy(&line).contains("faults");
        if alive || !run.join("pids").exists() {
            continue;
        }
        let ended = Command::new("sh").args(["-c", END, "guard"]).arg(&run).status();
        drop(ended);
    }
}
