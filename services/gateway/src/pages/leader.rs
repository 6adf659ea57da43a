//! `GET /leader`: where loops lie longest, and with whom.

mod brief;
mod compare;
mod files;
mod sentences;
mod zoom;

use askama::Template;
use askama::filters::HtmlSafe;
use axum::extract::Query;
use axum::response::Response;
use chrono::{Duration, NaiveDate};
use contracts::problem::Problem;
use contracts::queries::{
    LateWith, LoopRow, LoopsQuery, PAGE_MAX, Page, PatternRow, PatternsQuery, Picture, PictureQuery, Sort, Trend,
    TrendQuery,
};
use contracts::vocabulary::{Grouping, Level, PatternStanding, Role};

use self::compare::{Compared, TellsApart};
use self::sentences::{Narrowed, Part, coming_back, sentences};
use self::zoom::Zoom;
use super::allowed::Ending;
use super::chart::{Months, Stages, Timeline};
use super::forms::{Choice, Field, Shape, Typed};
use super::loops::{areas, departments, levels, pick, schools, zones};
use super::rows::{Group, Row};
use super::shell::{self, Here, Shell};
use super::viewer::{Desk, Viewer};
use super::views::Views;

#[cfg(any(test, debug_assertions))]
pub(super) use brief::BriefPage;
pub(super) use brief::show as brief;
pub(super) use files::show as file;

/// Days looked back on where nobody said how many.
const PERIOD: i64 = 90;
/// The most days one can look back on.
const PERIOD_MAX: i64 = 1100;
/// How far from today a day may lie, in days: a century.
const LIVED_DAYS: i64 = 36_525;
/// How many bars are drawn.
const BARS: u32 = 60;
/// Patterns shown before one looks for them.
const PATTERNS: usize = 5;

/// A leader's first screen.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/leader.html")]
pub(super) struct LeaderPage {
    pub shell: Shell,
    pub sentences: Vec<Vec<Part>>,
    pub fields: Vec<Field>,
    pub period: String,
    pub zoom: Zoom,
    /// What of the address is kept in the addresses of files.
    pub query: String,
    pub timeline: Timeline,
    pub stages: Stages,
    /// Whether the stages are those of the newest loops only.
    pub newest_only: bool,
    /// This time beside the time before.
    pub compared: Vec<Compared>,
    pub before: String,
    /// The figures told apart, where that is asked for.
    pub apart: Option<TellsApart>,
    pub months: Months,
    /// With the name at the start of a line, and where its loops are.
    pub late_with: Vec<(LateWith, String, String)>,
    pub decide: Group,
    /// Patterns that stand: address, title, and in a line how many meet it.
    /// None where the register does not say.
    pub patterns: Option<Vec<(String, String, String)>>,
    /// What is allowed, and ends soon.
    pub ending: Ending,
    /// Views of it that the person keeps.
    pub kept: Views,
}

/// Links to a table, and to a drawing, as files.
#[derive(Debug, Clone, Template)]
#[template(path = "parts/takes.html")]
pub(super) struct Takes {
    pub name: &'static str,
    pub what: &'static str,
    pub query: String,
    pub picture: bool,
}

impl HtmlSafe for Takes {}

impl LeaderPage {
    fn takes(&self, name: &'static str, what: &'static str) -> Takes {
        Takes {
            name,
            what,
            query: self.query.clone(),
            picture: files::has_picture(name),
        }
    }
}

/// What a leader's screen is drawn from.
#[derive(Debug)]
pub(super) struct Seen<'a> {
    pub now: &'a Picture,
    pub before: &'a Picture,
    pub trend: &'a Trend,
    pub waiting: &'a [LoopRow],
    pub patterns: Option<&'a [PatternRow]>,
}

