//! What a run says at its end.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::history::{Outcome, Record};
use crate::run::{Options, Verdict};

/// Violations named in full; the rest is counted.
const NAMED_MAX: usize = 40;

/// The command that plays this run again.
pub fn replay(options: &Options) -> String {
    let mut command = format!(
        "tests/faults/run --minutes {} --seed {} --database {}",
        options.minutes,
        options.seed,
        if options.postgres { "postgres" } else { "sqlite" }
    );
    if options.faults.len() < crate::faults::Fault::all().len() {
        let names: Vec<String> = options.faults.iter().map(ToString::to_string).collect();
        let _ = write!(command, " --fault {}", names.join(","));
    }
    if options.together {
        command.push_str(" --together");
    }
    command
}

/// The report in words and figures.
pub fn report(options: &Options, verdict: &Verdict) -> String {
    let mut text = String::new();
    let (mut acknowledged, mut refused, mut unknown, mut again, mut reads) = (0, 0, 0, 0, 0);
    let mut faults: BTreeMap<&str, Vec<Option<u64>>> = BTreeMap::new();
    for record in &verdict.evidence.history {
        match record {
            Record::Operation(operation) => {
                again += operation.attempts.saturating_sub(1);
                match operation.outcome {
                    Outcome::Acknowledged { .. } => acknowledged += 1,
                    Outcome::Refused { .. } => refused += 1,
                    Outcome::Unknown => unknown += 1,
                }
            }
            Record::Read(_) => reads += 1,
            Record::Fault(fault) => faults.entry(&fault.fault).or_default().push(fault.back_ms),
        }
    }
    let _ = writeln!(
        text,
        "seed {}, {:.1} minutes, {}{}",
        options.seed,
        verdict.lasted.as_secs_f64() / 60.0,
        if options.postgres { "PostgreSQL" } else { "SQLite" },
        if options.together { ", two faults at a time" } else { "" },
    );
    let _ = writeln!(
        text,
        "commands checked: {acknowledged} acknowledged, {refused} refused, {unknown} unknown to the end; {again} sent again"
    );
    let events = verdict.evidence.log.len();
    let rows: usize = verdict.evidence.models.iter().map(|model| model.live.len()).sum();
    let _ = writeln!(
        text,
        "reads checked: {reads}; events in the log: {events}; rows compared: {rows}"
    );
    let _ = writeln!(
        text,
        "\n{:<32} {:>5} {:>10} {:>10}",
        "fault", "times", "max ms", "median ms"
    );
    for (fault, backs) in &faults {
        let mut known: Vec<u64> = backs.iter().flatten().copied().collect();
        known.sort_unstable();
        let median = known.get(known.len() / 2).copied().unwrap_or(0);
        let most = known.last().copied().unwrap_or(0);
        let lost = if known.len() < backs.len() { "  not back" } else { "" };
        let _ = writeln!(text, "{fault:<32} {:>5} {most:>10} {median:>10}{lost}", backs.len());
    }
    if verdict.violations.is_empty() {
        let _ = writeln!(text, "\nnothing that must not be");
    } else {
        let _ = writeln!(text, "\n{} violations:", verdict.violations.len());
        for violation in verdict.violations.iter().take(NAMED_MAX) {
            let _ = writeln!(text, "  {violation}");
        }
        let _ = writeln!(text, "\nhistory and logs: {}", verdict.run.display());
        let _ = writeln!(text, "seed {}; to play it again: {}", options.seed, replay(options));
    }
    text
}
