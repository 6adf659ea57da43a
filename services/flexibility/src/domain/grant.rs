//! A school confirmed an answer: what it promised is granted, once, however many schools confirm it.

use chrono::{DateTime, NaiveDate, Utc};
use contracts::events::FlexibilityEvent;
use contracts::events::flexibility::{
    FlexibilityGranted, FlexibilityRecorded, GrantRefused, Origin, PrecedentClaimed, Scope, ScopeWidened, Terms,
};
use contracts::vocabulary::{NotGranted, ResolutionKind, Says, Standing};
use decider::Decide;
use domain::directory::DistrictRecord;
use domain::{Flexibility, FlexibilityRecord};

use super::Refusal;

/// Grants what an answer promised to the school that confirmed it. What cannot be granted is said by an event too, so
/// that the department hears of it.
#[derive(Debug, Clone)]
pub struct Grant {
    /// Where it was promised, and to whom.
    pub origin: Origin,
    /// What is written down where it is not there yet; none where the answer rests on what must be there.
    pub terms: Option<Terms>,
    /// Whether the answer excuses the school that confirmed it, so that a narrower flexibility is widened for it.
    pub kind: ResolutionKind,
    /// The district's day.
    pub today: NaiveDate,
    /// The district as it is now.
    pub district: DistrictRecord,
}

impl Grant {
    fn refused(&self, ground: NotGranted) -> FlexibilityEvent {
        GrantRefused {
            origin: self.origin,
            ground,
        }
        .into()
    }

    fn first(&self) -> FlexibilityEvent {
        let Some(terms) = &self.terms else {
            return self.refused(NotGranted::NotThere);
        };
        if terms.ends_on.is_some_and(|ends_on| ends_on < self.today) {
            return self.refused(NotGranted::Over);
        }
        if let Scope::Zone { zone } = &terms.scope
            && !self.district.zones.contains_key(zone)
        {
            return self.refused(NotGranted::ZoneGone);
        }
        let terms = terms.clone();
        if self.kind == ResolutionKind::AlreadyAllowed {
            FlexibilityRecorded { terms }.into()
        } else {
            FlexibilityGranted { terms }.into()
        }
    }

    fn again(&self, record: &FlexibilityRecord) -> Option<FlexibilityEvent> {
        if record.says == Says::NonNegotiable || record.standing != Standing::InForce || record.is_over(self.today) {
            return Some(self.refused(NotGranted::NoLongerInForce));
        }
        let school = self.origin.school;
        if let Scope::Schools { schools } = &record.scope
            && !schools.contains(&school)
        {
            let mut schools = schools.clone();
            schools.insert(school);
            return Some(
                ScopeWidened {
                    scope: Scope::Schools { schools },
                    why: None,
                    origin: Some(self.origin),
                }
                .into(),
            );
        }
        if record.users.contains_key(&school) && record.loops.contains(&self.origin.id) {
            return None;
        }
        Some(
            PrecedentClaimed {
                school,
                how: None,
                origin: Some(self.origin),
            }
            .into(),
        )
    }
}

impl Decide<Flexibility> for Grant {
    type Event = FlexibilityEvent;
    type Rejection = Refusal;

    fn decide(&self, state: &Flexibility, _: DateTime<Utc>) -> Result<Option<FlexibilityEvent>, Refusal> {
        Ok(match state {
            Flexibility::Absent => Some(self.first()),
            Flexibility::Stands(record) => self.again(record),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::events::flexibility::FlexibilityRevoked;
    use contracts::ids::LoopId;
    use decider::given;
    use domain::samples::{person, school, terms};

    fn grant(name: &str, terms: Option<Terms>) -> Grant {
        Grant {
            origin: Origin {
                id: LoopId::derived(&["loop"]),
                revision: 1,
                school: school(name),
            },
            terms,
            kind: ResolutionKind::SchoolException,
            today: "2026-11-02".parse().expect("a day"),
            district: DistrictRecord::default(),
        }
    }

    fn promised(name: &str) -> Grant {
        let mut grant = grant(name, None);
        let mut terms = terms("alder");
        terms.origin = Some(grant.origin);
        grant.terms = Some(terms);
        grant
    }

    #[test]
    fn the_first_school_makes_it_and_the_next_is_let_in() {
        let spec = given::<Flexibility>().done(&person("policy"), &promised("alder"));
        assert_eq!(spec.when(&promised("alder")), Ok(None), "delivered twice");
        let Ok(Some(FlexibilityEvent::ScopeWidened(widened))) = spec.when(&promised("birch")) else {
            panic!("birch was excused too");
        };
        assert_eq!(
            widened.scope,
            Scope::Schools {
                schools: [school("alder"), school("birch")].into()
            }
        );
    }

    #[test]
    fn what_cannot_be_granted_is_said() {
        let ground = |spec: &decider::Spec<Flexibility>, command: &Grant| match spec.when(command) {
            Ok(Some(FlexibilityEvent::GrantRefused(refused))) => refused.ground,
            other => panic!("{other:?}"),
        };
        let nothing = given::<Flexibility>();
        assert_eq!(ground(&nothing, &grant("alder", None)), NotGranted::NotThere);
        let mut over = promised("alder");
        over.terms.as_mut().expect("terms").ends_on = Some("2026-10-30".parse().expect("a day"));
        assert_eq!(ground(&nothing, &over), NotGranted::Over);
        let mut zone = promised("alder");
        zone.terms.as_mut().expect("terms").scope = Scope::Zone {
            zone: contracts::ids::ZoneId::derived(&["gone"]),
        };
        assert_eq!(ground(&nothing, &zone), NotGranted::ZoneGone);
        let revoked = given::<Flexibility>()
            .done(&person("policy"), &promised("alder"))
            .event(
                &person("lena"),
                FlexibilityRevoked {
                    why: None,
                    replaced: false,
                },
            );
        assert_eq!(ground(&revoked, &promised("birch")), NotGranted::NoLongerInForce);
    }
}
