//! One lane a thing: what is worked on now, what waits behind it, and what must come first. Pure: it is told what was
//! delivered and what became of it, and says what to do next.
//!
//! A message may be in hand twice. Once the first copy is acknowledged the broker takes it as done and sends it no more,
//! so the second is never worked on: were it to fail, its thing would wait for ever for what does not come.

use std::collections::{HashMap, HashSet, VecDeque};

/// A message of a lane.
pub trait Numbered {
    /// Its sequence in the log.
    fn sequence(&self) -> u64;
    /// The thing's subject.
    fn subject(&self) -> &str;
}

impl Numbered for eventlog::Delivery {
    fn sequence(&self) -> u64 {
        self.raw.sequence
    }

    fn subject(&self) -> &str {
        &self.raw.subject
    }
}

/// What to do with a message.
#[derive(Debug, PartialEq, Eq)]
pub enum Turn<D> {
    /// Work on it now.
    Work(D),
    /// Set it aside without working on it: an earlier one of its thing was.
    Follow(D),
    /// Nothing yet: one of its thing is being worked on.
    Wait,
    /// Give it back: one that must come before it is not done yet.
    Back(D),
    /// Acknowledge it without working on it: it was done with before.
    Repeated(D),
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Became {
    /// It is done with.
    Done,
    /// It was set aside: all later ones of its thing follow it.
    Aside,
    /// It failed and comes again.
    Failed,
}

/// Messages remembered as done with.
const REMEMBERED_MAX: usize = 65_536;

/// All lanes of a policy.
#[derive(Debug)]
pub struct Lanes<D> {
    lanes: HashMap<String, Lane<D>>,
    parked: HashSet<String>,
    done: Remembered,
}

/// The messages that were done with last.
#[derive(Debug, Default)]
struct Remembered {
    sequences: HashSet<u64>,
    oldest_first: VecDeque<u64>,
}

impl Remembered {
    fn add(&mut self, sequence: u64) {
        if !self.sequences.insert(sequence) {
            return;
        }
        self.oldest_first.push_back(sequence);
        if self.oldest_first.len() > REMEMBERED_MAX
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.sequences.remove(&oldest);
        }
    }

    fn holds(&self, sequence: u64) -> bool {
        self.sequences.contains(&sequence)
    }
}

#[derive(Debug)]
struct Lane<D> {
    running: bool,
    waiting: VecDeque<D>,
    // The event that must come before any other of this thing.
    held_for: Option<u64>,
    // How often others were given back for it.
    given_back: u32,
}

/// How often messages are given back for one that failed: by then it has come again, or another process has done with
/// it and it never will.
const GIVEN_BACK_MAX: u32 = 200;

impl<D> Default for Lane<D> {
    fn default() -> Self {
        Self {
            running: false,
            waiting: VecDeque::new(),
            held_for: None,
            given_back: 0,
        }
    }
}

impl<D: Numbered> Lanes<D> {
    /// Lanes of which those of these subjects lead to where messages are set aside.
    pub fn new(parked: HashSet<String>) -> Self {
        Self {
            lanes: HashMap::new(),
            parked,
            done: Remembered::default(),
        }
    }

    /// Whether messages of a subject lead to where messages are set aside.
    pub fn is_parked(&self, subject: &str) -> bool {
        self.parked.contains(subject)
    }

    /// A message was delivered.
    pub fn delivered(&mut self, message: D) -> Turn<D> {
        if self.done.holds(message.sequence()) {
            return Turn::Repeated(message);
        }
        let lane = self.lanes.entry(message.subject().to_owned()).or_default();
        if lane.held_for.is_some_and(|first| message.sequence() > first) {
            lane.given_back += 1;
            if lane.given_back <= GIVEN_BACK_MAX {
                return Turn::Back(message);
            }
            lane.held_for = None;
        }
        if lane.running {
            lane.waiting.push_back(message);
            return Turn::Wait;
        }
        lane.running = true;
        self.turn(message)
    }

    /// A message was worked on: what to do with those that waited behind it, at most one of which is worked on next.
    pub fn finished(&mut self, subject: &str, sequence: u64, became: Became) -> Vec<Turn<D>> {
        let lane = self.lanes.entry(subject.to_owned()).or_default();
        lane.running = false;
        if became == Became::Failed {
            lane.held_for = Some(lane.held_for.map_or(sequence, |first| first.min(sequence)));
            lane.given_back = 0;
            return lane.waiting.drain(..).map(Turn::Back).collect();
        }
        if became == Became::Aside {
            self.parked.insert(subject.to_owned());
        }
        self.done.add(sequence);
        lane.held_for = lane.held_for.filter(|first| *first != sequence);
        let mut turns = Vec::new();
        while let Some(next) = lane.waiting.pop_front() {
            if self.done.holds(next.sequence()) {
                turns.push(Turn::Repeated(next));
            } else if lane.held_for.is_some_and(|first| next.sequence() > first) {
                turns.push(Turn::Back(next));
            } else {
                lane.running = true;
                turns.push(self.turn(next));
                return turns;
            }
        }
        if lane.held_for.is_none() {
            self.lanes.remove(subject);
        }
        turns
    }

