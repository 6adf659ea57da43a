//! What is done to several loops at once: a first word to each, or somebody who takes care of them.

use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use contracts::action::Action;
use contracts::problem::Problem;
use contracts::{DepartmentId, LoopId};
use serde_json::json;

use super::super::days::counted;
use super::super::forms::{Choice, Field, Trouble, Typed};
use super::super::shell;
use super::super::viewer::{Desk, Posted, Viewer};
use super::inbox;
use super::workload::View;

/// How many may be ticked at once.
const SEVERAL_MAX: usize = 50;

/// The fields under the list, and what was wrong with what was sent.
#[derive(Debug, Clone)]
pub(in crate::pages) struct Several {
    pub csrf: String,
    pub key: String,
    pub department: String,
    pub view: &'static str,
    pub word: Field,
    pub person: Field,
    pub problem: Option<Trouble>,
}

impl Several {
    pub(super) fn new(viewer: &Viewer, department: DepartmentId, view: View, typed: &Typed) -> Self {
        let people = viewer.district.people.iter();
        let staff = people.filter(|person| person.departments.contains(&department));
        let mut choices: Vec<Choice> = staff
            .map(|person| Choice::new(person.id, person.name.clone()))
            .collect();
        choices.insert(0, Choice::new("", "Choose somebody"));
        let named = |field: Field, id: &str| Field {
            id: id.to_owned(),
            needed: Some(""),
            ..field
        };
        let mut several = Self {
            csrf: viewer.visitor.csrf.clone(),
            key: viewer.fresh_key(),
            department: department.to_string(),
            view: view.code(),
            word: named(
                Field::passage("word", "A first word to each of their schools").rows(2),
                "several-word",
            ),
            person: named(
                Field::pick("person", "Who takes care of them?", choices),
                "several-person",
            ),
            problem: None,
        };
        several.word.fill(typed);
        several.person.fill(typed);
        several
    }
}

/// What can be done to several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    FirstWord,
    Care,
}

impl What {
    fn named(slug: &str) -> Option<Self> {
        [Self::FirstWord, Self::Care]
            .into_iter()
            .find(|what| what.action().slug() == slug)
    }

    fn action(self) -> Action {
        match self {
            Self::FirstWord => Action::Acknowledge,
            Self::Care => Action::Assign,
        }
    }

    /// What is sent for each.
    fn body(self, typed: &Typed) -> Result<String, &'static str> {
        match self {
            Self::FirstWord => typed
                .some("word")
                .map(|word| json!({"word": word}).to_string())
                .ok_or("Write a first word (one sentence is enough)."),
            Self::Care => typed
                .some("person")
                .map(|person| json!({"person": person}).to_string())
                .ok_or("Choose who takes care of them."),
        }
    }
}

/// What was done to several, as the address says after it was.
pub(super) fn done(typed: &Typed) -> Option<String> {
    let count = typed.read::<u64>("count")?;
    let loops = counted(count, "loop", "loops");
    Some(match What::named(typed.get("done"))? {
        What::FirstWord => format!("Your first word went to the schools of {loops}."),
        What::Care => format!("Somebody takes care of {loops} now."),
    })
}

/// `GET` of where it is sent, such as after signing in again: the inbox.
pub(in crate::pages) async fn back() -> Redirect {
    Redirect::to("/department")
}

/// Does it to each that is ticked, one after another. What could not be done is told, and stays ticked.
pub(in crate::pages) async fn act(Path(action): Path<String>, Posted { desk, typed }: Posted) -> Response {
    let Some(what) = What::named(&action) else {
        return desk.or_trouble(Err(Problem::not_found("page")));
    };
    match each(&desk, what, &typed).await {
        Ok(response) => response,
        Err(problem) => shell::kept_for(&problem, &typed),
    }
}

async fn each(desk: &Desk, what: What, typed: &Typed) -> Result<Response, Problem> {
    desk.viewer.check(typed)?;
    let ticked: Vec<LoopId> = typed.all("loop").filter_map(|id| id.parse().ok()).collect();
    let body = match what.body(typed) {
        _ if ticked.is_empty() => Err("Tick the loops that are meant, at the left of each."),
        _ if ticked.len() > SEVERAL_MAX => Err("That are more than fifty; tick fewer of them."),
        body => body,
    };
    let body = match body {
        Ok(body) => body,
        Err(detail) => return refused(desk, typed, &[], detail.to_owned()).await,
    };
    let mut left = Vec::new();
    for id in &ticked {
        // Sent again, each is done once.
        let key = format!("{}-{}-{id}", typed.get("key"), what.action().slug());
        let acted = desk
            .front
            .act(&desk.viewer.visitor, what.action(), Some(*id), &body, Some(&key), None)
            .await;
        if let Err(problem) = acted {
            left.push((*id, problem));
        }
    }
    if left.is_empty() {
        let view = View::asked(typed);
        let rest = view.href(super::asked(desk, typed)?);
        let to = format!("{rest}&done={}&count={}", what.action().slug(), ticked.len());
        return Ok(Redirect::to(&to).into_response());
    }
    let done = ticked.len() - left.len();
    let detail = format!(
        "{} done; {} not.",
        counted(done as u64, "is", "are"),
        counted(left.len() as u64, "is", "are")
    );
    refused(desk, typed, &left, detail).await
}

/// The inbox again, with what could not be done still ticked.
async fn refused(desk: &Desk, typed: &Typed, left: &[(LoopId, Problem)], detail: String) -> Result<Response, Problem> {
    let kept: Vec<(String, String)> = if left.is_empty() {
        typed.pairs_without(&[])
    } else {
        let ids = left.iter().map(|(id, _)| ("loop".to_owned(), id.to_string()));
        typed.pairs_without(&["loop"]).into_iter().chain(ids).collect()
    };
    let mut page = inbox(desk, &Typed::from(kept)).await?;
    let title_of = |id: &LoopId| {
        let href = format!("/loops/{id}");
        let rows = page.groups.iter().flat_map(|group| &group.rows);
        let row = rows.into_iter().find(|row| row.href == href);
        row.map_or_else(
            || contracts::ids::LoopNumber::of(*id).to_string(),
            |row| row.title.clone(),
        )
    };
    let told: Vec<String> = left
        .iter()
        .map(|(id, problem)| {
            let words = problem.fields.first().map_or(&problem.detail, |field| &field.message);
            format!("{}: {}", title_of(id), super::super::words::sentence(words))
        })
        .collect();
    let trouble = Trouble {
        title: "Not all of it could be done".to_owned(),
        detail,
        fields: told.into_iter().map(|line| ("several".to_owned(), line)).collect(),
        since: Vec::new(),
    };
    let Some(several) = &mut page.several else {
        // Nothing of it is with the department any more: what was typed stands there to be taken along.
        let told = trouble.fields.into_iter().map(|(_, line)| line);
        let detail = std::iter::once(trouble.detail)
            .chain(told)
            .collect::<Vec<_>>()
            .join(" ");
        return Ok(shell::kept_for(&Problem::conflict("not-done", detail), typed));
    };
    // What may have been done is settled by sending it again under the same key.
    if left.iter().any(|(_, problem)| problem.status == 503) {
        typed.get("key").clone_into(&mut several.key);
    }
    several.problem = Some(trouble);
    shell::page_as(axum::http::StatusCode::UNPROCESSABLE_ENTITY, &page)
}
