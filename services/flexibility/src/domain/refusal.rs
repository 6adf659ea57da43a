//! Why a command on a part of the register was not carried out.

use chrono::{DateTime, NaiveDate, Utc};
use contracts::problem::Problem;
use contracts::vocabulary::Standing;

/// A state of affairs in which a command cannot be carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing stands under this id.
    NotThere,
    /// Something was written down under this id already.
    AlreadyThere,
    /// It says what must stay as it is.
    MustStay,
    /// It expired, or was taken back.
    NoLongerInForce {
        /// Which.
        standing: Standing,
        /// Since when.
        since: DateTime<Utc>,
    },
    /// The scope named does not hold every school of the present one, and more.
    NotWider,
    /// The day named is not after its present end, or is past.
    NotLonger {
        /// Its present end.
        ends_on: Option<NaiveDate>,
    },
    /// It has no end that could be moved.
    NoEnd,
    /// It is not for the school.
    NotForSchool,
    /// It is for the school, and has yet to begin there.
    NotYet {
        /// Its first day.
        from: NaiveDate,
    },
    /// The school uses it already.
    AlreadyUsed {
        /// Since when.
        since: DateTime<Utc>,
    },
    /// It is not a pilot, or its question is answered.
    NotAPilot,
    /// A pilot is extended once.
    AlreadyExtended,
    /// A pilot's question has to be answered: it is neither renewed nor widened otherwise.
    PilotUnanswered,
}

impl Refusal {
    /// The name, as clients tell refusals apart.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NotThere => "not-found",
            Self::AlreadyThere => "already-written-down",
            Self::MustStay => "must-stay",
            Self::NoLongerInForce { .. } => "no-longer-in-force",
            Self::NotWider => "not-wider",
            Self::NotLonger { .. } => "not-longer",
            Self::NoEnd => "no-end",
            Self::NotForSchool => "not-for-this-school",
            Self::NotYet { .. } => "not-yet",
            Self::AlreadyUsed { .. } => "already-used",
            Self::NotAPilot => "not-a-pilot",
            Self::AlreadyExtended => "already-extended",
            Self::PilotUnanswered => "pilot-unanswered",
        }
    }

    /// What is so, and what can be done next.
    pub fn explain(&self) -> String {
        match self {
            Self::NotThere => "there is no such flexibility".to_owned(),
            Self::AlreadyThere => "this was written down before; change what stands there".to_owned(),
            Self::MustStay => "this says what must stay as it is: it is for every school and has no end".to_owned(),
            Self::NoLongerInForce { standing, since } => format!(
                "this is no longer in force: {} on {}; file a tension if it still gets in the way",
                standing.label().to_lowercase(),
                since.format("%-d %B %Y")
            ),
            Self::NotWider => {
                "this would not be wider: name a scope that holds every school it is for now, and more".to_owned()
            }
            Self::NotLonger { ends_on } => match ends_on {
                Some(ends_on) => format!("name a day after its present end, {}", ends_on.format("%-d %B %Y")),
                None => "name a day to come".to_owned(),
            },
            Self::NoEnd => "this has no end, so there is nothing to renew".to_owned(),
            Self::NotForSchool => {
                "this is not for your school: file a tension that names it, and the department can widen it".to_owned()
            }
            Self::NotYet { from } => format!(
                "this begins on {}: say that you use it from that day on",
                from.format("%-d %B %Y")
            ),
            Self::AlreadyUsed { since } => {
                format!("your school has used this since {}", since.format("%-d %B %Y"))
            }
            Self::NotAPilot => "this is not a pilot that waits for its answer".to_owned(),
            Self::AlreadyExtended => "this pilot was extended once already: stop it, or widen it".to_owned(),
            Self::PilotUnanswered => {
                "this is a pilot: answer its question first, and choose to stop, extend or widen it".to_owned()
            }
        }
    }

    /// The problem to answer with.
    pub fn problem(&self) -> Problem {
        match self {
            Self::NotThere => Problem::not_found("flexibility"),
            Self::AlreadyThere
            | Self::MustStay
            | Self::NoLongerInForce { .. }
            | Self::NotWider
            | Self::NotLonger { .. }
            | Self::NoEnd
            | Self::NotForSchool
            | Self::NotYet { .. }
            | Self::AlreadyUsed { .. }
            | Self::NotAPilot
            | Self::AlreadyExtended
            | Self::PilotUnanswered => Problem::conflict(self.name(), self.explain()),
        }
    }
}
