//! The resolution timeline: loops as bars cut into stays, and the figures beside them.

use std::collections::HashMap;

use chrono::{DateTime, Duration, NaiveDate, Utc};
use contracts::Claims;
use contracts::ids::{DepartmentId, District, SchoolId};
use contracts::queries::{PictureQuery, Piece, StageTime, Summary};
use contracts::vocabulary::LoopState;
use sql::{Db, on};
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::lists::among;
use super::rows::{LOOP_COLUMNS, LoopDbRow};
use super::tally::Tallies;

/// Loops looked at one by one for a picture; the bars are the first of them by the order asked for.
const LOOKED_AT_MAX: usize = 1000;

/// The period looked at, as moments.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Period {
    pub(crate) from: DateTime<Utc>,
    pub(crate) to: DateTime<Utc>,
    pub(crate) today: NaiveDate,
    pub(crate) now: DateTime<Utc>,
}

/// Which loops are counted, beside those that somebody sees.
#[derive(Debug)]
pub(crate) struct Narrow<'a> {
    /// This department has, had or helps with them.
    pub(crate) department: Option<DepartmentId>,
    /// Their area.
    pub(crate) area: Option<&'a str>,
    /// One of these schools is in them; any, where none are named.
    pub(crate) schools: Option<Vec<SchoolId>>,
}

/// What the database says for a picture.
#[derive(Debug)]
pub(crate) struct Drawn {
    pub(crate) summary: Summary,
    pub(crate) stages: Vec<StageTime>,
    /// Whether only the newest loops were looked at for the stages.
    pub(crate) newest_only: bool,
    /// The figures told apart, by id or code.
    pub(crate) by: Vec<(Option<String>, Summary)>,
    /// Open and late, by holder code and department.
    pub(crate) late_with: Vec<(String, Option<DepartmentId>, u32, u32)>,
    pub(crate) bars: Vec<(LoopDbRow, Vec<Piece>, i64)>,
    pub(crate) more: bool,
}

#[derive(Debug, sqlx::FromRow)]
struct StayRow {
    #[sqlx(rename = "loop")]
    loop_id: Uuid,
    from_at: DateTime<Utc>,
    to_at: Option<DateTime<Utc>>,
    state: String,
    holder: String,
    department: Option<Uuid>,
    paused: i32,
}

/// Draws the picture.
pub(crate) async fn picture(
    db: &Db,
    tallies: &Tallies,
    viewer: &Claims,
    asked: &PictureQuery,
    narrow: &Narrow<'_>,
    period: Period,
) -> Result<Drawn, sqlx::Error> {
    let looked_at = if asked.limit == Some(0) { 0 } else { LOOKED_AT_MAX + 1 };
    let (summary, by, late_with, mut newest) = {
        let tally = tallies.of(db, &viewer.district).await?;
        let sight = tally.sight(db, viewer).await?;
        let (summary, by) = tally.figures(&sight, narrow, period, asked.by);
        let late_with = tally.late_with(&sight, narrow, period);
        (summary, by, late_with, tally.newest(&sight, narrow, period, looked_at))
    };
    let newest_only = newest.len() > LOOKED_AT_MAX;
    newest.truncate(LOOKED_AT_MAX);
    let lengths = lengths_of(db, &viewer.district, &newest, period.now).await?;
    let stages = stages(&lengths, period);
    let limit = asked.limit.unwrap_or(100).clamp(1, contracts::queries::PAGE_MAX) as usize;
    let mut bars: Vec<(Uuid, i64)> = newest
        .into_iter()
        .rev()
        .map(|id| {
            let stays = lengths.get(&id).map(Vec::as_slice).unwrap_or_default();
            let waits = stays.iter().filter(|stay| !stay.state.is_end());
            let longest = waits.map(|stay| (stay.to - stay.from).num_hours()).max();
            (id, longest.unwrap_or(0))
        })
        .collect();
    if asked.sort.as_deref() == Some("longest_wait") {
        bars.sort_by_key(|(_, longest)| -*longest);
    }
    let more = newest_only || bars.len() > limit;
    bars.truncate(limit);
    let ids: Vec<Uuid> = bars.iter().map(|(id, _)| *id).collect();
    let mut rows = rows_of(db, &viewer.district, &ids).await?;
    let mut stays = stays_of(db, &viewer.district, &ids).await?;
    let bars = bars
        .into_iter()
        .filter_map(|(id, longest)| Some((rows.remove(&id)?, stays.remove(&id).unwrap_or_default(), longest)))
        .collect();
    Ok(Drawn {
        summary,
        stages,
        newest_only,
        by,
        late_with,
        bars,
        more,
    })
}

