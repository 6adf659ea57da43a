//! `GET /sign-in`, `POST /sign-in`, `POST /sign-out`: the door.

use askama::Template;
use axum::Extension;
use axum::Form;
use axum::extract::{Query, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use contracts::PersonId;
use contracts::commands::door::{NewSession, OfferedProvider, SignInByPassword, SignedIn, WhichSession};
use contracts::problem::Problem;
use contracts::queries::DemoPerson;

use super::days::counted;
use super::forms::{Typed, escaped};
use super::shell::{self, Shell};
use super::{Secure, session};
use crate::front::{Front, digest};

/// The page where one signs in.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/sign_in.html")]
pub(super) struct SignInPage {
    pub shell: Shell,
    pub districts: Vec<Offered>,
    /// Accounts elsewhere: what the button says, of which district where there are several, and where it leads.
    pub providers: Vec<(String, Option<String>, String)>,
    pub door: String,
    pub next: String,
    /// What was typed, where it was refused.
    pub login: String,
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
    pub(super) fn new(
        people: Vec<DemoPerson>,
        providers: Vec<OfferedProvider>,
        door: String,
        next: String,
        login: String,
        problem: Option<String>,
    ) -> Self {
        let several = providers.iter().any(|one| providers[0].district != one.district);
        let to = |one: OfferedProvider| {
            let href = format!("/sign-on/{}/{}{}", one.district, one.id, with_next(&next));
            (one.name, several.then_some(one.district_name), href)
        };
        Self {
            shell: Shell::bare("Sign in"),
            districts: grouped(people),
            providers: providers.into_iter().map(to).collect(),
            door,
            next,
            login,
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
    page(&front, secure, &headers, next, String::new(), None)
        .await
        .unwrap_or_else(|problem| shell::trouble(&problem, None))
}

async fn page(
    front: &Front,
    secure: bool,
    headers: &HeaderMap,
    next: String,
    login: String,
    problem: Option<String>,
) -> Result<Response, Problem> {
    let people = front.demo_people().await?;
    let providers = front.providers().await?;
    let door = door_of(headers, secure);
    let status = if problem.is_some() {
        StatusCode::FORBIDDEN
    } else {
        StatusCode::OK
    };
    let cookie = session::keep_door(&door, secure).map(|value| (SET_COOKIE, value));
    let response = shell::page_as(status, &SignInPage::new(people, providers, door, next, login, problem))?;
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
    let device = session::cookie_in(&headers, session::device_cookie(secure));
    let secret = runtime::ids::secret_hex(32);
    let session = NewSession {
        digest: digest(&secret),
        on: super::words::browser(&headers),
    };
    let outcome = match typed.read::<PersonId>("person") {
        _ if !session::same(&door, typed.get("door")) => {
            Err(Problem::forbidden("this page was open too long; try once more"))
        }
        Some(person) => front
            .sign_in_demo(person, &session)
            .await
            .map(|()| (SignedIn::Welcome, None)),
        None if typed.some("login").is_none() || typed.get("password").is_empty() => Err(Problem::invalid(
            "type your e-mail address and your password",
            Vec::new(),
        )),
        None => by_password(&front, &typed, device, session).await,
    };
    let outcome = outcome.and_then(|(signed, device)| Ok((refused(signed)?, device)));
    match outcome {
        Ok((second_step, device)) => {
            let device = device.and_then(|device| session::keep_device(&device, secure));
            if second_step {
                super::second_step::ask(secure, &secret, &next, device)
            } else {
                welcome(&front, &headers, secure, &secret, device, &next).await
            }
        }
        Err(problem) => page(
            &front,
            secure,
            &headers,
            next,
            typed.get("login").to_owned(),
            Some(super::words::sentence(&problem.detail)),
        )
        .await
        .unwrap_or_else(|problem| shell::trouble(&problem, None)),
    }
}

/// Where one goes after signing in, as part of an address.
pub(super) fn with_next(next: &str) -> String {
    if next.is_empty() {
        String::new()
    } else {
        format!("?next={}", escaped(next))
    }
}

/// Whether a second step is to be taken; or why nobody is in.
pub(super) fn refused(signed: SignedIn) -> Result<bool, Problem> {
    match signed {
        SignedIn::Welcome => Ok(false),
        SignedIn::SecondStep => Ok(true),
        SignedIn::Refused => Err(Problem::forbidden(
            "this e-mail address and this password do not belong together; if you have forgotten it, your district's \
             administrator gives you a new link",
        )),
        SignedIn::Later { seconds } => Err(Problem::forbidden(format!(
            "that was tried too often; try again in {}",
            counted(seconds, "second", "seconds")
        ))),
    }
}

/// Signs somebody in with a password: what became of it, and the secret of the device where it is new.
async fn by_password(
    front: &Front,
    typed: &Typed,
    device: Option<String>,
    session: NewSession,
) -> Result<(SignedIn, Option<String>), Problem> {
    let fresh = device.is_none().then(|| runtime::ids::secret_hex(32));
    let device = device.or_else(|| fresh.clone()).unwrap_or_default();
    let asked = SignInByPassword {
        login: typed.get("login").to_owned(),
        password: typed.get("password").to_owned(),
        session,
        device: Some(digest(&device)),
    };
    Ok((front.at_the_door("sign-in", &asked).await?, fresh))
}

/// Somebody is in: the session that was is over, so that nobody can have put it there to be used further.
pub(super) async fn welcome(
    front: &Front,
    headers: &HeaderMap,
    secure: bool,
    secret: &str,
    more: Option<HeaderValue>,
    next: &str,
) -> Response {
    if let Some(before) = session::secret_in(headers, secure) {
        let _ = front.end_session(digest(&before), WhichSession::This).await;
    }
    let cookies: Vec<_> = session::keep(secret, secure)
        .into_iter()
        .chain(more)
        .map(|value| (SET_COOKIE, value))
        .collect();
    let wanted = if next.is_empty() { "/" } else { next };
    (AppendHeaders(cookies), Redirect::to(wanted)).into_response()
}

pub(super) fn door_of(headers: &HeaderMap, secure: bool) -> String {
    let known = session::cookie_in(headers, session::door_cookie(secure));
    known.unwrap_or_else(|| runtime::ids::secret_hex(16))
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
        front.end_session(digest(&secret), WhichSession::This).await
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
pub(super) fn local(wanted: &str) -> String {
    let ours = wanted.starts_with('/')
        && !wanted.starts_with("//")
        && !wanted.contains('\\')
        && !wanted.contains(char::is_control)
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
            "/\t/example.org",
            "javascript:x",
            "/sign-out",
            "",
        ] {
            assert_eq!(local(elsewhere), "", "{elsewhere}");
        }
    }
}
