//! `GET /roles`: who may do what, made from the tables by which it is decided.

use askama::Template;
use axum::response::Response;
use contracts::action::{AUTHORITY, Action, Scope};
use contracts::directory_action::DIRECTORY_AUTHORITY;
use contracts::office_action::{OFFICE_AUTHORITY, OfficeAction, OfficeScope};
use contracts::register_action::{REGISTER_AUTHORITY, RegisterAction, RegisterScope};
use contracts::vocabulary::Role;

use super::shell::{self, Here, Shell};
use super::viewer::{Desk, Viewer};
use super::words;

/// What can be done, and for each role where.
type Row = (String, Vec<String>);

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/roles.html")]
pub(super) struct RolesPage {
    pub shell: Shell,
    pub yours: String,
    pub roles: Vec<&'static str>,
    pub tables: Vec<(&'static str, Vec<Row>)>,
}

fn row(slug: &str, allowed: impl Iterator<Item = (Role, &'static str)> + Clone) -> Row {
    let cells = Role::ALL.iter().map(|role| {
        let mut places: Vec<&str> = allowed
            .clone()
            .filter(|(listed, _)| listed == role)
            .map(|(_, place)| place)
            .collect();
        places.dedup();
        places.join(", ")
    });
    (words::raised(&slug.replace('-', " ")), cells.collect())
}

fn in_a_loop(scope: Scope) -> &'static str {
    match scope {
        Scope::OwnSchool => "own school",
        Scope::HoldingDepartment => "department that has it",
        Scope::AnyDepartmentInIt => "any department in it",
        Scope::TeamAsked => "team that is asked",
        Scope::District => "district",
    }
}

fn in_the_register(scope: RegisterScope) -> &'static str {
    match scope {
        RegisterScope::OwnSchool => "own school",
        RegisterScope::OwnDepartment => "own department",
        RegisterScope::District => "district",
    }
}

fn in_the_office(scope: OfficeScope) -> &'static str {
    match scope {
        OfficeScope::OwnDepartment => "own department",
        OfficeScope::TeamAsked => "team that is asked",
        OfficeScope::District => "district",
    }
}

impl RolesPage {
    /// Draws the page.
    pub(super) fn new(viewer: &Viewer) -> Self {
        let own: Vec<&str> = viewer.visitor.claims.roles.iter().map(|role| role.label()).collect();
        let loops = Action::ALL.iter().map(|action| {
            let listed = AUTHORITY.iter().filter(|(listed, _, _)| listed == action);
            row(action.slug(), listed.map(|(_, role, scope)| (*role, in_a_loop(*scope))))
        });
        let register = RegisterAction::ALL.iter().map(|action| {
            let listed = REGISTER_AUTHORITY.iter().filter(|(listed, _, _)| listed == action);
            row(
                action.slug(),
                listed.map(|(_, role, scope)| (*role, in_the_register(*scope))),
            )
        });
        let office = OfficeAction::ALL.iter().map(|action| {
            let listed = OFFICE_AUTHORITY.iter().filter(|(listed, _, _)| listed == action);
            row(
                action.slug(),
                listed.map(|(_, role, scope)| (*role, in_the_office(*scope))),
            )
        });
        let settings = DIRECTORY_AUTHORITY.iter().map(|(action, roles)| {
            let place = if roles.len() == Role::ALL.len() {
                "oneself"
            } else {
                "district"
            };
            row(action.slug(), roles.iter().map(|role| (*role, place)))
        });
        Self {
            shell: viewer.shell("Who may do what", Here::Elsewhere),
            yours: if own.is_empty() {
                "nothing yet, so that you can do nothing here".to_owned()
            } else {
                own.join(" and ").to_lowercase()
            },
            roles: Role::ALL.iter().map(|role| role.label()).collect(),
            tables: vec![
                ("In a loop", loops.collect()),
                ("In the register of what is allowed", register.collect()),
                ("About patterns, requests to the state and reviews", office.collect()),
                ("About the district itself", settings.collect()),
            ],
        }
    }
}

/// The page.
pub(super) async fn show(desk: Desk) -> Response {
    desk.or_trouble(shell::page(&RolesPage::new(&desk.viewer)))
}
