//! Words that mean harm, put into every field that people write in: on every page they come out as what somebody wrote.

use std::collections::{BTreeMap, BTreeSet};

use loopline_tests::{Api, People, Reply, Stack, location, tension};
use serde_json::{Value, json};

/// What has broken out of pages elsewhere, each in its own way: out of text, attributes, elements that hold text only,
/// addresses, comments, templates.
const HARM: [&str; 12] = [
    "<script>x7x()</script>",
    "\"><img src=x onerror=x7x()>",
    "'><svg/onload=x7x()>",
    "</textarea><script>x7x()</script>",
    "</title><script>x7x()</script>",
    "\" autofocus onfocus=x7x() x=\"",
    "javascript:x7x()",
    "&lt;script&gt;x7x()&lt;/script&gt;",
    "<a href=javascript:x7x()>go</a>",
    "{{7*7}}${7*7}<%= 7*7 %>",
    "--><script>x7x()</script><!--",
    "<iframe srcdoc='<script>x7x()</script>'>",
];

/// Marks for fields: by them it is known on which pages what was written there stands.
#[derive(Debug, Default)]
struct Fields {
    marked: BTreeSet<String>,
    nth: usize,
}

impl Fields {
    /// Harmful words with the mark of a field.
    fn of(&mut self, field: &str) -> String {
        let mark = format!("Mark{field}Mark");
        self.nth += 1;
        let words = format!("{mark} {}", HARM[self.nth % HARM.len()]);
        self.marked.insert(mark);
        words
    }
}

/// Elements and attributes of a page, as a browser would read them.
fn tags(page: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut tags = Vec::new();
    for piece in page.split('<').skip(1) {
        if !piece.starts_with(|c: char| c.is_ascii_alphabetic()) {
            continue;
        }
        let named = piece.find(|c: char| c.is_whitespace() || c == '>' || c == '/');
        let (name, mut rest) = piece.split_at(named.unwrap_or(piece.len()));
        let mut attributes = Vec::new();
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
            if rest.is_empty() || rest.starts_with('>') {
                break;
            }
            let end = rest.find(|c: char| c.is_whitespace() || c == '=' || c == '>' || c == '/');
            let (attribute, after) = rest.split_at(end.unwrap_or(rest.len()).max(1));
            rest = after;
            let mut value = "";
            if let Some(given) = rest.strip_prefix('=') {
                let quoted = given.strip_prefix('"').and_then(|within| within.split_once('"'));
                let plain = given
                    .find(|c: char| c.is_whitespace() || c == '>')
                    .unwrap_or(given.len());
                (value, rest) = quoted.unwrap_or_else(|| given.split_at(plain));
            }
            attributes.push((attribute.to_ascii_lowercase(), value.to_owned()));
        }
        tags.push((name.to_ascii_lowercase(), attributes));
    }
    tags
}

/// What on a page a browser would run, or load from elsewhere.
fn runs(page: &str) -> Option<String> {
    for (name, attributes) in tags(page) {
        let of = |wanted: &str| {
            attributes
                .iter()
                .find(|(name, _)| name == wanted)
                .map(|(_, value)| value)
        };
        let is_bad = match name.as_str() {
            "script" | "img" => !of("src").is_some_and(|source| source.starts_with("/assets/")),
            "iframe" | "object" | "embed" | "base" | "style" | "applet" => true,
            _ => false,
        };
        let handler = attributes
            .iter()
            .find(|(name, _)| name.starts_with("on") || name == "style" || name == "srcdoc");
        let address = attributes.iter().find(|(name, value)| {
            let is_address = ["href", "src", "action", "formaction", "xlink:href"].contains(&name.as_str());
            let within = ["/", "#", "?", "https://", "http://127.0.0.1"];
            is_address && !value.is_empty() && !within.iter().any(|start| value.starts_with(start))
        });
        if is_bad || handler.is_some() || address.is_some() {
            return Some(format!("<{name} {attributes:?}>"));
        }
    }
    None
}

