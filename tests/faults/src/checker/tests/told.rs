//! Spoiling what clients were told, what they read, and what read models hold.

use contracts::ids::LoopId;
use rand::RngExt;
use rand::rngs::StdRng;
use uuid::Uuid;

use super::{Evidence, always_reported, any};
use crate::checker::Invariant::{BackInService, DistrictsApart, ModelsFollow, OnceInTheLog, OneAnswer, ReadsGoForward};
use crate::history::{Injected, Operation, Outcome, Read, Record, Seen};

fn operation(evidence: &mut Evidence, random: &mut StdRng, fits: fn(&Operation) -> bool) -> Option<usize> {
    let found: Vec<usize> = (0..evidence.history.len())
        .filter(|at| matches!(&evidence.history[*at], Record::Operation(operation) if fits(operation)))
        .collect();
    (!found.is_empty()).then(|| found[random.random_range(0..found.len())])
}

fn told(
    evidence: &mut Evidence,
    random: &mut StdRng,
    fits: fn(&Operation) -> bool,
    change: impl FnOnce(&mut Operation),
) -> bool {
    let Some(at) = operation(evidence, random, fits) else {
        return false;
    };
    if let Record::Operation(operation) = &mut evidence.history[at] {
        change(operation);
    }
    true
}

fn is_acknowledged(operation: &Operation) -> bool {
    matches!(operation.outcome, Outcome::Acknowledged { .. })
}

fn is_refused(operation: &Operation) -> bool {
    matches!(operation.outcome, Outcome::Refused { .. })
}

fn is_stale(operation: &Operation) -> bool {
    matches!(operation.outcome, Outcome::Refused { status: 412, .. })
}

fn is_foreign(operation: &Operation) -> bool {
    operation.foreign
}

fn forgotten(evidence: &mut Evidence, random: &mut StdRng) -> bool {
    let at = operation(evidence, random, is_acknowledged);
    at.map(|at| evidence.history.remove(at)).is_some()
}

/// Two acknowledgements change their versions.
fn versions_swapped(evidence: &mut Evidence, random: &mut StdRng) -> bool {
    let (Some(one), Some(other)) = (
        operation(evidence, random, is_acknowledged),
        operation(evidence, random, is_acknowledged),
    ) else {
        return false;
    };
    let outcome = |evidence: &Evidence, at: usize| match &evidence.history[at] {
        Record::Operation(operation) => operation.outcome.clone(),
        Record::Read(_) | Record::Fault(_) => Outcome::Unknown,
    };
    let (first, second) = (outcome(evidence, one), outcome(evidence, other));
    for (at, outcome) in [(one, second), (other, first)] {
        if let Record::Operation(operation) = &mut evidence.history[at] {
            operation.outcome = outcome;
        }
    }
    one != other
}

