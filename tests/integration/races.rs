//! Many at once on one loop: one wins, the others are told what happened.

use loopline_tests::{Stack, location};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_clients_on_one_loop() {
    let stack = Stack::start(location(false).await.expect("a folder")).await;
    let id = stack.api("rosa").files("seat_time").await;
    stack.comes_to_rest().await;
    let acknowledge = |nth: usize| {
        let api = stack.api(if nth.is_multiple_of(2) { "marcus" } else { "lena" });
        let id = id.clone();
        async move {
            api.tries(&id, "acknowledge", json!({"word": format!("word {nth}")}))
                .await
        }
    };
    let replies = futures::future::join_all((0..50).map(acknowledge)).await;
    let won = replies.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(won, 1);
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        assert_eq!(
            (reply.status, reply.problem()),
            (409, "already-acknowledged"),
            "{reply:?}"
        );
    }
    let head = stack.log.head().await.expect("a head");
    let history = stack.api("rosa").history(&id, head).await;
    assert_eq!(history, ["tension_filed", "tension_routed", "case_acknowledged"]);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_notes_at_once_all_stand_once() {
    let stack = Stack::start(location(false).await.expect("a folder")).await;
    let id = stack.api("rosa").files("seat_time").await;
    stack.comes_to_rest().await;
    let marcus = stack.api("marcus");
    let note = |nth: usize| {
        let request = marcus
            .request(reqwest::Method::POST, &format!("/api/v1/loops/{id}/note"))
            .header("Idempotency-Key", format!("note-{nth}"))
            .json(&json!({"text": format!("note {nth}"), "shared": true}));
        let marcus = marcus.clone();
        async move {
            // Where too many are faster, it is asked to try again, and the key makes that safe.
            loop {
                let reply = marcus.send(request.try_clone().expect("a request")).await;
                if reply.status != 503 {
                    return reply;
                }
            }
        }
    };
    for reply in futures::future::join_all((0..50).map(note)).await {
        assert_eq!(reply.status, 200, "{reply:?}");
    }
    let head = stack.log.head().await.expect("a head");
    let history = stack.api("rosa").history(&id, head).await;
    assert_eq!(history.iter().filter(|kind| *kind == "note_added").count(), 50);
    stack.stop().await;
}
