//! Time passes: what it brings about is on record once, and never for the wrong reason.

use loopline_tests::{Stack, location, on_both_databases};
use serde_json::json;
use sql::Location;

on_both_databases!(what_time_brings_about);

fn count(history: &[String], kind: &str) -> usize {
    history.iter().filter(|known| *known == kind).count()
}

async fn what_time_brings_about(location: Location) {
    let stack = Stack::start(location).await;
    let (rosa, marcus) = (stack.api("rosa"), stack.api("marcus"));
    let silent = rosa.files("seat_time").await;
    let asked = rosa.files("seat_time").await;
    let answered = rosa.files("seat_time").await;
    let closed = rosa.files("seat_time").await;
    stack.comes_to_rest().await;
    let version = marcus.does(&asked, "ask", json!({"question": "Which?"})).await;
    assert_eq!(
        rosa.sees(&asked, version).await["due"],
        json!({"acknowledge": null, "next_word": null, "resolve": null})
    );
    marcus
        .does(&answered, "propose", json!({"kind": "support", "summary": "Help."}))
        .await;
    marcus
        .does(&closed, "propose", json!({"kind": "support", "summary": "Help."}))
        .await;
    rosa.does(&closed, "confirm", json!({"revision": 1})).await;

    // Monday to Friday: the first word was due on Thursday.
    stack.days_pass(4).await;
    let head = stack.log.head().await.expect("a head");
    let seen = rosa.sees(&silent, head).await;
    assert_eq!(
        (seen["late"].as_bool(), seen["due"]["acknowledge"].as_str()),
        (Some(true), Some("2026-11-05"))
    );
    let late = rosa.get("/api/v1/loops?late=true").await;
    assert_eq!(late.body["items"].as_array().map(Vec::len), Some(1));
    stack.days_pass(40).await;
    let head = stack.log.head().await.expect("a head");
    let history = rosa.history(&silent, head).await;
    assert_eq!(
        (count(&history, "due_soon_noticed"), count(&history, "deadline_missed")),
        (2, 2),
        "{history:?}"
    );
    // While the school is asked, nothing is late, and answering does not make it late.
    assert_eq!(count(&rosa.history(&asked, head).await, "deadline_missed"), 0);
    let version = rosa.does(&asked, "answer", json!({"answer": "This."})).await;
    stack.tick().await;
    assert_eq!(rosa.sees(&asked, version).await["late"], json!(false));
    assert_eq!(count(&rosa.history(&asked, version).await, "deadline_missed"), 0);
    // Nobody answered the proposal: twice reminded, the contact told, closed as unconfirmed.
    let history = rosa.history(&answered, head).await;
    assert_eq!(
        (count(&history, "reminder_sent"), count(&history, "closed_unconfirmed")),
        (3, 1),
        "{history:?}"
    );
    let seen = rosa.sees(&answered, head).await;
    assert_eq!(
        (seen["state"].as_str(), seen["unconfirmed"].as_bool()),
        (Some("closed"), Some(true))
    );
    // What was closed is asked about once, and reopens once.
    assert_eq!(count(&rosa.history(&closed, head).await, "follow_up_asked"), 1);
    let version = rosa
        .does(
            &closed,
            "follow-up",
            json!({"still_works": false, "text": "Not any more."}),
        )
        .await;
    assert_eq!(rosa.sees(&closed, version).await["state"], "reopened");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snow_day_moves_open_dates_by_event() {
    let stack = Stack::start(location(false).await.expect("a folder")).await;
    let (rosa, carol) = (stack.api("rosa"), stack.api("carol"));
    let id = rosa.files("seat_time").await;
    stack.comes_to_rest().await;
    let head = stack.log.head().await.expect("a head");
    assert_eq!(rosa.sees(&id, head).await["due"]["acknowledge"], json!("2026-11-05"));
    let snow = json!({"closed": [{"from": "2026-11-04", "to": "2026-11-04", "label": "Snow"}]});
    let reply = stack.api("eve").post("/api/v1/directory/calendar", &snow).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    loopline_tests::until("the dates have moved", async || {
        stack.tick().await;
        let head = stack.log.head().await.expect("a head");
        rosa.sees(&id, head).await["due"]["acknowledge"] == json!("2026-11-06")
    })
    .await;
    let head = stack.log.head().await.expect("a head");
    assert_eq!(count(&rosa.history(&id, head).await, "due_dates_changed"), 1);
    // A day off that moves no date leaves the loop alone.
    let later = json!({"closed": [
        {"from": "2026-11-04", "to": "2026-11-04", "label": "Snow"},
        {"from": "2029-07-04", "to": "2029-07-04", "label": "Independence Day"},
    ]});
    let reply = stack.api("eve").post("/api/v1/directory/calendar", &later).await;
    stack.is_ready().await;
    stack.tick().await;
    assert_eq!(
        stack.log.head().await.expect("a head"),
        reply.version(),
        "nothing follows from it"
    );
    // A person moves the day of the answer to a working day, and says why.
    for (day, problem) in [
        ("2027-01-30", "day-closed"),
        ("2026-11-01", "day-in-the-past"),
        ("2050-01-03", "day-too-far"),
    ] {
        let reply = carol
            .tries(&id, "change-due", json!({"resolve": day, "why": "w"}))
            .await;
        assert_eq!((reply.status, reply.problem()), (422, problem), "{day}");
    }
    let version = carol
        .does(
            &id,
            "change-due",
            json!({"resolve": "2027-02-01", "why": "The board meets in January."}),
        )
        .await;
    assert_eq!(rosa.sees(&id, version).await["due"]["resolve"], json!("2027-02-01"));
    stack.stop().await;
}
