//! `POST /file/similar`: what is like what is being typed: what is already allowed, what must stay, and what other
//! schools have filed. It records nothing; it is a POST so that what is typed stands in no address.

use askama::Template;
use askama::filters::HtmlSafe;
use axum::Form;
use axum::response::{Html, IntoResponse, Response};
use contracts::problem::Problem;
use contracts::queries::{Similar, SimilarFlexibility, SimilarLoop, SimilarQuery};
use contracts::vocabulary::Says;

use crate::pages::days::counted;
use crate::pages::forms::Typed;
use crate::pages::viewer::{Desk, Stranger, Viewer};
use crate::pages::words;

/// The most that is shown: three can be read, ten cannot.
const SHOWN: usize = 3;
/// The most characters of it that are looked up.
const LOOKED_UP: usize = 4000;

/// What is like what is being typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Template)]
#[template(path = "parts/similar.html")]
pub(in crate::pages) struct Cards {
    pub cards: Vec<Card>,
}

impl HtmlSafe for Cards {}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::pages) struct Card {
    pub href: String,
    /// What it is, in a few words.
    pub what: &'static str,
    pub colour: &'static str,
    pub title: String,
    pub text: String,
    /// The words that met.
    pub because: String,
    /// The words on its link.
    pub go: &'static str,
}

impl Cards {
    /// The nearest, whatever they are.
    pub(in crate::pages) fn new(viewer: &Viewer, similar: &Similar) -> Self {
        let of_a_school = !viewer.visitor.claims.schools.is_empty();
        let mut scored: Vec<(f64, Card)> = Vec::new();
        let register = similar.flexibilities.iter().chain(&similar.non_negotiables);
        scored.extend(register.map(|found| (found.score, of_register(found, of_a_school))));
        scored.extend(similar.loops.iter().map(|found| (found.score, of_loop(viewer, found))));
        scored.sort_by(|a, b| b.0.total_cmp(&a.0));
        Self {
            cards: scored.into_iter().take(SHOWN).map(|(_, card)| card).collect(),
        }
    }
}

fn because(met: &[String]) -> String {
    if met.is_empty() {
        return String::new();
    }
    format!("Because you wrote: {}", met.join(", "))
}

fn of_register(found: &SimilarFlexibility, of_a_school: bool) -> Card {
    let (what, colour, go) = match (found.row.says, found.for_you) {
        (Says::Clarification | Says::Flexibility, false) if !of_a_school => {
            ("This stands in the register", "closed", "See for whom it holds")
        }
        (Says::NonNegotiable, _) => ("This must stay as it is", "leader", "Read why"),
        (Says::Clarification, true) => ("You always could do this", "closed", "Use this"),
        (Says::Flexibility, true) => ("Your school may already do this", "closed", "Use this"),
        (Says::Clarification | Says::Flexibility, false) => (
            "Other schools may do this; yours not yet",
            "ended",
            "See for whom it holds",
        ),
    };
    Card {
        href: format!("/allowed/{}{}", found.row.id, if found.for_you { "#claim" } else { "" }),
        what,
        colour,
        title: found.row.title.clone(),
        text: found.row.text.clone(),
        because: because(&found.because),
        go,
    }
}

fn of_loop(viewer: &Viewer, found: &SimilarLoop) -> Card {
    let schools = counted(found.schools, "school has", "schools have");
    Card {
        href: format!("/loops/{}#join", found.id),
        what: "Others met this too",
        colour: "department",
        title: found.title.clone(),
        text: format!(
            "{schools} filed this about {}. It is open.",
            words::area(&viewer.district, found.area.code()).to_lowercase()
        ),
        because: because(&found.because),
        go: "Join this",
    }
}

/// What is like what was typed so far; nothing, until there is enough to go by.
pub(super) async fn cards(desk: &Desk, typed: &Typed) -> Result<Cards, Problem> {
    let texts = ["title", "trying", "barrier", "would_help"].map(|name| typed.get(name).trim());
    let text: String = texts.join("\n").chars().take(LOOKED_UP).collect();
    if text.trim().is_empty() {
        return Ok(Cards::default());
    }
    let query = SimilarQuery {
        text,
        area: typed.some("area").map(str::to_owned),
        limit: Some(SHOWN as u32),
    };
    let similar: Similar = desk.ask("flexibility", "similar", query).await?;
    Ok(Cards::new(&desk.viewer, &similar))
}

pub(in crate::pages) async fn similar(
    desk: Result<Desk, Stranger>,
    Form(typed): Form<Vec<(String, String)>>,
) -> Result<Response, Response> {
    let desk = desk.map_err(IntoResponse::into_response)?;
    let typed = Typed::from(typed);
    let found = async {
        desk.viewer.check(&typed)?;
        cards(&desk, &typed).await
    };
    let cards = found.await.map_err(|problem| crate::pages::trouble(&problem))?;
    let html = cards.render().unwrap_or_default();
    Ok(Html(html).into_response())
}
