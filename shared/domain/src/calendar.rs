//! Business days: Monday to Friday in the district's time zone, but for the days it is closed.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeZone, Utc, Weekday};
use chrono_tz::Tz;
use contracts::events::directory::Closed;
use serde::{Deserialize, Serialize};

/// A district's working days. Days are judged by their date in `time_zone`; a due date is met until its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calendar {
    /// Counts up with each change; 0 is the default before any was set.
    pub version: u32,
    /// The district's time zone.
    pub time_zone: Tz,
    /// Closed days and why.
    pub closed: BTreeMap<NaiveDate, String>,
}

/// The most days any count looks ahead: ten years.
const DAYS_MAX: u32 = 3660;

impl Default for Calendar {
    fn default() -> Self {
        Self {
            version: 0,
            time_zone: chrono_tz::UTC,
            closed: BTreeMap::new(),
        }
    }
}

/// A calendar that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotACalendar {
    /// No such time zone.
    #[error("there is no time zone {0:?}; use a name such as America/New_York")]
    TimeZone(String),
    /// A range that ends before it begins, or is longer than a year.
    #[error("the closed days {label:?} from {from} to {to} are not a range of at most a year")]
    Range {
        /// First day.
        from: NaiveDate,
        /// Last day.
        to: NaiveDate,
        /// Its label.
        label: String,
    },
}

impl Calendar {
    /// A calendar from what was set.
    pub fn new(version: u32, time_zone: &str, closed: &[Closed]) -> Result<Self, NotACalendar> {
        let time_zone: Tz = time_zone
            .parse()
            .map_err(|_| NotACalendar::TimeZone(time_zone.to_owned()))?;
        let mut days = BTreeMap::new();
        for range in closed {
            let length = (range.to - range.from).num_days();
            if !(0..=366).contains(&length) {
                return Err(NotACalendar::Range {
                    from: range.from,
                    to: range.to,
                    label: range.label.clone(),
                });
            }
            for day in range.from.iter_days().take(length as usize + 1) {
                days.insert(day, range.label.clone());
            }
        }
        Ok(Self {
            version,
            time_zone,
            closed: days,
        })
    }

    /// The date it is there at a moment.
    pub fn date(&self, moment: DateTime<Utc>) -> NaiveDate {
        moment.with_timezone(&self.time_zone).date_naive()
    }

    /// Whether the district works on a day.
    pub fn is_business_day(&self, day: NaiveDate) -> bool {
        !matches!(day.weekday(), Weekday::Sat | Weekday::Sun) && !self.closed.contains_key(&day)
    }

    /// The first moment of a day there.
    pub fn start_of(&self, day: NaiveDate) -> DateTime<Utc> {
        let midnight = day.and_time(NaiveTime::MIN);
        // Where clocks jump over midnight, the day begins when they have jumped.
        self.time_zone
            .from_local_datetime(&midnight)
            .earliest()
            .or_else(|| {
                self.time_zone
                    .from_local_datetime(&(midnight + chrono::Duration::hours(1)))
                    .earliest()
            })
            .map_or_else(|| midnight.and_utc(), |moment| moment.with_timezone(&Utc))
    }

    /// The first moment after a day there.
    pub fn end_of(&self, day: NaiveDate) -> DateTime<Utc> {
        self.start_of(day.succ_opt().unwrap_or(day))
    }

    /// The business day `days` after the date of `moment`; day 0 is the day itself, whatever it is.
    pub fn after(&self, moment: DateTime<Utc>, days: u32) -> NaiveDate {
        let mut day = self.date(moment);
        let mut counted = 0;
        for _ in 0..DAYS_MAX {
            if counted == days {
                break;
            }
            day = day.succ_opt().unwrap_or(day);
            counted += u32::from(self.is_business_day(day));
        }
        day
    }

    /// The business day `days` before a date.
    pub fn before(&self, date: NaiveDate, days: u32) -> NaiveDate {
        let mut day = date;
        let mut counted = 0;
        for _ in 0..DAYS_MAX {
            if counted == days {
                break;
            }
            day = day.checked_sub_days(Days::new(1)).unwrap_or(day);
            counted += u32::from(self.is_business_day(day));
        }
        day
    }

    /// How many business days lie after `from` and up to `to`, the latter included.
    pub fn between(&self, from: NaiveDate, to: NaiveDate) -> u32 {
        from.iter_days()
            .skip(1)
            .take(DAYS_MAX as usize)
            .take_while(|day| *day <= to)
            .filter(|day| self.is_business_day(*day))
            .count() as u32
    }

