//! `users.csv` and `roles.csv`: who is staff, and as what.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasher as _, RandomState};

use chrono::NaiveDate;
use contracts::roster::{Extent, HeldRole, Ignored, PersonFacts, Problems, RoleFile, RosterPerson, RowProblem};
use contracts::vocabulary::StaffRole;

use crate::files::Files;
use crate::manifest::{Manifest, Version};
use crate::table::{Column, Row, Table, optional, required, shown};
use crate::{Digested, ID_MAX, NAME_MAX, PEOPLE_MAX, Reading, RosterError, gone};

/// How often progress is told.
const TOLD_EVERY: u64 = 10_000;

/// `users.csv`: of both versions, what is wanted of it. `password` is not, and is never looked at.
const USERS: [Column; 11] = [
    required("sourcedId"),
    optional("status"),
    optional("enabledUser"),
    optional("orgSourcedIds"),
    optional("role"),
    optional("username"),
    optional("userIds"),
    required("givenName"),
    required("familyName"),
    optional("email"),
    optional("preferredGivenName"),
];
const SOURCED_ID: usize = 0;
const STATUS: usize = 1;
const ENABLED: usize = 2;
const ORGS: usize = 3;
const ROLE: usize = 4;
const USERNAME: usize = 5;
const USER_IDS: usize = 6;
const GIVEN: usize = 7;
const FAMILY: usize = 8;
const EMAIL: usize = 9;
const PREFERRED: usize = 10;

/// `roles.csv` (1.2).
const ROLES: [Column; 6] = [
    required("userSourcedId"),
    optional("status"),
    required("role"),
    required("orgSourcedId"),
    optional("beginDate"),
    optional("endDate"),
];

/// What a role is to Loopline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Means {
    Staff(StaffRole),
    Student,
    Guardian,
    Other,
}

/// The roles of both versions.
fn meaning(role: &str) -> Option<Means> {
    if let Some(staff) = StaffRole::from_code(role) {
        return Some(Means::Staff(staff));
    }
    Some(match role {
        "student" => Means::Student,
        "guardian" | "parent" | "relative" => Means::Guardian,
        "proctor" => Means::Other,
        _ => return None,
    })
}

const KNOWN_ROLES: &str = "administrator, aide, counselor, districtAdministrator, guardian, parent, principal, proctor, relative, \
                           siteAdministrator, student, systemAdministrator, teacher";

/// Ids kept of people of whom a row cannot be taken; with more of them, nobody is taken for gone.
const SPARED_MAX: usize = 10_000;

/// People of whom a row cannot be taken: they stay as they are.
#[derive(Debug, Default)]
pub(crate) struct Spared {
    pub(crate) ids: BTreeSet<String>,
    pub(crate) somebody_unread: bool,
}

impl Spared {
    /// Whoever the row is about.
    fn whose<const N: usize>(&mut self, row: &Row<'_, N>, column: usize) {
        match row.text(column) {
            Ok(Some(id)) => self.note(id),
            Ok(None) | Err(_) => self.somebody_unread = true,
        }
    }

    fn note(&mut self, id: &str) {
        if self.ids.len() < SPARED_MAX {
            self.ids.insert(id.to_owned());
        } else {
            self.somebody_unread = true;
        }
    }
}

/// What `roles.csv` says: staff by id, and of others, by a hash of their ids, only what they are.
#[derive(Default)]
struct Roles {
    staff: BTreeMap<String, Vec<HeldRole>>,
    others: HashMap<u64, Means>,
    hasher: RandomState,
}

impl Roles {
    fn other(&self, id: &str) -> Option<Means> {
        self.others.get(&self.hasher.hash_one(id)).copied()
    }

    fn note(&mut self, id: &str, means: Means) {
        let other = self.others.entry(self.hasher.hash_one(id)).or_insert(means);
        if means == Means::Student {
            *other = means;
        }
    }
}

