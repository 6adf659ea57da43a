//! Patterns: the same rule, met by several schools or bent by several exceptions, and what the district does about it.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::flexibility::Rule;
use super::owned_events;
use crate::area::Area;
use crate::ids::{DepartmentId, FlexibilityId, LoopId, SchoolId, TeamId};
use crate::sealed::{KeyId, Sealed};
use crate::vocabulary::PatternGround;

owned_events! {
    /// Events of a pattern.
    PatternEvent of "flexibility" {
        /// The district's threshold is reached.
        PatternDetected = "pattern_detected",
        /// A change of the rule goes before a team.
        PolicyRevisionProposed = "policy_revision_proposed",
        /// The team has decided.
        PolicyRevisionDecided = "policy_revision_decided",
    }
}

/// What loops and exceptions of a pattern have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "about", rename_all = "snake_case")]
pub enum Basis {
    /// A rule that is cited.
    Clause {
        /// The rule, as it was cited first.
        rule: Rule,
    },
    /// An area.
    Area {
        /// Which.
        area: Area,
    },
}

/// The district's threshold is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PatternDetected {
    /// What they have in common.
    pub basis: Basis,
    /// The area most of them are about.
    pub area: Area,
    /// Which threshold was reached.
    pub ground: PatternGround,
    /// The threshold, as it stood.
    pub threshold: u32,
    /// The days looked back.
    pub days: u32,
    /// The loops.
    pub loops: BTreeSet<LoopId>,
    /// The exceptions.
    pub exceptions: BTreeSet<FlexibilityId>,
    /// The schools that met it.
    pub schools: BTreeSet<SchoolId>,
}

/// A change of the rule goes before a team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PolicyRevisionProposed {
    /// Counts up.
    pub revision: u32,
    /// A key of its own. Its words were sealed under it until each text had a key to itself.
    pub key: KeyId,
    /// One line for the register.
    pub title: Sealed,
    /// What every school may do from then on.
    pub text: Sealed,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rationale: Option<Sealed>,
    /// The rule that is changed.
    pub rule: Rule,
    /// Under which conditions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Sealed>,
    /// What stays required all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stays_required: Option<Sealed>,
    /// The flexibility that becomes every school's; else a new one is written down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub widens: Option<FlexibilityId>,
    /// Who answers for it.
    pub department: DepartmentId,
    /// The team that decides.
    pub team: TeamId,
}

/// The team has decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PolicyRevisionDecided {
    /// Which proposal.
    pub revision: u32,
    /// Whether the rule changes.
    pub adopted: bool,
    /// What was decided, in words.
    pub decision: Sealed,
    /// The open loops that it answers; none where it is not adopted.
    pub answers: BTreeSet<LoopId>,
    /// Where the changed rule stands in the register from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flexibility: Option<FlexibilityId>,
    /// What every school may do from now on, as it was proposed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Sealed>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rationale: Option<Sealed>,
}
