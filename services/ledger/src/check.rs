//! The whole ledger of a district checked while it is in use, by the verifier that others use.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use contracts::queries::CheckView;
use tracing::warn;
use verify::{Against, Checking, Fault};

use crate::Ledger;
use crate::store;

/// Entries read at a time.
const PAGE: u64 = 256;
/// Checkpoints that the ledger must have passed through: the latest so many.
const OLDER_MAX: i64 = 10_000;
/// Districts whose last check is remembered.
const REMEMBERED_MAX: usize = 10_000;

/// The last check of each district.
#[derive(Debug, Clone, Default)]
pub(crate) struct Checks {
    last: Arc<Mutex<BTreeMap<String, Check>>>,
}

#[derive(Debug, Clone)]
struct Check {
    began: DateTime<Utc>,
    checked: u64,
    of: u64,
    ended: Option<(DateTime<Utc>, bool, String)>,
}

impl Checks {
    fn last(&self) -> MutexGuard<'_, BTreeMap<String, Check>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How the last check went, or how far the present one is; `again` begins one where none is under way.
    pub(crate) fn look(&self, ledger: &Ledger, district: &str, again: bool) -> CheckView {
        let begins = {
            let mut last = self.last();
            let known = last.get(district);
            let under_way = known.is_some_and(|check| check.ended.is_none());
            let begins = !under_way && (again || known.is_none());
            if begins {
                if last.len() >= REMEMBERED_MAX {
                    last.retain(|_, check| check.ended.is_none());
                }
                let check = Check {
                    began: ledger.clock.now(),
                    checked: 0,
                    of: 0,
                    ended: None,
                };
                last.insert(district.to_owned(), check);
            }
            begins
        };
        if begins {
            let (checks, ledger, district) = (self.clone(), ledger.clone(), district.to_owned());
            tokio::spawn(async move {
                let outcome = checks.run(&ledger, &district).await;
                let (sound, words) = match outcome {
                    Ok(words) => (true, words),
                    Err(Trouble::Fault(fault)) => (false, fault.to_string()),
                    Err(Trouble::Database(error)) => {
                        warn!(%error, "a check was broken off");
                        checks.last().remove(&district);
                        return;
                    }
                };
                if let Some(check) = checks.last().get_mut(&district) {
                    check.ended = Some((ledger.clock.now(), sound, words));
                }
            });
        }
        let last = self.last();
        let check = last.get(district);
        CheckView {
            began: check.map_or_else(|| ledger.clock.now(), |check| check.began),
            checked: check.map_or(0, |check| check.checked),
            of: check.map_or(0, |check| check.of),
            ended: check.and_then(|check| check.ended.as_ref()).map(|(at, ..)| *at),
            sound: check.and_then(|check| check.ended.as_ref()).map(|(_, sound, _)| *sound),
            words: check
                .and_then(|check| check.ended.as_ref())
                .map(|(_, _, words)| words.clone())
                .unwrap_or_default(),
        }
    }

    async fn run(&self, ledger: &Ledger, district: &str) -> Result<String, Trouble> {
        let nothing = || Ok("Nothing was recorded here yet.".to_owned());
        let Some(book) = store::book(&ledger.db, district).await? else {
            return nothing();
        };
        let signed = book.signed(OLDER_MAX).await?;
        let Some(latest) = signed.first() else { return nothing() };
        let size = latest.size.unsigned_abs();
        let keys = ledger.signer.verifier_keys(district);
        let against = Against {
            keys,
            ..Against::default()
        };
        let mut checking = Checking::begin(&latest.note, "", &against)?;
        for older in signed.iter().skip(1) {
            checking.older(
                &format!("the checkpoint of {}", older.at.format("%Y-%m-%d %H:%M")),
                &older.note,
            )?;
        }
        let mut first = 0;
        while first < size {
            let count = PAGE.min(size - first);
            let entries = book.entries(first, count).await?;
            let nodes = book.nodes(0, first, count).await?;
            for (entry, node) in entries.iter().zip(&nodes) {
                checking.entry(entry, node)?;
            }
            if entries.len() as u64 != count || nodes.len() as u64 != count {
                break;
            }
            first += count;
            if let Some(check) = self.last().get_mut(district) {
                (check.checked, check.of) = (first, size);
            }
            tokio::task::yield_now().await;
        }
        Ok(checking.finish()?.to_string())
    }
}

#[derive(Debug)]
enum Trouble {
    Fault(Fault),
    Database(sqlx::Error),
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<sqlx::Error> for Trouble {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}
