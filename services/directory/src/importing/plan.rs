//! What a roster changes: its rows compared with what is known. Pure.

use std::collections::{BTreeSet, HashMap};

use ::domain::directory::DistrictRecord;
use contracts::commands::roster::{ChangeKind, ChangeLine, NewDistrict};
use contracts::events::directory::{CalendarSet, DepartmentAdded, DistrictRegistered, Grant, KnownAs, SchoolAdded};
use contracts::ids::{DepartmentId, District, PersonId, SchoolId};
use contracts::roster::{
    Extent, HeldRole, OrgKind, PersonFacts, Problems, RosterCounts, RosterHead, RosterOrg, RosterPerson, RowProblem,
};
use contracts::vocabulary::{Level, Role, StaffRole};

use crate::read_model::RosteredRow;

/// Changes of each kind that are told by name.
const TOLD_MAX: usize = 25;
/// How far up the organization of an organization is looked for.
const PARENTS_MAX: usize = 10;

/// A roster, and what it meets.
#[derive(Debug)]
pub(crate) struct Input<'a> {
    pub(crate) district: &'a District,
    /// What the district is; nothing where it is not there yet.
    pub(crate) record: Option<&'a DistrictRecord>,
    pub(crate) create: Option<&'a NewDistrict>,
    pub(crate) head: &'a RosterHead,
    pub(crate) orgs: Vec<RosterOrg>,
    pub(crate) people: Vec<RosterPerson>,
    pub(crate) known: Vec<RosteredRow>,
}

/// One change, one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    District(DistrictRegistered),
    Calendar(CalendarSet),
    School(SchoolId, SchoolAdded),
    Department(DepartmentId, DepartmentAdded),
    Person(Box<PersonStep>),
    Left(PersonId),
}

/// Who somebody is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PersonStep {
    pub(crate) id: PersonId,
    /// Whether nobody was known under this id.
    pub(crate) new: bool,
    pub(crate) name: String,
    pub(crate) title: Option<String>,
    pub(crate) known_as: KnownAs,
    pub(crate) roles: Vec<Grant>,
    pub(crate) disabled: bool,
}

/// All that changes.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// Organizations first: people are somebody somewhere.
    pub(crate) steps: Vec<Step>,
    pub(crate) counts: RosterCounts,
    pub(crate) disables_many: bool,
    pub(crate) notices: Vec<String>,
    pub(crate) problems: Problems,
    pub(crate) changes: Vec<ChangeLine>,
}

/// Where a role holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    District,
    School(SchoolId),
    Department,
}

/// Compares.
pub(crate) fn plan(input: Input<'_>) -> Plan {
    let empty = DistrictRecord::default();
    let record = input.record.unwrap_or(&empty);
    let (mut plan, places, names) = Plan::default().orgs(&input, record);
    plan.counts.ignored = input.head.ignored.people();
    plan.people(input, &places, &names);
    plan
}

