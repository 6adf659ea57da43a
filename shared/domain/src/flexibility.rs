//! A part of the register: what is allowed, for whom and until when, or what must stay as it is, as all its events so
//! far say.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use contracts::Claims;
use contracts::area::Area;
use contracts::envelope::{Envelope, Meta};
use contracts::events::flexibility::{
    FlexibilityEvent, NonNegotiableDeclared, Origin, Readers, Rule, Scope, ScopeWidened, Terms,
};
use contracts::ids::{DepartmentId, District, LoopId, PatternId, SchoolId};
use contracts::sealed::Sealed;
use contracts::versions::Unreadable;
use contracts::vocabulary::{FlexibilityTurn, PilotChoice, Readership, ResolutionKind, Role, Says, Standing};
use serde::{Deserialize, Serialize};

use crate::directory::DistrictRecord;
use crate::fold::Fold;
use crate::scope;

/// A part of the register: nothing, until it is written down.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Flexibility {
    /// Nothing stands under this id.
    #[default]
    Absent,
    /// Something does.
    Stands(Box<FlexibilityRecord>),
}

/// A school's use of a flexibility.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Use {
    /// Since when.
    pub since: DateTime<Utc>,
    /// How.
    pub how: Option<Sealed>,
    /// The loop in which it was answered with it.
    pub answered: Option<LoopId>,
}

/// A part of the register that was written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlexibilityRecord {
    /// What it says.
    pub says: Says,
    /// One line.
    pub title: Sealed,
    /// What you may do; of what must stay: what, and why.
    pub allows: Sealed,
    /// Why.
    pub rationale: Option<Sealed>,
    /// Why, by readership.
    pub rationales: BTreeMap<Readership, Sealed>,
    /// The rule it bends, explains or stands in.
    pub rule: Rule,
    /// The area.
    pub area: Area,
    /// For whom.
    pub scope: Scope,
    /// For whom it was before it was widened: they need not wait for a zone that has yet to begin.
    #[serde(default)]
    pub narrower: Vec<Scope>,
    /// Under which conditions.
    pub conditions: Option<Sealed>,
    /// What stays required all the same.
    pub stays_required: Option<Sealed>,
    /// Its first day; none for what must stay.
    pub starts_on: Option<NaiveDate>,
    /// Its last day.
    pub ends_on: Option<NaiveDate>,
    /// When the department looks at it again.
    pub review_on: Option<NaiveDate>,
    /// Who answers for it.
    pub department: DepartmentId,
    /// The kind of answer it is; none for what must stay.
    pub kind: Option<ResolutionKind>,
    /// The question a pilot must answer.
    pub pilot_question: Option<Sealed>,
    /// What a pilot's question was answered with.
    pub pilot_answers: Vec<(PilotChoice, Sealed)>,
    /// Who may read of it.
    pub readers: Readers,
    /// Whether it can be used.
    pub standing: Standing,
    /// When it ceased to be in force.
    pub ended_at: Option<DateTime<Utc>>,
    /// The schools that use it.
    pub users: BTreeMap<SchoolId, Use>,
    /// The loops it led from, or that were answered with it.
    pub loops: BTreeSet<LoopId>,
    /// The pattern whose adopted change made it.
    #[serde(default)]
    pub pattern: Option<PatternId>,
    /// Notices given of its end: the day it then had, and how many days before.
    pub noticed: BTreeSet<(NaiveDate, u32)>,
    /// The last change that concerns loops resting on it, and the event that says so.
    pub turned: Option<(FlexibilityTurn, contracts::ids::EventId, u64)>,
    /// When it was written down.
    pub since: DateTime<Utc>,
    /// The stream sequence of its first event.
    pub first_seq: u64,
    /// The stream sequence of the last event taken in.
    pub version: u64,
    /// When that was.
    pub changed_at: DateTime<Utc>,
    /// Events taken in.
    pub events: u32,
}

impl Fold for Flexibility {
    type Event = FlexibilityEvent;

    fn read(envelope: &Envelope) -> Result<FlexibilityEvent, Unreadable> {
        FlexibilityEvent::read(envelope)
    }

