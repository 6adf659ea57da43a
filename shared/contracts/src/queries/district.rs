//! A district as its people may know it.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::area::Area;
use crate::events::directory::{Closed, PatternThresholds, RoutingRule};
use crate::events::routing::ServiceLevel;
use crate::ids::{DepartmentId, District, PersonId, SchoolId, TeamId, ZoneId};
use crate::sign_on::Provider;
use crate::vocabulary::{Level, TeamKind};

/// A named thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NamedDepartment {
    /// Which.
    pub id: DepartmentId,
    /// Its name.
    pub name: String,
    /// What it decides.
    pub decides: Option<String>,
    /// Whether it is no more: it gets nothing new.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retired: bool,
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
    /// Its NCES identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nces: Option<String>,
    /// Whether it is closed: nothing new comes from it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retired: bool,
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
    /// Who sits on it.
    #[serde(default)]
    pub members: Vec<PersonId>,
}

/// A zone by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NamedZone {
    /// Which.
    pub id: ZoneId,
    /// Its name.
    pub name: String,
    /// The stream sequence of its last event.
    pub version: u64,
    /// What it is for.
    pub purpose: String,
    /// Its schools.
    pub schools: Vec<SchoolId>,
    /// From when on.
    pub starts: NaiveDate,
    /// How what is learned comes to the schools outside it.
    pub plan: Option<String>,
    /// By which day the district looks at that plan.
    pub look_on: Option<NaiveDate>,
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
    /// When a rule that several schools meet is a pattern.
    pub thresholds: PatternThresholds,
    /// Colleagues this person may name: of their own schools and departments; everyone for the contact.
    pub people: Vec<NamedPerson>,
    /// The contact's name and written duties.
    pub contact: Option<(String, String)>,
    /// The areas that barriers are sorted by, ours first.
    pub areas: Vec<OfferedArea>,
    /// Where its people have accounts; to administrators.
    pub sign_on: Vec<Provider>,
    /// The stream sequence of the last event about its settings.
    pub version: u64,
}

/// An area as a district has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OfferedArea {
    /// The code.
    pub code: Area,
    /// The words for the screen.
    pub label: String,
    /// Whether it ships with the product.
    pub ours: bool,
    /// Whether nothing new is filed under it.
    pub retired: bool,
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

/// Asks which loops are open with a department or at a school: before either is closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenWith {
    /// The district.
    pub district: District,
    /// The department or school.
    pub place: uuid::Uuid,
    /// The stream sequence that the answer must reflect.
    pub at_least: u64,
}

/// Loops that are open somewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenThere {
    /// How many, up to [`OpenThere::COUNTED_MAX`].
    pub count: u64,
    /// The numbers of the first few.
    pub numbers: Vec<String>,
}

impl OpenThere {
    /// Beyond so many, nobody counts on.
    pub const COUNTED_MAX: u64 = 10_000;
    /// So many are named.
    pub const NAMED_MAX: u64 = 10;
}

/// Asks what was changed of one of a district's own things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryQuery {
    /// Which: the district itself where absent.
    pub thing: Option<HistoryOf>,
}

/// A thing of a district that is set by its administrators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HistoryOf {
    /// A school.
    School(SchoolId),
    /// A department.
    Department(DepartmentId),
    /// A team.
    Team(TeamId),
    /// A zone.
    Zone(ZoneId),
    /// A person.
    Person(PersonId),
}

/// One change, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Changed {
    /// The stream sequence of its event.
    pub sequence: u64,
    /// When.
    pub time: chrono::DateTime<chrono::Utc>,
    /// Who, by name; how the system calls itself where nobody did.
    pub by: String,
    /// The event in snake case.
    pub event: String,
    /// What is different: where, what stood there, what stands there now.
    pub lines: Vec<ChangedLine>,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChangedLine {
    /// Where, in words.
    pub at: String,
    /// What stood there; nothing where it is new.
    pub before: Option<String>,
    /// What stands there; nothing where it is gone.
    pub after: Option<String>,
}

/// Asks where past loops would have gone by other rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DryRun {
    /// The rules, in order.
    pub rules: Vec<RoutingRule>,
    /// How many of the newest loops; 500 where nothing is said, 2,000 at most.
    #[serde(default)]
    pub loops: Option<u32>,
}

/// Where past loops would have gone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DryRan {
    /// The loops that were looked at, the newest of the district.
    pub looked_at: u64,
    /// How many would have gone where they went first.
    pub same: u64,
    /// How many would have gone elsewhere, from where to where; nothing stands for triage.
    pub elsewhere: Vec<WentElsewhere>,
    /// How many each rule would have chosen for, by its short name.
    pub chosen: std::collections::BTreeMap<String, u64>,
    /// Loops that would have gone elsewhere, the newest first, up to a bound; only to those who see all of them.
    pub loops: Vec<WouldGo>,
}

/// Loops that would have gone from one place to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WentElsewhere {
    /// Where they went; triage where absent.
    pub from: Option<DepartmentId>,
    /// Where they would have gone; triage where absent.
    pub to: Option<DepartmentId>,
    /// How many.
    pub count: u64,
}

/// A loop that would have gone elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WouldGo {
    /// Which.
    pub id: crate::ids::LoopId,
    /// What it is about.
    pub title: String,
    /// Where it went; triage where absent.
    pub from: Option<DepartmentId>,
    /// Where it would have gone; triage where absent.
    pub to: Option<DepartmentId>,
    /// By which rule: its short name.
    pub rule: Option<String>,
}
