//! What people can do to a loop, by the name it has in addresses.

use crate::vocabulary::Role;

macro_rules! actions {
    ($($(#[$doc:meta])* $variant:ident = $slug:literal of $service:literal),* $(,)?) => {
        /// Something a person can do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action { $($(#[$doc])* $variant),* }

        impl Action {
            /// Every action.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name in addresses: `POST /api/v1/loops/{id}/<slug>`.
            pub fn slug(self) -> &'static str {
                match self { $(Self::$variant => $slug),* }
            }

            /// The service that owns it.
            pub fn service(self) -> &'static str {
                match self { $(Self::$variant => $service),* }
            }

            /// The action with this name.
            pub fn from_slug(slug: &str) -> Option<Self> {
                match slug { $($slug => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

actions! {
    /// File a tension (not an action on a loop: it makes one).
    File = "file" of "intake",
    /// Say it better.
    Amend = "amend" of "intake",
    /// Us too.
    Join = "join" of "intake",
    /// No longer us.
    Leave = "leave" of "intake",
    /// Another speaks for the school.
    HandOn = "hand-on" of "intake",
    /// Answer a question.
    Answer = "answer" of "intake",
    /// Take it back.
    Withdraw = "withdraw" of "intake",
    /// It works.
    Confirm = "confirm" of "intake",
    /// It does not.
    Refuse = "refuse" of "intake",
    /// Look again at a decline.
    Appeal = "appeal" of "intake",
    /// Does it still work?
    FollowUp = "follow-up" of "intake",
    /// Out of triage.
    Route = "route" of "routing",
    /// To another department.
    Reroute = "reroute" of "routing",
    /// A second department helps.
    Collaborate = "collaborate" of "routing",
    /// Ask somebody above.
    Escalate = "escalate" of "routing",
    /// Decide what was escalated.
    DecideEscalation = "decide-escalation" of "routing",
    /// Move the day of resolution.
    ChangeDue = "change-due" of "routing",
    /// A first word.
    Acknowledge = "acknowledge" of "resolution",
    /// Who takes care of it.
    Assign = "assign" of "resolution",
    /// Ask a school.
    Ask = "ask" of "resolution",
    /// Write a note.
    Note = "note" of "resolution",
    /// Ask a team.
    PutBeforeTeam = "put-before-team" of "resolution",
    /// Decide for a team.
    DecideTeam = "decide-team" of "resolution",
    /// Propose an answer, or a new revision of it.
    Propose = "propose" of "resolution",
    /// Say no.
    Decline = "decline" of "resolution",
    /// Take the answer back.
    WithdrawResolution = "withdraw-resolution" of "resolution",
    /// Record what the state said.
    StateAnswer = "state-answer" of "resolution",
    /// Say where the rule really comes from.
    CorrectRule = "correct-rule" of "resolution",
    /// Contest what stands here.
    Contest = "contest" of "ledger",
    /// Erase words for good.
    Erase = "erase" of "ledger",
    /// Forbid erasing.
    Hold = "hold" of "ledger",
    /// Let it be erased again.
    LiftHold = "lift-hold" of "ledger",
    /// Give the record out.
    Disclose = "disclose" of "ledger",
}

/// In relation to which thing a role must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// A school that is (or for joining, is not yet) in the loop.
    OwnSchool,
    /// The department that has the loop.
    HoldingDepartment,
    /// The holding department, or one that helps.
    AnyDepartmentInIt,
    /// A team before which the loop is.
    TeamAsked,
    /// The person's district.
    District,
}

/// The one declared table of who may do what: checks, pages and documentation all read it.
///
/// A row says that `role` may do `action` where the role holds in `scope`. The contact speaks for the district's own
/// part of a loop as a reporter does for a school's.
pub const AUTHORITY: &[(Action, Role, Scope)] = &[
    (Action::File, Role::Reporter, Scope::OwnSchool),
    (Action::File, Role::Contact, Scope::District),
    (Action::File, Role::DepartmentStaff, Scope::District),
    (Action::File, Role::DepartmentLead, Scope::District),
    (Action::Amend, Role::Reporter, Scope::OwnSchool),
    (Action::Amend, Role::Contact, Scope::District),
    (Action::Join, Role::Reporter, Scope::OwnSchool),
    (Action::Join, Role::Contact, Scope::District),
    (Action::Leave, Role::Reporter, Scope::OwnSchool),
    (Action::Leave, Role::Contact, Scope::District),
    (Action::HandOn, Role::Reporter, Scope::OwnSchool),
    (Action::HandOn, Role::Contact, Scope::District),
    (Action::Answer, Role::Reporter, Scope::OwnSchool),
    (Action::Withdraw, Role::Reporter, Scope::OwnSchool),
    (Action::Confirm, Role::Reporter, Scope::OwnSchool),
    (Action::Refuse, Role::Reporter, Scope::OwnSchool),
    (Action::Appeal, Role::Reporter, Scope::OwnSchool),
    (Action::FollowUp, Role::Reporter, Scope::OwnSchool),
    (Action::Answer, Role::Contact, Scope::OwnSchool),
    (Action::Withdraw, Role::Contact, Scope::OwnSchool),
    (Action::Confirm, Role::Contact, Scope::OwnSchool),
    (Action::Refuse, Role::Contact, Scope::OwnSchool),
    (Action::Appeal, Role::Contact, Scope::OwnSchool),
    (Action::FollowUp, Role::Contact, Scope::OwnSchool),
    (Action::Route, Role::Contact, Scope::District),
    (Action::Reroute, Role::DepartmentStaff, Scope::HoldingDepartment),
    (Action::Reroute, Role::DepartmentLead, Scope::HoldingDepartment),
    (Action::Reroute, Role::Contact, Scope::District),
    (Action::Collaborate, Role::DepartmentStaff, Scope::HoldingDepartment),
    (Action::Collaborate, Role::DepartmentLead, Scope::HoldingDepartment),
    (Action::Collaborate, Role::Contact, Scope::District),
    (Action::Escalate, Role::Reporter, Scope::OwnSchool),
    (Action::Escalate, Role::DepartmentStaff, Scope::AnyDepartmentInIt),
    (Action::Escalate, Role::DepartmentLead, Scope::AnyDepartmentInIt),
    (Action::Escalate, Role::Contact, Scope::District),
    (Action::DecideEscalation, Role::Contact, Scope::District),
    (Action::DecideEscalation, Role::Leader, Scope::District),
    (Action::ChangeDue, Role::DepartmentLead, Scope::HoldingDepartment),
    (Action::ChangeDue, Role::Contact, Scope::District),
    (Action::Acknowledge, Role::DepartmentStaff, Scope::HoldingDepartment),
    (Action::Acknowledge, Role::DepartmentLead, Scope::HoldingDepartment),
    (Action::Assign, Role::DepartmentLead, Scope::HoldingDepartment),
    (Action::Ask, Role::DepartmentStaff, Scope::HoldingDepartment),
    (Action::Ask, Role::DepartmentLead, Scope::HoldingDepartment),
    (Action::Note, Role::DepartmentStaff, Scope::AnyDepartmentInIt),
    (Action::Note, Role::DepartmentLead, Scope::AnyDepartmentInIt),
    (Action::Note, Role::Contact, Scope::District),
    (Action::PutBeforeTeam, Role::DepartmentStaff, Scope::HoldingDepartment),
    (Action::PutBeforeTeam, Role::DepartmentLead, Scope::HoldingDepartment),
    (Action::PutBeforeTeam, Role::Contact, Scope::District),
    (Action::DecideTeam, Role::Reporter, Scope::TeamAsked),
    (Action::DecideTeam, Role::DepartmentStaff, Scope::TeamAsked),
    (Action::DecideTeam, Role::DepartmentLead, Scope::TeamAsked),
    (Action::DecideTeam, Role::Contact, Scope::TeamAsked),
    (Action::DecideTeam, Role::Leader, Scope::TeamAsked),
    (Action::Propose, Role::DepartmentStaff, Scope::HoldingDepartment),
    (Action::Propose, Role::DepartmentLead, Scope::HoldingDepartment),
    (Action::Decline, Role::DepartmentStaff, Scope::HoldingDepartment),
    (Action::Decline, Role::DepartmentLead, Scope::HoldingDepartment),
    (
        Action::WithdrawResolution,
        Role::DepartmentStaff,
        Scope::HoldingDepartment,
    ),
    (
        Action::WithdrawResolution,
        Role::DepartmentLead,
        Scope::HoldingDepartment,
    ),
    (Action::StateAnswer, Role::DepartmentStaff, Scope::HoldingDepartment),
    (Action::StateAnswer, Role::DepartmentLead, Scope::HoldingDepartment),
    (Action::StateAnswer, Role::Contact, Scope::District),
    (Action::CorrectRule, Role::DepartmentStaff, Scope::AnyDepartmentInIt),
    (Action::CorrectRule, Role::DepartmentLead, Scope::AnyDepartmentInIt),
    (Action::CorrectRule, Role::Contact, Scope::District),
    (Action::Contest, Role::Reporter, Scope::OwnSchool),
    (Action::Contest, Role::DepartmentStaff, Scope::AnyDepartmentInIt),
    (Action::Contest, Role::DepartmentLead, Scope::AnyDepartmentInIt),
    (Action::Contest, Role::Contact, Scope::District),
    // Whoever erases is not who says that nothing may be: neither can do both.
    (Action::Erase, Role::Contact, Scope::District),
    (Action::Hold, Role::Auditor, Scope::District),
    (Action::LiftHold, Role::Auditor, Scope::District),
    (Action::Disclose, Role::Auditor, Scope::District),
];
