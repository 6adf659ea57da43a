//! Drawings for leaders: the resolution timeline, and the time in each stage. Positions across are percentages, so
//! that a drawing fits any screen and its words stay text.

mod months;
mod stages;

use askama::Template;
use askama::filters::HtmlSafe;
use chrono::{DateTime, Datelike, Duration, NaiveDate, Utc};
use contracts::queries::{Bar, Picture, Piece};
use contracts::vocabulary::{Grouping, LoopState};

pub(super) use self::months::Months;
pub(super) use self::stages::{StageLine, Stages};
use super::days::Days;
use super::rows::Row;
use super::viewer::Viewer;
use super::words;

/// More marks than this along the top and they run into each other.
const TICKS_MAX: i64 = 6;
/// How far apart hours may be marked, in minutes.
const MINUTES: [i64; 4] = [5, 30, 60, 360];

/// The resolution timeline.
#[derive(Debug, Clone, Template)]
#[template(path = "parts/timeline.html")]
pub(super) struct Timeline {
    /// The first and the last day it goes over, as addresses say them.
    pub from: NaiveDate,
    pub to: NaiveDate,
    /// How much time lies between the edges, in seconds: the last day may not be over.
    pub seconds: i64,
    pub ticks: Vec<Tick>,
    pub lanes: Vec<Lane>,
    /// What the colours mean: class and words, those that occur.
    pub legend: Vec<(&'static str, &'static str)>,
    pub paused: bool,
    pub more: bool,
}

impl HtmlSafe for Timeline {}

/// A day marked along the top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tick {
    pub x: String,
    pub label: String,
}

/// One loop's row.
#[derive(Debug, Clone)]
pub(super) struct Lane {
    /// What it and the lanes under it have in common, where they are told apart and it is the first of them.
    pub heading: Option<String>,
    pub row: Row,
    pub pieces: Vec<Slice>,
    /// Where it was opened again: an answer refused, an end appealed.
    pub turns: Vec<String>,
    /// Where it had ended before it was opened again, and with which cap.
    pub stops: Vec<Cap>,
    /// How it ends, or that it goes on.
    pub cap: Cap,
    /// "longest wait 12 days".
    pub longest: String,
    /// All of it in words, for those who do not see the drawing.
    pub words: String,
}

/// The mark at the end of a bar.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(path = "parts/cap.html")]
pub(super) struct Cap {
    pub x: String,
    pub kind: &'static str,
    pub colour: &'static str,
}

impl HtmlSafe for Cap {}

/// A piece of a bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slice {
    pub x: String,
    pub width: String,
    pub colour: &'static str,
    pub paused: bool,
    /// "the department, 3 days, from Monday 2 November".
    pub words: String,
    pub who: String,
    pub state: &'static str,
    pub from: String,
    pub to: String,
    pub lasted: String,
}

/// A stretch of time laid across a drawing.
#[derive(Debug, Clone, Copy)]
struct Across {
    from: DateTime<Utc>,
    seconds: f64,
}

impl Across {
    fn at(self, moment: DateTime<Utc>) -> f64 {
        ((moment - self.from).num_seconds() as f64 / self.seconds * 100.0).clamp(0.0, 100.0)
    }
}

fn percent(value: f64) -> String {
    format!("{value:.2}%")
}

impl Timeline {
    /// Draws the bars of a picture.
    pub(super) fn new(picture: &Picture, viewer: &Viewer, by: Option<Grouping>) -> Self {
        let from = viewer.days.start_of(picture.from);
        let to = viewer
            .days
            .start_of(picture.to + Duration::days(1))
            .min(picture.as_of.max(from));
        let across = Across {
            from,
            seconds: ((to - from).num_seconds() as f64).max(1.0),
        };
        let mut bars: Vec<(Option<String>, &Bar)> = picture
            .bars
            .iter()
            .map(|bar| (by.map(|by| common(bar, by, viewer)), bar))
            .collect();
        // Within what they have in common they keep their order.
        bars.sort_by(|(one, _), (other, _)| one.cmp(other));
        let mut last = None;
        let lanes: Vec<Lane> = bars
            .into_iter()
            .map(|(common, bar)| {
                let heading = common.clone().filter(|common| last.as_ref() != Some(common));
                last = common;
                Lane {
                    heading,
                    ..lane(bar, across, to, viewer)
                }
            })
            .collect();
        let mut legend: Vec<(&'static str, &'static str)> = Vec::new();
        for holder in ["school", "department", "contact", "leader", "state"] {
            let colour = words::holder_colour(holder);
            if lanes
                .iter()
                .any(|lane| lane.pieces.iter().any(|piece| piece.colour == colour))
            {
                legend.push((colour, legend_words(holder)));
            }
        }
        let paused = lanes.iter().any(|lane| lane.pieces.iter().any(|piece| piece.paused));
        Self {
            from: picture.from,
            to: picture.to,
            seconds: (to - from).num_seconds(),
            ticks: ticks(from, to, across, &viewer.days),
            lanes,
            legend,
            paused,
            more: picture.more,
        }
    }
}

