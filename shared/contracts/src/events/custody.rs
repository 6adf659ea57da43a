//! What happened to the record of a loop itself: words erased, held against erasing, contested, given to somebody.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::owned_events;
use crate::ids::{DisclosureId, EventId};
use crate::sealed::{KeyId, Sealed};
use crate::vocabulary::{Disclosure, ErasureGround, WithheldGround};

/// How the types of events begin that erase words for good: of a loop, and beside the loops.
pub const ERASES: [&str; 2] = ["org.loopline.ledger.erased.", "org.loopline.ledger.words_erased."];

owned_events! {
    /// Events of the record of a loop.
    CustodyEvent of "ledger" {
        /// Words were erased for good.
        Erased = "erased",
        /// Nothing may be erased here until this is lifted.
        HoldPlaced = "hold_placed",
        /// A hold was lifted.
        HoldLifted = "hold_lifted",
        /// Somebody contests what stands here: their words travel with it.
        StatementAttached = "statement_attached",
        /// It was given to somebody outside.
        RecordDisclosed = "record_disclosed",
    }
}

/// One text of a loop: the field of an event.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct TextPlace {
    /// The stream sequence of the event.
    pub event: u64,
    /// Its field; a field within a field after a slash.
    pub field: String,
}

/// Words were erased for good: their keys are destroyed, wherever else they stand sealed under them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Erased {
    /// On what ground.
    pub ground: ErasureGround,
    /// Who asked, or by which order.
    pub why: Sealed,
    /// What.
    pub texts: Vec<ErasedText>,
}

/// A text that was erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ErasedText {
    /// Where it stood.
    #[serde(flatten)]
    pub place: TextPlace,
    /// The key that is destroyed.
    pub key: KeyId,
    /// What remains: whoever still has text and salt can show that this is what it was.
    pub commitment: String,
}

/// Nothing may be erased here until this is lifted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HoldPlaced {
    /// For which request or case.
    pub why: Sealed,
}

/// A hold was lifted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HoldLifted {
    /// The event that placed it.
    pub hold: EventId,
    /// Why it is no longer needed.
    pub why: Option<Sealed>,
}

/// Somebody contests what stands here. Nothing is changed: this is added, and travels with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StatementAttached {
    /// What they say.
    pub text: Sealed,
    /// Whose words these are, where not those of whoever wrote them down.
    pub on_behalf_of: Option<Sealed>,
    /// The event that it speaks of, by stream sequence; none for all of it.
    pub about: Option<u64>,
}

/// It was given to somebody outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecordDisclosed {
    /// What was given together has one.
    pub disclosure: DisclosureId,
    /// In what form.
    pub form: Disclosure,
    /// To whom.
    pub to: Sealed,
    /// Up to and with which event of this loop, by stream sequence.
    pub up_to: u64,
    /// Texts that were kept back, each with its ground.
    pub withheld: Vec<Withheld>,
}

/// A text that was kept back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Withheld {
    /// Where it stands.
    #[serde(flatten)]
    pub place: TextPlace,
    /// Why it is kept back.
    pub ground: WithheldGround,
}
