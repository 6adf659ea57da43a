//! The resolution timeline: loops as bars cut into stays, and the figures beside them.

use std::collections::HashMap;

use chrono::{DateTime, Duration, NaiveDate, Utc};
use contracts::Claims;
use contracts::ids::{DepartmentId, District};
use contracts::queries::{PictureQuery, Piece, StageTime, Summary};
use contracts::vocabulary::LoopState;
use sql::{Db, on};
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::lists::{Way, visible};
use super::rows::{LOOP_COLUMNS, LoopDbRow};

/// Loops looked at for one picture; the bars are the first of them by the order asked for.
const LOOKED_AT_MAX: i64 = 5000;

/// The period looked at, as moments.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Period {
    pub(crate) from: DateTime<Utc>,
    pub(crate) to: DateTime<Utc>,
    pub(crate) today: NaiveDate,
    pub(crate) now: DateTime<Utc>,
}

/// What the database says for a picture.
#[derive(Debug)]
pub(crate) struct Drawn {
    pub(crate) summary: Summary,
    pub(crate) stages: Vec<StageTime>,
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
    viewer: &Claims,
    asked: &PictureQuery,
    period: Period,
) -> Result<Drawn, sqlx::Error> {
    let rows: Vec<LoopDbRow> = on!(db.of(&viewer.district).await?, rows => {
        let mut query = QueryBuilder::new("SELECT ");
        query.push(LOOP_COLUMNS).push(" FROM loop_row WHERE");
        visible(&mut query, viewer, Way::ByPlace);
        query.push(" AND filed_at < ").push_bind(period.to);
        query.push(" AND (ended_at IS NULL OR ended_at >= ").push_bind(period.from).push(")");
        if let Some(department) = asked.department {
            query.push(" AND id IN (SELECT loop FROM loop_department WHERE department = ").push_bind(department.0).push(")");
        }
        if let Some(school) = asked.school {
            query.push(" AND id IN (SELECT loop FROM loop_school WHERE school = ").push_bind(school.0).push(")");
        }
        if let Some(area) = &asked.area {
            query.push(" AND area = ").push_bind(area.as_str());
        }
        query.push(" ORDER BY filed_seq DESC LIMIT ").push_bind(LOOKED_AT_MAX);
        query.build_query_as().fetch_all(rows).await
    })?;
    let mut stays = stays_of(db, &viewer.district, &rows).await?;
    let stages = stages(&stays, period);
    let summary = summary(db, &viewer.district, &rows, period).await?;
    let late_with = late_with(&rows, period.today);
    let limit = asked.limit.unwrap_or(100).clamp(1, contracts::queries::PAGE_MAX) as usize;
    let mut bars: Vec<(LoopDbRow, Vec<Piece>, i64)> = rows
        .into_iter()
        .map(|row| {
            let pieces = stays.remove(&row.id).unwrap_or_default();
            let longest = pieces
                .iter()
                .filter(|piece| !piece.state.is_end())
                .map(|piece| (piece.to.unwrap_or(period.now) - piece.from).num_hours())
                .max()
                .unwrap_or(0);
            (row, pieces, longest)
        })
        .collect();
    match asked.sort.as_deref() {
        Some("longest_wait") => bars.sort_by_key(|(row, _, longest)| (-*longest, row.filed_seq)),
        Some(_) | None => bars.sort_by_key(|(row, _, _)| row.filed_seq),
    }
    let more = bars.len() > limit;
    bars.truncate(limit);
    Ok(Drawn {
        summary,
        stages,
        late_with,
        bars,
        more,
    })
}

