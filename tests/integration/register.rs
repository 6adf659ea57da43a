//! The register, over both databases: an answer becomes something others find, and what becomes of it later is told to
//! every loop that rests on it.

use loopline_tests::{Api, People, Stack, on_both_databases, tension};
use serde_json::{Value, json};
use sql::Location;

on_both_databases!(
    an_answer_becomes_a_flexibility,
    what_is_taken_back_is_said_to_loops,
    written_down_claimed_and_as_it_was,
    similar_says_what_one_may_see,
    what_ends_soon_is_listed_and_a_pilots_answer_stays_owed
);

/// A loop of alder's that the curriculum department has answered.
async fn answered(stack: &Stack, filing: &Value, proposal: Value) -> String {
    let filed = stack.api("rosa").post("/api/v1/tensions", filing).await;
    assert_eq!(filed.status, 201, "{filed:?}");
    let id = filed.body["id"].as_str().expect("an id").to_owned();
    stack.comes_to_rest().await;
    stack.api("marcus").does(&id, "propose", proposal).await;
    id
}

async fn register(api: &Api, query: &str) -> Vec<Value> {
    let page = api.get(&format!("/api/v1/flexibilities{query}")).await;
    assert_eq!(page.status, 200, "{page:?}");
    page.body["items"].as_array().expect("items").clone()
}

fn exception() -> Value {
    json!({
        "kind": "school_exception",
        "summary": "Alder may promote on mastery instead of hours.",
        "rationale": "The hours measure presence.",
        "grants": {
            "title": "Promotion on mastery",
            "rule": {"source": "board_policy", "citation": "Board policy 3420", "clause": "section B"},
            "stays_required": "Attendance is still taken.",
            "ends_on": "2027-06-30",
        },
    })
}

async fn an_answer_becomes_a_flexibility(location: Location) {
    let stack = Stack::start(location).await;
    let (rosa, ann, ben) = (stack.api("rosa"), stack.api("ann"), stack.api("ben"));
    let id = answered(&stack, &tension("seat_time"), exception()).await;
    assert!(
        register(&rosa, "").await.is_empty(),
        "nothing is granted before a school confirms"
    );
    let version = rosa.does(&id, "confirm", json!({"revision": 1})).await;
    let seen = rosa.sees(&id, version).await;
    assert_eq!(seen["state"], "closed", "{seen}");
    let flexibility = seen["resolution"]["flexibility"].as_str().expect("granted").to_owned();
    assert_eq!(
        rosa.history(&id, version).await.last().map(String::as_str),
        Some("grant_completed")
    );
    let head = stack.log.head().await.expect("a head");
    ann.get_at("/api/v1/flexibilities", head).await;
    let granted = register(&ann, "").await;
    assert_eq!(granted.len(), 1, "another school finds it");
    assert_eq!(granted[0]["title"], "Promotion on mastery");
    assert_eq!(granted[0]["scope"]["schools"][0]["name"], "alder school");
    assert!(
        register(&ann, &format!("?school={}", People::school("birch")))
            .await
            .is_empty()
    );
    let one = ann.get(&format!("/api/v1/flexibilities/{flexibility}")).await;
    assert_eq!(one.body["stays_required"], "Attendance is still taken.", "{one:?}");
    assert_eq!(one.body["loops"], json!([]), "the loop itself is alder's");
    // A school it is not for cannot use it; once it is wider, it can, and whoever rests on it is told.
    let claim = format!("/api/v1/flexibilities/{flexibility}/claim");
    let refused = ann.post(&claim, &json!({})).await;
    assert_eq!((refused.status, refused.problem()), (409, "not-for-this-school"));
    let widen = format!("/api/v1/flexibilities/{flexibility}/widen");
    let narrower = json!({"scope": {"level": "schools", "schools": ["birch school"]}});
    assert_eq!(stack.api("marcus").post(&widen, &narrower).await.problem(), "not-wider");
    assert_eq!(ben.post(&widen, &narrower).await.status, 403);
    let zone = json!({"scope": {"level": "zone", "zone": "the river zone"}, "why": "Both are ready."});
    let widened = stack.api("marcus").post(&widen, &zone).await;
    assert_eq!(widened.status, 200, "{widened:?}");
    assert_eq!(ann.post(&claim, &json!({"how": "In grade six."})).await.status, 200);
    assert_eq!(ben.post(&claim, &json!({})).await.problem(), "not-for-this-school");
    assert_eq!(ann.post(&claim, &json!({})).await.problem(), "already-used");
    stack.tick().await;
    let told = rosa.history(&id, stack.log.head().await.expect("a head")).await;
    assert_eq!(told.last().map(String::as_str), Some("flexibility_changed"), "{told:?}");
    let one = ann.get(&format!("/api/v1/flexibilities/{flexibility}")).await;
    assert_eq!(one.body["used_by"].as_array().map(Vec::len), Some(2), "{one:?}");
    // Nothing of it is there for the other district.
    for person in ["rosa", "marcus", "carol", "ada"] {
        let stranger = stack.api(&format!("south/{person}"));
        assert_eq!(
            stranger
                .get(&format!("/api/v1/flexibilities/{flexibility}"))
                .await
                .status,
            404
        );
        assert!(register(&stranger, "?ended=true").await.is_empty());
        for action in contracts::RegisterAction::ALL
            .iter()
            .filter(|action| action.slug() != "write-down")
        {
            let body = json!({"scope": {"level": "district"}, "why": "x", "readership": "staff", "text": "x",
                "readers": "public", "ends_on": "2028-01-01", "answer": "x", "choice": "stop"});
            let fields: &[&str] = match action.slug() {
                "widen" => &["scope"],
                "change-conditions" | "revoke" => &["why"],
                "publish-rationale" => &["readership", "text"],
                "show-to" => &["readers"],
                "renew" => &["ends_on"],
                "answer-pilot" => &["answer", "choice"],
                _ => &[],
            };
            let body: serde_json::Map<String, Value> = fields
                .iter()
                .map(|field| ((*field).to_owned(), body[field].clone()))
                .collect();
            let path = format!("/api/v1/flexibilities/{flexibility}/{}", action.slug());
            let reply = stranger.post(&path, &Value::Object(body)).await;
            assert_eq!(
                (reply.status, reply.problem()),
                (404, "not-found"),
                "{person} {path}: {reply:?}"
            );
        }
    }
    stack.stop().await;
}

