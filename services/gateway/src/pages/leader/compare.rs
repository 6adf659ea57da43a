//! This time beside the time before, and the figures told apart.

use contracts::queries::{Picture, Summary, structural_share};
use contracts::vocabulary::Grouping;

use super::super::forms::escaped;
use super::super::words::raised;
use super::sentences::Narrowed;

/// One figure, then and now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::pages) struct Compared {
    pub name: &'static str,
    pub now: String,
    pub before: String,
    /// Where its loops are.
    pub href: Option<String>,
}

fn percent(share: Option<u32>) -> String {
    share.map_or_else(|| "none yet".to_owned(), |share| format!("{share} in 100"))
}

impl Compared {
    /// Every figure that belongs to a time; what is open and late is so now, whatever the time.
    pub(super) fn all(now: &Picture, before: &Picture, narrowed: &Narrowed) -> Vec<Self> {
        let figure = |name, of: fn(&Summary) -> u32, list: Option<&str>| Self {
            name,
            now: of(&now.summary).to_string(),
            before: of(&before.summary).to_string(),
            href: list.map(|list| narrowed.list(list)),
        };
        let share_of = |summary: &Summary| percent(structural_share(summary.structural, summary.exceptions));
        vec![
            figure("Filed", |it| it.filed, Some("sort=newest")),
            figure(
                "Closed by the schools\u{2019} own word",
                |it| it.closed_confirmed,
                Some("state=closed&sort=changed"),
            ),
            figure("Closed without their word", |it| it.closed_unconfirmed, None),
            figure("Declined", |it| it.declined, Some("state=declined&sort=changed")),
            figure("Withdrawn", |it| it.withdrawn, Some("state=withdrawn&sort=changed")),
            figure("Refused by a school at least once", |it| it.refused, None),
            figure("Answers that changed it for every school", |it| it.structural, None),
            figure("Answers that excused single schools", |it| it.exceptions, None),
            Self {
                name: "Changed for all, of both",
                now: share_of(&now.summary),
                before: share_of(&before.summary),
                href: None,
            },
        ]
    }
}

/// The figures of each department, area or school.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::pages) struct TellsApart {
    pub by: &'static str,
    pub lines: Vec<ApartLine>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::pages) struct ApartLine {
    pub name: String,
    pub href: Option<String>,
    pub summary: Summary,
}

impl TellsApart {
    pub(super) fn new(by: Grouping, picture: &Picture, narrowed: &Narrowed) -> Self {
        let line = |told: &contracts::queries::Told| ApartLine {
            name: raised(&told.name),
            href: told.key.as_deref().map(|key| {
                // It narrows further: what narrowed by the same thing gives way.
                let open = if by == Grouping::State { "" } else { "open=true&" };
                let list = format!("{open}sort=due&{}={}", by.code(), escaped(key));
                narrowed.without(by.code()).list(&list)
            }),
            summary: told.summary.clone(),
        };
        Self {
            by: by.label(),
            lines: picture.by.iter().map(line).collect(),
        }
    }
}
