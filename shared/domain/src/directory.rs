//! What a district has decided about itself, as all its directory events so far say; people are left out.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use contracts::area::{AREAS, Area, DistrictArea};
use contracts::events::DirectoryEvent;
use contracts::events::directory::{Closed, PatternThresholds, ReadyAnswer, RoutingRule};
use contracts::events::routing::ServiceLevel;
use contracts::ids::{DepartmentId, District, PersonId, SchoolId, TeamId, ZoneId};
use contracts::sign_on::Provider;
use contracts::subjects::Subject;
use contracts::vocabulary::{Level, TeamKind};
use uuid::Uuid;

use crate::calendar::Calendar;
use crate::calendars::Calendars;

/// One district.
#[derive(Debug, Clone, Default)]
pub struct DistrictRecord {
    /// The stream sequence of the last event about its settings: those of the district itself.
    pub version: u64,
    /// Its name.
    pub name: String,
    /// Schools by id.
    pub schools: BTreeMap<SchoolId, School>,
    /// Departments by id.
    pub departments: BTreeMap<DepartmentId, Department>,
    /// Zones by id.
    pub zones: BTreeMap<ZoneId, Zone>,
    /// Teams by id.
    pub teams: BTreeMap<TeamId, Team>,
    /// Its calendars.
    pub calendars: Calendars,
    /// Closed days as they were last set.
    pub closed: Vec<Closed>,
    /// Service levels by short name.
    pub service_levels: BTreeMap<String, ServiceLevel>,
    /// The rules in order.
    pub rules: Vec<RoutingRule>,
    /// Their version; 0 for none.
    pub rules_version: u32,
    /// The contact and the role's written duties.
    pub contact: Option<(PersonId, String)>,
    /// When a rule that several schools meet is a pattern.
    pub thresholds: PatternThresholds,
    /// The areas of its own, and those of ours that it calls otherwise or has retired.
    pub areas: Vec<DistrictArea>,
    /// Where its people have accounts, by short name.
    pub sign_on: BTreeMap<String, Provider>,
}

/// A school.
#[derive(Debug, Clone)]
pub struct School {
    /// Its name.
    pub name: String,
    /// Its level.
    pub level: Level,
    /// Its NCES identifier.
    pub nces: Option<String>,
    /// Its id in the roster it comes from.
    pub sourced_id: Option<String>,
    /// Whether it is closed: nothing new comes from it.
    pub retired: bool,
}

/// A department.
#[derive(Debug, Clone)]
pub struct Department {
    /// Its name.
    pub name: String,
    /// What it decides.
    pub decides: Option<String>,
    /// Its id in the roster it comes from.
    pub sourced_id: Option<String>,
    /// Whether it is no more: it gets nothing new.
    pub retired: bool,
    /// Who gets the loops that it had, where it is no more.
    pub loops_to: Option<DepartmentId>,
    /// Words it keeps ready with which its answers begin.
    pub answers: BTreeMap<Uuid, ReadyAnswer>,
}

/// A zone.
#[derive(Debug, Clone)]
pub struct Zone {
    /// The stream sequence of its last event.
    pub version: u64,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub purpose: String,
    /// Its schools.
    pub schools: BTreeSet<SchoolId>,
    /// From when on.
    pub starts: NaiveDate,
    /// How what is learned comes to the schools outside it.
    pub plan: Option<String>,
    /// By which day the district looks at that plan.
    pub look_on: Option<NaiveDate>,
}

/// A team.
#[derive(Debug, Clone)]
pub struct Team {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub kind: TeamKind,
    /// Who sits on it.
    pub members: BTreeSet<PersonId>,
}

/// All districts.
#[derive(Debug, Clone, Default)]
pub struct Districts {
    /// By slug.
    pub by_slug: BTreeMap<District, DistrictRecord>,
}

impl Districts {
    /// The district, where it is known.
    pub fn get(&self, district: &District) -> Option<&DistrictRecord> {
        self.by_slug.get(district)
    }

    /// Takes the event at a stream sequence in; total.
    pub fn evolve(&mut self, subject: &Subject, sequence: u64, event: &DirectoryEvent) {
        self.by_slug
            .entry(subject.district.clone())
            .or_default()
            .evolve(subject.id, sequence, event);
    }
}

