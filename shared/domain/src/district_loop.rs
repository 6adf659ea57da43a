//! A loop: one tension, its schools, who has it, and the answer, as all its events so far say.

mod custody;
mod evolve;
mod parts;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use contracts::area::Area;
use contracts::envelope::{Actor, Envelope, Meta};
use contracts::events::LoopEvent;
use contracts::events::flexibility::Rule;
use contracts::events::intake::{Origin, Reach};
use contracts::events::routing::{About, ServiceLevel};
use contracts::ids::{DepartmentId, EventId, FlexibilityId, LoopId, PatternId, PersonId, SchoolId, TeamId};
use contracts::queries::Holder;
use contracts::sealed::Sealed;
use contracts::text::Text;
use contracts::versions::Unreadable;
use contracts::vocabulary::{
    AppealOutcome, Clock, DeclineGround, EscalatedTo, Kind, LoopState, Pillar, ResolutionKind, RuleSource, Urgency,
    Visibility,
};
use serde::{Deserialize, Serialize};

use crate::calendar::Pause;
use crate::fold::Fold;
use crate::rejection::Rejection;

pub use custody::{Custody, Erasure, said_erased};

/// A loop's state: nothing, until a tension is filed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Loop {
    /// Nothing was filed under this id.
    #[default]
    Absent,
    /// A tension was filed.
    Filed(Box<LoopRecord>),
}

/// What the school said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tension {
    /// One line.
    pub title: Sealed,
    /// What we are trying to do.
    pub trying: Sealed,
    /// What gets in the way.
    pub barrier: Sealed,
    /// What we have tried.
    pub tried: Option<Sealed>,
    /// What would help.
    pub would_help: Option<Sealed>,
    /// Policy, practice or tradition.
    pub kind: Kind,
    /// The area.
    pub area: Area,
    /// Where the school believes the rule comes from.
    pub rule_source: RuleSource,
    /// The rule as the school cites it.
    pub citation: Option<Text<120>>,
    /// The part of it.
    pub clause: Option<Text<80>>,
    /// The pillars touched.
    pub pillars: Vec<Pillar>,
    /// How many it touches.
    pub reach: Reach,
    /// The grades touched.
    pub grades: Vec<String>,
    /// How pressing it is.
    pub urgency: Urgency,
    /// From when on it blocks.
    pub needed_by: Option<NaiveDate>,
    /// Who sees it.
    pub visibility: Visibility,
}

impl Tension {
    /// Its texts: the title, then the others.
    pub fn texts(&self) -> impl Iterator<Item = &Sealed> {
        let (always, sometimes) = (
            [&self.title, &self.trying, &self.barrier],
            [&self.tried, &self.would_help],
        );
        always.into_iter().chain(sometimes.into_iter().flatten())
    }
}

/// One school's part in a loop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// When it came in.
    pub since: DateTime<Utc>,
    /// Who speaks for it.
    pub speaker: Option<PersonId>,
    /// Where it stands of its own; questions, proposals and assignment of the loop do the rest.
    pub phase: Phase,
    /// Whether it was asked for a follow-up since it closed.
    pub follow_up_asked: bool,
    /// The last revision that does not hold for it, since it refused it or it stopped working; 0 for none.
    pub refused: u32,
}

/// What one school's part has come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Open, and following the loop.
    Open,
    /// Refused, appealed, or it stopped working; the department has not taken it up again yet.
    Reopened,
    /// It said that the answer works.
    Confirmed {
        /// Which revision.
        revision: u32,
        /// When.
        at: DateTime<Utc>,
        /// Whether what it promises is granted; until then the part is not closed.
        granted: bool,
    },
    /// It never answered.
    Unconfirmed {
        /// Which revision.
        revision: u32,
        /// When it was closed.
        at: DateTime<Utc>,
    },
    /// The department said no.
    Declined {
        /// When.
        at: DateTime<Utc>,
    },
    /// It took its tension back, or left the others to it.
    Gone {
        /// When.
        at: DateTime<Utc>,
    },
}

/// Who has the loop in hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Assignment {
    /// Filed a moment ago.
    Unrouted,
    /// No rule matched.
    Triage {
        /// Since when.
        since: DateTime<Utc>,
    },
    /// A department has it.
    With(With),
}

/// A department's hold on a loop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct With {
    /// The department.
    pub department: DepartmentId,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Its first word in this episode.
    pub acknowledged: Option<Acknowledged>,
    /// Who takes care of it.
    pub assignee: Option<PersonId>,
}

/// A first word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledged {
    /// By whom; none where a word was said by another deed than acknowledging.
    pub by: Option<PersonId>,
    /// When.
    pub at: DateTime<Utc>,
}

/// A question nobody has answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The school asked.
    pub school: SchoolId,
    /// What is asked.
    pub question: Sealed,
    /// When.
    pub asked_at: DateTime<Utc>,
}

