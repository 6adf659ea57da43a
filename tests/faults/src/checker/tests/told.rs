//! Spoiling what clients were told, what crosses the wall, and what read models hold.

use rand::RngExt;
use rand::rngs::StdRng;

use super::reads::read;
use super::{Evidence, always_reported, any};
use crate::checker::Invariant::{BackInService, DistrictsApart, ModelsFollow, OnceInTheLog, OneAnswer};
use crate::history::{Injected, Operation, Outcome, Record};

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
