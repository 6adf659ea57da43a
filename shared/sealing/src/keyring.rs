//! Keys at hand: those opened before, and a few new ones made ahead of need.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use contracts::sealed::{KeyId, Sealed};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use rand::Rng;
use runtime::crash;
use tokio::sync::Mutex as AsyncMutex;
use tokio::time::Instant;
use uuid::Uuid;

use crate::POOL_SLOTS;
use crate::cipher::{MasterKey, NotOpened, SealingKey};
use crate::store::{KeyStore, Pool};

/// New keys at hand below which another pool is made in the background.
const LOW_WATER: usize = POOL_SLOTS as usize / 2;
/// Pools whose keys are remembered: some ten megabytes.
const POOLS_MAX: usize = 2048;
/// How long a pool is remembered before the store is asked again: nobody opens words for longer than this after their key
/// was destroyed elsewhere, told of it or not.
const POOL_LIFE: Duration = Duration::from_mins(5);
/// Pools fetched at a time.
const SIDE_BY_SIDE: usize = 8;

/// Why a text could not be sealed or opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealingError {
    /// The key store is away.
    #[error("the key store cannot be reached: {0}")]
    Unavailable(String),
    /// The key was destroyed: the words are gone for good.
    #[error("the key {0} was destroyed")]
    Erased(KeyId),
    /// The text does not fit its key or commitment.
    #[error(transparent)]
    NotOpened(#[from] NotOpened),
}

/// All keys this process has in hand.
#[derive(Clone)]
pub struct Keyring {
    shared: Arc<Shared>,
}

struct Shared {
    store: Arc<dyn KeyStore>,
    master: MasterKey,
    state: Mutex<State>,
    making: AsyncMutex<()>,
}

#[derive(Default)]
struct State {
    fresh: VecDeque<KeyId>,
    // Each with the moment at which it was read, or made.
    pools: HashMap<Uuid, (Instant, Arc<Pool>)>,
    order: VecDeque<Uuid>,
    // Keys that are as good as destroyed: whoever destroys them has been told, and may not have come to it yet.
    forgotten: HashSet<KeyId>,
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keyring")
            .field("store", &self.shared.store)
            .finish_non_exhaustive()
    }
}

impl State {
    /// A pool, unless the store is to be asked for it.
    fn known(&self, id: Uuid) -> Option<&Arc<Pool>> {
        let known = self.pools.get(&id);
        known
            .filter(|(read, _)| read.elapsed() < POOL_LIFE)
            .map(|(_, pool)| pool)
    }

    fn remember(&mut self, id: Uuid, pool: Arc<Pool>) {
        if self.pools.insert(id, (Instant::now(), pool)).is_none() {
            self.order.push_back(id);
            if self.order.len() > POOLS_MAX
                && let Some(oldest) = self.order.pop_front()
            {
                self.pools.remove(&oldest);
            }
        }
    }
}

