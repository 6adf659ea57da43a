//! `GET` and `POST /reviews`, `GET /reviews/{id}`, `POST /reviews/{id}/{action}`: the district looks at its own rules.

use askama::Template;
use axum::extract::Query;
use axum::response::{IntoResponse, Redirect, Response};
use contracts::OfficeAction;
use contracts::problem::Problem;
use contracts::queries::{ClauseView, Page, ReviewView, ReviewsQuery};
use contracts::subjects::Thing;
use contracts::vocabulary::{Finding, KeepsWords, Pillar};
use uuid::Uuid;

use super::{OfficePage, sent};
use crate::pages::days::counted;
use crate::pages::forms::{Choice, Field, Form, Shape, Typed, escaped};
use crate::pages::loops::pick;
use crate::pages::shell::{self, Here, Shell};
use crate::pages::viewer::{Desk, Posted, Viewer};
use crate::pages::words;

/// How many stand on a page.
const SHOWN: u32 = 50;

/// The list of reviews.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/reviews.html")]
pub(in crate::pages) struct ReviewsPage {
    pub shell: Shell,
    /// Address, title, sentence.
    pub rows: Vec<(String, String, String)>,
    pub next: Option<String>,
    pub may_open: bool,
}

/// The form that opens one.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/review_open.html")]
struct OpenPage {
    shell: Shell,
    form: Form,
}

/// One review.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/review.html")]
pub(in crate::pages) struct ReviewPage {
    pub shell: Shell,
    pub title: String,
    pub sentence: String,
    pub purpose: Option<String>,
    pub summary: Option<String>,
    pub done: bool,
    pub clauses: Vec<Clause>,
    pub forms: Vec<Form>,
    pub version: u64,
}

/// One part of the document.
#[derive(Debug, Clone)]
pub(in crate::pages) struct Clause {
    pub clause: String,
    pub finding: &'static str,
    pub colour: &'static str,
    pub pillar: Option<&'static str>,
    pub note: String,
    pub met: Option<String>,
    /// Where the district files on itself, with this in it.
    pub file: Option<String>,
}

fn sentence(view: &ReviewView, viewer: &Viewer) -> String {
    let days = &viewer.days;
    let looked = counted(view.clauses.len() as u64, "part was looked at", "parts were looked at");
    let blocking = view
        .clauses
        .iter()
        .filter(|clause| clause.finding == Finding::Blocks)
        .count();
    let blocks = match blocking {
        0 => String::new(),
        1 => ", 1 stands in the way".to_owned(),
        many => format!(", {many} stand in the way"),
    };
    let end = match (view.concluded_at, view.due_on) {
        (Some(at), _) => format!("Closed on {}.", days.long(days.day(at))),
        (None, Some(day)) => format!("To be done by {}.", days.full(day)),
        (None, None) => "Open.".to_owned(),
    };
    format!("{}: {looked}{blocks}. {end}", view.department_name)
}

impl ReviewsPage {
    /// Draws the page.
    pub(in crate::pages) fn new(viewer: &Viewer, page: &Page<ReviewView>) -> Self {
        let rows = page.items.iter().map(|view| {
            (
                format!("/reviews/{}", view.id),
                view.title.clone(),
                sentence(view, viewer),
            )
        });
        Self {
            shell: viewer.shell("Reviews", Here::Patterns),
            rows: rows.collect(),
            next: page.next.as_deref().map(|cursor| format!("/reviews?cursor={cursor}")),
            may_open: viewer.in_office(),
        }
    }
}

impl OfficePage for ReviewPage {
    type View = ReviewView;
    const THING: Thing = Thing::Review;
    const PLACE: &'static str = "reviews";

    fn id(view: &ReviewView) -> Uuid {
        view.id.0
    }

    fn offers(view: &ReviewView) -> &[String] {
        &view.offers
    }

    fn form(action: OfficeAction, viewer: &Viewer, view: &ReviewView) -> Form {
        form(action, viewer, view)
    }

    fn draw(viewer: &Viewer, view: &ReviewView, done: Option<OfficeAction>, forms: Vec<Form>) -> Self {
        Self {
            shell: viewer
                .shell(&view.title, Here::Patterns)
                .with_words(viewer, KeepsWords::Review, view.id),
            title: view.title.clone(),
            sentence: sentence(view, viewer),
            purpose: view.purpose.clone(),
            summary: view.summary.clone(),
            done: done.is_some(),
            clauses: view
                .clauses
                .iter()
                .map(|clause| Clause::new(clause, view, viewer))
                .collect(),
            forms,
            version: view.version,
        }
    }
}

