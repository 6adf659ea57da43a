//! Days and hours as people of a district read them: in its own time zone, in full, with the weekday.

use chrono::{DateTime, Datelike, NaiveDate, Timelike, Utc};
use chrono_tz::Tz;

/// What day it is in a district, and how its days are written.
#[derive(Debug, Clone)]
pub(crate) struct Days {
    zone: Tz,
    /// Now.
    pub now: DateTime<Utc>,
    /// Today, in the district.
    pub today: NaiveDate,
}

impl Days {
    /// The days of a district; where its time zone is unknown, those of UTC.
    pub(crate) fn new(time_zone: &str, now: DateTime<Utc>) -> Self {
        let zone: Tz = time_zone.parse().unwrap_or(Tz::UTC);
        Self {
            zone,
            now,
            today: now.with_timezone(&zone).date_naive(),
        }
    }

    /// The day on which something happened.
    pub(crate) fn day(&self, moment: DateTime<Utc>) -> NaiveDate {
        moment.with_timezone(&self.zone).date_naive()
    }

    /// The moment at which a day begins.
    pub(super) fn start_of(&self, day: NaiveDate) -> DateTime<Utc> {
        let midnight = day.and_time(chrono::NaiveTime::MIN);
        // Where the clocks are put forward at midnight, the day begins an hour later.
        let begins = midnight.and_local_timezone(self.zone).earliest().or_else(|| {
            (midnight + chrono::Duration::hours(1))
                .and_local_timezone(self.zone)
                .earliest()
        });
        begins.map_or_else(|| midnight.and_utc(), |begins| begins.to_utc())
    }

    /// "Thursday 3 December", with the year where it is another one.
    pub(super) fn long(&self, day: NaiveDate) -> String {
        let year = if day.year() == self.today.year() { "" } else { " %Y" };
        day.format(&format!("%A %-d %B{year}")).to_string()
    }

    /// "Thu 3 Dec", with the year where it is another one.
    pub(super) fn short(&self, day: NaiveDate) -> String {
        let year = if day.year() == self.today.year() { "" } else { " %Y" };
        day.format(&format!("%a %-d %b{year}")).to_string()
    }

    /// "Thursday 3 December, 4:12 pm".
    pub(super) fn moment(&self, moment: DateTime<Utc>) -> String {
        let local = moment.with_timezone(&self.zone);
        format!("{}, {}", self.long(local.date_naive()), local.format("%-I:%M %P"))
    }

    /// "6 am", "12:05 pm".
    pub(super) fn hour(&self, moment: DateTime<Utc>) -> String {
        let there = moment.with_timezone(&self.zone);
        let form = if there.minute() == 0 { "%-I %P" } else { "%-I:%M %P" };
        there.format(form).to_string()
    }

    /// "November 2026".
    pub(super) fn month(day: NaiveDate) -> String {
        day.format("%B %Y").to_string()
    }

    /// "today", "tomorrow", "in 5 days", "3 days ago".
    pub(super) fn beside(&self, day: NaiveDate) -> String {
        match (day - self.today).num_days() {
            0 => "today".to_owned(),
            1 => "tomorrow".to_owned(),
            -1 => "yesterday".to_owned(),
            days if days > 0 => format!("in {days} days"),
            days => format!("{} days ago", -days),
        }
    }

    /// "Thursday 3 December (in 5 days)".
    pub(super) fn full(&self, day: NaiveDate) -> String {
        format!("{} ({})", self.long(day), self.beside(day))
    }

    /// "3 days late", for a day that has passed.
    pub(super) fn late(&self, due: NaiveDate) -> String {
        match (self.today - due).num_days() {
            1 => "1 day late".to_owned(),
            days if days > 1 => format!("{days} days late"),
            _ => "late".to_owned(),
        }
    }

    /// "3 days", "1 day", "5 hours": how long something lasted or lasts.
    pub(super) fn span(hours: i64) -> String {
        match hours {
            hours if hours < 1 => "less than an hour".to_owned(),
            1 => "1 hour".to_owned(),
            hours if hours < 48 => format!("{hours} hours"),
            hours => format!("{} days", hours / 24),
        }
    }
}

/// `1` school, `2` schools.
pub(super) fn counted(count: impl Into<u64>, one: &str, many: &str) -> String {
    let count = count.into();
    if count == 1 {
        format!("1 {one}")
    } else {
        format!("{count} {many}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days() -> Days {
        let now = DateTime::parse_from_rfc3339("2026-11-23T03:30:00Z")
            .expect("a time")
            .to_utc();
        Days::new("America/Chicago", now)
    }

    #[test]
    fn today_is_the_districts_today() {
        assert_eq!(days().long(days().today), "Sunday 22 November");
        assert_eq!(days().moment(days().now), "Sunday 22 November, 9:30 pm");
    }

    #[test]
    fn dates_stand_in_full_with_the_distance_beside() {
        let day = |text: &str| text.parse::<NaiveDate>().expect("a day");
        assert_eq!(days().full(day("2026-12-03")), "Thursday 3 December (in 11 days)");
        assert_eq!(days().full(day("2026-11-23")), "Monday 23 November (tomorrow)");
        assert_eq!(days().short(day("2027-01-04")), "Mon 4 Jan 2027");
        assert_eq!(days().late(day("2026-11-19")), "3 days late");
        assert_eq!(days().late(day("2026-11-21")), "1 day late");
    }
}
