//! The record proves itself, over both databases: checkpoints, receipts and entries over HTTP, an export that others
//! check, and a lost log that is put back as it was.

use std::sync::Arc;

use eventlog::EventLog as _;
use eventlog::jetstream::{JetStreamLog, Putting};
use loopline_tests::{DISTRICTS, Stack, TestBroker, on_both_databases};
use reqwest::Method;
use sealing::JetStreamKeys;
use serde_json::json;
use sql::Location;
use verify::{Against, Fault};

on_both_databases!(
    a_receipt_proves_what_one_may_read,
    the_record_is_given_to_auditors_and_holds,
    a_lost_log_is_put_back_as_it_was,
    the_ledger_only_grows
);

/// What an address answers, as text.
async fn text(stack: &Stack, person: &str, path: &str) -> (u16, String) {
    let response = stack
        .api(person)
        .request(Method::GET, path)
        .send()
        .await
        .expect("an answer");
    (response.status().as_u16(), response.text().await.expect("a body"))
}

async fn keys(stack: &Stack, district: &str) -> Vec<String> {
    let (status, keys) = text(stack, "rosa", &format!("/ledger/{district}/keys")).await;
    assert_eq!(status, 200, "{keys}");
    keys.lines().map(ToOwned::to_owned).collect()
}

async fn a_receipt_proves_what_one_may_read(location: Location) {
    let stack = Stack::start(location).await;
    let (rosa, marcus) = (stack.api("rosa"), stack.api("marcus"));
    let id = rosa.files("seat_time").await;
    stack.comes_to_rest().await;
    marcus.does(&id, "acknowledge", json!({"word": "We have it."})).await;
    let noted = marcus
        .does(
            &id,
            "note",
            json!({"text": "The board must not hear of this yet.", "shared": false}),
        )
        .await;
    let district = DISTRICTS[0];
    let keys = keys(&stack, district).await;
    let path = format!("/api/v1/loops/{id}/receipt");
    let of = async |person: &str| {
        let (status, receipt) = text(&stack, person, &path).await;
        assert_eq!(status, 200, "{receipt}");
        verify::read_receipt(&receipt, &keys).expect("it holds")
    };
    // The department's covers its own note; the school's ends with what the school may read.
    let (office, school) = (of("marcus").await, of("rosa").await);
    assert!(String::from_utf8_lossy(&office.payload).contains("note_added"));
    assert!(String::from_utf8_lossy(&school.payload).contains("case_acknowledged"));
    assert!(school.index < office.index);
    assert!(stack.record.reached().await.expect("read") >= noted);
    // Another school sees a card and no receipt.
    assert_eq!(text(&stack, "ann", &path).await.0, 404);
    let another = keys[0].replace(district, "elsewhere");
    let (_, receipt) = text(&stack, "rosa", &path).await;
    assert!(matches!(verify::read_receipt(&receipt, &[another]), Err(Fault::Key(_))));
}

async fn the_record_is_given_to_auditors_and_holds(location: Location) {
    let stack = Stack::start(location).await;
    let district = DISTRICTS[0];
    for _ in 0..3 {
        stack.api("rosa").files("scheduling").await;
    }
    stack.comes_to_rest().await;
    stack.signs().await;
    let (status, checkpoint) = text(&stack, "rosa", &format!("/ledger/{district}/checkpoint")).await;
    assert_eq!(status, 200);
    let size: u64 = checkpoint.lines().nth(1).expect("a size").parse().expect("a number");
    // Hashes are for anybody, entries for the district's auditor alone.
    let tile = format!("/ledger/{district}/tile/0/000.p/{size}");
    let entries = format!("/ledger/{district}/tile/entries/000.p/{size}");
    assert_eq!(text(&stack, "rosa", &tile).await.0, 200);
    assert_eq!(text(&stack, "rosa", &entries).await.0, 403);
    assert_eq!(
        text(&stack, &format!("{}/ada", DISTRICTS[1]), &entries).await.0,
        404,
        "for auditors of this district"
    );
    let beyond = format!("/ledger/{district}/tile/0/000.p/{}", size + 1);
    assert_eq!(
        text(&stack, "rosa", &beyond).await.0,
        404,
        "nothing is shown that was not signed"
    );
    let bundle = stack
        .api("ada")
        .request(Method::GET, &entries)
        .send()
        .await
        .expect("an answer");
    assert_eq!(bundle.status(), 200);
    let bundle = bundle.bytes().await.expect("entries");

    let folder = tempfile::tempdir().expect("a folder");
    let record = folder.path().join("record");
    stack.exports(district, &record).await;
    // One more has come: that the auditor read them.
    let whole = std::fs::read(record.join(format!("tile/entries/000.p/{}", size + 1))).expect("a bundle");
    assert!(whole.starts_with(&bundle), "what is served is what is exported");
    let against = Against {
        keys: keys(&stack, district).await,
        checkpoints: vec![("kept".to_owned(), checkpoint)],
    };
    let report = verify::verify(&record, &against, |_, _| {}).expect("sound");
    assert_eq!((report.given, report.no_events, report.unknown), (vec![size], 0, 0));
    // Nobody but those who look after the record learns how it stands.
    assert_eq!(stack.api("rosa").get("/api/v1/ledger").await.status, 403);
    let view = stack.api("ada").get("/api/v1/ledger").await;
    assert_eq!(view.body["alarms"], json!([]), "{view:?}");
    assert_eq!(view.body["kept"], json!([]), "{view:?}");
    // That the auditor read entries is an entry, once a day; that somebody keeps a checkpoint is another.
    let events = async |kind: &str| {
        let subject = format!("loop.{district}.record.");
        let mut found = 0;
        for sequence in 1..=stack.log.head().await.expect("a head") {
            let raw = stack.log.at(sequence).await.expect("read").expect("there");
            found +=
                usize::from(raw.subject.starts_with(&subject) && String::from_utf8_lossy(&raw.payload).contains(kind));
        }
        found
    };
    assert_eq!(events("record_read").await, 1);
    stack
        .api("ada")
        .request(Method::GET, &entries)
        .send()
        .await
        .expect("an answer");
    assert_eq!(events("record_read").await, 1, "once a day");
    let keep = "/api/v1/ledger/keep-checkpoint";
    assert_eq!(stack.api("rosa").post(keep, &json!({"size": size})).await.status, 403);
    assert_eq!(
        stack.api("ada").post(keep, &json!({"size": size + 1000})).await.status,
        404,
        "never signed"
    );
    let kept = stack.api("ada").post(keep, &json!({"size": size})).await;
    assert_eq!(kept.status, 200, "{kept:?}");
    let view = stack.api("sam").get_at("/api/v1/ledger", kept.version()).await;
    assert_eq!(view.body["kept"][0]["by"], "ada", "{view:?}");
    assert_eq!(view.body["kept"][0]["size"], size);
    // All of which is in the record, and holds.
    let record = folder.path().join("later");
    stack.exports(district, &record).await;
    verify::verify(&record, &against, |_, _| {}).expect("sound");
}

