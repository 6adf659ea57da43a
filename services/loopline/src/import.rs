//! `loopline import`: what a district has, taken in.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Context;
use contracts::Problem;
use contracts::commands::roster::{
    ApplyRoster, ChangeKind, ImportStage, LookAtRoster, NewDistrict, RosterMessage, RosterView,
};
use contracts::roster::Problems;
use messaging::Bus;
use roster::{Reading, Roster};
use runtime::{Clock, Lifecycle};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::cli::{ImportOnerosterOptions, print, progress, say};
use crate::reach::System;

/// How often an import under way is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// How often a directory that does not answer yet is asked again.
const TRIES: u32 = 50;
/// Problems printed for people.
const PROBLEMS_SHOWN: usize = 20;

/// Takes a roster in.
pub(crate) async fn oneroster(options: ImportOnerosterOptions) -> anyhow::Result<()> {
    let life = Lifecycle::default();
    life.stop_on_signals();
    let system = System::reach(&options.reach).await?;
    let imported = tokio::select! {
        imported = import(&system.operator, &options) => imported,
        () = life.stopping() => Err(anyhow::anyhow!(
            "interrupted; what was being taken in goes on when the system is started, or when this is run again"
        )),
    };
    system.leave().await;
    imported
}

/// Asks the directory; while it catches up, again.
async fn ask<T: Serialize + Sync, A: DeserializeOwned>(operator: &Bus, verb: &str, message: &T) -> Result<A, Problem> {
    let mut tries = 0;
    loop {
        match operator
            .ask(format!("svc.directory.operator.roster-{verb}"), message)
            .await
        {
            Err(problem) if problem.status == 503 && tries < TRIES => {
                tries += 1;
                runtime::clock::pause(LOOK).await;
            }
            answered => return answered,
        }
    }
}

/// What `--json` prints.
#[derive(Serialize)]
struct Printed<'a> {
    schools: u64,
    people: u64,
    ignored: u64,
    disabled: u64,
    changed: u64,
    added: u64,
    #[serde(flatten)]
    problems: &'a Problems,
    notices: &'a [String],
    applied: bool,
}

async fn import(operator: &Bus, options: &ImportOnerosterOptions) -> anyhow::Result<()> {
    let message = RosterMessage {
        district: options.district.clone(),
        import: runtime::ids::new_command(Clock::system().now()).0,
        by: None,
        step: (),
    };
    let known = known(operator, &message).await?;
    let path = options.path.clone();
    let read = tokio::task::spawn_blocking(move || read(&path, &known)).await?;
    let roster = read.with_context(|| options.path.display().to_string())?;
    hand_over(operator, &message, roster, options).await?;
    let looking = message.with(LookAtRoster {});
    let view: RosterView = ask(operator, "look", &looking).await.map_err(told)?;
    if !options.json {
        show(&view);
    }
    if options.dry_run {
        let _: serde_json::Value = ask(operator, "drop", &looking).await.map_err(told)?;
        if !options.json {
            say("Nothing was changed: this was a dry run.");
        }
        return printed(&view, options, false);
    }
    let applying = message.with(ApplyRoster {
        skip_bad_rows: options.skip_bad_rows,
        disable_many: options.disable_many,
    });
    let ended = match take_in(operator, &applying, &looking).await {
        Ok(ended) => ended,
        Err(problem) => {
            let _: Result<serde_json::Value, Problem> = ask(operator, "drop", &looking).await;
            printed(&view, options, false)?;
            let hint = match problem.name() {
                "bad-rows" => "; --skip-bad-rows leaves them out",
                "disables-many" => "; --disable-many goes on",
                _ => "",
            };
            anyhow::bail!("{problem}{hint}");
        }
    };
    if !options.json {
        say(&if ended.counts.changed == 0 {
            "Nothing has changed: everything in it was known.".to_owned()
        } else {
            format!(
                "Taken in: {} changes, {} of them new.",
                ended.counts.changed, ended.counts.added
            )
        });
    }
    printed(&view, options, true)
}

fn told(problem: Problem) -> anyhow::Error {
    anyhow::anyhow!("{problem}")
}

