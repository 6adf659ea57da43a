//! What changed, and who may hear of it.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{DepartmentId, District, LoopId, LoopNumber, PersonId, SchoolId, TeamId};
use crate::vocabulary::{LoopState, Visibility};

/// Changes after a sequence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChangesQuery {
    /// Only after this stream sequence.
    pub after: u64,
    /// How many at most.
    pub limit: u32,
}

/// That something happened to a loop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// The stream sequence.
    pub sequence: u64,
    /// The loop.
    pub id: LoopId,
    /// Its number.
    pub number: LoopNumber,
    /// The event's name.
    #[serde(rename = "type")]
    pub kind: String,
    /// The loop's state now.
    pub state: LoopState,
    /// When.
    pub time: DateTime<Utc>,
}

/// Who may see a loop, carried with a notice so that the gateway need not ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Audience {
    /// The district.
    pub district: District,
    /// Who sees it.
    pub visibility: Visibility,
    /// The schools in it.
    pub schools: Vec<SchoolId>,
    /// The departments that have or had a hand in it.
    pub departments: Vec<DepartmentId>,
    /// The teams before which it lies or lay.
    pub teams: Vec<TeamId>,
    /// The people named, who see it even if confidential.
    pub people: Vec<PersonId>,
    /// Whether a leader was asked.
    pub leader: bool,
}

/// What the timeline's read model took in: one batch.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Notice {
    /// The position before the batch.
    pub after: u64,
    /// The position now.
    pub position: u64,
    /// What happened to loops in it.
    pub changes: Vec<NoticedChange>,
}

/// A change and who may hear of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NoticedChange {
    /// What happened.
    pub change: Change,
    /// Who may see the loop.
    pub audience: Audience,
    /// Whether the event itself is for the district office only.
    pub internal: bool,
}
