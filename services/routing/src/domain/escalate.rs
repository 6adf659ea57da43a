//! Somebody above is asked.

use chrono::{DateTime, Utc};
use contracts::events::RoutingEvent;
use contracts::events::routing::{About, Escalated};
use contracts::sealed::Sealed;
use contracts::vocabulary::EscalatedTo;
use decider::Decide;
use domain::district_loop::Appeal;
use domain::{Loop, Rejection};

/// Escalates; what lies with the contact can go on to a leader.
#[derive(Debug, Clone)]
pub struct Escalate {
    /// To whom.
    pub to: EscalatedTo,
    /// Why.
    pub why: Option<Sealed>,
    /// Whether the person may ask a leader directly.
    pub may_ask_leader: bool,
}

impl Decide<Loop> for Escalate {
    type Event = RoutingEvent;
    type Rejection = Rejection;

    fn decide(&self, state: &Loop, _: DateTime<Utc>) -> Result<Option<RoutingEvent>, Rejection> {
        let record = state.filed()?;
        record.still_open()?;
        if self.to == EscalatedTo::Leader && !self.may_ask_leader {
            return Err(Rejection::OnlyToContact);
        }
        match &record.escalation {
            Some(open) if open.to >= self.to => return Err(Rejection::AlreadyEscalated { to: open.to }),
            Some(_) | None => {}
        }
        let about = if matches!(record.appeal, Appeal::Pending { .. }) {
            About::Appeal
        } else {
            About::Concern
        };
        Ok(Some(
            Escalated {
                to: self.to,
                about,
                why: self.why.clone(),
            }
            .into(),
        ))
    }
}

/// Takes a school's appeal to the contact; where it is decided by now, nothing is left to take. What lies above about
/// something else becomes about the appeal: were only the other thing decided there, nobody would be asked about this.
#[derive(Debug, Clone, Copy)]
pub struct EscalateAppeal;

impl Decide<Loop> for EscalateAppeal {
    type Event = RoutingEvent;
    type Rejection = Rejection;

    fn decide(&self, state: &Loop, _: DateTime<Utc>) -> Result<Option<RoutingEvent>, Rejection> {
        let record = state.filed()?;
        match record.appeal {
            Appeal::Pending { .. } => {}
            Appeal::None | Appeal::Decided(_) => return Ok(None),
        }
        record.still_open()?;
        let to = match &record.escalation {
            Some(open) if open.about == About::Appeal => return Err(Rejection::AlreadyEscalated { to: open.to }),
            Some(open) => open.to,
            None => EscalatedTo::Contact,
        };
        let escalated = Escalated {
            to,
            about: About::Appeal,
            why: None,
        };
        Ok(Some(escalated.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::events::intake::{Appealed, SchoolJoined};
    use contracts::events::resolution::CaseDeclined;
    use contracts::events::routing::EscalationDecided;
    use contracts::events::{IntakeEvent, ResolutionEvent};
    use contracts::queries::Holder;
    use contracts::vocabulary::{AppealOutcome, DeclineGround};
    use decider::{Spec, given};
    use domain::samples::{filed, person, routed, school, sealed};

    fn filed_and_routed() -> Spec<Loop> {
        given::<Loop>()
            .event(&person("rosa"), IntakeEvent::from(filed("alder")))
            .event(&person("policy"), RoutingEvent::from(routed("curriculum")))
    }

    fn declined() -> Spec<Loop> {
        let declined = CaseDeclined {
            ground: DeclineGround::NonNegotiable,
            reason: sealed("r"),
            review_on: None,
            may_appeal: true,
        };
        filed_and_routed().event(&person("marcus"), ResolutionEvent::from(declined))
    }

    fn appealed() -> IntakeEvent {
        Appealed {
            school: school("alder"),
            why: sealed("w"),
        }
        .into()
    }

    #[test]
    fn an_appeal_that_is_decided_is_not_taken_to_the_contact_as_another_concern() {
        let spec = declined().event(&person("rosa"), appealed());
        // The contact is faster than the policy.
        let escalate = Escalate {
            to: EscalatedTo::Contact,
            why: Some(sealed("w")),
            may_ask_leader: true,
        };
        let spec = spec.done(&person("carol"), &escalate);
        assert!(matches!(
            spec.when(&EscalateAppeal),
            Err(Rejection::AlreadyEscalated { .. })
        ));
        let decided = EscalationDecided {
            escalation: spec.last_id(),
            outcome: Some(AppealOutcome::Overturn),
            decision: sealed("d"),
            why: None,
        };
        let spec = spec.event(&person("carol"), RoutingEvent::from(decided));
        assert_eq!(spec.when(&EscalateAppeal), Ok(None));
    }

    #[test]
    fn an_appeal_takes_the_place_of_another_concern_that_lies_above() {
        for to in [EscalatedTo::Contact, EscalatedTo::Leader] {
            let concern = Escalate {
                to,
                why: Some(sealed("w")),
                may_ask_leader: true,
            };
            // Another school is in it still, and has a concern of its own.
            let joined = SchoolJoined {
                school: school("birch"),
                how_it_meets_us: None,
            };
            let spec = declined()
                .event(&person("ben"), IntakeEvent::from(joined))
                .done(&person("carol"), &concern);
            let of_the_concern = spec.last_id();
            let spec = spec
                .event(&person("rosa"), appealed())
                .done(&person("policy"), &EscalateAppeal);
            let open = spec
                .state()
                .record()
                .expect("filed")
                .escalation
                .clone()
                .expect("it lies above");
            assert_eq!((open.to, open.about), (to, About::Appeal));
            assert_ne!(open.id, of_the_concern, "what was said of the concern comes too late");
            assert_eq!(
                spec.when(&EscalateAppeal),
                Err(Rejection::AlreadyEscalated { to }),
                "a repeated delivery changes nothing"
            );
        }
    }

    #[test]
    fn it_goes_up_and_not_sideways() {
        let escalate = |to, may_ask_leader| Escalate {
            to,
            why: Some(sealed("w")),
            may_ask_leader,
        };
        let spec = filed_and_routed();
        assert_eq!(
            spec.when(&escalate(EscalatedTo::Leader, false)),
            Err(Rejection::OnlyToContact)
        );
        let spec = spec.done(&person("rosa"), &escalate(EscalatedTo::Contact, false));
        assert_eq!(spec.state().record().expect("filed").holder(), Holder::Contact);
        let again = Err(Rejection::AlreadyEscalated {
            to: EscalatedTo::Contact,
        });
        assert_eq!(spec.when(&escalate(EscalatedTo::Contact, true)), again);
        let spec = spec.done(&person("carol"), &escalate(EscalatedTo::Leader, true));
        assert_eq!(spec.state().record().expect("filed").holder(), Holder::Leader);
    }
}
