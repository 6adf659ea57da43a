//! The register: what is allowed, for whom and until when, and what must stay as it is.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::owned_events;
use crate::area::Area;
use crate::ids::{DepartmentId, LoopId, PatternId, SchoolId, ZoneId};
use crate::sealed::{KeyId, Sealed};
use crate::text::Text;
use crate::vocabulary::{NotGranted, PilotChoice, Readership, ResolutionKind, RuleSource, ScopeLevel};

owned_events! {
    /// Events of the register.
    FlexibilityEvent of "flexibility" {
        /// It was always allowed; now it is written down.
        FlexibilityRecorded = "flexibility_recorded",
        /// It is allowed from now on.
        FlexibilityGranted = "flexibility_granted",
        /// More schools may use it.
        ScopeWidened = "scope_widened",
        /// Its conditions, or what stays required, are others.
        ConditionsChanged = "conditions_changed",
        /// Why it is allowed, for one readership.
        RationalePublished = "rationale_published",
        /// Who may read of it.
        ReadersChanged = "readers_changed",
        /// It holds longer.
        FlexibilityRenewed = "flexibility_renewed",
        /// Its end is near.
        ExpiryNoticed = "expiry_noticed",
        /// Its last day is past.
        FlexibilityExpired = "flexibility_expired",
        /// It was taken back.
        FlexibilityRevoked = "flexibility_revoked",
        /// A school uses it.
        PrecedentClaimed = "precedent_claimed",
        /// What a loop's answer promised could not be granted.
        GrantRefused = "grant_refused",
        /// Something must stay as it is.
        NonNegotiableDeclared = "non_negotiable_declared",
        /// A pilot's question has its answer.
        PilotAnswered = "pilot_answered",
    }
}

/// A rule, as people cite it. A citation names a public document: it is not sealed, so that it can be counted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Where it comes from.
    pub source: RuleSource,
    /// The document, such as `Board policy 3420`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub citation: Option<Text<120>>,
    /// The part of it, such as `section B`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clause: Option<Text<80>>,
}

/// For whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "level", rename_all = "snake_case")]
pub enum Scope {
    /// The schools named.
    Schools {
        /// Which.
        schools: BTreeSet<SchoolId>,
    },
    /// The schools of a zone.
    Zone {
        /// Which.
        zone: ZoneId,
    },
    /// Every school.
    District,
}

impl Scope {
    /// How wide it is.
    pub fn level(&self) -> ScopeLevel {
        match self {
            Self::Schools { .. } => ScopeLevel::Schools,
            Self::Zone { .. } => ScopeLevel::Zone,
            Self::District => ScopeLevel::District,
        }
    }
}

/// What is allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Terms {
    /// A key of its own. Its words were sealed under it until each text had a key to itself.
    pub key: KeyId,
    /// One line.
    pub title: Sealed,
    /// What you may do, in a sentence.
    pub allows: Sealed,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rationale: Option<Sealed>,
    /// The rule it bends, or explains.
    pub rule: Rule,
    /// The area.
    pub area: Area,
    /// For whom.
    pub scope: Scope,
    /// Under which conditions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Sealed>,
    /// What stays required all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stays_required: Option<Sealed>,
    /// Its first day.
    pub starts_on: NaiveDate,
    /// Its last day; none where it has no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_on: Option<NaiveDate>,
    /// When the department looks at it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_on: Option<NaiveDate>,
    /// Who answers for it.
    pub department: DepartmentId,
    /// What kind of answer it is; a pilot has a question and an end.
    pub kind: ResolutionKind,
    /// The question a pilot must answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pilot_question: Option<Sealed>,
    /// The loop that led to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// The pattern whose adopted change made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<PatternId>,
    /// The loop in which a belief about the rule was corrected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrects: Option<LoopId>,
    /// Who may read of it.
    pub readers: Readers,
}

/// The loop that a part of the register comes from, or is used in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Origin {
    /// Which.
    #[serde(rename = "loop")]
    pub id: LoopId,
    /// The revision of the answer that promised it.
    pub revision: u32,
    /// The school that confirmed it.
    pub school: SchoolId,
}

/// Who may read of a part of the register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Readers {
    /// The schools it is for, and the district office.
    Concerned,
    /// Everybody in the district.
    District,
    /// Anybody.
    Public,
}

/// It was always allowed; now it is written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FlexibilityRecorded {
    /// What.
    #[serde(flatten)]
    pub terms: Terms,
}

/// It is allowed from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FlexibilityGranted {
    /// What.
    #[serde(flatten)]
    pub terms: Terms,
}

/// More schools may use it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScopeWidened {
    /// For whom from now on; wider than before.
    pub scope: Scope,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Sealed>,
    /// The loop whose school it was widened for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

/// Its conditions, or what stays required, are others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConditionsChanged {
    /// The conditions from now on; none where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Sealed>,
    /// What stays required from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stays_required: Option<Sealed>,
    /// Why.
    pub why: Sealed,
}

/// Why it is allowed, for one readership.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RationalePublished {
    /// For whom it is written.
    pub readership: Readership,
    /// Why.
    pub text: Sealed,
}

/// Who may read of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReadersChanged {
    /// From now on.
    pub readers: Readers,
}

/// It holds longer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FlexibilityRenewed {
    /// Its last day from now on.
    pub ends_on: NaiveDate,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Sealed>,
}

/// Its end is near.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExpiryNoticed {
    /// Its last day.
    pub ends_on: NaiveDate,
    /// The notice is the one given so many days before.
    pub days: u32,
}

/// Its last day is past.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FlexibilityExpired {
    /// Which day that was.
    pub ended_on: NaiveDate,
}

/// It was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FlexibilityRevoked {
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Sealed>,
    /// A newer revision of the same answer took its place.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replaced: bool,
}

/// A school uses it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PrecedentClaimed {
    /// The school.
    pub school: SchoolId,
    /// How it uses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub how: Option<Sealed>,
    /// The loop in which it was answered with it; none where the school did not have to file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

/// What a loop's answer promised could not be granted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GrantRefused {
    /// Which loop's.
    pub origin: Origin,
    /// Why.
    pub ground: NotGranted,
}

/// Something must stay as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NonNegotiableDeclared {
    /// A key of its own. Its words were sealed under it until each text had a key to itself.
    pub key: KeyId,
    /// One line.
    pub title: Sealed,
    /// What must stay, and why.
    pub text: Sealed,
    /// The rule it stands in.
    pub rule: Rule,
    /// The area.
    pub area: Area,
    /// Who answers for it.
    pub department: DepartmentId,
    /// Who may read of it.
    pub readers: Readers,
}

/// A pilot's question has its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PilotAnswered {
    /// What was learned.
    pub answer: Sealed,
    /// What follows.
    pub choice: PilotChoice,
    /// Its last day from now on, where it is extended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_on: Option<NaiveDate>,
    /// For whom from now on, where it is widened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
}
