//! Messages that come again, out of order, or that nobody can read.

use std::time::{Duration, Instant};

use async_nats::jetstream::{self, consumer::pull};
use contracts::ids::{LoopId, PersonId};
use contracts::subjects::{STREAM, Subject};
use messaging::dead::subjects_set_aside;
use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::json;
use sql::on;
use uuid::Builder;

use super::Done;
use super::world::World;
use crate::observe::{CONSUMERS, Observer};
use crate::system::{System, until};

/// How long it may take until what cannot be read is set aside.
const ASIDE_MAX: Duration = Duration::from_secs(25);

/// Deletes the policies' durable consumers: they are made anew, and everything is delivered to them again.
pub(super) async fn replay(world: &World) -> anyhow::Result<Done> {
    let system = world.system()?;
    let operator = Observer::connect(&world.data, system.ports.broker, "operator").await?;
    let context = jetstream::new(operator.bus.client());
    until("the consumers are deleted", ASIDE_MAX, async || {
        let mut gone = true;
        for name in CONSUMERS {
            gone &= context.delete_consumer_from_stream(name, STREAM).await.is_ok();
        }
        gone
    })
    .await?;
    until("the policies have made their consumers anew", ASIDE_MAX, async || {
        for name in CONSUMERS {
            let consumer: Result<jetstream::consumer::Consumer<pull::Config>, _> =
                context.get_consumer_from_stream(name, STREAM).await;
            if consumer.is_err() {
                return false;
            }
        }
        true
    })
    .await?;
    Ok(Done::well("everything delivered to the policies again"))
}

/// What settles deliveries goes missing: they come again when their time is up.
pub(super) async fn withhold(world: &World, random: &mut StdRng) -> anyhow::Result<Done> {
    let proxy = &world.system()?.service("routing").proxy;
    let before = proxy.settles_lost();
    proxy.change(|weather| weather.settles_lost = true);
    let (began, lasts) = (Instant::now(), world.lasts(random, 20));
    while began.elapsed() < lasts {
        world.files(random).await?;
    }
    proxy.change(|weather| weather.settles_lost = false);
    let lost = proxy.settles_lost() - before;
    Ok(Done::well(format!("{lost} settlings lost")))
}

/// Publishes what nobody can read, with the identity of a service that may publish there.
pub(super) async fn poison(world: &World, random: &mut StdRng) -> anyhow::Result<Done> {
    let system = world.system()?;
    let district = world.board.session("reporter").claims.district.clone();
    // One loop that was whole until then, and others that never were.
    let spoilt = world.files(random).await?;
    let mut fresh = || {
        let bytes: [u8; 16] = random.random();
        LoopId(Builder::from_custom_bytes(bytes).into_uuid())
    };
    let (broken, unknown, large) = (fresh(), fresh(), fresh());
    let subject = |id: LoopId| Subject::of_loop(&district, id);
    let mut messages = vec![
        (subject(broken), b"{ this is no json".to_vec()),
        (subject(unknown), of_unknown_type(&subject(unknown))),
        (subject(large), vec![b'x'; 40 * 1024]),
    ];
    if let Some(id) = spoilt {
        messages.push((subject(id), b"[]".to_vec()));
    }
    for (subject, _) in &messages {
        world.spoil(&subject.to_string());
    }
    let intake = Observer::connect(&world.data, system.ports.broker, "intake").await?;
    let client = intake.bus.client();
    for (subject, payload) in &messages {
        until("the broker takes it", ASIDE_MAX, async || {
            client
                .request(subject.to_string(), payload.clone().into())
                .await
                .is_ok()
        })
        .await?;
    }
    let subjects: Vec<String> = messages.iter().map(|(subject, _)| subject.to_string()).collect();
    let mut done = Done::well(format!("{} messages that cannot be read", subjects.len()));
    if let Err(error) = aside(world, system, &subjects).await {
        done.complaints.push(error.to_string());
    }
    Ok(done)
}

/// Waits until the policies and the timeline have set everything on these subjects aside.
async fn aside(world: &World, system: &System, subjects: &[String]) -> anyhow::Result<()> {
    let operator = Observer::connect(&world.data, system.ports.broker, "operator").await?;
    until("the policies set it aside", ASIDE_MAX, async || {
        let found = subjects_set_aside(&operator.bus, "routing", messaging::policy::READER).await;
        found.is_ok_and(|found| subjects.iter().all(|subject| found.contains(subject)))
    })
    .await?;
    let table = timeline::open(
        &system.layout.location,
        "timeline",
        operator.log.clone(),
        operator.keyring.clone(),
    )
    .await?;
    let waited = until("the timeline sets it aside", ASIDE_MAX, async || {
        let Ok(mut all) = table.db.across().await else {
            return false;
        };
        let found: Result<Vec<String>, _> =
            on!(all, rows => sqlx::query_scalar("SELECT subject FROM set_aside").fetch_all(rows).await);
        found.is_ok_and(|found| subjects.iter().all(|subject| found.contains(subject)))
    })
    .await;
    table.db.close().await;
    waited
}

/// A whole event, but of a type that no release has written.
fn of_unknown_type(subject: &Subject) -> Vec<u8> {
    let actor = format!("person/{}", PersonId::derived(&["nobody"]));
    json!({
        "specversion": "1.0",
        "id": Builder::from_custom_bytes([7; 16]).into_uuid(),
        "source": "/loopline/intake",
        "type": "org.loopline.intake.moon_howled_at.v1",
        "subject": subject.event_subject(),
        "time": "2026-01-01T00:00:00Z",
        "datacontenttype": "application/json",
        "district": subject.district,
        "actor": actor,
        "commandid": Builder::from_custom_bytes([8; 16]).into_uuid(),
        "requesthash": "",
        "previous": "0",
        "data": {},
    })
    .to_string()
    .into_bytes()
}
