//! I3: what one session reads never goes back in time, and reflects what the same session wrote.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use contracts::events::{CustodyEvent, LoopEvent, ResolutionEvent};
use contracts::ids::LoopId;

use super::{Case, Invariant, Logged, Violation};
use crate::history::{Operation, Outcome, Read, Seen};

/// What a session knows at a moment.
#[derive(Default)]
struct Known<'a> {
    // The newest version it saw or wrote, of each loop.
    versions: HashMap<LoopId, u64>,
    // What it wrote itself, of each loop.
    written: HashMap<LoopId, BTreeSet<u64>>,
    timelines: HashMap<LoopId, &'a [u64]>,
    // What it filed, and still is in.
    own: BTreeSet<LoopId>,
}

enum Moment<'a> {
    Asked(&'a Read),
    Answered(&'a Read),
    Wrote(&'a Operation, u64),
}

/// Checks each session by the times at which it asked and was answered.
pub fn check(case: &Case<'_>, violations: &mut Vec<Violation>) {
    let mut sessions: BTreeMap<&str, Vec<(u64, u8, Moment<'_>)>> = BTreeMap::new();
    for read in case
        .reads
        .iter()
        .filter(|read| !matches!(read.seen, Seen::Change { .. }))
    {
        let moments = sessions.entry(&read.session).or_default();
        moments.push((read.invoked, 0, Moment::Asked(read)));
        moments.push((read.returned, 1, Moment::Answered(read)));
    }
    for operation in &case.operations {
        if let Outcome::Acknowledged { version } = operation.outcome {
            let moments = sessions.entry(&operation.session).or_default();
            moments.push((operation.returned, 1, Moment::Wrote(operation, version)));
        }
    }
    for (session, mut moments) in sessions {
        // At one moment, asking comes first: what is answered then is not yet known.
        moments.sort_by_key(|(at, order, _)| (*at, *order));
        let mut known = Known::default();
        for (_, _, moment) in &moments {
            match moment {
                Moment::Asked(read) => {
                    for what in known.missing(read, case) {
                        violations.push(Violation {
                            invariant: Invariant::ReadsGoForward,
                            what: format!("{session}, asking at {} us: {what}", read.invoked),
                        });
                    }
                }
                Moment::Answered(read) => known.learn(read),
                Moment::Wrote(operation, version) => known.wrote(operation, *version),
            }
        }
    }
    streams(case, violations);
}

impl<'a> Known<'a> {
    fn saw(&mut self, id: LoopId, version: u64) {
        let known = self.versions.entry(id).or_insert(0);
        *known = version.max(*known);
    }

    fn wrote(&mut self, operation: &Operation, version: u64) {
        self.saw(operation.thing, version);
        self.written.entry(operation.thing).or_default().insert(version);
        match operation.action.as_str() {
            "file" => {
                self.own.insert(operation.thing);
            }
            // Who hands a part on or leaves may lose sight of it.
            "leave" | "hand-on" => {
                self.own.remove(&operation.thing);
            }
            _ => {}
        }
    }

    fn learn(&mut self, read: &'a Read) {
        match &read.seen {
            Seen::Loop { id, version } => self.saw(*id, *version),
            Seen::List { items, .. } => {
                for (id, version) in items {
                    self.saw(*id, *version);
                }
            }
            Seen::Timeline { id, sequences } => {
                if let Some(last) = sequences.last() {
                    self.saw(*id, *last);
                }
                let last = |of: &[u64]| of.last().copied().unwrap_or(0);
                if self
                    .timelines
                    .get(id)
                    .is_none_or(|known| last(sequences) >= last(known))
                {
                    self.timelines.insert(*id, sequences);
                }
            }
            Seen::Change { .. } | Seen::Absent { .. } => {}
        }
    }

    /// In what a read is behind what its session knew when it asked.
    fn missing(&self, read: &Read, case: &Case<'_>) -> Vec<String> {
        let older = |id: &LoopId, version: u64| {
            let known = self.versions.get(id).copied().unwrap_or(0);
            (version < known).then(|| format!("{id} is shown at {version}, and was known at {known}"))
        };
        match &read.seen {
            Seen::Loop { id, version } => older(id, *version)
                .into_iter()
                .chain(not_in_the_log(case, *id, &[*version]))
                .collect(),
            Seen::Absent { id } if self.own.contains(id) => vec![format!("its own {id} is not there")],
            Seen::List { items, whole } => {
                let mut wrong: Vec<String> = items.iter().filter_map(|(id, version)| older(id, *version)).collect();
                let shown: BTreeSet<LoopId> = items.iter().map(|(id, _)| *id).collect();
                if *whole {
                    wrong.extend(
                        self.own
                            .difference(&shown)
                            .map(|id| format!("a list lacks its own {id}")),
                    );
                }
                wrong
            }
            Seen::Timeline { id, sequences } => {
                let mut wrong = Vec::new();
                let shown: BTreeSet<u64> = sequences.iter().copied().collect();
                // What only the office sees may come into sight, and go, as a loop changes hands.
                let open = open_of(case, *id, sequences);
                if let Some(before) = self.timelines.get(id)
                    && !open.starts_with(&open_of(case, *id, before))
                {
                    wrong.push(format!("the history of {id} does not go on from what it was"));
                }
                if let Some(written) = self.written.get(id)
                    && !open_of(case, *id, &written.iter().copied().collect::<Vec<_>>())
                        .iter()
                        .all(|at| shown.contains(at))
                {
                    wrong.push(format!("the history of {id} lacks what the session wrote"));
                }
                wrong.extend(not_in_the_log(case, *id, sequences));
                wrong.extend(left_out(case, *id, &shown));
                wrong
            }
            Seen::Absent { .. } | Seen::Change { .. } => Vec::new(),
        }
    }
}

fn not_in_the_log(case: &Case<'_>, id: LoopId, sequences: &[u64]) -> Option<String> {
    let events = case.by_loop.get(&id).map_or(&[][..], Vec::as_slice);
    let odd: Vec<u64> = sequences
        .iter()
        .copied()
        .filter(|at| !events.iter().any(|logged| logged.sequence == *at))
        .collect();
    (!odd.is_empty()).then(|| format!("{id} is shown with {odd:?}, which the log does not hold of it"))
}

/// Whether only the office sees an event.
fn is_internal(logged: &Logged) -> bool {
    let read = logged
        .event
        .as_ref()
        .and_then(|event| LoopEvent::read(&event.envelope).ok());
    match read {
        Some(LoopEvent::Resolution(ResolutionEvent::NoteAdded(note))) => !note.shared,
        Some(LoopEvent::Custody(CustodyEvent::HoldPlaced(_) | CustodyEvent::HoldLifted(_))) => true,
        Some(_) | None => false,
    }
}

/// Of these events of a loop, those that not only the office sees.
fn open_of(case: &Case<'_>, id: LoopId, sequences: &[u64]) -> Vec<u64> {
    let internal: BTreeSet<u64> = case
        .by_loop
        .get(&id)
        .into_iter()
        .flatten()
        .filter(|logged| is_internal(logged))
        .map(|logged| logged.sequence)
        .collect();
    sequences.iter().copied().filter(|at| !internal.contains(at)).collect()
}

/// Events between those shown that everybody who sees the loop must be shown: all but the office's notes.
fn left_out(case: &Case<'_>, id: LoopId, shown: &BTreeSet<u64>) -> Option<String> {
    let last = *shown.last()?;
    let events = case.by_loop.get(&id)?;
    let missing: Vec<u64> = events
        .iter()
        .filter(|logged| logged.sequence < last && !shown.contains(&logged.sequence))
        .filter(|logged| !is_internal(logged))
        .map(|logged| logged.sequence)
        .collect();
    (!missing.is_empty()).then(|| format!("the history of {id} up to {last} leaves out {missing:?}"))
}

/// Streams of events: ids go up over all connections of a listener, and none of the listener's own loops is left out.
fn streams(case: &Case<'_>, violations: &mut Vec<Violation>) {
    type Heard<'a> = (&'a Read, Vec<(u64, LoopId)>);
    let mut listeners: BTreeMap<u32, Heard<'_>> = BTreeMap::new();
    for read in &case.reads {
        if let Seen::Change { listener, sequence, id } = &read.seen {
            let (_, heard) = listeners.entry(*listener).or_insert_with(|| (read, Vec::new()));
            heard.push((*sequence, *id));
        }
    }
    for (listener, (read, heard)) in listeners {
        let mut add = |what: String| {
            violations.push(Violation {
                invariant: Invariant::ReadsGoForward,
                what: format!("listener {listener} of {}: {what}", read.session),
            });
        };
        for pair in heard.windows(2) {
            if pair[1].0 <= pair[0].0 {
                add(format!("{} comes after {}", pair[1].0, pair[0].0));
            }
        }
        for (sequence, id) in &heard {
            if let Some(what) = not_in_the_log(case, *id, &[*sequence]) {
                add(what);
            }
        }
        let (Some((first, _)), Some((last, _))) = (heard.first(), heard.last()) else {
            continue;
        };
        let told: BTreeSet<u64> = heard.iter().map(|(sequence, _)| *sequence).collect();
        for operation in &case.operations {
            let filed = operation.action == "file" && operation.person == read.person;
            if !filed || !matches!(operation.outcome, Outcome::Acknowledged { .. }) {
                continue;
            }
            for logged in case.by_loop.get(&operation.thing).map_or(&[][..], Vec::as_slice) {
                let internal = is_internal(logged);
                let within = logged.sequence > *first && logged.sequence < *last;
                if within && !internal && !case.is_spoilt(logged) && !told.contains(&logged.sequence) {
                    add(format!("{} of {} was left out", logged.sequence, operation.thing));
                }
            }
        }
    }
}
