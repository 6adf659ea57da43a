//! Spoiling what sessions read: versions that go back, lists and histories that leave out, streams that stutter.

use contracts::ids::LoopId;
use rand::RngExt;
use rand::rngs::StdRng;
use uuid::Uuid;

use super::{Evidence, always_reported, any};
use crate::checker::Invariant::ReadsGoForward;
use crate::history::{Read, Record, Seen};

/// Changes one read at a seeded place.
pub(super) fn read(
    evidence: &mut Evidence,
    random: &mut StdRng,
    change: impl Fn(&mut Read, &mut StdRng) -> bool,
) -> bool {
    let mut reads: Vec<&mut Read> = evidence
        .history
        .iter_mut()
        .filter_map(|record| match record {
            Record::Read(read) => Some(read),
            Record::Operation(_) | Record::Fault(_) => None,
        })
        .collect();
    any(random, &mut reads).is_some_and(|read| change(read, random))
}

/// The same loop as it was before what the session knew: two versions ago, since it may be the first to look.
fn older(evidence: &mut Evidence, random: &mut StdRng) -> bool {
    let of: Vec<(u64, Uuid)> = evidence
        .log
        .iter()
        .filter_map(|logged| Some((logged.sequence, logged.event.as_ref()?.subject.id)))
        .collect();
    let before = |id: LoopId, version: u64| {
        let mut earlier = of
            .iter()
            .rev()
            .filter(move |(sequence, other)| *other == id.0 && *sequence < version);
        earlier.nth(1).map(|(sequence, _)| *sequence)
    };
    read(evidence, random, |read, _| match &mut read.seen {
        Seen::Loop { id, version } => before(*id, *version).map(|older| *version = older).is_some(),
        Seen::List { items, .. } => items
            .first_mut()
            .is_some_and(|(id, version)| before(*id, *version).map(|older| *version = older).is_some()),
        Seen::Timeline { .. } | Seen::Change { .. } | Seen::Absent { .. } => false,
    })
}

fn shorter_list(evidence: &mut Evidence, random: &mut StdRng) -> bool {
    read(evidence, random, |read, _| match &mut read.seen {
        // Rosa and Ben file; the others' lists promise nothing.
        Seen::List { items, .. } if read.session.ends_with("rosa") || read.session.ends_with("ben") => {
            items.pop().is_some()
        }
        Seen::List { .. } | Seen::Loop { .. } | Seen::Timeline { .. } | Seen::Change { .. } | Seen::Absent { .. } => {
            false
        }
    })
}

fn gone(evidence: &mut Evidence, random: &mut StdRng) -> bool {
    read(evidence, random, |read, _| match read.seen {
        Seen::Loop { id, .. } if read.session.ends_with("rosa") || read.session.ends_with("ben") => {
            read.seen = Seen::Absent { id };
            true
        }
        Seen::List { .. } | Seen::Loop { .. } | Seen::Timeline { .. } | Seen::Change { .. } | Seen::Absent { .. } => {
            false
        }
    })
}

fn gap(evidence: &mut Evidence, random: &mut StdRng) -> bool {
    read(evidence, random, |read, random| match &mut read.seen {
        Seen::Timeline { sequences, .. } if sequences.len() > 1 => {
            sequences.remove(random.random_range(0..sequences.len() - 1));
            true
        }
        Seen::List { .. } | Seen::Loop { .. } | Seen::Timeline { .. } | Seen::Change { .. } | Seen::Absent { .. } => {
            false
        }
    })
}

fn turned(evidence: &mut Evidence, random: &mut StdRng) -> bool {
    read(evidence, random, |read, random| match &mut read.seen {
        Seen::Timeline { sequences, .. } if sequences.len() > 2 => {
            let at = random.random_range(2..sequences.len());
            sequences.swap(at - 2, at - 1);
            true
        }
        Seen::List { .. } | Seen::Loop { .. } | Seen::Timeline { .. } | Seen::Change { .. } | Seen::Absent { .. } => {
            false
        }
    })
}

fn never_happened(evidence: &mut Evidence, random: &mut StdRng) -> bool {
    read(evidence, random, |read, _| match &mut read.seen {
        Seen::Timeline { sequences, .. } => {
            sequences.push(1_000_000);
            true
        }
        Seen::Loop { version, .. } => {
            *version = 1_000_000;
            true
        }
        Seen::Change { sequence, .. } => {
            *sequence = 1_000_000;
            true
        }
        Seen::List { .. } | Seen::Absent { .. } => false,
    })
}

/// Where in the history a listener's changes are.
fn changes(evidence: &Evidence) -> Vec<usize> {
    (0..evidence.history.len())
        .filter(|at| {
            matches!(
                &evidence.history[*at],
                Record::Read(Read {
                    seen: Seen::Change { listener: 0, .. },
                    ..
                })
            )
        })
        .collect()
}

fn unheard(evidence: &mut Evidence, random: &mut StdRng) -> bool {
    let heard = changes(evidence);
    // Before the first and after the last, nothing is promised.
    let at = heard[random.random_range(1..heard.len() - 1)];
    evidence.history.remove(at);
    true
}

fn heard_twice(evidence: &mut Evidence, random: &mut StdRng) -> bool {
    let heard = changes(evidence);
    let at = heard[random.random_range(0..heard.len())];
    let again = evidence.history[at].clone();
    evidence.history.insert(at + 1, again);
    true
}

fn heard_early(evidence: &mut Evidence, random: &mut StdRng) -> bool {
    let heard = changes(evidence);
    let at = random.random_range(1..heard.len());
    evidence.history.swap(heard[at - 1], heard[at]);
    true
}

#[tokio::test]
async fn a_read_that_goes_back_or_leaves_out_is_reported() {
    always_reported(&[
        ("an older version", older, &[ReadsGoForward]),
        ("its own not in the list", shorter_list, &[ReadsGoForward]),
        ("its own gone", gone, &[ReadsGoForward]),
        ("a gap in a history", gap, &[ReadsGoForward]),
        ("a history turned round", turned, &[ReadsGoForward]),
        ("what never happened", never_happened, &[ReadsGoForward]),
        ("a change unheard", unheard, &[ReadsGoForward]),
        ("a change heard twice", heard_twice, &[ReadsGoForward]),
        ("changes out of order", heard_early, &[ReadsGoForward]),
    ])
    .await;
}