    fn evolve(&mut self, meta: &Meta, event: &FlexibilityEvent) {
        match (&mut *self, event) {
            (Self::Absent, FlexibilityEvent::FlexibilityRecorded(recorded)) => {
                *self = Self::Stands(Box::new(allowed(meta, Says::Clarification, &recorded.terms)));
            }
            (Self::Absent, FlexibilityEvent::FlexibilityGranted(granted)) => {
                *self = Self::Stands(Box::new(allowed(meta, Says::Flexibility, &granted.terms)));
            }
            (Self::Absent, FlexibilityEvent::NonNegotiableDeclared(declared)) => {
                *self = Self::Stands(Box::new(stays(meta, declared)));
            }
            // It begins with being written down; a refused grant may stand where nothing ever does.
            (
                Self::Absent,
                FlexibilityEvent::ScopeWidened(_)
                | FlexibilityEvent::ConditionsChanged(_)
                | FlexibilityEvent::RationalePublished(_)
                | FlexibilityEvent::ReadersChanged(_)
                | FlexibilityEvent::FlexibilityRenewed(_)
                | FlexibilityEvent::ExpiryNoticed(_)
                | FlexibilityEvent::FlexibilityExpired(_)
                | FlexibilityEvent::FlexibilityRevoked(_)
                | FlexibilityEvent::PrecedentClaimed(_)
                | FlexibilityEvent::GrantRefused(_)
                | FlexibilityEvent::PilotAnswered(_),
            ) => {}
            (Self::Stands(record), event) => record.evolve(meta, event),
        }
    }
}

impl Flexibility {
    /// The record, where there is one.
    pub fn record(&self) -> Option<&FlexibilityRecord> {
        match self {
            Self::Absent => None,
            Self::Stands(record) => Some(record),
        }
    }
}

fn allowed(meta: &Meta, says: Says, terms: &Terms) -> FlexibilityRecord {
    let mut record = FlexibilityRecord {
        says,
        title: terms.title.clone(),
        allows: terms.allows.clone(),
        rationale: terms.rationale.clone(),
        rationales: BTreeMap::new(),
        rule: terms.rule.clone(),
        area: terms.area.clone(),
        scope: terms.scope.clone(),
        narrower: Vec::new(),
        conditions: terms.conditions.clone(),
        stays_required: terms.stays_required.clone(),
        starts_on: Some(terms.starts_on),
        ends_on: terms.ends_on,
        review_on: terms.review_on,
        department: terms.department,
        kind: Some(terms.kind),
        pilot_question: terms.pilot_question.clone(),
        pilot_answers: Vec::new(),
        readers: terms.readers,
        standing: Standing::InForce,
        ended_at: None,
        users: BTreeMap::new(),
        loops: terms.corrects.into_iter().collect(),
        pattern: terms.pattern,
        noticed: BTreeSet::new(),
        turned: None,
        since: meta.time,
        first_seq: meta.sequence,
        version: meta.sequence,
        changed_at: meta.time,
        events: 1,
    };
    record.used_in(meta, terms.origin.as_ref());
    record
}

fn stays(meta: &Meta, declared: &NonNegotiableDeclared) -> FlexibilityRecord {
    FlexibilityRecord {
        says: Says::NonNegotiable,
        title: declared.title.clone(),
        allows: declared.text.clone(),
        rationale: None,
        rationales: BTreeMap::new(),
        rule: declared.rule.clone(),
        area: declared.area.clone(),
        scope: Scope::District,
        narrower: Vec::new(),
        conditions: None,
        stays_required: None,
        starts_on: None,
        ends_on: None,
        review_on: None,
        department: declared.department,
        kind: None,
        pilot_question: None,
        pilot_answers: Vec::new(),
        readers: declared.readers,
        standing: Standing::InForce,
        ended_at: None,
        users: BTreeMap::new(),
        loops: BTreeSet::new(),
        pattern: None,
        noticed: BTreeSet::new(),
        turned: None,
        since: meta.time,
        first_seq: meta.sequence,
        version: meta.sequence,
        changed_at: meta.time,
        events: 1,
    }
}

