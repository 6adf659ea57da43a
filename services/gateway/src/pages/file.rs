//! `GET /file`, `POST /file`: a school says what gets in its way.

mod preview;
mod questions;
mod similar;

pub(super) use self::preview::who;
pub(super) use self::similar::similar;

#[cfg(any(test, debug_assertions))]
pub(super) use self::similar::Cards;

use std::time::Duration;

use askama::Template;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use contracts::LoopId;
use contracts::action::Action;
use contracts::problem::Problem;
use contracts::queries::{LoopQuery, LoopView};
use contracts::vocabulary::LoopState;
use domain::students::{self, Named};

use super::forms::{self, Field, Trouble, Typed};
use super::shell::{self, Here, Shell};
use super::viewer::{Desk, Posted, Viewer};

/// How often, and how many times, to look whether a department has it before the loop's page is shown.
const LOOK_EVERY: Duration = Duration::from_millis(80);
const LOOKS_MAX: u32 = 12;

/// The page where a school files.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/file.html")]
pub(super) struct FilePage {
    pub shell: Shell,
    pub sections: Vec<Section>,
    pub csrf: String,
    pub key: String,
    /// Under what the browser keeps the draft.
    pub draft: String,
    pub problem: Option<Trouble>,
    /// What is like what was typed, where the person looked before sending.
    pub near: Option<similar::Cards>,
    /// What looked as if it named a student when it was sent: sent once more with this, it is filed as it is.
    pub sure: String,
}

/// One screen on a phone, one part of the page on a desk.
#[derive(Debug, Clone)]
pub(super) struct Section {
    pub heading: &'static str,
    pub lead: &'static str,
    pub fields: Vec<Field>,
}

impl FilePage {
    /// The page, with what was typed where it comes back.
    pub(super) fn new(viewer: &Viewer, typed: &Typed, problem: Option<&Problem>) -> Self {
        let mut sections = questions::sections(viewer, typed.some("linked_to"));
        let mut key = viewer.fresh_key();
        let mut trouble = None;
        if let Some(problem) = problem {
            let mut told = Trouble {
                title: problem.title.clone(),
                ..Trouble::nothing()
            };
            for section in &mut sections {
                section.fields.iter_mut().for_each(|field| field.fill(typed));
                let found = forms::blame(&mut section.fields, problem, viewer);
                told.fields.extend(found.fields);
                told.since = found.since;
            }
            if told.fields.is_empty() {
                told.detail = super::words::sentence(&problem.detail);
            }
            if problem.status == 503 {
                typed.get("key").clone_into(&mut key);
            }
            trouble = Some(told);
        }
        Self {
            shell: viewer.shell("Something gets in our way", Here::File),
            sections,
            csrf: viewer.visitor.csrf.clone(),
            key,
            draft: viewer.visitor.claims.person.to_string(),
            problem: trouble,
            near: None,
            sure: String::new(),
        }
    }

    /// Points out, where it stands, what looks as if it named a student. Whoever wrote it decides.
    pub(super) fn pointing_out(mut self, named: &[(String, Named)]) -> Self {
        let mut trouble = Trouble {
            title: "Does this name a student?".to_owned(),
            detail: "What is filed stays on record. Say it without a name or a number, as in \u{201c}a fourth grader\u{201d}. If \
                     nobody is named, send it as it is."
                .to_owned(),
            ..Trouble::nothing()
        };
        for (path, named) in named {
            let question = format!("\u{201c}{}\u{201d}: {}", named.words, named.looks.question());
            let fields = self.sections.iter_mut().flat_map(|section| &mut section.fields);
            if let Some(field) = fields.into_iter().find(|field| field.path == *path) {
                trouble.fields.push((field.id.clone(), question.clone()));
                field.error.get_or_insert(question);
            }
        }
        self.sure = sure(named);
        self.problem = Some(trouble);
        self
    }
}

/// What looks as if it named a student in what was typed, with the fields it stands in.
fn named_in(desk: &Desk, typed: &Typed) -> Vec<(String, Named)> {
    let district = &desk.viewer.district;
    let schools = district.schools.iter().map(|school| school.name.clone());
    let departments = district.departments.iter().map(|department| department.name.clone());
    let people = district.people.iter().map(|person| person.name.clone());
    let known: Vec<String> = schools
        .chain(departments)
        .chain(people)
        .chain([desk.viewer.visitor.claims.name.clone()])
        .collect();
    let mut found = Vec::new();
    for path in ["trying", "barrier", "tried", "would_help", "title"] {
        let named = students::named_in(typed.get(path), &known);
        found.extend(named.into_iter().map(|named| (path.to_owned(), named)));
    }
    found
}

