//! The resolution timeline: loops as bars cut into stays, and the figures beside them.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Duration, NaiveDate, Utc};
use contracts::Claims;
use contracts::ids::{DepartmentId, District, SchoolId};
use contracts::queries::{Month, PictureQuery, Piece, StageTime, Summary};
use contracts::vocabulary::{Grouping, LoopState};
use sql::{Db, on};
use sqlx::{Database, Encode, QueryBuilder, Type};
use uuid::Uuid;

use super::lists::{Way, at_schools, visible};
use super::rows::{LOOP_COLUMNS, LoopDbRow};

/// Loops looked at one by one for a picture; the bars are the first of them by the order asked for.
const LOOKED_AT_MAX: i64 = 1000;
/// Lines of figures told apart.
const TOLD_APART_MAX: i64 = 5000;

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

/// Which loops of a period, and so how they are come by. A district has many that ended long ago: none is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Those that ended in it or since.
    Ended,
    /// Those that are open.
    Open,
    /// Both, in the order they were filed.
    Both,
}

/// The loops somebody sees that are counted, and were open at some time of a period.
fn counted<'a, DB>(query: &mut QueryBuilder<DB>, viewer: &'a Claims, narrow: &Narrow<'a>, period: Period, part: Part)
where
    DB: Database,
    Uuid: Encode<'a, DB> + Type<DB>,
    DateTime<Utc>: Encode<'a, DB> + Type<DB>,
    &'a str: Encode<'a, DB> + Type<DB>,
{
    visible(query, viewer, Way::ByPlace);
    narrowed(query, narrow);
    match part {
        Part::Ended => {
            query.push(" AND ended_at >= ").push_bind(period.from);
        }
        Part::Open => {
            query.push(" AND is_open = 1");
        }
        Part::Both => {
            query.push(" AND (is_open = 1 OR ended_at >= ").push_bind(period.from);
            query.push(")");
        }
    }
    // Nearly all were filed before the end of a period: no index is of use for that.
    query.push(" AND COALESCE(filed_at, filed_at) < ").push_bind(period.to);
}

fn narrowed<'a, DB>(query: &mut QueryBuilder<DB>, narrow: &Narrow<'a>)
where
    DB: Database,
    Uuid: Encode<'a, DB> + Type<DB>,
    &'a str: Encode<'a, DB> + Type<DB>,
{
    if let Some(department) = narrow.department {
        query
            .push(" AND id IN (SELECT loop FROM loop_department WHERE department = ")
            .push_bind(department.0)
            .push(")");
    }
    if let Some(schools) = &narrow.schools {
        at_schools(query, schools);
    }
    if let Some(area) = narrow.area {
        query.push(" AND area = ").push_bind(area);
    }
}

