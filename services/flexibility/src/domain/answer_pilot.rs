//! A pilot's question has its answer.

use chrono::{DateTime, NaiveDate, Utc};
use contracts::events::FlexibilityEvent;
use contracts::events::flexibility::{PilotAnswered, Scope};
use contracts::sealed::Sealed;
use contracts::vocabulary::PilotChoice;
use decider::Decide;
use domain::Flexibility;
use domain::directory::DistrictRecord;
use domain::scope::is_wider;

use super::{Refusal, allowed};

/// Answers a pilot's question, and says what follows.
#[derive(Debug, Clone)]
pub struct AnswerPilot {
    /// What was learned.
    pub answer: Sealed,
    /// What follows.
    pub choice: PilotChoice,
    /// Its last day from now on, where it is extended.
    pub ends_on: Option<NaiveDate>,
    /// For whom from now on, where it is widened.
    pub scope: Option<Scope>,
    /// The district's day.
    pub today: NaiveDate,
    /// The district as it is now.
    pub district: DistrictRecord,
}

impl Decide<Flexibility> for AnswerPilot {
    type Event = FlexibilityEvent;
    type Rejection = Refusal;

    fn decide(&self, state: &Flexibility, _: DateTime<Utc>) -> Result<Option<FlexibilityEvent>, Refusal> {
        let record = allowed(state)?;
        if !record.is_open_pilot() {
            return Err(Refusal::NotAPilot);
        }
        let (mut ends_on, mut scope) = (None, None);
        match self.choice {
            PilotChoice::Stop => {}
            PilotChoice::Extend => {
                if record
                    .pilot_answers
                    .iter()
                    .any(|(choice, _)| *choice == PilotChoice::Extend)
                {
                    return Err(Refusal::AlreadyExtended);
                }
                let longer = self
                    .ends_on
                    .filter(|day| *day >= self.today && record.ends_on.is_none_or(|ends_on| *day > ends_on));
                ends_on = Some(longer.ok_or(Refusal::NotLonger {
                    ends_on: record.ends_on,
                })?);
            }
            PilotChoice::Widen => {
                let wider = self.scope.clone().unwrap_or(Scope::District);
                if wider != record.scope && !is_wider(&wider, &record.scope, &self.district) {
                    return Err(Refusal::NotWider);
                }
                scope = Some(wider);
            }
        }
        Ok(Some(
            PilotAnswered {
                answer: self.answer.clone(),
                choice: self.choice,
                ends_on,
                scope,
            }
            .into(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::WriteDown;
    use contracts::vocabulary::{ResolutionKind, Standing};
    use decider::given;
    use domain::samples::{person, sealed, terms};

    #[test]
    fn a_pilot_is_stopped_extended_once_or_widened() {
        let answer = |choice| AnswerPilot {
            answer: sealed("what was learned"),
            choice,
            ends_on: Some("2027-12-18".parse().expect("a day")),
            scope: None,
            today: "2027-06-01".parse().expect("a day"),
            district: DistrictRecord::default(),
        };
        let mut pilot = terms("alder");
        pilot.kind = ResolutionKind::Pilot;
        pilot.ends_on = Some("2027-06-30".parse().expect("a day"));
        let spec = given::<Flexibility>().done(&person("marcus"), &WriteDown::Flexibility(pilot));
        let extended = spec.clone().done(&person("marcus"), &answer(PilotChoice::Extend));
        assert_eq!(
            extended.when(&answer(PilotChoice::Extend)),
            Err(Refusal::AlreadyExtended)
        );
        let widened = extended.done(&person("marcus"), &answer(PilotChoice::Widen));
        let record = widened.state().record().expect("stands");
        assert_eq!(record.kind, Some(ResolutionKind::DistrictChange));
        assert_eq!((&record.scope, record.ends_on), (&Scope::District, None));
        assert_eq!(widened.when(&answer(PilotChoice::Stop)), Err(Refusal::NotAPilot));
        let stopped = spec.done(&person("marcus"), &answer(PilotChoice::Stop));
        assert_eq!(stopped.state().record().expect("stands").standing, Standing::Expired);
    }
}
