//! The school's decisions: pure, one command a file.

mod amend;
mod answer;
mod appeal;
mod confirm;
mod file_tension;
mod follow_up;
mod hand_on;
mod join;
mod leave;
mod refuse;
mod withdraw;

pub use amend::Amend;
pub use answer::Answer;
pub use appeal::Appeal;
pub use confirm::Confirm;
pub use file_tension::FileTension;
pub use follow_up::FollowUp;
pub use hand_on::HandOn;
pub use join::Join;
pub use leave::Leave;
pub use refuse::Refuse;
pub use withdraw::Withdraw;
