//! What came and what ended, month by month, and the share of answers that changed it for all.

use askama::Template;
use askama::filters::HtmlSafe;
use contracts::queries::{Month, structural_share};

use super::percent;
use crate::pages::days::Days;

/// How high the drawings are, in pixels: their words beside them are text.
const HEIGHT: f64 = 120.0;
/// Shares below this are drawn as a target line that a district can hold itself to: half of what changes anything
/// changes it for all.
const TARGET: u32 = 50;

/// Months as columns, and a line above.
#[derive(Debug, Clone, Template)]
#[template(path = "parts/months.html")]
pub(in crate::pages) struct Months {
    pub months: Vec<MonthColumn>,
    /// The most that came or ended in one month.
    pub most: u32,
    /// The line through the months that have a share, as points of a polyline.
    pub line: Vec<(String, String, String, String)>,
    pub target: u32,
    pub target_y: String,
    /// Whether anything came or ended at all.
    pub empty: bool,
}

impl HtmlSafe for Months {}

/// One month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::pages) struct MonthColumn {
    /// "November 2026".
    pub name: String,
    /// "Nov".
    pub label: String,
    /// Whether its label stands under the drawing, too: on a phone not all do.
    pub labelled: bool,
    pub filed: u32,
    pub ended: u32,
    pub confirmed: u32,
    pub unconfirmed: u32,
    pub declined: u32,
    pub withdrawn: u32,
    pub structural: u32,
    pub exceptions: u32,
    pub share: Option<u32>,
    pub x: String,
    pub middle: String,
    pub ended_x: String,
    pub width: String,
    pub filed_y: String,
    pub filed_height: String,
    pub ended_y: String,
    pub ended_height: String,
    pub share_y: Option<String>,
}

fn ended(month: &Month) -> u32 {
    month.closed_confirmed + month.closed_unconfirmed + month.declined + month.withdrawn
}

fn pixels(value: f64) -> String {
    format!("{value:.1}")
}

impl Months {
    /// Draws months.
    pub(in crate::pages) fn new(months: &[Month]) -> Self {
        let most = months
            .iter()
            .map(|month| month.filed.max(ended(month)))
            .max()
            .unwrap_or(0);
        let each = 100.0 / months.len().max(1) as f64;
        let height = |count: u32| f64::from(count) / f64::from(most.max(1)) * HEIGHT;
        let share_y = |share: u32| pixels(HEIGHT - f64::from(share) / 100.0 * HEIGHT);
        let column = |(nth, month): (usize, &Month)| {
            let left = nth as f64 * each;
            let (filed, ended) = (month.filed, ended(month));
            let share = structural_share(month.structural, month.exceptions);
            MonthColumn {
                name: Days::month(month.from),
                label: month.from.format("%b").to_string(),
                labelled: nth % 2 == (months.len() + 1) % 2,
                filed,
                ended,
                confirmed: month.closed_confirmed,
                unconfirmed: month.closed_unconfirmed,
                declined: month.declined,
                withdrawn: month.withdrawn,
                structural: month.structural,
                exceptions: month.exceptions,
                share,
                x: percent(left + each * 0.15),
                middle: percent(left + each / 2.0),
                ended_x: percent(left + each * 0.5),
                width: percent(each * 0.33),
                filed_y: pixels(HEIGHT - height(filed)),
                filed_height: pixels(height(filed)),
                ended_y: pixels(HEIGHT - height(ended)),
                ended_height: pixels(height(ended)),
                share_y: share.map(share_y),
            }
        };
        let columns: Vec<MonthColumn> = months.iter().enumerate().map(column).collect();
        let points: Vec<(&str, &str)> = columns
            .iter()
            .filter_map(|column| Some((column.middle.as_str(), column.share_y.as_deref()?)))
            .collect();
        let line = points
            .windows(2)
            .filter_map(|pair| match pair {
                [(x1, y1), (x2, y2)] => Some(((*x1).to_owned(), (*y1).to_owned(), (*x2).to_owned(), (*y2).to_owned())),
                _ => None,
            })
            .collect();
        Self {
            line,
            most,
            target: TARGET,
            target_y: share_y(TARGET),
            empty: most == 0,
            months: columns,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_column_fills_the_drawing_and_a_month_without_answers_has_no_share() {
        let month = |from: &str, filed: u32, structural: u32, exceptions: u32| Month {
            from: from.parse().expect("a day"),
            filed,
            closed_confirmed: structural + exceptions,
            structural,
            exceptions,
            ..Month::default()
        };
        let months = Months::new(&[
            month("2026-08-01", 10, 0, 0),
            month("2026-09-01", 20, 3, 1),
            month("2026-10-01", 5, 1, 1),
        ]);
        assert_eq!(months.months[1].filed_height, "120.0");
        let shares: Vec<Option<u32>> = months.months.iter().map(|month| month.share).collect();
        assert_eq!(shares, [None, Some(75), Some(50)]);
        assert_eq!(months.line.len(), 1, "the line runs through what there is");
        assert_eq!(months.target_y, "60.0");
        assert!(Months::new(&[]).empty);
    }
}