async fn stays_of(db: &Db, district: &District, rows: &[LoopDbRow]) -> Result<HashMap<Uuid, Vec<Piece>>, sqlx::Error> {
    let mut stays: HashMap<Uuid, Vec<Piece>> = HashMap::new();
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    for chunk in ids.chunks(500) {
        let found: Vec<StayRow> = on!(db.of(district).await?, rows => {
            let mut query = QueryBuilder::new(
                "SELECT loop, from_at, to_at, state, holder, department, paused FROM stay WHERE district = ",
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

/// Time in each stage: every stay that ended in the period, or is under way, counts with its whole length so far.
fn stages(stays: &HashMap<Uuid, Vec<Piece>>, period: Period) -> Vec<StageTime> {
    let mut by_state: HashMap<LoopState, Vec<Duration>> = HashMap::new();
    for piece in stays.values().flatten() {
        let end = piece.to.unwrap_or(period.now);
        if !piece.state.is_end() && end >= period.from && piece.from < period.to {
            by_state.entry(piece.state).or_default().push(end - piece.from);
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

async fn summary(db: &Db, district: &District, rows: &[LoopDbRow], period: Period) -> Result<Summary, sqlx::Error> {
    let mut summary = Summary::default();
    let ended_in = |row: &LoopDbRow| row.ended_at.is_some_and(|at| at >= period.from && at < period.to);
    let mut closed: Vec<Uuid> = Vec::new();
    for row in rows {
        let state = LoopState::from_code(&row.state).unwrap_or(LoopState::Filed);
        summary.filed += u32::from(row.filed_at >= period.from);
        summary.refused += u32::from(row.refused == 1);
        if !state.is_end() {
            summary.open += 1;
            summary.late += u32::from(row.next_due.is_some_and(|day| day < period.today));
            summary.triage += u32::from(state == LoopState::Triage);
        }
        if ended_in(row) {
            match state {
                LoopState::Closed if row.unconfirmed == 1 => summary.closed_unconfirmed += 1,
                LoopState::Closed => summary.closed_confirmed += 1,
                LoopState::Declined => summary.declined += 1,
                LoopState::Withdrawn => summary.withdrawn += 1,
                LoopState::Filed
                | LoopState::Triage
                | LoopState::Routed
                | LoopState::Acknowledged
                | LoopState::WaitingForSchool
                | LoopState::WaitingForState
                | LoopState::Reopened
                | LoopState::Proposed => {}
            }
            if state == LoopState::Closed {
                closed.push(row.id);
            }
        }
    }
    for chunk in closed.chunks(500) {
        let kinds: Vec<(Option<String>,)> = on!(db.of(district).await?, rows => {
            let mut query = QueryBuilder::new("SELECT resolution_kind FROM loop_row WHERE district = ");
            query.push_bind(district.as_str()).push(" AND id IN (");
            let mut separated = query.separated(", ");
            for id in chunk {
                separated.push_bind(*id);
            }
            query.push(")");
            query.build_query_as().fetch_all(rows).await
        })?;
        for (kind,) in kinds {
            match kind.as_deref() {
                Some("already_allowed" | "zone_flexibility" | "district_change") => summary.structural += 1,
                Some("school_exception") => summary.exceptions += 1,
                Some(_) | None => {}
            }
        }
    }
    Ok(summary)
}

fn late_with(rows: &[LoopDbRow], today: NaiveDate) -> Vec<(String, Option<DepartmentId>, u32, u32)> {
    let mut found: HashMap<(String, Option<Uuid>), (u32, u32)> = HashMap::new();
    for row in rows.iter().filter(|row| row.ended_at.is_none()) {
        let department = if row.holder == "department" {
            row.department
        } else {
            None
        };
        let counts = found.entry((row.holder.clone(), department)).or_default();
        counts.0 += 1;
        counts.1 += u32::from(row.next_due.is_some_and(|day| day < today));
    }
    let mut found: Vec<_> = found
        .into_iter()
        .map(|((holder, department), (open, late))| (holder, department.map(DepartmentId), open, late))
        .collect();
    found.sort_by(|a, b| (b.3, b.2, &a.0).cmp(&(a.3, a.2, &b.0)));
    found
}