async fn what_is_taken_back_is_said_to_loops(location: Location) {
    let stack = Stack::start(location).await;
    let (rosa, marcus, lena) = (stack.api("rosa"), stack.api("marcus"), stack.api("lena"));
    let written = json!({
        "says": "flexibility", "title": "Mastery clocks", "text": "Any school may count mastery.",
        "rule": {"source": "board_policy", "citation": "Board policy 3420"}, "area": "seat_time",
        "ends_on": "2027-01-29",
    });
    let written = marcus.post("/api/v1/flexibilities", &written).await;
    assert_eq!(written.status, 201, "{written:?}");
    let flexibility = written.body["id"].as_str().expect("an id").to_owned();
    let cites = json!({"kind": "already_allowed", "summary": "See there.", "flexibility": flexibility});
    let used = answered(&stack, &tension("seat_time"), cites.clone()).await;
    let version = rosa.does(&used, "confirm", json!({})).await;
    assert_eq!(rosa.sees(&used, version).await["state"], "closed");
    let open = answered(&stack, &tension("seat_time"), cites.clone()).await;
    let revoke = format!("/api/v1/flexibilities/{flexibility}/revoke");
    assert_eq!(
        marcus.post(&revoke, &json!({"why": "x"})).await.status,
        403,
        "the lead takes back"
    );
    assert_eq!(
        lena.post(&revoke, &json!({"why": "The board decided otherwise."}))
            .await
            .status,
        200
    );
    stack.tick().await;
    let head = stack.log.head().await.expect("a head");
    let used = rosa.sees(&used, head).await;
    assert_eq!(used["state"], "closed", "what is in use stays closed, and is told");
    let owed = rosa.sees(&open, head).await;
    assert_eq!(
        (owed["state"].as_str(), owed["resolution"]["failed"].as_bool()),
        (Some("acknowledged"), Some(true)),
        "{owed}"
    );
    assert_eq!(rosa.tries(&open, "confirm", json!({})).await.status, 409);
    let again = marcus.tries(&open, "propose", cites).await;
    assert_eq!(
        (again.status, again.problem()),
        (422, "invalid"),
        "nothing rests on what is taken back"
    );
    marcus.does(&open, "propose", exception()).await;
    let version = rosa.does(&open, "confirm", json!({})).await;
    assert_eq!(rosa.sees(&open, version).await["state"], "closed");
    // What ends is noticed, expires once by the clock, and can be renewed.
    let ending = register(&rosa, "").await[0]["id"].as_str().expect("an id").to_owned();
    stack.days_pass(250).await;
    assert_eq!(register(&rosa, "").await.len(), 0, "it is over");
    let one = rosa.get(&format!("/api/v1/flexibilities/{ending}")).await;
    let kinds: Vec<&str> = one.body["history"]
        .as_array()
        .expect("a history")
        .iter()
        .filter_map(|entry| entry["kind"].as_str())
        .collect();
    assert_eq!(kinds, ["flexibility_granted", "flexibility_expired"], "{one:?}");
    let renewed = json!({"ends_on": "2028-06-30"});
    assert_eq!(
        marcus
            .post(&format!("/api/v1/flexibilities/{ending}/renew"), &renewed)
            .await
            .status,
        200
    );
    assert_eq!(register(&marcus, "").await.len(), 1);
    stack.stop().await;
}

