//! Reviews: the district looks at its own rules before schools run into them.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::owned_events;
use crate::ids::DepartmentId;
use crate::sealed::{KeyId, Sealed};
use crate::text::Text;
use crate::vocabulary::{Finding, Pillar};

owned_events! {
    /// Events of a review.
    ReviewEvent of "flexibility" {
        /// It begins.
        ReviewOpened = "review_opened",
        /// One part of the document was looked at.
        ClauseExamined = "clause_examined",
        /// It is over.
        ReviewConcluded = "review_concluded",
    }
}

/// It begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReviewOpened {
    /// A key of its own. Its words were sealed under it until each text had a key to itself.
    pub key: KeyId,
    /// What is looked at.
    pub title: Sealed,
    /// How it is cited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub citation: Option<Text<120>>,
    /// Why, and what is looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<Sealed>,
    /// Whose rules they are.
    pub department: DepartmentId,
    /// By which day it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_on: Option<NaiveDate>,
}

/// One part of the document was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClauseExamined {
    /// Which part.
    pub clause: Text<80>,
    /// What it does.
    pub finding: Finding,
    /// For which pillar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pillar: Option<Pillar>,
    /// Why.
    pub note: Sealed,
}

/// It is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReviewConcluded {
    /// What was found.
    pub summary: Sealed,
}
