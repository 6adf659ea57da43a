//! A team is asked.

use chrono::{DateTime, Utc};
use contracts::events::ResolutionEvent;
use contracts::events::resolution::PutBeforeTeam as Put;
use contracts::ids::TeamId;
use contracts::sealed::Sealed;
use decider::Decide;
use domain::{Loop, Rejection};

/// Puts a loop before a team; before one at a time.
#[derive(Debug, Clone)]
pub struct PutBeforeTeam {
    /// The team.
    pub team: TeamId,
    /// What it is asked.
    pub question: Sealed,
}

impl Decide<Loop> for PutBeforeTeam {
    type Event = ResolutionEvent;
    type Rejection = Rejection;

    fn decide(&self, state: &Loop, _: DateTime<Utc>) -> Result<Option<ResolutionEvent>, Rejection> {
        let record = state.filed()?;
        record.still_open()?;
        if let Some(matter) = &record.matter {
            return Err(Rejection::BeforeTeam { team: matter.team });
        }
        Ok(Some(
            Put {
                team: self.team,
                question: self.question.clone(),
            }
            .into(),
        ))
    }
}
