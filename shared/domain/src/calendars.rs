//! All calendars a district has had: a decision picks the one that the loop it decides on counts its days by.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use crate::calendar::Calendar;
use crate::rejection::Rejection;

/// Calendars kept for loops whose days were counted by them; older ones are brought to the oldest kept.
const CALENDARS_MAX: usize = 64;

static BEFORE_ANY: LazyLock<Calendar> = LazyLock::new(Calendar::default);

/// A district's calendars by version. Cheap to clone: a command carries them into a decision, since which one counts
/// is known only from the state that is decided on.
#[derive(Debug, Clone, Default)]
pub struct Calendars {
    by_version: Arc<BTreeMap<u32, Calendar>>,
}

impl Calendars {
    /// Adds the calendar that is in force from now on.
    pub fn add(&mut self, calendar: Calendar) {
        let kept = Arc::make_mut(&mut self.by_version);
        kept.insert(calendar.version, calendar);
        if kept.len() > CALENDARS_MAX {
            kept.pop_first();
        }
    }

    /// The calendar in force.
    pub fn current(&self) -> &Calendar {
        self.by_version
            .last_key_value()
            .map_or(&*BEFORE_ANY, |(_, calendar)| calendar)
    }

    /// The calendar of a version, or the nearest kept.
    pub fn at(&self, version: u32) -> &Calendar {
        self.by_version
            .range(..=version)
            .next_back()
            .or_else(|| self.by_version.first_key_value())
            .map_or(&*BEFORE_ANY, |(_, calendar)| calendar)
    }

    /// The calendar that a decision counts a loop's days by: refused where the loop counts by a newer one than any
    /// here, since these were looked up before it came.
    pub fn to_count_by(&self, version: u32) -> Result<&Calendar, Rejection> {
        if version > self.current().version {
            return Err(Rejection::CalendarNotHere);
        }
        Ok(self.at(version))
    }
}

impl FromIterator<Calendar> for Calendars {
    fn from_iter<I: IntoIterator<Item = Calendar>>(calendars: I) -> Self {
        let mut all = Self::default();
        for calendar in calendars {
            all.add(calendar);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versions(versions: impl IntoIterator<Item = u32>) -> Calendars {
        let calendar = |version| Calendar {
            version,
            ..Calendar::default()
        };
        versions.into_iter().map(calendar).collect()
    }

    #[test]
    fn a_loop_keeps_its_calendar_and_the_oldest_stands_in_for_those_before() {
        let calendars = versions(1..=CALENDARS_MAX as u32 + 1);
        assert_eq!(calendars.current().version, CALENDARS_MAX as u32 + 1);
        assert_eq!(calendars.at(7).version, 7);
        assert_eq!(calendars.at(1).version, 2);
        assert_eq!(Calendars::default().at(3).version, 0);
    }

    #[test]
    fn nothing_is_decided_by_an_older_calendar_in_place_of_one_that_has_not_arrived() {
        let calendars = versions(1..=2);
        assert_eq!(calendars.to_count_by(1).map(|calendar| calendar.version), Ok(1));
        assert_eq!(calendars.to_count_by(2).map(|calendar| calendar.version), Ok(2));
        assert_eq!(calendars.to_count_by(3), Err(Rejection::CalendarNotHere));
        assert_eq!(Calendars::default().to_count_by(1), Err(Rejection::CalendarNotHere));
    }
}