/// What waits for a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Grant {
    /// Nothing is to be granted.
    NotNeeded,
    /// It is granted once a school confirms.
    OnConfirmation,
    /// The state was asked and has not answered.
    Awaited,
    /// It was granted.
    Completed,
    /// It was not.
    Failed,
}

/// The answer that stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// Which revision.
    pub revision: u32,
    /// What kind.
    pub kind: ResolutionKind,
    /// What will be different.
    pub summary: Sealed,
    /// Why.
    pub rationale: Option<Sealed>,
    /// The flexibility it rests on: the one it cites, or the one that was granted for it.
    pub flexibility: Option<FlexibilityId>,
    /// From which stream sequence on turns of that concern it: from the citation, or from the filing, since what is
    /// granted may turn before the loop hears of it.
    #[serde(default)]
    pub rests_since: u64,
    /// The last turn of it that the loop was told.
    #[serde(default)]
    pub told: Option<EventId>,
    /// The pattern whose adopted change answers this loop with others.
    pub pattern: Option<PatternId>,
    /// When it was proposed.
    pub at: DateTime<Utc>,
    /// Since when the schools are being asked; a school that joins starts it again.
    pub asked_at: DateTime<Utc>,
    /// Reminders sent for it.
    pub reminders: u32,
    /// What becomes of what it promises.
    pub grant: Grant,
}

/// The decline that stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decline {
    /// On what ground.
    pub ground: DeclineGround,
    /// Why.
    pub reason: Sealed,
    /// When to look again.
    pub review_on: Option<NaiveDate>,
    /// When.
    pub at: DateTime<Utc>,
}

/// What becomes of an appeal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Appeal {
    /// None was made.
    None,
    /// Made, and not decided.
    Pending {
        /// By which school.
        school: SchoolId,
    },
    /// Decided; there is no second one.
    Decided(AppealOutcome),
}

/// What lies before a team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matter {
    /// The event that asked.
    pub id: EventId,
    /// The team.
    pub team: TeamId,
    /// What it is asked.
    pub question: Sealed,
    /// When.
    pub at: DateTime<Utc>,
}

/// What lies with somebody above.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalation {
    /// The event that escalated.
    pub id: EventId,
    /// With whom.
    pub to: EscalatedTo,
    /// What it is about.
    pub about: About,
    /// When.
    pub at: DateTime<Utc>,
}

/// A notice given about a date.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Noticed {
    /// Which clock.
    pub clock: Clock,
    /// Its date then.
    pub due: NaiveDate,
    /// Missed, or only near.
    pub missed: bool,
}

/// When the three clocks began, stopped and stood still. Dates follow from these, the service level and the calendar.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timekeeping {
    /// The promise, since it was first routed.
    pub level: Option<ServiceLevel>,
    /// The version of the calendar the days are counted by.
    pub calendar_version: u32,
    /// Since when a first word is owed; none once it was said.
    pub acknowledge_from: Option<DateTime<Utc>>,
    /// Since when the next word is owed; none before the first, or while the schools have an answer.
    pub next_word_from: Option<DateTime<Utc>>,
    /// Since when an answer is owed; none before it was routed.
    pub resolve_from: Option<DateTime<Utc>>,
    /// When the schools or the state had it: stops all three clocks.
    pub waits: Vec<Pause>,
    /// When an answer lay before the schools or the loop had ended: no clock runs then, and the resolve clock does not
    /// count it.
    pub answered: Vec<Pause>,
    /// Notices given.
    pub noticed: BTreeSet<Noticed>,
}

/// A loop that was filed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoopRecord {
    /// The school that filed, or the district's own part.
    pub filed_for: SchoolId,
    /// Who it comes from.
    pub origin: Origin,
    /// Who filed.
    pub filed_by: Actor,
    /// When.
    pub filed_at: DateTime<Utc>,
    /// An earlier loop this one follows on.
    pub linked_to: Option<LoopId>,
    /// The rule as a department corrected it; none where nobody did.
    pub corrected: Option<Rule>,
    /// What the school said.
    pub tension: Tension,
    /// The schools in it, those that left too.
    pub parts: BTreeMap<SchoolId, Part>,
    /// Who has it in hand.
    pub assignment: Assignment,
    /// Departments that help.
    pub collaborators: BTreeSet<DepartmentId>,
    /// Every department that ever had it.
    pub had_by: BTreeSet<DepartmentId>,
    /// Questions nobody has answered.
    pub questions: BTreeMap<EventId, Question>,
    /// Revisions proposed so far.
    pub revisions: u32,
    /// The answer that stands.
    pub proposal: Option<Proposal>,
    /// The decline that stands.
    pub decline: Option<Decline>,
    /// What becomes of an appeal.
    pub appeal: Appeal,
    /// What lies before a team.
    pub matter: Option<Matter>,
    /// Every team before which it ever lay.
    pub teams_asked: BTreeSet<TeamId>,
    /// What lies with somebody above.
    pub escalation: Option<Escalation>,
    /// Counts up each time it reopens; the first is 1.
    pub episode: u32,
    /// Whether a follow-up has reopened it once.
    pub reopened_by_follow_up: bool,
    /// Whether a school has refused an answer.
    pub refused: bool,
    /// When it last ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// Whether the schools were asked, since it closed, if it still works.
    pub follow_up_asked: bool,
    /// The clocks.
    pub time: Timekeeping,
    /// People named by events, who see it even if confidential.
    pub named: BTreeSet<PersonId>,
    /// Whether it was ever escalated to a leader.
    pub leader_asked: bool,
    /// What became of the record itself.
    #[serde(default)]
    pub custody: Custody,
    /// The stream sequence of the filing.
    pub filed_seq: u64,
    /// The stream sequence of the last event taken in.
    pub version: u64,
    /// When that was.
    pub changed_at: DateTime<Utc>,
    /// Events taken in.
    pub events: u32,
}

