//! Leaders' figures.

use axum::Json;
use axum::extract::{RawQuery, State};
use contracts::queries::{LateWith, Picture, PictureQuery, StageTime, Summary, Told, Trend, TrendQuery};
use schemars::JsonSchema;
use serde::Serialize;

use super::answer::Answer;
use super::caller::Caller;
use super::loops::read_query;
use crate::as_of;
use crate::front::Front;

/// The figures of a period.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Figures {
    /// From.
    pub from: chrono::NaiveDate,
    /// To.
    pub to: chrono::NaiveDate,
    /// As of when: now, or the time that was asked for.
    pub as_of: chrono::DateTime<chrono::Utc>,
    /// The figures.
    #[serde(flatten)]
    pub summary: Summary,
    /// What is open and late, with whom.
    pub late_with: Vec<LateWith>,
    /// The figures told apart, where `by` asks for it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<Told>,
}

/// Time in each stage.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Stages {
    /// From.
    pub from: chrono::NaiveDate,
    /// To.
    pub to: chrono::NaiveDate,
    /// As of when: now, or the time that was asked for.
    pub as_of: chrono::DateTime<chrono::Utc>,
    /// One for each state, in the order of a loop's life.
    pub items: Vec<StageTime>,
    /// Whether only the newest loops were looked at, since there are so many.
    pub newest_only: bool,
}

async fn picture(front: &Front, caller: &Caller, raw: Option<&str>, bars: u32) -> Answer<Picture> {
    let (of, rest) = as_of::asked(raw)?;
    let mut query: PictureQuery = read_query(Some(&rest))?;
    query.limit = Some(bars);
    Ok(front
        .ask_as_of(&caller.visitor, "picture", query, of, caller.at_least)
        .await?
        .answer)
}

/// The figures.
pub(super) async fn summary(
    State(front): State<Front>,
    caller: Caller,
    RawQuery(raw): RawQuery,
) -> Answer<Json<Figures>> {
    let picture = picture(&front, &caller, raw.as_deref(), 0).await?;
    Ok(Json(Figures {
        from: picture.from,
        to: picture.to,
        as_of: picture.as_of,
        summary: picture.summary,
        late_with: picture.late_with,
        by: picture.by,
    }))
}

/// Time in each stage.
pub(super) async fn stages(
    State(front): State<Front>,
    caller: Caller,
    RawQuery(raw): RawQuery,
) -> Answer<Json<Stages>> {
    let picture = picture(&front, &caller, raw.as_deref(), 1).await?;
    Ok(Json(Stages {
        from: picture.from,
        to: picture.to,
        as_of: picture.as_of,
        items: picture.stages,
        newest_only: picture.newest_only,
    }))
}

/// Month by month.
pub(super) async fn trend(State(front): State<Front>, caller: Caller, RawQuery(raw): RawQuery) -> Answer<Json<Trend>> {
    let (of, rest) = as_of::asked(raw.as_deref())?;
    let query: TrendQuery = read_query(Some(&rest))?;
    let answered = front.ask_as_of(&caller.visitor, "trend", query, of, caller.at_least);
    Ok(Json(answered.await?.answer))
}
