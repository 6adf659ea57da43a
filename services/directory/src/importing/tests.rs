//! What a roster changes, by what is known.

use std::collections::BTreeMap;

use ::domain::directory::{Department, DistrictRecord, School};
use contracts::commands::roster::{ChangeKind, NewDistrict};
use contracts::events::directory::{Grant, KnownAs};
use contracts::ids::{DepartmentId, District, PersonId, SchoolId};
use contracts::roster::{
    Extent, HeldRole, Ignored, OrgKind, PersonFacts, RoleFile, RosterHead, RosterOrg, RosterPerson,
};
use contracts::vocabulary::{Level, Role, StaffRole};

use super::plan::{Input, PersonStep, Plan, Step, plan};
use crate::read_model::RosteredRow;

fn cedar() -> District {
    "cedar".parse().expect("a slug")
}

fn head(version: &str, users: Extent, roles: Extent) -> RosterHead {
    RosterHead {
        version: version.to_owned(),
        orgs: Extent::Bulk,
        users,
        roles,
        digest: "d".to_owned(),
        ignored: Ignored::default(),
        from: None,
        spared: Vec::new(),
        somebody_unread: false,
    }
}

fn org(id: &str, kind: OrgKind, name: &str, parent: Option<&str>) -> RosterOrg {
    RosterOrg {
        row: 2,
        sourced_id: id.to_owned(),
        kind,
        name: name.to_owned(),
        identifier: None,
        parent: parent.map(str::to_owned),
        gone: false,
    }
}

fn orgs() -> Vec<RosterOrg> {
    vec![
        // A department before its school, as some systems sort.
        org("o2", OrgKind::Department, "Science", Some("s2")),
        org("d1", OrgKind::District, "Cedar Schools", None),
        org("s1", OrgKind::School, "Alder Elementary", Some("d1")),
        org("s2", OrgKind::School, "Birch High", Some("d1")),
        org("o1", OrgKind::Department, "Transportation", Some("d1")),
    ]
}

fn person(id: &str, roles: &[(StaffRole, &str)]) -> RosterPerson {
    RosterPerson {
        row: 2,
        sourced_id: id.to_owned(),
        facts: Some(PersonFacts {
            name: format!("Person {id}"),
            email: Some(format!("{id}@cedar.example")),
            username: None,
            user_ids: Vec::new(),
            enabled: true,
        }),
        gone: false,
        roles: roles.iter().map(|(role, org)| held(*role, org, false)).collect(),
    }
}

fn held(role: StaffRole, org: &str, gone: bool) -> HeldRole {
    HeldRole {
        file: RoleFile::Users,
        row: 7,
        role,
        org: org.to_owned(),
        gone,
    }
}

/// What is known once everything of a plan has happened.
#[derive(Debug, Clone, Default)]
struct World {
    record: Option<DistrictRecord>,
    known: Vec<RosteredRow>,
}

impl World {
    fn plan(&self, head: &RosterHead, orgs: Vec<RosterOrg>, people: Vec<RosterPerson>) -> Plan {
        plan(Input {
            district: &cedar(),
            record: self.record.as_ref(),
            create: Some(&NewDistrict::default()),
            head,
            orgs,
            people,
            known: self.known.clone(),
        })
    }

    fn after(mut self, plan: &Plan) -> Self {
        let record = self.record.get_or_insert_default();
        for step in &plan.steps {
            match step {
                Step::District(registered) => record.name.clone_from(&registered.name),
                Step::Calendar(_) => {}
                Step::School(id, added) => {
                    let school = School {
                        name: added.name.clone(),
                        level: added.level,
                        nces: added.nces.clone(),
                        sourced_id: added.sourced_id.clone(),
                        retired: false,
                    };
                    record.schools.insert(*id, school);
                }
                Step::Department(id, added) => {
                    let department = Department {
                        name: added.name.clone(),
                        decides: added.decides.clone(),
                        sourced_id: added.sourced_id.clone(),
                        retired: false,
                        loops_to: None,
                        answers: BTreeMap::new(),
                    };
                    record.departments.insert(*id, department);
                }
                Step::Person(step) => {
                    self.known.retain(|row| row.id != step.id);
                    self.known.push(RosteredRow {
                        id: step.id,
                        name: step.name.clone(),
                        known_as: step.known_as.clone(),
                        roster_disabled: step.disabled,
                        hand_disabled: false,
                    });
                }
                Step::Left(id) => {
                    for row in self.known.iter_mut().filter(|row| row.id == *id) {
                        row.roster_disabled = true;
                    }
                }
            }
        }
        self
    }

    fn of(people: Vec<RosterPerson>) -> Self {
        let first = Self::default();
        let plan = first.plan(&bulk(), orgs(), people);
        first.after(&plan)
    }
}

fn bulk() -> RosterHead {
    head("1.1", Extent::Bulk, Extent::Absent)
}