/// What a loop has in common with others.
fn common(bar: &Bar, by: Grouping, viewer: &Viewer) -> String {
    let row = &bar.row;
    match by {
        Grouping::State => row.state.label().to_owned(),
        Grouping::Area => words::area(&viewer.district, &row.area),
        Grouping::Department => row
            .department_name
            .clone()
            .unwrap_or_else(|| "No department yet".to_owned()),
        Grouping::School => match row.schools.as_slice() {
            [one] => one.name.clone(),
            _ => "Several schools".to_owned(),
        },
    }
}

fn legend_words(holder: &str) -> &'static str {
    match holder {
        "contact" => "the contact, or not routed yet",
        "leader" => "a team or a leader",
        other => words::holder_name(other),
    }
}

fn lane(bar: &Bar, across: Across, end: DateTime<Utc>, viewer: &Viewer) -> Lane {
    let slices: Vec<Slice> = bar
        .pieces
        .iter()
        .filter_map(|piece| slice(piece, across, end, viewer))
        .collect();
    let within = |piece: &&Piece| piece.from >= across.from && piece.from <= end;
    let turns = bar
        .pieces
        .iter()
        .filter(within)
        .filter(|piece| piece.state == LoopState::Reopened);
    let turns = turns.map(|piece| percent(across.at(piece.from))).collect();
    let ended = bar
        .pieces
        .last()
        .filter(|piece| piece.state.is_end())
        .map(|piece| piece.from);
    let stops = bar
        .pieces
        .iter()
        .rev()
        .skip(1)
        .filter(|piece| piece.state.is_end())
        .filter(within);
    let stops = stops.map(|piece| Cap {
        x: percent(across.at(piece.from)),
        kind: cap(piece.state, false),
        colour: "ended",
    });
    let reached = ended.unwrap_or(end).min(end);
    let row = Row::new(&bar.row, viewer);
    let told: Vec<&str> = slices.iter().map(|slice| slice.words.as_str()).collect();
    let refused = if bar.refused { " An answer was refused." } else { "" };
    Lane {
        heading: None,
        words: format!("{}.{refused} {}.", told.join("; "), row.state),
        cap: Cap {
            x: percent(across.at(reached)),
            kind: cap(bar.row.state, bar.row.unconfirmed),
            colour: row.colour,
        },
        longest: format!("longest wait {}", Days::span(bar.longest_wait_h)),
        pieces: slices,
        turns,
        stops: stops.collect(),
        row,
    }
}

fn cap(state: LoopState, unconfirmed: bool) -> &'static str {
    match state {
        LoopState::Closed if unconfirmed => "unconfirmed",
        LoopState::Closed => "ring",
        LoopState::Declined => "square",
        LoopState::Withdrawn => "withdrawn",
        LoopState::Filed
        | LoopState::Triage
        | LoopState::Routed
        | LoopState::Acknowledged
        | LoopState::WaitingForSchool
        | LoopState::WaitingForState
        | LoopState::Reopened
        | LoopState::Proposed => "open",
    }
}

/// Who had a loop for a while, in words.
pub(super) fn who(piece: &Piece, viewer: &Viewer) -> String {
    piece.department.filter(|_| piece.holder == "department").map_or_else(
        || words::holder_name(&piece.holder).to_owned(),
        |id| words::department(&viewer.district, id),
    )
}

fn slice(piece: &Piece, across: Across, end: DateTime<Utc>, viewer: &Viewer) -> Option<Slice> {
    let to = piece.to.unwrap_or(end).min(end);
    if piece.state.is_end() || to <= across.from || piece.from >= end {
        return None;
    }
    let (left, right) = (across.at(piece.from), across.at(to));
    let who = who(piece, viewer);
    let days = &viewer.days;
    let lasted = Days::span((to - piece.from).num_hours());
    let from = days.long(days.day(piece.from));
    let paused = if piece.paused { ", clocks stopped" } else { "" };
    Some(Slice {
        x: percent(left),
        width: percent((right - left).max(0.3)),
        colour: words::holder_colour(&piece.holder),
        paused: piece.paused,
        words: format!("{who}: {lasted} from {from}{paused}"),
        who: words::raised(&who),
        state: piece.state.label(),
        to: piece
            .to
            .map_or_else(|| "still".to_owned(), |to| days.long(days.day(to))),
        from,
        lasted,
    })
}

