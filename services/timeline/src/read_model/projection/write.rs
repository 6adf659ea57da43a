//! Writing a batch: many rows a statement, each table once. What happened and what there is now are tables of their own,
//! which cost a database about the same.

use sql::Tx;

use super::collect::Collected;

/// What happened, and who had it in the meantime. A batch comes with its checkpoint, so none of it is there yet: looking
/// first cost PostgreSQL a fifth of writing it.
pub(super) async fn history(tx: &mut Tx, collected: &Collected) -> Result<(), sqlx::Error> {
    entries(tx, collected).await?;
    stays(tx, collected).await
}

/// What there is now, by its place and by its words.
pub(super) async fn present(tx: &mut Tx, collected: &Collected) -> Result<(), sqlx::Error> {
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
    sql::put(
        tx,
        "INSERT INTO entry (sequence, loop, district, id, time, kind, type, actor, acting_for, internal, data)",
        &collected.entries,
        |row, entry| {
            row.put(entry.sequence)
                .put(entry.loop_id)
                .put(entry.district.as_str())
                .put(entry.id)
                .put(entry.time)
                .put(entry.kind)
                .put(entry.event_type.as_str())
                .put(entry.actor.as_str())
                .put(entry.acting_for)
                .put(entry.internal)
                .put(entry.data.as_str());
        },
        "",
    )
    .await
}

async fn stays(tx: &mut Tx, collected: &Collected) -> Result<(), sqlx::Error> {
    let ended: Vec<_> = collected.ended_stays.iter().collect();
    sql::put(
        tx,
        "WITH ended (loop, to_seq, to_at) AS (",
        &ended,
        |row, (loop_id, (to_seq, to_at))| {
            row.put(**loop_id).put(*to_seq).put(*to_at);
        },
        ") UPDATE stay SET to_seq = ended.to_seq, to_at = ended.to_at FROM ended \
                 WHERE stay.loop = ended.loop AND stay.to_seq IS NULL",
    )
    .await?;
    sql::put(
        tx,
        "INSERT INTO stay (loop, from_seq, to_seq, district, from_at, to_at, state, holder, department, paused)",
        &collected.stays,
        |row, stay| {
            row.put(stay.loop_id)
                .put(stay.from_seq)
                .put(stay.to.map(|(sequence, _)| sequence))
                .put(stay.district.as_str())
                .put(stay.from_at)
                .put(stay.to.map(|(_, at)| at))
                .put(stay.what.state.code())
                .put(stay.what.holder)
                .put(stay.what.department)
                .put(i32::from(stay.what.paused));
        },
        "",
    )
    .await
}

async fn loops(tx: &mut Tx, collected: &Collected) -> Result<(), sqlx::Error> {
    sql::put(
        tx,
        "INSERT INTO loop_row (filed_seq, id, district, number, version, title, state, is_open, unconfirmed, \
                 refused, resolution_kind, department, holder, holder_ref, area, kind, urgency, visibility, leader_asked, \
                 matter_team, assignee, schools_count, paused, due_acknowledge, due_next_word, due_resolve, next_due, \
                 next_clock, filed_at, changed_at, ended_at)",
        &collected.loops,
        |row, out| {
                row.put(out.filed_seq)
                    .put(out.id)
                    .put(out.district.as_str())
                    .put(out.number.as_str())
                    .put(out.version)
                    .put(out.title.as_str())
                    .put(out.state)
                    .put(out.is_open)
                    .put(out.unconfirmed)
                    .put(out.refused)
                    .put(out.resolution_kind)
                    .put(out.department)
                    .put(out.holder)
                    .put(out.holder_ref)
                    .put(out.area.as_str())
                    .put(out.kind)
                    .put(out.urgency)
                    .put(out.visibility)
                    .put(out.leader_asked)
                    .put(out.matter_team)
                    .put(out.assignee)
                    .put(out.schools_count)
                    .put(out.paused)
                    .put(out.due_acknowledge)
                    .put(out.due_next_word)
                    .put(out.due_resolve)
                    .put(out.next_due)
                    .put(out.next_clock)
                    .put(out.filed_at)
                    .put(out.changed_at)
                    .put(out.ended_at);
        },
        " ON CONFLICT (filed_seq) DO UPDATE SET version = excluded.version, \
                 title = CASE WHEN excluded.title = '' THEN loop_row.title ELSE excluded.title END, \
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
    )
    .await
}

async fn places(tx: &mut Tx, collected: &Collected) -> Result<(), sqlx::Error> {
    sql::put(
        tx,
        "INSERT INTO loop_school (loop, school, district, state, unconfirmed, follow_up_asked, filed_seq)",
        &collected.schools,
        |row, out| {
            row.put(out.loop_id)
                .put(out.school)
                .put(out.district.as_str())
                .put(out.state)
                .put(out.unconfirmed)
                .put(out.follow_up_asked)
                .put(out.filed_seq);
        },
        " ON CONFLICT (loop, school) DO UPDATE SET state = excluded.state, \
                 unconfirmed = excluded.unconfirmed, follow_up_asked = excluded.follow_up_asked",
    )
    .await?;
    sql::put(
        tx,
        "INSERT INTO loop_department (loop, department, district, filed_seq)",
        &collected.departments,
        |row, out| {
            row.put(out.loop_id)
                .put(out.who)
                .put(out.district.as_str())
                .put(out.filed_seq);
        },
        " ON CONFLICT (loop, department) DO NOTHING",
    )
    .await?;
    sql::put(
        tx,
        "INSERT INTO loop_person (loop, person, district)",
        &collected.named,
        |row, out| {
            row.put(out.loop_id).put(out.who).put(out.district.as_str());
        },
        " ON CONFLICT (loop, person) DO NOTHING",
    )
    .await?;
    sql::put(
        tx,
        "INSERT INTO loop_team (loop, team, district)",
        &collected.teams,
        |row, out| {
            row.put(out.loop_id).put(out.who).put(out.district.as_str());
        },
        " ON CONFLICT (loop, team) DO NOTHING",
    )
    .await
}

async fn people(tx: &mut Tx, collected: &Collected) -> Result<(), sqlx::Error> {
    let people: Vec<_> = collected.people.iter().collect();
    sql::put(
        tx,
        "INSERT INTO person (id, district, name)",
        &people,
        |row, (id, (district, name))| {
            row.put(**id).put(district.as_str()).put(name.as_str());
        },
        " ON CONFLICT (id) DO UPDATE SET name = excluded.name",
    )
    .await
}

/// Full-text search is where the dialects differ.
async fn search(tx: &mut Tx, collected: &Collected) -> Result<(), sqlx::Error> {
    let (head, tail) = match tx {
        Tx::Sqlite(conn) => {
            for out in collected.search.iter().filter(|out| !out.is_new) {
                sqlx::query("DELETE FROM loop_search WHERE rowid = $1")
                    .bind(out.filed_seq)
                    .execute(&mut **conn)
                    .await?;
            }
            ("INSERT INTO loop_search (rowid, title, body)", "")
        }
        Tx::Postgres(_) => (
            "INSERT INTO loop_search (filed_seq, words) SELECT filed_seq, \
             setweight(to_tsvector('english', title), 'A') || to_tsvector('english', body) FROM (",
            ") AS written (filed_seq, title, body) ON CONFLICT (filed_seq) DO UPDATE SET words = excluded.words",
        ),
    };
    sql::put(
        tx,
        head,
        &collected.search,
        |row, out| {
            row.put(out.filed_seq).put(out.title.as_str()).put(out.body.as_str());
        },
        tail,
    )
    .await
}
