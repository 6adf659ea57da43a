//! What a filed loop is routed by.

use std::sync::Arc;

use ::domain::samples::filed;
use bytes::Bytes;
use contracts::events::directory::{DepartmentAdded, DirectoryEvent, RoutingRulesPublished};
use contracts::events::{IntakeEvent, LoopEvent, RoutingEvent};
use contracts::ids::{CommandId, LoopId};
use contracts::subjects::{Subject, Thing};
use decider::{Recent, written};
use eventlog::EventLog;
use eventlog::memory::MemoryLog;
use projection::LiveDistricts;
use runtime::Clock;
use sealing::{Keyring, MasterKey, MemoryKeys};
use serde_json::json;
use uuid::Uuid;

use super::*;

const LOOP: Uuid = Uuid::from_u128(7);

fn north() -> District {
    "north".parse().expect("a slug")
}

/// A district whose rules tell policies from practices.
fn districts() -> LiveDistricts {
    let districts = LiveDistricts::default();
    let department = |name: &str| DepartmentId::derived(&[name]);
    for (nth, name) in (1..).zip(["policies", "practices"]) {
        let subject = Subject::new(&north(), Thing::Department, department(name).0);
        let added = DepartmentAdded {
            name: name.to_owned(),
            decides: None,
            sourced_id: None,
        };
        districts.evolve(&subject, nth, &added.into());
    }
    let rule = |kind: &str, name: &str| {
        json!({"id": name, "name": name, "when": {"kinds": [kind]}, "department": department(name),
            "service_level": "standard"})
    };
    let rules = json!({"version": 1, "rules": [rule("policy", "policies"), rule("practice", "practices")]});
    let rules: RoutingRulesPublished = serde_json::from_value(rules).expect("rules");
    let subject = Subject::new(&north(), Thing::District, Uuid::from_u128(1));
    districts.evolve(&subject, 3, &DirectoryEvent::from(rules));
    districts
}

fn message(nth: u128) -> CommandMessage {
    CommandMessage {
        id: CommandId(Uuid::from_u128(nth)),
        district: north(),
        thing: LOOP,
        request_hash: "p".to_owned(),
        authority: Authority::Policy { name: "p".to_owned() },
        based_on: None,
        caused_by: None,
        traceparent: None,
        body: serde_json::value::RawValue::NULL.to_owned(),
    }
}

async fn append(log: &MemoryLog, nth: u128, event: IntakeEvent, previous: u64) -> Recorded {
    let subject = Subject::of_loop(&north(), LoopId(LOOP));
    let time = chrono::DateTime::UNIX_EPOCH;
    let envelope = written(&subject, &message(nth), &event, previous, time).expect("an envelope");
    let sequence = log.append(&subject, previous, &envelope).await.expect("appended");
    Recorded {
        sequence,
        subject,
        envelope,
    }
}

#[tokio::test]
async fn what_was_amended_before_it_was_routed_is_routed_by_what_it_says_now() {
    let log = MemoryLog::default();
    let first = append(&log, 1, filed("alder").into(), 0).await;
    let amended = serde_json::from_value::<contracts::events::intake::TensionAmended>(json!({"kind": "practice"}));
    append(&log, 2, amended.expect("an amendment").into(), 1).await;
    let desk = Desk {
        log: Arc::new(log.clone()),
        keyring: Keyring::new(Arc::new(MemoryKeys::default()), MasterKey::new([7; 32])),
        clock: Clock::by_hand(chrono::DateTime::UNIX_EPOCH),
        districts: districts(),
        recent: Recent::default(),
    };
    // The policy comes late, with the event as it was filed.
    let incoming = Incoming {
        verb: "route-filed".to_owned(),
        payload: Bytes::from(serde_json::to_vec(&message(3)).expect("json")),
        cause: Some(Arc::new(first)),
    };
    let done = handle_policy(&desk, &incoming).await.expect("routed");
    assert_eq!((done.version, done.repeated), (3, false));
    let raw = log.at(3).await.expect("a read").expect("an event");
    let event = LoopEvent::read(&raw.parse().expect("an event").envelope).expect("of a loop");
    let LoopEvent::Routing(RoutingEvent::TensionRouted(routed)) = event else {
        panic!("{event:?}");
    };
    assert_eq!(routed.department, DepartmentId::derived(&["practices"]));
}
