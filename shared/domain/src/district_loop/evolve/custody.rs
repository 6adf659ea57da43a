//! What became of the record itself, taken in.

use contracts::envelope::Meta;
use contracts::events::CustodyEvent;

use super::super::{Custody, Erasure};

impl Custody {
    pub(super) fn take(&mut self, meta: &Meta, event: &CustodyEvent) {
        match event {
            CustodyEvent::Erased(erased) => self.erased.push(Erasure {
                at: meta.time,
                by: meta.actor.clone(),
                ground: erased.ground,
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
