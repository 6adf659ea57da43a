//! Outcomes of time, judged by an account of our own: when the clocks stood still follows here from the schools'
//! states at each event, and dates from counting days one by one.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use contracts::events::routing::{DatesCause, DeadlineMissed, Due, DueDatesChanged};
use contracts::events::{IntakeEvent, LoopEvent, ResolutionEvent, RoutingEvent};
use contracts::vocabulary::{Clock, LoopState};
use domain::district_loop::Noticed;
use domain::{Calendar, LoopRecord};

use super::Row;
use crate::broken::{Broken, holds};
use crate::history::Moment;
use crate::report::Report;

type Span = (DateTime<Utc>, Option<DateTime<Utc>>);

/// When a loop's clocks stood still.
#[derive(Debug, Default)]
pub struct Waits {
    waited: Vec<Span>,
    answered: Vec<Span>,
    // What would have been due while it waits, had it not: by clock its start and date.
    would_be: BTreeMap<Clock, (DateTime<Utc>, NaiveDate)>,
    for_state: bool,
}

/// Judges one event, and goes on counting.
pub fn judge(moment: &Moment<'_>, waits: &mut Waits, report: &mut Report) -> Result<(), Broken> {
    let mut was_due = Due::default();
    if let Some(before) = moment.before {
        match moment.event {
            LoopEvent::Routing(RoutingEvent::DeadlineMissed(missed)) => breach(moment, before, missed, waits)?,
            LoopEvent::Routing(RoutingEvent::DueDatesChanged(_)) => {
                was_due = waits.due(before, moment.district.calendars.at(before.time.calendar_version));
            }
            LoopEvent::Intake(_) | LoopEvent::Routing(_) | LoopEvent::Resolution(_) | LoopEvent::Custody(_) => {}
        }
    }
    go_on(moment, waits, report)?;
    if let Some(before) = moment.before {
        match moment.event {
            LoopEvent::Routing(RoutingEvent::DueDatesChanged(changed)) => {
                holds!(
                    changed.was == was_due,
                    "the dates before {} were {was_due:?}, and it says {:?}",
                    moment.meta.sequence,
                    changed.was
                );
                dates(moment, before, changed, waits, report)?;
            }
            LoopEvent::Routing(RoutingEvent::TensionRerouted(rerouted)) => {
                starts_again(moment, before, true)?;
                let now = waits.due(
                    moment.after,
                    moment.district.calendars.at(moment.after.time.calendar_version),
                );
                holds!(
                    rerouted.due == now,
                    "at {} the re-routing promises {:?}, and counted day by day it is {now:?}",
                    moment.meta.sequence,
                    rerouted.due
                );
                report.row(Row::ClocksWhenRerouted, false);
            }
            LoopEvent::Intake(IntakeEvent::OutcomeRefused(_)) => {
                starts_again(moment, before, before.with().is_some())?;
                report.row(Row::ClocksWhenReopened, false);
            }
            LoopEvent::Intake(IntakeEvent::FollowUpRecorded(said)) if said.reopens => {
                starts_again(moment, before, before.with().is_some())?;
                report.row(Row::ClocksWhenReopened, false);
            }
            LoopEvent::Resolution(ResolutionEvent::NoteAdded(note)) if note.shared => {
                let holder = before.with().filter(|with| Some(with.department) == note.department);
                if holder.is_some_and(|with| with.acknowledged.is_some()) && !answered(moment.after) {
                    holds!(
                        moment.after.time.next_word_from == Some(moment.meta.time),
                        "the shared word at {} did not start the clock for the next one",
                        moment.meta.sequence
                    );
                    report.row(Row::SharedWord, false);
                }
            }
            LoopEvent::Intake(_) | LoopEvent::Routing(_) | LoopEvent::Resolution(_) | LoopEvent::Custody(_) => {}
        }
    }
    Ok(())
}

/// Whether nobody in the office is expected to act: every open school is being waited for.
fn waiting(record: &LoopRecord) -> bool {
    let mut open = record.open_parts().peekable();
    open.peek().is_some()
        && open.all(|school| {
            matches!(
                record.state_of(school),
                LoopState::WaitingForSchool | LoopState::WaitingForState
            )
        })
}

