//! One run from its seed: folder, processes, load, faults, rest, verdict.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use futures::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sql::Location;

use crate::checker::{self, Evidence, Violation};
use crate::driver::{self, Board};
use crate::faults::{Fault, Stage, Target, World, inject, schedule};
use crate::history::{History, Injected, Record};
use crate::observe::Observer;
use crate::rest::{calm_down, gather};
use crate::system::guard::{Guard, end_stale};
use crate::system::{Layout, Ports, System, free_port, setup};

/// What is asked of a run.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long faults are injected, at least; every fault comes at least once.
    pub minutes: f64,
    /// The seed of everything.
    pub seed: u64,
    /// Whether read models are in PostgreSQL.
    pub postgres: bool,
    /// Which faults.
    pub faults: Vec<Fault>,
    /// Whether faults are injected two at a time.
    pub together: bool,
    /// The product's binary.
    pub loopline: PathBuf,
    /// The broker's binary.
    pub nats_server: PathBuf,
    /// Where runs leave their history and logs.
    pub output: PathBuf,
}

/// What a run came to.
#[derive(Debug)]
pub struct Verdict {
    /// What must not be.
    pub violations: Vec<Violation>,
    /// What it rests on.
    pub evidence: Evidence,
    /// The run's folder.
    pub run: PathBuf,
    /// How long the load lasted.
    pub lasted: Duration,
}

/// Does a whole run.
pub async fn run(options: &Options) -> anyhow::Result<Verdict> {
    let database = if options.postgres { "postgres" } else { "sqlite" };
    let run = options
        .output
        .join(format!("{}-{database}-{}", options.seed, std::process::id()));
    std::fs::create_dir_all(run.join("logs"))?;
    let run = run.canonicalize()?;
    end_stale(&options.output);
    let _guard = Guard::over(&run)?;
    let data = run.join("data");
    let location = if options.postgres {
        let named = harness::location(true).await;
        named.context("LOOPLINE_TEST_PG_BIN names no PostgreSQL")?
    } else {
        Location::Folder(data.join("db"))
    };
    let layout = Layout {
        loopline: options.loopline.canonicalize().context("there is no loopline binary")?,
        nats_server: options.nats_server.clone(),
        run: run.clone(),
        data: data.clone(),
        location,
        seed: options.seed,
    };
    let ports = Ports {
        broker: free_port()?,
        gateway: free_port()?,
    };
    setup::make_folder(&layout, ports.gateway).await?;
    let history = History::new(Some(&run.join("history.jsonl")))?;
    let loops_max = (40.0 * options.minutes.clamp(1.0, 10.0)) as usize;
    let board = Board::new(&data, ports.gateway, history, options.seed, loops_max)?;
    let began = Instant::now();
    let played = play(options, &layout, ports, &board).await?;
    let lasted = began.elapsed();
    let evidence = gather(&layout, ports, &board, played).await?;
    let violations = checker::check(&evidence);
    if violations.is_empty() {
        // The folder's only use is to look into after a failure.
        std::fs::remove_dir_all(&data)?;
    }
    Ok(Verdict {
        violations,
        evidence,
        run,
        lasted,
    })
}

/// What is known when the load is over.
pub(crate) struct Played {
    pub(crate) before: u64,
    pub(crate) spoilt: BTreeSet<String>,
    pub(crate) restless: Vec<String>,
}

