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
        "resolution",
        policies::ALL,
        own.clone(),
    ));
    let (people, bus_for_people) = (desk, bus.clone());
    let endpoints = vec![
        Endpoint::new("user", "svc.resolution.user.*".to_owned(), move |incoming| {
            let (desk, bus) = (people.clone(), bus_for_people.clone());
            async move { commands::handle(&desk, &bus, &incoming).await }
        }),
        own.endpoint("svc.resolution.policy.*".to_owned()),
    ];
    serve(&bus, lifecycle, "resolution", endpoints)
        .await
        .map_err(|error| anyhow::anyhow!("resolution cannot serve: {error}"))
}
