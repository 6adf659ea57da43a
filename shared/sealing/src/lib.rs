//! Sealed text: what people wrote and their names stand in the log only encrypted, with a commitment.
//!
//! Keys come in pools of [`POOL_SLOTS`], made ahead of need and kept wrapped under the installation's master key in
//! a key store; a loop or a person takes one key, and destroying that key erases their words from the log for good.

mod cipher;
mod keyring;
mod open;
mod store;

pub use cipher::{MasterKey, NotOpened, SealingKey};
pub use keyring::{Keyring, SealingError};
pub use open::{ERASED, OpenedText, open_json};
pub use store::{JetStreamKeys, Kept, KeyStore, MemoryKeys};

/// Keys in one pool, one entry of the key store.
pub const POOL_SLOTS: u8 = 64;
