//! Another person speaks for the school.

use chrono::{DateTime, Utc};
use contracts::events::IntakeEvent;
use contracts::events::intake::HandedOn;
use contracts::ids::{PersonId, SchoolId};
use contracts::vocabulary::LoopState;
use decider::Decide;
use domain::{Loop, Rejection};

/// Hands a school's part on; that the person belongs to the school was looked up before.
#[derive(Debug, Clone)]
pub struct HandOn {
    /// The school.
    pub school: SchoolId,
    /// Who speaks for it from now on.
    pub to: PersonId,
    /// In whose place only, where that is said: whoever else speaks by then goes on.
    pub instead_of: Option<PersonId>,
}

impl Decide<Loop> for HandOn {
    type Event = IntakeEvent;
    type Rejection = Rejection;

    fn decide(&self, state: &Loop, _: DateTime<Utc>) -> Result<Option<IntakeEvent>, Rejection> {
        let record = state.filed()?;
        let state = record.state();
        if state == LoopState::Withdrawn {
            return Err(Rejection::Ended { state });
        }
        let part = record
            .parts
            .get(&self.school)
            .ok_or(Rejection::NotIn { school: self.school })?;
        if !record.is_in(self.school) {
            return Err(Rejection::NotIn { school: self.school });
        }
        if part.speaker == Some(self.to) {
            return Err(Rejection::AlreadySpeaks);
        }
        if self.instead_of.is_some() && part.speaker != self.instead_of {
            return Ok(None);
        }
        Ok(Some(
            HandedOn {
                school: self.school,
                to: self.to,
            }
            .into(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use decider::given;
    use domain::samples::{filed, person, school};

    #[test]
    fn another_speaks_for_the_school() {
        let ann = PersonId::derived(&["ann"]);
        let command = HandOn {
            school: school("alder"),
            to: ann,
            instead_of: None,
        };
        let spec = given::<Loop>()
            .event(&person("rosa"), IntakeEvent::from(filed("alder")))
            .done(&person("rosa"), &command);
        assert_eq!(
            spec.state().record().expect("filed").parts[&school("alder")].speaker,
            Some(ann)
        );
        assert_eq!(spec.when(&command), Err(Rejection::AlreadySpeaks));
        // In the place of somebody who no longer speaks: nothing is left to do.
        let late = HandOn {
            to: PersonId::derived(&["ben"]),
            instead_of: Some(PersonId::derived(&["rosa"])),
            ..command
        };
        assert_eq!(spec.when(&late), Ok(None));
    }
}
