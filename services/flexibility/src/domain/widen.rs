//! More schools may use it.

use chrono::{DateTime, Utc};
use contracts::events::FlexibilityEvent;
use contracts::events::flexibility::{Scope, ScopeWidened};
use contracts::sealed::Sealed;
use decider::Decide;
use domain::Flexibility;
use domain::directory::DistrictRecord;
use domain::scope::is_wider;

use super::{Refusal, in_force};

/// Lets more schools use it; none that may use it now loses it.
#[derive(Debug, Clone)]
pub struct Widen {
    /// For whom from now on.
    pub scope: Scope,
    /// Why.
    pub why: Option<Sealed>,
    /// The district as it is now.
    pub district: DistrictRecord,
}

impl Decide<Flexibility> for Widen {
    type Event = FlexibilityEvent;
    type Rejection = Refusal;

    fn decide(&self, state: &Flexibility, _: DateTime<Utc>) -> Result<Option<FlexibilityEvent>, Refusal> {
        let record = in_force(state)?;
        if record.is_open_pilot() {
            return Err(Refusal::PilotUnanswered);
        }
        if record.scope == self.scope {
            return Ok(None);
        }
        if !is_wider(&self.scope, &record.scope, &self.district) {
            return Err(Refusal::NotWider);
        }
        Ok(Some(
            ScopeWidened {
                scope: self.scope.clone(),
                why: self.why.clone(),
                origin: None,
            }
            .into(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::WriteDown;
    use contracts::vocabulary::ResolutionKind;
    use decider::given;
    use domain::samples::{person, school, terms};

    #[test]
    fn nobody_loses_what_they_have() {
        let widen = |scope| Widen {
            scope,
            why: None,
            district: DistrictRecord::default(),
        };
        let spec = given::<Flexibility>().done(&person("marcus"), &WriteDown::Flexibility(terms("alder")));
        let birch = Scope::Schools {
            schools: [school("birch")].into(),
        };
        assert_eq!(spec.when(&widen(birch)), Err(Refusal::NotWider));
        let spec = spec.done(&person("marcus"), &widen(Scope::District));
        assert_eq!(spec.when(&widen(Scope::District)), Ok(None), "said twice");
        let record = spec.state().record().expect("stands");
        assert_eq!(
            record.kind,
            Some(ResolutionKind::DistrictChange),
            "no longer one school's exception"
        );
    }

    #[test]
    fn a_pilot_is_widened_by_its_answer() {
        let mut pilot = terms("alder");
        pilot.kind = ResolutionKind::Pilot;
        let spec = given::<Flexibility>().done(&person("marcus"), &WriteDown::Flexibility(pilot));
        let widen = Widen {
            scope: Scope::District,
            why: None,
            district: DistrictRecord::default(),
        };
        assert_eq!(spec.when(&widen), Err(Refusal::PilotUnanswered));
    }
}
