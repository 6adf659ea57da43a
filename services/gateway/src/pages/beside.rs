//! `GET /words/{of}/{id}`: words that stand beside the loops, one by one: erased by the contact, held by an auditor.

use askama::Template;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use contracts::problem::Problem;
use contracts::queries::{WordsQuery, WordsText, WordsView};
use contracts::vocabulary::{KeepsWords, Role, WordsDeed};
use uuid::Uuid;

use super::custody::{erasing, held, holding, lifting, shortened};
use super::days::counted;
use super::forms::{Choice, Field, Form, Shape, Typed};
use super::office::tell;
use super::shell::{self, Here, Shell};
use super::viewer::{Desk, Posted, Viewer};
use super::words;

/// The words of a thing, and what can be done to them.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/beside.html")]
pub(super) struct BesidePage {
    pub shell: Shell,
    /// Where the thing itself is, for who may see it, and what it is.
    pub back: Option<String>,
    pub what: &'static str,
    pub done: Option<&'static str>,
    /// Words that no form lists: what, and where and when they were written.
    pub listed: Vec<(String, String)>,
    /// Whether some of these are erased elsewhere.
    pub taken_over: bool,
    /// Whether no words stand here at all.
    pub nothing: bool,
    pub holds: Vec<String>,
    /// What was erased: when, by whom, on what ground.
    pub erased: Vec<String>,
    pub forms: Vec<Form>,
    pub others: Vec<Form>,
}

/// What is said when it is done.
fn done(deed: WordsDeed, view: &WordsView) -> &'static str {
    match deed {
        // One event names so many texts, and not more.
        WordsDeed::Erase if view.of == KeepsWords::Person && view.offers.iter().any(|offer| offer == deed.code()) => {
            "What was said last is erased for good, and some is left: erase once more."
        }
        WordsDeed::Erase => "They are erased for good. That they were, by whom and why stays on record.",
        WordsDeed::Hold => "A hold is on these words: none can be erased until it is lifted.",
        WordsDeed::Release => "The hold is lifted.",
    }
}

/// The address of the words of a thing, for whoever may erase or hold them.
pub(super) fn kept_at(viewer: &Viewer, of: KeepsWords, id: impl ToString) -> Option<String> {
    let keeps = viewer.has(Role::Contact) || viewer.has(Role::Auditor);
    keeps.then(|| format!("/words/{}/{}", of.code(), id.to_string()))
}

/// Where the thing itself is shown.
fn place(viewer: &Viewer, of: KeepsWords, id: Uuid) -> Option<String> {
    Some(match of {
        KeepsWords::Flexibility => format!("/allowed/{id}"),
        KeepsWords::Pattern => format!("/patterns/{id}"),
        KeepsWords::Waiver => format!("/waivers/{id}"),
        KeepsWords::Review => format!("/reviews/{id}"),
        KeepsWords::Person if viewer.has(Role::Administrator) => format!("/people/{id}"),
        KeepsWords::Person => return None,
    })
}

/// Where and when a text was written.
fn written(viewer: &Viewer, text: &WordsText) -> String {
    let field = text.text.split_once('/').map_or("", |(_, field)| field);
    format!(
        "{}: {}, {}",
        words::raised(&text.kind.replace('_', " ")),
        field.replace(['_', '/'], " "),
        viewer.days.moment(text.time)
    )
}

/// Each text that can still be erased.
fn choices(viewer: &Viewer, view: &WordsView) -> Vec<Choice> {
    let standing = view.texts.iter().filter(|text| !text.erased && !text.taken_over);
    standing
        .map(|text| Choice::new(&text.text, shortened(&text.words)).hint(&written(viewer, text)))
        .collect()
}

fn form(viewer: &Viewer, view: &WordsView, deed: WordsDeed) -> Form {
    let form = |button: &str| {
        let href = format!("/words/{}/{}/{}", view.of.code(), view.id, deed.code());
        Form::new(viewer, deed.code(), href, deed.label(), button).with(Field::hidden(
            "of",
            view.of.code(),
            Shape::Text,
        ))
    };
    match deed {
        WordsDeed::Erase => {
            let which = if view.of == KeepsWords::Person {
                Field::hidden("texts", "all", Shape::Many)
            } else {
                Field::ticks("texts", "Which words?", choices(viewer, view)).needed("tick what is to be erased")
            };
            erasing(form("Erase them for good"), which)
        }
        WordsDeed::Hold => holding(form("Place a hold")),
        WordsDeed::Release => lifting(form("Lift it"), viewer, &view.holds),
    }
}

