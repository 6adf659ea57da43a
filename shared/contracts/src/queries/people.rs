//! People as an administrator sees them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ids::{DepartmentId, District, LoopId, PersonId, SchoolId};
use crate::vocabulary::{DisabledBecause, Role};

/// Which people.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PeopleQuery {
    /// Part of a name or of an e-mail address.
    pub q: Option<String>,
    /// One person.
    pub person: Option<PersonId>,
}

/// People that were found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PeopleFound {
    /// By name, up to a bound.
    pub people: Vec<PersonView>,
    /// Whether there are more.
    pub more: bool,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PersonView {
    /// Which.
    pub id: PersonId,
    /// The name.
    pub name: String,
    /// What they do.
    pub title: Option<String>,
    /// By which they sign in.
    pub email: Option<String>,
    /// Whether the roster knows them.
    pub rostered: bool,
    /// Whether they may not sign in, and why.
    pub disabled: Option<DisabledBecause>,
    /// Whether they have chosen a password.
    pub has_password: bool,
    /// Whether they sign in with a second step.
    #[serde(default)]
    pub second_step: bool,
    /// What they are.
    pub roles: Vec<RoleHeld>,
}

/// A role somebody holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RoleHeld {
    /// The role.
    pub role: Role,
    /// The school or department it is held at; nothing for the district.
    pub place: Option<Uuid>,
    /// Whether the roster says so, and only it can take it away.
    pub by_roster: bool,
}

/// Asks in which open loops somebody speaks for a school.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpokenFor {
    /// The district.
    pub district: District,
    /// Who.
    pub person: PersonId,
    /// The stream sequence that the answer must reflect.
    pub at_least: u64,
}

/// A loop in which somebody speaks for a school.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpeaksFor {
    /// Which.
    pub loop_id: LoopId,
    /// For which school.
    pub school: SchoolId,
}

/// Asks who speaks for the schools of a district in open loops.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Speakers {
    /// The district.
    pub district: District,
    /// The stream sequence that the answer must reflect.
    pub at_least: u64,
}

impl Speakers {
    /// The most of them in one answer.
    pub const MAX: i64 = 5000;
}

/// Somebody who speaks for a school in open loops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Speaker {
    /// Who.
    pub person: PersonId,
    /// For which school.
    pub school: SchoolId,
    /// In how many loops.
    pub loops: u32,
}

/// The words that a department keeps ready; of one's own department.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AnswersQuery {
    /// Which department.
    pub department: DepartmentId,
}

/// Asks for which schools nobody speaks any more in open loops.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UnspokenQuery {}

/// A school for which nobody speaks any more in some open loops.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unspoken {
    /// Which.
    pub school: SchoolId,
    /// Who spoke for it.
    pub spoke: String,
    /// In how many loops.
    pub loops: u32,
}

/// Asks who could speak for a school in somebody's place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Successor {
    /// The district.
    pub district: District,
    /// The school.
    pub school: SchoolId,
    /// In whose place.
    pub leaving: PersonId,
    /// The stream sequence that the answer must reflect.
    pub at_least: u64,
}

/// Who could.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Succession {
    /// They still may themselves.
    Stays,
    /// This person: whoever leads the school first.
    To(PersonId),
    /// Nobody speaks for the school any more.
    Nobody,
}
