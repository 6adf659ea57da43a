//! The loop around a read model.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use contracts::envelope::Recorded;
use contracts::versions::Unreadable;
use eventlog::{EventLog, Log, Raw};
use runtime::health::State;
use runtime::{Health, Lifecycle, crash};
use sql::{Db, Tx, on, on_tx};
use tracing::{debug, error, warn};

use crate::model::{ApplyError, ReadModel};
use crate::position::Position;

/// Events in one transaction, at most.
const BATCH_MAX: usize = 4096;
/// How often a failing batch is tried again before it is said aloud.
const QUIET_FAILURES: u32 = 5;

/// A read model with its database and position.
#[derive(Debug)]
pub struct Model<M> {
    /// The tables.
    pub db: Db,
    /// The model.
    pub model: Arc<M>,
    /// How far it has come.
    pub position: Position,
}

impl<M> Clone for Model<M> {
    fn clone(&self) -> Self {
        Self {
            db: self.db.clone(),
            model: self.model.clone(),
            position: self.position.clone(),
        }
    }
}

/// The position a read model's tables reflect; 0 before the first batch.
pub async fn checkpoint(db: &Db) -> Result<u64, sqlx::Error> {
    let position: Option<i64> =
        on!(db, pool => sqlx::query_scalar("SELECT position FROM checkpoint WHERE id = 1").fetch_optional(pool).await)?;
    Ok(position.unwrap_or(0).unsigned_abs())
}

/// Follows the log until the process ends, or until an event of a newer release stops it.
pub async fn run<M: ReadModel>(log: Log, model: Model<M>, lifecycle: Lifecycle, health: Health, service: &'static str) {
    let name = model.model.name();
    let part = format!("{service} read model {name}");
    health.set(&part, State::Starting("catching up".to_owned()));
    let mut failures = 0;
    // Ready means: everything in the log when this process began.
    let mut head = None;
    while !lifecycle.is_stopping() {
        if head.is_none() {
            head = log.head().await.ok();
        }
        match follow(&*log, &model, &lifecycle, None, |position| {
            if head.is_some_and(|head| position >= head) {
                health.set(&part, State::Ready);
            }
        })
        .await
        {
            Ok(()) => return,
            Err(ApplyError::Unreadable {
                sequence,
                source: source @ Unreadable::Newer { .. },
            }) => {
                error!(model = name, sequence, %source, "the read model has stopped");
                health.set(&part, State::Stopped(source.to_string()));
                return;
            }
            Err(error) => {
                if failures >= QUIET_FAILURES {
                    warn!(model = name, error = chain(&error), "the read model has trouble");
                } else {
                    debug!(model = name, error = chain(&error), "the read model has trouble");
                }
                failures += 1;
                runtime::clock::pause(Duration::from_millis(200)).await;
            }
        }
    }
}

/// Follows the log up to a sequence, as a rebuild does; `progress` hears of each batch.
pub async fn run_to<M: ReadModel>(
    log: &dyn EventLog,
    model: &Model<M>,
    lifecycle: &Lifecycle,
    until: u64,
    progress: impl FnMut(u64),
) -> Result<(), ApplyError> {
    follow(log, model, lifecycle, Some(until), progress).await
}

async fn follow<M: ReadModel>(
    log: &dyn EventLog,
    model: &Model<M>,
    lifecycle: &Lifecycle,
    until: Option<u64>,
    mut progress: impl FnMut(u64),
) -> Result<(), ApplyError> {
    let mut position = checkpoint(&model.db).await?;
    model.position.reached(position);
    progress(position);
    if until.is_some_and(|until| position >= until) {
        return Ok(());
    }
    let mut tail = log
        .read(vec!["loop.>".to_owned()], position)
        .await
        .map_err(|error| ApplyError::Away(error.to_string()))?;
    let mut raws: Vec<Raw> = Vec::with_capacity(BATCH_MAX);
    loop {
        raws.clear();
        let taken = tokio::select! {
            taken = tail.next(&mut raws, BATCH_MAX) => taken,
            () = lifecycle.stopping() => return Ok(()),
        };
        if taken == 0 {
            return Err(ApplyError::Away("the log ended".to_owned()));
        }
        raws.retain(|raw| raw.sequence > position);
        // Once, unless another replica moves the checkpoint meanwhile: it moves forward each time, through this batch.
        while let Some(last) = raws.last().map(|raw| raw.sequence) {
            match take_in(model, &raws, position, last).await {
                Ok(true) => {
                    position = last;
                    raws.clear();
                    model.position.reached(position);
                    model.model.committed(position).await;
                }
                Ok(false) => {
                    // Another replica was faster: go on from where it is, with what it has not taken in of this batch.
                    model.model.rolled_back().await;
                    let now = checkpoint(&model.db).await?;
                    if now < position {
                        return Err(ApplyError::Away("the tables were made again".to_owned()));
                    }
                    position = now;
                    raws.retain(|raw| raw.sequence > position);
                    model.position.reached(position);
                    model.model.committed(position).await;
                }
                Err(error) => {
                    model.model.rolled_back().await;
                    return Err(error);
                }
            }
            progress(position);
        }
        if until.is_some_and(|until| position >= until) {
            return Ok(());
        }
    }
}

