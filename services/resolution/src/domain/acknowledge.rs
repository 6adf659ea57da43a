//! A named person of the department says a first word to the school.

use chrono::{DateTime, Utc};
use contracts::events::ResolutionEvent;
use contracts::events::resolution::CaseAcknowledged;
use contracts::sealed::Sealed;
use decider::Decide;
use domain::{Loop, Rejection};

use super::{at_work, no_appeal_pending};

/// Acknowledges; once an episode.
#[derive(Debug, Clone)]
pub struct Acknowledge {
    /// The word.
    pub word: Sealed,
    /// The episode it was meant for.
    pub episode: Option<u32>,
}

impl Decide<Loop> for Acknowledge {
    type Event = ResolutionEvent;
    type Rejection = Rejection;

    fn decide(&self, state: &Loop, _: DateTime<Utc>) -> Result<Option<ResolutionEvent>, Rejection> {
        let record = state.filed()?;
        let with = at_work(record, self.episode)?;
        no_appeal_pending(record)?;
        if let Some(acknowledged) = &with.acknowledged {
            return Err(Rejection::AlreadyAcknowledged {
                by: acknowledged.by,
                at: acknowledged.at,
            });
        }
        Ok(Some(
            CaseAcknowledged {
                department: with.department,
                word: self.word.clone(),
            }
            .into(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::events::intake::{IntakeEvent, OutcomeRefused};
    use contracts::events::resolution::ResolutionProposed;
    use contracts::events::routing::RoutingEvent;
    use contracts::vocabulary::{LoopState, ResolutionKind};
    use decider::given;
    use domain::samples::{filed, person, routed, school, sealed};

    fn acknowledge(episode: Option<u32>) -> Acknowledge {
        Acknowledge {
            word: sealed("we have it"),
            episode,
        }
    }

    #[test]
    fn a_first_word_is_said_once_an_episode() {
        let spec = given::<Loop>().event(&person("rosa"), IntakeEvent::from(filed("alder")));
        assert_eq!(spec.when(&acknowledge(None)), Err(Rejection::NotRouted));
        let spec = spec
            .event(&person("policy"), RoutingEvent::from(routed("curriculum")))
            .done(&person("marcus"), &acknowledge(Some(1)));
        assert_eq!(spec.state().record().expect("filed").state(), LoopState::Acknowledged);
        assert!(matches!(
            spec.when(&acknowledge(None)),
            Err(Rejection::AlreadyAcknowledged { .. })
        ));
        let refused = spec
            .event(
                &person("marcus"),
                ResolutionEvent::from(ResolutionProposed {
                    revision: 1,
                    kind: ResolutionKind::Support,
                    summary: sealed("s"),
                    rationale: None,
                    flexibility: None,
                    promise: None,
                    pattern: None,
                }),
            )
            .event(
                &person("rosa"),
                IntakeEvent::from(OutcomeRefused {
                    school: school("alder"),
                    revision: 1,
                    why: sealed("no"),
                }),
            );
        // A word meant for before the refusal comes too late; a new one is owed.
        assert_eq!(
            refused.when(&acknowledge(Some(1))),
            Err(Rejection::EpisodeOver { named: 1, current: 2 })
        );
        let again = refused.done(&person("marcus"), &acknowledge(Some(2)));
        assert_eq!(again.state().record().expect("filed").state(), LoopState::Acknowledged);
    }
}
