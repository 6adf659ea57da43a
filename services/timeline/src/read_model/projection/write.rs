//! Writing a batch: many rows a statement, each table once.

use sql::{Tx, on_tx};
use sqlx::QueryBuilder;

use super::collect::Collected;

pub(super) async fn write(tx: &mut Tx, collected: &Collected) -> Result<(), sqlx::Error> {
    entries(tx, collected).await?;
    stays(tx, collected).await?;
    loops(tx, collected).await?;
    places(tx, collected).await?;
    people(tx, collected).await?;
    search(tx, collected).await?;
    if collected.erased
        && let Tx::Sqlite(conn) = &mut *tx
    {
        // What was taken out of a full-text index stays in its file until that is written anew.
        sqlx::query("INSERT INTO loop_search (loop_search) VALUES ('optimize')")
            .execute(&mut **conn)
            .await?;
    }
    Ok(())
}

async fn entries(tx: &mut Tx, collected: &Collected) -> Result<(), sqlx::Error> {
    for chunk in sql::chunks(&collected.entries) {
        on_tx!(tx, conn => {
            let mut query =
                QueryBuilder::new("INSERT INTO entry (sequence, loop, district, id, time, kind, type, actor, acting_for, internal, data) ");
            query.push_values(chunk, |mut row, entry| {
                row.push_bind(entry.sequence)
                    .push_bind(entry.loop_id)
                    .push_bind(entry.district.as_str())
                    .push_bind(entry.id)
                    .push_bind(entry.time)
                    .push_bind(entry.kind)
                    .push_bind(entry.event_type.as_str())
                    .push_bind(entry.actor.as_str())
                    .push_bind(entry.acting_for)
                    .push_bind(entry.internal)
                    .push_bind(entry.data.as_str());
            });
            query.push(" ON CONFLICT (sequence) DO NOTHING");
            query.build().execute(&mut **conn).await.map(|_| ())
        })?;
    }
    Ok(())
}

async fn stays(tx: &mut Tx, collected: &Collected) -> Result<(), sqlx::Error> {
    let ended: Vec<_> = collected.ended_stays.iter().collect();
    for chunk in sql::chunks(&ended) {
        on_tx!(tx, conn => {
            let mut query = QueryBuilder::new("WITH ended (loop, to_seq, to_at) AS (");
            query.push_values(chunk, |mut row, (loop_id, (to_seq, to_at))| {
                row.push_bind(**loop_id).push_bind(*to_seq).push_bind(*to_at);
            });
            query.push(
                ") UPDATE stay SET to_seq = ended.to_seq, to_at = ended.to_at FROM ended \
                 WHERE stay.loop = ended.loop AND stay.to_seq IS NULL",
            );
            query.build().execute(&mut **conn).await.map(|_| ())
        })?;
    }
    for chunk in sql::chunks(&collected.stays) {
        on_tx!(tx, conn => {
            let mut query = QueryBuilder::new(
                "INSERT INTO stay (loop, from_seq, to_seq, district, from_at, to_at, state, holder, department, paused) ",
            );
            query.push_values(chunk, |mut row, stay| {
                row.push_bind(stay.loop_id)
                    .push_bind(stay.from_seq)
                    .push_bind(stay.to.map(|(sequence, _)| sequence))
                    .push_bind(stay.district.as_str())
                    .push_bind(stay.from_at)
                    .push_bind(stay.to.map(|(_, at)| at))
                    .push_bind(stay.what.state.code())
                    .push_bind(stay.what.holder)
                    .push_bind(stay.what.department)
                    .push_bind(i32::from(stay.what.paused));
            });
            query.push(" ON CONFLICT (loop, from_seq) DO NOTHING");
            query.build().execute(&mut **conn).await.map(|_| ())
        })?;
    }
    Ok(())
}

