//! Weeks after closing: does it still work?

use chrono::{DateTime, Utc};
use contracts::events::IntakeEvent;
use contracts::events::intake::FollowUpRecorded;
use contracts::ids::SchoolId;
use contracts::sealed::Sealed;
use contracts::vocabulary::LoopState;
use decider::Decide;
use domain::{Loop, Rejection};

/// Says whether it still works. "No longer" reopens the loop once; later a new one is linked to it.
#[derive(Debug, Clone)]
pub struct FollowUp {
    /// The school.
    pub school: SchoolId,
    /// Yes or no.
    pub still_works: bool,
    /// In which classrooms, and what changed.
    pub text: Option<Sealed>,
}

impl Decide<Loop> for FollowUp {
    type Event = IntakeEvent;
    type Rejection = Rejection;

    fn decide(&self, state: &Loop, _: DateTime<Utc>) -> Result<Option<IntakeEvent>, Rejection> {
        let record = state.filed()?;
        if !record.is_in(self.school) {
            return Err(Rejection::NotIn { school: self.school });
        }
        if record.state_of(self.school) != LoopState::Closed {
            return Err(Rejection::NotClosed);
        }
        let recorded = FollowUpRecorded {
            school: self.school,
            still_works: self.still_works,
            text: self.text.clone(),
            reopens: !self.still_works && !record.reopened_by_follow_up,
        };
        Ok(Some(recorded.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::events::intake::OutcomeConfirmed;
    use contracts::events::resolution::{ResolutionEvent, ResolutionProposed, ResolutionRevised};
    use contracts::events::routing::RoutingEvent;
    use contracts::vocabulary::ResolutionKind;
    use decider::given;
    use domain::samples::{filed, person, routed, school, sealed};

    #[test]
    fn no_longer_reopens_once() {
        let no = FollowUp {
            school: school("alder"),
            still_works: false,
            text: None,
        };
        let confirmed = |revision| {
            IntakeEvent::from(OutcomeConfirmed {
                school: school("alder"),
                revision,
                words: None,
            })
        };
        let kind = ResolutionKind::Support;
        let spec = given::<Loop>()
            .event(&person("rosa"), IntakeEvent::from(filed("alder")))
            .event(&person("policy"), RoutingEvent::from(routed("curriculum")));
        assert_eq!(spec.when(&no), Err(Rejection::NotClosed));
        let spec = spec
            .event(
                &person("marcus"),
                ResolutionEvent::from(ResolutionProposed {
                    revision: 1,
                    kind,
                    summary: sealed("s"),
                    rationale: None,
                    flexibility: None,
                    promise: None,
                    pattern: None,
                }),
            )
            .event(&person("rosa"), confirmed(1))
            .done(&person("rosa"), &no);
        assert_eq!(spec.state().record().expect("filed").state(), LoopState::Reopened);
        let spec = spec
            .event(
                &person("marcus"),
                ResolutionEvent::from(ResolutionRevised {
                    revision: 2,
                    kind,
                    summary: sealed("s"),
                    rationale: None,
                    flexibility: None,
                    promise: None,
                    pattern: None,
                }),
            )
            .event(&person("rosa"), confirmed(2))
            .done(&person("rosa"), &no);
        assert_eq!(
            spec.state().record().expect("filed").state(),
            LoopState::Closed,
            "the second time it stays closed"
        );
    }
}