async fn a_lost_log_is_put_back_as_it_was(location: Location) {
    let stack = Stack::start(location.clone()).await;
    for area in ["scheduling", "seat_time"] {
        stack.api("rosa").files(area).await;
    }
    stack.comes_to_rest().await;
    stack.signs().await;
    loopline_tests::until("the sealing keys are mirrored", async || {
        stack.record.mirrored().await.is_ok_and(|pools| pools > 0)
    })
    .await;
    let head = stack.log.head().await.expect("a head");
    // Another broker, with nothing in it.
    let broker = TestBroker::start().await;
    let client = broker.connect("restorer").await.client();
    let log = Arc::new(JetStreamLog::new(client.clone()));
    let keys = JetStreamKeys::new(client.clone());
    let record = stack.record.over(log.clone());
    assert!(record.compare().await.is_err(), "it has lost everything");
    let restored = record
        .restore(&Putting::new(client), &keys, |_, _| {})
        .await
        .expect("put back");
    assert_eq!((restored.there, restored.put, restored.gaps), (0, head, 0));
    assert!(restored.pools > 0);
    assert!(keys.changed_after(0).await.expect("read").is_some());
    for sequence in 1..=head {
        let (was, is) = (stack.log.at(sequence).await, log.at(sequence).await);
        let (was, is) = (was.expect("read").expect("there"), is.expect("read").expect("there"));
        assert_eq!((was.subject, was.payload), (is.subject, is.payload));
        let sorted = |headers: Option<eventlog::Headers>| {
            let mut headers = headers.expect("headers").to_vec();
            headers.sort();
            headers
        };
        assert_eq!(sorted(was.headers), sorted(is.headers));
    }
    record.compare().await.expect("as it was");
    // Once more: all is there, nothing is put.
    let client = broker.connect("restorer").await.client();
    let again = record
        .restore(&Putting::new(client), &keys, |_, _| {})
        .await
        .expect("compared");
    assert_eq!((again.there, again.put), (head, 0));
}

async fn the_ledger_only_grows(location: Location) {
    let stack = Stack::start(location.clone()).await;
    stack.signs().await;
    let changed = async |change: sqlx::AssertSqlSafe<String>| match &location {
        Location::Folder(folder) => {
            let file = format!("sqlite://{}", folder.join("ledger.sqlite").display());
            let pool = sqlx::SqlitePool::connect(&file).await.expect("a database");
            sqlx::query(change).execute(&pool).await.map(|_| ())
        }
        Location::Url(url) => {
            let pool = sqlx::PgPool::connect(url).await.expect("a database");
            sqlx::query(change).execute(&pool).await.map(|_| ())
        }
    };
    let schema = if matches!(location, Location::Url(_)) {
        "ledger."
    } else {
        ""
    };
    for (table, column) in [("ledger", "id"), ("entry", "idx"), ("node", "idx"), ("signed", "size")] {
        let mut changes = vec![
            format!("DELETE FROM {schema}{table}"),
            format!("UPDATE {schema}{table} SET {column} = {column}"),
        ];
        if matches!(location, Location::Url(_)) {
            changes.push(format!("TRUNCATE {schema}{table}"));
        }
        for change in changes {
            let refused = changed(sqlx::AssertSqlSafe(change.clone())).await;
            let said = refused.expect_err(&change).to_string();
            assert!(said.contains("the ledger only grows"), "{change}: {said}");
        }
    }
}
