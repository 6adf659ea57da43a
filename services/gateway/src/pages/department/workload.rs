//! Parts of an inbox that are looked at often, and who in the department has how much.

use std::collections::BTreeMap;

use contracts::queries::LoopRow;
use contracts::{DepartmentId, PersonId};

use super::super::forms::Typed;

/// Whether the department has it, and not only had or helps with it.
pub(super) fn is_with(row: &LoopRow, department: DepartmentId) -> bool {
    row.holder == "department" && row.department == Some(department)
}

/// A part of an inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    All,
    Mine,
    Nobodys,
    Unanswered,
    Late,
}

impl View {
    pub(super) const ALL: [Self; 5] = [Self::All, Self::Mine, Self::Nobodys, Self::Unanswered, Self::Late];

    /// As an address names it.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::All => "",
            Self::Mine => "mine",
            Self::Nobodys => "nobodys",
            Self::Unanswered => "unanswered",
            Self::Late => "late",
        }
    }

    pub(super) fn label(self) -> &'static str {
        match self {
            Self::All => "All",
            Self::Mine => "Mine",
            Self::Nobodys => "Nobody\u{2019}s yet",
            Self::Unanswered => "Without a first word",
            Self::Late => "Late",
        }
    }

    /// The part that an address names; all of it where it names none.
    pub(super) fn asked(typed: &Typed) -> Self {
        let asked = Self::ALL.into_iter().find(|view| view.code() == typed.get("view"));
        asked.unwrap_or(Self::All)
    }

    pub(super) fn href(self, department: DepartmentId) -> String {
        match self {
            Self::All => format!("/department?department={department}"),
            Self::Mine | Self::Nobodys | Self::Unanswered | Self::Late => {
                format!("/department?department={department}&view={}", self.code())
            }
        }
    }

    /// Whether a row is in it, for somebody of the department.
    pub(super) fn shows(self, row: &LoopRow, department: DepartmentId, me: PersonId) -> bool {
        match self {
            Self::All => true,
            Self::Mine => row.assignee == Some(me),
            Self::Nobodys => is_with(row, department) && row.assignee.is_none(),
            Self::Unanswered => is_with(row, department) && row.due.acknowledge.is_some() && !row.paused,
            Self::Late => is_with(row, department) && row.late,
        }
    }
}

/// What somebody takes care of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::pages) struct Load {
    pub who: String,
    pub open: usize,
    pub late: usize,
    pub paused: usize,
}

/// Who takes care of how much, the most first; what nobody takes care of stands at the end.
pub(super) fn loads<'a>(rows: impl Iterator<Item = &'a LoopRow>) -> Vec<Load> {
    let mut found: BTreeMap<Option<&str>, Load> = BTreeMap::new();
    for row in rows {
        let who = row.assignee_name.as_deref();
        let load = found.entry(who).or_insert_with(|| Load {
            who: who.unwrap_or("Nobody in particular yet").to_owned(),
            open: 0,
            late: 0,
            paused: 0,
        });
        load.open += 1;
        load.late += usize::from(row.late);
        load.paused += usize::from(row.paused);
    }
    let nobody = found.remove(&None);
    let mut loads: Vec<Load> = found.into_values().collect();
    loads.sort_by(|one, other| other.open.cmp(&one.open).then_with(|| one.who.cmp(&other.who)));
    loads.extend(nobody);
    loads
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::samples;
    use contracts::vocabulary::LoopState;

    #[test]
    fn nobodys_stands_last_however_much_it_is() {
        let row = |name: Option<&str>, late: bool| LoopRow {
            assignee_name: name.map(str::to_owned),
            late,
            ..samples::row(LoopState::Acknowledged, "x")
        };
        let rows = [
            row(None, false),
            row(None, false),
            row(None, true),
            row(Some("Ada"), true),
            row(Some("Ben"), false),
            row(Some("Ben"), false),
        ];
        let loads = loads(rows.iter());
        let told: Vec<(&str, usize, usize)> = loads
            .iter()
            .map(|load| (load.who.as_str(), load.open, load.late))
            .collect();
        assert_eq!(told, [("Ben", 2, 0), ("Ada", 1, 1), ("Nobody in particular yet", 3, 1)]);
    }
}
