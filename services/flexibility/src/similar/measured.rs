//! How well and how fast it is found, over a database of its own: without a broker, and without the other services.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value;
use sql::{Db, Durability, Location};
use uuid::Uuid;

use super::terms::stems;
use super::{Vocabulary, find};
use crate::read_model;

/// How many of the first found are looked at.
const SHOWN: usize = 5;
/// What the half that may be tuned on must not fall under.
const RECALL_MIN: f64 = 0.7;
/// How many loops and parts of the register a large state has.
const MANY: (usize, usize) = (100_000, 10_000);
/// What finding may take among those, at the ninety-ninth of a hundred.
const TAKES_MAX: Duration = Duration::from_millis(20);

fn lines(name: &str) -> Vec<Value> {
    let path = format!("{}/../../tests/similar/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{path}: {error}"))
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| serde_json::from_str(line).expect("json"))
        .collect()
}

/// What is written of one document.
struct Doc {
    kind: &'static str,
    area: String,
    title: String,
    text: String,
    rule: String,
}

/// A folder of its own that is gone when the test is over.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn folder(name: &str) -> Folder {
    let folder = std::env::temp_dir().join(format!("loopline-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    Folder(folder)
}

async fn open(folder: &Folder) -> Db {
    let location = Location::Folder(folder.0.clone());
    Db::open(
        &location,
        "flexibility",
        read_model::MIGRATIONS,
        Durability::Rebuildable,
    )
    .await
    .expect("a database")
}

async fn write(db: &Db, first: usize, docs: &[Doc]) {
    let mut tx = db.begin().await.expect("a transaction");
    let sql::Tx::Sqlite(conn) = &mut tx else {
        unreachable!("a folder")
    };
    for (at, doc) in docs.iter().enumerate() {
        let seq = (first + at + 1) as i64;
        let [title, text, rule] = [&doc.title, &doc.text, &doc.rule].map(|text| stems(text).join(" "));
        sqlx::query(
            "INSERT INTO doc (seq, district, kind, id, area, title, text, rule, shown) \
             VALUES ($1, 'demo', $2, $3, $4, $5, $6, $7, '')",
        )
        .bind(seq)
        .bind(doc.kind)
        .bind(Uuid::from_u128(seq as u128))
        .bind(&doc.area)
        .bind(&title)
        .bind(&text)
        .bind(&rule)
        .execute(&mut **conn)
        .await
        .expect("a row");
        sqlx::query("INSERT INTO doc_words (rowid, district, title, text, rule) VALUES ($1, 'ddemo', $2, $3, $4)")
            .bind(seq)
            .bind(&title)
            .bind(&text)
            .bind(&rule)
            .execute(&mut **conn)
            .await
            .expect("words");
    }
    tx.commit().await.expect("committed");
}

/// The corpus as the read model has it.
fn corpus() -> Vec<Doc> {
    let text = |doc: &Value, field: &str| doc[field].as_str().unwrap_or_default().to_owned();
    lines("corpus.jsonl")
        .iter()
        .map(|doc| {
            let is_loop = doc["kind"] == "loop";
            Doc {
                kind: if is_loop { "loop" } else { "allowed" },
                area: text(doc, "area"),
                title: text(doc, "title"),
                text: text(doc, "text"),
                rule: if is_loop { String::new() } else { text(doc, "rule") },
            }
        })
        .collect()
}

#[tokio::test]
async fn what_is_judged_alike_is_among_the_first() {
    let folder = folder("alike");
    let db = open(&folder).await;
    write(&db, 0, &corpus()).await;
    let names: Vec<String> = lines("corpus.jsonl")
        .iter()
        .map(|doc| doc["id"].as_str().expect("a name").to_owned())
        .collect();
    let (vocabulary, district) = (Vocabulary::default(), "demo".parse().expect("a district"));
    let queries = lines("queries-a.jsonl");
    let mut sum = 0.0;
    for query in &queries {
        let text = query["q"].as_str().expect("a query");
        let found = find(&db, &vocabulary, &district, text, query["area"].as_str())
            .await
            .expect("found");
        let first: Vec<&str> = found
            .iter()
            .take(SHOWN)
            .map(|found| names[found.candidate.seq as usize - 1].as_str())
            .collect();
        let relevant: Vec<&str> = query["relevant"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(Value::as_str)
            .collect();
        let missed: Vec<&&str> = relevant.iter().filter(|name| !first.contains(name)).collect();
        if !missed.is_empty() {
            eprintln!("{} missed {missed:?}, found {first:?}", query["id"]);
        }
        sum += 1.0 - missed.len() as f64 / relevant.len() as f64;
    }
    let recall = sum / queries.len() as f64;
    eprintln!("recall@{SHOWN}: {recall:.3}");
    assert!(recall >= RECALL_MIN, "only {recall:.2} of what was judged alike");
}

/// Sentences of the corpus, put together anew.
fn many(how_many: usize, kind: &'static str, chance: &mut impl FnMut(usize) -> usize) -> Vec<Doc> {
    let corpus = corpus();
    let sentences: Vec<&str> = corpus.iter().flat_map(|doc| doc.text.split_inclusive('.')).collect();
    (0..how_many)
        .map(|_| {
            let text: String = (0..4).map(|_| sentences[chance(sentences.len())]).collect();
            let like = &corpus[chance(corpus.len())];
            Doc {
                kind,
                area: like.area.clone(),
                title: like.title.clone(),
                text: format!("{text} room{} name{}", chance(400), chance(5000)),
                rule: if kind == "loop" {
                    String::new()
                } else {
                    like.rule.clone()
                },
            }
        })
        .collect()
}

#[tokio::test]
#[ignore = "takes a minute; run it optimised"]
async fn it_is_found_quickly_among_many() {
    let folder = folder("many");
    let db = open(&folder).await;
    let mut state: u64 = 7;
    let mut chance = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as usize % below
    };
    write(&db, 0, &many(MANY.0, "loop", &mut chance)).await;
    write(&db, MANY.0, &many(MANY.1, "allowed", &mut chance)).await;
    let (vocabulary, district) = (Vocabulary::default(), "demo".parse().expect("a district"));
    vocabulary.load(&db).await.expect("loaded");
    let queries = lines("queries-a.jsonl");
    let mut took = Vec::new();
    for round in 0..12 {
        for query in &queries {
            let started = Instant::now();
            let text = query["q"].as_str().expect("a query");
            let found = find(&db, &vocabulary, &district, text, query["area"].as_str())
                .await
                .expect("found");
            if round > 1 {
                took.push((started.elapsed(), text, found.len()));
            }
        }
    }
    took.sort();
    let at = |part: usize| took[took.len() * part / 1000];
    eprintln!(
        "p50 {:?}, p95 {:?}, p99 {:?}, the slowest {:?}",
        at(500),
        at(950),
        at(990),
        took[took.len() - 1]
    );
    assert!(
        at(990).0 <= TAKES_MAX,
        "the ninety-ninth of a hundred took {:?}",
        at(990).0
    );
}
