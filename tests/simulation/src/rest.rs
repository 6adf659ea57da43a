//! The storm ends: what is under way comes to rest, and then nobody acts for two years.

use chrono::{Duration, TimeDelta};
use contracts::events::{IntakeEvent, LoopEvent, ResolutionEvent, RoutingEvent};
use contracts::queries::Holder;
use contracts::vocabulary::LoopState;
use domain::directory::DistrictRecord;
use eventlog::EventLog;
use eventlog::memory::Chaos;

use crate::broken::{Broken, holds};
use crate::consumer::Consumer;
use crate::history::Story;
use crate::roster::ROSTER;
use crate::sabotage::Sabotage;
use crate::storm::Weather;
use crate::watching::speakers;
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
                if self.is_here(&task) {
                    self.begin(task)?;
                }
            }
            // A look that is under way says nothing of what came since it began.
            let looks = self.options.sabotage != Some(Sabotage::NeverTicks);
            let looks_anew = looks && self.ticking.is_none();
            if looks_anew {
                self.begin_tick()?;
            }
            self.until_quiet().await?;
            self.the_register_looks().await?;
            self.until_quiet().await?;
            self.look()?;
            let after = self.log.inner.head().await.unwrap_or(0);
            if before == after && self.later.is_empty() && looks_anew == looks {
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
            let next_at = [self.watching.next_at(), self.state_is_silent_until()];
            match next_at.into_iter().flatten().min() {
                Some(at) if at <= until && self.options.sabotage != Some(Sabotage::NeverTicks) => {
                    self.clock.set(at.max(self.clock.now()) + TimeDelta::minutes(1));
                    self.the_state_answers_late().await?;
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
        self.everybody_was_told()?;
        self.nobody_waits_for_who_is_gone()?;
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

    /// No open loop is with a department that was closed, and none waits for the word of somebody who has left while
    /// another could say it.
    fn nobody_waits_for_who_is_gone(&self) -> Result<(), Broken> {
        for (id, story) in &self.history.loops {
            let (record, district) = (story.record(), &story.subject.district);
            let name = self.name_of(district, *id);
            let over = self.history.districts.get(district).map(DistrictRecord::handed_over);
            if let Some(with) = record.with().filter(|_| !record.is_ended()) {
                let closed = over
                    .unwrap_or_default()
                    .into_iter()
                    .any(|(from, _)| from == with.department);
                holds!(
                    !closed,
                    "all is at rest, and {name} is with a department that was closed"
                );
            }
            for (speaker, spoken) in speakers(*id, Some(record)) {
                if !self.services.left.has(speaker) || self.history.came_after_leaving(story, spoken.school, speaker) {
                    continue;
                }
                let others = ROSTER.plan(district).is_some_and(|plan| {
                    plan.speakers(spoken.school)
                        .any(|claims| !self.services.left.has(claims.person))
                });
                holds!(
                    !others,
                    "all is at rest, and {name} waits for a word of somebody who has left"
                );
            }
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
            LoopEvent::Intake(_) | LoopEvent::Routing(_) | LoopEvent::Resolution(_) | LoopEvent::Custody(_) => {}
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

#[cfg(test)]
mod tests {
    use chrono::Days;
    use contracts::events::directory::Closed;
    use contracts::subjects::{Subject, Thing};
    use contracts::{Action, CommandId};
    use serde_json::json;

    use super::*;
    use crate::deed::{Deed, Told};
    use crate::roster::calendar;
    use crate::{Options, keyring, runtime};

    /// A world with one loop, which a department has; nothing fails in it.
    async fn with_one_loop() -> Result<World, Broken> {
        let mut world = World::new(1, Options::default(), keyring());
        world.begins().await?;
        world.calm_down();
        let plan = &ROSTER.districts[0];
        let id = CommandId::derived(&["filed"]);
        let body = json!({
            "title": "Fixed times", "trying": "Let classes end when work is done", "barrier": "a rule",
            "kind": "policy", "area": "seat_time",
        });
        world.deeds.push(Deed {
            id,
            district: plan.slug.clone(),
            thing: id.0,
            action: Action::File,
            claims: plan.people[0].clone(),
            body,
            school: None,
            based_on: None,
            episode: 1,
            told: Told::default(),
        });
        world.begin(Task::Ask(0))?;
        world.comes_to_rest().await?;
        Ok(world)
    }

    /// Days are closed when a look at the time has stopped this often. Whether it was under way still.
    async fn closes_days_in_a_look(stops: u32) -> Result<bool, Broken> {
        let mut world = with_one_loop().await?;
        let district = &ROSTER.districts[0].slug;
        let first = world.clock.now().date_naive();
        world.storm.becomes(Weather {
            waits: 1000,
            ..Weather::default()
        });
        world.begin_tick()?;
        for _ in 0..stops {
            world.tick_goes_on()?;
        }
        let under_way = world.ticking.is_some();
        let closed = Closed {
            from: first,
            to: first + Days::new(10),
            label: "snow".to_owned(),
        };
        let subject = Subject::new(district, Thing::District, district.thing_id());
        world.state(&subject, &calendar(2, vec![closed])).await?;
        world.calm_down();
        world.comes_to_rest().await?;
        world.is_at_rest()?;
        assert!(
            world
                .history
                .loops
                .values()
                .all(|story| story.record().time.calendar_version == 2)
        );
        Ok(under_way)
    }

    #[test]
    fn a_look_that_was_under_way_when_a_day_was_closed_is_not_the_last() {
        let runtime = runtime().expect("a runtime");
        for stops in 0..100 {
            let closed = runtime.block_on(closes_days_in_a_look(stops));
            let under_way = closed.unwrap_or_else(|broken| panic!("after {stops} stops: {}", broken.sentence));
            if !under_way {
                assert!(stops > 2, "it was never under way");
                return;
            }
        }
        panic!("a look never ends");
    }
}
