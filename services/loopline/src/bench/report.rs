//! What was measured, as JSON for programs and as lines for people. Figures are reported; nothing is asserted of them.

use std::fmt::Write as _;

use serde::Serialize;

/// All of it; a part that was not asked for is absent.
#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    pub(super) machine: Machine,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) broker: Option<Broker>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) file: Option<Filing>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) screen: Option<Screen>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) command: Option<Commands>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ledger: Option<LedgerCost>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) record: Option<Proving>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rebuild: Option<Rebuild>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pages: Option<Pages>,
    pub(super) rss_mb: Resident,
}

/// Where it was measured, and of what.
#[derive(Debug, Default, Serialize)]
pub(super) struct Machine {
    pub(super) processor: String,
    pub(super) cores: usize,
    pub(super) memory_mb: u64,
    pub(super) kernel: String,
    pub(super) loopline: String,
    pub(super) build: &'static str,
    pub(super) nats_server: String,
    pub(super) database: String,
    pub(super) clients: u16,
    pub(super) seconds: u64,
}

/// The broker alone.
#[derive(Debug, Serialize)]
pub(super) struct Broker {
    /// Appends a second, the mean of one run before and one after.
    pub(super) per_s: f64,
    /// From as many as one, one after the other.
    pub(super) one_client_per_s: f64,
    /// The weights of what was appended, in bytes.
    pub(super) bytes: [usize; 2],
}

/// Filing.
#[derive(Debug, Serialize)]
pub(super) struct Filing {
    pub(super) per_s: f64,
    pub(super) appends_per_s: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    pub(super) ratio_to_broker: f64,
    pub(super) one_client_p50_ms: f64,
    pub(super) one_client_p99_ms: f64,
    pub(super) routing_lag_max_ms: f64,
}

/// To another person's screen.
#[derive(Debug, Serialize)]
pub(super) struct Screen {
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    pub(super) commands: u64,
}

/// Commands on loops that are there.
#[derive(Debug, Serialize)]
pub(super) struct Commands {
    pub(super) per_s: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    pub(super) ratio_to_broker: f64,
    /// The processor's time that judging one of them takes, in microseconds.
    pub(super) authorised_us: f64,
    /// That, of the time that all processors have for one.
    pub(super) authorised_share: f64,
}

/// What the ledger costs those who file: both measured in turns on one machine.
#[derive(Debug, Serialize)]
pub(super) struct LedgerCost {
    pub(super) with_per_s: f64,
    pub(super) without_per_s: f64,
    pub(super) ratio: f64,
    pub(super) with_mb: f64,
    pub(super) without_mb: f64,
}

/// Proving a record.
#[derive(Debug, Serialize)]
pub(super) struct Proving {
    /// Entries of the district with most.
    pub(super) entries: u64,
    /// Messages a second taken into the ledger from zero.
    pub(super) taken_per_s: f64,
    pub(super) export_s: f64,
    pub(super) verify_s: f64,
    pub(super) verified_per_s: f64,
    /// Verifying against reading and hashing the same bytes and nothing else.
    pub(super) ratio_to_hashing: f64,
}

/// Making the timeline from zero.
#[derive(Debug, Serialize)]
pub(super) struct Rebuild {
    pub(super) events_per_s: f64,
    pub(super) replay_per_s: f64,
    pub(super) ratio_to_replay: f64,
    pub(super) raw_rows_per_s: f64,
    pub(super) ratio_to_raw_rows: f64,
    pub(super) events: u64,
    pub(super) loops: u64,
}

/// Reading.
#[derive(Debug, Serialize)]
pub(super) struct Pages {
    pub(super) inbox_p50_ms: f64,
    pub(super) inbox_p99_ms: f64,
    pub(super) loop_p50_ms: f64,
    pub(super) loop_p99_ms: f64,
    pub(super) search_p50_ms: f64,
    pub(super) search_p99_ms: f64,
    pub(super) list_p99_ms: f64,
    /// The resolution timeline with its figures, over the whole district.
    pub(super) figures_p50_ms: f64,
    pub(super) figures_p99_ms: f64,
    pub(super) contact_p99_ms: f64,
    pub(super) loops: u64,
    /// From start to ready over this record.
    pub(super) ready_ms: f64,
}

/// Memory of the program and its broker together.
#[derive(Debug, Default, Serialize)]
pub(super) struct Resident {
    pub(super) idle: f64,
    pub(super) loaded: f64,
    /// Freshly started over the large record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) large: Option<f64>,
}

