//! Routing's endpoint for questions of other services.

use std::time::Duration;

use contracts::problem::Problem;
use contracts::queries::{Speakers, SpeaksFor, SpokenFor};
use messaging::Incoming;
use projection::Model;
use serde_json::Value;

use crate::read_model::{Watch, speakers, spoken_for};

/// The most loops in one answer: somebody who speaks in more is asked about again.
const LOOPS_MAX: i64 = 1000;
/// How long a question waits for the read model to reflect what it must.
const CATCH_UP: Duration = Duration::from_secs(2);

/// Answers one question.
pub(crate) async fn answer(model: &Model<Watch>, incoming: &Incoming) -> Result<Value, Problem> {
    match incoming.verb.as_str() {
        "spoken-for" => to_json(&spoken(model, &incoming.read()?).await?),
        "speakers" => {
            let asked: Speakers = incoming.read()?;
            caught_up(model, asked.at_least).await?;
            let found = speakers(&model.db, &asked.district, Speakers::MAX).await;
            to_json(&found.map_err(away)?)
        }
        _ => Err(Problem::not_found("such question")),
    }
}

fn to_json<T: serde::Serialize>(answer: &T) -> Result<Value, Problem> {
    serde_json::to_value(answer).map_err(|_| Problem::unavailable("an answer could not be written"))
}

#[expect(clippy::needless_pass_by_value, reason = "it is used to map errors")]
fn away(error: sqlx::Error) -> Problem {
    Problem::unavailable(format!("routing's tables are away for a moment: {error}"))
}

async fn caught_up(model: &Model<Watch>, at_least: u64) -> Result<(), Problem> {
    if model.position.wait_for(at_least, CATCH_UP).await {
        return Ok(());
    }
    Err(Problem::unavailable("routing is catching up; try again in a moment"))
}

async fn spoken(model: &Model<Watch>, asked: &SpokenFor) -> Result<Vec<SpeaksFor>, Problem> {
    caught_up(model, asked.at_least).await?;
    spoken_for(&model.db, &asked.district, asked.person, LOOPS_MAX)
        .await
        .map_err(away)
}
