//! `loopline bench`: a private temporary system measured against the raw broker and the raw database of the same
//! machine in the same run. What counts are the ratios; the absolute figures say what this machine is.

mod authorise;
mod clients;
mod http;
mod lives;
mod pages;
mod raw;
mod record;
mod report;
mod screen;
mod story;
mod system;
mod watch;
mod words;

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex};

use anyhow::Context;
use runtime::Lifecycle;

use crate::broker;
use crate::cli::{BenchOptions, BenchPart, print, say};
use crate::services::location;
use clients::{Filed, Tokens, Window};
use report::{Broker, Commands, Filing, LedgerCost, Machine, Pages, Proving, Rebuild, Report, Resident, Screen};
use system::System;
use watch::Watch;

/// What a filing and its routing weigh, where none was looked at.
const WEIGHTS: [usize; 2] = [2400, 900];

/// Measures, prints, and removes what it made.
pub(crate) async fn bench(options: BenchOptions) -> anyhow::Result<()> {
    if cfg!(debug_assertions) {
        say("This is a debug build: its figures say nothing about a release.");
    }
    let folder = match &options.folder {
        Some(folder) => {
            std::fs::create_dir_all(folder)?;
            tempfile::tempdir_in(folder)?
        }
        None => tempfile::tempdir()?,
    };
    let lifecycle = Lifecycle::default();
    lifecycle.stop_on_signals();
    let report = tokio::select! {
        report = measure(&options, folder.path()) => report,
        () = lifecycle.stopping() => anyhow::bail!("interrupted"),
    };
    if options.keep {
        say(&format!("Kept in {}", folder.keep().display()));
    }
    let report = report?;
    if options.json {
        print(&serde_json::to_string(&report)?)
    } else {
        print(&report.text())
    }
}

/// An id that nobody else has.
fn id() -> String {
    runtime::ids::secret_hex(16)
}

async fn measure(options: &BenchOptions, folder: &Path) -> anyhow::Result<Report> {
    let wants = |part| options.only.is_empty() || options.only.contains(&part);
    let story = story::write(folder)?;
    let database = options.database.as_deref();
    let server = std::process::Command::new(broker::find()?).arg("--version").output()?;
    let server = String::from_utf8_lossy(&server.stdout).trim().to_owned();
    let place = if database.is_some() { "PostgreSQL" } else { "SQLite" };
    let mut report = Report {
        machine: Machine::this(server, place, options.clients, options.seconds),
        ..Report::default()
    };
    if wants(BenchPart::File) || wants(BenchPart::Command) || wants(BenchPart::Screen) {
        at_work(options, folder, &story, &mut report).await?;
    }
    if wants(BenchPart::Ledger) {
        report.ledger = Some(with_and_without_ledger(options, folder, &story).await?);
    }
    if wants(BenchPart::Rebuild) || wants(BenchPart::Pages) || wants(BenchPart::Record) {
        large(options, folder, &story, &mut report).await?;
    }
    Ok(report)
}

