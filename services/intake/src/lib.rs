//! Intake owns the school's chapter of a loop: what gets in the way, who else meets it, the answers to questions, and
//! whether the answer works. It appends intake's events and no others.
//!
//! A school's word is decided over the whole of the loop's history, so that it never speaks of a revision, question or
//! episode that is over. Every free text is sealed before anything is decided.

pub mod commands;
pub mod domain;
pub mod handing_on;
pub mod policies;

use decider::Desk;
use messaging::{Bus, Endpoint, Own, run_policies, serve};
use runtime::{Health, Lifecycle};

/// Serves intake's commands and policies until the process ends.
pub async fn run(bus: Bus, desk: Desk, lifecycle: &Lifecycle, health: &Health) -> anyhow::Result<()> {
    let (desk_for_own, bus_for_own) = (desk.clone(), bus.clone());
    let own = Own::new(move |incoming| {
        let (desk, bus) = (desk_for_own.clone(), bus_for_own.clone());
        async move { handing_on::handle_policy(&desk, &bus, &incoming).await }
    });
    lifecycle.spawn(run_policies(
        desk.log.clone(),
        bus.clone(),
        lifecycle.clone(),
        health.clone(),
        "intake",
        policies::ALL,
        own.clone(),
    ));
    let (people, bus_for_people) = (desk, bus.clone());
    let endpoints = vec![
        Endpoint::new("user", "svc.intake.user.*".to_owned(), move |incoming| {
            let (desk, bus) = (people.clone(), bus_for_people.clone());
            async move { commands::handle(&desk, &bus, &incoming).await }
        }),
        own.endpoint("svc.intake.policy.*".to_owned()),
    ];
    serve(&bus, lifecycle, "intake", endpoints)
        .await
        .map_err(|error| anyhow::anyhow!("intake cannot serve: {error}"))
}