impl BesidePage {
    /// Draws the page; `attempt` is the form that was sent and could not be taken.
    pub(super) fn new(viewer: &Viewer, view: &WordsView, attempt: Option<Form>) -> Self {
        let offered = view.offers.iter().filter_map(|code| WordsDeed::from_code(code));
        let mut all: Vec<Form> = offered.map(|deed| form(viewer, view, deed)).collect();
        if let Some(attempt) = attempt {
            all.retain(|form| form.name != attempt.name);
            all.insert(0, attempt);
        }
        let ticked = view.of != KeepsWords::Person && all.iter().any(|form| form.name == WordsDeed::Erase.code());
        let listed: Vec<&WordsText> = view
            .texts
            .iter()
            .filter(|text| !ticked || (text.taken_over && !text.erased))
            .collect();
        let mut all = all.into_iter();
        let gone = view.erased.iter().map(|gone| {
            format!(
                "{} erased {} by {}: {}",
                counted(gone.texts, "text", "texts"),
                viewer.days.moment(gone.at),
                gone.by,
                gone.ground.label().to_lowercase()
            )
        });
        Self {
            shell: viewer.shell("Its words, one by one", Here::Elsewhere),
            back: place(viewer, view.of, view.id),
            what: view.of.label(),
            done: None,
            taken_over: listed.iter().any(|text| text.taken_over && !text.erased),
            listed: listed
                .into_iter()
                .map(|text| (shortened(&text.words), written(viewer, text)))
                .collect(),
            nothing: view.texts.is_empty(),
            holds: held(viewer, &view.holds),
            erased: gone.collect(),
            forms: all.next().into_iter().collect(),
            others: all.map(|form| Form { headed: false, ..form }).collect(),
        }
    }
}

async fn look(desk: &Desk, of: &str, id: &str) -> Result<WordsView, Problem> {
    let of = KeepsWords::from_code(of).ok_or_else(|| Problem::not_found("page"))?;
    let id = id.parse().map_err(|_| Problem::not_found("page"))?;
    desk.ask("ledger", "words", WordsQuery { of, id }).await
}

/// The page.
pub(super) async fn show(
    desk: Desk,
    Path((of, id)): Path<(String, String)>,
    Query(query): Query<Vec<(String, String)>>,
) -> Response {
    let typed = Typed::from(query);
    let page = async {
        let view = look(&desk, &of, &id).await?;
        shell::page(&BesidePage {
            done: WordsDeed::from_code(typed.get("done")).map(|deed| done(deed, &view)),
            ..BesidePage::new(&desk.viewer, &view, None)
        })
    };
    desk.or_trouble(page.await)
}

/// A form's address, loaded anew.
pub(super) async fn back(Path((of, id, _)): Path<(String, String, String)>) -> Response {
    match (KeepsWords::from_code(&of), id.parse::<Uuid>()) {
        (Some(of), Ok(id)) => Redirect::to(&format!("/words/{}/{id}", of.code())).into_response(),
        _ => super::not_found(),
    }
}

/// One of its forms.
pub(super) async fn act(
    Path((of, id, deed)): Path<(String, String, String)>,
    Posted { desk, typed }: Posted,
) -> Response {
    let Some(deed) = WordsDeed::from_code(&deed) else {
        return desk.or_trouble(Err(Problem::not_found("page")));
    };
    let view = match look(&desk, &of, &id).await {
        Ok(view) => view,
        Err(problem) => return shell::kept_for(&problem, &typed),
    };
    let form = form(&desk.viewer, &view, deed);
    match tell(&desk, "ledger", &deed.verb(), Some(view.id), &form, &typed).await {
        Ok(_) => {
            let to = format!("/words/{}/{}?done={}", view.of.code(), view.id, deed.code());
            Redirect::to(&to).into_response()
        }
        Err(problem) => {
            let form = form.refused(&typed, &problem, &desk.viewer);
            let page = BesidePage::new(&desk.viewer, &view, Some(form));
            desk.or_trouble(shell::page_as(shell::status(&problem), &page))
        }
    }
}