/// People at work on a system that is empty at first.
async fn at_work(options: &BenchOptions, folder: &Path, story: &Path, report: &mut Report) -> anyhow::Result<()> {
    let wants = |part| options.only.is_empty() || options.only.contains(&part);
    let (clients, seconds) = (options.clients, options.seconds);
    say("The broker alone, before");
    let before = raw::appends(&folder.join("before"), clients, &WEIGHTS, seconds).await?;
    let alone = raw::appends(&folder.join("alone"), 1, &WEIGHTS, seconds.min(5)).await?;
    let data = folder.join("work");
    let system = System::start(&data, story, options.database.as_deref()).await?;
    report.rss_mb.idle = system.resident_mb()?;
    let people = system.people()?;
    let tokens = Arc::new(Tokens::of(&people)?);
    let watch = Watch::over(&data);
    let filed: Arc<Mutex<VecDeque<Filed>>> = Arc::default();

    say("Filing, one client");
    let one = clients::file(system.address, &tokens, 1, Window::of(seconds.min(5)), &filed).await?;
    watch.rest().await?;
    say(&format!("Filing, {clients} clients"));
    let window = Window::of(seconds);
    let filing = clients::file(system.address, &tokens, clients, window, &filed).await?;
    report.rss_mb.loaded = system.resident_mb()?;
    watch.rest().await?;
    let seen = watch.between(window.from, window.to).await?;
    let filing_appends = seen.appended as f64 / seconds as f64;
    let mut command = None;
    if wants(BenchPart::Command) {
        say(&format!("Commands on those loops, {clients} clients"));
        let window = Window::of(seconds);
        let acting = clients::act(system.address, &tokens, clients, window, &filed).await?;
        let appends = watch.between(window.from, window.to).await?.appended as f64 / seconds as f64;
        report.rss_mb.loaded = report.rss_mb.loaded.max(system.resident_mb()?);
        let judged = watch.judged().await?;
        command = Some((acting, appends, judged));
    }
    if wants(BenchPart::Screen) {
        say("From a command to another person's screen");
        let micros = screen::measure(system.address, &people, &tokens, seconds, &filed).await?;
        report.screen = Some(Screen {
            p50_ms: micros.value_at_quantile(0.5) as f64 / 1000.0,
            p99_ms: micros.value_at_quantile(0.99) as f64 / 1000.0,
            commands: micros.len(),
        });
    }
    system.stop().await?;
    say("The broker alone, after");
    let after = raw::appends(&folder.join("after"), clients, &seen.weights, seconds).await?;
    let raw = f64::midpoint(before, after);
    report.broker = Some(Broker {
        per_s: raw,
        one_client_per_s: alone,
        bytes: seen.weights,
    });
    report.file = Some(Filing {
        per_s: filing.per_s(),
        appends_per_s: filing_appends,
        p50_ms: filing.ms(0.5),
        p99_ms: filing.ms(0.99),
        ratio_to_broker: filing_appends / raw,
        one_client_p50_ms: one.ms(0.5),
        one_client_p99_ms: one.ms(0.99),
        routing_lag_max_ms: seen.lag_max.as_secs_f64() * 1000.0,
    });
    let cores = report.machine.cores as f64;
    report.command = command.map(|(acting, appends, judged)| Commands {
        per_s: acting.per_s(),
        p50_ms: acting.ms(0.5),
        p99_ms: acting.ms(0.99),
        ratio_to_broker: appends / raw,
        authorised_us: judged,
        authorised_share: judged * acting.per_s() / (1e6 * cores),
    });
    Ok(())
}

/// How often filing is measured with the ledger and without it, in turns: the disk is not the same for long.
const TURNS: usize = 3;

/// What the ledger costs those who file.
async fn with_and_without_ledger(options: &BenchOptions, folder: &Path, story: &Path) -> anyhow::Result<LedgerCost> {
    let (clients, seconds) = (options.clients, options.seconds);
    // Each has tables of its own; where a database is named, only one of them could use it.
    let with = System::start(&folder.join("with"), story, None).await?;
    let without = System::start_without_ledger(&folder.join("without"), story, None).await?;
    let (mut kept, mut bare) = (0.0, 0.0);
    for turn in 1..=TURNS {
        for (system, sum, what, data) in [
            (&with, &mut kept, "with", "with"),
            (&without, &mut bare, "without", "without"),
        ] {
            say(&format!("Filing {what} the ledger, turn {turn} of {TURNS}"));
            let tokens = Arc::new(Tokens::of(&system.people()?)?);
            let filing = clients::file(system.address, &tokens, clients, Window::of(seconds), &Arc::default()).await?;
            *sum += filing.per_s() / TURNS as f64;
            Watch::over(&folder.join(data)).rest().await?;
        }
    }
    let (with_mb, without_mb) = (with.resident_mb()?, without.resident_mb()?);
    with.stop().await?;
    without.stop().await?;
    Ok(LedgerCost {
        with_per_s: kept,
        without_per_s: bare,
        ratio: kept / bare,
        with_mb,
        without_mb,
    })
}

