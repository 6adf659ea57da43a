//! Timeline keeps the read models that people and leaders look at: lists, a loop with its history, stays in stages,
//! search. It decides nothing; all of it follows from the log and can be made again from zero.

mod dry_run;
mod endpoints;
mod names;
mod past;
pub mod read_model;
pub mod rebuild;
mod summaries;
mod views;

use std::sync::Arc;

use decider::Desk;
use eventlog::Log;
use messaging::{Bus, Endpoint, serve};
use projection::{LiveDistricts, Model, Position};
use runtime::{Clock, Health, Lifecycle};
use sealing::Keyring;
use sql::{Db, Durability, Location};
use tokio::sync::RwLock;

pub use read_model::Timeline as ReadModel;

/// What timeline works with.
#[derive(Debug, Clone)]
pub struct Timeline {
    pub(crate) log: Log,
    pub(crate) keyring: Keyring,
    pub(crate) clock: Clock,
    pub(crate) districts: LiveDistricts,
    // Exchanged as a whole when it is made again.
    pub(crate) model: Arc<RwLock<Running>>,
    pub(crate) location: Location,
    pub(crate) bus: Bus,
    pub(crate) health: Health,
    pub(crate) pasts: past::Pasts,
}

/// The read model in use and the lifecycle of its projection.
#[derive(Debug, Clone)]
pub(crate) struct Running {
    pub(crate) model: Model<read_model::Timeline>,
    pub(crate) lifecycle: Lifecycle,
}

/// Opens timeline's read model under a name of its own.
pub async fn open(
    location: &Location,
    name: &str,
    log: Log,
    keyring: Keyring,
) -> anyhow::Result<Model<read_model::Timeline>> {
    open_for(Durability::Rebuildable, location, name, log, keyring).await
}

/// The same, also to make it from zero.
pub(crate) async fn open_for(
    durability: Durability,
    location: &Location,
    name: &str,
    log: Log,
    keyring: Keyring,
) -> anyhow::Result<Model<read_model::Timeline>> {
    let db = Db::open(location, name, read_model::MIGRATIONS, durability).await?;
    let mut model = read_model::Timeline::new(log, keyring);
    if durability == Durability::Building {
        model = model.made_from_zero(&db);
    }
    Ok(Model {
        db,
        model: Arc::new(model),
        position: Position::default(),
    })
}

/// How often it is looked whether words were erased that a past may hold.
const LOOK: std::time::Duration = std::time::Duration::from_millis(500);

/// Drops what was made of the past before words were erased.
async fn forget_what_was_erased(timeline: Timeline) {
    loop {
        let erasures = timeline.model.read().await.model.model.erasures();
        timeline.pasts.forget_before(&timeline.location, erasures).await;
        runtime::clock::pause(LOOK).await;
    }
}

/// Reads what figures are counted from before anybody asks for it: of a large district that takes a second.
async fn count_ahead(timeline: Timeline) {
    let Ok(head) = timeline.log.head().await else {
        return;
    };
    let running = timeline.model.read().await.clone();
    if !running.model.position.wait_for(head, CAUGHT_UP).await {
        return;
    }
    for district in timeline.districts.slugs() {
        // Where it fails, whoever asks first waits for it.
        if let Err(error) = running.model.model.tallies.of(&running.model.db, &district).await {
            tracing::debug!(%error, "figures are not counted ahead");
            return;
        }
    }
}

/// How long it is waited for what was in the log at the start before nothing is counted ahead.
const CAUGHT_UP: std::time::Duration = std::time::Duration::from_mins(1);

/// Serves timeline until the process ends.
pub async fn run(
    bus: Bus,
    desk: Desk,
    location: &Location,
    lifecycle: &Lifecycle,
    health: &Health,
) -> anyhow::Result<()> {
    let Desk {
        log,
        keyring,
        clock,
        districts,
        ..
    } = desk;
    rebuild::tidy_up(location).await?;
    past::discard(location, past::day(clock.now())).await?;
    let model = open(location, "timeline", log.clone(), keyring.clone()).await?;
    let running = rebuild::start(model, &bus, &log, lifecycle, health);
    let timeline = Timeline {
        log,
        keyring,
        clock,
        districts,
        model: Arc::new(RwLock::new(running)),
        location: location.clone(),
        bus: bus.clone(),
        health: health.clone(),
        pasts: past::Pasts::default(),
    };
    lifecycle.spawn(forget_what_was_erased(timeline.clone()));
    lifecycle.spawn(count_ahead(timeline.clone()));
    let (ask, admin, admin_lifecycle) = (timeline.clone(), timeline, lifecycle.clone());
    let endpoints = vec![
        Endpoint::new("ask", "ask.timeline.*".to_owned(), move |incoming| {
            let timeline = ask.clone();
            async move { endpoints::answer(&timeline, &incoming).await }
        }),
        Endpoint::new("rebuild", "svc.timeline.operator.rebuild".to_owned(), move |_| {
            let (timeline, lifecycle) = (admin.clone(), admin_lifecycle.clone());
            async move { rebuild::begin(&timeline, &lifecycle).await }
        }),
        Endpoint::new(
            "rebuilding",
            "svc.timeline.operator.rebuilding".to_owned(),
            move |_| async { Ok(rebuild::is_under_way()) },
        ),
    ];
    serve(&bus, lifecycle, "timeline", endpoints)
        .await
        .map_err(|error| anyhow::anyhow!("timeline cannot serve: {error}"))
}