async fn written_down_claimed_and_as_it_was(location: Location) {
    let stack = Stack::start(location).await;
    let (carol, lena, rosa) = (stack.api("carol"), stack.api("lena"), stack.api("rosa"));
    let mut body = json!({
        "says": "non_negotiable", "title": "Students with plans keep their minutes", "text": "Services stay whole.",
        "rule": {"source": "federal_rule", "citation": "34 CFR 300.320"}, "area": "seat_time",
    });
    let reply = carol.post("/api/v1/flexibilities", &body).await;
    assert_eq!(
        (reply.status, reply.body["fields"][0]["field"].as_str()),
        (422, Some("department")),
        "{reply:?}"
    );
    body["department"] = json!("curriculum");
    let stays = carol.post("/api/v1/flexibilities", &body).await;
    assert_eq!(stays.status, 201, "{stays:?}");
    assert_eq!(
        rosa.post("/api/v1/flexibilities", &body).await.status,
        403,
        "not for schools to write"
    );
    let allowed = json!({
        "says": "flexibility", "title": "Minutes may move between days", "text": "Plan minutes by the week.",
        "rule": {"source": "federal_rule", "citation": "34 cfr 300.320"}, "area": "seat_time",
        "scope": {"level": "schools", "schools": [People::school("alder")]},
    });
    let first = lena.post("/api/v1/flexibilities", &allowed).await;
    assert_eq!(first.status, 201, "{first:?}");
    let path = format!("/api/v1/flexibilities/{}", first.body["id"].as_str().expect("an id"));
    let one = lena.get(&path).await;
    assert_eq!(
        one.body["beside"][0]["contradicts"], true,
        "the two speak of one rule: {one:?}"
    );
    let version = first.body["version"].as_u64().expect("a version");
    stack.days_pass(10).await;
    let before = "2026-11-05";
    let widened = lena
        .post(&format!("{path}/widen"), &json!({"scope": {"level": "district"}}))
        .await;
    assert_eq!(widened.status, 200, "{widened:?}");
    let now = lena.get(&path).await;
    assert_eq!(now.body["scope"]["level"], "district");
    let then = lena.get(&format!("{path}?on={before}")).await;
    assert_eq!(then.body["scope"]["level"], "schools", "as it was: {then:?}");
    assert_eq!(
        register(&lena, "?on=2020-01-01").await.len(),
        0,
        "nothing was allowed then"
    );
    // Who may read is as it is now, also of how it was.
    let ann = stack.api("ann");
    let narrow = json!({
        "says": "flexibility", "title": "For cedar alone", "text": "Cedar may.", "area": "seat_time",
        "rule": {"source": "habit"}, "scope": {"level": "schools", "schools": ["cedar school"]},
        "starts_on": "2026-11-02",
    });
    let narrow = lena.post("/api/v1/flexibilities", &narrow).await;
    let hide = format!(
        "/api/v1/flexibilities/{}/show-to",
        narrow.body["id"].as_str().expect("an id")
    );
    let today = stack.clock.now().date_naive();
    let as_of_today = format!("/api/v1/flexibilities?on={today}");
    assert!(
        ann.get_at(&as_of_today, narrow.version())
            .await
            .body
            .to_string()
            .contains("cedar alone")
    );
    stack.days_pass(2).await;
    let hidden = lena.post(&hide, &json!({"readers": "concerned"})).await;
    assert_eq!(hidden.status, 200, "{hidden:?}");
    let then = ann.get_at(&as_of_today, hidden.version()).await;
    assert!(!then.body.to_string().contains("cedar alone"), "{then:?}");
    // Two change it at once: one wins, the other is told what happened.
    let stale = lena
        .send(
            lena.request(reqwest::Method::POST, &format!("{path}/change-conditions"))
                .header("If-Match", format!("\"{version}\""))
                .json(&json!({"conditions": "By the week.", "why": "Asked for."})),
        )
        .await;
    assert_eq!((stale.status, stale.problem()), (412, "stale-version"));
    assert_eq!(stale.body["since"].as_array().map(Vec::len), Some(1), "{stale:?}");
    stack.stop().await;
}

