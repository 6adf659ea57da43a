//! Decisions about patterns, requests to the state, and reviews.

mod pattern;
mod refusal;
mod review;
mod waiver;

pub use pattern::{DecideRevision, Detect, ProposeRevision};
pub use refusal::OfficeRefusal;
pub use review::{ConcludeReview, ExamineClause, OpenReview};
pub use waiver::{AnswerWaiver, DraftWaiver, LookAtState, SubmitWaiver};

use std::collections::BTreeSet;

use contracts::ids::DepartmentId;

/// For which departments somebody acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acting {
    /// For all of the district: the contact.
    District,
    /// For these.
    Departments(BTreeSet<DepartmentId>),
}

impl Acting {
    /// Refuses where they do not act for the department that answers for it.
    pub fn for_department(&self, department: DepartmentId) -> Result<(), OfficeRefusal> {
        match self {
            Self::District => Ok(()),
            Self::Departments(own) if own.contains(&department) => Ok(()),
            Self::Departments(_) => Err(OfficeRefusal::NotYours),
        }
    }
}
