//! What is done to a district's own things (its schools, people, calendar, rules, sign-on), by the name it has in messages,
//! and who may do it.

use crate::subjects::Thing;
use crate::vocabulary::Role;

macro_rules! directory_actions {
    ($($(#[$doc:meta])* $variant:ident = $slug:literal to $thing:ident by $roles:expr),* $(,)?) => {
        /// Something that is done to a district's own things.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum DirectoryAction { $($(#[$doc])* $variant),* }

        impl DirectoryAction {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name on the wire.
            pub fn slug(self) -> &'static str {
                match self { $(Self::$variant => $slug),* }
            }

            /// The one with this name.
            pub fn from_slug(slug: &str) -> Option<Self> {
                match slug { $($slug => Some(Self::$variant),)* _ => None }
            }

            /// What it is done to.
            pub fn thing(self) -> Thing {
                match self { $(Self::$variant => Thing::$thing),* }
            }
        }

        /// Who may do what, anywhere in the district: checks, pages and documentation all read it.
        pub const DIRECTORY_AUTHORITY: &[(DirectoryAction, &[Role])] = &[$((DirectoryAction::$variant, $roles)),*];
    };
}

const ADMINISTRATOR: &[Role] = &[Role::Administrator];
const KEEPERS: &[Role] = &[Role::Administrator, Role::Contact];
const DESKS: &[Role] = &[Role::DepartmentStaff, Role::DepartmentLead];
const ANYBODY: &[Role] = Role::ALL;

directory_actions! {
    /// Set the working days.
    SetCalendar = "set-calendar" to District by ADMINISTRATOR,
    /// Promise days.
    SetServiceLevel = "set-service-level" to District by ADMINISTRATOR,
    /// Say who gets what.
    PublishRoutingRules = "publish-routing-rules" to District by KEEPERS,
    /// Say when what several schools meet is a pattern.
    SetPatternThresholds = "set-pattern-thresholds" to District by KEEPERS,
    /// Say which areas barriers are sorted by.
    SetAreas = "set-areas" to District by KEEPERS,
    /// Say who the central-office contact is, and what the role's duties are.
    DesignateContact = "designate-contact" to District by ADMINISTRATOR,
    /// Let people sign on with accounts that they have elsewhere.
    SetSignOn = "set-sign-on" to District by ADMINISTRATOR,
    /// No longer let them.
    RemoveSignOn = "remove-sign-on" to District by ADMINISTRATOR,
    /// Say what a school is, or that there is one.
    SetSchool = "set-school" to School by ADMINISTRATOR,
    /// Close a school.
    RetireSchool = "retire-school" to School by ADMINISTRATOR,
    /// Say what a department is, or that there is one.
    SetDepartment = "set-department" to Department by ADMINISTRATOR,
    /// Close a department.
    RetireDepartment = "retire-department" to Department by ADMINISTRATOR,
    /// Keep words ready with which answers of one's own department begin.
    KeepAnswer = "keep-answer" to Department by DESKS,
    /// No longer keep them.
    DropAnswer = "drop-answer" to Department by DESKS,
    /// Say who sits on a team, or that there is one.
    FormTeam = "form-team" to Team by KEEPERS,
    /// Begin or change an innovation zone.
    DefineZone = "define-zone" to Zone by KEEPERS,
    /// Say who a person is that no roster knows.
    SetPerson = "set-person" to Person by ADMINISTRATOR,
    /// Give a role.
    GrantRole = "grant-role" to Person by ADMINISTRATOR,
    /// Take a role away.
    RevokeRole = "revoke-role" to Person by ADMINISTRATOR,
    /// Keep a person out.
    DisablePerson = "disable-person" to Person by ADMINISTRATOR,
    /// Let a person in again.
    EnablePerson = "enable-person" to Person by ADMINISTRATOR,
    /// Take somebody's second step away.
    RemoveSecondStep = "remove-second-step" to Person by ADMINISTRATOR,
    /// Let somebody act for one who is away.
    NameStandIn = "name-stand-in" to Person by ANYBODY,
    /// End that.
    EndStandIn = "end-stand-in" to Person by ANYBODY,
    /// Make a token for oneself.
    MakeToken = "make-token" to Person by ANYBODY,
    /// End a token of one's own.
    EndToken = "end-token" to Person by ANYBODY,
}

impl DirectoryAction {
    /// Its address below `/api/v1/directory`, `{id}` standing for the thing; another where a thing is made.
    pub fn path(self) -> &'static str {
        match self {
            Self::SetCalendar => "calendar",
            Self::SetServiceLevel => "service-levels",
            Self::PublishRoutingRules => "routing-rules",
            Self::SetPatternThresholds => "pattern-thresholds",
            Self::SetAreas => "areas",
            Self::DesignateContact => "contact",
            Self::SetSignOn => "sign-on",
            Self::RemoveSignOn => "sign-on/remove",
            Self::SetSchool => "schools/{id}",
            Self::RetireSchool => "schools/{id}/retire",
            Self::SetDepartment => "departments/{id}",
            Self::RetireDepartment => "departments/{id}/retire",
            Self::KeepAnswer => "departments/{id}/keep-answer",
            Self::DropAnswer => "departments/{id}/drop-answer",
            Self::FormTeam => "teams/{id}",
            Self::DefineZone => "zones/{id}",
            Self::SetPerson => "people/{id}",
            Self::GrantRole => "people/{id}/grant-role",
            Self::RevokeRole => "people/{id}/revoke-role",
            Self::DisablePerson => "people/{id}/disable",
            Self::EnablePerson => "people/{id}/enable",
            Self::RemoveSecondStep => "people/{id}/remove-second-step",
            Self::NameStandIn => "people/{id}/name-stand-in",
            Self::EndStandIn => "people/{id}/end-stand-in",
            Self::MakeToken => "people/{id}/make-token",
            Self::EndToken => "people/{id}/end-token",
        }
    }

    /// Where a thing is made by it, below `/api/v1/directory`.
    pub fn makes(self) -> Option<&'static str> {
        self.path().strip_suffix("/{id}")
    }

    /// Whether it decides who gets in, or as what: that is done by people, signed in, and never with a token.
    pub fn lets_in(self) -> bool {
        match self {
            Self::SetSignOn
            | Self::RemoveSignOn
            | Self::SetPerson
            | Self::GrantRole
            | Self::EnablePerson
            | Self::RemoveSecondStep
            | Self::NameStandIn
            | Self::MakeToken
            | Self::EndToken => true,
            Self::SetCalendar
            | Self::SetServiceLevel
            | Self::PublishRoutingRules
            | Self::SetPatternThresholds
            | Self::SetAreas
            | Self::DesignateContact
            | Self::SetSchool
            | Self::RetireSchool
            | Self::SetDepartment
            | Self::RetireDepartment
            | Self::KeepAnswer
            | Self::DropAnswer
            | Self::FormTeam
            | Self::DefineZone
            | Self::RevokeRole
            | Self::DisablePerson
            | Self::EndStandIn => false,
        }
    }

    /// The roles that may do it.
    pub fn roles(self) -> &'static [Role] {
        DIRECTORY_AUTHORITY
            .iter()
            .find(|(action, _)| *action == self)
            .map_or(&[], |(_, roles)| roles)
    }
}
