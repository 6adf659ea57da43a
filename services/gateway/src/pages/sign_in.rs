//! `GET /sign-in`, `POST /sign-in`, `POST /sign-out`: the door. So far only demo districts have one.

use askama::Template;
use axum::Extension;
use axum::Form;
use axum::extract::{Query, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use contracts::PersonId;
use contracts::problem::Problem;
use contracts::queries::DemoPerson;

use super::forms::Typed;
use super::shell::{self, Shell};
use super::{Secure, session};
use crate::front::Front;

/// The page where one signs in.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/sign_in.html")]
pub(super) struct SignInPage {
    pub shell: Shell,
    pub districts: Vec<Offered>,
    pub door: String,
    pub next: String,
    pub problem: Option<String>,
}

/// The people of one district.
#[derive(Debug, Clone)]
pub(super) struct Offered {
    pub name: String,
    /// By role.
    pub groups: Vec<(String, Vec<Door>)>,
}

/// One person to sign in as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Door {
    pub id: PersonId,
    pub name: String,
    /// What they do, and where.
    pub does: String,
}

impl SignInPage {
    pub(super) fn new(people: Vec<DemoPerson>, door: String, next: String, problem: Option<String>) -> Self {
        Self {
            shell: Shell::bare("Sign in"),
            districts: grouped(people),
            door,
            next,
            problem,
        }
    }
}

/// The roles in the order in which a loop meets them.
const ORDER: [&str; 7] = [
    "School reporter",
    "Department lead",
    "Department staff",
    "Central-office contact",
    "Leader",
    "Auditor",
    "District administrator",
];

/// People by district, then by role: "Department lead, Technology Services" is a role and where it holds.
fn grouped(people: Vec<DemoPerson>) -> Vec<Offered> {
    let mut districts: Vec<Offered> = Vec::new();
    for person in people {
        let known = districts
            .iter()
            .position(|district| district.name == person.district_name);
        let place = known.unwrap_or_else(|| {
            districts.push(Offered {
                name: person.district_name.clone(),
                groups: Vec::new(),
            });
            districts.len() - 1
        });
        let (role, at) = person
            .role
            .split_once(", ")
            .map_or((person.role.as_str(), None), |(role, at)| (role, Some(at)));
        // "Director of Technology Services" says already where.
        let at = at.filter(|at| !person.title.as_deref().is_some_and(|title| title.contains(at)));
        let does: Vec<&str> = person.title.as_deref().into_iter().chain(at).collect();
        let door = Door {
            id: person.id,
            name: person.name.clone(),
            does: does.join(", "),
        };
        let groups = &mut districts[place].groups;
        match groups.iter_mut().find(|(known, _)| known == role) {
            Some((_, of_role)) => of_role.push(door),
            None => groups.push((role.to_owned(), vec![door])),
        }
    }
    for district in &mut districts {
        district
            .groups
            .sort_by_key(|(role, _)| ORDER.iter().position(|known| known == role).unwrap_or(ORDER.len()));
    }
    districts
}

pub(super) async fn show(
    State(front): State<Front>,
    secure: Option<Extension<Secure>>,
    headers: HeaderMap,
    Query(query): Query<Vec<(String, String)>>,
) -> Response {
    let secure = secure.is_some_and(|Extension(secure)| secure.0);
    let next = local(Typed::from(query).get("next"));
    page(&front, secure, &headers, next, None)
        .await
        .unwrap_or_else(|problem| shell::trouble(&problem, None))
}

async fn page(
    front: &Front,
    secure: bool,
    headers: &HeaderMap,
    next: String,
    problem: Option<String>,
) -> Result<Response, Problem> {
    let people = front.demo_people().await?;
    let known = session::cookie_in(headers, session::door_cookie(secure));
    let door = known.unwrap_or_else(|| runtime::ids::secret_hex(16));
    let status = if problem.is_some() {
        StatusCode::FORBIDDEN
    } else {
        StatusCode::OK
    };
    let cookie = session::keep_door(&door, secure).map(|value| (SET_COOKIE, value));
    let response = shell::page_as(status, &SignInPage::new(people, door, next, problem))?;
    Ok((AppendHeaders(cookie), response).into_response())
}

pub(super) async fn sign_in(
    State(front): State<Front>,
    secure: Option<Extension<Secure>>,
    headers: HeaderMap,
    Form(typed): Form<Vec<(String, String)>>,
) -> Response {
    let secure = secure.is_some_and(|Extension(secure)| secure.0);
    let typed = Typed::from(typed);
    let next = local(typed.get("next"));
    let door = session::cookie_in(&headers, session::door_cookie(secure)).unwrap_or_default();
    let outcome = match typed.read::<PersonId>("person") {
        _ if !session::same(&door, typed.get("door")) => {
            Err(Problem::forbidden("this page was open too long; choose once more"))
        }
        None => Err(Problem::invalid("choose somebody from the list", Vec::new())),
        Some(person) => front.sign_in_demo(person).await,
    };
    match outcome {
        Ok(secret) => {
            // The session that was is over: nobody can have put it there to be used further.
            if let Some(before) = session::secret_in(&headers, secure) {
                let _ = front.sign_out(&before).await;
            }
            let cookie = session::keep(&secret, secure).map(|value| (SET_COOKIE, value));
            let wanted = if next.is_empty() { "/" } else { &next };
            (AppendHeaders(cookie), Redirect::to(wanted)).into_response()
        }
        Err(problem) => page(
            &front,
            secure,
            &headers,
            next,
            Some(super::words::sentence(&problem.detail)),
        )
        .await
        .unwrap_or_else(|problem| shell::trouble(&problem, None)),
    }
}

pub(super) async fn sign_out(
    State(front): State<Front>,
    secure: Option<Extension<Secure>>,
    headers: HeaderMap,
    Form(typed): Form<Vec<(String, String)>>,
) -> Response {
    let secure = secure.is_some_and(|Extension(secure)| secure.0);
    let outcome = async {
        let Some((visitor, secret)) = session::visitor_over(&front, &headers, secure).await? else {
            return Ok(());
        };
        if !session::same(Typed::from(typed).get("csrf"), &visitor.csrf) {
            return Err(Problem::forbidden("this page is too old: load it again, then sign out"));
        }
        front.sign_out(&secret).await
    };
    match outcome.await {
        Ok(()) => {
            let cookie = session::drop_session(secure).map(|value| (SET_COOKIE, value));
            (AppendHeaders(cookie), Redirect::to("/sign-in")).into_response()
        }
        Err(problem) => shell::trouble(&problem, None),
    }
}

/// A path of ours, or nothing: nobody is sent elsewhere by a link to the sign-in page.
fn local(wanted: &str) -> String {
    let ours = wanted.starts_with('/')
        && !wanted.starts_with("//")
        && !wanted.contains(['\\', '\r', '\n'])
        && !wanted.starts_with("/sign-");
    if ours { wanted.to_owned() } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_addresses_are_gone_to() {
        assert_eq!(local("/loops/1?x=y"), "/loops/1?x=y");
        for elsewhere in [
            "https://example.org",
            "//example.org",
            "/\\example.org",
            "javascript:x",
            "/sign-out",
            "",
        ] {
            assert_eq!(local(elsewhere), "", "{elsewhere}");
        }
    }
}