/// The most loops over which all services are started to read pages.
const WHOLE_LOOPS_MAX: u64 = 20_000;

/// A large record: made into a timeline again, and read.
async fn large(options: &BenchOptions, folder: &Path, story: &Path, report: &mut Report) -> anyhow::Result<()> {
    let wants = |part| options.only.is_empty() || options.only.contains(&part);
    let database = options.database.as_deref();
    let data = folder.join("large");
    let system = System::start(&data, story, database).await?;
    if report.rss_mb.idle == 0.0 {
        report.rss_mb = Resident {
            idle: system.resident_mb()?,
            ..Resident::default()
        };
    }
    let people = system.people()?;
    system.stop().await?;
    say(&format!("Filling a record with {} loops", options.loops));
    record::fill(&data, &people.cast()?, options.loops).await?;
    let place = location(database, data.join("db"));
    if wants(BenchPart::Record) {
        let proven = record::prove(&data, &place)
            .await
            .context("failed to prove the record")?;
        report.record = Some(Proving {
            entries: proven.entries,
            taken_per_s: proven.taken_per_s,
            export_s: proven.export_s,
            verify_s: proven.verify_s,
            verified_per_s: proven.entries as f64 / proven.verify_s,
            ratio_to_hashing: proven.hash_s / proven.verify_s,
        });
    }
    if !(wants(BenchPart::Rebuild) || wants(BenchPart::Pages)) {
        return Ok(());
    }
    let made = record::make(&data, &place)
        .await
        .context("failed to make the timeline again")?;
    report.rebuild = Some(Rebuild {
        events_per_s: made.events_per_s,
        replay_per_s: made.replay_per_s,
        ratio_to_replay: made.events_per_s / made.replay_per_s,
        raw_rows_per_s: made.rows_per_s,
        ratio_to_raw_rows: made.events_per_s / made.rows_per_s,
        events: made.events,
        loops: options.loops,
    });
    if wants(BenchPart::Pages) {
        say("Reading pages over it");
        // Once to take the record in everywhere, once more to see how it starts.
        // The policies of a record that was filled without them have all of it before them: a large one is only read.
        let system = if options.loops <= WHOLE_LOOPS_MAX {
            let first = System::start(&data, story, database).await?;
            Watch::over(&data).settled().await?;
            first.stop().await?;
            System::start(&data, story, database).await?
        } else {
            let first = System::start_reading(&data, story, database).await?;
            first.stop().await?;
            System::start_reading(&data, story, database).await?
        };
        report.rss_mb.large = Some(system.resident_mb()?);
        let read = pages::read(system.address, &people).await?;
        let ms =
            |histogram: &hdrhistogram::Histogram<u64>, quantile| histogram.value_at_quantile(quantile) as f64 / 1000.0;
        report.pages = Some(Pages {
            inbox_p50_ms: ms(&read.inbox, 0.5),
            inbox_p99_ms: ms(&read.inbox, 0.99),
            loop_p50_ms: ms(&read.one, 0.5),
            loop_p99_ms: ms(&read.one, 0.99),
            search_p50_ms: ms(&read.search, 0.5),
            search_p99_ms: ms(&read.search, 0.99),
            list_p99_ms: ms(&read.list, 0.99),
            figures_p50_ms: ms(&read.figures, 0.5),
            figures_p99_ms: ms(&read.figures, 0.99),
            contact_p99_ms: ms(&read.contact, 0.99),
            loops: options.loops,
            ready_ms: system.ready_after.as_secs_f64() * 1000.0,
        });
        system.stop().await?;
    }
    Ok(())
}
