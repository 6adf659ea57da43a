//! A log in memory that misbehaves on request: from a seed it loses acknowledgements, duplicates and reorders.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use contracts::envelope::Envelope;
use contracts::subjects::Subject;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::sync::{Notify, mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::{AppendError, Delivery, Durable, EventLog, Filter, LogError, Raw, Settle, Tail, payload};

/// How a memory log misbehaves; each is a share of 1000.
#[derive(Debug, Clone, Copy, Default)]
pub struct Chaos {
    /// Appends that are stored but answered as unsettled.
    pub lost_acks: u32,
    /// Appends that are not stored and answered as unsettled.
    pub lost_appends: u32,
    /// Deliveries of a durable consumer that come once more although acknowledged, and messages of a tail repeated.
    pub duplicates: u32,
    /// Deliveries of a durable consumer that come after the one behind them.
    pub reorders: u32,
    /// Deliveries put back to come later.
    pub delays: u32,
}

/// The in-memory log.
#[derive(Debug, Clone)]
pub struct MemoryLog {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    messages: Vec<Raw>,
    last: BTreeMap<String, u64>,
    durables: BTreeMap<String, Queue>,
    /// Messages that are no longer there.
    lost: BTreeSet<u64>,
    chaos: Chaos,
    random: StdRng,
}

#[derive(Debug, Default)]
struct Queue {
    filter: Filter,
    taken_in: usize,
    waiting: VecDeque<(u64, u64)>,
    in_flight: BTreeMap<u64, u64>,
}

impl Default for MemoryLog {
    fn default() -> Self {
        Self::new(0, Chaos::default())
    }
}

impl MemoryLog {
    /// A log whose misbehaviour follows from the seed.
    pub fn new(seed: u64, chaos: Chaos) -> Self {
        let state = State {
            messages: Vec::new(),
            last: BTreeMap::new(),
            durables: BTreeMap::new(),
            lost: BTreeSet::new(),
            chaos,
            random: StdRng::seed_from_u64(seed),
        };
        Self {
            shared: Arc::new(Shared {
                state: Mutex::new(state),
                changed: Notify::new(),
            }),
        }
    }

    /// Puts any bytes under any subject, as a broken or hostile writer could.
    pub fn force(&self, subject: &str, payload: &[u8]) -> u64 {
        let mut state = self.state();
        let sequence = state.store(subject.to_owned(), Bytes::copy_from_slice(payload));
        drop(state);
        self.shared.changed.notify_waiters();
        sequence
    }

    /// A message is gone, as from a damaged disk: readers of everything and whoever asks for it do not get it.
    pub fn lose(&self, sequence: u64) {
        self.state().lost.insert(sequence);
    }

    /// Everything there is.
    pub fn all(&self) -> Vec<Raw> {
        self.state().messages.clone()
    }

    /// Everything after a sequence.
    pub fn since(&self, after: u64) -> Vec<Raw> {
        self.state().messages.iter().skip(after as usize).cloned().collect()
    }

    /// From now on it misbehaves like this.
    pub fn misbehave(&self, chaos: Chaos) {
        self.state().chaos = chaos;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared
            .state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl State {
    fn chance(&mut self, per_mille: u32) -> bool {
        per_mille > 0 && self.random.random_range(0..1000) < per_mille
    }

    fn store(&mut self, subject: String, payload: Bytes) -> u64 {
        let sequence = self.messages.len() as u64 + 1;
        self.last.insert(subject.clone(), sequence);
        self.messages.push(Raw {
            sequence,
            subject,
            headers: None,
            payload,
        });
        sequence
    }
}

/// Whether a subject meets one of the filters, by NATS's wildcards.
fn matches(filter: &Filter, subject: &str) -> bool {
    filter.iter().any(|pattern| {
        let mut tokens = subject.split('.');
        for wanted in pattern.split('.') {
            match (wanted, tokens.next()) {
                (">", Some(_)) => return true,
                ("*", Some(_)) => {}
                (wanted, Some(token)) if wanted == token => {}
                (_, Some(_) | None) => return false,
            }
        }
        tokens.next().is_none()
    })
}

#[async_trait]
impl EventLog for MemoryLog {
    async fn load(&self, subject: &Subject, after: u64, _at_least: u64) -> Result<Vec<Raw>, LogError> {
        let name = subject.to_string();
        let state = self.state();
        Ok(state
            .messages
            .iter()
            .skip(after as usize)
            .filter(|raw| raw.subject == name)
            .cloned()
            .collect())
    }

    async fn append(&self, subject: &Subject, expected: u64, envelope: &Envelope) -> Result<u64, AppendError> {
        let payload = payload(envelope)?;
        let name = subject.to_string();
        let sequence = {
            let mut state = self.state();
            let lost_appends = state.chaos.lost_appends;
            if state.chance(lost_appends) {
                return Err(AppendError::Unsettled);
            }
            let at = state.last.get(&name).copied().unwrap_or(0);
            if at != expected {
                return Err(AppendError::Conflict { at });
            }
            let sequence = state.store(name, payload);
            let lost_acks = state.chaos.lost_acks;
            if state.chance(lost_acks) {
                Err(AppendError::Unsettled)
            } else {
                Ok(sequence)
            }
        };
        self.shared.changed.notify_waiters();
        sequence
    }

    async fn head(&self) -> Result<u64, LogError> {
        Ok(self.state().messages.len() as u64)
    }

    async fn read_whole(&self, after: u64) -> Result<Tail, LogError> {
        self.read(vec![">".to_owned()], after).await
    }

    async fn at(&self, sequence: u64) -> Result<Option<Raw>, LogError> {
        let place = sequence.checked_sub(1).and_then(|place| usize::try_from(place).ok());
        let state = self.state();
        Ok(place
            .filter(|_| !state.lost.contains(&sequence))
            .and_then(|place| state.messages.get(place).cloned()))
    }

    async fn read(&self, filter: Filter, after: u64) -> Result<Tail, LogError> {
        let (sender, receiver) = mpsc::channel(1024);
        let (caught_up, caught_up_receiver) = watch::channel(None);
        let stop = CancellationToken::new();
        let log = self.clone();
        tokio::spawn(stop.clone().run_until_cancelled_owned(async move {
            let mut next = after as usize;
            let mut last_sent = after;
            loop {
                let changed = log.shared.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                let batch: Vec<Raw> = {
                    let mut state = log.state();
                    let duplicates = state.chaos.duplicates;
                    if next > after as usize && state.chance(duplicates) {
                        next -= 1;
                    }
                    state.messages.iter().skip(next).take(256).cloned().collect()
                };
                if batch.is_empty() {
                    caught_up.send_if_modified(|at| at.is_none() && at.replace(last_sent).is_none());
                    changed.await;
                }
                for raw in batch {
                    next = raw.sequence as usize;
                    if log.state().lost.contains(&raw.sequence) {
                        continue;
                    }
                    if matches(&filter, &raw.subject) {
                        last_sent = raw.sequence;
                        if sender.send(raw).await.is_err() {
                            return;
                        }
                    }
                }
            }
        }));
        Ok(Tail::new(receiver, caught_up_receiver, stop))
    }

    async fn durable(&self, name: &str, filter: Filter) -> Result<Box<dyn Durable>, LogError> {
        let mut state = self.state();
        let queue = state.durables.entry(name.to_owned()).or_default();
        queue.filter = filter;
        // Whoever had messages in hand has gone: they come again.
        let back: Vec<(u64, u64)> = std::mem::take(&mut queue.in_flight).into_iter().collect();
        queue.waiting.extend(back);
        drop(state);
        Ok(Box::new(MemoryDurable {
            log: self.clone(),
            name: name.to_owned(),
        }))
    }

    async fn outstanding(&self, name: &str) -> Result<u64, LogError> {
        let state = self.state();
        Ok(state.durables.get(name).map_or(0, |queue| {
            let unread = state
                .messages
                .iter()
                .skip(queue.taken_in)
                .filter(|raw| matches(&queue.filter, &raw.subject))
                .count();
            (unread + queue.waiting.len() + queue.in_flight.len()) as u64
        }))
    }
}

#[derive(Debug)]
struct MemoryDurable {
    log: MemoryLog,
    name: String,
}

impl MemoryDurable {
    fn take(&self) -> Option<Delivery> {
        let mut state = self.log.state();
        let chaos = state.chaos;
        let (reorder, delay, duplicate) = (
            state.chance(chaos.reorders),
            state.chance(chaos.delays),
            state.chance(chaos.duplicates),
        );
        let State { messages, durables, .. } = &mut *state;
        let queue = durables.get_mut(&self.name)?;
        for raw in messages.iter().skip(queue.taken_in) {
            if matches(&queue.filter, &raw.subject) {
                queue.waiting.push_back((raw.sequence, 0));
            }
        }
        queue.taken_in = messages.len();
        if reorder && queue.waiting.len() > 1 {
            queue.waiting.swap(0, 1);
        }
        if delay && queue.waiting.len() > 1 {
            queue.waiting.rotate_left(1);
        }
        let (sequence, before) = queue.waiting.pop_front()?;
        let delivered = before + 1;
        if duplicate {
            queue.waiting.push_back((sequence, delivered));
        }
        queue.in_flight.insert(sequence, delivered);
        let raw = messages.get(sequence as usize - 1)?.clone();
        let settle = MemorySettle {
            log: self.log.clone(),
            name: self.name.clone(),
            sequence,
            settled: Mutex::new(false),
        };
        Some(Delivery {
            raw,
            delivered,
            settle: Box::new(settle),
        })
    }
}

#[async_trait]
impl Durable for MemoryDurable {
    async fn next(&mut self) -> Delivery {
        loop {
            let log = self.log.clone();
            let changed = log.shared.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if let Some(delivery) = self.take() {
                return delivery;
            }
            changed.await;
        }
    }
}

#[derive(Debug)]
struct MemorySettle {
    log: MemoryLog,
    name: String,
    sequence: u64,
    settled: Mutex<bool>,
}

impl MemorySettle {
    fn finish(&self, again: bool) {
        let mut settled = self.settled.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if *settled {
            return;
        }
        *settled = true;
        let mut state = self.log.state();
        if let Some(queue) = state.durables.get_mut(&self.name)
            && let Some(delivered) = queue.in_flight.remove(&self.sequence)
            && again
        {
            queue.waiting.push_back((self.sequence, delivered));
        }
        drop(state);
        self.log.shared.changed.notify_waiters();
    }
}

impl Drop for MemorySettle {
    fn drop(&mut self) {
        self.finish(true);
    }
}

#[async_trait]
impl Settle for MemorySettle {
    async fn ack(&self) -> Result<(), LogError> {
        self.finish(false);
        Ok(())
    }

    async fn nak(&self, _after: Duration) -> Result<(), LogError> {
        self.finish(true);
        Ok(())
    }

    async fn working(&self) -> Result<(), LogError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_follow_the_brokers_wildcards() {
        let filter = vec!["loop.*.loop.>".to_owned()];
        assert!(matches(&filter, "loop.cedar.loop.x"));
        assert!(!matches(&filter, "loop.cedar.school.x"));
        assert!(!matches(&filter, "loop.cedar.loop"));
        assert!(matches(&vec!["loop.cedar.loop.x".to_owned()], "loop.cedar.loop.x"));
        assert!(!matches(&vec!["loop.cedar".to_owned()], "loop.cedar.loop.x"));
    }
}
