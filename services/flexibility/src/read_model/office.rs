//! What schools met, patterns, requests to the state and reviews: events to rows, and rows to answers.

use ::projection::ApplyError;
use chrono::{DateTime, NaiveDate, Utc};
use contracts::envelope::Recorded;
use contracts::events::flexibility::Rule;
use contracts::ids::{District, FlexibilityId, LoopId, PatternId, SchoolId, WaiverId};
use contracts::subjects::Thing;
use contracts::vocabulary::{LoopState, PatternStanding, ResolutionKind, Visibility, WaiverStanding};
use domain::pattern::PatternRecord;
use domain::{Fold, LoopRecord, Pattern, Review, Waiver};
use eventlog::EventLog;
use sql::{Db, Tx, on, on_tx};
use sqlx::QueryBuilder;
use uuid::Uuid;

use crate::similar::terms::rule_key;

/// The most rows that evidence is made of.
const EVIDENCE_MAX: i64 = 5000;

/// A school that met something, as one row.
#[derive(Debug)]
pub(super) struct MetOut {
    id: Uuid,
    school: Uuid,
    district: String,
    area: String,
    rule: String,
    cited: String,
    filed_seq: i64,
    filed_at: DateTime<Utc>,
    open: i64,
    confidential: i64,
    kind: Option<&'static str>,
    ended_at: Option<DateTime<Utc>>,
}

/// A pattern, a request or a review as it stands after a batch.
#[derive(Debug)]
pub(super) enum OfficeOut {
    Pattern {
        id: Uuid,
        district: String,
        basis: String,
        standing: &'static str,
        first_seq: i64,
        decided_seq: Option<i64>,
        state: String,
    },
    Waiver {
        id: Uuid,
        district: String,
        origin: Uuid,
        standing: &'static str,
        decide_by: Option<NaiveDate>,
        first_seq: i64,
        state: String,
    },
    Review {
        id: Uuid,
        district: String,
        open: i64,
        first_seq: i64,
        state: String,
    },
}

/// What several loops and exceptions may have in common: a cited rule, or an area.
pub fn rule_basis(rule: &Rule) -> Option<String> {
    Some(rule_key(rule))
        .filter(|key| !key.is_empty())
        .map(|key| format!("rule:{key}"))
}

/// The same of an area.
pub fn area_basis(area: &str) -> String {
    format!("area:{area}")
}

/// What a loop comes to: one row for each of its schools.
pub(super) fn met(id: LoopId, district: &District, record: &LoopRecord) -> Vec<MetOut> {
    if record.state() == LoopState::Withdrawn {
        return Vec::new();
    }
    let rule = record.rule();
    let closed = record.state() == LoopState::Closed;
    record
        .schools_in_it()
        .map(|school| MetOut {
            id: id.0,
            school: school.0,
            district: district.to_string(),
            area: record.tension.area.code().to_owned(),
            rule: rule_key(&rule),
            cited: serde_json::to_string(&rule).unwrap_or_default(),
            filed_seq: record.filed_seq as i64,
            filed_at: record.filed_at,
            open: i64::from(!record.is_ended()),
            confidential: i64::from(record.tension.visibility == Visibility::Confidential),
            kind: record
                .proposal
                .as_ref()
                .filter(|_| closed)
                .map(|proposal| proposal.kind.code()),
            ended_at: record.ended_at,
        })
        .collect()
}

