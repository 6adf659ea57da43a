//! `GET /allowed`: what schools may already do, and what must stay as it is; to be read, narrowed down and printed.

mod forms;
mod one;
mod public;
mod words;
mod write;

use askama::Template;
use askama::filters::HtmlSafe;
use axum::extract::Query;
use axum::response::Response;
use contracts::problem::Problem;
use contracts::queries::{FlexibilityRow, Page, RegisterQuery};
use contracts::vocabulary::{Says, ScopeLevel, Standing};

use super::days::{Days, counted};
use super::forms::{Choice, Field, Typed};
use super::loops::{areas, departments, pick, schools};
use super::shell::{self, Here, Shell};
use super::viewer::{Desk, Viewer};

pub(super) use one::{act, back, one};
pub(super) use public::anybody;
pub(super) use words::{Step, ladder};
pub(super) use write::{ask, rule_fields, write};

#[cfg(any(test, debug_assertions))]
pub(super) use {one::FlexibilityPage, public::PublicPage, write::WritePage};

/// How many stand on a page.
const SHOWN: u32 = 100;

/// The page of what is allowed.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/allowed.html")]
pub(super) struct AllowedPage {
    pub shell: Shell,
    pub fields: Vec<Field>,
    pub narrowed: bool,
    /// "As it was at the end of Monday 2 November."
    pub on: Option<String>,
    pub count: String,
    pub groups: Vec<Group>,
    pub next: Option<String>,
    pub may_write: bool,
    /// Whether the district has innovation zones.
    pub zones: bool,
    /// The address that anybody can be given, where something is public.
    pub public: Option<String>,
}

/// What is about one area, or what must stay.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub heading: String,
    pub items: Vec<Item>,
}

