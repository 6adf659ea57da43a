//! `GET /contact`: what waits for the central-office contact, where all loops stand, and who is silent.

mod agenda;
mod silent;

use std::collections::BTreeSet;

use askama::Template;
use axum::response::Response;
use contracts::action::Action;
use contracts::problem::Problem;
use contracts::queries::{
    LoopRow, LoopsQuery, PAGE_MAX, Page, Picture, PictureQuery, Sort, Told, Unspoken, UnspokenQuery,
};
use contracts::vocabulary::{Grouping, LoopState, Role};

pub(super) use self::agenda::show as agenda;
#[cfg(any(test, debug_assertions))]
pub(super) use self::agenda::{AgendaPage, With};
use self::silent::Silent;
use super::allowed::Ending;
use super::days::counted;
use super::forms::{Choice, Field, Form};
use super::loops::{departments, pick};
use super::rows::{Group, Row};
use super::shell::{self, Here, Shell};
use super::viewer::{Desk, Viewer};

/// Late loops that stand on the page; the list has the rest.
const LATE_SHOWN: usize = 50;

/// The contact's page.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/contact.html")]
pub(super) struct ContactPage {
    pub shell: Shell,
    pub sentence: String,
    pub triage: Vec<Triaged>,
    pub groups: Vec<Group>,
    /// Where open loops stand: in words, how many, how many of them late, and where they are.
    pub stages: Vec<(String, u32, u32, String)>,
    /// Who has not been heard of.
    pub silent: Silent,
    /// For whom an agenda can be made: schools, and teams.
    pub agendas: Vec<Field>,
    /// What is allowed, and ends soon.
    pub ending: Ending,
}

/// What the page is drawn from.
#[derive(Debug)]
pub(super) struct Lists<'a> {
    pub triage: &'a [LoopRow],
    /// What the contact decides.
    pub decide: &'a [LoopRow],
    /// What a leader or a team decides.
    pub above: &'a [LoopRow],
    pub late: &'a [LoopRow],
    /// Of today, told apart by where loops stand.
    pub stages: &'a [Told],
    /// Of the last months, told apart by school.
    pub schools: &'a [Told],
    pub unspoken: &'a [Unspoken],
}

/// A loop that no rule could route, with the form that does.
#[derive(Debug, Clone)]
pub(super) struct Triaged {
    pub row: Row,
    pub form: Form,
}

impl ContactPage {
    /// Draws the page from the lists asked for.
    pub(super) fn new(viewer: &Viewer, lists: &Lists<'_>) -> Self {
        let mut shown = BTreeSet::new();
        let triage: Vec<Triaged> = lists
            .triage
            .iter()
            .filter(|row| shown.insert(row.id))
            .map(|row| Triaged {
                row: Row::new(row, viewer),
                form: route(viewer, row),
            })
            .collect();
        let mut pick_rows = |rows: &[LoopRow]| -> Vec<Row> {
            let rows = rows.iter().filter(|row| shown.insert(row.id));
            rows.map(|row| Row::new(row, viewer)).collect()
        };
        let decide = pick_rows(lists.decide);
        let mut late_rows = pick_rows(lists.late);
        let above = pick_rows(lists.above);
        late_rows.truncate(LATE_SHOWN);
        let late: u32 = lists.stages.iter().map(|told| told.summary.late).sum();
        // What is late may be the contact's own to decide, and stand there.
        let none_late = if late == 0 {
            "Nothing is late."
        } else {
            "What is late stands above."
        };
        let sentence = format!(
            "{} to route, {} to decide, {late} late.",
            counted(triage.len() as u64, "loop", "loops"),
            decide.len(),
        );
        let stages = lists.stages.iter().filter(|told| told.summary.open > 0);
        let stages = stages.map(|told| {
            let state = told.key.as_deref().unwrap_or_default();
            let href = format!("/loops?open=true&sort=due&state={state}");
            (told.name.clone(), told.summary.open, told.summary.late, href)
        });
        Self {
            shell: viewer.shell("To do", Here::Contact),
            sentence,
            triage,
            ending: Ending::default(),
            stages: stages.collect(),
            silent: Silent::new(viewer, lists),
            agendas: agendas(viewer),
            groups: vec![
                Group::new(
                    "decide",
                    "Yours to decide: appeals and what was brought to you",
                    "Nothing waits for a decision of yours.",
                    decide,
                ),
                Group {
                    rest: (lists.late.len() > LATE_SHOWN).then(|| {
                        let all = counted(late, "late loop", "late loops");
                        ("/loops?open=true&late=true&sort=due".to_owned(), format!("All {all}"))
                    }),
                    ..Group::new("late", "Late", none_late, late_rows)
                },
                Group::new("above", "Before a team or a leader", "", above),
            ],
        }
    }
}

/// For whom an agenda can be made.
fn agendas(viewer: &Viewer) -> Vec<Field> {
    let teams = viewer.district.teams.iter();
    let teams: Vec<Choice> = teams.map(|team| Choice::new(team.id, team.name.clone())).collect();
    let named = |field: Field, id: &str| Field {
        id: id.to_owned(),
        ..field
    };
    vec![
        named(
            pick("school", "A visit to", "No school", super::loops::schools(viewer)),
            "agenda-school",
        ),
        named(pick("team", "A meeting of", "No team", teams), "agenda-team"),
    ]
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
    desk.or_trouble(Box::pin(page(&desk)).await)
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
    let held_by = |holder: &str| LoopsQuery {
        open: Some(true),
        holder: Some(holder.to_owned()),
        ..all.clone()
    };
    let (decide, leader, team) = (held_by("contact"), held_by("leader"), held_by("team"));
    let late = LoopsQuery {
        late: Some(true),
        open: Some(true),
        sort: Sort::Due,
        ..all.clone()
    };
    let today = desk.viewer.days.today;
    let told = |by: Grouping, days: i64| PictureQuery {
        from: Some(today - chrono::Duration::days(days)),
        to: Some(today),
        by: Some(by),
        limit: Some(0),
        ..PictureQuery::default()
    };
    type Loops = Page<LoopRow>;
    let (triage, decide, leader, team, late, stages, schools): (Loops, Loops, Loops, Loops, Loops, Picture, Picture) =
        tokio::try_join!(
            desk.ask("timeline", "loops", triage),
            desk.ask("timeline", "loops", decide),
            desk.ask("timeline", "loops", leader),
            desk.ask("timeline", "loops", team),
            desk.ask("timeline", "loops", late),
            desk.ask("timeline", "picture", told(Grouping::State, 0)),
            desk.ask("timeline", "picture", told(Grouping::School, silent::SILENT_DAYS)),
        )?;
    // Without those who know it, the page is shown all the same.
    let unspoken: Vec<Unspoken> = desk
        .ask("directory", "unspoken", UnspokenQuery {})
        .await
        .unwrap_or_default();
    let above: Vec<LoopRow> = leader.items.into_iter().chain(team.items).collect();
    let lists = Lists {
        triage: &triage.items,
        decide: &decide.items,
        above: &above,
        late: &late.items,
        stages: &stages.by,
        schools: &schools.by,
        unspoken: &unspoken,
    };
    let mut page = ContactPage::new(&desk.viewer, &lists);
    page.ending = Ending::of(desk, None).await;
    shell::page(&page)
}
