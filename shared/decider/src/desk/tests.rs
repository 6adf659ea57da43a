//! What a policy's command is decided on.

use std::sync::Arc;

use contracts::envelope::Recorded;
use contracts::events::{IntakeEvent, RoutingEvent};
use contracts::ids::CommandId;
use domain::district_loop::Assignment;
use domain::samples::{brought_to_the_next_calendar, filed, routed};
use eventlog::EventLog;
use eventlog::memory::MemoryLog;
use sealing::{MasterKey, MemoryKeys};
use uuid::Uuid;

use super::*;
use crate::execute::written;

const LOOP: Uuid = Uuid::from_u128(7);

fn desk(log: &MemoryLog) -> Desk {
    Desk {
        log: Arc::new(log.clone()),
        keyring: Keyring::new(Arc::new(MemoryKeys::default()), MasterKey::new([7; 32])),
        clock: Clock::by_hand(DateTime::from_timestamp(1_793_620_800, 0).expect("a time")),
        districts: LiveDistricts::default(),
        recent: Recent::default(),
    }
}

/// What a policy asks for.
fn message(nth: u128) -> CommandMessage {
    CommandMessage {
        id: CommandId(Uuid::from_u128(nth)),
        district: "north".parse().expect("a slug"),
        thing: LOOP,
        request_hash: "p".to_owned(),
        authority: Authority::Policy { name: "p".to_owned() },
        based_on: None,
        caused_by: None,
        traceparent: None,
        body: serde_json::value::RawValue::NULL.to_owned(),
    }
}

fn subject() -> Subject {
    Subject::of_loop(&message(0).district, LoopId(LOOP))
}

fn recorded(nth: u128, event: &impl OwnedEvents, previous: u64, sequence: u64) -> Recorded {
    let envelope = written(&subject(), &message(nth), event, previous, DateTime::UNIX_EPOCH).expect("an envelope");
    Recorded {
        sequence,
        subject: subject(),
        envelope,
    }
}

/// A loop that was filed, and routed by somebody since.
async fn filed_and_routed(log: &MemoryLog) -> Recorded {
    let first = recorded(1, &IntakeEvent::from(filed("alder")), 0, 1);
    let second = recorded(2, &RoutingEvent::from(routed("maintenance")), 1, 2);
    for event in [&first, &second] {
        let appended = log
            .append(&event.subject, event.envelope.previous, &event.envelope)
            .await;
        assert_eq!(appended, Ok(event.sequence));
    }
    first
}

/// Routes what is not routed; what is, needs nothing.
struct RouteOnce;

impl Decide<Loop> for RouteOnce {
    type Event = RoutingEvent;
    type Rejection = Rejection;

    fn decide(&self, state: &Loop, _: DateTime<Utc>) -> Result<Option<RoutingEvent>, Rejection> {
        let unrouted = state.filed()?.assignment == Assignment::Unrouted;
        Ok(unrouted.then(|| routed("maintenance").into()))
    }
}

/// Can be done only where somebody has it.
struct ChangeDates;

impl Decide<Loop> for ChangeDates {
    type Event = RoutingEvent;
    type Rejection = Rejection;

    fn decide(&self, state: &Loop, _: DateTime<Utc>) -> Result<Option<RoutingEvent>, Rejection> {
        match state.filed()?.assignment {
            Assignment::Unrouted => Err(Rejection::NotEscalated),
            Assignment::Triage { .. } | Assignment::With(_) => Ok(Some(brought_to_the_next_calendar().into())),
        }
    }
}

const GUARD: Guard = Guard {
    action: Action::Route,
    school: None,
};

#[tokio::test]
async fn nothing_is_read_where_a_policys_event_says_all() {
    // A log in which nothing stands: whoever read it would find no loop.
    let desk = desk(&MemoryLog::default());
    let first = recorded(1, &IntakeEvent::from(filed("alder")), 0, 7);
    let opened = desk.open_after(&message(3), Some(&first)).await.expect("it is known");
    assert_eq!(opened.recorded().len(), 1);
    assert_eq!(
        desk.open_after(&message(3), None).await.expect_err("not there").status,
        404
    );
}

#[tokio::test]
async fn what_somebody_else_did_meanwhile_is_seen_when_it_is_appended() {
    let log = MemoryLog::default();
    let (first, desk) = (filed_and_routed(&log).await, desk(&log));
    let opened = desk.open_after(&message(3), Some(&first)).await.expect("opened");
    assert_eq!(opened.record().assignment, Assignment::Unrouted, "as it was then");
    let done = desk.carry_out_as_told(opened, &message(3), &GUARD, &RouteOnce).await;
    assert_eq!(done.expect("no refusal"), None);
    let opened = desk.open(&message(3)).await.expect("opened");
    let done = desk.carry_out(opened, &message(3), &GUARD, &RouteOnce).await;
    let done = done.expect("nothing is left to do");
    assert_eq!((done.version, done.repeated), (2, true));
    assert_eq!(log.head().await, Ok(2));
}

#[tokio::test]
async fn nothing_is_refused_for_what_may_have_changed() {
    let log = MemoryLog::default();
    let (first, desk) = (filed_and_routed(&log).await, desk(&log));
    let opened = desk.open_after(&message(3), Some(&first)).await.expect("opened");
    let done = desk.carry_out_as_told(opened, &message(3), &GUARD, &ChangeDates).await;
    assert_eq!(done.expect("no refusal"), None);
    let opened = desk.open(&message(3)).await.expect("opened");
    let done = desk.carry_out(opened, &message(3), &GUARD, &ChangeDates).await;
    assert_eq!(done.expect("carried out").version, 3);
    // The same command again, told of the same event, finds itself done: here, and where nothing is kept.
    let elsewhere = self::desk(&log);
    for desk in [desk, elsewhere] {
        let again = desk.open_after(&message(3), Some(&first)).await.expect("opened");
        let again = desk.carry_out_as_told(again, &message(3), &GUARD, &ChangeDates).await;
        let done = Done {
            version: 3,
            repeated: true,
        };
        assert_eq!(again.expect("answered"), Some(done));
    }
    assert_eq!(log.head().await, Ok(3));
}

#[tokio::test]
async fn where_nothing_has_happened_since_it_is_appended_at_once() {
    let log = MemoryLog::default();
    let first = recorded(1, &IntakeEvent::from(filed("alder")), 0, 1);
    assert_eq!(log.append(&subject(), 0, &first.envelope).await, Ok(1));
    let desk = desk(&log);
    let opened = desk.open_after(&message(3), Some(&first)).await.expect("opened");
    let done = desk.carry_out_as_told(opened, &message(3), &GUARD, &RouteOnce).await;
    let done = done.expect("no refusal").expect("appended");
    assert_eq!((done.version, done.repeated), (2, false));
}

#[tokio::test]
async fn an_event_that_does_not_follow_on_what_is_known_is_not_taken_in() {
    let log = MemoryLog::default();
    let _ = filed_and_routed(&log).await;
    let desk = desk(&log);
    // Another replica kept nothing of the loop, and is told of its second event.
    let second = recorded(2, &RoutingEvent::from(routed("maintenance")), 1, 2);
    let opened = desk.open_after(&message(3), Some(&second)).await.expect("read");
    assert_eq!(opened.recorded().len(), 2);
}
