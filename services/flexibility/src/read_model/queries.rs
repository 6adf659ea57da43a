//! Rows to answers.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use contracts::ids::{District, EventId, FlexibilityId, LoopId};
use contracts::queries::RegisterQuery;
use contracts::sealed::KeyId;
use contracts::vocabulary::FlexibilityTurn;
use domain::Flexibility;
use sql::{Db, Rows, on};
use sqlx::QueryBuilder;
use uuid::Uuid;

/// One row of `register_row`, as far as answers need it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct RegisterDbRow {
    pub(crate) id: Uuid,
    pub(crate) first_seq: i64,
    pub(crate) state: String,
}

const COLUMNS: &str = "id, first_seq, state";

/// A part of the register as it stands.
pub(crate) async fn now(db: &Db, district: &District, id: FlexibilityId) -> Result<Option<RegisterDbRow>, sqlx::Error> {
    on!(db.of(district).await?, rows => sqlx::query_as(
            "SELECT id, first_seq, state FROM register_row WHERE id = $1 AND district = $2 AND to_seq IS NULL")
        .bind(id.0).bind(district.as_str()).fetch_optional(rows).await)
}

/// A part of the register as it stood at a moment.
pub(crate) async fn at(
    db: &Db,
    district: &District,
    id: FlexibilityId,
    moment: DateTime<Utc>,
) -> Result<Option<RegisterDbRow>, sqlx::Error> {
    on!(db.of(district).await?, rows => sqlx::query_as(
            "SELECT id, first_seq, state FROM register_row WHERE id = $1 AND district = $2 AND from_at < $3 \
             AND (to_at IS NULL OR to_at >= $3) ORDER BY from_seq DESC LIMIT 1")
        .bind(id.0).bind(district.as_str()).bind(moment).fetch_optional(rows).await)
}

