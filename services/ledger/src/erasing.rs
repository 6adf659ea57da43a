//! Words that were erased: the list of their keys, which outlives every backup of the keys themselves.

use contracts::events::custody::ERASES;
use contracts::events::{CustodyEvent, LoopEvent, RecordEvent};
use contracts::sealed::KeyId;
use contracts::subjects::Thing;
use eventlog::Raw;
use runtime::Health;
use runtime::health::State;
use sealing::{JetStreamKeys, KeyStore, Keyring};
use tracing::warn;

use crate::{Ledger, store};

/// How often it is looked for words to erase.
const EVERY: std::time::Duration = std::time::Duration::from_millis(200);
/// Keys looked up at once.
const PAGE: i64 = 500;
/// Rounds that fail before it is said aloud: half a minute.
const QUIET_FAILURES: u32 = 150;
/// What health calls it.
const PART: &str = "erasing";

/// The keys that a message says are to be destroyed.
pub(crate) fn named_by(raw: &Raw) -> Vec<KeyId> {
    let says = |kind: &str| raw.payload.windows(kind.len()).any(|window| window == kind.as_bytes());
    // Most messages say nothing of it, and are not read any further than that.
    if !ERASES.into_iter().any(says) {
        return Vec::new();
    }
    let Ok(recorded) = raw.parse() else {
        return Vec::new();
    };
    let texts = if recorded.subject.thing == Thing::Record {
        match RecordEvent::read(&recorded.envelope) {
            Ok(RecordEvent::WordsErased(erased)) => erased.texts,
            Ok(_) | Err(_) => Vec::new(),
        }
    } else {
        match LoopEvent::read(&recorded.envelope) {
            Ok(LoopEvent::Custody(CustodyEvent::Erased(erased))) => erased.texts,
            Ok(_) | Err(_) => Vec::new(),
        }
    };
    texts.into_iter().map(|text| text.key).collect()
}

/// Destroys keys until the process ends: first every one that was ever to be destroyed, since what holds the keys may
/// have been put back from before. Health says where that does not succeed.
pub(crate) async fn run(ledger: Ledger, keys: JetStreamKeys, keyring: Keyring, health: Health) {
    let (mut last, mut failures) = (0, 0);
    loop {
        match destroy_after(&ledger, &keys, Some(&keyring), last).await {
            Ok(reached) => {
                if failures > QUIET_FAILURES {
                    health.set(PART, State::Ready);
                }
                failures = 0;
                if reached > last {
                    last = reached;
                    continue;
                }
            }
            Err(error) => {
                failures += 1;
                if failures == QUIET_FAILURES {
                    warn!(error = format!("{error:#}"), "keys of erased words cannot be destroyed");
                    health.set(
                        PART,
                        State::Starting("keys of erased words cannot be destroyed".to_owned()),
                    );
                }
            }
        }
        runtime::clock::pause(EVERY).await;
    }
}

/// Destroys some of the keys on the list after a place in it; the place it came to. One that cannot be destroyed keeps
/// none of the others.
async fn destroy_after(
    ledger: &Ledger,
    keys: &JetStreamKeys,
    keyring: Option<&Keyring>,
    last: i64,
) -> anyhow::Result<i64> {
    let mut reached = last;
    let mut failed = None;
    for (nth, key) in store::erased_after(&ledger.db, last, PAGE).await? {
        let key: KeyId = key.parse().map_err(|error| anyhow::anyhow!("{error}"))?;
        if let Some(keyring) = keyring {
            keyring.forget([key]);
        }
        if let Err(error) = keys.destroy(key.pool, key.slot).await {
            failed = Some(error);
        }
        reached = nth;
    }
    match failed {
        // All of them once more.
        Some(error) => Err(error.into()),
        None => Ok(reached),
    }
}

impl Ledger {
    /// Destroys every key on the list of what was erased.
    pub(crate) async fn erase_again(&self, keys: &JetStreamKeys) -> anyhow::Result<()> {
        let mut last = 0;
        loop {
            let reached = destroy_after(self, keys, None, last).await?;
            if reached == last {
                return Ok(());
            }
            last = reached;
        }
    }
}
