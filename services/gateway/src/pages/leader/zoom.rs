//! Nearer and farther, earlier and later: from a year to a day.

use chrono::{Duration, NaiveDate};

use super::super::forms::Typed;

/// How many days can be looked at at once, from near to far.
const SPANS: [i64; 10] = [1, 2, 7, 14, 30, 60, 90, 180, 365, 730];

/// Where the picture can be moved to: each an address, where there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::pages) struct Zoom {
    pub earlier: Option<String>,
    pub later: Option<String>,
    pub nearer: Option<String>,
    pub farther: Option<String>,
}

impl Zoom {
    /// Around a time, both days counted; nothing lies after today.
    pub(super) fn new(typed: &Typed, from: NaiveDate, to: NaiveDate, today: NaiveDate) -> Self {
        let span = (to - from).num_days() + 1;
        let at = |from: NaiveDate, to: NaiveDate| {
            let rest = Typed::from(typed.pairs_without(&["from", "to", "days", "shown_from", "shown_to"]));
            let rest = rest.query_with("from", &from.to_string());
            format!("/leader{rest}&to={to}")
        };
        let ending = |to: NaiveDate, span: i64| at(to - Duration::days(span - 1), to);
        // What is nearer is its later part: what happened last is asked for most.
        let nearer = SPANS.iter().rev().find(|days| **days < span);
        let farther = SPANS.iter().find(|days| **days > span);
        Self {
            earlier: Some(ending(from - Duration::days(1), span)),
            later: (to < today).then(|| ending((to + Duration::days(span)).min(today), span)),
            nearer: nearer.map(|days| ending(to, *days)),
            farther: farther.map(|days| ending(to, *days)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_comes_from_a_year_to_a_day_and_back_and_never_past_today() {
        let day = |text: &str| text.parse::<NaiveDate>().expect("a day");
        let today = day("2026-11-28");
        let typed = Typed::of(&[("days", "90"), ("area", "grading")]);
        let zoom = Zoom::new(&typed, day("2026-08-31"), today, today);
        assert_eq!(zoom.later, None);
        assert_eq!(
            zoom.nearer.as_deref(),
            Some("/leader?area=grading&from=2026-09-30&to=2026-11-28")
        );
        assert_eq!(
            zoom.earlier.as_deref(),
            Some("/leader?area=grading&from=2026-06-02&to=2026-08-30")
        );
        let nearest = Zoom::new(&typed, day("2026-11-02"), day("2026-11-02"), today);
        assert_eq!(nearest.nearer, None);
        assert_eq!(
            nearest.later.as_deref(),
            Some("/leader?area=grading&from=2026-11-03&to=2026-11-03")
        );
        let widest = Zoom::new(&typed, day("2024-11-29"), today, today);
        assert_eq!(widest.farther, None);
    }
}
