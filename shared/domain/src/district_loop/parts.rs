//! Where one school's part of a loop stands.

use contracts::ids::SchoolId;
use contracts::vocabulary::LoopState;

use super::{Assignment, Grant, LoopRecord, Part, Phase};
use crate::rejection::Rejection;

impl LoopRecord {
    /// The state of one school's part. A school that is not in it counts as withdrawn.
    pub fn state_of(&self, school: SchoolId) -> LoopState {
        let Some(part) = self.parts.get(&school) else {
            return LoopState::Withdrawn;
        };
        match &part.phase {
            Phase::Confirmed { granted: true, .. } | Phase::Unconfirmed { .. } => LoopState::Closed,
            Phase::Confirmed { granted: false, .. } => {
                if self
                    .proposal
                    .as_ref()
                    .is_some_and(|proposal| proposal.grant == Grant::Failed)
                {
                    self.assigned_state()
                } else {
                    LoopState::Proposed
                }
            }
            Phase::Declined { .. } => LoopState::Declined,
            Phase::Gone { .. } => LoopState::Withdrawn,
            Phase::Open | Phase::Reopened => self.open_state_of(school, part),
        }
    }

    fn open_state_of(&self, school: SchoolId, part: &Part) -> LoopState {
        if self.questions.values().any(|question| question.school == school) {
            return LoopState::WaitingForSchool;
        }
        if part.phase == Phase::Reopened {
            return LoopState::Reopened;
        }
        if let Some(proposal) = self
            .proposal
            .as_ref()
            .filter(|proposal| proposal.revision > part.refused)
        {
            match proposal.grant {
                Grant::NotNeeded | Grant::OnConfirmation | Grant::Completed => return LoopState::Proposed,
                Grant::Awaited => return LoopState::WaitingForState,
                Grant::Failed => {}
            }
        }
        self.assigned_state()
    }

    /// The schools that confirmed an answer whose promise is not granted yet: the department owes them that.
    pub fn ungranted_parts(&self) -> impl Iterator<Item = SchoolId> + '_ {
        self.parts
            .iter()
            .filter(|(_, part)| matches!(part.phase, Phase::Confirmed { granted: false, .. }))
            .map(|(school, _)| *school)
    }

    fn assigned_state(&self) -> LoopState {
        match &self.assignment {
            Assignment::Unrouted => LoopState::Filed,
            Assignment::Triage { .. } => LoopState::Triage,
            Assignment::With(with) if with.acknowledged.is_some() => LoopState::Acknowledged,
            Assignment::With(_) => LoopState::Routed,
        }
    }

    /// The schools whose part has not ended.
    pub fn open_parts(&self) -> impl Iterator<Item = SchoolId> + '_ {
        self.parts
            .iter()
            .filter(|(_, part)| part.phase.is_open())
            .map(|(school, _)| *school)
    }

    /// The schools that are in it, ended or not, but for those that left.
    pub fn schools_in_it(&self) -> impl Iterator<Item = SchoolId> + '_ {
        self.parts
            .iter()
            .filter(|(_, part)| !matches!(part.phase, Phase::Gone { .. }))
            .map(|(school, _)| *school)
    }

    /// Whether the school is in it, and has not left.
    pub fn is_in(&self, school: SchoolId) -> bool {
        self.parts
            .get(&school)
            .is_some_and(|part| !matches!(part.phase, Phase::Gone { .. }))
    }

    /// The schools that have an answer before them and have not said whether it works.
    pub fn unanswered_parts(&self) -> Vec<SchoolId> {
        self.open_parts()
            .filter(|school| self.state_of(*school) == LoopState::Proposed)
            .collect()
    }

    /// Refuses where the loop has ended.
    pub fn still_open(&self) -> Result<(), Rejection> {
        let state = self.state();
        if state.is_end() {
            Err(Rejection::Ended { state })
        } else {
            Ok(())
        }
    }

    /// Refuses what was meant for an episode that is over.
    pub fn in_episode(&self, named: Option<u32>) -> Result<(), Rejection> {
        match named {
            Some(named) if named != self.episode => Err(Rejection::EpisodeOver {
                named,
                current: self.episode,
            }),
            Some(_) | None => Ok(()),
        }
    }

    /// The part of a school that is in it and has not ended.
    pub fn open_part(&self, school: SchoolId) -> Result<&Part, Rejection> {
        let part = self.parts.get(&school).ok_or(Rejection::NotIn { school })?;
        match &part.phase {
            Phase::Open | Phase::Reopened => Ok(part),
            Phase::Gone { .. } => Err(Rejection::NotIn { school }),
            Phase::Confirmed { .. } | Phase::Unconfirmed { .. } | Phase::Declined { .. } => {
                Err(Rejection::AlreadySaid {
                    state: self.state_of(school),
                })
            }
        }
    }
}

impl Phase {
    /// Whether anything is still owed to this school.
    pub fn is_open(&self) -> bool {
        match self {
            Self::Open | Self::Reopened => true,
            Self::Confirmed { .. } | Self::Unconfirmed { .. } | Self::Declined { .. } | Self::Gone { .. } => false,
        }
    }
}
