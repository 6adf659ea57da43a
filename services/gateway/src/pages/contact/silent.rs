//! Who has not been heard of: schools that file nothing, departments that say nothing, schools for which nobody speaks.

use std::collections::{BTreeMap, BTreeSet};

use contracts::DepartmentId;
use contracts::queries::PAGE_MAX;
use contracts::vocabulary::LoopState;

use super::super::days::counted;
use super::super::viewer::Viewer;
use super::super::words;
use super::Lists;

/// For how long a school has filed nothing that is silent.
pub(super) const SILENT_DAYS: i64 = 180;

/// Who has not been heard of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::pages) struct Silent {
    /// Schools that filed nothing for long, by name.
    pub schools: Vec<String>,
    /// How many schools there are.
    pub of: usize,
    /// Departments whose loops wait for a first word that was promised: address, name, and for how many and how long.
    pub departments: Vec<Quiet>,
    /// Schools for which nobody speaks any more: address, name, and what became of whoever did.
    pub unspoken: Vec<Quiet>,
}

/// One that is silent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::pages) struct Quiet {
    pub href: String,
    pub name: String,
    pub words: String,
}

impl Silent {
    pub(super) fn new(viewer: &Viewer, lists: &Lists<'_>) -> Self {
        let filed: BTreeSet<&str> = lists
            .schools
            .iter()
            .filter(|told| told.summary.filed > 0)
            .filter_map(|told| told.key.as_deref())
            .collect();
        let all = viewer.district.schools.iter().filter(|school| !school.retired);
        let silent = all
            .clone()
            .filter(|school| !filed.contains(school.id.to_string().as_str()));
        Self {
            of: all.count(),
            schools: silent.map(|school| school.name.clone()).collect(),
            departments: departments(viewer, lists),
            unspoken: unspoken(viewer, lists),
        }
    }
}

/// Departments that have not said a first word by the day it was promised, the longest first.
fn departments(viewer: &Viewer, lists: &Lists<'_>) -> Vec<Quiet> {
    let mut waiting: BTreeMap<DepartmentId, (u32, i64)> = BTreeMap::new();
    for row in lists.late {
        let (Some(department), LoopState::Routed) = (row.department, row.state) else {
            continue;
        };
        let days = row.next_due.map_or(0, |due| (viewer.days.today - due).num_days());
        let (count, longest) = waiting.entry(department).or_default();
        *count += 1;
        *longest = days.max(*longest);
    }
    let mut waiting: Vec<_> = waiting.into_iter().collect();
    waiting.sort_by_key(|(_, (count, longest))| std::cmp::Reverse((*longest, *count)));
    waiting
        .into_iter()
        .map(|(department, (count, longest))| Quiet {
            href: format!("/loops?open=true&late=true&sort=due&state=routed&department={department}"),
            name: words::department(&viewer.district, department),
            words: format!(
                "{}{} without a first word, {} late at most",
                if lists.late.len() >= PAGE_MAX as usize {
                    "at least "
                } else {
                    ""
                },
                counted(count, "loop", "loops"),
                counted(longest.unsigned_abs(), "day", "days")
            ),
        })
        .collect()
}

fn unspoken(viewer: &Viewer, lists: &Lists<'_>) -> Vec<Quiet> {
    let quiet = lists.unspoken.iter().map(|gone| Quiet {
        href: format!("/loops?open=true&school={}", gone.school),
        name: words::school(&viewer.district, gone.school),
        words: format!(
            "{} no longer speaks for it, in {}; nobody else there can",
            gone.spoke,
            counted(gone.loops, "open loop", "open loops")
        ),
    });
    quiet.collect()
}

#[cfg(test)]
mod tests {
    use contracts::queries::{LoopRow, Summary, Told};

    use super::*;
    use crate::pages::samples;

    #[test]
    fn who_filed_nothing_and_who_owes_a_first_word_is_silent_and_nobody_else() {
        let viewer = samples::viewer();
        let schools: Vec<_> = viewer
            .district
            .schools
            .iter()
            .filter(|school| !school.retired)
            .collect();
        let filed = Told {
            name: String::new(),
            key: Some(schools[0].id.to_string()),
            summary: Summary {
                filed: 1,
                ..Summary::default()
            },
        };
        let department = viewer.district.departments[0].id;
        let late = |state: LoopState, days: i64| LoopRow {
            department: Some(department),
            late: true,
            next_due: Some(viewer.days.today - chrono::Duration::days(days)),
            ..samples::row(state, "x")
        };
        // A first word is owed of two; of the third it was said.
        let rows = [
            late(LoopState::Routed, 2),
            late(LoopState::Routed, 9),
            late(LoopState::Acknowledged, 40),
        ];
        let lists = Lists {
            triage: &[],
            decide: &[],
            above: &[],
            late: &rows,
            stages: &[],
            schools: &[filed],
            unspoken: &[],
        };
        let silent = Silent::new(&viewer, &lists);
        assert_eq!(silent.of, schools.len());
        assert!(
            schools.len() > 1 && silent.schools.len() == schools.len() - 1,
            "{silent:?}"
        );
        assert!(!silent.schools.contains(&schools[0].name));
        let words: Vec<&str> = silent.departments.iter().map(|quiet| quiet.words.as_str()).collect();
        assert_eq!(words, ["2 loops without a first word, 9 days late at most"]);
    }
}
