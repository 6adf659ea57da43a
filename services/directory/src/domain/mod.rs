//! Decisions about the directory's things: pure. A thing's state is what its events say of it, no more.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use contracts::envelope::{Envelope, Meta};
use contracts::events::DirectoryEvent;
use contracts::events::directory::{
    AnswerKept, CalendarSet, Closed, Grant, PersonRostered, ReadyAnswer, RoutingRule, RoutingRulesPublished,
    ServiceLevelSet, StandInNamed, ZoneDefined,
};
use contracts::ids::{PersonId, SchoolId};
use contracts::sign_on::Provider;
use contracts::versions::Unreadable;
use contracts::vocabulary::DisabledBecause;
use decider::Decide;
use domain::Fold;
use uuid::Uuid;

/// One thing of the directory.
#[derive(Debug, Clone, Default)]
pub struct Thing {
    /// The last event of each kind that sets what it was before.
    pub last: Vec<DirectoryEvent>,
    /// Roles held, for a person.
    pub grants: BTreeSet<Grant>,
    /// Whether an administrator disabled the person.
    pub disabled_by_hand: bool,
    /// Whether the roster no longer holds the person.
    pub left_roster: bool,
    /// The calendar's version, for a district.
    pub calendar_version: u32,
    /// The time zone, for a district.
    pub time_zone: Option<String>,
    /// The rule set's version, for a district.
    pub rules_version: u32,
    /// Whether a person signs in with a second step.
    pub second_step: bool,
    /// A person's tokens that have not been ended.
    pub tokens: BTreeSet<Uuid>,
    /// For whom a person stands in.
    pub stands_in: BTreeMap<PersonId, StandInNamed>,
    /// Where a district's people have accounts, by short name.
    pub sign_on: BTreeMap<String, Provider>,
    /// Whether a school or department is closed.
    pub retired: bool,
    /// Words that a department keeps ready.
    pub answers: BTreeMap<Uuid, ReadyAnswer>,
}

impl Fold for Thing {
    type Event = DirectoryEvent;

    fn read(envelope: &Envelope) -> Result<DirectoryEvent, Unreadable> {
        DirectoryEvent::read(envelope)
    }

