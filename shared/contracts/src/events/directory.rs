//! Districts, schools, departments, teams, zones and people, and what a district has decided about its own time.

use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::owned_events;
use super::routing::ServiceLevel;
use crate::area::{Area, DistrictArea};
use crate::ids::{DepartmentId, PersonId, SchoolId, ZoneId};
use crate::roster::RosterCounts;
use crate::sealed::{KeyId, Sealed};
use crate::sign_on::Provider;
use crate::vocabulary::{AnswerFor, DisabledBecause, Kind, Level, Role, RuleSource, TeamKind, TokenScope, Urgency};

owned_events! {
    /// Events of the directory.
    DirectoryEvent of "directory" {
        /// A district begins.
        DistrictRegistered = "district_registered",
        /// A school of the district.
        SchoolAdded = "school_added",
        /// A department of the district office.
        DepartmentAdded = "department_added",
        /// An innovation zone.
        ZoneDefined = "zone_defined",
        /// A team.
        TeamFormed = "team_formed",
        /// A person of the roster.
        PersonRostered = "person_rostered",
        /// A person may no longer sign in.
        PersonDisabled = "person_disabled",
        /// A person whom somebody had disabled may sign in again.
        PersonEnabled = "person_enabled",
        /// A person may act as something.
        RoleGranted = "role_granted",
        /// A person may no longer act as something.
        RoleRevoked = "role_revoked",
        /// The district's working days.
        CalendarSet = "calendar_set",
        /// A promise of days.
        ServiceLevelSet = "service_level_set",
        /// When a rule that several schools meet is a pattern.
        PatternThresholdsSet = "pattern_thresholds_set",
        /// Who gets what.
        RoutingRulesPublished = "routing_rules_published",
        /// The central-office contact, with the role's written duties.
        ContactDesignated = "contact_designated",
        /// A link was made with which somebody chooses a password.
        SignInLinkMade = "sign_in_link_made",
        /// A person chose a password.
        PasswordChosen = "password_chosen",
        /// A person signs in with a second step from now on.
        SecondStepSet = "second_step_set",
        /// A person's second step was taken away.
        SecondStepRemoved = "second_step_removed",
        /// A person's program may come in with a token.
        TokenMade = "token_made",
        /// A token lets nobody in any more.
        TokenEnded = "token_ended",
        /// A person may act for somebody who is away.
        StandInNamed = "stand_in_named",
        /// A person no longer acts for somebody.
        StandInEnded = "stand_in_ended",
        /// The district's people sign on with accounts that they have elsewhere.
        SignOnSet = "sign_on_set",
        /// They no longer do with this provider.
        SignOnRemoved = "sign_on_removed",
        /// The areas that barriers are sorted by.
        AreasSet = "areas_set",
        /// A school is closed: nothing new comes from it.
        SchoolRetired = "school_retired",
        /// A department is no more: it gets nothing new.
        DepartmentRetired = "department_retired",
        /// A department keeps words ready with which its answers begin.
        AnswerKept = "answer_kept",
        /// It no longer keeps them.
        AnswerDropped = "answer_dropped",
        /// A roster is being taken in.
        RosterImportBegun = "roster_import_begun",
        /// A roster was taken in.
        RosterImportEnded = "roster_import_ended",
    }
}

/// A district begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DistrictRegistered {
    /// Its name.
    pub name: String,
    /// Its NCES identifier, seven digits as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nces: Option<String>,
    /// Two letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

/// A school of the district.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SchoolAdded {
    /// Its name.
    pub name: String,
    /// Its level.
    pub level: Level,
    /// Its NCES identifier, twelve digits as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nces: Option<String>,
    /// Its id in the roster it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sourced_id: Option<String>,
}

/// A department of the district office.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DepartmentAdded {
    /// Its name.
    pub name: String,
    /// What it decides, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decides: Option<String>,
    /// Its id in the roster it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sourced_id: Option<String>,
}

/// An innovation zone; defined again, it is as it says then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ZoneDefined {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub purpose: String,
    /// Its schools.
    pub schools: Vec<SchoolId>,
    /// From when on.
    pub starts: NaiveDate,
    /// How what is learned comes to the schools outside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// By which day the district looks at that plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look_on: Option<NaiveDate>,
}

/// A team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TeamFormed {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub kind: TeamKind,
    /// Who sits on it.
    pub members: Vec<PersonId>,
}

/// A person of the roster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PersonRostered {
    /// The person's sealing key.
    pub key: KeyId,
    /// The name.
    pub name: Sealed,
    /// What the person does, such as "grade 7 math".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Sealed>,
    /// How the person is known elsewhere: a sealed JSON object, [`KnownAs`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_as: Option<Sealed>,
    /// What the person is by the roster, which replaces what the roster said before; what was granted otherwise stays.
    /// Absent where the person does not come from a roster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<Grant>>,
    /// Whether the roster says that the person may not sign in.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
}

/// How a person is known elsewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct KnownAs {
    /// The id in the roster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sourced_id: Option<String>,
    /// The e-mail address, in lower case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The user name in the roster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Other ids that the roster names, as `{type:id}`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub user_ids: Vec<String>,
    /// What the roster says the person is, as `role@organization`: roles of Loopline follow from it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<String>,
}

/// A person may no longer sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PersonDisabled {
    /// What it follows from.
    pub because: DisabledBecause,
}

/// A person whom somebody had disabled may sign in again, if the roster does not say otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PersonEnabled {}

/// Where a role holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Grant {
    /// The role.
    pub role: Role,
    /// For reporters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub school: Option<SchoolId>,
    /// For department staff and leads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub department: Option<DepartmentId>,
}