fn steps_of(plan: &Plan) -> Vec<&PersonStep> {
    let people = plan.steps.iter().filter_map(|step| match step {
        Step::Person(step) => Some(&**step),
        Step::District(_) | Step::Calendar(_) | Step::School(..) | Step::Department(..) | Step::Left(_) => None,
    });
    people.collect()
}

fn reporter(school: &str) -> Grant {
    Grant {
        role: Role::Reporter,
        school: Some(SchoolId::derived(&["cedar", "roster", school])),
        department: None,
    }
}

fn of_district(role: Role) -> Grant {
    Grant {
        role,
        school: None,
        department: None,
    }
}

#[test]
fn roles_of_a_roster_become_roles_of_ours_by_where_they_are_held() {
    let people = vec![
        person("teacher", &[(StaffRole::Teacher, "s1"), (StaffRole::Aide, "s2")]),
        person("of-science", &[(StaffRole::Teacher, "o2")]),
        person("head", &[(StaffRole::DistrictAdministrator, "d1")]),
        person("technician", &[(StaffRole::SystemAdministrator, "d1")]),
        person("old-head", &[(StaffRole::Administrator, "d1")]),
        person("old-principal", &[(StaffRole::Administrator, "s1")]),
        person("driver", &[(StaffRole::Aide, "o1")]),
    ];
    let plan = World::default().plan(&bulk(), orgs(), people);
    assert!(plan.problems.count() == 0, "{:?}", plan.problems);
    let roles: Vec<Vec<Grant>> = steps_of(&plan).iter().map(|step| step.roles.clone()).collect();
    let mut both = vec![reporter("s1"), reporter("s2")];
    both.sort();
    assert_eq!(roles[0], both);
    assert_eq!(roles[1], [reporter("s2")], "a department of a school is its school");
    assert_eq!(roles[2], [of_district(Role::Leader)]);
    assert_eq!(roles[3], [of_district(Role::Administrator)]);
    assert_eq!(roles[4], [of_district(Role::Leader)]);
    assert_eq!(roles[5], [reporter("s1")]);
    assert_eq!(roles[6], [], "no roster says who decides");
    assert_eq!(steps_of(&plan)[0].title.as_deref(), Some("Teacher, Aide"));
    assert_eq!(
        (plan.counts.schools, plan.counts.departments, plan.counts.people),
        (2, 1, 7)
    );
    assert!(
        plan.notices
            .iter()
            .any(|notice| notice.starts_with("1 person is nothing")),
        "{:?}",
        plan.notices
    );
    let levels: Vec<Level> = plan
        .steps
        .iter()
        .filter_map(|step| match step {
            Step::School(_, added) => Some(added.level),
            Step::District(_) | Step::Calendar(_) | Step::Department(..) | Step::Person(_) | Step::Left(_) => None,
        })
        .collect();
    assert_eq!(levels, [Level::Elementary, Level::High]);
}

#[test]
fn the_same_again_changes_nothing() {
    let people = || {
        vec![
            person("a", &[(StaffRole::Teacher, "s1")]),
            person("b", &[(StaffRole::Principal, "s2")]),
        ]
    };
    let world = World::of(people());
    let again = world.plan(&bulk(), orgs(), people());
    assert_eq!(again.steps, []);
    assert_eq!((again.counts.changed, again.counts.people), (0, 2));
}

#[test]
fn whoever_is_no_longer_in_a_whole_roster_is_disabled_and_comes_back_as_who_they_were() {
    let many: Vec<RosterPerson> = (0..20)
        .map(|nth| person(&format!("p{nth}"), &[(StaffRole::Teacher, "s1")]))
        .collect();
    let world = World::of(many.clone());
    let gone = world.plan(&bulk(), orgs(), many[1..].to_vec());
    let id = world
        .known
        .iter()
        .find(|row| row.name == "Person p0")
        .expect("known")
        .id;
    assert_eq!(gone.steps, [Step::Left(id)]);
    assert!(!gone.disables_many);
    assert_eq!(gone.changes[0].change, ChangeKind::Disabled);
    // Three of twenty are more than a tenth.
    assert!(world.plan(&bulk(), orgs(), many[3..].to_vec()).disables_many);
    let world = world.after(&gone);
    assert_eq!(
        world.plan(&bulk(), orgs(), many[1..].to_vec()).steps,
        [],
        "once is enough"
    );
    let back = world.plan(&bulk(), orgs(), many);
    let [step] = steps_of(&back)[..] else {
        panic!("one comes back: {:?}", back.steps)
    };
    assert_eq!((step.id, step.disabled, step.new), (id, false, false));
}

#[test]
fn nobody_is_taken_for_gone_because_a_row_could_not_be_read() {
    let many: Vec<RosterPerson> = (0..20)
        .map(|nth| person(&format!("p{nth}"), &[(StaffRole::Teacher, "s1")]))
        .collect();
    let world = World::of(many.clone());
    let mut spares = bulk();
    spares.spared = vec!["p0".to_owned()];
    assert_eq!(world.plan(&spares, orgs(), many[1..].to_vec()).steps, []);
    let mut unread = bulk();
    unread.somebody_unread = true;
    let plan = world.plan(&unread, orgs(), many[5..].to_vec());
    assert_eq!(plan.steps, []);
    assert!(
        plan.notices
            .iter()
            .any(|notice| notice.contains("nobody is taken for gone"))
    );
}

