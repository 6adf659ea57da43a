//! `GET /search`: everything one may see, by words or by number: loops, and what is allowed or must stay.

use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use contracts::problem::Problem;
use contracts::queries::{LoopRow, LoopsQuery, Page, Similar, SimilarFlexibility, SimilarQuery};

use super::forms::{Typed, escaped};
use super::rows::{Group, Row};
use super::shell::{self, Here, Shell};
use super::viewer::{Desk, Viewer};

/// How many of each are shown.
const SHOWN: u32 = 20;
/// The most characters that are looked up.
const LOOKED_UP: usize = 300;

/// What was found.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/search.html")]
pub(super) struct SearchPage {
    pub shell: Shell,
    /// What was looked for; nothing yet where it is empty.
    pub asked: String,
    pub loops: Group,
    /// Where all loops that were found are, where there are more.
    pub more: Option<String>,
    /// Address, title, what it says, and the words that met.
    pub allowed: Vec<(String, String, &'static str, String)>,
}

impl SearchPage {
    /// Draws what was found.
    pub(super) fn new(viewer: &Viewer, asked: &str, page: &Page<LoopRow>, register: &Similar) -> Self {
        let found = register.flexibilities.iter().chain(&register.non_negotiables);
        Self {
            shell: Shell {
                search: asked.to_owned(),
                ..viewer.shell("Search", Here::Elsewhere)
            },
            asked: asked.to_owned(),
            loops: Group::new(
                "loops",
                "Loops",
                "No loop that you may see has all of these words.",
                Row::all(&page.items, viewer),
            ),
            more: page.next.is_some().then(|| format!("/loops?q={}", escaped(asked))),
            allowed: found.map(line).collect(),
        }
    }
}

fn line(found: &SimilarFlexibility) -> (String, String, &'static str, String) {
    let row = &found.row;
    (
        format!("/allowed/{}", row.id),
        row.title.clone(),
        row.says.label(),
        found.because.join(", "),
    )
}

pub(super) async fn show(desk: Desk, Query(typed): Query<Vec<(String, String)>>) -> Response {
    desk.or_trouble(page(&desk, &Typed::from(typed)).await)
}

async fn page(desk: &Desk, typed: &Typed) -> Result<Response, Problem> {
    let asked: String = typed.get("q").trim().chars().take(LOOKED_UP).collect();
    let nothing = Page {
        items: Vec::new(),
        next: None,
    };
    if asked.is_empty() {
        return shell::page(&SearchPage::new(&desk.viewer, "", &nothing, &Similar::default()));
    }
    let loops = LoopsQuery {
        q: Some(asked.clone()),
        limit: Some(SHOWN),
        ..LoopsQuery::default()
    };
    let register = SimilarQuery {
        text: asked.clone(),
        area: None,
        limit: Some(SHOWN),
    };
    let (loops, register) = tokio::join!(
        desk.ask::<_, Page<LoopRow>>("timeline", "loops", loops),
        desk.ask::<_, Similar>("flexibility", "similar", register),
    );
    // Without the register, what was found of loops is shown all the same.
    let register = register.unwrap_or_default();
    shell::page(&SearchPage::new(&desk.viewer, &asked, &loops?, &register))
}
