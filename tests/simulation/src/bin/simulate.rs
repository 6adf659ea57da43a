//! Runs worlds side by side, shows how far it has come, and prints what was seen; or tells the story of one world.

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::Parser;
use runtime::Lifecycle;
use simulation::{Options, Report};
use tokio::runtime::Builder;

/// As in the product; the system's own took more than a third of the time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Plays whole worlds of schools and departments against the real services, each from one number.
#[derive(Debug, Parser)]
#[command(name = "tests/simulate")]
struct Arguments {
    /// How many worlds to play.
    #[arg(long, default_value_t = 10_000)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// Play this one world and print its story.
    #[arg(long)]
    seed: Option<u64>,
}

/// Seeds that do not hold after which the rest is not played.
const BROKEN_MAX: usize = 5;
/// How often to say how far it has come.
const PROGRESS: Duration = Duration::from_secs(2);
/// What it ends with where it was interrupted, as shells have it.
const INTERRUPTED: u8 = 130;
/// Worlds among which every promised outcome occurs.
const ALL_ROWS_FROM: u64 = 2000;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.seed {
        Some(seed) => one(seed),
        None => many(arguments.from, arguments.seeds),
    }
}

#[expect(clippy::print_stdout, reason = "a program that prints")]
fn one(seed: u64) -> ExitCode {
    let options = Options {
        story: true,
        sabotage: None,
    };
    let Ok(played) = simulation::play(seed, options) else {
        return ExitCode::FAILURE;
    };
    for line in &played.story {
        println!("{line}");
    }
    match played.broken {
        None => {
            println!("seed {seed}: all holds, after {} events in loops", played.report.events);
            ExitCode::SUCCESS
        }
        Some(broken) => {
            println!("seed {seed}: {}", broken.sentence);
            ExitCode::FAILURE
        }
    }
}

#[derive(Default)]
struct Shared {
    next: AtomicU64,
    stop: AtomicBool,
    lifecycle: Lifecycle,
    report: Mutex<Report>,
    broken: Mutex<Vec<(u64, String)>>,
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[expect(clippy::print_stdout, reason = "a program that prints")]
fn many(from: u64, seeds: u64) -> ExitCode {
    let shared = Shared::default();
    let Ok(listening) = Builder::new_multi_thread().worker_threads(1).enable_io().build() else {
        return ExitCode::FAILURE;
    };
    listening.block_on(async { shared.lifecycle.stop_on_signals() });
    let began = Instant::now();
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for nth in 0..threads {
            let shared = &shared;
            scope.spawn(move || play(shared, from, seeds, nth == 0, began));
        }
    });
    let report = locked(&shared.report).clone();
    let seconds = began.elapsed().as_secs_f64();
    println!("{report}");
    println!("{:.0} worlds a second", report.worlds as f64 / seconds);
    let mut broken = locked(&shared.broken).clone();
    broken.sort();
    for (seed, sentence) in &broken {
        println!("\nseed {seed}: {sentence}\n  its story: tests/simulate --seed {seed}");
    }
    let missing = report.missing();
    let enough = report.worlds >= ALL_ROWS_FROM;
    if !missing.is_empty() && enough {
        println!("\nnever occurred: {missing:?}");
    }
    if broken.is_empty() && shared.lifecycle.is_stopping() {
        println!("\nit was interrupted");
        return ExitCode::from(INTERRUPTED);
    }
    if broken.is_empty() && (missing.is_empty() || !enough) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn play(shared: &Shared, from: u64, seeds: u64, says: bool, began: Instant) {
    let mut own = Report::default();
    let mut said = Instant::now();
    loop {
        let nth = shared.next.fetch_add(1, Ordering::SeqCst);
        if nth >= seeds || shared.stop.load(Ordering::SeqCst) || shared.lifecycle.is_stopping() {
            break;
        }
        let seed = from + nth;
        let Ok(played) = simulation::play(seed, Options::default()) else {
            locked(&shared.broken).push((seed, "it was not played: the system gives no more runtimes".to_owned()));
            break;
        };
        own.add(&played.report);
        if let Some(broken) = played.broken {
            let mut all = locked(&shared.broken);
            all.push((seed, broken.sentence));
            if all.len() >= BROKEN_MAX {
                shared.stop.store(true, Ordering::SeqCst);
            }
        }
        if says && said.elapsed() >= PROGRESS {
            said = Instant::now();
            let rate = nth as f64 / began.elapsed().as_secs_f64();
            let broken = locked(&shared.broken).len();
            eprintln!("{nth} of {seeds} worlds, {rate:.0} a second, {broken} broken; the last was seed {seed}");
        }
    }
    locked(&shared.report).add(&own);
}
