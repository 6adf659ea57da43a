//! The answer is taken back; the department owes another.

use chrono::{DateTime, Utc};
use contracts::events::ResolutionEvent;
use contracts::events::resolution::ResolutionWithdrawn;
use contracts::sealed::Sealed;
use decider::Decide;
use domain::{Loop, Rejection};

use super::at_work;

/// Takes the answer back.
#[derive(Debug, Clone)]
pub struct WithdrawResolution {
    /// Why.
    pub why: Sealed,
}

impl Decide<Loop> for WithdrawResolution {
    type Event = ResolutionEvent;
    type Rejection = Rejection;

    fn decide(&self, state: &Loop, _: DateTime<Utc>) -> Result<Option<ResolutionEvent>, Rejection> {
        let record = state.filed()?;
        at_work(record, None)?;
        let proposal = record.proposal.as_ref().ok_or(Rejection::NothingProposed)?;
        Ok(Some(
            ResolutionWithdrawn {
                revision: proposal.revision,
                why: self.why.clone(),
            }
            .into(),
        ))
    }
}