fn ticks(from: DateTime<Utc>, to: DateTime<Utc>, across: Across, days: &Days) -> Vec<Tick> {
    let (first, last) = (days.day(from), days.day(to));
    let span = (last - first).num_days().max(1);
    if to - from <= Duration::days(2) {
        // A day that has just begun is marked more finely than a whole one.
        let step = MINUTES
            .into_iter()
            .find(|step| (to - from).num_minutes() <= step * (TICKS_MAX + 2));
        let step = Duration::minutes(step.unwrap_or(MINUTES[MINUTES.len() - 1]));
        let hours = std::iter::successors(Some(from + step), |hour| Some(*hour + step));
        return hours
            .take_while(|hour| *hour < to)
            .map(|hour| Tick {
                x: percent(across.at(hour)),
                label: days.hour(hour),
            })
            .collect();
    }
    let marked: Vec<NaiveDate> = if span > 60 {
        let months = span / 30;
        let every = (months / TICKS_MAX + 1) as u32;
        first
            .iter_days()
            .take_while(|day| *day <= last)
            .filter(|day| day.day() == 1 && day.month0() % every == 0)
            .collect()
    } else if span <= 14 {
        let every = (span / TICKS_MAX).max(1) as usize;
        first
            .iter_days()
            .take_while(|day| *day <= last)
            .skip(1)
            .step_by(every)
            .collect()
    } else {
        let weeks = (span / 7 / TICKS_MAX + 1).max(1);
        first
            .iter_days()
            .take_while(|day| *day <= last)
            .filter(|day| day.weekday() == chrono::Weekday::Mon)
            .step_by(weeks as usize)
            .collect()
    };
    marked
        .into_iter()
        .map(|day| Tick {
            x: percent(across.at(days.start_of(day))),
            label: day.format("%-d %b").to_string(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::samples;

    #[test]
    fn a_bar_is_cut_where_the_holder_changes_and_ends_in_its_cap() {
        let timeline = Timeline::new(&samples::picture(), &samples::viewer(), None);
        let lane = &timeline.lanes[0];
        let colours: Vec<&str> = lane.pieces.iter().map(|piece| piece.colour).collect();
        assert_eq!(colours, ["contact", "department", "school", "department", "school"]);
        assert_eq!(lane.cap.kind, "ring");
        assert_eq!(lane.turns.len(), 1);
        assert!(lane.pieces[2].paused);
    }

    #[test]
    fn what_bars_have_in_common_is_said_once() {
        let timeline = Timeline::new(&samples::picture(), &samples::viewer(), Some(Grouping::Area));
        let headings: Vec<&String> = timeline.lanes.iter().filter_map(|lane| lane.heading.as_ref()).collect();
        assert_eq!(headings.len(), 1, "{headings:?}");
        assert!(timeline.lanes[0].heading.is_some());
    }

    #[test]
    fn a_day_is_marked_by_its_hours_and_a_fortnight_by_its_days() {
        let viewer = samples::viewer();
        let marks = |long: Duration| {
            let from = viewer.days.start_of("2026-11-02".parse().expect("a day"));
            let to = from + long;
            let across = Across {
                from,
                seconds: (to - from).num_seconds() as f64,
            };
            let marks = ticks(from, to, across, &viewer.days);
            marks.into_iter().map(|tick| tick.label).collect::<Vec<_>>()
        };
        assert_eq!(marks(Duration::days(1)), ["6 am", "12 pm", "6 pm"]);
        assert_eq!(marks(Duration::days(2)).len(), 7);
        assert_eq!(marks(Duration::minutes(17)), ["12:05 am", "12:10 am", "12:15 am"]);
        assert_eq!(marks(Duration::minutes(95)), ["12:30 am", "1 am", "1:30 am"]);
        assert_eq!(marks(Duration::days(7)).first().map(String::as_str), Some("3 Nov"));
        assert!(marks(Duration::days(30)).len() >= 4 && marks(Duration::days(365)).len() >= 4);
    }
}