    fn evolve(&mut self, _meta: &Meta, event: &DirectoryEvent) {
        match event {
            DirectoryEvent::RoleGranted(granted) => {
                self.grants.insert(granted.grant.clone());
            }
            DirectoryEvent::RoleRevoked(revoked) => {
                self.grants.remove(&revoked.grant);
            }
            DirectoryEvent::CalendarSet(set) => {
                self.calendar_version = set.version;
                self.time_zone = Some(set.time_zone.clone());
            }
            DirectoryEvent::RoutingRulesPublished(published) => self.rules_version = published.version,
            DirectoryEvent::PersonDisabled(disabled) => match disabled.because {
                DisabledBecause::LeftRoster => self.left_roster = true,
                DisabledBecause::ByHand => self.disabled_by_hand = true,
            },
            DirectoryEvent::PersonEnabled(_) => self.disabled_by_hand = false,
            DirectoryEvent::PersonRostered(_) => self.left_roster = false,
            DirectoryEvent::SecondStepSet(_) => self.second_step = true,
            DirectoryEvent::SecondStepRemoved(_) => self.second_step = false,
            DirectoryEvent::TokenMade(made) => {
                self.tokens.insert(made.token);
            }
            DirectoryEvent::TokenEnded(ended) => {
                self.tokens.remove(&ended.token);
            }
            DirectoryEvent::StandInNamed(named) => {
                self.stands_in.insert(named.absent, named.clone());
            }
            DirectoryEvent::StandInEnded(ended) => {
                self.stands_in.remove(&ended.absent);
            }
            DirectoryEvent::SignOnSet(set) => {
                self.sign_on.insert(set.provider.id.clone(), set.provider.clone());
            }
            DirectoryEvent::SignOnRemoved(removed) => {
                self.sign_on.remove(&removed.id);
            }
            DirectoryEvent::AnswerKept(kept) => {
                self.answers.insert(kept.answer.id, kept.answer.clone());
            }
            DirectoryEvent::AnswerDropped(dropped) => {
                self.answers.remove(&dropped.id);
            }
            DirectoryEvent::SchoolRetired(_) | DirectoryEvent::DepartmentRetired(_) => self.retired = true,
            DirectoryEvent::SchoolAdded(_) | DirectoryEvent::DepartmentAdded(_) => self.retired = false,
            DirectoryEvent::RosterImportBegun(_)
            | DirectoryEvent::RosterImportEnded(_)
            | DirectoryEvent::DistrictRegistered(_)
            | DirectoryEvent::ZoneDefined(_)
            | DirectoryEvent::TeamFormed(_)
            | DirectoryEvent::ServiceLevelSet(_)
            | DirectoryEvent::PatternThresholdsSet(_)
            | DirectoryEvent::AreasSet(_)
            | DirectoryEvent::SignInLinkMade(_)
            | DirectoryEvent::PasswordChosen(_)
            | DirectoryEvent::ContactDesignated(_) => {}
        }
        let same_kind = |known: &DirectoryEvent| std::mem::discriminant(known) == std::mem::discriminant(event);
        // Levels and roles are many of a kind: each stands for itself.
        let many = matches!(event, DirectoryEvent::RoleGranted(_) | DirectoryEvent::RoleRevoked(_));
        if let DirectoryEvent::ServiceLevelSet(set) = event {
            self.last.retain(
                |known| !matches!(known, DirectoryEvent::ServiceLevelSet(known) if known.level.id == set.level.id),
            );
        } else if many {
            self.last.retain(|known| known != event);
        } else {
            self.last.retain(|known| !same_kind(known));
        }
        self.last.push(event.clone());
    }
}

/// Defines a zone, or defines it anew.
#[derive(Debug, Clone)]
pub struct DefineZone {
    /// What is said of it.
    pub zone: ZoneDefined,
    /// The district's day.
    pub today: NaiveDate,
}

/// Why a zone stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ZoneRefusal {
    /// Schools of it are not named. They may rely on what is allowed in it, and nothing is taken from a school without
    /// an event of its own.
    SchoolsLeftOut(BTreeSet<SchoolId>),
    /// It has begun, and what is allowed in it is used: its start is not moved away from schools that use it.
    Begun(NaiveDate),
}

impl Decide<Thing> for DefineZone {
    type Event = DirectoryEvent;
    type Rejection = ZoneRefusal;

    fn decide(&self, thing: &Thing, _: DateTime<Utc>) -> Result<Option<DirectoryEvent>, ZoneRefusal> {
        let before = thing.last.iter().find_map(|known| {
            let DirectoryEvent::ZoneDefined(zone) = known else {
                return None;
            };
            Some(zone)
        });
        if let Some(before) = before {
            let named: BTreeSet<SchoolId> = self.zone.schools.iter().copied().collect();
            let left_out: BTreeSet<SchoolId> = before
                .schools
                .iter()
                .copied()
                .filter(|school| !named.contains(school))
                .collect();
            if !left_out.is_empty() {
                return Err(ZoneRefusal::SchoolsLeftOut(left_out));
            }
            if before.starts <= self.today && self.zone.starts > self.today {
                return Err(ZoneRefusal::Begun(before.starts));
            }
        }
        Ok((before != Some(&self.zone)).then(|| self.zone.clone().into()))
    }
}

/// Words that one department keeps ready, at most.
pub const ANSWERS_MAX: usize = 60;

/// Keeps words ready, new ones or others in place of some.
#[derive(Debug, Clone)]
pub struct KeepAnswer {
    /// The words.
    pub answer: ReadyAnswer,
    /// Whether they are new.
    pub is_new: bool,
}

