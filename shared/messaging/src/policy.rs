//! Policies: when this happened, then do that. At least once, in the order of each thing, side by side across things.
//!
//! A policy's commands carry ids derived from the event and the policy's name, so that a repeated delivery does
//! nothing new. Failures are sorted: what may pass is tried again while that one thing waits; a refusal that the
//! policy expects is done with; anything else is set aside with all that follows on that thing, and nobody else waits.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use contracts::claims::Authority;
use contracts::commands::CommandMessage;
use contracts::envelope::Recorded;
use contracts::ids::{CommandId, District};
use contracts::subjects;
use contracts::versions::Unreadable;
use eventlog::{Delivery, Log};
use runtime::{Health, Lifecycle, health::State};
use tokio::task::JoinSet;
use tracing::{error, warn};
use uuid::Uuid;

use crate::bus::Bus;
use crate::dead::{SetAside, set_aside, subjects_set_aside};

/// Things worked on at a time.
const LANES_MAX: usize = 64;
/// How long a thing waits before a failed reaction is tried again.
const RETRY_AFTER: Duration = Duration::from_millis(300);

/// A command that a policy wants carried out.
#[derive(Debug, Clone)]
pub struct PolicyCommand {
    /// The service that owns it.
    pub service: &'static str,
    /// What it is to do.
    pub verb: &'static str,
    /// The district.
    pub district: District,
    /// The thing.
    pub thing: Uuid,
    /// The command's body.
    pub body: serde_json::Value,
}

/// A policy: pure, named, and with the refusals it expects.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// For instance `when_tension_filed_then_route`.
    pub name: &'static str,
    /// What follows from an event.
    pub react: fn(&Recorded) -> Result<Vec<PolicyCommand>, Unreadable>,
    /// Names of problems that mean that nothing is left to do.
    pub expected: &'static [&'static str],
}

enum Outcome {
    Done,
    Again,
    SetAside(String),
    Fatal(String),
}

#[derive(Default)]
struct Lane {
    running: bool,
    waiting: VecDeque<Delivery>,
    // The event that must come before any other of this thing.
    held_for: Option<u64>,
}

/// Runs a policy until the process ends, or until it meets an event of a newer release.
pub async fn run_policy(
    log: Log,
    bus: Bus,
    lifecycle: Lifecycle,
    health: Health,
    service: &'static str,
    policy: Policy,
) {
    let part = format!("{service} {}", policy.name);
    health.set(&part, State::Starting("connecting".to_owned()));
    let name = format!("{service}-{}", policy.name);
    let filter = vec![
        subjects::every(subjects::Thing::Loop),
        subjects::every(subjects::Thing::District),
    ];
    let mut attempt = 0;
    let (mut durable, mut parked) = loop {
        let ready = match subjects_set_aside(&bus, service, policy.name).await {
            Ok(parked) => log
                .durable(&name, filter.clone())
                .await
                .map(|durable| (durable, parked))
                .map_err(|error| error.to_string()),
            Err(error) => Err(error),
        };
        match ready {
            Ok(ready) => break ready,
            Err(error) => {
                if attempt == 10 {
                    warn!(policy = policy.name, error, "a policy cannot begin");
                }
                attempt += 1;
                runtime::clock::pause(Duration::from_millis(100)).await;
            }
        }
    };
    health.set(&part, State::Ready);
    let shared = Arc::new((bus, service, policy));
    let mut lanes: HashMap<String, Lane> = HashMap::new();
    let mut running: JoinSet<(Delivery, Outcome)> = JoinSet::new();
    loop {
        tokio::select! {
            delivery = durable.next(), if running.len() < LANES_MAX => {
                let subject = delivery.raw.subject.clone();
                let lane = lanes.entry(subject.clone()).or_default();
                match lane.held_for {
                    Some(first) if delivery.raw.sequence > first => {
                        // Its turn comes after the one that failed.
                        let _ = delivery.settle.nak(RETRY_AFTER).await;
                    }
                    Some(_) | None if lane.running => lane.waiting.push_back(delivery),
                    Some(_) | None => {
                        lane.running = true;
                        start(&mut running, &shared, delivery, parked.contains(&subject));
                    }
                }
            }
            Some(finished) = running.join_next() => {
                let Ok((delivery, outcome)) = finished else { continue };
                let subject = delivery.raw.subject.clone();
                let sequence = delivery.raw.sequence;
                let mut keep = true;
                match outcome {
                    Outcome::Done => {
                        if let Err(error) = delivery.settle.ack().await {
                            warn!(policy = policy.name, sequence, %error, "a reaction was not noted; it comes again");
                        }
                    }
                    Outcome::SetAside(reason) => {
                        let message = SetAside { sequence, subject: subject.clone(), reader: policy.name.to_owned(), reason };
                        error!(policy = policy.name, sequence, reason = message.reason, "an event is set aside");
                        match set_aside(&shared.0, service, &message, &delivery.raw.payload).await {
                            Ok(()) => {
                                parked.insert(subject.clone());
                                let _ = delivery.settle.ack().await;
                            }
                            Err(_) => keep = false,
                        }
                    }
                    Outcome::Again => keep = false,
                    Outcome::Fatal(reason) => {
                        error!(policy = policy.name, sequence, reason, "the policy has stopped");
                        health.set(&part, State::Stopped(reason));
                        return;
                    }
                }
                let lane = lanes.entry(subject.clone()).or_default();
                lane.running = false;
                if keep {
                    lane.held_for = lane.held_for.filter(|first| *first != sequence);
                    if let Some(next) = lane.waiting.pop_front() {
                        lane.running = true;
                        start(&mut running, &shared, next, parked.contains(&subject));
                    } else if lane.held_for.is_none() {
                        lanes.remove(&subject);
                    }
                } else {
                    lane.held_for = Some(lane.held_for.map_or(sequence, |first| first.min(sequence)));
                    let _ = delivery.settle.nak(RETRY_AFTER).await;
                    for waiting in lane.waiting.drain(..) {
                        let _ = waiting.settle.nak(RETRY_AFTER).await;
                    }
                }
            }
            () = lifecycle.stopping() => return,
        }
    }
}

