//! Flexibility owns the register: what is allowed, for whom and until when, and what must stay as it is. It appends
//! the register's events and no others.
//!
//! A loop's answer that allows something makes a part of the register once a school confirms it, by a policy; people
//! write down the rest. A tick lets what is over expire, and tells each loop that rests on something what became of
//! it. Its read model finds what is like the words somebody types.

pub mod commands;
pub mod domain;
pub mod policies;
mod queries;
pub mod read_model;
pub mod similar;
mod tick;
mod views;

use std::sync::Arc;
use std::time::Duration;

use decider::Desk;
use eventlog::Log;
use messaging::{Bus, Endpoint, run_policies, serve};
use projection::{Model, Position};
use runtime::{Health, Lifecycle};
use sealing::Keyring;
use sql::{Db, Durability, Location};

pub use tick::{Ticked, Watching, tick};

/// How often the register looks at the time.
const TICK: Duration = Duration::from_secs(2);

/// Opens the register's read model.
pub async fn open(location: &Location, log: Log, keyring: Keyring) -> anyhow::Result<Model<read_model::Register>> {
    let db = Db::open(location, "flexibility", read_model::MIGRATIONS, Durability::Rebuildable).await?;
    Ok(Model {
        db,
        model: Arc::new(read_model::Register::new(log, keyring)),
        position: Position::default(),
    })
}

/// Serves the register's commands, questions, policies and clock until the process ends.
pub async fn run(
    bus: Bus,
    desk: Desk,
    location: &Location,
    lifecycle: &Lifecycle,
    health: &Health,
) -> anyhow::Result<()> {
    let model = open(location, desk.log.clone(), desk.keyring.clone()).await?;
    lifecycle.spawn_to_its_end(projection::run(
        desk.log.clone(),
        model.clone(),
        lifecycle.clone(),
        health.clone(),
        "flexibility",
    ));
    lifecycle.spawn(run_policies(
        desk.log.clone(),
        bus.clone(),
        lifecycle.clone(),
        health.clone(),
        "flexibility",
        policies::ALL,
    ));
    let (people, policy) = (desk.clone(), desk.clone());
    let (ticking, asking) = (
        (desk.clone(), model.clone(), bus.clone()),
        (desk.clone(), model.clone()),
    );
    let endpoints = vec![
        Endpoint::new("user", "svc.flexibility.user.*".to_owned(), move |incoming| {
            let desk = people.clone();
            async move { commands::handle_person(&desk, &incoming).await }
        }),
        Endpoint::new("policy", "svc.flexibility.policy.*".to_owned(), move |incoming| {
            let desk = policy.clone();
            async move { commands::handle_policy(&desk, &incoming).await }
        }),
        Endpoint::new("tick", "svc.flexibility.clock.tick".to_owned(), move |_| {
            let (desk, model, bus) = ticking.clone();
            async move { tick(&desk, &model, &bus).await }
        }),
        Endpoint::new("ask", "ask.flexibility.*".to_owned(), move |incoming| {
            let (desk, model) = asking.clone();
            async move { queries::answer(&desk, &model, &incoming).await }
        }),
    ];
    serve(&bus, lifecycle, "flexibility", endpoints)
        .await
        .map_err(|error| anyhow::anyhow!("flexibility cannot serve: {error}"))?;
    lifecycle.spawn(async move {
        loop {
            runtime::clock::pause(TICK).await;
            if let Err(problem) = tick(&desk, &model, &bus).await {
                tracing::debug!(%problem, "a tick was put off");
            }
        }
    });
    Ok(())
}
