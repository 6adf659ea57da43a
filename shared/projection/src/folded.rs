//! Folded states kept beside a read model's tables, so that a batch can go on from them: loops by id, and what
//! districts have decided. Everything is read and written in the batch's transaction; what is kept in memory follows
//! only once that is committed.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};

use contracts::envelope::Recorded;
use contracts::events::{DirectoryEvent, LoopEvent};
use contracts::ids::LoopId;
use contracts::subjects::{Subject, Thing};
use contracts::versions::Unreadable;
use domain::directory::Districts;
use domain::{Fold, Loop};
use sql::{Db, Tx, on, on_tx};
use sqlx::QueryBuilder;
use uuid::Uuid;

use crate::model::ApplyError;

/// Loops remembered between batches.
const REMEMBERED_MAX: usize = 20_000;
/// Rows of one statement.
const ROWS: usize = 400;

/// What is remembered between batches.
#[derive(Debug, Default)]
pub struct Folds {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    loops: HashMap<Uuid, Loop>,
    districts: Option<Arc<Districts>>,
    pending: Option<(HashMap<Uuid, Loop>, Arc<Districts>)>,
}

/// The states a batch goes on from, and what becomes of them.
#[derive(Debug)]
pub struct Batch {
    loops: HashMap<Uuid, Loop>,
    /// What districts have decided, as of the event last taken in.
    pub districts: Arc<Districts>,
    touched: BTreeSet<Uuid>,
}

/// One event of a batch, read.
#[derive(Debug)]
pub enum Step {
    /// Something happened to a loop.
    Loop(LoopId, LoopEvent),
    /// Something happened in the directory.
    Directory(DirectoryEvent),
}

impl Folds {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Loads what a batch goes on from.
    pub async fn begin(&self, tx: &mut Tx, batch: &[Recorded]) -> Result<Batch, ApplyError> {
        let ids: BTreeSet<Uuid> = batch
            .iter()
            .filter(|recorded| recorded.subject.thing == Thing::Loop)
            .map(|recorded| recorded.subject.id)
            .collect();
        let (mut loops, districts) = {
            let inner = self.inner();
            let known: HashMap<Uuid, Loop> = ids
                .iter()
                .filter_map(|id| inner.loops.get(id).map(|state| (*id, state.clone())))
                .collect();
            (known, inner.districts.clone())
        };
        let missing: Vec<Uuid> = ids.into_iter().filter(|id| !loops.contains_key(id)).collect();
        for chunk in missing.chunks(ROWS) {
            let rows: Vec<(Uuid, String)> = on_tx!(tx, conn => {
                let mut query = QueryBuilder::new("SELECT id, state FROM folded WHERE id IN (");
                let mut ids = query.separated(", ");
                for id in chunk {
                    ids.push_bind(*id);
                }
                query.push(")");
                query.build_query_as().fetch_all(&mut **conn).await
            })?;
            for (id, state) in rows {
                let state = serde_json::from_str(&state)
                    .map_err(|error| ApplyError::Away(format!("folded loop {id}: {error}")))?;
                loops.insert(id, state);
            }
        }
        let districts = match districts {
            Some(districts) => districts,
            None => Arc::new(load_districts(tx).await?),
        };
        Ok(Batch {
            loops,
            districts,
            touched: BTreeSet::new(),
        })
    }

    /// Writes what became of a batch; remembered once it is committed.
    pub async fn end(&self, tx: &mut Tx, batch: Batch) -> Result<(), ApplyError> {
        let touched: Vec<(Uuid, String)> = batch
            .touched
            .iter()
            .filter_map(|id| batch.loops.get(id).map(|state| (*id, state)))
            .map(|(id, state)| {
                serde_json::to_string(state)
                    .map(|text| (id, text))
                    .map_err(|error| ApplyError::Away(error.to_string()))
            })
            .collect::<Result<_, _>>()?;
        for chunk in touched.chunks(ROWS) {
            on_tx!(tx, conn => {
                let mut query = QueryBuilder::new("INSERT INTO folded (id, state) ");
                query.push_values(chunk, |mut row, (id, state)| {
                    row.push_bind(*id).push_bind(state.as_str());
                });
                query.push(" ON CONFLICT (id) DO UPDATE SET state = excluded.state");
                query.build().execute(&mut **conn).await.map(|_| ())
            })?;
        }
        self.inner().pending = Some((batch.loops, batch.districts));
        Ok(())
    }

    /// The transaction is committed.
    pub fn committed(&self) {
        let mut inner = self.inner();
        if let Some((loops, districts)) = inner.pending.take() {
            if inner.loops.len() + loops.len() > REMEMBERED_MAX {
                inner.loops.clear();
            }
            inner.loops.extend(loops);
            inner.districts = Some(districts);
        }
    }

    /// The transaction was taken back: nothing remembered can be trusted.
    pub fn rolled_back(&self) {
        *self.inner() = Inner::default();
    }
}

/// Reads what districts have decided from the tables, as far as they reflect the log.
pub async fn read_districts(db: &Db) -> Result<Districts, sqlx::Error> {
    let rows: Vec<(String, String)> = on!(db, pool => sqlx::query_as(
        "SELECT subject, envelope FROM directory_event ORDER BY sequence").fetch_all(pool).await)?;
    Ok(fold_districts(rows))
}

async fn load_districts(tx: &mut Tx) -> Result<Districts, sqlx::Error> {
    let rows: Vec<(String, String)> = on_tx!(tx, conn => sqlx::query_as(
        "SELECT subject, envelope FROM directory_event ORDER BY sequence").fetch_all(&mut **conn).await)?;
    Ok(fold_districts(rows))
}

fn fold_districts(rows: Vec<(String, String)>) -> Districts {
    let mut districts = Districts::default();
    for (subject, envelope) in rows {
        // What stands here was read when it was written.
        if let (Ok(subject), Ok(envelope)) = (subject.parse::<Subject>(), serde_json::from_str(&envelope))
            && let Ok(event) = DirectoryEvent::read(&envelope)
        {
            districts.evolve(&subject, &event);
        }
    }
    districts
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
    pub async fn step(&mut self, tx: &mut Tx, recorded: &Recorded) -> Result<Step, ApplyError> {
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
        let event = DirectoryEvent::read(&recorded.envelope).map_err(unreadable)?;
        if recorded.subject.thing != Thing::Person {
            let envelope =
                serde_json::to_string(&recorded.envelope).map_err(|error| ApplyError::Away(error.to_string()))?;
            on_tx!(tx, conn => sqlx::query(
                    "INSERT INTO directory_event (sequence, subject, envelope) VALUES ($1, $2, $3) ON CONFLICT (sequence) DO NOTHING")
                .bind(recorded.sequence as i64).bind(recorded.subject.to_string()).bind(&envelope)
                .execute(&mut **conn).await.map(|_| ()))?;
            Arc::make_mut(&mut self.districts).evolve(&recorded.subject, &event);
        }
        Ok(Step::Directory(event))
    }
}
