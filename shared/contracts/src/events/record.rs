//! What happened to a district's record itself: found damaged, signed by another key, read, written out, vouched for.
//!
//! They stand under `loop.<district>.record.<id>`, one thing a year, and one for each thing beside the loops whose words
//! were held or erased; and so become entries of the ledger themselves.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use uuid::Uuid;

use super::custody::ErasedText;
use super::owned_events;
use crate::ids::EventId;
use crate::sealed::Sealed;
use crate::vocabulary::{Damaged, ErasureGround, KeepsWords};

owned_events! {
    /// Events of a district's record.
    RecordEvent of "ledger" {
        /// Something was wrong with the log.
        DamageFound = "damage_found",
        /// Checkpoints are signed by another key from now on.
        SigningKeyChanged = "signing_key_changed",
        /// Somebody read its entries.
        RecordRead = "record_read",
        /// It was written out.
        RecordExported = "record_exported",
        /// Somebody keeps a checkpoint outside.
        CheckpointKept = "checkpoint_kept",
        /// Words that stand beside the loops were erased for good.
        WordsErased = "words_erased",
        /// None of a thing's words may be erased until this is lifted.
        WordsHeld = "words_held",
        /// Such a hold was lifted.
        WordsReleased = "words_released",
    }
}

/// Something was wrong with the log that all districts share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DamageFound {
    /// What.
    pub damage: Damaged,
    /// The first stream sequence concerned. Whose messages they were, nobody can say.
    pub from: u64,
    /// The last.
    pub to: u64,
    /// When it was found.
    pub found_at: DateTime<Utc>,
}

/// Checkpoints are signed by another key from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SigningKeyChanged {
    /// The key before, as those who verify name it.
    pub from: String,
    /// The key now.
    pub to: String,
}

/// Somebody read entries of the record over HTTP: once a day and person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecordRead {
    /// The first entry they asked for that day.
    pub first: u64,
}

/// The record was written out by whoever runs the system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecordExported {
    /// How many entries.
    pub entries: u64,
    /// The root over them, in base64.
    pub root: String,
}

/// Somebody keeps a checkpoint outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CheckpointKept {
    /// How many entries it covers.
    pub size: u64,
    /// Its root, in base64.
    pub root: String,
}

/// A thing beside the loops that keeps words which people wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct WordsOf {
    /// What it is.
    pub of: KeepsWords,
    /// Which.
    pub id: Uuid,
}

/// Words that stand beside the loops were erased for good: their keys are destroyed, wherever else they stand sealed
/// under them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WordsErased {
    /// Whose.
    #[serde(flatten)]
    pub of: WordsOf,
    /// On what ground.
    pub ground: ErasureGround,
    /// Who asked, or by which order.
    pub why: Sealed,
    /// What.
    pub texts: Vec<ErasedText>,
}

/// None of a thing's words may be erased until this is lifted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WordsHeld {
    /// Whose.
    #[serde(flatten)]
    pub of: WordsOf,
    /// For which request or case.
    pub why: Sealed,
}

/// Such a hold was lifted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WordsReleased {
    /// Whose.
    #[serde(flatten)]
    pub of: WordsOf,
    /// The event that placed it.
    pub hold: EventId,
    /// Why it is no longer needed.
    pub why: Option<Sealed>,
}
