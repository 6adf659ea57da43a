//! A district as its people may know it.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::events::directory::{Closed, PatternThresholds, RoutingRule};
use crate::events::routing::ServiceLevel;
use crate::ids::{DepartmentId, District, PersonId, SchoolId, TeamId, ZoneId};
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
