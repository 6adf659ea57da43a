//! What the register says to a loop: granted, not granted, or what became of what the loop rests on.

use chrono::{DateTime, Utc};
use contracts::events::ResolutionEvent;
use contracts::events::resolution::{FlexibilityChanged, GrantCompleted, GrantFailed};
use contracts::ids::{EventId, FlexibilityId};
use contracts::vocabulary::{FlexibilityTurn, LoopState, NotGranted};
use decider::Decide;
use domain::district_loop::{Grant, Proposal};
use domain::{Loop, Rejection};

/// The answer that still waits for what it promises; none where it was revised, taken back or granted meanwhile.
fn waiting(state: &Loop, revision: u32) -> Result<Option<&Proposal>, Rejection> {
    let record = state.filed()?;
    Ok(record
        .proposal
        .as_ref()
        .filter(|proposal| proposal.revision == revision && proposal.grant == Grant::OnConfirmation))
}

/// What a revision promised is granted.
#[derive(Debug, Clone, Copy)]
pub struct CompleteGrant {
    /// Which revision's.
    pub revision: u32,
    /// Where it stands in the register.
    pub flexibility: FlexibilityId,
}

impl Decide<Loop> for CompleteGrant {
    type Event = ResolutionEvent;
    type Rejection = Rejection;

    fn decide(&self, state: &Loop, _: DateTime<Utc>) -> Result<Option<ResolutionEvent>, Rejection> {
        Ok(waiting(state, self.revision)?.map(|_| {
            GrantCompleted {
                revision: self.revision,
                text: None,
                flexibility: Some(self.flexibility),
            }
            .into()
        }))
    }
}

/// What a revision promised could not be granted.
#[derive(Debug, Clone, Copy)]
pub struct FailGrant {
    /// Which revision's.
    pub revision: u32,
    /// Why.
    pub ground: NotGranted,
}

impl Decide<Loop> for FailGrant {
    type Event = ResolutionEvent;
    type Rejection = Rejection;

    fn decide(&self, state: &Loop, _: DateTime<Utc>) -> Result<Option<ResolutionEvent>, Rejection> {
        Ok(waiting(state, self.revision)?.map(|_| {
            GrantFailed {
                revision: self.revision,
                text: None,
                ground: Some(self.ground),
            }
            .into()
        }))
    }
}

/// Something became of the flexibility that a loop rests on.
#[derive(Debug, Clone, Copy)]
pub struct ChangeFlexibility {
    /// Which.
    pub flexibility: FlexibilityId,
    /// What became of it.
    pub turn: FlexibilityTurn,
    /// The event of the register that says so.
    pub event: EventId,
}

impl Decide<Loop> for ChangeFlexibility {
    type Event = ResolutionEvent;
    type Rejection = Rejection;

