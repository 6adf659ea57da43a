//! `GET /loops`: every loop one may see, to be narrowed down.

use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use contracts::queries::{LoopRow, LoopsQuery, Page, Sort};
use contracts::vocabulary::{Level, LoopState};

use super::days::counted;
use super::forms::{Choice, Field, Typed};
use super::leader::past;
use super::rows::Row;
use super::shell::{self, Here, Shell};
use super::viewer::{Desk, Viewer};
use super::views::Views;

/// How many rows stand on a page.
const SHOWN: u32 = 50;

/// A list of loops.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/loops.html")]
pub(super) struct LoopsPage {
    pub shell: Shell,
    pub fields: Vec<Field>,
    pub rows: Vec<Row>,
    /// "12 loops" or "the first 50".
    pub count: String,
    pub next: Option<String>,
    pub first: Option<String>,
    pub narrowed: bool,
    /// Lists that the person keeps.
    pub kept: Views,
}

impl LoopsPage {
    /// Draws the list.
    pub(super) fn new(viewer: &Viewer, typed: &Typed, page: &Page<LoopRow>) -> Self {
        let continued = typed.some("cursor").is_some();
        let shown = page.items.len() as u64;
        let count = match (&page.next, continued) {
            (None, false) => counted(shown, "loop", "loops"),
            (Some(_), false) => format!("The first {shown}"),
            (_, true) => format!("{shown} more"),
        };
        let narrowed = [
            "q",
            "holder",
            "team",
            "state",
            "department",
            "school",
            "level",
            "zone",
            "area",
            "late",
            "open",
        ]
        .iter()
        .any(|name| typed.some(name).is_some());
        let mut fields = filters(viewer);
        for field in &mut fields {
            field.fill(typed);
        }
        Self {
            shell: viewer.shell("All loops", Here::Loops),
            fields,
            rows: Row::all(&page.items, viewer),
            count,
            next: page
                .next
                .as_deref()
                .map(|cursor| format!("/loops{}", typed.query_with("cursor", cursor))),
            first: continued.then(|| format!("/loops{}", typed.query_with("cursor", ""))),
            narrowed,
            kept: Views::default(),
        }
    }
}

fn filters(viewer: &Viewer) -> Vec<Field> {
    let states = LoopState::ALL.iter().map(|state| Choice::new(state, state.label()));
    let mut fields = vec![
        Field {
            needed: Some(""),
            ..Field::line("q", "Words or number")
        },
        pick("state", "State", "Any", states.collect()),
        pick(
            "open",
            "Open or ended",
            "Both",
            vec![Choice::new("true", "Open"), Choice::new("false", "Ended")],
        ),
        pick("department", "With", "Anybody", departments(viewer)),
        pick("school", "School", "Any", schools(viewer)),
        pick("level", "Level of school", "Any", levels()),
        pick("zone", "Zone", "Any", zones(viewer)),
        pick("area", "Area", "Any", areas(viewer)),
        pick(
            "late",
            "Late",
            "Late or not",
            vec![Choice::new("true", "Only late ones")],
        ),
        pick(
            "sort",
            "First",
            "Newest",
            vec![
                Choice::new("oldest", "Oldest"),
                Choice::new("due", "Due soonest"),
                Choice::new("changed", "Changed last"),
            ],
        ),
    ];
    if viewer.visitor.claims.sees_the_past() {
        fields.push(past());
    }
    fields
}

/// A list that drops down and may be left alone.
pub(super) fn pick(path: &'static str, label: &str, any: &str, mut choices: Vec<Choice>) -> Field {
    choices.insert(0, Choice::new("", any));
    // Nothing here must be filled in; said in every line it would only be noise.
    Field {
        needed: Some(""),
        ..Field::pick(path, label, choices)
    }
}

/// The district's departments that there are.
pub(super) fn departments(viewer: &Viewer) -> Vec<Choice> {
    viewer
        .district
        .departments
        .iter()
        .filter(|department| !department.retired)
        .map(|department| Choice::new(department.id, department.name.clone()))
        .collect()
}

/// The district's schools that are open.
pub(super) fn schools(viewer: &Viewer) -> Vec<Choice> {
    viewer
        .district
        .schools
        .iter()
        .filter(|school| !school.retired)
        .map(|school| Choice::new(school.id, school.name.clone()))
        .collect()
}

/// The levels of schools.
pub(super) fn levels() -> Vec<Choice> {
    Level::ALL
        .iter()
        .map(|level| Choice::new(level.code(), level.label()))
        .collect()
}

/// The district's innovation zones.
pub(super) fn zones(viewer: &Viewer) -> Vec<Choice> {
    let zones = viewer.district.zones.iter();
    zones.map(|zone| Choice::new(zone.id, zone.name.clone())).collect()
}

/// The areas under which something new is filed.
pub(super) fn areas(viewer: &Viewer) -> Vec<Choice> {
    let areas = viewer.district.areas.iter().filter(|area| !area.retired);
    areas
        .map(|area| Choice::new(area.code.code(), area.label.clone()))
        .collect()
}

/// What of an address narrows a list; what cannot be read narrows nothing.
fn query(typed: &Typed) -> LoopsQuery {
    let sort = match typed.get("sort") {
        "oldest" => Sort::Oldest,
        "due" => Sort::Due,
        "changed" => Sort::Changed,
        _ => Sort::Newest,
    };
    LoopsQuery {
        state: LoopState::from_code(typed.get("state")),
        open: typed.read("open"),
        department: typed.read("department"),
        holder: typed.some("holder").map(str::to_owned),
        team: typed.read("team"),
        school: typed.read("school"),
        level: Level::from_code(typed.get("level")),
        zone: typed.read("zone"),
        area: typed.some("area").map(str::to_owned),
        q: typed.some("q").map(str::to_owned),
        late: typed.read("late"),
        joinable: typed.read("joinable"),
        sort,
        limit: Some(SHOWN),
        cursor: typed.some("cursor").map(str::to_owned),
    }
}

pub(super) async fn show(desk: Desk, Query(asked): Query<Vec<(String, String)>>) -> Response {
    let typed = Typed::from(asked);
    let page = async {
        let kept = async { Ok(Views::of(&desk, "/loops", &typed).await) };
        let (page, kept): (Page<LoopRow>, Views) =
            tokio::try_join!(desk.ask("timeline", "loops", query(&typed)), kept)?;
        shell::page(&LoopsPage {
            kept,
            ..LoopsPage::new(&desk.viewer, &typed, &page)
        })
    };
    desk.or_trouble(page.await)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_narrows_nothing() {
        let asked = query(&Typed::of(&[
            ("state", "lost"),
            ("department", "x"),
            ("late", "true"),
            ("q", " bells "),
        ]));
        assert_eq!((asked.state, asked.department, asked.late), (None, None, Some(true)));
        assert_eq!(asked.q.as_deref(), Some("bells"));
    }
}
