//! What stands around every page: the head, where one can go, who one is; and the pages for when something is wrong.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use contracts::problem::Problem;
use contracts::queries::AsOf;
use contracts::vocabulary::{KeepsWords, Role};

use super::assets;
use super::forms::Typed;
use super::ring::Ring;
use super::viewer::Viewer;

/// The page one is on, among those the navigation names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Here {
    School,
    File,
    Department,
    Contact,
    Leader,
    Loops,
    Allowed,
    Patterns,
    Record,
    People,
    Settings,
    Elsewhere,
}

/// What stands around a page.
#[derive(Debug, Clone)]
pub(super) struct Shell {
    pub title: String,
    pub district: String,
    pub person: Option<Person>,
    pub places: Vec<Place>,
    pub uswds: String,
    pub css: String,
    pub js: String,
    pub mark: Ring,
    /// When the page was made, in words, for print and for "last update".
    pub as_of: String,
    /// The moment of the past that the page shows, in words.
    pub past: Option<String>,
    /// What was looked for.
    pub search: String,
    /// Where the words of what is shown stand one by one, for those who erase and hold them.
    pub words_at: Option<String>,
}

/// Who is signed in.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub name: String,
    pub role: &'static str,
    pub csrf: String,
    /// Whether they act for somebody else just now.
    pub acting: bool,
}

/// A place the navigation leads to.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub href: &'static str,
    pub label: &'static str,
    pub here: bool,
}

impl Shell {
    /// The same around a thing whose words this person may erase or hold.
    pub(super) fn with_words(self, viewer: &Viewer, of: KeepsWords, id: impl ToString) -> Self {
        Self {
            words_at: super::beside::kept_at(viewer, of, id),
            ..self
        }
    }

    /// Around a page for somebody signed in.
    pub(super) fn of(viewer: &Viewer, title: &str, here: Here) -> Self {
        let roles = &viewer.visitor.claims.roles;
        let place = |place: Here, href, label| Place {
            href,
            label,
            here: place == here,
        };
        let mut places = Vec::new();
        if viewer.has(Role::Contact) {
            places.push(place(Here::Contact, "/contact", "To do"));
        }
        if viewer.in_department() {
            places.push(place(Here::Department, "/department", "Inbox"));
        }
        if viewer.has(Role::Reporter) {
            places.push(place(Here::School, "/school", "Our school"));
        }
        if viewer.sees_figures() {
            places.push(place(Here::Leader, "/leader", "Timeline"));
        }
        places.push(place(Here::Loops, "/loops", "All loops"));
        places.push(place(Here::Allowed, "/allowed", "What is allowed"));
        if viewer.sees_figures() || !viewer.visitor.claims.teams.is_empty() {
            places.push(place(Here::Patterns, "/patterns", "Patterns"));
        }
        if viewer.visitor.claims.looks_after_the_record() {
            places.push(place(Here::Record, "/record", "The record"));
        }
        if viewer.has(Role::Administrator) {
            places.push(place(Here::People, "/people", "People"));
        }
        if viewer.keeps_settings() {
            places.push(place(Here::Settings, "/settings", "Settings"));
        }
        if may_file(viewer) {
            places.push(place(Here::File, "/file", "Something gets in our way"));
        }
        let person = Person {
            name: viewer.visitor.claims.name.clone(),
            role: roles.iter().next_back().map_or("", |role| role.label()),
            csrf: viewer.visitor.csrf.clone(),
            acting: viewer.visitor.claims.acting_for.is_some(),
        };
        Self {
            district: viewer.district.name.clone(),
            person: Some(person),
            places,
            as_of: viewer.days.moment(viewer.days.now),
            past: viewer.as_of.map(|as_of| match as_of {
                AsOf::Day(day) => format!("at the end of {}", viewer.days.long(day)),
                AsOf::Sequence(sequence) => format!("after entry {sequence} of the record"),
            }),
            ..Self::bare(title)
        }
    }

    /// Around a page for nobody in particular.
    pub(super) fn bare(title: &str) -> Self {
        Self {
            title: title.to_owned(),
            district: String::new(),
            person: None,
            places: Vec::new(),
            uswds: assets::href("uswds.css"),
            css: assets::href("app.css"),
            js: assets::href("app.js"),
            mark: Ring::mark(),
            as_of: String::new(),
            past: None,
            search: String::new(),
            words_at: None,
        }
    }
}

/// Whether the person may file.
pub(super) fn may_file(viewer: &Viewer) -> bool {
    viewer.has(Role::Reporter) || viewer.in_office()
}

/// A page of this status.
pub(super) fn page_as(status: StatusCode, page: &impl Template) -> Result<Response, Problem> {
    let html = page.render().map_err(|error| {
        tracing::error!(%error, "a page could not be drawn");
        Problem::new(
            "internal",
            500,
            "Something went wrong here",
            "this page could not be drawn; we have been told",
        )
    })?;
    Ok((status, Html(html)).into_response())
}

/// A page.
pub(super) fn page(page: &impl Template) -> Result<Response, Problem> {
    page_as(StatusCode::OK, page)
}

/// The status of a problem.
pub(super) fn status(problem: &Problem) -> StatusCode {
    StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// What is shown where a page could not be.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/trouble.html")]
pub(super) struct TroublePage {
    pub shell: Shell,
    pub title: String,
    pub detail: String,
    pub again: bool,
}

impl TroublePage {
    /// The page for a problem.
    pub(super) fn new(problem: &Problem, viewer: Option<&Viewer>) -> Self {
        let shell = viewer.map_or_else(
            || Shell::bare(&problem.title),
            |viewer| viewer.shell(&problem.title, Here::Elsewhere),
        );
        let detail = super::words::sentence(&problem.detail);
        Self {
            shell,
            title: problem.title.clone(),
            detail,
            again: problem.status == 503,
        }
    }
}

/// The page for a problem.
pub(super) fn trouble(problem: &Problem, viewer: Option<&Viewer>) -> Response {
    page_as(status(problem), &TroublePage::new(problem, viewer)).unwrap_or_else(|problem| {
        (
            status(&problem),
            [("content-type", "text/plain; charset=utf-8")],
            problem.title,
        )
            .into_response()
    })
}

/// What was typed, where it could not be taken and its form cannot be shown again.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/kept.html")]
pub(super) struct KeptPage {
    pub shell: Shell,
    pub title: String,
    pub detail: String,
    pub written: Vec<(String, String)>,
}

impl KeptPage {
    /// The page for what was typed.
    pub(super) fn new(title: &str, detail: &str, typed: &Typed) -> Self {
        let named =
            |(name, value): (String, String)| (super::words::raised(&name.replace(['_', '.', '-'], " ")), value);
        Self {
            shell: Shell::bare(title),
            title: title.to_owned(),
            detail: detail.to_owned(),
            written: typed.written().into_iter().map(named).collect(),
        }
    }
}

/// Shows what was typed once more.
pub(super) fn kept(status: StatusCode, title: &str, detail: &str, typed: &Typed) -> Response {
    page_as(status, &KeptPage::new(title, detail, typed))
        .unwrap_or_else(|problem| (status, problem.title).into_response())
}

/// Where a thing's own page cannot be shown again, what was typed is.
pub(super) fn kept_for(problem: &Problem, typed: &Typed) -> Response {
    let detail = format!(
        "{} What you typed stands here.",
        super::words::sentence(&problem.detail)
    );
    kept(status(problem), &problem.title, &detail, typed)
}