/// A pattern, request or review after an event, read from the log: they are few and short.
pub(super) async fn office(log: &dyn EventLog, recorded: &Recorded) -> Result<Option<OfficeOut>, ApplyError> {
    let id = recorded.subject.id;
    let district = recorded.subject.district.to_string();
    Ok(match recorded.subject.thing {
        Thing::Pattern => {
            let state: Pattern = as_of(log, recorded).await?;
            state.record().map(|record| OfficeOut::Pattern {
                id,
                district,
                basis: basis_of(record),
                standing: record.standing.code(),
                first_seq: record.first_seq as i64,
                decided_seq: (record.standing == PatternStanding::Adopted).then_some(record.version as i64),
                state: serde_json::to_string(record).unwrap_or_default(),
            })
        }
        Thing::Waiver => {
            let state: Waiver = as_of(log, recorded).await?;
            state.record().map(|record| OfficeOut::Waiver {
                id,
                district,
                origin: record.loop_id.0,
                standing: record.standing.code(),
                decide_by: record.decide_by.filter(|_| record.silence_grants),
                first_seq: record.first_seq as i64,
                state: serde_json::to_string(record).unwrap_or_default(),
            })
        }
        Thing::Review => {
            let state: Review = as_of(log, recorded).await?;
            state.record().map(|record| OfficeOut::Review {
                id,
                district,
                open: i64::from(record.concluded.is_none()),
                first_seq: record.first_seq as i64,
                state: serde_json::to_string(record).unwrap_or_default(),
            })
        }
        Thing::Loop
        | Thing::Flexibility
        | Thing::Record
        | Thing::District
        | Thing::School
        | Thing::Department
        | Thing::Zone
        | Thing::Import
        | Thing::Team
        | Thing::Person => None,
    })
}

/// The basis of a pattern, as tables know it.
pub fn basis_of(record: &PatternRecord) -> String {
    use contracts::events::pattern::Basis;
    match &record.basis {
        Basis::Clause { rule } => rule_basis(rule).unwrap_or_default(),
        Basis::Area { area } => area_basis(area.code()),
    }
}

async fn as_of<F: Fold>(log: &dyn EventLog, recorded: &Recorded) -> Result<F, ApplyError> {
    let raws = log
        .load(&recorded.subject, 0, 0)
        .await
        .map_err(|error| ApplyError::Away(error.to_string()))?;
    let mut state = F::default();
    for raw in raws.iter().take_while(|raw| raw.sequence <= recorded.sequence) {
        let Ok(earlier) = raw.parse() else { continue };
        match F::read(&earlier.envelope) {
            Ok(event) => state.evolve(&earlier.meta(), &event),
            Err(source) if raw.sequence == recorded.sequence => {
                return Err(ApplyError::Unreadable {
                    sequence: recorded.sequence,
                    source,
                });
            }
            // What could not be read was set aside when it came.
            Err(_) => {}
        }
    }
    Ok(state)
}

pub(super) async fn write_met(tx: &mut Tx, gone: &[Uuid], rows: &[MetOut]) -> Result<(), sqlx::Error> {
    sql::put(
        tx,
        "DELETE FROM met WHERE loop IN (",
        gone,
        |row, id| {
            row.put(*id);
        },
        ")",
    )
    .await?;
    sql::put(
        tx,
        "INSERT INTO met (loop, school, district, area, rule, cited, filed_seq, filed_at, open, confidential, \
                 kind, ended_at)",
        rows,
        |row, out| {
            row.put(out.id)
                .put(out.school)
                .put(out.district.as_str())
                .put(out.area.as_str())
                .put(out.rule.as_str())
                .put(out.cited.as_str())
                .put(out.filed_seq)
                .put(out.filed_at)
                .put(out.open)
                .put(out.confidential)
                .put(out.kind)
                .put(out.ended_at);
        },
        "",
    )
    .await?;
    Ok(())
}