impl Clause {
    fn new(clause: &ClauseView, view: &ReviewView, viewer: &Viewer) -> Self {
        let colour = match clause.finding {
            Finding::Keeps => "closed",
            Finding::Bends => "school",
            Finding::Blocks => "leader",
        };
        // What stands in the way becomes a loop that the district files on itself.
        let file = (clause.finding == Finding::Blocks && viewer.in_office()).then(|| {
            let cited = view.citation.clone().unwrap_or_else(|| view.title.clone());
            let pairs = [
                ("title", format!("{cited}, {}", clause.clause)),
                ("barrier", clause.note.clone()),
                ("citation", cited.clone()),
                ("clause", clause.clause.clone()),
                ("kind", "policy".to_owned()),
            ];
            let query: Vec<String> = pairs
                .iter()
                .map(|(name, value)| format!("{name}={}", escaped(value)))
                .collect();
            format!("/file?{}", query.join("&"))
        });
        Self {
            clause: clause.clause.clone(),
            finding: clause.finding.label(),
            colour,
            pillar: clause.pillar.map(Pillar::label),
            note: clause.note.clone(),
            met: (clause.loops > 0).then(|| format!("{} it", counted(clause.loops, "loop meets", "loops meet"))),
            file,
        }
    }
}

fn form(action: OfficeAction, viewer: &Viewer, view: &ReviewView) -> Form {
    let href = format!("/reviews/{}/{}", view.id, action.name());
    let version = Field::hidden("version", view.version, Shape::Aside);
    if action == OfficeAction::ConcludeReview {
        return Form::new(viewer, action.name(), href, "Close the review", "Close it")
            .with(
                Field::passage("summary", "What was found?")
                    .rows(4)
                    .needed("say what was found"),
            )
            .with(version);
    }
    let hint = |finding: Finding| match finding {
        Finding::Keeps => "Students can learn in their own way under it.",
        Finding::Bends => "It can be done, with forms, exceptions or effort.",
        Finding::Blocks => "It cannot be done while this stands.",
    };
    let findings = Finding::ALL
        .iter()
        .map(|finding| Choice::new(finding, finding.label()).hint(hint(*finding)));
    let pillars = Pillar::ALL.iter().map(|pillar| Choice::new(pillar, pillar.label()));
    Form::new(viewer, action.name(), href, "Look at a part of it", "Record it")
        .lead("Looked at again, the later word stands; the earlier one stays in the record.")
        .with(Field {
            longest: 80,
            ..Field::line("clause", "Which part?")
                .hint("Such as: section B, or: page 12")
                .needed("say which part")
        })
        .with(Field::radios("finding", "What does it do?", findings.collect()).needed("choose one"))
        .with(pick(
            "pillar",
            "To which part of student-centered learning?",
            "All of it",
            pillars.collect(),
        ))
        .with(
            Field::passage("note", "Why?")
                .rows(3)
                .needed("say why (one sentence is enough)"),
        )
}

fn opening(viewer: &Viewer) -> Form {
    let departments = words::departments_of(viewer);
    Form::new(viewer, "open-review", "/reviews".to_owned(), "", "Begin")
        .with(
            Field::line("title", "What do you look at?")
                .hint("A policy, a handbook, a form. Such as: Student handbook, attendance")
                .needed("say what is looked at"),
        )
        .with(Field {
            longest: 120,
            ..Field::line("citation", "How is it cited?")
                .hint("So that loops that meet it are counted. Such as: Policy 4400")
        })
        .with(Field::passage("purpose", "What are you looking for?").rows(3))
        .with(Field::day("due_on", "By which day?"))
        .with_some((departments.len() > 1).then(|| {
            pick("department", "Whose rules are they?", "Choose one", departments).needed("choose a department")
        }))
}

/// The list.
pub(in crate::pages) async fn reviews(desk: Desk, Query(query): Query<Vec<(String, String)>>) -> Response {
    let typed = Typed::from(query);
    let page = async {
        let query = ReviewsQuery {
            limit: Some(SHOWN),
            cursor: typed.some("cursor").map(str::to_owned),
            ..ReviewsQuery::default()
        };
        let page: Page<ReviewView> = desk.ask("flexibility", "reviews", query).await?;
        shell::page(&ReviewsPage::new(&desk.viewer, &page))
    };
    desk.or_trouble(page.await)
}

/// The form that opens one.
pub(in crate::pages) async fn open_review(desk: Desk) -> Response {
    let page = if desk.viewer.in_office() {
        shell::page(&OpenPage {
            shell: desk.viewer.shell("Look at your own rules", Here::Patterns),
            form: opening(&desk.viewer),
        })
    } else {
        Err(Problem::forbidden("reviews are for the district office"))
    };
    desk.or_trouble(page)
}

/// Opens one.
pub(in crate::pages) async fn begin_review(Posted { desk, typed }: Posted) -> Response {
    match sent(&desk, OfficeAction::OpenReview, None, &opening(&desk.viewer), &typed).await {
        Ok(id) => Redirect::to(&format!("/reviews/{id}?done=open")).into_response(),
        Err(problem) => desk.or_trouble(shell::page_as(
            shell::status(&problem),
            &OpenPage {
                shell: desk.viewer.shell("Look at your own rules", Here::Patterns),
                form: opening(&desk.viewer).refused(&typed, &problem, &desk.viewer),
            },
        )),
    }
}
