//! What may be asked of patterns, requests to the state and reviews.

use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::register::{LoopNamed, SchoolNamed};
use crate::area::Area;
use crate::events::flexibility::Rule;
use crate::events::pattern::Basis;
use crate::ids::{DepartmentId, FlexibilityId, LoopId, PatternId, ReviewId, TeamId, WaiverId};
use crate::vocabulary::{Finding, PatternGround, PatternStanding, Pillar, RuleSource, WaiverStanding};

/// Which patterns.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PatternsQuery {
    /// Where they stand.
    pub standing: Option<PatternStanding>,
    /// How many, up to 200.
    pub limit: Option<u32>,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

/// One of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PatternQuery {
    /// Which.
    pub id: Option<PatternId>,
}

/// A pattern, as lists show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PatternRow {
    /// Which.
    pub id: PatternId,
    /// The stream sequence of its last event.
    pub version: u64,
    /// What its loops have in common.
    pub basis: Basis,
    /// The same in words.
    pub title: String,
    /// The area most of them are about.
    pub area: Area,
    /// Where it stands.
    pub standing: PatternStanding,
    /// Which threshold was reached.
    pub ground: PatternGround,
    /// The schools that met it, up to now.
    pub schools: u32,
    /// The loops, up to now.
    pub loops: u32,
    /// Of these, the open ones.
    pub open: u32,
    /// The exceptions in force that bend it.
    pub exceptions: u32,
    /// Of the answers that schools confirmed, those that changed it for all, in percent; none where there are none.
    pub structural_share: Option<u32>,
    /// When it was seen.
    pub detected_at: DateTime<Utc>,
    /// The team before which a change of it lies.
    pub before_team: Option<TeamId>,
}

/// A pattern, whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PatternView {
    /// What lists show.
    #[serde(flatten)]
    pub row: PatternRow,
    /// The threshold, as it stood.
    pub threshold: u32,
    /// The days looked back.
    pub days: u32,
    /// The schools that met it, with how often.
    pub by_school: Vec<SchoolCount>,
    /// Its loops, as far as you may know of them, the newest first.
    pub evidence: Vec<LoopNamed>,
    /// The exceptions in force.
    pub bent_by: Vec<ExceptionNamed>,
    /// Answers that schools confirmed, by quarter.
    pub trend: Vec<ShareOf>,
    /// The change that is proposed, or was decided last.
    pub revision: Option<RevisionView>,
    /// What you may do.
    pub offers: Vec<String>,
}

/// How often a school met something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SchoolCount {
    /// The school.
    pub school: SchoolNamed,
    /// How many loops.
    pub loops: u32,
}

/// An exception, by its title.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExceptionNamed {
    /// Which.
    pub id: FlexibilityId,
    /// Its title.
    pub title: String,
}

/// Answers of a quarter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShareOf {
    /// The first day of the quarter.
    pub from: NaiveDate,
    /// Those that changed it for all.
    pub structural: u32,
    /// Those that excused some.
    pub exceptions: u32,
    /// Others: support, pilots, requests to the state.
    pub others: u32,
}

/// A change of a rule before a team, or decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RevisionView {
    /// Which.
    pub revision: u32,
    /// One line.
    pub title: String,
    /// What every school may do from then on.
    pub text: String,
    /// Why.
    pub rationale: Option<String>,
    /// The rule that is changed.
    pub rule: Rule,
    /// Under which conditions.
    pub conditions: Option<String>,
    /// What stays required all the same.
    pub stays_required: Option<String>,
    /// Who answers for it.
    pub department: DepartmentId,
    /// That department's name.
    pub department_name: String,
    /// The team that decides.
    pub team: TeamId,
    /// Its name.
    pub team_name: String,
    /// Since when it lies before the team.
    pub proposed_at: DateTime<Utc>,
    /// What was decided; none yet.
    pub decided: Option<DecisionView>,
}

/// What a team decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DecisionView {
    /// Whether the rule changes.
    pub adopted: bool,
    /// In words.
    pub decision: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Where it stands in the register.
    pub flexibility: Option<FlexibilityId>,
    /// The loops it answered, as far as you may know of them.
    pub answers: Vec<LoopNamed>,
    /// How many it answered in all.
    pub answered: u32,
}

/// Which rules are met where.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ClausesQuery {
    /// From which day on.
    pub from: Option<NaiveDate>,
}

/// Which rules are met where: the rules and the schools with the most, and how many loops of each.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClauseMap {
    /// The schools, by name.
    pub schools: Vec<SchoolNamed>,
    /// The rules, those met most often first.
    pub clauses: Vec<ClauseRow>,
}

