//! Checkpoints: what each ledger is, signed, at most so long after it changed.

use std::time::Duration;

use runtime::crash;
use tracing::debug;

use crate::Ledger;
use crate::store;
use crate::take::Trouble;

/// How long after a change a checkpoint is made, at most.
const EVERY: Duration = Duration::from_secs(5);

/// Signs every ledger that has grown since it was last signed; how many.
pub(crate) async fn sign_all(ledger: &Ledger) -> Result<usize, Trouble> {
    // One at a time: of two checkpoints, the later is never the smaller.
    let mut sizes = ledger.signed.lock().await;
    let grown: Vec<(String, i64, u64, crate::merkle::Hash)> = {
        let edges = ledger.edges.lock().await;
        let grown = edges
            .iter()
            .filter(|(_, open)| open.edge.size() > sizes.get(&open.id).copied().unwrap_or(0));
        grown
            .map(|(district, open)| (district.to_owned(), open.id, open.edge.size(), open.edge.root()))
            .collect()
    };
    if grown.is_empty() {
        return Ok(0);
    }
    let now = ledger.clock.now();
    let mut tx = ledger.db.begin().await?;
    for (district, id, size, root) in &grown {
        let note = ledger.signer.checkpoint(district, *size, root);
        store::sign(&mut tx, *id, *size, now, &note).await?;
    }
    crash::point("ledger.sign.before");
    // Synced before anybody can read it: a size that was published is never taken back.
    tx.commit().await?;
    crash::point("ledger.sign.after");
    let count = grown.len();
    sizes.extend(grown.into_iter().map(|(_, id, size, _)| (id, size)));
    Ok(count)
}

/// Signs now and then until the process ends.
pub(crate) async fn run(ledger: Ledger) {
    loop {
        runtime::clock::pause(EVERY).await;
        if let Err(trouble) = sign_all(&ledger).await {
            debug!(error = %trouble, "checkpoints were put off");
        }
    }
}
