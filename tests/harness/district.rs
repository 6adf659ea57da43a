//! Two small districts that tests set up by the directory's own facts.

use std::collections::BTreeMap;
use std::sync::Arc;

use contracts::area::Area;
use contracts::events::DirectoryEvent;
use contracts::events::directory::{
    CalendarSet, Conditions, DepartmentAdded, DistrictRegistered, Grant, PersonRostered, RoleGranted, RoutingRule,
    RoutingRulesPublished, SchoolAdded, ServiceLevelSet, TeamFormed, ZoneDefined,
};
use contracts::ids::{DepartmentId, District, PersonId, SchoolId, TeamId, ZoneId};
use contracts::subjects::{Subject, Thing};
use contracts::vocabulary::{Level, Role, TeamKind};
use directory::{Directory, NewToken};
use gateway::front::digest;
use uuid::Uuid;

/// The two districts.
pub const DISTRICTS: [&str; 2] = ["north", "south"];

/// Bearer tokens by `<district>/<person>`.
#[derive(Debug, Clone, Default)]
pub struct People {
    tokens: BTreeMap<String, String>,
}

impl People {
    /// A person's token; the person is one of the first district unless named with another.
    pub fn token(&self, person: &str) -> &str {
        let name = if person.contains('/') {
            person.to_owned()
        } else {
            format!("north/{person}")
        };
        self.tokens.get(&name).unwrap_or_else(|| panic!("there is no {name}"))
    }

    /// Ids follow from names.
    pub fn school(name: &str) -> SchoolId {
        SchoolId::derived(&["north", name])
    }

    /// Ids follow from names.
    pub fn department(name: &str) -> DepartmentId {
        DepartmentId::derived(&["north", name])
    }

    /// Ids follow from names.
    pub fn person(name: &str) -> PersonId {
        PersonId::derived(&["north", name])
    }
}

/// Name, role, school, department.
const ROSTER: [(&str, Role, Option<&str>, Option<&str>); 13] = [
    ("rosa", Role::Reporter, Some("alder"), None),
    ("ruth", Role::Reporter, Some("alder"), None),
    ("ann", Role::Reporter, Some("birch"), None),
    ("ben", Role::Reporter, Some("cedar"), None),
    ("marcus", Role::DepartmentStaff, None, Some("curriculum")),
    ("lena", Role::DepartmentLead, None, Some("curriculum")),
    ("tom", Role::DepartmentStaff, None, Some("technology")),
    ("carol", Role::Contact, None, None),
    ("sam", Role::Leader, None, None),
    ("ada", Role::Auditor, None, None),
    ("eve", Role::Administrator, None, None),
    ("ines", Role::Reporter, Some("cedar"), None),
    ("paul", Role::DepartmentLead, None, Some("technology")),
];

/// Sets both districts up and hands tokens out.
pub(crate) async fn set_up(directory: &Arc<Directory>) -> People {
    let mut people = People::default();
    for slug in DISTRICTS {
        one(directory, slug, &mut people).await;
    }
    people
}

async fn one(directory: &Arc<Directory>, slug: &str, people: &mut People) {
    let district: District = slug.parse().expect("a slug");
    let state = |thing: Thing, id: Uuid, event: DirectoryEvent| {
        let (directory, subject) = (directory.clone(), Subject::new(&district, thing, id));
        async move { directory.state(subject, event).await.expect("a fact") }
    };
    let whole = district.thing_id();
    let registered = DistrictRegistered {
        name: format!("The {slug} district"),
        nces: None,
        state: None,
    };
    state(Thing::District, whole, registered.into()).await;
    let calendar = CalendarSet {
        version: 1,
        time_zone: "America/New_York".to_owned(),
        closed: Vec::new(),
    };
    state(Thing::District, whole, calendar.into()).await;
    for (id, acknowledge_days, resolve_days) in [("standard", 3, 30), ("urgent", 1, 15)] {
        let level = contracts::events::routing::ServiceLevel {
            id: id.to_owned(),
            name: id.to_owned(),
            acknowledge_days,
            next_word_days: 10,
            resolve_days,
            due_soon_days: 2,
        };
        state(Thing::District, whole, ServiceLevelSet { level }.into()).await;
    }
    for school in ["alder", "birch", "cedar"] {
        let added = SchoolAdded {
            name: format!("{school} school"),
            level: Level::Middle,
            nces: None,
            sourced_id: None,
        };
        state(Thing::School, SchoolId::derived(&[slug, school]).0, added.into()).await;
    }
    let zone = ZoneDefined {
        name: "The river zone".to_owned(),
        purpose: "Mastery first".to_owned(),
        starts: "2026-08-24".parse().expect("a day"),
        plan: None,
        look_on: None,
        schools: ["alder", "birch"]
            .map(|school| SchoolId::derived(&[slug, school]))
            .to_vec(),
    };
    state(Thing::Zone, ZoneId::derived(&[slug, "river"]).0, zone.into()).await;
    for department in ["curriculum", "technology"] {
        let added = DepartmentAdded {
            name: department.to_owned(),
            decides: None,
            sourced_id: None,
        };
        state(
            Thing::Department,
            DepartmentId::derived(&[slug, department]).0,
            added.into(),
        )
        .await;
    }
    for (name, role, school, department) in ROSTER {
        let subject = Subject::new(&district, Thing::Person, PersonId::derived(&[slug, name]).0);
        let key = directory.keyring.lease().await.expect("a key");
        let sealed = directory.keyring.seal(key, name).await.expect("sealed");
        directory
            .state(
                subject.clone(),
                PersonRostered {
                    key,
                    name: sealed,
                    title: None,
                    known_as: None,
                    roles: None,
                    disabled: false,
                }
                .into(),
            )
            .await
            .expect("a fact");
        let grant = Grant {
            role,
            school: school.map(|school| SchoolId::derived(&[slug, school])),
            department: department.map(|department| DepartmentId::derived(&[slug, department])),
        };
        directory
            .state(subject, RoleGranted { grant }.into())
            .await
            .expect("a fact");
        let secret = format!("{slug}-{name}-{}", Uuid::from_u128(7));
        let now = directory.clock.now();
        let person = PersonId::derived(&[slug, name]);
        directory
            .credentials
            .keep_token(
                &NewToken::for_a_year(digest(&secret), name, now),
                &district,
                person,
                now,
            )
            .await
            .expect("a token");
        people.tokens.insert(format!("{slug}/{name}"), secret);
    }
    let formed = TeamFormed {
        name: "The council".to_owned(),
        kind: TeamKind::DistrictCouncil,
        members: vec![PersonId::derived(&[slug, "ines"])],
    };
    state(Thing::Team, TeamId::derived(&[slug, "council"]).0, formed.into()).await;
    let rule = |id: &str, area: &str, department: &str| RoutingRule {
        id: id.to_owned(),
        name: id.to_owned(),
        when: Conditions {
            areas: Area::from_code(area).into_iter().collect(),
            ..Conditions::default()
        },
        department: DepartmentId::derived(&[slug, department]),
        collaborators: Vec::new(),
        service_level: "standard".to_owned(),
    };
    let rules = vec![
        rule("seat-time", "seat_time", "curriculum"),
        rule("grading", "grading", "curriculum"),
        rule("devices", "technology_access", "technology"),
    ];
    state(
        Thing::District,
        whole,
        RoutingRulesPublished { version: 1, rules }.into(),
    )
    .await;
}
