//! The way between services and broker: late, cut, silent, and one word lost.

use std::time::{Duration, Instant};

use rand::RngExt;
use rand::rngs::StdRng;

use super::Done;
use super::world::World;
use crate::system::{Service, System};

/// Some of the services, at least one.
fn some<'a>(system: &'a System, random: &mut StdRng) -> Vec<&'a Service> {
    let chosen: Vec<&Service> = system
        .services
        .iter()
        .filter(|_| random.random_range(0..2) == 0)
        .collect();
    if chosen.is_empty() {
        vec![&system.services[random.random_range(0..system.services.len())]]
    } else {
        chosen
    }
}

fn names(services: &[&Service]) -> String {
    services
        .iter()
        .map(|service| service.name)
        .collect::<Vec<_>>()
        .join(", ")
}

/// Everything is late for a while.
pub(super) async fn delay(world: &World, random: &mut StdRng) -> anyhow::Result<Done> {
    let system = world.system()?;
    let services = some(system, random);
    let most = random.random_range(20..400);
    for service in &services {
        service.proxy.change(|weather| weather.delay_ms_max = most);
    }
    runtime::clock::pause(world.lasts(random, 20)).await;
    for service in &services {
        service.proxy.change(|weather| weather.delay_ms_max = 0);
    }
    Ok(Done::well(format!("up to {most} ms for {}", names(&services))))
}

/// Connections are cut, several times.
pub(super) async fn cut(world: &World, random: &mut StdRng) -> anyhow::Result<Done> {
    let system = world.system()?;
    let times = random.random_range(2..6);
    let mut cut = 0;
    for _ in 0..times {
        for service in some(system, random) {
            service.proxy.cut();
            cut += 1;
        }
        runtime::clock::pause(Duration::from_millis(random.random_range(100..800))).await;
    }
    Ok(Done::well(format!("{cut} cuts in {times} rounds")))
}

/// Nothing passes, and nobody is told; then what was held comes late, or never.
pub(super) async fn half_open(world: &World, random: &mut StdRng) -> anyhow::Result<Done> {
    let system = world.system()?;
    let services = some(system, random);
    let late = random.random_range(0..2) == 0;
    for service in &services {
        service.proxy.change(|weather| weather.held = true);
    }
    runtime::clock::pause(world.lasts(random, 25)).await;
    for service in &services {
        if !late {
            service.proxy.cut();
        }
        service.proxy.change(|weather| weather.held = false);
    }
    let then = if late { "then late" } else { "then cut" };
    Ok(Done::well(format!("{}, {then}", names(&services))))
}

/// The word that an event was stored goes missing on its way to who wrote it.
pub(super) async fn lose_ack(world: &World, random: &mut StdRng) -> anyhow::Result<Done> {
    let system = world.system()?;
    let writers = ["intake", "routing", "resolution"];
    let service = system.service(writers[random.random_range(0..writers.len())]);
    let count = random.random_range(1..4);
    let before = service.proxy.lost();
    service.proxy.lose_acknowledgements(count);
    let began = Instant::now();
    while service.proxy.lost() < before + count && began.elapsed() < Duration::from_secs(10) {
        world.nudge(random).await?;
    }
    service.proxy.lose_acknowledgements(0);
    let lost = service.proxy.lost() - before;
    let mut done = Done::well(format!("{lost} lost on their way to {}", service.name));
    if lost == 0 {
        done.complaints.push("none could be lost".to_owned());
    }
    Ok(done)
}
