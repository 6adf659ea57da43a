//! The storm ends: what is under way comes to rest, and then nobody acts for two years.

use chrono::{Duration, TimeDelta};
use contracts::events::{IntakeEvent, LoopEvent, ResolutionEvent, RoutingEvent};
use contracts::queries::Holder;
use contracts::vocabulary::LoopState;
use eventlog::EventLog;
use eventlog::memory::Chaos;

use crate::broken::{Broken, holds};
use crate::consumer::Consumer;
use crate::history::Story;
use crate::sabotage::Sabotage;
use crate::storm::Weather;
use crate::world::{Task, World};

/// Rounds in which everything must come to rest.
const ROUNDS_MAX: u32 = 500;
/// Steps of one round.
const STEPS_MAX: u32 = 20_000;

impl World {
    /// From now on nothing fails.
    pub(crate) fn calm_down(&mut self) {
        self.storm.becomes(Weather::default());
        self.log.inner.misbehave(Chaos::default());
        self.watching.stays_behind(0);
        self.ack_lost = 0;
        self.tell(|| "the storm ends".to_owned());
    }

    /// Everything that is under way is finished, policies have seen all, and time has nothing more to say now.
    pub(crate) async fn comes_to_rest(&mut self) -> Result<(), Broken> {
        for _ in 0..ROUNDS_MAX {
            let before = self.log.inner.head().await.unwrap_or(0);
            self.views_catch_up(1000);
            for (_, task) in std::mem::take(&mut self.later) {
                self.begin(task)?;
            }
            if self.options.sabotage != Some(Sabotage::NeverTicks) && self.ticking.is_none() {
                self.begin_tick()?;
            }
            self.until_quiet().await?;
            self.look()?;
            let after = self.log.inner.head().await.unwrap_or(0);
            if before == after && self.later.is_empty() {
                return Ok(());
            }
        }
        Err(Broken::new("nothing fails any more, and it does not come to rest"))
    }

    async fn until_quiet(&mut self) -> Result<(), Broken> {
        for _ in 0..STEPS_MAX {
            if self.calls.is_empty() && self.ticking.is_none() && self.consumers.iter().all(Consumer::is_idle) {
                let mut outstanding = 0;
                for consumer in &self.consumers {
                    outstanding += self.log.inner.outstanding(consumer.policy().name).await.unwrap_or(0);
                }
                if outstanding == 0 {
                    return Ok(());
                }
            }
            self.step().await?;
        }
        Err(Broken::new("nothing fails any more, and a step is never the last"))
    }

    /// Two years in which only time passes, from one moment that it brings about to the next.
    pub(crate) async fn two_years(&mut self) -> Result<(), Broken> {
        let until = self.clock.now() + Duration::days(730);
        for _ in 0..ROUNDS_MAX {
            match self.watching.next_at() {
                Some(at) if at <= until && self.options.sabotage != Some(Sabotage::NeverTicks) => {
                    self.clock.set(at.max(self.clock.now()) + TimeDelta::minutes(1));
                    self.comes_to_rest().await?;
                }
                Some(_) | None => {
                    self.clock.set(until);
                    self.tell(|| "two years have passed".to_owned());
                    return self.comes_to_rest().await;
                }
            }
        }
        Err(Broken::new("time brings about something new for ever"))
    }

    /// Each loop has ended, or waits for somebody who can be named.
    pub(crate) fn is_at_rest(&self) -> Result<(), Broken> {
        for (id, story) in &self.history.loops {
            let record = story.record();
            let name = self.name_of(&story.subject.district, *id);
            let state = record.state();
            let named = match record.holder() {
                Holder::Nobody => record.is_ended(),
                Holder::Router => false,
                Holder::School { schools } => !schools.is_empty() && !record.is_ended(),
                Holder::Department { department } => {
                    self.history
                        .districts
                        .get(&story.subject.district)
                        .is_some_and(|district| district.departments.contains_key(&department))
                        && !record.is_ended()
                }
                Holder::Team { team } => {
                    self.history
                        .districts
                        .get(&story.subject.district)
                        .is_some_and(|district| district.teams.contains_key(&team))
                        && !record.is_ended()
                }
                Holder::Contact | Holder::Leader | Holder::State => !record.is_ended(),
            };
            holds!(
                named,
                "all is at rest, and {name}, which is {state}, waits for {}",
                record.holder().code()
            );
            holds!(state != LoopState::Filed, "all is at rest, and nobody has {name}");
            appeals_lie_with_somebody(&name, story)?;
            self.counts_by_its_calendar(&name, story)?;
        }
        Ok(())
    }

