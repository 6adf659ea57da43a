//! Decisions about parts of the register: one command a file.

mod answer_pilot;
mod change;
mod claim;
mod expire;
mod grant;
mod office;
mod refusal;
mod revoke;
mod widen;
mod write_down;

use domain::{Flexibility, FlexibilityRecord};

pub use answer_pilot::AnswerPilot;
pub use change::{ChangeConditions, PublishRationale, Renew, ShowTo};
pub use claim::Claim;
pub use expire::LookAtEnd;
pub use grant::Grant;
pub use office::{
    Acting, AnswerWaiver, ConcludeReview, DecideRevision, Detect, DraftWaiver, ExamineClause, LookAtState,
    OfficeRefusal, OpenReview, ProposeRevision, SubmitWaiver,
};
pub use refusal::Refusal;
pub use revoke::Revoke;
pub use widen::Widen;
pub use write_down::WriteDown;

use contracts::vocabulary::{Says, Standing};

/// The record, or the refusal that there is none.
fn stands(state: &Flexibility) -> Result<&FlexibilityRecord, Refusal> {
    state.record().ok_or(Refusal::NotThere)
}

/// What is allowed, and in force.
fn in_force(state: &Flexibility) -> Result<&FlexibilityRecord, Refusal> {
    let record = allowed(state)?;
    match record.standing {
        Standing::InForce => Ok(record),
        Standing::Expired | Standing::Revoked => Err(no_longer(record)),
    }
}

/// It expired, or was taken back.
fn no_longer(record: &FlexibilityRecord) -> Refusal {
    Refusal::NoLongerInForce {
        standing: record.standing,
        since: record.ended_at.unwrap_or(record.changed_at),
    }
}

/// What is allowed, in force or not: what must stay has no scope, no end and no users.
fn allowed(state: &Flexibility) -> Result<&FlexibilityRecord, Refusal> {
    let record = stands(state)?;
    match record.says {
        Says::Flexibility | Says::Clarification => Ok(record),
        Says::NonNegotiable => Err(Refusal::MustStay),
    }
}
