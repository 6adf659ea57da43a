//! Leaders' figures: counted over all loops, told apart, narrowed down by school, level, zone, area and department, month
//! by month, and the same over both databases.

use loopline_tests::{People, Stack};
use serde_json::{Value, json};
use sql::Location;

loopline_tests::on_both_databases!(figures_are_what_happened);

async fn figures_are_what_happened(location: Location) {
    let stack = Stack::start(location).await;
    // Five loops at three schools: one closed by its school, one declined, one withdrawn, two open, one of them late.
    let closed = stack.api("rosa").files("seat_time").await;
    let declined = stack.api("ann").files("seat_time").await;
    let withdrawn = stack.api("rosa").files("grading").await;
    let late = stack.api("ben").files("technology_access").await;
    stack.comes_to_rest().await;
    let marcus = stack.api("marcus");
    marcus
        .does(&closed, "acknowledge", json!({"word": "We have it."}))
        .await;
    let answer = json!({"kind": "already_allowed", "summary": "You may.", "rationale": "No rule forbids it."});
    marcus.does(&closed, "propose", answer).await;
    stack.api("rosa").does(&closed, "confirm", json!({})).await;
    marcus
        .does(&declined, "acknowledge", json!({"word": "We have it."}))
        .await;
    let no = json!({"ground": "non_negotiable", "reason": "The law says so."});
    marcus.does(&declined, "decline", no).await;
    stack
        .api("rosa")
        .does(&withdrawn, "withdraw", json!({"why": "It went away."}))
        .await;
    stack.days_pass(12).await;
    let open = stack.api("ann").files("seat_time").await;
    stack.comes_to_rest().await;
    let head = stack.log.head().await.expect("the log");
    let asks = async |person: &str, path: &str| stack.api(person).get_at(path, head).await;
    let all = asks("sam", "/api/v1/metrics/summary").await;
    assert_eq!(all.status, 200, "{all:?}");
    let of = |body: &Value, name: &str| body[name].as_u64().unwrap_or_else(|| panic!("{name} in {body}"));
    let counted = |body: &Value| {
        [
            "open",
            "late",
            "filed",
            "closed_confirmed",
            "declined",
            "withdrawn",
            "structural",
            "exceptions",
        ]
        .map(|name| of(body, name))
    };
    assert_eq!(counted(&all.body), [2, 1, 5, 1, 1, 1, 1, 0], "{:?}", all.body);
    assert_eq!(
        all.body["late_with"].as_array().map(|with| with
            .iter()
            .map(|one| (one["name"].as_str(), one["late"].as_u64()))
            .collect::<Vec<_>>()),
        Some(vec![(Some("technology"), Some(1)), (Some("curriculum"), Some(0))])
    );

    // Told apart, the parts are the whole; a school is known by its id, an area and a state by their codes.
    for (by, keys) in [
        ("area", vec!["grading", "seat_time", "technology_access"]),
        ("state", vec!["closed", "declined", "routed", "withdrawn"]),
    ] {
        let told = asks("sam", &format!("/api/v1/metrics/summary?by={by}")).await.body;
        let told = told["by"].as_array().expect("figures told apart").clone();
        let mut found: Vec<&str> = told.iter().filter_map(|one| one["key"].as_str()).collect();
        found.sort_unstable();
        assert_eq!(found, keys, "{by}");
        let sum: u64 = told.iter().map(|one| of(one, "filed")).sum();
        assert_eq!(sum, 5, "{by}");
    }
    let schools = asks("sam", "/api/v1/metrics/summary?by=school").await.body;
    let alder = People::school("alder").to_string();
    let of_alder = schools["by"]
        .as_array()
        .expect("schools")
        .iter()
        .find(|one| one["key"] == json!(alder));
    let of_alder = of_alder.expect("the school that filed two");
    assert_eq!(
        (of_alder["name"].as_str(), of(of_alder, "filed")),
        (Some("alder school"), 2)
    );
    let departments = asks("sam", "/api/v1/metrics/summary?by=department").await.body;
    let technology = departments["by"].as_array().expect("departments").iter();
    let technology = technology
        .filter(|one| one["name"] == json!("technology"))
        .map(|one| (of(one, "open"), of(one, "late")))
        .collect::<Vec<_>>();
    assert_eq!(technology, [(1, 1)]);

    // Narrowed down: the river zone has two of the schools, all are middle schools, and none is a high school.
    let river = contracts::ZoneId::derived(&["north", "river"]);
    for (narrowed, filed) in [
        (format!("zone={river}"), 4),
        (format!("zone={river}&school={alder}"), 2),
        ("level=middle".to_owned(), 5),
        ("level=high".to_owned(), 0),
        (format!("zone={}", contracts::ZoneId::derived(&["north", "none"])), 0),
        ("area=seat_time".to_owned(), 3),
        (format!("department={}", People::department("technology")), 1),
        (format!("department={}", People::department("curriculum")), 4),
        ("from=2026-11-10".to_owned(), 1),
    ] {
        let summary = asks("sam", &format!("/api/v1/metrics/summary?{narrowed}")).await.body;
        assert_eq!(of(&summary, "filed"), filed, "{narrowed}: {summary}");
        // What a figure counts, the list shows.
        if !narrowed.starts_with("from") && !narrowed.starts_with("department") {
            let list = asks("sam", &format!("/api/v1/loops?{narrowed}")).await.body;
            assert_eq!(
                list["items"].as_array().map(Vec::len),
                Some(filed as usize),
                "{narrowed}"
            );
        }
    }

    // Month by month: all of it in this one.
    let trend = asks("sam", "/api/v1/metrics/trend?months=3").await;
    let months = trend.body["months"].as_array().expect("months").clone();
    assert_eq!(months.len(), 3);
    let told: Vec<[u64; 5]> = months
        .iter()
        .map(|month| ["filed", "closed_confirmed", "declined", "withdrawn", "structural"].map(|name| of(month, name)))
        .collect();
    assert_eq!(told, [[0; 5], [0; 5], [5, 1, 1, 1, 1]]);
    assert_eq!(months[2]["from"], json!("2026-11-01"));
    let one = asks("sam", "/api/v1/metrics/trend?months=1").await.body;
    assert_eq!(
        one["months"]
            .as_array()
            .map(|months| (months.len(), of(&months[0], "filed"))),
        Some((1, 5))
    );
    for absurd in [
        "to=-262143-01-01",
        "to=%2B262142-12-31",
        "months=0",
        "months=4000000000",
    ] {
        let reply = asks("sam", &format!("/api/v1/metrics/trend?{absurd}")).await;
        assert_eq!(reply.status, 200, "{absurd}: {reply:?}");
    }
    stack.clock.set(stack.clock.now() + chrono::Duration::days(31));
    let later = asks("sam", &format!("/api/v1/metrics/trend?months=2&zone={river}"))
        .await
        .body;
    assert_eq!(
        later["months"]
            .as_array()
            .map(|months| (of(&months[0], "filed"), of(&months[1], "filed"))),
        Some((4, 0))
    );

    // A department counts what it sees; a school sees no figures.
    let of_technology = asks("tom", "/api/v1/metrics/summary").await.body;
    assert_eq!(of(&of_technology, "filed"), 1);
    assert_eq!(asks("rosa", "/api/v1/metrics/trend").await.status, 403);
    let seen = stack.api("carol").sees(&open, head).await;
    assert_eq!(
        (seen["state"].as_str(), seen["id"].as_str()),
        (Some("routed"), Some(open.as_str()))
    );
    // What lies before a team is found by the team.
    let council = contracts::TeamId::derived(&["north", "council"]);
    marcus.does(&open, "acknowledge", json!({"word": "We have it."})).await;
    let asked = json!({"team": "The council", "question": "May they?"});
    let version = stack.api("lena").does(&open, "put-before-team", asked).await;
    for (team, there) in [(council, 1), (contracts::TeamId::derived(&["north", "none"]), 0)] {
        let list = stack
            .api("carol")
            .get_at(&format!("/api/v1/loops?team={team}"), version)
            .await;
        assert_eq!(list.body["items"].as_array().map(Vec::len), Some(there), "{team}");
    }
    let seen = stack.api("carol").sees(&late, head).await;
    assert_eq!(seen["state"].as_str(), Some("routed"));
    stack.stop().await;
}