#[test]
fn what_would_run_is_seen_and_what_is_only_written_is_not() {
    for harm in HARM {
        let within = |html: &str| html.replace("HERE", harm);
        let of_text = matches!(harm, "javascript:x7x()" | "&lt;script&gt;x7x()&lt;/script&gt;")
            || harm.starts_with("{{")
            || harm.starts_with("\" autofocus");
        assert_eq!(runs(&within("<p>HERE</p>")).is_none(), of_text, "{harm}");
    }
    assert!(runs("<input value=\"\" autofocus onfocus=x7x() x=\"\">").is_some());
    assert!(runs("<a href=\"javascript:x7x()\">go</a>").is_some());
    assert_eq!(runs("<a class=\"usa-link\" href=\"/loops/1\">Go on, on time</a>"), None);
    assert_eq!(runs("<p>&#60;script&#62;x7x()&#60;/script&#62;</p>"), None);
}

fn fine(reply: &Reply) -> &Reply {
    assert!(matches!(reply.status, 200 | 201), "{reply:?}");
    reply
}

fn id_of(reply: &Reply) -> String {
    fine(reply).body["id"].as_str().expect("an id").to_owned()
}

/// The district's own things, called by harmful names.
async fn set_up(stack: &Stack, fields: &mut Fields) -> Vec<String> {
    let eve = stack.signed_in("eve", "eve").await;
    let carol = stack.api("carol");
    let mut pages = Vec::new();
    let school = People::school("cedar");
    let school = format!("/api/v1/directory/schools/{school}");
    fine(
        &eve.post(&school, &json!({"name": fields.of("School"), "level": "middle"}))
            .await,
    );
    let department = json!({"name": fields.of("Department"), "decides": fields.of("Decides")});
    id_of(&eve.post("/api/v1/directory/departments", &department).await);
    let team = json!({"name": fields.of("Team"), "kind": "project_team", "members": [People::person("ines")]});
    id_of(&eve.post("/api/v1/directory/teams", &team).await);
    let zone = json!({"name": fields.of("Zone"), "purpose": fields.of("Purpose"), "plan": fields.of("Plan"),
        "schools": ["alder school"]});
    let zone = id_of(&carol.post("/api/v1/directory/zones", &zone).await);
    pages.push(format!("/zones/{zone}"));
    let person = json!({"name": fields.of("Person"), "title": fields.of("PersonTitle")});
    let person = id_of(&eve.post("/api/v1/directory/people", &person).await);
    pages.push(format!("/people/{person}"));
    let areas = json!({"areas": [{"code": "farm_programs", "label": fields.of("Area")}]});
    fine(&carol.post("/api/v1/directory/areas", &areas).await);
    let closed = json!({"closed": [{"from": "2026-12-21", "to": "2026-12-31", "label": fields.of("Holiday")}]});
    fine(&eve.post("/api/v1/directory/calendar", &closed).await);
    let duties = json!({"person": People::person("carol"), "duties": fields.of("Duties")});
    fine(&eve.post("/api/v1/directory/contact", &duties).await);
    let sign_on = json!({"id": "x", "kind": "standard", "name": fields.of("Provider"),
        "issuer": "https://x.example", "client_id": fields.of("Client")});
    fine(&eve.post("/api/v1/directory/sign-on", &sign_on).await);
    let district = eve.get("/api/v1/directory").await.body;
    let mut rules = district["rules"].clone();
    rules[0]["name"] = json!(fields.of("Rule"));
    let mut more = rules[0].clone();
    (more["id"], more["when"]) = (json!("more"), json!({"words": [fields.of("RuleWords")]}));
    rules.as_array_mut().expect("rules").push(more);
    fine(
        &carol
            .post("/api/v1/directory/routing-rules", &json!({"rules": rules}))
            .await,
    );
    let mut level = district["service_levels"][0].clone();
    level["name"] = json!(fields.of("Level"));
    fine(
        &eve.post("/api/v1/directory/service-levels", &json!({"level": level}))
            .await,
    );
    let day = (stack.clock.now() + chrono::Duration::days(3)).date_naive();
    let token = json!({"name": fields.of("Token"), "scope": "read", "until": day, "digest": "a".repeat(64)});
    let own = format!("/api/v1/directory/people/{}/make-token", People::person("eve"));
    fine(&eve.post(&own, &token).await);
    let ready = json!({"title": fields.of("ReadyTitle"), "step": "ask", "text": fields.of("ReadyText")});
    let curriculum = People::department("curriculum");
    let keep = format!("/api/v1/directory/departments/{curriculum}/keep-answer");
    fine(&stack.api("marcus").post(&keep, &ready).await);
    pages
}

