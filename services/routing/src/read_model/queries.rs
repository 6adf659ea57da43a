//! Rows to answers: whose moment has come, and who counts by an old calendar. All districts: time is one for all.

use chrono::{DateTime, Utc};
use contracts::ids::{DepartmentId, District, LoopId, PersonId, SchoolId};
use contracts::queries::{Speaker, SpeaksFor};
use sql::{Db, on};
use uuid::Uuid;

/// A loop that something is due on.
#[derive(Debug, Clone)]
pub struct DueLoop {
    /// Its district.
    pub district: District,
    /// Which.
    pub id: LoopId,
}

fn read(rows: Vec<(Uuid, String)>) -> Vec<DueLoop> {
    rows.into_iter()
        .filter_map(|(id, district)| {
            Some(DueLoop {
                district: district.parse().ok()?,
                id: LoopId(id),
            })
        })
        .collect()
}

/// Loops whose next moment has come, the longest overdue first.
pub async fn due(db: &Db, now: DateTime<Utc>, limit: i64) -> Result<Vec<DueLoop>, sqlx::Error> {
    let rows = on!(db.across().await?, rows => sqlx::query_as(
            "SELECT id, district FROM watch WHERE next_at IS NOT NULL AND next_at <= $1 ORDER BY next_at LIMIT $2")
        .bind(now).bind(limit).fetch_all(rows).await)?;
    Ok(read(rows))
}

/// Running loops of a district whose days are counted by a calendar older than this.
pub async fn behind_calendar(
    db: &Db,
    district: &District,
    version: u32,
    limit: i64,
) -> Result<Vec<DueLoop>, sqlx::Error> {
    let rows = on!(db.of(district).await?, rows => sqlx::query_as(
            "SELECT id, district FROM watch WHERE running = 1 AND district = $1 AND calendar_version < $2 LIMIT $3")
        .bind(district.as_str()).bind(version as i32).bind(limit).fetch_all(rows).await)?;
    Ok(read(rows))
}

/// Running loops that a department has.
pub async fn with_department(
    db: &Db,
    district: &District,
    department: DepartmentId,
    limit: i64,
) -> Result<Vec<DueLoop>, sqlx::Error> {
    let rows = on!(db.of(district).await?, rows => sqlx::query_as(
            "SELECT id, district FROM watch WHERE running = 1 AND district = $1 AND department = $2 LIMIT $3")
        .bind(district.as_str()).bind(department.0).bind(limit).fetch_all(rows).await)?;
    Ok(read(rows))
}

/// The open loops of a district in which somebody speaks for a school.
pub async fn spoken_for(
    db: &Db,
    district: &District,
    person: PersonId,
    limit: i64,
) -> Result<Vec<SpeaksFor>, sqlx::Error> {
    let rows: Vec<(Uuid, Uuid)> = on!(db.of(district).await?, rows => sqlx::query_as(
            "SELECT loop, school FROM speaks WHERE person = $1 AND district = $2 ORDER BY loop LIMIT $3")
        .bind(person.0).bind(district.as_str()).bind(limit).fetch_all(rows).await)?;
    Ok(rows
        .into_iter()
        .map(|(loop_id, school)| SpeaksFor {
            loop_id: LoopId(loop_id),
            school: SchoolId(school),
        })
        .collect())
}

/// Who speaks for the schools of a district in open loops, and in how many.
pub async fn speakers(db: &Db, district: &District, limit: i64) -> Result<Vec<Speaker>, sqlx::Error> {
    let rows: Vec<(Uuid, Uuid, i64)> = on!(db.of(district).await?, rows => sqlx::query_as(
            "SELECT person, school, COUNT(*) FROM speaks WHERE district = $1 AND person IS NOT NULL \
             GROUP BY person, school ORDER BY person, school LIMIT $2")
        .bind(district.as_str()).bind(limit).fetch_all(rows).await)?;
    Ok(rows
        .into_iter()
        .map(|(person, school, loops)| Speaker {
            person: PersonId(person),
            school: SchoolId(school),
            loops: u32::try_from(loops).unwrap_or(u32::MAX),
        })
        .collect())
}
