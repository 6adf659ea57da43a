//! Taking events in. Total: what is on record happened, whatever today's rules would say of it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use contracts::envelope::Meta;
use contracts::events::LoopEvent;
use contracts::events::intake::{IntakeEvent, TensionAmended, TensionFiled};
use contracts::events::resolution::ResolutionEvent;
use contracts::events::routing::{DatesCause, Reminded, RoutingEvent};
use contracts::ids::{DepartmentId, EventId, SchoolId};
use contracts::vocabulary::{AppealOutcome, EscalatedTo, ResolutionKind};

use super::{
    Acknowledged, Appeal, Assignment, Decline, Escalation, Grant, Loop, LoopRecord, Matter, Noticed, Part, Phase,
    Proposal, Question, Tension, Timekeeping, With,
};
use crate::calendar::Pause;

/// Takes one event into a loop.
pub(super) fn evolve(state: &mut Loop, meta: &Meta, event: &LoopEvent) {
    match (&mut *state, event) {
        (Loop::Absent, LoopEvent::Intake(IntakeEvent::TensionFiled(filed))) => {
            *state = Loop::Filed(Box::new(begin(meta, filed)));
        }
        // A loop begins with its filing: without one, there is nothing that the rest could be about.
        (Loop::Absent, LoopEvent::Intake(_) | LoopEvent::Routing(_) | LoopEvent::Resolution(_)) => {}
        (Loop::Filed(record), event) => {
            match event {
                LoopEvent::Intake(event) => record.intake(meta, event),
                LoopEvent::Routing(event) => record.routing(meta, event),
                LoopEvent::Resolution(event) => record.resolution(meta, event),
            }
            record.settle(meta);
        }
    }
}

fn begin(meta: &Meta, filed: &TensionFiled) -> LoopRecord {
    let speaker = meta.actor.person();
    let part = Part {
        since: meta.time,
        speaker,
        phase: Phase::Open,
        follow_up_asked: false,
        refused: 0,
    };
    LoopRecord {
        key: filed.key,
        filed_for: filed.school,
        origin: filed.origin,
        filed_by: meta.actor.clone(),
        filed_at: meta.time,
        linked_to: filed.linked_to,
        tension: Tension {
            title: filed.title.clone(),
            trying: filed.trying.clone(),
            barrier: filed.barrier.clone(),
            tried: filed.tried.clone(),
            would_help: filed.would_help.clone(),
            kind: filed.kind,
            area: filed.area.clone(),
            rule_source: filed.rule_source,
            pillars: filed.pillars.clone(),
            reach: filed.reach.clone(),
            grades: filed.grades.clone(),
            urgency: filed.urgency,
            needed_by: filed.needed_by,
            visibility: filed.visibility,
        },
        parts: BTreeMap::from([(filed.school, part)]),
        assignment: Assignment::Unrouted,
        collaborators: BTreeSet::new(),
        had_by: BTreeSet::new(),
        questions: BTreeMap::new(),
        revisions: 0,
        proposal: None,
        decline: None,
        appeal: Appeal::None,
        matter: None,
        teams_asked: BTreeSet::new(),
        escalation: None,
        episode: 1,
        reopened_by_follow_up: false,
        refused: false,
        ended_at: None,
        follow_up_asked: false,
        time: Timekeeping::default(),
        named: speaker.into_iter().collect(),
        leader_asked: false,
        filed_seq: meta.sequence,
        version: meta.sequence,
        changed_at: meta.time,
        events: 1,
    }
}

