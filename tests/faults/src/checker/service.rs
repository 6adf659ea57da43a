//! I8: back in service within half a minute of a fault's end, and at rest in the end.

use super::{Case, Invariant, Violation};

/// The longest it may take from a fault's end until a new command is acknowledged, routed and read.
pub const BACK_MS_MAX: u64 = 30_000;

/// Checks how long each fault was felt, what it promised itself, and that everything came to rest.
pub fn check(case: &Case<'_>, violations: &mut Vec<Violation>) {
    let mut add = |what: String| {
        violations.push(Violation {
            invariant: Invariant::BackInService,
            what,
        });
    };
    for fault in &case.faults {
        match fault.back_ms {
            Some(ms) if ms <= BACK_MS_MAX => {}
            Some(ms) => add(format!("{} ({}): back only after {ms} ms", fault.fault, fault.what)),
            None => add(format!("{} ({}): not back", fault.fault, fault.what)),
        }
        for complaint in &fault.complaints {
            add(format!("{} ({}): {complaint}", fault.fault, fault.what));
        }
    }
    for what in &case.evidence.restless {
        add(what.clone());
    }
}
