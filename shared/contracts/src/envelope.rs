//! One CloudEvents 1.0 event in JSON, structured mode: the only form in which events stand in the log.

use std::fmt;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::ids::{CommandId, District, EventId, PersonId};

/// The most an event may weigh, in bytes of JSON; a ledger leaf must hold it.
pub const EVENT_BYTES_MAX: usize = 32 * 1024;

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Actor {
    /// A person of the district; written `person/<uuid>`.
    Person(PersonId),
    /// One of our policies; written `policy/<name>`.
    Policy(String),
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(id) => write!(f, "person/{id}"),
            Self::Policy(name) => write!(f, "policy/{name}"),
        }
    }
}

impl Actor {
    /// The person, where it is one.
    pub fn person(&self) -> Option<PersonId> {
        match self {
            Self::Person(id) => Some(*id),
            Self::Policy(_) => None,
        }
    }

    /// The written form, read.
    pub fn read(text: &str) -> Option<Self> {
        match text.split_once('/')? {
            ("person", id) => id.parse().ok().map(Self::Person),
            ("policy", name) if !name.is_empty() => Some(Self::Policy(name.to_owned())),
            _ => None,
        }
    }
}

impl Serialize for Actor {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Actor {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::read(&text).ok_or_else(|| serde::de::Error::custom(format!("{text:?} is neither a person nor a policy")))
    }
}

impl JsonSchema for Actor {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Actor".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "pattern": "^(person|policy)/.+$"})
    }
}

/// An event as it is written. Attribute names follow CloudEvents: lower case, no separators.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Envelope {
    /// Always `1.0`.
    pub specversion: String,
    /// The event's id, derived from command and subject.
    pub id: EventId,
    /// `/loopline/<service>`.
    pub source: String,
    /// `org.loopline.<service>.<event>.v<N>`.
    #[serde(rename = "type")]
    pub event_type: String,
    /// `<thing>/<uuid>`.
    pub subject: String,
    /// When it happened, by the clock of the service that wrote it. Order is the log's sequence, never this.
    pub time: DateTime<Utc>,
    /// Always `application/json`.
    pub datacontenttype: String,
    /// The district.
    pub district: District,
    /// Who did it.
    pub actor: Actor,
    /// For whom, where somebody stood in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actingfor: Option<PersonId>,
    /// The command that made it.
    pub commandid: CommandId,
    /// A digest of the command's body, by which a reused key is recognised.
    pub requesthash: String,
    /// The event that caused the command, where a policy issued it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causationid: Option<EventId>,
    /// The stream sequence of this thing's event before, 0 for none. Text, since CloudEvents integers end at 2^31.
    #[serde(with = "decimal")]
    pub previous: u64,
    /// W3C trace context.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// The event itself.
    pub data: Box<RawValue>,
}

mod decimal {
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
    pub(super) fn serialize<S: Serializer>(value: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// An event with its place in the log.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The stream sequence.
    pub sequence: u64,
    /// The subject it stands under.
    pub subject: crate::subjects::Subject,
    /// What stands there.
    pub envelope: Envelope,
}

/// What an event's fold may know beside the event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    /// The stream sequence.
    pub sequence: u64,
    /// The event's id.
    pub id: EventId,
    /// When it happened.
    pub time: DateTime<Utc>,
    /// Who did it.
    pub actor: Actor,
}

impl Recorded {
    /// What a fold may know of it beside its data.
    pub fn meta(&self) -> Meta {
        Meta {
            sequence: self.sequence,
            id: self.envelope.id,
            time: self.envelope.time,
            actor: self.envelope.actor.clone(),
        }
    }
}
