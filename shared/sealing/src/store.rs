//! Where pools of wrapped keys are kept: outside the log, so that a key can be destroyed.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_nats::jetstream::{self, kv};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use contracts::subjects::KEYS_BUCKET;
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::keyring::SealingError;

/// Bytes of a wrapped key.
const WRAPPED: usize = 72;

/// A pool as kept: each slot's wrapped key, or nothing where it was destroyed.
#[derive(Debug, Clone, Default, Serialize, Deserialize, PartialEq, Eq)]
#[serde(from = "PoolText", into = "PoolText")]
pub struct Pool {
    slots: Vec<Option<[u8; WRAPPED]>>,
}

/// How a pool is written: keys in base64.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct PoolText {
    slots: Vec<Option<String>>,
}

impl From<PoolText> for Pool {
    fn from(text: PoolText) -> Self {
        let read = |key: String| BASE64.decode(key).ok()?.try_into().ok();
        Self {
            slots: text.slots.into_iter().map(|slot| slot.and_then(read)).collect(),
        }
    }
}

impl From<Pool> for PoolText {
    fn from(pool: Pool) -> Self {
        let slots = pool.slots.into_iter().map(|slot| slot.map(|key| BASE64.encode(key)));
        Self { slots: slots.collect() }
    }
}

impl Pool {
    /// A pool of wrapped keys.
    pub(crate) fn new(wrapped: impl Iterator<Item = Vec<u8>>) -> Self {
        Self {
            slots: wrapped.map(|key| key.try_into().ok()).collect(),
        }
    }

    /// One slot's wrapped key; `None` where it was destroyed or never was.
    pub(crate) fn slot(&self, slot: u8) -> Option<&[u8]> {
        self.slots
            .get(usize::from(slot))?
            .as_ref()
            .map(<[u8; WRAPPED]>::as_slice)
    }
}

/// A store of pools.
#[async_trait]
pub trait KeyStore: Send + Sync + std::fmt::Debug {
    /// Keeps a new pool; it is safe on disk when this returns.
    async fn put(&self, id: Uuid, pool: &Pool) -> Result<(), SealingError>;
    /// A pool by its id.
    async fn get(&self, id: Uuid) -> Result<Option<Pool>, SealingError>;
    /// Destroys one slot's key for good.
    async fn destroy(&self, id: Uuid, slot: u8) -> Result<(), SealingError>;
}

/// Pools in memory, for tests.
#[derive(Debug, Default)]
pub struct MemoryKeys {
    pools: Mutex<BTreeMap<Uuid, Pool>>,
}

#[async_trait]
impl KeyStore for MemoryKeys {
    async fn put(&self, id: Uuid, pool: &Pool) -> Result<(), SealingError> {
        self.pools
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .insert(id, pool.clone());
        Ok(())
    }

    async fn get(&self, id: Uuid) -> Result<Option<Pool>, SealingError> {
        Ok(self
            .pools
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .get(&id)
            .cloned())
    }

    async fn destroy(&self, id: Uuid, slot: u8) -> Result<(), SealingError> {
        let mut pools = self.pools.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(key) = pools
            .get_mut(&id)
            .and_then(|pool| pool.slots.get_mut(usize::from(slot)))
        {
            *key = None;
        }
        Ok(())
    }
}

/// Pools in the broker's bucket `KEYS`.
pub struct JetStreamKeys {
    context: jetstream::Context,
    bucket: OnceCell<kv::Store>,
}

impl std::fmt::Debug for JetStreamKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JetStreamKeys")
    }
}

/// How often destroying is tried against others who change the same pool.
const DESTROY_TRIES: u32 = 16;

impl JetStreamKeys {
    /// The bucket over a connection; it is looked up when first needed.
    pub fn new(client: async_nats::Client) -> Self {
        Self {
            context: jetstream::new(client),
            bucket: OnceCell::new(),
        }
    }

    async fn bucket(&self) -> Result<&kv::Store, SealingError> {
        self.bucket
            .get_or_try_init(|| self.context.get_key_value(KEYS_BUCKET))
            .await
            .map_err(|error| SealingError::Unavailable(error.to_string()))
    }
}

/// A pool as the bucket holds it, for a copy elsewhere: its keys are wrapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its name in the bucket.
    pub name: String,
    /// In the order of changes.
    pub revision: u64,
    /// What stands there.
    pub value: Vec<u8>,
}

