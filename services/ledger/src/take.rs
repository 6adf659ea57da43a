//! Taking the log in: the one reader of all districts, who sees every message and therefore every gap.

use std::time::Duration;

use contracts::ids::District;
use contracts::subjects::STREAM;
use contracts::vocabulary::Damaged;
use eventlog::{LogError, Raw};
use runtime::health::State;
use runtime::{Health, Lifecycle, crash};
use tracing::{debug, warn};

use crate::leaf::{self, TooLarge};
use crate::store::{self, NO_DISTRICT, NewEntry};
use crate::{Ledger, PART, erasing};

/// Messages in one transaction, at most.
const BATCH_MAX: usize = 2048;
/// How long messages wait for others: each transaction is synced, and nobody looks before the next checkpoint.
const LINGER: Duration = Duration::from_millis(500);
/// Messages that are missing and asked for one by one; of a larger gap only the ends are looked at.
const ASKED_MAX: u64 = 1000;
/// How often a message is looked for that is not there, and how long between two looks.
const LOOKS: u32 = 10;
const LOOK: Duration = Duration::from_millis(50);
/// How often it is looked whether the log still is what it was.
pub(crate) const COMPARED_EVERY: Duration = Duration::from_secs(5);
/// How long the end of the log is waited for at an orderly stop.
const LAST: Duration = Duration::from_secs(2);
/// How often taking fails before it is said aloud.
const QUIET_FAILURES: u32 = 5;

/// What is wrong with the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Damage {
    /// Messages between two others are not there.
    Gap {
        /// The first.
        from: u64,
        /// The last.
        to: u64,
    },
    /// The log ends before what the ledger holds.
    Lost {
        /// The first that is not there.
        from: u64,
        /// The last that the ledger holds.
        to: u64,
    },
    /// A message is another than it was.
    Altered {
        /// Which.
        at: u64,
    },
}

impl Damage {
    pub(crate) fn kind(&self) -> Damaged {
        match self {
            Self::Gap { .. } => Damaged::Gap,
            Self::Lost { .. } => Damaged::Lost,
            Self::Altered { .. } => Damaged::Altered,
        }
    }

    pub(crate) fn between(&self) -> (u64, u64) {
        match self {
            Self::Gap { from, to } | Self::Lost { from, to } => (*from, *to),
            Self::Altered { at } => (*at, *at),
        }
    }
}

impl std::fmt::Display for Damage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Gap { from, to } => write!(f, "messages {from} to {to} are missing from the log"),
            Self::Lost { from, to } => write!(
                f,
                "the log has lost messages {from} to {to}, which the ledger holds; stop the system and run `loopline \
                 restore --from-ledger`"
            ),
            Self::Altered { at } => write!(
                f,
                "message {at} of the log is not what the ledger holds; stop the system and run `loopline restore \
                 --from-ledger`"
            ),
        }
    }
}

/// Why taking was interrupted.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// Something is away; it goes on by itself.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The database said no.
    #[error("the ledger's database refused something")]
    Database(#[from] sqlx::Error),
    /// The log can no longer be what it was: nothing more is taken in until somebody has looked.
    #[error("{0}")]
    Damaged(Damage),
    /// A message is too large for an entry.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
}

/// Looks whether the log still holds what the ledger took from it last.
pub(crate) async fn compare(ledger: &Ledger) -> Result<(), Trouble> {
    let position = store::position(&ledger.db).await?;
    if position == 0 {
        return Ok(());
    }
    let head = ledger.log.head().await?;
    if head < position {
        return Err(Trouble::Damaged(Damage::Lost {
            from: head + 1,
            to: position,
        }));
    }
    let held = store::entry(&ledger.db, position).await?;
    match there(ledger, position).await? {
        Some(raw) if Some(leaf::encode(STREAM, &raw)?) == held => Ok(()),
        Some(_) | None => Err(Trouble::Damaged(Damage::Altered { at: position })),
    }
}

/// The message at a sequence, which a replica that answers may be a moment behind.
async fn there(ledger: &Ledger, sequence: u64) -> Result<Option<Raw>, LogError> {
    for _ in 0..LOOKS {
        if let Some(raw) = ledger.log.at(sequence).await? {
            return Ok(Some(raw));
        }
        runtime::clock::pause(LOOK).await;
    }
    Ok(None)
}

/// Looks now and then whether the log still is what it was, and says in the record what there is to say; ends when it
/// is not.
async fn watch(ledger: &Ledger, every: Duration) -> Trouble {
    loop {
        runtime::clock::pause(every).await;
        match compare(ledger).await {
            Ok(()) => {
                if let Err(error) = ledger.catch_up_notes().await {
                    debug!(error = format!("{error:#}"), "the record does not speak of itself yet");
                }
            }
            Err(trouble @ Trouble::Damaged(_)) => return trouble,
            Err(trouble) => debug!(error = %trouble, "the log could not be compared"),
        }
    }
}

