//! Handing on all that somebody spoke for who no longer does: each loop by an event of its own.

use async_trait::async_trait;
use contracts::Action;
use contracts::commands::{CommandMessage, Done, read_body};
use contracts::ids::{CommandId, PersonId};
use contracts::problem::Problem;
use contracts::queries::{SpeaksFor, SpokenFor, Succession, Successor};
use contracts::subjects::query;
use decider::{Desk, Guard};
use messaging::{Bus, Incoming};
use serde::Deserialize;
use tracing::info;
use uuid::Uuid;

use crate::domain;

/// Refusals that mean that nothing is left to do on a loop.
const DONE: [&str; 4] = ["already-speaks", "ended", "not-in", "not-found"];

/// Knows what somebody speaks for, and who could instead.
#[async_trait]
pub trait Successors: Send + Sync {
    /// The open loops in which somebody speaks for a school.
    async fn spoken_for(&self, asked: &SpokenFor) -> Result<Vec<SpeaksFor>, Problem>;

    /// Whether somebody still speaks for a school, and who could instead.
    async fn successor(&self, asked: &Successor) -> Result<Succession, Problem>;
}

#[async_trait]
impl Successors for Bus {
    async fn spoken_for(&self, asked: &SpokenFor) -> Result<Vec<SpeaksFor>, Problem> {
        self.ask(query("routing", "spoken-for"), asked).await
    }

    async fn successor(&self, asked: &Successor) -> Result<Succession, Problem> {
        self.ask(query("directory", "successor"), asked).await
    }
}

#[derive(Deserialize)]
struct Body {
    since: u64,
}

/// Carries a policy's command out.
pub async fn handle_policy(desk: &Desk, successors: &dyn Successors, incoming: &Incoming) -> Result<Done, Problem> {
    let message: CommandMessage = incoming.read()?;
    if incoming.verb != "hand-on-all-of" {
        return Err(Problem::not_found("such command"));
    }
    hand_on_all_of(desk, successors, &message).await
}

/// Hands on what somebody spoke for, in which they no longer may. Repeated, it finds less to do.
async fn hand_on_all_of(desk: &Desk, successors: &dyn Successors, message: &CommandMessage) -> Result<Done, Problem> {
    let body: Body = read_body(message.body.get())?;
    let person = PersonId(message.thing);
    let asked = SpokenFor {
        district: message.district.clone(),
        person,
        at_least: body.since,
    };
    let mut handed = 0_u32;
    for SpeaksFor { loop_id, school } in successors.spoken_for(&asked).await? {
        let asked = Successor {
            district: message.district.clone(),
            school,
            leaving: person,
            at_least: body.since,
        };
        let Succession::To(to) = successors.successor(&asked).await? else {
            continue;
        };
        let one = CommandMessage {
            id: CommandId(Uuid::new_v5(&message.id.0, format!("{loop_id}/{school}").as_bytes())),
            thing: loop_id.0,
            ..message.clone()
        };
        let opened = desk.open(&one).await?;
        let guard = Guard {
            action: Action::HandOn,
            school: Some(school),
        };
        let done = desk
            .carry_out(opened, &one, &guard, &domain::HandOn { school, to })
            .await;
        match done {
            Ok(done) => handed += u32::from(!done.repeated),
            Err(problem) if DONE.contains(&problem.name()) => {}
            Err(problem) => return Err(problem),
        }
    }
    if handed > 0 {
        info!(district = %message.district, handed, "what somebody spoke for who no longer does was handed on");
    }
    Ok(Done {
        version: 0,
        repeated: handed == 0,
    })
}
