//! Writing a batch: many rows a statement, each table once.

use sealing::ERASED;
use sql::{Tx, on_tx};
use sqlx::QueryBuilder;

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
    if !collected.erased.is_empty()
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
    for chunk in sql::chunks(&collected.rows) {
        on_tx!(tx, conn => {
            let mut query = QueryBuilder::new(
                "INSERT INTO register_row (from_seq, to_seq, from_at, to_at, id, district, says, area, department, scope, \
                 standing, rule, ends_on, readers, kind, title, first_seq, turn, turn_event, turn_seq, state) ",
            );
            query.push_values(chunk, |mut row, out| {
                row.push_bind(out.from_seq)
                    .push_bind(out.to.map(|(sequence, _)| sequence))
                    .push_bind(out.from_at)
                    .push_bind(out.to.map(|(_, at)| at))
                    .push_bind(out.id)
                    .push_bind(out.district.as_str())
                    .push_bind(out.says)
                    .push_bind(out.area.as_str())
                    .push_bind(out.department)
                    .push_bind(out.scope)
                    .push_bind(out.standing)
                    .push_bind(out.rule.as_str())
                    .push_bind(out.ends_on)
                    .push_bind(out.readers)
                    .push_bind(out.kind)
                    .push_bind(out.title.as_str())
                    .push_bind(out.first_seq)
                    .push_bind(out.turn.map(|(turn, _, _)| turn))
                    .push_bind(out.turn.map(|(_, event, _)| event))
                    .push_bind(out.turn.map(|(_, _, sequence)| sequence))
                    .push_bind(out.state.as_str());
            });
            query.push(" ON CONFLICT (from_seq) DO NOTHING");
            query.build().execute(&mut **conn).await.map(|_| ())
        })?;
    }
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
