//! Taking a roster in: it is handed over in pieces, looked at, and then taken in or dropped.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::claims::Claims;
use crate::ids::District;
use crate::roster::{Problems, RosterCounts, RosterHead, RosterOrg, RosterPerson};

/// The most rows in one piece.
pub const ROWS_MAX: usize = 500;

/// One step of an import.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RosterMessage<T> {
    /// The district it is for.
    pub district: District,
    /// The import: chosen by whoever begins it.
    pub import: Uuid,
    /// On whose behalf; the operator's where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Claims>,
    /// The step.
    pub step: T,
}

impl<T> RosterMessage<T> {
    /// The same for another step.
    pub fn with<U>(&self, step: U) -> RosterMessage<U> {
        RosterMessage {
            district: self.district.clone(),
            import: self.import,
            by: self.by.clone(),
            step,
        }
    }
}

/// A roster was read; its rows follow.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BeginRoster {
    /// What it is.
    pub head: RosterHead,
    /// Rows that could not be read.
    #[serde(flatten)]
    pub problems: Problems,
    /// Where the district is new.
    #[serde(default)]
    pub create: Option<NewDistrict>,
}

/// A district that begins with its roster.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct NewDistrict {
    /// Its name; the roster's where absent.
    #[serde(default)]
    pub name: Option<String>,
    /// Its time zone, an IANA name.
    #[serde(default)]
    pub time_zone: Option<String>,
}

/// Some of its rows; the same number again replaces.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct RosterRows {
    /// Counts up from 0.
    pub nth: u32,
    /// Organizations.
    #[serde(default)]
    pub orgs: Vec<RosterOrg>,
    /// People.
    #[serde(default)]
    pub people: Vec<RosterPerson>,
}

/// Look at what it would change, or at how far it has come.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct LookAtRoster {}

/// Take it in.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ApplyRoster {
    /// Rows with problems are left out; else they hold everything up.
    #[serde(default)]
    pub skip_bad_rows: bool,
    /// More than a tenth of the people may be disabled.
    #[serde(default)]
    pub disable_many: bool,
}

/// Whom the directory knows from rosters.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct KnownStaff {
    /// After this id.
    #[serde(default)]
    pub after: String,
}

/// How an import stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum ImportStage {
    /// Nothing has been changed.
    Draft,
    /// It is being taken in.
    Applying {
        /// Changes made.
        done: u64,
        /// Changes in all.
        of: u64,
    },
    /// It was taken in.
    Ended,
    /// It stopped, and goes on when it is applied again.
    Stopped {
        /// Why.
        why: String,
    },
}

/// What an import does, or did.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RosterView {
    /// The import.
    pub import: Uuid,
    /// How it stands.
    #[serde(flatten)]
    pub stage: ImportStage,
    /// What the roster is.
    pub head: RosterHead,
    /// What it changes.
    pub counts: RosterCounts,
    /// Whether it would disable more than a tenth of the people.
    pub disables_many: bool,
    /// What else is worth knowing, in sentences.
    pub notices: Vec<String>,
    /// Rows that cannot be taken.
    #[serde(flatten)]
    pub problems: Problems,
    /// Changes by name, the first few of each kind.
    pub changes: Vec<ChangeLine>,
}

/// One change, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeLine {
    /// What becomes of it.
    pub change: ChangeKind,
    /// Its name.
    pub name: String,
    /// What is different, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub what: String,
}

/// What becomes of a thing or person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// It is no longer as it was.
    Changed,
    /// The person may no longer sign in.
    Disabled,
}
