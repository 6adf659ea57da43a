//! Lists: loops by what one looks for, a loop's history, and what changed. Each is cut to what the viewer may see.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, NaiveDate, Utc};
use contracts::Claims;
use contracts::ids::{District, LoopId, LoopNumber, SchoolId};
use contracts::queries::{LoopsQuery, PAGE_MAX, Sort};
use contracts::vocabulary::Role;
use projection::Model;
use sql::{Db, on};
use sqlx::{Database, Encode, QueryBuilder, Type};
use uuid::Uuid;

use super::projection::Timeline;
use super::rows::{LOOP_COLUMNS, LoopDbRow};

/// A cursor that none of our pages gave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotACursor;

/// Where a page begins: after this row of the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
struct After {
    day: Option<NaiveDate>,
    sequence: i64,
}

fn read_cursor(cursor: Option<&str>) -> Result<Option<After>, NotACursor> {
    let Some(cursor) = cursor else { return Ok(None) };
    let (day, sequence) = cursor.split_once('.').ok_or(NotACursor)?;
    let day = if day.is_empty() {
        None
    } else {
        Some(day.parse().map_err(|_| NotACursor)?)
    };
    Ok(Some(After {
        day,
        sequence: sequence.parse().map_err(|_| NotACursor)?,
    }))
}

fn write_cursor(row: &LoopDbRow, sort: Sort) -> String {
    let day = row.next_due.map(|day| day.to_string()).unwrap_or_default();
    match sort {
        Sort::Newest | Sort::Oldest => format!(".{}", row.filed_seq),
        Sort::Changed => format!(".{}", row.version),
        Sort::Due => format!("{day}.{}", row.filed_seq),
    }
}

/// `column IN (…)` over ids; of none, nothing: PostgreSQL does not know an empty list.
pub(super) fn among<'a, DB>(query: &mut QueryBuilder<DB>, column: &str, ids: impl Iterator<Item = Uuid>)
where
    DB: Database,
    Uuid: Encode<'a, DB> + Type<DB>,
{
    let mut ids = ids.peekable();
    if ids.peek().is_none() {
        query.push("1 = 0");
        return;
    }
    query.push(column).push(" IN (");
    let mut separated = query.separated(", ");
    for id in ids {
        separated.push_bind(id);
    }
    query.push(")");
}

/// One of these schools is in it.
pub(super) fn at_schools<'a, DB>(query: &mut QueryBuilder<DB>, schools: &[SchoolId])
where
    DB: Database,
    Uuid: Encode<'a, DB> + Type<DB>,
{
    query.push(" AND id IN (SELECT loop FROM loop_school WHERE ");
    among(query, "school", schools.iter().map(|school| school.0));
    query.push(")");
}

/// How rows are come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// By whose they are, or when.
    ByPlace,
    /// By the words in them, or by which they are.
    ByWordsOrIds,
}

/// How looking up one row in an `EXISTS` ends. Without an offset PostgreSQL reads everything that a department ever had
/// before the first row of a page, which is more each year: a list of 100,000 loops took 9 ms, and takes 1.4.
const LOOKED_UP: &str = " LIMIT 1 OFFSET 0)";