    /// Where a calendar moved a running loop's dates, the loop says so.
    fn counts_by_its_calendar(&self, name: &str, story: &Story) -> Result<(), Broken> {
        let record = story.record();
        let Some(district) = self.history.districts.get(&story.subject.district) else {
            return Ok(());
        };
        if record.is_ended() || record.with().is_none() || self.options.sabotage == Some(Sabotage::NeverTicks) {
            return Ok(());
        }
        let (pinned, current) = (
            district.calendars.at(record.time.calendar_version),
            district.calendars.current(),
        );
        holds!(
            story.waits.due(record, pinned) == story.waits.due(record, current),
            "a closed day moves the dates of {name}, and no event says so"
        );
        Ok(())
    }

    /// No answer lies before a school for ever.
    pub(crate) fn nothing_is_unanswered(&mut self) -> Result<(), Broken> {
        let mut ends = Vec::new();
        for (id, story) in &self.history.loops {
            let record = story.record();
            let name = self.name_of(&story.subject.district, *id);
            let unanswered = record.unanswered_parts().len();
            holds!(
                unanswered == 0,
                "two years have passed, and an answer still lies before {unanswered} schools in {name}"
            );
            ends.push(if record.is_unconfirmed() {
                "closed, unconfirmed".to_owned()
            } else if record.is_ended() {
                record.state().code().to_owned()
            } else {
                format!("{}, waits for {}", record.state(), record.holder().code())
            });
        }
        for end in ends {
            *self.report.ends.entry(end).or_default() += 1;
        }
        Ok(())
    }

    /// Any command of the past, sent once more, changes nothing and is answered as it was.
    pub(crate) async fn repeats_change_nothing(&mut self) -> Result<(), Broken> {
        let before = self.log.inner.head().await.unwrap_or(0);
        let done: Vec<usize> = (0..self.deeds.len())
            .filter(|nth| self.deeds[*nth].told.done.is_some())
            .collect();
        for nth in done {
            if self.dice.chance(300) {
                let another = self.dice.chance(200);
                self.begin(if another { Task::Another(nth) } else { Task::Repeat(nth) })?;
                self.until_quiet().await?;
            }
        }
        let after = self.log.inner.head().await.unwrap_or(0);
        holds!(
            before == after,
            "repeating what was done left {} new events",
            after - before
        );
        self.look()
    }
}

/// Of an appeal that nobody has decided somebody above was asked, and is asked still; by the events alone.
fn appeals_lie_with_somebody(name: &str, story: &Story) -> Result<(), Broken> {
    let (mut appealed, mut asked) = (false, None);
    for seen in &story.seen {
        match &seen.event {
            LoopEvent::Intake(IntakeEvent::Appealed(_)) => appealed = true,
            LoopEvent::Routing(RoutingEvent::Escalated(_)) => asked = Some(seen.meta.id),
            LoopEvent::Routing(RoutingEvent::EscalationDecided(decided)) => {
                appealed &= decided.outcome.is_none();
                asked = asked.filter(|id| *id != decided.escalation);
            }
            LoopEvent::Resolution(ResolutionEvent::TeamDecided(decided)) => appealed &= decided.outcome.is_none(),
            LoopEvent::Intake(_) | LoopEvent::Routing(_) | LoopEvent::Resolution(_) => {}
        }
        // With the loop's end it falls away.
        if seen.after.is_ended() {
            (appealed, asked) = (false, None);
        }
    }
    holds!(
        !appealed || asked.is_some(),
        "all is at rest, and nobody was asked about the appeal in {name}"
    );
    Ok(())
}