impl LoopRecord {
    fn intake(&mut self, meta: &Meta, event: &IntakeEvent) {
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
                self.phase(
                    confirmed.school,
                    Phase::Confirmed {
                        revision: confirmed.revision,
                        at: meta.time,
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

    fn routing(&mut self, meta: &Meta, event: &RoutingEvent) {
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

    fn resolution(&mut self, meta: &Meta, event: &ResolutionEvent) {
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

    fn amend(&mut self, amended: &TensionAmended) {
        let tension = &mut self.tension;
        macro_rules! take {
            ($($field:ident),*) => {$( if let Some(value) = &amended.$field { tension.$field = value.clone(); } )*};
        }
        macro_rules! take_optional {
            ($($field:ident),*) => {$( if amended.$field.is_some() { tension.$field = amended.$field.clone(); } )*};
        }
        take!(
            title,
            trying,
            barrier,
            kind,
            area,
            rule_source,
            pillars,
            reach,
            grades,
            urgency,
            visibility
        );
        take_optional!(tried, would_help, needed_by);
    }

    /// A department takes it in hand: a first word is owed, questions of the one before are void.
    fn take(&mut self, department: DepartmentId, at: DateTime<Utc>) {
        self.assignment = Assignment::With(With {
            department,
            since: at,
            acknowledged: None,
            assignee: None,
        });
        self.collaborators.remove(&department);
        self.had_by.insert(department);
        self.questions.clear();
        self.time.acknowledge_from = Some(at);
        self.time.next_word_from = None;
    }

    /// A word from the department to the schools: the first one counts as acknowledging, each starts the next anew.
    fn word(&mut self, meta: &Meta, acknowledges: bool) {
        if let Assignment::With(with) = &mut self.assignment {
            if acknowledges {
                with.acknowledged.get_or_insert(Acknowledged {
                    by: meta.actor.person(),
                    at: meta.time,
                });
                self.time.acknowledge_from = None;
                for part in self.parts.values_mut().filter(|part| part.phase == Phase::Reopened) {
                    part.phase = Phase::Open;
                }
            }
            if with.acknowledged.is_some() {
                self.time.next_word_from = Some(meta.time);
            }
        }
    }

    /// An answer is laid before every school that is in it; what they said of an older one is void.
    fn propose(&mut self, meta: &Meta, revision: u32, kind: ResolutionKind, proposal: impl FnOnce(u32) -> Proposal) {
        self.word(meta, true);
        let mut proposal = proposal(revision);
        if kind == ResolutionKind::StateWaiver {
            proposal.grant = Grant::Awaited;
        }
        self.revisions = self.revisions.max(revision);
        self.questions.clear();
        for part in self.parts.values_mut() {
            match part.phase {
                Phase::Open | Phase::Reopened | Phase::Confirmed { .. } | Phase::Unconfirmed { .. } => {
                    part.phase = Phase::Open;
                }
                Phase::Declined { .. } | Phase::Gone { .. } => {}
            }
        }
        self.proposal = Some(proposal);
    }

    fn phase(&mut self, school: SchoolId, phase: Phase) {
        if let Some(part) = self.parts.get_mut(&school) {
            part.phase = phase;
        }
    }

    fn gone(&mut self, school: SchoolId, at: DateTime<Utc>) {
        self.phase(school, Phase::Gone { at });
        let over: Vec<EventId> = self
            .questions
            .iter()
            .filter(|(_, question)| question.school == school)
            .map(|(id, _)| *id)
            .collect();
        for id in over {
            self.questions.remove(&id);
        }
    }

    fn declined_parts(&self) -> Vec<SchoolId> {
        self.parts
            .iter()
            .filter(|(_, part)| matches!(part.phase, Phase::Declined { .. }))
            .map(|(school, _)| *school)
            .collect()
    }

    /// These schools' parts open again with the same owner, in a new episode; a first word is owed anew.
    fn reopen(&mut self, at: DateTime<Utc>, schools: impl Iterator<Item = SchoolId>) {
        self.episode += 1;
        let revision = self.revisions;
        for school in schools {
            if let Some(part) = self.parts.get_mut(&school) {
                part.phase = Phase::Reopened;
                part.refused = revision;
            }
        }
        if let Assignment::With(with) = &mut self.assignment {
            with.acknowledged = None;
            self.time.acknowledge_from = Some(at);
            self.time.next_word_from = None;
        }
        self.follow_up_asked = false;
    }

    fn appeal_decided(&mut self, at: DateTime<Utc>, outcome: Option<AppealOutcome>) {
        let (Appeal::Pending { .. }, Some(outcome)) = (self.appeal, outcome) else {
            return;
        };
        self.appeal = Appeal::Decided(outcome);
        self.escalation = None;
        match outcome {
            AppealOutcome::Uphold => {
                let open: Vec<SchoolId> = self.open_parts().collect();
                for school in open {
                    self.phase(school, Phase::Declined { at });
                }
                self.time.acknowledge_from = None;
            }
            AppealOutcome::Overturn => {
                self.decline = None;
                if matches!(self.assignment, Assignment::With(_)) {
                    self.time.acknowledge_from = Some(at);
                }
            }
        }
    }

    /// What follows from any event: the version, the end, and whether the clocks stand still from now on.
    fn settle(&mut self, meta: &Meta) {
        self.version = meta.sequence;
        self.changed_at = meta.time;
        self.events += 1;
        let ended = self.is_ended();
        if ended {
            self.ended_at.get_or_insert(meta.time);
            self.matter = None;
            self.escalation = None;
            self.questions.clear();
            self.time.acknowledge_from = None;
            self.time.next_word_from = None;
        } else {
            self.ended_at = None;
        }
        let waits = self.waits_for().is_some();
        keep(&mut self.time.waits, waits, meta.time);
        let answered = ended
            || (!self.unanswered_parts().is_empty() && self.unanswered_parts().len() == self.open_parts().count());
        keep(&mut self.time.answered, answered, meta.time);
        if answered {
            self.time.next_word_from = None;
        } else if self.time.next_word_from.is_none() && self.with().is_some_and(|with| with.acknowledged.is_some()) {
            self.time.next_word_from = Some(meta.time);
        }
    }
}

/// Opens or ends the last of a row of pauses.
fn keep(pauses: &mut Vec<Pause>, paused: bool, at: DateTime<Utc>) {
    match pauses.last_mut() {
        Some(last) if last.to.is_none() => {
            if !paused {
                last.to = Some(at);
            }
        }
        Some(_) | None => {
            if paused {
                pauses.push(Pause { from: at, to: None });
            }
        }
    }
}
