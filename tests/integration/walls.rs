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

/// Everything of one district by which anything can be asked for.
async fn everything(stack: &Stack) -> Vec<(&'static str, String)> {
    let id = stack.api("rosa").files("seat_time").await;
    stack.comes_to_rest().await;
    let words = json!({"says": "flexibility", "title": "A northern secret", "text": "Move on when a unit is mastered.",
        "area": "seat_time", "rule": {"source": "board_policy", "citation": "Policy 1"}});
    let written = stack.api("lena").post("/api/v1/flexibilities", &words).await;
    let review = json!({"title": "A northern secret", "purpose": "What blocks?", "department": "curriculum", "due_on": "2027-01-15"});
    let review = stack.api("lena").post("/api/v1/reviews", &review).await;
    let district = stack.api("eve").get("/api/v1/directory").await.body;
    let first = |list: &str| district[list][0]["id"].as_str().expect("one").to_owned();
    let head = stack.log.head().await.expect("a head");
    let seen = stack.api("carol").sees(&id, head).await;
    let page = stack
        .api("carol")
        .get_at(&format!("/api/v1/loops/{id}/timeline"), head)
        .await;
    vec![
        ("loops", id),
        ("loops", seen["number"].as_str().expect("a number").to_owned()),
        (
            "events",
            page.body["items"][0]["id"].as_str().expect("an event").to_owned(),
        ),
        ("flexibilities", written.body["id"].as_str().expect("an id").to_owned()),
        ("reviews", review.body["id"].as_str().expect("an id").to_owned()),
        ("schools", first("schools")),
        ("departments", first("departments")),
        ("teams", first("teams")),
        ("zones", first("zones")),
        ("people", loopline_tests::People::person("rosa").to_string()),
    ]
}

