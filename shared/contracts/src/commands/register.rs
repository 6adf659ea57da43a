//! What is asked of the register.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Named;
use crate::area::Area;
use crate::events::flexibility::{Readers, Rule};
use crate::ids::SchoolId;
use crate::text::{Line, Passage, blank_is_none};
use crate::vocabulary::{PilotChoice, Readership, Says, ScopeLevel};

bodies! {
    /// Write something into the register that no loop led to.
    WriteDown {
        /// `flexibility`, `clarification` (it was always allowed) or `non_negotiable` (it must stay as it is).
        says: Says,
        /// One line.
        title: Line,
        /// What you may do, in a sentence; of what must stay: what, and why.
        text: Passage,
        /// Why.
        #[serde(default, deserialize_with = "blank_is_none")]
        rationale: Option<Passage>,
        /// The rule it bends, explains or stands in.
        rule: Rule,
        /// The area.
        area: Area,
        /// For whom; every school where absent.
        #[serde(default)]
        scope: Option<ScopeAsked>,
        /// Under which conditions.
        #[serde(default, deserialize_with = "blank_is_none")]
        conditions: Option<Passage>,
        /// What stays required all the same.
        #[serde(default, deserialize_with = "blank_is_none")]
        stays_required: Option<Passage>,
        /// Its first day; today where absent.
        #[serde(default)]
        starts_on: Option<NaiveDate>,
        /// Its last day.
        #[serde(default)]
        ends_on: Option<NaiveDate>,
        /// When the department looks at it again.
        #[serde(default)]
        review_on: Option<NaiveDate>,
        /// The question a pilot must answer; with one, it is a pilot and needs an end.
        #[serde(default, deserialize_with = "blank_is_none")]
        pilot_question: Option<Passage>,
        /// Who answers for it, where you work in several departments or in none.
        #[serde(default, deserialize_with = "blank_is_none")]
        department: Option<Named>,
        /// Who may read of it; everybody in the district where absent.
        #[serde(default)]
        readers: Option<Readers>,
    }

    /// Let more schools use it.
    Widen {
        /// For whom from now on.
        scope: ScopeAsked,
        /// Why.
        #[serde(default, deserialize_with = "blank_is_none")]
        why: Option<Passage>,
    }

    /// Change its conditions, or what stays required.
    ChangeConditions {
        /// The conditions from now on; none where absent.
        #[serde(default, deserialize_with = "blank_is_none")]
        conditions: Option<Passage>,
        /// What stays required from now on; nothing where absent.
        #[serde(default, deserialize_with = "blank_is_none")]
        stays_required: Option<Passage>,
        /// Why.
        why: Passage,
    }

    /// Say why, for one readership.
    PublishRationale {
        /// For whom it is written.
        readership: Readership,
        /// Why.
        text: Passage,
    }

    /// Say who may read of it.
    ShowTo {
        /// `concerned`, `district` or `public`.
        readers: Readers,
    }

    /// Let it hold longer.
    Renew {
        /// Its last day from now on.
        ends_on: NaiveDate,
        /// Why.
        #[serde(default, deserialize_with = "blank_is_none")]
        why: Option<Passage>,
    }

    /// Take it back.
    Revoke {
        /// Why.
        why: Passage,
    }

    /// Use it in one's school, without filing.
    Claim {
        /// The school, where you speak for several.
        #[serde(default)]
        school: Option<SchoolId>,
        /// How you use it.
        #[serde(default, deserialize_with = "blank_is_none")]
        how: Option<Passage>,
    }

    /// Answer a pilot's question, and say what follows.
    AnswerPilot {
        /// What was learned.
        answer: Passage,
        /// `stop`, `extend` (once) or `widen`.
        choice: PilotChoice,
        /// Its last day from now on, where it is extended.
        #[serde(default)]
        ends_on: Option<NaiveDate>,
        /// For whom from now on, where it is widened; every school where absent.
        #[serde(default)]
        scope: Option<ScopeAsked>,
    }
}

/// For whom, as people say it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScopeAsked {
    /// `schools`, `zone` or `district`.
    pub level: ScopeLevel,
    /// The schools, where it is for some: their ids or names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub schools: Vec<Named>,
    /// The zone, where it is for one: its id or name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<Named>,
}