impl FlexibilityRecord {
    fn evolve(&mut self, meta: &Meta, event: &FlexibilityEvent) {
        match event {
            // It is written down once; were there a second time, the first stands.
            FlexibilityEvent::FlexibilityRecorded(_)
            | FlexibilityEvent::FlexibilityGranted(_)
            | FlexibilityEvent::NonNegotiableDeclared(_)
            | FlexibilityEvent::GrantRefused(_) => {}
            FlexibilityEvent::ScopeWidened(widened) => self.widen(meta, widened),
            FlexibilityEvent::ConditionsChanged(changed) => {
                self.conditions.clone_from(&changed.conditions);
                self.stays_required.clone_from(&changed.stays_required);
                self.turn(meta, FlexibilityTurn::ConditionsChanged);
            }
            FlexibilityEvent::RationalePublished(published) => {
                self.rationales.insert(published.readership, published.text.clone());
            }
            FlexibilityEvent::ReadersChanged(changed) => self.readers = changed.readers,
            FlexibilityEvent::FlexibilityRenewed(renewed) => {
                self.ends_on = Some(renewed.ends_on);
                self.standing = Standing::InForce;
                self.ended_at = None;
                self.turn(meta, FlexibilityTurn::Renewed);
            }
            FlexibilityEvent::ExpiryNoticed(noticed) => {
                self.noticed.insert((noticed.ends_on, noticed.days));
            }
            FlexibilityEvent::FlexibilityExpired(_) => self.ends(meta, Standing::Expired, FlexibilityTurn::Expired),
            FlexibilityEvent::FlexibilityRevoked(_) => self.ends(meta, Standing::Revoked, FlexibilityTurn::Revoked),
            FlexibilityEvent::PrecedentClaimed(claimed) => {
                let used = Use {
                    since: meta.time,
                    how: claimed.how.clone(),
                    answered: claimed.origin.map(|origin| origin.id),
                };
                self.users.entry(claimed.school).or_insert(used);
                self.loops.extend(claimed.origin.map(|origin| origin.id));
            }
            FlexibilityEvent::PilotAnswered(answered) => {
                self.pilot_answers.push((answered.choice, answered.answer.clone()));
                match answered.choice {
                    PilotChoice::Stop => self.ends(meta, Standing::Expired, FlexibilityTurn::Expired),
                    PilotChoice::Extend => {
                        self.ends_on = answered.ends_on.or(self.ends_on);
                        self.standing = Standing::InForce;
                        self.ended_at = None;
                        self.turn(meta, FlexibilityTurn::Renewed);
                    }
                    PilotChoice::Widen => {
                        if let Some(scope) = &answered.scope {
                            self.widen_to(scope);
                        }
                        self.kind = Some(match self.scope {
                            Scope::Schools { .. } => ResolutionKind::SchoolException,
                            Scope::Zone { .. } => ResolutionKind::ZoneFlexibility,
                            Scope::District => ResolutionKind::DistrictChange,
                        });
                        self.ends_on = None;
                        self.standing = Standing::InForce;
                        self.ended_at = None;
                        self.turn(meta, FlexibilityTurn::Widened);
                    }
                }
            }
        }
        self.version = meta.sequence;
        self.changed_at = meta.time;
        self.events += 1;
    }

    fn widen(&mut self, meta: &Meta, widened: &ScopeWidened) {
        self.widen_to(&widened.scope);
        // What becomes wider is another kind of answer than what excused one school.
        self.kind = match (self.kind, &self.scope) {
            (Some(ResolutionKind::SchoolException), Scope::Zone { .. }) => Some(ResolutionKind::ZoneFlexibility),
            (Some(ResolutionKind::SchoolException | ResolutionKind::ZoneFlexibility), Scope::District) => {
                Some(ResolutionKind::DistrictChange)
            }
            (kind, _) => kind,
        };
        self.used_in(meta, widened.origin.as_ref());
        self.turn(meta, FlexibilityTurn::Widened);
    }

    fn widen_to(&mut self, scope: &Scope) {
        if self.scope != *scope {
            let before = std::mem::replace(&mut self.scope, scope.clone());
            self.narrower.push(before);
        }
    }

    fn used_in(&mut self, meta: &Meta, origin: Option<&Origin>) {
        let Some(origin) = origin else { return };
        self.loops.insert(origin.id);
        self.users.entry(origin.school).or_insert(Use {
            since: meta.time,
            how: None,
            answered: Some(origin.id),
        });
    }

    fn ends(&mut self, meta: &Meta, standing: Standing, turn: FlexibilityTurn) {
        self.standing = standing;
        self.ended_at = Some(meta.time);
        self.turn(meta, turn);
    }

    fn turn(&mut self, meta: &Meta, turn: FlexibilityTurn) {
        self.turned = Some((turn, meta.id, meta.sequence));
    }

