//! This school: it works.

use chrono::{DateTime, Utc};
use contracts::events::IntakeEvent;
use contracts::events::intake::OutcomeConfirmed;
use contracts::ids::SchoolId;
use contracts::sealed::Sealed;
use decider::Decide;
use domain::district_loop::{Grant, LoopRecord};
use domain::{Loop, Rejection};

/// Says that the answer works in this school.
#[derive(Debug, Clone)]
pub struct Confirm {
    /// The school.
    pub school: SchoolId,
    /// The revision spoken of; else the current one.
    pub revision: Option<u32>,
    /// A word with it.
    pub words: Option<Sealed>,
}

/// The revision that a school may confirm or refuse now.
pub(super) fn answerable(record: &LoopRecord, school: SchoolId, named: Option<u32>) -> Result<u32, Rejection> {
    let proposal = record.proposal.as_ref().ok_or(Rejection::NothingProposed)?;
    match named {
        Some(named) if named != proposal.revision => {
            return Err(Rejection::AnotherRevision {
                named,
                current: proposal.revision,
            });
        }
        Some(_) | None => {}
    }
    match proposal.grant {
        Grant::NotNeeded | Grant::OnConfirmation | Grant::Completed => {}
        Grant::Awaited => return Err(Rejection::StateHasNotAnswered),
        Grant::Failed => return Err(Rejection::NothingProposed),
    }
    let part = record.open_part(school)?;
    if proposal.revision <= part.refused {
        return Err(Rejection::AlreadySaid {
            state: record.state_of(school),
        });
    }
    Ok(proposal.revision)
}

impl Decide<Loop> for Confirm {
    type Event = IntakeEvent;
    type Rejection = Rejection;

    fn decide(&self, state: &Loop, _: DateTime<Utc>) -> Result<Option<IntakeEvent>, Rejection> {
        let record = state.filed()?;
        if !record.is_in(self.school) {
            return Err(Rejection::NotIn { school: self.school });
        }
        record.still_open()?;
        let revision = answerable(record, self.school, self.revision)?;
        Ok(Some(
            OutcomeConfirmed {
                school: self.school,
                revision,
                words: self.words.clone(),
            }
            .into(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Join, Refuse};
    use contracts::events::resolution::{GrantCompleted, ResolutionEvent, ResolutionProposed, ResolutionRevised};
    use contracts::events::routing::RoutingEvent;
    use contracts::vocabulary::{LoopState, ResolutionKind};
    use decider::{Spec, given};
    use domain::samples::{filed, person, routed, school, sealed};

    fn proposed(kind: ResolutionKind) -> Spec<Loop> {
        given::<Loop>()
            .event(&person("rosa"), IntakeEvent::from(filed("alder")))
            .event(&person("policy"), RoutingEvent::from(routed("curriculum")))
            .done(
                &person("ann"),
                &Join {
                    school: school("birch"),
                    how_it_meets_us: None,
                },
            )
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
    }

    fn revised(revision: u32) -> ResolutionEvent {
        let kind = ResolutionKind::DistrictChange;
        ResolutionRevised {
            revision,
            kind,
            summary: sealed("s"),
            rationale: None,
            flexibility: None,
            promise: None,
            pattern: None,
        }
        .into()
    }

    fn confirm(name: &str, revision: Option<u32>) -> Confirm {
        Confirm {
            school: school(name),
            revision,
            words: None,
        }
    }

    #[test]
    fn each_school_closes_its_own_part_and_the_last_the_loop() {
        let spec = proposed(ResolutionKind::DistrictChange).done(&person("rosa"), &confirm("alder", Some(1)));
        let record = spec.state().record().expect("filed");
        assert_eq!(record.state_of(school("alder")), LoopState::Closed);
        assert_eq!(record.state(), LoopState::Proposed);
        let spec = spec.done(&person("ann"), &confirm("birch", None));
        assert_eq!(spec.state().record().expect("filed").state(), LoopState::Closed);
    }

    #[test]
    fn a_new_revision_voids_older_confirmations_and_asks_again() {
        let spec = proposed(ResolutionKind::DistrictChange)
            .done(&person("rosa"), &confirm("alder", Some(1)))
            .event(&person("marcus"), revised(2));
        assert_eq!(
            spec.state().record().expect("filed").state_of(school("alder")),
            LoopState::Proposed
        );
        let refused = spec.when(&confirm("birch", Some(1)));
        assert_eq!(refused, Err(Rejection::AnotherRevision { named: 1, current: 2 }));
    }

    #[test]
    fn one_refusal_reopens_that_part_alone_until_a_new_revision() {
        let refuse = Refuse {
            school: school("birch"),
            revision: Some(1),
            why: sealed("not here"),
        };
        let spec = proposed(ResolutionKind::DistrictChange)
            .done(&person("rosa"), &confirm("alder", Some(1)))
            .done(&person("ann"), &refuse);
        let record = spec.state().record().expect("filed");
        assert_eq!(record.state_of(school("alder")), LoopState::Closed);
        assert_eq!(record.state_of(school("birch")), LoopState::Reopened);
        assert_eq!(record.with().map(|with| with.acknowledged.is_some()), Some(false));
        assert_eq!(
            spec.when(&confirm("birch", Some(1))),
            Err(Rejection::AlreadySaid {
                state: LoopState::Reopened
            })
        );
        let spec = spec.event(&person("marcus"), revised(2));
        assert_eq!(
            spec.state().record().expect("filed").state_of(school("alder")),
            LoopState::Proposed
        );
    }

    #[test]
    fn a_request_to_the_state_is_confirmed_only_when_the_state_has_answered() {
        let spec = proposed(ResolutionKind::StateWaiver);
        assert_eq!(
            spec.state().record().expect("filed").state(),
            LoopState::WaitingForState
        );
        assert_eq!(
            spec.when(&confirm("alder", Some(1))),
            Err(Rejection::StateHasNotAnswered)
        );
        let granted = ResolutionEvent::from(GrantCompleted {
            revision: 1,
            text: None,
            flexibility: None,
        });
        let spec = spec.event(&person("marcus"), granted);
        assert!(spec.when(&confirm("alder", Some(1))).is_ok());
    }
}