async fn loops(tx: &mut Tx, collected: &Collected) -> Result<(), sqlx::Error> {
    for chunk in sql::chunks(&collected.loops) {
        on_tx!(tx, conn => {
            let mut query = QueryBuilder::new(
                "INSERT INTO loop_row (filed_seq, id, district, number, version, title, state, is_open, unconfirmed, \
                 refused, resolution_kind, department, holder, holder_ref, area, kind, urgency, visibility, leader_asked, \
                 matter_team, assignee, schools_count, paused, due_acknowledge, due_next_word, due_resolve, next_due, \
                 next_clock, filed_at, changed_at, ended_at) ",
            );
            query.push_values(chunk, |mut row, out| {
                row.push_bind(out.filed_seq)
                    .push_bind(out.id)
                    .push_bind(out.district.as_str())
                    .push_bind(out.number.as_str())
                    .push_bind(out.version)
                    .push_bind(out.title.as_str())
                    .push_bind(out.state)
                    .push_bind(out.is_open)
                    .push_bind(out.unconfirmed)
                    .push_bind(out.refused)
                    .push_bind(out.resolution_kind)
                    .push_bind(out.department)
                    .push_bind(out.holder)
                    .push_bind(out.holder_ref)
                    .push_bind(out.area.as_str())
                    .push_bind(out.kind)
                    .push_bind(out.urgency)
                    .push_bind(out.visibility)
                    .push_bind(out.leader_asked)
                    .push_bind(out.matter_team)
                    .push_bind(out.assignee)
                    .push_bind(out.schools_count)
                    .push_bind(out.paused)
                    .push_bind(out.due_acknowledge)
                    .push_bind(out.due_next_word)
                    .push_bind(out.due_resolve)
                    .push_bind(out.next_due)
                    .push_bind(out.next_clock)
                    .push_bind(out.filed_at)
                    .push_bind(out.changed_at)
                    .push_bind(out.ended_at);
            });
            query.push(
                " ON CONFLICT (filed_seq) DO UPDATE SET version = excluded.version, title = excluded.title, \
                 state = excluded.state, is_open = excluded.is_open, unconfirmed = excluded.unconfirmed, \
                 refused = excluded.refused, resolution_kind = excluded.resolution_kind, \
                 department = excluded.department, holder = excluded.holder, holder_ref = excluded.holder_ref, \
                 area = excluded.area, kind = excluded.kind, urgency = excluded.urgency, \
                 visibility = excluded.visibility, leader_asked = excluded.leader_asked, \
                 matter_team = excluded.matter_team, assignee = excluded.assignee, \
                 schools_count = excluded.schools_count, paused = excluded.paused, \
                 due_acknowledge = excluded.due_acknowledge, due_next_word = excluded.due_next_word, \
                 due_resolve = excluded.due_resolve, next_due = excluded.next_due, next_clock = excluded.next_clock, \
                 changed_at = excluded.changed_at, ended_at = excluded.ended_at",
            );
            query.build().execute(&mut **conn).await.map(|_| ())
        })?;
    }
    Ok(())
}