    /// Whether a pilot waits for its answer, also after its last day: nothing else can be decided about it first.
    pub fn is_open_pilot(&self) -> bool {
        self.kind == Some(ResolutionKind::Pilot)
            && self.standing != Standing::Revoked
            && !self
                .pilot_answers
                .iter()
                .any(|(choice, _)| *choice == PilotChoice::Stop)
    }

    /// Whether its scope holds a school, as far as the district's zones say now.
    pub fn is_for(&self, school: SchoolId, district: &DistrictRecord) -> bool {
        scope::covers(&self.scope, school, district)
    }

    /// The first day on which a school may use it: what is for a zone begins with the zone, as far as the district says
    /// now. Who had it before it was for the zone does not wait; nor does anybody where it ends before the zone begins.
    /// None for what must stay, and for a school that it is not for.
    pub fn first_day_for(&self, school: SchoolId, district: &DistrictRecord) -> Option<NaiveDate> {
        let covers = |scope: &&Scope| scope::covers(scope, school, district);
        self.narrower
            .iter()
            .chain([&self.scope])
            .filter(covers)
            .filter_map(|scope| self.first_day_in(scope, district))
            .min()
    }

    /// Its first day, as people read it: that of their schools where it is for one, or else of all whom it is for.
    pub fn first_day(&self, schools: &BTreeSet<SchoolId>, district: &DistrictRecord) -> Option<NaiveDate> {
        schools
            .iter()
            .filter_map(|school| self.first_day_for(*school, district))
            .min()
            .or_else(|| self.first_day_in(&self.scope, district))
    }

    fn first_day_in(&self, scope: &Scope, district: &DistrictRecord) -> Option<NaiveDate> {
        let starts_on = self.starts_on?;
        let Scope::Zone { zone } = scope else {
            return Some(starts_on);
        };
        let zone = district.zones.get(zone).map(|zone| zone.starts);
        let zone = zone.filter(|starts| self.ends_on.is_none_or(|ends_on| *starts <= ends_on));
        Some(zone.map_or(starts_on, |starts| starts.max(starts_on)))
    }

    /// Whether a person may read of it.
    pub fn is_seen_by(&self, viewer: &Claims, district: &District, known: &DistrictRecord) -> bool {
        if viewer.district != *district {
            return false;
        }
        match self.readers {
            Readers::Public | Readers::District => true,
            Readers::Concerned => {
                viewer.has(Role::Contact)
                    || viewer.has(Role::Leader)
                    || viewer.has(Role::Auditor)
                    || viewer.departments.contains(&self.department)
                    || viewer
                        .schools
                        .iter()
                        .any(|school| self.users.contains_key(school) || self.is_for(*school, known))
            }
        }
    }

    /// The days before its end at which notice is given.
    pub const NOTICES: [u32; 3] = [90, 30, 7];

    /// The notice that is due on a day: the nearest whose day has come and that was not given for this end.
    pub fn notice_due(&self, today: NaiveDate) -> Option<u32> {
        let ends_on = self.ends_on.filter(|_| self.standing == Standing::InForce)?;
        let left = (ends_on - today).num_days();
        Self::NOTICES
            .into_iter()
            .rev()
            .find(|days| left <= i64::from(*days))
            .filter(|days| left >= 0 && !self.noticed.iter().any(|(of, given)| *of == ends_on && given <= days))
    }

