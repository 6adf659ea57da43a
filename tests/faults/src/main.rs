//! `faults`: the fault suite's command. Exit 1 where something must not be, 2 for usage.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use loopline_faults::faults::schedule;
use loopline_faults::report::{replay, report};
use loopline_faults::run::{Options, run};

/// Where read models are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Database {
    /// Files.
    Sqlite,
    /// A server that the run starts.
    Postgres,
}

/// Faults injected into the product as real processes under load, and a verdict on the record.
#[derive(Debug, Parser)]
#[command(name = "faults")]
struct Arguments {
    /// How long faults are injected; each comes at least once.
    #[arg(long, default_value_t = 2.0)]
    minutes: f64,
    /// The seed of everything; one from the clock where absent.
    #[arg(long)]
    seed: Option<u64>,
    /// Where read models are.
    #[arg(long, value_enum, default_value = "sqlite")]
    database: Database,
    /// Only these faults, separated by commas.
    #[arg(long, value_delimiter = ',')]
    fault: Vec<String>,
    /// Two faults at a time.
    #[arg(long)]
    together: bool,
    /// The product's debug binary.
    #[arg(long, env = "LOOPLINE_BIN")]
    loopline: PathBuf,
    /// The broker's binary.
    #[arg(long, env = "LOOPLINE_NATS_SERVER")]
    nats_server: PathBuf,
    /// Where histories and logs are left.
    #[arg(long, default_value = "tests/output/faults")]
    output: PathBuf,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let faults = match schedule::named(&arguments.fault) {
        Ok(faults) => faults,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    let by_clock = runtime::Clock::system().now().timestamp_millis().unsigned_abs() % 1_000_000;
    let options = Options {
        minutes: arguments.minutes,
        seed: arguments.seed.unwrap_or(by_clock),
        postgres: arguments.database == Database::Postgres,
        faults,
        together: arguments.together,
        loopline: arguments.loopline,
        nats_server: arguments.nats_server,
        output: arguments.output,
    };
    eprintln!("seed {}: {}", options.seed, replay(&options));
    tokio::select! {
        verdict = run(&options) => match verdict {
            Ok(verdict) => {
                let _ = write!(std::io::stdout().lock(), "\n{}", report(&options, &verdict));
                if verdict.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
            }
            Err(error) => {
                eprintln!("the run failed: {error:#}\nseed {}; to play it again: {}", options.seed, replay(&options));
                ExitCode::FAILURE
            }
        },
        // The guard ends every process once this one is gone.
        () = interrupted() => {
            eprintln!("interrupted; seed {}; to play it again: {}", options.seed, replay(&options));
            ExitCode::from(130)
        }
    }
}

async fn interrupted() {
    let Ok(mut ended) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) else {
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = ended.recv() => {}
    }
}
