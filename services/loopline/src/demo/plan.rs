//! When each step of a story happens: days before today, moved back to a working day, never out of order.

use chrono::{DateTime, Days, Duration, NaiveDate, NaiveTime, TimeZone, Utc};
use domain::Calendar;

use super::content::{LoopStory, Step, Story};

/// One deed at its moment.
#[derive(Debug, Clone)]
pub(super) struct Deed {
    pub(super) at: DateTime<Utc>,
    pub(super) story: usize,
    pub(super) place: Place,
    /// None is the filing.
    pub(super) step: Option<usize>,
}

/// To what of a story a deed is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// A part of the register; what is allowed stands there before somebody acts on it.
    Register(usize),
    /// A loop.
    Loop(usize),
}

pub(super) fn calendar(story: &Story) -> Calendar {
    Calendar::new(1, &story.district.time_zone, &story.calendar.closed).unwrap_or_default()
}

fn moment(calendar: &Calendar, today: NaiveDate, days_ago: u64, at: NaiveTime) -> DateTime<Utc> {
    let mut day = today.checked_sub_days(Days::new(days_ago)).unwrap_or(today);
    for _ in 0..30 {
        if calendar.is_business_day(day) {
            break;
        }
        day = day.checked_sub_days(Days::new(1)).unwrap_or(day);
    }
    let local = calendar.time_zone.from_local_datetime(&day.and_time(at)).earliest();
    local.map_or_else(|| calendar.start_of(day), |local| local.with_timezone(&Utc))
}

fn of_loop(calendar: &Calendar, story: &LoopStory, now: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    let filed = moment(calendar, calendar.date(now), story.filed.days_ago, story.filed.at);
    in_order(std::iter::once(filed).chain(of_steps(calendar, &story.steps, now)), now)
}

fn of_steps(calendar: &Calendar, steps: &[Step], now: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> {
    let today = calendar.date(now);
    steps
        .iter()
        .map(move |step| moment(calendar, today, step.days_ago, step.at))
}

fn in_order(moments: impl Iterator<Item = DateTime<Utc>>, now: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    let mut all: Vec<DateTime<Utc>> = moments.collect();
    // Two steps moved back to one day keep their order; nothing lies in the future.
    let mut latest = now - Duration::minutes(1);
    for at in all.iter_mut().rev() {
        *at = (*at).min(latest);
        latest = *at - Duration::minutes(5);
    }
    all
}

/// All deeds of all stories, in the order of time.
pub(super) fn plan(stories: &[Story], now: DateTime<Utc>) -> Vec<Deed> {
    let mut deeds = Vec::new();
    for (story_at, story) in stories.iter().enumerate() {
        let calendar = calendar(story);
        for (loop_at, one) in story.loops.iter().enumerate() {
            for (nth, at) in of_loop(&calendar, one, now).into_iter().enumerate() {
                deeds.push(Deed {
                    at,
                    story: story_at,
                    place: Place::Loop(loop_at),
                    step: nth.checked_sub(1),
                });
            }
        }
        for (part_at, part) in story.register.iter().enumerate() {
            let moments = in_order(of_steps(&calendar, &part.steps, now), now);
            deeds.extend(moments.into_iter().enumerate().map(|(nth, at)| Deed {
                at,
                story: story_at,
                place: Place::Register(part_at),
                step: Some(nth),
            }));
        }
    }
    deeds.sort_by_key(|deed| (deed.at, deed.story, deed.place, deed.step));
    deeds
}

/// When the first of it begins; districts are set up a little earlier.
pub(crate) fn begins(stories: &[Story], now: DateTime<Utc>) -> DateTime<Utc> {
    plan(stories, now)
        .first()
        .map_or(now, |deed| deed.at - Duration::days(7))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deeds_keep_their_order_and_lie_in_the_past_whatever_day_it_is() {
        let stories = crate::demo::stories().expect("the stories can be read");
        for day in 0..400 {
            let now = DateTime::from_timestamp(1_793_000_000 + day * 86_400, 0).expect("a moment");
            let deeds = plan(&stories, now);
            assert!(deeds.iter().all(|deed| deed.at < now));
            for (story, one) in stories.iter().enumerate() {
                for at in 0..one.loops.len() {
                    let steps: Vec<Option<usize>> = deeds
                        .iter()
                        .filter(|deed| (deed.story, deed.place) == (story, Place::Loop(at)))
                        .map(|deed| deed.step)
                        .collect();
                    assert!(steps.is_sorted(), "{} {day}: {steps:?}", one.loops[at].key);
                }
            }
        }
    }
}
