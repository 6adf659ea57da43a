//! Processes that die, at random or at a point of their code, and one that only sleeps.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rustix::process::{Pid, Signal, kill_process};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::world::{Target, World};
use super::{Done, Point};
use crate::system::until;

/// How long a point of the code may take to be passed.
const REACHED_MAX: Duration = Duration::from_secs(15);

/// Kills services at random, one every one to five seconds.
pub(super) async fn services(world: &World, random: &mut StdRng) -> anyhow::Result<Done> {
    let system = world.system()?;
    let rounds = if world.long { random.random_range(3..12) } else { 3 };
    let mut killed = Vec::new();
    for round in 0..rounds {
        if round > 0 {
            let most = if world.long { 5000 } else { 2000 };
            runtime::clock::pause(Duration::from_millis(random.random_range(1000..most))).await;
        }
        let service = &system.services[random.random_range(0..system.services.len())];
        if service.process.kill() {
            killed.push(service.name);
        }
    }
    Ok(Done::well(format!("killed {}", killed.join(", "))))
}

/// Kills the broker, once or several times.
pub(super) async fn broker(world: &World, random: &mut StdRng) -> anyhow::Result<Done> {
    let system = world.system()?;
    let times = random.random_range(1..3);
    for _ in 0..times {
        let before = system.broker.starts();
        system.broker.kill();
        until("the broker is started again", REACHED_MAX, async || {
            system.broker.starts() > before
        })
        .await?;
        runtime::clock::pause(Duration::from_millis(random.random_range(0..1000))).await;
    }
    Ok(Done::well(format!("killed the broker {times} times")))
}

/// Kills everything at once.
pub(super) async fn everything(world: &World) -> anyhow::Result<Done> {
    let system = world.system()?;
    let before = system.broker.starts();
    system.broker.kill();
    for service in &system.services {
        service.process.kill();
    }
    until("the broker is started again", REACHED_MAX, async || {
        system.broker.starts() > before
    })
    .await?;
    Ok(Done::well("killed every process"))
}

/// Starts a service that will die at a point, and makes it get there.
pub(super) async fn crash(world: &Arc<World>, point: Point, random: &mut StdRng) -> anyhow::Result<Done> {
    let system = world.system()?;
    let service = system.service(point.services[random.random_range(0..point.services.len())]);
    let nth = random.random_range(1..=point.nth_max);
    let before = service.process.starts();
    service.process.arm(&format!("{}:{nth}", point.name));
    service.process.kill();
    let crashed = || service.process.starts() >= before + 2;
    // Whoever asks is answered only after the restart, so that asking goes on beside the waiting.
    let enough = CancellationToken::new();
    // Events go together only where several wait.
    let askers = if point.name == "append.together" { 12 } else { 1 };
    let mut asked = JoinSet::new();
    for _ in 0..askers {
        let (asking, over, seed): (_, _, u64) = (world.clone(), enough.clone(), random.random());
        asked.spawn(async move {
            let mut random = StdRng::seed_from_u64(seed);
            while !over.is_cancelled() && asking.nudge(&mut random).await.is_ok() {}
        });
    }
    let began = Instant::now();
    while !crashed() && began.elapsed() < REACHED_MAX {
        runtime::clock::pause(Duration::from_millis(20)).await;
    }
    enough.cancel();
    while let Some(asker) = asked.join_next().await {
        asker?;
    }
    let what = format!("{} at {}:{nth}", service.name, point.name);
    if crashed() {
        Ok(Done::well(what))
    } else {
        Ok(Done::well(format!("{what}, which it did not reach")))
    }
}

/// Stops a worker for a while; sometimes another of the same service runs meanwhile.
pub(super) async fn pause(world: &World, random: &mut StdRng) -> anyhow::Result<Done> {
    let system = world.system()?;
    // As often as not it is the one that has policies, a read model and a clock.
    let names = [
        "routing",
        "routing",
        "routing",
        "timeline",
        "ledger",
        "intake",
        "resolution",
        "directory",
    ];
    let service = system.service(names[random.random_range(0..names.len())]);
    let second = service.name == "routing" || random.random_range(0..2) == 0;
    let lasts = world.lasts(random, 60);
    let beside = second.then(|| {
        let name = format!("{}-beside", service.name);
        let layout = &system.layout;
        layout.serve(&name, service.name, service.proxy.port(), system.ports.gateway)
    });
    if let Some(beside) = &beside {
        until("the second one runs", REACHED_MAX, async || beside.is_running()).await?;
        runtime::clock::pause(Duration::from_millis(700)).await;
    }
    service.process.signal(Signal::STOP);
    runtime::clock::pause(lasts).await;
    service.process.signal(Signal::CONT);
    if let Some(beside) = &beside {
        // Both at once for a moment, then the old one alone again.
        runtime::clock::pause(Duration::from_millis(500)).await;
        beside.stop().await;
    }
    let seconds = lasts.as_secs_f64();
    let with = if second { "with another beside it" } else { "alone" };
    Ok(Done::well(format!(
        "{} stopped for {seconds:.1} s, {with}",
        service.name
    )))
}

/// Kills the all-in-one; its broker must end with it.
pub(super) async fn up(world: &World, random: &mut StdRng) -> anyhow::Result<Done> {
    let Target::AllInOne(up) = &world.target else {
        anyhow::bail!("this fault needs the all-in-one");
    };
    runtime::clock::pause(Duration::from_millis(random.random_range(500..2000))).await;
    let before = up.starts();
    let pid_file = world.data.join("nats/nats.pid");
    let broker = std::fs::read_to_string(&pid_file).unwrap_or_default();
    up.kill();
    until("the all-in-one is started again", REACHED_MAX, async || {
        up.starts() > before
    })
    .await?;
    let changed = async || std::fs::read_to_string(&pid_file).is_ok_and(|now| now != broker);
    until("another broker runs", Duration::from_secs(30), changed).await?;
    Ok(Done::well("killed the all-in-one"))
}

/// Kills only the all-in-one's broker.
pub(super) async fn up_broker(world: &World) -> anyhow::Result<Done> {
    let pid_file = world.data.join("nats/nats.pid");
    let before = std::fs::read_to_string(&pid_file)?;
    let pid = before.trim().parse().ok().and_then(Pid::from_raw);
    if let Some(pid) = pid {
        kill_process(pid, Signal::KILL)?;
    }
    let changed = async || std::fs::read_to_string(&pid_file).is_ok_and(|now| now != before && !now.is_empty());
    until("another broker runs", Duration::from_secs(30), changed).await?;
    Ok(Done::well("killed the all-in-one's broker"))
}
