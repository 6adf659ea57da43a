//! The loop around a read model.

use std::sync::Arc;
use std::time::Duration;

use contracts::envelope::Recorded;
use contracts::versions::Unreadable;
use eventlog::{EventLog, Log, Raw};
use runtime::health::State;
use runtime::{Health, Lifecycle, crash};
use sql::{Db, Tx, on, on_tx};
use tokio::task::JoinHandle;
use tracing::{debug, error, warn};

use crate::model::{ApplyError, ReadModel};
use crate::position::Position;

/// Events in one transaction, at most.
const BATCH_MAX: usize = 8192;
/// Events that came in while one waited: more are a flood, in which fewer and larger batches leave more of the machine
/// to what people do.
const FLOOD: usize = 16;
/// Events read at once that are no longer a flood but a past to catch up with: nobody gains by waiting.
const BACKLOG: usize = 1024;
/// How many times longer a batch waits in a flood.
const FLOOD_LINGERS: u32 = 3;
/// Events that may come by without being of this model before its checkpoint follows.
const UNWRITTEN_MAX: u64 = 10_000;
/// How long nothing must come before the checkpoint follows what came by.
const QUIET: Duration = Duration::from_secs(1);
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
    let position: Option<i64> = on!(db.across().await?, rows => sqlx::query_scalar("SELECT position FROM checkpoint WHERE id = 1").fetch_optional(rows).await)?;
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
        let (mut from, mut further) = (None, false);
        let followed = follow(&*log, &model, &lifecycle, None, |position| {
            further |= position > *from.get_or_insert(position);
            if head.is_some_and(|head| position >= head) {
                health.set(&part, State::Ready);
            }
        })
        .await;
        if further {
            failures = 0;
        }
        match followed {
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

/// Takes messages in that somebody else read, in their order; where they come from the checkpoint goes with them.
pub async fn take_in<M: ReadModel>(model: &Model<M>, mut raws: Vec<Raw>) -> Result<(), ApplyError> {
    let committed = checkpoint(&model.db).await?;
    let mut last = committed;
    if !new_to(&mut raws, &mut last) {
        return Ok(());
    }
    let ready = prepare(model, &mut raws, last, &mut None).await?;
    let (_, ready) = write(model.db.clone(), model.model.clone(), ready, committed).await?;
    model.model.committed(last, ready.prepared).await;
    model.position.reached(last);
    Ok(())
}

/// Lets go of what was taken before, or comes twice; whether anything is left, up to where is in `taken` then.
fn new_to(raws: &mut Vec<Raw>, taken: &mut u64) -> bool {
    raws.retain(|raw| {
        let is_new = raw.sequence > *taken;
        *taken = raw.sequence.max(*taken);
        is_new
    });
    !raws.is_empty()
}

/// What one batch comes to, on its way into the tables.
struct Ready<P> {
    prepared: P,
    aside: Vec<Aside>,
    until: u64,
}

/// An event that cannot be read.
struct Aside {
    sequence: u64,
    subject: String,
    reason: String,
}

/// A batch being written: whether it is the one that advanced the checkpoint, and what it was.
type Writing<P> = JoinHandle<Result<(bool, Ready<P>), ApplyError>>;

async fn follow<M: ReadModel>(
    log: &dyn EventLog,
    model: &Model<M>,
    lifecycle: &Lifecycle,
    until: Option<u64>,
    progress: impl FnMut(u64),
) -> Result<(), ApplyError> {
    let mut writing = None;
    let result = follow_on(log, model, lifecycle, until, progress, &mut writing).await;
    // Nobody else may write while a batch is still on its way.
    if let Some(writing) = writing {
        let _ = writing.await;
    }
    if result.is_err() {
        model.model.taken_back().await;
    }
    result
}

async fn follow_on<M: ReadModel>(
    log: &dyn EventLog,
    model: &Model<M>,
    lifecycle: &Lifecycle,
    until: Option<u64>,
    mut progress: impl FnMut(u64),
    writing: &mut Option<Writing<M::Prepared>>,
) -> Result<(), ApplyError> {
    'from_checkpoint: loop {
        // What is committed, and how far has been read and prepared beyond it.
        let mut committed = checkpoint(&model.db).await?;
        let mut taken = committed;
        model.position.reached(committed);
        progress(committed);
        if until.is_some_and(|until| committed >= until) {
            return Ok(());
        }
        let mut tail = log
            .read(vec!["loop.>".to_owned()], committed)
            .await
            .map_err(|error| ApplyError::Away(error.to_string()))?;
        let mut raws: Vec<Raw> = Vec::with_capacity(BATCH_MAX);
        let mut ready: Option<Ready<M::Prepared>> = None;
        loop {
            tokio::select! {
                read = tail.next(&mut raws, BATCH_MAX), if ready.is_none() => {
                    if read == 0 {
                        return Err(ApplyError::Away("the log ended".to_owned()));
                    }
                    if until.is_none() && raws.len() < BACKLOG {
                        // A transaction costs about the same for one event and for twenty.
                        let linger = model.model.linger();
                        model.position.wanted(linger).await;
                        tail.at_hand(&mut raws, BATCH_MAX);
                        if raws.len() > FLOOD {
                            model.position.wanted(linger * FLOOD_LINGERS).await;
                            tail.at_hand(&mut raws, BATCH_MAX);
                        }
                    }
                    if !new_to(&mut raws, &mut taken) {
                        continue;
                    }
                    // What is not for this model needs no transaction, unless much of it has come by.
                    let idle = writing.is_none() && taken - committed < UNWRITTEN_MAX && until.is_none();
                    if idle && !raws.iter().any(|raw| model.model.wants(&raw.subject)) {
                        raws.clear();
                        model.position.reached(taken);
                        progress(taken);
                        continue;
                    }
                    ready = Some(prepare(model, &mut raws, taken, writing).await?);
                }
                written = written(writing), if writing.is_some() => {
                    *writing = None;
                    let (advanced, batch) = written?;
                    if !advanced {
                        // Another replica was faster: go on from where it is.
                        model.model.taken_back().await;
                        continue 'from_checkpoint;
                    }
                    committed = batch.until;
                    model.model.committed(committed, batch.prepared).await;
                    model.position.reached(committed);
                    progress(committed);
                    if until.is_some_and(|until| committed >= until) {
                        return Ok(());
                    }
                }
                // What came by without being of this model is noted when nothing else is to be done.
                () = runtime::clock::pause(QUIET), if ready.is_none() && writing.is_none() && taken > committed => {
                    ready = Some(prepare(model, &mut raws, taken, writing).await?);
                }
                () = lifecycle.stopping() => return Ok(()),
            }
            if writing.is_none()
                && let Some(batch) = ready.take()
            {
                *writing = Some(tokio::spawn(write(
                    model.db.clone(),
                    model.model.clone(),
                    batch,
                    committed,
                )));
            }
        }
    }
}

