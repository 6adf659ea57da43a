//! What the district does about its rules, over both databases: a pattern becomes a changed rule that answers every
//! loop, a belief is corrected for all, the state is asked, and the district looks at its own rules first.

use loopline_tests::{Stack, on_both_databases, tension};
use serde_json::{Value, json};
use sql::Location;

on_both_databases!(
    a_pattern_becomes_a_changed_rule,
    an_exception_becomes_every_schools,
    exceptions_alone_are_a_pattern_at_the_districts_own_threshold,
    a_zone_goes_ahead_and_grows,
    a_belief_is_corrected_for_everybody,
    the_state_is_asked_and_its_time_runs_out,
    what_the_state_grants_lends_no_words_of_a_loop_that_others_may_not_see,
    the_district_looks_first
);

async fn met(stack: &Stack, person: &str, clause: &str) -> String {
    let mut filing = tension("seat_time");
    filing["citation"] = json!("Board policy 3420");
    filing["clause"] = json!(clause);
    filing["rule_source"] = json!("board_policy");
    let filed = stack.api(person).post("/api/v1/tensions", &filing).await;
    assert_eq!(filed.status, 201, "{filed:?}");
    stack.comes_to_rest().await;
    filed.body["id"].as_str().expect("an id").to_owned()
}

async fn patterns(stack: &Stack, person: &str) -> Vec<Value> {
    let head = stack.log.head().await.expect("a head");
    let page = stack.api(person).get_at("/api/v1/patterns", head).await;
    assert_eq!(page.status, 200, "{page:?}");
    page.body["items"].as_array().expect("items").clone()
}

