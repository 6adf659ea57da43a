//! A person moves the day of resolution.

use chrono::{DateTime, NaiveDate, Utc};
use contracts::events::RoutingEvent;
use contracts::events::routing::{DatesCause, Due, DueDatesChanged};
use contracts::sealed::Sealed;
use contracts::vocabulary::Clock;
use decider::Decide;
use domain::{Calendar, Loop, Rejection};

/// How far off the day may be.
const DAYS_MAX: u64 = 3 * 366;

/// Moves the day by whose end an answer is owed; a pause goes on moving it.
#[derive(Debug, Clone)]
pub struct ChangeDue {
    /// The new day.
    pub resolve: NaiveDate,
    /// Why.
    pub why: Sealed,
    /// The calendar the loop's days are counted by.
    pub calendar: Calendar,
    /// Now.
    pub now: DateTime<Utc>,
}

impl Decide<Loop> for ChangeDue {
    type Event = RoutingEvent;
    type Rejection = Rejection;

    fn decide(&self, state: &Loop) -> Result<Option<RoutingEvent>, Rejection> {
        let record = state.filed()?;
        record.still_open()?;
        record.with().ok_or(Rejection::NotRouted)?;
        let today = self.calendar.date(self.now);
        if self.resolve <= today {
            return Err(Rejection::DayInThePast);
        }
        if self.resolve > today + chrono::Days::new(DAYS_MAX) {
            return Err(Rejection::DayTooFar);
        }
        if !self.calendar.is_business_day(self.resolve) {
            return Err(Rejection::DayClosed);
        }
        let was = record.due(&self.calendar);
        let counted = record
            .count(Clock::Resolve, &self.calendar, self.now)
            .map_or(0, |(count, _)| count.counted);
        let resolve_days = counted + self.calendar.between(today, self.resolve);
        let due = Due {
            resolve: was.resolve.map(|_| self.resolve),
            ..was.clone()
        };
        let cause = DatesCause::Person {
            why: self.why.clone(),
            resolve_days,
        };
        Ok(Some(
            DueDatesChanged {
                cause,
                calendar_version: record.time.calendar_version,
                was,
                due,
            }
            .into(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::events::IntakeEvent;
    use decider::given;
    use domain::samples::{filed, person, routed, sealed};

    #[test]
    fn the_day_named_is_the_day_due() {
        let calendar = Calendar::default();
        let spec = given::<Loop>()
            .event(&person("rosa"), IntakeEvent::from(filed("alder")))
            .event(&person("policy"), RoutingEvent::from(routed("curriculum")));
        let now = spec.state().record().expect("filed").changed_at + chrono::Duration::days(4);
        let resolve = calendar.after(now, 7);
        let change = ChangeDue {
            resolve,
            why: sealed("w"),
            calendar: calendar.clone(),
            now,
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
}
