//! A team has answered; on an appeal its answer ends the appeal.

use chrono::{DateTime, Utc};
use contracts::events::ResolutionEvent;
use contracts::events::resolution::TeamDecided;
use contracts::events::routing::About;
use contracts::ids::EventId;
use contracts::sealed::Sealed;
use contracts::vocabulary::AppealOutcome;
use decider::Decide;
use domain::district_loop::Appeal;
use domain::{Loop, Rejection};

/// Decides what lies before a team.
#[derive(Debug, Clone)]
pub struct DecideTeam {
    /// The event that asked; else the one that is open.
    pub regarding: Option<EventId>,
    /// On an appeal: whether the decline stands.
    pub outcome: Option<AppealOutcome>,
    /// What was decided.
    pub decision: Sealed,
    /// Why.
    pub why: Option<Sealed>,
}

impl Decide<Loop> for DecideTeam {
    type Event = ResolutionEvent;
    type Rejection = Rejection;

    fn decide(&self, state: &Loop, _: DateTime<Utc>) -> Result<Option<ResolutionEvent>, Rejection> {
        let record = state.filed()?;
        record.still_open()?;
        let matter = record.matter.as_ref().ok_or(Rejection::NotBeforeTeam)?;
        match self.regarding {
            Some(regarding) if regarding != matter.id => return Err(Rejection::MatterOver),
            Some(_) | None => {}
        }
        let appealed = matches!(record.appeal, Appeal::Pending { .. });
        if appealed && self.outcome.is_none() {
            return Err(Rejection::OutcomeNeeded { about: About::Appeal });
        }
        let decided = TeamDecided {
            matter: matter.id,
            team: matter.team,
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
    use crate::domain::PutBeforeTeam;
    use contracts::events::intake::{Appealed, IntakeEvent};
    use contracts::events::resolution::CaseDeclined;
    use contracts::events::routing::RoutingEvent;
    use contracts::ids::TeamId;
    use contracts::vocabulary::{DeclineGround, LoopState};
    use decider::given;
    use domain::samples::{filed, person, routed, school, sealed};

    fn decide(outcome: Option<AppealOutcome>) -> DecideTeam {
        DecideTeam {
            regarding: None,
            outcome,
            decision: sealed("d"),
            why: None,
        }
    }

    fn put() -> PutBeforeTeam {
        PutBeforeTeam {
            team: TeamId::derived(&["council"]),
            question: sealed("may we?"),
        }
    }

    #[test]
    fn a_matter_is_decided_once() {
        let spec = given::<Loop>()
            .event(&person("rosa"), IntakeEvent::from(filed("alder")))
            .event(&person("policy"), RoutingEvent::from(routed("curriculum")));
        assert_eq!(spec.when(&decide(None)), Err(Rejection::NotBeforeTeam));
        let spec = spec.done(&person("marcus"), &put());
        assert_eq!(
            spec.when(&put()),
            Err(Rejection::BeforeTeam {
                team: TeamId::derived(&["council"])
            })
        );
        let spec = spec.done(&person("ines"), &decide(None));
        assert_eq!(spec.when(&decide(None)), Err(Rejection::NotBeforeTeam));
    }

    #[test]
    fn on_an_appeal_the_team_says_what_becomes_of_the_decline() {
        let spec = given::<Loop>()
            .event(&person("rosa"), IntakeEvent::from(filed("alder")))
            .event(&person("policy"), RoutingEvent::from(routed("curriculum")))
            .event(
                &person("marcus"),
                ResolutionEvent::from(CaseDeclined {
                    ground: DeclineGround::NonNegotiable,
                    reason: sealed("r"),
                    review_on: None,
                    may_appeal: true,
                }),
            )
            .event(
                &person("rosa"),
                IntakeEvent::from(Appealed {
                    school: school("alder"),
                    why: sealed("w"),
                }),
            )
            .done(&person("carol"), &put());
        assert_eq!(
            spec.when(&decide(None)),
            Err(Rejection::OutcomeNeeded { about: About::Appeal })
        );
        let spec = spec.done(&person("ines"), &decide(Some(AppealOutcome::Uphold)));
        assert_eq!(spec.state().record().expect("filed").state(), LoopState::Declined);
    }
}
