//! `GET /waivers`, `POST /waivers`, `GET /waivers/{id}`, `POST /waivers/{id}/{action}`: requests to the state. The page
//! of one is the packet: it prints.

use askama::Template;
use axum::extract::Query;
use axum::response::{IntoResponse, Redirect, Response};
use contracts::OfficeAction;
use contracts::problem::Problem;
use contracts::queries::{Page, WaiverView, WaiversQuery};
use contracts::subjects::Thing;
use contracts::vocabulary::{KeepsWords, WaiverStanding};
use uuid::Uuid;

use super::{OfficePage, sent};
use crate::pages::forms::{Choice, Field, Form, Shape, Typed};
use crate::pages::shell::{self, Here, Shell};
use crate::pages::viewer::{Desk, Posted, Viewer};

/// How many stand on a page.
const SHOWN: u32 = 50;

/// The list of requests.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/waivers.html")]
pub(in crate::pages) struct WaiversPage {
    pub shell: Shell,
    /// Address, title, sentence, colour.
    pub rows: Vec<(String, String, String, &'static str)>,
    pub next: Option<String>,
}

/// One request: the packet.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/waiver.html")]
pub(in crate::pages) struct WaiverPage {
    pub shell: Shell,
    pub title: String,
    pub citation: String,
    pub number: String,
    pub origin: String,
    pub standing: String,
    pub colour: &'static str,
    pub done: Option<&'static str>,
    pub forms: Vec<Form>,
    pub missing: Vec<String>,
    /// Label, where the law asks for it, what is written, and whether it is only suggested.
    pub parts: Vec<(String, String, Option<String>, bool)>,
    pub schools: Vec<String>,
    pub facts: Vec<(&'static str, String)>,
    pub flexibility: Option<String>,
    pub version: u64,
}

fn colour(standing: WaiverStanding) -> &'static str {
    match standing {
        WaiverStanding::Drafted => "department",
        WaiverStanding::Submitted => "state",
        WaiverStanding::Granted | WaiverStanding::DeemedGranted => "closed",
        WaiverStanding::Denied => "ended",
    }
}

fn standing(view: &WaiverView, viewer: &Viewer) -> String {
    let days = &viewer.days;
    let on = |day: Option<chrono::NaiveDate>| day.map_or_else(String::new, |day| days.full(day));
    match view.standing {
        WaiverStanding::Drafted if view.missing.is_empty() => {
            format!(
                "{} is writing it. Nothing that the law asks for is missing.",
                view.department_name
            )
        }
        WaiverStanding::Drafted => format!("{} is writing it.", view.department_name),
        WaiverStanding::Submitted => match view.decide_by {
            Some(day) => format!("The state has this. It decides by {}.", days.full(day)),
            None => "The state has this.".to_owned(),
        },
        WaiverStanding::Granted => format!("The state said yes on {}.", on(view.answered_on)),
        WaiverStanding::Denied => format!("The state said no on {}.", on(view.answered_on)),
        WaiverStanding::DeemedGranted => {
            format!("The state's time ran out: it holds since {}.", on(view.answered_on))
        }
    }
}

impl WaiversPage {
    /// Draws the page.
    pub(in crate::pages) fn new(viewer: &Viewer, page: &Page<WaiverView>) -> Self {
        let rows = page.items.iter().map(|view| {
            let schools: Vec<&str> = view.schools.iter().map(|school| school.name.as_str()).collect();
            (
                format!("/waivers/{}", view.id),
                format!("{}: {}", view.regime.citation, schools.join(", ")),
                standing(view, viewer),
                colour(view.standing),
            )
        });
        Self {
            shell: viewer.shell("Requests to the state", Here::Patterns),
            rows: rows.collect(),
            next: page.next.as_deref().map(|cursor| format!("/waivers?cursor={cursor}")),
        }
    }
}

impl OfficePage for WaiverPage {
    type View = WaiverView;
    const THING: Thing = Thing::Waiver;
    const PLACE: &'static str = "waivers";

    fn id(view: &WaiverView) -> Uuid {
        view.id.0
    }

    fn offers(view: &WaiverView) -> &[String] {
        &view.offers
    }

    fn form(action: OfficeAction, viewer: &Viewer, view: &WaiverView) -> Form {
        form(action, viewer, view)
    }

