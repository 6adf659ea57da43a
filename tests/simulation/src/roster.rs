//! The two districts of every world: schools, departments, a team, a zone, and people in every role.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use chrono::NaiveDate;
use contracts::area::Area;
use contracts::claims::Claims;
use contracts::envelope::{Actor, Envelope};
use contracts::events::directory::{
    CalendarSet, Closed, Conditions, ContactDesignated, DepartmentAdded, DistrictRegistered, PatternThresholds,
    PatternThresholdsSet, RoutingRule, RoutingRulesPublished, SchoolAdded, ServiceLevelSet, TeamFormed, ZoneDefined,
};
use contracts::events::routing::ServiceLevel;
use contracts::events::{DirectoryEvent, OwnedEvents};
use contracts::ids::{CommandId, DepartmentId, District, EventId, PersonId, SchoolId, TeamId, ZoneId};
use contracts::subjects::{Subject, Thing};
use contracts::vocabulary::{Level, Role, TeamKind};

/// Schools of each district.
pub const SCHOOLS: [&str; 6] = ["alder", "birch", "cedar", "dogwood", "elm", "fir"];
/// Departments of each district.
pub const DEPARTMENTS: [&str; 3] = ["curriculum", "technology", "facilities"];
/// The time zone of both districts.
pub const TIME_ZONE: &str = "America/New_York";

/// Who has left, by id: ids of both districts differ.
#[derive(Debug, Clone, Default)]
pub struct Left(Arc<Mutex<BTreeSet<PersonId>>>);

impl Left {
    fn inner(&self) -> MutexGuard<'_, BTreeSet<PersonId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody leaves.
    pub fn leaves(&self, person: PersonId) {
        self.inner().insert(person);
    }

    /// Whether somebody has left.
    pub fn has(&self, person: PersonId) -> bool {
        self.inner().contains(&person)
    }

    /// How many have.
    pub fn count(&self) -> usize {
        self.inner().len()
    }
}

/// Everybody and everything, the same in every world.
pub static ROSTER: LazyLock<Roster> = LazyLock::new(Roster::new);

/// The districts of a world.
#[derive(Debug)]
pub struct Roster {
    /// The districts.
    pub districts: Vec<Plan>,
}

/// One district.
#[derive(Debug)]
pub struct Plan {
    /// Its slug.
    pub slug: District,
    /// Its people.
    pub people: Vec<Arc<Claims>>,
    /// What the directory says of it, in order.
    pub facts: Vec<(Subject, DirectoryEvent)>,
}

