//! What may be asked of read models, and what they answer.

use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::claims::Claims;
use crate::events::directory::{Closed, RoutingRule};
use crate::events::routing::{About, Due, ServiceLevel};
use crate::ids::{
    DepartmentId, District, EventId, FlexibilityId, LoopId, LoopNumber, PersonId, SchoolId, TeamId, ZoneId,
};
use crate::vocabulary::{
    Clock, DeclineGround, EscalatedTo, Kind, Level, LoopState, Pillar, ResolutionKind, RuleSource, TeamKind, Urgency,
    Visibility,
};

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
    /// This school is in it.
    pub school: Option<SchoolId>,
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
    /// Whether what it promised could not be granted, so that another answer is owed.
    pub failed: bool,
    /// The flexibility it rests on.
    pub flexibility: Option<FlexibilityId>,
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
    /// Who in the department takes care of it.
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
    /// Who did it, by name.
    pub actor: String,
    /// Who did it, as in the log: `person/<uuid>` or `policy/<name>`.
    pub actor_id: String,
    /// What happened, in a sentence.
    pub summary: String,
    /// The words that were written, where there are any.
    pub words: Option<String>,
    /// Seen by the district office only.
    pub internal: bool,
    /// The event's data with its texts opened.
    pub data: serde_json::Value,
}

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

/// Which loops a leader looks at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PictureQuery {
    /// From this day on.
    pub from: Option<NaiveDate>,
    /// Up to this day.
    pub to: Option<NaiveDate>,
    /// With this department at any time.
    pub department: Option<DepartmentId>,
    /// In this area.
    pub area: Option<String>,
    /// This school is in it.
    pub school: Option<SchoolId>,
    /// `longest_wait` or `age`.
    pub sort: Option<String>,
    /// How many bars, up to 200.
    pub limit: Option<u32>,
}

/// One piece of a loop's bar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Piece {
    /// From.
    pub from: DateTime<Utc>,
    /// To; none while it lasts.
    pub to: Option<DateTime<Utc>>,
    /// The state.
    pub state: LoopState,
    /// Who had it, as a code.
    pub holder: String,
    /// The department, where one had it.
    pub department: Option<DepartmentId>,
    /// Whether the clocks were paused.
    pub paused: bool,
}

/// One loop as a bar over time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Bar {
    /// The loop.
    pub row: LoopRow,
    /// Its pieces, in order.
    pub pieces: Vec<Piece>,
    /// Hours of its longest single wait.
    pub longest_wait_h: i64,
    /// Refused at least once.
    pub refused: bool,
}

/// Time in one stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StageTime {
    /// The state.
    pub state: LoopState,
    /// How many stays.
    pub count: u32,
    /// Median days, in tenths.
    pub median_tenths: u32,
    /// 80th percentile of days, in tenths.
    pub p80_tenths: u32,
}

/// How many are late with whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LateWith {
    /// Who, in words.
    pub name: String,
    /// The department, where it is one.
    pub department: Option<DepartmentId>,
    /// How many are open with them.
    pub open: u32,
    /// How many of these are late.
    pub late: u32,
}

/// The figures of a leader's first screen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Open loops.
    pub open: u32,
    /// Of these, late.
    pub late: u32,
    /// Filed in the period.
    pub filed: u32,
    /// Closed by every school's own word, in the period.
    pub closed_confirmed: u32,
    /// Closed without an answer from the school.
    pub closed_unconfirmed: u32,
    /// Refused at least once.
    pub refused: u32,
    /// Declined.
    pub declined: u32,
    /// Withdrawn.
    pub withdrawn: u32,
    /// In triage now.
    pub triage: u32,
    /// Answers that changed it for all.
    pub structural: u32,
    /// Answers that excused one school.
    pub exceptions: u32,
}

/// The resolution timeline and its figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Picture {
    /// From.
    pub from: NaiveDate,
    /// To.
    pub to: NaiveDate,
    /// The figures.
    pub summary: Summary,
    /// Time in each stage.
    pub stages: Vec<StageTime>,
    /// What is open and late, with whom.
    pub late_with: Vec<LateWith>,
    /// The bars.
    pub bars: Vec<Bar>,
    /// Whether there are more loops than bars.
    pub more: bool,
    /// When the figures were read.
    pub as_of: DateTime<Utc>,
}

/// A named thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NamedDepartment {
    /// Which.
    pub id: DepartmentId,
    /// Its name.
    pub name: String,
    /// What it decides.
    pub decides: Option<String>,
}

/// A school by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NamedSchool {
    /// Which.
    pub id: SchoolId,
    /// Its name.
    pub name: String,
    /// Its level.
    pub level: Level,
}

/// A team by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NamedTeam {
    /// Which.
    pub id: TeamId,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub kind: TeamKind,
}

/// A zone by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NamedZone {
    /// Which.
    pub id: ZoneId,
    /// Its name.
    pub name: String,
    /// Its schools.
    pub schools: Vec<SchoolId>,
}

/// A colleague who can be named in a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NamedPerson {
    /// Who.
    pub id: PersonId,
    /// The name.
    pub name: String,
    /// What they do.
    pub title: Option<String>,
    /// Schools they speak for.
    pub schools: Vec<SchoolId>,
    /// Departments they work in.
    pub departments: Vec<DepartmentId>,
}

/// A district as its people may know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DistrictView {
    /// Its slug.
    pub district: District,
    /// Its name.
    pub name: String,
    /// An IANA name.
    pub time_zone: String,
    /// Days off.
    pub closed: Vec<Closed>,
    /// The calendar's version.
    pub calendar_version: u32,
    /// The district itself, as a part of loops it files on itself.
    pub office: SchoolId,
    /// Schools.
    pub schools: Vec<NamedSchool>,
    /// Departments.
    pub departments: Vec<NamedDepartment>,
    /// Teams.
    pub teams: Vec<NamedTeam>,
    /// Zones.
    pub zones: Vec<NamedZone>,
    /// Service levels.
    pub service_levels: Vec<ServiceLevel>,
    /// Routing rules, in order.
    pub rules: Vec<RoutingRule>,
    /// Their version.
    pub rules_version: u32,
    /// Colleagues this person may name: of their own schools and departments; everyone for the contact.
    pub people: Vec<NamedPerson>,
    /// The contact's name and written duties.
    pub contact: Option<(String, String)>,
}

/// A person offered on a demo district's sign-in page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DemoPerson {
    /// Who.
    pub id: PersonId,
    /// The district.
    pub district: District,
    /// Its name.
    pub district_name: String,
    /// The name.
    pub name: String,
    /// What they do.
    pub title: Option<String>,
    /// What they are here, in words.
    pub role: String,
}
