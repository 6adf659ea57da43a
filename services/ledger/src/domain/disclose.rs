//! Giving a record out.

use chrono::{DateTime, Utc};
use contracts::events::CustodyEvent;
use contracts::events::custody::{RecordDisclosed, Withheld};
use contracts::ids::DisclosureId;
use contracts::sealed::Sealed;
use contracts::vocabulary::Disclosure;
use decider::Decide;
use domain::{Loop, Rejection};

/// Says that a loop was given out, before it is.
#[derive(Debug, Clone)]
pub(crate) struct Disclose {
    pub(crate) disclosure: DisclosureId,
    pub(crate) form: Disclosure,
    pub(crate) to: Sealed,
    pub(crate) up_to: u64,
    pub(crate) withheld: Vec<Withheld>,
}

impl Decide<Loop> for Disclose {
    type Event = CustodyEvent;
    type Rejection = Rejection;

    fn decide(&self, state: &Loop, _: DateTime<Utc>) -> Result<Option<CustodyEvent>, Rejection> {
        state.filed()?;
        let disclosed = RecordDisclosed {
            disclosure: self.disclosure,
            form: self.form,
            to: self.to.clone(),
            up_to: self.up_to,
            withheld: self.withheld.clone(),
        };
        Ok(Some(disclosed.into()))
    }
}