/// Whether an answer tells anything of the north. What was asked for is known to whoever asked.
fn tells(text: &str, asked: &str) -> Option<&'static str> {
    let text = text.replace(asked, "");
    [
        "northern secret",
        "The north district",
        "counts hours",
        "rosa",
        "alder school",
    ]
    .into_iter()
    .find(|word| text.contains(word))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_id_of_one_district_is_taken_to_every_address_of_the_other_and_is_not_there() {
    let stack = Stack::start(location(false).await.expect("a folder")).await;
    let ids = everything(&stack).await;
    let before = stack.log.head().await.expect("a head");
    let document = gateway::openapi::document();
    let paths = document["paths"].as_object().expect("paths");
    let mut asked = 0;
    for (path, operations) in paths {
        let operations = operations.as_object().expect("operations");
        for (kind, id) in &ids {
            if !path.contains('{') {
                // Where something is narrowed down, by every id there is.
                let Some(get) = operations.get("get") else { continue };
                for parameter in get["parameters"].as_array().into_iter().flatten() {
                    let name = parameter["name"].as_str().unwrap_or_default();
                    if parameter["in"] != json!("query") || name == "as_of" {
                        continue;
                    }
                    let reply = stack.api("south/carol").get(&format!("{path}?{name}={id}")).await;
                    let told = tells(&reply.body.to_string(), id);
                    assert_eq!(told, None, "{path}?{name}={id}: {reply:?}");
                    asked += 1;
                }
                continue;
            }
            let filled = path
                .replace("{id}", id)
                .replace(
                    "{of}",
                    match *kind {
                        "reviews" => "review",
                        "people" => "person",
                        _ => "flexibility",
                    },
                )
                .replace("{event}", id)
                .replace("{district}", "north")
                .replace("{path}", "entries/000.p/1");
            for person in ["south/carol", "south/lena", "south/ada", "south/eve", "south/rosa"] {
                let api = stack.api(person);
                for method in operations.keys() {
                    let reply = match method.as_str() {
                        "get" => api.get(&filled).await,
                        _ => api.post(&filled, &json!({})).await,
                    };
                    // Checkpoints, keys and hashes are for anybody: they say nothing.
                    let public = filled.ends_with("/checkpoint") || filled.ends_with("/keys");
                    assert!(public || reply.status >= 400, "{person} {method} {filled}: {reply:?}");
                    assert!(reply.status < 500, "{person} {method} {filled}: {reply:?}");
                    assert_eq!(
                        tells(&reply.body.to_string(), id),
                        None,
                        "{person} {method} {filled}: {reply:?}"
                    );
                    asked += 1;
                }
            }
        }
    }
    assert!(asked > 3000, "{asked}");
    assert_eq!(stack.log.head().await.expect("a head"), before, "nothing was done");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_of_one_district_is_empty_to_the_other() {
    let stack = Stack::start(location(false).await.expect("a folder")).await;
    let ids = everything(&stack).await;
    for (name, secret) in [
        ("carol", "s1"),
        ("lena", "s2"),
        ("ada", "s3"),
        ("eve", "s4"),
        ("rosa", "s5"),
    ] {
        let session = contracts::commands::door::NewSession {
            digest: gateway::front::digest(secret),
            on: String::new(),
        };
        let south = "south".parse().expect("a slug");
        stack
            .directory
            .credentials
            .begin_session(
                &session,
                &south,
                contracts::PersonId::derived(&["south", name]),
                stack.clock.now(),
            )
            .await
            .expect("a session");
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client");
        let sees = async |path: &str| {
            let answer = client
                .get(format!("http://{}{path}", stack.address()))
                .header("cookie", format!("loopline_session={secret}"))
                .send()
                .await
                .expect("an answer");
            (answer.status().as_u16(), answer.text().await.unwrap_or_default())
        };
        for page in [
            "/",
            "/loops",
            "/school",
            "/department",
            "/contact",
            "/leader",
            "/allowed",
            "/patterns",
            "/reviews",
            "/waivers",
            "/zones",
            "/people",
            "/record",
            "/settings",
            "/settings/rules",
            "/settings/schools",
            "/account",
            "/roles",
            "/search?q=mastered",
            "/leader?by=school",
            "/leader/brief",
            "/leader/timeline.csv",
            "/leader/timeline.svg",
            "/leader/apart.csv?by=school",
            "/leader/months.csv",
        ] {
            let (status, text) = sees(page).await;
            assert!(status < 500, "{name} {page}: {status}");
            // The two districts are set up alike: what tells them apart is what was written.
            assert!(
                !text.contains("northern secret") && !text.contains("The north district"),
                "{name} {page}"
            );
        }
        for (_, id) in &ids {
            for page in [
                "/loops/{}",
                "/loops/{}/record",
                "/loops/{}/receipt",
                "/loops/{}/disclosed/{}",
                "/allowed/{}",
                "/patterns/{}",
                "/waivers/{}",
                "/reviews/{}",
                "/zones/{}",
                "/people/{}",
                "/roster/{}",
                "/settings/schools?of={}",
                "/settings/departments?of={}",
                "/settings/teams?of={}",
                "/loops?school={}",
                "/loops?department={}",
                "/allowed?school={}",
                "/search?q={}",
                "/contact/agenda?school={}",
                "/contact/agenda?team={}",
                "/leader?zone={}",
                "/leader/timeline.csv?school={}",
            ] {
                let path = page.replace("{}", id);
                let (status, text) = sees(&path).await;
                assert!(status < 500, "{name} {path}: {status}");
                assert!(
                    !text.contains("northern secret") && !text.contains("counts hours"),
                    "{name} {path}: {status}"
                );
                if !page.contains('?') {
                    assert!(status >= 400, "{name} {path}: {status}");
                }
            }
        }
    }
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_of_one_district_names_nothing_of_the_other_whatever_it_says() {
    let stack = Stack::start(location(false).await.expect("a folder")).await;
    let ids = everything(&stack).await;
    let south = "south".parse().expect("a slug");
    let mut people = Vec::new();
    for name in ["carol", "sam", "ada", "eve", "lena", "rosa"] {
        let person = contracts::PersonId::derived(&["south", name]);
        people.push(stack.directory_claims(&south, person).await);
    }
    let questions = [
        (
            "timeline",
            [
                "loops",
                "loop",
                "entries",
                "changes",
                "picture",
                "trend",
                "dry-run",
                "open-with",
            ]
            .as_slice(),
        ),
        (
            "flexibility",
            &[
                "register",
                "flexibility",
                "similar",
                "patterns",
                "pattern",
                "clauses",
                "waivers",
                "waiver",
                "reviews",
                "review",
                "public",
                "regimes",
            ],
        ),
        (
            "directory",
            &[
                "overview",
                "people",
                "history",
                "access",
                "person",
                "successor",
                "unspoken",
                "answers",
                "views",
                "providers",
            ],
        ),
        (
            "ledger",
            &[
                "ledger",
                "entries",
                "receipt",
                "slice",
                "check",
                "checkpoint",
                "keys",
                "tile",
                "words",
            ],
        ),
        ("routing", &["spoken-for", "speakers"]),
    ];
    let mut answered = 0;
    for (service, names) in questions {
        for name in names {
            let mut is_question = false;
            for (_, id) in &ids {
                for query in [
                    json!({}),
                    json!({"id": id}),
                    json!({"id": id, "limit": 200}),
                    json!({"school": id}),
                    json!({"department": id}),
                    json!({"zone": id}),
                    json!({"team": id}),
                    json!({"q": id}),
                    json!({"person": id}),
                    json!({"of": "flexibility", "id": id}),
                    json!({"of": "person", "id": id}),
                    json!({"of": "review", "id": id}),
                    json!({"thing": {"school": id}}),
                    json!({"thing": {"person": id}}),
                    json!({"text": "mastered unit northern secret", "limit": 20}),
                    json!({"district": "north"}),
                ] {
                    for claims in &people {
                        let ask = json!({"viewer": claims, "at_least": 0, "query": query});
                        let answer: Result<serde_json::Value, _> =
                            stack.operator().ask(format!("ask.{service}.{name}"), &ask).await;
                        let text = match answer {
                            Ok(answer) => {
                                answered += 1;
                                answer.to_string()
                            }
                            Err(problem) => problem.detail,
                        };
                        is_question |= !text.contains("no such question");
                        let told = ["northern secret", "The north district", "counts hours"]
                            .into_iter()
                            .find(|word| text.contains(word));
                        assert_eq!(told, None, "ask.{service}.{name} {query} of {}: {text}", claims.name);
                    }
                }
            }
            assert!(
                is_question,
                "ask.{service}.{name} is no question: this would try nothing"
            );
        }
    }
    assert!(answered > 100, "{answered}");
    stack.stop().await;
}
