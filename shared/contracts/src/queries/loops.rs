//! Loops: lists, one of them, its history.

use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::office::LoopRule;
use crate::events::routing::{About, Due};
use crate::ids::{
    DepartmentId, District, EventId, FlexibilityId, LoopId, LoopNumber, PatternId, PersonId, SchoolId, TeamId, ZoneId,
};
use crate::vocabulary::{
    Clock, DeclineGround, EscalatedTo, Kind, Level, LoopState, Pillar, ResolutionKind, RuleSource, Urgency, Visibility,
};

/// How a list of loops is ordered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    /// Newest filed first.
    #[default]
    Newest,
    /// Oldest filed first.
    Oldest,
    /// What is due first; what has no date last.
    Due,
    /// Last changed first.
    Changed,
}

/// Which loops.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LoopsQuery {
    /// In this state.
    pub state: Option<LoopState>,
    /// Only open (true) or only ended (false) ones.
    pub open: Option<bool>,
    /// With this department.
    pub department: Option<DepartmentId>,
    /// Who has the next step: `school`, `department`, `contact`, `leader`, `team`, `state`; `router` where no rule has
    /// been looked at yet.
    pub holder: Option<String>,
    /// Before this team, to decide.
    pub team: Option<TeamId>,
    /// This school is in it.
    pub school: Option<SchoolId>,
    /// A school of this level is in it.
    pub level: Option<Level>,
    /// A school of this zone is in it.
    pub zone: Option<ZoneId>,
    /// In this area.
    pub area: Option<String>,
    /// With these words, or this number.
    pub q: Option<String>,
    /// Late ones only.
    pub late: Option<bool>,
    /// Cards of other schools' joinable loops, in place of one's own.
    pub joinable: Option<bool>,
    /// The order.
    pub sort: Sort,
    /// How many, up to 200.
    pub limit: Option<u32>,
    /// From the page before.
    pub cursor: Option<String>,
}

/// One school's part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SchoolView {
    /// The school.
    pub id: SchoolId,
    /// Its name.
    pub name: String,
    /// Where its part stands.
    pub state: LoopState,
    /// Whether its part ended without its word.
    pub unconfirmed: bool,
    /// Who speaks for it.
    pub speaker: Option<PersonId>,
    /// Their name.
    pub speaker_name: Option<String>,
    /// The revision it confirmed.
    pub confirmed: Option<u32>,
    /// Whether it is asked for a follow-up.
    pub follow_up_asked: bool,
}

/// The answer as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResolutionView {
    /// What kind.
    pub kind: ResolutionKind,
    /// Which revision.
    pub revision: u32,
    /// What will be different.
    pub summary: String,
    /// Why.
    pub rationale: Option<String>,
    /// When it was proposed.
    pub proposed_at: DateTime<Utc>,
    /// Whether it still waits for the state.
    pub waiting_for_state: bool,
    /// Whether a school confirmed it and what it promises is being granted.
    pub being_granted: bool,
    /// Whether what it promised could not be granted, so that another answer is owed.
    pub failed: bool,
    /// The flexibility it rests on.
    pub flexibility: Option<FlexibilityId>,
    /// The pattern whose adopted change answers this loop with others.
    pub pattern: Option<PatternId>,
}

/// A decline as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeclineView {
    /// On what ground.
    pub ground: DeclineGround,
    /// Why.
    pub reason: String,
    /// When to look again.
    pub review_on: Option<NaiveDate>,
    /// Whether a school may still appeal.
    pub may_appeal: bool,
}

/// A question nobody has answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OpenQuestion {
    /// The event that asked.
    pub id: EventId,
    /// The school asked.
    pub school: SchoolId,
    /// What is asked.
    pub question: String,
    /// When.
    pub asked_at: DateTime<Utc>,
}

/// What lies before a team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OpenMatter {
    /// The event that asked.
    pub id: EventId,
    /// The team.
    pub team: TeamId,
    /// Its name.
    pub team_name: String,
    /// What it is asked.
    pub question: String,
}

/// What lies with somebody above.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OpenEscalation {
    /// The event that escalated.
    pub id: EventId,
    /// With whom.
    pub to: EscalatedTo,
    /// What it is about.
    pub about: About,
}