/// Why words are not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerRefusal {
    /// What they were to replace is kept no more.
    Dropped,
    /// As many are kept as can be.
    Enough,
}

impl Decide<Thing> for KeepAnswer {
    type Event = DirectoryEvent;
    type Rejection = AnswerRefusal;

    fn decide(&self, thing: &Thing, _: DateTime<Utc>) -> Result<Option<DirectoryEvent>, AnswerRefusal> {
        let before = thing.answers.get(&self.answer.id);
        if before.is_none() && !self.is_new {
            return Err(AnswerRefusal::Dropped);
        }
        if before.is_none() && thing.answers.len() >= ANSWERS_MAX {
            return Err(AnswerRefusal::Enough);
        }
        let kept = AnswerKept {
            answer: self.answer.clone(),
        };
        Ok((before != Some(&self.answer)).then(|| kept.into()))
    }
}

/// Why a thing of the directory stays as it is: never; there is nothing to refuse in what is stated as a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NeverRefused {}

/// States a fact; where it stands already, nothing happens.
#[derive(Debug, Clone)]
pub struct State(pub DirectoryEvent);

impl Decide<Thing> for State {
    type Event = DirectoryEvent;
    type Rejection = NeverRefused;

    fn decide(&self, thing: &Thing, _: DateTime<Utc>) -> Result<Option<DirectoryEvent>, NeverRefused> {
        let stands = match &self.0 {
            DirectoryEvent::RoleGranted(granted) => thing.grants.contains(&granted.grant),
            DirectoryEvent::RoleRevoked(revoked) => !thing.grants.contains(&revoked.grant),
            // A name is sealed anew each time, so that the same person looks different: once rostered, it stands.
            DirectoryEvent::PersonRostered(_) => thing
                .last
                .iter()
                .any(|known| matches!(known, DirectoryEvent::PersonRostered(_))),
            DirectoryEvent::PersonDisabled(disabled) => match disabled.because {
                DisabledBecause::LeftRoster => thing.left_roster,
                DisabledBecause::ByHand => thing.disabled_by_hand,
            },
            DirectoryEvent::PersonEnabled(_) => !thing.disabled_by_hand,
            DirectoryEvent::SecondStepRemoved(_) => !thing.second_step,
            DirectoryEvent::TokenMade(made) => thing.tokens.contains(&made.token),
            DirectoryEvent::TokenEnded(ended) => !thing.tokens.contains(&ended.token),
            DirectoryEvent::StandInNamed(named) => thing.stands_in.get(&named.absent) == Some(named),
            DirectoryEvent::StandInEnded(ended) => !thing.stands_in.contains_key(&ended.absent),
            DirectoryEvent::SignOnSet(set) => thing.sign_on.get(&set.provider.id) == Some(&set.provider),
            DirectoryEvent::SignOnRemoved(removed) => !thing.sign_on.contains_key(&removed.id),
            DirectoryEvent::AnswerKept(kept) => thing.answers.get(&kept.answer.id) == Some(&kept.answer),
            DirectoryEvent::AnswerDropped(dropped) => !thing.answers.contains_key(&dropped.id),
            DirectoryEvent::SchoolRetired(_) => thing.retired,
            // Who gets its loops can be said once more.
            retired @ DirectoryEvent::DepartmentRetired(_) => thing.retired && thing.last.contains(retired),
            // Each is of its own moment.
            DirectoryEvent::SignInLinkMade(_) | DirectoryEvent::PasswordChosen(_) => false,
            DirectoryEvent::SecondStepSet(_) => thing.second_step,
            added @ (DirectoryEvent::SchoolAdded(_) | DirectoryEvent::DepartmentAdded(_)) => {
                !thing.retired && thing.last.contains(added)
            }
            other @ (DirectoryEvent::DistrictRegistered(_)
            | DirectoryEvent::RosterImportBegun(_)
            | DirectoryEvent::RosterImportEnded(_)
            | DirectoryEvent::ZoneDefined(_)
            | DirectoryEvent::TeamFormed(_)
            | DirectoryEvent::AreasSet(_)
            | DirectoryEvent::CalendarSet(_)
            | DirectoryEvent::ServiceLevelSet(_)
            | DirectoryEvent::PatternThresholdsSet(_)
            | DirectoryEvent::RoutingRulesPublished(_)
            | DirectoryEvent::ContactDesignated(_)) => thing.last.contains(other),
        };
        Ok(if stands { None } else { Some(self.0.clone()) })
    }
}

