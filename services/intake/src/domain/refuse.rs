//! This school: it does not work, and why. Its part reopens to the same owner.

use chrono::{DateTime, Utc};
use contracts::events::IntakeEvent;
use contracts::events::intake::OutcomeRefused;
use contracts::ids::SchoolId;
use contracts::sealed::Sealed;
use decider::Decide;
use domain::{Loop, Rejection};

use super::confirm::answerable;

/// Says that the answer does not work in this school.
#[derive(Debug, Clone)]
pub struct Refuse {
    /// The school.
    pub school: SchoolId,
    /// The revision spoken of; else the current one.
    pub revision: Option<u32>,
    /// Why.
    pub why: Sealed,
}

impl Decide<Loop> for Refuse {
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
            OutcomeRefused {
                school: self.school,
                revision,
                why: self.why.clone(),
            }
            .into(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use decider::given;
    use domain::samples::{filed, person, school, sealed};

    #[test]
    fn there_must_be_an_answer_to_refuse() {
        let spec = given::<Loop>().event(&person("rosa"), IntakeEvent::from(filed("alder")));
        let refuse = Refuse {
            school: school("alder"),
            revision: None,
            why: sealed("why"),
        };
        assert_eq!(spec.when(&refuse), Err(Rejection::NothingProposed));
        let other = Refuse {
            school: school("birch"),
            ..refuse
        };
        assert_eq!(
            spec.when(&other),
            Err(Rejection::NotIn {
                school: school("birch")
            })
        );
    }
}
