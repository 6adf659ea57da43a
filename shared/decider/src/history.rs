//! Histories: what was read of a thing, with the state it comes to; and those of late, kept so that only what is new
//! has to be read and folded.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use contracts::commands::CommandMessage;
use contracts::envelope::Recorded;
use contracts::subjects::Subject;
use domain::{Fold, Loop};
use eventlog::EventLog;

use crate::execute::Failure;

/// A thing's events as far as they were read, and the state they come to.
#[derive(Debug, Clone, Default)]
pub struct History<S> {
    recorded: Vec<Recorded>,
    state: S,
    /// Whether more may have happened than was read.
    behind: bool,
}

impl<S: Fold + Default> History<S> {
    /// What has happened.
    pub fn recorded(&self) -> &[Recorded] {
        &self.recorded
    }

    /// Whether this very command was carried out before: then nothing needs to be looked up for it.
    pub fn was_done(&self, message: &CommandMessage) -> bool {
        self.recorded.iter().any(|event| event.envelope.commandid == message.id)
    }

    /// What it comes to.
    pub fn state(&self) -> &S {
        &self.state
    }

    /// The stream sequence of the last event; 0 where there is none.
    pub fn version(&self) -> u64 {
        self.recorded.last().map_or(0, |last| last.sequence)
    }

    /// Reads a thing from the log.
    pub async fn read<R>(log: &dyn EventLog, subject: &Subject) -> Result<Self, Failure<R>> {
        let mut history = Self::default();
        history.catch_up(log, subject, 0).await.map_err(Failure::of_any)?;
        Ok(history)
    }

    /// Reads on from the log, at least up to a sequence.
    pub async fn catch_up(&mut self, log: &dyn EventLog, subject: &Subject, at_least: u64) -> Result<(), Failure<()>> {
        for raw in log.load(subject, self.version(), at_least).await? {
            let recorded = raw
                .parse()
                .map_err(|garbled| Failure::Unreadable(garbled.to_string()))?;
            self.add(recorded)?;
        }
        self.behind = false;
        Ok(())
    }

    /// Whether more may have happened than is known here: what is decided on it holds only if it can be appended.
    pub(crate) fn is_behind(&self) -> bool {
        self.behind
    }

    /// Takes an event in that somebody was told of. Where that leaves a gap, it says no; otherwise there is now
    /// everything up to that event, and what came after it may be missing.
    pub(crate) fn hear(&mut self, told: &Recorded) -> Result<bool, Failure<()>> {
        if self.version() < told.sequence {
            if told.envelope.previous != self.version() {
                return Ok(false);
            }
            self.add(told.clone())?;
        }
        self.behind = true;
        Ok(true)
    }

    /// One more event has happened.
    pub(crate) fn add(&mut self, recorded: Recorded) -> Result<(), Failure<()>> {
        let event = S::read(&recorded.envelope).map_err(|error| Failure::Unreadable(error.to_string()))?;
        self.state.evolve(&recorded.meta(), &event);
        self.recorded.push(recorded);
        Ok(())
    }
}

/// Events kept in each of two generations, those of late and those before: some 2 KB each.
const GENERATION_EVENTS_MAX: usize = 2000;

/// Histories of the loops that commands were carried out on of late. Whoever takes one reads on from the log before
/// deciding on it, or relies on nothing but what can be appended, so that it may be as old as it likes.
#[derive(Debug, Clone, Default)]
pub struct Recent {
    inner: Arc<Mutex<Generations>>,
}

#[derive(Debug, Default)]
struct Generations {
    late: HashMap<Subject, History<Loop>>,
    before: HashMap<Subject, History<Loop>>,
    late_events: usize,
}

impl Recent {
    fn inner(&self) -> MutexGuard<'_, Generations> {
        self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Takes a loop's history out; an empty one where none is kept.
    pub(crate) fn take(&self, subject: &Subject) -> History<Loop> {
        let mut inner = self.inner();
        if let Some(history) = inner.late.remove(subject) {
            inner.late_events = inner.late_events.saturating_sub(history.recorded.len());
            return history;
        }
        inner.before.remove(subject).unwrap_or_default()
    }

    /// Keeps a loop's history.
    pub(crate) fn keep(&self, subject: Subject, history: History<Loop>) {
        let events = history.recorded.len();
        if events == 0 || events > GENERATION_EVENTS_MAX / 4 {
            return;
        }
        let mut inner = self.inner();
        if inner.late_events + events > GENERATION_EVENTS_MAX {
            inner.before = std::mem::take(&mut inner.late);
            inner.late_events = 0;
        }
        inner.late_events += events;
        if let Some(replaced) = inner.late.insert(subject, history) {
            inner.late_events = inner.late_events.saturating_sub(replaced.recorded.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::ids::LoopId;
    use uuid::Uuid;

    fn subject(nth: u128) -> Subject {
        let district = "north".parse().expect("a slug");
        Subject::of_loop(&district, LoopId(Uuid::from_u128(nth)))
    }

    fn history(events: usize) -> History<Loop> {
        let envelope = contracts::Envelope {
            specversion: "1.0".to_owned(),
            id: contracts::ids::EventId(Uuid::nil()),
            source: String::new(),
            event_type: String::new(),
            subject: String::new(),
            time: chrono::DateTime::UNIX_EPOCH,
            datacontenttype: String::new(),
            district: "north".parse().expect("a slug"),
            actor: contracts::envelope::Actor::Policy("p".to_owned()),
            actingfor: None,
            commandid: contracts::ids::CommandId(Uuid::nil()),
            requesthash: String::new(),
            causationid: None,
            previous: 0,
            traceparent: None,
            data: serde_json::value::RawValue::NULL.to_owned(),
        };
        let recorded = Recorded {
            sequence: 1,
            subject: subject(1),
            envelope,
        };
        History {
            recorded: vec![recorded; events],
            state: Loop::default(),
            behind: false,
        }
    }

    #[test]
    fn what_is_kept_is_bounded_and_what_was_used_of_late_stays() {
        let recent = Recent::default();
        for nth in 0..10_000 {
            recent.keep(subject(nth), history(10));
            // This one is used again and again.
            let used = recent.take(&subject(0));
            assert_eq!(used.recorded.len(), 10, "after {nth}");
            recent.keep(subject(0), used);
            let inner = recent.inner();
            let events =
                |kept: &HashMap<Subject, History<Loop>>| kept.values().map(|one| one.recorded.len()).sum::<usize>();
            assert_eq!(events(&inner.late), inner.late_events);
            assert!(events(&inner.late) + events(&inner.before) <= 2 * GENERATION_EVENTS_MAX);
        }
        assert!(recent.take(&subject(3)).recorded.is_empty(), "the oldest are gone");
    }
}
