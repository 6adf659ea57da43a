//! A school takes its tension back. Where others are in it, it leaves and the loop goes on.

use chrono::{DateTime, Utc};
use contracts::events::IntakeEvent;
use contracts::events::intake::{SchoolLeft, TensionWithdrawn};
use contracts::ids::SchoolId;
use contracts::sealed::Sealed;
use decider::Decide;
use domain::{Loop, Rejection};

/// Takes a tension back.
#[derive(Debug, Clone)]
pub struct Withdraw {
    /// The school.
    pub school: SchoolId,
    /// Why.
    pub why: Option<Sealed>,
    /// The episode it was meant for.
    pub episode: Option<u32>,
}

impl Decide<Loop> for Withdraw {
    type Event = IntakeEvent;
    type Rejection = Rejection;

    fn decide(&self, state: &Loop, _: DateTime<Utc>) -> Result<Option<IntakeEvent>, Rejection> {
        let record = state.filed()?;
        record.still_open()?;
        record.in_episode(self.episode)?;
        record.open_part(self.school)?;
        let others = record.schools_in_it().any(|school| school != self.school);
        let why = self.why.clone();
        Ok(Some(if others {
            SchoolLeft {
                school: self.school,
                why,
            }
            .into()
        } else {
            TensionWithdrawn {
                school: self.school,
                why,
            }
            .into()
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Join;
    use contracts::vocabulary::LoopState;
    use decider::given;
    use domain::samples::{filed, person, school};

    fn withdraw(name: &str) -> Withdraw {
        Withdraw {
            school: school(name),
            why: None,
            episode: None,
        }
    }

    #[test]
    fn the_only_school_ends_the_loop() {
        let spec = given::<Loop>()
            .event(&person("rosa"), IntakeEvent::from(filed("alder")))
            .done(&person("rosa"), &withdraw("alder"));
        assert_eq!(spec.state().record().expect("filed").state(), LoopState::Withdrawn);
        assert_eq!(
            spec.when(&withdraw("alder")),
            Err(Rejection::Ended {
                state: LoopState::Withdrawn
            })
        );
    }

    #[test]
    fn one_of_several_leaves_and_the_loop_goes_on() {
        let spec = given::<Loop>()
            .event(&person("rosa"), IntakeEvent::from(filed("alder")))
            .done(
                &person("ann"),
                &Join {
                    school: school("birch"),
                    how_it_meets_us: None,
                },
            );
        let left = SchoolLeft {
            school: school("alder"),
            why: None,
        };
        assert_eq!(spec.when(&withdraw("alder")), Ok(Some(left.into())));
        let spec = spec.done(&person("rosa"), &withdraw("alder"));
        assert_eq!(spec.state().record().expect("filed").state(), LoopState::Filed);
    }

    #[test]
    fn what_was_meant_for_an_episode_that_is_over_is_refused() {
        let spec = given::<Loop>().event(&person("rosa"), IntakeEvent::from(filed("alder")));
        let late = Withdraw {
            episode: Some(2),
            ..withdraw("alder")
        };
        assert_eq!(spec.when(&late), Err(Rejection::EpisodeOver { named: 2, current: 1 }));
    }
}
