//! Writing a batch: many rows a statement, each table once.

use sealing::ERASED;
use sql::{Tx, on_tx};

use super::collect::{Collected, Doc, DocOut};
use super::office;

pub(super) async fn write(tx: &mut Tx, collected: &Collected) -> Result<(), sqlx::Error> {
    for (id, (to_seq, to_at)) in &collected.ended {
        on_tx!(tx, conn => sqlx::query("UPDATE register_row SET to_seq = $1, to_at = $2 WHERE id = $3 AND to_seq IS NULL")
            .bind(*to_seq).bind(*to_at).bind(*id).execute(&mut **conn).await.map(|_| ()))?;
    }
    rows(tx, collected).await?;
    rests(tx, collected).await?;
    office::write_met(tx, &collected.met_anew, &collected.met).await?;
    office::write_office(tx, &collected.office).await?;
    for from_seq in &collected.untitled {
        on_tx!(tx, conn => sqlx::query("UPDATE register_row SET title = $1 WHERE from_seq = $2")
            .bind(ERASED).bind(*from_seq).execute(&mut **conn).await.map(|_| ()))?;
    }
    docs(tx, &collected.docs).await?;
    let erased: Vec<_> = collected
        .erased
        .iter()
        .map(|(key, gone)| (key.to_string(), gone))
        .collect();
    sql::put(
        tx,
        "INSERT INTO erased (key, district, at)",
        &erased,
        |row, (key, (district, at))| {
            row.put(key.as_str()).put(district.as_str()).put(*at);
        },
        "ON CONFLICT (key) DO NOTHING",
    )
    .await?;
    if !erased.is_empty()
        && let Tx::Sqlite(conn) = &mut *tx
    {
        // What was taken out of a full-text index stays in its file until that is written anew.
        sqlx::query("INSERT INTO doc_words (doc_words) VALUES ('optimize')")
            .execute(&mut **conn)
            .await?;
    }
    Ok(())
}

async fn rows(tx: &mut Tx, collected: &Collected) -> Result<(), sqlx::Error> {
    sql::put(
        tx,
        "INSERT INTO register_row (from_seq, to_seq, from_at, to_at, id, district, says, area, department, scope, \
                 standing, rule, ends_on, readers, kind, title, first_seq, turn, turn_event, turn_seq, state)",
        &collected.rows,
        |row, out| {
            row.put(out.from_seq)
                .put(out.to.map(|(sequence, _)| sequence))
                .put(out.from_at)
                .put(out.to.map(|(_, at)| at))
                .put(out.id)
                .put(out.district.as_str())
                .put(out.says)
                .put(out.area.as_str())
                .put(out.department)
                .put(out.scope)
                .put(out.standing)
                .put(out.rule.as_str())
                .put(out.ends_on)
                .put(out.readers)
                .put(out.kind)
                .put(out.title.as_str())
                .put(out.first_seq)
                .put(out.turn.map(|(turn, _, _)| turn))
                .put(out.turn.map(|(_, event, _)| event))
                .put(out.turn.map(|(_, _, sequence)| sequence))
                .put(out.state.as_str());
        },
        " ON CONFLICT (from_seq) DO NOTHING",
    )
    .await?;
    Ok(())
}

async fn rests(tx: &mut Tx, collected: &Collected) -> Result<(), sqlx::Error> {
    for out in &collected.rests {
        match out.flexibility {
            None => on_tx!(tx, conn => sqlx::query("DELETE FROM rests WHERE loop = $1")
                .bind(out.id).execute(&mut **conn).await.map(|_| ()))?,
            Some((flexibility, since)) => on_tx!(tx, conn => sqlx::query(
                    "INSERT INTO rests (loop, district, flexibility, since_seq, told) VALUES ($1, $2, $3, $4, $5) \
                     ON CONFLICT (loop) DO UPDATE SET flexibility = excluded.flexibility, \
                     since_seq = excluded.since_seq, told = excluded.told")
                .bind(out.id).bind(out.district.as_str()).bind(flexibility).bind(since).bind(out.told)
                .execute(&mut **conn).await.map(|_| ()))?,
        }
    }
    Ok(())
}

/// Full-text search is where the dialects differ.
pub(crate) async fn docs(tx: &mut Tx, docs: &[DocOut]) -> Result<(), sqlx::Error> {
    for out in docs {
        match &mut *tx {
            Tx::Sqlite(conn) => sqlx::query("DELETE FROM doc_words WHERE rowid = (SELECT seq FROM doc WHERE seq = $1)")
                .bind(out.seq)
                .execute(&mut **conn)
                .await
                .map(|_| ())?,
            Tx::Postgres(conn) => sqlx::query("DELETE FROM doc_words WHERE seq = $1")
                .bind(out.seq)
                .execute(&mut **conn)
                .await
                .map(|_| ())?,
        }
        on_tx!(tx, conn => sqlx::query("DELETE FROM doc WHERE seq = $1").bind(out.seq).execute(&mut **conn).await.map(|_| ()))?;
        if let Some(doc) = &out.doc {
            insert(tx, out.seq, &out.district, doc).await?;
        }
    }
    Ok(())
}

async fn insert(tx: &mut Tx, seq: i64, district: &str, doc: &Doc) -> Result<(), sqlx::Error> {
    on_tx!(tx, conn => sqlx::query(
            "INSERT INTO doc (seq, district, kind, id, area, title, text, rule, shown) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)")
        .bind(seq).bind(district).bind(doc.kind).bind(doc.id).bind(doc.area.as_str()).bind(doc.title.as_str())
        .bind(doc.text.as_str()).bind(doc.rule.as_str()).bind(doc.shown.as_str())
        .execute(&mut **conn).await.map(|_| ()))?;
    match tx {
        Tx::Sqlite(conn) => {
            sqlx::query("INSERT INTO doc_words (rowid, district, title, text, rule) VALUES ($1, $2, $3, $4, $5)")
                .bind(seq)
                .bind(super::queries::district_word(district))
                .bind(doc.title.as_str())
                .bind(doc.text.as_str())
                .bind(doc.rule.as_str())
                .execute(&mut **conn)
                .await
                .map(|_| ())
        }
        Tx::Postgres(conn) => sqlx::query(
            "INSERT INTO doc_words (seq, district, words) VALUES ($1, $2, setweight(to_tsvector('simple', $3), 'A') \
             || setweight(to_tsvector('simple', $5), 'B') || to_tsvector('simple', $4))",
        )
        .bind(seq)
        .bind(district)
        .bind(doc.title.as_str())
        .bind(doc.text.as_str())
        .bind(doc.rule.as_str())
        .execute(&mut **conn)
        .await
        .map(|_| ()),
    }
}
