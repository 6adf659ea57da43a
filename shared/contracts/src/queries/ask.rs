//! How anything is asked and answered.

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
    /// What is asked.
    pub query: Q,
}

/// An answer, and up to where in the stream it reflects.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Answered<A> {
    /// The stream sequence it reflects.
    pub position: u64,
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
