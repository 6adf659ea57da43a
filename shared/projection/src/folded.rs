//! The states a read model goes on from: loops as they stood before a batch, and what districts have decided.
//!
//! Nothing of a loop's state is stored: the log is where it comes from. The loops of the last batches are kept in
//! memory; one that is not among them is read from the log again, up to the batch. States run ahead of what is
//! committed, so whoever takes a batch back forgets them all.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};

use contracts::envelope::Recorded;
use contracts::events::record::WordsErased;
use contracts::events::{DirectoryEvent, FlexibilityEvent, LoopEvent, RecordEvent};
use contracts::ids::LoopId;
use contracts::subjects::{Subject, Thing};
use contracts::versions::Unreadable;
use domain::directory::Districts;
use domain::{Fold, Loop};
use eventlog::{EventLog, Log};
use futures::{StreamExt, TryStreamExt, stream};
use sql::{Db, Tx, on};
use uuid::Uuid;

use crate::model::ApplyError;

/// Loops remembered between batches, in each of two generations: those of late, and those before.
const GENERATION_MAX: usize = 3000;
/// Loops read from the log at a time.
const SIDE_BY_SIDE: usize = 16;

/// What is remembered between batches.
#[derive(Debug)]
pub struct Folds {
    log: Log,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    late: HashMap<Uuid, Loop>,
    before: HashMap<Uuid, Loop>,
    districts: Option<Arc<Districts>>,
}

/// The states a batch goes on from, and what becomes of them.
#[derive(Debug)]
pub struct Batch {
    loops: HashMap<Uuid, Loop>,
    /// What districts have decided, as of the event last taken in.
    pub districts: Arc<Districts>,
    touched: BTreeSet<Uuid>,
    facts: Vec<Fact>,
}

/// An event of the directory as it is kept, so that districts can be folded again.
#[derive(Debug)]
struct Fact {
    sequence: i64,
    subject: String,
    envelope: String,
}

/// One event of a batch, read.
#[derive(Debug)]
pub enum Step {
    /// Something happened to a loop.
    Loop(LoopId, LoopEvent),
    /// Something happened to a part of the register.
    Register(FlexibilityEvent),
    /// Something happened to a pattern, a request to the state, or a review.
    Office,
    /// Words that stand beside the loops were erased.
    Erased(WordsErased),
    /// Something else was said of a district's record.
    Record,
    /// Something happened in the directory.
    Directory(DirectoryEvent),
}

/// A loop's state after its events up to a sequence, read from the log. What cannot be read is not part of it: it was
/// set aside.
pub async fn loop_before(log: &dyn EventLog, subject: &Subject, before: u64) -> Result<Loop, ApplyError> {
    let raws = log
        .load(subject, 0, 0)
        .await
        .map_err(|error| ApplyError::Away(error.to_string()))?;
    let mut state = Loop::default();
    for raw in raws.iter().take_while(|raw| raw.sequence < before) {
        if let Ok(recorded) = raw.parse()
            && let Ok(event) = Loop::read(&recorded.envelope)
        {
            state.evolve(&recorded.meta(), &event);
        }
    }
    Ok(state)
}

impl Inner {
    fn take(&mut self, id: Uuid) -> Option<Loop> {
        self.late.remove(&id).or_else(|| self.before.remove(&id))
    }

    fn remember(&mut self, loops: HashMap<Uuid, Loop>) {
        if self.late.len() + loops.len() > GENERATION_MAX {
            self.before = std::mem::take(&mut self.late);
        }
        self.late.extend(loops);
    }
}

