//! What does not fit is refused with what to do about it; nothing is lost, nothing leaks, nothing breaks.

use loopline_tests::{People, Stack, location, tension};
use reqwest::Method;
use serde_json::{Value, json};

fn with(field: &str, value: Value) -> Value {
    let mut body = tension("seat_time");
    body[field] = value;
    body
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_is_a_clear_problem() {
    let stack = Stack::start(location(false).await.expect("a folder")).await;
    let rosa = stack.api("rosa");
    let file = "/api/v1/tensions";
    let mut without = tension("seat_time");
    without.as_object_mut().expect("an object").remove("barrier");
    let wrong: Vec<(Value, u16, &str, &str)> = vec![
        (with("area", json!("no_such_area")), 422, "invalid", "area"),
        (with("kind", json!(7)), 422, "invalid", "kind"),
        (with("title", json!("   ")), 422, "invalid", "title"),
        (with("title", json!("x".repeat(201))), 422, "invalid", "title"),
        (with("reach", json!({"students": -1})), 422, "invalid", "reach.students"),
        (
            with("reach", json!({"students": "many"})),
            422,
            "invalid",
            "reach.students",
        ),
        (with("needed_by", json!("soon")), 422, "invalid", "needed_by"),
        (with("grades", json!(vec!["6"; 50])), 422, "invalid", "grades"),
        (with("colour", json!("red")), 422, "invalid", "colour"),
        (with("school", json!("not-an-id")), 422, "invalid", "school"),
        (
            with("school", json!(People::school("birch"))),
            403,
            "not-permitted",
            "school",
        ),
        (without, 422, "invalid", "barrier"),
        (json!([1, 2]), 422, "invalid", "."),
    ];
    for (body, status, kind, field) in wrong {
        let reply = rosa.post(file, &body).await;
        assert_eq!((reply.status, reply.problem()), (status, kind), "{reply:?}");
        assert_eq!(reply.body["fields"][0]["field"].as_str(), Some(field), "{reply:?}");
        assert_eq!(
            reply.headers.get("content-type").map(String::as_str),
            Some("application/problem+json")
        );
        assert!(
            reply.body["detail"].as_str().is_some_and(|detail| detail.len() > 10),
            "{reply:?}"
        );
    }
    let raw = |body: Vec<u8>| rosa.request(Method::POST, file).body(body);
    let large = rosa.send(raw(vec![b' '; 1_000_000])).await;
    assert_eq!((large.status, large.problem()), (413, "too-large"));
    let not_text = rosa.send(raw(b"{\"title\": \"\xff\xfe\"}".to_vec())).await;
    assert_eq!((not_text.status, not_text.problem()), (400, "not-utf-8"));
    let not_json = rosa.send(raw(b"title=x".to_vec())).await;
    assert_eq!((not_json.status, not_json.problem()), (400, "not-json"));
    let deep = rosa.send(raw([vec![b'['; 60_000]].concat())).await;
    assert_eq!(deep.status, 400, "{deep:?}");
    let nobody = stack.api_with("no-such-token").get("/api/v1/loops").await;
    assert_eq!((nobody.status, nobody.problem()), (401, "not-signed-in"));
    for (path, status) in [
        ("/api/v1/loops/not-an-id", 404),
        ("/api/v1/loops/00000000-0000-0000-0000-000000000000", 404),
        ("/api/v1/loops?state=nonsense", 422),
        ("/api/v1/loops?limit=many", 422),
        ("/api/v1/loops?limit=0", 200),
        ("/api/v1/loops?limit=9999", 200),
        ("/api/v1/loops?cursor=%27--", 422),
        ("/api/v1/loops?q=%22%27%29%20OR%201%3D1%20--%20%2A", 200),
        ("/api/v1/nothing", 404),
    ] {
        let reply = rosa.get(path).await;
        assert_eq!(reply.status, status, "{path}: {reply:?}");
    }
    assert_eq!(
        rosa.send(rosa.request(Method::DELETE, "/api/v1/loops")).await.status,
        405
    );
    let none = rosa.get("/api/v1/loops").await;
    assert_eq!(
        none.body["items"].as_array().map(Vec::len),
        Some(0),
        "nothing of it was filed"
    );
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_and_versions() {
    let stack = Stack::start(location(false).await.expect("a folder")).await;
    let rosa = stack.api("rosa");
    let file = |key: &str, body: &Value| {
        let request = rosa
            .request(Method::POST, "/api/v1/tensions")
            .header("Idempotency-Key", key)
            .json(body);
        let rosa = rosa.clone();
        async move { rosa.send(request).await }
    };
    let first = file("\"a-key\"", &tension("seat_time")).await;
    let again = file("a-key", &tension("seat_time")).await;
    assert_eq!(
        (first.status, first.body.clone()),
        (201, again.body.clone()),
        "a retry answers the same"
    );
    let other = file("a-key", &tension("grading")).await;
    assert_eq!((other.status, other.problem()), (422, "key-reused"));
    // Twenty at once with one key: one tension.
    let mut answers = Vec::new();
    for reply in futures::future::join_all((0..20).map(|_| file("at-once", &tension("seat_time")))).await {
        assert_eq!(reply.status, 201, "{reply:?}");
        answers.push(reply.body["id"].to_string());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1);
    // Somebody else's key of the same name is another's.
    let ann = stack.api("ann");
    let hers = ann
        .send(
            ann.request(Method::POST, "/api/v1/tensions")
                .header("Idempotency-Key", "a-key")
                .json(&tension("grading")),
        )
        .await;
    assert_eq!(hers.status, 201);
    assert_ne!(hers.body["id"], first.body["id"]);

    stack.comes_to_rest().await;
    let id = first.body["id"].as_str().expect("an id");
    let marcus = stack.api("marcus");
    let acknowledge = |version: &str, key: &str| {
        let request = marcus
            .request(Method::POST, &format!("/api/v1/loops/{id}/acknowledge"))
            .header("If-Match", version)
            .header("Idempotency-Key", key)
            .json(&json!({"word": "Seen."}));
        let marcus = marcus.clone();
        async move { marcus.send(request).await }
    };
    let stale = acknowledge("\"1\"", "k1").await;
    assert_eq!((stale.status, stale.problem()), (412, "stale-version"));
    let since = stale.body["since"].as_array().expect("what happened since");
    assert!(since.iter().any(|event| {
        event["event"]
            .as_str()
            .is_some_and(|event| event.contains("tension_routed"))
    }));
    assert_eq!(acknowledge("many", "k2").await.status, 400);
    let ahead = acknowledge("\"999999999\"", "k2").await;
    assert_eq!(
        (ahead.status, ahead.problem()),
        (412, "stale-version"),
        "a version that is not there yet"
    );
    let current = rosa.sees(id, 0).await["version"].to_string();
    let done = acknowledge(&format!("\"{current}\""), "k3").await;
    assert_eq!(done.status, 200, "{done:?}");
    let repeated = acknowledge(&format!("\"{current}\""), "k3").await;
    assert_eq!(
        (repeated.status, repeated.version()),
        (200, done.version()),
        "the same key settles it"
    );
    let gone = acknowledge("*", "k4").await;
    assert_eq!((gone.status, gone.problem()), (409, "already-acknowledged"));
    stack.stop().await;
}