async fn written<P>(writing: &mut Option<Writing<P>>) -> Result<(bool, Ready<P>), ApplyError> {
    match writing {
        Some(writing) => writing
            .await
            .unwrap_or_else(|error| Err(ApplyError::Away(format!("a batch was not written: {error}")))),
        None => std::future::pending().await,
    }
}

/// Reads a batch and works out what it comes to; what cannot be read is left out of it.
async fn prepare<M: ReadModel>(
    model: &Model<M>,
    raws: &mut Vec<Raw>,
    until: u64,
    writing: &mut Option<Writing<M::Prepared>>,
) -> Result<Ready<M::Prepared>, ApplyError> {
    let mut aside: Vec<Aside> = Vec::new();
    let mut batch: Vec<Recorded> = Vec::with_capacity(raws.len());
    for raw in raws.drain(..).filter(|raw| model.model.wants(&raw.subject)) {
        match raw.parse() {
            Ok(recorded) => batch.push(recorded),
            Err(garbled) => aside.push(Aside {
                sequence: raw.sequence,
                subject: raw.subject,
                reason: garbled.reason,
            }),
        }
    }
    if let Some(writing) = writing
        && model.model.reads_its_tables(&batch)
    {
        settled(writing).await;
    }
    // Each round sets one more unreadable event aside; there are at most as many as events.
    for _ in 0..=batch.len() {
        match model.model.prepare(&model.db, &batch).await {
            Ok(prepared) => return Ok(Ready { prepared, aside, until }),
            Err(ApplyError::Unreadable {
                source: source @ (Unreadable::UnknownType { .. } | Unreadable::Malformed { .. }),
                sequence,
            }) if batch.iter().any(|recorded| recorded.sequence == sequence) => {
                error!(model = model.model.name(), sequence, %source, "an event is set aside");
                // States in memory may have run ahead: they are made again from what is committed.
                if let Some(writing) = writing {
                    settled(writing).await;
                }
                model.model.taken_back().await;
                let (unreadable, rest): (Vec<_>, Vec<_>) =
                    batch.into_iter().partition(|recorded| recorded.sequence == sequence);
                aside.extend(unreadable.into_iter().map(|recorded| Aside {
                    sequence,
                    subject: recorded.subject.to_string(),
                    reason: source.to_string(),
                }));
                batch = rest;
            }
            Err(error) => return Err(error),
        }
    }
    Err(ApplyError::Away("more unreadable events than events".to_owned()))
}

