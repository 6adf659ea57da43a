//! `GET` and `POST /sign-in/second-step`: six digits from an app, or first the picture with which the app is set up.

use askama::Template;
use axum::Extension;
use axum::Form;
use axum::extract::{Query, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use contracts::commands::door::{LookAtSecondStep, NewSession, SecondStepView, SignedIn, TakeSecondStep};
use contracts::problem::Problem;
use qrcode::QrCode;
use qrcode::render::svg;

use super::days::counted;
use super::forms::Typed;
use super::shell::{self, Shell};
use super::sign_in::{door_of, local, welcome, with_next};
use super::{Secure, session, words};
use crate::front::{Front, digest};

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/second_step.html")]
pub(super) struct SecondStepPage {
    pub shell: Shell,
    pub door: String,
    pub next: String,
    pub name: String,
    /// Where it is set up now: the picture, as SVG, and what to type where it cannot be taken.
    pub setting: Option<(String, String)>,
    pub problem: Option<String>,
}

/// Sends somebody who took the first step to the second.
pub(super) fn ask(secure: bool, half: &str, next: &str, more: Option<HeaderValue>) -> Response {
    let cookies: Vec<_> = session::keep_half(half, secure)
        .into_iter()
        .chain(more)
        .map(|value| (SET_COOKIE, value))
        .collect();
    let to = format!("/sign-in/second-step{}", with_next(next));
    (AppendHeaders(cookies), Redirect::to(&to)).into_response()
}

/// A picture that apps read, dark on light whatever the page is.
fn picture(address: &str) -> Option<String> {
    let code = QrCode::new(address).ok()?;
    Some(code.render::<svg::Color<'_>>().min_dimensions(200, 200).build())
        .map(|svg| svg.split_once("?>").map_or(svg.clone(), |(_, svg)| svg.to_owned()))
}

/// A long secret in groups of four, so that it can be typed.
fn in_groups(secret: &str) -> String {
    let letters: Vec<char> = secret.chars().collect();
    let groups: Vec<String> = letters.chunks(4).map(|group| group.iter().collect()).collect();
    groups.join(" ")
}

impl SecondStepPage {
    /// Draws the page.
    pub(super) fn new(view: &SecondStepView, door: String, next: String, problem: Option<String>) -> Self {
        let picture = view.address.as_deref().and_then(picture);
        Self {
            shell: Shell::bare("The second step"),
            door,
            next,
            name: view.name.clone(),
            setting: view
                .secret
                .as_deref()
                .map(|secret| (picture.unwrap_or_default(), in_groups(secret))),
            problem,
        }
    }
}

async fn page(
    front: &Front,
    secure: bool,
    headers: &HeaderMap,
    next: String,
    problem: Option<String>,
) -> Result<Response, Problem> {
    let Some(half) = session::cookie_in(headers, session::half_cookie(secure)) else {
        return Ok(Redirect::to("/sign-in").into_response());
    };
    let asked = LookAtSecondStep { half: digest(&half) };
    let view: SecondStepView = front.at_the_door("look-at-second-step", &asked).await?;
    let door = door_of(headers, secure);
    let cookie = session::keep_door(&door, secure).map(|value| (SET_COOKIE, value));
    let status = if problem.is_some() {
        StatusCode::FORBIDDEN
    } else {
        StatusCode::OK
    };
    let page = SecondStepPage::new(&view, door, next, problem);
    Ok((AppendHeaders(cookie), shell::page_as(status, &page)?).into_response())
}

/// Asks for the code.
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

/// Takes it.
pub(super) async fn take(
    State(front): State<Front>,
    secure: Option<Extension<Secure>>,
    headers: HeaderMap,
    Form(typed): Form<Vec<(String, String)>>,
) -> Response {
    let secure = secure.is_some_and(|Extension(secure)| secure.0);
    let typed = Typed::from(typed);
    let next = local(typed.get("next"));
    let door = session::cookie_in(&headers, session::door_cookie(secure)).unwrap_or_default();
    let half = session::cookie_in(&headers, session::half_cookie(secure)).unwrap_or_default();
    let secret = runtime::ids::secret_hex(32);
    let taken = async {
        if !session::same(&door, typed.get("door")) {
            return Err(Problem::forbidden("this page was open too long; try once more"));
        }
        let asked = TakeSecondStep {
            half: digest(&half),
            code: typed.get("code").to_owned(),
            session: NewSession {
                digest: digest(&secret),
                on: words::browser(&headers),
            },
        };
        match front.at_the_door("take-second-step", &asked).await? {
            SignedIn::Welcome => Ok(()),
            SignedIn::Refused | SignedIn::SecondStep => Err(Problem::forbidden(
                "this is not the code that your app shows now; a code is used once, so wait for the next",
            )),
            SignedIn::Later { seconds } => Err(Problem::forbidden(format!(
                "that was tried too often; try again in {}",
                counted(seconds, "second", "seconds")
            ))),
        }
    };
    match taken.await {
        Ok(()) => {
            let over = session::drop_half(secure);
            welcome(&front, &headers, secure, &secret, over, &next).await
        }
        Err(problem) if problem.status == 403 => {
            let what = words::sentence(&problem.detail);
            page(&front, secure, &headers, next, Some(what))
                .await
                .unwrap_or_else(|problem| shell::trouble(&problem, None))
        }
        Err(problem) => shell::trouble(&problem, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_is_plain_and_the_secret_can_be_typed() {
        let svg = picture("otpauth://totp/Loopline:ada@north.example?secret=GEZDGNBVGY3TQOJQ&issuer=Loopline")
            .expect("a picture");
        assert!(svg.starts_with("<svg") && !svg.contains("style="), "{}", &svg[..200]);
        assert_eq!(in_groups("GEZDGNBVGY"), "GEZD GNBV GY");
    }
}
