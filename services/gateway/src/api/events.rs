//! `GET /api/v1/events`: changes as they happen.

use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Response};

use super::answer::Answer;
use super::caller::Caller;
use crate::front::Front;
use crate::live::{Live, changes};

/// Streams the changes that the caller may see.
pub(super) async fn stream(
    State(front): State<Front>,
    Extension(live): Extension<Live>,
    caller: Caller,
) -> Answer<Response> {
    Ok(changes(front, &live, caller.visitor, caller.secret, caller.last_event).into_response())
}
