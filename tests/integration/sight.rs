//! Who sees what: cards, one's own, the office's notes, and confidential loops.

use loopline_tests::{Stack, location, tension};
use serde_json::{Value, json};

async fn file(stack: &Stack, visibility: &str) -> String {
    let mut body = tension("seat_time");
    body["visibility"] = json!(visibility);
    let reply = stack.api("rosa").post("/api/v1/tensions", &body).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    reply.body["id"].as_str().expect("an id").to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_sees_what_is_theirs() {
    let stack = Stack::start(location(false).await.expect("a folder")).await;
    let open = file(&stack, "joinable").await;
    let own = file(&stack, "school_only").await;
    let secret = file(&stack, "confidential").await;
    stack.comes_to_rest().await;
    let head = stack
        .api("marcus")
        .does(&open, "note", json!({"text": "for us only", "shared": false}))
        .await;
    // Who, and the statuses of the three loops.
    let expected: [(&str, [u16; 3]); 10] = [
        ("rosa", [200, 200, 200]),
        ("ruth", [200, 200, 404]),
        ("ann", [200, 404, 404]),
        ("marcus", [200, 200, 404]),
        ("lena", [200, 200, 200]),
        ("tom", [200, 404, 404]),
        ("carol", [200, 200, 200]),
        ("sam", [200, 200, 404]),
        ("ada", [200, 200, 200]),
        ("eve", [404, 404, 404]),
    ];
    for (person, statuses) in expected {
        let api = stack.api(person);
        for (id, status) in [&open, &own, &secret].into_iter().zip(statuses) {
            let reply = api.get_at(&format!("/api/v1/loops/{id}"), head).await;
            assert_eq!(reply.status, status, "{person} {id}: {reply:?}");
            // A list never shows what a page does not.
            let card = reply.body["card"] == json!(true);
            let listed = api.get("/api/v1/loops?limit=200").await;
            let listed = listed.body["items"]
                .as_array()
                .expect("items")
                .iter()
                .any(|row| row["id"] == json!(id));
            assert_eq!(listed, status == 200 && !card, "{person} {id}");
        }
    }
    // A card: title, area, kind, state and how many schools; no names, no text, no history.
    let card = stack.api("ann").sees(&open, head).await;
    assert_eq!(
        (card["card"].as_bool(), card["schools_count"].as_u64()),
        (Some(true), Some(1))
    );
    for hidden in [
        "trying",
        "barrier",
        "filed_by",
        "department",
        "department_name",
        "assignee",
    ] {
        assert_eq!(card[hidden], Value::Null, "{hidden}");
    }
    assert_eq!(card["schools"], json!([]));
    assert_eq!(card["actions"], json!(["join"]));
    assert_eq!(stack.api("ann").history(&open, head).await, Vec::<String>::new());
    // Nothing that a card does not show can be asked of it.
    let ann = stack.api("ann");
    let cards = async |query: &str| ann.get_at(&format!("/api/v1/loops?joinable=true{query}"), head).await;
    assert_eq!(cards("").await.body["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        cards("&q=counts").await.body["items"].as_array().map(Vec::len),
        Some(1),
        "a word of the title"
    );
    assert_eq!(
        cards("&q=mastered").await.body["items"].as_array().map(Vec::len),
        Some(0),
        "a word of the text"
    );
    for hidden in [
        "&sort=due",
        "&late=true",
        "&holder=department",
        &format!("&school={}", loopline_tests::People::school("alder")),
    ] {
        assert_eq!(cards(hidden).await.status, 422, "{hidden}");
    }
    // Whoever may not act hears nothing of what happened, whatever version they name; nor do schools of notes.
    let stale = |person: &str, action: &str, body: Value| {
        let api = stack.api(person);
        let request = api
            .request(reqwest::Method::POST, &format!("/api/v1/loops/{open}/{action}"))
            .header("If-Match", "\"1\"")
            .json(&body);
        async move { api.send(request).await }
    };
    let refused = stale("ann", "acknowledge", json!({"word": "x"})).await;
    assert_eq!(
        (refused.status, refused.body["since"].clone()),
        (403, Value::Null),
        "{refused:?}"
    );
    let told = stale("rosa", "amend", json!({"title": "x"})).await;
    assert_eq!(told.status, 412);
    assert!(!told.body.to_string().contains("note_added"), "{told:?}");
    assert!(
        stale("lena", "note", json!({"text": "x"}))
            .await
            .body
            .to_string()
            .contains("note_added")
    );
    // The office's notes stay in the office.
    assert!(
        stack
            .api("carol")
            .history(&open, head)
            .await
            .contains(&"note_added".to_owned())
    );
    assert!(
        !stack
            .api("rosa")
            .history(&open, head)
            .await
            .contains(&"note_added".to_owned())
    );
    // What another school's reporter may not do is refused, and what is not theirs to know is not there.
    let refused = stack.api("ann").tries(&open, "withdraw", json!({})).await;
    assert_eq!(
        (refused.status, refused.problem()),
        (403, "not-permitted"),
        "{refused:?}"
    );
    let unknown = stack.api("ann").tries(&own, "join", json!({})).await;
    assert_eq!((unknown.status, unknown.problem()), (404, "not-found"));
    // Once it is escalated to a leader, the leader sees it.
    let version = stack
        .api("lena")
        .does(&secret, "escalate", json!({"to": "leader", "why": "w"}))
        .await;
    assert_eq!(stack.api("sam").sees(&secret, version).await["state"], "routed");
    // Only keepers set the district's rules.
    let days = json!({"closed": []});
    for (person, status) in [("rosa", 403), ("marcus", 403), ("sam", 403), ("eve", 200)] {
        let reply = stack.api(person).post("/api/v1/directory/calendar", &days).await;
        assert_eq!(reply.status, status, "{person}: {reply:?}");
    }
    stack.stop().await;
}