pub(crate) fn read(
    files: &mut Files,
    manifest: &Manifest,
    digest: &Digested,
    problems: &mut Problems,
    ignored: &mut Ignored,
    reading: &mut Reading<'_>,
) -> Result<(Vec<RosterPerson>, Spared), RosterError> {
    let mut roles = Roles::default();
    let mut spared = Spared::default();
    let mut rows = 0;
    if manifest.roles != Extent::Absent {
        roles = read_roles(files, manifest, digest, problems, &mut spared, reading)?;
        // Whose roles are not all understood stays as they are.
        roles.staff.retain(|id, _| !spared.ids.contains(id));
    }
    let mut people: BTreeMap<String, RosterPerson> = BTreeMap::new();
    if manifest.users != Extent::Absent {
        let file = files.file("users.csv")?.ok_or_else(|| manifest.missing("users.csv"))?;
        let mut table = Table::open("users.csv", file, &USERS, digest.clone())?;
        let in_users = manifest.version == Version::V1_1;
        let missing: Vec<String> = [ROLE, ORGS]
            .into_iter()
            .filter(|column| in_users && !table.has(*column))
            .map(|column| USERS[column].name.to_owned())
            .collect();
        if !missing.is_empty() {
            return Err(RosterError::Columns {
                file: "users.csv",
                missing,
            });
        }
        while let Some(row) = table.next(|problem| {
            problems.add(problem);
            spared.somebody_unread = true;
        })? {
            rows += 1;
            if rows % TOLD_EVERY == 0 {
                (reading.progress)(rows);
            }
            if let Ok(Some(id)) = row.text(SOURCED_ID)
                && people.contains_key(id)
            {
                problems.add(row.problem(SOURCED_ID, format!("{:?} stands in an earlier row too", shown(id))));
                continue;
            }
            let taken = if in_users {
                of_row(&row)
            } else {
                of_roles(&row, &mut roles, manifest.users, reading.known)
            };
            match taken {
                Ok(Taken::Ignored(Means::Student)) => ignored.students += 1,
                Ok(Taken::Ignored(Means::Guardian)) => ignored.guardians += 1,
                Ok(Taken::Ignored(Means::Other | Means::Staff(_))) => ignored.others += 1,
                Ok(Taken::Person(person)) => {
                    people.insert(person.sourced_id.clone(), person);
                }
                Err(problem) => {
                    problems.add(problem);
                    spared.whose(&row, SOURCED_ID);
                }
            }
            if people.len() > PEOPLE_MAX {
                return Err(RosterError::TooLarge);
            }
        }
    }
    // Roles of people of whom no row said who they are.
    for (id, held) in roles.staff {
        let row = held.first().map_or(0, |held| held.row);
        if manifest.users != Extent::Bulk && (reading.known)(&id) {
            people.insert(
                id.clone(),
                RosterPerson {
                    row,
                    sourced_id: id,
                    facts: None,
                    gone: false,
                    roles: held,
                },
            );
        } else {
            // The files disagree: whoever is meant stays as they are.
            spared.note(&id);
            problems.add(RowProblem {
                file: "roles.csv".to_owned(),
                row,
                column: ROLES[0].name.to_owned(),
                message: format!("nobody with the id {:?} can be taken from users.csv", shown(&id)),
            });
        }
    }
    (reading.progress)(rows);
    Ok((people.into_values().collect(), spared))
}

fn read_roles(
    files: &mut Files,
    manifest: &Manifest,
    digest: &Digested,
    problems: &mut Problems,
    spared: &mut Spared,
    reading: &mut Reading<'_>,
) -> Result<Roles, RosterError> {
    let file = files.file("roles.csv")?.ok_or_else(|| manifest.missing("roles.csv"))?;
    let mut table = Table::open("roles.csv", file, &ROLES, digest.clone())?;
    let mut roles = Roles::default();
    while let Some(row) = table.next(|problem| {
        problems.add(problem);
        spared.somebody_unread = true;
    })? {
        match role(&row, reading.today) {
            Ok((id, Means::Staff(_), Some(held))) => {
                roles.staff.entry(id).or_default().push(held);
                if roles.staff.len() > PEOPLE_MAX {
                    return Err(RosterError::TooLarge);
                }
            }
            // Who was staff, or will be, is staff without a role today.
            Ok((id, Means::Staff(_), None)) => {
                roles.staff.entry(id).or_default();
            }
            Ok((id, other, _)) => roles.note(&id, other),
            Err(problem) => {
                problems.add(problem);
                spared.whose(&row, 0);
            }
        }
        if table.rows() % TOLD_EVERY == 0 {
            (reading.progress)(table.rows());
        }
    }
    Ok(roles)
}

/// A row of `roles.csv`: whose, what it means, and the role where it is staff's and held today.
fn role(row: &Row<'_, 6>, today: NaiveDate) -> Result<(String, Means, Option<HeldRole>), RowProblem> {
    let id = row.needed(0, ID_MAX)?.to_owned();
    let means = means(row, 2)?;
    let Means::Staff(role) = means else {
        return Ok((id, means, None));
    };
    let gone = gone(row, 1)?;
    let begun = day(row, 4)?.is_none_or(|begins| begins <= today);
    let over = day(row, 5)?.is_some_and(|ends| ends < today);
    let held = HeldRole {
        file: RoleFile::Roles,
        row: row.number,
        role,
        org: row.needed(3, ID_MAX)?.to_owned(),
        gone: gone || over,
    };
    Ok((id, means, begun.then_some(held)))
}

fn means<const N: usize>(row: &Row<'_, N>, column: usize) -> Result<Means, RowProblem> {
    let role = row.needed(column, ID_MAX)?;
    meaning(role).ok_or_else(|| row.problem(column, format!("{:?} is none of {KNOWN_ROLES}", shown(role))))
}

