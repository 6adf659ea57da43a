//! `GET /contact`: what waits for the central-office contact.

use std::collections::BTreeSet;

use askama::Template;
use axum::response::Response;
use contracts::action::Action;
use contracts::problem::Problem;
use contracts::queries::{LoopRow, LoopsQuery, PAGE_MAX, Page, Sort};
use contracts::vocabulary::{LoopState, Role};

use super::allowed::Ending;
use super::days::counted;
use super::forms::{Field, Form};
use super::loops::{departments, pick};
use super::rows::{Group, Row};
use super::shell::{self, Here, Shell};
use super::viewer::{Desk, Viewer};

/// The contact's page.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/contact.html")]
pub(super) struct ContactPage {
    pub shell: Shell,
    pub sentence: String,
    pub triage: Vec<Triaged>,
    pub groups: Vec<Group>,
    /// What is allowed, and ends soon.
    pub ending: Ending,
}

/// A loop that no rule could route, with the form that does.
#[derive(Debug, Clone)]
pub(super) struct Triaged {
    pub row: Row,
    pub form: Form,
}

impl ContactPage {
    /// Draws the page from the lists asked for.
    pub(super) fn new(viewer: &Viewer, triage: &[LoopRow], open: &[LoopRow], late: &[LoopRow]) -> Self {
        let mut shown = BTreeSet::new();
        let triage: Vec<Triaged> = triage
            .iter()
            .filter(|row| shown.insert(row.id))
            .map(|row| Triaged {
                row: Row::new(row, viewer),
                form: route(viewer, row),
            })
            .collect();
        let mut pick_rows = |rows: &[LoopRow], wanted: fn(&LoopRow) -> bool| -> Vec<Row> {
            let rows = rows.iter().filter(|row| wanted(row) && shown.insert(row.id));
            rows.map(|row| Row::new(row, viewer)).collect()
        };
        let decide = pick_rows(open, |row| row.holder == "contact");
        let late = pick_rows(late, |_| true);
        let above = pick_rows(open, |row| row.holder == "leader" || row.holder == "team");
        let sentence = format!(
            "{} to route, {} to decide, {} late.",
            counted(triage.len() as u64, "loop", "loops"),
            decide.len(),
            late.len()
        );
        Self {
            shell: viewer.shell("To do", Here::Contact),
            sentence,
            triage,
            ending: Ending::default(),
            groups: vec![
                Group::new(
                    "decide",
                    "Yours to decide: appeals and what was brought to you",
                    "Nothing waits for a decision of yours.",
                    decide,
                ),
                Group::new("late", "Late", "Nothing is late.", late),
                Group::new("above", "Before a team or a leader", "", above),
            ],
        }
    }
}

/// The form that gives a loop to a department.
fn route(viewer: &Viewer, row: &LoopRow) -> Form {
    let href = format!("/loops/{}/{}", row.id, Action::Route.slug());
    let mut form = Form::new(
        viewer,
        &format!("route-{}", row.number),
        href,
        "Who decides about this?",
        "Give it to them",
    )
    .with(pick("department", "Department", "Choose one", departments(viewer)).needed("choose a department"))
    .with(Field::line("why", "Why them?"))
    .with(Field::hidden("back", "/contact", super::forms::Shape::Aside));
    form.headed = false;
    form.button_class = "usa-button--outline";
    form
}

pub(super) async fn show(desk: Desk) -> Response {
    desk.or_trouble(page(&desk).await)
}

async fn page(desk: &Desk) -> Result<Response, Problem> {
    if !desk.viewer.has(Role::Contact) {
        return Err(Problem::forbidden("this page is for the central-office contact"));
    }
    let all = LoopsQuery {
        sort: Sort::Oldest,
        limit: Some(PAGE_MAX),
        ..LoopsQuery::default()
    };
    let triage = LoopsQuery {
        state: Some(LoopState::Triage),
        ..all.clone()
    };
    let open = LoopsQuery {
        open: Some(true),
        sort: Sort::Changed,
        ..all.clone()
    };
    let late = LoopsQuery {
        late: Some(true),
        open: Some(true),
        sort: Sort::Due,
        ..all
    };
    let (triage, open, late): (Page<LoopRow>, Page<LoopRow>, Page<LoopRow>) = tokio::try_join!(
        desk.ask("timeline", "loops", triage),
        desk.ask("timeline", "loops", open),
        desk.ask("timeline", "loops", late),
    )?;
    let mut page = ContactPage::new(&desk.viewer, &triage.items, &open.items, &late.items);
    page.ending = Ending::of(desk, None).await;
    shell::page(&page)
}
