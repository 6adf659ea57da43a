//! What the state said to a request.

use chrono::{DateTime, Utc};
use contracts::events::ResolutionEvent;
use contracts::events::resolution::{GrantCompleted, GrantFailed};
use contracts::ids::FlexibilityId;
use contracts::sealed::Sealed;
use decider::Decide;
use domain::district_loop::Grant;
use domain::{Loop, Rejection};

use super::at_work;

/// Records the state's answer. Granted, the schools are asked whether it works; denied, the department owes another
/// answer.
#[derive(Debug, Clone)]
pub struct StateAnswer {
    /// Whether it said yes.
    pub granted: bool,
    /// What it said.
    pub text: Option<Sealed>,
    /// The revision whose request it answers; the present one where absent.
    pub revision: Option<u32>,
    /// Where it stands in the register.
    pub flexibility: Option<FlexibilityId>,
}

impl Decide<Loop> for StateAnswer {
    type Event = ResolutionEvent;
    type Rejection = Rejection;

    fn decide(&self, state: &Loop, _: DateTime<Utc>) -> Result<Option<ResolutionEvent>, Rejection> {
        let record = state.filed()?;
        at_work(record, None)?;
        let proposal = record
            .proposal
            .as_ref()
            .filter(|proposal| proposal.grant == Grant::Awaited)
            .filter(|proposal| self.revision.is_none_or(|revision| revision == proposal.revision))
            .ok_or(Rejection::NothingAskedOfState)?;
        let (revision, text) = (proposal.revision, self.text.clone());
        Ok(Some(if self.granted {
            GrantCompleted {
                revision,
                text,
                flexibility: self.flexibility,
            }
            .into()
        } else {
            GrantFailed {
                revision,
                text,
                ground: None,
            }
            .into()
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Propose;
    use contracts::events::intake::IntakeEvent;
    use contracts::events::routing::RoutingEvent;
    use contracts::vocabulary::{LoopState, ResolutionKind};
    use decider::given;
    use domain::samples::{filed, person, routed, sealed};

    #[test]
    fn a_request_waits_for_a_recorded_answer_with_its_clocks_paused() {
        let propose = |kind| Propose {
            kind,
            summary: sealed("s"),
            rationale: None,
            flexibility: None,
            promise: None,
            pattern: None,
            episode: None,
        };
        let answer = |granted| StateAnswer {
            granted,
            text: None,
            revision: None,
            flexibility: None,
        };
        let spec = given::<Loop>()
            .event(&person("rosa"), IntakeEvent::from(filed("alder")))
            .event(&person("policy"), RoutingEvent::from(routed("curriculum")))
            .done(&person("marcus"), &propose(ResolutionKind::StateWaiver));
        let record = spec.state().record().expect("filed");
        assert_eq!((record.state(), record.is_paused()), (LoopState::WaitingForState, true));
        let denied = spec.clone().done(&person("marcus"), &answer(false));
        let record = denied.state().record().expect("filed");
        assert_eq!((record.state(), record.is_paused()), (LoopState::Acknowledged, false));
        let granted = spec.done(&person("marcus"), &answer(true));
        assert_eq!(granted.state().record().expect("filed").state(), LoopState::Proposed);
        assert_eq!(granted.when(&answer(true)), Err(Rejection::NothingAskedOfState));
    }
}
