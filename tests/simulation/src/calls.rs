//! What callers are told, and what they do then: believe it, try again, or ask once more.

use std::task::{Context, Poll};

use contracts::Action;
use contracts::events::{LoopEvent, ResolutionEvent};
use futures::FutureExt;
use futures::task::noop_waker_ref;

use crate::broken::{Broken, holds};
use crate::consumer::Stepped;
use crate::deed::Deed;
use crate::report::Fault;
use crate::rows::{Row, answers};
use crate::services::Answer;
use crate::world::{Call, Task, World};

impl World {
    /// Takes an answer in.
    pub(crate) fn answered(&mut self, call: &Call, answer: &Answer) -> Result<(), Broken> {
        match &call.task {
            Task::Ask(nth) | Task::Repeat(nth) => self.told(*nth, call, answer),
            Task::Another(nth) => {
                let deed = &self.deeds[*nth];
                let what = deed.action.slug();
                match answer {
                    Err(problem) if problem.status == 503 => Ok(()),
                    Err(problem) => {
                        holds!(
                            problem.name() == "key-reused" && problem.status == 422,
                            "the key of a {what} came with another content and was refused as {}",
                            problem.name()
                        );
                        *self.report.refusals.entry(problem.name().to_owned()).or_default() += 1;
                        Ok(())
                    }
                    Ok(done) => Err(Broken::new(format!(
                        "the key of a {what} came with another content and was accepted at {}",
                        done.version
                    ))),
                }
            }
            Task::Wall(deed) => {
                self.report.walls += 1;
                let (who, what) = (&deed.claims.name, deed.action.slug());
                let home = &deed.claims.district;
                match answer {
                    Err(problem) if problem.status == 503 => Ok(()),
                    Err(problem) => {
                        // Where somebody would begin a loop elsewhere there is none yet that could be hidden.
                        holds!(
                            problem.status == 404 || (deed.action == Action::File && problem.status == 403),
                            "{who} of {home} tried to {what} across the wall and was told {} {}",
                            problem.status,
                            problem.name()
                        );
                        Ok(())
                    }
                    Ok(_) => Err(Broken::new(format!("{who} of {home} could {what} across the wall"))),
                }
            }
        }
    }

    fn told(&mut self, nth: usize, call: &Call, answer: &Answer) -> Result<(), Broken> {
        let reply_lost = answer.is_ok() && self.storm.strikes(Fault::ReplyLost);
        let asked = matches!(call.task, Task::Ask(_));
        self.judge(nth, call, answer)?;
        let counts = self.report.actions.entry(self.deeds[nth].action).or_default();
        let deed = &mut self.deeds[nth];
        let what = deed.action.slug();
        let outcome;
        match answer {
            Ok(_) if reply_lost => {
                deed.told.unknown += 1;
                counts.unknown += 1;
                outcome = "no reply".to_owned();
            }
            Ok(done) => {
                if let Some(before) = deed.told.done {
                    holds!(
                        before == done.version,
                        "a {what} was acknowledged at {before}, and when it was repeated at {}",
                        done.version
                    );
                }
                if call.done_before {
                    holds!(
                        done.repeated,
                        "a repeated {what} was carried out anew at {}",
                        done.version
                    );
                }
                if deed.told.done.replace(done.version).is_none() {
                    counts.accepted += 1;
                } else {
                    counts.repeated += 1;
                }
                outcome = format!("done at {}", done.version);
            }
            Err(problem) if problem.status == 503 => {
                if problem.name() == "outcome-unknown" {
                    deed.told.unknown += 1;
                } else {
                    deed.told.away += 1;
                }
                counts.unknown += 1;
                outcome = problem.name().to_owned();
            }
            Err(problem) => {
                holds!(
                    !call.done_before,
                    "a {what} was acknowledged, and refused as {} when it was repeated: {}",
                    problem.name(),
                    problem.detail
                );
                deed.told.refused = Some(problem.name().to_owned());
                counts.refused += 1;
                *self.report.refusals.entry(problem.name().to_owned()).or_default() += 1;
                outcome = format!("refused: {}", problem.name());
            }
        }
        let settled = match answer {
            Ok(_) => !reply_lost,
            Err(problem) => problem.status != 503,
        };
        if asked && !settled {
            self.again(nth);
        }
        let (district, id) = (self.deeds[nth].district.clone(), self.deeds[nth].of_loop());
        let name = self.name_of(&district, id);
        let who = self.deeds[nth].claims.name.clone();
        self.tell(|| format!("{who}: {what} {name} -> {outcome}"));
        Ok(())
    }