/// Takes one batch in; false where another replica already has.
async fn take_in<M: ReadModel>(model: &Model<M>, raws: &[Raw], position: u64, last: u64) -> Result<bool, ApplyError> {
    let mut aside: BTreeSet<u64> = BTreeSet::new();
    let mut reasons: Vec<(u64, String, String)> = Vec::new();
    let mut batch: Vec<Recorded> = Vec::with_capacity(raws.len());
    for raw in raws {
        match raw.parse() {
            Ok(recorded) => batch.push(recorded),
            Err(garbled) => reasons.push((raw.sequence, raw.subject.clone(), garbled.reason)),
        }
    }
    // Each round sets one more unreadable event aside; there are at most as many as events.
    for _ in 0..=raws.len() {
        let mut tx = model.db.begin().await?;
        match model.model.apply(&mut tx, &batch).await {
            Ok(()) => {
                for (sequence, subject, reason) in &reasons {
                    set_aside(&mut tx, *sequence, subject, reason).await?;
                    metrics::counter!("loopline_set_aside_total", "service" => model.model.name()).increment(1);
                }
                if !advance(&mut tx, position, last).await? {
                    tx.rollback().await?;
                    return Ok(false);
                }
                crash::point("projection.commit.before");
                tx.commit().await?;
                crash::point("projection.commit.after");
                return Ok(true);
            }
            Err(ApplyError::Unreadable {
                sequence,
                source: source @ Unreadable::Newer { .. },
            }) => {
                tx.rollback().await?;
                return Err(ApplyError::Unreadable { sequence, source });
            }
            Err(ApplyError::Unreadable { sequence, source }) => {
                tx.rollback().await?;
                model.model.rolled_back().await;
                if !aside.insert(sequence) {
                    return Err(ApplyError::Unreadable { sequence, source });
                }
                error!(model = model.model.name(), sequence, %source, "an event is set aside");
                batch.retain(|recorded| {
                    let stays = recorded.sequence != sequence;
                    if !stays {
                        reasons.push((sequence, recorded.subject.to_string(), source.to_string()));
                    }
                    stays
                });
            }
            Err(error @ (ApplyError::Database(_) | ApplyError::Away(_))) => {
                tx.rollback().await?;
                return Err(error);
            }
        }
    }
    Err(ApplyError::Away("more unreadable events than events".to_owned()))
}

async fn advance(tx: &mut Tx, from: u64, to: u64) -> Result<bool, sqlx::Error> {
    let (from, to) = (from as i64, to as i64);
    if from == 0 {
        on_tx!(tx, conn => sqlx::query("INSERT INTO checkpoint (id, position) VALUES (1, 0) ON CONFLICT (id) DO NOTHING")
            .execute(&mut **conn).await.map(|_| ()))?;
    }
    let changed = on_tx!(tx, conn => sqlx::query("UPDATE checkpoint SET position = $1 WHERE id = 1 AND position = $2")
        .bind(to).bind(from).execute(&mut **conn).await.map(|done| done.rows_affected()))?;
    Ok(changed == 1)
}

async fn set_aside(tx: &mut Tx, sequence: u64, subject: &str, reason: &str) -> Result<(), sqlx::Error> {
    on_tx!(tx, conn => sqlx::query(
            "INSERT INTO set_aside (sequence, subject, reason) VALUES ($1, $2, $3) ON CONFLICT (sequence) DO NOTHING")
        .bind(sequence as i64).bind(subject).bind(reason)
        .execute(&mut **conn).await.map(|_| ()))
}

/// An error with all its sources, once.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
