//! The command line. Exit 2 for usage, 1 for failure; progress on standard error.

use std::io::{IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Feedback loops between schools and their district.
#[derive(Debug, Parser)]
#[command(name = "loopline", version, about)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run everything in one process, with a private nats-server as a child.
    Up(UpOptions),
    /// Run some services alone.
    Serve(ServeOptions),
    /// Make a read model again from the log.
    Rebuild(RebuildOptions),
    /// Take in what a district has, such as its roster.
    #[command(subcommand)]
    Import(Import),
    /// Make a link with which somebody chooses a password: for a district's first administrator.
    Invite(InviteOptions),
    /// Check a record that was exported, or the one of a running system: 0 sound, 3 tampered with, 4 files are missing.
    Verify(VerifyOptions),
    /// Write a record out, so that others can check it.
    #[command(subcommand)]
    Export(Export),
    /// Put the log back from the ledger, over a stopped system.
    Restore(RestoreOptions),
    /// Measure this machine: a private temporary system against the raw broker and the raw database, in one run.
    Bench(BenchOptions),
    /// Print the OpenAPI document of the HTTP API.
    Openapi,
    /// Print the AsyncAPI document of events, commands and queries.
    Asyncapi,
    /// Become the broker (used by `up` for its child).
    #[command(hide = true)]
    ExecBroker {
        /// The nats-server binary.
        server: PathBuf,
        /// Its configuration.
        config: PathBuf,
    },
}

/// How logs are written.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Logs {
    /// For people.
    Text,
    /// A JSON object a line.
    Json,
}

impl From<Logs> for runtime::telemetry::LogFormat {
    fn from(logs: Logs) -> Self {
        match logs {
            Logs::Text => Self::Text,
            Logs::Json => Self::Json,
        }
    }
}

/// `loopline up`.
#[derive(Debug, Args)]
pub(crate) struct UpOptions {
    /// Add two demonstration districts with their people, and offer these on the sign-in page.
    #[arg(long, env = "LOOPLINE_DEMO")]
    pub(crate) demo: bool,
    /// The folder everything is kept in.
    #[arg(long, env = "LOOPLINE_DATA", default_value = "./loopline-data")]
    pub(crate) data: PathBuf,
    /// Where to listen for browsers and clients.
    #[arg(long, env = "LOOPLINE_LISTEN", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
    /// A PostgreSQL database for read models and credentials, such as postgres://user@host/name; SQLite files where
    /// absent.
    #[arg(long, env = "LOOPLINE_DATABASE")]
    pub(crate) database: Option<String>,
    /// The address people use where another server with TLS stands before this one.
    #[arg(long, env = "LOOPLINE_PUBLIC_URL")]
    pub(crate) public_url: Option<String>,
    /// The file with the secrets that the ledger's checkpoints are signed with, made at first; in the data folder where
    /// absent. Keep it apart from the record, and a copy of it elsewhere.
    #[arg(long, env = "LOOPLINE_LEDGER_KEY")]
    pub(crate) ledger_key: Option<PathBuf>,
    /// A folder with descriptions of how states are asked for waivers (files ending in .yaml), beside those that ship:
    /// a higher version of the same code replaces one.
    #[arg(long, env = "LOOPLINE_REGIMES")]
    pub(crate) regimes: Option<PathBuf>,
    /// How logs are written.
    #[arg(long, env = "LOOPLINE_LOGS", default_value = "text")]
    pub(crate) logs: Logs,
    /// A file with one story in place of the demonstration's own (used by `bench`).
    #[arg(long, hide = true)]
    pub(crate) story: Option<PathBuf>,
    /// Without the ledger (used by `bench` to see what it costs).
    #[arg(long, hide = true)]
    pub(crate) without_ledger: bool,
    /// Only what pages need: nothing is assigned, and no clock runs (used by `bench` over a record that was filled
    /// without its policies, which would first have to look at all of it).
    #[arg(long, hide = true)]
    pub(crate) reading_only: bool,
}

/// `loopline serve`.
#[derive(Debug, Args)]
pub(crate) struct ServeOptions {
    /// Which services.
    #[arg(required = true, value_enum)]
    pub(crate) services: Vec<crate::services::Name>,
    /// The broker; several addresses separated by commas.
    #[arg(long, env = "LOOPLINE_NATS", default_value = "nats://127.0.0.1:4222")]
    pub(crate) nats: String,
    /// The folder with each service's nkey seed, `<service>.nk`; none where the broker asks for none.
    #[arg(long, env = "LOOPLINE_NKEYS")]
    pub(crate) nkeys: Option<PathBuf>,
    /// Copies of each stream: 1, or 3 in a cluster.
    #[arg(long, env = "LOOPLINE_REPLICAS", default_value_t = 1)]
    pub(crate) replicas: usize,
    /// The folder for SQLite files and the master key.
    #[arg(long, env = "LOOPLINE_DATA", default_value = "./loopline-data")]
    pub(crate) data: PathBuf,
    /// A PostgreSQL database in place of SQLite files.
    #[arg(long, env = "LOOPLINE_DATABASE")]
    pub(crate) database: Option<String>,
    /// Where the gateway listens, if it is among the services.
    #[arg(long, env = "LOOPLINE_LISTEN", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
    /// The address people use where another server with TLS stands before the gateway.
    #[arg(long, env = "LOOPLINE_PUBLIC_URL")]
    pub(crate) public_url: Option<String>,
    /// The file with the secrets that the ledger's checkpoints are signed with, made at first; in the data folder where
    /// absent. Keep it apart from the record, and a copy of it elsewhere.
    #[arg(long, env = "LOOPLINE_LEDGER_KEY")]
    pub(crate) ledger_key: Option<PathBuf>,
    /// A folder with descriptions of how states are asked for waivers (files ending in .yaml), beside those that ship:
    /// a higher version of the same code replaces one.
    #[arg(long, env = "LOOPLINE_REGIMES")]
    pub(crate) regimes: Option<PathBuf>,
    /// How logs are written.
    #[arg(long, env = "LOOPLINE_LOGS", default_value = "text")]
    pub(crate) logs: Logs,
}