pub(super) async fn write_office(tx: &mut Tx, rows: &[OfficeOut]) -> Result<(), sqlx::Error> {
    for row in rows {
        match row {
            OfficeOut::Pattern {
                id,
                district,
                basis,
                standing,
                first_seq,
                decided_seq,
                state,
            } => on_tx!(tx, conn => sqlx::query(
                    "INSERT INTO pattern (id, district, basis, standing, first_seq, decided_seq, state) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO UPDATE SET standing = excluded.standing, \
                     decided_seq = excluded.decided_seq, state = excluded.state")
                .bind(*id).bind(district.as_str()).bind(basis.as_str()).bind(*standing).bind(*first_seq)
                .bind(*decided_seq).bind(state.as_str()).execute(&mut **conn).await.map(|_| ()))?,
            OfficeOut::Waiver {
                id,
                district,
                origin,
                standing,
                decide_by,
                first_seq,
                state,
            } => on_tx!(tx, conn => sqlx::query(
                    "INSERT INTO waiver (id, district, loop, standing, decide_by, first_seq, state) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO UPDATE SET standing = excluded.standing, \
                     decide_by = excluded.decide_by, state = excluded.state")
                .bind(*id).bind(district.as_str()).bind(*origin).bind(*standing).bind(*decide_by).bind(*first_seq)
                .bind(state.as_str()).execute(&mut **conn).await.map(|_| ()))?,
            OfficeOut::Review {
                id,
                district,
                open,
                first_seq,
                state,
            } => on_tx!(tx, conn => sqlx::query(
                    "INSERT INTO review (id, district, open, first_seq, state) VALUES ($1, $2, $3, $4, $5) \
                     ON CONFLICT (id) DO UPDATE SET open = excluded.open, state = excluded.state")
                .bind(*id).bind(district.as_str()).bind(*open).bind(*first_seq).bind(state.as_str())
                .execute(&mut **conn).await.map(|_| ()))?,
        }
    }
    Ok(())
}

/// A school that met something.
#[derive(Debug, Clone)]
pub(crate) struct Met {
    pub(crate) id: LoopId,
    pub(crate) school: SchoolId,
    pub(crate) area: String,
    pub(crate) cited: Option<Rule>,
    pub(crate) filed_seq: u64,
    pub(crate) filed_at: DateTime<Utc>,
    pub(crate) open: bool,
    pub(crate) kind: Option<ResolutionKind>,
    pub(crate) ended_at: Option<DateTime<Utc>>,
}

type MetRow = (
    Uuid,
    Uuid,
    String,
    String,
    i64,
    DateTime<Utc>,
    i64,
    Option<String>,
    Option<DateTime<Utc>>,
);

fn met_of(row: MetRow) -> Met {
    let (id, school, area, cited, filed_seq, filed_at, open, kind, ended_at) = row;
    Met {
        id: LoopId(id),
        school: SchoolId(school),
        area,
        cited: serde_json::from_str(&cited).ok(),
        filed_seq: filed_seq as u64,
        filed_at,
        open: open != 0,
        kind: kind.as_deref().and_then(ResolutionKind::from_code),
        ended_at,
    }
}

const MET: &str = "SELECT loop, school, area, cited, filed_seq, filed_at, open, kind, ended_at FROM met";

/// How often a rule or an area was met, each loop counted once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Counted {
    pub(crate) schools: i64,
    pub(crate) loops: i64,
    pub(crate) open: i64,
    /// Closed by what holds for all.
    pub(crate) structural: i64,
    /// Closed by what holds for some.
    pub(crate) excused: i64,
    /// Exceptions in force.
    pub(crate) exceptions: i64,
}

/// The column that a basis is looked up by, and its key there.
fn looked_up(basis: &str) -> Option<(&'static str, &str)> {
    match basis.split_once(':')? {
        ("rule", key) => Some(("rule", key)),
        (_, key) => Some(("area", key)),
    }
}

/// Counts where a rule or an area was met. What only named people may know of counts for nothing.
pub(crate) async fn counted(db: &Db, district: &District, basis: &str) -> Result<Counted, sqlx::Error> {
    let Some((column, key)) = looked_up(basis) else {
        return Ok(Counted::default());
    };
    let loops = |name: &str, which: &str| format!("COUNT(DISTINCT CASE WHEN {which} THEN loop END) AS {name}");
    let text = format!(
        "SELECT COUNT(DISTINCT school) AS schools, COUNT(DISTINCT loop) AS loops, {}, {}, {}, \
         (SELECT COUNT(*) FROM register_row WHERE district = $1 AND {column} = $2 AND to_seq IS NULL \
         AND standing = 'in_force' AND kind = 'school_exception') AS exceptions \
         FROM met WHERE district = $1 AND {column} = $2 AND {column} <> '' AND confidential = 0",
        loops("open", "open = 1"),
        loops(
            "structural",
            "open = 0 AND kind IN ('already_allowed', 'zone_flexibility', 'district_change')"
        ),
        loops("excused", "open = 0 AND kind = 'school_exception'"),
    );
    on!(db.of(district).await?, rows => sqlx::query_as(sqlx::AssertSqlSafe(text.clone()))
        .bind(district.as_str()).bind(key).fetch_one(rows).await)
}

