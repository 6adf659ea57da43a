//! The three clocks: pure functions of a loop's history, its service level and the district's calendar.

use chrono::{DateTime, Utc};
use contracts::events::routing::Due;
use contracts::queries::{ClockView, Holder};
use contracts::vocabulary::Clock;

use crate::calendar::{Calendar, Count, Pause};
use crate::district_loop::{LoopRecord, Noticed};

/// After how many business days a proposal that nobody answers is brought up: twice to the schools, then to the
/// contact; at the last it closes as unconfirmed.
pub const REMINDER_DAYS: [u32; 3] = [5, 10, 15];
/// After how many business days it closes as unconfirmed.
pub const UNCONFIRMED_DAYS: u32 = 20;
/// After how many business days a school is asked whether it still works.
pub const FOLLOW_UP_DAYS: u32 = 20;

/// Something that time brings about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moment {
    /// A date comes near.
    DueSoon(Clock, chrono::NaiveDate),
    /// A date has passed.
    Missed(Clock, chrono::NaiveDate),
    /// A proposal lies unanswered: the nth reminder.
    Reminder(u32),
    /// It has lain too long.
    Unconfirmed,
    /// It closed some weeks ago.
    FollowUp,
}

impl LoopRecord {
    /// A clock's start, days and pauses, where it runs at all.
    fn running(&self, clock: Clock) -> Option<(DateTime<Utc>, u32, Vec<Pause>)> {
        let level = self.time.level.as_ref()?;
        if self.is_ended() {
            return None;
        }
        let answered_now = self.time.answered.last().is_some_and(|pause| pause.to.is_none());
        if answered_now {
            return None;
        }
        let waits = self.time.waits.clone();
        match clock {
            Clock::Acknowledge => self
                .time
                .acknowledge_from
                .map(|from| (from, level.acknowledge_days, waits)),
            Clock::NextWord => self.time.next_word_from.map(|from| (from, level.next_word_days, waits)),
            Clock::Resolve => self.time.resolve_from.map(|from| {
                let pauses = waits.into_iter().chain(self.time.answered.iter().cloned()).collect();
                (from, level.resolve_days, pauses)
            }),
        }
    }

    /// Where a clock stands, where it runs.
    pub fn count(&self, clock: Clock, calendar: &Calendar, now: DateTime<Utc>) -> Option<(Count, u32)> {
        let (from, days, pauses) = self.running(clock)?;
        Some((calendar.count(from, days, &pauses, now), days))
    }

    /// Business days counted towards an answer so far: also beyond its date, and while one lies before the schools.
    pub fn counted_to_resolve(&self, calendar: &Calendar, now: DateTime<Utc>) -> u32 {
        let Some(from) = self.time.resolve_from else {
            return 0;
        };
        let pauses: Vec<Pause> = self.time.waits.iter().chain(&self.time.answered).cloned().collect();
        let days_max = calendar.between(calendar.date(from), calendar.date(now));
        calendar.count(from, days_max, &pauses, now).counted
    }

    /// The dates of the running clocks.
    pub fn due(&self, calendar: &Calendar) -> Due {
        let due = |clock| {
            self.count(clock, calendar, self.changed_at)
                .and_then(|(count, _)| count.due)
        };
        Due {
            acknowledge: due(Clock::Acknowledge),
            next_word: due(Clock::NextWord),
            resolve: due(Clock::Resolve),
        }
    }

    /// Whether the clocks stand still now.
    pub fn is_paused(&self) -> bool {
        self.time.waits.last().is_some_and(|pause| pause.to.is_none())
    }

    /// Why, in words.
    pub fn paused_because(&self) -> Option<&'static str> {
        match self.waits_for()? {
            Holder::State => Some("waiting for the state"),
            Holder::School { .. }
            | Holder::Nobody
            | Holder::Router
            | Holder::Department { .. }
            | Holder::Contact
            | Holder::Leader
            | Holder::Team { .. } => Some("waiting for the school's answer"),
        }
    }

    /// The clocks that run, as people see them.
    pub fn clocks(&self, calendar: &Calendar, now: DateTime<Utc>) -> Vec<ClockView> {
        Clock::ALL
            .iter()
            .filter_map(|clock| {
                let (count, days) = self.count(*clock, calendar, now)?;
                let paused = count.due.is_none();
                Some(ClockView {
                    clock: *clock,
                    days,
                    counted: count.counted,
                    due: count.due,
                    paused_because: paused.then(|| self.paused_because().unwrap_or("paused").to_owned()),
                    paused_since: paused.then(|| self.time.waits.last().map(|pause| pause.from)).flatten(),
                    late: count.due.is_some_and(|due| calendar.end_of(due) <= now),
                })
            })
            .collect()
    }

    /// Everything that time alone will bring about from here, each with its moment; unordered.
    pub fn moments(&self, calendar: &Calendar) -> Vec<(DateTime<Utc>, Moment)> {
        let mut moments = Vec::new();
        for clock in Clock::ALL {
            let Some((Count { due: Some(due), .. }, days)) = self.count(*clock, calendar, self.changed_at) else {
                continue;
            };
            let noticed = |missed| {
                self.time.noticed.contains(&Noticed {
                    clock: *clock,
                    due,
                    missed,
                })
            };
            if !noticed(true) {
                moments.push((calendar.end_of(due), Moment::Missed(*clock, due)));
                let near = self.time.level.as_ref().map_or(0, |level| level.due_soon_days);
                if near > 0 && near < days && !noticed(false) {
                    moments.push((
                        calendar.start_of(calendar.before(due, near)),
                        Moment::DueSoon(*clock, due),
                    ));
                }
            }
        }
        if let Some(proposal) = &self.proposal
            && !self.unanswered_parts().is_empty()
        {
            let after = |days| calendar.end_of(calendar.after(proposal.asked_at, days));
            if let Some(days) = REMINDER_DAYS.get(proposal.reminders as usize) {
                moments.push((after(*days), Moment::Reminder(proposal.reminders + 1)));
            }
            moments.push((after(UNCONFIRMED_DAYS), Moment::Unconfirmed));
        }
        if let Some(ended) = self.ended_at
            && !self.follow_up_asked
            && !self.follow_up_parts().is_empty()
        {
            moments.push((calendar.end_of(calendar.after(ended, FOLLOW_UP_DAYS)), Moment::FollowUp));
        }
        moments
    }

    /// The next thing that time will bring about.
    pub fn next_moment(&self, calendar: &Calendar) -> Option<(DateTime<Utc>, Moment)> {
        // A day that is near and past at once is past: the graver word comes alone.
        self.moments(calendar).into_iter().min_by_key(|(at, _)| *at)
    }

    /// The schools that closed and can be asked whether it still works.
    pub fn follow_up_parts(&self) -> Vec<contracts::ids::SchoolId> {
        self.parts
            .iter()
            .filter(|(_, part)| matches!(part.phase, crate::district_loop::Phase::Confirmed { .. }))
            .map(|(school, _)| *school)
            .collect()
    }
}