/// `loopline verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyOptions {
    /// A folder or zip file that `export record` wrote.
    #[arg(required_unless_present = "district")]
    pub(crate) path: Option<PathBuf>,
    /// A key that you got otherwise, as name+id+base64; may be given more than once.
    #[arg(long = "key", value_name = "VKEY")]
    pub(crate) keys: Vec<String>,
    /// An older checkpoint that you kept; may be given more than once.
    #[arg(long = "checkpoint", value_name = "FILE")]
    pub(crate) checkpoints: Vec<PathBuf>,
    /// In place of a path: the district whose record is written out, checked, and compared with the log.
    #[arg(long, conflicts_with = "path")]
    pub(crate) district: Option<contracts::District>,
    /// Print one JSON object on standard output.
    #[arg(long)]
    pub(crate) json: bool,
    /// Which system, for a district.
    #[command(flatten)]
    pub(crate) system: SystemOptions,
}

/// What `loopline import` takes in.
#[derive(Debug, Subcommand)]
pub(crate) enum Import {
    /// A district's schools, departments and staff from a OneRoster export (CSV, 1.1 or 1.2). Students, guardians and
    /// passwords are left behind while it is read.
    Oneroster(ImportOnerosterOptions),
}

/// `loopline import oneroster`.
#[derive(Debug, Args)]
pub(crate) struct ImportOnerosterOptions {
    /// The zip file or folder.
    pub(crate) path: PathBuf,
    /// The district, by its short name.
    #[arg(long)]
    pub(crate) district: contracts::District,
    /// Begin the district if it is not there; its name is the roster's.
    #[arg(long)]
    pub(crate) create: bool,
    /// The name of a district that begins, in place of the roster's.
    #[arg(long, requires = "create")]
    pub(crate) name: Option<String>,
    /// The time zone of a district that begins, such as America/New_York.
    #[arg(long, requires = "create")]
    pub(crate) time_zone: Option<String>,
    /// Say what would change, and change nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Leave out rows that cannot be taken.
    #[arg(long)]
    pub(crate) skip_bad_rows: bool,
    /// Go on though more than a tenth of the people would no longer be able to sign in.
    #[arg(long)]
    pub(crate) disable_many: bool,
    /// Print one JSON object on standard output.
    #[arg(long)]
    pub(crate) json: bool,
    /// Which system.
    #[command(flatten)]
    pub(crate) reach: ReachOptions,
}

/// `loopline invite`.
#[derive(Debug, Args)]
pub(crate) struct InviteOptions {
    /// The person's e-mail address, as the roster has it.
    pub(crate) email: String,
    /// The district, by its short name.
    #[arg(long)]
    pub(crate) district: contracts::District,
    /// The address people use, such as https://loops.example.org; the running system's where absent.
    #[arg(long, env = "LOOPLINE_PUBLIC_URL")]
    pub(crate) public_url: Option<String>,
    /// Also takes their second step away, as where the telephone of the only administrator is lost.
    #[arg(long)]
    pub(crate) without_second_step: bool,
    /// Which system.
    #[command(flatten)]
    pub(crate) reach: ReachOptions,
}

/// Which system a command is about, here or elsewhere.
#[derive(Debug, Clone, Args)]
pub(crate) struct ReachOptions {
    /// The folder and what goes with it.
    #[command(flatten)]
    pub(crate) system: SystemOptions,
    /// The broker of a system that runs elsewhere.
    #[arg(long, env = "LOOPLINE_NATS")]
    pub(crate) nats: Option<String>,
    /// The folder with nkey seeds for that broker.
    #[arg(long, env = "LOOPLINE_NKEYS")]
    pub(crate) nkeys: Option<PathBuf>,
}

/// What `loopline export` writes.
#[derive(Debug, Subcommand)]
pub(crate) enum Export {
    /// A district's whole record, for an auditor.
    Record(ExportRecordOptions),
}

/// `loopline export record`.
#[derive(Debug, Args)]
pub(crate) struct ExportRecordOptions {
    /// The district.
    #[arg(long)]
    pub(crate) district: contracts::District,
    /// The folder to write, which must be empty or not there.
    #[arg(long)]
    pub(crate) out: PathBuf,
    /// Which system.
    #[command(flatten)]
    pub(crate) system: SystemOptions,
}

