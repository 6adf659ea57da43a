//! The shape of a demonstration's story.

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveTime};
use contracts::area::Area;
use contracts::events::directory::Closed;
use contracts::events::intake::Reach;
use contracts::events::routing::ServiceLevel;
use contracts::vocabulary::{Kind, Level, Pillar, Role, RuleSource, TeamKind, Urgency, Visibility};
use serde::Deserialize;
use serde_json::Value;

/// One district's story.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Story {
    pub(super) district: District,
    pub(super) calendar: Calendar,
    pub(super) service_levels: Vec<ServiceLevel>,
    pub(super) schools: Vec<School>,
    pub(super) departments: Vec<Department>,
    #[serde(default)]
    pub(super) zones: Vec<Zone>,
    #[serde(default)]
    pub(super) teams: Vec<Team>,
    pub(super) people: Vec<Person>,
    pub(super) personas: BTreeMap<String, String>,
    pub(super) contact: Contact,
    pub(super) routing_rules: Vec<Rule>,
    pub(super) loops: Vec<LoopStory>,
    /// What is written into the register without a loop, and what becomes of it.
    #[serde(default)]
    pub(super) register: Vec<RegisterStory>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct District {
    pub(super) slug: String,
    pub(super) name: String,
    pub(super) nces: Option<String>,
    pub(super) state: Option<String>,
    pub(super) time_zone: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Calendar {
    pub(super) closed: Vec<Closed>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct School {
    pub(super) key: String,
    pub(super) name: String,
    pub(super) level: Level,
    pub(super) nces: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Department {
    pub(super) key: String,
    pub(super) name: String,
    pub(super) decides: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Zone {
    pub(super) key: String,
    pub(super) name: String,
    pub(super) purpose: String,
    pub(super) schools: Vec<String>,
    pub(super) starts: NaiveDate,
    #[serde(default)]
    pub(super) plan: Option<String>,
    #[serde(default)]
    pub(super) look_on: Option<NaiveDate>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Team {
    pub(super) key: String,
    pub(super) name: String,
    pub(super) kind: TeamKind,
    pub(super) members: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Person {
    pub(super) key: String,
    pub(super) name: String,
    pub(super) title: Option<String>,
    pub(super) roles: Vec<Held>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Held {
    pub(super) role: Role,
    pub(super) school: Option<String>,
    pub(super) department: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Contact {
    pub(super) person: String,
    pub(super) duties: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    pub(super) id: String,
    pub(super) name: String,
    #[serde(default)]
    pub(super) areas: Vec<Area>,
    #[serde(default)]
    pub(super) kinds: Vec<Kind>,
    #[serde(default)]
    pub(super) rule_sources: Vec<RuleSource>,
    #[serde(default)]
    pub(super) schools: Vec<String>,
    #[serde(default)]
    pub(super) zones: Vec<String>,
    #[serde(default)]
    pub(super) urgencies: Vec<Urgency>,
    #[serde(default)]
    pub(super) words: Vec<String>,
    pub(super) department: String,
    #[serde(default)]
    pub(super) collaborators: Vec<String>,
    pub(super) service_level: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LoopStory {
    pub(super) key: String,
    pub(super) filed: FiledWhen,
    pub(super) title: String,
    pub(super) trying: String,
    pub(super) barrier: String,
    pub(super) tried: Option<String>,
    pub(super) would_help: Option<String>,
    pub(super) kind: Kind,
    pub(super) area: Area,
    pub(super) rule_source: RuleSource,
    pub(super) citation: Option<String>,
    pub(super) clause: Option<String>,
    #[serde(default)]
    pub(super) pillars: Vec<Pillar>,
    #[serde(default)]
    pub(super) reach: Reach,
    #[serde(default)]
    pub(super) grades: Vec<String>,
    pub(super) urgency: Urgency,
    pub(super) needed_by_in_days: Option<u64>,
    pub(super) visibility: Visibility,
    #[serde(default)]
    pub(super) steps: Vec<Step>,
}

/// A part of the register: its first step writes it down.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RegisterStory {
    pub(super) key: String,
    pub(super) steps: Vec<Step>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FiledWhen {
    pub(super) days_ago: u64,
    #[serde(with = "hours_and_minutes")]
    pub(super) at: NaiveTime,
    pub(super) by: String,
    pub(super) school: Option<String>,
}

/// One thing that somebody does; the rest of its fields are the command's own.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Step {
    pub(super) days_ago: u64,
    #[serde(with = "hours_and_minutes")]
    pub(super) at: NaiveTime,
    pub(super) by: String,
    #[serde(rename = "do")]
    pub(super) action: String,
    #[serde(flatten)]
    pub(super) fields: BTreeMap<String, Value>,
}

mod hours_and_minutes {
    use chrono::NaiveTime;
    use serde::{Deserialize, Deserializer};

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NaiveTime, D::Error> {
        let text = String::deserialize(deserializer)?;
        NaiveTime::parse_from_str(&text, "%H:%M").map_err(serde::de::Error::custom)
    }
}