async fn play(options: &Options, layout: &Layout, ports: Ports, board: &Arc<Board>) -> anyhow::Result<Played> {
    let mut random = StdRng::seed_from_u64(options.seed);
    let spoilt = Arc::new(Mutex::new(BTreeSet::new()));
    let ends = Instant::now() + Duration::from_secs_f64(options.minutes * 60.0);
    let system = System::start(layout.clone(), ports).await?;
    driver::fewer_make_a_pattern(board).await?;
    let before = Observer::connect(&layout.data, ports.broker, "operator")
        .await?
        .head()
        .await?;
    let mut clients = driver::start(board)?;
    let of = |stage| -> Vec<Fault> {
        options
            .faults
            .iter()
            .copied()
            .filter(|fault| fault.stage() == stage)
            .collect()
    };
    let world = |target| {
        Arc::new(World {
            target,
            board: board.clone(),
            long: options.minutes > 3.0,
            spoilt: spoilt.clone(),
            data: layout.data.clone(),
        })
    };
    let (apart, in_one) = (of(Stage::Services), of(Stage::AllInOne));
    let services = world(Target::Services(system));
    if !apart.is_empty() {
        let share = if in_one.is_empty() {
            Duration::ZERO
        } else {
            ends.duration_since(Instant::now()) / 6
        };
        rounds(
            options,
            &services,
            &apart,
            ends.checked_sub(share).unwrap_or(ends),
            &mut random,
        )
        .await?;
    }
    let mut restless = Vec::new();
    if in_one.is_empty() {
        restless = calm_down(layout, ports.broker, board, &mut clients).await?;
        services.system()?.stop().await;
    } else {
        eprintln!("from here on all in one process");
        services.system()?.stop().await;
        let up = setup::all_in_one(layout, "up", ports.gateway, false);
        setup::ready(ports.gateway).await?;
        rounds(
            options,
            &world(Target::AllInOne(up.clone())),
            &in_one,
            ends,
            &mut random,
        )
        .await?;
        setup::ready(ports.gateway).await?;
        let running: serde_json::Value = serde_json::from_slice(&std::fs::read(layout.data.join("running.json"))?)?;
        let port = running["nats"]
            .as_str()
            .and_then(|url| url.rsplit(':').next()?.parse().ok());
        let port = port.context("the all-in-one does not say where its broker is")?;
        restless.extend(calm_down(layout, port, board, &mut clients).await?);
        up.stop().await;
    }
    let spoilt = spoilt.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Ok(Played {
        before,
        spoilt,
        restless,
    })
}

/// Injects rounds of faults until the time is over, the first one whole.
async fn rounds(
    options: &Options,
    world: &Arc<World>,
    faults: &[Fault],
    ends: Instant,
    random: &mut StdRng,
) -> anyhow::Result<()> {
    let mut first = true;
    loop {
        let order = schedule::round(faults, random);
        for some in order.chunks(if options.together { 2 } else { 1 }) {
            if !first && Instant::now() >= ends {
                return Ok(());
            }
            let seeds: Vec<u64> = some.iter().map(|_| random.random()).collect();
            runtime::clock::pause(Duration::from_millis(random.random_range(0..300))).await;
            let injections = some.iter().zip(seeds).map(|(fault, seed)| one(*fault, world, seed));
            for injected in join_all(injections).await {
                let injected = injected?;
                let lost = injected.back_ms.is_none();
                world.board.history.keep(Record::Fault(injected));
                if lost {
                    return Ok(());
                }
            }
        }
        first = false;
        if Instant::now() >= ends {
            return Ok(());
        }
    }
}

async fn one(fault: Fault, world: &Arc<World>, seed: u64) -> anyhow::Result<Injected> {
    let mut random = StdRng::seed_from_u64(seed);
    let history = &world.board.history;
    let began = history.now();
    let done = inject(fault, world, &mut random)
        .await
        .with_context(|| format!("failed to inject {fault}"))?;
    let ended = history.now();
    let back_ms = world.back(random.random()).await?;
    let back = back_ms.map_or("NOT BACK".to_owned(), |ms| format!("back after {ms} ms"));
    let at = began / 1_000_000;
    eprintln!(
        "{at:>5} s  {fault}: {}; {back} {}",
        done.what,
        done.complaints.join("; ")
    );
    Ok(Injected {
        fault: fault.to_string(),
        what: done.what,
        began,
        ended,
        back_ms,
        complaints: done.complaints,
    })
}
