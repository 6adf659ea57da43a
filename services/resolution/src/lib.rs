//! Resolution owns the department's chapter of a loop: the first word, questions, notes, what is put before a team,
//! the answer and its revisions, and the decline. It appends resolution's events and no others.

pub mod commands;
pub mod domain;

use decider::Desk;
use messaging::{Bus, Endpoint, serve};
use runtime::Lifecycle;

/// Serves resolution's commands until the process ends.
pub async fn run(bus: Bus, desk: Desk, lifecycle: &Lifecycle) -> anyhow::Result<()> {
    let people = desk.clone();
    let bus_for_people = bus.clone();
    let endpoints = vec![Endpoint::new(
        "user",
        "svc.resolution.user.*".to_owned(),
        move |incoming| {
            let (desk, bus) = (people.clone(), bus_for_people.clone());
            async move { commands::handle(&desk, &bus, &incoming).await }
        },
    )];
    serve(&bus, lifecycle, "resolution", endpoints)
        .await
        .map_err(|error| anyhow::anyhow!("resolution cannot serve: {error}"))
}
