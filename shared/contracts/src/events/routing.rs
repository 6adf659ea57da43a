//! The assignment's chapter of a loop: who owns the next step, and by when.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::owned_events;
use crate::ids::{DepartmentId, EventId, SchoolId};
use crate::sealed::Sealed;
use crate::vocabulary::{AppealOutcome, Clock, EscalatedTo};

owned_events! {
    /// Events of routing.
    RoutingEvent of "routing" {
        /// A department has it.
        TensionRouted = "tension_routed",
        /// No rule matched: the contact decides.
        TriageRequested = "triage_requested",
        /// Another department has it, and everybody sees why.
        TensionRerouted = "tension_rerouted",
        /// A second department helps.
        CollaboratorAdded = "collaborator_added",
        /// A person, or a changed calendar, moves the dates.
        DueDatesChanged = "due_dates_changed",
        /// A date comes near.
        DueSoonNoticed = "due_soon_noticed",
        /// A date has passed.
        DeadlineMissed = "deadline_missed",
        /// Somebody above is asked.
        Escalated = "escalated",
        /// Somebody above has answered.
        EscalationDecided = "escalation_decided",
        /// A proposal lies unanswered.
        ReminderSent = "reminder_sent",
        /// Some weeks after closing: does it still work?
        FollowUpAsked = "follow_up_asked",
        /// Nobody answered the proposal.
        ClosedUnconfirmed = "closed_unconfirmed",
    }
}

/// How many business days a loop's clocks run; copied into the routing, so that a later change of the level does
/// not rewrite what was promised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceLevel {
    /// Its short name.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// Until the first word.
    pub acknowledge_days: u32,
    /// Until the next word to the school.
    pub next_word_days: u32,
    /// Until an answer is proposed.
    pub resolve_days: u32,
    /// How many days before a date it counts as near.
    pub due_soon_days: u32,
}

/// The dates of the three clocks, in the district's time zone; a clock that does not run has none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Due {
    /// First word by the end of this day.
    pub acknowledge: Option<NaiveDate>,
    /// Next word by the end of this day.
    pub next_word: Option<NaiveDate>,
    /// An answer by the end of this day.
    pub resolve: Option<NaiveDate>,
}

/// The rule that chose the department.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChosenBy {
    /// The version of the rule set.
    pub rules_version: u32,
    /// The rule's short name.
    pub rule: String,
    /// The rule's name for people.
    pub name: String,
}

/// A department has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TensionRouted {
    /// The department.
    pub department: DepartmentId,
    /// The rule that chose it; absent where a person did, from triage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chosen_by: Option<ChosenBy>,
    /// Why, where a person chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Sealed>,
    /// Departments that help from the start.
    pub collaborators: Vec<DepartmentId>,
    /// What was promised.
    pub service_level: ServiceLevel,
    /// The calendar its days are counted by.
    pub calendar_version: u32,
    /// The dates as promised now.
    pub due: Due,
}

/// No rule matched: the contact decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TriageRequested {
    /// The version of the rule set that was tried; 0 where the district has none.
    pub rules_version: u32,
    /// The calendar in force.
    pub calendar_version: u32,
}

/// Another department has it, and everybody sees why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TensionRerouted {
    /// Who had it.
    pub from: DepartmentId,
    /// Who has it.
    pub to: DepartmentId,
    /// Why.
    pub why: Sealed,
    /// The dates as promised now.
    pub due: Due,
}

/// A second department helps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CollaboratorAdded {
    /// The department.
    pub department: DepartmentId,
}

/// Why dates moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum DatesCause {
    /// A person moved the day of resolution.
    Person {
        /// Why.
        why: Sealed,
        /// The business days the resolve clock now runs in all.
        resolve_days: u32,
    },
    /// The district's calendar changed.
    Calendar,
}

/// A person, or a changed calendar, moves the dates. Breaches that were noticed stay on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DueDatesChanged {
    /// By whom or what.
    #[serde(flatten)]
    pub cause: DatesCause,
    /// The calendar the days are counted by from now on.
    pub calendar_version: u32,
    /// The dates before.
    pub was: Due,
    /// The dates now.
    pub due: Due,
}

/// A date comes near.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DueSoonNoticed {
    /// Which clock.
    pub clock: Clock,
    /// Its date.
    pub due: NaiveDate,
}

/// A date has passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeadlineMissed {
    /// Which clock.
    pub clock: Clock,
    /// Its date.
    pub due: NaiveDate,
    /// Who had it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub department: Option<DepartmentId>,
}

/// What an escalation is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// A school's appeal of a decline.
    Appeal,
    /// Anything a person wants looked at.
    Concern,
}

/// Somebody above is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Escalated {
    /// Who.
    pub to: EscalatedTo,
    /// What it is about.
    pub about: About,
    /// Why; absent where a policy passes an appeal on, whose own words stand in the appeal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Sealed>,
}

/// Somebody above has answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EscalationDecided {
    /// The escalation answered.
    pub escalation: EventId,
    /// On an appeal: whether the decline stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<AppealOutcome>,
    /// What was decided.
    pub decision: Sealed,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Sealed>,
}

/// Who was reminded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reminded {
    /// The schools that have not answered.
    Schools,
    /// The contact, since the schools did not answer.
    Contact,
}

/// A proposal lies unanswered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReminderSent {
    /// Who was told.
    pub to: Reminded,
    /// The schools that have not answered.
    pub schools: Vec<SchoolId>,
    /// 1 and 2 to the schools, 3 to the contact.
    pub nth: u32,
    /// The revision they have not answered.
    pub revision: u32,
}

/// Some weeks after closing: does it still work?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FollowUpAsked {
    /// The schools asked.
    pub schools: Vec<SchoolId>,
}

/// Nobody answered the proposal: these schools' parts end, counted apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClosedUnconfirmed {
    /// The schools.
    pub schools: Vec<SchoolId>,
    /// The revision they did not answer.
    pub revision: u32,
}
