//! `/api/v1/loops`: lists, one loop, its history, and what can be done to it.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use contracts::Action;
use contracts::ids::{LoopId, LoopNumber};
use contracts::problem::{FieldProblem, Problem};
use contracts::queries::{Answered, EntriesQuery, Entry, LoopQuery, LoopRow, LoopView, LoopsQuery, Page};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::answer::Answer;
use super::caller::{Caller, body};
use crate::as_of;
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
    let uri: axum::http::Uri = format!("/?{raw}")
        .parse()
        .map_err(|_| wrong_query("the query cannot be read"))?;
    axum::extract::Query::<T>::try_from_uri(&uri)
        .map(|axum::extract::Query(query)| query)
        .map_err(|error| wrong_query(&error.body_text()))
}

/// An answer that says as of when it was known, where that was asked for.
pub(super) fn known<A: Serialize>(answered: Answered<A>) -> Result<Value, Problem> {
    let unwritten = |_| Problem::unavailable("an answer could not be written");
    let mut value = serde_json::to_value(answered.answer).map_err(unwritten)?;
    if let (Some(known), Value::Object(fields)) = (answered.as_of, &mut value) {
        fields.insert("known_at".to_owned(), serde_json::to_value(known).map_err(unwritten)?);
    }
    Ok(value)
}

fn wrong_query(said: &str) -> Problem {
    let said = said
        .strip_prefix("Failed to deserialize query string: ")
        .unwrap_or(said);
    let (field, message) = said.split_once(": ").unwrap_or(("query", said));
    let field = FieldProblem {
        field: field.to_owned(),
        message: message.to_owned(),
    };
    Problem::invalid(format!("the address's parameters cannot be taken: {said}"), vec![field])
}

/// What an address holds, where it can be read.
pub(super) type InPath<T> = Result<Path<T>, PathRejection>;

pub(super) fn in_path<T>(path: InPath<T>) -> Result<T, Problem> {
    path.map(|Path(found)| found).map_err(|_| Problem::not_found("address"))
}

/// The loop that an address names: by id, or by its number.
pub(super) async fn named(front: &Front, visitor: &Visitor, text: &str) -> Result<LoopId, Problem> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let number = LoopNumber::read(text).ok_or_else(|| Problem::not_found("loop"))?;
    // Among one's own first, then among the cards of what can be joined.
    for joinable in [None, Some(true)] {
        let query = LoopsQuery {
            q: Some(number.to_string()),
            joinable,
            limit: Some(200),
            ..LoopsQuery::default()
        };
        let page = front
            .ask::<_, Page<LoopRow>>(visitor, "timeline", "loops", query, 0)
            .await?
            .answer;
        if let Some(row) = page.items.into_iter().find(|row| row.number == number) {
            return Ok(row.id);
        }
    }
    Err(Problem::not_found("loop"))
}

/// A page of loops.
pub(super) async fn list(State(front): State<Front>, caller: Caller, RawQuery(raw): RawQuery) -> Answer<Json<Value>> {
    let (of, rest) = as_of::asked(raw.as_deref())?;
    let query: LoopsQuery = read_query(Some(&rest))?;
    let answered: Answered<Page<LoopRow>> = front
        .ask_as_of(&caller.visitor, "loops", query, of, caller.at_least)
        .await?;
    Ok(Json(known(answered)?))
}

async fn view(front: &Front, caller: &Caller, id: LoopId) -> Result<LoopView, Problem> {
    Ok(front
        .ask(&caller.visitor, "timeline", "loop", LoopQuery { id }, caller.at_least)
        .await?
        .answer)
}

/// One loop.
pub(super) async fn one(
    State(front): State<Front>,
    caller: Caller,
    path: InPath<String>,
    RawQuery(raw): RawQuery,
) -> Answer<Response> {
    let id = named(&front, &caller.visitor, &in_path(path)?).await?;
    let (of, _) = as_of::asked(raw.as_deref())?;
    let answered: Answered<LoopView> = front
        .ask_as_of(&caller.visitor, "loop", LoopQuery { id }, of, caller.at_least)
        .await?;
    let tag = [(header::ETAG, format!("\"{}\"", answered.answer.version))];
    Ok((tag, Json(known(answered)?)).into_response())
}

