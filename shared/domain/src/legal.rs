//! Which event may follow in which state: a versioned table that is data, in `legal.v1.txt`.
//!
//! Rules of decision change; what was legal then stays legal. The table is wider than any day's rules: an event it
//! refuses was never legal, and a log that holds one was tampered with or written by a defect.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use contracts::vocabulary::LoopState;

/// The table's text, version 1: a line for each event, then the states of the loop before it.
pub const TABLE: &str = include_str!("legal.v1.txt");

static PARSED: LazyLock<BTreeMap<&'static str, BTreeSet<&'static str>>> = LazyLock::new(|| {
    TABLE
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .filter_map(|line| line.split_once(':'))
        .map(|(event, states)| (event.trim(), states.split_whitespace().collect()))
        .collect()
});

/// Whether the event may follow while the loop is in the state; `None` stands for a loop that is not yet filed.
pub fn is_legal(before: Option<LoopState>, event: &str) -> bool {
    let state = before.map_or("absent", LoopState::code);
    PARSED.get(event).is_some_and(|states| states.contains(state))
}

/// Every event with each state in which it may follow, by code.
pub fn rows() -> impl Iterator<Item = (&'static str, &'static str)> {
    PARSED
        .iter()
        .flat_map(|(event, states)| states.iter().map(move |state| (*event, *state)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::events::{CustodyEvent, IntakeEvent, OwnedEvents, ResolutionEvent, RoutingEvent};

    #[test]
    fn every_event_has_its_line_and_every_line_its_event() {
        let events: BTreeSet<&str> = IntakeEvent::KINDS
            .iter()
            .chain(RoutingEvent::KINDS)
            .chain(ResolutionEvent::KINDS)
            .chain(CustodyEvent::KINDS)
            .map(|(name, _)| *name)
            .collect();
        assert_eq!(PARSED.keys().copied().collect::<BTreeSet<_>>(), events);
        let states: BTreeSet<&str> = LoopState::ALL
            .iter()
            .map(|state| state.code())
            .chain(["absent"])
            .collect();
        for (event, listed) in PARSED.iter() {
            assert!(listed.is_subset(&states), "{event}: {listed:?}");
        }
    }
}
