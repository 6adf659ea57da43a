//! Spoiling the log: each event dropped, doubled, moved or altered in each field that matters.

use contracts::envelope::{Actor, Recorded};
use contracts::ids::{CommandId, EventId, PersonId};
use contracts::subjects::Subject;
use rand::RngExt;
use rand::rngs::StdRng;
use uuid::Uuid;

use super::{Evidence, always_reported, any};
use crate::checker::Invariant::{DistrictsApart, LegalRecord, OnceInTheLog};

fn event<'a>(evidence: &'a mut Evidence, random: &mut StdRng) -> Option<&'a mut Recorded> {
    any(random, &mut evidence.log).and_then(|logged| logged.event.as_mut())
}

/// Alters one event at a seeded place.
fn alter(evidence: &mut Evidence, random: &mut StdRng, change: impl FnOnce(&mut Recorded)) -> bool {
    event(evidence, random).map(change).is_some()
}

fn drop_one(evidence: &mut Evidence, random: &mut StdRng) -> bool {
    let at = random.random_range(0..evidence.log.len());
    evidence.log.remove(at);
    true
}

fn double(evidence: &mut Evidence, random: &mut StdRng) -> bool {
    let mut copy = evidence.log[random.random_range(0..evidence.log.len())].clone();
    copy.sequence = evidence.log.last().map_or(0, |last| last.sequence) + 1;
    if let Some(event) = &mut copy.event {
        event.sequence = copy.sequence;
    }
    evidence.log.push(copy);
    true
}

/// A whole new event, as if a command had been carried out that nobody gave.
fn invent(evidence: &mut Evidence, random: &mut StdRng) -> bool {
    let persons = |actor: &Actor| matches!(actor, Actor::Person(_));
    let at = random.random_range(0..evidence.log.len());
    let mut copy = evidence.log[at].clone();
    let previous = evidence
        .log
        .iter()
        .rev()
        .find(|logged| logged.subject == copy.subject)
        .map_or(0, |last| last.sequence);
    copy.sequence = evidence.log.last().map_or(0, |last| last.sequence) + 1;
    let Some(event) = copy.event.as_mut().filter(|event| persons(&event.envelope.actor)) else {
        return false;
    };
    event.sequence = copy.sequence;
    event.envelope.commandid = CommandId(Uuid::from_u128(random.random()));
    event.envelope.id = EventId::of(event.envelope.commandid, &copy.subject);
    event.envelope.previous = previous;
    evidence.log.push(copy);
    true
}

/// Two neighbours of one loop change places.
fn swap(evidence: &mut Evidence, random: &mut StdRng) -> bool {
    let at = random.random_range(0..evidence.log.len());
    let subject = evidence.log[at].subject.clone();
    let Some(other) = (at + 1..evidence.log.len()).find(|next| evidence.log[*next].subject == subject) else {
        return false;
    };
    let (first, second) = (evidence.log[at].sequence, evidence.log[other].sequence);
    evidence.log.swap(at, other);
    for (place, sequence) in [(at, first), (other, second)] {
        evidence.log[place].sequence = sequence;
        if let Some(event) = &mut evidence.log[place].event {
            event.sequence = sequence;
        }
    }
    true
}

fn out_of_order(evidence: &mut Evidence, random: &mut StdRng) -> bool {
    let at = random.random_range(1..evidence.log.len());
    evidence.log.swap(at - 1, at);
    true
}

fn no_event(evidence: &mut Evidence, random: &mut StdRng) -> bool {
    any(random, &mut evidence.log).is_some_and(|logged| logged.event.take().is_some())
}

fn elsewhere(evidence: &mut Evidence, random: &mut StdRng) -> bool {
    let other = Uuid::from_u128(random.random());
    any(random, &mut evidence.log).is_some_and(|logged| {
        let Some(event) = &mut logged.event else { return false };
        event.subject = Subject {
            id: other,
            ..event.subject.clone()
        };
        logged.subject = event.subject.to_string();
        true
    })
}

fn other_words(evidence: &mut Evidence, random: &mut StdRng) -> bool {
    any(random, &mut evidence.log).is_some_and(|logged| {
        logged.words.values_mut().next().is_some_and(|word| {
            word.push('!');
            true
        })
    })
}

fn lost_words(evidence: &mut Evidence, random: &mut StdRng) -> bool {
    any(random, &mut evidence.log).is_some_and(|logged| logged.words.pop_first().is_some())
}

fn other_facts(evidence: &mut Evidence, random: &mut StdRng) -> bool {
    event(evidence, random).is_some_and(|event| {
        let data = event.envelope.data.get();
        let changed = data
            .replace("\"kind\":\"policy\"", "\"kind\":\"practice\"")
            .replace("\"kind\":\"support\"", "\"kind\":\"pilot\"")
            .replace("\"shared\":true", "\"shared\":false");
        let differs = changed != data;
        event.envelope.data = serde_json::value::RawValue::from_string(changed).expect("json");
        differs
    })
}