/// A loop's history, ascending.
pub(super) async fn timeline(
    State(front): State<Front>,
    caller: Caller,
    path: InPath<String>,
    RawQuery(raw): RawQuery,
) -> Answer<Json<Value>> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Paging {
        limit: Option<u32>,
        cursor: Option<String>,
    }
    let id = named(&front, &caller.visitor, &in_path(path)?).await?;
    let (of, rest) = as_of::asked(raw.as_deref())?;
    let paging: Paging = read_query(Some(&rest))?;
    let query = EntriesQuery {
        id,
        limit: paging.limit,
        cursor: paging.cursor,
    };
    let answered: Answered<Page<Entry>> = front
        .ask_as_of(&caller.visitor, "entries", query, of, caller.at_least)
        .await?;
    Ok(Json(known(answered)?))
}

/// Does something to a loop.
pub(super) async fn act(
    State(front): State<Front>,
    caller: Caller,
    path: InPath<(String, String)>,
    request: Request,
) -> Answer<Response> {
    let (id, action) = in_path(path)?;
    let body = body(request).await?;
    let body = if body.trim().is_empty() { "{}".to_owned() } else { body };
    let id = named(&front, &caller.visitor, &id).await?;
    let (action, body) = match action.as_str() {
        "decide" => return Ok(versioned(decide(&front, &caller, id, body).await?)),
        slug @ ("file" | "decide-team" | "decide-escalation") => return Err(no_such_action(slug).into()),
        slug => (Action::from_slug(slug).ok_or_else(|| no_such_action(slug))?, body),
    };
    let acted = front
        .act(
            &caller.visitor,
            action,
            Some(id),
            &body,
            caller.key.as_deref(),
            caller.based_on,
        )
        .await?;
    Ok(versioned(acted.version))
}

pub(super) fn versioned(version: u64) -> Response {
    ([(header::ETAG, format!("\"{version}\""))], Json(Versioned { version })).into_response()
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

/// Decides what lies before a team or was escalated: which of the two follows from `regarding` (the event that asked,
/// or the word `team` or `escalation`), else from what is open. What is seen of the loop may be a moment old, so where
/// one is refused for there being nothing to decide, the other is tried.
async fn decide(front: &Front, caller: &Caller, id: LoopId, body: String) -> Result<u64, Problem> {
    let mut value: serde_json::Value = serde_json::from_str(&body).map_err(|error| {
        Problem::new(
            "not-json",
            400,
            "This is not JSON",
            format!("the body is not JSON: {error}"),
        )
    })?;
    let regarding = value
        .get("regarding")
        .and_then(serde_json::Value::as_str)
        .map(ToOwned::to_owned);
    let by_word = match regarding.as_deref() {
        Some("team") => Some(Action::DecideTeam),
        Some("escalation") => Some(Action::DecideEscalation),
        Some(_) | None => None,
    };
    if let (Some(_), Some(object)) = (by_word, value.as_object_mut()) {
        object.remove("regarding");
    }
    let body = value.to_string();
    let attempt = async |action: Action| {
        let key = caller.key.as_deref();
        front
            .act(&caller.visitor, action, Some(id), &body, key, caller.based_on)
            .await
            .map(|acted| acted.version)
    };
    if let Some(action) = by_word {
        return attempt(action).await;
    }
    let on_team = !caller.visitor.claims.teams.is_empty();
    let open = view(front, caller, id).await.ok();
    let names = |event: contracts::EventId| regarding.as_deref() == Some(event.to_string().as_str());
    let team_first = match open.as_ref().map(|view| (&view.matter, &view.escalation)) {
        Some((Some(matter), _)) if names(matter.id) => true,
        Some((_, Some(escalation))) if names(escalation.id) => false,
        Some((None, Some(_))) => false,
        Some((Some(_), _) | (None, None)) | None => on_team,
    };
    let (first, second) = if team_first {
        (Action::DecideTeam, Action::DecideEscalation)
    } else {
        (Action::DecideEscalation, Action::DecideTeam)
    };
    let refused = match attempt(first).await {
        Err(problem) if matches!(problem.status, 403 | 404) || is_over(&problem) => problem,
        settled => return settled,
    };
    match attempt(second).await {
        Ok(version) => Ok(version),
        // Of two refusals, the one that says what became of it.
        Err(problem) if !is_over(&refused) && (is_over(&problem) || problem.status == 422) => Err(problem),
        Err(_) => Err(refused),
    }
}

/// Nothing is left to decide.
fn is_over(problem: &Problem) -> bool {
    matches!(problem.name(), "not-before-team" | "not-escalated" | "matter-over")
}