/// Draws the picture.
pub(crate) async fn picture(
    db: &Db,
    viewer: &Claims,
    asked: &PictureQuery,
    narrow: &Narrow<'_>,
    period: Period,
) -> Result<Drawn, sqlx::Error> {
    let only_figures = asked.limit == Some(0);
    let looked_at = if only_figures { 0 } else { LOOKED_AT_MAX + 1 };
    let mut rows: Vec<LoopDbRow> = on!(db.of(&viewer.district).await?, rows => {
        let mut query = QueryBuilder::new("SELECT ");
        query.push(LOOP_COLUMNS).push(" FROM loop_row WHERE");
        counted(&mut query, viewer, narrow, period, Part::Both);
        query.push(" ORDER BY filed_seq DESC LIMIT ").push_bind(looked_at);
        query.build_query_as().fetch_all(rows).await
    })?;
    let newest_only = rows.len() as i64 > LOOKED_AT_MAX;
    rows.truncate(LOOKED_AT_MAX as usize);
    let mut stays = stays_of(db, &viewer.district, &rows).await?;
    let stages = stages(&stays, period);
    let by = match asked.by {
        Some(by) => figures(db, viewer, narrow, period, Some(by)).await?,
        None => Vec::new(),
    };
    // Told apart by school, one that several have is counted several times; by anything else the parts are the whole.
    let summary = if matches!(asked.by, None | Some(Grouping::School)) {
        let all = figures(db, viewer, narrow, period, None).await?;
        all.into_iter().next().map(|(_, summary)| summary).unwrap_or_default()
    } else {
        by.iter().fold(Summary::default(), |mut all, (_, part)| {
            add(&mut all, part);
            all
        })
    };
    let late_with = late_with(db, viewer, narrow, period).await?;
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
    let more = newest_only || bars.len() > limit;
    bars.truncate(limit);
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

async fn stays_of(db: &Db, district: &District, rows: &[LoopDbRow]) -> Result<HashMap<Uuid, Vec<Piece>>, sqlx::Error> {
    let mut stays: HashMap<Uuid, Vec<Piece>> = HashMap::new();
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
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

/// One line of figures as the database counts it.
#[derive(Debug, sqlx::FromRow)]
struct FigureRow {
    told_by: Option<String>,
    open: i64,
    late: i64,
    triage: i64,
    filed: i64,
    refused: i64,
    closed_confirmed: i64,
    closed_unconfirmed: i64,
    declined: i64,
    withdrawn: i64,
    structural: i64,
    exceptions: i64,
}

impl FigureRow {
    fn summary(&self) -> Summary {
        let count = |count: i64| u32::try_from(count).unwrap_or(u32::MAX);
        Summary {
            open: count(self.open),
            late: count(self.late),
            filed: count(self.filed),
            closed_confirmed: count(self.closed_confirmed),
            closed_unconfirmed: count(self.closed_unconfirmed),
            refused: count(self.refused),
            declined: count(self.declined),
            withdrawn: count(self.withdrawn),
            triage: count(self.triage),
            structural: count(self.structural),
            exceptions: count(self.exceptions),
        }
    }
}

fn add(to: &mut Summary, more: &Summary) {
    to.open += more.open;
    to.late += more.late;
    to.filed += more.filed;
    to.closed_confirmed += more.closed_confirmed;
    to.closed_unconfirmed += more.closed_unconfirmed;
    to.refused += more.refused;
    to.declined += more.declined;
    to.withdrawn += more.withdrawn;
    to.triage += more.triage;
    to.structural += more.structural;
    to.exceptions += more.exceptions;
}

/// The figures of a period, of all that is counted or told apart, the most open first.
async fn figures(
    db: &Db,
    viewer: &Claims,
    narrow: &Narrow<'_>,
    period: Period,
    by: Option<Grouping>,
) -> Result<Vec<(Option<String>, Summary)>, sqlx::Error> {
    let mut told: BTreeMap<Option<String>, Summary> = BTreeMap::new();
    for part in [Part::Ended, Part::Open] {
        for row in figures_of(db, viewer, narrow, period, by, part).await? {
            add(told.entry(row.told_by.clone()).or_default(), &row.summary());
        }
    }
    let mut told: Vec<(Option<String>, Summary)> = told.into_iter().collect();
    told.sort_by_key(|(_, summary)| std::cmp::Reverse((summary.open, summary.filed)));
    told.truncate(TOLD_APART_MAX as usize);
    Ok(told)
}

/// The figures of a part of them. Of those that ended nothing is asked that their index does not hold.
async fn figures_of(
    db: &Db,
    viewer: &Claims,
    narrow: &Narrow<'_>,
    period: Period,
    by: Option<Grouping>,
    part: Part,
) -> Result<Vec<FigureRow>, sqlx::Error> {
    on!(db.of(&viewer.district).await?, rows => {
        let mut query = QueryBuilder::new("SELECT ");
        let uuid = matches!(db, Db::Postgres(_));
        query.push(match (by, uuid) {
            (None, _) => "NULL",
            (Some(Grouping::Area), _) => "area",
            (Some(Grouping::State), _) => "state",
            (Some(Grouping::Department), true) => "department::text",
            (Some(Grouping::School), true) => "school::text",
            (Some(Grouping::Department), false) => "CASE WHEN department IS NOT NULL THEN LOWER(HEX(department)) END",
            (Some(Grouping::School), false) => "LOWER(HEX(school))",
        });
        query.push(" AS told_by, ");
        if part == Part::Open {
            query.push("COUNT(*) AS open, COUNT(CASE WHEN next_due < ").push_bind(period.today);
            query.push(" THEN 1 END) AS late, COUNT(CASE WHEN state = 'triage' THEN 1 END) AS triage");
        } else {
            let none: i64 = 0;
            for (name, comma) in [("open", ", "), ("late", ", "), ("triage", "")] {
                query.push("CAST(").push_bind(none).push(" AS BIGINT) AS ").push(name).push(comma);
            }
        }
        query.push(", COUNT(CASE WHEN filed_at >= ").push_bind(period.from);
        query.push(" THEN 1 END) AS filed, COUNT(CASE WHEN refused = 1 THEN 1 END) AS refused");
        for (name, which) in [
            ("closed_confirmed", "state = 'closed' AND unconfirmed = 0"),
            ("closed_unconfirmed", "state = 'closed' AND unconfirmed = 1"),
            ("declined", "state = 'declined'"),
            ("withdrawn", "state = 'withdrawn'"),
            ("structural", "state = 'closed' AND resolution_kind IN ('already_allowed', 'zone_flexibility', 'district_change')"),
            ("exceptions", "state = 'closed' AND resolution_kind = 'school_exception'"),
        ] {
            query.push(", COUNT(CASE WHEN ").push(which).push(" AND ended_at < ").push_bind(period.to);
            query.push(" THEN 1 END) AS ").push(name);
        }
        // A loop of several schools counts with each of them.
        if by == Some(Grouping::School) {
            query.push(
                " FROM (SELECT loop_row.*, loop_school.school FROM loop_row JOIN loop_school ON loop_school.loop = loop_row.id \
                 AND loop_school.district = loop_row.district) AS loop_row WHERE",
            );
        } else {
            query.push(" FROM loop_row WHERE");
        }
        counted(&mut query, viewer, narrow, period, part);
        if by.is_some() {
            query.push(" GROUP BY 1");
        }
        query.build_query_as().fetch_all(rows).await
    })
}

/// What is open, by who has it, the most late first.
async fn late_with(
    db: &Db,
    viewer: &Claims,
    narrow: &Narrow<'_>,
    period: Period,
) -> Result<Vec<(String, Option<DepartmentId>, u32, u32)>, sqlx::Error> {
    let found: Vec<(String, Option<Uuid>, i64, i64)> = on!(db.of(&viewer.district).await?, rows => {
        let mut query = QueryBuilder::new(
            "SELECT holder, CASE WHEN holder = 'department' THEN department END, COUNT(*), COUNT(CASE WHEN next_due < ",
        );
        query.push_bind(period.today).push(" THEN 1 END) FROM loop_row WHERE is_open = 1 AND");
        visible(&mut query, viewer, Way::ByPlace);
        narrowed(&mut query, narrow);
        query.push(" AND COALESCE(filed_at, filed_at) < ").push_bind(period.to);
        query.push(" GROUP BY 1, 2 ORDER BY 4 DESC, 3 DESC, 1 LIMIT ").push_bind(TOLD_APART_MAX);
        query.build_query_as().fetch_all(rows).await
    })?;
    let count = |count: i64| u32::try_from(count).unwrap_or(u32::MAX);
    Ok(found
        .into_iter()
        .map(|(holder, department, open, late)| (holder, department.map(DepartmentId), count(open), count(late)))
        .collect())
}

/// What came and ended month by month; a month begins where the one before it ends.
pub(crate) async fn trend(
    db: &Db,
    viewer: &Claims,
    narrow: &Narrow<'_>,
    begins: &[DateTime<Utc>],
    end: DateTime<Utc>,
) -> Result<Vec<Month>, sqlx::Error> {
    let mut months = vec![Month::default(); begins.len()];
    let Some(first) = begins.first().copied() else {
        return Ok(months);
    };
    for column in ["filed_at", "ended_at"] {
        let rows: Vec<(i64, String, i32, Option<String>, i64)> = on!(db.of(&viewer.district).await?, rows => {
            // Sixty-four bits, whichever database counts.
            let mut query = QueryBuilder::new("SELECT CAST(CASE WHEN 1 = 0 THEN 0");
            for (nth, begin) in begins.iter().enumerate().skip(1).rev() {
                query.push(" WHEN ").push(column).push(" >= ").push_bind(*begin);
                query.push(" THEN ").push(nth.to_string());
            }
            query.push(" ELSE 0 END AS BIGINT), ");
            // What was filed is only counted: its index has all that is asked then.
            query.push(if column == "filed_at" {
                "'', 0, NULL, COUNT(*) FROM loop_row WHERE"
            } else {
                "state, unconfirmed, resolution_kind, COUNT(*) FROM loop_row WHERE"
            });
            visible(&mut query, viewer, Way::ByPlace);
            narrowed(&mut query, narrow);
            query.push(" AND ").push(column).push(" >= ").push_bind(first);
            query.push(" AND ").push(column).push(" < ").push_bind(end);
            query.push(" GROUP BY 1, 2, 3, 4");
            query.build_query_as().fetch_all(rows).await
        })?;
        for (nth, state, unconfirmed, kind, count) in rows {
            let Some(month) = usize::try_from(nth).ok().and_then(|nth| months.get_mut(nth)) else {
                continue;
            };
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            if column == "filed_at" {
                month.filed += count;
                continue;
            }
            match LoopState::from_code(&state) {
                Some(LoopState::Closed) if unconfirmed == 1 => month.closed_unconfirmed += count,
                Some(LoopState::Closed) => month.closed_confirmed += count,
                Some(LoopState::Declined) => month.declined += count,
                Some(LoopState::Withdrawn) => month.withdrawn += count,
                _ => {}
            }
            if state == LoopState::Closed.code() {
                match kind.as_deref() {
                    Some("already_allowed" | "zone_flexibility" | "district_change") => month.structural += count,
                    Some("school_exception") => month.exceptions += count,
                    Some(_) | None => {}
                }
            }
        }
    }
    Ok(months)
}