loopline_tests::on_both_databases!(whoever_sees_figures_has_counted_what_they_see);

/// What somebody's figures say is open, and late, beside how many open loops stand in their list.
async fn counted_and_listed(stack: &Stack, person: &str, at_least: u64) -> (Value, Value, usize) {
    let api = stack.api(person);
    let summary = api.get_at("/api/v1/metrics/summary", at_least).await;
    assert_eq!(summary.status, 200, "{person}: {summary:?}");
    let list = api.get_at("/api/v1/loops?open=true&limit=200", at_least).await;
    let items = list.body["items"].as_array().expect("a list");
    (summary.body["open"].clone(), summary.body["filed"].clone(), items.len())
}

async fn whoever_sees_figures_has_counted_what_they_see(location: Location) {
    let stack = Stack::start(location).await;
    let (rosa, ann) = (stack.api("rosa"), stack.api("ann"));
    let files = async |api: &loopline_tests::Api, area: &str, visibility: &str| {
        let mut tension = loopline_tests::tension(area);
        tension["visibility"] = json!(visibility);
        let filed = api.post("/api/v1/tensions", &tension).await;
        assert_eq!(filed.status, 201, "{filed:?}");
        filed.body["id"].as_str().expect("an id").to_owned()
    };
    let joinable = files(&rosa, "seat_time", "joinable").await;
    let secret = files(&rosa, "seat_time", "confidential").await;
    let other = files(&ann, "technology_access", "school_only").await;
    let hidden = files(&ann, "technology_access", "confidential").await;
    // Filed by somebody of another department, who is named in it and nothing else.
    files(&stack.api("tom"), "seat_time", "joinable").await;
    stack.comes_to_rest().await;
    let everybody = ["carol", "sam", "marcus", "lena", "tom", "ada"];
    let agree = async |what: &str| {
        let head = stack.log.head().await.expect("the log");
        let mut seen = Vec::new();
        for person in everybody {
            let (open, filed, listed) = counted_and_listed(&stack, person, head).await;
            assert_eq!(open, json!(listed), "{person} after {what}");
            seen.push(filed);
        }
        seen
    };
    let first = agree("filing").await;
    assert_eq!(
        first[..2],
        [json!(5), json!(3)],
        "the contact sees all, a leader what is not for named people"
    );
    // What changes is counted as it is then: brought to leaders, handed on, joined, made confidential, ended.
    let why = json!({"to": "leader", "why": "It is for the superintendent."});
    stack.api("carol").does(&secret, "escalate", why).await;
    assert_eq!(agree("bringing it to leaders").await[1], json!(4));
    let handed = json!({"department": "technology", "why": "They run the platform."});
    stack.api("marcus").does(&joinable, "reroute", handed).await;
    agree("handing it on").await;
    ann.does(&joinable, "join", json!({})).await;
    agree("joining").await;
    ann.does(&other, "amend", json!({"visibility": "confidential"})).await;
    let after = agree("making it confidential").await;
    assert_eq!(after[1], json!(3));
    ann.does(&hidden, "withdraw", json!({"why": "It went away."})).await;
    agree("withdrawing").await;
    stack.stop().await;
}