    fn draw(viewer: &Viewer, view: &WaiverView, done: Option<OfficeAction>, forms: Vec<Form>) -> Self {
        let days = &viewer.days;
        let mut facts = vec![
            ("Who decides", view.regime.decided_by.clone()),
            ("The state's time", view.regime.silence.clone()),
            ("Longest term", view.regime.longest.clone()),
        ];
        facts.extend(view.submitted_on.map(|day| ("The state received it", days.full(day))));
        facts.extend(view.decide_by.map(|day| ("The state decides by", days.full(day))));
        facts.extend(view.until.map(|day| ("It holds until", days.full(day))));
        facts.extend(view.reference.clone().map(|text| ("The state cites it as", text)));
        facts.extend(view.text.clone().map(|text| ("What the state said", text)));
        Self {
            shell: viewer
                .shell("Request to the state", Here::Patterns)
                .with_words(viewer, KeepsWords::Waiver, view.id),
            title: view.regime.name.clone(),
            citation: view.regime.citation.clone(),
            number: view.origin.number.to_string(),
            origin: format!("/loops/{}", view.origin.id),
            standing: standing(view, viewer),
            colour: colour(view.standing),
            done: done.map(|action| match action {
                OfficeAction::SubmitWaiver => {
                    "Recorded: the state has it. The loop's clocks stand still until it answers."
                }
                OfficeAction::AnswerWaiver => "Recorded, and said on the loop.",
                OfficeAction::DraftWaiver
                | OfficeAction::ProposeRevision
                | OfficeAction::DecideRevision
                | OfficeAction::OpenReview
                | OfficeAction::ExamineClause
                | OfficeAction::ConcludeReview => "Saved.",
            }),
            forms,
            missing: view.missing.clone(),
            parts: view
                .parts
                .iter()
                .map(|part| {
                    (
                        part.label.clone(),
                        part.citation.clone(),
                        part.text.clone(),
                        part.suggested,
                    )
                })
                .collect(),
            schools: view.schools.iter().map(|school| school.name.clone()).collect(),
            facts,
            flexibility: view.flexibility.map(|id| format!("/allowed/{id}")),
            version: view.version,
        }
    }
}

fn form(action: OfficeAction, viewer: &Viewer, view: &WaiverView) -> Form {
    let href = format!("/waivers/{}/{}", view.id, action.name());
    let version = Field::hidden("version", view.version, Shape::Aside);
    let form = |legend: &str, button: &str| Form::new(viewer, action.name(), href.clone(), legend, button);
    match action {
        OfficeAction::SubmitWaiver => form("It has gone to the state", "Record that it was sent")
            .lead("From then on it can no longer be changed, and the state's time runs.")
            .with(Field::day("on", "On which day did the state receive it?").hint("Today, where nothing is said."))
            .with(version),
        OfficeAction::AnswerWaiver => form("What did the state say?", "Record it")
            .with(
                Field::radios(
                    "granted",
                    "Did it say yes?",
                    vec![Choice::new("true", "Yes"), Choice::new("false", "No")],
                )
                .shape(Shape::Flag)
                .needed("say yes or no"),
            )
            .with(Field::day("on", "On which day?").hint("Today, where nothing is said."))
            .with(
                Field::day("until", "Until when does it hold?")
                    .hint("The longest the law allows, where nothing is said."),
            )
            .with(Field {
                longest: 120,
                ..Field::line("reference", "How does the state cite it?")
            })
            .with(Field::passage("text", "What did it say?").rows(3))
            .with(version),
        OfficeAction::DraftWaiver
        | OfficeAction::ProposeRevision
        | OfficeAction::DecideRevision
        | OfficeAction::OpenReview
        | OfficeAction::ExamineClause
        | OfficeAction::ConcludeReview => {
            let mut draft = Form::new(
                viewer,
                action.name(),
                "/waivers".to_owned(),
                "Write the request",
                "Save what is written",
            )
            .lead("Saved as often as you like, until it goes to the state. What stands there already was taken from the loop: read it before you save it.")
            .with(Field::hidden("loop", view.origin.id, Shape::Text))
            .with(Field::hidden("regime", &view.regime.code, Shape::Text));
            for part in &view.parts {
                let hint = format!("{} ({})", part.hint, part.citation);
                let label = if part.needed {
                    part.label.clone()
                } else {
                    format!("{}, where it applies", part.label)
                };
                let mut field = Field::passage(format!("parts.{}", part.name), &label)
                    .hint(&hint)
                    .rows(3)
                    .value(part.text.as_deref().unwrap_or_default());
                // It is saved as far as it is known; that it is missing is said above.
                field.needed = part.needed.then_some("");
                draft = draft.with(field);
            }
            draft
        }
    }
}

/// The list.
pub(in crate::pages) async fn waivers(desk: Desk, Query(query): Query<Vec<(String, String)>>) -> Response {
    let typed = Typed::from(query);
    let page = async {
        let query = WaiversQuery {
            limit: Some(SHOWN),
            cursor: typed.some("cursor").map(str::to_owned),
            ..WaiversQuery::default()
        };
        let page: Page<WaiverView> = desk.ask("flexibility", "waivers", query).await?;
        shell::page(&WaiversPage::new(&desk.viewer, &page))
    };
    desk.or_trouble(page.await)
}

async fn of_loop(desk: &Desk, typed: &Typed) -> Result<WaiverView, Problem> {
    let query = WaiversQuery {
        loop_id: typed.read("loop"),
        limit: Some(1),
        ..WaiversQuery::default()
    };
    let page: Page<WaiverView> = desk.ask("flexibility", "waivers", query).await?;
    page.items
        .into_iter()
        .next()
        .filter(|_| typed.some("loop").is_some())
        .ok_or_else(|| Problem::not_found("page"))
}

/// Writes a request down: the first time from a loop's page, with nothing but the way of asking.
pub(in crate::pages) async fn draft(Posted { desk, typed }: Posted) -> Response {
    let action = OfficeAction::DraftWaiver;
    let known = of_loop(&desk, &typed).await.ok();
    let form_of = |view: Option<&WaiverView>| match view {
        Some(view) => form(action, &desk.viewer, view),
        None => Form::new(&desk.viewer, action.name(), "/waivers".to_owned(), "", "")
            .with(Field::hidden("loop", typed.get("loop"), Shape::Text))
            .with(Field::line("regime", "How is the state asked?").needed("choose how the state is asked")),
    };
    match sent(&desk, action, None, &form_of(known.as_ref()), &typed).await {
        Ok(_) => match of_loop(&desk, &typed).await {
            Ok(view) => Redirect::to(&format!("/waivers/{}?done=draft", view.id)).into_response(),
            Err(problem) => desk.or_trouble(Err(problem)),
        },
        Err(problem) => match known {
            Some(view) => {
                let form = form(action, &desk.viewer, &view).refused(&typed, &problem, &desk.viewer);
                let page = WaiverPage::with(&desk.viewer, &view, None, Some(form));
                desk.or_trouble(shell::page_as(shell::status(&problem), &page))
            }
            None => shell::kept_for(&problem, &typed),
        },
    }
}