async fn places(tx: &mut Tx, collected: &Collected) -> Result<(), sqlx::Error> {
    for chunk in sql::chunks(&collected.schools) {
        on_tx!(tx, conn => {
            let mut query = QueryBuilder::new("INSERT INTO loop_school (loop, school, district, state, unconfirmed, follow_up_asked, filed_seq) ");
            query.push_values(chunk, |mut row, out| {
                row.push_bind(out.loop_id)
                    .push_bind(out.school)
                    .push_bind(out.district.as_str())
                    .push_bind(out.state)
                    .push_bind(out.unconfirmed)
                    .push_bind(out.follow_up_asked)
                    .push_bind(out.filed_seq);
            });
            query.push(" ON CONFLICT (loop, school) DO UPDATE SET state = excluded.state, \
                 unconfirmed = excluded.unconfirmed, follow_up_asked = excluded.follow_up_asked");
            query.build().execute(&mut **conn).await.map(|_| ())
        })?;
    }
    for chunk in sql::chunks(&collected.departments) {
        on_tx!(tx, conn => {
            let mut query = QueryBuilder::new("INSERT INTO loop_department (loop, department, district, filed_seq) ");
            query.push_values(chunk, |mut row, out| {
                row.push_bind(out.loop_id).push_bind(out.who).push_bind(out.district.as_str()).push_bind(out.filed_seq);
            });
            query.push(" ON CONFLICT (loop, department) DO NOTHING");
            query.build().execute(&mut **conn).await.map(|_| ())
        })?;
    }
    for chunk in sql::chunks(&collected.named) {
        on_tx!(tx, conn => {
            let mut query = QueryBuilder::new("INSERT INTO loop_person (loop, person, district) ");
            query.push_values(chunk, |mut row, out| {
                row.push_bind(out.loop_id).push_bind(out.who).push_bind(out.district.as_str());
            });
            query.push(" ON CONFLICT (loop, person) DO NOTHING");
            query.build().execute(&mut **conn).await.map(|_| ())
        })?;
    }
    for chunk in sql::chunks(&collected.teams) {
        on_tx!(tx, conn => {
            let mut query = QueryBuilder::new("INSERT INTO loop_team (loop, team, district) ");
            query.push_values(chunk, |mut row, out| {
                row.push_bind(out.loop_id).push_bind(out.who).push_bind(out.district.as_str());
            });
            query.push(" ON CONFLICT (loop, team) DO NOTHING");
            query.build().execute(&mut **conn).await.map(|_| ())
        })?;
    }
    Ok(())
}

async fn people(tx: &mut Tx, collected: &Collected) -> Result<(), sqlx::Error> {
    let people: Vec<_> = collected.people.iter().collect();
    for chunk in sql::chunks(&people) {
        on_tx!(tx, conn => {
            let mut query = QueryBuilder::new("INSERT INTO person (id, district, name) ");
            query.push_values(chunk, |mut row, (id, (district, name))| {
                row.push_bind(**id).push_bind(district.as_str()).push_bind(name.as_str());
            });
            query.push(" ON CONFLICT (id) DO UPDATE SET name = excluded.name");
            query.build().execute(&mut **conn).await.map(|_| ())
        })?;
    }
    Ok(())
}

/// Full-text search is where the dialects differ.
async fn search(tx: &mut Tx, collected: &Collected) -> Result<(), sqlx::Error> {
    match tx {
        Tx::Sqlite(conn) => {
            let reworded: Vec<i64> = collected
                .search
                .iter()
                .filter(|out| !out.is_new)
                .map(|out| out.filed_seq)
                .collect();
            for filed_seq in reworded {
                sqlx::query("DELETE FROM loop_search WHERE rowid = $1")
                    .bind(filed_seq)
                    .execute(&mut **conn)
                    .await?;
            }
            for chunk in sql::chunks(&collected.search) {
                let mut query = QueryBuilder::new("INSERT INTO loop_search (rowid, title, body) ");
                query.push_values(chunk, |mut row, out| {
                    row.push_bind(out.filed_seq)
                        .push_bind(out.title.as_str())
                        .push_bind(out.body.as_str());
                });
                query.build().execute(&mut **conn).await?;
            }
        }
        Tx::Postgres(conn) => {
            for chunk in sql::chunks(&collected.search) {
                let mut query = QueryBuilder::new("INSERT INTO loop_search (filed_seq, words) ");
                query.push_values(chunk, |mut row, out| {
                    row.push_bind(out.filed_seq)
                        .push("setweight(to_tsvector('english', ")
                        .push_bind_unseparated(out.title.as_str())
                        .push_unseparated("), 'A') || to_tsvector('english', ")
                        .push_bind_unseparated(out.body.as_str())
                        .push_unseparated(")");
                });
                query.push(" ON CONFLICT (filed_seq) DO UPDATE SET words = excluded.words");
                query.build().execute(&mut **conn).await?;
            }
        }
    }
    Ok(())
}
