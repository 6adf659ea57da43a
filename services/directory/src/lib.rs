//! The directory owns districts, schools, departments, teams, zones and people, and what a district has decided about
//! its own time: calendar, service levels, routing rules. It says who somebody is.
//!
//! Credentials are not in the log: they stand in a store of their own, by digest, and are backed up, not rebuilt.

mod accounts;
mod commands;
mod credentials;
pub mod demo;
pub mod domain;
mod entering;
mod history;
mod importing;
mod passwords;
mod queries;
pub mod read_model;
mod second_step;
mod sign_on;
mod views;

use std::sync::Arc;

use decider::Desk;
use eventlog::Log;
use messaging::{Bus, Endpoint, serve};
use projection::{LiveDistricts, Model, Position};
use runtime::{Clock, Health, Lifecycle};
use sealing::Keyring;
use sql::{Db, Durability, Location};

pub use credentials::{Credentials, Holder, NewToken};

/// What the directory works with.
#[derive(Debug, Clone)]
pub struct Directory {
    /// The log.
    pub log: Log,
    /// Sealing keys for people's names.
    pub keyring: Keyring,
    /// The time.
    pub clock: Clock,
    /// What districts have decided.
    pub districts: LiveDistricts,
    /// People and their roles.
    pub people: Model<read_model::People>,
    /// Sessions and tokens.
    pub credentials: Credentials,
    /// Lists that people keep.
    pub(crate) kept_views: views::KeptViews,
    /// Questions to others.
    pub bus: Bus,
    /// Whether its people may be signed in without a credential: only for demonstration.
    pub demo: bool,
    importing: importing::Importing,
    accounts: accounts::Accounts,
    hasher: passwords::Hasher,
    second_steps: second_step::SecondSteps,
    sign_on: sign_on::SignOns,
}

impl Directory {
    /// Whoever is no longer let in comes in by nothing that they had.
    pub(crate) async fn end_access(
        &self,
        district: &contracts::District,
        person: contracts::PersonId,
    ) -> Result<(), sqlx::Error> {
        self.credentials.end_all(district, person).await?;
        self.sign_on.forget_person(district, person).await
    }

    /// The day in a district.
    pub(crate) fn today(&self, district: &contracts::District) -> chrono::NaiveDate {
        let now = self.clock.now();
        self.districts
            .with(district, |record| record.calendar().date(now))
            .unwrap_or_else(|| now.date_naive())
    }
}

/// Opens the directory's read model.
pub async fn open(location: &Location, keyring: Keyring) -> anyhow::Result<Model<read_model::People>> {
    let db = Db::open(location, "directory", read_model::MIGRATIONS, Durability::Rebuildable).await?;
    Ok(Model {
        db,
        model: Arc::new(read_model::People::new(keyring)),
        position: Position::default(),
    })
}

/// Serves the directory until the process ends.
pub async fn run(
    bus: Bus,
    desk: Desk,
    location: &Location,
    demo: bool,
    lifecycle: &Lifecycle,
    health: &Health,
) -> anyhow::Result<Directory> {
    let Desk {
        log,
        keyring,
        clock,
        districts,
        ..
    } = desk;
    let people = open(location, keyring.clone()).await?;
    people.model.tell_over(bus.clone());
    let credentials = Credentials::open(location).await?;
    people.model.forget_in(accounts::Accounts { db: credentials.db() });
    lifecycle.spawn_to_its_end(projection::run(
        log.clone(),
        people.clone(),
        lifecycle.clone(),
        health.clone(),
        "directory",
    ));
    let directory = Directory {
        log,
        keyring,
        clock,
        districts,
        people,
        importing: importing::Importing::new(credentials.db(), lifecycle.clone()),
        accounts: accounts::Accounts { db: credentials.db() },
        hasher: passwords::Hasher::default(),
        second_steps: second_step::SecondSteps { db: credentials.db() },
        sign_on: sign_on::SignOns::new(credentials.db())?,
        kept_views: views::KeptViews { db: credentials.db() },
        bus: bus.clone(),
        credentials,
        demo,
    };
    let ask = directory.clone();
    let user = directory.clone();
    let door = directory.clone();
    let (office, operator) = (directory.clone(), directory.clone());
    let endpoints = vec![
        Endpoint::new("ask", "ask.directory.*".to_owned(), move |incoming| {
            let directory = ask.clone();
            async move { queries::answer(&directory, &incoming).await }
        }),
        Endpoint::new("user", "svc.directory.user.*".to_owned(), move |incoming| {
            let directory = user.clone();
            async move { commands::handle(&directory, &incoming).await }
        }),
        Endpoint::new("door", "svc.directory.door.*".to_owned(), move |incoming| {
            let directory = door.clone();
            async move { commands::at_the_door(&directory, &incoming).await }
        }),
        Endpoint::new("office", "svc.directory.office.*".to_owned(), move |incoming| {
            let directory = office.clone();
            async move { commands::in_the_office(&directory, &incoming, false).await }
        }),
        Endpoint::new("operator", "svc.directory.operator.*".to_owned(), move |incoming| {
            let directory = operator.clone();
            async move { commands::in_the_office(&directory, &incoming, true).await }
        }),
    ];
    serve(&bus, lifecycle, "directory", endpoints)
        .await
        .map_err(|error| anyhow::anyhow!("the directory cannot serve: {error}"))?;
    importing::resume(&directory).await?;
    Ok(directory)
}
