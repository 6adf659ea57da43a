//! Policies: when this happened, then do that. At least once, in the order of each thing, side by side across things.
//!
//! A policy's commands carry ids derived from the event and the policy's name, so that a repeated delivery does
//! nothing new. Failures are sorted: what may pass is tried again while that one thing waits; a refusal that the
//! policy expects is done with; anything else is set aside with all that follows on that thing, and nobody else waits.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use contracts::claims::Authority;
use contracts::commands::CommandMessage;
use contracts::envelope::Recorded;
use contracts::ids::{CommandId, District};
use contracts::subjects::{self, Thing};
use contracts::versions::Unreadable;
use eventlog::{Delivery, Log, Raw};
use runtime::{Health, Lifecycle, crash, health::State};
use tokio::task::JoinSet;
use tracing::{debug, error, warn};
use uuid::Uuid;

use crate::at_home::{AtHome, Own};
use crate::bus::{Bus, Carrier};
use crate::dead::{SetAside, set_aside, subjects_set_aside};
use crate::lanes::{Became, Lanes, Turn};

/// Things worked on at a time: more than people act at once, so that what follows from their deeds keeps up.
const LANES_MAX: usize = 256;
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
    /// The things whose events it reacts to; the others are not delivered.
    pub of: &'static [Thing],
    /// What follows from an event.
    pub react: fn(&Recorded) -> Result<Vec<PolicyCommand>, Unreadable>,
    /// Names of problems that mean that nothing is left to do.
    pub expected: &'static [&'static str],
}

/// What a reaction came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Its commands were accepted, or are no longer needed.
    Done,
    /// It failed in a way that may pass.
    Again,
    /// It can never succeed, for this reason.
    SetAside(String),
    /// It is of a newer release: the policy must stop, for this reason.
    Fatal(String),
}

/// The name under which a service's policies set messages aside.
pub const READER: &str = "policies";

/// The durable consumer behind a service's policies.
pub fn consumer(service: &str) -> String {
    format!("{service}-{READER}")
}

/// Runs a service's policies until the process ends, or until they meet an event of a newer release. One consumer is
/// behind all of them: each delivery costs the broker about as much as an append. What they tell their own service is done
/// by `own`, in this process.
pub async fn run_policies(
    log: Log,
    bus: Bus,
    lifecycle: Lifecycle,
    health: Health,
    service: &'static str,
    policies: &'static [Policy],
    own: Own,
) {
    let part = format!("{service} {READER}");
    health.set(&part, State::Starting("connecting".to_owned()));
    let name = consumer(service);
    let things: BTreeSet<Thing> = policies.iter().flat_map(|policy| policy.of).copied().collect();
    let filter: Vec<String> = things.into_iter().map(subjects::every).collect();
    let mut attempt = 0;
    let (mut durable, parked) = loop {
        let ready = match subjects_set_aside(&bus, service, READER).await {
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
                    warn!(service, error, "policies cannot begin");
                }
                attempt += 1;
                runtime::clock::pause(Duration::from_millis(100)).await;
            }
        }
    };
    health.set(&part, State::Ready);
    let mut lanes: Lanes<Delivery> = Lanes::new(parked);
    let at_home = AtHome {
        bus,
        service,
        own,
        lifecycle: lifecycle.clone(),
    };
    let mut hands = Hands {
        shared: Arc::new((at_home, policies)),
        running: JoinSet::new(),
    };
    loop {
        tokio::select! {
            delivery = durable.next(), if hands.running.len() < LANES_MAX => {
                if lanes.is_parked(&delivery.raw.subject) || !is_nothing(policies, &delivery.raw) {
                    hands.take(lanes.delivered(delivery)).await;
                } else if let Err(error) = delivery.settle.ack_soon().await {
                    debug!(service, %error, "an event of no concern comes again");
                }
            }
            Some(finished) = hands.running.join_next() => {
                let Ok((delivery, outcome)) = finished else { continue };
                let sequence = delivery.raw.sequence;
                let became = match outcome {
                    Outcome::Done => Became::Done,
                    Outcome::Again => Became::Failed,
                    Outcome::SetAside(reason) => {
                        error!(service, sequence, reason, "an event is set aside");
                        let subject = delivery.raw.subject.clone();
                        let message = SetAside { sequence, subject, reader: READER.to_owned(), reason };
                        match set_aside(&hands.shared.0.bus, service, &message, &delivery.raw.payload).await {
                            Ok(()) => Became::Aside,
                            Err(_) => Became::Failed,
                        }
                    }
                    Outcome::Fatal(reason) => {
                        error!(service, sequence, reason, "the policies have stopped");
                        health.set(&part, State::Stopped(reason));
                        return;
                    }
                };
                let turns = lanes.finished(&delivery.raw.subject, sequence, became);
                match became {
                    Became::Done | Became::Aside => settle(&delivery).await,
                    Became::Failed => give_back(&delivery).await,
                }
                for turn in turns {
                    hands.take(turn).await;
                }
            }
            () = lifecycle.stopping() => return,
        }
    }
}

