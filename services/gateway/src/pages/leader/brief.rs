//! `GET /leader/brief`: a month on one page, to print for a board.

use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use chrono::{Datelike, Days as Count, Months as Back, NaiveDate};
use contracts::problem::Problem;
use contracts::queries::{Checkpoint, CheckpointQuery, LateWith, PatternRow, Picture, PictureQuery};

use super::super::allowed::Ending;
use super::super::chart::{Months, Stages};
use super::super::days::Days;
use super::super::forms::Typed;
use super::super::shell::{self, Here, Shell};
use super::super::viewer::{Desk, Viewer};
use super::compare::Compared;
use super::sentences::{Narrowed, Part, sentences};
use super::{Answers, LIVED_DAYS, for_figures, months_of, pattern, standing};

/// Those who have most that is late, and what ends soonest: as many as a page has room for.
const LINES_MAX: usize = 10;
const ENDING_MAX: usize = 4;

/// The brief of a month.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/brief.html")]
pub(in crate::pages) struct BriefPage {
    pub shell: Shell,
    /// "October 2026".
    pub month: String,
    pub month_before: String,
    /// Whether the month is not over yet.
    pub so_far: bool,
    pub sentences: Vec<Vec<Part>>,
    pub compared: Vec<Compared>,
    pub late_with: Vec<LateWith>,
    pub stages: Stages,
    pub months: Months,
    pub patterns: Option<Vec<(String, String, String)>>,
    pub ending: Ending,
    /// The size and the root of the record's last checkpoint.
    pub checkpoint: Option<(String, String)>,
    pub earlier: String,
    pub later: Option<String>,
}

impl BriefPage {
    /// Draws the brief of the month that begins on a day.
    pub(in crate::pages) fn new(
        viewer: &Viewer,
        month: NaiveDate,
        answers: &Answers,
        today: &Picture,
        patterns: Option<&[PatternRow]>,
    ) -> Self {
        let narrowed = Narrowed::from(&Typed::default());
        // What is open and late is so today, whatever month is told of.
        let mut told = answers.now.clone();
        (told.summary.open, told.summary.late) = (today.summary.open, today.summary.late);
        (told.summary.triage, told.late_with) = (today.summary.triage, today.late_with.clone());
        let at = |month: NaiveDate| format!("/leader/brief?month={}", month.format("%Y-%m"));
        let next = month
            .checked_add_months(Back::new(1))
            .filter(|next| *next <= viewer.days.today);
        let before = month.checked_sub_months(Back::new(1)).unwrap_or(month);
        Self {
            shell: viewer.shell("The month on one page", Here::Leader),
            month: Days::month(month),
            month_before: Days::month(before),
            so_far: last_of(month) >= viewer.days.today,
            sentences: sentences(&told, &narrowed),
            compared: Compared::all(&answers.now, &answers.before, &narrowed),
            late_with: today.late_with.iter().take(LINES_MAX).map(as_heading).collect(),
            stages: Stages::new(&answers.now.stages, &answers.before.stages),
            months: Months::new(&answers.trend.months),
            patterns: patterns.map(|patterns| patterns.iter().map(pattern).collect()),
            ending: Ending::default(),
            checkpoint: None,
            earlier: at(before),
            later: next.map(at),
        }
    }
}

/// With its name as it stands at the head of a row.
fn as_heading(with: &LateWith) -> LateWith {
    LateWith {
        name: super::super::words::raised(&with.name),
        ..with.clone()
    }
}

/// The last day of the month that begins on a day.
fn last_of(month: NaiveDate) -> NaiveDate {
    month
        .checked_add_months(Back::new(1))
        .and_then(|next| next.checked_sub_days(Count::new(1)))
        .unwrap_or(month)
}

/// The first day of the month that is asked for; of the last one that is over, where none is, or none that has begun.
fn asked(typed: &Typed, today: NaiveDate) -> NaiveDate {
    let first = |day: NaiveDate| day.with_day(1).unwrap_or(day);
    let asked = typed.some("month").map(|month| format!("{month}-01"));
    asked
        .and_then(|day| day.parse::<NaiveDate>().ok())
        .filter(|day| *day <= today && (today - *day).num_days() <= LIVED_DAYS)
        .unwrap_or_else(|| first(today).checked_sub_months(Back::new(1)).unwrap_or(today))
}

pub(in crate::pages) async fn show(desk: Desk, Query(typed): Query<Vec<(String, String)>>) -> Response {
    desk.or_trouble(page(&desk, &Typed::from(typed)).await)
}

async fn page(desk: &Desk, typed: &Typed) -> Result<Response, Problem> {
    for_figures(desk)?;
    let month = asked(typed, desk.viewer.days.today);
    let of = |month: NaiveDate| PictureQuery {
        from: Some(month),
        to: Some(last_of(month).min(desk.viewer.days.today)),
        limit: Some(1),
        ..PictureQuery::default()
    };
    let now = of(month);
    let before = of(month.checked_sub_months(Back::new(1)).unwrap_or(month));
    let trend = months_of(&now);
    let day = desk.viewer.days.today;
    let today = PictureQuery {
        from: Some(day),
        to: Some(day),
        limit: Some(0),
        ..of(month)
    };
    let (today, now, before, trend): (Picture, _, _, _) = tokio::try_join!(
        desk.ask("timeline", "picture", today),
        desk.ask("timeline", "picture", now),
        desk.ask("timeline", "picture", before),
        desk.ask("timeline", "trend", trend),
    )?;
    let answers = Answers { now, before, trend };
    let patterns = standing(desk).await;
    let mut page = BriefPage::new(&desk.viewer, month, &answers, &today, patterns.as_deref());
    page.ending = Ending::of(desk, None).await;
    page.ending.rows.truncate(ENDING_MAX);
    page.checkpoint = checkpoint(desk).await;
    shell::page(&page)
}

/// The record's last checkpoint, as it stands in the foot of what is printed. Without it the page is shown all the same.
async fn checkpoint(desk: &Desk) -> Option<(String, String)> {
    let query = CheckpointQuery {
        district: desk.viewer.visitor.claims.district.clone(),
    };
    let checkpoint: Checkpoint = desk
        .front
        .bus
        .ask(contracts::subjects::query("ledger", "checkpoint"), &query)
        .await
        .ok()?;
    let root = checkpoint.note.lines().nth(2)?.to_owned();
    Some((checkpoint.size.to_string(), root))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_brief_is_of_the_last_month_that_is_over_where_nobody_says_which() {
        let day = |text: &str| text.parse::<NaiveDate>().expect("a day");
        let of = |month: &str| asked(&Typed::of(&[("month", month)]), day("2026-11-28"));
        assert_eq!(of(""), day("2026-10-01"));
        assert_eq!(of("2026-11"), day("2026-11-01"));
        assert_eq!(of("2026-02"), day("2026-02-01"));
        assert_eq!(of("2027-01"), day("2026-10-01"), "it has not begun");
        assert_eq!(of("x"), day("2026-10-01"));
        assert_eq!(last_of(day("2026-02-01")), day("2026-02-28"));
        assert_eq!(
            asked(&Typed::default(), day("2026-03-31")),
            day("2026-02-01"),
            "at the end of a longer month"
        );
    }
}
