//! Logs on standard error and metrics for Prometheus. Free text and names are never logged.

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// A JSON object a line.
    Json,
}

/// Begins logging; `LOOPLINE_LOG` (such as `info,eventlog=debug`) says what.
pub fn start_logging(format: LogFormat) {
    let filter = EnvFilter::try_from_env("LOOPLINE_LOG")
        .unwrap_or_else(|_| EnvFilter::new("info,async_nats=warn,sqlx=warn,tower_http=warn"));
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false);
    // A second call, as tests make it, leaves the first in place.
    let _ = match format {
        LogFormat::Text => logs.compact().try_init(),
        LogFormat::Json => logs.json().try_init(),
    };
}

/// Begins collecting metrics; the handle renders them. `None` where another part of the process collects already.
pub fn start_metrics() -> Option<PrometheusHandle> {
    PrometheusBuilder::new().install_recorder().ok()
}