/// `loopline restore`.
#[derive(Debug, Args)]
pub(crate) struct RestoreOptions {
    /// Put back what the log lost at its end, or all of it.
    #[arg(long, required = true)]
    pub(crate) from_ledger: bool,
    /// Move the broker's store aside first, and put everything back into a new one: where the log differs from the
    /// ledger, or its broker no longer starts.
    #[arg(long)]
    pub(crate) replace: bool,
    /// Which system.
    #[command(flatten)]
    pub(crate) system: SystemOptions,
}

/// Which system a command is about.
#[derive(Debug, Clone, Args)]
pub(crate) struct SystemOptions {
    /// The folder of the system, running or not.
    #[arg(long, env = "LOOPLINE_DATA", default_value = "./loopline-data")]
    pub(crate) data: PathBuf,
    /// The PostgreSQL database, where the system uses one.
    #[arg(long, env = "LOOPLINE_DATABASE")]
    pub(crate) database: Option<String>,
    /// The file with the secrets that the ledger's checkpoints are signed with, where it is not in the folder.
    #[arg(long, env = "LOOPLINE_LEDGER_KEY")]
    pub(crate) ledger_key: Option<PathBuf>,
}

/// `loopline bench`.
#[derive(Debug, Args)]
pub(crate) struct BenchOptions {
    /// How long each measurement lasts, after its warm-up.
    #[arg(long, env = "LOOPLINE_BENCH_SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) seconds: u64,
    /// Requests in flight at once.
    #[arg(long, env = "LOOPLINE_BENCH_CLIENTS", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=512))]
    pub(crate) clients: u16,
    /// Loops in the record of which the timeline is made again and whose pages are read.
    #[arg(long, env = "LOOPLINE_BENCH_LOOPS", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(100..=2_000_000))]
    pub(crate) loops: u64,
    /// What to measure, separated by commas; all where absent.
    #[arg(long, env = "LOOPLINE_BENCH_ONLY", value_enum, value_delimiter = ',')]
    pub(crate) only: Vec<BenchPart>,
    /// A PostgreSQL database for the read models, which must be empty; SQLite files where absent.
    #[arg(long, env = "LOOPLINE_DATABASE")]
    pub(crate) database: Option<String>,
    /// The folder to work in, removed at the end; one of the system's temporary ones where absent.
    #[arg(long, env = "LOOPLINE_BENCH_FOLDER")]
    pub(crate) folder: Option<PathBuf>,
    /// Keep what was made, and say where.
    #[arg(long)]
    pub(crate) keep: bool,
    /// Print one JSON object on standard output.
    #[arg(long)]
    pub(crate) json: bool,
}

/// A part of what `loopline bench` measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum BenchPart {
    /// Filing, with the routing it causes.
    File,
    /// Commands on loops that are there.
    Command,
    /// From a command to another person's screen.
    Screen,
    /// Filing with the ledger and without it.
    Ledger,
    /// Making the timeline again.
    Rebuild,
    /// Taking a record into the ledger, writing it out and verifying it.
    Record,
    /// Reading pages.
    Pages,
}

/// `loopline rebuild`.
#[derive(Debug, Args)]
pub(crate) struct RebuildOptions {
    /// Whose read model.
    #[arg(value_enum)]
    pub(crate) service: Rebuildable,
    /// The folder of the system, running or not.
    #[arg(long, env = "LOOPLINE_DATA", default_value = "./loopline-data")]
    pub(crate) data: PathBuf,
    /// The PostgreSQL database, where the system uses one.
    #[arg(long, env = "LOOPLINE_DATABASE")]
    pub(crate) database: Option<String>,
    /// The broker of a system that runs elsewhere.
    #[arg(long, env = "LOOPLINE_NATS")]
    pub(crate) nats: Option<String>,
    /// The folder with nkey seeds for that broker.
    #[arg(long, env = "LOOPLINE_NKEYS")]
    pub(crate) nkeys: Option<PathBuf>,
}

/// Services with a read model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Rebuildable {
    /// What people look at.
    Timeline,
    /// What time will bring about.
    Routing,
    /// The register.
    Flexibility,
    /// People and their roles.
    Directory,
}

/// Prints a result on standard output.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout().lock(), "{text}")?;
    Ok(())
}

/// Says something to the person at the terminal.
pub(crate) fn say(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Says now and then how far something has come, to people: `what` begins each line.
pub(crate) fn progress(what: &'static str) -> impl FnMut(u64, u64) {
    let mut said = Instant::now();
    let terminal = std::io::stderr().is_terminal();
    move |at, of| {
        if terminal && said.elapsed() > Duration::from_millis(500) {
            said = Instant::now();
            say(&format!("{what} {at} of {of}"));
        }
    }
}

/// Says what failed, with its causes, once.
pub(crate) fn failed(error: &anyhow::Error) -> ExitCode {
    say(&format!("loopline: {error:#}"));
    ExitCode::FAILURE
}
