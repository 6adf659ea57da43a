//! Rows as they are read.

use chrono::{DateTime, NaiveDate, Utc};
use contracts::envelope::{Actor, Meta};
use contracts::events::LoopEvent;
use contracts::ids::{District, EventId, LoopId, PersonId, SchoolId};
use contracts::queries::{OpenThere, OpenWith};
use contracts::vocabulary::LoopState;
use domain::{Fold as _, Loop, LoopRecord};
use serde_json::value::RawValue;
use sql::{Db, on};
use sqlx::{AssertSqlSafe, QueryBuilder};
use std::collections::HashMap;
use uuid::Uuid;

/// The columns of `loop_row` that lists show.
pub(crate) const LOOP_COLUMNS: &str = "filed_seq, id, district, version, title, state, unconfirmed, refused, \
     department, holder, holder_ref, area, kind, urgency, assignee, \
     schools_count, paused, due_acknowledge, due_next_word, due_resolve, next_due, next_clock, filed_at, changed_at";

/// One row of `loop_row`.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct LoopDbRow {
    pub(crate) filed_seq: i64,
    pub(crate) id: Uuid,
    pub(crate) district: String,
    pub(crate) version: i64,
    pub(crate) title: String,
    pub(crate) state: String,
    pub(crate) unconfirmed: i32,
    pub(crate) refused: i32,
    pub(crate) department: Option<Uuid>,
    pub(crate) holder: String,
    pub(crate) holder_ref: Option<Uuid>,
    pub(crate) area: String,
    pub(crate) kind: String,
    pub(crate) urgency: String,
    pub(crate) assignee: Option<Uuid>,
    pub(crate) schools_count: i32,
    pub(crate) paused: i32,
    pub(crate) due_acknowledge: Option<NaiveDate>,
    pub(crate) due_next_word: Option<NaiveDate>,
    pub(crate) due_resolve: Option<NaiveDate>,
    pub(crate) next_due: Option<NaiveDate>,
    pub(crate) next_clock: Option<String>,
    pub(crate) filed_at: DateTime<Utc>,
    pub(crate) changed_at: DateTime<Utc>,
}

/// One school's part of a loop, as lists show it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PartRow {
    pub(crate) school: SchoolId,
    pub(crate) state: LoopState,
    pub(crate) unconfirmed: bool,
    pub(crate) follow_up_asked: bool,
}

/// Schools and where their parts stand, by loop.
pub(crate) async fn schools_of(
    db: &Db,
    district: &District,
    loops: &[Uuid],
) -> Result<HashMap<Uuid, Vec<PartRow>>, sqlx::Error> {
    let mut schools: HashMap<Uuid, Vec<PartRow>> = HashMap::new();
    if loops.is_empty() {
        return Ok(schools);
    }
    let rows: Vec<(Uuid, Uuid, String, i32, i32)> = on!(db.of(district).await?, rows => {
        let mut query = QueryBuilder::new(
            "SELECT loop, school, state, unconfirmed, follow_up_asked FROM loop_school WHERE district = ",
        );
        query.push_bind(district.as_str()).push(" AND loop IN (");
        let mut ids = query.separated(", ");
        for id in loops {
            ids.push_bind(*id);
        }
        query.push(") ORDER BY loop, school");
        query.build_query_as().fetch_all(rows).await
    })?;
    for (id, school, state, unconfirmed, follow_up_asked) in rows {
        schools.entry(id).or_default().push(PartRow {
            school: SchoolId(school),
            state: LoopState::from_code(&state).unwrap_or(LoopState::Withdrawn),
            unconfirmed: unconfirmed == 1,
            follow_up_asked: follow_up_asked == 1,
        });
    }
    Ok(schools)
}

/// Names of people.
pub(crate) async fn people(
    db: &Db,
    district: &District,
    ids: impl IntoIterator<Item = PersonId>,
) -> Result<HashMap<PersonId, String>, sqlx::Error> {
    let ids: std::collections::BTreeSet<PersonId> = ids.into_iter().collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(Uuid, String)> = on!(db.of(district).await?, rows => {
        let mut query = QueryBuilder::new("SELECT id, name FROM person WHERE district = ");
        query.push_bind(district.as_str()).push(" AND id IN (");
        let mut separated = query.separated(", ");
        for id in &ids {
            separated.push_bind(id.0);
        }
        query.push(")");
        query.build_query_as().fetch_all(rows).await
    })?;
    Ok(rows.into_iter().map(|(id, name)| (PersonId(id), name)).collect())
}

/// What a fold needs of one row of `entry`.
#[derive(Debug, sqlx::FromRow)]
struct Happened {
    sequence: i64,
    id: Uuid,
    time: DateTime<Utc>,
    #[sqlx(rename = "type")]
    event_type: String,
    actor: String,
    data: String,
}

