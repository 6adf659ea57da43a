//! `/api/v1/patterns`, `/api/v1/waivers`, `/api/v1/reviews`: what the district office does about rules.

use axum::Json;
use axum::extract::{Path, RawQuery, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use contracts::OfficeAction;
use contracts::ids::{LoopId, PatternId, ReviewId, WaiverId};
use contracts::problem::Problem;
use contracts::queries::{
    ClauseMap, ClausesQuery, Page, PatternQuery, PatternRow, PatternView, PatternsQuery, RegimeView, ReviewQuery,
    ReviewView, ReviewsQuery, WaiverQuery, WaiverView, WaiversQuery,
};
use contracts::subjects::Thing;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::answer::Answer;
use super::caller::{Caller, body};
use super::loops::{InPath, Versioned, in_path, read_query};
use crate::front::Front;

/// Something that was begun.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Begun {
    /// Its id.
    pub id: uuid::Uuid,
    /// Its version.
    pub version: u64,
}

async fn asked<Q: Serialize + Sync, A: DeserializeOwned>(
    front: &Front,
    caller: &Caller,
    name: &str,
    query: Q,
) -> Result<A, Problem> {
    Ok(front
        .ask(&caller.visitor, "flexibility", name, query, caller.at_least)
        .await?
        .answer)
}

pub(super) fn versioned<T: Serialize>(version: u64, view: T) -> Response {
    ([(header::ETAG, format!("\"{version}\""))], Json(view)).into_response()
}

/// A page of patterns.
pub(super) async fn patterns(
    State(front): State<Front>,
    caller: Caller,
    RawQuery(raw): RawQuery,
) -> Answer<Json<Page<PatternRow>>> {
    let query: PatternsQuery = read_query(raw.as_deref())?;
    Ok(Json(asked(&front, &caller, "patterns", query).await?))
}

/// One pattern.
pub(super) async fn pattern(State(front): State<Front>, caller: Caller, path: InPath<String>) -> Answer<Response> {
    let id: PatternId = named(&in_path(path)?, "pattern")?;
    let view: PatternView = asked(&front, &caller, "pattern", PatternQuery { id: Some(id) }).await?;
    Ok(versioned(view.row.version, view))
}

/// Which rules are met where.
pub(super) async fn clauses(
    State(front): State<Front>,
    caller: Caller,
    RawQuery(raw): RawQuery,
) -> Answer<Json<ClauseMap>> {
    let query: ClausesQuery = read_query(raw.as_deref())?;
    Ok(Json(asked(&front, &caller, "clauses", query).await?))
}

/// The ways of asking states that are in use.
pub(super) async fn regimes(State(front): State<Front>, caller: Caller) -> Answer<Json<Vec<RegimeView>>> {
    Ok(Json(asked(&front, &caller, "regimes", serde_json::json!({})).await?))
}

/// A page of requests to the state.
pub(super) async fn waivers(
    State(front): State<Front>,
    caller: Caller,
    RawQuery(raw): RawQuery,
) -> Answer<Json<Page<WaiverView>>> {
    let query: WaiversQuery = read_query(raw.as_deref())?;
    Ok(Json(asked(&front, &caller, "waivers", query).await?))
}

/// One request to the state.
pub(super) async fn waiver(State(front): State<Front>, caller: Caller, path: InPath<String>) -> Answer<Response> {
    let id: WaiverId = named(&in_path(path)?, "waiver")?;
    let view: WaiverView = asked(&front, &caller, "waiver", WaiverQuery { id: Some(id) }).await?;
    Ok(versioned(view.version, view))
}

/// Writes a request to the state down, whole.
pub(super) async fn draft_waiver(State(front): State<Front>, caller: Caller, request: Request) -> Answer<Response> {
    #[derive(Deserialize)]
    struct Of {
        #[serde(rename = "loop")]
        of: LoopId,
    }
    let body = body(request).await?;
    let of: Of =
        serde_json::from_str(&body).map_err(|_| Problem::invalid("loop: say which loop's answer it is", Vec::new()))?;
    let acted = done(&front, &caller, OfficeAction::DraftWaiver, None, &body).await?;
    // Its id follows from the loop and the revision of its answer.
    let query = WaiversQuery {
        loop_id: Some(of.of),
        limit: Some(1),
        ..WaiversQuery::default()
    };
    let page: Page<WaiverView> = asked(&front, &caller, "waivers", query).await?;
    let written = page.items.first().ok_or_else(|| Problem::not_found("waiver"))?;
    Ok(begun("waivers", written.id.0, acted))
}