/// Whom the directory knows from rosters.
async fn known(operator: &Bus, message: &RosterMessage<()>) -> anyhow::Result<BTreeSet<String>> {
    roster::known_staff(|page| async move { ask(operator, "known", &message.with(page)).await.map_err(told) }).await
}

fn read(path: &std::path::Path, known: &BTreeSet<String>) -> Result<Roster, roster::RosterError> {
    let mut told = progress("rows read");
    roster::read(
        path,
        &mut Reading {
            today: Clock::system().now().date_naive(),
            known: &|id| known.contains(id),
            progress: &mut |rows| told(rows, rows),
        },
    )
}

/// Hands a roster to the directory, piece by piece.
async fn hand_over(
    operator: &Bus,
    message: &RosterMessage<()>,
    roster: Roster,
    options: &ImportOnerosterOptions,
) -> anyhow::Result<()> {
    let begin = roster.begin(options.create.then(|| NewDistrict {
        name: options.name.clone(),
        time_zone: options.time_zone.clone(),
    }));
    let _: serde_json::Value = ask(operator, "begin", &message.with(begin)).await.map_err(|problem| {
        let hint = if problem.status == 404 {
            format!(": there is no district {}; --create begins one", options.district)
        } else {
            String::new()
        };
        anyhow::anyhow!("{problem}{hint}")
    })?;
    for rows in roster.pieces() {
        let _: serde_json::Value = ask(operator, "rows", &message.with(rows)).await.map_err(told)?;
    }
    Ok(())
}

/// Has it taken in, and waits until it was.
async fn take_in(
    operator: &Bus,
    applying: &RosterMessage<ApplyRoster>,
    looking: &RosterMessage<LookAtRoster>,
) -> Result<RosterView, Problem> {
    let mut told = progress("changes made");
    loop {
        match ask::<_, RosterView>(operator, "apply", applying).await {
            // One that was interrupted goes on first.
            Err(problem) if problem.name() == "another-import" => runtime::clock::pause(LOOK).await,
            begun => {
                begun?;
                break;
            }
        }
    }
    loop {
        let view: RosterView = ask(operator, "look", looking).await?;
        match view.stage {
            ImportStage::Ended => return Ok(view),
            ImportStage::Stopped { why } => {
                return Err(Problem::unavailable(format!(
                    "it stopped: {why}. What was done is done; run it again to go on"
                )));
            }
            ImportStage::Applying { done, of } => told(done, of),
            ImportStage::Draft => {}
        }
        runtime::clock::pause(LOOK).await;
    }
}

/// Says what a roster would change.
fn show(view: &RosterView) {
    let counts = &view.counts;
    let ignored = view.head.ignored;
    say(&format!(
        "OneRoster {}: schools {}, departments {}, staff {}; ignored: students {}, guardians {}, others {}; rows with problems {}",
        view.head.version,
        counts.schools,
        counts.departments,
        counts.people,
        ignored.students,
        ignored.guardians,
        ignored.others,
        counts.problems
    ));
    for problem in view.problems.problems.iter().take(PROBLEMS_SHOWN) {
        let column = if problem.column.is_empty() {
            String::new()
        } else {
            format!(", {}", problem.column)
        };
        say(&format!(
            "  {}, row {}{column}: {}",
            problem.file, problem.row, problem.message
        ));
    }
    let more = counts.problems.saturating_sub(PROBLEMS_SHOWN as u64);
    if more > 0 {
        say(&format!("  and {more} more"));
    }
    say(&format!(
        "It changes {}: {} new, {} no longer able to sign in",
        counts.changed, counts.added, counts.disabled
    ));
    for line in view.changes.iter().filter(|line| line.change == ChangeKind::Disabled) {
        say(&format!("  {} ({})", line.name, line.what));
    }
    for notice in &view.notices {
        say(&format!("  {notice}."));
    }
}

fn printed(view: &RosterView, options: &ImportOnerosterOptions, applied: bool) -> anyhow::Result<()> {
    if !options.json {
        return Ok(());
    }
    let counts = &view.counts;
    print(&serde_json::to_string(&Printed {
        schools: counts.schools,
        people: counts.people,
        ignored: counts.ignored,
        disabled: counts.disabled,
        changed: counts.changed,
        added: counts.added,
        problems: &view.problems,
        notices: &view.notices,
        applied,
    })?)
}
