//! The district's calendar changed: an open loop's days are counted by the new one from now on, by event.

use chrono::{DateTime, Utc};
use contracts::events::RoutingEvent;
use contracts::events::routing::{DatesCause, DueDatesChanged};
use decider::Decide;
use domain::{Calendars, Loop, Rejection};

/// Brings a loop to the calendar in force; where nothing is counted, nothing changes.
#[derive(Debug, Clone)]
pub struct ApplyCalendar {
    /// The district's calendars.
    pub calendars: Calendars,
}

impl Decide<Loop> for ApplyCalendar {
    type Event = RoutingEvent;
    type Rejection = Rejection;

    fn decide(&self, state: &Loop, _: DateTime<Utc>) -> Result<Option<RoutingEvent>, Rejection> {
        let record = state.filed()?;
        let new = self.calendars.current();
        if record.is_ended() || record.with().is_none() || record.time.calendar_version >= new.version {
            return Ok(None);
        }
        let old = self.calendars.at(record.time.calendar_version);
        let changed = DueDatesChanged {
            cause: DatesCause::Calendar,
            calendar_version: new.version,
            was: record.due(old),
            due: record.due(new),
        };
        Ok(Some(changed.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::events::IntakeEvent;
    use contracts::events::directory::Closed;
    use contracts::events::routing::DeadlineMissed;
    use contracts::vocabulary::Clock;
    use decider::given;
    use domain::Calendar;
    use domain::samples::{filed, person, routed};

    #[test]
    fn a_snow_day_moves_open_dates_and_leaves_breaches_on_record() {
        let old = Calendar::new(1, "UTC", &[]).expect("a calendar");
        let spec = given::<Loop>()
            .event(&person("rosa"), IntakeEvent::from(filed("alder")))
            .event(&person("policy"), RoutingEvent::from(routed("curriculum")));
        let due = spec
            .state()
            .record()
            .expect("filed")
            .due(&old)
            .acknowledge
            .expect("it runs");
        let missed = DeadlineMissed {
            clock: Clock::Acknowledge,
            due,
            department: None,
        };
        let spec = spec.event(&person("policy"), RoutingEvent::from(missed));
        let snow = Closed {
            from: due,
            to: due,
            label: "Snow".to_owned(),
        };
        let new = Calendar::new(2, "UTC", &[snow]).expect("a calendar");
        let apply = ApplyCalendar {
            calendars: [old, new.clone()].into_iter().collect(),
        };
        let spec = spec.done(&person("policy"), &apply);
        let record = spec.state().record().expect("filed");
        assert!(record.due(&new).acknowledge > Some(due));
        assert_eq!(record.time.noticed.len(), 1, "what was noticed stays");
        assert_eq!(spec.when(&apply), Ok(None));
    }
}