/// One rule, school by school.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClauseRow {
    /// The rule in words.
    pub title: String,
    /// The pattern, where there is one.
    pub pattern: Option<PatternId>,
    /// Loops in all.
    pub loops: u32,
    /// Loops by school, in the order of the schools.
    pub counts: Vec<u32>,
}

/// Which requests to the state.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct WaiversQuery {
    /// Where they stand.
    pub standing: Option<WaiverStanding>,
    /// Those of a loop.
    #[serde(rename = "loop")]
    pub loop_id: Option<LoopId>,
    /// How many, up to 200.
    pub limit: Option<u32>,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

/// One of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct WaiverQuery {
    /// Which.
    pub id: Option<WaiverId>,
}

/// A request to the state: the packet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WaiverView {
    /// Which.
    pub id: WaiverId,
    /// The stream sequence of its last event.
    pub version: u64,
    /// The loop whose answer it is.
    #[serde(rename = "loop")]
    pub origin: LoopNamed,
    /// Where it stands.
    pub standing: WaiverStanding,
    /// The state's way of asking.
    pub regime: RegimeView,
    /// The schools it is for.
    pub schools: Vec<SchoolNamed>,
    /// Who answers for it.
    pub department: DepartmentId,
    /// That department's name.
    pub department_name: String,
    /// Its parts in the order of the regime, with what is written.
    pub parts: Vec<PartView>,
    /// The names of parts that are needed and not written.
    pub missing: Vec<String>,
    /// The day the state received it.
    pub submitted_on: Option<NaiveDate>,
    /// The last day on which the state decides.
    pub decide_by: Option<NaiveDate>,
    /// The day it was answered.
    pub answered_on: Option<NaiveDate>,
    /// Its last day.
    pub until: Option<NaiveDate>,
    /// How the state cites its answer.
    pub reference: Option<String>,
    /// What the state said.
    pub text: Option<String>,
    /// Where it stands in the register, once it is granted.
    pub flexibility: Option<FlexibilityId>,
    /// What you may do.
    pub offers: Vec<String>,
}

/// One part of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PartView {
    /// Its name on the wire.
    pub name: String,
    /// What is asked.
    pub label: String,
    /// What belongs in it.
    pub hint: String,
    /// Whether the law asks for it.
    pub needed: bool,
    /// Where the law says so.
    pub citation: String,
    /// What is written; a suggestion from the loop where nothing is yet.
    pub text: Option<String>,
    /// Whether it is only a suggestion.
    pub suggested: bool,
}

/// A state's way of asking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RegimeView {
    /// Its code.
    pub code: String,
    /// Which version of its description.
    pub version: u32,
    /// The state, by its two letters.
    pub state: String,
    /// Its name.
    pub name: String,
    /// The law.
    pub citation: String,
    /// Who decides.
    pub decided_by: String,
    /// The days the state has, where the law names them, and where it does.
    pub decides_within: Option<String>,
    /// What silence means.
    pub silence: String,
    /// The longest term, in words.
    pub longest: String,
    /// From which day on it is no longer in use.
    pub retired_on: Option<NaiveDate>,
}

/// Which reviews.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ReviewsQuery {
    /// Only open ones, or only ended ones.
    pub open: Option<bool>,
    /// How many, up to 200.
    pub limit: Option<u32>,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

/// One of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ReviewQuery {
    /// Which.
    pub id: Option<ReviewId>,
}

/// A review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReviewView {
    /// Which.
    pub id: ReviewId,
    /// The stream sequence of its last event.
    pub version: u64,
    /// What is looked at.
    pub title: String,
    /// How it is cited.
    pub citation: Option<String>,
    /// Why.
    pub purpose: Option<String>,
    /// Whose rules they are.
    pub department: DepartmentId,
    /// That department's name.
    pub department_name: String,
    /// When it began.
    pub opened_at: DateTime<Utc>,
    /// By which day it is done.
    pub due_on: Option<NaiveDate>,
    /// The parts that were looked at, in order.
    pub clauses: Vec<ClauseView>,
    /// What was found; none while it is open.
    pub summary: Option<String>,
    /// When it was closed.
    pub concluded_at: Option<DateTime<Utc>>,
    /// What you may do.
    pub offers: Vec<String>,
}

/// One part of a document, as it was looked at last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClauseView {
    /// Which part.
    pub clause: String,
    /// What it does.
    pub finding: Finding,
    /// For which pillar.
    pub pillar: Option<Pillar>,
    /// Why.
    pub note: String,
    /// The loops that met it, as far as you may know of them.
    pub loops: u32,
}

/// The rule of a loop, as the school believes or as it was corrected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LoopRule {
    /// Where it comes from.
    pub source: RuleSource,
    /// As it is cited.
    pub citation: Option<String>,
    /// The part of it.
    pub clause: Option<String>,
    /// Whether a department corrected what the school believed.
    pub corrected: bool,
}
