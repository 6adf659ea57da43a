//! What people can do to the register, by the name it has in addresses.

use crate::vocabulary::Role;

/// Something a person can do to a part of the register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RegisterAction {
    /// Write something down.
    WriteDown,
    /// Let more schools use it.
    Widen,
    /// Change its conditions, or what stays required.
    ChangeConditions,
    /// Say why, for one readership.
    PublishRationale,
    /// Say who may read of it.
    ShowTo,
    /// Let it hold longer.
    Renew,
    /// Take it back.
    Revoke,
    /// Use it in one's school.
    Claim,
    /// Answer a pilot's question.
    AnswerPilot,
}

/// In relation to which thing a role must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RegisterScope {
    /// The school spoken for.
    OwnSchool,
    /// The department that answers for it.
    OwnDepartment,
    /// The person's district.
    District,
}

impl RegisterAction {
    /// Every action.
    pub const ALL: &'static [Self] = &[
        Self::WriteDown,
        Self::Widen,
        Self::ChangeConditions,
        Self::PublishRationale,
        Self::ShowTo,
        Self::Renew,
        Self::Revoke,
        Self::Claim,
        Self::AnswerPilot,
    ];

    /// The name in addresses: `POST /api/v1/flexibilities/{id}/<slug>`.
    pub fn slug(self) -> &'static str {
        match self {
            Self::WriteDown => "write-down",
            Self::Widen => "widen",
            Self::ChangeConditions => "change-conditions",
            Self::PublishRationale => "publish-rationale",
            Self::ShowTo => "show-to",
            Self::Renew => "renew",
            Self::Revoke => "revoke",
            Self::Claim => "claim",
            Self::AnswerPilot => "answer-pilot",
        }
    }

    /// The action with this name.
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.slug() == slug)
    }
}

/// Who may do what to the register: checks, pages and documentation all read it.
pub const REGISTER_AUTHORITY: &[(RegisterAction, Role, RegisterScope)] = &[
    (
        RegisterAction::WriteDown,
        Role::DepartmentStaff,
        RegisterScope::OwnDepartment,
    ),
    (
        RegisterAction::WriteDown,
        Role::DepartmentLead,
        RegisterScope::OwnDepartment,
    ),
    (RegisterAction::WriteDown, Role::Contact, RegisterScope::District),
    (
        RegisterAction::Widen,
        Role::DepartmentLead,
        RegisterScope::OwnDepartment,
    ),
    (
        RegisterAction::Widen,
        Role::DepartmentStaff,
        RegisterScope::OwnDepartment,
    ),
    (RegisterAction::Widen, Role::Contact, RegisterScope::District),
    (
        RegisterAction::ChangeConditions,
        Role::DepartmentLead,
        RegisterScope::OwnDepartment,
    ),
    (
        RegisterAction::ChangeConditions,
        Role::DepartmentStaff,
        RegisterScope::OwnDepartment,
    ),
    (
        RegisterAction::PublishRationale,
        Role::DepartmentLead,
        RegisterScope::OwnDepartment,
    ),
    (
        RegisterAction::PublishRationale,
        Role::DepartmentStaff,
        RegisterScope::OwnDepartment,
    ),
    (RegisterAction::PublishRationale, Role::Contact, RegisterScope::District),
    (
        RegisterAction::ShowTo,
        Role::DepartmentLead,
        RegisterScope::OwnDepartment,
    ),
    (
        RegisterAction::ShowTo,
        Role::DepartmentStaff,
        RegisterScope::OwnDepartment,
    ),
    (RegisterAction::ShowTo, Role::Contact, RegisterScope::District),
    (
        RegisterAction::Renew,
        Role::DepartmentLead,
        RegisterScope::OwnDepartment,
    ),
    (
        RegisterAction::Renew,
        Role::DepartmentStaff,
        RegisterScope::OwnDepartment,
    ),
    (RegisterAction::Renew, Role::Contact, RegisterScope::District),
    (
        RegisterAction::Revoke,
        Role::DepartmentLead,
        RegisterScope::OwnDepartment,
    ),
    (RegisterAction::Revoke, Role::Contact, RegisterScope::District),
    (RegisterAction::Claim, Role::Reporter, RegisterScope::OwnSchool),
    (
        RegisterAction::AnswerPilot,
        Role::DepartmentLead,
        RegisterScope::OwnDepartment,
    ),
    (
        RegisterAction::AnswerPilot,
        Role::DepartmentStaff,
        RegisterScope::OwnDepartment,
    ),
];
