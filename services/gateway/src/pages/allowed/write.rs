//! `GET` and `POST /allowed/new`: writing down what was always allowed, what is allowed from now on, or what must stay.

use askama::Template;
use axum::extract::Query;
use axum::response::{IntoResponse, Redirect, Response};
use contracts::problem::Problem;
use contracts::register_action::RegisterAction;
use contracts::vocabulary::{RuleSource, Says};

use super::forms::{readers, scope_fields};
use crate::pages::forms::{Choice, Field, Form, Typed};
use crate::pages::loops::{areas, pick};
use crate::pages::office::tell;
use crate::pages::shell::{self, Here, Shell};
use crate::pages::viewer::{Desk, Posted, Viewer};
use crate::pages::words;

/// The page with the form.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/write_down.html")]
pub(in crate::pages) struct WritePage {
    pub shell: Shell,
    pub form: Form,
}

impl WritePage {
    /// The page, with what was typed where it comes back.
    pub(in crate::pages) fn new(viewer: &Viewer, typed: &Typed, problem: Option<&Problem>) -> Self {
        let mut form = form(viewer);
        match problem {
            Some(problem) => form = form.refused(typed, problem, viewer),
            None => form
                .fields
                .iter_mut()
                .filter(|field| typed.has(&field.path))
                .for_each(|field| field.fill(typed)),
        }
        Self {
            shell: viewer.shell("Write down what is allowed", Here::Allowed),
            form,
        }
    }
}

fn form(viewer: &Viewer) -> Form {
    let says = |says: &Says| {
        let (label, hint) = match says {
            Says::Clarification => (
                "It was always allowed",
                "Schools believe it is forbidden, and it is not.",
            ),
            Says::Flexibility => (
                "It is allowed from now on",
                "No loop led to it; a loop's answer writes itself down.",
            ),
            Says::NonNegotiable => (
                "It must stay as it is",
                "It protects something. Schools see why before they ask.",
            ),
        };
        Choice::new(says, label).hint(hint)
    };
    let order = [Says::Clarification, Says::Flexibility, Says::NonNegotiable];
    let form = Form::new(viewer, "write-down", "/allowed/new".to_owned(), "", "Write it down")
        .with(Field::radios("says", "What does it say?", order.iter().map(says).collect()).needed("choose one"))
        .with(
            Field::line("title", "In one line")
                .hint("Such as: Students may earn credit by showing mastery instead of seat time")
                .needed("give it one line that people will know it by"),
        )
        .with(
            Field::passage("text", "What may a school do?")
                .hint("In plain words. Of what must stay: what it is, and what it protects.")
                .needed("say it in a sentence"),
        )
        .with(pick("area", "What is it about?", "Choose the nearest", areas(viewer)).needed("choose the nearest area"))
        .with_all(rule_fields("rule", RuleSource::NotSure));
    let form = scope_fields(form, viewer, None);
    let departments: Vec<Choice> = words::departments_of(viewer);
    form.with(Field::passage("conditions", "Under which conditions?").rows(2))
        .with(Field::passage("stays_required", "What stays required all the same?").rows(2))
        .with(
            Field::passage("rationale", "Why?")
                .hint("Families, staff and the board may read this.")
                .rows(3),
        )
        .with(Field::day("ends_on", "Its last day"))
        .with(
            Field::passage("pilot_question", "Is it a pilot? Then which question must it answer?")
                .hint("A pilot has a last day. The department then records the answer, and it stops, is extended once, or is widened.")
                .rows(2),
        )
        .with(Field::day("review_on", "The department looks at it again on"))
        .with_some((departments.len() > 1).then(|| {
            pick(
                "department",
                "Which department answers for it?",
                "Choose one",
                departments,
            )
            .needed("choose a department")
        }))
        .with(
            Field::radios("readers", "Who may read of it?", readers())
                .value("district")
                .needed("choose one"),
        )
}

/// The fields that cite a rule.
pub(in crate::pages) fn rule_fields(under: &'static str, source: RuleSource) -> Vec<Field> {
    let sources = RuleSource::ALL
        .iter()
        .map(|source| Choice::new(source, source.label()))
        .collect();
    let (source_path, citation, clause) = if under == "grants" {
        ("grants.rule.source", "grants.rule.citation", "grants.rule.clause")
    } else {
        ("rule.source", "rule.citation", "rule.clause")
    };
    let mut choices = Field::pick(source_path, "Where does the rule come from?", sources).value(source);
    choices.needed = Some("choose one");
    vec![
        choices,
        Field {
            longest: 120,
            ..Field::line(citation, "Which rule?").hint("As it is cited, such as: Board policy 3420")
        },
        Field {
            longest: 80,
            ..Field::line(clause, "Which part of it?").hint("Such as: section B")
        },
    ]
}

/// The form.
pub(in crate::pages) async fn ask(desk: Desk, Query(query): Query<Vec<(String, String)>>) -> Response {
    let page = if desk.viewer.in_office() {
        shell::page(&WritePage::new(&desk.viewer, &Typed::from(query), None))
    } else {
        Err(Problem::forbidden(
            "writing down what is allowed is for the district office",
        ))
    };
    desk.or_trouble(page)
}

/// Writes it down.
pub(in crate::pages) async fn write(Posted { desk, typed }: Posted) -> Response {
    let done = RegisterAction::WriteDown.slug();
    match tell(&desk, "flexibility", done, None, &form(&desk.viewer), &typed).await {
        Ok(id) => Redirect::to(&format!("/allowed/{id}?done={done}")).into_response(),
        Err(problem) => desk.or_trouble(shell::page_as(
            shell::status(&problem),
            &WritePage::new(&desk.viewer, &typed, Some(&problem)),
        )),
    }
}