/// Whether it has ended, or an answer lies before every open school. Where all have confirmed and the promise is not
/// granted yet, it is the department's to bring that about.
fn answered(record: &LoopRecord) -> bool {
    if record.open_parts().next().is_none() {
        return record.is_ended();
    }
    record
        .open_parts()
        .all(|school| record.state_of(school) == LoopState::Proposed)
}

fn keep(spans: &mut Vec<Span>, on: bool, at: DateTime<Utc>) {
    let open = spans.last().is_some_and(|(_, to)| to.is_none());
    if on && !open {
        spans.push((at, None));
    } else if !on
        && open
        && let Some((_, to)) = spans.last_mut()
    {
        *to = Some(at);
    }
}

/// A clock's start and days, where it runs or stands still for the schools or the state.
fn started(record: &LoopRecord, clock: Clock) -> Option<(DateTime<Utc>, u32)> {
    let level = record.time.level.as_ref()?;
    if answered(record) {
        return None;
    }
    match clock {
        Clock::Acknowledge => Some((record.time.acknowledge_from?, level.acknowledge_days)),
        Clock::NextWord => Some((record.time.next_word_from?, level.next_word_days)),
        Clock::Resolve => Some((record.time.resolve_from?, level.resolve_days)),
    }
}

/// The date of a clock, counted day by day; none while a stop that has begun has no end.
fn date(calendar: &Calendar, start: DateTime<Utc>, days: u32, stops: &[Span]) -> Option<NaiveDate> {
    let stopped = |at: DateTime<Utc>| {
        stops
            .iter()
            .any(|(from, to)| *from <= at && to.is_none_or(|to| at < to))
    };
    let mut day = calendar.date(start);
    let mut left = days;
    while left > 0 {
        day = day.succ_opt()?;
        if stops.is_empty() {
            left -= u32::from(calendar.is_business_day(day));
            continue;
        }
        let last = calendar.end_of(day) - chrono::Duration::milliseconds(1);
        if stops.iter().any(|(from, to)| to.is_none() && *from <= last) {
            return None;
        }
        if calendar.is_business_day(day) && !stopped(calendar.start_of(day)) && !stopped(last) {
            left -= 1;
        }
    }
    Some(day)
}

impl Waits {
    fn stops(&self, clock: Clock, but_the_last_wait: bool) -> Vec<Span> {
        let until = self.waited.len() - usize::from(but_the_last_wait && !self.waited.is_empty());
        let mut stops = self.waited[..until].to_vec();
        if clock == Clock::Resolve {
            stops.extend(self.answered.iter().copied());
        }
        stops
    }

    /// The dates of a loop's clocks, counted day by day.
    pub fn due(&self, record: &LoopRecord, calendar: &Calendar) -> Due {
        let due = |clock| {
            let (start, days) = started(record, clock)?;
            date(calendar, start, days, &self.stops(clock, false))
        };
        Due {
            acknowledge: due(Clock::Acknowledge),
            next_word: due(Clock::NextWord),
            resolve: due(Clock::Resolve),
        }
    }
}

/// A date is called missed only where it was: the clock ran to its end, and nothing had met it.
fn breach(moment: &Moment<'_>, before: &LoopRecord, missed: &DeadlineMissed, waits: &Waits) -> Result<(), Broken> {
    let (at, clock) = (moment.meta.sequence, missed.clock);
    let calendar = moment.district.calendars.at(before.time.calendar_version);
    let Some((start, days)) = started(before, clock) else {
        return Err(Broken::new(format!(
            "a date of the {clock} clock was missed at {at}, and it does not run"
        )));
    };
    let own = date(calendar, start, days, &waits.stops(clock, false));
    holds!(
        own == Some(missed.due),
        "the date missed at {at} is {}, but counted day by day the {clock} clock ends on {own:?}",
        missed.due
    );
    holds!(
        calendar.end_of(missed.due) <= moment.meta.time,
        "a date was called missed at {at} before its day was over"
    );
    if let Some((from, None)) = waits.waited.last() {
        holds!(
            calendar.end_of(missed.due) <= *from,
            "the {clock} clock breached at {at} while it stood still"
        );
    }
    if clock == Clock::Acknowledge {
        let word = moment.earlier.iter().any(|seen| {
            seen.meta.time > start
                && matches!(
                    seen.event.kind(),
                    "case_acknowledged" | "question_asked" | "resolution_proposed" | "resolution_revised"
                )
        });
        holds!(!word, "a first word was said, and at {at} it is called missing");
    }
    Ok(())
}

