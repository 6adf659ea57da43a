//! Contesting what stands in a record: nothing is changed, something is added.

use chrono::{DateTime, Utc};
use contracts::events::CustodyEvent;
use contracts::events::custody::StatementAttached;
use contracts::sealed::Sealed;
use decider::Decide;
use domain::{Loop, Rejection};

/// Attaches a statement, also to a loop that has ended.
#[derive(Debug, Clone)]
pub(crate) struct Contest {
    pub(crate) text: Sealed,
    pub(crate) on_behalf_of: Option<Sealed>,
    pub(crate) about: Option<u64>,
    /// Whether the event it speaks of is one of this loop.
    pub(crate) is_of_it: bool,
}

impl Decide<Loop> for Contest {
    type Event = CustodyEvent;
    type Rejection = Rejection;

    fn decide(&self, state: &Loop, _: DateTime<Utc>) -> Result<Option<CustodyEvent>, Rejection> {
        state.filed()?;
        if let Some(about) = self.about.filter(|_| !self.is_of_it) {
            return Err(Rejection::NoSuchText {
                named: about.to_string(),
            });
        }
        let attached = StatementAttached {
            text: self.text.clone(),
            on_behalf_of: self.on_behalf_of.clone(),
            about: self.about,
        };
        Ok(Some(attached.into()))
    }
}
