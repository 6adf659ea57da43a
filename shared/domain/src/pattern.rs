//! A pattern: what loops and exceptions have in common, and what the district does about it, as all its events so far
//! say.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use contracts::area::Area;
use contracts::envelope::{Envelope, Meta};
use contracts::events::PatternEvent;
use contracts::events::pattern::{Basis, PatternDetected, PolicyRevisionProposed};
use contracts::ids::{FlexibilityId, LoopId, SchoolId};
use contracts::sealed::Sealed;
use contracts::versions::Unreadable;
use contracts::vocabulary::{PatternGround, PatternStanding};
use serde::{Deserialize, Serialize};

use crate::fold::Fold;

/// A pattern: nothing, until it is seen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pattern {
    /// Nothing was seen under this id.
    #[default]
    Absent,
    /// Something was.
    Seen(Box<PatternRecord>),
}

/// A pattern that was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatternRecord {
    /// What its loops have in common.
    pub basis: Basis,
    /// The area most of them are about.
    pub area: Area,
    /// Which threshold was reached.
    pub ground: PatternGround,
    /// The threshold, as it stood.
    pub threshold: u32,
    /// The days looked back.
    pub days: u32,
    /// The loops when it was seen.
    pub loops: BTreeSet<LoopId>,
    /// The exceptions when it was seen.
    pub exceptions: BTreeSet<FlexibilityId>,
    /// The schools when it was seen.
    pub schools: BTreeSet<SchoolId>,
    /// Where it stands.
    pub standing: PatternStanding,
    /// Changes proposed so far.
    pub revisions: u32,
    /// The change proposed last.
    pub proposal: Option<Revision>,
    /// When it was seen.
    pub detected_at: DateTime<Utc>,
    /// The stream sequence of its first event.
    pub first_seq: u64,
    /// The stream sequence of the last event taken in.
    pub version: u64,
    /// When that was.
    pub changed_at: DateTime<Utc>,
    /// Events taken in.
    pub events: u32,
}

/// A change of a rule before a team, or decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// What is proposed.
    pub said: PolicyRevisionProposed,
    /// Since when it lies before the team.
    pub at: DateTime<Utc>,
    /// What was decided; none yet.
    pub decided: Option<Decided>,
}

/// What a team decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// Whether the rule changes.
    pub adopted: bool,
    /// In words.
    pub decision: Sealed,
    /// The loops it answers.
    pub answers: BTreeSet<LoopId>,
    /// Where the changed rule stands in the register.
    pub flexibility: Option<FlexibilityId>,
    /// When.
    pub at: DateTime<Utc>,
}

impl Fold for Pattern {
    type Event = PatternEvent;

    fn read(envelope: &Envelope) -> Result<PatternEvent, Unreadable> {
        PatternEvent::read(envelope)
    }

    fn evolve(&mut self, meta: &Meta, event: &PatternEvent) {
        match (&mut *self, event) {
            (Self::Absent, PatternEvent::PatternDetected(detected)) => {
                *self = Self::Seen(Box::new(seen(meta, detected)));
            }
            (Self::Absent, PatternEvent::PolicyRevisionProposed(_) | PatternEvent::PolicyRevisionDecided(_)) => {}
            (Self::Seen(record), event) => record.evolve(meta, event),
        }
    }
}

impl Pattern {
    /// The record, where there is one.
    pub fn record(&self) -> Option<&PatternRecord> {
        match self {
            Self::Absent => None,
            Self::Seen(record) => Some(record),
        }
    }
}

fn seen(meta: &Meta, detected: &PatternDetected) -> PatternRecord {
    PatternRecord {
        basis: detected.basis.clone(),
        area: detected.area.clone(),
        ground: detected.ground,
        threshold: detected.threshold,
        days: detected.days,
        loops: detected.loops.clone(),
        exceptions: detected.exceptions.clone(),
        schools: detected.schools.clone(),
        standing: PatternStanding::Detected,
        revisions: 0,
        proposal: None,
        detected_at: meta.time,
        first_seq: meta.sequence,
        version: meta.sequence,
        changed_at: meta.time,
        events: 1,
    }
}

impl PatternRecord {
    fn evolve(&mut self, meta: &Meta, event: &PatternEvent) {
        match event {
            // It is seen once; were it seen again, the first stands.
            PatternEvent::PatternDetected(_) => {}
            PatternEvent::PolicyRevisionProposed(proposed) => {
                self.standing = PatternStanding::Proposed;
                self.revisions = proposed.revision;
                self.proposal = Some(Revision {
                    said: proposed.clone(),
                    at: meta.time,
                    decided: None,
                });
            }
            PatternEvent::PolicyRevisionDecided(decided) => {
                self.standing = if decided.adopted {
                    PatternStanding::Adopted
                } else {
                    PatternStanding::Kept
                };
                if let Some(proposal) = &mut self.proposal {
                    proposal.decided = Some(Decided {
                        adopted: decided.adopted,
                        decision: decided.decision.clone(),
                        answers: decided.answers.clone(),
                        flexibility: decided.flexibility,
                        at: meta.time,
                    });
                }
            }
        }
        self.version = meta.sequence;
        self.changed_at = meta.time;
        self.events += 1;
    }

    /// The change that lies before a team.
    pub fn before_team(&self) -> Option<&Revision> {
        self.proposal.as_ref().filter(|proposal| proposal.decided.is_none())
    }
}
