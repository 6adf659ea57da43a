//! What was known at a moment of the past: the read model of one district made once more, from the log, up to there.
//!
//! So every list, loop and figure can be asked for as it was known, by the code that answers now, without anything being
//! kept for it. A few of them stay at hand.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use chrono::{DateTime, Utc};
use contracts::ids::District;
use contracts::problem::Problem;
use contracts::queries::{AsOf, KnownAt};
use eventlog::{Log, Raw};
use projection::{Model, take_in};
use sealing::Keyring;
use sql::{Db, Location, on};
use tokio::sync::watch;

use crate::{read_model, rebuild};

/// How many stay at hand; one more, and the one asked for longest ago gives way.
const KEPT: usize = 3;
/// How long a question waits for one to be made before it says how far it has come.
const WAITED: Duration = Duration::from_secs(6);
/// Messages taken in at once.
const BATCH_MAX: usize = 2000;

type Made = Option<Result<Model<read_model::Timeline>, String>>;

/// Begins the names under which pasts are made.
const NAMES: &str = "timeline_past_";
/// Days after which what another process made is taken for left behind.
const LEFT_BEHIND: i64 = 2;

/// One past, made or being made.
#[derive(Debug, Clone)]
struct Kept {
    name: String,
    district: District,
    sequence: u64,
    /// What it was made from: how often words had been erased, and the day.
    erasures: u64,
    day: i64,
    done: Arc<AtomicU64>,
    made: watch::Receiver<Made>,
}

impl Kept {
    /// Whether it is made, or never will be.
    fn is_settled(&self) -> bool {
        self.made.has_changed().is_err() || self.made.borrow().is_some()
    }

    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.done, &other.done)
    }
}

/// The pasts at hand, the one asked for last at the end.
#[derive(Debug, Clone)]
pub(crate) struct Pasts {
    kept: Arc<Mutex<VecDeque<Kept>>>,
    /// This process: others over the same database make theirs under other names.
    run: Arc<str>,
    made: Arc<AtomicU64>,
}

impl Default for Pasts {
    fn default() -> Self {
        Self {
            kept: Arc::default(),
            run: runtime::ids::secret_hex(4).into(),
            made: Arc::default(),
        }
    }
}

fn away(error: impl std::fmt::Display) -> Problem {
    tracing::warn!(%error, "what was known in the past could not be read");
    Problem::unavailable("the past cannot be read for a moment")
}

/// A day as pasts are told apart by it, in days since 1970.
pub(crate) fn day(now: DateTime<Utc>) -> i64 {
    now.timestamp().div_euclid(86_400)
}

/// What one past is made from.
#[derive(Debug, Clone)]
pub(crate) struct Source<'a> {
    pub(crate) location: &'a Location,
    pub(crate) log: &'a Log,
    pub(crate) keyring: &'a Keyring,
    /// How often words were erased until now.
    pub(crate) erasures: u64,
    pub(crate) day: i64,
}

/// The last event of a district up to a moment: the read model of now knows them all.
pub(crate) async fn find(
    db: &Db,
    district: &District,
    as_of: AsOf,
    end_of_day: impl Fn(chrono::NaiveDate) -> DateTime<Utc>,
) -> Result<KnownAt, Problem> {
    let last_up_to = async |sequence: u64| -> Result<Option<(u64, DateTime<Utc>)>, sqlx::Error> {
        let row: Option<(i64, DateTime<Utc>)> = on!(db.of(district).await?, rows => sqlx::query_as(
                "SELECT sequence, time FROM entry WHERE district = $1 AND sequence <= $2 ORDER BY sequence DESC LIMIT 1")
            .bind(district.as_str()).bind(sequence.min(i64::MAX as u64) as i64).fetch_optional(rows).await)?;
        Ok(row.map(|(sequence, time)| (sequence.unsigned_abs(), time)))
    };
    let before_all = || Problem::invalid_field("as_of", "is before anything was recorded here; choose a later day");
    let known = |(sequence, at)| KnownAt { sequence, at };
    match as_of {
        AsOf::Sequence(sequence) => last_up_to(sequence)
            .await
            .map_err(away)?
            .map(known)
            .ok_or_else(before_all),
        AsOf::Day(day) => {
            let end = end_of_day(day);
            // Order is the sequence; times follow it closely enough to look for the day by halves.
            let newest = last_up_to(u64::MAX).await.map_err(away)?.ok_or_else(before_all)?;
            let (mut low, mut high) = (0, newest.0);
            let mut found = None;
            while low <= high {
                let middle = low + (high - low) / 2;
                match last_up_to(middle).await.map_err(away)? {
                    Some((sequence, time)) if time < end => {
                        found = Some((sequence, time));
                        low = middle + 1;
                    }
                    Some((sequence, _)) if sequence > 0 => high = sequence - 1,
                    Some(_) | None => low = middle + 1,
                }
            }
            found.map(known).ok_or_else(before_all)
        }
    }
}

