//! A pattern is seen, a change of its rule goes before a team, and the team decides.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use contracts::events::PatternEvent;
use contracts::events::pattern::{PatternDetected, PolicyRevisionDecided, PolicyRevisionProposed};
use contracts::ids::{FlexibilityId, LoopId, TeamId};
use contracts::sealed::Sealed;
use contracts::vocabulary::PatternStanding;
use decider::Decide;
use domain::Pattern;

use super::OfficeRefusal;

/// A threshold is reached. Seen once, it stands.
#[derive(Debug, Clone)]
pub struct Detect(pub PatternDetected);

impl Decide<Pattern> for Detect {
    type Event = PatternEvent;
    type Rejection = OfficeRefusal;

    fn decide(&self, state: &Pattern, _: DateTime<Utc>) -> Result<Option<PatternEvent>, OfficeRefusal> {
        Ok(match state {
            Pattern::Absent => Some(self.0.clone().into()),
            Pattern::Seen(_) => None,
        })
    }
}

/// Proposes to change the rule; the number of the proposal is given here.
#[derive(Debug, Clone)]
pub struct ProposeRevision(pub PolicyRevisionProposed);

impl Decide<Pattern> for ProposeRevision {
    type Event = PatternEvent;
    type Rejection = OfficeRefusal;

    fn decide(&self, state: &Pattern, _: DateTime<Utc>) -> Result<Option<PatternEvent>, OfficeRefusal> {
        let record = state.record().ok_or(OfficeRefusal::NotThere)?;
        match record.standing {
            PatternStanding::Detected | PatternStanding::Kept => Ok(Some(
                PolicyRevisionProposed {
                    revision: record.revisions + 1,
                    ..self.0.clone()
                }
                .into(),
            )),
            standing @ (PatternStanding::Proposed | PatternStanding::Adopted) => {
                Err(OfficeRefusal::PatternStands { standing })
            }
        }
    }
}

/// Decides for the team.
#[derive(Debug, Clone)]
pub struct DecideRevision {
    /// The teams that the person is a member of.
    pub teams: BTreeSet<TeamId>,
    /// Which proposal, else the open one.
    pub revision: Option<u32>,
    /// Whether the rule changes.
    pub adopted: bool,
    /// What is decided, in words.
    pub decision: Sealed,
    /// The open loops that it answers.
    pub answers: BTreeSet<LoopId>,
    /// Where the changed rule will stand.
    pub flexibility: FlexibilityId,
}

impl Decide<Pattern> for DecideRevision {
    type Event = PatternEvent;
    type Rejection = OfficeRefusal;

    fn permits(&self, state: &Pattern) -> Result<(), OfficeRefusal> {
        let proposal = state.record().and_then(|record| record.proposal.as_ref());
        match proposal {
            Some(proposal) if !self.teams.contains(&proposal.said.team) => Err(OfficeRefusal::NotYourTeam),
            Some(_) | None => Ok(()),
        }
    }

    fn decide(&self, state: &Pattern, _: DateTime<Utc>) -> Result<Option<PatternEvent>, OfficeRefusal> {
        let record = state.record().ok_or(OfficeRefusal::NotThere)?;
        let said = &record.before_team().ok_or(OfficeRefusal::NotBeforeTeam)?.said;
        if self.revision.is_some_and(|revision| revision != said.revision) {
            return Err(OfficeRefusal::OtherRevision { current: said.revision });
        }
        let adopted = |value: &Sealed| self.adopted.then(|| value.clone());
        Ok(Some(
            PolicyRevisionDecided {
                revision: said.revision,
                adopted: self.adopted,
                decision: self.decision.clone(),
                answers: if self.adopted {
                    self.answers.clone()
                } else {
                    BTreeSet::new()
                },
                flexibility: self.adopted.then_some(self.flexibility),
                text: adopted(&said.text),
                rationale: said.rationale.as_ref().and_then(adopted),
            }
            .into(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::events::flexibility::Rule;
    use contracts::events::pattern::Basis;
    use contracts::vocabulary::{PatternGround, RuleSource};
    use decider::{Spec, given};
    use domain::samples::{department, filed, person, sealed};

    fn rule() -> Rule {
        Rule {
            source: RuleSource::BoardPolicy,
            citation: None,
            clause: None,
        }
    }

    fn seen() -> Spec<Pattern> {
        let detected = PatternDetected {
            basis: Basis::Clause { rule: rule() },
            area: filed("alder").area,
            ground: PatternGround::Schools,
            threshold: 3,
            days: 365,
            loops: BTreeSet::new(),
            exceptions: BTreeSet::new(),
            schools: BTreeSet::new(),
        };
        given::<Pattern>().done(&person("policy"), &Detect(detected))
    }

    fn propose() -> ProposeRevision {
        ProposeRevision(PolicyRevisionProposed {
            revision: 0,
            key: filed("alder").key,
            title: sealed("t"),
            text: sealed("x"),
            rationale: None,
            rule: rule(),
            conditions: None,
            stays_required: None,
            widens: None,
            department: department("curriculum"),
            team: TeamId::derived(&["council"]),
        })
    }

    fn decide(adopted: bool) -> DecideRevision {
        DecideRevision {
            teams: [TeamId::derived(&["council"])].into(),
            revision: None,
            adopted,
            decision: sealed("d"),
            answers: [LoopId::derived(&["l"])].into(),
            flexibility: FlexibilityId::derived(&["f"]),
        }
    }

    #[test]
    fn a_change_is_decided_once_and_by_its_team() {
        let spec = seen().done(&person("june"), &propose());
        assert!(matches!(
            spec.when(&propose()),
            Err(OfficeRefusal::PatternStands { .. })
        ));
        let stranger = DecideRevision {
            teams: BTreeSet::new(),
            ..decide(true)
        };
        assert_eq!(spec.when(&stranger), Err(OfficeRefusal::NotYourTeam));
        let other = DecideRevision {
            revision: Some(2),
            ..decide(true)
        };
        assert_eq!(spec.when(&other), Err(OfficeRefusal::OtherRevision { current: 1 }));
        let spec = spec.done(&person("june"), &decide(true));
        assert_eq!(spec.state().record().expect("seen").standing, PatternStanding::Adopted);
        assert_eq!(spec.when(&decide(true)), Err(OfficeRefusal::NotBeforeTeam));
    }

    #[test]
    fn what_a_team_left_as_it_is_can_be_proposed_again_and_answers_nothing() {
        let spec = seen()
            .done(&person("june"), &propose())
            .done(&person("june"), &decide(false));
        let record = spec.state().record().expect("seen");
        assert_eq!(record.standing, PatternStanding::Kept);
        let decided = record.proposal.as_ref().and_then(|proposal| proposal.decided.as_ref());
        assert!(decided.is_some_and(|decided| decided.answers.is_empty() && decided.flexibility.is_none()));
        let spec = spec.done(&person("june"), &propose());
        assert_eq!(spec.state().record().expect("seen").revisions, 2);
    }
}
