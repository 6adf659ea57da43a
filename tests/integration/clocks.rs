//! Time passes: what it brings about is on record once, and never for the wrong reason.

use contracts::events::{LoopEvent, RoutingEvent};
use contracts::ids::LoopId;
use contracts::subjects::Subject;
use domain::{Fold, Loop};
use loopline_tests::{Stack, location, on_both_databases};
use serde_json::json;
use sql::Location;

on_both_databases!(what_time_brings_about);

/// The day by which a routing promises a first word, from the record itself.
async fn promised(stack: &Stack, id: &str) -> Option<chrono::NaiveDate> {
    let id = LoopId(id.parse().expect("an id"));
    let subject = Subject::of_loop(&"north".parse().expect("a slug"), id);
    let history = stack.log.load(&subject, 0, 0).await.expect("a read");
    let last = history.last().expect("an event").parse().expect("an event");
    match Loop::read(&last.envelope) {
        Ok(LoopEvent::Routing(RoutingEvent::TensionRouted(routed))) => routed.due.acknowledge,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_promised_counts_from_the_time_that_the_record_bears() {
    let stack = Stack::start(location(false).await.expect("a folder")).await;
    let (rosa, carol) = (stack.api("rosa"), stack.api("carol"));
    // No rule is for it: somebody has to say whose it is.
    let id = rosa.files("other").await;
    stack.comes_to_rest().await;
    // The host that took the last word is a day ahead of the one that routes: an event is never before the last one.
    stack.clock.set(stack.clock.now() + chrono::Duration::days(1));
    rosa.does(&id, "amend", json!({"title": "The bell cuts projects short"}))
        .await;
    stack.clock.set(loopline_tests::monday());
    let version = carol.does(&id, "route", json!({"department": "curriculum"})).await;
    let counted = carol.sees(&id, version).await["due"]["acknowledge"].clone();
    assert_eq!(json!(promised(&stack, &id).await), counted);
    assert_eq!(counted, json!("2026-11-06"), "three days from Tuesday");
    stack.stop().await;
}

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
