//! What may be asked of the register.

use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::area::Area;
use crate::events::flexibility::{Readers, Rule};
use crate::ids::{DepartmentId, District, EventId, FlexibilityId, LoopId, LoopNumber, SchoolId, ZoneId};
use crate::vocabulary::{Readership, ResolutionKind, RuleSource, Says, ScopeLevel, Standing};

/// Which parts of the register.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RegisterQuery {
    /// Words in it.
    pub q: Option<String>,
    /// The area.
    pub area: Option<String>,
    /// What a school may use.
    pub school: Option<SchoolId>,
    /// For how many.
    pub scope: Option<ScopeLevel>,
    /// What is for the schools of this zone, as such.
    pub zone: Option<ZoneId>,
    /// As it was on a day of the district, to its end.
    pub on: Option<NaiveDate>,
    /// What it says.
    pub says: Option<Says>,
    /// Who answers for it.
    pub department: Option<DepartmentId>,
    /// Also what is no longer in force.
    pub ended: Option<bool>,
    /// What ends before a day, and pilots whose answer is owed: the soonest first, on one page.
    pub ends_before: Option<NaiveDate>,
    /// How many, up to 200.
    pub limit: Option<u32>,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

/// One part of the register.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct FlexibilityQuery {
    /// Which.
    pub id: Option<FlexibilityId>,
    /// As it was on a day of the district, to its end.
    pub on: Option<NaiveDate>,
}

/// What somebody is typing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SimilarQuery {
    /// The words so far.
    pub text: String,
    /// The area, where it is known.
    #[serde(default)]
    pub area: Option<String>,
    /// How many of each, up to 20.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// A part of the register, as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FlexibilityRow {
    /// Which.
    pub id: FlexibilityId,
    /// The stream sequence of its last event.
    pub version: u64,
    /// What it says.
    pub says: Says,
    /// One line.
    pub title: String,
    /// What you may do; of what must stay: what, and why.
    pub text: String,
    /// The area.
    pub area: Area,
    /// The rule.
    pub rule: Rule,
    /// For whom.
    pub scope: ScopeView,
    /// Whether it can be used.
    pub standing: Standing,
    /// The kind of answer it is; none for what must stay.
    pub kind: Option<ResolutionKind>,
    /// Its first day.
    pub starts_on: Option<NaiveDate>,
    /// Its last day.
    pub ends_on: Option<NaiveDate>,
    /// When the department looks at it again.
    pub review_on: Option<NaiveDate>,
    /// Who answers for it.
    pub department: DepartmentId,
    /// That department's name.
    pub department_name: String,
    /// How many schools use it.
    pub users: u32,
    /// Whether a school of yours uses it.
    pub yours: bool,
    /// Who may read of it.
    pub readers: Readers,
    /// Whether it is a pilot whose question has no answer yet.
    pub pilot_open: bool,
}

/// For whom, with names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScopeView {
    /// For how many.
    pub level: ScopeLevel,
    /// The zone.
    pub zone: Option<ZoneId>,
    /// The zone's name.
    pub zone_name: Option<String>,
    /// The schools, where it is not for all.
    pub schools: Vec<SchoolNamed>,
}

/// A school with its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SchoolNamed {
    /// Which.
    pub id: SchoolId,
    /// Its name.
    pub name: String,
}

/// A part of the register, whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FlexibilityView {
    /// What lists show.
    #[serde(flatten)]
    pub row: FlexibilityRow,
    /// Why.
    pub rationale: Option<String>,
    /// Why, by readership.
    pub rationales: Vec<RationaleView>,
    /// Under which conditions.
    pub conditions: Option<String>,
    /// What stays required all the same.
    pub stays_required: Option<String>,
    /// The question a pilot must answer.
    pub pilot_question: Option<String>,
    /// The schools that use it.
    pub used_by: Vec<UseView>,
    /// The loops it comes from or was an answer in, as far as you may see them.
    pub loops: Vec<LoopNamed>,
    /// Other parts of the register about the same rule that say otherwise, or the same.
    pub beside: Vec<Beside>,
    /// What became of it, oldest first.
    pub history: Vec<RegisterEntry>,
    /// What you may do.
    pub offers: Vec<String>,
    /// The day it is shown as of; none for now.
    pub on: Option<NaiveDate>,
}

