//! What leaders take with them: each table as CSV, each drawing as SVG.

use askama::Template;
use axum::extract::{Path, Query};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use contracts::problem::Problem;
use contracts::queries::{PAGE_MAX, Picture, PictureQuery, Trend};

use super::super::chart::{self, Lane, Months, StageLine, Stages, Tick, Timeline};
use super::super::forms::Typed;
use super::super::viewer::Desk;
use super::compare::{Compared, TellsApart};
use super::sentences::Narrowed;
use super::{by, for_figures, months_of, period, period_before, query};
use crate::csv::Table;

/// How much of a picture's width of 1,200 is for words, and how much for bars.
const WORDS: usize = 440;
const BARS: usize = 720;
/// How high a lane is.
const LANE: usize = 34;
const HEAD: usize = 90;

/// Whether there is a drawing of it.
pub(super) fn has_picture(name: &str) -> bool {
    matches!(name, "timeline" | "stages" | "months")
}

/// A drawing of the timeline that stands alone.
#[derive(Debug, Template)]
#[template(path = "pictures/timeline.svg", ext = "svg", escape = "html")]
struct TimelinePicture {
    heading: String,
    period: String,
    ticks: Vec<Tick>,
    lanes: Vec<Placed>,
    /// Where each word of the legend begins, its colour and itself.
    legend: Vec<(usize, &'static str, &'static str)>,
    height: usize,
}

/// A lane with where it stands.
#[derive(Debug)]
struct Placed {
    heading_y: usize,
    y: usize,
    lane: Lane,
}

impl TimelinePicture {
    fn new(heading: String, period: String, timeline: Timeline) -> Self {
        let mut next = HEAD;
        let lanes: Vec<Placed> = timeline
            .lanes
            .into_iter()
            .map(|lane| {
                let heading_y = next;
                if lane.heading.is_some() {
                    next += LANE;
                }
                let y = next;
                next += LANE;
                Placed { heading_y, y, lane }
            })
            .collect();
        let mut x = 24;
        let legend = timeline.legend.iter().map(|(colour, words)| {
            let begins = x;
            x += 40 + words.chars().count() * 8;
            (begins, *colour, *words)
        });
        Self {
            heading,
            period,
            ticks: timeline.ticks,
            legend: legend.collect(),
            lanes,
            height: next + 44,
        }
    }
}

/// A drawing of the stages that stands alone.
#[derive(Debug, Template)]
#[template(path = "pictures/stages.svg", ext = "svg", escape = "html")]
struct StagesPicture {
    heading: String,
    period: String,
    lines: Vec<(usize, StageLine)>,
    height: usize,
}

/// A drawing of the months that stands alone.
#[derive(Debug, Template)]
#[template(path = "pictures/months.svg", ext = "svg", escape = "html")]
struct MonthsPicture {
    heading: String,
    months: Months,
}

/// Where the line of this number stands, from the top.
fn top(nth: usize) -> usize {
    HEAD + nth * LANE
}

/// What a colour of a bar is on paper: a picture brings no style sheet.
fn colour(who: &str) -> &'static str {
    match who {
        "school" => "#cf8f1d",
        "department" => "#1d5fa8",
        "contact" => "#2f9e96",
        "leader" => "#8f57c9",
        "state" => "#66748a",
        "closed" => "#1a6b46",
        _ => "#8e9296",
    }
}

/// Without what XML has no place for.
fn for_xml(text: &str) -> String {
    text.chars()
        .filter(|sign| !matches!(sign, '\u{FFFE}' | '\u{FFFF}'))
        .collect()
}

/// As much of a title as fits beside a bar.
fn short(title: &str) -> String {
    const FITS: usize = 52;
    let title = for_xml(title);
    if title.chars().count() <= FITS {
        return title;
    }
    let kept: String = title.chars().take(FITS - 1).collect();
    format!("{}\u{2026}", kept.trim_end())
}

pub(in crate::pages) async fn show(
    desk: Desk,
    Path(name): Path<String>,
    Query(asked): Query<Vec<(String, String)>>,
) -> Response {
    desk.or_trouble(file(&desk, &name, &Typed::from(asked)).await)
}

