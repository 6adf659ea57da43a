//! Too many at once, and a read model made again under them.

use std::path::Path;
use std::time::{Duration, Instant};

use contracts::ids::LoopId;
use futures::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;

use super::Done;
use super::world::World;
use crate::driver::wish::Wish;
use crate::history::{Operation, Outcome};

/// How many act at once.
const CROWD: u64 = 50;
/// How long making the timeline again may take.
const REBUILD_MAX: Duration = Duration::from_mins(1);

/// Makes the timeline again while it is used.
pub(super) async fn rebuild(world: &World) -> anyhow::Result<Done> {
    let system = world.system()?;
    let layout = &system.layout;
    let mut arguments = vec![
        "rebuild".to_owned(),
        "timeline".to_owned(),
        "--nats".to_owned(),
        format!("nats://127.0.0.1:{}", system.ports.broker),
        "--nkeys".to_owned(),
        layout.data.join("nats/nkeys").to_string_lossy().into_owned(),
    ];
    arguments.extend(layout.place());
    // Where the timeline is away just then, whoever asks is told to try again, and does.
    let (began, mut tries) = (Instant::now(), 0);
    loop {
        tries += 1;
        let before = failures(&layout.run);
        let command = tokio::process::Command::new(&layout.loopline)
            .args(&arguments)
            .kill_on_drop(true)
            .output();
        let output = tokio::time::timeout(REBUILD_MAX, command).await??;
        if output.status.success() && failures(&layout.run) == before {
            return Ok(Done::well(format!("timeline made again at the {tries}. try")));
        }
        if began.elapsed() > REBUILD_MAX {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            let mut done = Done::well("timeline not made again");
            done.complaints.push(format!("it was not made again: {said}"));
            return Ok(done);
        }
        runtime::clock::pause(Duration::from_millis(200)).await;
    }
}

/// How often the timeline has said that it could not be made again.
fn failures(run: &Path) -> usize {
    let log = std::fs::read_to_string(run.join("logs/timeline.log")).unwrap_or_default();
    log.matches("the timeline was not made again").count()
}

/// Fifty clients act on one loop: of those who know its version one wins, the others are told what happened since;
/// those who do not mind succeed in turn.
pub(super) async fn crowd(world: &World, random: &mut StdRng) -> anyhow::Result<Done> {
    let Some(id) = world.files(random).await? else {
        return Ok(Done::well("nothing could be filed"));
    };
    let version = world.routed(id).await?["version"].as_u64();
    let seed: u64 = random.random();
    let mut done = Done::well(format!("{CROWD} on {id}"));

    let first = all(world, id, seed, |nth| {
        ("acknowledge", json!({"word": format!("Word {nth}")}), None)
    })
    .await?;
    one_wins(&first, &mut done.complaints);
    let versioned = all(world, id, seed + 1, |nth| {
        let body = json!({"text": format!("Note {nth}"), "shared": true});
        ("note", body, version)
    })
    .await?;
    let stale = versioned
        .iter()
        .filter(|operation| matches!(operation.outcome, Outcome::Refused { status: 412, .. }));
    if stale.clone().count() != versioned.len() {
        done.complaints
            .push("a version known to be old was written over".to_owned());
    }
    if stale.clone().any(|operation| operation.since.is_empty()) {
        done.complaints
            .push("who was refused was not told what happened since".to_owned());
    }
    let last = first.iter().find_map(|operation| match operation.outcome {
        Outcome::Acknowledged { version } => Some(version),
        Outcome::Refused { .. } | Outcome::Unknown => None,
    });
    let current = all(world, id, seed + 2, |nth| {
        let body = json!({"text": format!("Only one {nth}"), "shared": true});
        ("note", body, last)
    })
    .await?;
    one_wins(&current, &mut done.complaints);
    let free = all(world, id, seed + 3, |nth| {
        let body = json!({"text": format!("In turn {nth}"), "shared": true});
        ("note", body, None)
    })
    .await?;
    let in_turn = free.iter().filter(|operation| acknowledged(operation)).count();
    if in_turn != free.len() {
        done.complaints
            .push(format!("{in_turn} of {} succeeded in turn", free.len()));
    }
    Ok(done)
}

fn acknowledged(operation: &Operation) -> bool {
    matches!(operation.outcome, Outcome::Acknowledged { .. })
}

fn one_wins(operations: &[Operation], complaints: &mut Vec<String>) {
    let won = operations.iter().filter(|operation| acknowledged(operation)).count();
    if won != 1 {
        complaints.push(format!("{won} won one version"));
    }
    for operation in operations {
        if let Outcome::Refused { status, problem } = &operation.outcome
            && !matches!(status, 409 | 412)
        {
            complaints.push(format!("one was refused with {status} {problem}"));
        }
    }
}

async fn all(
    world: &World,
    id: LoopId,
    seed: u64,
    act: impl Fn(u64) -> (&'static str, serde_json::Value, Option<u64>),
) -> anyhow::Result<Vec<Operation>> {
    let client = world.client("department")?;
    let deeds = (0..CROWD).map(|nth| {
        let (client, number) = (client.clone(), world.board.next());
        let (action, body, based_on) = act(number);
        let mut asked = Wish::of_loop(action, Some(id), body);
        asked.based_on = based_on;
        async move {
            let mut random = StdRng::seed_from_u64(seed.wrapping_add(nth << 16));
            client.does(asked, &mut random).await
        }
    });
    Ok(join_all(deeds).await)
}
