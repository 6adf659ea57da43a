//! Problems as RFC 9457 has them: what is wrong, and what to do about it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// A stable identifier, `/problems/<kind>`; clients branch on it.
    #[serde(rename = "type")]
    pub kind: String,
    /// The HTTP status it is answered with.
    pub status: u16,
    /// The same for every problem of the type.
    pub title: String,
    /// What happened here, and what can be done.
    pub detail: String,
    /// The fields at fault, where there are any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldProblem>,
    /// What was done since the version the caller knew, newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub since: Vec<Since>,
    /// Seconds after which trying again makes sense.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u32>,
}

/// One field that could not be taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FieldProblem {
    /// The path of the field in what was sent, such as `reach.students`.
    pub field: String,
    /// What is wrong with it, completing "<field> …".
    pub message: String,
}

/// One thing that somebody else did meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Since {
    /// Its stream sequence.
    pub sequence: u64,
    /// The event's type.
    pub event: String,
    /// Who did it: `person/<id>` or `policy/<name>`.
    pub actor: String,
    /// The same by name, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// When.
    pub time: chrono::DateTime<chrono::Utc>,
}

impl Problem {
    /// A problem of a kind.
    pub fn new(kind: &str, status: u16, title: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("/problems/{kind}"),
            status,
            title: title.to_owned(),
            detail: detail.into(),
            fields: Vec::new(),
            since: Vec::new(),
            retry_after_s: None,
        }
    }

    /// The short name of the kind, without its prefix.
    pub fn name(&self) -> &str {
        self.kind.strip_prefix("/problems/").unwrap_or(&self.kind)
    }

    /// Something sent does not fit; the fields say where.
    pub fn invalid(detail: impl Into<String>, fields: Vec<FieldProblem>) -> Self {
        Self {
            fields,
            ..Self::new("invalid", 422, "This cannot be taken as it is", detail)
        }
    }

    /// One field does not fit: `message` goes on after its name, as in `is not a day`.
    pub fn invalid_field(field: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self::invalid(
            format!("{field}: {message}"),
            vec![FieldProblem {
                field: field.to_owned(),
                message,
            }],
        )
    }

    /// There is no such thing, or none this person may know of.
    pub fn not_found(what: &str) -> Self {
        Self::new(
            "not-found",
            404,
            "Not found",
            format!("there is no {what} here that you can see; check the address"),
        )
    }

    /// The person may not do this.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new("not-permitted", 403, "You cannot do this", detail)
    }

    /// It is no longer possible, and the detail says who and what made it so.
    pub fn conflict(kind: &str, detail: impl Into<String>) -> Self {
        Self::new(kind, 409, "This is no longer possible", detail)
    }

    /// Something the service needs is away for now.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self {
            retry_after_s: Some(2),
            ..Self::new("unavailable", 503, "Try again in a moment", detail)
        }
    }

    /// Whether it took effect is not known; the same key settles it.
    pub fn unknown_outcome() -> Self {
        Self {
            retry_after_s: Some(1),
            ..Self::new(
                "outcome-unknown",
                503,
                "It is not known whether this was recorded",
                "send it again with the same Idempotency-Key: it will be recorded once, whatever happened",
            )
        }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.title, self.detail)
    }
}

impl std::error::Error for Problem {}