// Name, role, schools, department, whether on the team.
type Entry = (&'static str, Role, &'static [&'static str], Option<&'static str>, bool);

const PEOPLE: [Entry; 17] = [
    ("rosa", Role::Reporter, &["alder"], None, false),
    ("ruth", Role::Reporter, &["alder"], None, false),
    ("ann", Role::Reporter, &["birch"], None, false),
    ("ben", Role::Reporter, &["cedar"], None, false),
    ("dora", Role::Reporter, &["dogwood"], None, true),
    ("emil", Role::Reporter, &["elm"], None, false),
    ("fay", Role::Reporter, &["fir"], None, false),
    // Speaks for two schools.
    ("gus", Role::Reporter, &["birch", "cedar"], None, false),
    ("marcus", Role::DepartmentStaff, &[], Some("curriculum"), false),
    ("lena", Role::DepartmentLead, &[], Some("curriculum"), false),
    ("tom", Role::DepartmentStaff, &[], Some("technology"), true),
    ("paul", Role::DepartmentLead, &[], Some("technology"), false),
    ("nina", Role::DepartmentLead, &[], Some("facilities"), false),
    ("carol", Role::Contact, &[], None, false),
    ("sam", Role::Leader, &[], None, true),
    ("ada", Role::Auditor, &[], None, false),
    ("eve", Role::Administrator, &[], None, false),
];

impl Roster {
    fn new() -> Self {
        Self {
            districts: ["north", "south"].into_iter().map(Plan::new).collect(),
        }
    }

    /// A district by its slug.
    pub fn plan(&self, district: &District) -> Option<&Plan> {
        self.districts.iter().find(|plan| plan.slug == *district)
    }

    /// A person by id.
    pub fn person(&self, district: &District, person: PersonId) -> Option<&Arc<Claims>> {
        self.plan(district)?
            .people
            .iter()
            .find(|claims| claims.person == person)
    }
}

impl Plan {
    /// Those who may speak for a school, in the order of their names.
    pub fn speakers(&self, school: SchoolId) -> impl Iterator<Item = &Arc<Claims>> {
        let mut speakers: Vec<&Arc<Claims>> = self
            .people
            .iter()
            .filter(|claims| claims.has(Role::Reporter) && claims.schools.contains(&school))
            .collect();
        speakers.sort_by(|one, other| one.name.cmp(&other.name));
        speakers.into_iter()
    }
}

impl Plan {
    fn new(slug: &'static str) -> Self {
        let Ok(district) = slug.parse::<District>() else {
            unreachable!("{slug} is a slug")
        };
        let school = |name: &str| SchoolId::derived(&[slug, name]);
        let department = |name: &str| DepartmentId::derived(&[slug, name]);
        let team = TeamId::derived(&[slug, "council"]);
        let people = PEOPLE
            .iter()
            .map(|(name, role, schools, works_in, on_team)| {
                let mut of: BTreeSet<SchoolId> = schools.iter().map(|name| school(name)).collect();
                if *role == Role::Contact {
                    of.insert(SchoolId::of_district(&district));
                }
                let departments: BTreeSet<DepartmentId> = works_in.iter().map(|name| department(name)).collect();
                Arc::new(Claims {
                    district: district.clone(),
                    person: PersonId::derived(&[slug, name]),
                    name: (*name).to_owned(),
                    roles: BTreeSet::from([*role]),
                    schools: of,
                    leads: if *role == Role::DepartmentLead {
                        departments.clone()
                    } else {
                        BTreeSet::new()
                    },
                    departments,
                    teams: on_team.then_some(team).into_iter().collect(),
                    token: None,
                    acting_for: None,
                    as_of: 1,
                })
            })
            .collect();
        Self {
            people,
            facts: facts(slug, &district),
            slug: district,
        }
    }
}

fn facts(slug: &str, district: &District) -> Vec<(Subject, DirectoryEvent)> {
    let whole = Subject::new(district, Thing::District, district.thing_id());
    let school = |name: &str| SchoolId::derived(&[slug, name]);
    let department = |name: &str| DepartmentId::derived(&[slug, name]);
    let person = |name: &str| PersonId::derived(&[slug, name]);
    let zone = ZoneId::derived(&[slug, "zone"]);
    let mut facts: Vec<(Subject, DirectoryEvent)> = Vec::new();
    let mut about_the_whole = |event: DirectoryEvent| facts.push((whole.clone(), event));
    about_the_whole(
        DistrictRegistered {
            name: format!("The {slug} district"),
            nces: None,
            state: None,
        }
        .into(),
    );
    about_the_whole(calendar(1, Vec::new()));
    for (id, acknowledge_days, next_word_days, resolve_days) in [("standard", 3, 10, 30), ("urgent", 1, 5, 15)] {
        let level = ServiceLevel {
            id: id.to_owned(),
            name: id.to_owned(),
            acknowledge_days,
            next_word_days,
            resolve_days,
            due_soon_days: 2,
        };
        about_the_whole(ServiceLevelSet { level }.into());
    }
    let rule = |id: &str, when: Conditions, to: &str, level: &str| RoutingRule {
        id: id.to_owned(),
        name: id.to_owned(),
        when,
        department: department(to),
        collaborators: Vec::new(),
        service_level: level.to_owned(),
    };
    let area = |code: &str| Conditions {
        areas: Area::from_code(code).into_iter().collect(),
        ..Conditions::default()
    };
    let bells = Conditions {
        words: vec!["bells".to_owned()],
        ..Conditions::default()
    };
    let mut helped = rule("grading", area("grading"), "curriculum", "urgent");
    helped.collaborators.push(department("technology"));
    let rules = vec![
        rule("bells", bells, "facilities", "standard"),
        rule("seat-time", area("seat_time"), "curriculum", "standard"),
        helped,
        rule("devices", area("technology_access"), "technology", "standard"),
    ];
    about_the_whole(RoutingRulesPublished { version: 1, rules }.into());
    // A world has few loops: less makes a pattern of them.
    let thresholds = PatternThresholds {
        clause_schools: 2,
        area_schools: 4,
        exceptions: 2,
        days: 365,
    };
    about_the_whole(PatternThresholdsSet { thresholds }.into());
    about_the_whole(
        ContactDesignated {
            person: person("carol"),
            duties: "keeps loops moving".to_owned(),
        }
        .into(),
    );
    for name in SCHOOLS {
        let added = SchoolAdded {
            name: format!("{name} school"),
            level: Level::Middle,
            nces: None,
            sourced_id: None,
        };
        facts.push((Subject::new(district, Thing::School, school(name).0), added.into()));
    }
    for name in DEPARTMENTS {
        let added = DepartmentAdded {
            name: name.to_owned(),
            decides: None,
            sourced_id: None,
        };
        facts.push((
            Subject::new(district, Thing::Department, department(name).0),
            added.into(),
        ));
    }
    let defined = ZoneDefined {
        name: "The zone".to_owned(),
        purpose: "to try".to_owned(),
        schools: vec![school("elm"), school("fir")],
        starts: NaiveDate::MIN,
        plan: None,
        look_on: None,
    };
    facts.push((Subject::new(district, Thing::Zone, zone.0), defined.into()));
    let formed = TeamFormed {
        name: "The council".to_owned(),
        kind: TeamKind::DistrictCouncil,
        members: vec![person("dora"), person("tom"), person("sam")],
    };
    let team = TeamId::derived(&[slug, "council"]);
    facts.push((Subject::new(district, Thing::Team, team.0), formed.into()));
    facts
}

/// The district's working days, with these closed.
pub fn calendar(version: u32, closed: Vec<Closed>) -> DirectoryEvent {
    CalendarSet {
        version,
        time_zone: TIME_ZONE.to_owned(),
        closed,
    }
    .into()
}

/// A fact of the directory as it stands in the log.
pub fn envelope(
    subject: &Subject,
    event: &DirectoryEvent,
    nth: u64,
    previous: u64,
    time: chrono::DateTime<chrono::Utc>,
) -> Envelope {
    let command = CommandId::derived(&[&subject.to_string(), &nth.to_string()]);
    Envelope {
        specversion: "1.0".to_owned(),
        id: EventId::of(command, &subject.to_string()),
        source: format!("/loopline/{}", DirectoryEvent::OWNER),
        event_type: event.event_type(),
        subject: subject.event_subject(),
        time,
        datacontenttype: "application/json".to_owned(),
        district: subject.district.clone(),
        actor: Actor::Policy("simulation".to_owned()),
        actingfor: None,
        commandid: command,
        requesthash: String::new(),
        causationid: None,
        previous,
        traceparent: None,
        data: event
            .data()
            .unwrap_or_else(|error| unreachable!("a fact is JSON: {error}")),
    }
}
