//! Handing on all that somebody spoke for who no longer does: each loop by an event of its own.

use async_trait::async_trait;
use contracts::Action;
use contracts::commands::{CommandMessage, Done, read_body};
use contracts::ids::{CommandId, LoopId, PersonId};
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

/// How often one part is handed on in a row: people leave together, but not that many of one school.
const HANDS_MAX: usize = 16;

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
    match incoming.verb.as_str() {
        "hand-on-all-of" => hand_on_all_of(desk, successors, &message).await,
        "hand-on-in" => hand_on_in(desk, successors, &message).await,
        _ => Err(Problem::not_found("such command")),
    }
}

/// Hands on what somebody spoke for in a loop who left while it had ended: it is open again.
async fn hand_on_in(desk: &Desk, successors: &dyn Successors, message: &CommandMessage) -> Result<Done, Problem> {
    let body: Body = read_body(message.body.get())?;
    let opened = desk.open(message).await?;
    let record = opened.record();
    let parts: Vec<SpeaksFor> = record
        .schools_in_it()
        .map(|school| SpeaksFor {
            loop_id: LoopId(message.thing),
            school,
        })
        .collect();
    let mut handed = 0;
    for spoken in parts {
        handed += hand_on(desk, successors, message, spoken, body.since).await?;
    }
    Ok(handed_on(message, handed))
}

fn handed_on(message: &CommandMessage, handed: u32) -> Done {
    if handed > 0 {
        info!(district = %message.district, handed, "what somebody spoke for who no longer does was handed on");
    }
    Done {
        version: 0,
        repeated: handed == 0,
    }
}

/// Hands on what somebody spoke for, in which they no longer may. Repeated, it finds less to do.
async fn hand_on_all_of(desk: &Desk, successors: &dyn Successors, message: &CommandMessage) -> Result<Done, Problem> {
    let body: Body = read_body(message.body.get())?;
    let asked = SpokenFor {
        district: message.district.clone(),
        person: PersonId(message.thing),
        at_least: body.since,
    };
    let mut handed = 0_u32;
    for spoken in successors.spoken_for(&asked).await? {
        handed += hand_on(desk, successors, message, spoken, body.since).await?;
    }
    Ok(handed_on(message, handed))
}

/// Hands one school's part on until somebody speaks for it who may. Whoever it goes to may leave in the same moment, and
/// what follows from their leaving may have looked at the loop before: so it is asked again, as of the handing on.
async fn hand_on(
    desk: &Desk,
    successors: &dyn Successors,
    message: &CommandMessage,
    SpeaksFor { loop_id, school }: SpeaksFor,
    since: u64,
) -> Result<u32, Problem> {
    let mut handed = 0;
    for _ in 0..HANDS_MAX {
        let mut one = CommandMessage {
            thing: loop_id.0,
            ..message.clone()
        };
        let opened = desk.open(&one).await?;
        let (version, part) = (opened.record().version, opened.record().parts.get(&school));
        let Some(leaving) = part.and_then(|part| part.speaker) else {
            break;
        };
        let asked = Successor {
            district: message.district.clone(),
            school,
            leaving,
            at_least: since.max(version),
        };
        let Succession::To(to) = successors.successor(&asked).await? else {
            break;
        };
        one.id = CommandId(Uuid::new_v5(
            &message.id.0,
            format!("{loop_id}/{school}/{leaving}/{version}").as_bytes(),
        ));
        let guard = Guard {
            action: Action::HandOn,
            school: Some(school),
        };
        let command = domain::HandOn {
            school,
            to,
            instead_of: Some(leaving),
        };
        match desk.carry_out(opened, &one, &guard, &command).await {
            Ok(done) => handed += u32::from(!done.repeated),
            Err(problem) if DONE.contains(&problem.name()) => break,
            Err(problem) => return Err(problem),
        }
    }
    Ok(handed)
}