/// The schools that met a rule or an area, the newest first. What only named people may know of counts for nothing.
pub(crate) async fn met_by(db: &Db, district: &District, basis: &str) -> Result<Vec<Met>, sqlx::Error> {
    let Some((column, key)) = looked_up(basis) else {
        return Ok(Vec::new());
    };
    let text = format!(
        "{MET} WHERE district = $1 AND {column} = $2 AND {column} <> '' AND confidential = 0 ORDER BY filed_seq DESC LIMIT {EVIDENCE_MAX}"
    );
    let rows: Vec<MetRow> = on!(db.of(district).await?, rows => sqlx::query_as(sqlx::AssertSqlSafe(text.clone()))
        .bind(district.as_str()).bind(key).fetch_all(rows).await)?;
    Ok(rows.into_iter().map(met_of).collect())
}

/// Every school that met a cited rule from a moment on, the newest first.
pub(crate) async fn met_cited(db: &Db, district: &District, from: DateTime<Utc>) -> Result<Vec<Met>, sqlx::Error> {
    let text = format!(
        "{MET} WHERE district = $1 AND rule <> '' AND filed_at >= $2 AND confidential = 0 ORDER BY filed_seq DESC LIMIT {EVIDENCE_MAX}"
    );
    let rows: Vec<MetRow> = on!(db.of(district).await?, rows => sqlx::query_as(sqlx::AssertSqlSafe(text.clone()))
        .bind(district.as_str()).bind(from).fetch_all(rows).await)?;
    Ok(rows.into_iter().map(met_of).collect())
}

/// What of a district anything may have in common: every cited rule and every area that was met.
pub(crate) async fn bases(db: &Db) -> Result<Vec<(District, String)>, sqlx::Error> {
    let rows: Vec<(String, String, String)> = on!(db.across().await?, rows => sqlx::query_as(
            "SELECT DISTINCT district, 'rule:', rule FROM met WHERE rule <> '' \
             UNION SELECT DISTINCT district, 'area:', area FROM met \
             UNION SELECT DISTINCT district, 'rule:', rule FROM register_row WHERE to_seq IS NULL AND rule <> ''")
        .fetch_all(rows).await)?;
    Ok(rows
        .into_iter()
        .filter_map(|(district, kind, key)| Some((district.parse().ok()?, format!("{kind}{key}"))))
        .collect())
}

/// Exceptions in force for single schools or a few that bend a rule, or that are about an area.
pub(crate) async fn exceptions(
    db: &Db,
    district: &District,
    basis: &str,
) -> Result<Vec<(FlexibilityId, u64, String)>, sqlx::Error> {
    let Some((column, key)) = looked_up(basis) else {
        return Ok(Vec::new());
    };
    let text = format!(
        "SELECT id, first_seq, state FROM register_row WHERE district = $1 AND {column} = $2 AND to_seq IS NULL \
         AND standing = 'in_force' AND kind = 'school_exception' ORDER BY first_seq DESC LIMIT 500"
    );
    let rows: Vec<(Uuid, i64, String)> = on!(db.of(district).await?, rows => sqlx::query_as(sqlx::AssertSqlSafe(text.clone()))
        .bind(district.as_str()).bind(key).fetch_all(rows).await)?;
    Ok(rows
        .into_iter()
        .map(|(id, first, state)| (FlexibilityId(id), first as u64, state))
        .collect())
}

/// A row of a pattern, request or review.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct OfficeRow {
    pub(crate) id: Uuid,
    pub(crate) first_seq: i64,
    pub(crate) state: String,
}

/// The patterns of a basis, the last first: the one that stands, and how many were adopted before it.
pub(crate) async fn patterns_of(db: &Db, district: &District, basis: &str) -> Result<Vec<OfficeRow>, sqlx::Error> {
    on!(db.of(district).await?, rows => sqlx::query_as(
            "SELECT id, first_seq, state FROM pattern WHERE district = $1 AND basis = $2 ORDER BY first_seq DESC LIMIT 100")
        .bind(district.as_str()).bind(basis).fetch_all(rows).await)
}

