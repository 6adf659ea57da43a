//! A request to the state: written, sent, answered, or held to be granted when the state's time is out.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Months, NaiveDate, Utc};
use contracts::events::WaiverEvent;
use contracts::events::waiver::{
    StateWaiverDeemedGranted, StateWaiverDenied, StateWaiverDrafted, StateWaiverGranted, StateWaiverSubmitted,
};
use contracts::sealed::Sealed;
use contracts::text::Text;
use contracts::vocabulary::WaiverStanding;
use decider::Decide;
use domain::Waiver;
use domain::waiver::WaiverRecord;

use super::{Acting, OfficeRefusal};

fn written(state: &Waiver) -> Result<&WaiverRecord, OfficeRefusal> {
    state.record().ok_or(OfficeRefusal::NotThere)
}

fn standing(record: &WaiverRecord, wanted: WaiverStanding) -> Result<(), OfficeRefusal> {
    if record.standing == wanted {
        Ok(())
    } else {
        Err(OfficeRefusal::WaiverStands {
            standing: record.standing,
        })
    }
}

/// The last day of the longest term from a day on.
fn latest(record: &WaiverRecord, from: NaiveDate) -> Option<NaiveDate> {
    let months = record.longest_months?;
    from.checked_add_months(Months::new(months))?.pred_opt()
}

/// Writes the request, whole; what was written before is replaced until it is sent.
#[derive(Debug, Clone)]
pub struct DraftWaiver {
    /// For whom the person acts.
    pub acting: Acting,
    /// What it says.
    pub draft: StateWaiverDrafted,
}

impl Decide<Waiver> for DraftWaiver {
    type Event = WaiverEvent;
    type Rejection = OfficeRefusal;

    fn decide(&self, state: &Waiver, _: DateTime<Utc>) -> Result<Option<WaiverEvent>, OfficeRefusal> {
        self.acting.for_department(self.draft.department)?;
        if let Some(record) = state.record() {
            standing(record, WaiverStanding::Drafted)?;
        }
        Ok(Some(self.draft.clone().into()))
    }
}

/// Says that the request went to the state.
#[derive(Debug, Clone)]
pub struct SubmitWaiver {
    /// For whom the person acts.
    pub acting: Acting,
    /// The day the state received it.
    pub on: NaiveDate,
    /// Today.
    pub today: NaiveDate,
    /// The parts that the law asks for: their names and what people call them.
    pub needed: BTreeMap<Text<60>, String>,
    /// The last day on which the state decides.
    pub decide_by: Option<NaiveDate>,
    /// Whether silence until then is a yes.
    pub silence_grants: bool,
    /// The longest it can be granted for, in months.
    pub longest_months: Option<u32>,
}

impl Decide<Waiver> for SubmitWaiver {
    type Event = WaiverEvent;
    type Rejection = OfficeRefusal;

    fn permits(&self, state: &Waiver) -> Result<(), OfficeRefusal> {
        match state.record() {
            Some(record) => self.acting.for_department(record.department),
            None => Ok(()),
        }
    }

    fn decide(&self, state: &Waiver, _: DateTime<Utc>) -> Result<Option<WaiverEvent>, OfficeRefusal> {
        let record = written(state)?;
        standing(record, WaiverStanding::Drafted)?;
        let there: BTreeSet<&Text<60>> = record.parts.keys().collect();
        let parts: Vec<String> = self
            .needed
            .iter()
            .filter(|(name, _)| !there.contains(name))
            .map(|(_, label)| label.clone())
            .collect();
        if !parts.is_empty() {
            return Err(OfficeRefusal::Missing { parts });
        }
        if self.on > self.today {
            return Err(OfficeRefusal::DayDoesNotFit);
        }
        Ok(Some(
            StateWaiverSubmitted {
                on: self.on,
                decide_by: self.decide_by,
                silence_grants: self.silence_grants,
                longest_months: self.longest_months,
            }
            .into(),
        ))
    }
}

/// Says what the state answered.
#[derive(Debug, Clone)]
pub struct AnswerWaiver {
    /// For whom the person acts.
    pub acting: Acting,
    /// Whether it said yes.
    pub granted: bool,
    /// On which day.
    pub on: NaiveDate,
    /// Today.
    pub today: NaiveDate,
    /// Its last day, where it said yes; the longest the law allows where nothing is said.
    pub until: Option<NaiveDate>,
    /// How the state cites its answer.
    pub reference: Option<Text<120>>,
    /// What it said.
    pub text: Option<Sealed>,
}

impl Decide<Waiver> for AnswerWaiver {
    type Event = WaiverEvent;
    type Rejection = OfficeRefusal;

    fn permits(&self, state: &Waiver) -> Result<(), OfficeRefusal> {
        match state.record() {
            Some(record) => self.acting.for_department(record.department),
            None => Ok(()),
        }
    }