/// Parts of the register in the order they were written down, the newest first: as they stand, or stood at a moment.
/// Who may read of them is for the caller to say.
pub(crate) async fn page(
    db: &Db,
    district: &District,
    asked: &RegisterQuery,
    moment: Option<DateTime<Utc>>,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<RegisterDbRow>, sqlx::Error> {
    on!(db.of(district).await?, rows => {
        let mut query = QueryBuilder::new("SELECT ");
        query.push(COLUMNS).push(" FROM register_row WHERE district = ").push_bind(district.as_str());
        match moment {
            None => {
                query.push(" AND to_seq IS NULL");
            }
            Some(moment) => {
                query.push(" AND from_at < ").push_bind(moment);
                query.push(" AND (to_at IS NULL OR to_at >= ").push_bind(moment).push(")");
            }
        }
        if asked.ended != Some(true) {
            query.push(" AND standing = 'in_force'");
        }
        if let Some(area) = &asked.area {
            query.push(" AND area = ").push_bind(area.as_str());
        }
        if let Some(says) = asked.says {
            query.push(" AND says = ").push_bind(says.code());
        }
        if let Some(scope) = asked.scope {
            query.push(" AND scope = ").push_bind(scope.code());
        }
        if let Some(department) = asked.department {
            query.push(" AND department = ").push_bind(department.0);
        }
        if let Some(before) = before {
            query.push(" AND first_seq < ").push_bind(before);
        }
        query.push(" ORDER BY first_seq DESC LIMIT ").push_bind(limit);
        query.build_query_as().fetch_all(rows).await
    })
}

/// What a district shows anybody, the newest first.
pub(crate) async fn public(db: &Db, district: &District, limit: i64) -> Result<Vec<RegisterDbRow>, sqlx::Error> {
    on!(db.of(district).await?, rows => sqlx::query_as(
            "SELECT id, first_seq, state FROM register_row WHERE district = $1 AND to_seq IS NULL AND readers = 'public' \
             AND standing = 'in_force' ORDER BY first_seq DESC LIMIT $2")
        .bind(district.as_str()).bind(limit).fetch_all(rows).await)
}

/// What ends before a day, in force or expired with its end, the soonest first.
pub(crate) async fn ending(
    db: &Db,
    district: &District,
    department: Option<contracts::DepartmentId>,
    day: NaiveDate,
) -> Result<Vec<RegisterDbRow>, sqlx::Error> {
    on!(db.of(district).await?, rows => {
        let mut query = QueryBuilder::new("SELECT ");
        query.push(COLUMNS).push(" FROM register_row WHERE district = ").push_bind(district.as_str());
        query.push(" AND to_seq IS NULL AND standing IN ('in_force', 'expired') AND ends_on < ").push_bind(day);
        // What has expired matters only where a pilot's answer is owed.
        query.push(" AND (standing = 'in_force' OR kind = 'pilot')");
        if let Some(department) = department {
            query.push(" AND department = ").push_bind(department.0);
        }
        query.push(" ORDER BY ends_on, first_seq LIMIT 500");
        query.build_query_as().fetch_all(rows).await
    })
}

/// Other parts of the register about the same rule.
pub(crate) async fn beside(
    db: &Db,
    district: &District,
    rule: &str,
    not: FlexibilityId,
) -> Result<Vec<(Uuid, String, String)>, sqlx::Error> {
    on!(db.of(district).await?, rows => sqlx::query_as(
            "SELECT id, says, state FROM register_row WHERE district = $1 AND rule = $2 AND id <> $3 AND to_seq IS NULL \
             AND standing = 'in_force' ORDER BY first_seq LIMIT 20")
        .bind(district.as_str()).bind(rule).bind(not.0).fetch_all(rows).await)
}

/// A part of the register whose end has something to say.
#[derive(Debug, Clone)]
pub struct Ending {
    /// Its district.
    pub district: District,
    /// Which.
    pub id: FlexibilityId,
    /// How it stands.
    pub state: Flexibility,
}

/// Parts in force that end before a day, the soonest first, after a place in that order. All districts: time is one
/// for all.
pub(crate) async fn ends(
    db: &Db,
    before: NaiveDate,
    after: Option<(NaiveDate, i64)>,
    limit: i64,
) -> Result<Vec<(Ending, NaiveDate, i64)>, sqlx::Error> {
    let rows: Vec<(Uuid, String, NaiveDate, i64, String)> = on!(db.across().await?, rows => {
        let mut query = QueryBuilder::new(
            "SELECT id, district, ends_on, from_seq, state FROM register_row WHERE to_seq IS NULL AND standing = 'in_force' AND ends_on < ",
        );
        query.push_bind(before);
        if let Some((day, sequence)) = after {
            query.push(" AND (ends_on > ").push_bind(day);
            query.push(" OR (ends_on = ").push_bind(day).push(" AND from_seq > ").push_bind(sequence).push("))");
        }
        query.push(" ORDER BY ends_on, from_seq LIMIT ").push_bind(limit);
        query.build_query_as().fetch_all(rows).await
    })?;
    Ok(rows
        .into_iter()
        .filter_map(|(id, district, ends_on, sequence, state)| {
            let ending = Ending {
                district: district.parse().ok()?,
                id: FlexibilityId(id),
                state: Flexibility::Stands(serde_json::from_str(&state).ok()?),
            };
            Some((ending, ends_on, sequence))
        })
        .collect())
}

/// A loop that was not told yet what became of what it rests on.
#[derive(Debug, Clone)]
pub struct Untold {
    /// Its district.
    pub district: District,
    /// Which.
    pub id: LoopId,
    /// What it rests on.
    pub flexibility: FlexibilityId,
    /// From which stream sequence on: answered with it again, it is told again.
    pub since: u64,
    /// What became of that.
    pub turn: FlexibilityTurn,
    /// The event that says so.
    pub event: EventId,
}

/// Loops that were not told yet, in no particular order. All districts. What is gone is told whenever it went: it may
/// have gone between the moment at which somebody saw it in force and the moment at which the answer was recorded.
pub(crate) async fn untold(db: &Db, limit: i64) -> Result<Vec<Untold>, sqlx::Error> {
    let rows: Vec<(Uuid, String, Uuid, i64, String, Uuid)> = on!(db.across().await?, rows => sqlx::query_as(
            "SELECT rests.loop, rests.district, rests.flexibility, rests.since_seq, register_row.turn, \
             register_row.turn_event \
             FROM register_row JOIN rests ON rests.flexibility = register_row.id \
             AND rests.district = register_row.district \
             WHERE register_row.to_seq IS NULL AND register_row.turn IS NOT NULL \
             AND (register_row.turn_seq > rests.since_seq OR register_row.standing <> 'in_force') \
             AND (rests.told IS NULL OR rests.told <> register_row.turn_event) LIMIT $1")
        .bind(limit).fetch_all(rows).await)?;
    Ok(rows
        .into_iter()
        .filter_map(|(id, district, flexibility, since, turn, event)| {
            Some(Untold {
                district: district.parse().ok()?,
                id: LoopId(id),
                flexibility: FlexibilityId(flexibility),
                since: since.unsigned_abs(),
                turn: FlexibilityTurn::from_code(&turn)?,
                event: EventId(event),
            })
        })
        .collect())
}

/// Something that has words in common with what somebody types.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct Candidate {
    pub(crate) seq: i64,
    pub(crate) kind: String,
    pub(crate) id: Uuid,
    pub(crate) area: String,
    pub(crate) title: String,
    pub(crate) text: String,
    pub(crate) rule: String,
    pub(crate) shown: String,
}