async fn a_pattern_becomes_a_changed_rule(location: Location) {
    let stack = Stack::start(location).await;
    let (carol, ines) = (stack.api("carol"), stack.api("ines"));
    let mut loops = vec![
        met(&stack, "rosa", "section B").await,
        met(&stack, "ann", "Section  b").await,
    ];
    // Another clause does not count, nor does one school that says it twice.
    met(&stack, "ben", "section C").await;
    met(&stack, "ruth", "section B").await;
    stack.tick().await;
    assert!(patterns(&stack, "carol").await.is_empty(), "two schools are no pattern");
    loops.push(met(&stack, "ben", "section B").await);
    stack.tick().await;
    let found = patterns(&stack, "carol").await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (
            found[0]["title"].as_str(),
            found[0]["schools"].as_u64(),
            found[0]["loops"].as_u64()
        ),
        (Some("Board policy 3420, section B"), Some(3), Some(4))
    );
    stack.tick().await;
    assert_eq!(patterns(&stack, "carol").await.len(), 1, "it is seen once");
    let id = found[0]["id"].as_str().expect("an id").to_owned();
    let address = format!("/api/v1/patterns/{id}");
    // Schools do not see it; nobody of the other district does.
    assert_eq!(stack.api("rosa").get(&address).await.status, 404);
    assert_eq!(stack.api("south/carol").get(&address).await.status, 404);
    assert!(patterns(&stack, "south/carol").await.is_empty());
    let map = carol.get("/api/v1/patterns/clauses").await;
    assert_eq!(map.body["clauses"][0]["loops"], 4, "{map:?}");
    assert_eq!(map.body["clauses"][0]["counts"], json!([2, 1, 1]), "{map:?}");

    // A change goes before a team; nobody else decides.
    let propose = json!({
        "team": "The council", "department": "curriculum", "title": "Credit without the hours",
        "text": "Every school may award credit by mastery.", "rationale": "The hours measure presence.",
    });
    let to_propose = format!("{address}/propose-revision");
    assert_eq!(stack.api("rosa").post(&to_propose, &propose).await.status, 403);
    assert_eq!(stack.api("south/carol").post(&to_propose, &propose).await.status, 404);
    let proposed = carol.post(&to_propose, &propose).await;
    assert_eq!(proposed.status, 200, "{proposed:?}");
    assert_eq!(carol.post(&to_propose, &propose).await.problem(), "pattern-stands");
    let decide = json!({"adopted": true, "decision": "Agreed, for every school."});
    let to_decide = format!("{address}/decide-revision");
    assert_eq!(carol.post(&to_decide, &decide).await.status, 403, "she is not a member");
    let seen = ines.get_at(&address, proposed.version()).await;
    assert_eq!(
        seen.body["offers"],
        json!(["decide-revision"]),
        "the team sees it: {seen:?}"
    );
    // One loop ends before the decision: it is not answered.
    let gone = loops.pop().expect("ben's");
    stack
        .api("ben")
        .does(&gone, "withdraw", json!({"why": "It is over."}))
        .await;
    let decided = ines.post(&to_decide, &decide).await;
    assert_eq!(decided.status, 200, "{decided:?}");
    assert_eq!(ines.post(&to_decide, &decide).await.problem(), "not-before-a-team");
    stack.comes_to_rest().await;

    // Every open loop has its answer, and each school still says for itself.
    let head = stack.log.head().await.expect("a head");
    let pattern = carol.get_at(&address, head).await;
    assert_eq!(pattern.body["standing"], "adopted", "{pattern:?}");
    assert_eq!(pattern.body["revision"]["decided"]["answered"], 3, "{pattern:?}");
    let flexibility = pattern.body["revision"]["decided"]["flexibility"]
        .as_str()
        .expect("it stands in the register")
        .to_owned();
    let entry = stack
        .api("ben")
        .get_at(&format!("/api/v1/flexibilities/{flexibility}"), head)
        .await;
    assert_eq!(entry.body["scope"]["level"], "district", "{entry:?}");
    for (person, id) in [("rosa", &loops[0]), ("ann", &loops[1])] {
        let api = stack.api(person);
        let before = api.sees(id, head).await;
        assert_eq!(before["state"], "proposed", "{before}");
        assert_eq!(before["resolution"]["kind"], "district_change");
        assert_eq!(
            before["resolution"]["pattern"].as_str(),
            Some(pattern.body["id"].as_str().expect("an id"))
        );
        let version = api.does(id, "confirm", json!({"revision": 1})).await;
        stack.comes_to_rest().await;
        assert_eq!(api.sees(id, version).await["state"], "closed");
    }
    let head = stack.log.head().await.expect("a head");
    assert_eq!(stack.api("ben").sees(&gone, head).await["state"], "withdrawn");
    let entry = carol
        .get_at(&format!("/api/v1/flexibilities/{flexibility}"), head)
        .await;
    assert_eq!(entry.body["used_by"].as_array().map(Vec::len), Some(2), "{entry:?}");
    let pattern = carol.get_at(&address, head).await;
    assert_eq!(pattern.body["structural_share"], 100, "{pattern:?}");
    // What was changed is a pattern again only when as many schools meet it anew.
    stack.tick().await;
    assert_eq!(patterns(&stack, "carol").await.len(), 1);
}

