//! What a district's roster says, once students, guardians and passwords were left behind: what travels from whoever
//! reads the files to the directory.
//!
//! The names are OneRoster's (1EdTech OneRoster 1.1 and 1.2, CSV binding).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::vocabulary::StaffRole;

/// Whether a file holds everything, or what has changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Extent {
    /// Not there: what it would say stays as it is.
    #[default]
    Absent,
    /// Everything: what is not in it is gone.
    Bulk,
    /// Changes.
    Delta,
}

/// What a roster is, beside its rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RosterHead {
    /// The version it says it has: `1.1` or `1.2`.
    pub version: String,
    /// Of schools and departments.
    pub orgs: Extent,
    /// Of people.
    pub users: Extent,
    /// Of what people are, where that stands in a file of its own (1.2).
    pub roles: Extent,
    /// SHA-256 over all that was read, in hexadecimal: the same files again are the same roster.
    pub digest: String,
    /// What was left behind.
    pub ignored: Ignored,
    /// Which system it comes from, as it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Ids of people in rows that cannot be taken: they are not gone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spared: Vec<String>,
    /// Whether a row about people could not even be told whose it is: then nobody is taken for gone.
    #[serde(default)]
    pub somebody_unread: bool,
}

/// Rows that are none of Loopline's concern, by what they are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ignored {
    /// Students.
    pub students: u64,
    /// Guardians, parents and other relatives.
    pub guardians: u64,
    /// People who are neither: proctors, and people without any role.
    pub others: u64,
    /// Organizations that are neither the district, a school nor a department.
    pub orgs: u64,
}

impl Ignored {
    /// People left behind.
    pub fn people(self) -> u64 {
        self.students + self.guardians + self.others
    }
}

/// What an organization is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrgKind {
    /// The district.
    District,
    /// A school.
    School,
    /// A department of the district, or of a school.
    Department,
}

/// An organization of the roster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RosterOrg {
    /// Its row in `orgs.csv`.
    pub row: u64,
    /// Its id in the roster.
    pub sourced_id: String,
    /// What it is.
    pub kind: OrgKind,
    /// Its name.
    pub name: String,
    /// What else it is known by; an NCES identifier where it has 7 or 12 digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifier: Option<String>,
    /// The organization it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Whether it is no longer there.
    #[serde(default)]
    pub gone: bool,
}

/// One role of a person.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeldRole {
    /// In which file it stands.
    pub file: RoleFile,
    /// In which row.
    pub row: u64,
    /// The role.
    pub role: StaffRole,
    /// The id of the organization it is held at.
    pub org: String,
    /// Whether it is no longer held.
    #[serde(default)]
    pub gone: bool,
}

/// Where roles stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoleFile {
    /// `users.csv` (1.1).
    Users,
    /// `roles.csv` (1.2).
    Roles,
}

impl RoleFile {
    /// The file's name, and the column of the organization in it.
    pub fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Users => ("users.csv", "orgSourcedIds"),
            Self::Roles => ("roles.csv", "orgSourcedId"),
        }
    }
}

/// Who somebody is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonFacts {
    /// Given name and family name.
    pub name: String,
    /// The e-mail address, in lower case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The user name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Other ids, as `{type:id}`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub user_ids: Vec<String>,
    /// Whether the person may sign in.
    pub enabled: bool,
}

/// A member of staff of the roster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RosterPerson {
    /// The row in `users.csv`; in `roles.csv` where only a role has changed.
    pub row: u64,
    /// The id in the roster.
    pub sourced_id: String,
    /// Who it is; nothing where only a role has changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<PersonFacts>,
    /// Whether the person is no longer there.
    #[serde(default)]
    pub gone: bool,
    /// What the person is.
    #[serde(default)]
    pub roles: Vec<HeldRole>,
}

/// A row that could not be taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RowProblem {
    /// The file.
    pub file: String,
    /// The row, as a spreadsheet counts: the header is row 1.
    pub row: u64,
    /// The column, where it is about one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub column: String,
    /// What is there, and what was expected.
    pub message: String,
}

/// Rows that could not be taken: the first are named, what is more is counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Problems {
    /// The first of them, at most [`Problems::NAMED_MAX`].
    pub problems: Vec<RowProblem>,
    /// How many there are beyond those.
    pub more_problems: u64,
}

impl Problems {
    /// How many are named.
    pub const NAMED_MAX: usize = 1000;

    /// One more.
    pub fn add(&mut self, problem: RowProblem) {
        if self.problems.len() < Self::NAMED_MAX {
            self.problems.push(problem);
        } else {
            self.more_problems += 1;
        }
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.problems.len() as u64 + self.more_problems
    }

    /// These and others.
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        self.more_problems += others.more_problems;
        for problem in others.problems {
            self.add(problem);
        }
        self
    }
}

/// How many things a roster holds and changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RosterCounts {
    /// Schools it names.
    pub schools: u64,
    /// Departments of the district it names.
    pub departments: u64,
    /// Staff it names.
    pub people: u64,
    /// Things and people that are new.
    pub added: u64,
    /// Things and people that are no longer as they were; those that are new are among them.
    pub changed: u64,
    /// People who may no longer sign in.
    pub disabled: u64,
    /// Students, guardians and others who were left behind.
    pub ignored: u64,
    /// Rows that cannot be taken.
    pub problems: u64,
}
