//! Drawings for leaders: the resolution timeline, and the time in each stage. Positions across are percentages, so
//! that a drawing fits any screen and its words stay text.

mod stages;

use askama::Template;
use askama::filters::HtmlSafe;
use chrono::{DateTime, Datelike, Duration, NaiveDate, Utc};
use contracts::queries::{Bar, Picture, Piece};
use contracts::vocabulary::LoopState;

pub(super) use self::stages::Stages;
use super::days::Days;
use super::rows::Row;
use super::viewer::Viewer;
use super::words;

/// More marks than this along the top and they run into each other.
const TICKS_MAX: i64 = 6;

/// The resolution timeline.
#[derive(Debug, Clone, Template)]
#[template(path = "parts/timeline.html")]
pub(super) struct Timeline {
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
    pub(super) fn new(picture: &Picture, viewer: &Viewer) -> Self {
        let from = viewer.days.start_of(picture.from);
        let to = viewer
            .days
            .start_of(picture.to + Duration::days(1))
            .min(picture.as_of.max(from));
        let across = Across {
            from,
            seconds: ((to - from).num_seconds() as f64).max(1.0),
        };
        let lanes: Vec<Lane> = picture.bars.iter().map(|bar| lane(bar, across, to, viewer)).collect();
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
            ticks: ticks(from, to, across, &viewer.days),
            lanes,
            legend,
            paused,
            more: picture.more,
        }
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

fn slice(piece: &Piece, across: Across, end: DateTime<Utc>, viewer: &Viewer) -> Option<Slice> {
    let to = piece.to.unwrap_or(end).min(end);
    if piece.state.is_end() || to <= across.from || piece.from >= end {
        return None;
    }
    let (left, right) = (across.at(piece.from), across.at(to));
    let who = piece.department.filter(|_| piece.holder == "department").map_or_else(
        || words::holder_name(&piece.holder).to_owned(),
        |id| words::department(&viewer.district, id),
    );
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
    let marked: Vec<NaiveDate> = if span > 60 {
        let months = span / 30;
        let every = (months / TICKS_MAX + 1) as u32;
        first
            .iter_days()
            .take_while(|day| *day <= last)
            .filter(|day| day.day() == 1 && day.month0() % every == 0)
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
        let timeline = Timeline::new(&samples::picture(), &samples::viewer());
        let lane = &timeline.lanes[0];
        let colours: Vec<&str> = lane.pieces.iter().map(|piece| piece.colour).collect();
        assert_eq!(colours, ["contact", "department", "school", "department", "school"]);
        assert_eq!(lane.cap.kind, "ring");
        assert_eq!(lane.turns.len(), 1);
        assert!(lane.pieces[2].paused);
    }
}