impl Plan {
    /// The organizations; where each is, and what schools are called.
    fn orgs(
        mut self,
        input: &Input<'_>,
        record: &DistrictRecord,
    ) -> (Self, HashMap<String, Place>, HashMap<SchoolId, String>) {
        let by_id: HashMap<&str, &RosterOrg> = input.orgs.iter().map(|org| (org.sourced_id.as_str(), org)).collect();
        let mut places: HashMap<String, Place> = HashMap::new();
        let mut names: HashMap<SchoolId, String> = HashMap::new();
        for (id, school) in &record.schools {
            names.insert(*id, school.name.clone());
            if let Some(sourced_id) = &school.sourced_id {
                places.insert(sourced_id.clone(), Place::School(*id));
            }
        }
        for department in record.departments.values() {
            if let Some(sourced_id) = &department.sourced_id {
                places.insert(sourced_id.clone(), Place::Department);
            }
        }
        self.district(input);
        let mut district_row = None;
        let (mut guessed, mut odd) = (0_u32, Vec::new());
        for org in input.orgs.iter().filter(|org| !org.gone) {
            match org.kind {
                OrgKind::District => match district_row {
                    None => {
                        district_row = Some(org.row);
                        places.insert(org.sourced_id.clone(), Place::District);
                    }
                    Some(first) => self.problem(RowProblem {
                        file: "orgs.csv".to_owned(),
                        row: org.row,
                        column: "type".to_owned(),
                        message: format!(
                            "a second district; the one in row {first} is taken in, and each other by an import of its own"
                        ),
                    }),
                },
                OrgKind::School => {
                    self.counts.schools += 1;
                    let nces = org.identifier.clone().filter(|id| is_nces(id, 12));
                    if nces.is_none()
                        && let Some(identifier) = &org.identifier
                        && is_nces(identifier, 11)
                    {
                        odd.push(identifier.clone());
                    }
                    let known = school_known(record, org, nces.as_deref());
                    let id = known
                        .unwrap_or_else(|| SchoolId::derived(&[input.district.as_str(), "roster", &org.sourced_id]));
                    places.insert(org.sourced_id.clone(), Place::School(id));
                    names.insert(id, org.name.clone());
                    let before = record.schools.get(&id);
                    guessed += u32::from(before.is_none());
                    let added = SchoolAdded {
                        name: org.name.clone(),
                        level: before.map_or_else(|| level_by_name(&org.name), |school| school.level),
                        nces: nces.or_else(|| before.and_then(|school| school.nces.clone())),
                        sourced_id: Some(org.sourced_id.clone()),
                    };
                    let same = before.is_some_and(|school| {
                        (&school.name, &school.nces, &school.sourced_id) == (&added.name, &added.nces, &added.sourced_id)
                    });
                    if !same {
                        let what = match before {
                            None => added.level.label().to_owned(),
                            Some(school) if school.name != added.name => format!("was {}", school.name),
                            Some(_) => "its identifiers".to_owned(),
                        };
                        self.changed(before.is_none(), &org.name, what);
                        self.steps.push(Step::School(id, added));
                    }
                }
                OrgKind::Department => {}
            }
        }
        // A department of a school stands where its school does, whichever row comes first.
        for org in input
            .orgs
            .iter()
            .filter(|org| org.kind == OrgKind::Department && !org.gone)
        {
            if let Some(place) = place_of_parent(org, &by_id, &places) {
                places.insert(org.sourced_id.clone(), place);
            } else {
                self.department(input, record, org, &mut places);
            }
        }
        if guessed > 0 {
            self.notices.push(format!(
                "{}: whether elementary, middle or high was guessed from the name, since a roster does not say",
                count(u64::from(guessed), "new school", "new schools")
            ));
        }
        if !odd.is_empty() {
            odd.truncate(5);
            self.notices.push(format!(
                "Some schools' identifiers have 11 digits ({}); an NCES identifier has 12, and spreadsheets drop a leading zero",
                odd.join(", ")
            ));
        }
        let gone: Vec<&str> = record
            .schools
            .values()
            .filter(|school| {
                school
                    .sourced_id
                    .as_ref()
                    .is_some_and(|id| match by_id.get(id.as_str()) {
                        Some(org) => org.gone,
                        None => input.head.orgs == Extent::Bulk,
                    })
            })
            .map(|school| school.name.as_str())
            .collect();
        if !gone.is_empty() {
            let named: Vec<&str> = gone.iter().copied().take(10).collect();
            self.notices.push(format!(
                "{} no longer in the roster: {}. Nothing is taken from a school by an import; it stays until somebody retires it",
                count(gone.len() as u64, "school is", "schools are"),
                named.join(", ")
            ));
        }
        (self, places, names)
    }

    /// A district that begins with this roster.
    fn district(&mut self, input: &Input<'_>) {
        let (None, Some(create)) = (input.record, input.create) else {
            return;
        };
        let org = input.orgs.iter().find(|org| org.kind == OrgKind::District);
        let name = create.name.clone().or_else(|| org.map(|org| org.name.clone()));
        let name = name.unwrap_or_else(|| input.district.to_string());
        self.changed(true, &name, "the district".to_owned());
        self.steps.push(Step::District(DistrictRegistered {
            name,
            nces: org.and_then(|org| org.identifier.clone()).filter(|id| is_nces(id, 7)),
            state: None,
        }));
        if let Some(time_zone) = &create.time_zone {
            self.steps.push(Step::Calendar(CalendarSet {
                version: 1,
                time_zone: time_zone.clone(),
                closed: Vec::new(),
            }));
        }
    }

