//! Writing a batch: many rows a statement, each table once.

use sealing::ERASED;
use sql::{Tx, on_tx};

use super::collect::{Collected, Doc, DocOut};
use super::office;

pub(super) async fn write(tx: &mut Tx, collected: &Collected) -> Result<(), sqlx::Error> {
    ended(tx, collected).await?;
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

async fn ended(tx: &mut Tx, collected: &Collected) -> Result<(), sqlx::Error> {
    let ended: Vec<_> = collected.ended.iter().collect();
    sql::put(
        tx,
        "WITH ended (id, to_seq, to_at) AS (",
        &ended,
        |row, (id, (to_seq, to_at))| {
            row.put(**id).put(*to_seq).put(*to_at);
        },
        ") UPDATE register_row SET to_seq = ended.to_seq, to_at = ended.to_at FROM ended \
                 WHERE register_row.id = ended.id AND register_row.to_seq IS NULL",
    )
    .await
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
    let (on_something, on_nothing): (Vec<_>, Vec<_>) =
        collected.rests.iter().partition(|out| out.flexibility.is_some());
    sql::put(
        tx,
        "DELETE FROM rests WHERE loop IN (",
        &on_nothing,
        |row, out| {
            row.put(out.id);
        },
        ")",
    )
    .await?;
    sql::put(
        tx,
        "INSERT INTO rests (loop, district, flexibility, since_seq, told)",
        &on_something,
        |row, out| {
            row.put(out.id)
                .put(out.district.as_str())
                .put(out.flexibility.map(|(flexibility, _)| flexibility))
                .put(out.flexibility.map(|(_, since)| since))
                .put(out.told);
        },
        " ON CONFLICT (loop) DO UPDATE SET flexibility = excluded.flexibility, \
                 since_seq = excluded.since_seq, told = excluded.told",
    )
    .await
}

/// Full-text search is where the dialects differ.
pub(crate) async fn docs(tx: &mut Tx, docs: &[DocOut]) -> Result<(), sqlx::Error> {
    let known: Vec<_> = docs.iter().filter(|out| !out.is_new).collect();
    let (words_of, end) = match tx {
        // What a full-text index does not hold cannot be taken out of it.
        Tx::Sqlite(_) => (
            "DELETE FROM doc_words WHERE rowid IN (SELECT seq FROM doc WHERE seq IN (",
            "))",
        ),
        Tx::Postgres(_) => ("DELETE FROM doc_words WHERE seq IN (", ")"),
    };
    for (head, tail) in [(words_of, end), ("DELETE FROM doc WHERE seq IN (", ")")] {
        sql::put(
            tx,
            head,
            &known,
            |row, out| {
                row.put(out.seq);
            },
            tail,
        )
        .await?;
    }
    let found: Vec<Found> = docs.iter().filter_map(Found::of).collect();
    sql::put(
        tx,
        "INSERT INTO doc (seq, district, kind, id, area, title, text, rule, shown)",
        &found,
        |row, Found { seq, district, doc, .. }| {
            row.put(*seq)
                .put(*district)
                .put(doc.kind)
                .put(doc.id)
                .put(doc.area.as_str())
                .put(doc.title.as_str())
                .put(doc.text.as_str())
                .put(doc.rule.as_str())
                .put(doc.shown.as_str());
        },
        "",
    )
    .await?;
    let in_words = matches!(tx, Tx::Sqlite(_));
    let (head, tail) = if in_words {
        ("INSERT INTO doc_words (rowid, district, title, text, rule)", "")
    } else {
        (
            "INSERT INTO doc_words (seq, district, words) SELECT seq, district, \
             setweight(to_tsvector('simple', title), 'A') || setweight(to_tsvector('simple', rule), 'B') \
             || to_tsvector('simple', text) FROM (",
            ") AS written (seq, district, title, text, rule)",
        )
    };
    sql::put(
        tx,
        head,
        &found,
        |row, found| {
            let district = if in_words {
                found.district_word.as_str()
            } else {
                found.district
            };
            row.put(found.seq)
                .put(district)
                .put(found.doc.title.as_str())
                .put(found.doc.text.as_str())
                .put(found.doc.rule.as_str());
        },
        tail,
    )
    .await
}

/// What is found by its words from now on.
struct Found<'a> {
    seq: i64,
    district: &'a str,
    /// The district as a word of the full-text index.
    district_word: String,
    doc: &'a Doc,
}

impl<'a> Found<'a> {
    fn of(out: &'a DocOut) -> Option<Self> {
        Some(Self {
            seq: out.seq,
            district: &out.district,
            district_word: super::queries::district_word(&out.district),
            doc: out.doc.as_ref()?,
        })
    }
}
