//! A school, or the district itself, says what gets in the way.

use chrono::{DateTime, Utc};
use contracts::events::IntakeEvent;
use contracts::events::intake::TensionFiled;
use decider::Decide;
use domain::{Loop, Rejection};

/// Files a tension: the loop begins.
#[derive(Debug, Clone)]
pub struct FileTension {
    /// All of it, sealed.
    pub tension: TensionFiled,
}

impl Decide<Loop> for FileTension {
    type Event = IntakeEvent;
    type Rejection = Rejection;

    fn decide(&self, state: &Loop, _: DateTime<Utc>) -> Result<Option<IntakeEvent>, Rejection> {
        match state {
            Loop::Absent => Ok(Some(self.tension.clone().into())),
            Loop::Filed(_) => Err(Rejection::AlreadyFiled),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use decider::given;
    use domain::samples::{filed, person};

    #[test]
    fn a_loop_begins_once() {
        let command = FileTension {
            tension: filed("alder"),
        };
        assert_eq!(given::<Loop>().when(&command), Ok(Some(filed("alder").into())));
        let spec = given::<Loop>().event(&person("rosa"), IntakeEvent::from(filed("alder")));
        assert_eq!(spec.when(&command), Err(Rejection::AlreadyFiled));
    }
}
