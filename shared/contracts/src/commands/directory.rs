//! What a district sets about itself.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Named;
use crate::events::directory::{Closed, PatternThresholds, RoutingRule};
use crate::events::routing::ServiceLevel;
use crate::text::{Line, Passage, Text, blank_is_none};
use crate::vocabulary::Role;

bodies! {
    /// The district's working days.
    SetCalendar {
        /// An IANA name; absent leaves it.
        #[serde(default)]
        time_zone: Option<Text<64>>,
        /// Days off, all of them.
        closed: Vec<Closed>,
    }

    /// A promise of days.
    SetServiceLevel {
        /// The level; the same id replaces.
        level: ServiceLevel,
    }

    /// When a rule that several schools meet is a pattern.
    SetPatternThresholds {
        /// The thresholds.
        thresholds: PatternThresholds,
    }

    /// Who gets what.
    PublishRoutingRules {
        /// In order; the first that applies wins.
        rules: Vec<RoutingRule>,
    }

    /// An innovation zone: schools that go ahead, and how the others follow. Schools can be added, not left out.
    DefineZone {
        /// Its name.
        name: Line,
        /// What it is for.
        purpose: Passage,
        /// Its schools: their ids or names, all of them.
        schools: Vec<Named>,
        /// From when on; today where absent.
        #[serde(default)]
        starts: Option<NaiveDate>,
        /// How what is learned comes to the schools outside it.
        #[serde(default, deserialize_with = "blank_is_none")]
        plan: Option<Passage>,
        /// By which day the district looks at that plan.
        #[serde(default)]
        look_on: Option<NaiveDate>,
    }

    /// What a person is, and where; to grant it, or to take it away.
    GrantRole {
        /// The role.
        role: Role,
        /// For a reporter: the school's id or name.
        #[serde(default)]
        school: Option<Named>,
        /// For department staff and leads: the department's id or name.
        #[serde(default)]
        department: Option<Named>,
    }

    /// The person may no longer sign in.
    DisablePerson {}

    /// The person may sign in again, if the roster does not say otherwise.
    EnablePerson {}
}