/// Who has the next step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Holder {
    /// Nobody: it has ended.
    Nobody,
    /// It was filed a moment ago.
    Router,
    /// One or more schools.
    School {
        /// Which.
        schools: Vec<SchoolId>,
    },
    /// A department.
    Department {
        /// Which.
        department: DepartmentId,
    },
    /// The central-office contact.
    Contact,
    /// A leader.
    Leader,
    /// A team.
    Team {
        /// Which.
        team: TeamId,
    },
    /// The state.
    State,
}

impl Holder {
    /// The short word by which pages colour it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Router => "router",
            Self::School { .. } => "school",
            Self::Department { .. } => "department",
            Self::Contact => "contact",
            Self::Leader => "leader",
            Self::Team { .. } => "team",
            Self::State => "state",
        }
    }
}

/// A clock as people see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClockView {
    /// Which.
    pub clock: Clock,
    /// The business days it counts in all.
    pub days: u32,
    /// The business days counted so far.
    pub counted: u32,
    /// The day by whose end it must be met; none while paused.
    pub due: Option<NaiveDate>,
    /// Why it is paused.
    pub paused_because: Option<String>,
    /// Since when.
    pub paused_since: Option<DateTime<Utc>>,
    /// Whether its day has passed.
    pub late: bool,
}

/// A loop, whole or as a card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LoopView {
    /// Its id.
    pub id: LoopId,
    /// Its number for people.
    pub number: LoopNumber,
    /// Its district.
    pub district: District,
    /// The stream sequence of its last event; its `ETag`.
    pub version: u64,
    /// One line.
    pub title: String,
    /// The least advanced of its schools' states.
    pub state: LoopState,
    /// Closed without the school's word.
    pub unconfirmed: bool,
    /// The schools in it; none on a card.
    pub schools: Vec<SchoolView>,
    /// How many schools are in it.
    pub schools_count: u32,
    /// The department that has it.
    pub department: Option<DepartmentId>,
    /// Its name.
    pub department_name: Option<String>,
    /// Departments that help.
    pub collaborators: Vec<DepartmentId>,
    /// Who has the next step.
    pub holder: Holder,
    /// The same in words.
    pub holder_words: String,
    /// The dates of the running clocks.
    pub due: Due,
    /// Whether the clocks are paused.
    pub paused: bool,
    /// The clocks in full.
    pub clocks: Vec<ClockView>,
    /// Whether one of its dates has passed unmet.
    pub late: bool,
    /// The answer as it stands.
    pub resolution: Option<ResolutionView>,
    /// The decline as it stands.
    pub decline: Option<DeclineView>,
    /// Questions nobody has answered.
    pub questions: Vec<OpenQuestion>,
    /// What lies before a team.
    pub matter: Option<OpenMatter>,
    /// What lies with somebody above.
    pub escalation: Option<OpenEscalation>,
    /// Which episode: it counts up each time the loop reopens.
    pub episode: u32,
    /// Policy, practice or tradition.
    pub kind: Kind,
    /// The area's code.
    pub area: String,
    /// Where the school believes the rule comes from.
    pub rule_source: RuleSource,
    /// The rule, as it is cited or was corrected.
    pub rule: LoopRule,
    /// The pillars touched.
    pub pillars: Vec<Pillar>,
    /// How pressing it is.
    pub urgency: Urgency,
    /// From when on it blocks.
    pub needed_by: Option<NaiveDate>,
    /// Who sees it.
    pub visibility: Visibility,
    /// An earlier loop this follows on.
    pub linked_to: Option<LoopId>,
    /// What we are trying to do; none on a card.
    pub trying: Option<String>,
    /// What gets in the way; none on a card.
    pub barrier: Option<String>,
    /// What we have tried.
    pub tried: Option<String>,
    /// What would help.
    pub would_help: Option<String>,
    /// Students touched.
    pub students: Option<u32>,
    /// Teachers touched.
    pub teachers: Option<u32>,
    /// The grades touched.
    pub grades: Vec<String>,
    /// Who in the department takes care of it.
    pub assignee: Option<PersonId>,
    /// Their name.
    pub assignee_name: Option<String>,
    /// Who filed it; none on a card.
    pub filed_by: Option<String>,
    /// When it was filed.
    pub filed_at: DateTime<Utc>,
    /// When something last happened.
    pub changed_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// What forbids erasing anything here; the district office sees it.
    pub holds: Vec<HoldView>,
    /// The actions this person may take now, by name.
    pub actions: Vec<String>,
    /// Only the card is shown: another school's joinable loop.
    pub card: bool,
}

