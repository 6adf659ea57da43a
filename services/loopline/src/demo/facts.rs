//! A story's district as facts of the directory.

use std::sync::Arc;

use contracts::events::DirectoryEvent;
use contracts::events::directory::{
    CalendarSet, Conditions, ContactDesignated, DepartmentAdded, DistrictRegistered, Grant, PersonRostered,
    RoleGranted, RoutingRule, RoutingRulesPublished, SchoolAdded, ServiceLevelSet, TeamFormed, ZoneDefined,
};
use contracts::ids::{DepartmentId, District, PersonId, SchoolId, TeamId, ZoneId};
use contracts::subjects::{Subject, Thing};
use directory::Directory;
use uuid::Uuid;

use super::content::Story;

/// Ids of a story's things, by their keys.
#[derive(Debug, Clone)]
pub(super) struct Ids {
    pub(super) district: District,
}

impl Ids {
    pub(super) fn of(story: &Story) -> anyhow::Result<Self> {
        Ok(Self {
            district: story.district.slug.parse()?,
        })
    }

    pub(super) fn school(&self, key: &str) -> SchoolId {
        SchoolId::derived(&[self.district.as_str(), key])
    }

    pub(super) fn department(&self, key: &str) -> DepartmentId {
        DepartmentId::derived(&[self.district.as_str(), key])
    }

    pub(super) fn zone(&self, key: &str) -> ZoneId {
        ZoneId::derived(&[self.district.as_str(), key])
    }

    pub(super) fn team(&self, key: &str) -> TeamId {
        TeamId::derived(&[self.district.as_str(), key])
    }

    pub(super) fn person(&self, key: &str) -> PersonId {
        PersonId::derived(&[self.district.as_str(), key])
    }
}

/// States all facts of a story's district; what stands already is left.
pub(super) async fn state(directory: &Arc<Directory>, story: &Story) -> anyhow::Result<()> {
    let ids = Ids::of(story)?;
    let fact = |thing: Thing, id: Uuid, event: DirectoryEvent| {
        let (directory, subject) = (directory.clone(), Subject::new(&ids.district, thing, id));
        async move { directory.state(subject, event).await.map(|_| ()) }
    };
    let whole = ids.district.thing_id();
    let about = &story.district;
    let registered = DistrictRegistered {
        name: about.name.clone(),
        nces: about.nces.clone(),
        state: about.state.clone(),
    };
    fact(Thing::District, whole, registered.into()).await?;
    let calendar = CalendarSet {
        version: 1,
        time_zone: about.time_zone.clone(),
        closed: story.calendar.closed.clone(),
    };
    fact(Thing::District, whole, calendar.into()).await?;
    for level in &story.service_levels {
        fact(Thing::District, whole, ServiceLevelSet { level: level.clone() }.into()).await?;
    }
    for school in &story.schools {
        let added = SchoolAdded {
            name: school.name.clone(),
            level: school.level,
            nces: school.nces.clone(),
            sourced_id: None,
        };
        fact(Thing::School, ids.school(&school.key).0, added.into()).await?;
    }
    for department in &story.departments {
        let added = DepartmentAdded {
            name: department.name.clone(),
            decides: department.decides.clone(),
            sourced_id: None,
        };
        fact(Thing::Department, ids.department(&department.key).0, added.into()).await?;
    }
    for zone in &story.zones {
        let defined = ZoneDefined {
            name: zone.name.clone(),
            purpose: zone.purpose.clone(),
            schools: zone.schools.iter().map(|key| ids.school(key)).collect(),
            starts: zone.starts,
            plan: zone.plan.clone(),
            look_on: zone.look_on,
        };
        fact(Thing::Zone, ids.zone(&zone.key).0, defined.into()).await?;
    }
    people(directory, story, &ids).await?;
    for team in &story.teams {
        let formed = TeamFormed {
            name: team.name.clone(),
            kind: team.kind,
            members: team.members.iter().map(|key| ids.person(key)).collect(),
        };
        fact(Thing::Team, ids.team(&team.key).0, formed.into()).await?;
    }
    let rules = story
        .routing_rules
        .iter()
        .map(|rule| RoutingRule {
            id: rule.id.clone(),
            name: rule.name.clone(),
            when: Conditions {
                areas: rule.areas.clone(),
                kinds: rule.kinds.clone(),
                rule_sources: rule.rule_sources.clone(),
                schools: rule.schools.iter().map(|key| ids.school(key)).collect(),
                zones: rule.zones.iter().map(|key| ids.zone(key)).collect(),
                urgencies: rule.urgencies.clone(),
                words: rule.words.clone(),
            },
            department: ids.department(&rule.department),
            collaborators: rule.collaborators.iter().map(|key| ids.department(key)).collect(),
            service_level: rule.service_level.clone(),
        })
        .collect();
    fact(
        Thing::District,
        whole,
        RoutingRulesPublished { version: 1, rules }.into(),
    )
    .await?;
    let contact = ContactDesignated {
        person: ids.person(&story.contact.person),
        duties: story.contact.duties.clone(),
    };
    fact(Thing::District, whole, contact.into()).await
}

async fn people(directory: &Arc<Directory>, story: &Story, ids: &Ids) -> anyhow::Result<()> {
    for person in &story.people {
        let subject = Subject::new(&ids.district, Thing::Person, ids.person(&person.key).0);
        let key = directory.keyring.lease().await?;
        let rostered = PersonRostered {
            key,
            name: directory.keyring.seal(key, &person.name).await?,
            title: match &person.title {
                Some(title) => Some(directory.keyring.seal(key, title).await?),
                None => None,
            },
            known_as: None,
            roles: None,
            disabled: false,
        };
        directory.state(subject.clone(), rostered.into()).await?;
        for held in &person.roles {
            let grant = Grant {
                role: held.role,
                school: held.school.as_deref().map(|key| ids.school(key)),
                department: held.department.as_deref().map(|key| ids.department(key)),
            };
            directory.state(subject.clone(), RoleGranted { grant }.into()).await?;
        }
    }
    Ok(())
}
