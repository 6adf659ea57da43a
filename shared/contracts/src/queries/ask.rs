//! How anything is asked and answered.

use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::claims::Claims;

/// A question on its way.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ask<Q> {
    /// Who asks: every answer is cut to what they may see.
    pub viewer: Claims,
    /// The stream sequence the answer must at least reflect; 0 for any.
    #[serde(default)]
    pub at_least: u64,
    /// As it was known then, and not as it is known now: what timeline answers can be asked so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<AsOf>,
    /// What is asked.
    pub query: Q,
}

/// An answer, and up to where in the stream it reflects.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Answered<A> {
    /// The stream sequence it reflects.
    pub position: u64,
    /// As of when it was asked for, where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<KnownAt>,
    /// The answer.
    pub answer: A,
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// The cursor of the next page; none on the last.
    pub next: Option<String>,
}

/// The most a page holds.
pub const PAGE_MAX: u32 = 200;

/// A moment of the past: written as a day, of which the end is meant, or as a stream sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum AsOf {
    /// After the event of this sequence.
    Sequence(u64),
    /// At the end of this day, in the district's time.
    Day(NaiveDate),
}

impl std::fmt::Display for AsOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sequence(sequence) => sequence.fmt(f),
            Self::Day(day) => day.fmt(f),
        }
    }
}

impl std::str::FromStr for AsOf {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(sequence) = text.parse() {
            return Ok(Self::Sequence(sequence));
        }
        let day: Result<NaiveDate, _> = text.parse();
        day.ok()
            .filter(|day| (1900..2200).contains(&day.year()))
            .map(Self::Day)
            .ok_or_else(|| "is a day, such as 2026-10-01, or a place in the record, such as 1042".to_owned())
    }
}

/// A moment of the past, as it was found in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KnownAt {
    /// The last event of the district that was known then, by stream sequence.
    pub sequence: u64,
    /// When that was.
    pub at: DateTime<Utc>,
}
