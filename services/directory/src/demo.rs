//! Stating facts of a district, as setting one up does: each is an event, and stating it again changes nothing.

use contracts::claims::Authority;
use contracts::commands::{CommandMessage, Done};
use contracts::envelope::Actor;
use contracts::events::DirectoryEvent;
use contracts::events::OwnedEvents;
use contracts::ids::CommandId;
use contracts::subjects::Subject;
use decider::{Failure, History, Target, execute};
use uuid::Uuid;

use crate::Directory;
use crate::domain::{NeverRefused, State, Thing};

/// Under whose name a district is set up.
const SETUP: &str = "setup";

impl Directory {
    /// Who sets districts up.
    pub fn setup_actor() -> Actor {
        Actor::Policy(SETUP.to_owned())
    }

    /// States a fact about a thing of the directory.
    pub async fn state(&self, subject: Subject, event: DirectoryEvent) -> anyhow::Result<Done> {
        let data = event.data()?;
        let name = format!("{subject} {} {}", event.event_type(), data.get());
        let message = CommandMessage {
            id: CommandId(Uuid::new_v5(&contracts::ids::NAMESPACE, name.as_bytes())),
            district: subject.district.clone(),
            thing: subject.id,
            authority: Authority::Policy { name: SETUP.to_owned() },
            request_hash: SETUP.to_owned(),
            based_on: None,
            caused_by: None,
            traceparent: None,
            body: serde_json::value::RawValue::NULL.to_owned(),
        };
        let target = Target {
            log: &*self.log,
            subject,
            now: self.clock.now(),
        };
        let done = match History::<Thing>::read(target.log, &target.subject).await {
            Ok(mut history) => execute(&target, &mut history, &message, &State(event)).await,
            Err(failure) => Err(failure),
        };
        done.map_err(|failure: Failure<NeverRefused>| {
            anyhow::anyhow!(
                "a fact could not be stated: {}",
                failure.problem(|never| match never {})
            )
        })
    }
}