async fn file(desk: &Desk, name: &str, typed: &Typed) -> Result<Response, Problem> {
    for_figures(desk)?;
    let (of, kind) = name.split_once('.').unwrap_or((name, ""));
    let known = ["timeline", "stages", "late", "apart", "months", "compared"].contains(&of);
    if !known || !(kind == "csv" || (kind == "svg" && has_picture(of))) {
        return Err(Problem::not_found("file"));
    }
    let viewer = &desk.viewer;
    let mut query = query(typed, viewer.days.today);
    if kind == "csv" {
        query.limit = Some(PAGE_MAX);
    }
    if !matches!(of, "timeline" | "stages") {
        // Neither bars nor stays stand in them.
        query.limit = Some(0);
    }
    if of != "apart" {
        query.by = None;
    }
    let until = query.to.unwrap_or(viewer.days.today);
    let body = if kind == "csv" {
        table(of, desk, typed, query).await?
    } else {
        picture(of, desk, typed, query).await?.into_bytes()
    };
    let content_type = if kind == "csv" {
        "text/csv; charset=utf-8"
    } else {
        "image/svg+xml"
    };
    // Looked at in the page itself it would be a document of its own: it is taken away, and runs nothing.
    let headers = [
        (header::CONTENT_TYPE, content_type.to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"loopline-{of}-{until}.{kind}\""),
        ),
    ];
    Ok((headers, body).into_response())
}

/// This time and the time before.
async fn both(desk: &Desk, now: PictureQuery) -> Result<(Picture, Picture), Problem> {
    let before = period_before(&now);
    tokio::try_join!(
        desk.ask("timeline", "picture", now),
        desk.ask("timeline", "picture", before),
    )
}

