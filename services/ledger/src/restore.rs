//! Putting a lost log back, message by message, as the ledger holds it.

use contracts::subjects::STREAM;
use eventlog::jetstream::Putting;
use sealing::JetStreamKeys;

use crate::store;
use crate::take::{Damage, Trouble};
use crate::{Ledger, leaf};

/// Messages read from the ledger at a time.
const PAGE: i64 = 500;

/// What restoring came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Restored {
    /// Messages that were there already, and are what the ledger holds.
    pub there: u64,
    /// Messages put back.
    pub put: u64,
    /// Messages that the ledger does not hold either: gaps that were there before.
    pub gaps: u64,
    /// Pools of sealing keys put back.
    pub pools: u64,
    /// Messages that the log holds after the last of the ledger.
    pub beyond: u64,
}

impl Ledger {
    /// Puts back pools of sealing keys that the broker no longer holds, as they were last mirrored: what was destroyed
    /// stays destroyed.
    async fn restore_keys(&self, keys: &JetStreamKeys) -> anyhow::Result<u64> {
        let (mut after, mut put) = (String::new(), 0);
        loop {
            let page = store::pools(&self.db, &after, PAGE).await?;
            let Some((last, _)) = page.last() else { break };
            after.clone_from(last);
            for (name, value) in page {
                put += u64::from(keys.put_back(&name, value).await?);
            }
        }
        if put > 0 {
            let mut tx = self.db.begin().await?;
            store::mirror_anew(&mut tx).await?;
            tx.commit().await?;
        }
        Ok(put)
    }

    /// Compares the log with the ledger, message by message, and puts back what is missing at its end. A message that
    /// differs is an error: nothing is overwritten.
    pub async fn restore(
        &self,
        putting: &Putting,
        keys: &JetStreamKeys,
        mut progress: impl FnMut(u64, u64),
    ) -> anyhow::Result<Restored> {
        let until = store::position(&self.db).await?;
        let head = self.log.head().await?;
        let mut restored = Restored {
            beyond: head.saturating_sub(until),
            ..Restored::default()
        };
        restored.pools = self.restore_keys(keys).await?;
        // Before anybody can open anything: whatever keys came back, those of erased words go first.
        self.erase_again(keys).await?;
        let mut last = 0;
        loop {
            let page = store::after(&self.db, last, PAGE).await?;
            if page.is_empty() {
                return Ok(restored);
            }
            for (sequence, entry) in page {
                if sequence <= head {
                    let there = self.log.at(sequence).await?;
                    let there = there.map(|raw| leaf::encode(STREAM, &raw)).transpose()?;
                    if there.as_ref() != Some(&entry) {
                        return Err(Trouble::Damaged(Damage::Altered { at: sequence }).into());
                    }
                    restored.there += 1;
                } else {
                    for empty in last.max(head) + 1..sequence {
                        putting.fill(empty).await?;
                        restored.gaps += 1;
                    }
                    let message = leaf::decode(&entry)?;
                    putting
                        .put(message.subject, &message.headers, message.payload, sequence)
                        .await?;
                    restored.put += 1;
                }
                last = sequence;
                if (restored.there + restored.put).is_multiple_of(1000) {
                    progress(last, until);
                }
            }
        }
    }
}
