//! What somebody asks for, and all that they were told about it.

use std::sync::Arc;

use contracts::Action;
use contracts::claims::{Authority, Claims};
use contracts::commands::CommandMessage;
use contracts::ids::{CommandId, District, EventId, LoopId, SchoolId};
use serde_json::Value;
use serde_json::value::to_raw_value;
use uuid::Uuid;

/// One request of one person, with the key that makes repeating it safe.
#[derive(Debug, Clone)]
pub struct Deed {
    /// Made from the caller's key.
    pub id: CommandId,
    /// The district it is sent under.
    pub district: District,
    /// The loop.
    pub thing: Uuid,
    /// What is asked.
    pub action: Action,
    /// By whom.
    pub claims: Arc<Claims>,
    /// The body.
    pub body: Value,
    /// The school it speaks for, where it can be only one.
    pub school: Option<SchoolId>,
    /// The version the caller says they knew.
    pub based_on: Option<u64>,
    /// The loop's episode when the caller looked.
    pub episode: u32,
    /// What the caller was told.
    pub told: Told,
}

/// What a caller was told.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// The version acknowledged.
    pub done: Option<u64>,
    /// How often the outcome stayed unknown.
    pub unknown: u32,
    /// How often it was certain that nothing was recorded.
    pub away: u32,
    /// The name of the refusal that came last.
    pub refused: Option<String>,
}

impl Deed {
    /// The loop.
    pub fn of_loop(&self) -> LoopId {
        LoopId(self.thing)
    }

    /// The question an answer names.
    pub fn question(&self) -> Option<EventId> {
        self.body.get("question")?.as_str()?.parse().ok()
    }

    /// The digest of what is asked.
    pub fn digest(&self) -> String {
        format!("{}/{}", self.action.slug(), self.body)
    }

    /// As it travels.
    pub fn message(&self) -> CommandMessage {
        CommandMessage {
            id: self.id,
            district: self.district.clone(),
            thing: self.thing,
            authority: Authority::Person((*self.claims).clone()),
            request_hash: self.digest(),
            based_on: self.based_on,
            caused_by: None,
            traceparent: None,
            body: to_raw_value(&self.body).unwrap_or_else(|error| unreachable!("a value is JSON: {error}")),
        }
    }

    /// The same key with another content.
    pub fn with_another_body(&self) -> CommandMessage {
        let mut message = self.message();
        message.request_hash.push_str("/another");
        message
    }
}
