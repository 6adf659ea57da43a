//! Routing's endpoint for questions of other services.

use std::time::Duration;

use contracts::problem::Problem;
use contracts::queries::{SpeaksFor, SpokenFor};
use messaging::Incoming;
use projection::Model;

use crate::read_model::{Watch, spoken_for};

/// The most loops in one answer: somebody who speaks in more is asked about again.
const LOOPS_MAX: i64 = 1000;
/// How long a question waits for the read model to reflect what it must.
const CATCH_UP: Duration = Duration::from_secs(2);

/// Answers one question.
pub(crate) async fn answer(model: &Model<Watch>, incoming: &Incoming) -> Result<Vec<SpeaksFor>, Problem> {
    if incoming.verb != "spoken-for" {
        return Err(Problem::not_found("such question"));
    }
    let asked: SpokenFor = incoming.read()?;
    if !model.position.wait_for(asked.at_least, CATCH_UP).await {
        return Err(Problem::unavailable("routing is catching up; try again in a moment"));
    }
    spoken_for(&model.db, &asked.district, asked.person, LOOPS_MAX)
        .await
        .map_err(|error| Problem::unavailable(format!("routing's tables are away for a moment: {error}")))
}
