//! `GET /allowed/{id}` and `POST /allowed/{id}/{action}`: one part of the register.

use askama::Template;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use contracts::FlexibilityId;
use contracts::problem::Problem;
use contracts::queries::{FlexibilityQuery, FlexibilityView};
use contracts::register_action::RegisterAction;
use contracts::vocabulary::{KeepsWords, Says, ScopeLevel, Standing};

use super::words::{self, Step};
use super::{forms as offers, nothing_there};
use crate::pages::forms::{self, Form, Typed};
use crate::pages::shell::{self, Here, Shell};
use crate::pages::viewer::{Desk, Posted, Viewer};

/// The page of one part of the register.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/flexibility.html")]
pub(in crate::pages) struct FlexibilityPage {
    pub shell: Shell,
    pub id: String,
    pub heading: &'static str,
    pub title: String,
    pub text: String,
    pub stays: bool,
    /// Whether it can be used, and since when not.
    pub ended: Option<String>,
    pub facts: Vec<String>,
    pub on: Option<String>,
    pub done: Option<&'static str>,
    /// What is asked of this person, open at the top.
    pub asked: Vec<Form>,
    pub others: Vec<Form>,
    pub conditions: Option<String>,
    pub stays_required: Option<String>,
    pub pilot_question: Option<String>,
    pub pilot_open: bool,
    /// Why, in general and by readership.
    pub reasons: Vec<(String, String)>,
    pub schools: Vec<String>,
    pub used_by: Vec<(String, String)>,
    pub loops: Vec<(String, String)>,
    /// Address, title, and whether it says the contrary.
    pub beside: Vec<(String, String, bool)>,
    pub ladder: Vec<Step>,
    pub about: Vec<(&'static str, String)>,
    pub history: Vec<(String, String, u64)>,
    pub version: u64,
}

impl FlexibilityPage {
    /// Draws the page; `attempt` is the form that was sent and could not be taken.
    pub(in crate::pages) fn new(
        viewer: &Viewer,
        view: &FlexibilityView,
        done: Option<RegisterAction>,
        attempt: Option<Form>,
    ) -> Self {
        let row = &view.row;
        let mut others = offers::offered(viewer, view);
        let mut asked = Vec::new();
        if let Some(form) = attempt {
            others.retain(|known| known.name != form.name);
            asked.push(form);
        }
        let first = |form: &Form| {
            form.name == RegisterAction::Claim.slug()
                || (form.name == RegisterAction::AnswerPilot.slug() && view.row.pilot_open)
        };
        let (open, others): (Vec<Form>, Vec<Form>) = others.into_iter().partition(first);
        asked.extend(open);
        let days = &viewer.days;
        let mut reasons: Vec<(String, String)> = Vec::new();
        reasons.extend(view.rationale.clone().map(|why| ("In general".to_owned(), why)));
        reasons.extend(
            view.rationales
                .iter()
                .map(|why| (why.readership.label().to_owned(), why.text.clone())),
        );
        let mut about = vec![
            ("Area", crate::pages::words::area(&viewer.district, row.area.code())),
            ("Answers for it", row.department_name.clone()),
        ];
        about.extend(row.review_on.map(|day| ("Looked at again", days.full(day))));
        about.push(("Who may read of it", reader_label(view)));
        Self {
            shell: viewer
                .shell(&row.title, Here::Allowed)
                .with_words(viewer, KeepsWords::Flexibility, row.id),
            id: row.id.to_string(),
            heading: offers::heading(row.says),
            title: row.title.clone(),
            text: row.text.clone(),
            stays: row.says == Says::NonNegotiable,
            ended: (row.standing != Standing::InForce).then(|| ended(view, viewer)),
            facts: words::facts(row, days),
            on: view
                .on
                .map(|day| format!("As it was at the end of {}.", days.long(day))),
            done: done.map(offers::done),
            asked,
            others: others.into_iter().map(|form| Form { headed: false, ..form }).collect(),
            conditions: view.conditions.clone(),
            stays_required: view.stays_required.clone(),
            pilot_question: view.pilot_question.clone(),
            pilot_open: view.row.pilot_open,
            reasons,
            schools: match row.scope.level {
                ScopeLevel::District => Vec::new(),
                ScopeLevel::Zone | ScopeLevel::Schools => {
                    row.scope.schools.iter().map(|school| school.name.clone()).collect()
                }
            },
            used_by: view
                .used_by
                .iter()
                .map(|used| {
                    let since = format!("since {}", days.long(days.day(used.since)));
                    let how = used.how.as_ref().map_or(since.clone(), |how| format!("{since}: {how}"));
                    (used.school.name.clone(), how)
                })
                .collect(),
            loops: view
                .loops
                .iter()
                .map(|named| (format!("/loops/{}", named.id), named.number.to_string()))
                .collect(),
            beside: view
                .beside
                .iter()
                .map(|beside| {
                    (
                        format!("/allowed/{}", beside.id),
                        beside.title.clone(),
                        beside.contradicts,
                    )
                })
                .collect(),
            ladder: words::ladder(row.rule.source),
            about,
            history: view
                .history
                .iter()
                .rev()
                .map(|entry| {
                    let when = format!(
                        "{} · {}",
                        days.moment(entry.time),
                        crate::pages::words::raised(&entry.actor)
                    );
                    (words::happened(entry), when, entry.sequence)
                })
                .collect(),
            version: row.version,
        }
    }
}

fn reader_label(view: &FlexibilityView) -> String {
    let code = offers::reader_code(view.row.readers);
    offers::readers()
        .into_iter()
        .find(|choice| choice.value == code)
        .map_or_else(String::new, |choice| choice.label)
}

fn ended(view: &FlexibilityView, viewer: &Viewer) -> String {
    let label = view.row.standing.label();
    let last = view
        .history
        .iter()
        .rev()
        .find(|entry| matches!(entry.kind.as_str(), "flexibility_expired" | "flexibility_revoked"));
    match last {
        Some(entry) => format!("{label} on {}.", viewer.days.long(viewer.days.day(entry.time))),
        None => format!("{label}."),
    }
}

/// One part of the register.
pub(in crate::pages) async fn one(
    desk: Desk,
    Path(id): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
) -> Response {
    let typed = Typed::from(query);
    let page = async {
        let view = look(&desk, &id, typed.read("on")).await?;
        let done = typed.some("done").and_then(RegisterAction::from_slug);
        shell::page(&FlexibilityPage::new(&desk.viewer, &view, done, None))
    };
    desk.or_trouble(page.await)
}

/// What a browser asks for when it comes back from signing in.
pub(in crate::pages) async fn back(Path((id, action)): Path<(String, String)>) -> Response {
    match (id.parse::<FlexibilityId>(), RegisterAction::from_slug(&action)) {
        (Ok(id), Some(action)) => Redirect::to(&format!("/allowed/{id}#{}", action.slug())).into_response(),
        (Ok(_) | Err(_), _) => crate::pages::not_found(),
    }
}

/// Does something to a part of the register.
pub(in crate::pages) async fn act(
    Path((id, action)): Path<(String, String)>,
    Posted { desk, typed }: Posted,
) -> Response {
    let Some(action) = RegisterAction::from_slug(&action).filter(|action| *action != RegisterAction::WriteDown) else {
        return desk.or_trouble(Err(nothing_there()));
    };
    let view = match look(&desk, &id, None).await {
        Ok(view) => view,
        Err(problem) => return shell::kept_for(&problem, &typed),
    };
    let form = offers::form(action, &desk.viewer, &view);
    match sent(&desk, &view, action, &form, &typed).await {
        Ok(()) => Redirect::to(&format!("/allowed/{}?done={}", view.row.id, action.slug())).into_response(),
        // What others did meanwhile is on the page that is drawn now.
        Err(problem) => match look(&desk, &id, None).await {
            Ok(now) => {
                let form = offers::form(action, &desk.viewer, &now).refused(&typed, &problem, &desk.viewer);
                let page = FlexibilityPage::new(&desk.viewer, &now, None, Some(form));
                desk.or_trouble(shell::page_as(shell::status(&problem), &page))
            }
            Err(_) => shell::kept_for(&problem, &typed),
        },
    }
}

async fn sent(
    desk: &Desk,
    view: &FlexibilityView,
    action: RegisterAction,
    form: &Form,
    typed: &Typed,
) -> Result<(), Problem> {
    desk.viewer.check(typed)?;
    forms::missing(&form.fields, typed)?;
    let body = forms::body(&form.fields, typed)?;
    // A school that claims does not answer what is there; whoever changes it does.
    let based_on = (action != RegisterAction::Claim)
        .then(|| typed.read("version"))
        .flatten();
    desk.front
        .command(
            &desk.viewer.visitor,
            "flexibility",
            action.slug(),
            Some(view.row.id.0),
            &body,
            typed.some("key"),
            based_on,
        )
        .await?;
    Ok(())
}

async fn look(desk: &Desk, id: &str, on: Option<chrono::NaiveDate>) -> Result<FlexibilityView, Problem> {
    let id: FlexibilityId = id.parse().map_err(|_| nothing_there())?;
    let query = FlexibilityQuery { id: Some(id), on };
    desk.ask("flexibility", "flexibility", query).await
}