async fn an_exception_becomes_every_schools(location: Location) {
    let stack = Stack::start(location).await;
    let (carol, marcus, rosa) = (stack.api("carol"), stack.api("marcus"), stack.api("rosa"));
    let excused = met(&stack, "rosa", "section B").await;
    let answer = json!({
        "kind": "school_exception", "summary": "You may count mastery.",
        "grants": {"title": "Mastery counts"},
    });
    marcus.does(&excused, "propose", answer).await;
    rosa.does(&excused, "confirm", json!({"revision": 1})).await;
    stack.comes_to_rest().await;
    let open = [
        met(&stack, "ann", "section B").await,
        met(&stack, "ben", "section B").await,
    ];
    stack.tick().await;
    let found = patterns(&stack, "carol").await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (found[0]["exceptions"].as_u64(), found[0]["structural_share"].as_u64()),
        (Some(1), Some(0))
    );
    let address = format!("/api/v1/patterns/{}", found[0]["id"].as_str().expect("an id"));
    let pattern = carol.get(&address).await;
    let exception = pattern.body["bent_by"][0]["id"]
        .as_str()
        .expect("the exception")
        .to_owned();
    let mut propose = json!({
        "team": "The council", "department": "curriculum", "title": "Mastery counts everywhere",
        "text": "Every school may count mastery.", "widens": "00000000-0000-4000-8000-000000000001",
    });
    let to_propose = format!("{address}/propose-revision");
    let refused = carol.post(&to_propose, &propose).await;
    assert_eq!((refused.status, refused.field()), (422, "widens"), "{refused:?}");
    propose["widens"] = json!(exception);
    assert_eq!(carol.post(&to_propose, &propose).await.status, 200);
    let decide = json!({"adopted": true, "decision": "What works for one works for all."});
    let decided = stack
        .api("ines")
        .post(&format!("{address}/decide-revision"), &decide)
        .await;
    assert_eq!(decided.status, 200, "{decided:?}");
    stack.comes_to_rest().await;
    let head = stack.log.head().await.expect("a head");
    let entry = rosa.get_at(&format!("/api/v1/flexibilities/{exception}"), head).await;
    assert_eq!(
        (entry.body["scope"]["level"].as_str(), entry.body["kind"].as_str()),
        (Some("district"), Some("district_change")),
        "the same entry, for all: {entry:?}"
    );
    for (person, id) in [("ann", &open[0]), ("ben", &open[1])] {
        let api = stack.api(person);
        let seen = api.sees(id, head).await;
        assert_eq!(
            seen["resolution"]["flexibility"].as_str(),
            Some(exception.as_str()),
            "{seen}"
        );
        let version = api.does(id, "confirm", json!({"revision": 1})).await;
        stack.comes_to_rest().await;
        assert_eq!(api.sees(id, version).await["state"], "closed");
    }
    let head = stack.log.head().await.expect("a head");
    let entry = carol.get_at(&format!("/api/v1/flexibilities/{exception}"), head).await;
    assert_eq!(entry.body["used_by"].as_array().map(Vec::len), Some(3), "{entry:?}");
    let page = carol.get_at("/api/v1/flexibilities", head).await;
    assert_eq!(
        page.body["items"].as_array().map(Vec::len),
        Some(1),
        "nothing stands twice: {page:?}"
    );
}

async fn exceptions_alone_are_a_pattern_at_the_districts_own_threshold(location: Location) {
    let stack = Stack::start(location).await;
    let (carol, marcus) = (stack.api("carol"), stack.api("marcus"));
    let thresholds = json!({"clause_schools": 5, "area_schools": 9, "exceptions": 2, "days": 100});
    let to_set = "/api/v1/directory/pattern-thresholds";
    let set = json!({"thresholds": thresholds});
    assert_eq!(marcus.post(to_set, &set).await.status, 403);
    assert_eq!(carol.post(to_set, &set).await.status, 200);
    stack.comes_to_rest().await;
    let shown = carol.get("/api/v1/directory").await;
    assert_eq!(shown.body["thresholds"], thresholds, "{shown:?}");
    for (nth, school) in ["alder school", "birch school"].into_iter().enumerate() {
        stack.tick().await;
        assert!(patterns(&stack, "carol").await.is_empty(), "{nth} is not enough");
        let exception = json!({
            "says": "flexibility", "title": format!("{school} may"), "text": "Hours do not count.",
            "rule": {"source": "board_policy", "citation": "Policy 5120"}, "area": "seat_time",
            "scope": {"level": "schools", "schools": [school]},
        });
        assert_eq!(marcus.post("/api/v1/flexibilities", &exception).await.status, 201);
        stack.comes_to_rest().await;
    }
    stack.tick().await;
    let found = patterns(&stack, "carol").await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (
            found[0]["ground"].as_str(),
            found[0]["exceptions"].as_u64(),
            found[0]["loops"].as_u64()
        ),
        (Some("exceptions"), Some(2), Some(0)),
        "{found:?}"
    );
    assert_eq!(found[0]["title"], "Policy 5120");
}