impl Report {
    /// Lines for people.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        let m = &self.machine;
        let _ = writeln!(
            text,
            "{} x {} ({} MB), {}, loopline {} ({} build), {}, {}; {} clients, {} s a measurement",
            m.cores,
            m.processor,
            m.memory_mb,
            m.kernel,
            m.loopline,
            m.build,
            m.nats_server,
            m.database,
            m.clients,
            m.seconds
        );
        if let Some(it) = &self.broker {
            let _ = writeln!(
                text,
                "broker alone     {:.0} appends/s of {} and {} bytes; one client {:.0}/s",
                it.per_s, it.bytes[0], it.bytes[1], it.one_client_per_s
            );
        }
        if let Some(it) = &self.file {
            let _ = writeln!(
                text,
                "filing           {:.0}/s with routing {:.0} appends/s, {:.2} of the broker; p50 {:.1} ms, p99 {:.1} ms; routed within {:.0} ms; one client p50 {:.2} ms, p99 {:.2} ms",
                it.per_s,
                it.appends_per_s,
                it.ratio_to_broker,
                it.p50_ms,
                it.p99_ms,
                it.routing_lag_max_ms,
                it.one_client_p50_ms,
                it.one_client_p99_ms
            );
        }
        if let Some(it) = &self.command {
            let _ = writeln!(
                text,
                "commands         {:.0}/s, {:.2} of the broker; p50 {:.1} ms, p99 {:.1} ms; judged in {:.2} us, {:.3} % of a command",
                it.per_s,
                it.ratio_to_broker,
                it.p50_ms,
                it.p99_ms,
                it.authorised_us,
                it.authorised_share * 100.0
            );
        }
        if let Some(it) = &self.screen {
            let _ = writeln!(
                text,
                "another's screen p50 {:.1} ms, p99 {:.1} ms over {} commands",
                it.p50_ms, it.p99_ms, it.commands
            );
        }
        if let Some(it) = &self.ledger {
            let _ = writeln!(
                text,
                "ledger           filing {:.0}/s with it, {:.0}/s without: {:.2}; resident {:.0} MB with it, {:.0} MB without",
                it.with_per_s, it.without_per_s, it.ratio, it.with_mb, it.without_mb
            );
        }
        if let Some(it) = &self.record {
            let _ = writeln!(
                text,
                "record           taken in at {:.0}/s; {} entries written out in {:.1} s and verified in {:.1} s ({:.0}/s), {:.2} of hashing alone",
                it.taken_per_s, it.entries, it.export_s, it.verify_s, it.verified_per_s, it.ratio_to_hashing
            );
        }
        if let Some(it) = &self.rebuild {
            let _ = writeln!(
                text,
                "timeline rebuilt {:.0} events/s ({} events, {} loops), {:.2} of a raw replay of {:.0}/s, {:.2} of raw rows of {:.0}/s",
                it.events_per_s,
                it.events,
                it.loops,
                it.ratio_to_replay,
                it.replay_per_s,
                it.ratio_to_raw_rows,
                it.raw_rows_per_s
            );
        }
        if let Some(it) = &self.pages {
            let _ = writeln!(
                text,
                "pages            of {} loops: inbox p50 {:.1} p99 {:.1} ms, loop p50 {:.1} p99 {:.1} ms, search p50 {:.1} p99 {:.1} ms, list p99 {:.1} ms, figures p50 {:.1} p99 {:.1} ms, the contact's p99 {:.1} ms; ready after {:.0} ms",
                it.loops,
                it.inbox_p50_ms,
                it.inbox_p99_ms,
                it.loop_p50_ms,
                it.loop_p99_ms,
                it.search_p50_ms,
                it.search_p99_ms,
                it.list_p99_ms,
                it.figures_p50_ms,
                it.figures_p99_ms,
                it.contact_p99_ms,
                it.ready_ms
            );
        }
        let _ = write!(
            text,
            "resident         idle {:.0} MB, loaded {:.0} MB",
            self.rss_mb.idle, self.rss_mb.loaded
        );
        if let Some(large) = self.rss_mb.large {
            let _ = write!(text, ", over the large record {large:.0} MB");
        }
        text
    }
}

impl Machine {
    /// This machine.
    pub(super) fn this(nats_server: String, database: &str, clients: u16, seconds: u64) -> Self {
        let read = |file: &str| std::fs::read_to_string(file).unwrap_or_default();
        let field = |text: &str, name: &str| {
            let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
            line.split(':').nth(1).unwrap_or_default().trim().to_owned()
        };
        let memory = field(&read("/proc/meminfo"), "MemTotal");
        Self {
            processor: field(&read("/proc/cpuinfo"), "model name"),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_mb: memory.trim_end_matches(" kB").parse::<u64>().unwrap_or(0) / 1000,
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            loopline: env!("CARGO_PKG_VERSION").to_owned(),
            build: if cfg!(debug_assertions) { "debug" } else { "release" },
            nats_server,
            database: database.to_owned(),
            clients,
            seconds,
        }
    }
}
