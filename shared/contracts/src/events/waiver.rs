//! Requests to the state: written down, sent, and answered, by the state or by its clock.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::owned_events;
use crate::ids::{DepartmentId, LoopId, SchoolId};
use crate::sealed::{KeyId, Sealed};
use crate::text::Text;

owned_events! {
    /// Events of a request to the state.
    WaiverEvent of "flexibility" {
        /// What the request says so far.
        StateWaiverDrafted = "state_waiver_drafted",
        /// It went to the state.
        StateWaiverSubmitted = "state_waiver_submitted",
        /// The state said yes.
        StateWaiverGranted = "state_waiver_granted",
        /// The state said no.
        StateWaiverDenied = "state_waiver_denied",
        /// The state's time ran out, where its law says that this is a yes.
        StateWaiverDeemedGranted = "state_waiver_deemed_granted",
    }
}

/// A state's way of asking, as it stood when a request was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RegimeCited {
    /// Its code, such as `nc-115c-105-26`.
    pub code: Text<60>,
    /// Which version of its description.
    pub version: u32,
}

/// What the request says so far: the whole of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StateWaiverDrafted {
    /// The state's way of asking.
    pub regime: RegimeCited,
    /// The loop whose answer it is.
    #[serde(rename = "loop")]
    pub loop_id: LoopId,
    /// Which revision of that answer.
    pub revision: u32,
    /// The schools it is for.
    pub schools: BTreeSet<SchoolId>,
    /// Who answers for it.
    pub department: DepartmentId,
    /// A key of its own. Its words were sealed under it until each text had a key to itself.
    pub key: KeyId,
    /// What it says, by the names of its parts.
    pub parts: BTreeMap<Text<60>, Sealed>,
}

/// It went to the state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StateWaiverSubmitted {
    /// The day the state received it.
    pub on: NaiveDate,
    /// The last day on which the state decides, where its law names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decide_by: Option<NaiveDate>,
    /// Whether silence until then is a yes.
    pub silence_grants: bool,
    /// The longest it can be granted for, in months, where the law names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longest_months: Option<u32>,
}

/// The state said yes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StateWaiverGranted {
    /// The loop whose answer it is.
    #[serde(rename = "loop")]
    pub loop_id: LoopId,
    /// Which revision of that answer.
    pub revision: u32,
    /// On which day.
    pub on: NaiveDate,
    /// Its last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<NaiveDate>,
    /// How the state cites its answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Text<120>>,
    /// What it said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Sealed>,
}

/// The state said no.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StateWaiverDenied {
    /// The loop whose answer it is.
    #[serde(rename = "loop")]
    pub loop_id: LoopId,
    /// Which revision of that answer.
    pub revision: u32,
    /// On which day.
    pub on: NaiveDate,
    /// What it said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Sealed>,
}

/// The state's time ran out, where its law says that this is a yes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StateWaiverDeemedGranted {
    /// The loop whose answer it is.
    #[serde(rename = "loop")]
    pub loop_id: LoopId,
    /// Which revision of that answer.
    pub revision: u32,
    /// The first day on which it holds.
    pub on: NaiveDate,
    /// Its last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<NaiveDate>,
}