fn dates(
    moment: &Moment<'_>,
    before: &LoopRecord,
    changed: &DueDatesChanged,
    waits: &Waits,
    report: &mut Report,
) -> Result<(), Broken> {
    let at = moment.meta.sequence;
    holds!(
        before.time.noticed == moment.after.time.noticed,
        "the change of dates at {at} rewrote what had been noticed"
    );
    let now = waits.due(moment.after, moment.district.calendars.at(changed.calendar_version));
    holds!(
        changed.due == now,
        "at {at} {:?} is promised, and counted day by day it is {now:?}",
        changed.due
    );
    match changed.cause {
        DatesCause::Person { .. } => {
            holds!(
                changed.calendar_version == before.time.calendar_version,
                "a person moved the loop to another calendar at {at}"
            );
        }
        DatesCause::Calendar => {
            if changed.was != changed.due {
                report.row(Row::SnowDay, false);
                if before.time.noticed.iter().any(|noticed: &Noticed| noticed.missed) {
                    report.row(Row::SnowDayAfterABreach, false);
                }
            }
        }
    }
    Ok(())
}

/// A first word is owed anew, and an answer by the count as it was.
fn starts_again(moment: &Moment<'_>, before: &LoopRecord, somebody_has_it: bool) -> Result<(), Broken> {
    let (after, at) = (moment.after, moment.meta.sequence);
    if somebody_has_it {
        holds!(
            after.time.acknowledge_from == Some(moment.meta.time),
            "event {at} did not start the clock for the first word"
        );
    }
    holds!(
        after.time.resolve_from == before.time.resolve_from,
        "event {at} moved the start of the clock for an answer"
    );
    Ok(())
}

fn go_on(moment: &Moment<'_>, waits: &mut Waits, report: &mut Report) -> Result<(), Broken> {
    let (after, time) = (moment.after, moment.meta.time);
    let was = waits.waited.last().is_some_and(|(_, to)| to.is_none());
    let is = waiting(after);
    keep(&mut waits.waited, is, time);
    keep(&mut waits.answered, answered(after), time);
    let calendar = moment.district.calendars.at(after.time.calendar_version);
    if is && !was {
        waits.for_state = after
            .open_parts()
            .any(|school| after.state_of(school) == LoopState::WaitingForState);
        waits.would_be = Clock::ALL
            .iter()
            .filter_map(|clock| {
                let (start, days) = started(after, *clock)?;
                let due = date(calendar, start, days, &waits.stops(*clock, true))?;
                (calendar.end_of(due) > time).then_some((*clock, (start, due)))
            })
            .collect();
    }
    if was && !is {
        for (clock, (start, due)) in std::mem::take(&mut waits.would_be) {
            if calendar.end_of(due) > time || started(after, clock).is_none_or(|(now, _)| now != start) {
                continue;
            }
            let due = after.due(calendar);
            let now = match clock {
                Clock::Acknowledge => due.acknowledge,
                Clock::NextWord => due.next_word,
                Clock::Resolve => due.resolve,
            };
            holds!(
                now.is_some_and(|day| calendar.end_of(day) > time),
                "event {} resumed the {clock} clock and made it late at once: {now:?}",
                moment.meta.sequence
            );
            let row = if waits.for_state {
                Row::DatePassesWaitingForState
            } else {
                Row::DatePassesWaitingForSchool
            };
            report.row(row, false);
        }
    }
    Ok(())
}
