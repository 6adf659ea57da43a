//! `GET /leader`: where loops lie longest, and with whom.

mod sentences;

use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use chrono::{Duration, NaiveDate};
use contracts::problem::Problem;
use contracts::queries::{LateWith, LoopRow, LoopsQuery, PAGE_MAX, Page, Picture, PictureQuery, Sort, StageTime};
use contracts::vocabulary::Role;

use self::sentences::{Narrowed, Part, sentences};
use super::chart::{Stages, Timeline};
use super::forms::{Choice, Field, Typed};
use super::loops::{areas, departments, pick, schools};
use super::rows::{Group, Row};
use super::shell::{self, Here, Shell};
use super::viewer::{Desk, Viewer};

/// Days looked back on where nobody said how many.
const PERIOD: i64 = 90;
/// The most days one can look back on.
const PERIOD_MAX: i64 = 1100;
/// How many bars are drawn.
const BARS: u32 = 60;

/// A leader's first screen.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/leader.html")]
pub(super) struct LeaderPage {
    pub shell: Shell,
    pub sentences: Vec<Vec<Part>>,
    pub fields: Vec<Field>,
    pub period: String,
    pub timeline: Timeline,
    pub stages: Stages,
    /// With the name at the start of a line, and where its loops are.
    pub late_with: Vec<(LateWith, String, String)>,
    pub decide: Group,
}

impl LeaderPage {
    /// Draws the screen.
    pub(super) fn new(
        viewer: &Viewer,
        typed: &Typed,
        picture: &Picture,
        before: &[StageTime],
        waiting: &[LoopRow],
    ) -> Self {
        let mut fields = filters(viewer);
        for field in &mut fields {
            if typed.has(&field.path) {
                field.fill(typed);
            }
        }
        let narrowed = Narrowed::from(typed);
        let mine = waiting.iter().filter(|row| row.holder == "leader");
        let decide = if viewer.has(Role::Leader) {
            Row::all(mine, viewer)
        } else {
            Vec::new()
        };
        let past = viewer.as_of.map_or(String::new(), |as_of| format!("&as_of={as_of}"));
        let late_with = picture.late_with.iter().map(|with| {
            let department = with.department.map_or(String::new(), |id| format!("&department={id}"));
            (
                with.clone(),
                super::words::raised(&with.name),
                format!("/loops?open=true&sort=due{department}{past}"),
            )
        });
        Self {
            shell: viewer.shell("Timeline", Here::Leader),
            sentences: sentences(picture, &narrowed),
            fields,
            period: format!("{} to {}", viewer.days.long(picture.from), viewer.days.long(picture.to)),
            timeline: Timeline::new(picture, viewer),
            stages: Stages::new(&picture.stages, before),
            late_with: late_with.collect(),
            decide: Group::new("decide", "Brought to you, to decide", "", decide),
        }
    }
}

fn filters(viewer: &Viewer) -> Vec<Field> {
    let periods = [
        (30, "the last 30 days"),
        (90, "the last 90 days"),
        (180, "the last 180 days"),
        (365, "the last year"),
    ];
    let period = Field::pick(
        "days",
        "Time",
        periods.map(|(days, label)| Choice::new(days, label)).to_vec(),
    );
    let sorts = vec![
        Choice::new("longest_wait", "Longest single wait"),
        Choice::new("age", "Oldest"),
    ];
    let mut fields = vec![
        Field {
            needed: Some(""),
            ..period.value(PERIOD)
        },
        pick("department", "With at any time", "Anybody", departments(viewer)),
        pick("school", "School", "Any", schools(viewer)),
        pick("area", "Area", "Any", areas(viewer)),
        Field {
            needed: Some(""),
            ..Field::pick("sort", "First", sorts)
        },
    ];
    if viewer.visitor.claims.sees_the_past() {
        fields.push(past());
    }
    fields
}

/// Asks for everything as it was known on a day.
pub(super) fn past() -> Field {
    Field {
        needed: Some(""),
        ..Field::day("as_of", "As it was known on").hint("At the end of that day, from the record.")
    }
}

fn query(typed: &Typed, today: NaiveDate) -> PictureQuery {
    let days = typed.read::<i64>("days").unwrap_or(PERIOD).clamp(1, PERIOD_MAX);
    let to = typed.read::<NaiveDate>("to").unwrap_or(today);
    let sort = typed
        .some("sort")
        .filter(|sort| *sort == "age")
        .unwrap_or("longest_wait");
    PictureQuery {
        from: Some(typed.read::<NaiveDate>("from").unwrap_or(to - Duration::days(days))),
        to: Some(to),
        department: typed.read("department"),
        area: typed.some("area").map(str::to_owned),
        school: typed.read("school"),
        sort: Some(sort.to_owned()),
        limit: Some(BARS),
    }
}

/// The same for as many days before.
fn period_before(query: &PictureQuery) -> PictureQuery {
    let (from, to) = (query.from.unwrap_or_default(), query.to.unwrap_or_default());
    let until = from - Duration::days(1);
    PictureQuery {
        from: Some(until - (to - from)),
        to: Some(until),
        limit: Some(1),
        ..query.clone()
    }
}

pub(super) async fn show(desk: Desk, Query(asked): Query<Vec<(String, String)>>) -> Response {
    desk.or_trouble(page(&desk, &Typed::from(asked)).await)
}

async fn page(desk: &Desk, typed: &Typed) -> Result<Response, Problem> {
    if !desk.viewer.sees_figures() {
        return Err(Problem::forbidden(
            "figures over the district are for its office and its leaders",
        ));
    }
    let now = query(typed, desk.viewer.days.today);
    let before = period_before(&now);
    let open = LoopsQuery {
        open: Some(true),
        sort: Sort::Changed,
        limit: Some(PAGE_MAX),
        ..LoopsQuery::default()
    };
    let (picture, before, open): (Picture, Picture, Page<LoopRow>) = tokio::try_join!(
        desk.ask("timeline", "picture", now),
        desk.ask("timeline", "picture", before),
        desk.ask("timeline", "loops", open),
    )?;
    shell::page(&LeaderPage::new(
        &desk.viewer,
        typed,
        &picture,
        &before.stages,
        &open.items,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_period_before_is_as_long_and_ends_where_this_one_begins() {
        let day = |text: &str| text.parse::<NaiveDate>().expect("a day");
        let now = query(&Typed::of(&[("days", "30")]), day("2026-11-30"));
        let before = period_before(&now);
        assert_eq!((now.from, now.to), (Some(day("2026-10-31")), Some(day("2026-11-30"))));
        assert_eq!(
            (before.from, before.to),
            (Some(day("2026-09-30")), Some(day("2026-10-30")))
        );
    }
}
