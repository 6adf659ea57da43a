//! A note: internal, or shared with the schools and then a word to them.

use chrono::{DateTime, Utc};
use contracts::events::ResolutionEvent;
use contracts::events::resolution::NoteAdded;
use contracts::ids::DepartmentId;
use contracts::sealed::Sealed;
use decider::Decide;
use domain::{Loop, Rejection};

/// Writes a note; also on a loop that has ended, for the record.
#[derive(Debug, Clone)]
pub struct Note {
    /// What it says.
    pub text: Sealed,
    /// Whether the schools see it.
    pub shared: bool,
    /// The writer's department in this loop; none for the contact.
    pub department: Option<DepartmentId>,
}

impl Decide<Loop> for Note {
    type Event = ResolutionEvent;
    type Rejection = Rejection;

    fn decide(&self, state: &Loop, _: DateTime<Utc>) -> Result<Option<ResolutionEvent>, Rejection> {
        state.filed()?;
        let note = NoteAdded {
            text: self.text.clone(),
            shared: self.shared,
            department: self.department,
        };
        Ok(Some(note.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Acknowledge;
    use contracts::events::intake::IntakeEvent;
    use contracts::events::routing::RoutingEvent;
    use decider::given;
    use domain::samples::{department, filed, person, routed, sealed};

    #[test]
    fn a_shared_word_of_the_department_restarts_the_next_word_clock_and_an_internal_one_does_not() {
        let note = |shared| Note {
            text: sealed("n"),
            shared,
            department: Some(department("curriculum")),
        };
        let spec = given::<Loop>()
            .event(&person("rosa"), IntakeEvent::from(filed("alder")))
            .event(&person("policy"), RoutingEvent::from(routed("curriculum")))
            .done(
                &person("marcus"),
                &Acknowledge {
                    word: sealed("w"),
                    episode: None,
                },
            );
        let from = |spec: &decider::Spec<Loop>| spec.state().record().expect("filed").time.next_word_from;
        let before = from(&spec);
        let spec = spec.done(&person("marcus"), &note(false));
        assert_eq!(from(&spec), before);
        let spec = spec.done(&person("marcus"), &note(true));
        assert!(from(&spec) > before);
    }
}
