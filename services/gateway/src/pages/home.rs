//! `GET /`: everybody's own first page.

use axum::response::Redirect;
use contracts::vocabulary::Role;

use super::viewer::{Desk, Stranger, Viewer};

pub(super) async fn show(desk: Result<Desk, Stranger>) -> Result<Redirect, Stranger> {
    Ok(Redirect::to(of(&desk?.viewer)))
}

/// Where a person's work lies: of several roles, the one with the most waiting on it.
pub(super) fn of(viewer: &Viewer) -> &'static str {
    if viewer.has(Role::Contact) {
        "/contact"
    } else if viewer.in_department() {
        "/department"
    } else if viewer.has(Role::Leader) {
        "/leader"
    } else if viewer.has(Role::Reporter) {
        "/school"
    } else if viewer.has(Role::Administrator) {
        "/roster"
    } else {
        "/loops"
    }
}
