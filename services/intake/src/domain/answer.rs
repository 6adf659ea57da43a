//! The school answers a question.

use chrono::{DateTime, Utc};
use contracts::events::IntakeEvent;
use contracts::events::intake::QuestionAnswered;
use contracts::ids::{EventId, SchoolId};
use contracts::sealed::Sealed;
use decider::Decide;
use domain::{Loop, Rejection};

/// Answers a question.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The school that was asked.
    pub school: SchoolId,
    /// Which question; else the oldest open one.
    pub question: Option<EventId>,
    /// The answer.
    pub answer: Sealed,
}

impl Decide<Loop> for Answer {
    type Event = IntakeEvent;
    type Rejection = Rejection;

    fn decide(&self, state: &Loop, _: DateTime<Utc>) -> Result<Option<IntakeEvent>, Rejection> {
        let record = state.filed()?;
        record.still_open()?;
        let of_school = |question: &EventId| record.questions[question].school == self.school;
        let question = match self.question {
            Some(named) if record.questions.contains_key(&named) && of_school(&named) => named,
            Some(named) => return Err(Rejection::QuestionOver { question: named }),
            None => record
                .questions
                .iter()
                .filter(|(id, _)| of_school(id))
                .min_by_key(|(_, question)| question.asked_at)
                .map(|(id, _)| *id)
                .ok_or(Rejection::NoOpenQuestion)?,
        };
        Ok(Some(
            QuestionAnswered {
                question,
                school: self.school,
                answer: self.answer.clone(),
            }
            .into(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::events::resolution::{QuestionAsked, ResolutionEvent};
    use contracts::events::routing::{Due, RoutingEvent, TensionRerouted};
    use decider::{Spec, given};
    use domain::samples::{department, filed, person, routed, school, sealed};

    fn asked() -> Spec<Loop> {
        given::<Loop>()
            .event(&person("rosa"), IntakeEvent::from(filed("alder")))
            .event(&person("policy"), RoutingEvent::from(routed("curriculum")))
            .event(
                &person("marcus"),
                ResolutionEvent::from(QuestionAsked {
                    school: school("alder"),
                    question: sealed("which grades?"),
                }),
            )
    }

    fn answer(question: Option<EventId>) -> Answer {
        Answer {
            school: school("alder"),
            question,
            answer: sealed("six and seven"),
        }
    }

    #[test]
    fn an_answer_ends_the_pause_that_the_question_began() {
        let spec = asked();
        assert!(spec.state().record().expect("filed").is_paused());
        let spec = spec.done(&person("rosa"), &answer(None));
        assert!(!spec.state().record().expect("filed").is_paused());
        assert_eq!(spec.when(&answer(None)), Err(Rejection::NoOpenQuestion));
    }

    #[test]
    fn a_question_of_the_department_before_is_over_when_it_was_rerouted() {
        let spec = asked();
        let question = spec.last_id();
        let spec = spec.event(
            &person("carol"),
            RoutingEvent::from(TensionRerouted {
                from: department("curriculum"),
                to: department("technology"),
                why: sealed("it is about devices"),
                due: Due::default(),
            }),
        );
        assert_eq!(
            spec.when(&answer(Some(question))),
            Err(Rejection::QuestionOver { question })
        );
    }
}
