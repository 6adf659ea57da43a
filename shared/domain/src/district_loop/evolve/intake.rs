//! The school's chapter, taken in.

use contracts::envelope::Meta;
use contracts::events::intake::IntakeEvent;
use contracts::ids::SchoolId;

use super::super::{Appeal, Grant, LoopRecord, Part, Phase};

impl LoopRecord {
    pub(super) fn intake(&mut self, meta: &Meta, event: &IntakeEvent) {
        match event {
            // A second filing cannot be appended; were there one, the first stands.
            IntakeEvent::TensionFiled(_) => {}
            IntakeEvent::TensionAmended(amended) => self.amend(amended),
            IntakeEvent::SchoolJoined(joined) => {
                let part = Part {
                    since: meta.time,
                    speaker: meta.actor.person(),
                    phase: Phase::Open,
                    follow_up_asked: false,
                    refused: 0,
                };
                self.parts.insert(joined.school, part);
                self.named.extend(meta.actor.person());
                if let Some(proposal) = &mut self.proposal {
                    proposal.asked_at = meta.time;
                    proposal.reminders = 0;
                }
            }
            IntakeEvent::SchoolLeft(left) => self.gone(left.school, meta.time),
            IntakeEvent::TensionWithdrawn(withdrawn) => self.gone(withdrawn.school, meta.time),
            IntakeEvent::HandedOn(handed) => {
                if let Some(part) = self.parts.get_mut(&handed.school) {
                    part.speaker = Some(handed.to);
                }
                self.named.insert(handed.to);
            }
            IntakeEvent::QuestionAnswered(answered) => {
                self.questions.remove(&answered.question);
            }
            IntakeEvent::OutcomeConfirmed(confirmed) => {
                let granted = self
                    .proposal
                    .as_ref()
                    .is_none_or(|proposal| !matches!(proposal.grant, Grant::OnConfirmation | Grant::Failed));
                self.phase(
                    confirmed.school,
                    Phase::Confirmed {
                        revision: confirmed.revision,
                        at: meta.time,
                        granted,
                    },
                );
            }
            IntakeEvent::OutcomeRefused(refused) => {
                self.refused = true;
                self.reopen(meta.time, std::iter::once(refused.school));
            }
            IntakeEvent::Appealed(appealed) => {
                self.appeal = Appeal::Pending {
                    school: appealed.school,
                };
                let declined: Vec<SchoolId> = self.declined_parts();
                self.reopen(meta.time, declined.into_iter());
                // The department owes nothing until the appeal is decided.
                self.time.acknowledge_from = None;
            }
            IntakeEvent::FollowUpRecorded(recorded) => {
                if let Some(part) = self.parts.get_mut(&recorded.school) {
                    part.follow_up_asked = false;
                }
                if recorded.reopens {
                    self.reopened_by_follow_up = true;
                    self.reopen(meta.time, std::iter::once(recorded.school));
                }
            }
        }
    }
}
