//! `GET` and `POST /zones`, `GET` and `POST /zones/{id}`: innovation zones, what is allowed in them, and how what is
//! learned comes to the other schools.

use askama::Template;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use contracts::ids::ZoneId;
use contracts::problem::Problem;
use contracts::queries::{FlexibilityRow, NamedZone, Page, RegisterQuery};

use super::allowed::Item;
use super::forms::{Field, Form, Shape, Typed, escaped};
use super::loops::schools;
use super::office::tell;
use super::shell::{self, Here, Shell};
use super::viewer::{Desk, Posted, Viewer};
use super::words;

/// How many parts of the register stand on a zone's page.
const SHOWN: u32 = 100;

/// The list of zones.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/zones.html")]
pub(super) struct ZonesPage {
    pub shell: Shell,
    pub zones: Vec<Row>,
    pub form: Option<Form>,
}

/// A zone in the list.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub href: String,
    pub name: String,
    pub purpose: String,
    pub schools: String,
    /// Whether a school of the viewer's is in it.
    pub yours: bool,
}

/// One zone.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/zone.html")]
pub(super) struct ZonePage {
    pub shell: Shell,
    pub name: String,
    pub purpose: String,
    /// "Since 1 July 2026", or from when on.
    pub since: String,
    pub schools: Vec<String>,
    /// Schools of the district that are not in it.
    pub others: usize,
    pub plan: Option<String>,
    /// When the plan is looked at, and whether that day has passed.
    pub look: Option<(String, bool)>,
    pub items: Vec<Item>,
    /// Where the rest of them stand.
    pub next: Option<String>,
    pub done: bool,
    pub form: Option<Form>,
    pub version: u64,
}

impl ZonesPage {
    /// Draws the page; `attempt` is the form that was sent and could not be taken.
    pub(super) fn new(viewer: &Viewer, attempt: Option<Form>) -> Self {
        let yours = &viewer.visitor.claims.schools;
        let zones = viewer.district.zones.iter().map(|zone| Row {
            href: format!("/zones/{}", zone.id),
            name: zone.name.clone(),
            purpose: zone.purpose.clone(),
            schools: names(viewer, zone).join(", "),
            yours: zone.schools.iter().any(|school| yours.contains(school)),
        });
        let fresh = || viewer.keeps_settings().then(|| form_of(viewer, None));
        Self {
            shell: viewer.shell("Innovation zones", Here::Allowed),
            zones: zones.collect(),
            form: attempt.or_else(fresh),
        }
    }
}

impl ZonePage {
    /// Draws the page; `attempt` is the form that was sent and could not be taken.
    pub(super) fn new(
        viewer: &Viewer,
        zone: &NamedZone,
        allowed: &[FlexibilityRow],
        done: bool,
        attempt: Option<Form>,
    ) -> Self {
        let days = &viewer.days;
        let since = if zone.starts > days.today {
            format!("Begins on {}", days.full(zone.starts))
        } else {
            format!("Since {}", days.full(zone.starts))
        };
        let change = || viewer.keeps_settings().then(|| form_of(viewer, Some(zone)));
        Self {
            shell: viewer.shell(&zone.name, Here::Allowed),
            name: zone.name.clone(),
            purpose: zone.purpose.clone(),
            since,
            schools: names(viewer, zone),
            others: viewer.district.schools.len().saturating_sub(zone.schools.len()),
            plan: zone.plan.clone(),
            look: zone.look_on.map(|day| (days.full(day), day < days.today)),
            items: allowed.iter().map(|row| Item::new(row, viewer)).collect(),
            next: None,
            done,
            form: attempt.or_else(change),
            version: zone.version,
        }
    }
}

fn names(viewer: &Viewer, zone: &NamedZone) -> Vec<String> {
    let mut names: Vec<String> = zone
        .schools
        .iter()
        .map(|school| words::school(&viewer.district, *school))
        .collect();
    names.sort();
    names
}