    fn decide(&self, state: &Loop, _: DateTime<Utc>) -> Result<Option<ResolutionEvent>, Rejection> {
        let record = state.filed()?;
        let rests = record.proposal.as_ref().is_some_and(|proposal| {
            proposal.flexibility == Some(self.flexibility) && proposal.told != Some(self.event)
        });
        Ok((rests && record.state() != LoopState::Withdrawn).then(|| {
            FlexibilityChanged {
                flexibility: self.flexibility,
                turn: self.turn,
                event: self.event,
            }
            .into()
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Propose;
    use contracts::events::intake::{IntakeEvent, OutcomeConfirmed, SchoolJoined};
    use contracts::events::resolution::Promise;
    use contracts::events::routing::RoutingEvent;
    use contracts::vocabulary::ResolutionKind;
    use decider::{Spec, given};
    use domain::district_loop::Phase;
    use domain::samples::{filed, person, routed, school, sealed};

    const REVISION: u32 = 1;

    fn confirmed(name: &str) -> IntakeEvent {
        OutcomeConfirmed {
            school: school(name),
            revision: REVISION,
            words: None,
        }
        .into()
    }

    fn proposed() -> Spec<Loop> {
        given::<Loop>()
            .event(&person("rosa"), IntakeEvent::from(filed("alder")))
            .event(&person("policy"), RoutingEvent::from(routed("curriculum")))
            .event(
                &person("ben"),
                IntakeEvent::from(SchoolJoined {
                    school: school("birch"),
                    how_it_meets_us: None,
                }),
            )
            .done(
                &person("marcus"),
                &Propose {
                    kind: ResolutionKind::SchoolException,
                    summary: sealed("s"),
                    rationale: None,
                    flexibility: None,
                    promise: Some(Promise::default()),
                    pattern: None,
                    episode: None,
                },
            )
    }

    fn complete() -> CompleteGrant {
        CompleteGrant {
            revision: REVISION,
            flexibility: FlexibilityId::derived(&["f"]),
        }
    }

    fn state_of(spec: &Spec<Loop>, name: &str) -> LoopState {
        spec.state().record().expect("filed").state_of(school(name))
    }

    #[test]
    fn what_a_school_confirmed_closes_when_it_is_granted() {
        let spec = proposed().event(&person("rosa"), confirmed("alder"));
        assert_eq!(state_of(&spec, "alder"), LoopState::Proposed, "promised, not granted");
        let spec = spec.done(&person("policy"), &complete());
        assert_eq!(state_of(&spec, "alder"), LoopState::Closed);
        assert_eq!(state_of(&spec, "birch"), LoopState::Proposed, "it has not said yet");
        assert_eq!(spec.when(&complete()), Ok(None), "delivered twice");
        let spec = spec.event(&person("ben"), confirmed("birch"));
        assert_eq!(state_of(&spec, "birch"), LoopState::Closed, "it is granted already");
    }

    #[test]
    fn what_could_not_be_granted_is_the_departments_and_not_closed() {
        let fail = FailGrant {
            revision: REVISION,
            ground: NotGranted::NoLongerInForce,
        };
        let spec = proposed()
            .event(&person("rosa"), confirmed("alder"))
            .event(&person("ben"), confirmed("birch"))
            .done(&person("policy"), &fail);
        let record = spec.state().record().expect("filed");
        assert_eq!(record.state(), LoopState::Acknowledged);
        assert!(matches!(record.holder(), contracts::queries::Holder::Department { .. }));
        assert_eq!(
            spec.when(&complete()),
            Ok(None),
            "the department owes another answer first"
        );
    }

    #[test]
    fn what_is_revoked_while_it_lies_before_a_school_must_be_revised_and_what_is_in_use_stays_closed() {
        let revoked = ChangeFlexibility {
            flexibility: FlexibilityId::derived(&["f"]),
            turn: FlexibilityTurn::Revoked,
            event: EventId(uuid::Uuid::from_u128(9)),
        };
        assert_eq!(proposed().when(&revoked), Ok(None), "it rests on nothing yet");
        let spec = proposed()
            .event(&person("rosa"), confirmed("alder"))
            .done(&person("policy"), &complete())
            .done(&person("policy"), &revoked);
        assert_eq!(state_of(&spec, "alder"), LoopState::Closed);
        assert_eq!(state_of(&spec, "birch"), LoopState::Acknowledged);
        let part = &spec.state().record().expect("filed").parts[&school("alder")];
        assert!(matches!(part.phase, Phase::Confirmed { granted: true, .. }));
    }

    #[test]
    fn a_loop_that_reopens_is_not_asked_again_about_what_is_gone() {
        let revoked = ChangeFlexibility {
            flexibility: FlexibilityId::derived(&["f"]),
            turn: FlexibilityTurn::Revoked,
            event: EventId(uuid::Uuid::from_u128(9)),
        };
        let closed = proposed()
            .event(&person("rosa"), confirmed("alder"))
            .event(&person("ben"), confirmed("birch"))
            .done(&person("policy"), &complete())
            .done(&person("policy"), &revoked);
        assert_eq!(closed.state().record().expect("filed").state(), LoopState::Closed);
        let again = IntakeEvent::from(contracts::events::intake::FollowUpRecorded {
            school: school("alder"),
            still_works: false,
            text: None,
            reopens: true,
        });
        let newcomer = IntakeEvent::from(SchoolJoined {
            school: school("cedar"),
            how_it_meets_us: None,
        });
        let spec = closed.event(&person("rosa"), again).event(&person("ines"), newcomer);
        assert!(spec.state().record().expect("filed").unanswered_parts().is_empty());
        let renewed = ChangeFlexibility {
            turn: FlexibilityTurn::Renewed,
            event: EventId(uuid::Uuid::from_u128(10)),
            ..revoked
        };
        let spec = spec.done(&person("policy"), &renewed);
        assert!(
            spec.state().record().expect("filed").unanswered_parts().is_empty(),
            "the department owes another answer"
        );
    }
}
