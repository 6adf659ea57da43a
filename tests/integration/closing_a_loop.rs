//! A loop closes, end to end, over both databases: with its side roads.

use loopline_tests::{People, Stack, on_both_databases};
use serde_json::json;
use sql::Location;

on_both_databases!(a_loop_closes, side_roads, what_one_reads_reflects_what_one_did);

async fn a_loop_closes(location: Location) {
    let stack = Stack::start(location).await;
    let (rosa, marcus) = (stack.api("rosa"), stack.api("marcus"));
    let id = rosa.files("seat_time").await;
    stack.comes_to_rest().await;
    let version = marcus.does(&id, "acknowledge", json!({"word": "We have this."})).await;
    let seen = rosa.sees(&id, version).await;
    assert_eq!(
        (seen["state"].as_str(), seen["holder_words"].as_str()),
        (Some("acknowledged"), Some("curriculum"))
    );
    let version = marcus.does(&id, "ask", json!({"question": "Which grades?"})).await;
    let seen = rosa.sees(&id, version).await;
    assert_eq!(
        (seen["state"].as_str(), seen["paused"].as_bool()),
        (Some("waiting_for_school"), Some(true))
    );
    assert_eq!(seen["due"]["resolve"], json!(null), "a paused clock has no date");
    rosa.does(&id, "answer", json!({"answer": "Six and seven."})).await;
    let proposal = json!({"kind": "already_allowed", "summary": "You may.", "rationale": "No rule forbids it."});
    let version = marcus.does(&id, "propose", proposal).await;
    let seen = rosa.sees(&id, version).await;
    assert_eq!(
        (seen["state"].as_str(), seen["resolution"]["revision"].as_u64()),
        (Some("proposed"), Some(1))
    );
    assert!(seen["actions"].as_array().expect("actions").contains(&json!("confirm")));
    let version = rosa
        .does(&id, "confirm", json!({"revision": 1, "words": "It works."}))
        .await;
    let seen = rosa.sees(&id, version).await;
    assert_eq!(
        (seen["state"].as_str(), seen["unconfirmed"].as_bool()),
        (Some("closed"), Some(false))
    );
    assert_eq!(
        rosa.history(&id, version).await,
        [
            "tension_filed",
            "tension_routed",
            "case_acknowledged",
            "question_asked",
            "question_answered",
            "resolution_proposed",
            "outcome_confirmed",
            "grant_completed"
        ]
    );
    // Everything a person wrote is sealed in the log.
    let subject = contracts::subjects::Subject::of_loop(&"north".parse().expect("a slug"), id.parse().expect("an id"));
    let raws = stack.log.load(&subject, 0, version).await.expect("a read");
    let text: String = raws
        .iter()
        .map(|raw| String::from_utf8_lossy(&raw.payload).into_owned())
        .collect();
    for words in [
        "hours in the room",
        "We have this",
        "Which grades",
        "Six and seven",
        "You may",
        "It works",
    ] {
        assert!(!text.contains(words), "{words:?} stands in the clear");
    }
    // Each event names the one before it.
    let mut previous = 0;
    for raw in &raws {
        let recorded = raw.parse().expect("an event");
        assert_eq!(recorded.envelope.previous, previous);
        previous = recorded.sequence;
    }
    stack.stop().await;
}

