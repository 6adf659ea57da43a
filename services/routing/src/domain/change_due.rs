//! A person moves the day of resolution.

use chrono::{DateTime, NaiveDate, Utc};
use contracts::events::RoutingEvent;
use contracts::events::routing::{DatesCause, Due, DueDatesChanged};
use contracts::sealed::Sealed;
use decider::Decide;
use domain::{Calendars, Loop, Rejection};

use super::dates_after;

/// How far off the day may be.
const DAYS_MAX: u64 = 3 * 366;

/// Moves the day by whose end an answer is owed; a pause goes on moving it.
#[derive(Debug, Clone)]
pub struct ChangeDue {
    /// The new day.
    pub resolve: NaiveDate,
    /// Why.
    pub why: Sealed,
    /// The district's calendars: the loop's days are counted by one of them.
    pub calendars: Calendars,
}

impl Decide<Loop> for ChangeDue {
    type Event = RoutingEvent;
    type Rejection = Rejection;

    fn decide(&self, state: &Loop, now: DateTime<Utc>) -> Result<Option<RoutingEvent>, Rejection> {
        let record = state.filed()?;
        record.still_open()?;
        record.with().ok_or(Rejection::NotRouted)?;
        let calendar = self.calendars.to_count_by(record.time.calendar_version)?;
        let today = calendar.date(now);
        if self.resolve <= today {
            return Err(Rejection::DayInThePast);
        }
        if self.resolve > today + chrono::Days::new(DAYS_MAX) {
            return Err(Rejection::DayTooFar);
        }
        if !calendar.is_business_day(self.resolve) {
            return Err(Rejection::DayClosed);
        }
        let was = record.due(calendar);
        let counted = record.counted_to_resolve(calendar, now);
        let resolve_days = counted + calendar.between(today, self.resolve);
        let mut changed = DueDatesChanged {
            cause: DatesCause::Person {
                why: self.why.clone(),
                resolve_days,
            },
            calendar_version: record.time.calendar_version,
            was,
            due: Due::default(),
        };
        changed.due = dates_after(record, changed.clone().into(), calendar, now);
        Ok(Some(changed.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::events::IntakeEvent;
    use decider::given;
    use domain::samples::{brought_to_the_next_calendar, calendars, filed, person, routed, sealed};

    #[test]
    fn a_day_named_when_the_old_one_is_long_past_is_the_day_due() {
        let calendar = domain::Calendar::default();
        let spec = given::<Loop>()
            .event(&person("rosa"), IntakeEvent::from(filed("alder")))
            .event(&person("policy"), RoutingEvent::from(routed("curriculum")))
            .days_pass(90);
        let now = spec.now();
        let change = ChangeDue {
            resolve: calendar.after(now, 7),
            why: sealed("w"),
            calendars: calendars(),
        };
        let spec = spec.done(&person("carol"), &change);
        let due = spec.state().record().expect("filed").due(&calendar).resolve;
        assert_eq!(due, Some(change.resolve));
    }

    #[test]
    fn a_day_named_while_an_answer_lies_before_the_schools_counts_what_was_counted() {
        let calendar = domain::Calendar::default();
        let proposed = contracts::events::resolution::ResolutionProposed {
            revision: 1,
            kind: contracts::vocabulary::ResolutionKind::Support,
            summary: sealed("s"),
            rationale: None,
            flexibility: None,
            promise: None,
            pattern: None,
        };
        let spec = given::<Loop>()
            .event(&person("rosa"), IntakeEvent::from(filed("alder")))
            .event(&person("policy"), RoutingEvent::from(routed("curriculum")));
        let routed_at = spec.state().record().expect("filed").changed_at;
        let mut state = spec.state().clone();
        let mut happens = |days: i64, event: contracts::events::LoopEvent| {
            let meta = contracts::envelope::Meta {
                sequence: 9,
                id: contracts::ids::EventId(uuid::Uuid::nil()),
                time: routed_at + chrono::Duration::days(days),
                actor: person("marcus"),
            };
            domain::Fold::evolve(&mut state, &meta, &event);
            state.clone()
        };
        let answered = happens(14, contracts::events::ResolutionEvent::from(proposed).into());
        let now = routed_at + chrono::Duration::days(15);
        let change = ChangeDue {
            resolve: calendar.after(now, 7),
            why: sealed("w"),
            calendars: calendars(),
        };
        let changed = change.decide(&answered, now).expect("accepted").expect("an event");
        let RoutingEvent::DueDatesChanged(changed) = changed else {
            panic!("{changed:?}")
        };
        let days = |cause: &DatesCause| match cause {
            DatesCause::Person { resolve_days, .. } => *resolve_days,
            DatesCause::Calendar => 0,
        };
        // Nine days went by before the answer; that of the answer and those after it do not count.
        assert_eq!(days(&changed.cause), 9 + 7);
    }

    #[test]
    fn the_day_named_is_the_day_due() {
        let calendar = domain::Calendar::default();
        let spec = given::<Loop>()
            .event(&person("rosa"), IntakeEvent::from(filed("alder")))
            .event(&person("policy"), RoutingEvent::from(routed("curriculum")))
            .days_pass(4);
        let now = spec.now();
        let resolve = calendar.after(now, 7);
        let change = ChangeDue {
            resolve,
            why: sealed("w"),
            calendars: calendars(),
        };
        let spec = spec.done(&person("carol"), &change);
        assert_eq!(
            spec.state().record().expect("filed").due(&calendar).resolve,
            Some(resolve)
        );
        let past = ChangeDue {
            resolve: calendar.date(now),
            ..change
        };
        assert_eq!(spec.when(&past), Err(Rejection::DayInThePast));
    }

    #[test]
    fn no_day_is_counted_by_a_calendar_that_the_loop_has_left() {
        let spec = given::<Loop>()
            .event(&person("rosa"), IntakeEvent::from(filed("alder")))
            .event(&person("policy"), RoutingEvent::from(routed("curriculum")))
            .event(&person("policy"), RoutingEvent::from(brought_to_the_next_calendar()));
        let change = ChangeDue {
            resolve: domain::Calendar::default().after(spec.now(), 7),
            why: sealed("w"),
            calendars: calendars(),
        };
        assert_eq!(spec.when(&change), Err(Rejection::CalendarNotHere));
    }
}