/// The words that were pointed out, as the page carries them.
fn sure(named: &[(String, Named)]) -> String {
    let words: Vec<&str> = named.iter().map(|(_, named)| named.words.as_str()).collect();
    words.join("\n")
}

pub(super) async fn show(desk: Desk, Query(query): Query<Vec<(String, String)>>) -> Response {
    let page = if shell::may_file(&desk.viewer) {
        let typed = Typed::from(query);
        let mut page = FilePage::new(&desk.viewer, &typed, None);
        // Another page may know some of it already.
        let fields = page.sections.iter_mut().flat_map(|section| &mut section.fields);
        fields
            .filter(|field| typed.has(&field.path))
            .for_each(|field| field.fill(&typed));
        shell::page(&page)
    } else {
        Err(Problem::forbidden("filing is for schools and for the district office"))
    };
    desk.or_trouble(page)
}

pub(super) async fn send(Posted { desk, typed }: Posted) -> Response {
    // A browser without scripts looks first by a button of its own.
    if typed.has("look") {
        return look(&desk, &typed).await;
    }
    // Whoever has seen what looks like a student's name decides; anything new is pointed out again.
    let named = named_in(&desk, &typed);
    let seen: Vec<&str> = typed.get("sure").lines().collect();
    if named.iter().any(|(_, named)| !seen.contains(&named.words.as_str())) {
        return pointed_out(&desk, &typed, &named);
    }
    match filed(&desk, &typed).await {
        Ok(id) => {
            wait_until_somebody_has_it(&desk, id).await;
            Redirect::to(&format!("/loops/{id}?done={}", Action::File.slug())).into_response()
        }
        Err(problem) => desk.or_trouble(shell::page_as(
            shell::status(&problem),
            &FilePage::new(&desk.viewer, &typed, Some(&problem)),
        )),
    }
}

/// The page again, with what looks as if it named a student; nothing is sent.
fn pointed_out(desk: &Desk, typed: &Typed, named: &[(String, Named)]) -> Response {
    let page = desk.viewer.check(typed).and_then(|()| {
        let mut page = FilePage::new(&desk.viewer, typed, None);
        for section in &mut page.sections {
            section.fields.iter_mut().for_each(|field| field.fill(typed));
        }
        typed.get("key").clone_into(&mut page.key);
        shell::page_as(StatusCode::UNPROCESSABLE_ENTITY, &page.pointing_out(named))
    });
    desk.or_trouble(page)
}

/// The page again, with what is like what was typed; nothing is sent.
async fn look(desk: &Desk, typed: &Typed) -> Response {
    let page = async {
        desk.viewer.check(typed)?;
        let near = similar::cards(desk, typed).await?;
        let mut page = FilePage::new(&desk.viewer, typed, None);
        for section in &mut page.sections {
            section.fields.iter_mut().for_each(|field| field.fill(typed));
        }
        page.near = Some(near);
        shell::page(&page)
    };
    match page.await {
        Ok(page) => page,
        Err(problem) => desk.or_trouble(shell::page_as(
            shell::status(&problem),
            &FilePage::new(&desk.viewer, typed, Some(&problem)),
        )),
    }
}

async fn filed(desk: &Desk, typed: &Typed) -> Result<LoopId, Problem> {
    desk.viewer.check(typed)?;
    let sections = questions::sections(&desk.viewer, typed.some("linked_to"));
    let fields: Vec<Field> = sections.into_iter().flat_map(|section| section.fields).collect();
    forms::missing(&fields, typed)?;
    let body = forms::body(&fields, typed)?;
    let acted = desk
        .front
        .act(&desk.viewer.visitor, Action::File, None, &body, typed.some("key"), None)
        .await?;
    Ok(acted.id)
}

/// Routing follows filing within moments; the page then says at once who has it and when they will answer. Whatever
/// happens here, the loop is filed.
async fn wait_until_somebody_has_it(desk: &Desk, id: LoopId) {
    for _ in 0..LOOKS_MAX {
        match desk.ask::<_, LoopView>("timeline", "loop", LoopQuery { id }).await {
            Ok(view) if view.state == LoopState::Filed => runtime::clock::pause(LOOK_EVERY).await,
            Ok(_) | Err(_) => return,
        }
    }
}