/// The state of one loop, folded from its history; nothing where the district has none of the id.
pub(crate) async fn folded(db: &Db, district: &District, id: LoopId) -> Result<Option<LoopRecord>, sqlx::Error> {
    let rows: Vec<Happened> = on!(db.of(district).await?, rows => sqlx::query_as(
            "SELECT sequence, id, time, type, actor, data FROM entry WHERE loop = $1 AND district = $2 ORDER BY sequence")
        .bind(id.0).bind(district.as_str()).fetch_all(rows).await)?;
    let mut state = Loop::default();
    for row in rows {
        let corrupt = || sqlx::Error::Decode(format!("entry {} cannot be folded", row.sequence).into());
        let data = RawValue::from_string(row.data.clone()).map_err(|_| corrupt())?;
        let event = LoopEvent::of(&row.event_type, &data).map_err(|_| corrupt())?;
        let meta = Meta {
            sequence: row.sequence.unsigned_abs(),
            id: EventId(row.id),
            time: row.time,
            actor: Actor::read(&row.actor).ok_or_else(corrupt)?,
        };
        state.evolve(&meta, &event);
    }
    Ok(match state {
        Loop::Absent => None,
        Loop::Filed(record) => Some(*record),
    })
}

/// Loops that are open with a department or at a school: how many, up to a bound, and the numbers of the first few.
pub(crate) async fn open_with(db: &Db, asked: &OpenWith) -> Result<OpenThere, sqlx::Error> {
    const THERE: &str = "SELECT number FROM loop_row WHERE district = $1 AND department = $2 AND is_open = 1 \
        UNION SELECT r.number FROM loop_school s JOIN loop_row r ON r.id = s.loop \
        WHERE s.school = $2 AND r.district = $1 AND r.is_open = 1 AND s.state NOT IN ('closed', 'declined', 'withdrawn')";
    let question = AssertSqlSafe(format!("{THERE} ORDER BY 1 LIMIT $3"));
    let count = AssertSqlSafe(format!("SELECT COUNT(*) FROM ({THERE} LIMIT $3) AS there"));
    let (numbers, count): (Vec<String>, i64) = on!(db.of(&asked.district).await?, rows => (
        sqlx::query_as::<_, (String,)>(question).bind(asked.district.as_str()).bind(asked.place)
            .bind(OpenThere::NAMED_MAX as i64).fetch_all(&mut *rows).await?.into_iter().map(|(number,)| number).collect(),
        sqlx::query_scalar(count).bind(asked.district.as_str()).bind(asked.place)
            .bind(OpenThere::COUNTED_MAX as i64).fetch_one(rows).await?,
    ));
    Ok(OpenThere {
        count: count.unsigned_abs(),
        numbers,
    })
}

/// A loop as it was filed.
#[derive(Debug, Clone)]
pub(crate) struct Filed {
    pub(crate) id: Uuid,
    pub(crate) title: String,
    /// The event's data.
    pub(crate) data: String,
}

/// What a district's schools filed of late, the newest first.
pub(crate) async fn filed_of_late(db: &Db, district: &District, limit: u32) -> Result<Vec<Filed>, sqlx::Error> {
    let rows: Vec<(Uuid, String, String)> = on!(db.of(district).await?, rows => sqlx::query_as(
            "SELECT r.id, r.title, e.data FROM loop_row r JOIN entry e ON e.sequence = r.filed_seq \
             WHERE r.district = $1 ORDER BY r.filed_seq DESC LIMIT $2")
        .bind(district.as_str()).bind(i64::from(limit)).fetch_all(rows).await)?;
    Ok(rows
        .into_iter()
        .map(|(id, title, data)| Filed { id, title, data })
        .collect())
}

/// The data of the first event by which each of them went to a department or to triage.
pub(crate) async fn first_routed(
    db: &Db,
    district: &District,
    limit: u32,
) -> Result<HashMap<Uuid, String>, sqlx::Error> {
    let rows: Vec<(Uuid, String)> = on!(db.of(district).await?, rows => sqlx::query_as(
            "SELECT loop, data FROM entry WHERE kind IN ('tension_routed', 'triage_requested') AND loop IN (\
                SELECT id FROM loop_row WHERE district = $1 ORDER BY filed_seq DESC LIMIT $2) ORDER BY sequence")
        .bind(district.as_str()).bind(i64::from(limit)).fetch_all(rows).await)?;
    let mut first = HashMap::new();
    for (id, data) in rows {
        first.entry(id).or_insert(data);
    }
    Ok(first)
}
