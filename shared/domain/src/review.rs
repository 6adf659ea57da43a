//! A review that the district makes of its own rules, as all its events so far say.

use chrono::{DateTime, NaiveDate, Utc};
use contracts::envelope::{Envelope, Meta};
use contracts::events::ReviewEvent;
use contracts::events::review::{ClauseExamined, ReviewOpened};
use contracts::ids::DepartmentId;
use contracts::sealed::Sealed;
use contracts::text::Text;
use contracts::versions::Unreadable;
use serde::{Deserialize, Serialize};

use crate::fold::Fold;

/// A review: nothing, until it is opened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Review {
    /// Nothing was opened under this id.
    #[default]
    Absent,
    /// Something was.
    Opened(Box<ReviewRecord>),
}

/// A review that was opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewRecord {
    /// What is looked at.
    pub title: Sealed,
    /// How it is cited.
    pub citation: Option<Text<120>>,
    /// Why.
    pub purpose: Option<Sealed>,
    /// Whose rules they are.
    pub department: DepartmentId,
    /// By which day it is done.
    pub due_on: Option<NaiveDate>,
    /// When it began.
    pub opened_at: DateTime<Utc>,
    /// What was looked at, each part as it was looked at last, in the order of the first time.
    pub clauses: Vec<ClauseExamined>,
    /// What was found, and when; none while it is open.
    pub concluded: Option<(Sealed, DateTime<Utc>)>,
    /// The stream sequence of its first event.
    pub first_seq: u64,
    /// The stream sequence of the last event taken in.
    pub version: u64,
}

impl Fold for Review {
    type Event = ReviewEvent;

    fn read(envelope: &Envelope) -> Result<ReviewEvent, Unreadable> {
        ReviewEvent::read(envelope)
    }

    fn evolve(&mut self, meta: &Meta, event: &ReviewEvent) {
        match (&mut *self, event) {
            (Self::Absent, ReviewEvent::ReviewOpened(opened)) => {
                *self = Self::Opened(Box::new(begun(meta, opened)));
            }
            (Self::Absent, ReviewEvent::ClauseExamined(_) | ReviewEvent::ReviewConcluded(_)) => {}
            (Self::Opened(record), event) => record.evolve(meta, event),
        }
    }
}

impl Review {
    /// The record, where there is one.
    pub fn record(&self) -> Option<&ReviewRecord> {
        match self {
            Self::Absent => None,
            Self::Opened(record) => Some(record),
        }
    }
}

fn begun(meta: &Meta, opened: &ReviewOpened) -> ReviewRecord {
    ReviewRecord {
        title: opened.title.clone(),
        citation: opened.citation.clone(),
        purpose: opened.purpose.clone(),
        department: opened.department,
        due_on: opened.due_on,
        opened_at: meta.time,
        clauses: Vec::new(),
        concluded: None,
        first_seq: meta.sequence,
        version: meta.sequence,
    }
}

impl ReviewRecord {
    fn evolve(&mut self, meta: &Meta, event: &ReviewEvent) {
        match event {
            ReviewEvent::ReviewOpened(_) => {}
            ReviewEvent::ClauseExamined(examined) => {
                match self.clauses.iter_mut().find(|known| known.clause == examined.clause) {
                    Some(known) => known.clone_from(examined),
                    None => self.clauses.push(examined.clone()),
                }
            }
            ReviewEvent::ReviewConcluded(concluded) => {
                self.concluded = Some((concluded.summary.clone(), meta.time));
            }
        }
        self.version = meta.sequence;
    }
}