/// The rows that a person sees as their own: the district for the office, a department's, a school's, a team's.
///
/// Whose a row is, is looked up row by row: rows come in the order asked for and a page is soon full, where a list of
/// everything that somebody may see grows with the years.
pub(super) fn visible<'a, DB>(query: &mut QueryBuilder<DB>, viewer: &'a Claims, way: Way)
where
    DB: Database,
    Uuid: Encode<'a, DB> + Type<DB>,
    &'a str: Encode<'a, DB> + Type<DB>,
{
    // What is found by its words or its id is looked up by those, not by its district, which may be all there is.
    query.push(match way {
        Way::ByPlace => " district = ",
        Way::ByWordsOrIds => " district || '' = ",
    });
    query.push_bind(viewer.district.as_str());
    if viewer.has(Role::Contact) || viewer.has(Role::Auditor) {
        return;
    }
    let of_departments = || viewer.departments.iter().map(|department| department.0);
    let named = |query: &mut QueryBuilder<DB>| {
        query
            .push("EXISTS (SELECT 1 FROM loop_person WHERE loop = loop_row.id AND person = ")
            .push_bind(viewer.person.0)
            .push(LOOKED_UP);
    };
    if viewer.departments.is_empty() && viewer.teams.is_empty() && !viewer.has(Role::Leader) {
        // One school has few of a district's loops: here the list of its own is the shorter way.
        query.push(" AND filed_seq IN (SELECT filed_seq FROM loop_school WHERE ");
        among(query, "school", viewer.schools.iter().map(|school| school.0));
        query.push(")");
    }
    query.push(" AND (1 = 0");
    if viewer.has(Role::Leader) {
        query.push(" OR visibility <> 'confidential' OR leader_asked = 1");
    }
    if !viewer.departments.is_empty() {
        query.push(" OR ");
        named(query);
        query.push(" OR (EXISTS (SELECT 1 FROM loop_department WHERE loop = loop_row.id AND ");
        among(query, "department", of_departments());
        query.push(LOOKED_UP).push(" AND (visibility <> 'confidential'");
        if !viewer.leads.is_empty() {
            query.push(" OR EXISTS (SELECT 1 FROM loop_department WHERE loop = loop_row.id AND ");
            among(query, "department", viewer.leads.iter().map(|department| department.0));
            query.push(LOOKED_UP);
        }
        query.push("))");
    }
    if !viewer.schools.is_empty() {
        query.push(" OR (EXISTS (SELECT 1 FROM loop_school WHERE loop = loop_row.id AND ");
        among(query, "school", viewer.schools.iter().map(|school| school.0));
        query.push(LOOKED_UP).push(" AND (visibility <> 'confidential' OR ");
        named(query);
        query.push("))");
    }
    if !viewer.teams.is_empty() {
        query.push(" OR ");
        among(query, "matter_team", viewer.teams.iter().map(|team| team.0));
        query.push(
            " OR (visibility <> 'confidential' AND EXISTS (SELECT 1 FROM loop_team WHERE loop = loop_row.id AND ",
        );
        among(query, "team", viewer.teams.iter().map(|team| team.0));
        query.push(LOOKED_UP).push(")");
    }
    query.push(")");
}

/// So few loops of one's own are sooner gone through than a district's, most of which are not for one's eyes.
const FEW: i64 = if cfg!(debug_assertions) {
    // So that tests go both ways.
    4
} else {
    2_000
};

/// The loops that somebody can see at most who does not see the district's.
fn involved<'a, DB>(query: &mut QueryBuilder<DB>, viewer: &'a Claims)
where
    DB: Database,
    Uuid: Encode<'a, DB> + Type<DB>,
{
    query
        .push("SELECT loop FROM loop_person WHERE person = ")
        .push_bind(viewer.person.0);
    query.push(" UNION ALL SELECT loop FROM loop_school WHERE ");
    among(query, "school", viewer.schools.iter().map(|school| school.0));
    query.push(" UNION ALL SELECT loop FROM loop_department WHERE ");
    among(
        query,
        "department",
        viewer.departments.iter().map(|department| department.0),
    );
    query.push(" UNION ALL SELECT loop FROM loop_team WHERE ");
    among(query, "team", viewer.teams.iter().map(|team| team.0));
}

/// Who was found to see many loops. That stays so: what somebody has to do with only grows.
#[derive(Debug, Default)]
pub(crate) struct Many {
    known: Mutex<HashSet<Vec<Uuid>>>,
}

/// People remembered; with more, all are counted for again.
const KNOWN_MAX: usize = 10_000;