/// A row of a list: what a card shows and what an inbox sorts by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LoopRow {
    /// Its id.
    pub id: LoopId,
    /// Its number for people.
    pub number: LoopNumber,
    /// One line.
    pub title: String,
    /// The least advanced of its schools' states.
    pub state: LoopState,
    /// Closed without the school's word.
    pub unconfirmed: bool,
    /// The schools in it; none on a card.
    pub schools: Vec<SchoolView>,
    /// How many schools are in it.
    pub schools_count: u32,
    /// The department that has it.
    pub department: Option<DepartmentId>,
    /// Its name.
    pub department_name: Option<String>,
    /// Who has the next step, in words.
    pub holder_words: String,
    /// Who has the next step, as a code.
    pub holder: String,
    /// The dates of the running clocks.
    pub due: Due,
    /// The nearest date that counts now.
    pub next_due: Option<NaiveDate>,
    /// Which clock that is.
    pub next_clock: Option<Clock>,
    /// Whether the clocks are paused.
    pub paused: bool,
    /// Whether one of its dates has passed unmet.
    pub late: bool,
    /// The area's code.
    pub area: String,
    /// How pressing it is.
    pub urgency: Urgency,
    /// Policy, practice or tradition.
    pub kind: Kind,
    /// Who in the department takes care of it, for those who see all of it.
    pub assignee: Option<PersonId>,
    /// Their name.
    pub assignee_name: Option<String>,
    /// When it was filed.
    pub filed_at: DateTime<Utc>,
    /// When something last happened.
    pub changed_at: DateTime<Utc>,
    /// The stream sequence of its last event.
    pub version: u64,
    /// Only the card is shown.
    pub card: bool,
}

/// Which loop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LoopQuery {
    /// Its id.
    pub id: LoopId,
}

/// Which part of a loop's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EntriesQuery {
    /// The loop.
    pub id: LoopId,
    /// How many, up to 200.
    #[serde(default)]
    pub limit: Option<u32>,
    /// From the page before.
    #[serde(default)]
    pub cursor: Option<String>,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Entry {
    /// Its stream sequence.
    pub sequence: u64,
    /// Its event's id.
    pub id: EventId,
    /// When.
    pub time: DateTime<Utc>,
    /// The event's name in snake case.
    #[serde(rename = "type")]
    pub kind: String,
    /// Who did it, by name, and for whom where they stood in.
    pub actor: String,
    /// Who did it, as in the log: `person/<uuid>` or `policy/<name>`.
    pub actor_id: String,
    /// For whom, where they stood in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acting_for: Option<PersonId>,
    /// What happened, in a sentence.
    pub summary: String,
    /// The words that were written, where there are any.
    pub words: Option<String>,
    /// Seen by the district office only.
    pub internal: bool,
    /// The event's data with its texts opened.
    pub data: serde_json::Value,
    /// Each of its texts, by the name that erasing and keeping back ask for.
    pub texts: Vec<EntryText>,
}

/// A text of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EntryText {
    /// The sequence of its event, a slash and its field: `1042/barrier`.
    pub text: String,
    /// Its field alone.
    pub field: String,
    /// What it says, or that it was erased.
    pub words: String,
    /// Whether it was erased.
    pub erased: bool,
    /// Whether it cannot be: it says why other words were erased or held, or to whom all was given.
    pub stays: bool,
    /// Whether the same words answer other loops, and go there too where they are erased.
    pub shared: bool,
}

/// What forbids erasing anything of a loop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HoldView {
    /// The event that placed it.
    pub id: EventId,
    /// Since when.
    pub since: DateTime<Utc>,
}
