//! Time in each stage.

use askama::Template;
use askama::filters::HtmlSafe;
use contracts::queries::StageTime;

use super::percent;

/// Time in each stage, as a dot for the median and a line to the 80th percentile.
#[derive(Debug, Clone, Template)]
#[template(path = "parts/stages.html")]
pub(in crate::pages) struct Stages {
    pub lines: Vec<StageLine>,
}

impl HtmlSafe for Stages {}

/// One stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::pages) struct StageLine {
    pub name: &'static str,
    pub count: u32,
    pub median: String,
    pub p80: String,
    pub median_x: String,
    pub p80_x: String,
    /// The median of the period before.
    pub before: Option<(String, String)>,
}

impl Stages {
    /// Draws the stages, beside those of the period before.
    pub(in crate::pages) fn new(stages: &[StageTime], before: &[StageTime]) -> Self {
        let most = stages
            .iter()
            .chain(before)
            .map(|stage| stage.p80_tenths.max(stage.median_tenths))
            .max();
        let most = f64::from(most.unwrap_or(0).max(1)) * 1.05;
        let at = |tenths: u32| percent(f64::from(tenths) / most * 100.0);
        let lines = stages
            .iter()
            .filter(|stage| stage.count > 0 && !stage.state.is_end())
            .map(|stage| {
                let earlier = before
                    .iter()
                    .find(|earlier| earlier.state == stage.state && earlier.count > 0);
                StageLine {
                    name: stage.state.label(),
                    count: stage.count,
                    median: in_days(stage.median_tenths),
                    p80: in_days(stage.p80_tenths),
                    median_x: at(stage.median_tenths),
                    p80_x: at(stage.p80_tenths),
                    before: earlier.map(|earlier| (at(earlier.median_tenths), in_days(earlier.median_tenths))),
                }
            });
        Self { lines: lines.collect() }
    }
}

fn in_days(tenths: u32) -> String {
    match (tenths / 10, tenths % 10) {
        (1, 0) => "1 day".to_owned(),
        (whole, 0) => format!("{whole} days"),
        (whole, tenth) => format!("{whole}.{tenth} days"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_said_as_people_say_them() {
        assert_eq!(in_days(10), "1 day");
        assert_eq!(in_days(25), "2.5 days");
        assert_eq!(in_days(30), "3 days");
    }
}
