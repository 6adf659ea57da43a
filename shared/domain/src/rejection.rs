//! Why a command on a loop was not carried out: what is so, and what the person can do next.

use chrono::{DateTime, Utc};
use contracts::events::routing::About;
use contracts::ids::{DepartmentId, EventId, LoopNumber, PersonId, SchoolId, TeamId};
use contracts::problem::Problem;
use contracts::vocabulary::{EscalatedTo, LoopState};

/// A state of affairs in which a command cannot be carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    /// No loop stands under this id.
    NoSuchLoop,
    /// A loop was filed under this id already.
    AlreadyFiled,
    /// It has ended.
    Ended {
        /// How.
        state: LoopState,
    },
    /// Another department has it by now.
    WithAnother {
        /// Who.
        department: DepartmentId,
        /// Since when.
        since: DateTime<Utc>,
    },
    /// No department has it yet.
    NotRouted,
    /// It is not waiting to be routed.
    NotInTriage {
        /// Who has it.
        department: Option<DepartmentId>,
    },
    /// The department named has it already.
    AlreadyThere {
        /// Who.
        department: DepartmentId,
    },
    /// A first word was said in this episode.
    AlreadyAcknowledged {
        /// By whom.
        by: Option<PersonId>,
        /// When.
        at: DateTime<Utc>,
    },
    /// The school is in it.
    AlreadyIn {
        /// Which.
        school: SchoolId,
    },
    /// The school is not in it, or no longer.
    NotIn {
        /// Which.
        school: SchoolId,
    },
    /// Only joinable loops can be joined.
    NotJoinable,
    /// Others have joined, so it cannot become invisible to them.
    OthersHaveJoined,
    /// It closed before the school could join.
    ClosedBeforeJoining,
    /// The last school withdraws; it does not leave.
    LastSchool,
    /// Several schools are in it: one leaves, the loop goes on.
    OthersAreInIt,
    /// No question is open for this school.
    NoOpenQuestion,
    /// The question named is answered, or was asked in an episode that is over.
    QuestionOver {
        /// Which.
        question: EventId,
    },
    /// No answer is proposed.
    NothingProposed,
    /// The answer has another revision by now.
    AnotherRevision {
        /// The one named.
        named: u32,
        /// The one that stands.
        current: u32,
    },
    /// The state has not answered yet.
    StateHasNotAnswered,
    /// Nothing was asked of the state.
    NothingAskedOfState,
    /// The rule is on record as just that.
    RuleIsSo,
    /// The school has said so already.
    AlreadySaid {
        /// What its part is now.
        state: LoopState,
    },
    /// It was not declined.
    NotDeclined,
    /// One appeal a loop.
    AlreadyAppealed,
    /// It is declined; an appeal or the review date comes first.
    IsDeclined,
    /// An appeal is under way, and its decision comes first.
    AppealPending,
    /// Its part is not closed, so there is nothing to follow up.
    NotClosed,
    /// The episode named is over.
    EpisodeOver {
        /// The one named.
        named: u32,
        /// The current one.
        current: u32,
    },
    /// It lies before a team already.
    BeforeTeam {
        /// Which.
        team: TeamId,
    },
    /// It lies before no team.
    NotBeforeTeam,
    /// The matter named is decided.
    MatterOver,
    /// It is with somebody above already.
    AlreadyEscalated {
        /// With whom.
        to: EscalatedTo,
    },
    /// Nothing was escalated.
    NotEscalated,
    /// It is for another to decide.
    NotYoursToDecide {
        /// For whom.
        to: EscalatedTo,
    },
    /// On an appeal the decision must say what becomes of the decline.
    OutcomeNeeded {
        /// What it is about.
        about: About,
    },
    /// A decline for now must say when to look again.
    ReviewDateNeeded,
    /// The day named is not after today.
    DayInThePast,
    /// The district is closed on the day named.
    DayClosed,
    /// The day named is further off than days are counted.
    DayTooFar,
    /// The person speaks for the school already.
    AlreadySpeaks,
    /// Nothing in it differs from what stands.
    NothingChanges,
    /// A reporter asks the contact, who may ask a leader.
    OnlyToContact,
    /// Its days are counted by a calendar newer than those looked up for the command.
    CalendarNotHere,
    /// Nothing may be erased here.
    Held {
        /// Since when.
        since: DateTime<Utc>,
    },
    /// The same words answer another loop, in which nothing may be erased.
    HeldElsewhere {
        /// Which.
        number: LoopNumber,
        /// Since when.
        since: DateTime<Utc>,
    },
    /// What is named is no text of this loop.
    NoSuchText {
        /// As it was named.
        named: String,
    },
    /// All of it is erased already.
    AlreadyErased,
    /// No such hold is in force.
    NoSuchHold,
    /// Several holds are in force.
    SayWhichHold,
    /// Its history is as long as one loop's can be.
    HistoryFull {
        /// The bound.
        events_max: u32,
    },
}

