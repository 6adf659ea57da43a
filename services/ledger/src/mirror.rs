//! A copy of the wrapped sealing keys: with the broker's disk, the words of the record would be lost for good.

use std::time::Duration;

use runtime::Lifecycle;
use sealing::JetStreamKeys;
use tracing::debug;

use crate::{Ledger, store};

/// How often it is looked for keys that were made or destroyed.
const EVERY: Duration = Duration::from_millis(500);
/// Pools in one transaction.
const BATCH_MAX: usize = 500;

/// Mirrors until the process ends, and once more then: an orderly stop leaves nothing out.
pub(crate) async fn run(ledger: Ledger, keys: JetStreamKeys, lifecycle: Lifecycle) {
    loop {
        let more = match once(&ledger, &keys).await {
            Ok(more) => more,
            Err(error) => {
                debug!(error = format!("{error:#}"), "sealing keys were not mirrored");
                false
            }
        };
        if lifecycle.is_stopping() && !more {
            return;
        }
        if !more {
            tokio::select! {
                () = runtime::clock::pause(EVERY) => {}
                () = lifecycle.stopping() => {}
            }
        }
    }
}

/// Takes in some of what changed; whether there may be more.
async fn once(ledger: &Ledger, keys: &JetStreamKeys) -> anyhow::Result<bool> {
    let mut last = store::mirrored(&ledger.db).await?;
    let mut kept = Vec::new();
    while kept.len() < BATCH_MAX
        && let Some(next) = keys.changed_after(last).await?
    {
        last = next.revision;
        kept.push(next);
    }
    if kept.is_empty() {
        return Ok(false);
    }
    let mut tx = ledger.db.begin().await?;
    store::mirror(&mut tx, &kept).await?;
    tx.commit().await?;
    Ok(kept.len() == BATCH_MAX)
}