async fn side_roads(location: Location) {
    let stack = Stack::start(location).await;
    let (rosa, ann, ben) = (stack.api("rosa"), stack.api("ann"), stack.api("ben"));
    let (marcus, lena, tom) = (stack.api("marcus"), stack.api("lena"), stack.api("tom"));
    let (carol, sam, ines) = (stack.api("carol"), stack.api("sam"), stack.api("ines"));

    // No rule matches: the contact routes it, another department gets it, and everybody sees why.
    let id = rosa.files("other").await;
    stack.comes_to_rest().await;
    let head = stack.log.head().await.expect("a head");
    assert_eq!(carol.sees(&id, head).await["state"], "triage");
    carol
        .does(
            &id,
            "route",
            json!({"department": "technology", "why": "It is about devices."}),
        )
        .await;
    tom.does(&id, "acknowledge", json!({"word": "Seen."})).await;
    let version = tom
        .does(
            &id,
            "reroute",
            json!({"department": People::department("curriculum"), "why": "It is about hours."}),
        )
        .await;
    let refused = tom
        .tries(&id, "propose", json!({"kind": "support", "summary": "x"}))
        .await;
    assert_eq!(
        (refused.status, refused.problem()),
        (409, "with-another-department"),
        "{refused:?}"
    );
    assert!(
        refused.body["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains("curriculum")),
        "{refused:?}"
    );
    assert_eq!(
        rosa.sees(&id, version).await["department"],
        json!(People::department("curriculum"))
    );

    // Another school joins; a team is asked; each school confirms for itself.
    ann.does(&id, "join", json!({"how_it_meets_us": "Here too."})).await;
    lena.does(&id, "assign", json!({"person": People::person("marcus")}))
        .await;
    let wrong = lena
        .tries(&id, "assign", json!({"person": People::person("tom")}))
        .await;
    assert_eq!((wrong.status, wrong.problem()), (422, "invalid"));
    marcus
        .does(&id, "collaborate", json!({"department": "technology"}))
        .await;
    marcus
        .does(
            &id,
            "put-before-team",
            json!({"team": "The council", "question": "May every school?"}),
        )
        .await;
    let version = ines
        .does(&id, "decide", json!({"decision": "Yes.", "why": "It serves students."}))
        .await;
    let over = ines.tries(&id, "decide", json!({"decision": "No."})).await;
    assert_eq!((over.status, over.problem()), (409, "not-before-team"), "{over:?}");
    assert_eq!(marcus.sees(&id, version).await["matter"], json!(null));
    marcus
        .does(
            &id,
            "propose",
            json!({"kind": "district_change", "summary": "Changed for all."}),
        )
        .await;
    rosa.does(&id, "confirm", json!({"revision": 1})).await;
    let version = ann
        .does(&id, "refuse", json!({"revision": 1, "why": "Our hours differ."}))
        .await;
    let seen = marcus.sees(&id, version).await;
    let mut states: Vec<&str> = seen["schools"]
        .as_array()
        .expect("schools")
        .iter()
        .filter_map(|school| school["state"].as_str())
        .collect();
    states.sort_unstable();
    assert_eq!(states, ["closed", "reopened"]);
    marcus
        .does(
            &id,
            "propose",
            json!({"kind": "district_change", "summary": "And for evenings."}),
        )
        .await;
    let stale = rosa.tries(&id, "confirm", json!({"revision": 1})).await;
    assert_eq!((stale.status, stale.problem()), (409, "another-revision"));
    ann.does(&id, "confirm", json!({})).await;
    let version = rosa.does(&id, "confirm", json!({"revision": 2})).await;
    assert_eq!(rosa.sees(&id, version).await["state"], "closed");
    let late = ben.tries(&id, "join", json!({})).await;
    assert_eq!((late.status, late.problem()), (409, "closed-before-joining"));
    assert_eq!(
        rosa.does(&id, "follow-up", json!({"still_works": true})).await,
        stack.log.head().await.expect("a head")
    );

    // A decline is appealed; the contact passes it up; a leader overturns it.
    let id = rosa.files("seat_time").await;
    stack.comes_to_rest().await;
    let no_date = marcus
        .tries(&id, "decline", json!({"ground": "not_now", "reason": "Not this year."}))
        .await;
    assert_eq!((no_date.status, no_date.problem()), (422, "review-date-needed"));
    marcus
        .does(
            &id,
            "decline",
            json!({"ground": "non_negotiable", "reason": "It must stay."}),
        )
        .await;
    rosa.does(&id, "appeal", json!({"why": "It need not."})).await;
    stack.comes_to_rest().await;
    let early = carol.tries(&id, "decide", json!({"decision": "Hm."})).await;
    assert_eq!((early.status, early.problem()), (422, "outcome-needed"), "{early:?}");
    carol
        .does(&id, "escalate", json!({"to": "leader", "why": "Not mine alone."}))
        .await;
    let version = sam
        .does(&id, "decide", json!({"decision": "overturn", "why": "Look again."}))
        .await;
    let seen = rosa.sees(&id, version).await;
    assert_eq!(
        (seen["state"].as_str(), seen["episode"].as_u64()),
        (Some("reopened"), Some(2))
    );
    let over = marcus
        .tries(&id, "propose", json!({"kind": "support", "summary": "x", "episode": 1}))
        .await;
    assert_eq!((over.status, over.problem()), (409, "episode-over"));
    let again = rosa.tries(&id, "appeal", json!({"why": "Once more."})).await;
    assert_eq!((again.status, again.problem()), (409, "already-appealed"));

    // What is decided is over, also for those who could have decided it; a retry with the same key is not refused.
    let over = sam.tries(&id, "decide", json!({"decision": "Again."})).await;
    assert_eq!((over.status, over.problem()), (409, "not-escalated"), "{over:?}");

    // A request to the state waits with its clocks paused until the answer is recorded.
    marcus
        .does(
            &id,
            "propose",
            json!({"kind": "state_waiver", "summary": "We ask the state."}),
        )
        .await;
    let waits = rosa.tries(&id, "confirm", json!({"revision": 1})).await;
    assert_eq!(
        (waits.status, waits.problem()),
        (409, "state-has-not-answered"),
        "{waits:?}"
    );
    let version = marcus
        .does(&id, "state-answer", json!({"granted": true, "text": "Granted."}))
        .await;
    assert_eq!(rosa.sees(&id, version).await["state"], "proposed");
    rosa.does(&id, "hand-on", json!({"to": People::person("ruth")})).await;
    let version = rosa.does(&id, "withdraw", json!({"why": "We left it."})).await;
    assert_eq!(rosa.sees(&id, version).await["state"], "withdrawn");
    stack.stop().await;
}

async fn what_one_reads_reflects_what_one_did(location: Location) {
    let stack = Stack::start(location).await;
    let rosa = stack.api("rosa");
    for nth in 0..25 {
        let id = rosa.files("grading").await;
        let view = rosa.get(&format!("/api/v1/loops/{id}")).await;
        assert_eq!(view.status, 200, "{nth}: {view:?}");
        let version = rosa.does(&id, "amend", json!({"title": format!("Title {nth}")})).await;
        let view = rosa.get(&format!("/api/v1/loops/{id}")).await;
        assert_eq!(view.body["title"], json!(format!("Title {nth}")));
        assert!(view.version() >= version);
        let etag = view.headers.get("etag").map(String::as_str);
        assert_eq!(etag, Some(format!("\"{}\"", view.version()).as_str()));
    }
    // Pages of a list hold each loop once.
    let mut seen = std::collections::BTreeSet::new();
    let mut cursor: Option<String> = None;
    loop {
        let more = cursor
            .as_deref()
            .map(|cursor| format!("&cursor={cursor}"))
            .unwrap_or_default();
        let page = rosa.get(&format!("/api/v1/loops?limit=4&sort=due{more}")).await;
        for item in page.body["items"].as_array().expect("items") {
            assert!(seen.insert(item["id"].to_string()), "{item} came twice");
        }
        match page.body["next"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => break,
        }
    }
    assert_eq!(seen.len(), 25);
    let found = rosa.get("/api/v1/loops?q=Title").await;
    assert_eq!(found.body["items"].as_array().map(Vec::len), Some(25));
    stack.stop().await;
}
