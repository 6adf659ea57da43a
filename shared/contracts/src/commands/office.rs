//! What the district office asks: of patterns, of requests to the state, and of reviews.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Named;
use crate::events::flexibility::Rule;
use crate::ids::{FlexibilityId, LoopId};
use crate::text::{Line, Passage, Text, blank_is_none};
use crate::vocabulary::{Finding, Pillar};

bodies! {
    /// Propose to change the rule of a pattern; it goes before a team.
    ProposeRevision {
        /// The team that decides: its id or name.
        team: Named,
        /// One line for the register.
        title: Line,
        /// What every school may do from then on.
        text: Passage,
        /// Why.
        #[serde(default, deserialize_with = "blank_is_none")]
        rationale: Option<Passage>,
        /// The rule that is changed; the pattern's own where absent.
        #[serde(default)]
        rule: Option<Rule>,
        /// Under which conditions.
        #[serde(default, deserialize_with = "blank_is_none")]
        conditions: Option<Passage>,
        /// What stays required all the same.
        #[serde(default, deserialize_with = "blank_is_none")]
        stays_required: Option<Passage>,
        /// The flexibility that becomes every school's; else a new one is written down.
        #[serde(default)]
        widens: Option<FlexibilityId>,
        /// Who answers for it, where you work in several departments or in none.
        #[serde(default, deserialize_with = "blank_is_none")]
        department: Option<Named>,
    }

    /// Decide for the team on a proposed change.
    DecideRevision {
        /// Whether the rule changes.
        adopted: bool,
        /// What is decided, in words.
        decision: Passage,
        /// Which proposal, else the open one.
        #[serde(default)]
        revision: Option<u32>,
    }

    /// Write a request to the state down, as far as it is known; what was written before is replaced.
    DraftWaiver {
        /// The loop whose answer it is.
        #[serde(rename = "loop")]
        loop_id: LoopId,
        /// The state's way of asking, by its code.
        regime: Text<60>,
        /// What the request says, by the names of its parts.
        #[serde(default)]
        parts: BTreeMap<Text<60>, Passage>,
    }

    /// The request has gone to the state.
    SubmitWaiver {
        /// On which day it was received; today where absent.
        #[serde(default)]
        on: Option<NaiveDate>,
    }

    /// The state has answered.
    AnswerWaiver {
        /// Whether it said yes.
        granted: bool,
        /// On which day; today where absent.
        #[serde(default)]
        on: Option<NaiveDate>,
        /// Its last day, where it said yes.
        #[serde(default)]
        until: Option<NaiveDate>,
        /// How the state cites its answer.
        #[serde(default, deserialize_with = "blank_is_none")]
        reference: Option<Text<120>>,
        /// What it said.
        #[serde(default, deserialize_with = "blank_is_none")]
        text: Option<Passage>,
    }

    /// Open a review: the district looks at its own rules first.
    OpenReview {
        /// What is looked at, such as `Student handbook`.
        title: Line,
        /// How it is cited.
        #[serde(default, deserialize_with = "blank_is_none")]
        citation: Option<Text<120>>,
        /// Why, and what is looked for.
        #[serde(default, deserialize_with = "blank_is_none")]
        purpose: Option<Passage>,
        /// By which day it is done.
        #[serde(default)]
        due_on: Option<NaiveDate>,
        /// Whose rules they are, where you work in several departments or in none.
        #[serde(default, deserialize_with = "blank_is_none")]
        department: Option<Named>,
    }

    /// Say what one part of the document does.
    ExamineClause {
        /// Which part.
        clause: Text<80>,
        /// `keeps`, `bends` or `blocks`.
        finding: Finding,
        /// For which pillar.
        #[serde(default)]
        pillar: Option<Pillar>,
        /// Why.
        note: Passage,
    }

    /// Close a review.
    ConcludeReview {
        /// What was found.
        summary: Passage,
    }
}
