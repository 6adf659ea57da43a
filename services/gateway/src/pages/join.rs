//! `GET` and `POST /join/{secret}`: a link with which somebody chooses a password.

use askama::Template;
use axum::Extension;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Response};
use contracts::commands::door::{LinkView, LookAtLink, NewSession, SetPassword, SignedIn};
use contracts::problem::Problem;

use super::forms::{Typed, escaped};
use super::shell::{self, Shell};
use super::sign_in::{door_of, refused, welcome};
use super::{Secure, second_step, session, words};
use crate::front::{Front, digest};

/// The page where somebody chooses a password.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/join.html")]
pub(super) struct JoinPage {
    pub shell: Shell,
    pub href: String,
    pub door: String,
    pub name: String,
    pub district: String,
    pub login: String,
    pub again: bool,
    pub problem: Option<String>,
}

/// The page where somebody chooses a password.
async fn join_page(
    front: &Front,
    secure: bool,
    headers: &HeaderMap,
    secret: &str,
    problem: Option<String>,
) -> Result<Response, Problem> {
    let link = LookAtLink { link: digest(secret) };
    let view: LinkView = front.at_the_door("look-at-link", &link).await?;
    let door = door_of(headers, secure);
    let cookie = session::keep_door(&door, secure).map(|value| (SET_COOKIE, value));
    let status = if problem.is_some() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    let page = JoinPage {
        shell: Shell::bare("Choose your password"),
        href: format!("/join/{}", escaped(secret)),
        door,
        name: view.name,
        district: view.district,
        login: view.login,
        again: view.again,
        problem,
    };
    Ok((AppendHeaders(cookie), shell::page_as(status, &page)?).into_response())
}

pub(super) async fn show(
    State(front): State<Front>,
    secure: Option<Extension<Secure>>,
    headers: HeaderMap,
    Path(secret): Path<String>,
) -> Response {
    let secure = secure.is_some_and(|Extension(secure)| secure.0);
    join_page(&front, secure, &headers, &secret, None)
        .await
        .unwrap_or_else(|problem| shell::trouble(&problem, None))
}

pub(super) async fn choose(
    State(front): State<Front>,
    secure: Option<Extension<Secure>>,
    headers: HeaderMap,
    Path(link): Path<String>,
    Form(typed): Form<Vec<(String, String)>>,
) -> Response {
    let secure = secure.is_some_and(|Extension(secure)| secure.0);
    let typed = Typed::from(typed);
    let door = session::cookie_in(&headers, session::door_cookie(secure)).unwrap_or_default();
    let secret = runtime::ids::secret_hex(32);
    let chosen = async {
        if !session::same(&door, typed.get("door")) {
            return Err(Problem::invalid(
                "this page was open too long; type it once more",
                Vec::new(),
            ));
        }
        let asked = SetPassword {
            link: digest(&link),
            password: typed.get("password").to_owned(),
            session: NewSession {
                digest: digest(&secret),
                on: words::browser(&headers),
            },
        };
        let signed: SignedIn = front.at_the_door("set-password", &asked).await?;
        refused(signed)
    };
    match chosen.await {
        Ok(true) => second_step::ask(secure, &secret, "", None),
        Ok(false) => welcome(&front, &headers, secure, &secret, None, "").await,
        Err(problem) if problem.status == 422 => {
            let what = problem.fields.first().map_or_else(
                || words::sentence(&problem.detail),
                |field| format!("This password {}.", field.message),
            );
            join_page(&front, secure, &headers, &link, Some(what))
                .await
                .unwrap_or_else(|problem| shell::trouble(&problem, None))
        }
        Err(problem) => shell::trouble(&problem, None),
    }
}
