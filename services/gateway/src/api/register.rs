//! `/api/v1/flexibilities` and `/api/v1/similar`: what is allowed, for whom, and what is like what somebody types.

use axum::Json;
use axum::extract::{Path, RawQuery, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use contracts::ids::FlexibilityId;
use contracts::problem::Problem;
use contracts::queries::{
    FlexibilityQuery, FlexibilityRow, FlexibilityView, Page, RegisterQuery, Similar, SimilarQuery,
};
use contracts::register_action::RegisterAction;
use schemars::JsonSchema;
use serde::Serialize;

use super::answer::Answer;
use super::caller::{Caller, body};
use super::loops::{InPath, Versioned, in_path, read_query};
use crate::front::Front;

/// Something that was written into the register.
#[derive(Debug, Serialize, JsonSchema)]
pub struct WrittenDown {
    /// Its id.
    pub id: FlexibilityId,
    /// Its version.
    pub version: u64,
}

/// A page of the register.
pub(super) async fn list(
    State(front): State<Front>,
    caller: Caller,
    RawQuery(raw): RawQuery,
) -> Answer<Json<Page<FlexibilityRow>>> {
    let query: RegisterQuery = read_query(raw.as_deref())?;
    Ok(Json(
        front
            .ask(&caller.visitor, "flexibility", "register", query, caller.at_least)
            .await?
            .answer,
    ))
}

/// One part of the register.
pub(super) async fn one(
    State(front): State<Front>,
    caller: Caller,
    path: InPath<String>,
    RawQuery(raw): RawQuery,
) -> Answer<Response> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct AsOf {
        on: Option<chrono::NaiveDate>,
    }
    let id = named(&in_path(path)?)?;
    let as_of: AsOf = read_query(raw.as_deref())?;
    let query = FlexibilityQuery {
        id: Some(id),
        on: as_of.on,
    };
    let view: FlexibilityView = front
        .ask(&caller.visitor, "flexibility", "flexibility", query, caller.at_least)
        .await?
        .answer;
    Ok(([(header::ETAG, format!("\"{}\"", view.row.version))], Json(view)).into_response())
}

fn named(text: &str) -> Result<FlexibilityId, Problem> {
    text.parse().map_err(|_| Problem::not_found("flexibility"))
}

/// Writes something into the register.
pub(super) async fn write_down(State(front): State<Front>, caller: Caller, request: Request) -> Answer<Response> {
    let body = body(request).await?;
    let (acted, _) = front
        .command(
            &caller.visitor,
            "flexibility",
            RegisterAction::WriteDown.slug(),
            None,
            &body,
            caller.key.as_deref(),
            caller.based_on,
        )
        .await?;
    let written = WrittenDown {
        id: FlexibilityId(acted.id.0),
        version: acted.version,
    };
    let headers = [
        (header::LOCATION, format!("/api/v1/flexibilities/{}", acted.id)),
        (header::ETAG, format!("\"{}\"", acted.version)),
    ];
    Ok((StatusCode::CREATED, headers, Json(written)).into_response())
}

/// Does something to a part of the register.
pub(super) async fn act(
    State(front): State<Front>,
    caller: Caller,
    path: Result<Path<(String, String)>, axum::extract::rejection::PathRejection>,
    request: Request,
) -> Answer<Response> {
    let (id, slug) = in_path(path)?;
    let id = named(&id)?;
    let action = RegisterAction::from_slug(&slug)
        .filter(|action| *action != RegisterAction::WriteDown)
        .ok_or_else(|| no_such_action(&slug))?;
    let body = body(request).await?;
    let (acted, _) = front
        .command(
            &caller.visitor,
            "flexibility",
            action.slug(),
            Some(id.0),
            &body,
            caller.key.as_deref(),
            caller.based_on,
        )
        .await?;
    let version = acted.version;
    Ok(([(header::ETAG, format!("\"{version}\""))], Json(Versioned { version })).into_response())
}

fn no_such_action(slug: &str) -> Problem {
    let known: Vec<&str> = RegisterAction::ALL
        .iter()
        .filter(|action| **action != RegisterAction::WriteDown)
        .map(|action| action.slug())
        .collect();
    let detail = format!("there is no action {slug:?}; the actions are {}", known.join(", "));
    Problem::new("not-found", 404, "Not found", detail)
}

/// What is like what somebody types.
pub(super) async fn similar(
    State(front): State<Front>,
    caller: Caller,
    RawQuery(raw): RawQuery,
) -> Answer<Json<Similar>> {
    let query: SimilarQuery = read_query(raw.as_deref())?;
    Ok(Json(
        front
            .ask(&caller.visitor, "flexibility", "similar", query, caller.at_least)
            .await?
            .answer,
    ))
}