    fn department(
        &mut self,
        input: &Input<'_>,
        record: &DistrictRecord,
        org: &RosterOrg,
        places: &mut HashMap<String, Place>,
    ) {
        self.counts.departments += 1;
        places.insert(org.sourced_id.clone(), Place::Department);
        let known = record
            .departments
            .iter()
            .find(|(_, known)| known.sourced_id.as_deref() == Some(&org.sourced_id))
            .or_else(|| {
                record
                    .departments
                    .iter()
                    .find(|(_, known)| known.sourced_id.is_none() && same_name(&known.name, &org.name))
            });
        let id = known.map_or_else(
            || DepartmentId::derived(&[input.district.as_str(), "roster", &org.sourced_id]),
            |(id, _)| *id,
        );
        let added = DepartmentAdded {
            name: org.name.clone(),
            decides: known.and_then(|(_, known)| known.decides.clone()),
            sourced_id: Some(org.sourced_id.clone()),
        };
        let same = known.is_some_and(|(_, known)| known.name == added.name && known.sourced_id == added.sourced_id);
        if !same {
            self.changed(known.is_none(), &org.name, "department".to_owned());
            self.steps.push(Step::Department(id, added));
        }
    }

    fn people(&mut self, input: Input<'_>, places: &HashMap<String, Place>, names: &HashMap<SchoolId, String>) {
        let Input {
            district,
            head,
            people,
            known,
            ..
        } = input;
        let mut by_id: HashMap<&str, &RosteredRow> = HashMap::new();
        let mut by_mail: HashMap<&str, Option<&RosteredRow>> = HashMap::new();
        for row in &known {
            match (&row.known_as.sourced_id, &row.known_as.email) {
                (Some(id), _) => {
                    by_id.insert(id, row);
                }
                // Two with one address: neither is meant for certain.
                (None, Some(email)) => {
                    by_mail
                        .entry(email)
                        .and_modify(|known| *known = None)
                        .or_insert(Some(row));
                }
                (None, None) => {}
            }
        }
        let were = known
            .iter()
            .filter(|row| row.known_as.sourced_id.is_some() && !row.roster_disabled)
            .count() as u64;
        let spared: BTreeSet<&str> = head.spared.iter().map(String::as_str).collect();
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        let (mut without_role, mut stay_disabled) = (0, 0);
        for person in &people {
            seen.insert(&person.sourced_id);
            let before = by_id.get(person.sourced_id.as_str()).copied().or_else(|| {
                let email = person.facts.as_ref()?.email.as_deref()?;
                by_mail.get(email).copied().flatten()
            });
            if person.gone {
                if let Some(before) = before.filter(|before| !before.roster_disabled) {
                    self.left(before);
                }
                continue;
            }
            self.counts.people += 1;
            let step = match person_step(district, head, person, before, places) {
                Ok(Some(step)) => step,
                // What is known of nobody needs no changing.
                Ok(None) => continue,
                Err(problem) => {
                    self.problem(problem);
                    continue;
                }
            };
            without_role += u64::from(step.roles.is_empty());
            stay_disabled += u64::from(before.is_some_and(|before| before.hand_disabled));
            let what = match before {
                None => Some(described(&step, names)),
                Some(before) => difference(before, &step),
            };
            let Some(what) = what else { continue };
            if step.disabled && before.is_some_and(|before| !before.roster_disabled) {
                self.counts.disabled += 1;
                self.counts.changed += 1;
                self.told(ChangeKind::Disabled, &step.name, "the roster says so".to_owned());
            } else {
                self.changed(before.is_none(), &step.name, what);
            }
            self.steps.push(Step::Person(Box::new(step)));
        }
        if head.users == Extent::Bulk {
            if head.somebody_unread {
                self.notices.push(
                    "Some rows could not even be told whose they are: nobody is taken for gone until they are mended"
                        .to_owned(),
                );
            } else {
                for row in &known {
                    let gone = row
                        .known_as
                        .sourced_id
                        .as_deref()
                        .is_some_and(|id| !row.roster_disabled && !seen.contains(id) && !spared.contains(id));
                    if gone {
                        self.left(row);
                    }
                }
            }
        }
        self.disables_many = self.counts.disabled * 10 > were;
        if without_role > 0 {
            self.notices.push(format!(
                "{} nothing in Loopline by what the roster says, such as staff of the district office; they may sign in, and see \
                 and do nothing until somebody grants them a role",
                count(without_role, "person is", "people are")
            ));
        }
        if stay_disabled > 0 {
            self.notices.push(format!(
                "{} disabled by an administrator, and stay so whatever the roster says",
                count(stay_disabled, "person was", "people were")
            ));
        }
    }