async fn a_zone_goes_ahead_and_grows(location: Location) {
    let stack = Stack::start(location).await;
    let (carol, marcus) = (stack.api("carol"), stack.api("marcus"));
    let zones = "/api/v1/directory/zones";
    let mut zone = json!({
        "name": "The hill zone", "purpose": "Time first", "schools": ["cedar school"], "starts": "2027-01-04",
        "plan": "After a year, before the council.", "look_on": "2027-12-01",
    });
    assert_eq!(marcus.post(zones, &zone).await.status, 403);
    zone["schools"] = json!(["cedar school", "elsewhere"]);
    let refused = carol.post(zones, &zone).await;
    assert_eq!((refused.status, refused.field()), (422, "schools[1]"), "{refused:?}");
    zone["schools"] = json!(["cedar school"]);
    let begun = carol.post(zones, &zone).await;
    assert_eq!(begun.status, 201, "{begun:?}");
    let address = format!("{zones}/{}", begun.body["id"].as_str().expect("an id"));
    stack.comes_to_rest().await;
    let refused = carol
        .post(
            zones,
            &json!({"name": "the hill zone", "purpose": "x", "schools": ["alder school"]}),
        )
        .await;
    assert_eq!((refused.status, refused.field()), (422, "name"), "{refused:?}");
    assert_eq!(stack.api("south/carol").post(&address, &zone).await.status, 404);

    // What is for a zone begins with it, and is for its schools alone.
    let entry = json!({
        "says": "flexibility", "title": "Free hours", "text": "Hours may lie as the school likes.",
        "rule": {"source": "district_practice"}, "area": "scheduling", "scope": {"level": "zone", "zone": "The hill zone"},
    });
    let written = marcus.post("/api/v1/flexibilities", &entry).await;
    assert_eq!(written.status, 201, "{written:?}");
    let entry = format!("/api/v1/flexibilities/{}", written.body["id"].as_str().expect("an id"));
    let seen = stack.api("ben").get_at(&entry, written.version()).await;
    assert_eq!(seen.body["starts_on"], "2027-01-04", "{seen:?}");
    let claim = format!("{entry}/claim");
    assert_eq!(
        stack.api("rosa").post(&claim, &json!({})).await.problem(),
        "not-for-this-school"
    );
    // Nobody is left out; whoever knew an older state is told.
    zone["schools"] = json!(["alder school"]);
    let refused = carol.post(&address, &zone).await;
    assert_eq!(refused.problem(), "schools-left-out", "{refused:?}");
    assert!(
        refused.body["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains("cedar school")),
        "{refused:?}"
    );
    zone["schools"] = json!(["cedar school", "alder school"]);
    let grown = carol.post(&address, &zone).await;
    assert_eq!(grown.status, 200, "{grown:?}");
    zone["plan"] = json!("Another plan.");
    let stale = carol.post_if(&address, &zone, begun.version()).await;
    assert_eq!(stale.problem(), "stale-version", "{stale:?}");
    stack.comes_to_rest().await;
    // Nobody uses it before that day. What one school had before, it has while the zone waits for its start.
    let rosa = stack.api("rosa");
    assert_eq!(rosa.post(&claim, &json!({})).await.problem(), "not-yet");
    let early = json!({
        "says": "flexibility", "title": "Late buses", "text": "A bus may wait.", "rule": {"source": "district_practice"},
        "area": "scheduling", "scope": {"level": "schools", "schools": ["cedar school"]},
    });
    let written = marcus.post("/api/v1/flexibilities", &early).await;
    let early = format!("/api/v1/flexibilities/{}", written.body["id"].as_str().expect("an id"));
    let wider = json!({"scope": {"level": "zone", "zone": "The hill zone"}});
    let widened = marcus.post(&format!("{early}/widen"), &wider).await;
    assert_eq!(widened.status, 200, "{widened:?}");
    let seen = rosa.get_at(&early, widened.version()).await;
    assert_eq!(seen.body["starts_on"], "2027-01-04", "{seen:?}");
    assert!(
        !seen.body["offers"]
            .as_array()
            .is_some_and(|offers| offers.contains(&json!("claim"))),
        "{seen:?}"
    );
    assert_eq!(
        rosa.post(&format!("{early}/claim"), &json!({})).await.problem(),
        "not-yet"
    );
    let had = stack.api("ben").post(&format!("{early}/claim"), &json!({})).await;
    assert_eq!(had.status, 200, "{had:?}");
    // A start is moved until it has come, and what is for the zone moves with it.
    zone["starts"] = json!("2026-12-01");
    let moved = carol.post(&address, &zone).await;
    assert_eq!(moved.status, 200, "{moved:?}");
    stack.comes_to_rest().await;
    let seen = rosa.get(&entry).await;
    assert_eq!(seen.body["starts_on"], "2026-12-01", "{seen:?}");
    stack.days_pass(30).await;
    assert_eq!(
        rosa.post(&claim, &json!({})).await.status,
        200,
        "the zone has grown, and begun"
    );
    zone["starts"] = json!("2027-09-01");
    let refused = carol.post(&address, &zone).await;
    assert_eq!((refused.status, refused.field()), (422, "starts"), "{refused:?}");
    let head = stack.log.head().await.expect("a head");
    let id = begun.body["id"].as_str().expect("an id");
    let inside = carol.get_at(&format!("/api/v1/flexibilities?zone={id}"), head).await;
    assert_eq!(inside.body["items"].as_array().map(Vec::len), Some(2), "{inside:?}");
    let other = carol.get("/api/v1/directory").await;
    let river = other.body["zones"]
        .as_array()
        .expect("zones")
        .iter()
        .find(|zone| zone["name"] == "The river zone");
    let river = river.and_then(|zone| zone["id"].as_str()).expect("the river zone");
    let outside = carol.get_at(&format!("/api/v1/flexibilities?zone={river}"), head).await;
    assert_eq!(outside.body["items"].as_array().map(Vec::len), Some(0), "{outside:?}");
}

async fn a_belief_is_corrected_for_everybody(location: Location) {
    let stack = Stack::start(location).await;
    let id = met(&stack, "rosa", "section B").await;
    let correction = json!({
        "rule": {"source": "habit"},
        "title": "Seat time is our own habit",
        "text": "No policy asks for hours. A school may count mastery.",
    });
    assert_eq!(
        stack
            .api("rosa")
            .tries(&id, "correct-rule", correction.clone())
            .await
            .status,
        403
    );
    assert_eq!(
        stack
            .api("tom")
            .tries(&id, "correct-rule", correction.clone())
            .await
            .status,
        403
    );
    let version = stack.api("marcus").does(&id, "correct-rule", correction).await;
    stack.comes_to_rest().await;
    let seen = stack.api("rosa").sees(&id, version).await;
    assert_eq!(seen["rule"]["source"], "habit", "{seen}");
    assert_eq!(seen["rule"]["corrected"], true);
    assert_eq!(
        seen["rule_source"], "board_policy",
        "what the school believed stays on record"
    );
    let head = stack.log.head().await.expect("a head");
    let found = stack
        .api("ben")
        .get_at("/api/v1/similar?text=hours%20of%20seat%20time", head)
        .await;
    assert_eq!(
        found.body["flexibilities"][0]["title"], "Seat time is our own habit",
        "{found:?}"
    );
    assert_eq!(found.body["flexibilities"][0]["says"], "clarification");
}

async fn asked_of_the_state(stack: &Stack, regime: &str) -> (String, String) {
    let id = met(stack, "rosa", "section B").await;
    let answer = json!({"kind": "state_waiver", "summary": "The state is asked.", "rationale": "The rule is its own."});
    stack.api("marcus").does(&id, "propose", answer).await;
    let draft = json!({"loop": id, "regime": regime});
    let written = stack.api("marcus").post("/api/v1/waivers", &draft).await;
    assert_eq!(written.status, 201, "{written:?}");
    (id, written.body["id"].as_str().expect("an id").to_owned())
}

async fn the_state_is_asked_and_its_time_runs_out(location: Location) {
    let stack = Stack::start(location).await;
    let marcus = stack.api("marcus");
    let (id, waiver) = asked_of_the_state(&stack, "tx-tec-7-056").await;
    let address = format!("/api/v1/waivers/{waiver}");
    let packet = marcus.get(&address).await;
    let parts = packet.body["parts"].as_array().expect("parts").clone();
    assert_eq!(
        parts[0]["text"], "Board policy 3420, section B",
        "taken from the loop: {packet:?}"
    );
    assert_eq!(
        packet.body["missing"].as_array().map(Vec::len),
        Some(4),
        "nothing is in it yet: {packet:?}"
    );
    let sent = marcus.post(&format!("{address}/submit"), &json!({})).await;
    assert_eq!(sent.problem(), "parts-missing", "{sent:?}");
    // Others may not see it, nor write it.
    assert_eq!(stack.api("ann").get(&address).await.status, 404);
    assert_eq!(stack.api("tom").get(&address).await.status, 404);
    assert_eq!(stack.api("south/carol").get(&address).await.status, 404);
    let draft = json!({"loop": id, "regime": "tx-tec-7-056", "parts": {"nonsense": "x"}});
    assert_eq!(marcus.post("/api/v1/waivers", &draft).await.status, 422);
    let parts: serde_json::Map<String, Value> = ["requirement", "plan", "inhibits", "comments"]
        .into_iter()
        .map(|name| (name.to_owned(), json!(format!("The {name}."))))
        .collect();
    let draft = json!({"loop": id, "regime": "tx-tec-7-056", "parts": parts});
    assert_eq!(stack.api("tom").post("/api/v1/waivers", &draft).await.status, 404);
    assert_eq!(marcus.post("/api/v1/waivers", &draft).await.status, 201);
    let sent = marcus.post(&format!("{address}/submit"), &json!({})).await;
    assert_eq!(sent.status, 200, "{sent:?}");
    assert_eq!(marcus.post("/api/v1/waivers", &draft).await.problem(), "waiver-stands");
    // Thirty days are the state's; on the next it is granted, and the school is asked whether it works.
    stack.days_pass(30).await;
    let head = stack.log.head().await.expect("a head");
    assert_eq!(marcus.get_at(&address, head).await.body["standing"], "submitted");
    assert_eq!(stack.api("rosa").sees(&id, head).await["state"], "waiting_for_state");
    stack.days_pass(1).await;
    stack.comes_to_rest().await;
    let head = stack.log.head().await.expect("a head");
    let packet = marcus.get_at(&address, head).await;
    assert_eq!(packet.body["standing"], "deemed_granted", "{packet:?}");
    let flexibility = packet.body["flexibility"].as_str().expect("it stands").to_owned();
    let seen = stack.api("rosa").sees(&id, head).await;
    assert_eq!(seen["state"], "proposed", "{seen}");
    assert_eq!(
        seen["resolution"]["flexibility"].as_str(),
        Some(flexibility.as_str()),
        "{seen}"
    );
    let entry = stack
        .api("rosa")
        .get_at(&format!("/api/v1/flexibilities/{flexibility}"), head)
        .await;
    assert_eq!(entry.body["ends_on"], packet.body["until"], "three years: {entry:?}");
    let version = stack.api("rosa").does(&id, "confirm", json!({"revision": 1})).await;
    assert_eq!(stack.api("rosa").sees(&id, version).await["state"], "closed");

    // In North Carolina silence is nothing; a no goes back to the department.
    let (id, waiver) = asked_of_the_state(&stack, "nc-115c-105-26").await;
    let address = format!("/api/v1/waivers/{waiver}");
    let parts: serde_json::Map<String, Value> = ["schools", "law", "circumstances", "improvement"]
        .into_iter()
        .map(|name| (name.to_owned(), json!(format!("The {name}."))))
        .collect();
    let draft = json!({"loop": id, "regime": "nc-115c-105-26", "parts": parts});
    assert_eq!(marcus.post("/api/v1/waivers", &draft).await.status, 201);
    assert_eq!(marcus.post(&format!("{address}/submit"), &json!({})).await.status, 200);
    stack.days_pass(90).await;
    stack.comes_to_rest().await;
    let head = stack.log.head().await.expect("a head");
    assert_eq!(marcus.get_at(&address, head).await.body["standing"], "submitted");
    let no = json!({"granted": false, "text": "Not under this law."});
    let denied = marcus.post(&format!("{address}/answer"), &no).await;
    assert_eq!(denied.status, 200, "{denied:?}");
    stack.comes_to_rest().await;
    let head = stack.log.head().await.expect("a head");
    let seen = stack.api("rosa").sees(&id, head).await;
    assert_eq!(seen["resolution"]["failed"], true, "{seen}");
    assert_eq!(seen["holder"]["kind"], "department", "{seen}");
}

async fn the_district_looks_first(location: Location) {
    let stack = Stack::start(location).await;
    let (lena, marcus) = (stack.api("lena"), stack.api("marcus"));
    met(&stack, "rosa", "section B").await;
    let open = json!({"title": "Promotion handbook", "citation": "Board policy 3420", "due_on": "2027-01-15"});
    assert_eq!(stack.api("rosa").post("/api/v1/reviews", &open).await.status, 403);
    let opened = marcus.post("/api/v1/reviews", &open).await;
    assert_eq!(opened.status, 201, "{opened:?}");
    let address = format!("/api/v1/reviews/{}", opened.body["id"].as_str().expect("an id"));
    let clause = json!({"clause": "section B", "finding": "blocks", "note": "It asks for hours.", "pillar": "competency_progression"});
    let examine = format!("{address}/examine");
    assert_eq!(
        stack.api("tom").post(&examine, &clause).await.status,
        403,
        "another department's"
    );
    let examined = marcus.post(&examine, &clause).await;
    assert_eq!(examined.status, 200, "{examined:?}");
    let seen = lena.get_at(&address, examined.version()).await;
    assert_eq!(seen.body["clauses"][0]["finding"], "blocks", "{seen:?}");
    assert_eq!(
        seen.body["clauses"][0]["loops"], 1,
        "the loop that meets it is counted: {seen:?}"
    );
    let conclude = format!("{address}/conclude");
    let summary = json!({"summary": "Section B stands in the way."});
    assert_eq!(marcus.post(&conclude, &summary).await.status, 403, "the lead closes it");
    assert_eq!(lena.post(&conclude, &summary).await.status, 200);
    assert_eq!(lena.post(&examine, &clause).await.problem(), "concluded");
    assert_eq!(stack.api("south/carol").get(&address).await.status, 404);
    assert_eq!(stack.api("rosa").get(&address).await.status, 403);
}

async fn what_the_state_grants_lends_no_words_of_a_loop_that_others_may_not_see(location: Location) {
    let stack = Stack::start(location).await;
    let marcus = stack.api("marcus");
    let mut hidden = tension("seat_time");
    hidden["visibility"] = json!("school_only");
    hidden["title"] = json!("Our own trouble");
    let filed = stack.api("rosa").post("/api/v1/tensions", &hidden).await;
    stack.comes_to_rest().await;
    let id = filed.body["id"].as_str().expect("an id").to_owned();
    let answer = json!({"kind": "state_waiver", "summary": "The state is asked."});
    marcus.does(&id, "propose", answer).await;
    let parts: serde_json::Map<String, Value> = ["schools", "law", "circumstances", "improvement"]
        .into_iter()
        .map(|name| (name.to_owned(), json!("x")))
        .collect();
    let draft = json!({"loop": id, "regime": "nc-115c-105-26", "parts": parts});
    let written = marcus.post("/api/v1/waivers", &draft).await;
    let address = format!("/api/v1/waivers/{}", written.body["id"].as_str().expect("an id"));
    assert_eq!(marcus.post(&format!("{address}/submit"), &json!({})).await.status, 200);
    let yes = json!({"granted": true, "until": "2027-06-30"});
    assert_eq!(marcus.post(&format!("{address}/answer"), &yes).await.status, 200);
    stack.comes_to_rest().await;
    let head = stack.log.head().await.expect("a head");
    let packet = marcus.get_at(&address, head).await;
    let entry = format!(
        "/api/v1/flexibilities/{}",
        packet.body["flexibility"].as_str().expect("it stands")
    );
    let seen = marcus.get_at(&entry, head).await;
    assert_eq!(seen.body["title"], "The state is asked.", "{seen:?}");
    assert_eq!(seen.body["readers"], "concerned", "{seen:?}");
    assert_eq!(stack.api("ann").get_at(&entry, head).await.status, 404);
}