#[test]
fn changes_take_away_only_what_they_name() {
    let world = World::of(vec![
        person(
            "a",
            &[
                (StaffRole::Teacher, "s1"),
                (StaffRole::Aide, "s1"),
                (StaffRole::Aide, "s2"),
            ],
        ),
        person("b", &[(StaffRole::Teacher, "s1")]),
    ]);
    let delta = head("1.2", Extent::Delta, Extent::Delta);
    let only_roles = RosterPerson {
        facts: None,
        roles: vec![held(StaffRole::Teacher, "s1", true), held(StaffRole::Aide, "s2", true)],
        ..person("a", &[])
    };
    let plan = world.plan(&delta, Vec::new(), vec![only_roles]);
    let [step] = steps_of(&plan)[..] else {
        panic!("one has changed: {:?}", plan.steps)
    };
    // An aide at the first school she still is.
    assert_eq!(step.roles, [reporter("s1")]);
    assert_eq!(step.name, "Person a");
    assert_eq!(step.known_as.held, ["aide@s1"]);
    let left = RosterPerson {
        gone: true,
        facts: None,
        ..person("b", &[])
    };
    let plan = world.plan(&delta, Vec::new(), vec![left]);
    assert!(matches!(plan.steps[..], [Step::Left(_)]));
}

#[test]
fn a_role_somewhere_unknown_leaves_the_person_as_they_were_and_is_named() {
    let world = World::of(vec![person("a", &[(StaffRole::Teacher, "s1")])]);
    let plan = world.plan(&bulk(), orgs(), vec![person("a", &[(StaffRole::Teacher, "s9")])]);
    assert_eq!(plan.steps, []);
    let problem = &plan.problems.problems[0];
    assert_eq!(
        (problem.file.as_str(), problem.row, problem.column.as_str()),
        ("users.csv", 7, "orgSourcedIds")
    );
    assert!(problem.message.starts_with("\"s9\" is no school"));
}

#[test]
fn what_was_typed_in_before_is_found_again() {
    let typed = |name: &str| School {
        name: name.to_owned(),
        level: Level::K8,
        nces: None,
        sourced_id: None,
        retired: false,
    };
    let (alder, birch) = (
        SchoolId::derived(&["cedar", "alder"]),
        SchoolId::derived(&["cedar", "birch"]),
    );
    let mut record = DistrictRecord::default();
    record.schools.insert(alder, typed("alder elementary"));
    record.schools.insert(
        birch,
        School {
            nces: Some("370045009999".to_owned()),
            ..typed("The old name")
        },
    );
    let transport = DepartmentId::derived(&["cedar", "transport"]);
    record.departments.insert(
        transport,
        Department {
            name: "Transportation".to_owned(),
            decides: Some("Buses".to_owned()),
            sourced_id: None,
            retired: false,
            loops_to: None,
            answers: BTreeMap::new(),
        },
    );
    let kim = PersonId::derived(&["cedar", "kim"]);
    let world = World {
        record: Some(record),
        known: vec![RosteredRow {
            id: kim,
            name: "Kim".to_owned(),
            known_as: KnownAs {
                email: Some("kim@cedar.example".to_owned()),
                ..KnownAs::default()
            },
            roster_disabled: false,
            hand_disabled: true,
        }],
    };
    let mut these = orgs();
    these[3].identifier = Some("370045009999".to_owned());
    let plan = world.plan(&bulk(), these, vec![person("kim", &[(StaffRole::Teacher, "s2")])]);
    let schools: Vec<(SchoolId, &str, Level)> = plan
        .steps
        .iter()
        .filter_map(|step| match step {
            Step::School(id, added) => Some((*id, added.name.as_str(), added.level)),
            Step::Department(id, added) => {
                assert_eq!((*id, added.decides.as_deref()), (transport, Some("Buses")));
                None
            }
            Step::District(_) | Step::Calendar(_) | Step::Person(_) | Step::Left(_) => None,
        })
        .collect();
    assert_eq!(
        schools,
        [(alder, "Alder Elementary", Level::K8), (birch, "Birch High", Level::K8)]
    );
    assert_eq!(steps_of(&plan)[0].id, kim);
    assert!(
        plan.notices
            .iter()
            .any(|notice| notice.contains("disabled by an administrator"))
    );
}

#[test]
fn schools_that_are_gone_are_told_and_stay() {
    let world = World::of(Vec::new());
    let plan = world.plan(
        &bulk(),
        orgs()
            .into_iter()
            .filter(|org| org.sourced_id != "s1" && org.sourced_id != "x")
            .collect(),
        Vec::new(),
    );
    assert_eq!(plan.steps, []);
    assert!(
        plan.notices
            .iter()
            .any(|notice| notice.starts_with("1 school is no longer in the roster: Alder Elementary")),
        "{:?}",
        plan.notices
    );
}
