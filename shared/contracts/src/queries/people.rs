//! People as an administrator sees them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ids::PersonId;
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
