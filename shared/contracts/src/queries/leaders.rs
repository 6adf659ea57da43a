//! The resolution timeline and its figures.

use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::loops::LoopRow;
use crate::ids::{DepartmentId, SchoolId, ZoneId};
use crate::vocabulary::{Grouping, Level, LoopState};

/// Which loops a leader looks at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PictureQuery {
    /// From this day on.
    pub from: Option<NaiveDate>,
    /// Up to this day.
    pub to: Option<NaiveDate>,
    /// With this department at any time.
    pub department: Option<DepartmentId>,
    /// In this area.
    pub area: Option<String>,
    /// This school is in it.
    pub school: Option<SchoolId>,
    /// A school of this level is in it.
    pub level: Option<Level>,
    /// A school of this zone is in it.
    pub zone: Option<ZoneId>,
    /// `longest_wait` or `age`.
    pub sort: Option<String>,
    /// The figures once more, told apart by this.
    pub by: Option<Grouping>,
    /// How many bars, up to 200; 0 where only the figures are asked for, without bars and stages.
    pub limit: Option<u32>,
}

/// Of answers that changed something, those that changed it for all, in percent, to the nearest one; none where there
/// are none. All and none of them are said only where they are.
pub fn structural_share(structural: u32, exceptions: u32) -> Option<u32> {
    let all = u64::from(structural) + u64::from(exceptions);
    let share = (u64::from(structural) * 200 + all).checked_div(all * 2)?;
    let most = if exceptions > 0 { 99 } else { 100 };
    let least = u64::from(structural > 0);
    u32::try_from(share.clamp(least, most)).ok()
}

/// Figures month by month.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TrendQuery {
    /// Up to the month of this day; that of today where it is left out.
    pub to: Option<NaiveDate>,
    /// How many months, up to 36; 12 where it is left out.
    pub months: Option<u32>,
    /// With this department at any time.
    pub department: Option<DepartmentId>,
    /// In this area.
    pub area: Option<String>,
    /// This school is in it.
    pub school: Option<SchoolId>,
    /// A school of this level is in it.
    pub level: Option<Level>,
    /// A school of this zone is in it.
    pub zone: Option<ZoneId>,
}

impl TrendQuery {
    /// The most months.
    pub const MONTHS_MAX: u32 = 36;
    /// The months where nobody said how many.
    pub const MONTHS: u32 = 12;
}

/// What came and ended in one month.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Month {
    /// Its first day.
    pub from: NaiveDate,
    /// Filed in it.
    pub filed: u32,
    /// Closed by every school's own word.
    pub closed_confirmed: u32,
    /// Closed without an answer from the school.
    pub closed_unconfirmed: u32,
    /// Declined.
    pub declined: u32,
    /// Withdrawn.
    pub withdrawn: u32,
    /// Of what was closed, answers that changed it for all.
    pub structural: u32,
    /// Of what was closed, answers that excused one school.
    pub exceptions: u32,
}

/// Months, the first first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Trend {
    /// The months.
    pub months: Vec<Month>,
    /// When the figures were read.
    pub as_of: DateTime<Utc>,
}

/// The figures of one department, area or school.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Told {
    /// Its name.
    pub name: String,
    /// Its id or code; none where nobody in particular has them.
    pub key: Option<String>,
    /// Its figures.
    #[serde(flatten)]
    pub summary: Summary,
}

/// One piece of a loop's bar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Piece {
    /// From.
    pub from: DateTime<Utc>,
    /// To; none while it lasts.
    pub to: Option<DateTime<Utc>>,
    /// The state.
    pub state: LoopState,
    /// Who had it, as a code.
    pub holder: String,
    /// The department, where one had it.
    pub department: Option<DepartmentId>,
    /// Whether the clocks were paused.
    pub paused: bool,
}

/// One loop as a bar over time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Bar {
    /// The loop.
    pub row: LoopRow,
    /// Its pieces, in order.
    pub pieces: Vec<Piece>,
    /// Hours of its longest single wait.
    pub longest_wait_h: i64,
    /// Refused at least once.
    pub refused: bool,
}

/// Time in one stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StageTime {
    /// The state.
    pub state: LoopState,
    /// How many stays.
    pub count: u32,
    /// Median days, in tenths.
    pub median_tenths: u32,
    /// 80th percentile of days, in tenths.
    pub p80_tenths: u32,
}

/// How many are late with whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LateWith {
    /// Who, in words.
    pub name: String,
    /// The department, where it is one.
    pub department: Option<DepartmentId>,
    /// How many are open with them.
    pub open: u32,
    /// How many of these are late.
    pub late: u32,
}

/// The figures of a leader's first screen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Open loops.
    pub open: u32,
    /// Of these, late.
    pub late: u32,
    /// Filed in the period.
    pub filed: u32,
    /// Closed by every school's own word, in the period.
    pub closed_confirmed: u32,
    /// Closed without an answer from the school.
    pub closed_unconfirmed: u32,
    /// Refused at least once.
    pub refused: u32,
    /// Declined.
    pub declined: u32,
    /// Withdrawn.
    pub withdrawn: u32,
    /// In triage now.
    pub triage: u32,
    /// Answers that changed it for all.
    pub structural: u32,
    /// Answers that excused one school.
    pub exceptions: u32,
}

/// The resolution timeline and its figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Picture {
    /// From.
    pub from: NaiveDate,
    /// To.
    pub to: NaiveDate,
    /// The figures.
    pub summary: Summary,
    /// Time in each stage.
    pub stages: Vec<StageTime>,
    /// Whether the stages are those of the newest loops only, since there are so many.
    pub newest_only: bool,
    /// The figures told apart, the most open first, where that was asked for.
    pub by: Vec<Told>,
    /// What is open and late, with whom.
    pub late_with: Vec<LateWith>,
    /// The bars.
    pub bars: Vec<Bar>,
    /// Whether there are more loops than bars.
    pub more: bool,
    /// When the figures were read.
    pub as_of: DateTime<Utc>,
}
