//! The school's chapter of a loop.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::owned_events;
use crate::area::Area;
use crate::ids::{EventId, LoopId, PersonId, SchoolId};
use crate::sealed::{KeyId, Sealed};
use crate::text::Text;
use crate::vocabulary::{Kind, Pillar, RuleSource, Urgency, Visibility};

owned_events! {
    /// Events of intake.
    IntakeEvent of "intake" {
        /// A school, or the district itself, says what gets in the way.
        TensionFiled = "tension_filed",
        /// The school says it better.
        TensionAmended = "tension_amended",
        /// Another school: us too.
        SchoolJoined = "school_joined",
        /// One of several schools is no longer in it.
        SchoolLeft = "school_left",
        /// Another person speaks for the school.
        HandedOn = "handed_on",
        /// The school answers a question.
        QuestionAnswered = "question_answered",
        /// The last school takes it back.
        TensionWithdrawn = "tension_withdrawn",
        /// This school: it works.
        OutcomeConfirmed = "outcome_confirmed",
        /// This school: it does not, and why.
        OutcomeRefused = "outcome_refused",
        /// A school asks for a decline to be looked at again.
        Appealed = "appealed",
        /// Weeks after closing: does it still work?
        FollowUpRecorded = "follow_up_recorded",
    }
}

/// How many it touches.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reach {
    /// Students.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub students: Option<u32>,
    /// Teachers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teachers: Option<u32>,
    /// Classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<u32>,
}

/// Who the tension comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Filed by the school.
    School,
    /// Filed by the district office for a school that told it.
    ForSchool,
    /// Filed by the district on its own policy or practice.
    District,
}

/// A school, or the district itself, says what gets in the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TensionFiled {
    /// A key of its own. Its words were sealed under it until each text had a key to itself.
    pub key: KeyId,
    /// The school whose part this opens.
    pub school: SchoolId,
    /// Who it comes from.
    pub origin: Origin,
    /// One line.
    pub title: Sealed,
    /// What we are trying to do.
    pub trying: Sealed,
    /// What gets in the way.
    pub barrier: Sealed,
    /// What we have tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tried: Option<Sealed>,
    /// What would help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub would_help: Option<Sealed>,
    /// Policy, practice or tradition.
    pub kind: Kind,
    /// The area.
    pub area: Area,
    /// Where the school believes the rule comes from.
    pub rule_source: RuleSource,
    /// The rule as the school cites it. A citation names a public document: it is not sealed, so that it can be
    /// counted by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub citation: Option<Text<120>>,
    /// The part of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clause: Option<Text<80>>,
    /// The pillars touched.
    pub pillars: Vec<Pillar>,
    /// How many it touches.
    pub reach: Reach,
    /// The grades touched, as the school writes them.
    pub grades: Vec<String>,
    /// How pressing it is.
    pub urgency: Urgency,
    /// From when on it blocks, where the school said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needed_by: Option<NaiveDate>,
    /// Who sees it.
    pub visibility: Visibility,
    /// An earlier loop this one follows on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub linked_to: Option<LoopId>,
}

/// The school says it better; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TensionAmended {
    /// One line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Sealed>,
    /// What we are trying to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trying: Option<Sealed>,
    /// What gets in the way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub barrier: Option<Sealed>,
    /// What we have tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tried: Option<Sealed>,
    /// What would help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub would_help: Option<Sealed>,
    /// Policy, practice or tradition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// The area.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area: Option<Area>,
    /// Where the school believes the rule comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule_source: Option<RuleSource>,
    /// The pillars touched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pillars: Option<Vec<Pillar>>,
    /// How many it touches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reach: Option<Reach>,
    /// The grades touched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grades: Option<Vec<String>>,
    /// How pressing it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urgency: Option<Urgency>,
    /// From when on it blocks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needed_by: Option<NaiveDate>,
    /// Who sees it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visibility: Option<Visibility>,
}

/// Another school: us too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SchoolJoined {
    /// The school.
    pub school: SchoolId,
    /// How the same thing meets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub how_it_meets_us: Option<Sealed>,
}

/// One of several schools is no longer in it; the loop goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SchoolLeft {
    /// The school.
    pub school: SchoolId,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Sealed>,
}

/// Another person speaks for the school.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HandedOn {
    /// The school.
    pub school: SchoolId,
    /// Who speaks for it from now on.
    pub to: PersonId,
}

/// The school answers a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QuestionAnswered {
    /// The event that asked.
    pub question: EventId,
    /// The school that was asked.
    pub school: SchoolId,
    /// What it says.
    pub answer: Sealed,
}

/// The last school takes it back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TensionWithdrawn {
    /// The school.
    pub school: SchoolId,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Sealed>,
}

/// This school: it works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OutcomeConfirmed {
    /// The school.
    pub school: SchoolId,
    /// The revision of the answer it speaks of.
    pub revision: u32,
    /// A word with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<Sealed>,
}

/// This school: it does not work, and why. Its part reopens to the same owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OutcomeRefused {
    /// The school.
    pub school: SchoolId,
    /// The revision of the answer it speaks of.
    pub revision: u32,
    /// Why.
    pub why: Sealed,
}

/// A school asks for a decline to be looked at again; once a loop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Appealed {
    /// The school.
    pub school: SchoolId,
    /// Why.
    pub why: Sealed,
}

/// Weeks after closing: does it still work?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FollowUpRecorded {
    /// The school.
    pub school: SchoolId,
    /// Its word.
    pub still_works: bool,
    /// In which classrooms, and what changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Sealed>,
    /// Whether this reopened the loop: once it does, later a new loop is linked instead.
    pub reopens: bool,
}