impl Fold for Loop {
    type Event = LoopEvent;

    fn read(envelope: &Envelope) -> Result<LoopEvent, Unreadable> {
        LoopEvent::read(envelope)
    }

    fn evolve(&mut self, meta: &Meta, event: &LoopEvent) {
        evolve::evolve(self, meta, event);
    }
}

impl Loop {
    /// The record, where there is one.
    pub fn record(&self) -> Option<&LoopRecord> {
        match self {
            Self::Absent => None,
            Self::Filed(record) => Some(record),
        }
    }

    /// The record, or the refusal that there is none.
    pub fn filed(&self) -> Result<&LoopRecord, Rejection> {
        self.record().ok_or(Rejection::NoSuchLoop)
    }
}

impl LoopRecord {
    /// The rule that gets in the way: as a department corrected it, else as the school believes.
    pub fn rule(&self) -> Rule {
        self.corrected.clone().unwrap_or_else(|| Rule {
            source: self.tension.rule_source,
            citation: self.tension.citation.clone(),
            clause: self.tension.clause.clone(),
        })
    }

    /// The department that has it, with what is known of its hold.
    pub fn with(&self) -> Option<&With> {
        match &self.assignment {
            Assignment::Unrouted | Assignment::Triage { .. } => None,
            Assignment::With(with) => Some(with),
        }
    }

    /// The least advanced of its schools' states.
    pub fn state(&self) -> LoopState {
        self.parts
            .keys()
            .map(|school| self.state_of(*school))
            .min()
            .unwrap_or(LoopState::Withdrawn)
    }

    /// Whether every school's part has ended.
    pub fn is_ended(&self) -> bool {
        self.state().is_end()
    }

    /// Closed, and at least one school never said whether it works.
    pub fn is_unconfirmed(&self) -> bool {
        self.state() == LoopState::Closed
            && self
                .parts
                .values()
                .any(|part| matches!(part.phase, Phase::Unconfirmed { .. }))
    }

    /// Why nobody in the district office is expected to act: the clocks stand still.
    pub fn waits_for(&self) -> Option<Holder> {
        let open: Vec<SchoolId> = self.open_parts().collect();
        if open.is_empty() {
            return None;
        }
        if open
            .iter()
            .all(|school| self.state_of(*school) == LoopState::WaitingForState)
        {
            return Some(Holder::State);
        }
        open.iter()
            .all(|school| {
                self.state_of(*school) == LoopState::WaitingForSchool
                    || self.state_of(*school) == LoopState::WaitingForState
            })
            .then_some(Holder::School { schools: open })
    }

    /// Who has the next step.
    pub fn holder(&self) -> Holder {
        if self.is_ended() {
            return Holder::Nobody;
        }
        if let Some(matter) = &self.matter {
            return Holder::Team { team: matter.team };
        }
        if let Some(escalation) = &self.escalation {
            return match escalation.to {
                EscalatedTo::Contact => Holder::Contact,
                EscalatedTo::Leader => Holder::Leader,
            };
        }
        if matches!(self.appeal, Appeal::Pending { .. }) {
            return Holder::Contact;
        }
        if let Some(waits) = self.waits_for() {
            return waits;
        }
        let asked: Vec<SchoolId> = self
            .open_parts()
            .filter(|school| {
                matches!(
                    self.state_of(*school),
                    LoopState::Proposed | LoopState::WaitingForSchool
                )
            })
            .collect();
        if !asked.is_empty() && asked.len() == self.open_parts().count() {
            return Holder::School { schools: asked };
        }
        match &self.assignment {
            Assignment::Unrouted => Holder::Router,
            Assignment::Triage { .. } => Holder::Contact,
            Assignment::With(with) => Holder::Department {
                department: with.department,
            },
        }
    }
}