    fn turn(&self, message: D) -> Turn<D> {
        if self.parked.contains(message.subject()) {
            Turn::Follow(message)
        } else {
            Turn::Work(message)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Eq)]
    struct Message(&'static str, u64);

    impl Numbered for Message {
        fn sequence(&self) -> u64 {
            self.1
        }

        fn subject(&self) -> &str {
            self.0
        }
    }

    fn lanes() -> Lanes<Message> {
        Lanes::new(HashSet::new())
    }

    #[test]
    fn one_thing_is_worked_on_in_order_and_others_beside_it() {
        let mut lanes = lanes();
        assert_eq!(lanes.delivered(Message("a", 1)), Turn::Work(Message("a", 1)));
        assert_eq!(lanes.delivered(Message("a", 2)), Turn::Wait);
        assert_eq!(lanes.delivered(Message("b", 3)), Turn::Work(Message("b", 3)));
        assert_eq!(lanes.finished("a", 1, Became::Done), [Turn::Work(Message("a", 2))]);
    }

    #[test]
    fn what_comes_after_a_failure_waits_for_it() {
        let mut lanes = lanes();
        lanes.delivered(Message("a", 1));
        lanes.delivered(Message("a", 2));
        assert_eq!(lanes.finished("a", 1, Became::Failed), [Turn::Back(Message("a", 2))]);
        assert_eq!(lanes.delivered(Message("a", 2)), Turn::Back(Message("a", 2)));
        assert_eq!(lanes.delivered(Message("a", 1)), Turn::Work(Message("a", 1)));
        assert_eq!(lanes.finished("a", 1, Became::Done), []);
        assert_eq!(lanes.delivered(Message("a", 2)), Turn::Work(Message("a", 2)));
    }

    #[test]
    fn what_comes_after_one_set_aside_follows_it() {
        let mut lanes = lanes();
        lanes.delivered(Message("a", 1));
        lanes.finished("a", 1, Became::Aside);
        assert_eq!(lanes.delivered(Message("a", 2)), Turn::Follow(Message("a", 2)));
        assert_eq!(lanes.delivered(Message("b", 3)), Turn::Work(Message("b", 3)));
    }
    #[test]
    fn a_copy_of_what_is_done_with_is_acknowledged_and_holds_nothing_up() {
        let mut lanes = lanes();
        lanes.delivered(Message("a", 1));
        assert_eq!(lanes.delivered(Message("a", 1)), Turn::Wait, "its copy");
        lanes.delivered(Message("a", 2));
        assert_eq!(
            lanes.finished("a", 1, Became::Done),
            [Turn::Repeated(Message("a", 1)), Turn::Work(Message("a", 2))]
        );
        assert_eq!(lanes.delivered(Message("a", 1)), Turn::Repeated(Message("a", 1)));
        lanes.finished("a", 2, Became::Done);
        assert_eq!(lanes.delivered(Message("a", 1)), Turn::Repeated(Message("a", 1)));
        assert_eq!(lanes.delivered(Message("a", 3)), Turn::Work(Message("a", 3)));
    }

    #[test]
    fn a_copy_of_what_failed_is_worked_on_and_what_comes_after_goes_on() {
        let mut lanes = lanes();
        lanes.delivered(Message("a", 1));
        lanes.delivered(Message("a", 1));
        lanes.delivered(Message("a", 2));
        assert_eq!(
            lanes.finished("a", 1, Became::Failed),
            [Turn::Back(Message("a", 1)), Turn::Back(Message("a", 2))]
        );
        // Both come again; whichever is first is the one that is worked on.
        assert_eq!(lanes.delivered(Message("a", 1)), Turn::Work(Message("a", 1)));
        assert_eq!(lanes.delivered(Message("a", 1)), Turn::Wait);
        assert_eq!(lanes.finished("a", 1, Became::Done), [Turn::Repeated(Message("a", 1))]);
        assert_eq!(lanes.delivered(Message("a", 2)), Turn::Work(Message("a", 2)));
    }

    #[test]
    fn a_copy_of_one_set_aside_is_not_set_aside_again() {
        let mut lanes = lanes();
        lanes.delivered(Message("a", 1));
        lanes.finished("a", 1, Became::Aside);
        assert_eq!(lanes.delivered(Message("a", 1)), Turn::Repeated(Message("a", 1)));
    }

    #[test]
    fn only_so_many_are_remembered() {
        let mut done = Remembered::default();
        for sequence in 0..=REMEMBERED_MAX as u64 {
            done.add(sequence);
            done.add(sequence);
        }
        assert!(!done.holds(0) && done.holds(1) && done.holds(REMEMBERED_MAX as u64));
        assert_eq!(done.sequences.len(), REMEMBERED_MAX);
    }

    #[test]
    fn one_that_another_process_has_done_with_does_not_hold_the_thing_for_ever() {
        let mut lanes = lanes();
        lanes.delivered(Message("a", 1));
        lanes.finished("a", 1, Became::Failed);
        for _ in 0..GIVEN_BACK_MAX {
            assert_eq!(lanes.delivered(Message("a", 2)), Turn::Back(Message("a", 2)));
        }
        assert_eq!(lanes.delivered(Message("a", 2)), Turn::Work(Message("a", 2)));
    }
}
