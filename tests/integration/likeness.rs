//! How well what is like a typed text is found: ninety judged queries over a corpus, through the API.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use loopline_tests::{Api, Stack, on_both_databases};
use serde_json::{Value, json};
use sql::Location;

on_both_databases!(what_is_judged_alike_is_found);

/// How many of the first found are looked at.
const SHOWN: usize = 5;
/// What each half must not fall under, so that a change that breaks the ranking is noticed. How good it is, is printed;
/// it is meant to become 0.9.
const RECALL_MIN: f64 = 0.5;

fn lines(name: &str) -> Vec<Value> {
    let path = format!("{}/similar/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{path}: {error}"))
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| serde_json::from_str(line).expect("json"))
        .collect()
}

/// Writes one document of the corpus as people would; the id it then has.
async fn write(doc: &Value, office: &Api, school: &Api) -> String {
    let reply = if doc["kind"] == "loop" {
        let filing = json!({
            "title": doc["title"], "trying": doc["text"], "barrier": "See above.", "kind": "policy",
            "area": doc["area"], "rule_source": doc["source"],
        });
        school.post("/api/v1/tensions", &filing).await
    } else {
        let mut rule = json!({"source": doc["source"]});
        if let Some(cited) = doc["rule"].as_str().or(doc["citation"].as_str()) {
            rule["citation"] = json!(cited.chars().take(120).collect::<String>());
        }
        let written = json!({
            "says": doc["kind"], "title": doc["title"], "text": doc["text"], "rule": rule, "area": doc["area"],
            "department": "curriculum",
        });
        office.post("/api/v1/flexibilities", &written).await
    };
    assert_eq!(reply.status, 201, "{doc}: {reply:?}");
    reply.body["id"].as_str().expect("an id").to_owned()
}

/// What a query finds, the likest first, by the corpus's own names.
async fn found(api: &Api, query: &Value, names: &HashMap<String, String>, at_least: u64) -> (Vec<String>, Duration) {
    let mut asked = vec![
        ("text", query["q"].as_str().expect("a query").to_owned()),
        ("limit", "20".to_owned()),
    ];
    if let Some(area) = query["area"].as_str() {
        asked.push(("area", area.to_owned()));
    }
    let started = Instant::now();
    let request = api
        .request(reqwest::Method::GET, "/api/v1/similar")
        .query(&asked)
        .header("Loopline-At-Least", at_least.to_string());
    let reply = api.send(request).await;
    let took = started.elapsed();
    assert_eq!(reply.status, 200, "{reply:?}");
    let mut all: Vec<(f64, String)> = ["flexibilities", "non_negotiables", "loops"]
        .into_iter()
        .flat_map(|list| reply.body[list].as_array().expect("a list").clone())
        .map(|item| {
            let id = item["id"].as_str().expect("an id");
            (item["score"].as_f64().expect("a score"), names[id].clone())
        })
        .collect();
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    (all.into_iter().map(|(_, name)| name).collect(), took)
}

async fn what_is_judged_alike_is_found(location: Location) {
    let stack = Stack::start(location).await;
    let (office, school, other) = (stack.api("carol"), stack.api("rosa"), stack.api("ann"));
    let mut names: HashMap<String, String> = HashMap::new();
    for doc in lines("corpus.jsonl") {
        let id = write(&doc, &office, &school).await;
        names.insert(id, doc["id"].as_str().expect("a name").to_owned());
    }
    stack.comes_to_rest().await;
    let head = stack.log.head().await.expect("a head");
    let mut recalls: BTreeMap<&str, f64> = BTreeMap::new();
    let mut took = Vec::new();
    for half in ["queries-a.jsonl", "queries-b.jsonl"] {
        let queries = lines(half);
        let mut sum = 0.0;
        for query in &queries {
            let relevant: Vec<&str> = query["relevant"]
                .as_array()
                .expect("a list")
                .iter()
                .filter_map(Value::as_str)
                .collect();
            let (first, so_long) = found(&other, query, &names, head).await;
            took.push(so_long);
            let hit = relevant
                .iter()
                .filter(|name| first.iter().take(SHOWN).any(|found| found == *name))
                .count();
            sum += hit as f64 / relevant.len() as f64;
            // What the half that may be tuned on misses is worth reading; the other is never looked at.
            if half == "queries-a.jsonl" && hit < relevant.len() {
                let missed: Vec<_> = relevant
                    .iter()
                    .filter(|name| !first.iter().take(SHOWN).any(|found| found == *name))
                    .collect();
                eprintln!(
                    "{} missed {missed:?}, found {:?}",
                    query["id"],
                    first.iter().take(SHOWN).collect::<Vec<_>>()
                );
            }
        }
        recalls.insert(half, sum / queries.len() as f64);
    }
    took.sort();
    eprintln!(
        "recall@{SHOWN}: {recalls:?}; p50 {:?}, the slowest {:?} over HTTP",
        took[took.len() / 2],
        took[took.len() - 1]
    );
    for (half, recall) in &recalls {
        assert!(
            *recall >= RECALL_MIN,
            "{half}: only {recall:.2} of what was judged alike is among the first {SHOWN}"
        );
    }
    stack.stop().await;
}
