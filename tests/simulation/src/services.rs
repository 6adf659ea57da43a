//! The real handlers of the services, called in this process.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use contracts::claims::{Authority, Claims};
use contracts::commands::{CommandMessage, Done};
use contracts::envelope::Recorded;
use contracts::ids::{CommandId, District, PersonId};
use contracts::problem::Problem;
use contracts::queries::{SpeaksFor, SpokenFor, Succession, Successor};
use contracts::subjects::Subject;
use contracts::{Action, LoopId};
use decider::Desk;
use domain::{Fold, Loop};
use eventlog::EventLog;
use futures::future::BoxFuture;
use intake::handing_on::Successors;
use messaging::{Carrier, Incoming, People};
use routing::Watching;
use uuid::Uuid;

use crate::report::Fault;
use crate::roster::{Left, ROSTER};
use crate::sabotage::Sabotage;
use crate::storm::Storm;
use crate::watching::InMemory;

/// What a handler answers.
pub type Answer = Result<Done, Problem>;

/// The services' desks: one log and one clock, each with a view of the districts of its own.
#[derive(Debug)]
pub struct Services {
    /// Intake's.
    pub intake: Desk,
    /// Routing's.
    pub routing: Desk,
    /// Resolution's.
    pub resolution: Desk,
    /// The register's.
    pub flexibility: Desk,
    /// The ledger's.
    pub ledger: Desk,
    /// What routing's read model keeps.
    pub watching: Arc<InMemory>,
    /// Who has left.
    pub left: Left,
    /// The weather.
    pub storm: Arc<Storm>,
    /// What is wrong on purpose.
    pub sabotage: Option<Sabotage>,
}

/// Answers from the roster who somebody is.
#[derive(Debug)]
pub struct Known {
    storm: Arc<Storm>,
    left: Left,
}

#[async_trait]
impl People for Known {
    async fn person(&self, district: &District, person: PersonId) -> Result<Option<Claims>, Problem> {
        self.storm.wait().await;
        if self.storm.strikes(Fault::LookupAway) {
            return Err(Problem::unavailable("nobody answers who that is"));
        }
        if self.left.has(person) {
            return Ok(None);
        }
        Ok(ROSTER.person(district, person).map(|claims| (**claims).clone()))
    }
}

/// Answers what somebody speaks for from routing's read model, and from the roster who could instead.
#[derive(Debug)]
struct Heirs(Arc<Services>);

#[async_trait]
impl Successors for Heirs {
    async fn spoken_for(&self, asked: &SpokenFor) -> Result<Vec<SpeaksFor>, Problem> {
        if !self.0.watching.reached(asked.at_least).await {
            return Err(Problem::unavailable("routing is catching up"));
        }
        Ok(self.0.watching.spoken_for(asked))
    }

    async fn successor(&self, asked: &Successor) -> Result<Succession, Problem> {
        self.0.storm.wait().await;
        if self.0.storm.strikes(Fault::LookupAway) {
            return Err(Problem::unavailable("nobody answers who could"));
        }
        let Some(plan) = ROSTER.plan(&asked.district) else {
            return Err(Problem::not_found("district"));
        };
        let mut there = plan
            .speakers(asked.school)
            .filter(|claims| !self.0.left.has(claims.person));
        if there.any(|claims| claims.person == asked.leaving) {
            return Ok(Succession::Stays);
        }
        let mut there = plan
            .speakers(asked.school)
            .filter(|claims| !self.0.left.has(claims.person));
        Ok(there
            .next()
            .map_or(Succession::Nobody, |claims| Succession::To(claims.person)))
    }
}

