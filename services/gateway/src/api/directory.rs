//! The district as its people know it, and what its keepers set.

use axum::extract::{Query, Request, State};
use axum::routing::post;
use axum::{Json, Router};
use contracts::directory_action::DirectoryAction;
use contracts::ids::{DepartmentId, PersonId, SchoolId, TeamId, ZoneId};
use contracts::problem::Problem;
use contracts::queries::{Changed, DistrictView, DryRan, DryRun, HistoryOf, HistoryQuery, PeopleFound, PeopleQuery};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::answer::Answer;
use super::caller::{Caller, body};
use super::loops::{InPath, Versioned, in_path};
use super::office::{begun, named, versioned};
use crate::front::{Acted, Front};

/// Who the caller is.
pub(super) async fn me(caller: Caller) -> Json<contracts::Claims> {
    Json(caller.visitor.claims)
}

/// Schools, departments, teams, calendar, service levels and rules.
pub(super) async fn overview(State(front): State<Front>, caller: Caller) -> Answer<Json<DistrictView>> {
    Ok(Json(
        front
            .ask(&caller.visitor, "directory", "overview", json!({}), caller.at_least)
            .await?
            .answer,
    ))
}

/// Carries out what the table of [`contracts::directory_action`] names, on a thing or on the district.
async fn carried_out(
    front: &Front,
    caller: &Caller,
    action: DirectoryAction,
    thing: Option<Uuid>,
    request: Request,
) -> Result<Acted, Problem> {
    let body = body(request).await?;
    let (acted, _) = front
        .command(
            &caller.visitor,
            "directory",
            action.slug(),
            thing,
            &body,
            caller.key.as_deref(),
            caller.based_on,
        )
        .await?;
    Ok(acted)
}

/// Every address at which something is set.
pub(super) fn setting(router: Router<Front>) -> Router<Front> {
    DirectoryAction::ALL.iter().fold(router, |router, action| {
        let action = *action;
        let address = format!("/api/v1/directory/{}", action.path());
        let router = if address.contains("{id}") {
            router.route(
                &address,
                post(
                    move |State(front): State<Front>, caller: Caller, path: InPath<String>, request: Request| async move {
                        let thing: Uuid = named(&in_path(path)?, action.thing().token())?;
                        let acted = carried_out(&front, &caller, action, Some(thing), request).await?;
                        Answer::Ok(versioned(acted.version, Versioned { version: acted.version }))
                    },
                ),
            )
        } else {
            router.route(
                &address,
                post(move |State(front): State<Front>, caller: Caller, request: Request| async move {
                    let district = caller.visitor.claims.district.thing_id();
                    let acted = carried_out(&front, &caller, action, Some(district), request).await?;
                    Answer::Ok(versioned(acted.version, Versioned { version: acted.version }))
                }),
            )
        };
        let Some(things) = action.makes() else { return router };
        router.route(
            &format!("/api/v1/directory/{things}"),
            post(move |State(front): State<Front>, caller: Caller, request: Request| async move {
                let acted = carried_out(&front, &caller, action, None, request).await?;
                Answer::Ok(begun(&format!("directory/{things}"), acted.id.0, acted.version))
            }),
        )
    })
}

/// Where past loops would have gone by other rules.
pub(super) async fn dry_run(State(front): State<Front>, caller: Caller, request: Request) -> Answer<Json<DryRan>> {
    let asked: DryRun = contracts::commands::read_body(&body(request).await?)?;
    Ok(Json(
        front
            .ask(&caller.visitor, "timeline", "dry-run", asked, caller.at_least)
            .await?
            .answer,
    ))
}

/// People, as an administrator sees them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Sought {
    q: Option<String>,
    person: Option<PersonId>,
}

/// People, as an administrator sees them.
pub(super) async fn people(
    State(front): State<Front>,
    caller: Caller,
    Query(sought): Query<Sought>,
) -> Answer<Json<PeopleFound>> {
    let query = PeopleQuery {
        q: sought.q,
        person: sought.person,
    };
    Ok(Json(
        front
            .ask(&caller.visitor, "directory", "people", query, caller.at_least)
            .await?
            .answer,
    ))
}

/// Of which thing one asks what was changed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct OfWhat {
    school: Option<SchoolId>,
    department: Option<DepartmentId>,
    team: Option<TeamId>,
    zone: Option<ZoneId>,
    person: Option<PersonId>,
}

/// What was changed of the district, or of one of its things.
pub(super) async fn changes(
    State(front): State<Front>,
    caller: Caller,
    Query(of): Query<OfWhat>,
) -> Answer<Json<Vec<Changed>>> {
    let thing = of
        .school
        .map(HistoryOf::School)
        .or(of.department.map(HistoryOf::Department))
        .or(of.team.map(HistoryOf::Team))
        .or(of.zone.map(HistoryOf::Zone))
        .or(of.person.map(HistoryOf::Person));
    Ok(Json(
        front
            .ask(
                &caller.visitor,
                "directory",
                "history",
                HistoryQuery { thing },
                caller.at_least,
            )
            .await?
            .answer,
    ))
}