    /// The caller tries again: mostly soon, sometimes much later, now and then never.
    pub(crate) fn again(&mut self, nth: usize) {
        let after = match self.dice.below(20) {
            0 => return,
            1 | 2 => self.dice.between(6, 25),
            _ => self.dice.between(0, 2),
        };
        self.later
            .push((self.beat + after.unsigned_abs() as u32, Task::Ask(nth)));
    }

    fn judge(&mut self, nth: usize, call: &Call, answer: &Answer) -> Result<(), Broken> {
        let deed = &self.deeds[nth];
        let Some(story) = self.history.loops.get(&deed.of_loop()) else {
            return Ok(());
        };
        if let Ok(done) = answer {
            has_its_event(story, deed, done.version)?;
            if done.repeated {
                return Ok(());
            }
            let left = story
                .seen
                .iter()
                .any(|seen| seen.command == deed.id && seen.event.kind() == "school_left");
            if deed.action == Action::Withdraw && left {
                self.report
                    .row(Row::OneOfSeveralWithdraws, self.history.position > call.from + 1);
            }
        }
        if deed.action == Action::File || deed.told.unknown > 0 || !matches!(call.task, Task::Ask(_)) {
            return Ok(());
        }
        // What an acceptance was decided on is the state just before its event.
        let mut states = story.between(call.from, self.history.position);
        if let Ok(done) = answer {
            states = story.between(0, done.version - 1).pop().into_iter().collect();
        }
        let plain = domain::directory::DistrictRecord::default();
        let given = answers::Given {
            deed,
            answer,
            states: &states,
            district: self.history.districts.get(&deed.district).unwrap_or(&plain),
        };
        answers::judge(&given, &mut self.report)
    }

    /// The look at the time goes on.
    pub(crate) fn tick_goes_on(&mut self) -> Result<Stepped, Broken> {
        let Some(ticking) = &mut self.ticking else {
            return Ok(Stepped::Idle);
        };
        let Poll::Ready(answer) = ticking.future.poll_unpin(&mut Context::from_waker(noop_waker_ref())) else {
            return Ok(if self.storm.stopped_here() {
                Stepped::Moved
            } else {
                Stepped::WaitsForTime
            });
        };
        let from = ticking.from;
        self.ticking = None;
        self.look()?;
        let position = self.watching.position();
        match answer {
            Ok(_) => {
                holds!(
                    position >= from,
                    "the time was judged although the read model was at {position} and the log had reached {from}"
                );
            }
            Err(problem) => {
                holds!(
                    problem.status == 503,
                    "a look at the time was refused: {}",
                    problem.detail
                );
                if position < from && problem.detail.contains("behind") {
                    self.nothing_judged_since(from)?;
                    self.report.fault(Fault::ReadModelBehind);
                    self.report.row(Row::TickWhileBehind, self.history.position > from);
                    self.tell(|| format!("a tick is put off: the read model is at {position}, not {from}"));
                }
            }
        }
        Ok(Stepped::Moved)
    }

    fn nothing_judged_since(&self, from: u64) -> Result<(), Broken> {
        for story in self.history.loops.values() {
            for seen in story.seen.iter().rev().take_while(|seen| seen.meta.sequence > from) {
                let by_time = seen.meta.actor.to_string().starts_with("policy/when_time_passes")
                    // The register's own look at the time tells loops what became of something, whenever that is.
                    && !matches!(
                        seen.event,
                        LoopEvent::Resolution(ResolutionEvent::FlexibilityChanged(_))
                    );
                holds!(
                    !by_time,
                    "event {} was judged by the time while the read model was behind {from}",
                    seen.meta.sequence
                );
            }
        }
        Ok(())
    }
}

/// An acknowledged command's event stands where it was said to be.
pub(crate) fn has_its_event(story: &crate::history::Story, deed: &Deed, version: u64) -> Result<(), Broken> {
    let what = deed.action.slug();
    let Some(seen) = story.seen.iter().find(|seen| seen.command == deed.id) else {
        return Err(Broken::new(format!(
            "a {what} was acknowledged at {version}, and the log has no event of it"
        )));
    };
    holds!(
        seen.meta.sequence == version,
        "a {what} was acknowledged at {version}, and its event stands at {}",
        seen.meta.sequence
    );
    holds!(
        seen.digest == deed.digest(),
        "the event at {version} is not of what was asked in a {what}"
    );
    if let Some(known) = deed.based_on {
        holds!(
            seen.previous == known,
            "a {what} that was based on {known} stands after {}",
            seen.previous
        );
    }
    Ok(())
}
