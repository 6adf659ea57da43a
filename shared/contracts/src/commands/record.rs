//! What may be asked of the ledger.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

bodies! {
    /// Say that you keep a checkpoint outside: printed, mailed, given to the board.
    KeepCheckpoint {
        /// How many entries it covers: its second line.
        size: u64,
    }
}
