//! Who calls, and what their request says about versions and keys.

use axum::extract::{FromRequestParts, Request};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::http::{Method, header};
use contracts::problem::Problem;
use futures::StreamExt;

use super::answer::ProblemAnswer;
use crate::front::{Front, Visitor};

/// A caller of the API with what their headers say.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who.
    pub visitor: Visitor,
    /// Their secret, for long answers that must make sure it still holds.
    pub secret: String,
    /// `Idempotency-Key`.
    pub key: Option<String>,
    /// `If-Match`.
    pub based_on: Option<u64>,
    /// `Loopline-At-Least`.
    pub at_least: u64,
    /// `Last-Event-ID`.
    pub last_event: Option<u64>,
}

/// The bearer token of a request.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim())
        .filter(|token| !token.is_empty())
}

fn not_signed_in() -> Problem {
    Problem::new(
        "not-signed-in",
        401,
        "Say who you are",
        "send Authorization: Bearer with a token that has not ended, or sign in",
    )
}

/// The longest key that is taken.
const KEY_MAX: usize = 200;

fn number(headers: &HeaderMap, name: &str) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get(name) else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default().trim();
    let text = text.strip_prefix("W/").unwrap_or(text).trim_matches('"');
    if text == "*" {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| {
        Problem::new(
            "bad-header",
            400,
            "A header cannot be read",
            format!("{name} must be a version, such as \"42\""),
        )
    })
}

impl FromRequestParts<Front> for Caller {
    type Rejection = ProblemAnswer;

    async fn from_request_parts(parts: &mut Parts, front: &Front) -> Result<Self, ProblemAnswer> {
        let headers = &parts.headers;
        let (visitor, secret) = match bearer(headers) {
            Some(token) => {
                let token = token.to_owned();
                (front.visitor(&token).await?, token)
            }
            // A page's own scripts read with the session; changes come from forms, which carry what forgers lack.
            None if parts.method == Method::GET => crate::pages::visitor_from_cookies(front, headers)
                .await?
                .map_or((None, String::new()), |(visitor, secret)| (Some(visitor), secret)),
            None => (None, String::new()),
        };
        let Some(visitor) = visitor else {
            return Err(not_signed_in().into());
        };
        let key = match headers.get("idempotency-key") {
            None => None,
            Some(value) => {
                let text = value.to_str().unwrap_or_default().trim().trim_matches('"').to_owned();
                if text.is_empty() || text.len() > KEY_MAX {
                    let detail = format!("Idempotency-Key must be 1 to {KEY_MAX} visible characters");
                    return Err(Problem::new("bad-header", 400, "A header cannot be read", detail).into());
                }
                Some(text)
            }
        };
        Ok(Self {
            visitor,
            secret,
            key,
            based_on: number(headers, "if-match")?,
            at_least: number(headers, "loopline-at-least")?.unwrap_or(0),
            last_event: number(headers, "last-event-id")?,
        })
    }
}

/// The most a body may weigh, in bytes.
pub(super) const BODY_MAX: usize = 64 * 1024;

/// The most of a body that is read only to be dropped, in bytes.
const DISCARD_MAX: usize = 8 * 1024 * 1024;

/// A body as text.
pub(super) async fn body(request: Request) -> Result<String, Problem> {
    let mut chunks = request.into_body().into_data_stream();
    let mut bytes = Vec::new();
    let mut taken = 0;
    while let Some(Ok(chunk)) = chunks.next().await {
        taken += chunk.len();
        // What is too large is read on and dropped, up to a bound: a caller still sending would not hear the answer.
        if taken > DISCARD_MAX {
            break;
        }
        if taken <= BODY_MAX {
            bytes.extend_from_slice(&chunk);
        }
    }
    if taken > BODY_MAX {
        return Err(Problem::new(
            "too-large",
            413,
            "This is too large",
            format!(
                "a request may weigh {} KiB; shorten the texts, or send less at once",
                BODY_MAX / 1024
            ),
        ));
    }
    String::from_utf8(bytes).map_err(|error| {
        Problem::new(
            "not-utf-8",
            400,
            "This is not UTF-8",
            format!(
                "the body must be UTF-8 text; byte {} is not",
                error.utf8_error().valid_up_to()
            ),
        )
    })
}
