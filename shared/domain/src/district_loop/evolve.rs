//! Taking events in. Total: what is on record happened, whatever today's rules would say of it.

mod intake;
mod resolution;
mod routing;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use contracts::envelope::Meta;
use contracts::events::LoopEvent;
use contracts::events::intake::{IntakeEvent, TensionAmended, TensionFiled};
use contracts::ids::{DepartmentId, EventId, SchoolId};
use contracts::vocabulary::{AppealOutcome, ResolutionKind};

use super::{
    Acknowledged, Appeal, Assignment, Custody, Grant, Loop, LoopRecord, Part, Phase, Proposal, Tension, Timekeeping,
    With,
};
use crate::calendar::Pause;

/// Takes one event into a loop.
pub(super) fn evolve(state: &mut Loop, meta: &Meta, event: &LoopEvent) {
    match (&mut *state, event) {
        (Loop::Absent, LoopEvent::Intake(IntakeEvent::TensionFiled(filed))) => {
            *state = Loop::Filed(Box::new(begin(meta, filed)));
        }
        // A loop begins with its filing: without one, there is nothing that the rest could be about.
        (Loop::Absent, _) => {}
        (Loop::Filed(record), event) => {
            match event {
                LoopEvent::Intake(event) => record.intake(meta, event),
                LoopEvent::Routing(event) => record.routing(meta, event),
                LoopEvent::Resolution(event) => record.resolution(meta, event),
                LoopEvent::Custody(event) => record.custody.take(meta, event),
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
        filed_for: filed.school,
        origin: filed.origin,
        filed_by: meta.actor.clone(),
        filed_at: meta.time,
        linked_to: filed.linked_to,
        corrected: None,
        tension: Tension {
            title: filed.title.clone(),
            trying: filed.trying.clone(),
            barrier: filed.barrier.clone(),
            tried: filed.tried.clone(),
            would_help: filed.would_help.clone(),
            kind: filed.kind,
            area: filed.area.clone(),
            rule_source: filed.rule_source,
            citation: filed.citation.clone(),
            clause: filed.clause.clone(),
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
        custody: Custody::default(),
        filed_seq: meta.sequence,
        version: meta.sequence,
        changed_at: meta.time,
        events: 1,
    }
}

impl LoopRecord {
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
    fn propose(&mut self, meta: &Meta, proposal: Proposal) {
        self.word(meta, true);
        let revision = proposal.revision;
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

    /// Schools that confirmed what is never granted now are asked again, or told what takes its place.
    fn unconfirm(&mut self) {
        let ungranted: Vec<SchoolId> = self.ungranted_parts().collect();
        for school in ungranted {
            self.phase(school, Phase::Open);
        }
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
            // An appeal that nobody decided falls away; were the loop to reopen, nobody would be asked about it.
            if matches!(self.appeal, Appeal::Pending { .. }) {
                self.appeal = Appeal::None;
            }
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

/// What becomes of what an answer promises, as it is proposed.
pub(super) fn granting(kind: ResolutionKind, promises: bool) -> Grant {
    match kind {
        ResolutionKind::StateWaiver => Grant::Awaited,
        ResolutionKind::AlreadyAllowed
        | ResolutionKind::SchoolException
        | ResolutionKind::ZoneFlexibility
        | ResolutionKind::DistrictChange
        | ResolutionKind::Support
        | ResolutionKind::Pilot => {
            if promises {
                Grant::OnConfirmation
            } else {
                Grant::NotNeeded
            }
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
