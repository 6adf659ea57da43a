//! Every version of every event has a frozen fixture that must be read for ever, and the current one is written as it
//! stands there. A fixture is never changed; a new version adds one.

use std::collections::BTreeSet;
use std::path::PathBuf;

use loopline_contracts::events::{
    CustodyEvent, DirectoryEvent, FlexibilityEvent, IntakeEvent, OwnedEvents, PatternEvent, RecordEvent,
    ResolutionEvent, ReviewEvent, RoutingEvent, WaiverEvent,
};
use serde_json::Value;
use serde_json::value::RawValue;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

fn check<E: OwnedEvents>(seen: &mut BTreeSet<String>) {
    for (kind, current) in E::KINDS {
        for version in 1..=*current {
            let name = format!("{}.{kind}.v{version}.json", E::OWNER);
            let text = std::fs::read_to_string(folder().join(&name)).unwrap_or_else(|_| panic!("there is no {name}"));
            let raw = RawValue::from_string(text.trim().to_owned()).expect("json");
            let event_type = format!("org.loopline.{}.{kind}.v{version}", E::OWNER);
            let event = E::decode(&event_type, kind, version, &raw).unwrap_or_else(|error| panic!("{name}: {error}"));
            if version == *current {
                let written: Value = serde_json::from_str(event.data().expect("data").get()).expect("json");
                let frozen: Value = serde_json::from_str(&text).expect("json");
                assert_eq!(written, frozen, "{name} is written otherwise today: make a new version");
                assert_eq!(event.event_type(), event_type);
            }
            seen.insert(name);
        }
    }
}

#[test]
fn every_version_of_every_event_is_read_for_ever() {
    let mut seen = BTreeSet::new();
    check::<IntakeEvent>(&mut seen);
    check::<RoutingEvent>(&mut seen);
    check::<ResolutionEvent>(&mut seen);
    check::<FlexibilityEvent>(&mut seen);
    check::<PatternEvent>(&mut seen);
    check::<WaiverEvent>(&mut seen);
    check::<ReviewEvent>(&mut seen);
    check::<RecordEvent>(&mut seen);
    check::<CustodyEvent>(&mut seen);
    check::<DirectoryEvent>(&mut seen);
    let there: BTreeSet<String> = std::fs::read_dir(folder())
        .expect("the fixtures")
        .map(|file| file.expect("a file").file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(seen, there);
}