impl LeaderPage {
    /// Draws the screen.
    pub(super) fn new(viewer: &Viewer, typed: &Typed, seen: &Seen<'_>) -> Self {
        let picture = seen.now;
        let mut fields = filters(viewer);
        // Either a number of days or the days themselves say what is shown; these stand beside them once more, so that it is
        // known whether somebody changed them.
        let by_days = by_days(typed).is_some();
        for field in &mut fields {
            let of_days = ["from", "to"].contains(&&*field.path);
            if field.path == "days" && !by_days {
                *field = field.clone().value("");
            } else if typed.has(&field.path) && !(of_days && by_days) {
                field.fill(typed);
            }
        }
        for name in ["from", "to"] {
            let shown = if by_days { "" } else { typed.get(name) };
            fields.push(Field::hidden(format!("shown_{name}"), shown, Shape::Aside));
        }
        let narrowed = Narrowed::from(typed);
        let mine = seen.waiting.iter().filter(|row| row.holder == "leader");
        let decide = if viewer.has(Role::Leader) {
            Row::all(mine, viewer)
        } else {
            Vec::new()
        };
        let by = by(typed);
        let late_with = picture.late_with.iter().map(|with| {
            let department = with.department.map_or(String::new(), |id| format!("&department={id}"));
            (
                with.clone(),
                super::words::raised(&with.name),
                narrowed.list(&format!("open=true&sort=due{department}")),
            )
        });
        Self {
            shell: viewer.shell("Timeline", Here::Leader),
            // Patterns are known as they are today only.
            sentences: sentences(picture, &narrowed)
                .into_iter()
                .chain(seen.patterns.filter(|_| viewer.as_of.is_none()).map(coming_back))
                .collect(),
            fields,
            period: period(viewer, picture),
            zoom: Zoom::new(typed, picture.from, picture.to, viewer.days.today),
            query: typed.query_with("", ""),
            timeline: Timeline::new(picture, viewer, by),
            stages: Stages::new(&picture.stages, &seen.before.stages),
            newest_only: picture.newest_only,
            compared: Compared::all(picture, seen.before, &narrowed),
            before: period(viewer, seen.before),
            apart: by.map(|by| TellsApart::new(by, picture, &narrowed)),
            months: Months::new(&seen.trend.months),
            late_with: late_with.collect(),
            decide: Group::new("decide", "Brought to you, to decide", "", decide),
            patterns: seen.patterns.map(|patterns| patterns.iter().map(pattern).collect()),
            ending: Ending::default(),
            kept: Views::default(),
        }
    }
}

/// From when to when a picture is.
fn period(viewer: &Viewer, picture: &Picture) -> String {
    if picture.from == picture.to {
        return viewer.days.long(picture.from);
    }
    format!("{} to {}", viewer.days.long(picture.from), viewer.days.long(picture.to))
}

fn pattern(row: &PatternRow) -> (String, String, String) {
    let schools = super::days::counted(row.schools, "school meets", "schools meet");
    let exceptions = match row.exceptions {
        0 => "no exception so far".to_owned(),
        count => super::days::counted(count, "exception so far", "exceptions so far"),
    };
    (
        format!("/patterns/{}", row.id),
        row.title.clone(),
        format!("{schools} it, {} open; {exceptions}", row.open),
    )
}

fn filters(viewer: &Viewer) -> Vec<Field> {
    let periods = [
        (7, "the last 7 days"),
        (30, "the last 30 days"),
        (90, "the last 90 days"),
        (180, "the last 180 days"),
        (365, "the last year"),
    ];
    let mut choices = periods.map(|(days, label)| Choice::new(days, label)).to_vec();
    choices.insert(0, Choice::new("", "the days beside"));
    let period = Field::pick("days", "Time", choices);
    let sorts = vec![
        Choice::new("longest_wait", "Longest single wait"),
        Choice::new("age", "Oldest"),
    ];
    let groupings = Grouping::ALL.iter().map(|by| Choice::new(by.code(), by.label()));
    let plain = |field: Field| Field {
        needed: Some(""),
        ..field
    };
    let mut fields = vec![
        plain(period.value(PERIOD)),
        plain(Field::day("from", "Or from")),
        plain(Field::day("to", "To")),
        pick("department", "With at any time", "Anybody", departments(viewer)),
        pick("area", "Area", "Any", areas(viewer)),
        pick("school", "School", "Any", schools(viewer)),
        pick("level", "Level of school", "Any", levels()),
        pick("zone", "Zone", "Any", zones(viewer)),
        pick("by", "Told apart by", "Nothing", groupings.collect()),
        plain(Field::pick("sort", "First", sorts)),
    ];
    if viewer.visitor.claims.sees_the_past() {
        fields.push(past());
    }
    fields
}

