//! The department's chapter of a loop.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::flexibility::Rule;
use super::owned_events;
use crate::ids::{DepartmentId, EventId, FlexibilityId, PatternId, PersonId, SchoolId, TeamId, ZoneId};
use crate::sealed::Sealed;
use crate::vocabulary::{AppealOutcome, DeclineGround, FlexibilityTurn, NotGranted, ResolutionKind};

owned_events! {
    /// Events of resolution.
    ResolutionEvent of "resolution" {
        /// A named person of the department says a first word.
        CaseAcknowledged = "case_acknowledged",
        /// The lead says who takes care of it.
        StaffAssigned = "staff_assigned",
        /// The department asks a school.
        QuestionAsked = "question_asked",
        /// A note, internal or shared.
        NoteAdded = "note_added",
        /// A team is asked.
        PutBeforeTeam = "put_before_team",
        /// A team has answered.
        TeamDecided = "team_decided",
        /// An answer for the schools.
        ResolutionProposed = "resolution_proposed",
        /// A new revision of it: older confirmations are void.
        ResolutionRevised = "resolution_revised",
        /// No, on what ground, and until when.
        CaseDeclined = "case_declined",
        /// The answer is taken back.
        ResolutionWithdrawn = "resolution_withdrawn",
        /// What was promised is granted: for a request to the state, the state said yes.
        GrantCompleted = "grant_completed",
        /// What was promised could not be granted: for a request to the state, the state said no.
        GrantFailed = "grant_failed",
        /// What became of the flexibility that this loop rests on.
        FlexibilityChanged = "flexibility_changed",
        /// The rule comes from elsewhere than the school believed.
        RuleCorrected = "rule_corrected",
    }
}

/// A named person of the department says a first word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CaseAcknowledged {
    /// The department.
    pub department: DepartmentId,
    /// The word to the school.
    pub word: Sealed,
}

/// The lead says who takes care of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StaffAssigned {
    /// Who.
    pub person: PersonId,
}

/// The department asks a school; the clocks pause while every open school is being waited for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QuestionAsked {
    /// The school.
    pub school: SchoolId,
    /// What is asked.
    pub question: Sealed,
}

/// A note, internal or shared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NoteAdded {
    /// What it says.
    pub text: Sealed,
    /// Whether the schools see it; then it is a word to them.
    pub shared: bool,
    /// The department that wrote it; absent for the contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub department: Option<DepartmentId>,
}

/// A team is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PutBeforeTeam {
    /// The team.
    pub team: TeamId,
    /// What it is asked.
    pub question: Sealed,
}

/// A team has answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TeamDecided {
    /// The event that put it before the team.
    pub matter: EventId,
    /// The team.
    pub team: TeamId,
    /// On an appeal: whether the decline stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<AppealOutcome>,
    /// What was decided.
    pub decision: Sealed,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Sealed>,
}

/// An answer for the schools.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResolutionProposed {
    /// Counts up through the life of the loop.
    pub revision: u32,
    /// What kind of answer.
    pub kind: ResolutionKind,
    /// What will be different, in plain words.
    pub summary: Sealed,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rationale: Option<Sealed>,
    /// The flexibility it rests on, where there is one already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flexibility: Option<FlexibilityId>,
    /// What is granted once a school confirms it; absent where nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promise: Option<Promise>,
    /// The pattern whose adopted change answers this loop with others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<PatternId>,
}

/// A new revision of the answer: older confirmations are void.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResolutionRevised {
    /// Counts up through the life of the loop.
    pub revision: u32,
    /// What kind of answer.
    pub kind: ResolutionKind,
    /// What will be different, in plain words.
    pub summary: Sealed,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rationale: Option<Sealed>,
    /// The flexibility it rests on, where there is one already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flexibility: Option<FlexibilityId>,
    /// What is granted once a school confirms it; absent where nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promise: Option<Promise>,
    /// The pattern whose adopted change answers this loop with others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<PatternId>,
}

/// No. Who decided is the event's actor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CaseDeclined {
    /// On what ground.
    pub ground: DeclineGround,
    /// Why.
    pub reason: Sealed,
    /// When to look again; always there for `not_now`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_on: Option<NaiveDate>,
    /// Whether a school may still appeal: once a loop.
    pub may_appeal: bool,
}

/// The answer is taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResolutionWithdrawn {
    /// The revision taken back.
    pub revision: u32,
    /// Why.
    pub why: Sealed,
}

/// What was promised is granted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GrantCompleted {
    /// The revision that promised it.
    pub revision: u32,
    /// What the granting body said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Sealed>,
    /// What was granted, where it stands in the register.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flexibility: Option<FlexibilityId>,
}

/// What was promised could not be granted; the department owes another answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GrantFailed {
    /// The revision that promised it.
    pub revision: u32,
    /// What the granting body said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Sealed>,
    /// Why, where the register could not grant it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground: Option<NotGranted>,
}

/// What became of the flexibility that this loop rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FlexibilityChanged {
    /// Which.
    pub flexibility: FlexibilityId,
    /// What became of it.
    pub turn: FlexibilityTurn,
    /// The event of the register that says so.
    pub event: EventId,
}

/// What an answer promises beyond its own words: the terms of the flexibility that is granted when a school confirms.
/// What is absent is taken from the answer and from the loop.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Promise {
    /// One line for the register; else the loop's title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Sealed>,
    /// The rule it bends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<Rule>,
    /// The zone, where it is for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<ZoneId>,
    /// Under which conditions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Sealed>,
    /// What stays required all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stays_required: Option<Sealed>,
    /// Its last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_on: Option<NaiveDate>,
    /// When the department looks at it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_on: Option<NaiveDate>,
    /// The question a pilot must answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pilot_question: Option<Sealed>,
}

/// The rule comes from elsewhere than the school believed. It is published as a clarification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RuleCorrected {
    /// The rule as it is.
    pub rule: Rule,
    /// The correction in one line, for the register.
    pub title: Sealed,
    /// What follows from it, in plain words.
    pub text: Sealed,
    /// The department that says so.
    pub department: DepartmentId,
}
