//! Another school: us too.

use chrono::{DateTime, Utc};
use contracts::events::IntakeEvent;
use contracts::events::intake::SchoolJoined;
use contracts::ids::SchoolId;
use contracts::sealed::Sealed;
use contracts::vocabulary::{LoopState, Visibility};
use decider::Decide;
use domain::{Loop, Rejection};

/// Joins a loop that another school filed.
#[derive(Debug, Clone)]
pub struct Join {
    /// The school.
    pub school: SchoolId,
    /// How the same thing meets it.
    pub how_it_meets_us: Option<Sealed>,
}

impl Decide<Loop> for Join {
    type Event = IntakeEvent;
    type Rejection = Rejection;

    fn decide(&self, state: &Loop, _: DateTime<Utc>) -> Result<Option<IntakeEvent>, Rejection> {
        let record = state.filed()?;
        if record.tension.visibility != Visibility::Joinable {
            return Err(Rejection::NotJoinable);
        }
        if record.is_in(self.school) {
            return Err(Rejection::AlreadyIn { school: self.school });
        }
        match record.state() {
            LoopState::Closed => Err(Rejection::ClosedBeforeJoining),
            state @ (LoopState::Declined | LoopState::Withdrawn) => Err(Rejection::Ended { state }),
            LoopState::Filed
            | LoopState::Triage
            | LoopState::Routed
            | LoopState::Acknowledged
            | LoopState::WaitingForSchool
            | LoopState::WaitingForState
            | LoopState::Reopened
            | LoopState::Proposed => {
                let joined = SchoolJoined {
                    school: self.school,
                    how_it_meets_us: self.how_it_meets_us.clone(),
                };
                Ok(Some(joined.into()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::events::intake::OutcomeConfirmed;
    use contracts::events::resolution::{ResolutionEvent, ResolutionProposed};
    use contracts::events::routing::RoutingEvent;
    use contracts::vocabulary::ResolutionKind;
    use decider::{Spec, given};
    use domain::samples::{filed, person, routed, school, sealed};

    fn proposed() -> Spec<Loop> {
        given::<Loop>()
            .event(&person("rosa"), IntakeEvent::from(filed("alder")))
            .event(&person("policy"), RoutingEvent::from(routed("curriculum")))
            .event(
                &person("marcus"),
                ResolutionEvent::from(ResolutionProposed {
                    revision: 1,
                    kind: ResolutionKind::AlreadyAllowed,
                    summary: sealed("it is allowed"),
                    rationale: None,
                    flexibility: None,
                    promise: None,
                    pattern: None,
                }),
            )
    }

    fn confirmed(by: &str) -> IntakeEvent {
        OutcomeConfirmed {
            school: school(by),
            revision: 1,
            words: None,
        }
        .into()
    }

    #[test]
    fn joined_first_the_loop_stays_open_and_asks_the_newcomer() {
        let spec = proposed()
            .done(
                &person("ann"),
                &Join {
                    school: school("birch"),
                    how_it_meets_us: None,
                },
            )
            .event(&person("rosa"), confirmed("alder"));
        let record = spec.state().record().expect("filed");
        assert_eq!(record.state(), LoopState::Proposed);
        assert_eq!(record.unanswered_parts(), vec![school("birch")]);
    }

    #[test]
    fn closed_first_joining_is_refused() {
        let spec = proposed().event(&person("rosa"), confirmed("alder"));
        let join = Join {
            school: school("birch"),
            how_it_meets_us: None,
        };
        assert_eq!(spec.when(&join), Err(Rejection::ClosedBeforeJoining));
    }
}