impl Services {
    /// Carries a person's command out.
    pub fn call(self: &Arc<Self>, action: Action, message: &CommandMessage) -> BoxFuture<'static, Answer> {
        let services = self.clone();
        let mut message = message.clone();
        Box::pin(async move {
            services.tamper(action, &mut message).await;
            let incoming = incoming(action.slug(), &message, None)?;
            let people = Known {
                storm: services.storm.clone(),
                left: services.left.clone(),
            };
            match action.service() {
                "intake" => intake::commands::handle(&services.intake, &people, &incoming).await,
                "routing" => routing::commands::handle_person(&services.routing, &incoming).await,
                "ledger" => ledger::handle(&services.ledger, action.slug(), &message).await,
                _ => resolution::commands::handle(&services.resolution, &people, &incoming).await,
            }
        })
    }

    /// What is deliberately wrong with how commands are taken.
    async fn tamper(&self, action: Action, message: &mut CommandMessage) {
        let Authority::Person(claims) = &mut message.authority else {
            return;
        };
        let district = message.district.clone();
        match self.sabotage {
            Some(Sabotage::OldDepartmentActs) if action == Action::Acknowledge => {
                let subject = Subject::of_loop(&district, LoopId(message.thing));
                if let Some(with) = fold(&*self.resolution.log, &subject)
                    .await
                    .record()
                    .and_then(|it| it.with())
                {
                    claims.departments.insert(with.department);
                }
            }
            Some(Sabotage::OpensTheWall) => claims.district = district,
            Some(Sabotage::ForgetsKeys) if action == Action::Note => {
                // A new id each time it comes, as if no key had been sent.
                let head = self.resolution.log.head().await.unwrap_or(0);
                message.id = CommandId(Uuid::new_v5(&message.id.0, &head.to_be_bytes()));
            }
            Some(_) | None => {}
        }
    }
}

fn incoming(verb: &str, message: &CommandMessage, cause: Option<&Arc<Recorded>>) -> Result<Incoming, Problem> {
    let payload = serde_json::to_vec(message).map_err(|error| Problem::unavailable(error.to_string()))?;
    Ok(Incoming {
        verb: verb.to_owned(),
        payload: Bytes::from(payload),
        cause: cause.cloned(),
    })
}

/// A loop's state as its history has it; absent where that cannot be read.
pub async fn fold(log: &dyn EventLog, subject: &Subject) -> Loop {
    let mut state = Loop::default();
    for raw in log.load(subject, 0, 0).await.unwrap_or_default() {
        if let Ok(recorded) = raw.parse()
            && let Ok(event) = Loop::read(&recorded.envelope)
        {
            state.evolve(&recorded.meta(), &event);
        }
    }
    state
}

/// Carries policies' commands within this process, and loses some on the way.
#[derive(Debug)]
pub struct Courier {
    /// The services.
    pub services: Arc<Services>,
}

#[async_trait]
impl Carrier for Courier {
    async fn command(&self, subject: String, message: &CommandMessage) -> Answer {
        let mut tokens = subject.split('.');
        let (Some("svc"), Some(service), Some("policy"), Some(verb), None) = (
            tokens.next(),
            tokens.next(),
            tokens.next(),
            tokens.next(),
            tokens.next(),
        ) else {
            return Err(Problem::not_found("such service"));
        };
        self.carry(service, verb, message, None).await
    }

    async fn follow(&self, service: &str, verb: &str, message: &CommandMessage, cause: &Arc<Recorded>) -> Answer {
        // A service tells itself by hand, or the broker another of its kind: then without the event.
        let by_hand = message.id.0.as_bytes()[15].is_multiple_of(2);
        self.carry(service, verb, message, by_hand.then_some(cause)).await
    }
}

impl Courier {
    async fn carry(
        &self,
        service: &str,
        verb: &str,
        message: &CommandMessage,
        cause: Option<&Arc<Recorded>>,
    ) -> Answer {
        let services = &self.services;
        services.storm.wait().await;
        if services.storm.strikes(Fault::RequestLost) {
            return Err(Problem::unknown_outcome());
        }
        if services.sabotage == Some(Sabotage::DropsPolicyCommands) {
            return Ok(Done {
                version: 0,
                repeated: false,
            });
        }
        let incoming = incoming(verb, message, cause)?;
        let answer = match service {
            "intake" => intake::handing_on::handle_policy(&services.intake, &Heirs(services.clone()), &incoming).await,
            "routing" => routing::commands::handle_policy(&services.routing, &incoming).await,
            "resolution" => resolution::commands::handle_policy(&services.resolution, &incoming).await,
            "flexibility" => flexibility::commands::handle_policy(&services.flexibility, &incoming).await,
            _ => Err(Problem::not_found("such service")),
        };
        services.storm.wait().await;
        if services.storm.strikes(Fault::ReplyLost) {
            return Err(Problem::unknown_outcome());
        }
        answer
    }
}