impl Pasts {
    fn kept(&self) -> MutexGuard<'_, VecDeque<Kept>> {
        self.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The read model of a district as it stood at a moment. The first to ask waits a while, and is then told how far it
    /// has come.
    pub(crate) async fn at(
        &self,
        source: &Source<'_>,
        district: &District,
        known: KnownAt,
    ) -> Result<Model<read_model::Timeline>, Problem> {
        let kept = self.begin(source, district, known.sequence)?;
        let mut told = kept.made.clone();
        let made = tokio::time::timeout(WAITED, told.wait_for(Option::is_some)).await;
        let failed = match made {
            Ok(Ok(made)) => match made.as_ref() {
                Some(Ok(model)) => return Ok(model.clone()),
                Some(Err(error)) => error.clone(),
                None => "it was not made".to_owned(),
            },
            Ok(Err(ended)) => ended.to_string(),
            Err(_) => {
                let share = kept.done.load(Ordering::Relaxed) * 100 / known.sequence.max(1);
                return Err(Problem::unavailable(format!(
                    "the record is being read up to then: {share}% so far; ask again in a moment"
                )));
            }
        };
        self.kept().retain(|other| !other.is(&kept));
        Err(away(failed))
    }

    /// Drops those from which something was erased since, with their files.
    pub(crate) async fn forget_before(&self, location: &Location, erasures: u64) {
        let stale: Vec<Kept> = {
            let mut all = self.kept();
            let stale = all.iter().filter(|kept| kept.erasures != erasures && kept.is_settled());
            let stale = stale.cloned().collect();
            all.retain(|kept| kept.erasures == erasures || !kept.is_settled());
            stale
        };
        for kept in stale {
            leave(location, kept).await;
        }
    }

    fn begin(&self, source: &Source<'_>, district: &District, sequence: u64) -> Result<Kept, Problem> {
        let mut all = self.kept();
        let found = all.iter().position(|kept| {
            kept.sequence == sequence
                && kept.district == *district
                && kept.erasures == source.erasures
                && kept.day == source.day
        });
        if let Some(kept) = found.and_then(|at| all.remove(at)) {
            all.push_back(kept.clone());
            return Ok(kept);
        }
        let mut leaving = None;
        if all.len() >= KEPT {
            let settled = all.iter().position(Kept::is_settled);
            let at = settled
                .ok_or_else(|| Problem::unavailable("other days of the past are being read; ask again in a moment"))?;
            leaving = all.remove(at);
        }
        let nth = self.made.fetch_add(1, Ordering::Relaxed);
        let (tell, made) = watch::channel(None);
        let kept = Kept {
            name: format!("{NAMES}{}_{}_{nth}", source.day, self.run),
            district: district.clone(),
            sequence,
            erasures: source.erasures,
            day: source.day,
            done: Arc::default(),
            made,
        };
        all.push_back(kept.clone());
        let (location, log, keyring) = (source.location.clone(), source.log.clone(), source.keyring.clone());
        let making = kept.clone();
        tokio::spawn(async move {
            if let Some(leaving) = leaving {
                leave(&location, leaving).await;
            }
            let name = making.name.as_str();
            let made = rebuild::make(&location, name, &log, keyring, async |model| {
                fill(model, &log, &making).await
            })
            .await;
            let _ = tell.send(Some(made.map_err(|error| format!("{error:#}"))));
        });
        Ok(kept)
    }
}

/// Closes one and removes it. Whoever still asks it something asks again.
async fn leave(location: &Location, kept: Kept) {
    let model = kept.made.borrow().clone().and_then(Result::ok);
    if let Some(model) = model {
        model.db.close().await;
    }
    if let Err(error) = rebuild::discard(location, &kept.name).await {
        tracing::warn!(
            error = format!("{error:#}"),
            "what was known in the past was not removed"
        );
    }
}

/// Removes what earlier processes left behind: of a folder all, since one process uses it; of a database what is days old.
pub(crate) async fn discard(location: &Location, today: i64) -> anyhow::Result<()> {
    match location {
        Location::Folder(folder) => {
            let Ok(mut files) = tokio::fs::read_dir(folder).await else {
                return Ok(());
            };
            while let Some(file) = files.next_entry().await? {
                if file.file_name().to_string_lossy().starts_with(NAMES) {
                    tokio::fs::remove_file(file.path()).await?;
                }
            }
        }
        Location::Url(url) => {
            let pool = sqlx::PgPool::connect(url).await?;
            let names: Vec<String> =
                sqlx::query_scalar("SELECT nspname::text FROM pg_namespace WHERE nspname LIKE 'timeline\\_past\\_%'")
                    .fetch_all(&pool)
                    .await?;
            pool.close().await;
            for name in names {
                let made_on = name
                    .strip_prefix(NAMES)
                    .and_then(|rest| rest.split('_').next()?.parse::<i64>().ok());
                if made_on.is_none_or(|day| day + LEFT_BEHIND < today) {
                    rebuild::discard(location, &name).await?;
                }
            }
        }
    }
    Ok(())
}

/// Takes in what a district knew up to then.
async fn fill(model: &Model<read_model::Timeline>, log: &Log, kept: &Kept) -> anyhow::Result<()> {
    let until = kept.sequence;
    let mut tail = log.read(vec![format!("loop.{}.>", kept.district)], 0).await?;
    let mut raws: Vec<Raw> = Vec::with_capacity(BATCH_MAX);
    loop {
        anyhow::ensure!(tail.next(&mut raws, BATCH_MAX).await > 0, "the log ended");
        let last = raws.last().map_or(0, |raw| raw.sequence);
        // What came later is not known yet.
        raws.retain(|raw| raw.sequence <= until);
        take_in(model, std::mem::take(&mut raws)).await?;
        kept.done.store(last.min(until), Ordering::Relaxed);
        if last >= until {
            return Ok(());
        }
    }
}
