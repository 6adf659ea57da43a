//! Which actions a loop's state leaves open to a person: what pages offer. Deciding is the services' own.

use contracts::Claims;
use contracts::action::Action;
use contracts::ids::SchoolId;
use contracts::vocabulary::{EscalatedTo, LoopState, Role, Visibility};

use crate::authority::may;
use crate::district_loop::{Appeal, Assignment, Grant, LoopRecord};

impl LoopRecord {
    /// The actions this person may take now, in the order of the list of actions.
    pub fn offers(&self, viewer: &Claims) -> Vec<Action> {
        Action::ALL
            .iter()
            .copied()
            .filter(|action| may(viewer, *action, self, self.spoken_for(viewer, *action)))
            .filter(|action| self.leaves_open(viewer, *action))
            .collect()
    }

    /// A school that the person would speak for, where the action needs one that is not in it yet.
    fn spoken_for(&self, viewer: &Claims, action: Action) -> Option<SchoolId> {
        (action == Action::Join)
            .then(|| viewer.schools.iter().copied().find(|school| !self.is_in(*school)))
            .flatten()
    }

    fn leaves_open(&self, viewer: &Claims, action: Action) -> bool {
        let open = !self.is_ended();
        let theirs: Vec<SchoolId> = viewer
            .schools
            .iter()
            .copied()
            .filter(|school| self.is_in(*school))
            .collect();
        let theirs_in = |wanted: &[LoopState]| theirs.iter().any(|school| wanted.contains(&self.state_of(*school)));
        let theirs_open = theirs.iter().any(|school| self.open_part(*school).is_ok());
        let with = self.with();
        let appealed = matches!(self.appeal, Appeal::Pending { .. });
        let at_work = open && with.is_some() && !appealed;
        match action {
            Action::File => false,
            Action::Amend => open && (theirs.contains(&self.filed_for) || viewer.has(Role::Contact)),
            Action::Join => {
                open && self.tension.visibility == Visibility::Joinable
                    && viewer.schools.iter().any(|school| !self.is_in(*school))
            }
            Action::Leave => open && theirs_open && self.schools_in_it().count() > 1,
            Action::Withdraw => open && theirs_open && self.schools_in_it().count() == 1,
            Action::HandOn => self.state() != LoopState::Withdrawn && !theirs.is_empty(),
            Action::Answer => self
                .questions
                .values()
                .any(|question| theirs.contains(&question.school)),
            Action::Confirm | Action::Refuse => theirs_in(&[LoopState::Proposed]),
            Action::Appeal => theirs_in(&[LoopState::Declined]) && self.appeal == Appeal::None,
            Action::FollowUp => theirs_in(&[LoopState::Closed]),
            Action::Route => open && !matches!(self.assignment, Assignment::With(_)),
            Action::Reroute | Action::Collaborate | Action::ChangeDue | Action::Assign => open && with.is_some(),
            Action::Escalate => open && self.can_go_up(viewer),
            Action::DecideEscalation => self.escalation.as_ref().is_some_and(|escalation| match escalation.to {
                EscalatedTo::Contact => viewer.has(Role::Contact),
                EscalatedTo::Leader => viewer.has(Role::Leader),
            }),
            Action::Acknowledge => at_work && with.is_some_and(|with| with.acknowledged.is_none()),
            Action::Ask | Action::Propose | Action::Decline | Action::CorrectRule => at_work,
            Action::Note | Action::Contest | Action::Hold | Action::Disclose => true,
            Action::Erase => self.custody.holds.is_empty(),
            Action::LiftHold => !self.custody.holds.is_empty(),
            Action::PutBeforeTeam => open && self.matter.is_none(),
            Action::DecideTeam => self.matter.is_some(),
            Action::WithdrawResolution => open && self.proposal.is_some(),
            Action::StateAnswer => {
                open && self
                    .proposal
                    .as_ref()
                    .is_some_and(|proposal| proposal.grant == Grant::Awaited)
            }
        }
    }

    fn can_go_up(&self, viewer: &Claims) -> bool {
        match self.escalation.as_ref().map(|escalation| escalation.to) {
            None => true,
            Some(EscalatedTo::Contact) => viewer.has(Role::Contact) || !viewer.departments.is_empty(),
            Some(EscalatedTo::Leader) => false,
        }
    }
}
