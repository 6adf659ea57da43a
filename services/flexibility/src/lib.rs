//! Flexibility owns the register: what is allowed, for whom and until when, and what must stay as it is. It appends
//! the register's events and no others.
//!
//! A loop's answer that allows something makes a part of the register once a school confirms it, by a policy; people
//! write down the rest. A tick lets what is over expire, and tells each loop that rests on something what became of
//! it. Its read model finds what is like the words somebody types.

pub mod commands;
pub mod domain;
pub mod patterns;
pub mod policies;
mod queries;
pub mod read_model;
pub mod regimes;
pub mod similar;
mod tick;
mod views;

use std::sync::Arc;
use std::time::Duration;

use decider::Desk;
use eventlog::Log;
use messaging::{Bus, Endpoint, Own, run_policies, serve};
use projection::{Model, Position};
use runtime::{Health, Lifecycle};
use sealing::Keyring;
use sql::{Db, Durability, Location};

pub use tick::{Ticked, Watching, tick};

/// How often the register looks at the time.
const TICK: Duration = Duration::from_secs(2);
/// How long a decision waits for the tables to reach the log's end.
const CATCH_UP: Duration = Duration::from_secs(2);

/// Opens the register's read model.
pub async fn open(location: &Location, log: Log, keyring: Keyring) -> anyhow::Result<Model<read_model::Register>> {
    let db = Db::open(location, "flexibility", read_model::MIGRATIONS, Durability::Rebuildable).await?;
    Ok(Model {
        db,
        model: Arc::new(read_model::Register::new(log, keyring)),
        position: Position::default(),
    })
}

/// What decisions know of loops: the tables, when they have reached the log's end.
struct Evidence {
    log: Log,
    model: Model<read_model::Register>,
}

#[async_trait::async_trait]
impl commands::Evident for Evidence {
    async fn open_loops(
        &self,
        district: &contracts::District,
        basis: &str,
    ) -> Result<std::collections::BTreeSet<contracts::LoopId>, contracts::Problem> {
        let away = |_| contracts::Problem::unavailable("the pattern's loops cannot be read for a moment");
        let head = self.log.head().await.map_err(|error| away(error.to_string()))?;
        if !self.model.position.wait_for(head, CATCH_UP).await {
            return Err(away(String::new()));
        }
        let met = read_model::met_by(&self.model.db, district, basis)
            .await
            .map_err(|error| away(error.to_string()))?;
        Ok(met.into_iter().filter(|one| one.open).map(|one| one.id).collect())
    }
}

/// Serves the register's commands, questions, policies and clock until the process ends.
pub async fn run(
    bus: Bus,
    desk: Desk,
    location: &Location,
    regimes: regimes::Regimes,
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
        "flexibility",
        policies::ALL,
        own.clone(),
    ));
    let people = (desk.clone(), model.clone(), regimes.clone());
    let (ticking, asking) = (
        (desk.clone(), model.clone(), bus.clone()),
        (desk.clone(), model.clone(), regimes),
    );
    let endpoints = vec![
        Endpoint::new("user", "svc.flexibility.user.*".to_owned(), move |incoming| {
            let (desk, model, regimes) = people.clone();
            async move {
                match contracts::OfficeAction::from_slug(&incoming.verb) {
                    Some(action) => {
                        let evident = Evidence {
                            log: desk.log.clone(),
                            model,
                        };
                        commands::handle_office(&desk, &evident, &regimes, action, &incoming).await
                    }
                    None => commands::handle_person(&desk, &incoming).await,
                }
            }
        }),
        own.endpoint("svc.flexibility.policy.*".to_owned()),
        Endpoint::new("tick", "svc.flexibility.clock.tick".to_owned(), move |_| {
            let (desk, model, bus) = ticking.clone();
            async move { tick(&desk, &model, &bus).await }
        }),
        Endpoint::new("ask", "ask.flexibility.*".to_owned(), move |incoming| {
            let (desk, model, regimes) = asking.clone();
            async move { queries::answer(&desk, &model, &regimes, &incoming).await }
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