    /// Whether its last day is past.
    pub fn is_over(&self, today: NaiveDate) -> bool {
        self.standing == Standing::InForce && self.ends_on.is_some_and(|ends_on| ends_on < today)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{meta, school, terms};
    use contracts::events::flexibility::{
        FlexibilityExpired, FlexibilityGranted, FlexibilityRenewed, PrecedentClaimed,
    };

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    fn granted(ends_on: Option<&str>) -> Flexibility {
        let mut state = Flexibility::default();
        let mut terms = terms("alder");
        terms.ends_on = ends_on.map(day);
        state.evolve(&meta(1), &FlexibilityGranted { terms }.into());
        state
    }

    #[test]
    fn notice_is_given_at_ninety_thirty_and_seven_days_once_each() {
        let mut state = granted(Some("2027-06-30"));
        let record = |state: &Flexibility| state.record().expect("stands").clone();
        assert_eq!(record(&state).notice_due(day("2027-03-31")), None);
        assert_eq!(record(&state).notice_due(day("2027-04-01")), Some(90));
        let noticed = |days| {
            FlexibilityEvent::from(contracts::events::flexibility::ExpiryNoticed {
                ends_on: day("2027-06-30"),
                days,
            })
        };
        state.evolve(&meta(2), &noticed(90));
        assert_eq!(record(&state).notice_due(day("2027-04-02")), None);
        assert_eq!(
            record(&state).notice_due(day("2027-06-25")),
            Some(7),
            "thirty days were slept through"
        );
        state.evolve(&meta(3), &noticed(7));
        assert_eq!(
            record(&state).notice_due(day("2027-06-26")),
            None,
            "the nearer notice says it all"
        );
        assert!(
            !record(&state).is_over(day("2027-06-30")),
            "the last day is a day of it"
        );
        assert!(record(&state).is_over(day("2027-07-01")));
        let renewed = FlexibilityRenewed {
            ends_on: day("2028-06-30"),
            why: None,
        };
        state.evolve(
            &meta(4),
            &FlexibilityExpired {
                ended_on: day("2027-06-30"),
            }
            .into(),
        );
        state.evolve(&meta(5), &renewed.into());
        assert_eq!(
            record(&state).notice_due(day("2028-04-05")),
            Some(90),
            "another end has notices of its own"
        );
    }

    #[test]
    fn what_is_for_a_zone_begins_with_it_and_takes_nothing_from_who_had_it() {
        let mut state = granted(Some("2027-06-30"));
        let zone = contracts::ids::ZoneId::derived(&["z"]);
        let mut district = DistrictRecord::default();
        let starts = |district: &mut DistrictRecord, on: &str| {
            let known = crate::directory::Zone {
                version: 1,
                name: "z".to_owned(),
                purpose: "z".to_owned(),
                schools: [school("alder"), school("birch")].into(),
                starts: day(on),
                plan: None,
                look_on: None,
            };
            district.zones.insert(zone, known);
        };
        starts(&mut district, "2027-01-04");
        let first = |state: &Flexibility, district: &DistrictRecord| {
            let record = state.record().expect("stands");
            let of = |name| record.first_day_for(school(name), district);
            let seen = |names: &[&str]| record.first_day(&names.iter().map(|name| school(name)).collect(), district);
            [
                of("alder"),
                of("birch"),
                of("cedar"),
                seen(&[]),
                seen(&["cedar"]),
                seen(&["alder", "birch"]),
            ]
        };
        let begun = state.record().and_then(|record| record.starts_on);
        assert_eq!(first(&state, &district), [begun, None, None, begun, begun, begun]);
        let widened = ScopeWidened {
            scope: Scope::Zone { zone },
            why: None,
            origin: None,
        };
        state.evolve(&meta(2), &widened.into());
        let later = Some(day("2027-01-04"));
        assert_eq!(first(&state, &district), [begun, later, None, later, later, begun]);
        starts(&mut district, "2027-02-01");
        let moved = Some(day("2027-02-01"));
        assert_eq!(first(&state, &district), [begun, moved, None, moved, moved, begun]);
        // Where it would end before it begins, it does not wait.
        starts(&mut district, "2027-07-01");
        assert_eq!(first(&state, &district), [begun, begun, None, begun, begun, begun]);
        let for_all = ScopeWidened {
            scope: Scope::District,
            why: None,
            origin: None,
        };
        starts(&mut district, "2027-02-01");
        state.evolve(&meta(3), &for_all.into());
        assert_eq!(first(&state, &district), [begun; 6]);
    }

    #[test]
    fn a_second_grant_and_a_second_claim_change_nothing() {
        let mut state = granted(None);
        let before = state.clone();
        state.evolve(&meta(1), &FlexibilityGranted { terms: terms("birch") }.into());
        assert_eq!(
            state.record().map(|record| &record.scope),
            before.record().map(|record| &record.scope)
        );
        let claimed = |sequence| {
            (
                meta(sequence),
                PrecedentClaimed {
                    school: school("alder"),
                    how: None,
                    origin: None,
                },
            )
        };
        let (first, event) = claimed(2);
        state.evolve(&first, &event.into());
        let since = state.record().expect("stands").users[&school("alder")].since;
        let (second, event) = claimed(9);
        state.evolve(&second, &event.into());
        assert_eq!(state.record().expect("stands").users[&school("alder")].since, since);
    }
}
