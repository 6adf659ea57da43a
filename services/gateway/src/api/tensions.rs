//! `POST /api/v1/tensions`: file a tension.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use contracts::Action;
use contracts::ids::{LoopId, LoopNumber};
use schemars::JsonSchema;
use serde::Serialize;

use super::answer::Answer;
use super::caller::{Caller, body};
use crate::front::Front;

/// A tension that was filed.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Filed {
    /// The loop it began.
    pub id: LoopId,
    /// Its number for people.
    pub number: LoopNumber,
    /// Its version.
    pub version: u64,
}

/// Files a tension.
pub(super) async fn file(State(front): State<Front>, caller: Caller, request: Request) -> Answer<Response> {
    let body = body(request).await?;
    let acted = front
        .act(
            &caller.visitor,
            Action::File,
            None,
            &body,
            caller.key.as_deref(),
            caller.based_on,
        )
        .await?;
    let filed = Filed {
        id: acted.id,
        number: LoopNumber::of(acted.id),
        version: acted.version,
    };
    let headers = [
        (header::LOCATION, format!("/api/v1/loops/{}", acted.id)),
        (header::ETAG, format!("\"{}\"", acted.version)),
    ];
    Ok((StatusCode::CREATED, headers, Json(filed)).into_response())
}
