//! A policy behind its durable consumer: the real reaction, through the real lanes, stopped and started again at will.

use std::collections::HashSet;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use contracts::subjects::every;
use eventlog::{Delivery, Durable, EventLog};
use futures::FutureExt;
use futures::future::BoxFuture;
use futures::task::noop_waker_ref;
use messaging::lanes::{Became, Lanes, Turn};
use messaging::{Outcome, Policy, react};

use crate::broken::Broken;
use crate::dice::Dice;
use crate::report::{Fault, Report};
use crate::services::{Courier, Services};

type Running = BoxFuture<'static, (Delivery, Outcome)>;

/// One policy at work.
pub struct Consumer {
    policy: Policy,
    durable: Box<dyn Durable>,
    lanes: Lanes<Delivery>,
    running: Vec<Running>,
}

impl std::fmt::Debug for Consumer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Consumer")
            .field("policy", &self.policy.name)
            .finish_non_exhaustive()
    }
}

/// What a step of a consumer came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stepped {
    /// There was nothing to do.
    Idle,
    /// Something moved.
    Moved,
    /// What is worked on waits for time to pass.
    WaitsForTime,
}

impl Consumer {
    /// Starts a policy: what an earlier consumer had in hand comes again.
    pub async fn start(log: &dyn EventLog, policy: Policy) -> Result<Self, Broken> {
        let filter = policy.of.iter().copied().map(every).collect();
        let durable = log
            .durable(policy.name, filter)
            .await
            .map_err(|error| Broken::new(format!("no consumer: {error}")))?;
        Ok(Self {
            policy,
            durable,
            lanes: Lanes::new(HashSet::new()),
            running: Vec::new(),
        })
    }

    /// Its policy.
    pub fn policy(&self) -> Policy {
        self.policy
    }

    /// Whether it has nothing in hand.
    pub fn is_idle(&self) -> bool {
        self.running.is_empty()
    }

    /// Takes one more delivery, or goes on with one of those in hand.
    pub async fn step(
        &mut self,
        services: &Arc<Services>,
        dice: &mut Dice,
        ack_lost: u32,
        report: &mut Report,
    ) -> Result<Stepped, Broken> {
        if (self.running.is_empty() || (self.running.len() < 4 && dice.chance(400)))
            && let Some(delivery) = self.durable.next().now_or_never()
        {
            if delivery.delivered > 1 {
                report.fault(Fault::DeliveredAgain);
            }
            let turn = self.lanes.delivered(delivery);
            self.take(services, turn).await;
            return Ok(Stepped::Moved);
        }
        if self.running.is_empty() {
            return Ok(Stepped::Idle);
        }
        let nth = dice.below(self.running.len());
        let polled = self.running[nth]
            .as_mut()
            .poll_unpin(&mut Context::from_waker(noop_waker_ref()));
        let Poll::Ready((delivery, outcome)) = polled else {
            return Ok(if services.storm.stopped_here() {
                Stepped::Moved
            } else {
                Stepped::WaitsForTime
            });
        };
        drop(self.running.swap_remove(nth));
        let sequence = delivery.raw.sequence;
        let became = match outcome {
            Outcome::Done => Became::Done,
            Outcome::Again => Became::Failed,
            Outcome::SetAside(reason) | Outcome::Fatal(reason) => {
                let name = self.policy.name;
                return Err(Broken::new(format!(
                    "{name} could not take event {sequence} in: {reason}"
                )));
            }
        };
        let subject = delivery.raw.subject.clone();
        let turns = self.lanes.finished(&subject, sequence, became);
        match became {
            Became::Done | Became::Aside => {
                if dice.chance(ack_lost) {
                    // Dropped without a word: it comes again.
                    report.fault(Fault::AckLost);
                    drop(delivery);
                } else {
                    let _ = delivery.settle.ack().await;
                }
            }
            Became::Failed => give_back(delivery).await,
        }
        for turn in turns {
            self.take(services, turn).await;
        }
        Ok(Stepped::Moved)
    }

    async fn take(&mut self, services: &Arc<Services>, turn: Turn<Delivery>) {
        match turn {
            Turn::Work(delivery) | Turn::Follow(delivery) => {
                let (policy, services) = (self.policy, services.clone());
                self.running.push(Box::pin(async move {
                    let outcome = react(&Courier { services }, &policy, &delivery.raw).await;
                    (delivery, outcome)
                }));
            }
            Turn::Wait => {}
            Turn::Back(delivery) => give_back(delivery).await,
            Turn::Repeated(delivery) => {
                let _ = delivery.settle.ack().await;
            }
        }
    }
}

async fn give_back(delivery: Delivery) {
    let _ = delivery.settle.nak(Duration::ZERO).await;
}