fn no_data(evidence: &mut Evidence, random: &mut StdRng) -> bool {
    alter(evidence, random, |event| {
        event.envelope.data = serde_json::value::RawValue::from_string("[]".to_owned()).expect("json");
    })
}

fn other_cause(evidence: &mut Evidence, random: &mut StdRng) -> bool {
    let other = EventId(Uuid::from_u128(random.random()));
    alter(evidence, random, |event| event.envelope.causationid = Some(other))
}

fn no_cause(evidence: &mut Evidence, random: &mut StdRng) -> bool {
    event(evidence, random).is_some_and(|event| event.envelope.causationid.take().is_some())
}

fn earlier(evidence: &mut Evidence, random: &mut StdRng) -> bool {
    event(evidence, random).is_some_and(|event| {
        event.envelope.time -= chrono::Duration::days(400);
        event.envelope.previous > 0
    })
}

#[tokio::test]
async fn a_log_that_lacks_doubles_or_moves_something_is_reported() {
    always_reported(&[
        ("dropped", drop_one, &[OnceInTheLog, LegalRecord]),
        ("doubled", double, &[LegalRecord]),
        ("invented", invent, &[OnceInTheLog]),
        ("swapped", swap, &[LegalRecord]),
        ("out of order", out_of_order, &[LegalRecord]),
        ("no event any more", no_event, &[LegalRecord]),
        ("moved to another loop", elsewhere, &[LegalRecord]),
    ])
    .await;
}

#[tokio::test]
async fn an_event_altered_in_any_field_that_matters_is_reported() {
    always_reported(&[
        (
            "id",
            |evidence, random| {
                let other = EventId(Uuid::from_u128(random.random()));
                alter(evidence, random, |event| event.envelope.id = other)
            },
            &[LegalRecord],
        ),
        (
            "command",
            |evidence, random| {
                let other = CommandId(Uuid::from_u128(random.random()));
                alter(evidence, random, |event| event.envelope.commandid = other)
            },
            &[LegalRecord],
        ),
        (
            "type",
            |evidence, random| {
                alter(evidence, random, |event| {
                    event.envelope.event_type = "org.loopline.resolution.grant_completed.v1".to_owned();
                })
            },
            &[LegalRecord, OnceInTheLog],
        ),
        (
            "source",
            |evidence, random| {
                alter(evidence, random, |event| {
                    event.envelope.source = "/loopline/gateway".to_owned();
                })
            },
            &[LegalRecord],
        ),
        (
            "actor",
            |evidence, random| {
                let other = Actor::Person(PersonId(Uuid::from_u128(random.random())));
                alter(evidence, random, |event| event.envelope.actor = other)
            },
            &[OnceInTheLog, LegalRecord],
        ),
        (
            "actor's kind",
            |evidence, random| {
                alter(evidence, random, |event| {
                    event.envelope.actor = Actor::Policy("when_full_moon_then_howl".to_owned());
                })
            },
            &[LegalRecord],
        ),
        (
            "district",
            |evidence, random| {
                alter(evidence, random, |event| {
                    event.envelope.district = "west".parse().expect("a slug");
                })
            },
            &[DistrictsApart],
        ),
        (
            "request",
            |evidence, random| {
                event(evidence, random).is_some_and(|event| {
                    event.envelope.requesthash = "0".repeat(32);
                    matches!(event.envelope.actor, Actor::Person(_))
                })
            },
            &[OnceInTheLog],
        ),
        (
            "previous",
            |evidence, random| alter(evidence, random, |event| event.envelope.previous += 1),
            &[LegalRecord],
        ),
        ("words", other_words, &[OnceInTheLog]),
        ("words lost", lost_words, &[OnceInTheLog]),
        ("facts", other_facts, &[OnceInTheLog]),
        ("data", no_data, &[LegalRecord]),
        ("time", earlier, &[LegalRecord]),
        ("cause", other_cause, &[LegalRecord]),
    ])
    .await;
}

#[tokio::test]
async fn a_policy_without_its_cause_is_reported() {
    let good = super::good::evidence().await;
    let mut tried = 0;
    for at in 0..good.log.len() {
        let mut spoilt = good.clone();
        spoilt.log = vec![good.log[at].clone()];
        let mut random = rand::SeedableRng::seed_from_u64(0);
        if no_cause(&mut spoilt, &mut random) {
            tried += 1;
            let mut whole = good.clone();
            whole.log[at] = spoilt.log[0].clone();
            assert!(super::check(&whole).iter().any(|found| found.invariant == LegalRecord));
        }
    }
    assert_eq!(tried, 6);
}