impl Folds {
    /// Nothing remembered yet, over the log that all of it comes from.
    pub fn new(log: Log) -> Self {
        Self {
            log,
            inner: Mutex::default(),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Finds what a batch goes on from.
    pub async fn begin(&self, db: &Db, batch: &[Recorded]) -> Result<Batch, ApplyError> {
        let mut firsts: BTreeMap<Uuid, &Recorded> = BTreeMap::new();
        for recorded in batch.iter().filter(|recorded| recorded.subject.thing == Thing::Loop) {
            firsts.entry(recorded.subject.id).or_insert(recorded);
        }
        let (mut loops, districts) = {
            let mut inner = self.inner();
            let known: HashMap<Uuid, Loop> = firsts
                .keys()
                .filter_map(|id| inner.take(*id).map(|state| (*id, state)))
                .collect();
            (known, inner.districts.clone())
        };
        // A loop that begins in this batch begins from nothing.
        let missing = firsts
            .iter()
            .filter(|(id, first)| !loops.contains_key(id) && first.envelope.previous != 0);
        let missing: Vec<(Uuid, Subject, u64)> = missing
            .map(|(id, first)| (*id, first.subject.clone(), first.sequence))
            .collect();
        let read: Vec<(Uuid, Loop)> = stream::iter(missing)
            .map(|(id, subject, before)| async move {
                let state = loop_before(&*self.log, &subject, before).await?;
                Ok::<_, ApplyError>((id, state))
            })
            .buffer_unordered(SIDE_BY_SIDE)
            .try_collect()
            .await?;
        loops.extend(read);
        let districts = match districts {
            Some(districts) => districts,
            None => Arc::new(read_districts(db).await?),
        };
        Ok(Batch {
            loops,
            districts,
            touched: BTreeSet::new(),
            facts: Vec::new(),
        })
    }

    /// The batch is folded: the next one goes on from here, whether or not this one is committed yet.
    pub fn end(&self, batch: &mut Batch) {
        let mut inner = self.inner();
        inner.remember(std::mem::take(&mut batch.loops));
        inner.districts = Some(batch.districts.clone());
    }

    /// Something was taken back: nothing remembered can be trusted.
    pub fn forget(&self) {
        *self.inner() = Inner::default();
    }

    /// A loop as it stands in the log now.
    pub async fn now(&self, subject: &Subject) -> Result<Loop, ApplyError> {
        loop_before(&*self.log, subject, u64::MAX).await
    }
}

/// Reads what districts have decided from the tables, as far as they reflect the log.
pub async fn read_districts(db: &Db) -> Result<Districts, sqlx::Error> {
    let rows: Vec<(i64, String, String)> = on!(db.across().await?, rows => sqlx::query_as(
        "SELECT sequence, subject, envelope FROM directory_event ORDER BY sequence").fetch_all(rows).await)?;
    let mut districts = Districts::default();
    for (sequence, subject, envelope) in rows {
        // What stands here was read when it was written.
        if let (Ok(subject), Ok(envelope)) = (subject.parse::<Subject>(), serde_json::from_str(&envelope))
            && let Ok(event) = DirectoryEvent::read(&envelope)
        {
            districts.evolve(&subject, sequence.unsigned_abs(), &event);
        }
    }
    Ok(districts)
}

impl Batch {
    /// The state of a loop as of the event last taken in.
    pub fn state(&self, id: LoopId) -> Option<&Loop> {
        self.loops.get(&id.0)
    }

    /// The loops that changed in this batch.
    pub fn touched(&self) -> impl Iterator<Item = LoopId> + '_ {
        self.touched.iter().map(|id| LoopId(*id))
    }

    /// Takes one event in; the states stand after it then.
    pub fn step(&mut self, recorded: &Recorded) -> Result<Step, ApplyError> {
        let unreadable = |source: Unreadable| ApplyError::Unreadable {
            sequence: recorded.sequence,
            source,
        };
        if recorded.subject.thing == Thing::Loop {
            let event = LoopEvent::read(&recorded.envelope).map_err(unreadable)?;
            let id = recorded.subject.id;
            self.loops.entry(id).or_default().evolve(&recorded.meta(), &event);
            self.touched.insert(id);
            return Ok(Step::Loop(LoopId(id), event));
        }
        if recorded.subject.thing == Thing::Flexibility {
            return FlexibilityEvent::read(&recorded.envelope)
                .map(Step::Register)
                .map_err(unreadable);
        }
        if matches!(recorded.subject.thing, Thing::Pattern | Thing::Waiver | Thing::Review) {
            return Ok(Step::Office);
        }
        if recorded.subject.thing == Thing::Record {
            return Ok(match RecordEvent::read(&recorded.envelope).map_err(unreadable)? {
                RecordEvent::WordsErased(erased) => Step::Erased(erased),
                RecordEvent::DamageFound(_)
                | RecordEvent::SigningKeyChanged(_)
                | RecordEvent::RecordRead(_)
                | RecordEvent::RecordExported(_)
                | RecordEvent::CheckpointKept(_)
                | RecordEvent::WordsHeld(_)
                | RecordEvent::WordsReleased(_) => Step::Record,
            });
        }
        let event = DirectoryEvent::read(&recorded.envelope).map_err(unreadable)?;
        if recorded.subject.thing != Thing::Person {
            self.facts.push(Fact {
                sequence: recorded.sequence as i64,
                subject: recorded.subject.to_string(),
                envelope: serde_json::to_string(&recorded.envelope)
                    .map_err(|error| ApplyError::Away(error.to_string()))?,
            });
            Arc::make_mut(&mut self.districts).evolve(&recorded.subject, recorded.sequence, &event);
        }
        Ok(Step::Directory(event))
    }

    /// Writes what has to be kept of the batch beside the read model's own rows.
    pub async fn write(&self, tx: &mut Tx) -> Result<(), sqlx::Error> {
        sql::put(
            tx,
            "INSERT INTO directory_event (sequence, subject, envelope)",
            &self.facts,
            |row, fact| {
                row.put(fact.sequence)
                    .put(fact.subject.as_str())
                    .put(fact.envelope.as_str());
            },
            " ON CONFLICT (sequence) DO NOTHING",
        )
        .await?;
        Ok(())
    }
}
