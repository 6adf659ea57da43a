//! `/api/v1/loops`: lists, one loop, its history, and what can be done to it.

use axum::Json;
use axum::extract::{Path, RawQuery, Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use contracts::Action;
use contracts::ids::{LoopId, LoopNumber};
use contracts::problem::{FieldProblem, Problem};
use contracts::queries::{EntriesQuery, Entry, LoopQuery, LoopRow, LoopView, LoopsQuery, Page};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::answer::Answer;
use super::caller::{Caller, body};
use crate::front::{Front, Visitor};

/// The version a thing has after what was done to it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Versioned {
    /// The stream sequence of its last event.
    pub version: u64,
}

/// Reads a query string; each problem names its parameter.
pub(super) fn read_query<T: DeserializeOwned>(raw: Option<&str>) -> Result<T, Problem> {
    let raw = raw.unwrap_or_default();
    let uri: axum::http::Uri = format!("/?{raw}").parse().map_err(|_| wrong_query("the query cannot be read"))?;
    axum::extract::Query::<T>::try_from_uri(&uri)
        .map(|axum::extract::Query(query)| query)
        .map_err(|error| wrong_query(&error.body_text()))
}

fn wrong_query(message: &str) -> Problem {
    let field = FieldProblem { field: "query".to_owned(), message: message.to_owned() };
    Problem::invalid(format!("the address's parameters cannot be taken: {message}"), vec![field])
}

/// The loop that an address names: by id, or by its number.
async fn named(front: &Front, visitor: &Visitor, text: &str) -> Result<LoopId, Problem> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let number = LoopNumber::read(text).ok_or_else(|| Problem::not_found("loop"))?;
    let query = LoopsQuery { q: Some(number.to_string()), limit: Some(200), ..LoopsQuery::default() };
    let page = front.ask::<_, Page<LoopRow>>(visitor, "timeline", "loops", query, 0).await?.answer;
    page.items
        .into_iter()
        .find(|row| row.number == number)
        .map(|row| row.id)
        .ok_or_else(|| Problem::not_found("loop"))
}

/// A page of loops.
pub(super) async fn list(State(front): State<Front>, caller: Caller, RawQuery(raw): RawQuery) -> Answer<Json<Page<LoopRow>>> {
    let query: LoopsQuery = read_query(raw.as_deref())?;
    Ok(Json(front.ask(&caller.visitor, "timeline", "loops", query, caller.at_least).await?.answer))
}

async fn view(front: &Front, caller: &Caller, id: LoopId) -> Result<LoopView, Problem> {
    Ok(front.ask(&caller.visitor, "timeline", "loop", LoopQuery { id }, caller.at_least).await?.answer)
}

/// One loop.
pub(super) async fn one(State(front): State<Front>, caller: Caller, Path(id): Path<String>) -> Answer<Response> {
    let id = named(&front, &caller.visitor, &id).await?;
    let view = view(&front, &caller, id).await?;
    Ok(([(header::ETAG, format!("\"{}\"", view.version))], Json(view)).into_response())
}

/// A loop's history, ascending.
pub(super) async fn timeline(
    State(front): State<Front>,
    caller: Caller,
    Path(id): Path<String>,
    RawQuery(raw): RawQuery,
) -> Answer<Json<Page<Entry>>> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Paging {
        limit: Option<u32>,
        cursor: Option<String>,
    }
    let id = named(&front, &caller.visitor, &id).await?;
    let paging: Paging = read_query(raw.as_deref())?;
    let query = EntriesQuery { id, limit: paging.limit, cursor: paging.cursor };
    Ok(Json(front.ask(&caller.visitor, "timeline", "entries", query, caller.at_least).await?.answer))
}

/// Does something to a loop.
pub(super) async fn act(
    State(front): State<Front>,
    caller: Caller,
    Path((id, action)): Path<(String, String)>,
    request: Request,
) -> Answer<Response> {
    let body = body(request).await?;
    let body = if body.trim().is_empty() { "{}".to_owned() } else { body };
    let id = named(&front, &caller.visitor, &id).await?;
    let (action, body) = match action.as_str() {
        "decide" => decision(&front, &caller, id, body).await?,
        "file" => return Err(Problem::not_found("such action").into()),
        slug => (Action::from_slug(slug).ok_or_else(|| no_such_action(slug))?, body),
    };
    let acted =
        front.act(&caller.visitor, action, Some(id), &body, caller.key.as_deref(), caller.based_on).await?;
    let headers = [(header::ETAG, format!("\"{}\"", acted.version))];
    Ok((headers, Json(Versioned { version: acted.version })).into_response())
}

fn no_such_action(slug: &str) -> Problem {
    let known: Vec<&str> = Action::ALL
        .iter()
        .filter(|action| !matches!(action, Action::File | Action::DecideTeam | Action::DecideEscalation))
        .map(|action| action.slug())
        .chain(["decide"])
        .collect();
    let detail = format!("there is no action {slug:?}; the actions are {}", known.join(", "));
    Problem::new("not-found", 404, "Not found", detail)
}

/// Which decision is meant: a team's or one that was escalated. `regarding` says so by the event that asked, or by the
/// word `team` or `escalation`; else it is the one that is open.
async fn decision(front: &Front, caller: &Caller, id: LoopId, body: String) -> Result<(Action, String), Problem> {
    let mut value: serde_json::Value = serde_json::from_str(&body)
        .map_err(|error| Problem::new("not-json", 400, "This is not JSON", format!("the body is not JSON: {error}")))?;
    let regarding = value.get("regarding").and_then(serde_json::Value::as_str).map(ToOwned::to_owned);
    let by_word = match regarding.as_deref() {
        Some("team") => Some(Action::DecideTeam),
        Some("escalation") => Some(Action::DecideEscalation),
        Some(_) | None => None,
    };
    if let (Some(action), Some(object)) = (by_word, value.as_object_mut()) {
        object.remove("regarding");
        return Ok((action, value.to_string()));
    }
    let view = view(front, caller, id).await?;
    let names = |event: contracts::EventId| regarding.as_deref() == Some(event.to_string().as_str());
    let claims = &caller.visitor.claims;
    let action = match (&view.matter, &view.escalation) {
        (Some(matter), _) if names(matter.id) => Action::DecideTeam,
        (_, Some(escalation)) if names(escalation.id) => Action::DecideEscalation,
        (Some(matter), Some(_)) if claims.teams.contains(&matter.team) => Action::DecideTeam,
        (_, Some(_)) => Action::DecideEscalation,
        (None, None) if claims.teams.is_empty() => Action::DecideEscalation,
        (Some(_) | None, None) => Action::DecideTeam,
    };
    Ok((action, body))
}