/// Waits until a batch on its way is written or not, without taking its result.
async fn settled<P>(writing: &JoinHandle<P>) {
    while !writing.is_finished() {
        runtime::clock::pause(Duration::from_millis(1)).await;
    }
}

/// Writes one batch; whether it was the one that advanced the checkpoint.
async fn write<M: ReadModel>(
    db: Db,
    model: Arc<M>,
    batch: Ready<M::Prepared>,
    from: u64,
) -> Result<(bool, Ready<M::Prepared>), ApplyError> {
    let mut tx = db.begin().await?;
    // First, so that of two replicas with the same batch one waits here, and then has nothing to write.
    if !advance(&mut tx, from, batch.until).await? {
        tx.rollback().await?;
        return Ok((false, batch));
    }
    model.write(&mut tx, &batch.prepared).await?;
    for aside in &batch.aside {
        set_aside(&mut tx, aside).await?;
    }
    crash::point("projection.commit.before");
    tx.commit().await?;
    crash::point("projection.commit.after");
    if has_doubled(from, batch.until)
        && let Err(error) = db.learn().await
    {
        tracing::debug!(%error, model = model.name(), "the database does not know yet how much there is");
    }
    if model.erases(&batch.prepared)
        && let Err(error) = db.overwrite().await
    {
        tracing::warn!(%error, model = model.name(), "what was erased may stand in the file until it is next tidied up");
    }
    let count = batch.aside.len() as u64;
    metrics::counter!("loopline_set_aside_total", "service" => model.name()).increment(count);
    Ok((true, batch))
}

/// Whether a batch took the log's length over a power of two, from a thousand events on: that happens a few dozen times,
/// however long it grows.
fn has_doubled(from: u64, to: u64) -> bool {
    const FIRST: u32 = 10;
    let of = |position: u64| position.checked_ilog2().unwrap_or(0).max(FIRST - 1);
    of(to) > of(from)
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

async fn set_aside(tx: &mut Tx, aside: &Aside) -> Result<(), sqlx::Error> {
    on_tx!(tx, conn => sqlx::query(
            "INSERT INTO set_aside (sequence, subject, reason) VALUES ($1, $2, $3) ON CONFLICT (sequence) DO NOTHING")
        .bind(aside.sequence as i64).bind(&aside.subject).bind(&aside.reason)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_doubles_is_counted_anew_a_few_dozen_times_however_long_it_grows() {
        assert!(!has_doubled(0, 900), "few rows need no counting");
        assert!(has_doubled(0, 1024) && has_doubled(1000, 5000));
        assert!(!has_doubled(1024, 2047) && has_doubled(2047, 2048));
        let counted = (0..1_000_000)
            .step_by(100)
            .filter(|from| has_doubled(*from, from + 100))
            .count();
        assert_eq!(counted, 10);
    }
}
