//! What the district office does about patterns, requests to the state and its own rules, by the name each deed has in
//! addresses, and who may do it.

use crate::subjects::Thing;
use crate::vocabulary::Role;

/// A deed of the office that is not about one loop or one part of the register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OfficeAction {
    /// Propose to change the rule of a pattern.
    ProposeRevision,
    /// Decide for the team on it.
    DecideRevision,
    /// Write a request to the state.
    DraftWaiver,
    /// Say that it went to the state.
    SubmitWaiver,
    /// Say what the state answered.
    AnswerWaiver,
    /// Open a review.
    OpenReview,
    /// Say what one part of a document does.
    ExamineClause,
    /// Close a review.
    ConcludeReview,
}

/// In relation to which thing a role must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OfficeScope {
    /// The department that answers, or will answer, for it.
    OwnDepartment,
    /// The team before which it is.
    TeamAsked,
    /// The person's district.
    District,
}

impl OfficeAction {
    /// Every deed.
    pub const ALL: &'static [Self] = &[
        Self::ProposeRevision,
        Self::DecideRevision,
        Self::DraftWaiver,
        Self::SubmitWaiver,
        Self::AnswerWaiver,
        Self::OpenReview,
        Self::ExamineClause,
        Self::ConcludeReview,
    ];

    /// The name on the wire.
    pub fn slug(self) -> &'static str {
        match self {
            Self::ProposeRevision => "propose-revision",
            Self::DecideRevision => "decide-revision",
            Self::DraftWaiver => "draft-waiver",
            Self::SubmitWaiver => "submit-waiver",
            Self::AnswerWaiver => "answer-waiver",
            Self::OpenReview => "open-review",
            Self::ExamineClause => "examine-clause",
            Self::ConcludeReview => "conclude-review",
        }
    }

    /// The short name in addresses: `POST /api/v1/waivers/{id}/<name>`.
    pub fn name(self) -> &'static str {
        match self {
            Self::ProposeRevision | Self::DecideRevision => self.slug(),
            Self::DraftWaiver => "draft",
            Self::SubmitWaiver => "submit",
            Self::AnswerWaiver => "answer",
            Self::OpenReview => "open",
            Self::ExamineClause => "examine",
            Self::ConcludeReview => "conclude",
        }
    }

    /// What can be done to a thing that is there, by its short name.
    pub fn from_name(thing: Thing, name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|action| action.thing() == thing && action.name() == name && !action.begins())
    }

    /// The deed with this name.
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.slug() == slug)
    }

    /// What it is done to.
    pub fn thing(self) -> Thing {
        match self {
            Self::ProposeRevision | Self::DecideRevision => Thing::Pattern,
            Self::DraftWaiver | Self::SubmitWaiver | Self::AnswerWaiver => Thing::Waiver,
            Self::OpenReview | Self::ExamineClause | Self::ConcludeReview => Thing::Review,
        }
    }

    /// Whether it makes the thing it is done to.
    pub fn begins(self) -> bool {
        matches!(self, Self::DraftWaiver | Self::OpenReview)
    }
}

/// Who may do what: checks, pages and documentation all read it.
pub const OFFICE_AUTHORITY: &[(OfficeAction, Role, OfficeScope)] = &[
    (
        OfficeAction::ProposeRevision,
        Role::DepartmentStaff,
        OfficeScope::OwnDepartment,
    ),
    (
        OfficeAction::ProposeRevision,
        Role::DepartmentLead,
        OfficeScope::OwnDepartment,
    ),
    (OfficeAction::ProposeRevision, Role::Contact, OfficeScope::District),
    (OfficeAction::DecideRevision, Role::Reporter, OfficeScope::TeamAsked),
    (
        OfficeAction::DecideRevision,
        Role::DepartmentStaff,
        OfficeScope::TeamAsked,
    ),
    (
        OfficeAction::DecideRevision,
        Role::DepartmentLead,
        OfficeScope::TeamAsked,
    ),
    (OfficeAction::DecideRevision, Role::Contact, OfficeScope::TeamAsked),
    (OfficeAction::DecideRevision, Role::Leader, OfficeScope::TeamAsked),
    (
        OfficeAction::DraftWaiver,
        Role::DepartmentStaff,
        OfficeScope::OwnDepartment,
    ),
    (
        OfficeAction::DraftWaiver,
        Role::DepartmentLead,
        OfficeScope::OwnDepartment,
    ),
    (OfficeAction::DraftWaiver, Role::Contact, OfficeScope::District),
    (
        OfficeAction::SubmitWaiver,
        Role::DepartmentStaff,
        OfficeScope::OwnDepartment,
    ),
    (
        OfficeAction::SubmitWaiver,
        Role::DepartmentLead,
        OfficeScope::OwnDepartment,
    ),
    (OfficeAction::SubmitWaiver, Role::Contact, OfficeScope::District),
    (
        OfficeAction::AnswerWaiver,
        Role::DepartmentStaff,
        OfficeScope::OwnDepartment,
    ),
    (
        OfficeAction::AnswerWaiver,
        Role::DepartmentLead,
        OfficeScope::OwnDepartment,
    ),
    (OfficeAction::AnswerWaiver, Role::Contact, OfficeScope::District),
    (
        OfficeAction::OpenReview,
        Role::DepartmentStaff,
        OfficeScope::OwnDepartment,
    ),
    (
        OfficeAction::OpenReview,
        Role::DepartmentLead,
        OfficeScope::OwnDepartment,
    ),
    (OfficeAction::OpenReview, Role::Contact, OfficeScope::District),
    (
        OfficeAction::ExamineClause,
        Role::DepartmentStaff,
        OfficeScope::OwnDepartment,
    ),
    (
        OfficeAction::ExamineClause,
        Role::DepartmentLead,
        OfficeScope::OwnDepartment,
    ),
    (OfficeAction::ExamineClause, Role::Contact, OfficeScope::District),
    (
        OfficeAction::ConcludeReview,
        Role::DepartmentLead,
        OfficeScope::OwnDepartment,
    ),
    (OfficeAction::ConcludeReview, Role::Contact, OfficeScope::District),
];