/// A barrier that says harm wherever it says something.
fn filing(fields: &mut Fields, of: &str) -> Value {
    let mut filing = tension("seat_time");
    for field in ["title", "trying", "barrier", "tried", "would_help"] {
        filing[field] = json!(fields.of(&format!("{of}{field}")));
    }
    filing["citation"] = json!(fields.of(&format!("{of}Citation")));
    filing["clause"] = json!(fields.of(&format!("{of}Clause")));
    filing["rule_source"] = json!("board_policy");
    filing["visibility"] = json!("joinable");
    filing
}

/// Loops in which everything that can be said was said.
async fn loops(stack: &Stack, fields: &mut Fields) -> Vec<String> {
    let (rosa, marcus, carol, ada) = (
        stack.api("rosa"),
        stack.api("marcus"),
        stack.api("carol"),
        stack.api("ada"),
    );
    let filed = async |api: &Api, body: Value| {
        let id = id_of(&api.post("/api/v1/tensions", &body).await);
        stack.comes_to_rest().await;
        id
    };
    let first = filed(&rosa, filing(fields, "First")).await;
    let mut say = |of: &str| fields.of(of);
    let join = json!({"how_it_meets_us": say("Join")});
    stack.api("ann").does(&first, "join", join).await;
    marcus.does(&first, "acknowledge", json!({"word": say("Word")})).await;
    let question = json!({"question": say("Question"), "school": People::school("alder")});
    marcus.does(&first, "ask", question).await;
    rosa.does(&first, "answer", json!({"answer": say("Answer")})).await;
    marcus
        .does(&first, "note", json!({"text": say("Note"), "shared": true}))
        .await;
    marcus
        .does(&first, "note", json!({"text": say("InternalNote"), "shared": false}))
        .await;
    let due = json!({"resolve": "2027-01-29", "why": say("Due")});
    carol.does(&first, "change-due", due).await;
    rosa.does(
        &first,
        "contest",
        json!({"text": say("Statement"), "on_behalf_of": say("OnBehalfOf")}),
    )
    .await;
    ada.does(&first, "hold", json!({"why": say("Hold")})).await;
    ada.does(&first, "lift-hold", json!({"why": say("Lift")})).await;
    let correction = json!({"rule": {"source": "habit"}, "title": say("CorrectTitle"), "text": say("CorrectText")});
    marcus.does(&first, "correct-rule", correction).await;
    let pilot = json!({
        "kind": "pilot", "summary": say("Summary"), "rationale": say("Rationale"),
        "grants": {"title": say("GrantTitle"), "conditions": say("GrantConditions"), "stays_required": say("GrantStays"),
            "ends_on": "2027-06-11", "pilot_question": say("PilotQuestion")},
    });
    marcus.does(&first, "propose", pilot).await;
    rosa.does(&first, "refuse", json!({"why": say("Refuse")})).await;
    let escalate = json!({"to": "contact", "why": say("Escalate")});
    marcus.does(&first, "escalate", escalate).await;
    carol
        .does(
            &first,
            "decide",
            json!({"decision": say("Decision"), "why": say("DecisionWhy")}),
        )
        .await;
    ada.does(
        &first,
        "disclose",
        json!({"form": "public", "to": say("GivenTo"), "withhold": []}),
    )
    .await;

    let second = filed(&rosa, filing(fields, "Second")).await;
    let mut say = |of: &str| fields.of(of);
    let council = json!({"team": "The council", "question": say("TeamQuestion")});
    stack.api("lena").does(&second, "put-before-team", council).await;
    stack
        .api("ines")
        .does(
            &second,
            "decide",
            json!({"decision": say("TeamDecision"), "why": say("TeamWhy")}),
        )
        .await;
    let decline = json!({"ground": "non_negotiable", "reason": say("Decline")});
    stack.api("lena").does(&second, "decline", decline).await;
    rosa.does(&second, "appeal", json!({"why": say("Appeal")})).await;

    let third = filed(&rosa, filing(fields, "Third")).await;
    let mut say = |of: &str| fields.of(of);
    let hand = json!({"department": "technology", "why": say("Reroute")});
    marcus.does(&third, "reroute", hand).await;
    rosa.does(&third, "withdraw", json!({"why": say("Withdraw")})).await;

    // Its words are erased; by whose order stays.
    let fourth = filed(&rosa, filing(fields, "Fourth")).await;
    let mut say = |of: &str| fields.of(of);
    let erase = json!({"texts": ["all"], "ground": "court_order", "why": say("Erase")});
    carol.does(&fourth, "erase", erase).await;
    // Nothing of what it said is there to be found.
    fields
        .marked
        .retain(|mark| !mark.starts_with("MarkFourth") || mark.contains("Citation") || mark.contains("Clause"));

    // One that waits for the state, with the request written.
    let fifth = filed(&rosa, filing(fields, "Fifth")).await;
    let mut say = |of: &str| fields.of(of);
    let waiver = json!({"kind": "state_waiver", "summary": say("WaiverSummary")});
    marcus.does(&fifth, "propose", waiver).await;
    let draft = |parts: BTreeMap<String, String>| json!({"loop": fifth, "regime": "tx-tec-7-056", "parts": parts});
    let request = id_of(&marcus.post("/api/v1/waivers", &draft(BTreeMap::new())).await);
    let address = format!("/api/v1/waivers/{request}");
    let packet = marcus.get(&address).await.body;
    let parts = packet["parts"].as_array().expect("parts").iter();
    let parts = parts.filter_map(|part| part["name"].as_str());
    let parts = parts.map(|name| (name.to_owned(), say(&format!("Part{}", name.replace('_', "")))));
    let written = draft(parts.collect());
    fine(&marcus.post("/api/v1/waivers", &written).await);
    fine(&marcus.post(&format!("{address}/submit"), &json!({})).await);
    let answer =
        json!({"granted": true, "until": "2027-06-30", "reference": say("Reference"), "text": say("StateText")});
    fine(&marcus.post(&format!("{address}/answer"), &answer).await);
    let mut pages = vec![format!("/waivers/{request}")];
    for id in [first, second, third, fourth, fifth] {
        pages.push(format!("/loops/{id}"));
        pages.push(format!("/loops/{id}/record"));
        pages.push(format!("/file?follows={id}"));
    }
    pages
}