fn start(
    running: &mut JoinSet<(Delivery, Outcome)>,
    shared: &Arc<(Bus, &'static str, Policy)>,
    delivery: Delivery,
    parked: bool,
) {
    let shared = shared.clone();
    running.spawn(async move {
        let (bus, _, policy) = &*shared;
        let outcome = if parked {
            Outcome::SetAside("an earlier event of this thing was set aside".to_owned())
        } else {
            react(bus, policy, &delivery).await
        };
        (delivery, outcome)
    });
}

async fn react(bus: &Bus, policy: &Policy, delivery: &Delivery) -> Outcome {
    let recorded = match delivery.raw.parse() {
        Ok(recorded) => recorded,
        Err(garbled) => return Outcome::SetAside(garbled.to_string()),
    };
    let commands = match (policy.react)(&recorded) {
        Ok(commands) => commands,
        Err(error @ Unreadable::Newer { .. }) => return Outcome::Fatal(error.to_string()),
        Err(error @ (Unreadable::UnknownType { .. } | Unreadable::Malformed { .. })) => {
            return Outcome::SetAside(error.to_string());
        }
    };
    for (nth, command) in commands.into_iter().enumerate() {
        let Ok(body) = serde_json::value::to_raw_value(&command.body) else {
            return Outcome::SetAside("its reaction could not be written".to_owned());
        };
        let message = CommandMessage {
            id: CommandId::of_policy(recorded.envelope.id, &format!("{}/{nth}", policy.name)),
            district: command.district,
            thing: command.thing,
            authority: Authority::Policy {
                name: policy.name.to_owned(),
            },
            // A policy's command follows from its event alone: its id says all that a digest would.
            request_hash: policy.name.to_owned(),
            based_on: None,
            caused_by: Some(recorded.envelope.id),
            traceparent: recorded.envelope.traceparent.clone(),
            body,
        };
        match bus
            .command(subjects::policy_command(command.service, command.verb), &message)
            .await
        {
            Ok(_) => {}
            Err(problem) if problem.status == 503 => return Outcome::Again,
            Err(problem) if policy.expected.contains(&problem.name()) => {}
            Err(problem) => return Outcome::SetAside(problem.to_string()),
        }
    }
    Outcome::Done
}
