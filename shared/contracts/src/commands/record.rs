//! What may be asked of the ledger.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{DisclosureId, EventId};
use crate::text::{Line, Passage, blank_is_none};
use crate::vocabulary::{Disclosure, ErasureGround, KeepsWords, WithheldGround};

bodies! {
    /// Say that you keep a checkpoint outside: printed, mailed, given to the board.
    KeepCheckpoint {
        /// How many entries it covers: its second line.
        size: u64,
    }

    /// Erase words of a loop for good.
    Erase {
        /// Which: each as the stream sequence of its event, a slash and its field, such as `1042/barrier`; `all` for
        /// every text that was written in the loop.
        texts: Vec<String>,
        /// On what ground.
        ground: ErasureGround,
        /// Who asked, or by which order. It must not say again what is erased.
        why: Line,
    }

    /// Forbid erasing anything of a loop until this is lifted.
    Hold {
        /// For which request or case.
        why: Line,
    }

    /// Lift a hold.
    LiftHold {
        /// Which, by its event; not needed where there is one.
        #[serde(default)]
        hold: Option<EventId>,
        /// Why it is no longer needed.
        #[serde(default, deserialize_with = "blank_is_none")]
        why: Option<Line>,
    }

    /// Erase words for good that stand beside the loops: in the register, in a pattern, a request to the state or a review;
    /// or a person's name and title.
    EraseWords {
        /// Whose words they are.
        of: KeepsWords,
        /// Which: each as the stream sequence of its event, a slash and its field; `all` for every one. A person's go
        /// together: `all`.
        texts: Vec<String>,
        /// On what ground.
        ground: ErasureGround,
        /// Who asked, or by which order. It must not say again what is erased.
        why: Line,
    }

    /// Forbid erasing any of a thing's words until this is lifted.
    HoldWords {
        /// Whose words they are.
        of: KeepsWords,
        /// For which request or case.
        why: Line,
    }

    /// Lift such a hold.
    ReleaseWords {
        /// Whose words they are.
        of: KeepsWords,
        /// Which, by its event; not needed where there is one.
        #[serde(default)]
        hold: Option<EventId>,
        /// Why it is no longer needed.
        #[serde(default, deserialize_with = "blank_is_none")]
        why: Option<Line>,
    }

    /// Give a loop's record out: what is given and what is kept back is written down first, and can then be had.
    Disclose {
        /// In what form.
        form: Disclosure,
        /// To whom.
        to: Line,
        /// Texts that are kept back.
        #[serde(default)]
        withhold: Vec<Withhold>,
        /// What this is given out together with; where it is missing, it is given out by itself.
        #[serde(default)]
        disclosure: Option<DisclosureId>,
    }

    /// A text that is kept back.
    Withhold {
        /// Which, as for erasing.
        text: String,
        /// Why.
        ground: WithheldGround,
    }

    /// Contest what stands in a loop: what you say is added, and travels with it.
    Contest {
        /// What you say.
        text: Passage,
        /// Whose words these are, where they are not yours.
        #[serde(default, deserialize_with = "blank_is_none")]
        on_behalf_of: Option<Line>,
        /// The event that it speaks of, by stream sequence.
        #[serde(default)]
        about: Option<u64>,
    }
}