/// Why, for one readership.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RationaleView {
    /// For whom.
    pub readership: Readership,
    /// Why.
    pub text: String,
}

/// A school's use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UseView {
    /// The school.
    pub school: SchoolNamed,
    /// Since when.
    pub since: DateTime<Utc>,
    /// How.
    pub how: Option<String>,
}

/// A loop by its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LoopNamed {
    /// Which.
    pub id: LoopId,
    /// Its number.
    pub number: LoopNumber,
}

/// Another part of the register about the same rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Beside {
    /// Which.
    pub id: FlexibilityId,
    /// Its title.
    pub title: String,
    /// What it says.
    pub says: Says,
    /// Whether the two cannot both be followed: one allows what the other says must stay.
    pub contradicts: bool,
}

/// One event of a part of the register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RegisterEntry {
    /// Its place in the stream.
    pub sequence: u64,
    /// The event.
    pub id: EventId,
    /// When.
    pub time: DateTime<Utc>,
    /// What, in snake case.
    pub kind: String,
    /// Who, as people know them.
    pub actor: String,
    /// Its words.
    pub data: serde_json::Value,
}

/// What is like what somebody types.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Similar {
    /// What is allowed, or always was.
    pub flexibilities: Vec<SimilarFlexibility>,
    /// What must stay as it is.
    pub non_negotiables: Vec<SimilarFlexibility>,
    /// Other schools' open loops that can be joined.
    pub loops: Vec<SimilarLoop>,
}

/// A part of the register that is like what somebody types.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SimilarFlexibility {
    /// What lists show of it.
    #[serde(flatten)]
    pub row: FlexibilityRow,
    /// Whether it is for a school of yours: then it can be used as it is.
    pub for_you: bool,
    /// Why it is shown: the words that met.
    pub because: Vec<String>,
    /// How like it is; comparable within one answer.
    pub score: f64,
}

/// An open loop that is like what somebody types, as its card shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SimilarLoop {
    /// Which.
    pub id: LoopId,
    /// Its number.
    pub number: LoopNumber,
    /// Its title.
    pub title: String,
    /// Its area.
    pub area: Area,
    /// Where the rule comes from, as the school believes.
    pub rule_source: RuleSource,
    /// How many schools are in it.
    pub schools: u32,
    /// Why it is shown: the words that met.
    pub because: Vec<String>,
    /// How like it is; comparable within one answer.
    pub score: f64,
}

/// What anybody may read of a district's register; asked for by nobody in particular.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PublicRegisterQuery {
    /// The district.
    pub district: District,
}

/// What a district shows anybody of its register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PublicRegister {
    /// The district's name.
    pub district_name: String,
    /// Its time zone: an IANA name.
    pub time_zone: String,
    /// What is in force and shown to the public, by area and title.
    pub items: Vec<PublicEntry>,
    /// Whether there is more than is shown.
    pub more: bool,
}

/// A part of the register that anybody may read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PublicEntry {
    /// Which.
    pub id: FlexibilityId,
    /// What it says.
    pub says: Says,
    /// One line.
    pub title: String,
    /// What a school may do; of what must stay: what, and why.
    pub text: String,
    /// The area.
    pub area: Area,
    /// What the district calls it.
    pub area_name: String,
    /// The rule.
    pub rule: Rule,
    /// For whom.
    pub scope: ScopeView,
    /// Its first day.
    pub starts_on: Option<NaiveDate>,
    /// Its last day.
    pub ends_on: Option<NaiveDate>,
    /// Under which conditions.
    pub conditions: Option<String>,
    /// What stays required all the same.
    pub stays_required: Option<String>,
    /// Why, by readership.
    pub rationales: Vec<RationaleView>,
    /// Who answers for it.
    pub department_name: String,
}