    fn left(&mut self, row: &RosteredRow) {
        self.counts.disabled += 1;
        self.counts.changed += 1;
        self.told(ChangeKind::Disabled, &row.name, "no longer in the roster".to_owned());
        self.steps.push(Step::Left(row.id));
    }

    fn problem(&mut self, problem: RowProblem) {
        self.problems.add(problem);
    }

    fn changed(&mut self, new: bool, name: &str, what: String) {
        self.counts.changed += 1;
        self.counts.added += u64::from(new);
        let change = if new { ChangeKind::Added } else { ChangeKind::Changed };
        self.told(change, name, what);
    }

    fn told(&mut self, change: ChangeKind, name: &str, what: String) {
        if self.changes.iter().filter(|line| line.change == change).count() < TOLD_MAX {
            self.changes.push(ChangeLine {
                change,
                name: name.to_owned(),
                what,
            });
        }
    }
}

/// What becomes of a person; nothing where only a role of somebody unknown has changed.
fn person_step(
    district: &District,
    head: &RosterHead,
    person: &RosterPerson,
    before: Option<&RosteredRow>,
    places: &HashMap<String, Place>,
) -> Result<Option<PersonStep>, RowProblem> {
    let facts = match (&person.facts, before) {
        (Some(facts), _) => facts.clone(),
        (None, Some(before)) => PersonFacts {
            name: before.name.clone(),
            email: before.known_as.email.clone(),
            username: before.known_as.username.clone(),
            user_ids: before.known_as.user_ids.clone(),
            enabled: !before.roster_disabled,
        },
        (None, None) => return Ok(None),
    };
    // In a file of roles that says what has changed, what it does not name stays.
    let changes_only = head.version == "1.2" && head.roles != Extent::Bulk;
    let mut held: BTreeSet<String> = match before {
        Some(before) if changes_only => before.known_as.held.iter().cloned().collect(),
        _ => BTreeSet::new(),
    };
    for role in &person.roles {
        if !role.gone && !places.contains_key(&role.org) {
            return Err(unknown_org(role));
        }
        let named = format!("{}@{}", role.role, role.org);
        if role.gone {
            held.remove(&named);
        } else {
            held.insert(named);
        }
    }
    // The same role may stand in two rows, one of them over: it is held.
    for role in person.roles.iter().filter(|role| !role.gone) {
        held.insert(format!("{}@{}", role.role, role.org));
    }
    let mut roles: BTreeSet<Grant> = BTreeSet::new();
    let mut staff: BTreeSet<StaffRole> = BTreeSet::new();
    for named in &held {
        let Some((role, org)) = named.split_once('@') else {
            continue;
        };
        let Some(role) = StaffRole::from_code(role) else {
            continue;
        };
        staff.insert(role);
        let Some(place) = places.get(org) else { continue };
        roles.extend(granted(role, *place));
    }
    let title = staff.iter().map(|role| role.label()).collect::<Vec<_>>().join(", ");
    let id = before.map_or_else(
        || PersonId::derived(&[district.as_str(), "roster", &person.sourced_id]),
        |before| before.id,
    );
    Ok(Some(PersonStep {
        id,
        new: before.is_none(),
        name: facts.name,
        title: (!title.is_empty()).then_some(title),
        known_as: KnownAs {
            sourced_id: Some(person.sourced_id.clone()),
            email: facts.email,
            username: facts.username,
            user_ids: facts.user_ids,
            held: held.into_iter().collect(),
        },
        roles: roles.into_iter().collect(),
        disabled: !facts.enabled,
    }))
}

