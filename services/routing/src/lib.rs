//! Routing owns the assignment's chapter of a loop: who has it, by when, and what time brings about. It appends
//! routing's events and no others.
//!
//! Rules are data of the district; each routing records the rule and the version that chose it. Due dates live in
//! routing's own table, which follows from the log; a tick finds what is due, so any number of replicas may tick.

pub mod commands;
pub mod domain;
pub mod policies;
mod queries;
pub mod read_model;
pub mod tick;

use std::sync::Arc;
use std::time::Duration;

use decider::Desk;
use eventlog::Log;
use messaging::{Bus, Endpoint, Own, run_policies, serve};
use projection::{Model, Position};
use runtime::{Health, Lifecycle};
use sql::{Db, Durability, Location};

pub use tick::{Ticked, Watching, tick};

/// How often routing looks at the time.
const TICK: Duration = Duration::from_secs(2);

/// Opens routing's read model.
pub async fn open(location: &Location, log: Log) -> anyhow::Result<Model<read_model::Watch>> {
    let db = Db::open(location, "routing", read_model::MIGRATIONS, Durability::Rebuildable).await?;
    Ok(Model {
        db,
        model: Arc::new(read_model::Watch::new(log)),
        position: Position::default(),
    })
}

/// Serves routing's commands, policies and clock until the process ends.
pub async fn run(
    bus: Bus,
    desk: Desk,
    location: &Location,
    lifecycle: &Lifecycle,
    health: &Health,
) -> anyhow::Result<()> {
    let model = open(location, desk.log.clone()).await?;
    lifecycle.spawn_to_its_end(projection::run(
        desk.log.clone(),
        model.clone(),
        lifecycle.clone(),
        health.clone(),
        "routing",
    ));
    let desk_for_own = desk.clone();
    let own = Own::new(move |incoming| {
        let desk = desk_for_own.clone();
        async move { commands::handle_policy(&desk, &incoming).await }
    });
    lifecycle.spawn(run_policies(
        desk.log.clone(),
        bus.clone(),
        lifecycle.clone(),
        health.clone(),
        "routing",
        policies::ALL,
        own.clone(),
    ));
    let (people, ticking) = (desk.clone(), (desk.clone(), model.clone()));
    let asked = model.clone();
    let endpoints = vec![
        Endpoint::new("user", "svc.routing.user.*".to_owned(), move |incoming| {
            let desk = people.clone();
            async move { commands::handle_person(&desk, &incoming).await }
        }),
        Endpoint::new("tick", "svc.routing.clock.tick".to_owned(), move |_| {
            let (desk, model) = ticking.clone();
            async move { tick(&desk, &model).await }
        }),
        Endpoint::new("ask", "ask.routing.*".to_owned(), move |incoming| {
            let model = asked.clone();
            async move { queries::answer(&model, &incoming).await }
        }),
        own.endpoint("svc.routing.policy.*".to_owned()),
    ];
    serve(&bus, lifecycle, "routing", endpoints)
        .await
        .map_err(|error| anyhow::anyhow!("routing cannot serve: {error}"))?;
    lifecycle.spawn(async move {
        loop {
            runtime::clock::pause(TICK).await;
            if let Err(problem) = tick(&desk, &model).await {
                tracing::debug!(%problem, "a tick was put off");
            }
        }
    });
    Ok(())
}
