//! The message a command travels in, what it is answered with, and reading its body.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::claims::Authority;
use crate::ids::{CommandId, District, EventId};
use crate::problem::{FieldProblem, Problem};

/// A command on its way to the service that owns its thing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CommandMessage {
    /// Made from the caller's key; a retry has the same.
    pub id: CommandId,
    /// The district; always that of the person.
    pub district: District,
    /// The thing it is about.
    pub thing: Uuid,
    /// On whose authority.
    pub authority: Authority,
    /// A digest of what was asked: the same id with another digest is refused.
    pub request_hash: String,
    /// The version the caller knew, where they said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub based_on: Option<u64>,
    /// The event that caused it, where a policy issued it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caused_by: Option<EventId>,
    /// W3C trace context.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// What is asked, as JSON.
    pub body: Box<RawValue>,
}

/// What a command that was carried out answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Done {
    /// The stream sequence of the thing's last event: its version.
    pub version: u64,
    /// Whether the command had been carried out before.
    #[serde(default)]
    pub repeated: bool,
}

/// What any request between services is answered with.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply<T> {
    /// It went well.
    Ok(T),
    /// It did not.
    Problem(Problem),
}

impl<T> From<Result<T, Problem>> for Reply<T> {
    fn from(result: Result<T, Problem>) -> Self {
        match result {
            Ok(value) => Self::Ok(value),
            Err(problem) => Self::Problem(problem),
        }
    }
}

impl<T> Reply<T> {
    /// The reply as a result.
    pub fn into_result(self) -> Result<T, Problem> {
        match self {
            Self::Ok(value) => Ok(value),
            Self::Problem(problem) => Err(problem),
        }
    }
}

/// Reads a body; what does not fit is named by its path.
pub fn read_body<T: DeserializeOwned>(body: &str) -> Result<T, Problem> {
    if !body.trim_start().starts_with('{') {
        let field = FieldProblem {
            field: ".".to_owned(),
            message: "is not a JSON object".to_owned(),
        };
        return Err(Problem::invalid(
            "send a JSON object: fields by their names",
            vec![field],
        ));
    }
    let mut deserializer = serde_json::Deserializer::from_str(body);
    serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let message = error.inner().to_string();
        let message = message.split(" at line ").next().unwrap_or_default().to_owned();
        let field = match message
            .strip_prefix("missing field `")
            .and_then(|rest| rest.split('`').next())
        {
            Some(name) if path == "." => name.to_owned(),
            Some(name) => format!("{path}.{name}"),
            None => path,
        };
        let message = if message.starts_with("missing field") {
            "is missing".to_owned()
        } else {
            message
        };
        Problem::invalid(format!("{field}: {message}"), vec![FieldProblem { field, message }])
    })
}
