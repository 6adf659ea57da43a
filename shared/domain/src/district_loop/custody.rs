//! What became of the record of a loop itself: what was erased, and what forbids it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use contracts::envelope::{Actor, Meta};
use contracts::events::CustodyEvent;
use contracts::ids::EventId;
use contracts::sealed::KeyId;
use serde::{Deserialize, Serialize};

use crate::calendar::Calendar;

/// What became of the record of a loop itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Custody {
    /// Words that were erased, in their order.
    pub erased: Vec<Erasure>,
    /// Why nothing may be erased: each hold since when.
    pub holds: BTreeMap<EventId, DateTime<Utc>>,
}

/// Words that were erased at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: Actor,
    /// The keys of the texts.
    pub keys: BTreeSet<KeyId>,
}

impl Erasure {
    /// What stands in the place of the words, with the day as the district counts it.
    pub fn words(&self, calendar: &Calendar, by: Option<&str>) -> String {
        said_erased(self.at, calendar, by)
    }
}

/// What stands in the place of words that were erased at a moment, with the day as the district counts it.
pub fn said_erased(at: DateTime<Utc>, calendar: &Calendar, by: Option<&str>) -> String {
    let day = calendar.date(at).format("%-d %B %Y");
    match by {
        Some(by) => format!("[erased on {day} by {by}]"),
        None => format!("[erased on {day}]"),
    }
}

impl Custody {
    /// How a text came to be erased; nothing where it stands.
    pub fn erasure(&self, key: KeyId) -> Option<&Erasure> {
        self.erased.iter().find(|erasure| erasure.keys.contains(&key))
    }

    /// Every key whose texts were erased.
    pub fn erased_keys(&self) -> impl Iterator<Item = KeyId> {
        self.erased.iter().flat_map(|erasure| erasure.keys.iter().copied())
    }

    /// Takes one event in.
    pub(super) fn take(&mut self, meta: &Meta, event: &CustodyEvent) {
        match event {
            CustodyEvent::Erased(erased) => self.erased.push(Erasure {
                at: meta.time,
                by: meta.actor.clone(),
                keys: erased.texts.iter().map(|text| text.key).collect(),
            }),
            CustodyEvent::HoldPlaced(_) => {
                self.holds.insert(meta.id, meta.time);
            }
            CustodyEvent::HoldLifted(lifted) => {
                self.holds.remove(&lifted.hold);
            }
            // They travel with the record and change nothing of the loop.
            CustodyEvent::StatementAttached(_) | CustodyEvent::RecordDisclosed(_) => {}
        }
    }
}
