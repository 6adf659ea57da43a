//! A school asks for a decline to be looked at again: once a loop. A policy takes it to the contact.

use chrono::{DateTime, Utc};
use contracts::events::IntakeEvent;
use contracts::events::intake::Appealed;
use contracts::ids::SchoolId;
use contracts::sealed::Sealed;
use contracts::vocabulary::LoopState;
use decider::Decide;
use domain::district_loop::Appeal as Made;
use domain::{Loop, Rejection};

/// Appeals a decline.
#[derive(Debug, Clone)]
pub struct Appeal {
    /// The school.
    pub school: SchoolId,
    /// Why.
    pub why: Sealed,
    /// The episode it was meant for.
    pub episode: Option<u32>,
}

impl Decide<Loop> for Appeal {
    type Event = IntakeEvent;
    type Rejection = Rejection;

    fn decide(&self, state: &Loop, _: DateTime<Utc>) -> Result<Option<IntakeEvent>, Rejection> {
        let record = state.filed()?;
        if !record.is_in(self.school) {
            return Err(Rejection::NotIn { school: self.school });
        }
        match record.appeal {
            Made::None => {}
            Made::Pending { .. } | Made::Decided(_) => return Err(Rejection::AlreadyAppealed),
        }
        record.in_episode(self.episode)?;
        if record.state_of(self.school) != LoopState::Declined {
            return Err(Rejection::NotDeclined);
        }
        Ok(Some(
            Appealed {
                school: self.school,
                why: self.why.clone(),
            }
            .into(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::events::resolution::{CaseDeclined, ResolutionEvent};
    use contracts::events::routing::{About, Escalated, EscalationDecided, RoutingEvent};
    use contracts::vocabulary::{AppealOutcome, DeclineGround, EscalatedTo};
    use decider::{Spec, given};
    use domain::samples::{filed, person, routed, school, sealed};

    fn declined() -> Spec<Loop> {
        given::<Loop>()
            .event(&person("rosa"), IntakeEvent::from(filed("alder")))
            .event(&person("policy"), RoutingEvent::from(routed("curriculum")))
            .event(
                &person("marcus"),
                ResolutionEvent::from(CaseDeclined {
                    ground: DeclineGround::NonNegotiable,
                    reason: sealed("it must stay"),
                    review_on: None,
                    may_appeal: true,
                }),
            )
    }

    fn appeal() -> Appeal {
        Appeal {
            school: school("alder"),
            why: sealed("look again"),
            episode: None,
        }
    }

    #[test]
    fn an_appeal_that_nobody_decided_falls_away_with_the_loops_end() {
        let left = contracts::events::intake::TensionWithdrawn {
            school: school("alder"),
            why: None,
        };
        let spec = declined().done(&person("rosa"), &appeal());
        assert!(matches!(
            spec.state().record().expect("filed").appeal,
            Made::Pending { .. }
        ));
        let spec = spec.event(&person("rosa"), IntakeEvent::from(left));
        assert_eq!(spec.state().record().expect("filed").appeal, Made::None);
    }

    fn decided(outcome: AppealOutcome) -> Spec<Loop> {
        let spec = declined().done(&person("rosa"), &appeal()).event(
            &person("policy"),
            RoutingEvent::from(Escalated {
                to: EscalatedTo::Contact,
                about: About::Appeal,
                why: None,
            }),
        );
        assert_eq!(spec.state().record().expect("filed").state(), LoopState::Reopened);
        let escalation = spec.last_id();
        spec.event(
            &person("carol"),
            RoutingEvent::from(EscalationDecided {
                escalation,
                outcome: Some(outcome),
                decision: sealed("d"),
                why: None,
            }),
        )
    }

    #[test]
    fn upheld_it_is_declined_for_good() {
        let spec = decided(AppealOutcome::Uphold);
        assert_eq!(spec.state().record().expect("filed").state(), LoopState::Declined);
        assert_eq!(spec.when(&appeal()), Err(Rejection::AlreadyAppealed));
    }

    #[test]
    fn overturned_the_department_owes_a_first_word_again() {
        let spec = decided(AppealOutcome::Overturn);
        let record = spec.state().record().expect("filed");
        assert_eq!(record.state(), LoopState::Reopened);
        assert!(record.time.acknowledge_from.is_some());
        assert_eq!(record.episode, 2);
    }

    #[test]
    fn what_is_not_declined_cannot_be_appealed() {
        let spec = given::<Loop>().event(&person("rosa"), IntakeEvent::from(filed("alder")));
        assert_eq!(spec.when(&appeal()), Err(Rejection::NotDeclined));
    }
}
