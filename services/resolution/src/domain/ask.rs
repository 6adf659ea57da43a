//! The department asks a school; the clocks pause while every open school is being waited for.

use chrono::{DateTime, Utc};
use contracts::events::ResolutionEvent;
use contracts::events::resolution::QuestionAsked;
use contracts::ids::SchoolId;
use contracts::sealed::Sealed;
use decider::Decide;
use domain::{Loop, Rejection};

use super::{at_work, no_appeal_pending};

/// Asks a school.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The school; else the one that filed, or where its part has ended the first whose part is open.
    pub school: Option<SchoolId>,
    /// What is asked.
    pub question: Sealed,
    /// The episode it was meant for.
    pub episode: Option<u32>,
}

impl Decide<Loop> for Ask {
    type Event = ResolutionEvent;
    type Rejection = Rejection;

    fn decide(&self, state: &Loop, _: DateTime<Utc>) -> Result<Option<ResolutionEvent>, Rejection> {
        let record = state.filed()?;
        at_work(record, self.episode)?;
        no_appeal_pending(record)?;
        let school = match self.school {
            Some(school) => school,
            None if record.open_part(record.filed_for).is_ok() => record.filed_for,
            None => record.open_parts().next().unwrap_or(record.filed_for),
        };
        record.open_part(school)?;
        Ok(Some(
            QuestionAsked {
                school,
                question: self.question.clone(),
            }
            .into(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::events::intake::{IntakeEvent, SchoolJoined};
    use contracts::events::routing::RoutingEvent;
    use decider::given;
    use domain::samples::{filed, person, routed, school, sealed};

    #[test]
    fn the_clocks_pause_only_while_every_open_school_is_waited_for() {
        let ask = |name: Option<&str>| Ask {
            school: name.map(school),
            question: sealed("which?"),
            episode: None,
        };
        let spec = given::<Loop>()
            .event(&person("rosa"), IntakeEvent::from(filed("alder")))
            .event(&person("policy"), RoutingEvent::from(routed("curriculum")))
            .event(
                &person("ann"),
                IntakeEvent::from(SchoolJoined {
                    school: school("birch"),
                    how_it_meets_us: None,
                }),
            )
            .done(&person("marcus"), &ask(None));
        assert!(
            !spec.state().record().expect("filed").is_paused(),
            "birch is not waited for"
        );
        let spec = spec.done(&person("marcus"), &ask(Some("birch")));
        assert!(spec.state().record().expect("filed").is_paused());
        assert_eq!(
            spec.when(&ask(Some("cedar"))),
            Err(Rejection::NotIn {
                school: school("cedar")
            })
        );
    }
}