fn read(evidence: &mut Evidence, random: &mut StdRng, change: impl Fn(&mut Read, &mut StdRng) -> bool) -> bool {
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

fn of_another(evidence: &mut Evidence, random: &mut StdRng) -> bool {
    read(evidence, random, |read, _| {
        read.district = if read.district.as_str() == "north" {
            "south"
        } else {
            "north"
        }
        .parse()
        .expect("a slug");
        true
    })
}

#[tokio::test]
async fn an_answer_that_the_log_does_not_bear_out_is_reported() {
    always_reported(&[
        ("a command forgotten", forgotten, &[OnceInTheLog]),
        ("versions swapped", versions_swapped, &[OnceInTheLog]),
        (
            "another version",
            |evidence, random| {
                told(evidence, random, is_acknowledged, |operation| {
                    if let Outcome::Acknowledged { version } = &mut operation.outcome {
                        *version += 1;
                    }
                })
            },
            &[OnceInTheLog],
        ),
        (
            "refused, and there",
            |evidence, random| {
                told(evidence, random, is_acknowledged, |operation| {
                    operation.outcome = Outcome::Refused {
                        status: 409,
                        problem: "ended".to_owned(),
                    };
                })
            },
            &[OneAnswer],
        ),
        (
            "acknowledged, and not there",
            |evidence, random| {
                told(evidence, random, is_refused, |operation| {
                    operation.outcome = Outcome::Acknowledged { version: 3 }
                })
            },
            &[OnceInTheLog],
        ),
        (
            "another answer the second time",
            |evidence, random| {
                told(evidence, random, is_acknowledged, |operation| {
                    operation.repeats.push(Outcome::Acknowledged { version: 1_000 });
                })
            },
            &[OneAnswer],
        ),
        (
            "refused the second time",
            |evidence, random| {
                told(evidence, random, is_acknowledged, |operation| {
                    operation.repeats.push(Outcome::Refused {
                        status: 409,
                        problem: "ended".to_owned(),
                    });
                })
            },
            &[OneAnswer],
        ),
        (
            "told of what was known",
            |evidence, random| told(evidence, random, is_stale, |operation| operation.since.push(1)),
            &[OneAnswer],
        ),
        (
            "stale without reason",
            |evidence, random| {
                told(evidence, random, is_stale, |operation| {
                    operation.based_on = Some(1_000_000);
                    operation.since.clear();
                })
            },
            &[OneAnswer],
        ),
        (
            "a defect's answer",
            |evidence, random| {
                told(evidence, random, is_refused, |operation| {
                    operation.outcome = Outcome::Refused {
                        status: 500,
                        problem: String::new(),
                    };
                })
            },
            &[OneAnswer],
        ),
        (
            "signed out",
            |evidence, random| {
                told(evidence, random, is_refused, |operation| {
                    operation.outcome = Outcome::Refused {
                        status: 401,
                        problem: "not-signed-in".to_owned(),
                    };
                })
            },
            &[OneAnswer],
        ),
    ])
    .await;
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

#[tokio::test]
async fn what_crosses_the_wall_between_districts_is_reported() {
    always_reported(&[
        ("read across", of_another, &[DistrictsApart]),
        (
            "told more than that it is not there",
            |evidence, random| {
                told(evidence, random, is_foreign, |operation| {
                    operation.outcome = Outcome::Refused {
                        status: 403,
                        problem: "not-permitted".to_owned(),
                    };
                })
            },
            &[DistrictsApart],
        ),
        (
            "done across",
            |evidence, random| {
                told(evidence, random, is_foreign, |operation| {
                    operation.outcome = Outcome::Acknowledged { version: 2 }
                })
            },
            &[DistrictsApart],
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_read_model_that_does_not_follow_is_reported() {
    always_reported(&[
        (
            "a row lost",
            |evidence, random| {
                let rows = &mut evidence.models[0].live;
                rows.remove(random.random_range(0..rows.len()));
                true
            },
            &[ModelsFollow],
        ),
        (
            "a row doubled",
            |evidence, random| {
                let rows = &mut evidence.models[0].live;
                rows.push(rows[random.random_range(0..rows.len())].clone());
                true
            },
            &[ModelsFollow],
        ),
        (
            "a row altered",
            |evidence, random| {
                any(random, &mut evidence.models[0].live).is_some_and(|row| {
                    row.push('0');
                    true
                })
            },
            &[ModelsFollow],
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_fault_that_is_felt_too_long_is_reported() {
    fn felt(evidence: &mut Evidence, change: impl Fn(&mut Injected)) -> bool {
        evidence.history.iter_mut().any(|record| match record {
            Record::Fault(fault) => {
                change(fault);
                true
            }
            Record::Operation(_) | Record::Read(_) => false,
        })
    }
    always_reported(&[
        (
            "never back",
            |evidence, _| felt(evidence, |fault| fault.back_ms = None),
            &[BackInService],
        ),
        (
            "back late",
            |evidence, _| felt(evidence, |fault| fault.back_ms = Some(30_001)),
            &[BackInService],
        ),
        (
            "a complaint",
            |evidence, _| felt(evidence, |fault| fault.complaints.push("two won".to_owned())),
            &[BackInService],
        ),
        (
            "no rest",
            |evidence, _| {
                evidence.restless.push("routing is behind".to_owned());
                true
            },
            &[BackInService],
        ),
    ])
    .await;
}