impl Many {
    /// Whether somebody who sees more than a school, and less than the district, sees few loops.
    async fn sees_few(&self, db: &Db, viewer: &Claims) -> Result<bool, sqlx::Error> {
        let all = [Role::Contact, Role::Auditor, Role::Leader];
        if all.into_iter().any(|role| viewer.has(role)) || (viewer.departments.is_empty() && viewer.teams.is_empty()) {
            return Ok(false);
        }
        let who: Vec<Uuid> = [viewer.person.0]
            .into_iter()
            .chain(viewer.departments.iter().map(|department| department.0))
            .chain(viewer.teams.iter().map(|team| team.0))
            .chain(viewer.schools.iter().map(|school| school.0))
            .collect();
        if self.known().contains(&who) {
            return Ok(false);
        }
        let counted: i64 = on!(db.of(&viewer.district).await?, rows => {
            let mut query = QueryBuilder::new("SELECT COUNT(*) FROM (");
            involved(&mut query, viewer);
            query.push(" LIMIT ").push_bind(FEW).push(") AS bounded");
            query.build_query_scalar().fetch_one(rows).await
        })?;
        if counted < FEW {
            return Ok(true);
        }
        let mut known = self.known();
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.insert(who);
        Ok(false)
    }

    fn known(&self) -> MutexGuard<'_, HashSet<Vec<Uuid>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Of some loops, those that a person sees as their own.
pub(crate) async fn seen_among(db: &Db, viewer: &Claims, ids: &[Uuid]) -> Result<BTreeSet<Uuid>, sqlx::Error> {
    let mut seen = BTreeSet::new();
    for chunk in sql::chunks(ids) {
        let found: Vec<Uuid> = on!(db.of(&viewer.district).await?, rows => {
            let mut query = QueryBuilder::new("SELECT id FROM loop_row WHERE ");
            among(&mut query, "id", chunk.iter().copied());
            query.push(" AND ");
            visible(&mut query, viewer, Way::ByWordsOrIds);
            query.build_query_scalar().fetch_all(rows).await
        })?;
        seen.extend(found);
    }
    Ok(seen)
}

/// Other schools' open loops that a person may see as cards and join.
fn joinable<'a, DB>(query: &mut QueryBuilder<DB>, viewer: &'a Claims)
where
    DB: Database,
    Uuid: Encode<'a, DB> + Type<DB>,
    &'a str: Encode<'a, DB> + Type<DB>,
{
    query.push(" district = ").push_bind(viewer.district.as_str());
    query.push(" AND is_open = 1 AND visibility = 'joinable'");
    if !viewer.has(Role::Reporter) && viewer.departments.is_empty() && !viewer.has(Role::Contact) {
        query.push(" AND 1 = 0");
    }
    if !viewer.schools.is_empty() {
        query.push(" AND id NOT IN (SELECT loop FROM loop_school WHERE school IN (");
        let mut separated = query.separated(", ");
        for school in &viewer.schools {
            separated.push_bind(school.0);
        }
        query.push("))");
    }
}