/// By what figures and bars are told apart.
fn by(typed: &Typed) -> Option<Grouping> {
    Grouping::from_code(typed.get("by"))
}

/// Asks for everything as it was known on a day.
pub(super) fn past() -> Field {
    Field {
        needed: Some(""),
        ..Field::day("as_of", "As it was known on").hint("At the end of that day, from the record.")
    }
}

/// A day that an address names; none that no district has lived, or will for long.
fn day(typed: &Typed, name: &str, today: NaiveDate) -> Option<NaiveDate> {
    typed
        .read::<NaiveDate>(name)
        .filter(|day| (*day - today).num_days().abs() <= LIVED_DAYS)
}

/// How many days are looked back on, where that is what was chosen: the days themselves are as they were shown, or left
/// out.
fn by_days(typed: &Typed) -> Option<i64> {
    let moved = |name: &&str| typed.get(name) != typed.get(&format!("shown_{name}"));
    if ["from", "to"].iter().any(moved) {
        return None;
    }
    let days = typed.read::<i64>("days").map(|days| days.clamp(1, PERIOD_MAX));
    let named = typed.some("from").is_some() || typed.some("to").is_some();
    days.or((!named).then_some(PERIOD))
}

/// What of an address says what is looked at; what cannot be read narrows nothing.
fn query(typed: &Typed, today: NaiveDate) -> PictureQuery {
    let days = by_days(typed);
    let (from, to) = match days {
        Some(_) => (None, None),
        None => (day(typed, "from", today), day(typed, "to", today)),
    };
    let to = to.unwrap_or(today);
    let from = from
        .unwrap_or(to - Duration::days(days.unwrap_or(PERIOD)))
        .clamp(to - Duration::days(PERIOD_MAX), to);
    let sort = typed
        .some("sort")
        .filter(|sort| *sort == "age")
        .unwrap_or("longest_wait");
    PictureQuery {
        from: Some(from),
        to: Some(to),
        department: typed.read("department"),
        area: typed.some("area").map(str::to_owned),
        school: typed.read("school"),
        level: Level::from_code(typed.get("level")),
        zone: typed.read("zone"),
        sort: Some(sort.to_owned()),
        by: by(typed),
        limit: Some(BARS),
    }
}

/// The months up to the last day looked at, of the same loops.
fn months_of(query: &PictureQuery) -> TrendQuery {
    TrendQuery {
        to: query.to,
        months: None,
        department: query.department,
        area: query.area.clone(),
        school: query.school,
        level: query.level,
        zone: query.zone,
    }
}

/// The same for as many days before.
fn period_before(query: &PictureQuery) -> PictureQuery {
    let (from, to) = (query.from.unwrap_or_default(), query.to.unwrap_or_default());
    let until = from - Duration::days(1);
    PictureQuery {
        from: Some(until - (to - from)),
        to: Some(until),
        limit: query.limit.map(|bars| bars.min(1)),
        by: None,
        ..query.clone()
    }
}

pub(super) async fn show(desk: Desk, Query(asked): Query<Vec<(String, String)>>) -> Response {
    desk.or_trouble(Box::pin(page(&desk, &Typed::from(asked))).await)
}

/// What is asked for a leader's screen and what is taken from it.
#[derive(Debug)]
pub(super) struct Answers {
    pub now: Picture,
    pub before: Picture,
    pub trend: Trend,
}

