//! What may be asked of the ledger.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use uuid::Uuid;

use super::loops::HoldView;
use crate::ids::{DisclosureId, District, LoopId};
use crate::vocabulary::{Damaged, Disclosure, ErasureGround, KeepsWords, WithheldGround};

/// The latest checkpoint of a district's ledger. Anybody may ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CheckpointQuery {
    /// The district.
    pub district: District,
}

/// The keys of a district's ledger. Anybody may ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeysQuery {
    /// The district.
    pub district: District,
}

/// A signed checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Checkpoint {
    /// C2SP's tlog-checkpoint, signed.
    pub note: String,
    /// How many entries it covers.
    pub size: u64,
    /// When it was signed.
    pub at: DateTime<Utc>,
}

/// Hashes of a district's tree. Anybody may ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TileQuery {
    /// The district.
    pub district: District,
    /// The level of tiles: 0 are hashes of entries.
    pub level: u8,
    /// Which of the level.
    pub index: u64,
    /// How many hashes: 256, or fewer at the right edge of a tree that was signed.
    pub width: u16,
}

/// A tile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tile {
    /// The hashes one after the other, in base64.
    pub hashes: String,
}

/// Leaves of the asker's district, from an index on. For auditors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeavesQuery {
    /// The first.
    pub first: u64,
    /// How many at most; as many are given as one message holds.
    pub count: u16,
}

/// Leaves, each in base64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Leaves {
    /// In their order.
    pub entries: Vec<String>,
}

/// The receipt of a loop: that its last event the asker may read is in the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReceiptQuery {
    /// The loop.
    pub id: LoopId,
}

/// A receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Receipt {
    /// C2SP's tlog-proof, with the entry as its extra data.
    pub proof: String,
    /// The stream sequence of the event it proves.
    pub sequence: u64,
    /// When its checkpoint was signed.
    pub at: DateTime<Utc>,
}

/// How the asker's district's ledger stands. For auditors, leaders and administrators.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LedgerQuery {}

/// How a ledger stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LedgerView {
    /// The first line of its checkpoints.
    pub origin: String,
    /// Its keys as those who verify name them, the one in force first.
    pub verifier_keys: Vec<String>,
    /// Its checkpoints, the latest first, so many.
    pub checkpoints: Vec<Checkpoint>,
    /// How many entries it has, signed or not yet.
    pub entries: u64,
    /// Who keeps a checkpoint outside, the latest first.
    pub kept: Vec<KeptOutside>,
    /// What is wrong with the log now, in a sentence: until it is mended, nothing more is taken in.
    pub damaged: Option<String>,
    /// What was ever found wrong with the log, the latest first.
    pub alarms: Vec<LedgerAlarm>,
}

/// The last check of the whole ledger of the asker's district. For those who look after it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CheckQuery {
    /// Begin one, where none is under way.
    pub again: bool,
}

/// A check of a whole ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CheckView {
    /// When it began.
    pub began: DateTime<Utc>,
    /// Entries checked so far.
    pub checked: u64,
    /// Of how many.
    pub of: u64,
    /// When it ended; none while it is under way.
    pub ended: Option<DateTime<Utc>>,
    /// Whether the record holds.
    pub sound: Option<bool>,
    /// What was checked and what cannot be, or the first thing that does not hold.
    pub words: String,
}

/// Somebody who keeps a checkpoint outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeptOutside {
    /// Who.
    pub by: String,
    /// How many entries it covers.
    pub size: u64,
    /// Since when.
    pub at: DateTime<Utc>,
}

/// Something that was wrong with the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LedgerAlarm {
    /// What.
    pub damage: Damaged,
    /// The first stream sequence concerned.
    pub from: u64,
    /// The last.
    pub to: u64,
    /// When it was found.
    pub at: DateTime<Utc>,
}

/// What was given out of a loop, entry by entry. For auditors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SliceQuery {
    /// The loop.
    pub id: LoopId,
    /// The event by which it was given out, by stream sequence: it says what is kept back.
    pub disclosed: u64,
    /// Entries after this one, by stream sequence.
    #[serde(default)]
    pub after: u64,
}

/// Entries of what was given out, as many as one message holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Slice {
    /// What was given out together has one.
    pub disclosure: DisclosureId,
    /// In what form.
    pub form: Disclosure,
    /// To whom.
    pub to: String,
    /// By whom.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
    /// The keys that sign the record, the one in force first.
    pub keys: Vec<String>,
    /// In their order.
    pub entries: Vec<SliceEntry>,
    /// Where the next ones begin; none where there are no more.
    pub next: Option<u64>,
}

/// One entry of what was given out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SliceEntry {
    /// Its stream sequence.
    pub sequence: u64,
    /// The event's name in snake case.
    pub kind: String,
    /// When.
    pub time: DateTime<Utc>,
    /// Who did it.
    pub actor: String,
    /// That it is in the record: a receipt, which holds the entry itself.
    pub proof: String,
    /// Its texts.
    pub texts: Vec<SliceText>,
}

/// One text of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SliceText {
    /// Its field.
    pub field: String,
    /// What became of it.
    #[serde(flatten)]
    pub is: SliceIs,
}

/// What became of a text that was given out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum SliceIs {
    /// It is given, with what shows that it is the one that was written: the commitment in the entry is
    /// SHA-256("loopline/commit/v1" 0x00 salt text).
    Given {
        /// What it says.
        words: String,
        /// 32 bytes, base64.
        salt: String,
    },
    /// It is kept back.
    Withheld {
        /// Why.
        ground: WithheldGround,
    },
    /// It was erased.
    Erased,
}

/// Asks for the words of a thing beside the loops, one by one: of those who erase and those who hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WordsQuery {
    /// Whose words.
    pub of: KeepsWords,
    /// Which.
    pub id: Uuid,
}

/// The words of a thing beside the loops.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WordsView {
    /// Whose words.
    pub of: KeepsWords,
    /// Which.
    pub id: Uuid,
    /// Each text, in the order in which they were written.
    pub texts: Vec<WordsText>,
    /// Since when nothing may be erased: each hold by its event.
    pub holds: Vec<HoldView>,
    /// What was erased: when, by whom, on what ground.
    pub erased: Vec<WordsGone>,
    /// What the one who asks may do: `erase`, `hold`, `release`.
    pub offers: Vec<String>,
}

/// One of its texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WordsText {
    /// By this it is named: the stream sequence of its event, a slash, its field.
    pub text: String,
    /// What happened in that event.
    pub kind: String,
    /// When.
    pub time: DateTime<Utc>,
    /// Its words; that they are erased, where they are.
    pub words: String,
    /// Whether they are.
    pub erased: bool,
    /// Whether they were taken over from where somebody wrote them, and are erased there.
    pub taken_over: bool,
}

/// Words that were erased at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WordsGone {
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: String,
    /// On what ground.
    pub ground: ErasureGround,
    /// How many texts.
    pub texts: u32,
}
