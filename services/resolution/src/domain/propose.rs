//! An answer for the schools, or a new revision of it.

use chrono::{DateTime, Utc};
use contracts::events::ResolutionEvent;
use contracts::events::resolution::{Promise, ResolutionProposed, ResolutionRevised};
use contracts::ids::{FlexibilityId, PatternId};
use contracts::sealed::Sealed;
use contracts::vocabulary::ResolutionKind;
use decider::Decide;
use domain::{Loop, Rejection};

use super::{at_work, no_appeal_pending};

/// Proposes an answer. Where one stands, this is a new revision, which voids what schools said of the older one.
#[derive(Debug, Clone)]
pub struct Propose {
    /// What kind of answer.
    pub kind: ResolutionKind,
    /// What will be different.
    pub summary: Sealed,
    /// Why.
    pub rationale: Option<Sealed>,
    /// The flexibility it rests on.
    pub flexibility: Option<FlexibilityId>,
    /// What is granted once a school confirms it.
    pub promise: Option<Promise>,
    /// The pattern whose adopted change it is.
    pub pattern: Option<PatternId>,
    /// The episode it was meant for.
    pub episode: Option<u32>,
}

impl Decide<Loop> for Propose {
    type Event = ResolutionEvent;
    type Rejection = Rejection;

    fn decide(&self, state: &Loop, _: DateTime<Utc>) -> Result<Option<ResolutionEvent>, Rejection> {
        let record = state.filed()?;
        at_work(record, self.episode)?;
        no_appeal_pending(record)?;
        let revision = record.revisions + 1;
        let (kind, flexibility) = (self.kind, self.flexibility);
        let (summary, rationale, promise) = (self.summary.clone(), self.rationale.clone(), self.promise.clone());
        Ok(Some(if record.proposal.is_some() {
            ResolutionRevised {
                revision,
                kind,
                summary,
                rationale,
                flexibility,
                promise,
                pattern: self.pattern,
            }
            .into()
        } else {
            ResolutionProposed {
                revision,
                kind,
                summary,
                rationale,
                flexibility,
                promise,
                pattern: self.pattern,
            }
            .into()
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::events::intake::{IntakeEvent, TensionWithdrawn};
    use contracts::events::routing::RoutingEvent;
    use contracts::vocabulary::LoopState;
    use decider::given;
    use domain::samples::{filed, person, routed, school, sealed};

    fn propose() -> Propose {
        Propose {
            kind: ResolutionKind::Support,
            summary: sealed("s"),
            rationale: None,
            flexibility: None,
            promise: None,
            pattern: None,
            episode: None,
        }
    }

    #[test]
    fn the_second_answer_is_a_revision_of_the_first() {
        let spec = given::<Loop>()
            .event(&person("rosa"), IntakeEvent::from(filed("alder")))
            .event(&person("policy"), RoutingEvent::from(routed("curriculum")))
            .done(&person("marcus"), &propose());
        assert!(matches!(
            spec.when(&propose()),
            Ok(Some(ResolutionEvent::ResolutionRevised(ResolutionRevised {
                revision: 2,
                ..
            })))
        ));
        // A proposal is a first word too: nobody has to acknowledge before.
        assert!(spec.state().record().expect("filed").time.acknowledge_from.is_none());
    }

    #[test]
    fn what_the_school_withdrew_first_cannot_be_answered() {
        let spec = given::<Loop>()
            .event(&person("rosa"), IntakeEvent::from(filed("alder")))
            .event(&person("policy"), RoutingEvent::from(routed("curriculum")))
            .event(
                &person("rosa"),
                IntakeEvent::from(TensionWithdrawn {
                    school: school("alder"),
                    why: None,
                }),
            );
        assert_eq!(
            spec.when(&propose()),
            Err(Rejection::Ended {
                state: LoopState::Withdrawn
            })
        );
    }
}
