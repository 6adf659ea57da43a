//! The lead says who takes care of it.

use chrono::{DateTime, Utc};
use contracts::events::ResolutionEvent;
use contracts::events::resolution::StaffAssigned;
use contracts::ids::PersonId;
use decider::Decide;
use domain::{Loop, Rejection};

use super::at_work;

/// Assigns a person of the department; that they belong to it was looked up before.
#[derive(Debug, Clone)]
pub struct Assign {
    /// Who.
    pub person: PersonId,
}

impl Decide<Loop> for Assign {
    type Event = ResolutionEvent;
    type Rejection = Rejection;

    fn decide(&self, state: &Loop, _: DateTime<Utc>) -> Result<Option<ResolutionEvent>, Rejection> {
        let with = at_work(state.filed()?, None)?;
        if with.assignee == Some(self.person) {
            return Err(Rejection::NothingChanges);
        }
        Ok(Some(StaffAssigned { person: self.person }.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::events::intake::IntakeEvent;
    use contracts::events::routing::RoutingEvent;
    use decider::given;
    use domain::samples::{filed, person, routed};

    #[test]
    fn a_person_is_assigned_once() {
        let assign = Assign {
            person: PersonId::derived(&["marcus"]),
        };
        let spec = given::<Loop>()
            .event(&person("rosa"), IntakeEvent::from(filed("alder")))
            .event(&person("policy"), RoutingEvent::from(routed("curriculum")))
            .done(&person("lena"), &assign);
        assert_eq!(spec.when(&assign), Err(Rejection::NothingChanges));
    }
}