/// Names for the ids that refusals speak of.
pub trait Names {
    /// A department's name.
    fn department(&self, id: DepartmentId) -> String;
    /// A team's name.
    fn team(&self, id: TeamId) -> String;
    /// A moment, in the district's words.
    fn moment(&self, at: DateTime<Utc>) -> String;
}

impl Rejection {
    /// The stable name of its problem type.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NoSuchLoop => "not-found",
            Self::AlreadyFiled => "already-filed",
            Self::Ended { .. } => "ended",
            Self::WithAnother { .. } => "with-another-department",
            Self::NotRouted => "not-routed",
            Self::NotInTriage { .. } => "not-in-triage",
            Self::AlreadyThere { .. } => "already-there",
            Self::AlreadyAcknowledged { .. } => "already-acknowledged",
            Self::AlreadyIn { .. } => "already-in",
            Self::NotIn { .. } => "not-in",
            Self::NotJoinable => "not-joinable",
            Self::OthersHaveJoined => "others-have-joined",
            Self::ClosedBeforeJoining => "closed-before-joining",
            Self::LastSchool => "last-school",
            Self::OthersAreInIt => "others-are-in-it",
            Self::NoOpenQuestion => "no-open-question",
            Self::QuestionOver { .. } => "question-over",
            Self::NothingProposed => "nothing-proposed",
            Self::AnotherRevision { .. } => "another-revision",
            Self::StateHasNotAnswered => "state-has-not-answered",
            Self::NothingAskedOfState => "nothing-asked-of-state",
            Self::RuleIsSo => "rule-is-so",
            Self::AlreadySaid { .. } => "already-said",
            Self::NotDeclined => "not-declined",
            Self::AlreadyAppealed => "already-appealed",
            Self::IsDeclined => "is-declined",
            Self::AppealPending => "appeal-pending",
            Self::NotClosed => "not-closed",
            Self::EpisodeOver { .. } => "episode-over",
            Self::BeforeTeam { .. } => "before-team",
            Self::NotBeforeTeam => "not-before-team",
            Self::MatterOver => "matter-over",
            Self::AlreadyEscalated { .. } => "already-escalated",
            Self::NotEscalated => "not-escalated",
            Self::NotYoursToDecide { .. } => "not-yours-to-decide",
            Self::OutcomeNeeded { .. } => "outcome-needed",
            Self::ReviewDateNeeded => "review-date-needed",
            Self::DayInThePast => "day-in-the-past",
            Self::DayClosed => "day-closed",
            Self::DayTooFar => "day-too-far",
            Self::AlreadySpeaks => "already-speaks",
            Self::NothingChanges => "nothing-changes",
            Self::OnlyToContact => "only-to-contact",
            Self::CalendarNotHere => "unavailable",
            Self::Held { .. } | Self::HeldElsewhere { .. } => "held",
            Self::NoSuchText { .. } => "no-such-text",
            Self::AlreadyErased => "already-erased",
            Self::NoSuchHold => "no-such-hold",
            Self::SayWhichHold => "say-which-hold",
            Self::HistoryFull { .. } => "history-full",
        }
    }

    /// The status it is answered with: 404 for what is not there, 403 and 422 for what was asked wrongly, 409 for
    /// what is no longer possible, 503 for what will be in a moment.
    pub fn status(&self) -> u16 {
        match self {
            Self::NoSuchLoop => 404,
            Self::OnlyToContact | Self::NotYoursToDecide { .. } => 403,
            Self::OutcomeNeeded { .. }
            | Self::ReviewDateNeeded
            | Self::DayInThePast
            | Self::DayClosed
            | Self::DayTooFar
            | Self::NoSuchText { .. }
            | Self::SayWhichHold => 422,
            Self::AlreadyFiled
            | Self::Ended { .. }
            | Self::WithAnother { .. }
            | Self::NotRouted
            | Self::NotInTriage { .. }
            | Self::AlreadyThere { .. }
            | Self::AlreadyAcknowledged { .. }
            | Self::AlreadyIn { .. }
            | Self::NotIn { .. }
            | Self::NotJoinable
            | Self::OthersHaveJoined
            | Self::ClosedBeforeJoining
            | Self::LastSchool
            | Self::OthersAreInIt
            | Self::NoOpenQuestion
            | Self::QuestionOver { .. }
            | Self::NothingProposed
            | Self::AnotherRevision { .. }
            | Self::StateHasNotAnswered
            | Self::NothingAskedOfState
            | Self::RuleIsSo
            | Self::AlreadySaid { .. }
            | Self::NotDeclined
            | Self::AlreadyAppealed
            | Self::IsDeclined
            | Self::AppealPending
            | Self::NotClosed
            | Self::EpisodeOver { .. }
            | Self::BeforeTeam { .. }
            | Self::NotBeforeTeam
            | Self::MatterOver
            | Self::AlreadyEscalated { .. }
            | Self::NotEscalated
            | Self::AlreadySpeaks
            | Self::NothingChanges
            | Self::Held { .. }
            | Self::HeldElsewhere { .. }
            | Self::AlreadyErased
            | Self::NoSuchHold
            | Self::HistoryFull { .. } => 409,
            Self::CalendarNotHere => 503,
        }
    }

    /// What is so and what to do, for the person who asked.
    pub fn explain(&self, names: &dyn Names) -> String {
        match self {
            Self::NoSuchLoop => "there is no loop here that you can see; check the address".to_owned(),
            Self::AlreadyFiled => "this tension is filed already; open it in your loops".to_owned(),
            Self::Ended { state } => match state {
                LoopState::Closed => {
                    "this loop is closed; if it no longer works, say so in the follow-up, or file a new one linked to it"
                        .to_owned()
                }
                LoopState::Declined => {
                    "this loop was declined; a school in it may appeal once, or file a new one linked to it".to_owned()
                }
                LoopState::Withdrawn
                | LoopState::Filed
                | LoopState::Triage
                | LoopState::Routed
                | LoopState::Acknowledged
                | LoopState::WaitingForSchool
                | LoopState::WaitingForState
                | LoopState::Reopened
                | LoopState::Proposed => {
                    "the school has withdrawn this loop; file a new one linked to it if it is needed again".to_owned()
                }
            },
            Self::WithAnother { department, since } => format!(
                "this loop is with {} since {}; talk to them, or ask the contact to move it back",
                names.department(*department),
                names.moment(*since)
            ),
            Self::NotRouted => "no department has this loop yet; the contact will route it".to_owned(),
            Self::NotInTriage { department: Some(department) } => format!(
                "this loop is not waiting to be routed: {} has it; use re-route to move it",
                names.department(*department)
            ),
            Self::NotInTriage { department: None } => "this loop is not waiting to be routed".to_owned(),
            Self::AlreadyThere { department } => {
                format!("{} has this loop already; choose another department", names.department(*department))
            }
            Self::AlreadyAcknowledged { at, .. } => format!(
                "this loop was acknowledged on {}; add a shared note or ask a question instead",
                names.moment(*at)
            ),
            Self::AlreadyIn { .. } => "this school is in the loop already".to_owned(),
            Self::NotIn { .. } => "this school is not in the loop; join it first, or file your own".to_owned(),
            Self::NotJoinable => {
                "the school that filed this keeps it to itself; file your own tension instead".to_owned()
            }
            Self::OthersHaveJoined => {
                "other schools have joined, so it stays visible to them; file a separate tension for what is private"
                    .to_owned()
            }
            Self::ClosedBeforeJoining => "it closed before you joined; read what was answered, it may hold for you too, \
                                          or file a new tension linked to it"
                .to_owned(),
            Self::LastSchool => "this is the only school left in the loop; withdraw the tension instead".to_owned(),
            Self::OthersAreInIt => {
                "other schools are still in this loop; leave it instead, and it goes on for them".to_owned()
            }
            Self::NoOpenQuestion => "no question is open for this school; nothing needs an answer now".to_owned(),
            Self::QuestionOver { .. } => {
                "that question is over; look at the loop's page for what is asked now".to_owned()
            }
            Self::NothingProposed => "no answer is proposed at present; look at the loop's page".to_owned(),
            Self::AnotherRevision { named, current } => format!(
                "you speak of revision {named}, but revision {current} stands now; read it and say whether that works"
            ),
            Self::StateHasNotAnswered => {
                "the state has not answered yet; you will be asked when it has".to_owned()
            }
            Self::NothingAskedOfState => "nothing is waiting for the state here".to_owned(),
            Self::RuleIsSo => "the rule is on record as just that: there is nothing to correct".to_owned(),
            Self::AlreadySaid { state } => {
                format!("this school's part is {} already; a new revision would ask again", state.code())
            }
            Self::NotDeclined => "this loop is not declined, so there is nothing to appeal".to_owned(),
            Self::AlreadyAppealed => {
                "one appeal a loop, and it was made; file a new tension linked to this one if things changed".to_owned()
            }
            Self::IsDeclined => "this loop is declined; a school may appeal once".to_owned(),
            Self::AppealPending => "an appeal is under way; its decision comes first".to_owned(),
            Self::NotClosed => "this school's part is not closed, so there is nothing to follow up yet".to_owned(),
            Self::EpisodeOver { named, current } => format!(
                "this was meant for episode {named}; the loop was reopened since and is in episode {current}: read it again"
            ),
            Self::BeforeTeam { team } => {
                format!("this loop lies before {} already; their decision comes first", names.team(*team))
            }
            Self::NotBeforeTeam => "this loop lies before no team now".to_owned(),
            Self::MatterOver => "that was decided already; look at the loop's page".to_owned(),
            Self::AlreadyEscalated { to } => {
                format!("this is with {} already; their decision comes first", to.label())
            }
            Self::NotEscalated => "nothing is escalated here, so there is nothing to decide".to_owned(),
            Self::NotYoursToDecide { to } => format!("this is for {} to decide", to.label()),
            Self::OutcomeNeeded { .. } => {
                "say what becomes of the decline: outcome is uphold or overturn".to_owned()
            }
            Self::ReviewDateNeeded => {
                "a decline for now says when to look again: give review_on, a date".to_owned()
            }
            Self::DayInThePast => "choose a day after today".to_owned(),
            Self::DayClosed => "the district is closed on that day; choose one of its working days".to_owned(),
            Self::DayTooFar => "that day is more than three years off; choose an earlier one".to_owned(),
            Self::AlreadySpeaks => "this person speaks for the school already".to_owned(),
            Self::NothingChanges => "nothing in this differs from what stands; change something first".to_owned(),
            Self::OnlyToContact => "ask the central-office contact; the contact may ask leadership".to_owned(),
            Self::CalendarNotHere => {
                "the district's calendar has just changed and has not arrived here yet; nothing was lost".to_owned()
            }
            Self::Held { since } => format!(
                "nothing here may be erased since {}: an auditor placed a hold, and has to lift it first",
                names.moment(*since)
            ),
            Self::HeldElsewhere { number, since } => format!(
                "the same words answer loop {number}, on which an auditor placed a hold {}; it has to be lifted first",
                names.moment(*since)
            ),
            Self::NoSuchText { named } => format!(
                "{named:?} is no text that stands here; name texts as the sequence of their event, a slash and their \
                 field, as they are listed"
            ),
            Self::AlreadyErased => "that was erased already".to_owned(),
            Self::NoSuchHold => "there is no such hold here now".to_owned(),
            Self::SayWhichHold => "several holds are here: say which, by its event".to_owned(),
            Self::HistoryFull { events_max } => format!(
                "this loop has reached {events_max} events, the most one can hold; file a new tension linked to it"
            ),
        }
    }

    /// The problem that is answered.
    pub fn problem(&self, names: &dyn Names) -> Problem {
        let title = match self.status() {
            503 => return Problem::unavailable(self.explain(names)),
            404 => "Not found",
            403 => "You cannot do this",
            422 => "This cannot be taken as it is",
            _ => "This is no longer possible",
        };
        Problem::new(self.name(), self.status(), title, self.explain(names))
    }
}