/// Whether nothing follows from an event: most of them are of no concern, and need no turn.
fn is_nothing(policies: &[Policy], raw: &Raw) -> bool {
    raw.parse().is_ok_and(|recorded| {
        policies
            .iter()
            .all(|policy| (policy.react)(&recorded).is_ok_and(|commands| commands.is_empty()))
    })
}

/// Reacts to one event by all policies: the gravest of what they come to.
async fn react_all(carrier: &dyn Carrier, policies: &[Policy], raw: &Raw) -> Outcome {
    let recorded = match raw.parse() {
        Ok(recorded) => Arc::new(recorded),
        Err(garbled) => return Outcome::SetAside(garbled.to_string()),
    };
    let mut gravest = Outcome::Done;
    for policy in policies {
        let outcome = react_to(carrier, policy, &recorded).await;
        if outcome.gravity() > gravest.gravity() {
            gravest = outcome;
        }
    }
    gravest
}

impl Outcome {
    fn gravity(&self) -> u8 {
        match self {
            Self::Done => 0,
            Self::SetAside(_) => 1,
            Self::Again => 2,
            Self::Fatal(_) => 3,
        }
    }
}

/// What policies have in hand.
struct Hands {
    shared: Arc<(AtHome, &'static [Policy])>,
    running: JoinSet<(Delivery, Outcome)>,
}

impl Hands {
    async fn take(&mut self, turn: Turn<Delivery>) {
        match turn {
            Turn::Work(delivery) => {
                let shared = self.shared.clone();
                self.running.spawn(async move {
                    let (carrier, policies) = &*shared;
                    let outcome = react_all(carrier, policies, &delivery.raw).await;
                    (delivery, outcome)
                });
            }
            Turn::Follow(delivery) => {
                let reason = Outcome::SetAside("an earlier event of this thing was set aside".to_owned());
                self.running.spawn(async move { (delivery, reason) });
            }
            Turn::Wait => {}
            Turn::Back(delivery) => give_back(&delivery).await,
            Turn::Repeated(delivery) => settle(&delivery).await,
        }
    }
}

/// Acknowledges without waiting until that is noted: what is not comes again, and then finds itself done.
async fn settle(delivery: &Delivery) {
    crash::point("policy.ack.before");
    if let Err(error) = delivery.settle.ack_soon().await {
        let sequence = delivery.raw.sequence;
        debug!(sequence, %error, "a reaction was not noted; it comes again");
    }
    crash::point("policy.ack.after");
}

async fn give_back(delivery: &Delivery) {
    // Where this is not heard, it comes again by itself.
    let _ = delivery.settle.nak(RETRY_AFTER).await;
}

/// Reacts to one event: sends the commands that follow from it.
pub async fn react(carrier: &dyn Carrier, policy: &Policy, raw: &Raw) -> Outcome {
    match raw.parse() {
        Ok(recorded) => react_to(carrier, policy, &Arc::new(recorded)).await,
        Err(garbled) => Outcome::SetAside(garbled.to_string()),
    }
}

async fn react_to(carrier: &dyn Carrier, policy: &Policy, recorded: &Arc<Recorded>) -> Outcome {
    let commands = match (policy.react)(recorded) {
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
        match carrier.follow(command.service, command.verb, &message, recorded).await {
            Ok(_) => {}
            Err(problem) if problem.status == 503 => return Outcome::Again,
            Err(problem) if policy.expected.contains(&problem.name()) => {}
            Err(problem) => return Outcome::SetAside(problem.to_string()),
        }
    }
    Outcome::Done
}
