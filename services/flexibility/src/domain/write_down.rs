//! Something is written into the register.

use chrono::{DateTime, Utc};
use contracts::events::FlexibilityEvent;
use contracts::events::flexibility::{FlexibilityGranted, FlexibilityRecorded, NonNegotiableDeclared, Terms};
use decider::Decide;
use domain::Flexibility;

use super::Refusal;

/// Writes something down that no loop led to.
#[derive(Debug, Clone)]
pub enum WriteDown {
    /// It was always allowed.
    Clarification(Terms),
    /// It is allowed from now on.
    Flexibility(Terms),
    /// It must stay as it is.
    NonNegotiable(NonNegotiableDeclared),
}

impl Decide<Flexibility> for WriteDown {
    type Event = FlexibilityEvent;
    type Rejection = Refusal;

    fn decide(&self, state: &Flexibility, _: DateTime<Utc>) -> Result<Option<FlexibilityEvent>, Refusal> {
        if state.record().is_some() {
            return Err(Refusal::AlreadyThere);
        }
        Ok(Some(match self.clone() {
            Self::Clarification(terms) => FlexibilityRecorded { terms }.into(),
            Self::Flexibility(terms) => FlexibilityGranted { terms }.into(),
            Self::NonNegotiable(declared) => declared.into(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use decider::given;
    use domain::samples::{person, terms};

    #[test]
    fn one_thing_is_written_down_once() {
        let command = WriteDown::Flexibility(terms("alder"));
        let spec = given::<Flexibility>().done(&person("marcus"), &command);
        assert_eq!(spec.when(&command), Err(Refusal::AlreadyThere));
    }
}