/// The register, patterns and reviews.
async fn office(stack: &Stack, fields: &mut Fields) -> Vec<String> {
    let mut replaced = vec!["MarkFirstCitationMark", "MarkFirstClauseMark"];
    let (lena, carol) = (stack.api("lena"), stack.api("carol"));
    let mut pages = Vec::new();
    for says in ["flexibility", "non_negotiable", "clarification"] {
        let mut say = |of: &str| fields.of(&format!("{says}{of}"));
        let mut words = json!({"says": says, "title": say("Title"), "text": say("Text"),
            "area": "seat_time", "readers": "public",
            "rule": {"source": "board_policy", "citation": say("Citation"), "clause": say("Clause")}});
        if says == "non_negotiable" {
            // It has no place for more, and says so.
            let mut more = words.clone();
            more["rationale"] = json!("x");
            let refused = lena.post("/api/v1/flexibilities", &more).await;
            assert_eq!((refused.status, refused.field()), (422, "rationale"), "{refused:?}");
        } else {
            words["rationale"] = json!(say("Rationale"));
        }
        if says == "flexibility" {
            words["conditions"] = json!(say("Conditions"));
            words["stays_required"] = json!(say("Stays"));
            words["scope"] = json!({"level": "schools", "schools": ["alder school"]});
        }
        let written = id_of(&lena.post("/api/v1/flexibilities", &words).await);
        pages.push(format!("/allowed/{written}"));
        if says != "flexibility" {
            continue;
        }
        stack.comes_to_rest().await;
        let address = format!("/api/v1/flexibilities/{written}");
        let published = json!({"readership": "families", "text": say("ForFamilies")});
        fine(&lena.post(&format!("{address}/publish-rationale"), &published).await);
        let claimed = json!({"how": say("How")});
        fine(&stack.api("rosa").post(&format!("{address}/claim"), &claimed).await);
        let changed =
            json!({"conditions": say("NewConditions"), "stays_required": say("NewStays"), "why": say("ChangeWhy")});
        fine(&lena.post(&format!("{address}/change-conditions"), &changed).await);
        // What they were before stands no more.
        replaced.extend(["MarkflexibilityConditionsMark", "MarkflexibilityStaysMark"]);
        let widened = json!({"scope": {"level": "district"}, "why": say("WidenWhy")});
        fine(&lena.post(&format!("{address}/widen"), &widened).await);
    }
    let mut say = |of: &str| fields.of(of);
    let review = json!({"title": say("ReviewTitle"), "citation": say("ReviewCitation"), "purpose": say("ReviewPurpose"),
        "department": "curriculum", "due_on": "2027-01-15"});
    let review = id_of(&lena.post("/api/v1/reviews", &review).await);
    let address = format!("/api/v1/reviews/{review}");
    let clause = json!({"clause": say("ReviewClause"), "finding": "blocks", "note": say("ReviewNote"), "pillar": "learner_profile"});
    let examined = lena.post(&format!("{address}/examine"), &clause).await;
    fine(&examined);
    let concluded = json!({"summary": say("ReviewSummary")});
    fine(&lena.post(&format!("{address}/conclude"), &concluded).await);
    pages.push(format!("/reviews/{review}"));

    // Three schools meet one rule.
    let (citation, clause) = (fields.of("PatternCitation"), fields.of("PatternClause"));
    for person in ["rosa", "ann", "ben"] {
        let mut one = tension("seat_time");
        one["rule_source"] = json!("board_policy");
        (one["citation"], one["clause"]) = (json!(citation), json!(clause));
        id_of(&stack.api(person).post("/api/v1/tensions", &one).await);
    }
    stack.comes_to_rest().await;
    let patterns = stack.patterns().await;
    let patterns: Vec<&str> = patterns.iter().map(|row| row["id"].as_str().expect("an id")).collect();
    pages.extend(patterns.iter().map(|id| format!("/patterns/{id}")));
    let address = format!("/api/v1/patterns/{}", patterns[0]);
    let mut say = |of: &str| fields.of(of);
    let propose = json!({"team": "The council", "department": "curriculum", "title": say("RevisionTitle"),
        "text": say("RevisionText"), "rationale": say("RevisionWhy"), "conditions": say("RevisionConditions"),
        "stays_required": say("RevisionStays")});
    fine(&carol.post(&format!("{address}/propose-revision"), &propose).await);
    let decide = json!({"adopted": true, "decision": say("RevisionDecision")});
    fine(
        &stack
            .api("ines")
            .post(&format!("{address}/decide-revision"), &decide)
            .await,
    );
    stack.comes_to_rest().await;
    fields.marked.retain(|mark| !replaced.contains(&mark.as_str()));
    pages
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_means_harm_in_any_field_is_only_words_on_every_page() {
    let stack = Stack::start(location(false).await.expect("a folder")).await;
    let mut fields = Fields::default();
    let mut pages = set_up(&stack, &mut fields).await;
    pages.extend(loops(&stack, &mut fields).await);
    pages.extend(office(&stack, &mut fields).await);
    stack.comes_to_rest().await;
    let client = reqwest::Client::new();
    let people = ["rosa", "ann", "marcus", "lena", "carol", "sam", "ada", "ines"];
    for person in people {
        stack.signed_in(person, person).await;
    }
    let fetched = async |person: &str, path: &str| {
        let address = format!("http://{}{path}", stack.address());
        let asked = client
            .get(address)
            .header("cookie", format!("loopline_session={person}"));
        let answer = asked.send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a text"))
    };
    // A view is kept from its page, with the token that the page gave out.
    let (_, page) = fetched("carol", "/loops?late=false").await;
    let csrf = page
        .split("name=\"csrf\" value=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    let csrf = csrf.expect("a token").to_owned();
    let form = [
        ("csrf", csrf),
        ("name", fields.of("View")),
        ("address", "/loops?late=false".to_owned()),
    ];
    let kept = client
        .post(format!("http://{}/views", stack.address()))
        .header("cookie", "loopline_session=carol")
        .form(&form)
        .send()
        .await
        .expect("an answer");
    assert!(kept.status().is_success(), "{kept:?}");
    let search = "MarkFirsttitleMark%20%22%3E%3Cimg%20src%3Dx%20onerror%3Dx7x%28%29%3E";
    let everywhere = [
        "/",
        "/school",
        "/file",
        "/department",
        "/department/answers",
        "/contact",
        "/contact/agenda",
        "/leader",
        "/leader?by=area",
        "/leader?by=school",
        "/leader?by=department",
        "/leader/brief",
        "/loops",
        "/loops?late=false",
        "/allowed",
        "/allowed/new",
        "/patterns",
        "/reviews",
        "/waivers",
        "/zones",
        "/people",
        "/record",
        "/roles",
        "/roster",
        "/account",
        "/settings",
        "/settings/schools",
        "/settings/departments",
        "/settings/teams",
        "/settings/time",
        "/settings/rules",
        "/settings/areas",
        "/settings/contact",
        "/settings/sign-on",
    ];
    pages.extend(everywhere.map(str::to_owned));
    pages.extend(["/d/north/allowed", "/sign-in"].map(str::to_owned));
    for place in [
        "/search?q=",
        "/loops?q=",
        "/leader?area=",
        "/file?trying=",
        "/receipt?receipt=",
    ] {
        pages.push(format!("{place}{search}"));
    }
    let mut unseen = fields.marked.clone();
    let mut drawn = 0;
    for person in people.into_iter().chain(["eve"]) {
        for path in &pages {
            let (status, page) = fetched(person, path).await;
            assert!(status < 500, "{person} {path}: {status}");
            assert_eq!(runs(&page), None, "{person} {path}");
            unseen.retain(|mark| !page.contains(mark.as_str()));
            drawn += 1;
        }
    }
    assert!(drawn > 500, "{drawn}");
    assert!(unseen.is_empty(), "what was written there stood on no page: {unseen:?}");
    // What is taken away to be looked at elsewhere runs nothing there either.
    for path in [
        "/leader/timeline.csv",
        "/leader/apart.csv?by=area",
        "/leader/months.csv",
    ] {
        let (status, file) = fetched("carol", path).await;
        assert_eq!(status, 200, "{path}");
        let begins = |cell: &str| cell.trim_start_matches('"').starts_with(['=', '+', '@', '\t']);
        assert!(!file.split([',', '\n']).any(begins), "{path}: a formula");
    }
    let (_, drawing) = fetched("carol", "/leader/timeline.svg").await;
    assert_eq!(runs(&drawing), None, "a drawing");
    stack.stop().await;
}