/// A person may act as something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RoleGranted {
    /// What, and where.
    #[serde(flatten)]
    pub grant: Grant,
}

/// A person may no longer act as something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RoleRevoked {
    /// What, and where.
    #[serde(flatten)]
    pub grant: Grant,
}

/// Days on which the district is closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Closed {
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
    /// Why.
    pub label: String,
}

/// The district's working days: Monday to Friday in its time zone, but for those closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CalendarSet {
    /// Counts up from 1.
    pub version: u32,
    /// An IANA name.
    pub time_zone: String,
    /// Days off.
    pub closed: Vec<Closed>,
}

/// A promise of days; the same id replaces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServiceLevelSet {
    /// The level.
    #[serde(flatten)]
    pub level: ServiceLevel,
}

/// When a rule applies: each list that is not empty must be met.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Conditions {
    /// One of these areas.
    pub areas: Vec<Area>,
    /// One of these kinds.
    pub kinds: Vec<Kind>,
    /// One of these believed sources.
    pub rule_sources: Vec<RuleSource>,
    /// One of these schools.
    pub schools: Vec<SchoolId>,
    /// A school of one of these zones.
    pub zones: Vec<ZoneId>,
    /// One of these urgencies.
    pub urgencies: Vec<Urgency>,
    /// One of these words in the text, whatever their case.
    pub words: Vec<String>,
}

/// One routing rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RoutingRule {
    /// Its short name, unique in the set.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// When it applies.
    #[serde(default)]
    pub when: Conditions,
    /// Who gets it.
    pub department: DepartmentId,
    /// Who helps.
    #[serde(default)]
    pub collaborators: Vec<DepartmentId>,
    /// The service level's short name.
    pub service_level: String,
}

/// Who gets what: ordered, the first rule that applies wins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RoutingRulesPublished {
    /// Counts up from 1.
    pub version: u32,
    /// In order.
    pub rules: Vec<RoutingRule>,
}

/// The central-office contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContactDesignated {
    /// Who.
    pub person: PersonId,
    /// The role's written duties.
    pub duties: String,
}

/// When a rule or an area that several schools meet is a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PatternThresholds {
    /// Schools that meet the same cited rule.
    pub clause_schools: u32,
    /// Schools that meet the same area.
    pub area_schools: u32,
    /// Exceptions for single schools or a few that bend the same rule.
    pub exceptions: u32,
    /// The days looked back.
    pub days: u32,
}

impl Default for PatternThresholds {
    fn default() -> Self {
        Self {
            clause_schools: 3,
            area_schools: 5,
            exceptions: 3,
            days: 365,
        }
    }
}

/// When a rule that several schools meet is a pattern.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PatternThresholdsSet {
    /// The thresholds.
    pub thresholds: PatternThresholds,
}

/// A roster is being taken in: what it would change, as far as it was known then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RosterImportBegun {
    /// The version of OneRoster.
    pub version: String,
    /// SHA-256 of what was read, in hexadecimal.
    pub digest: String,
    /// What it would do.
    #[serde(flatten)]
    pub counts: RosterCounts,
}

/// A roster was taken in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RosterImportEnded {
    /// What it did; where it was interrupted, since it last began.
    #[serde(flatten)]
    pub counts: RosterCounts,
}

/// A link was made with which somebody chooses a password: whoever made it could have used it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SignInLinkMade {
    /// Until when it could be used.
    pub until: DateTime<Utc>,
}

/// A person chose a password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PasswordChosen {}

/// A person signs in with a second step from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SecondStepSet {}

/// A person's second step was taken away, as where the telephone is lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SecondStepRemoved {}

/// A person's program may come in with a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenMade {
    /// Which.
    pub token: Uuid,
    /// What may be done with it.
    pub scope: TokenScope,
    /// Until when.
    pub until: DateTime<Utc>,
}

/// A token lets nobody in any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenEnded {
    /// Which.
    pub token: Uuid,
}

/// A person may act for somebody who is away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StandInNamed {
    /// For whom.
    pub absent: PersonId,
    /// From which day on.
    pub from: NaiveDate,
    /// The last day.
    pub until: NaiveDate,
}

/// A person no longer acts for somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StandInEnded {
    /// For whom.
    pub absent: PersonId,
}

/// The district's people sign on with accounts that they have elsewhere; the same id replaces. What the provider and the
/// district share as a secret is not here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SignOnSet {
    /// Where they have them.
    #[serde(flatten)]
    pub provider: Provider,
}

/// They no longer do with this provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SignOnRemoved {
    /// Its short name.
    pub id: String,
}

/// The areas that barriers are sorted by: all of the district's own, and those of ours that it renames or retires.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AreasSet {
    /// In the order in which they are offered, after ours.
    pub areas: Vec<DistrictArea>,
}

/// A school is closed: nothing new comes from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SchoolRetired {}

/// A department is no more: it gets nothing new.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DepartmentRetired {
    /// Who gets the loops that it still has, each by an event of its own; absent where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loops_to: Option<DepartmentId>,
}

/// Words with which answers of a department begin; whoever uses them changes them as they need.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReadyAnswer {
    /// Which.
    pub id: Uuid,
    /// By what it is found.
    pub title: String,
    /// What it begins.
    pub step: AnswerFor,
    /// The words. `{school}`, `{title}`, `{number}` and `{me}` stand for what they name of the loop at hand.
    pub text: String,
}

/// A department keeps words ready; the same id replaces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AnswerKept {
    /// The words.
    #[serde(flatten)]
    pub answer: ReadyAnswer,
}

/// It no longer keeps them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AnswerDropped {
    /// Which.
    pub id: Uuid,
}
