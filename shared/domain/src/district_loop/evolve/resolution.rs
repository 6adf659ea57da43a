//! The department's chapter, taken in.

use contracts::envelope::Meta;
use contracts::events::resolution::{FlexibilityChanged, ResolutionEvent};
use contracts::ids::SchoolId;
use contracts::vocabulary::FlexibilityTurn;

use super::super::{Assignment, Decline, Grant, LoopRecord, Matter, Phase, Proposal, Question};
use super::granting;

impl LoopRecord {
    pub(super) fn resolution(&mut self, meta: &Meta, event: &ResolutionEvent) {
        match event {
            ResolutionEvent::CaseAcknowledged(_) => self.word(meta, true),
            ResolutionEvent::StaffAssigned(assigned) => {
                if let Assignment::With(with) = &mut self.assignment {
                    with.assignee = Some(assigned.person);
                }
                self.named.insert(assigned.person);
            }
            ResolutionEvent::QuestionAsked(asked) => {
                let question = Question {
                    school: asked.school,
                    question: asked.question.clone(),
                    asked_at: meta.time,
                };
                self.questions.insert(meta.id, question);
                self.word(meta, true);
            }
            ResolutionEvent::NoteAdded(note) => {
                if note.shared && note.department.is_some() && note.department == self.with().map(|w| w.department) {
                    self.word(meta, false);
                }
            }
            ResolutionEvent::PutBeforeTeam(put) => {
                self.teams_asked.insert(put.team);
                self.matter = Some(Matter {
                    id: meta.id,
                    team: put.team,
                    question: put.question.clone(),
                    at: meta.time,
                });
            }
            ResolutionEvent::TeamDecided(decided) => {
                if self.matter.as_ref().is_some_and(|open| open.id == decided.matter) {
                    self.matter = None;
                }
                self.appeal_decided(meta.time, decided.outcome);
            }
            ResolutionEvent::ResolutionProposed(proposed) => {
                self.propose(
                    meta,
                    Proposal {
                        revision: proposed.revision,
                        kind: proposed.kind,
                        summary: proposed.summary.clone(),
                        rationale: proposed.rationale.clone(),
                        flexibility: proposed.flexibility,
                        rests_since: proposed.flexibility.map_or(self.filed_seq, |_| meta.sequence),
                        told: None,
                        pattern: proposed.pattern,
                        at: meta.time,
                        asked_at: meta.time,
                        reminders: 0,
                        grant: granting(proposed.kind, proposed.promise.is_some()),
                    },
                );
            }
            ResolutionEvent::ResolutionRevised(revised) => {
                self.propose(
                    meta,
                    Proposal {
                        revision: revised.revision,
                        kind: revised.kind,
                        summary: revised.summary.clone(),
                        rationale: revised.rationale.clone(),
                        flexibility: revised.flexibility,
                        rests_since: revised.flexibility.map_or(self.filed_seq, |_| meta.sequence),
                        told: None,
                        pattern: revised.pattern,
                        at: meta.time,
                        asked_at: meta.time,
                        reminders: 0,
                        grant: granting(revised.kind, revised.promise.is_some()),
                    },
                );
            }
            ResolutionEvent::CaseDeclined(declined) => {
                self.decline = Some(Decline {
                    ground: declined.ground,
                    reason: declined.reason.clone(),
                    review_on: declined.review_on,
                    at: meta.time,
                });
                self.unconfirm();
                self.proposal = None;
                self.questions.clear();
                self.word(meta, true);
                let open: Vec<SchoolId> = self.open_parts().collect();
                for school in open {
                    self.phase(school, Phase::Declined { at: meta.time });
                }
            }
            ResolutionEvent::ResolutionWithdrawn(_) => {
                self.unconfirm();
                self.proposal = None;
                self.word(meta, false);
            }
            ResolutionEvent::GrantCompleted(completed) => {
                if let Some(proposal) = &mut self.proposal {
                    if proposal.grant == Grant::Awaited {
                        proposal.asked_at = meta.time;
                    }
                    proposal.grant = Grant::Completed;
                    proposal.flexibility = completed.flexibility.or(proposal.flexibility);
                }
                for part in self.parts.values_mut() {
                    if let Phase::Confirmed { granted, .. } = &mut part.phase {
                        *granted = true;
                    }
                }
            }
            ResolutionEvent::GrantFailed(_) => self.grant_failed(meta),
            ResolutionEvent::RuleCorrected(corrected) => {
                self.corrected = Some(corrected.rule.clone());
                if self.with().is_some_and(|with| with.department == corrected.department) {
                    self.word(meta, false);
                }
            }
            ResolutionEvent::FlexibilityChanged(changed) => self.flexibility_changed(meta, changed),
        }
    }

    fn flexibility_changed(&mut self, meta: &Meta, changed: &FlexibilityChanged) {
        if let Some(proposal) = &mut self.proposal
            && proposal.flexibility == Some(changed.flexibility)
        {
            proposal.told = Some(changed.event);
        }
        match changed.turn {
            FlexibilityTurn::Expired | FlexibilityTurn::Revoked => {
                // An answer that lies before a school can no longer be kept: it must be revised. What a school
                // confirmed and has been using stays closed, and it is told.
                let rests = self.proposal.as_ref().is_some_and(|proposal| {
                    proposal.flexibility == Some(changed.flexibility) && proposal.grant != Grant::Awaited
                });
                if rests && !self.is_ended() {
                    self.grant_failed(meta);
                } else if rests && let Some(proposal) = &mut self.proposal {
                    // Should the loop reopen, nobody is asked about it again.
                    proposal.grant = Grant::Failed;
                }
            }
            FlexibilityTurn::Renewed => {
                let ended = self.is_ended();
                let renewed = self.proposal.as_mut().filter(|proposal| {
                    ended && proposal.flexibility == Some(changed.flexibility) && proposal.grant == Grant::Failed
                });
                if let Some(proposal) = renewed {
                    proposal.grant = Grant::Completed;
                }
            }
            FlexibilityTurn::Widened | FlexibilityTurn::ConditionsChanged => {}
        }
    }

    fn grant_failed(&mut self, meta: &Meta) {
        if let Some(proposal) = &mut self.proposal {
            proposal.grant = Grant::Failed;
        }
        self.time.next_word_from = Some(meta.time);
    }
}