async fn table(of: &str, desk: &Desk, typed: &Typed, query: PictureQuery) -> Result<Vec<u8>, Problem> {
    let viewer = &desk.viewer;
    let narrowed = Narrowed::from(typed);
    match of {
        "timeline" => {
            let now: Picture = desk.ask("timeline", "picture", query).await?;
            let mut table = Table::new(&[
                "loop",
                "title",
                "schools",
                "area",
                "state",
                "with",
                "in state",
                "from",
                "to",
                "clocks stopped",
            ])?;
            for bar in &now.bars {
                let schools: Vec<&str> = bar.row.schools.iter().map(|school| school.name.as_str()).collect();
                for piece in &bar.pieces {
                    let with = chart::who(piece, viewer);
                    table.row(&[
                        bar.row.number.as_str(),
                        &bar.row.title,
                        &schools.join("; "),
                        &super::super::words::area(&viewer.district, &bar.row.area),
                        bar.row.state.label(),
                        &with,
                        piece.state.label(),
                        &piece.from.to_rfc3339(),
                        &piece.to.map(|to| to.to_rfc3339()).unwrap_or_default(),
                        if piece.paused { "yes" } else { "no" },
                    ])?;
                }
            }
            if now.more {
                let rest = "there are more loops than these: narrow the picture down to see others";
                table.row(&[rest, "", "", "", "", "", "", "", "", ""])?;
            }
            table.done()
        }
        "stages" => {
            let (now, before) = both(desk, query).await?;
            let mut table = Table::new(&[
                "stage",
                "stays",
                "median days",
                "80th percentile days",
                "median days before",
            ])?;
            let tenths = |tenths: u32| format!("{}.{}", tenths / 10, tenths % 10);
            for stage in &now.stages {
                let earlier = before.stages.iter().find(|before| before.state == stage.state);
                table.row(&[
                    stage.state.label(),
                    &stage.count.to_string(),
                    &tenths(stage.median_tenths),
                    &tenths(stage.p80_tenths),
                    &earlier.map(|earlier| tenths(earlier.median_tenths)).unwrap_or_default(),
                ])?;
            }
            table.done()
        }
        "late" => {
            let now: Picture = desk.ask("timeline", "picture", query).await?;
            let mut table = Table::new(&["with", "open", "late"])?;
            for with in &now.late_with {
                table.row(&[&with.name, &with.open.to_string(), &with.late.to_string()])?;
            }
            table.done()
        }
        "apart" => {
            let by = by(typed).ok_or_else(|| Problem::not_found("file"))?;
            let now: Picture = desk.ask("timeline", "picture", query).await?;
            let mut table = Table::new(&[
                by.code(),
                "open",
                "late",
                "filed",
                "closed by schools",
                "closed without their word",
                "declined",
                "withdrawn",
                "refused",
                "changed for all",
                "exceptions",
            ])?;
            for line in TellsApart::new(by, &now, &narrowed).lines {
                let it = &line.summary;
                let counts = [
                    it.open,
                    it.late,
                    it.filed,
                    it.closed_confirmed,
                    it.closed_unconfirmed,
                    it.declined,
                    it.withdrawn,
                    it.refused,
                    it.structural,
                    it.exceptions,
                ]
                .map(|count| count.to_string());
                let cells: Vec<&str> = std::iter::once(line.name.as_str())
                    .chain(counts.iter().map(String::as_str))
                    .collect();
                table.row(&cells)?;
            }
            table.done()
        }
        "months" => {
            let trend: Trend = desk.ask("timeline", "trend", months_of(&query)).await?;
            let mut table = Table::new(&[
                "month",
                "filed",
                "closed by schools",
                "closed without their word",
                "declined",
                "withdrawn",
                "changed for all",
                "exceptions",
            ])?;
            for month in &trend.months {
                let counts = [
                    month.filed,
                    month.closed_confirmed,
                    month.closed_unconfirmed,
                    month.declined,
                    month.withdrawn,
                    month.structural,
                    month.exceptions,
                ]
                .map(|count| count.to_string());
                let from = month.from.format("%Y-%m").to_string();
                let cells: Vec<&str> = std::iter::once(from.as_str())
                    .chain(counts.iter().map(String::as_str))
                    .collect();
                table.row(&cells)?;
            }
            table.done()
        }
        _ => {
            let (now, before) = both(desk, query).await?;
            let mut table = Table::new(&["what", "now", "before"])?;
            for line in Compared::all(&now, &before, &narrowed) {
                table.row(&[line.name, &line.now, &line.before])?;
            }
            table.done()
        }
    }
}

async fn picture(of: &str, desk: &Desk, typed: &Typed, query: PictureQuery) -> Result<String, Problem> {
    let viewer = &desk.viewer;
    let district = for_xml(&viewer.district.name);
    let drawn = match of {
        "timeline" => {
            let now: Picture = desk.ask("timeline", "picture", query).await?;
            let timeline = Timeline::new(&now, viewer, by(typed));
            let heading = format!("{district}: where loops lie, and with whom");
            TimelinePicture::new(heading, period(viewer, &now), timeline).render()
        }
        "stages" => {
            let (now, before) = both(desk, query).await?;
            let stages = Stages::new(&now.stages, &before.stages);
            StagesPicture {
                heading: format!("{district}: time in each stage"),
                period: period(viewer, &now),
                height: top(stages.lines.len()) + 40,
                lines: stages
                    .lines
                    .into_iter()
                    .enumerate()
                    .map(|(nth, line)| (top(nth), line))
                    .collect(),
            }
            .render()
        }
        _ => {
            let trend: Trend = desk.ask("timeline", "trend", months_of(&query)).await?;
            MonthsPicture {
                heading: format!("{district}: what came and what ended, month by month"),
                months: Months::new(&trend.months),
            }
            .render()
        }
    };
    drawn.map_err(|_| Problem::unavailable("the picture could not be drawn"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_title_is_cut_where_it_no_longer_fits() {
        assert_eq!(short("Bells\u{FFFF}"), "Bells");
        let long = short(&"word ".repeat(30));
        assert!(long.chars().count() <= 52 && long.ends_with('\u{2026}'), "{long}");
    }
}
