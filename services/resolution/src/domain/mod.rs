//! The department's decisions: pure, one command a file.

mod acknowledge;
mod ask;
mod assign;
mod correct_rule;
mod decide_team;
mod decline;
mod note;
mod propose;
mod put_before_team;
mod register_said;
mod state_answer;
mod withdraw_resolution;

pub use acknowledge::Acknowledge;
pub use ask::Ask;
pub use assign::Assign;
pub use correct_rule::CorrectRule;
pub use decide_team::DecideTeam;
pub use decline::Decline;
pub use note::Note;
pub use propose::Propose;
pub use put_before_team::PutBeforeTeam;
pub use register_said::{ChangeFlexibility, CompleteGrant, FailGrant};
pub use state_answer::StateAnswer;
pub use withdraw_resolution::WithdrawResolution;

use domain::Rejection;
use domain::district_loop::{Appeal, LoopRecord, With};

/// The hold of the department that has the loop, where it may still act on it.
fn at_work(record: &LoopRecord, episode: Option<u32>) -> Result<&With, Rejection> {
    record.still_open()?;
    record.in_episode(episode)?;
    record.with().ok_or(Rejection::NotRouted)
}

/// Refuses while an appeal is being decided: its decision comes first.
fn no_appeal_pending(record: &LoopRecord) -> Result<(), Rejection> {
    match record.appeal {
        Appeal::Pending { .. } => Err(Rejection::AppealPending),
        Appeal::None | Appeal::Decided(_) => Ok(()),
    }
}
