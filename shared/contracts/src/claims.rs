//! Who asks, and what they are: put into each message by the gateway, checked by the service that owns the thing.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{DepartmentId, District, PersonId, SchoolId, TeamId};
use crate::vocabulary::{Role, TokenScope};

/// A person's roles and where they hold, as the directory knew them at `as_of`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Claims {
    /// The one district this person belongs to.
    pub district: District,
    /// The person.
    pub person: PersonId,
    /// The name, for the screen.
    pub name: String,
    /// All roles held, wherever.
    pub roles: BTreeSet<Role>,
    /// The schools the person speaks for.
    pub schools: BTreeSet<SchoolId>,
    /// The departments the person works in or leads.
    pub departments: BTreeSet<DepartmentId>,
    /// The departments the person leads; each is among `departments` too.
    pub leads: BTreeSet<DepartmentId>,
    /// The teams the person sits on.
    pub teams: BTreeSet<TeamId>,
    /// The stream sequence of the directory's events these claims reflect.
    pub as_of: u64,
    /// What may be done, where it is a program that comes with a token of the person's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenScope>,
    /// For whom the person stands in just now: the roles are that person's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acting_for: Option<PersonId>,
}

impl Claims {
    /// Whether the person looks after the district's record: sees how it stands, and vouches for it.
    pub fn looks_after_the_record(&self) -> bool {
        [Role::Auditor, Role::Leader, Role::Administrator]
            .iter()
            .any(|role| self.has(*role))
    }

    /// Whether the person may ask what was known of the district at an earlier time.
    pub fn sees_the_past(&self) -> bool {
        [Role::Contact, Role::Leader, Role::Auditor]
            .iter()
            .any(|role| self.has(*role))
    }

    /// Whether all that is done is to look.
    pub fn only_looks(&self) -> bool {
        self.token == Some(TokenScope::Read)
    }

    /// Whether the person holds a role anywhere.
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }
}

/// On whose authority a command comes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Authority {
    /// A person, through the gateway.
    Person(Claims),
    /// A policy of ours, named.
    Policy {
        /// For instance `when_tension_filed_then_route`.
        name: String,
    },
}