async fn answers(desk: &Desk, now: PictureQuery) -> Result<Answers, Problem> {
    let (before, trend) = (period_before(&now), months_of(&now));
    let (now, before, trend) = tokio::try_join!(
        desk.ask("timeline", "picture", now),
        desk.ask("timeline", "picture", before),
        desk.ask("timeline", "trend", trend),
    )?;
    Ok(Answers { now, before, trend })
}

/// Figures are for the office, leaders and auditors.
fn for_figures(desk: &Desk) -> Result<(), Problem> {
    if desk.viewer.sees_figures() {
        return Ok(());
    }
    Err(Problem::forbidden(
        "figures over the district are for its office and its leaders",
    ))
}

async fn page(desk: &Desk, typed: &Typed) -> Result<Response, Problem> {
    for_figures(desk)?;
    let decide = LoopsQuery {
        open: Some(true),
        holder: Some("leader".to_owned()),
        sort: Sort::Oldest,
        limit: Some(PAGE_MAX),
        ..LoopsQuery::default()
    };
    let beside = async {
        let kept = Views::of(desk, "/leader", typed);
        Ok(tokio::join!(standing(desk), Ending::of(desk, None), kept))
    };
    let (answers, decide, (patterns, ending, kept)): (Answers, Page<LoopRow>, _) = tokio::try_join!(
        answers(desk, query(typed, desk.viewer.days.today)),
        desk.ask("timeline", "loops", decide),
        beside,
    )?;
    let seen = Seen {
        now: &answers.now,
        before: &answers.before,
        trend: &answers.trend,
        waiting: &decide.items,
        patterns: patterns.as_deref(),
    };
    let mut page = LeaderPage::new(&desk.viewer, typed, &seen);
    page.ending = ending;
    page.kept = kept;
    shell::page(&page)
}

/// Patterns that nobody has answered yet, the newest first; none where the register does not say: a page is shown all the
/// same.
async fn standing(desk: &Desk) -> Option<Vec<PatternRow>> {
    let of = async |standing| {
        let query = PatternsQuery {
            standing: Some(standing),
            limit: Some(PATTERNS as u32),
            cursor: None,
        };
        let page: Result<Page<PatternRow>, Problem> = desk.ask("flexibility", "patterns", query).await;
        page.map(|page| page.items).ok()
    };
    let (found, before_teams) = tokio::join!(of(PatternStanding::Detected), of(PatternStanding::Proposed));
    let (mut found, before_teams) = (found?, before_teams?);
    found.extend(before_teams);
    found.sort_by_key(|row| std::cmp::Reverse(row.detected_at));
    found.truncate(PATTERNS);
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_that_no_district_has_lived_is_none() {
        let today = "2026-11-30".parse().expect("a day");
        for absurd in ["+262142-12-31", "-262143-01-01", "9999-01-01", "x"] {
            let asked = query(&Typed::of(&[("from", absurd), ("to", absurd)]), today);
            assert_eq!(asked.to, Some(today), "{absurd}");
        }
        // Whoever chooses a number of days after having moved means it; whoever types days means those.
        let of = |pairs: &[(&str, &str)]| {
            let asked = query(&Typed::of(pairs), today);
            asked.from.expect("a day").to_string()
        };
        let moved = [
            ("from", "2026-10-01"),
            ("to", "2026-10-31"),
            ("shown_from", "2026-10-01"),
            ("shown_to", "2026-10-31"),
        ];
        assert_eq!(of(&[&moved[..], &[("days", "")]].concat()), "2026-10-01");
        assert_eq!(of(&[&moved[..], &[("days", "7")]].concat()), "2026-11-23");
        assert_eq!(
            of(&[("days", "90"), ("from", "2026-10-01"), ("to", "2026-10-31")]),
            "2026-10-01"
        );
        let turned = query(&Typed::of(&[("from", "2026-12-24"), ("to", "2026-11-01")]), today);
        assert!(turned.from <= turned.to, "{turned:?}");
    }

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
