//! The department's chapter, taken in.

use contracts::envelope::Meta;
use contracts::events::resolution::ResolutionEvent;
use contracts::ids::SchoolId;

use super::super::{Assignment, Decline, Grant, LoopRecord, Matter, Phase, Proposal, Question};

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
                self.propose(meta, proposed.revision, proposed.kind, |revision| Proposal {
                    revision,
                    kind: proposed.kind,
                    summary: proposed.summary.clone(),
                    rationale: proposed.rationale.clone(),
                    flexibility: proposed.flexibility,
                    at: meta.time,
                    asked_at: meta.time,
                    reminders: 0,
                    grant: Grant::NotNeeded,
                });
            }
            ResolutionEvent::ResolutionRevised(revised) => {
                self.propose(meta, revised.revision, revised.kind, |revision| Proposal {
                    revision,
                    kind: revised.kind,
                    summary: revised.summary.clone(),
                    rationale: revised.rationale.clone(),
                    flexibility: revised.flexibility,
                    at: meta.time,
                    asked_at: meta.time,
                    reminders: 0,
                    grant: Grant::NotNeeded,
                });
            }
            ResolutionEvent::CaseDeclined(declined) => {
                self.decline = Some(Decline {
                    ground: declined.ground,
                    reason: declined.reason.clone(),
                    review_on: declined.review_on,
                    at: meta.time,
                });
                self.proposal = None;
                self.questions.clear();
                self.word(meta, true);
                let open: Vec<SchoolId> = self.open_parts().collect();
                for school in open {
                    self.phase(school, Phase::Declined { at: meta.time });
                }
            }
            ResolutionEvent::ResolutionWithdrawn(_) => {
                self.proposal = None;
                self.word(meta, false);
            }
            ResolutionEvent::GrantCompleted(_) => {
                if let Some(proposal) = &mut self.proposal {
                    proposal.grant = Grant::Completed;
                    proposal.asked_at = meta.time;
                }
            }
            ResolutionEvent::GrantFailed(_) => {
                if let Some(proposal) = &mut self.proposal {
                    proposal.grant = Grant::Failed;
                }
                self.time.next_word_from = Some(meta.time);
            }
        }
    }
}
