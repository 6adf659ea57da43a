//! A second department helps.

use chrono::{DateTime, Utc};
use contracts::events::RoutingEvent;
use contracts::events::routing::CollaboratorAdded;
use contracts::ids::DepartmentId;
use decider::Decide;
use domain::{Loop, Rejection};

/// Adds a department that helps.
#[derive(Debug, Clone)]
pub struct Collaborate {
    /// Who helps.
    pub department: DepartmentId,
}

impl Decide<Loop> for Collaborate {
    type Event = RoutingEvent;
    type Rejection = Rejection;

    fn decide(&self, state: &Loop, _: DateTime<Utc>) -> Result<Option<RoutingEvent>, Rejection> {
        let record = state.filed()?;
        record.still_open()?;
        let with = record.with().ok_or(Rejection::NotRouted)?;
        if with.department == self.department || record.collaborators.contains(&self.department) {
            return Err(Rejection::AlreadyThere {
                department: self.department,
            });
        }
        Ok(Some(
            CollaboratorAdded {
                department: self.department,
            }
            .into(),
        ))
    }
}