impl DistrictRecord {
    /// Takes the event at a stream sequence in; `id` is the thing's.
    pub fn evolve(&mut self, id: Uuid, sequence: u64, event: &DirectoryEvent) {
        match event {
            DirectoryEvent::DistrictRegistered(registered) => {
                self.version = sequence;
                self.name.clone_from(&registered.name);
            }
            DirectoryEvent::SchoolAdded(added) => {
                self.schools.insert(
                    SchoolId(id),
                    School {
                        name: added.name.clone(),
                        level: added.level,
                        nces: added.nces.clone(),
                        sourced_id: added.sourced_id.clone(),
                        retired: false,
                    },
                );
            }
            DirectoryEvent::DepartmentAdded(added) => {
                let answers = self.departments.remove(&DepartmentId(id)).map(|known| known.answers);
                let department = Department {
                    name: added.name.clone(),
                    decides: added.decides.clone(),
                    sourced_id: added.sourced_id.clone(),
                    retired: false,
                    loops_to: None,
                    answers: answers.unwrap_or_default(),
                };
                self.departments.insert(DepartmentId(id), department);
            }
            DirectoryEvent::ZoneDefined(defined) => {
                let zone = Zone {
                    version: sequence,
                    name: defined.name.clone(),
                    purpose: defined.purpose.clone(),
                    schools: defined.schools.iter().copied().collect(),
                    starts: defined.starts,
                    plan: defined.plan.clone(),
                    look_on: defined.look_on,
                };
                self.zones.insert(ZoneId(id), zone);
            }
            DirectoryEvent::TeamFormed(formed) => {
                let members = formed.members.iter().copied().collect();
                self.teams.insert(
                    TeamId(id),
                    Team {
                        name: formed.name.clone(),
                        kind: formed.kind,
                        members,
                    },
                );
            }
            DirectoryEvent::CalendarSet(set) => {
                self.version = sequence;
                // A calendar that cannot be read is refused before it is set; were one on record, UTC stands in.
                let calendar = Calendar::new(set.version, &set.time_zone, &set.closed).unwrap_or_else(|_| Calendar {
                    version: set.version,
                    ..Calendar::default()
                });
                self.calendars.add(calendar);
                self.closed.clone_from(&set.closed);
            }
            DirectoryEvent::ServiceLevelSet(set) => {
                self.version = sequence;
                self.service_levels.insert(set.level.id.clone(), set.level.clone());
            }
            DirectoryEvent::PatternThresholdsSet(set) => {
                self.version = sequence;
                self.thresholds = set.thresholds;
            }
            DirectoryEvent::RoutingRulesPublished(published) => {
                self.version = sequence;
                self.rules.clone_from(&published.rules);
                self.rules_version = published.version;
            }
            DirectoryEvent::ContactDesignated(designated) => {
                self.version = sequence;
                self.contact = Some((designated.person, designated.duties.clone()));
            }
            DirectoryEvent::SchoolRetired(_) => {
                if let Some(school) = self.schools.get_mut(&SchoolId(id)) {
                    school.retired = true;
                }
            }
            DirectoryEvent::DepartmentRetired(retired) => {
                if let Some(department) = self.departments.get_mut(&DepartmentId(id)) {
                    department.retired = true;
                    department.loops_to = retired.loops_to;
                }
            }
            DirectoryEvent::AnswerKept(kept) => {
                if let Some(department) = self.departments.get_mut(&DepartmentId(id)) {
                    department.answers.insert(kept.answer.id, kept.answer.clone());
                }
            }
            DirectoryEvent::AnswerDropped(dropped) => {
                if let Some(department) = self.departments.get_mut(&DepartmentId(id)) {
                    department.answers.remove(&dropped.id);
                }
            }
            DirectoryEvent::AreasSet(set) => {
                self.version = sequence;
                self.areas.clone_from(&set.areas);
            }
            DirectoryEvent::SignOnSet(set) => {
                self.version = sequence;
                self.sign_on.insert(set.provider.id.clone(), set.provider.clone());
            }
            DirectoryEvent::SignOnRemoved(removed) => {
                self.version = sequence;
                self.sign_on.remove(&removed.id);
            }
            DirectoryEvent::PersonRostered(_)
            | DirectoryEvent::SignInLinkMade(_)
            | DirectoryEvent::PasswordChosen(_)
            | DirectoryEvent::SecondStepSet(_)
            | DirectoryEvent::SecondStepRemoved(_)
            | DirectoryEvent::TokenMade(_)
            | DirectoryEvent::TokenEnded(_)
            | DirectoryEvent::StandInNamed(_)
            | DirectoryEvent::StandInEnded(_)
            | DirectoryEvent::PersonDisabled(_)
            | DirectoryEvent::PersonEnabled(_)
            | DirectoryEvent::RoleGranted(_)
            | DirectoryEvent::RoleRevoked(_)
            | DirectoryEvent::RosterImportBegun(_)
            | DirectoryEvent::RosterImportEnded(_) => {}
        }
    }

    /// The calendar in force.
    pub fn calendar(&self) -> Calendar {
        self.calendars.current().clone()
    }

    /// The calendar of a version, or the nearest kept.
    pub fn calendar_at(&self, version: u32) -> Calendar {
        self.calendars.at(version).clone()
    }