fn day<const N: usize>(row: &Row<'_, N>, column: usize) -> Result<Option<NaiveDate>, RowProblem> {
    let Some(text) = row.text(column)? else { return Ok(None) };
    text.parse()
        .map(Some)
        .map_err(|_| row.problem(column, format!("{:?} is not a day, such as 2026-08-24", shown(text))))
}

/// What becomes of a row.
enum Taken {
    Person(RosterPerson),
    Ignored(Means),
}

/// A row of 1.1: what somebody is stands beside who it is.
fn of_row(row: &Row<'_, 11>) -> Result<Taken, RowProblem> {
    let Means::Staff(role) = means(row, ROLE)? else {
        return Ok(Taken::Ignored(means(row, ROLE)?));
    };
    let gone = gone(row, STATUS)?;
    let mut person = person(row, gone)?;
    let orgs: BTreeSet<&str> = row
        .text(ORGS)?
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|org| !org.is_empty())
        .collect();
    if orgs.is_empty() && !gone {
        return Err(row.problem(
            ORGS,
            "it is empty; somebody who works here works at a school or in an office".to_owned(),
        ));
    }
    person.roles = orgs
        .into_iter()
        .map(|org| HeldRole {
            file: RoleFile::Users,
            row: row.number,
            role,
            org: org.to_owned(),
            gone: false,
        })
        .collect();
    Ok(Taken::Person(person))
}

/// A row of 1.2: what somebody is was read from `roles.csv`.
fn of_roles(
    row: &Row<'_, 11>,
    roles: &mut Roles,
    extent: Extent,
    known: &dyn Fn(&str) -> bool,
) -> Result<Taken, RowProblem> {
    let id = row.needed(SOURCED_ID, ID_MAX)?;
    let other = roles.other(id);
    let held = roles.staff.remove(id);
    if held.is_some() && other == Some(Means::Student) {
        return Err(row.problem(
            SOURCED_ID,
            format!(
                "{:?} is a student and staff in roles.csv; students are not taken in, so take one of the roles away",
                shown(id)
            ),
        ));
    }
    if held.is_none() && (other == Some(Means::Student) || extent == Extent::Bulk || !known(id)) {
        return Ok(Taken::Ignored(other.unwrap_or(Means::Other)));
    }
    let gone = gone(row, STATUS)?;
    let mut person = person(row, gone)?;
    person.roles = held.unwrap_or_default();
    Ok(Taken::Person(person))
}

/// Who somebody of staff is.
fn person(row: &Row<'_, 11>, gone: bool) -> Result<RosterPerson, RowProblem> {
    let sourced_id = row.needed(SOURCED_ID, ID_MAX)?.to_owned();
    let whole = RosterPerson {
        row: row.number,
        sourced_id,
        facts: None,
        gone,
        roles: Vec::new(),
    };
    if gone {
        return Ok(whole);
    }
    let given = match row.given(PREFERRED, NAME_MAX)? {
        Some(preferred) => Some(preferred),
        None => row.given(GIVEN, NAME_MAX)?,
    };
    let family = row.given(FAMILY, NAME_MAX)?;
    let name = [given, family].into_iter().flatten().collect::<Vec<_>>().join(" ");
    if name.is_empty() {
        return Err(row.problem(FAMILY, "neither a given nor a family name is there".to_owned()));
    }
    let email = row.given(EMAIL, ID_MAX)?.map(str::to_lowercase);
    if let Some(email) = &email
        && !looks_like_an_address(email)
    {
        return Err(row.problem(EMAIL, format!("{:?} is not an e-mail address", shown(email))));
    }
    let enabled = match row.text(ENABLED)? {
        None => true,
        Some(text) => match text.to_ascii_lowercase().as_str() {
            "true" | "1" => true,
            "false" | "0" => false,
            _ => return Err(row.problem(ENABLED, format!("{:?} is neither true nor false", shown(text)))),
        },
    };
    let user_ids = row.given(USER_IDS, 2000)?.unwrap_or_default();
    Ok(RosterPerson {
        facts: Some(PersonFacts {
            name,
            email,
            username: row.given(USERNAME, ID_MAX)?.map(str::to_owned),
            user_ids: user_ids
                .split(',')
                .map(str::trim)
                .filter(|id| !id.is_empty())
                .map(str::to_owned)
                .collect(),
            enabled,
        }),
        ..whole
    })
}

fn looks_like_an_address(text: &str) -> bool {
    let Some((name, host)) = text.rsplit_once('@') else {
        return false;
    };
    !name.is_empty()
        && host.contains('.')
        && !host.starts_with('.')
        && !host.ends_with('.')
        && !text
            .chars()
            .any(|letter| letter.is_whitespace() || letter == ',' || letter == ';')
}