impl Keyring {
    /// A keyring over a store.
    pub fn new(store: Arc<dyn KeyStore>, master: MasterKey) -> Self {
        let state = Mutex::new(State::default());
        Self {
            shared: Arc::new(Shared {
                store,
                master,
                state,
                making: AsyncMutex::new(()),
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared
            .state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// A key nobody has used. Made ahead of need: only the first call of all waits for the store.
    pub async fn lease(&self) -> Result<KeyId, SealingError> {
        loop {
            let (taken, low) = {
                let mut state = self.state();
                let taken = state.fresh.pop_front();
                (taken, state.fresh.len() < LOW_WATER)
            };
            match taken {
                Some(id) => {
                    if low && self.shared.making.try_lock().is_ok() {
                        let keyring = self.clone();
                        tokio::spawn(async move {
                            // If this fails, the lease that finds no key says so.
                            let _ = keyring.make(LOW_WATER).await;
                        });
                    }
                    return Ok(id);
                }
                None => self.make(1).await?,
            }
        }
    }

    /// Makes one pool, unless somebody else just did.
    async fn make(&self, wanted: usize) -> Result<(), SealingError> {
        let _making = self.shared.making.lock().await;
        if self.state().fresh.len() >= wanted {
            return Ok(());
        }
        let pool = Uuid::from_bytes(random());
        let ids: Vec<KeyId> = (0..POOL_SLOTS).map(|slot| KeyId { pool, slot }).collect();
        let wrapped = Pool::new(ids.iter().map(|id| {
            let key = SealingKey::new(random());
            self.shared.master.wrap(*id, &key, random())
        }));
        crash::point("keys.put.before");
        self.shared.store.put(pool, &wrapped).await?;
        crash::point("keys.put.after");
        let mut state = self.state();
        state.remember(pool, Arc::new(wrapped));
        state.fresh.extend(ids);
        Ok(())
    }

    /// Fetches what is needed to open texts under these keys, some of it side by side: opening many then waits for none.
    pub async fn fetch_all(&self, keys: impl IntoIterator<Item = KeyId>) -> Result<(), SealingError> {
        let missing: HashSet<Uuid> = {
            let state = self.state();
            let pools = keys.into_iter().map(|key| key.pool);
            pools.filter(|pool| state.known(*pool).is_none()).collect()
        };
        stream::iter(missing)
            .map(|pool| self.fetch(pool))
            .buffer_unordered(SIDE_BY_SIDE)
            .try_for_each(async |_| Ok(()))
            .await
    }

    async fn key(&self, id: KeyId) -> Result<SealingKey, SealingError> {
        let known = {
            let state = self.state();
            if state.forgotten.contains(&id) {
                return Err(SealingError::Erased(id));
            }
            state.known(id.pool).cloned()
        };
        let pool = match known {
            Some(pool) => pool,
            None => self.fetch(id.pool).await?,
        };
        // A pool is opened key by key: few of its texts are ever read together.
        let wrapped = pool.slot(id.slot).ok_or(SealingError::Erased(id))?;
        Ok(self.shared.master.unwrap(id, wrapped)?)
    }

    async fn fetch(&self, pool: Uuid) -> Result<Arc<Pool>, SealingError> {
        let kept = Arc::new(self.shared.store.get(pool).await?.unwrap_or_default());
        self.state().remember(pool, kept.clone());
        Ok(kept)
    }

    /// Seals a text under a key.
    pub async fn seal(&self, id: KeyId, text: &str) -> Result<Sealed, SealingError> {
        Ok(self.key(id).await?.seal(id, text, random()))
    }

    /// Opens a sealed text.
    pub async fn open(&self, sealed: &Sealed) -> Result<String, SealingError> {
        Ok(self.key(sealed.key).await?.open(sealed)?)
    }

    /// Opens a sealed text with its salt, to give it to somebody who can then show that it was written.
    pub async fn disclose(&self, sealed: &Sealed) -> Result<(String, String), SealingError> {
        Ok(self.key(sealed.key).await?.open_with_salt(sealed)?)
    }

    /// Opens nothing under these keys from now on: they are destroyed, or will be in a moment.
    pub fn forget(&self, ids: impl IntoIterator<Item = KeyId>) {
        self.state().forgotten.extend(ids);
    }

    /// Destroys a key: what was sealed under it is erased for good.
    pub async fn destroy(&self, id: KeyId) -> Result<(), SealingError> {
        self.shared.store.destroy(id.pool, id.slot).await?;
        let mut state = self.state();
        state.pools.remove(&id.pool);
        state.order.retain(|pool| *pool != id.pool);
        Ok(())
    }
}

/// Random bytes for keys, salts and nonces: from the operating system's generator, never from a seed.
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::MemoryKeys;

    #[tokio::test]
    async fn what_one_process_seals_another_opens_until_the_key_is_destroyed() {
        let store = Arc::new(MemoryKeys::default());
        let here = Keyring::new(store.clone(), MasterKey::new([7; 32]));
        let there = Keyring::new(store.clone(), MasterKey::new([7; 32]));
        let id = here.lease().await.expect("a key");
        let sealed = here.seal(id, "what gets in the way").await.expect("sealed");
        assert_eq!(there.open(&sealed).await.as_deref(), Ok("what gets in the way"));
        let other = there
            .seal(there.lease().await.expect("a key"), "another")
            .await
            .expect("sealed");
        there.forget([id]);
        assert_eq!(there.open(&sealed).await, Err(SealingError::Erased(id)));
        assert_eq!(there.open(&other).await.as_deref(), Ok("another"));
        here.destroy(id).await.expect("destroyed");
        assert_eq!(here.open(&sealed).await, Err(SealingError::Erased(id)));
        let later = Keyring::new(store, MasterKey::new([7; 32]));
        assert_eq!(later.open(&sealed).await, Err(SealingError::Erased(id)));
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_not_told_that_a_key_was_destroyed_finds_out_in_minutes() {
        let store = Arc::new(MemoryKeys::default());
        let here = Keyring::new(store.clone(), MasterKey::new([7; 32]));
        let there = Keyring::new(store, MasterKey::new([7; 32]));
        let id = here.lease().await.expect("a key");
        let sealed = here.seal(id, "a name").await.expect("sealed");
        assert_eq!(there.open(&sealed).await.as_deref(), Ok("a name"));
        here.destroy(id).await.expect("destroyed");
        tokio::time::advance(POOL_LIFE).await;
        assert_eq!(there.open(&sealed).await, Err(SealingError::Erased(id)));
    }

    #[tokio::test]
    async fn what_was_fetched_for_many_texts_is_not_asked_for_again() {
        let store = Arc::new(MemoryKeys::default());
        let here = Keyring::new(store.clone(), MasterKey::new([7; 32]));
        let there = Keyring::new(store.clone(), MasterKey::new([7; 32]));
        let mut sealed = Vec::new();
        for nth in 0..=2 * usize::from(POOL_SLOTS) {
            let id = here.lease().await.expect("a key");
            sealed.push(here.seal(id, &nth.to_string()).await.expect("sealed"));
        }
        let pools: HashSet<Uuid> = sealed.iter().map(|sealed| sealed.key.pool).collect();
        assert!(pools.len() > 1, "the texts are under keys of several pools");
        let fetched = there.fetch_all(sealed.iter().map(|sealed| sealed.key)).await;
        assert_eq!(fetched, Ok(()));
        // Whoever asked the store now would learn that they are gone.
        for sealed in &sealed {
            store
                .destroy(sealed.key.pool, sealed.key.slot)
                .await
                .expect("destroyed");
        }
        for (nth, sealed) in sealed.iter().enumerate() {
            assert_eq!(there.open(sealed).await, Ok(nth.to_string()));
        }
    }

    #[tokio::test]
    async fn no_key_is_leased_twice() {
        let keyring = Keyring::new(Arc::new(MemoryKeys::default()), MasterKey::new([7; 32]));
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..300 {
            assert!(seen.insert(keyring.lease().await.expect("a key")));
        }
    }
}