    /// The level of this short name, or a plain one where a rule names what is not there.
    pub fn service_level(&self, id: &str) -> ServiceLevel {
        self.service_levels
            .get(id)
            .or_else(|| self.service_levels.get("standard"))
            .cloned()
            .unwrap_or_else(|| ServiceLevel {
                id: "standard".to_owned(),
                name: "Standard".to_owned(),
                acknowledge_days: 3,
                next_word_days: 10,
                resolve_days: 30,
                due_soon_days: 2,
            })
    }

    /// Whether there is such a school, and it is open.
    pub fn has_school(&self, school: SchoolId) -> bool {
        self.schools.get(&school).is_some_and(|school| !school.retired)
    }

    /// Whether there is such a department, still.
    pub fn has_department(&self, department: DepartmentId) -> bool {
        self.departments
            .get(&department)
            .is_some_and(|department| !department.retired)
    }

    /// Departments that are no more, and who gets what they had; the last of a chain, where one followed another.
    pub fn handed_over(&self) -> Vec<(DepartmentId, DepartmentId)> {
        let retired = self.departments.iter().filter(|(_, department)| department.retired);
        retired
            .filter_map(|(id, department)| {
                let mut to = department.loops_to?;
                for _ in 0..self.departments.len() {
                    match self.departments.get(&to)? {
                        next if next.retired => to = next.loops_to?,
                        _ => return Some((*id, to)),
                    }
                }
                None
            })
            .collect()
    }

    /// The zones a school is in.
    pub fn zones_of(&self, school: SchoolId) -> BTreeSet<ZoneId> {
        self.zones
            .iter()
            .filter(|(_, zone)| zone.schools.contains(&school))
            .map(|(id, _)| *id)
            .collect()
    }

    /// Every area that barriers are or were sorted by: ours, then its own.
    pub fn all_areas(&self) -> Vec<Area> {
        let ours = AREAS.iter().filter_map(|(code, _)| Area::from_code(code));
        let own = self
            .areas
            .iter()
            .map(|own| own.code.clone())
            .filter(|code| !code.is_ours());
        ours.chain(own).collect()
    }

    /// Whether something new is filed under an area.
    pub fn takes_area(&self, area: &Area) -> bool {
        match self.areas.iter().find(|own| own.code == *area) {
            Some(own) => !own.retired,
            None => area.is_ours(),
        }
    }

    /// Why nothing new is filed under an area, where nothing is.
    pub fn to_file_under(&self, area: &Area) -> Result<(), String> {
        if self.takes_area(area) {
            return Ok(());
        }
        let offered: Vec<String> = self
            .all_areas()
            .into_iter()
            .filter(|area| self.takes_area(area))
            .map(|area| area.code().to_owned())
            .collect();
        Err(format!(
            "is not an area of this district; the areas are {}",
            offered.join(", ")
        ))
    }

    /// What the district calls an area.
    pub fn area_label<'a>(&'a self, area: &'a Area) -> &'a str {
        self.areas
            .iter()
            .find(|own| own.code == *area)
            .map_or_else(|| area.label(), |own| own.label.as_str())
    }

    /// The department that people mean, where there still is one: by id, or by name whatever its case.
    pub fn department_named(&self, named: &str) -> Option<DepartmentId> {
        by_id_or_name(
            named,
            self.departments
                .iter()
                .filter(|(_, department)| !department.retired)
                .map(|(id, department)| (id.0, department.name.as_str())),
        )
        .map(DepartmentId)
    }

    /// The zone that people mean: by id, or by name whatever its case.
    pub fn zone_named(&self, named: &str) -> Option<ZoneId> {
        by_id_or_name(named, self.zones.iter().map(|(id, zone)| (id.0, zone.name.as_str()))).map(ZoneId)
    }

    /// The school that people mean, where it is not closed: by id, or by name whatever its case.
    pub fn school_named(&self, named: &str) -> Option<SchoolId> {
        by_id_or_name(
            named,
            self.schools
                .iter()
                .filter(|(_, school)| !school.retired)
                .map(|(id, school)| (id.0, school.name.as_str())),
        )
        .map(SchoolId)
    }

    /// The team that people mean: by id, or by name whatever its case.
    pub fn team_named(&self, named: &str) -> Option<TeamId> {
        by_id_or_name(named, self.teams.iter().map(|(id, team)| (id.0, team.name.as_str()))).map(TeamId)
    }
}

fn by_id_or_name<'a>(named: &str, mut known: impl Iterator<Item = (Uuid, &'a str)>) -> Option<Uuid> {
    let id = Uuid::parse_str(named).ok();
    let named = named.trim().to_lowercase();
    known
        .find(|(known, name)| Some(*known) == id || name.to_lowercase() == named)
        .map(|(id, _)| id)
}
