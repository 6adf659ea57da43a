//! `GET /design`: every fragment with its samples, for whoever changes how they look. Not in release builds.

use std::sync::LazyLock;

use askama::Template;
use axum::extract::Path;
use axum::response::{Html, IntoResponse, Response};
use contracts::Action;
use contracts::problem::{FieldProblem, Problem};
use contracts::vocabulary::LoopState;

use super::chart::{Months, Stages, Timeline};
use super::forms::{Form, Typed};
use super::gallery;
use super::loop_page::Said;
use super::ring::Ring;
use super::rows::{Group, Row};
use super::samples;
use super::shell::{self, Here, Shell};
use super::views::Views;

/// The design page.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/design.html")]
struct DesignPage {
    shell: Shell,
    rings: Vec<(&'static str, Ring)>,
    colours: Vec<&'static str>,
    group: Group,
    forms: Vec<Form>,
    timeline: Timeline,
    stages: Stages,
    months: Months,
    said: Vec<Said>,
    views: Views,
    /// Every page as its samples draw it: its number, and what it shows.
    pages: Vec<(usize, String)>,
}

impl DesignPage {
    fn sample() -> Self {
        let viewer = samples::viewer();
        let view = samples::loop_view(LoopState::Proposed, "Bells split our double period");
        let wrong = Problem::invalid(
            "",
            vec![FieldProblem {
                field: "why".into(),
                message: "is empty".into(),
            }],
        );
        let mut forms = [Action::Confirm, Action::Refuse, Action::Propose, Action::Note]
            .map(|action| super::loop_page::refused_form(action, &viewer, &view, &Typed::default(), &wrong));
        let ready = samples::answers("As agreed in spring");
        super::department::offer(forms.iter_mut(), &ready, None, &viewer, &view);
        let rings = LoopState::ALL.iter().map(|state| {
            let row = samples::row(*state, "");
            let colour = super::words::colour(&row.holder, *state, false);
            let schools = ["A", "B", "C"].map(|name| samples::school_in(name, *state));
            let schools = if *state == LoopState::Proposed {
                &schools[..]
            } else {
                &[]
            };
            (state.label(), Ring::new(*state, false, schools, colour).large())
        });
        let picture = samples::picture();
        Self {
            shell: viewer.shell("Design", Here::Elsewhere),
            rings: rings.collect(),
            colours: vec!["school", "department", "contact", "leader", "state", "closed", "ended"],
            group: Group::new(
                "rows",
                "Rows",
                "",
                Row::all(&samples::rows("Bells split our double period").items, &viewer),
            ),
            forms: forms.to_vec(),
            timeline: Timeline::new(&picture, &viewer, Some(contracts::vocabulary::Grouping::Area)),
            stages: Stages::new(&picture.stages, &[]),
            months: Months::new(&samples::trend().months),
            said: samples::entries("Double periods from the second term on.")
                .items
                .iter()
                .map(|entry| Said::new(entry, &viewer, None))
                .collect(),
            views: samples::views("Late, with Technology"),
            pages: PAGES.iter().map(|(name, _)| name.clone()).enumerate().collect(),
        }
    }
}

/// What stands in every place that people write in.
const TEXT: &str = "Bells split our double period";

/// Every page as its samples draw it, drawn once: the name of each, and the page.
static PAGES: LazyLock<Vec<(String, String)>> = LazyLock::new(|| gallery::pages(TEXT));

/// `GET /design/{page}`: one page as its samples draw it.
pub(super) async fn page(Path(nth): Path<usize>) -> Response {
    match PAGES.get(nth) {
        Some((_, page)) => Html(page.as_str()).into_response(),
        None => super::not_found(),
    }
}

pub(super) async fn show() -> Response {
    shell::page(&DesignPage::sample()).unwrap_or_else(|problem| shell::trouble(&problem, None))
}
