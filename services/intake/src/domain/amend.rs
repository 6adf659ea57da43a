//! The school says it better.

use chrono::{DateTime, Utc};
use contracts::events::IntakeEvent;
use contracts::events::intake::TensionAmended;
use contracts::vocabulary::Visibility;
use decider::Decide;
use domain::{Loop, Rejection};

/// Changes what the tension says; what is absent stays.
#[derive(Debug, Clone)]
pub struct Amend {
    /// What changes, sealed.
    pub changes: TensionAmended,
}

impl Decide<Loop> for Amend {
    type Event = IntakeEvent;
    type Rejection = Rejection;

    fn decide(&self, state: &Loop, _: DateTime<Utc>) -> Result<Option<IntakeEvent>, Rejection> {
        let record = state.filed()?;
        record.still_open()?;
        if !record.is_in(record.filed_for) {
            return Err(Rejection::NotIn {
                school: record.filed_for,
            });
        }
        if self.changes == TensionAmended::default() {
            return Err(Rejection::NothingChanges);
        }
        let hides = self
            .changes
            .visibility
            .is_some_and(|visibility| visibility != Visibility::Joinable);
        if hides && record.schools_in_it().count() > 1 {
            return Err(Rejection::OthersHaveJoined);
        }
        Ok(Some(self.changes.clone().into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::events::intake::SchoolJoined;
    use decider::given;
    use domain::samples::{filed, person, school, sealed};

    #[test]
    fn what_others_have_joined_cannot_be_hidden_from_them() {
        let hide = Amend {
            changes: TensionAmended {
                visibility: Some(Visibility::SchoolOnly),
                ..TensionAmended::default()
            },
        };
        let alone = given::<Loop>().event(&person("rosa"), IntakeEvent::from(filed("alder")));
        assert!(alone.when(&hide).is_ok());
        let joined = alone.event(
            &person("ann"),
            IntakeEvent::from(SchoolJoined {
                school: school("birch"),
                how_it_meets_us: None,
            }),
        );
        assert_eq!(joined.when(&hide), Err(Rejection::OthersHaveJoined));
    }

    #[test]
    fn only_what_is_named_changes() {
        let better = Amend {
            changes: TensionAmended {
                title: Some(sealed("better")),
                ..TensionAmended::default()
            },
        };
        let spec = given::<Loop>()
            .event(&person("rosa"), IntakeEvent::from(filed("alder")))
            .done(&person("rosa"), &better);
        let tension = &spec.state().record().expect("filed").tension;
        assert_eq!(
            (&tension.title, &tension.barrier),
            (&sealed("better"), &sealed("barrier"))
        );
        assert_eq!(
            spec.when(&Amend {
                changes: TensionAmended::default()
            }),
            Err(Rejection::NothingChanges)
        );
    }
}