impl JetStreamKeys {
    /// The first pool that was made or changed after a revision.
    pub async fn changed_after(&self, revision: u64) -> Result<Option<Kept>, SealingError> {
        let unavailable = |error: &dyn std::fmt::Display| SealingError::Unavailable(error.to_string());
        let bucket = self.bucket().await?;
        let found = bucket
            .stream
            .direct_get_next_for_subject(format!("{}>", bucket.prefix), Some(revision + 1))
            .await;
        match found {
            Ok(message) => Ok(Some(Kept {
                name: message
                    .subject
                    .strip_prefix(&bucket.prefix)
                    .unwrap_or_default()
                    .to_owned(),
                revision: message.sequence,
                value: message.payload.to_vec(),
            })),
            Err(error) if error.kind() == jetstream::stream::DirectGetErrorKind::NotFound => Ok(None),
            Err(error) => Err(unavailable(&error)),
        }
    }

    /// Deletes what a pool was before a revision: the broker overwrites it where it stood.
    async fn overwrite_older(&self, id: Uuid, revision: u64) -> Result<(), SealingError> {
        let unavailable = |error: &dyn std::fmt::Display| SealingError::Unavailable(error.to_string());
        let bucket = self.bucket().await?;
        let subject = format!("{}{}", bucket.prefix, id.simple());
        for _ in 0..DESTROY_TRIES {
            let oldest = bucket
                .stream
                .direct_get_next_for_subject(subject.clone(), Some(1))
                .await;
            match oldest {
                Ok(oldest) if oldest.sequence < revision => {
                    bucket
                        .stream
                        .delete_message(oldest.sequence)
                        .await
                        .map_err(|error| unavailable(&error))?;
                }
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == jetstream::stream::DirectGetErrorKind::NotFound => return Ok(()),
                Err(error) => return Err(unavailable(&error)),
            }
        }
        Err(SealingError::Unavailable("the pool keeps changing".to_owned()))
    }

    /// Puts a pool back that the bucket lost; whether it had.
    pub async fn put_back(&self, name: &str, value: Vec<u8>) -> Result<bool, SealingError> {
        let unavailable = |error: &dyn std::fmt::Display| SealingError::Unavailable(error.to_string());
        let bucket = self.bucket().await?;
        if bucket.get(name).await.map_err(|error| unavailable(&error))?.is_some() {
            return Ok(false);
        }
        bucket
            .put(name, value.into())
            .await
            .map_err(|error| unavailable(&error))?;
        Ok(true)
    }
}

#[async_trait]
impl KeyStore for JetStreamKeys {
    async fn put(&self, id: Uuid, pool: &Pool) -> Result<(), SealingError> {
        let bytes = serde_json::to_vec(pool).map_err(|error| SealingError::Unavailable(error.to_string()))?;
        self.bucket()
            .await?
            .put(id.simple().to_string(), bytes.into())
            .await
            .map(|_| ())
            .map_err(|error| SealingError::Unavailable(error.to_string()))
    }

    async fn get(&self, id: Uuid) -> Result<Option<Pool>, SealingError> {
        let entry = self
            .bucket()
            .await?
            .get(id.simple().to_string())
            .await
            .map_err(|error| SealingError::Unavailable(error.to_string()))?;
        entry
            .map(|bytes| serde_json::from_slice(&bytes).map_err(|error| SealingError::Unavailable(error.to_string())))
            .transpose()
    }

    async fn destroy(&self, id: Uuid, slot: u8) -> Result<(), SealingError> {
        let bucket = self.bucket().await?;
        let unavailable = |error: &dyn std::fmt::Display| SealingError::Unavailable(error.to_string());
        for _ in 0..DESTROY_TRIES {
            let Some(entry) = bucket
                .entry(id.simple().to_string())
                .await
                .map_err(|error| unavailable(&error))?
            else {
                return Ok(());
            };
            let mut pool: Pool = serde_json::from_slice(&entry.value).map_err(|error| unavailable(&error))?;
            match pool.slots.get_mut(usize::from(slot)) {
                Some(key) if key.is_some() => *key = None,
                // It is gone, and so must be what the pool was before, if whoever did it did not come to that.
                Some(_) | None => return self.overwrite_older(id, entry.revision).await,
            }
            let bytes = serde_json::to_vec(&pool).map_err(|error| unavailable(&error))?;
            let updated = bucket
                .update(id.simple().to_string(), bytes.into(), entry.revision)
                .await;
            if let Ok(revision) = updated {
                return self.overwrite_older(id, revision).await;
            }
        }
        Err(SealingError::Unavailable("the pool keeps changing".to_owned()))
    }
}
