//! The assignment's chapter, taken in.

use contracts::envelope::Meta;
use contracts::events::routing::{DatesCause, Reminded, RoutingEvent};
use contracts::vocabulary::EscalatedTo;

use super::super::{Assignment, Escalation, LoopRecord, Noticed, Phase};

impl LoopRecord {
    pub(super) fn routing(&mut self, meta: &Meta, event: &RoutingEvent) {
        match event {
            RoutingEvent::TensionRouted(routed) => {
                self.collaborators.extend(routed.collaborators.iter().copied());
                self.time.level = Some(routed.service_level.clone());
                self.time.calendar_version = routed.calendar_version;
                self.time.resolve_from.get_or_insert(meta.time);
                self.take(routed.department, meta.time);
            }
            RoutingEvent::TriageRequested(requested) => {
                self.assignment = Assignment::Triage { since: meta.time };
                self.time.calendar_version = requested.calendar_version;
            }
            RoutingEvent::TensionRerouted(rerouted) => self.take(rerouted.to, meta.time),
            RoutingEvent::CollaboratorAdded(added) => {
                self.collaborators.insert(added.department);
            }
            RoutingEvent::DueDatesChanged(changed) => {
                self.time.calendar_version = changed.calendar_version;
                match (&changed.cause, &mut self.time.level) {
                    (DatesCause::Person { resolve_days, .. }, Some(level)) => level.resolve_days = *resolve_days,
                    (DatesCause::Person { .. }, None) | (DatesCause::Calendar, _) => {}
                }
            }
            RoutingEvent::DueSoonNoticed(soon) => {
                self.time.noticed.insert(Noticed {
                    clock: soon.clock,
                    due: soon.due,
                    missed: false,
                });
            }
            RoutingEvent::DeadlineMissed(missed) => {
                self.time.noticed.insert(Noticed {
                    clock: missed.clock,
                    due: missed.due,
                    missed: true,
                });
            }
            RoutingEvent::Escalated(escalated) => {
                self.escalation = Some(Escalation {
                    id: meta.id,
                    to: escalated.to,
                    about: escalated.about,
                    at: meta.time,
                });
                self.leader_asked |= escalated.to == EscalatedTo::Leader;
            }
            RoutingEvent::EscalationDecided(decided) => {
                if self
                    .escalation
                    .as_ref()
                    .is_some_and(|open| open.id == decided.escalation)
                {
                    self.escalation = None;
                }
                self.appeal_decided(meta.time, decided.outcome);
            }
            RoutingEvent::ReminderSent(sent) => {
                if let Some(proposal) = &mut self.proposal {
                    proposal.reminders = match sent.to {
                        Reminded::Schools => sent.nth,
                        Reminded::Contact => sent.nth.max(3),
                    };
                }
            }
            RoutingEvent::FollowUpAsked(asked) => {
                self.follow_up_asked = true;
                for school in &asked.schools {
                    if let Some(part) = self.parts.get_mut(school) {
                        part.follow_up_asked = true;
                    }
                }
            }
            RoutingEvent::ClosedUnconfirmed(closed) => {
                for school in &closed.schools {
                    self.phase(
                        *school,
                        Phase::Unconfirmed {
                            revision: closed.revision,
                            at: meta.time,
                        },
                    );
                }
            }
        }
    }
}