/// Says who a person of the roster is now. It was compared with what is known before: what it is sealed in is new each
/// time.
#[derive(Debug, Clone)]
pub struct Roster(pub PersonRostered);

impl Decide<Thing> for Roster {
    type Event = DirectoryEvent;
    type Rejection = NeverRefused;

    fn decide(&self, _thing: &Thing, _: DateTime<Utc>) -> Result<Option<DirectoryEvent>, NeverRefused> {
        Ok(Some(self.0.clone().into()))
    }
}

/// Sets the district's working days: the version counts up.
#[derive(Debug, Clone)]
pub struct SetCalendar {
    /// The time zone; none leaves it.
    pub time_zone: Option<String>,
    /// Days off, all of them.
    pub closed: Vec<Closed>,
}

impl Decide<Thing> for SetCalendar {
    type Event = DirectoryEvent;
    type Rejection = NeverRefused;

    fn decide(&self, thing: &Thing, _: DateTime<Utc>) -> Result<Option<DirectoryEvent>, NeverRefused> {
        let time_zone = self
            .time_zone
            .clone()
            .or_else(|| thing.time_zone.clone())
            .unwrap_or_else(|| "UTC".to_owned());
        let stands = thing.last.iter().any(|known| {
            matches!(known, DirectoryEvent::CalendarSet(set) if set.time_zone == time_zone && set.closed == self.closed)
        });
        let set = CalendarSet {
            version: thing.calendar_version + 1,
            time_zone,
            closed: self.closed.clone(),
        };
        Ok((!stands).then(|| set.into()))
    }
}

/// Sets a service level.
#[derive(Debug, Clone)]
pub struct SetServiceLevel(pub ServiceLevelSet);

impl Decide<Thing> for SetServiceLevel {
    type Event = DirectoryEvent;
    type Rejection = NeverRefused;

    fn decide(&self, thing: &Thing, now: DateTime<Utc>) -> Result<Option<DirectoryEvent>, NeverRefused> {
        State(self.0.clone().into()).decide(thing, now)
    }
}

/// Publishes a rule set: the version counts up.
#[derive(Debug, Clone)]
pub struct PublishRules(pub Vec<RoutingRule>);

impl Decide<Thing> for PublishRules {
    type Event = DirectoryEvent;
    type Rejection = NeverRefused;