fn form_of(viewer: &Viewer, zone: Option<&NamedZone>) -> Form {
    let mut choices = schools(viewer);
    for choice in &mut choices {
        choice.chosen = zone.is_some_and(|zone| zone.schools.iter().any(|school| school.to_string() == choice.value));
    }
    let said = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let (name, href, legend, button) = match zone {
        None => ("zone", "/zones".to_owned(), "Begin a zone", "Begin it"),
        Some(zone) => ("zone", format!("/zones/{}", zone.id), "Change this zone", "Save it"),
    };
    let mut starts = Field::day("starts", "From when on?").hint(if zone.is_some() {
        "What is allowed for it begins then. Once that day has come, it stays; so it does where nothing is said."
    } else {
        "What is allowed for it begins then; once that day has come, it stays. Today, where nothing is said."
    });
    let mut look_on = Field::day("look_on", "By which day does the district look at that plan?");
    if let Some(zone) = zone {
        starts = starts.value(zone.starts);
        if let Some(day) = zone.look_on {
            look_on = look_on.value(day);
        }
    }
    Form::new(viewer, name, href, legend, button)
        .lead("Some schools go ahead, where the whole district is not ready. Schools can be added later, none can be left out: take back in the register what is to end.")
        .with(Field::line("name", "Its name").value(said(zone.map(|zone| zone.name.as_str()))).needed("give it a name"))
        .with(
            Field::passage("purpose", "What is it for?")
                .rows(3)
                .value(said(zone.map(|zone| zone.purpose.as_str())))
                .needed("say what it is for (one sentence is enough)"),
        )
        .with(Field::ticks("schools", "Which schools?", choices).needed("tick at least one school"))
        .with(starts)
        .with(
            Field::passage("plan", "How does it come to the other schools?")
                .rows(3)
                .hint("Such as: what two of the schools keep for a year goes before the council.")
                .value(said(zone.and_then(|zone| zone.plan.as_deref()))),
        )
        .with(look_on)
        .with_some(zone.map(|zone| Field::hidden("version", zone.version, Shape::Aside)))
}

/// The list.
pub(super) async fn zones(desk: Desk) -> Response {
    desk.or_trouble(shell::page(&ZonesPage::new(&desk.viewer, None)))
}

/// Begins a zone.
pub(super) async fn begin(Posted { desk, typed }: Posted) -> Response {
    let form = form_of(&desk.viewer, None);
    match tell(&desk, "directory", "define-zone", None, &form, &typed).await {
        Ok(id) => Redirect::to(&format!("/zones/{id}?done=zone")).into_response(),
        Err(problem) => {
            let form = form.refused(&typed, &problem, &desk.viewer);
            let page = ZonesPage::new(&desk.viewer, Some(form));
            desk.or_trouble(shell::page_as(shell::status(&problem), &page))
        }
    }
}

fn find<'a>(viewer: &'a Viewer, id: &str) -> Result<&'a NamedZone, Problem> {
    let id: Option<ZoneId> = id.parse().ok();
    viewer
        .district
        .zones
        .iter()
        .find(|zone| Some(zone.id) == id)
        .ok_or_else(|| Problem::not_found("page"))
}

async fn page(desk: &Desk, zone: &NamedZone, done: bool, attempt: Option<Form>) -> Result<ZonePage, Problem> {
    let query = RegisterQuery {
        zone: Some(zone.id),
        limit: Some(SHOWN),
        ..RegisterQuery::default()
    };
    let allowed: Page<FlexibilityRow> = desk.ask("flexibility", "register", query).await?;
    let mut page = ZonePage::new(&desk.viewer, zone, &allowed.items, done, attempt);
    page.next = allowed
        .next
        .map(|cursor| format!("/allowed?zone={}&cursor={}", zone.id, escaped(&cursor)));
    Ok(page)
}

/// One zone.
pub(super) async fn zone(desk: Desk, Path(id): Path<String>, Query(query): Query<Vec<(String, String)>>) -> Response {
    let done = Typed::from(query).some("done").is_some();
    let drawn = async {
        let zone = find(&desk.viewer, &id)?;
        shell::page(&page(&desk, zone, done, None).await?)
    };
    desk.or_trouble(drawn.await)
}

/// Changes one.
pub(super) async fn change(Path(id): Path<String>, Posted { desk, typed }: Posted) -> Response {
    let zone = match find(&desk.viewer, &id) {
        Ok(zone) => zone,
        Err(problem) => return shell::kept_for(&problem, &typed),
    };
    let form = form_of(&desk.viewer, Some(zone));
    match tell(&desk, "directory", "define-zone", Some(zone.id.0), &form, &typed).await {
        Ok(_) => Redirect::to(&format!("/zones/{}?done=zone", zone.id)).into_response(),
        Err(problem) => {
            let drawn = async {
                // As it is now: somebody may have been faster.
                let desk = desk.as_it_is_now().await?;
                let zone = find(&desk.viewer, &id)?;
                let form = form_of(&desk.viewer, Some(zone)).refused(&typed, &problem, &desk.viewer);
                shell::page_as(shell::status(&problem), &page(&desk, zone, false, Some(form)).await?)
            };
            desk.or_trouble(drawn.await)
        }
    }
}
