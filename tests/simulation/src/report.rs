//! What was seen: counts that can be added up over worlds and printed.

use std::collections::BTreeMap;
use std::fmt;

use contracts::Action;
use contracts::vocabulary::LoopState;
use domain::legal;

use crate::rows::Row;

/// Something that goes wrong around the services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The log could not be reached.
    LogAway,
    /// An append was lost, and nobody heard.
    AppendLost,
    /// An append was stored, and nobody heard.
    AppendUnsettled,
    /// A request did not arrive.
    RequestLost,
    /// A reply did not arrive.
    ReplyLost,
    /// Nobody answered who somebody is.
    LookupAway,
    /// A service stopped in the middle of a command.
    HandlerDropped,
    /// A policy stopped with all that it had in hand.
    ConsumerDropped,
    /// An acknowledgement of a delivery was lost.
    AckLost,
    /// Routing stopped in the middle of looking at the time.
    TickDropped,
    /// The read model was behind when time was looked at.
    ReadModelBehind,
    /// A service's view of the districts was behind.
    ViewBehind,
    /// A delivery came again.
    DeliveredAgain,
}

/// What became of the commands of one action.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Told {
    /// Accepted for the first time.
    pub accepted: u64,
    /// Accepted again, with the same answer.
    pub repeated: u64,
    /// Refused.
    pub refused: u64,
    /// Answered with "try again", or not at all.
    pub unknown: u64,
}

/// Counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Worlds run.
    pub worlds: u64,
    /// Events in the log, those of the directory left out.
    pub events: u64,
    /// Rows that occurred, and how often something else landed in between.
    pub rows: BTreeMap<Row, (u64, u64)>,
    /// Events by the state the loop was in.
    pub transitions: BTreeMap<(&'static str, &'static str), u64>,
    /// Commands by action.
    pub actions: BTreeMap<Action, Told>,
    /// Loops by what they had come to when everybody had stopped acting for two years.
    pub ends: BTreeMap<String, u64>,
    /// Faults.
    pub faults: BTreeMap<Fault, u64>,
    /// Refusals by name.
    pub refusals: BTreeMap<String, u64>,
    /// Attempts across the wall between districts, each answered with "not found".
    pub walls: u64,
}

impl Report {
    /// A row occurred.
    pub fn row(&mut self, row: Row, raced: bool) {
        let counts = self.rows.entry(row).or_default();
        counts.0 += 1;
        counts.1 += u64::from(raced);
    }

    /// A fault struck.
    pub fn fault(&mut self, fault: Fault) {
        *self.faults.entry(fault).or_default() += 1;
    }

    /// Adds another's counts.
    pub fn add(&mut self, other: &Self) {
        self.worlds += other.worlds;
        self.events += other.events;
        self.walls += other.walls;
        for (row, (times, raced)) in &other.rows {
            let counts = self.rows.entry(*row).or_default();
            counts.0 += times;
            counts.1 += raced;
        }
        for (transition, times) in &other.transitions {
            *self.transitions.entry(*transition).or_default() += times;
        }
        for (action, told) in &other.actions {
            let sum = self.actions.entry(*action).or_default();
            sum.accepted += told.accepted;
            sum.repeated += told.repeated;
            sum.refused += told.refused;
            sum.unknown += told.unknown;
        }
        add(&mut self.ends, &other.ends);
        add(&mut self.faults, &other.faults);
        add(&mut self.refusals, &other.refusals);
    }

    /// An event appeared in a state; none stands for what is not filed yet.
    pub fn transition(&mut self, event: &'static str, state: Option<LoopState>) {
        let state = state.map_or("absent", LoopState::code);
        *self.transitions.entry((event, state)).or_default() += 1;
    }

    /// What the table of legal transitions allows and never occurred.
    pub fn never_followed(&self) -> Vec<(&'static str, &'static str)> {
        legal::rows()
            .filter(|row| !self.transitions.contains_key(row))
            .collect()
    }

    /// Rows that never occurred.
    pub fn missing(&self) -> Vec<Row> {
        Row::ALL
            .iter()
            .copied()
            .filter(|row| !self.rows.contains_key(row))
            .collect()
    }

    /// Actions of which none was ever accepted.
    pub fn never_accepted(&self) -> Vec<Action> {
        let accepted = |action: &Action| self.actions.get(action).is_some_and(|told| told.accepted > 0);
        Action::ALL.iter().copied().filter(|action| !accepted(action)).collect()
    }
}

fn add<K: Ord + Clone>(into: &mut BTreeMap<K, u64>, from: &BTreeMap<K, u64>) {
    for (key, times) in from {
        *into.entry(key.clone()).or_default() += times;
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} worlds, {} events in loops", self.worlds, self.events)?;
        writeln!(f, "\n{:48} {:>10} {:>10}", "what was promised", "occurred", "raced")?;
        for row in Row::ALL {
            let (times, raced) = self.rows.get(row).copied().unwrap_or_default();
            writeln!(f, "{:48} {times:>10} {raced:>10}", row.words())?;
        }
        writeln!(
            f,
            "\n{:24} {:>10} {:>10} {:>10} {:>10}",
            "action", "accepted", "repeated", "refused", "unknown"
        )?;
        for (action, told) in &self.actions {
            writeln!(
                f,
                "{:24} {:>10} {:>10} {:>10} {:>10}",
                action.slug(),
                told.accepted,
                told.repeated,
                told.refused,
                told.unknown
            )?;
        }
        let never = self.never_followed();
        writeln!(f, "\nlegal transitions that never occurred: {}", never.len())?;
        for (event, state) in never {
            writeln!(f, "  {event} in {state}")?;
        }
        writeln!(f, "\nacross the wall, not found: {}", self.walls)?;
        let refusals: BTreeMap<String, u64> = self.refusals.clone();
        section(f, "refused as", &refusals)?;
        section(f, "loops at the end", &self.ends)?;
        let faults: BTreeMap<String, u64> = self
            .faults
            .iter()
            .map(|(fault, times)| (format!("{fault:?}"), *times))
            .collect();
        section(f, "faults", &faults)
    }
}

fn section(f: &mut fmt::Formatter<'_>, title: &str, counts: &BTreeMap<String, u64>) -> fmt::Result {
    writeln!(f, "\n{title}")?;
    for (what, times) in counts {
        writeln!(f, "  {what:46} {times:>10}")?;
    }
    Ok(())
}
