//! Nothing of one district is there for another.

use loopline_tests::{Stack, location, tension};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_address_of_one_district_is_empty_to_the_other() {
    let stack = Stack::start(location(false).await.expect("a folder")).await;
    let id = stack.api("rosa").files("seat_time").await;
    stack.comes_to_rest().await;
    let head = stack.log.head().await.expect("a head");
    let actions: Vec<&str> = contracts::Action::ALL
        .iter()
        .map(|action| action.slug())
        .filter(|slug| *slug != "file" && !slug.starts_with("decide"))
        .chain(["decide"])
        .collect();
    let bodies = json!({
        "amend": {"title": "x"}, "join": {}, "leave": {}, "hand-on": {"to": id}, "answer": {"answer": "x"},
        "withdraw": {}, "confirm": {}, "refuse": {"why": "x"}, "appeal": {"why": "x"},
        "follow-up": {"still_works": true}, "route": {"department": "curriculum"},
        "reroute": {"department": "curriculum", "why": "x"}, "collaborate": {"department": "curriculum"},
        "escalate": {"to": "contact", "why": "x"}, "change-due": {"resolve": "2027-01-04", "why": "x"},
        "acknowledge": {"word": "x"}, "assign": {"person": id}, "ask": {"question": "x"},
        "note": {"text": "x", "shared": true}, "put-before-team": {"team": "The council", "question": "x"},
        "propose": {"kind": "support", "summary": "x"}, "decline": {"ground": "non_negotiable", "reason": "x"},
        "withdraw-resolution": {"why": "x"}, "state-answer": {"granted": true},
        "correct-rule": {"rule": {"source": "habit"}, "title": "x", "text": "x"}, "decide": {"decision": "x"},
        "contest": {"text": "x"}, "erase": {"texts": ["all"], "ground": "court_order", "why": "x"}, "hold": {"why": "x"},
        "lift-hold": {}, "disclose": {"form": "public", "to": "x"},
    });
    for person in ["rosa", "marcus", "lena", "carol", "sam", "ada", "eve", "ines"] {
        let stranger = stack.api(&format!("south/{person}"));
        for path in [format!("/api/v1/loops/{id}"), format!("/api/v1/loops/{id}/timeline")] {
            let reply = stranger.get_at(&path, head).await;
            assert_eq!(
                (reply.status, reply.problem()),
                (404, "not-found"),
                "{person} {path}: {reply:?}"
            );
        }
        for action in &actions {
            let reply = stranger.tries(&id, action, bodies[action].clone()).await;
            assert_eq!(
                (reply.status, reply.problem()),
                (404, "not-found"),
                "{person} {action}: {reply:?}"
            );
            assert!(!reply.body.to_string().contains("curriculum"), "{reply:?}");
        }
        for query in ["", "?joinable=true", "?q=hours", "?sort=due"] {
            let page = stranger.get_at(&format!("/api/v1/loops{query}"), head).await;
            assert_eq!(
                page.body["items"].as_array().map(Vec::len),
                Some(0),
                "{person} {query}: {page:?}"
            );
        }
    }
    // A school of the other district cannot be filed for, nor can its department be named.
    let mut foreign = tension("seat_time");
    foreign["school"] = json!(contracts::SchoolId::derived(&["south", "alder"]));
    assert_eq!(stack.api("carol").post("/api/v1/tensions", &foreign).await.status, 403);
    let department = contracts::DepartmentId::derived(&["south", "technology"]);
    let reply = stack
        .api("carol")
        .tries(&id, "reroute", json!({"department": department, "why": "x"}))
        .await;
    assert_eq!((reply.status, reply.problem()), (422, "invalid"));
    stack.stop().await;
}