async fn similar_says_what_one_may_see(location: Location) {
    let stack = Stack::start(location).await;
    let (rosa, ann, sam) = (stack.api("rosa"), stack.api("ann"), stack.api("sam"));
    for visibility in ["joinable", "school_only", "confidential"] {
        let mut filing = tension("scheduling");
        filing["title"] = json!(format!("Bells cut workshops short ({visibility})"));
        filing["visibility"] = json!(visibility);
        assert_eq!(rosa.post("/api/v1/tensions", &filing).await.status, 201);
    }
    let mut hidden = tension("seat_time");
    hidden["visibility"] = json!("school_only");
    let id = answered(&stack, &hidden, exception()).await;
    rosa.does(&id, "confirm", json!({})).await;
    stack.comes_to_rest().await;
    let head = stack.log.head().await.expect("a head");
    let asked = "/api/v1/similar?text=the%20bell%20ends%20our%20workshop%20too%20early";
    let found = ann.get_at(asked, head).await;
    assert_eq!(found.status, 200, "{found:?}");
    let loops = found.body["loops"].as_array().expect("loops").clone();
    assert_eq!(loops.len(), 1, "{found:?}");
    assert_eq!(loops[0]["title"], "Bells cut workshops short (joinable)");
    assert!(!loops[0]["because"].as_array().expect("why").is_empty());
    assert!(!found.body.to_string().contains("alder"), "a card names no school");
    assert_eq!(rosa.get_at(asked, head).await.body["loops"], json!([]), "it is her own");
    assert_eq!(
        sam.get_at(asked, head).await.body["loops"],
        json!([]),
        "leaders join nothing"
    );
    let mastery = "/api/v1/similar?text=promote%20on%20mastery%20not%20hours";
    assert_eq!(
        rosa.get_at(mastery, head).await.body["flexibilities"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    assert_eq!(
        ann.get_at(mastery, head).await.body["flexibilities"],
        json!([]),
        "of a loop that others may not see"
    );
    let misspelt = rosa.get_at("/api/v1/similar?text=promotoin%20by%20mastrey", head).await;
    assert_eq!(
        misspelt.body["flexibilities"].as_array().map(Vec::len),
        Some(1),
        "{misspelt:?}"
    );
    stack.stop().await;
}

async fn what_ends_soon_is_listed_and_a_pilots_answer_stays_owed(location: Location) {
    let stack = Stack::start(location).await;
    let marcus = stack.api("marcus");
    let today = stack.clock.now().date_naive();
    let day = |days: i64| today + chrono::Duration::days(days);
    let pilot = json!({
        "says": "flexibility", "title": "Workshop credit", "text": "Workshops count.", "area": "seat_time",
        "rule": {"source": "habit"}, "scope": {"level": "schools", "schools": ["alder school"]},
        "pilot_question": "Do they learn as much?", "ends_on": day(20),
    });
    let written = marcus.post("/api/v1/flexibilities", &pilot).await;
    assert_eq!(written.status, 201, "{written:?}");
    let without_end = json!({
        "says": "flexibility", "title": "Without end", "text": "It stays.", "area": "seat_time", "rule": {"source": "habit"},
    });
    assert_eq!(marcus.post("/api/v1/flexibilities", &without_end).await.status, 201);
    let soon = format!("?ends_before={}", day(90));
    let found = register(&marcus, &soon).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (found[0]["title"].as_str(), found[0]["pilot_open"].as_bool()),
        (Some("Workshop credit"), Some(true))
    );
    assert!(register(&marcus, &format!("?ends_before={}", day(10))).await.is_empty());
    // Its end passes; the answer is still owed.
    stack.days_pass(30).await;
    let head = stack.log.head().await.expect("a head");
    let found = marcus.get_at(&format!("/api/v1/flexibilities{soon}"), head).await;
    assert_eq!(found.body["items"][0]["standing"], "expired", "{found:?}");
    let answer = format!("{}/answer-pilot", written.headers["location"]);
    let stop = json!({"answer": "They did not.", "choice": "stop"});
    assert_eq!(marcus.post(&answer, &stop).await.status, 200);
    assert!(register(&marcus, &soon).await.is_empty(), "nothing is owed");
}