/// A page of reviews.
pub(super) async fn reviews(
    State(front): State<Front>,
    caller: Caller,
    RawQuery(raw): RawQuery,
) -> Answer<Json<Page<ReviewView>>> {
    let query: ReviewsQuery = read_query(raw.as_deref())?;
    Ok(Json(asked(&front, &caller, "reviews", query).await?))
}

/// One review.
pub(super) async fn review(State(front): State<Front>, caller: Caller, path: InPath<String>) -> Answer<Response> {
    let id: ReviewId = named(&in_path(path)?, "review")?;
    let view: ReviewView = asked(&front, &caller, "review", ReviewQuery { id: Some(id) }).await?;
    Ok(versioned(view.version, view))
}

/// Opens a review.
pub(super) async fn open_review(State(front): State<Front>, caller: Caller, request: Request) -> Answer<Response> {
    let body = body(request).await?;
    let (acted, _) = front
        .command(
            &caller.visitor,
            "flexibility",
            OfficeAction::OpenReview.slug(),
            None,
            &body,
            caller.key.as_deref(),
            caller.based_on,
        )
        .await?;
    Ok(begun("reviews", acted.id.0, acted.version))
}

/// Begun under this address.
pub(super) fn begun(kind: &str, id: uuid::Uuid, version: u64) -> Response {
    let headers = [
        (header::LOCATION, format!("/api/v1/{kind}/{id}")),
        (header::ETAG, format!("\"{version}\"")),
    ];
    (StatusCode::CREATED, headers, Json(Begun { id, version })).into_response()
}

pub(super) fn named<T: std::str::FromStr>(text: &str, what: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| Problem::not_found(what))
}

async fn done(
    front: &Front,
    caller: &Caller,
    action: OfficeAction,
    thing: Option<uuid::Uuid>,
    body: &str,
) -> Result<u64, Problem> {
    let (acted, _) = front
        .command(
            &caller.visitor,
            "flexibility",
            action.slug(),
            thing,
            body,
            caller.key.as_deref(),
            caller.based_on,
        )
        .await?;
    Ok(acted.version)
}

type Acting = Result<Path<(String, String)>, axum::extract::rejection::PathRejection>;

async fn act(front: &Front, caller: &Caller, path: Acting, request: Request, thing: Thing) -> Answer<Response> {
    let (id, name) = in_path(path)?;
    let id: uuid::Uuid = named(&id, thing.token())?;
    let action = OfficeAction::from_name(thing, &name).ok_or_else(|| no_such_action(thing, &name))?;
    let body = body(request).await?;
    let version = done(front, caller, action, Some(id), &body).await?;
    Ok(versioned(version, Versioned { version }))
}

fn no_such_action(thing: Thing, name: &str) -> Problem {
    let known: Vec<&str> = OfficeAction::ALL
        .iter()
        .filter(|action| action.thing() == thing && !action.begins())
        .map(|action| action.name())
        .collect();
    let detail = format!("there is no action {name:?}; the actions are {}", known.join(", "));
    Problem::new("not-found", 404, "Not found", detail)
}

/// Does something about a pattern.
pub(super) async fn act_on_pattern(
    State(front): State<Front>,
    caller: Caller,
    path: Acting,
    request: Request,
) -> Answer<Response> {
    act(&front, &caller, path, request, Thing::Pattern).await
}

/// Does something about a request to the state.
pub(super) async fn act_on_waiver(
    State(front): State<Front>,
    caller: Caller,
    path: Acting,
    request: Request,
) -> Answer<Response> {
    act(&front, &caller, path, request, Thing::Waiver).await
}

/// Does something in a review.
pub(super) async fn act_on_review(
    State(front): State<Front>,
    caller: Caller,
    path: Acting,
    request: Request,
) -> Answer<Response> {
    act(&front, &caller, path, request, Thing::Review).await
}