/// One page of loops, and the cursor of the next.
pub(crate) async fn loops(
    Model { db, model, .. }: &Model<Timeline>,
    viewer: &Claims,
    asked: &LoopsQuery,
    schools: Option<&[SchoolId]>,
    today: NaiveDate,
) -> Result<Result<(Vec<LoopDbRow>, Option<String>), NotACursor>, sqlx::Error> {
    let after = match read_cursor(asked.cursor.as_deref()) {
        Ok(after) => after,
        Err(wrong) => return Ok(Err(wrong)),
    };
    let limit = asked.limit.unwrap_or(50).clamp(1, PAGE_MAX);
    let number = asked.q.as_deref().and_then(LoopNumber::read);
    let words = asked.q.as_deref().map(str::trim).filter(|words| !words.is_empty());
    let card = asked.joinable == Some(true);
    let fts = words.map(|words| fts_query(words, card));
    let few = !card && model.many.sees_few(db, viewer).await?;
    let mut rows: Vec<LoopDbRow> = Vec::new();
    // Rows with a date come before those without: each in the order of an index, so that a page ends the search.
    for part in parts(asked.sort, after.as_ref()).iter().copied() {
        let wanted = i64::from(limit) + 1 - rows.len() as i64;
        if wanted <= 0 {
            break;
        }
        let found: Vec<LoopDbRow> = on!(db.of(&viewer.district).await?, rows => {
        let mut query = QueryBuilder::new("SELECT ");
        query.push(LOOP_COLUMNS).push(" FROM loop_row WHERE");
        if asked.joinable == Some(true) {
            joinable(&mut query, viewer);
        } else {
            let by_words = words.is_some() && asked.sort == Sort::Newest;
            visible(&mut query, viewer, if by_words || few { Way::ByWordsOrIds } else { Way::ByPlace });
        }
        if few {
            query.push(" AND id IN (");
            involved(&mut query, viewer);
            query.push(")");
        }
        if let Some(state) = asked.state {
            query.push(" AND state = ").push_bind(state.code());
            // What is open is a small part of what there is.
            query.push(if state.is_end() { " AND is_open = 0" } else { " AND is_open = 1" });
        }
        match asked.open {
            // As its indexes say it.
            Some(true) => {
                query.push(" AND is_open = 1");
            }
            Some(false) => {
                query.push(" AND is_open = 0");
            }
            None => {}
        }
        if let Some(holder) = &asked.holder {
            query.push(" AND holder = ").push_bind(holder.as_str());
        }
        if let Some(department) = asked.department {
            query.push(" AND department = ").push_bind(department.0);
        }
        if let Some(team) = asked.team {
            query.push(" AND holder = 'team' AND holder_ref = ").push_bind(team.0);
        }
        if let Some(schools) = schools {
            at_schools(&mut query, schools);
        }
        if let Some(area) = &asked.area {
            query.push(" AND area = ").push_bind(area.as_str());
        }
        match asked.late {
            Some(true) => {
                query.push(" AND next_due < ").push_bind(today);
            }
            Some(false) => {
                query.push(" AND (next_due IS NULL OR next_due >= ").push_bind(today).push(")");
            }
            None => {}
        }
        if let (Some(words), Some(fts)) = (words, fts.as_deref()) {
            query.push(" AND (");
            if let Some(number) = &number {
                query.push("number = ").push_bind(number.as_str()).push(" OR ");
            }
            match db {
                Db::Sqlite(_) if fts.is_empty() => query.push("1 = 0)"),
                Db::Sqlite(_) => query
                    .push("filed_seq IN (SELECT rowid FROM loop_search WHERE loop_search MATCH ")
                    .push_bind(fts)
                    .push("))"),
                // A card shows its title, so only words of the title find it.
                Db::Postgres(_) if card => query
                    .push(
                        "filed_seq IN (SELECT filed_seq FROM loop_search \
                         WHERE ts_filter(words, '{a}') @@ plainto_tsquery('english', ",
                    )
                    .push_bind(words)
                    .push(")))"),
                Db::Postgres(_) => query
                    .push("filed_seq IN (SELECT filed_seq FROM loop_search WHERE words @@ plainto_tsquery('english', ")
                    .push_bind(words)
                    .push(")))"),
            };
        }
        match part {
            Part::All => {}
            Part::Dated => {
                query.push(" AND next_due IS NOT NULL");
            }
            Part::Undated => {
                query.push(" AND next_due IS NULL");
            }
        }
        match (&after, asked.sort) {
            (None, _) => {}
            (Some(after), Sort::Newest) => {
                query.push(" AND filed_seq < ").push_bind(after.sequence);
            }
            (Some(after), Sort::Oldest) => {
                query.push(" AND filed_seq > ").push_bind(after.sequence);
            }
            (Some(after), Sort::Changed) => {
                query.push(" AND version < ").push_bind(after.sequence);
            }
            (Some(after), Sort::Due) => match (part, after.day) {
                (Part::Dated, Some(day)) => {
                    query.push(" AND next_due >= ").push_bind(day);
                    query.push(" AND (next_due > ").push_bind(day);
                    query.push(" OR filed_seq > ").push_bind(after.sequence).push(")");
                }
                (Part::Undated, None) => {
                    query.push(" AND filed_seq > ").push_bind(after.sequence);
                }
                (Part::All | Part::Dated | Part::Undated, _) => {}
            },
        }
        query.push(match asked.sort {
            Sort::Newest => " ORDER BY filed_seq DESC",
            Sort::Changed => " ORDER BY version DESC",
            Sort::Due if part == Part::Dated => " ORDER BY next_due, filed_seq",
            Sort::Oldest | Sort::Due => " ORDER BY filed_seq",
        });
        query.push(" LIMIT ").push_bind(wanted);
        query.build_query_as().fetch_all(rows).await
        })?;
        rows.extend(found);
    }
    let next = if rows.len() > limit as usize {
        rows.truncate(limit as usize);
        rows.last().map(|row| write_cursor(row, asked.sort))
    } else {
        None
    };
    Ok(Ok((rows, next)))
}