/// A page of patterns, the newest first.
pub(crate) async fn patterns(
    db: &Db,
    district: &District,
    standing: Option<PatternStanding>,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<OfficeRow>, sqlx::Error> {
    on!(db.of(district).await?, rows => {
        let mut query = QueryBuilder::new("SELECT id, first_seq, state FROM pattern WHERE district = ");
        query.push_bind(district.as_str());
        if let Some(standing) = standing {
            query.push(" AND standing = ").push_bind(standing.code());
        }
        if let Some(before) = before {
            query.push(" AND first_seq < ").push_bind(before);
        }
        query.push(" ORDER BY first_seq DESC LIMIT ").push_bind(limit);
        query.build_query_as().fetch_all(rows).await
    })
}

/// One of a kind: `pattern`, `waiver` or `review`.
pub(crate) async fn office_row(
    db: &Db,
    thing: Thing,
    district: &District,
    id: Uuid,
) -> Result<Option<OfficeRow>, sqlx::Error> {
    if !matches!(thing, Thing::Pattern | Thing::Waiver | Thing::Review) {
        return Ok(None);
    }
    // Each has a table by its name.
    let text = format!(
        "SELECT id, first_seq, state FROM {} WHERE district = $1 AND id = $2",
        thing.token()
    );
    on!(db.of(district).await?, rows => sqlx::query_as(sqlx::AssertSqlSafe(text.clone()))
        .bind(district.as_str()).bind(id).fetch_optional(rows).await)
}

/// A page of requests to the state, the newest first.
pub(crate) async fn waivers(
    db: &Db,
    district: &District,
    standing: Option<WaiverStanding>,
    of: Option<LoopId>,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<OfficeRow>, sqlx::Error> {
    on!(db.of(district).await?, rows => {
        let mut query = QueryBuilder::new("SELECT id, first_seq, state FROM waiver WHERE district = ");
        query.push_bind(district.as_str());
        if let Some(standing) = standing {
            query.push(" AND standing = ").push_bind(standing.code());
        }
        if let Some(of) = of {
            query.push(" AND loop = ").push_bind(of.0);
        }
        if let Some(before) = before {
            query.push(" AND first_seq < ").push_bind(before);
        }
        query.push(" ORDER BY first_seq DESC LIMIT ").push_bind(limit);
        query.build_query_as().fetch_all(rows).await
    })
}

/// Requests whose state's time was out before a day, where silence is a yes.
pub(crate) async fn out_of_time(
    db: &Db,
    before: NaiveDate,
    limit: i64,
) -> Result<Vec<(District, WaiverId)>, sqlx::Error> {
    let rows: Vec<(String, Uuid)> = on!(db.across().await?, rows => sqlx::query_as(
            "SELECT district, id FROM waiver WHERE standing = 'submitted' AND decide_by < $1 ORDER BY decide_by LIMIT $2")
        .bind(before).bind(limit).fetch_all(rows).await)?;
    Ok(rows
        .into_iter()
        .filter_map(|(district, id)| Some((district.parse().ok()?, WaiverId(id))))
        .collect())
}

/// A page of reviews, the newest first.
pub(crate) async fn reviews(
    db: &Db,
    district: &District,
    open: Option<bool>,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<OfficeRow>, sqlx::Error> {
    on!(db.of(district).await?, rows => {
        let mut query = QueryBuilder::new("SELECT id, first_seq, state FROM review WHERE district = ");
        query.push_bind(district.as_str());
        if let Some(open) = open {
            query.push(" AND open = ").push_bind(i64::from(open));
        }
        if let Some(before) = before {
            query.push(" AND first_seq < ").push_bind(before);
        }
        query.push(" ORDER BY first_seq DESC LIMIT ").push_bind(limit);
        query.build_query_as().fetch_all(rows).await
    })
}

/// The id that the next pattern of a basis has.
pub fn next_id(district: &District, basis: &str, adopted: usize) -> PatternId {
    PatternId::of(district, basis, adopted as u32 + 1)
}