/// A district as one word of the index, so that a large neighbour crowds nobody out. Two that look alike are told apart
/// by the row.
pub(crate) fn district_word(slug: &str) -> String {
    format!("d{}", slug.replace('-', "0"))
}

/// What has at least one of these stems, those with the most and rarest of them first; at most `limit`.
pub(crate) async fn candidates(
    db: &Db,
    district: &District,
    stems: &[String],
    limit: i64,
) -> Result<Vec<Candidate>, sqlx::Error> {
    if stems.is_empty() {
        return Ok(Vec::new());
    }
    match db.of(district).await? {
        Rows::Sqlite(mut rows) => {
            let any: Vec<String> = stems.iter().map(|stem| format!("\"{stem}\"")).collect();
            sqlx::query_as(
                "SELECT seq, kind, id, area, title, text, rule, shown FROM doc JOIN (SELECT rowid AS found, \
                 bm25(doc_words, 0.0, 4.0, 1.0, 2.0) AS likeness FROM doc_words WHERE doc_words MATCH $1 ORDER BY likeness LIMIT $2) \
                 ON found = seq WHERE district = $3",
            )
            .bind(format!("district:{} AND ({})", district_word(district.as_str()), any.join(" OR ")))
            .bind(limit)
            .bind(district.as_str())
            .fetch_all(&mut *rows)
            .await
        }
        Rows::Postgres(mut rows) => {
            let any: Vec<String> = stems.iter().map(|stem| format!("'{stem}'")).collect();
            sqlx::query_as(
                "SELECT seq, kind, id, area, title, text, rule, shown FROM doc JOIN (SELECT seq AS found FROM doc_words \
                 WHERE district = $3 AND words @@ $1::text::tsquery ORDER BY ts_rank(words, $1::text::tsquery) DESC LIMIT $2) AS likest \
                 ON likest.found = seq",
            )
            .bind(any.join(" | "))
            .bind(limit)
            .bind(district.as_str())
            .fetch_all(&mut *rows)
            .await
        }
    }
}

/// The stems of everything that is searched, some rows at a time.
pub(crate) async fn term_counts(db: &Db, after: i64, limit: i64) -> Result<Vec<(i64, String, String)>, sqlx::Error> {
    on!(db.across().await?, rows => sqlx::query_as(
            "SELECT seq, district, title || ' ' || text || ' ' || rule FROM doc WHERE seq > $1 ORDER BY seq LIMIT $2")
        .bind(after).bind(limit).fetch_all(rows).await)
}

/// A row of the register in which something is written under a key.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct WrittenUnder {
    pub(super) from_seq: i64,
    pub(super) to_seq: Option<i64>,
    pub(super) first_seq: i64,
    pub(super) id: Uuid,
    pub(super) district: String,
    pub(super) state: String,
}

/// Every row in which something is written under one of these keys, also those that are past. This looks through all of the
/// register: words are rarely erased.
pub(super) async fn written_under(
    db: &Db,
    keys: impl Iterator<Item = &KeyId>,
) -> Result<Vec<WrittenUnder>, sqlx::Error> {
    let keys: Vec<&KeyId> = keys.collect();
    let mut found = BTreeMap::new();
    // A condition of all of them at once would be too deep for SQLite where many were erased.
    for some in sql::chunks(&keys) {
        let rows: Vec<WrittenUnder> = on!(db.across().await?, rows => {
            let mut query = QueryBuilder::new(
                "SELECT from_seq, to_seq, first_seq, id, district, state FROM register_row WHERE 1 = 0");
            for key in some {
                query.push(" OR state LIKE ").push_bind(format!("%\"{key}\"%"));
            }
            query.build_query_as().fetch_all(rows).await
        })?;
        found.extend(rows.into_iter().map(|row| (row.from_seq, row)));
    }
    Ok(found.into_values().collect())
}

/// When words were erased that are sealed under a key.
pub(crate) async fn erased(db: &Db, district: &District, key: KeyId) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    on!(db.of(district).await?, rows => sqlx::query_scalar("SELECT at FROM erased WHERE district = $1 AND key = $2")
        .bind(district.as_str()).bind(key.to_string()).fetch_optional(rows).await)
}
