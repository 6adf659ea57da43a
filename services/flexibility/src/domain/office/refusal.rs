//! Why a command on a pattern, a request to the state or a review was not carried out.

use chrono::NaiveDate;
use contracts::problem::Problem;
use contracts::vocabulary::{PatternStanding, WaiverStanding};

/// A state of affairs in which a command cannot be carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OfficeRefusal {
    /// Nothing stands under this id.
    NotThere,
    /// Another department answers for it.
    NotYours,
    /// It is before another team.
    NotYourTeam,
    /// A change lies before a team already, or was adopted.
    PatternStands {
        /// How it stands.
        standing: PatternStanding,
    },
    /// Nothing lies before a team.
    NotBeforeTeam,
    /// Another proposal lies before the team by now.
    OtherRevision {
        /// The one that does.
        current: u32,
    },
    /// The request is not at the point where this can be done.
    WaiverStands {
        /// How it stands.
        standing: WaiverStanding,
    },
    /// The law asks for more than is written.
    Missing {
        /// The parts, as people know them.
        parts: Vec<String>,
    },
    /// The day named is after the longest term that the law allows.
    TooLong {
        /// The last day that it allows.
        latest: NaiveDate,
    },
    /// The day named is before another that it must follow, or to come.
    DayDoesNotFit,
    /// The review is over.
    Concluded,
}

impl OfficeRefusal {
    /// The name, as clients tell refusals apart.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NotThere => "not-found",
            Self::NotYours | Self::NotYourTeam => "not-permitted",
            Self::PatternStands { .. } => "pattern-stands",
            Self::NotBeforeTeam => "not-before-a-team",
            Self::OtherRevision { .. } => "other-revision",
            Self::WaiverStands { .. } => "waiver-stands",
            Self::Missing { .. } => "parts-missing",
            Self::TooLong { .. } => "too-long",
            Self::DayDoesNotFit => "day-does-not-fit",
            Self::Concluded => "concluded",
        }
    }

    /// What is so, and what can be done next.
    pub fn explain(&self) -> String {
        match self {
            Self::NotThere => "there is no such thing here".to_owned(),
            Self::NotYours => {
                "this is for the department that answers for it, and for the central-office contact".to_owned()
            }
            Self::NotYourTeam => "this is before a team that you are not a member of".to_owned(),
            Self::PatternStands { standing } => match standing {
                PatternStanding::Proposed => "a change lies before a team already: wait for its decision".to_owned(),
                PatternStanding::Adopted => "the rule was changed already: see what stands in the register".to_owned(),
                PatternStanding::Detected | PatternStanding::Kept => "this cannot be done now".to_owned(),
            },
            Self::NotBeforeTeam => "no change lies before a team: propose one first".to_owned(),
            Self::OtherRevision { current } => {
                format!("another proposal, number {current}, lies before the team by now: read it first")
            }
            Self::WaiverStands { standing } => match standing {
                WaiverStanding::Drafted => "it has not gone to the state yet".to_owned(),
                WaiverStanding::Submitted => "the state has it: it can no longer be changed".to_owned(),
                WaiverStanding::Granted | WaiverStanding::DeemedGranted | WaiverStanding::Denied => format!(
                    "it is answered already ({}); a new answer to the loop makes a new request",
                    standing.label().to_lowercase()
                ),
            },
            Self::Missing { parts } => format!(
                "the law asks for more than is written; still missing: {}",
                parts.join("; ")
            ),
            Self::TooLong { latest } => {
                format!("the law allows no longer than until {}", latest.format("%-d %B %Y"))
            }
            Self::DayDoesNotFit => "the day does not fit: it is to come, or before the day it must follow".to_owned(),
            Self::Concluded => "this review is over: open a new one".to_owned(),
        }
    }

    /// The problem to answer with.
    pub fn problem(&self, what: &str) -> Problem {
        match self {
            Self::NotThere => Problem::not_found(what),
            Self::NotYours | Self::NotYourTeam => Problem::forbidden(self.explain()),
            Self::PatternStands { .. }
            | Self::NotBeforeTeam
            | Self::OtherRevision { .. }
            | Self::WaiverStands { .. }
            | Self::Missing { .. }
            | Self::TooLong { .. }
            | Self::DayDoesNotFit
            | Self::Concluded => Problem::conflict(self.name(), self.explain()),
        }
    }
}
