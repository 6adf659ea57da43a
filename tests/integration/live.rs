//! Changes as they happen, to those who may see them.

use std::time::Duration;

use futures::StreamExt;
use loopline_tests::{Api, Stack, location};
use serde_json::{Value, json};

/// Reads changes until one satisfies a condition; all that came.
async fn listen(api: &Api, after: Option<u64>, until: impl Fn(&Value) -> bool) -> Vec<Value> {
    let mut request = api.request(reqwest::Method::GET, "/api/v1/events");
    if let Some(after) = after {
        request = request.header("Last-Event-ID", after);
    }
    let response = request.send().await.expect("the gateway answers");
    assert_eq!(response.status(), 200);
    let mut stream = response.bytes_stream();
    let mut text = String::new();
    let mut changes = Vec::new();
    loop {
        let bytes = tokio::time::timeout(Duration::from_secs(20), stream.next())
            .await
            .expect("something comes")
            .expect("the stream goes on")
            .expect("bytes");
        text.push_str(&String::from_utf8_lossy(&bytes));
        while let Some(end) = text.find("\n\n") {
            let event: String = text.drain(..end + 2).collect();
            let Some(data) = event.lines().find_map(|line| line.strip_prefix("data: ")) else {
                continue;
            };
            let change: Value = serde_json::from_str(data).expect("json");
            let id = event.lines().find_map(|line| line.strip_prefix("id: ")).expect("an id");
            assert_eq!(id, change["sequence"].to_string());
            let done = until(&change);
            changes.push(change);
            if done {
                return changes;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_come_in_order_to_those_who_may_see_them_and_resume_without_a_gap() {
    let stack = Stack::start(location(false).await.expect("a folder")).await;
    let (rosa, marcus) = (stack.api("rosa"), stack.api("marcus"));
    let id = rosa.files("seat_time").await;
    stack.comes_to_rest().await;
    let before = stack.log.head().await.expect("a head");
    rosa.sees(&id, before).await;
    let listener = rosa.clone();
    let heard = tokio::spawn(async move {
        listen(&listener, Some(before), |change| {
            change["type"] == json!("resolution_proposed")
        })
        .await
    });
    marcus.does(&id, "acknowledge", json!({"word": "Seen."})).await;
    marcus
        .does(&id, "note", json!({"text": "for us", "shared": false}))
        .await;
    let foreign = stack.api("south/rosa").files("seat_time").await;
    let other = stack.api("ann").files("seat_time").await;
    marcus
        .does(&id, "propose", json!({"kind": "support", "summary": "Help."}))
        .await;
    let heard = heard.await.expect("it was heard");
    let kinds: Vec<&str> = heard.iter().filter_map(|change| change["type"].as_str()).collect();
    assert_eq!(kinds, ["case_acknowledged", "resolution_proposed"], "{heard:?}");
    assert!(
        heard
            .iter()
            .all(|change| change["id"] != json!(foreign) && change["id"] != json!(other))
    );
    // Whoever comes back with the last id hears what came after it, and the office hears its notes.
    let first = heard[0]["sequence"].as_u64().expect("a sequence");
    let resumed = listen(&rosa, Some(first), |change| {
        change["type"] == json!("resolution_proposed")
    })
    .await;
    assert_eq!(resumed.len(), 1, "{resumed:?}");
    let office = listen(&stack.api("lena"), Some(before), |change| {
        change["type"] == json!("resolution_proposed")
    })
    .await;
    assert!(office.iter().any(|change| change["type"] == json!("note_added")));
    stack.stop().await;
}