/// Takes the log in until the process ends, or until the log is not what it was; it is compared now and then.
pub(crate) async fn run(ledger: Ledger, lifecycle: Lifecycle, health: Health, compared_every: Duration) {
    health.set(PART, State::Starting("catching up".to_owned()));
    let mut failures = 0;
    while !lifecycle.is_stopping() {
        let stopped = tokio::select! {
            taken = follow(&ledger, Until::Stopped(&health)) => taken,
            damaged = watch(&ledger, compared_every) => Err(damaged),
            () = lifecycle.stopping() => {
                // An orderly stop leaves nothing out.
                if let Err(trouble) = tokio::time::timeout(LAST, catch_up(&ledger)).await {
                    debug!(error = %trouble, "the end of the log is taken in at the next start");
                }
                return;
            }
        };
        match stopped {
            Ok(()) => {}
            Err(Trouble::Damaged(damage)) => {
                health.set(PART, State::Stopped(damage.to_string()));
                while let Err(error) = ledger.raise(&damage).await {
                    warn!(%error, "an alarm could not be kept");
                    tokio::select! {
                        () = runtime::clock::pause(Duration::from_secs(1)) => {}
                        () = lifecycle.stopping() => return,
                    }
                }
                return;
            }
            Err(trouble) => {
                if failures >= QUIET_FAILURES {
                    warn!(error = %trouble, "the ledger has trouble");
                } else {
                    debug!(error = %trouble, "the ledger has trouble");
                }
                failures += 1;
                tokio::select! {
                    () = runtime::clock::pause(Duration::from_millis(200)) => {}
                    () = lifecycle.stopping() => return,
                }
            }
        }
    }
}

/// Takes in what the log holds by now.
pub(crate) async fn catch_up(ledger: &Ledger) -> Result<(), Trouble> {
    follow(ledger, Until::CaughtUp).await
}

/// Until when the log is followed.
enum Until<'a> {
    /// Everything that it held at the beginning is taken in.
    CaughtUp,
    /// For ever; health hears when it has caught up.
    Stopped(&'a Health),
}

async fn follow(ledger: &Ledger, until: Until<'_>) -> Result<(), Trouble> {
    compare(ledger).await?;
    ledger.open().await?;
    let mut last = store::position(&ledger.db).await?;
    // Ready means: everything in the log when this began.
    let head = ledger.log.head().await?;
    ledger.position.reached(last);
    let mut tail = ledger.log.read_whole(last).await?;
    let mut raws: Vec<Raw> = Vec::with_capacity(BATCH_MAX);
    let mut ready = false;
    loop {
        if last >= head && !ready {
            match until {
                Until::CaughtUp => return Ok(()),
                Until::Stopped(health) => health.set(PART, State::Ready),
            }
            ready = true;
        }
        if tail.next(&mut raws, BATCH_MAX).await == 0 {
            return Err(LogError::Unavailable("the log ended".to_owned()).into());
        }
        if ready {
            ledger.position.wanted(LINGER).await;
            tail.at_hand(&mut raws, BATCH_MAX);
        }
        let mut batch = Vec::with_capacity(raws.len());
        for raw in raws.drain(..) {
            // What comes twice was compared, or is, when the log is.
            if raw.sequence <= last {
                continue;
            }
            if raw.sequence > last + 1 {
                between(ledger, last + 1, raw.sequence - 1, &mut batch).await?;
            }
            last = raw.sequence;
            batch.push(new_entry(&raw)?);
        }
        if !batch.is_empty() {
            take(ledger, batch).await?;
            ledger.position.reached(last);
        }
    }
}

/// What stands between two messages that came one after the other: nothing, and that is an alarm; or something that
/// the reader did not get.
async fn between(ledger: &Ledger, from: u64, to: u64, batch: &mut Vec<NewEntry>) -> Result<(), Trouble> {
    let mut missing: Option<u64> = None;
    let asked_to = to.min(from + ASKED_MAX - 1);
    for sequence in from..=asked_to {
        // A replica that is behind is behind for all that follows, so only the first is waited for.
        let found = match missing {
            None => there(ledger, sequence).await?,
            Some(_) => ledger.log.at(sequence).await?,
        };
        match found {
            Some(raw) => {
                if let Some(first) = missing.take() {
                    gap(ledger, first, sequence - 1).await?;
                }
                batch.push(new_entry(&raw)?);
            }
            None => missing = missing.or(Some(sequence)),
        }
    }
    if asked_to < to {
        if ledger.log.at(to).await?.is_some() {
            // It is there after all: read again from where the ledger is.
            return Err(LogError::Unexpected("the log was not read in order".to_owned()).into());
        }
        missing = missing.or(Some(asked_to + 1));
    }
    if let Some(first) = missing {
        gap(ledger, first, to).await?;
    }
    Ok(())
}

async fn gap(ledger: &Ledger, from: u64, to: u64) -> Result<(), Trouble> {
    ledger.raise(&Damage::Gap { from, to }).await?;
    Ok(())
}

fn new_entry(raw: &Raw) -> Result<NewEntry, TooLarge> {
    let mut tokens = raw.subject.split('.');
    let district = match (tokens.next(), tokens.next()) {
        (Some("loop"), Some(district)) if district.parse::<District>().is_ok() => district,
        _ => NO_DISTRICT,
    };
    Ok(NewEntry {
        district: district.to_owned(),
        sequence: raw.sequence,
        leaf: leaf::encode(STREAM, raw)?,
        erased: erasing::named_by(raw),
    })
}

async fn take(ledger: &Ledger, batch: Vec<NewEntry>) -> Result<(), Trouble> {
    let worked = store::work_out(&*ledger.edges.lock().await, batch, |district| {
        ledger.signer.origin(district)
    });
    let mut tx = ledger.db.begin().await?;
    worked.write(&mut tx).await?;
    crash::point("ledger.commit.before");
    tx.commit().await?;
    crash::point("ledger.commit.after");
    worked.committed(&mut *ledger.edges.lock().await);
    Ok(())
}