/// One part of the register in a list.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(path = "parts/allowed.html")]
pub(super) struct Item {
    pub id: String,
    pub href: Option<String>,
    pub title: String,
    pub text: String,
    pub stays: bool,
    /// For whom, until when, by which rule, who answers for it.
    pub facts: Vec<String>,
    /// What a tag beside the title says, and whether it is good news.
    pub tag: Option<(String, &'static str)>,
    /// Conditions and what stays required, where the list says them.
    pub more: Vec<(&'static str, String)>,
}

impl HtmlSafe for Item {}

impl Item {
    /// As a list shows it.
    pub(super) fn new(row: &FlexibilityRow, viewer: &Viewer) -> Self {
        // The district itself, for which the office speaks, is no school that could use anything.
        let claims = &viewer.visitor.claims;
        let mut yours = claims.schools.clone();
        yours.remove(&viewer.district.office);
        let for_yours = row.scope.level == ScopeLevel::District
            || row.scope.schools.iter().any(|school| yours.contains(&school.id));
        let tag = match (row.standing, row.says) {
            (Standing::Expired | Standing::Revoked, _) => Some((row.standing.label().to_owned(), "ended")),
            (Standing::InForce, Says::NonNegotiable) => None,
            (Standing::InForce, _) if row.yours => Some(("Your school uses this".to_owned(), "closed")),
            (Standing::InForce, _) if !yours.is_empty() && !for_yours => {
                Some(("Not for your school yet".to_owned(), "ended"))
            }
            (Standing::InForce, _) if row.users > 0 => Some((used_by(row.users), "closed")),
            (Standing::InForce, _) => None,
        };
        Self {
            id: row.id.to_string(),
            href: Some(format!("/allowed/{}", row.id)),
            title: row.title.clone(),
            text: row.text.clone(),
            stays: row.says == Says::NonNegotiable,
            facts: words::facts(row, &viewer.days),
            tag,
            more: Vec::new(),
        }
    }
}

fn used_by(schools: u32) -> String {
    format!(
        "{} {} this",
        counted(schools, "school", "schools"),
        if schools == 1 { "uses" } else { "use" }
    )
}

impl Group {
    /// By area, in the order of their names; what must stay as it is comes last.
    pub(super) fn all(items: impl IntoIterator<Item = (String, Item)>) -> Vec<Self> {
        let mut areas: std::collections::BTreeMap<String, Vec<Item>> = std::collections::BTreeMap::new();
        let mut stays = Vec::new();
        for (area, item) in items {
            if item.stays {
                stays.push(item);
            } else {
                areas.entry(area).or_default().push(item);
            }
        }
        let mut groups: Vec<Self> = areas
            .into_iter()
            .map(|(heading, items)| Self { heading, items })
            .collect();
        if !stays.is_empty() {
            groups.push(Self {
                heading: "What must stay as it is".to_owned(),
                items: stays,
            });
        }
        groups
    }
}

impl AllowedPage {
    /// Draws the page.
    pub(super) fn new(viewer: &Viewer, typed: &Typed, page: &Page<FlexibilityRow>, public: bool) -> Self {
        let mut fields = filters(viewer);
        for field in &mut fields {
            field.fill(typed);
        }
        let narrowed = ["q", "area", "school", "scope", "says", "department", "on", "ended"]
            .iter()
            .any(|name| typed.some(name).is_some());
        let shown = page.items.len() as u64;
        Self {
            shell: viewer.shell("What you may already do", Here::Allowed),
            fields,
            narrowed,
            on: typed
                .read::<chrono::NaiveDate>("on")
                .map(|day| format!("As it was at the end of {}.", viewer.days.long(day))),
            count: match &page.next {
                None => counted(shown, "entry", "entries"),
                Some(_) => format!("{shown} of more entries"),
            },
            groups: Group::all(page.items.iter().map(|row| {
                let area = super::words::area(&viewer.district, row.area.code());
                (area, Item::new(row, viewer))
            })),
            next: page
                .next
                .as_deref()
                .map(|cursor| format!("/allowed{}", typed.query_with("cursor", cursor))),
            may_write: viewer.in_office(),
            zones: !viewer.district.zones.is_empty(),
            public: public.then(|| format!("/d/{}/allowed", viewer.district.district)),
        }
    }
}

fn filters(viewer: &Viewer) -> Vec<Field> {
    let level = |level: &ScopeLevel| Choice::new(level, level.label());
    let says = |says: &Says| Choice::new(says, says.label());
    vec![
        Field {
            needed: Some(""),
            ..Field::line("q", "Words")
        },
        pick("area", "Area", "Any", areas(viewer)),
        pick("school", "For the school", "Any", schools(viewer)),
        pick(
            "scope",
            "Allowed for",
            "Any",
            ScopeLevel::ALL.iter().map(level).collect(),
        ),
        pick("says", "It says", "Anything", Says::ALL.iter().map(says).collect()),
        pick("department", "Answered for by", "Anybody", departments(viewer)),
        pick(
            "ended",
            "In force or not",
            "In force",
            vec![Choice::new("true", "Also what has ended")],
        ),
        Field {
            needed: Some(""),
            ..Field::day("on", "As it was on")
        },
    ]
}

/// What of an address narrows the list; what cannot be read narrows nothing.
fn query(typed: &Typed) -> RegisterQuery {
    RegisterQuery {
        q: typed.some("q").map(str::to_owned),
        area: typed.some("area").map(str::to_owned),
        school: typed.read("school"),
        scope: ScopeLevel::from_code(typed.get("scope")),
        on: typed.read("on"),
        says: Says::from_code(typed.get("says")),
        department: typed.read("department"),
        ended: typed.read("ended"),
        ends_before: None,
        zone: typed.read("zone"),
        limit: Some(SHOWN),
        cursor: typed.some("cursor").map(str::to_owned),
    }
}

pub(super) async fn show(desk: Desk, Query(asked): Query<Vec<(String, String)>>) -> Response {
    let typed = Typed::from(asked);
    let page = async {
        let page: Page<FlexibilityRow> = desk.ask("flexibility", "register", query(&typed)).await?;
        let public = page
            .items
            .iter()
            .any(|row| row.readers == contracts::events::flexibility::Readers::Public);
        shell::page(&AllowedPage::new(&desk.viewer, &typed, &page, public))
    };
    desk.or_trouble(page.await)
}

/// What ends within the next weeks, and pilots whose answer is owed: for those who answer for it.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "parts/ending.html")]
pub(super) struct Ending {
    /// Address, title, and when it ends or what is owed.
    pub rows: Vec<(String, String, String)>,
}

impl HtmlSafe for Ending {}

/// How many days before its end something is shown as ending: the first notice is given then, too.
const ENDS_SOON: u64 = 90;

impl Ending {
    /// As rows.
    pub(super) fn new(rows: &[FlexibilityRow], days: &Days) -> Self {
        let line = |row: &FlexibilityRow| {
            let end = row.ends_on.map_or_else(String::new, |day| days.full(day));
            let ends = if row.standing == Standing::InForce {
                format!("ends {end}")
            } else {
                format!("ended {end}")
            };
            if row.pilot_open {
                format!("{ends}; the pilot's answer is owed")
            } else {
                ends
            }
        };
        Self {
            rows: rows
                .iter()
                .map(|row| (format!("/allowed/{}", row.id), row.title.clone(), line(row)))
                .collect(),
        }
    }

    /// Asks for it: of one department, or of all. Without it the page is shown all the same.
    pub(super) async fn of(desk: &Desk, department: Option<contracts::DepartmentId>) -> Self {
        let query = RegisterQuery {
            department,
            ends_before: Some(desk.viewer.days.today + chrono::Days::new(ENDS_SOON)),
            limit: Some(SHOWN),
            ..RegisterQuery::default()
        };
        match desk
            .ask::<_, Page<FlexibilityRow>>("flexibility", "register", query)
            .await
        {
            Ok(page) => Self::new(&page.items, &desk.viewer.days),
            Err(problem) => {
                tracing::debug!(%problem, "a page is shown without what ends soon");
                Self::default()
            }
        }
    }
}

/// The days of a district that nobody signed in to.
fn days_of(time_zone: &str, front: &crate::front::Front) -> Days {
    Days::new(time_zone, front.clock.now())
}

/// An address that names no part of the register.
fn nothing_there() -> Problem {
    Problem::not_found("page")
}
