//! The broker goes away and comes back: callers hear it in time, and nothing acknowledged is lost.

use std::time::{Duration, Instant};

use loopline_tests::{Stack, location, tension};
use reqwest::Method;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_get_503_within_three_seconds_and_nothing_acknowledged_is_lost() {
    let mut stack = Stack::start(location(false).await.expect("a folder")).await;
    let rosa = stack.api("rosa");
    let file = |key: String| {
        let request = rosa
            .request(Method::POST, "/api/v1/tensions")
            .header("Idempotency-Key", key)
            .json(&tension("seat_time"));
        let rosa = rosa.clone();
        async move { rosa.send(request).await }
    };
    let mut acknowledged = Vec::new();
    for nth in 0..10 {
        acknowledged.push(
            file(format!("before-{nth}")).await.body["id"]
                .as_str()
                .expect("an id")
                .to_owned(),
        );
    }
    stack.broker.kill();
    let mut refused = 0;
    for nth in 0..4 {
        let asked = Instant::now();
        let reply = file(format!("during-{nth}")).await;
        assert!(asked.elapsed() < Duration::from_secs(3), "{:?}", asked.elapsed());
        assert_eq!(reply.status, 503, "{reply:?}");
        assert!(reply.headers.contains_key("retry-after"), "{reply:?}");
        let asked = Instant::now();
        let read = rosa.get("/api/v1/loops").await;
        assert!(
            read.status == 503 && asked.elapsed() < Duration::from_secs(3),
            "{read:?}"
        );
        refused += 1;
    }
    stack.broker.resume().await;
    // The same keys settle what was not known.
    for nth in 0..refused {
        let mut reply = file(format!("during-{nth}")).await;
        let started = Instant::now();
        while reply.status == 503 && started.elapsed() < Duration::from_secs(30) {
            reply = file(format!("during-{nth}")).await;
        }
        assert_eq!(reply.status, 201, "{reply:?}");
        acknowledged.push(reply.body["id"].as_str().expect("an id").to_owned());
    }
    stack.comes_to_rest().await;
    let head = stack.log.head().await.expect("a head");
    for id in &acknowledged {
        loopline_tests::until("it is read again", async || {
            rosa.get_at(&format!("/api/v1/loops/{id}"), head).await.status == 200
        })
        .await;
        assert_eq!(rosa.history(id, head).await, ["tension_filed", "tension_routed"]);
    }
    let all = rosa.get("/api/v1/loops?limit=200").await;
    assert_eq!(all.body["items"].as_array().map(Vec::len), Some(acknowledged.len()));
    stack.stop().await;
}