    fn decide(&self, thing: &Thing, _: DateTime<Utc>) -> Result<Option<DirectoryEvent>, NeverRefused> {
        let stands = thing.last.iter().any(
            |known| matches!(known, DirectoryEvent::RoutingRulesPublished(published) if published.rules == self.0),
        );
        let published = RoutingRulesPublished {
            version: thing.rules_version + 1,
            rules: self.0.clone(),
        };
        Ok((!stands).then(|| published.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::envelope::Actor;
    use contracts::events::directory::{RoleGranted, RoleRevoked};
    use contracts::vocabulary::Role;
    use decider::given;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    fn system() -> Actor {
        Actor::Policy("setup".to_owned())
    }

    #[test]
    fn a_fact_that_stands_is_not_stated_twice_and_a_role_can_come_and_go() {
        let grant = Grant {
            role: Role::Contact,
            school: None,
            department: None,
        };
        let give = State(RoleGranted { grant: grant.clone() }.into());
        let take = State(RoleRevoked { grant }.into());
        let spec = given::<Thing>().done(&system(), &give);
        assert_eq!(spec.when(&give), Ok(None));
        let spec = spec.done(&system(), &take);
        assert_eq!(spec.when(&take), Ok(None));
        assert!(spec.when(&give).is_ok_and(|event| event.is_some()));
    }

    #[test]
    fn a_zone_grows_and_no_school_is_left_out_of_it() {
        let school = |name: &str| SchoolId::derived(&["cedar", name]);
        let zone = |schools: &[&str], plan: Option<&str>| DefineZone {
            zone: ZoneDefined {
                name: "The river zone".to_owned(),
                purpose: "Time and staffing".to_owned(),
                schools: schools.iter().map(|name| school(name)).collect(),
                starts: day("2026-08-24"),
                plan: plan.map(str::to_owned),
                look_on: None,
            },
            today: day("2026-08-23"),
        };
        let spec = given::<Thing>().done(&system(), &zone(&["alder", "birch"], None));
        assert_eq!(spec.when(&zone(&["alder", "birch"], None)), Ok(None), "said twice");
        assert!(
            spec.when(&zone(&["alder", "birch", "elm"], None))
                .is_ok_and(|event| event.is_some())
        );
        assert!(
            spec.when(&zone(&["birch", "alder"], Some("all")))
                .is_ok_and(|event| event.is_some())
        );
        assert_eq!(
            spec.when(&zone(&["alder", "elm"], None)),
            Err(ZoneRefusal::SchoolsLeftOut([school("birch")].into()))
        );
        // Until its first day its start can be moved; from then on schools use what is allowed in it.
        let moved = |today: &str, starts: &str| {
            let mut define = zone(&["alder", "birch"], None);
            (define.today, define.zone.starts) = (day(today), day(starts));
            define
        };
        assert!(
            spec.when(&moved("2026-08-23", "2026-10-01"))
                .is_ok_and(|event| event.is_some())
        );
        assert_eq!(
            spec.when(&moved("2026-08-24", "2026-10-01")),
            Err(ZoneRefusal::Begun(day("2026-08-24")))
        );
        assert!(
            spec.when(&moved("2026-08-24", "2026-08-20"))
                .is_ok_and(|event| event.is_some())
        );
    }

    #[test]
    fn a_promise_can_be_set_back_to_what_it_was() {
        let level = |days: u32| {
            SetServiceLevel(ServiceLevelSet {
                level: contracts::events::routing::ServiceLevel {
                    id: "standard".to_owned(),
                    name: "Standard".to_owned(),
                    acknowledge_days: days,
                    next_word_days: 10,
                    resolve_days: 30,
                    due_soon_days: 2,
                },
            })
        };
        let spec = given::<Thing>().done(&system(), &level(5));
        assert_eq!(spec.when(&level(5)), Ok(None));
        let spec = spec.done(&system(), &level(7));
        assert!(spec.when(&level(5)).is_ok_and(|event| event.is_some()));
    }

    #[test]
    fn each_calendar_has_a_version_of_its_own() {
        let first = SetCalendar {
            time_zone: Some("America/New_York".to_owned()),
            closed: Vec::new(),
        };
        let spec = given::<Thing>().done(&system(), &first);
        assert_eq!(spec.when(&first), Ok(None));
        let day = chrono::NaiveDate::from_ymd_opt(2026, 12, 4).expect("a date");
        let snow = SetCalendar {
            time_zone: None,
            closed: vec![Closed {
                from: day,
                to: day,
                label: "Snow".to_owned(),
            }],
        };
        let spec = spec.done(&system(), &snow);
        assert_eq!(
            (spec.state().calendar_version, spec.state().time_zone.as_deref()),
            (2, Some("America/New_York"))
        );
    }
}