fn unknown_org(role: &HeldRole) -> RowProblem {
    let (file, column) = role.file.names();
    RowProblem {
        file: file.to_owned(),
        row: role.row,
        column: column.to_owned(),
        message: format!(
            "{:?} is no school, department or district in orgs.csv, nor known from an earlier roster",
            role.org
        ),
    }
}

/// What a role of the roster is in Loopline.
///
/// `teacher`, `aide`, `counselor`, `principal` and `siteAdministrator` speak for their schools; `districtAdministrator`
/// leads, `systemAdministrator` administers. `administrator`, of 1.1 only, is the one or the other by where it is held.
/// Staff of departments is granted by the district: no role of a roster says who decides.
fn granted(role: StaffRole, place: Place) -> Option<Grant> {
    let of = |role: Role, school: Option<SchoolId>| {
        Some(Grant {
            role,
            school,
            department: None,
        })
    };
    match (role, place) {
        (StaffRole::SystemAdministrator, _) => of(Role::Administrator, None),
        (StaffRole::DistrictAdministrator, _) | (StaffRole::Administrator, Place::District) => of(Role::Leader, None),
        (_, Place::School(school)) => of(Role::Reporter, Some(school)),
        (_, Place::District | Place::Department) => None,
    }
}

/// What is different about a person; nothing where all is as it was.
fn difference(before: &RosteredRow, step: &PersonStep) -> Option<String> {
    let (old, new) = (&before.known_as, &step.known_as);
    let mut what = Vec::new();
    if before.name != step.name {
        what.push(format!("was {}", before.name));
    }
    if old.email != new.email {
        what.push("e-mail address".to_owned());
    }
    if old.held != new.held {
        what.push("roles".to_owned());
    }
    if old.username != new.username || old.user_ids != new.user_ids || old.sourced_id != new.sourced_id {
        what.push("ids".to_owned());
    }
    if before.roster_disabled && !step.disabled {
        what.push("may sign in again".to_owned());
    }
    if !before.roster_disabled && step.disabled {
        what.push("may no longer sign in".to_owned());
    }
    (!what.is_empty()).then(|| what.join(", "))
}

fn described(step: &PersonStep, names: &HashMap<SchoolId, String>) -> String {
    let schools: Vec<&str> = step
        .roles
        .iter()
        .filter_map(|grant| names.get(&grant.school?))
        .map(String::as_str)
        .collect();
    let title = step.title.as_deref().unwrap_or_default();
    if schools.is_empty() {
        title.to_owned()
    } else {
        format!("{title}, {}", schools.join(", "))
    }
}

/// The school that is meant, where it is known: by its id in the roster, by its NCES identifier, or, typed in before any
/// roster, by its name.
fn school_known(record: &DistrictRecord, org: &RosterOrg, nces: Option<&str>) -> Option<SchoolId> {
    let find = |matches: &dyn Fn(&::domain::directory::School) -> bool| {
        record
            .schools
            .iter()
            .find(|(_, school)| matches(school))
            .map(|(id, _)| *id)
    };
    find(&|school| school.sourced_id.as_deref() == Some(&org.sourced_id))
        .or_else(|| find(&|school| nces.is_some() && school.nces.as_deref() == nces))
        .or_else(|| find(&|school| school.sourced_id.is_none() && same_name(&school.name, &org.name)))
}

/// The school that a department belongs to, directly or by others; nothing for one of the district's own.
fn place_of_parent(
    org: &RosterOrg,
    by_id: &HashMap<&str, &RosterOrg>,
    places: &HashMap<String, Place>,
) -> Option<Place> {
    let mut parent = org.parent.as_deref();
    for _ in 0..PARENTS_MAX {
        let id = parent?;
        if let Some(place @ Place::School(_)) = places.get(id) {
            return Some(*place);
        }
        parent = by_id.get(id)?.parent.as_deref();
    }
    None
}

fn same_name(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

fn is_nces(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// What kind of school a name speaks of.
fn level_by_name(name: &str) -> Level {
    let name = name.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| name.contains(word));
    if says(&["k-8", "k8"]) {
        Level::K8
    } else if says(&["middle", "junior high", "intermediate"]) {
        Level::Middle
    } else if says(&["elementary", "primary"]) {
        Level::Elementary
    } else if says(&["high"]) {
        Level::High
    } else {
        Level::K12
    }
}

fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