/// Loops as lists show them, by their ids.
async fn rows_of(db: &Db, district: &District, ids: &[Uuid]) -> Result<HashMap<Uuid, LoopDbRow>, sqlx::Error> {
    let mut found = HashMap::new();
    for chunk in sql::chunks(ids) {
        let rows: Vec<LoopDbRow> = on!(db.of(district).await?, rows => {
            let mut query = QueryBuilder::new("SELECT ");
            query.push(LOOP_COLUMNS).push(" FROM loop_row WHERE district || '' = ").push_bind(district.as_str());
            query.push(" AND ");
            among(&mut query, "id", chunk.iter().copied());
            query.build_query_as().fetch_all(rows).await
        })?;
        found.extend(rows.into_iter().map(|row| (row.id, row)));
    }
    Ok(found)
}

async fn stays_of(db: &Db, district: &District, ids: &[Uuid]) -> Result<HashMap<Uuid, Vec<Piece>>, sqlx::Error> {
    let mut stays: HashMap<Uuid, Vec<Piece>> = HashMap::new();
    for chunk in ids.chunks(500) {
        let found: Vec<StayRow> = on!(db.of(district).await?, rows => {
            let mut query = QueryBuilder::new(
                "SELECT loop, from_at, to_at, state, holder, department, paused FROM stay WHERE district || '' = ",
            );
            query.push_bind(district.as_str()).push(" AND loop IN (");
            let mut separated = query.separated(", ");
            for id in chunk {
                separated.push_bind(*id);
            }
            query.push(") ORDER BY loop, from_seq");
            query.build_query_as().fetch_all(rows).await
        })?;
        for stay in found {
            stays.entry(stay.loop_id).or_default().push(Piece {
                from: stay.from_at,
                to: stay.to_at,
                state: LoopState::from_code(&stay.state).unwrap_or(LoopState::Filed),
                holder: stay.holder,
                department: stay.department.map(DepartmentId),
                paused: stay.paused == 1,
            });
        }
    }
    Ok(stays)
}

/// How long a loop was in a state, up to now where it still is.
#[derive(Debug, Clone, Copy)]
struct Length {
    state: LoopState,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
}

/// A moment as a database writes it into a text.
fn moment(text: &str) -> Option<DateTime<Utc>> {
    let read =
        DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f%#z"));
    read.ok().map(|moment| moment.to_utc())
}

/// How long loops were in which states: one row for each loop, since rows cost more than what stands in them.
async fn lengths_of(
    db: &Db,
    district: &District,
    ids: &[Uuid],
    now: DateTime<Utc>,
) -> Result<HashMap<Uuid, Vec<Length>>, sqlx::Error> {
    let stay = "state || '|' || CAST(from_at AS TEXT) || '|' || COALESCE(CAST(to_at AS TEXT), '')";
    let together = match db {
        Db::Sqlite(_) => format!("group_concat({stay}, ';')"),
        Db::Postgres(_) => format!("string_agg({stay}, ';')"),
    };
    let mut lengths = HashMap::new();
    for chunk in sql::chunks(ids) {
        let found: Vec<(Uuid, String)> = on!(db.of(district).await?, rows => {
            let mut query = QueryBuilder::new("SELECT loop, ");
            query.push(together.as_str()).push(" FROM stay WHERE district || '' = ").push_bind(district.as_str());
            query.push(" AND ");
            among(&mut query, "loop", chunk.iter().copied());
            query.push(" GROUP BY loop");
            query.build_query_as().fetch_all(rows).await
        })?;
        for (id, stays) in found {
            let read = stays.split(';').filter_map(|stay| {
                let mut parts = stay.split('|');
                let state = LoopState::from_code(parts.next()?)?;
                let from = moment(parts.next()?)?;
                let to = parts.next().and_then(moment).unwrap_or(now);
                Some(Length { state, from, to })
            });
            lengths.insert(id, read.collect());
        }
    }
    Ok(lengths)
}

/// Time in each stage: every stay that ended in the period, or is under way, counts with its whole length so far.
fn stages(stays: &HashMap<Uuid, Vec<Length>>, period: Period) -> Vec<StageTime> {
    let mut by_state: HashMap<LoopState, Vec<Duration>> = HashMap::new();
    for stay in stays.values().flatten() {
        if !stay.state.is_end() && stay.to >= period.from && stay.from < period.to {
            by_state.entry(stay.state).or_default().push(stay.to - stay.from);
        }
    }
    LoopState::ALL
        .iter()
        .filter_map(|state| {
            let mut lengths = by_state.remove(state)?;
            lengths.sort();
            let at = |share: usize| {
                let index = (lengths.len() * share / 100).min(lengths.len() - 1);
                (lengths[index].num_minutes() as f64 / 144.0).round() as u32
            };
            Some(StageTime {
                state: *state,
                count: lengths.len() as u32,
                median_tenths: at(50),
                p80_tenths: at(80),
            })
        })
        .collect()
}
