//! Somebody above has answered.

use chrono::{DateTime, Utc};
use contracts::events::RoutingEvent;
use contracts::events::routing::{About, EscalationDecided};
use contracts::ids::EventId;
use contracts::sealed::Sealed;
use contracts::vocabulary::{AppealOutcome, EscalatedTo};
use decider::Decide;
use domain::{Loop, Rejection};

/// Decides what was escalated.
#[derive(Debug, Clone)]
pub struct DecideEscalation {
    /// The escalation; else the open one.
    pub regarding: Option<EventId>,
    /// What the person may decide.
    pub may_decide: Vec<EscalatedTo>,
    /// On an appeal: whether the decline stands.
    pub outcome: Option<AppealOutcome>,
    /// What was decided.
    pub decision: Sealed,
    /// Why.
    pub why: Option<Sealed>,
}

impl Decide<Loop> for DecideEscalation {
    type Event = RoutingEvent;
    type Rejection = Rejection;

    fn decide(&self, state: &Loop, _: DateTime<Utc>) -> Result<Option<RoutingEvent>, Rejection> {
        let record = state.filed()?;
        record.still_open()?;
        let escalation = record.escalation.as_ref().ok_or(Rejection::NotEscalated)?;
        match self.regarding {
            Some(regarding) if regarding != escalation.id => return Err(Rejection::MatterOver),
            Some(_) | None => {}
        }
        if !self.may_decide.contains(&escalation.to) {
            return Err(Rejection::NotYoursToDecide { to: escalation.to });
        }
        let appealed = escalation.about == About::Appeal;
        if appealed && self.outcome.is_none() {
            return Err(Rejection::OutcomeNeeded {
                about: escalation.about,
            });
        }
        let decided = EscalationDecided {
            escalation: escalation.id,
            outcome: self.outcome.filter(|_| appealed),
            decision: self.decision.clone(),
            why: self.why.clone(),
        };
        Ok(Some(decided.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Escalate;
    use contracts::events::IntakeEvent;
    use decider::given;
    use domain::samples::{filed, person, routed, sealed};

    #[test]
    fn what_a_leader_was_asked_a_leader_decides() {
        let decide = |may_decide: &[EscalatedTo]| DecideEscalation {
            regarding: None,
            may_decide: may_decide.to_vec(),
            outcome: None,
            decision: sealed("d"),
            why: None,
        };
        let spec = given::<Loop>()
            .event(&person("rosa"), IntakeEvent::from(filed("alder")))
            .event(&person("policy"), RoutingEvent::from(routed("curriculum")));
        assert_eq!(
            spec.when(&decide(&[EscalatedTo::Contact])),
            Err(Rejection::NotEscalated)
        );
        let ask = Escalate {
            to: EscalatedTo::Leader,
            why: None,
            may_ask_leader: true,
        };
        let spec = spec.done(&person("carol"), &ask);
        let not_hers = Err(Rejection::NotYoursToDecide {
            to: EscalatedTo::Leader,
        });
        assert_eq!(spec.when(&decide(&[EscalatedTo::Contact])), not_hers);
        assert!(spec.when(&decide(&[EscalatedTo::Leader])).is_ok());
    }
}
