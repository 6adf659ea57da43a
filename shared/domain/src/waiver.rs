//! A request to the state, as all its events so far say.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use contracts::envelope::{Envelope, Meta};
use contracts::events::WaiverEvent;
use contracts::events::waiver::{RegimeCited, StateWaiverDrafted};
use contracts::ids::{DepartmentId, LoopId, SchoolId};
use contracts::sealed::Sealed;
use contracts::text::Text;
use contracts::versions::Unreadable;
use contracts::vocabulary::WaiverStanding;
use serde::{Deserialize, Serialize};

use crate::fold::Fold;

/// A request to the state: nothing, until it is written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Waiver {
    /// Nothing was written under this id.
    #[default]
    Absent,
    /// Something was.
    Written(Box<WaiverRecord>),
}

/// A request that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaiverRecord {
    /// The state's way of asking.
    pub regime: RegimeCited,
    /// The loop whose answer it is.
    pub loop_id: LoopId,
    /// Which revision of that answer.
    pub revision: u32,
    /// The schools it is for.
    pub schools: BTreeSet<SchoolId>,
    /// Who answers for it.
    pub department: DepartmentId,
    /// What it says, by the names of its parts.
    pub parts: BTreeMap<Text<60>, Sealed>,
    /// Where it stands.
    pub standing: WaiverStanding,
    /// The day the state received it.
    pub submitted_on: Option<NaiveDate>,
    /// The last day on which the state decides.
    pub decide_by: Option<NaiveDate>,
    /// Whether silence until then is a yes.
    pub silence_grants: bool,
    /// The longest it can be granted for, in months.
    pub longest_months: Option<u32>,
    /// The day it was answered, or held to be.
    pub answered_on: Option<NaiveDate>,
    /// Its last day.
    pub until: Option<NaiveDate>,
    /// How the state cites its answer.
    pub reference: Option<Text<120>>,
    /// What the state said.
    pub text: Option<Sealed>,
    /// The stream sequence of its first event.
    pub first_seq: u64,
    /// The stream sequence of the last event taken in.
    pub version: u64,
    /// When that was.
    pub changed_at: DateTime<Utc>,
}

impl Fold for Waiver {
    type Event = WaiverEvent;

    fn read(envelope: &Envelope) -> Result<WaiverEvent, Unreadable> {
        WaiverEvent::read(envelope)
    }

    fn evolve(&mut self, meta: &Meta, event: &WaiverEvent) {
        match (&mut *self, event) {
            (Self::Absent, WaiverEvent::StateWaiverDrafted(drafted)) => {
                *self = Self::Written(Box::new(written(meta, drafted)));
            }
            (
                Self::Absent,
                WaiverEvent::StateWaiverSubmitted(_)
                | WaiverEvent::StateWaiverGranted(_)
                | WaiverEvent::StateWaiverDenied(_)
                | WaiverEvent::StateWaiverDeemedGranted(_),
            ) => {}
            (Self::Written(record), event) => record.evolve(meta, event),
        }
    }
}

impl Waiver {
    /// The record, where there is one.
    pub fn record(&self) -> Option<&WaiverRecord> {
        match self {
            Self::Absent => None,
            Self::Written(record) => Some(record),
        }
    }
}

fn written(meta: &Meta, drafted: &StateWaiverDrafted) -> WaiverRecord {
    WaiverRecord {
        regime: drafted.regime.clone(),
        loop_id: drafted.loop_id,
        revision: drafted.revision,
        schools: drafted.schools.clone(),
        department: drafted.department,
        parts: drafted.parts.clone(),
        standing: WaiverStanding::Drafted,
        submitted_on: None,
        decide_by: None,
        silence_grants: false,
        longest_months: None,
        answered_on: None,
        until: None,
        reference: None,
        text: None,
        first_seq: meta.sequence,
        version: meta.sequence,
        changed_at: meta.time,
    }
}

impl WaiverRecord {
    fn evolve(&mut self, meta: &Meta, event: &WaiverEvent) {
        match event {
            WaiverEvent::StateWaiverDrafted(drafted) => {
                self.regime = drafted.regime.clone();
                self.schools.clone_from(&drafted.schools);
                self.parts.clone_from(&drafted.parts);
                self.department = drafted.department;
            }
            WaiverEvent::StateWaiverSubmitted(submitted) => {
                self.standing = WaiverStanding::Submitted;
                self.submitted_on = Some(submitted.on);
                self.decide_by = submitted.decide_by;
                self.silence_grants = submitted.silence_grants;
                self.longest_months = submitted.longest_months;
            }
            WaiverEvent::StateWaiverGranted(granted) => {
                self.standing = WaiverStanding::Granted;
                self.answered_on = Some(granted.on);
                self.until = granted.until;
                self.reference.clone_from(&granted.reference);
                self.text.clone_from(&granted.text);
            }
            WaiverEvent::StateWaiverDenied(denied) => {
                self.standing = WaiverStanding::Denied;
                self.answered_on = Some(denied.on);
                self.text.clone_from(&denied.text);
            }
            WaiverEvent::StateWaiverDeemedGranted(deemed) => {
                self.standing = WaiverStanding::DeemedGranted;
                self.answered_on = Some(deemed.on);
                self.until = deemed.until;
            }
        }
        self.version = meta.sequence;
        self.changed_at = meta.time;
    }
}
