//! One of several schools is no longer in it; the loop goes on.

use chrono::{DateTime, Utc};
use contracts::events::IntakeEvent;
use contracts::events::intake::SchoolLeft;
use contracts::ids::SchoolId;
use contracts::sealed::Sealed;
use decider::Decide;
use domain::{Loop, Rejection};

/// Leaves a loop to the other schools in it.
#[derive(Debug, Clone)]
pub struct Leave {
    /// The school.
    pub school: SchoolId,
    /// Why.
    pub why: Option<Sealed>,
}

impl Decide<Loop> for Leave {
    type Event = IntakeEvent;
    type Rejection = Rejection;

    fn decide(&self, state: &Loop, _: DateTime<Utc>) -> Result<Option<IntakeEvent>, Rejection> {
        let record = state.filed()?;
        record.still_open()?;
        if !record.is_in(self.school) {
            return Err(Rejection::NotIn { school: self.school });
        }
        if record.schools_in_it().count() < 2 {
            return Err(Rejection::LastSchool);
        }
        record.open_part(self.school)?;
        Ok(Some(
            SchoolLeft {
                school: self.school,
                why: self.why.clone(),
            }
            .into(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Join;
    use decider::given;
    use domain::samples::{filed, person, school};

    #[test]
    fn the_last_school_withdraws_and_does_not_leave() {
        let leave = Leave {
            school: school("alder"),
            why: None,
        };
        let alone = given::<Loop>().event(&person("rosa"), IntakeEvent::from(filed("alder")));
        assert_eq!(alone.when(&leave), Err(Rejection::LastSchool));
        let two = alone.done(
            &person("ann"),
            &Join {
                school: school("birch"),
                how_it_meets_us: None,
            },
        );
        let left = two.done(&person("rosa"), &leave);
        assert_eq!(
            left.when(&leave),
            Err(Rejection::NotIn {
                school: school("alder")
            })
        );
        assert_eq!(
            left.state()
                .record()
                .expect("filed")
                .schools_in_it()
                .collect::<Vec<_>>(),
            [school("birch")]
        );
    }
}