    /// Where a count of `days` stands: business days after `start` that were not paused.
    ///
    /// A day counts if the clock was running both when it began and when it ended: asking and answering within one
    /// day costs nothing, and a clock that resumes is never late on the day it resumes.
    pub fn count(&self, start: DateTime<Utc>, days: u32, pauses: &[Pause], now: DateTime<Utc>) -> Count {
        let mut day = self.date(start);
        let mut counted = 0;
        let today = self.date(now);
        let mut counted_today = 0;
        let dated: Vec<(&Pause, NaiveDate, Option<NaiveDate>)> = pauses
            .iter()
            .map(|pause| (pause, self.date(pause.from), pause.to.map(|to| self.date(to))))
            .collect();
        for _ in 0..DAYS_MAX {
            if counted >= days {
                break;
            }
            day = day.succ_opt().unwrap_or(day);
            let mut stopped = false;
            for (pause, first, last) in &dated {
                match last {
                    _ if day < *first => {}
                    None => {
                        // Paused with no end in sight: there is no date to give.
                        return Count {
                            due: None,
                            counted: counted_today,
                        };
                    }
                    Some(last) if day > *last => {}
                    Some(last) if day > *first && day < *last => stopped = true,
                    // Only where a pause begins or ends it takes a look at the hour.
                    Some(_) => {
                        let last = self.end_of(day) - chrono::Duration::milliseconds(1);
                        stopped |= pause.covers(self.start_of(day)) || pause.covers(last);
                    }
                }
            }
            if !stopped && self.is_business_day(day) {
                counted += 1;
                if day <= today {
                    counted_today = counted;
                }
            }
        }
        Count {
            due: Some(day),
            counted: counted_today,
        }
    }
}

/// A time in which a clock did not run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// From the moment of the cause.
    pub from: DateTime<Utc>,
    /// Until; none while it lasts.
    pub to: Option<DateTime<Utc>>,
}

impl Pause {
    /// Whether a moment lies in it.
    pub fn covers(&self, moment: DateTime<Utc>) -> bool {
        self.from <= moment && self.to.is_none_or(|to| moment < to)
    }
}

/// Where a count of business days stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// The day by whose end it must be met; none while it is paused with no end in sight.
    pub due: Option<NaiveDate>,
    /// Business days counted so far.
    pub counted: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a moment")
    }

    fn calendar() -> Calendar {
        let closed = [Closed {
            from: day("2026-11-25"),
            to: day("2026-11-27"),
            label: "Thanksgiving".to_owned(),
        }];
        Calendar::new(1, "America/New_York", &closed).expect("a calendar")
    }

    #[test]
    fn weekends_and_closed_days_do_not_count() {
        let calendar = calendar();
        // Friday 20 November; then Mon 23, Tue 24, closed to Sunday, Mon 30.
        assert_eq!(calendar.after(at("2026-11-20T15:00:00Z"), 3), day("2026-11-30"));
        assert_eq!(calendar.before(day("2026-11-30"), 2), day("2026-11-23"));
        assert_eq!(calendar.between(day("2026-11-20"), day("2026-11-30")), 3);
    }

    #[test]
    fn a_date_is_that_of_the_district() {
        // 03:00 in London is still the evening before in New York.
        assert_eq!(calendar().date(at("2026-11-21T03:00:00Z")), day("2026-11-20"));
    }

    #[test]
    fn a_day_lasts_until_its_end_across_a_change_of_clocks() {
        let calendar = calendar();
        let day = day("2026-11-01");
        assert_eq!(
            calendar.end_of(day) - calendar.start_of(day),
            chrono::Duration::hours(25)
        );
    }

    #[test]
    fn a_pause_moves_the_date_by_the_days_it_covered() {
        let calendar = calendar();
        let start = at("2026-11-02T15:00:00Z"); // Monday
        let now = at("2026-11-12T12:00:00Z");
        let free = calendar.count(start, 5, &[], now);
        assert_eq!(free.due, Some(day("2026-11-09")));
        // Asked on Wednesday, answered on Friday: Wednesday to Friday do not count.
        let pause = Pause {
            from: at("2026-11-04T15:00:00Z"),
            to: Some(at("2026-11-06T15:00:00Z")),
        };
        assert_eq!(
            calendar.count(start, 5, std::slice::from_ref(&pause), now).due,
            Some(day("2026-11-12"))
        );
        // Asked and answered within a day costs nothing.
        let brief = Pause {
            from: at("2026-11-04T15:00:00Z"),
            to: Some(at("2026-11-04T17:00:00Z")),
        };
        assert_eq!(calendar.count(start, 5, &[brief], now).due, Some(day("2026-11-09")));
        let open = Pause {
            from: at("2026-11-04T15:00:00Z"),
            to: None,
        };
        assert_eq!(calendar.count(start, 5, &[open], now), Count { due: None, counted: 1 });
    }

    #[test]
    fn resuming_is_never_late_on_the_day_it_happens() {
        let calendar = calendar();
        let start = at("2026-11-02T15:00:00Z");
        // The last day was Wednesday; asked that morning, answered a week later, late in the evening.
        let answered = at("2026-11-12T04:30:00Z"); // still the 11th in New York
        let pause = Pause {
            from: at("2026-11-04T14:00:00Z"),
            to: Some(answered),
        };
        let due = calendar.count(start, 2, &[pause], answered).due.expect("it runs again");
        assert!(
            calendar.end_of(due) > answered + chrono::Duration::hours(20),
            "due {due}"
        );
    }

    #[test]
    fn what_was_late_before_a_pause_stays_late() {
        let calendar = calendar();
        let start = at("2026-11-02T15:00:00Z");
        let pause = Pause {
            from: at("2026-11-09T15:00:00Z"),
            to: None,
        };
        let count = calendar.count(start, 2, &[pause], at("2026-11-10T15:00:00Z"));
        assert_eq!(count.due, Some(day("2026-11-04")));
    }
}
