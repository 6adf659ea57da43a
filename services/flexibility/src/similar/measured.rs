//! How well and how fast it is found, over a database of its own: without a broker, and without the other services.

use std::path::PathBuf;
use std::time::Instant;

use serde_json::Value;
use sql::{Db, Durability, Location, on};
use uuid::Uuid;

use super::terms::stems;
use super::{Vocabulary, find};
use crate::read_model::{self, Doc, DocOut};

/// How many of the first found are looked at.
const SHOWN: usize = 5;
/// What the half that may be tuned on must not fall under.
const RECALL_MIN: f64 = 0.7;
/// How many loops and parts of the register a large state has.
const MANY: (usize, usize) = (100_000, 10_000);
/// Rows that the raw database reads for comparison.
const BASELINE_ROWS: usize = 50;

fn lines(name: &str) -> Vec<Value> {
    let path = format!("{}/../../tests/similar/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{path}: {error}"))
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| serde_json::from_str(line).expect("json"))
        .collect()
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

async fn open(location: &Location) -> Db {
    Db::open(location, "flexibility", read_model::MIGRATIONS, Durability::Rebuildable)
        .await
        .expect("a database")
}

async fn write(db: &Db, first: usize, docs: Vec<Doc>) {
    let out: Vec<DocOut> = docs
        .into_iter()
        .enumerate()
        .map(|(at, doc)| DocOut {
            seq: (first + at + 1) as i64,
            is_new: true,
            district: "demo".to_owned(),
            doc: Some(Doc {
                id: Uuid::from_u128((first + at + 1) as u128),
                title: stems(&doc.title).join(" "),
                text: stems(&doc.text).join(" "),
                rule: stems(&doc.rule).join(" "),
                ..doc
            }),
        })
        .collect();
    let mut tx = db.begin().await.expect("a transaction");
    read_model::write_docs(&mut tx, &out).await.expect("written");
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
                id: Uuid::nil(),
                shown: String::new(),
            }
        })
        .collect()
}

#[tokio::test]
async fn what_is_judged_alike_is_among_the_first() {
    let folder = folder("alike");
    let db = open(&Location::Folder(folder.0.clone())).await;
    write(&db, 0, corpus()).await;
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
                id: Uuid::nil(),
                shown: String::new(),
            }
        })
        .collect()
}

/// For `tests/load/run`, which names a PostgreSQL database where it is to be measured there. Figures are reported.
#[tokio::test]
#[ignore = "takes a minute; run it optimised"]
async fn how_quickly_it_is_found_among_many() {
    let folder = folder("many");
    let location = match std::env::var("LOOPLINE_MEASURE_AT") {
        Ok(url) => Location::Url(url),
        Err(_) => Location::Folder(folder.0.clone()),
    };
    let db = open(&location).await;
    let mut state: u64 = 7;
    let mut chance = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as usize % below
    };
    write(&db, 0, many(MANY.0, "loop", &mut chance)).await;
    write(&db, MANY.0, many(MANY.1, "allowed", &mut chance)).await;
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
    // The raw database: as many rows as a search looks at, by their keys.
    let mut raw = Vec::new();
    for _ in 0..200 {
        let keys: Vec<i64> = (0..BASELINE_ROWS).map(|_| chance(MANY.0) as i64 + 1).collect();
        let started = Instant::now();
        for key in keys {
            let _: Vec<(String, String)> =
                on!(db.of(&district).await.expect("a connection"), rows => sqlx::query_as("SELECT title, text FROM doc WHERE seq = $1")
                .bind(key).fetch_all(rows).await)
                .expect("a row");
        }
        raw.push(started.elapsed());
    }
    raw.sort();
    let baseline = raw[raw.len() / 2];
    eprintln!(
        "similar over {} loops and {} parts of the register: p50 {:?}, p95 {:?}, p99 {:?}, the slowest {:?}; {BASELINE_ROWS} rows \
         by their keys {baseline:?}, ratio of the p50 {:.2}",
        MANY.0,
        MANY.1,
        at(500).0,
        at(950).0,
        at(990).0,
        took[took.len() - 1].0,
        at(500).0.as_secs_f64() / baseline.as_secs_f64()
    );
}
