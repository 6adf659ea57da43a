//! Loops, lists and figures as they were known at an earlier time: what was answered then is answered now.

use loopline_tests::{Stack, on_both_databases, tension};
use serde_json::{Value, json};
use sql::Location;

on_both_databases!(the_past_is_answered_as_it_was);

/// What those who look after the district are told, without what says when it was asked.
async fn answers(stack: &Stack, id: &str, suffix: &str, at_least: u64) -> Vec<Value> {
    let carol = stack.api("carol");
    let mut answers = Vec::new();
    for path in [
        "/api/v1/loops".to_owned(),
        "/api/v1/loops?open=true&sort=due".to_owned(),
        format!("/api/v1/loops/{id}"),
        format!("/api/v1/loops/{id}/timeline"),
        "/api/v1/metrics/summary".to_owned(),
        "/api/v1/metrics/stages".to_owned(),
        "/api/v1/metrics/trend".to_owned(),
    ] {
        let joined = if path.contains('?') { "&" } else { "?" };
        let path = if suffix.is_empty() {
            path
        } else {
            format!("{path}{joined}{suffix}")
        };
        let reply = carol.get_at(&path, at_least).await;
        assert_eq!(reply.status, 200, "{path}: {reply:?}");
        let mut body = reply.body;
        let fields = body.as_object_mut().expect("an object");
        let known = fields.remove("known_at");
        assert!(
            suffix.is_empty() || path.contains("metrics") || known.is_some(),
            "{path} says so"
        );
        // What can be done is of now, and so is the moment a figure is read.
        for field in ["actions", "as_of"] {
            fields.remove(field);
        }
        answers.push(body);
    }
    answers
}

async fn the_past_is_answered_as_it_was(location: Location) {
    let stack = Stack::start(location).await;
    let (rosa, marcus) = (stack.api("rosa"), stack.api("marcus"));
    let mut named = tension("seat_time");
    named["title"] = json!("Quillfeather waits");
    let filed = rosa.post("/api/v1/tensions", &named).await;
    let id = filed.body["id"].as_str().expect("an id").to_owned();
    stack.comes_to_rest().await;
    marcus.does(&id, "acknowledge", json!({"word": "We have it."})).await;
    rosa.files("scheduling").await;
    stack.comes_to_rest().await;
    let then = stack.log.head().await.expect("a head");
    let known = answers(&stack, &id, "", then).await;
    let by_sequence = answers(&stack, &id, &format!("as_of={then}"), then).await;
    assert_eq!(known, by_sequence, "now is the latest past");

    // Days later much else is known, and the past is what it was.
    stack.days_pass(3).await;
    marcus
        .does(&id, "propose", json!({"kind": "support", "summary": "A coach comes."}))
        .await;
    rosa.does(&id, "confirm", json!({"revision": 1})).await;
    rosa.files("grading").await;
    stack.comes_to_rest().await;
    let now = stack.log.head().await.expect("a head");
    assert_ne!(known, answers(&stack, &id, "", now).await);
    assert_eq!(known, answers(&stack, &id, &format!("as_of={then}"), now).await);
    // By the end of that Monday nothing else had happened; only what lasts had lasted until then.
    let monday = answers(&stack, &id, "as_of=2026-11-02", now).await;
    assert_eq!(known[..5], monday[..5]);
    let longest = |stages: &Value| stages["items"].as_array().expect("stages")[1]["median_tenths"].clone();
    assert_eq!((longest(&known[5]), longest(&monday[5])), (json!(0), json!(6)));

    // More of them than stay at hand: each is still what it was.
    for sequence in [then + 1, then + 2, then + 3, then] {
        let page = stack
            .api("sam")
            .get_at(&format!("/api/v1/loops?as_of={sequence}"), now)
            .await;
        assert_eq!(page.status, 200, "{page:?}");
    }
    assert_eq!(known, answers(&stack, &id, &format!("as_of={then}"), now).await);
    let read = stack
        .api("ada")
        .get_at(&format!("/api/v1/loops/{id}?as_of={then}"), now)
        .await;
    assert_eq!(read.body["known_at"]["sequence"].as_u64(), Some(then), "{read:?}");
    assert_eq!(read.body["actions"], json!([]), "nothing can be done in the past");

    // Schools and departments see what is; and what cannot be read is said.
    let refused = rosa.get(&format!("/api/v1/loops?as_of={then}")).await;
    assert_eq!(refused.status, 403, "{refused:?}");
    let refused = stack.api("carol").get("/api/v1/loops?as_of=yesterday").await;
    assert_eq!((refused.status, refused.field()), (422, "as_of"), "{refused:?}");
    let refused = stack.api("carol").get_at("/api/v1/loops?as_of=2020-01-01", now).await;
    assert_eq!((refused.status, refused.field()), (422, "as_of"), "{refused:?}");

    // What became confidential since, and what was erased since, is not shown as it was.
    stack
        .api("rosa")
        .does(&id, "contest", json!({"text": "It was otherwise."}))
        .await;
    let erase = json!({"texts": ["all"], "ground": "names_student", "why": "a parent asked"});
    let erased = stack.api("carol").does(&id, "erase", erase).await;
    let read = stack
        .api("carol")
        .get_at(&format!("/api/v1/loops/{id}?as_of={then}"), erased)
        .await;
    assert!(!read.body.to_string().contains("Quillfeather"), "{read:?}");
    for path in [
        "/api/v1/loops?as_of=",
        "/api/v1/loops?q=quillfeather&as_of=",
        "/api/v1/loops?sort=due&as_of=",
    ] {
        let listed = stack.api("carol").get_at(&format!("{path}{then}"), erased).await;
        assert_eq!(listed.status, 200, "{listed:?}");
        assert!(!listed.body.to_string().contains("Quillfeather"), "{path}: {listed:?}");
    }
    let other = rosa.files("scheduling").await;
    stack.comes_to_rest().await;
    let open = stack.log.head().await.expect("a head");
    let closed = rosa.does(&other, "amend", json!({"visibility": "confidential"})).await;
    let path = format!("/api/v1/loops/{other}?as_of={open}");
    assert_eq!(stack.api("carol").get_at(&path, closed).await.status, 200);
    assert_eq!(stack.api("sam").get_at(&path, closed).await.status, 404);
    let listed = stack
        .api("sam")
        .get_at(&format!("/api/v1/loops?as_of={open}"), closed)
        .await;
    assert!(!listed.body.to_string().contains(&other), "{listed:?}");
}
