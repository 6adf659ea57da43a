//! It is taken back.

use chrono::{DateTime, Utc};
use contracts::events::FlexibilityEvent;
use contracts::events::flexibility::FlexibilityRevoked;
use contracts::sealed::Sealed;
use contracts::vocabulary::Standing;
use decider::Decide;
use domain::Flexibility;

use super::{Refusal, no_longer, stands};

/// Takes it back; also what must stay can be taken back, when it need not stay any longer.
#[derive(Debug, Clone)]
pub struct Revoke {
    /// Why.
    pub why: Option<Sealed>,
    /// A newer revision of the same answer takes its place.
    pub replaced: bool,
}

impl Decide<Flexibility> for Revoke {
    type Event = FlexibilityEvent;
    type Rejection = Refusal;

    fn decide(&self, state: &Flexibility, _: DateTime<Utc>) -> Result<Option<FlexibilityEvent>, Refusal> {
        let record = stands(state)?;
        if record.standing == Standing::Revoked {
            return Err(no_longer(record));
        }
        Ok(Some(
            FlexibilityRevoked {
                why: self.why.clone(),
                replaced: self.replaced,
            }
            .into(),
        ))
    }
}
