//! I5: every read model equals a fold of the log.

use std::collections::BTreeMap;

use super::{Case, Invariant, Violation};

/// Differences named before the rest is only counted.
const NAMED_MAX: usize = 5;

/// Compares each read model's rows, in whatever order they come.
pub fn check(case: &Case<'_>, violations: &mut Vec<Violation>) {
    for compared in &case.evidence.models {
        let mut rows: BTreeMap<&str, i64> = BTreeMap::new();
        for row in &compared.live {
            *rows.entry(row).or_default() += 1;
        }
        for row in &compared.again {
            *rows.entry(row).or_default() -= 1;
        }
        let different: Vec<(&str, i64)> = rows.into_iter().filter(|(_, count)| *count != 0).collect();
        let count = different.len();
        for (row, surplus) in different.into_iter().take(NAMED_MAX) {
            let place = if surplus > 0 { "in use" } else { "made again" };
            let row: String = row.chars().take(400).collect();
            violations.push(Violation {
                invariant: Invariant::ModelsFollow,
                what: format!(
                    "{}: only the one {place} has {row} ({count} rows differ)",
                    compared.name
                ),
            });
        }
        if compared.again.is_empty() {
            violations.push(Violation {
                invariant: Invariant::ModelsFollow,
                what: format!("{}: made again, it holds nothing", compared.name),
            });
        }
    }
}
