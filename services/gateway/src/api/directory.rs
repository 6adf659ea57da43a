//! The district as its people know it, and what its keepers set.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::Response;
use contracts::commands::Done;
use contracts::problem::Problem;
use contracts::queries::DistrictView;
use serde_json::json;

use super::answer::Answer;
use super::caller::{Caller, body};
use super::loops::{InPath, Versioned, in_path};
use super::office::{begun, named, versioned};
use crate::front::{Acted, Front};

/// Who the caller is.
pub(super) async fn me(caller: Caller) -> Json<contracts::Claims> {
    Json(caller.visitor.claims)
}

/// Schools, departments, teams, calendar, service levels and rules.
pub(super) async fn overview(State(front): State<Front>, caller: Caller) -> Answer<Json<DistrictView>> {
    Ok(Json(
        front
            .ask(&caller.visitor, "directory", "overview", json!({}), caller.at_least)
            .await?
            .answer,
    ))
}

async fn set(front: &Front, caller: &Caller, verb: &str, request: Request) -> Result<Json<Versioned>, Problem> {
    let body = body(request).await?;
    let thing = caller.visitor.claims.district.thing_id();
    let (acted, _) = front
        .command(
            &caller.visitor,
            "directory",
            verb,
            Some(thing),
            &body,
            caller.key.as_deref(),
            caller.based_on,
        )
        .await?;
    Ok(Json(Versioned { version: acted.version }))
}

/// Sets the district's working days.
pub(super) async fn set_calendar(
    State(front): State<Front>,
    caller: Caller,
    request: Request,
) -> Answer<Json<Versioned>> {
    Ok(set(&front, &caller, "set-calendar", request).await?)
}

/// Sets a service level.
pub(super) async fn set_service_level(
    State(front): State<Front>,
    caller: Caller,
    request: Request,
) -> Answer<Json<Versioned>> {
    Ok(set(&front, &caller, "set-service-level", request).await?)
}

/// Publishes the routing rules.
pub(super) async fn publish_rules(
    State(front): State<Front>,
    caller: Caller,
    request: Request,
) -> Answer<Json<Versioned>> {
    Ok(set(&front, &caller, "publish-routing-rules", request).await?)
}

/// Begins an innovation zone.
pub(super) async fn begin_zone(State(front): State<Front>, caller: Caller, request: Request) -> Answer<Response> {
    let body = body(request).await?;
    let (acted, _) = define_zone(&front, &caller, None, &body).await?;
    Ok(begun("directory/zones", acted.id.0, acted.version))
}

/// Says anew what a zone is.
pub(super) async fn change_zone(
    State(front): State<Front>,
    caller: Caller,
    path: InPath<String>,
    request: Request,
) -> Answer<Response> {
    let id: uuid::Uuid = named(&in_path(path)?, "zone")?;
    let body = body(request).await?;
    let (acted, _) = define_zone(&front, &caller, Some(id), &body).await?;
    Ok(versioned(acted.version, Versioned { version: acted.version }))
}

async fn define_zone(
    front: &Front,
    caller: &Caller,
    id: Option<uuid::Uuid>,
    body: &str,
) -> Result<(Acted, Done), Problem> {
    front
        .command(
            &caller.visitor,
            "directory",
            "define-zone",
            id,
            body,
            caller.key.as_deref(),
            caller.based_on,
        )
        .await
}

/// Sets when a rule that several schools meet is a pattern.
pub(super) async fn set_thresholds(
    State(front): State<Front>,
    caller: Caller,
    request: Request,
) -> Answer<Json<Versioned>> {
    Ok(set(&front, &caller, "set-pattern-thresholds", request).await?)
}