/// A part of a list that is read of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// All of it.
    All,
    /// What has a date.
    Dated,
    /// What has none.
    Undated,
}

/// The parts of a list, in their order, from where a page ended.
fn parts(sort: Sort, after: Option<&After>) -> &'static [Part] {
    match (sort, after.map(|after| after.day)) {
        (Sort::Newest | Sort::Oldest | Sort::Changed, _) => &[Part::All],
        (Sort::Due, None | Some(Some(_))) => &[Part::Dated, Part::Undated],
        (Sort::Due, Some(None)) => &[Part::Undated],
    }
}

/// What people type, for SQLite's full-text search: each word quoted, all of them, the last one perhaps unfinished.
fn fts_query(words: &str, title_only: bool) -> String {
    let words: Vec<String> = words
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(12)
        .map(|word| format!("\"{word}\""))
        .collect();
    match (words.is_empty(), title_only) {
        (true, _) => String::new(),
        (false, true) => format!("title : ({}*)", words.join(" ")),
        (false, false) => format!("{}*", words.join(" ")),
    }
}

/// One row of `entry`.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct EntryDbRow {
    pub(crate) sequence: i64,
    pub(crate) id: Uuid,
    pub(crate) time: DateTime<Utc>,
    pub(crate) kind: String,
    #[sqlx(rename = "type")]
    pub(crate) event_type: String,
    pub(crate) actor: String,
    pub(crate) acting_for: Option<Uuid>,
    pub(crate) internal: i32,
    pub(crate) data: String,
}

/// A part of a loop's history, ascending.
pub(crate) async fn entries(
    db: &Db,
    district: &District,
    id: LoopId,
    after: i64,
    limit: i64,
    internal: bool,
) -> Result<Vec<EntryDbRow>, sqlx::Error> {
    on!(db.of(district).await?, rows => sqlx::query_as(
            "SELECT sequence, id, time, kind, type, actor, acting_for, internal, data FROM entry \
             WHERE loop = $1 AND sequence > $2 AND internal <= $3 AND district = $5 ORDER BY sequence LIMIT $4")
        .bind(id.0).bind(after).bind(i32::from(internal)).bind(limit).bind(district.as_str())
        .fetch_all(rows).await)
}

/// One change with what says who may hear of it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct ChangeDbRow {
    pub(crate) sequence: i64,
    pub(crate) kind: String,
    pub(crate) time: DateTime<Utc>,
    pub(crate) id: Uuid,
    pub(crate) number: String,
    pub(crate) state: String,
}

/// Changes after a sequence that a viewer may hear of, ascending.
pub(crate) async fn changes(db: &Db, viewer: &Claims, after: u64, limit: u32) -> Result<Vec<ChangeDbRow>, sqlx::Error> {
    let office = viewer.has(Role::Contact) || viewer.has(Role::Auditor) || viewer.has(Role::Leader);
    on!(db.of(&viewer.district).await?, rows => {
        let mut query = QueryBuilder::new(
            "SELECT entry.sequence, entry.kind, entry.time, seen.id, seen.number, seen.state FROM entry \
             JOIN (SELECT id, number, state FROM loop_row WHERE",
        );
        visible(&mut query, viewer, Way::ByPlace);
        query.push(") AS seen ON seen.id = entry.loop WHERE entry.sequence > ").push_bind(after as i64);
        if !office {
            // What is internal is for those who see the loop as a department with a hand in it.
            query.push(" AND (entry.internal = 0");
            if !viewer.departments.is_empty() {
                query.push(" OR entry.loop IN (SELECT loop FROM loop_department WHERE department IN (");
                let mut separated = query.separated(", ");
                for department in &viewer.departments {
                    separated.push_bind(department.0);
                }
                query.push("))");
            }
            query.push(")");
        }
        query.push(" ORDER BY entry.sequence LIMIT ").push_bind(i64::from(limit));
        query.build_query_as().fetch_all(rows).await
    })
}
