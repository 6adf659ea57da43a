//! Resolution owns the department's chapter of a loop: the first word, questions, notes, what is put before a team,
//! the answer and its revisions, and the decline. It appends resolution's events and no others.

pub mod commands;
pub mod domain;
pub mod policies;

use decider::Desk;
use messaging::{Bus, Endpoint, Own, run_policies, serve};
use runtime::{Health, Lifecycle};

/// Serves resolution's commands and policies until the process ends.
pub async fn run(bus: Bus, desk: Desk, lifecycle: &Lifecycle, health: &Health) -> anyhow::Result<()> {
    let own = desk.clone();
    lifecycle.spawn(run_policies(
        desk.log.clone(),
        bus.clone(),
        lifecycle.clone(),
        health.clone(),
        "resolution",
        policies::ALL,
        Own::new(move |incoming| {
            let desk = own.clone();
            async move { commands::handle_policy(&desk, &incoming).await }
        }),
    ));
    let (people, bus_for_people, policy) = (desk.clone(), bus.clone(), desk);
    let endpoints = vec![
        Endpoint::new("user", "svc.resolution.user.*".to_owned(), move |incoming| {
            let (desk, bus) = (people.clone(), bus_for_people.clone());
            async move { commands::handle(&desk, &bus, &incoming).await }
        }),
        Endpoint::new("policy", "svc.resolution.policy.*".to_owned(), move |incoming| {
            let desk = policy.clone();
            async move { commands::handle_policy(&desk, &incoming).await }
        }),
    ];
    serve(&bus, lifecycle, "resolution", endpoints)
        .await
        .map_err(|error| anyhow::anyhow!("resolution cannot serve: {error}"))
}
