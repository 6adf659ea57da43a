//! An orderly end: one signal to finish what is under way, a second to stop at once.

use std::future::Future;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::info;

/// How long work under way may take to finish.
const DRAIN_MAX: Duration = Duration::from_secs(8);

/// The tasks of a process and the token that ends them.
#[derive(Debug, Clone, Default)]
pub struct Lifecycle {
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Lifecycle {
    /// Whether the process is ending.
    pub fn is_stopping(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Resolves when the process is to end.
    pub async fn stopping(&self) {
        self.stop.cancelled().await;
    }

    /// Begins the end.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Runs a task until it ends or the process does.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(self.stop.clone().run_until_cancelled_owned(task));
    }

    /// Runs a task that sees to its own end when the process ends.
    pub fn spawn_to_its_end(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// A lifecycle that ends with this one, or earlier by itself.
    pub fn child(&self) -> Self {
        Self {
            stop: self.stop.child_token(),
            tasks: TaskTracker::new(),
        }
    }

    /// Waits, bounded, until all tasks have ended.
    pub async fn drained(&self) {
        self.tasks.close();
        if tokio::time::timeout(DRAIN_MAX, self.tasks.wait()).await.is_err() {
            info!("some tasks had not finished and were left");
        }
    }

    /// Begins the end at the first interrupt or termination signal.
    pub fn stop_on_signals(&self) {
        let stop = self.stop.clone();
        tokio::spawn(async move {
            let mut terminate = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
                Ok(terminate) => terminate,
                Err(error) => {
                    tracing::warn!(%error, "cannot listen for signals");
                    return;
                }
            };
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            info!("stopping; once more to stop at once");
            stop.cancel();
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            std::process::exit(130);
        });
    }
}