    fn decide(&self, state: &Waiver, _: DateTime<Utc>) -> Result<Option<WaiverEvent>, OfficeRefusal> {
        let record = written(state)?;
        standing(record, WaiverStanding::Submitted)?;
        if self.on > self.today || record.submitted_on.is_some_and(|sent| self.on < sent) {
            return Err(OfficeRefusal::DayDoesNotFit);
        }
        if !self.granted {
            return Ok(Some(
                StateWaiverDenied {
                    loop_id: record.loop_id,
                    revision: record.revision,
                    on: self.on,
                    text: self.text.clone(),
                }
                .into(),
            ));
        }
        let latest = latest(record, self.on);
        if let (Some(until), Some(latest)) = (self.until, latest)
            && until > latest
        {
            return Err(OfficeRefusal::TooLong { latest });
        }
        if self.until.is_some_and(|until| until < self.on) {
            return Err(OfficeRefusal::DayDoesNotFit);
        }
        Ok(Some(
            StateWaiverGranted {
                loop_id: record.loop_id,
                revision: record.revision,
                on: self.on,
                until: self.until.or(latest),
                reference: self.reference.clone(),
                text: self.text.clone(),
            }
            .into(),
        ))
    }
}

/// Time has passed: where the state's time is out and silence is a yes, it is granted.
#[derive(Debug, Clone, Copy)]
pub struct LookAtState {
    /// Today.
    pub today: NaiveDate,
}

impl Decide<Waiver> for LookAtState {
    type Event = WaiverEvent;
    type Rejection = OfficeRefusal;

    fn decide(&self, state: &Waiver, _: DateTime<Utc>) -> Result<Option<WaiverEvent>, OfficeRefusal> {
        let record = written(state)?;
        let due = record
            .decide_by
            .filter(|day| record.standing == WaiverStanding::Submitted && record.silence_grants && *day < self.today);
        Ok(due.and_then(|day| day.succ_opt()).map(|on| {
            StateWaiverDeemedGranted {
                loop_id: record.loop_id,
                revision: record.revision,
                on,
                until: latest(record, on),
            }
            .into()
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::events::waiver::RegimeCited;
    use contracts::ids::LoopId;
    use decider::{Spec, given};
    use domain::samples::{department, filed, person, sealed};

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    fn name(text: &str) -> Text<60> {
        Text::new(text).expect("a name")
    }

    fn draft() -> DraftWaiver {
        DraftWaiver {
            acting: Acting::District,
            draft: StateWaiverDrafted {
                regime: RegimeCited {
                    code: name("tx"),
                    version: 1,
                },
                loop_id: LoopId::derived(&["l"]),
                revision: 1,
                schools: BTreeSet::new(),
                department: department("curriculum"),
                key: filed("alder").key,
                parts: [(name("plan"), sealed("p"))].into(),
            },
        }
    }

    fn submit() -> SubmitWaiver {
        SubmitWaiver {
            acting: Acting::District,
            on: day("2026-03-02"),
            today: day("2026-03-02"),
            needed: [(name("plan"), "the plan".to_owned())].into(),
            decide_by: Some(day("2026-04-01")),
            silence_grants: true,
            longest_months: Some(36),
        }
    }

    fn answer(on: &str) -> AnswerWaiver {
        AnswerWaiver {
            acting: Acting::District,
            granted: true,
            on: day(on),
            today: day(on),
            until: None,
            reference: None,
            text: None,
        }
    }

    fn sent() -> Spec<Waiver> {
        given::<Waiver>()
            .done(&person("june"), &draft())
            .done(&person("june"), &submit())
    }

    #[test]
    fn it_is_not_sent_while_the_law_asks_for_more() {
        let spec = given::<Waiver>().done(&person("june"), &draft());
        let more = SubmitWaiver {
            needed: [
                (name("plan"), String::new()),
                (name("comments"), "the comments".to_owned()),
            ]
            .into(),
            ..submit()
        };
        assert_eq!(
            spec.when(&more),
            Err(OfficeRefusal::Missing {
                parts: vec!["the comments".to_owned()]
            })
        );
    }

    #[test]
    fn silence_is_a_yes_only_when_the_time_is_out_and_an_answer_before_that_wins() {
        let look = |today: &str| LookAtState { today: day(today) };
        assert_eq!(
            sent().when(&look("2026-04-01")),
            Ok(None),
            "the last day is the state's"
        );
        let Ok(Some(WaiverEvent::StateWaiverDeemedGranted(deemed))) = sent().when(&look("2026-04-02")) else {
            panic!("it is granted")
        };
        assert_eq!((deemed.on, deemed.until), (day("2026-04-02"), Some(day("2029-04-01"))));
        let denied = AnswerWaiver {
            granted: false,
            ..answer("2026-03-20")
        };
        let spec = sent().done(&person("june"), &denied);
        assert_eq!(spec.when(&look("2026-05-01")), Ok(None), "it was answered");
    }

    #[test]
    fn it_holds_no_longer_than_the_law_allows() {
        let long = AnswerWaiver {
            until: Some(day("2030-01-01")),
            ..answer("2026-03-20")
        };
        assert_eq!(
            sent().when(&long),
            Err(OfficeRefusal::TooLong {
                latest: day("2029-03-19")
            })
        );
        assert!(matches!(
            sent().when(&answer("2026-03-20")),
            Ok(Some(WaiverEvent::StateWaiverGranted(StateWaiverGranted {
                until: Some(_),
                ..
            })))
        ));
    }

    #[test]
    fn what_the_state_has_is_no_longer_changed_and_only_its_department_acts() {
        assert!(matches!(sent().when(&draft()), Err(OfficeRefusal::WaiverStands { .. })));
        let other = SubmitWaiver {
            acting: Acting::Departments([department("technology")].into()),
            ..submit()
        };
        let spec = given::<Waiver>().done(&person("june"), &draft());
        assert_eq!(spec.when(&other), Err(OfficeRefusal::NotYours));
    }
}
