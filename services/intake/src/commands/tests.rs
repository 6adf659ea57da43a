//! Commands as they come in, over a log in memory.

use super::*;
use std::sync::Arc;

use async_trait::async_trait;
use contracts::claims::Claims;
use contracts::ids::{CommandId, District, PersonId};
use eventlog::memory::MemoryLog;
use projection::LiveDistricts;
use runtime::Clock;
use sealing::{Keyring, MasterKey, MemoryKeys};
use serde_json::json;

struct Nobody;

#[async_trait]
impl People for Nobody {
    async fn person(&self, _: &District, _: PersonId) -> Result<Option<Claims>, Problem> {
        Ok(None)
    }
}

fn desk() -> Desk {
    Desk {
        log: Arc::new(MemoryLog::default()),
        keyring: Keyring::new(Arc::new(MemoryKeys::default()), MasterKey::new([7; 32])),
        clock: Clock::by_hand(chrono::DateTime::from_timestamp(1_793_620_800, 0).expect("a time")),
        districts: LiveDistricts::default(),
        recent: decider::Recent::default(),
    }
}

/// A filing for alder, needed by a day, sent under a district by somebody of the north.
fn filing(district: &str) -> Incoming {
    let north: District = "north".parse().expect("a slug");
    let claims = Claims {
        district: north,
        person: PersonId::derived(&["gus"]),
        name: "gus".to_owned(),
        roles: [Role::Reporter].into(),
        schools: [SchoolId::derived(&["alder"])].into(),
        departments: [].into(),
        leads: [].into(),
        teams: [].into(),
        as_of: 0,
        token: None,
        acting_for: None,
    };
    let id = CommandId::derived(&["a key"]);
    let message = json!({
        "id": id,
        "district": district,
        "thing": id,
        "authority": Authority::Person(claims),
        "request_hash": "a digest",
        "body": {
            "title": "t", "trying": "x", "barrier": "y", "kind": "policy", "area": "other",
            "needed_by": "2026-12-01",
        },
    });
    Incoming {
        cause: None,
        verb: "file".to_owned(),
        payload: serde_json::to_vec(&message).expect("json").into(),
    }
}

#[tokio::test]
async fn what_was_filed_is_answered_as_it_was_also_when_its_day_is_long_past() {
    let desk = desk();
    let first = handle(&desk, &Nobody, &filing("north")).await.expect("filed");
    desk.clock.set(desk.clock.now() + chrono::Duration::days(800));
    let again = handle(&desk, &Nobody, &filing("north")).await.expect("answered again");
    assert_eq!((again.version, again.repeated), (first.version, true));
}

#[tokio::test]
async fn nobody_files_into_another_district() {
    let problem = handle(&desk(), &Nobody, &filing("south")).await.expect_err("refused");
    assert_eq!(problem.status, 404);
}
