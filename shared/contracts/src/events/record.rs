//! What happened to a district's record itself: found damaged, signed by another key, read, written out, vouched for.
//!
//! They stand under `loop.<district>.record.<id>`, one thing a year, and so become entries of the ledger themselves.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::owned_events;
use crate::vocabulary::Damaged;

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
