//! `GET /sign-on/{district}/{provider}` and `GET /sign-on/{district}/{provider}/back`: signing on with an account that
//! somebody has elsewhere.

use askama::Template;
use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use contracts::commands::door::{BeginSignOn, FinishSignOn, NewSession, SignOnBegun, SignedOn};
use contracts::ids::District;
use contracts::problem::Problem;

use super::forms::Typed;
use super::shell::{self, Shell};
use super::sign_in::{local, welcome};
use super::{Secure, session, words};
use crate::front::{Front, digest};

/// The page for somebody whom the provider knows, and the district does not.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/unknown.html")]
pub(super) struct UnknownPage {
    pub shell: Shell,
    pub account: String,
    pub district: String,
    pub contact: Option<String>,
}

fn district_in(path: &str) -> Result<District, Problem> {
    path.parse().map_err(|_| Problem::not_found("page"))
}

/// The address that a provider sends people back to.
pub(super) fn back_to(address: &str, district: &District, provider: &str) -> String {
    format!("{address}/sign-on/{district}/{provider}/back")
}

/// Sends somebody to the provider.
pub(super) async fn begin(
    State(front): State<Front>,
    secure: Option<Extension<Secure>>,
    headers: HeaderMap,
    Path((district, provider)): Path<(String, String)>,
    Query(query): Query<Vec<(String, String)>>,
) -> Response {
    let is_secure = secure.as_ref().is_some_and(|Extension(secure)| secure.0);
    let next = local(Typed::from(query).get("next"));
    let kept = runtime::ids::secret_hex(32);
    let begun = async {
        let district = district_in(&district)?;
        let asked = BeginSignOn {
            back: back_to(&words::address(secure, &headers), &district, &provider),
            district,
            provider,
            browser: digest(&kept),
        };
        front
            .at_the_door_patiently::<_, SignOnBegun>("begin-sign-on", &asked)
            .await
    };
    match begun.await {
        Ok(begun) => {
            // Where to go then stands beside it: nobody else can put it there.
            let cookie = session::keep_way(&format!("{kept}.{}", BASE64.encode(&next)), is_secure);
            let cookie = cookie.map(|value| (SET_COOKIE, value));
            (AppendHeaders(cookie), Redirect::to(&begun.address)).into_response()
        }
        Err(problem) => shell::trouble(&problem, None),
    }
}

/// Somebody comes back from it.
pub(super) async fn back(
    State(front): State<Front>,
    secure: Option<Extension<Secure>>,
    headers: HeaderMap,
    Path((district, provider)): Path<(String, String)>,
    Query(query): Query<Vec<(String, String)>>,
) -> Response {
    let is_secure = secure.is_some_and(|Extension(secure)| secure.0);
    let said = Typed::from(query);
    // Some send people here who began there: they begin here then, so that no other can have begun for them.
    if said.some("state").is_none() && said.some("error").is_none() && said.some("code").is_some() {
        let to =
            district_in(&district).map(|district| format!("/sign-on/{district}/{}", super::forms::escaped(&provider)));
        return to.map_or_else(
            |problem| shell::trouble(&problem, None),
            |to| Redirect::to(&to).into_response(),
        );
    }
    let kept = session::cookie_in(&headers, session::way_cookie(is_secure)).unwrap_or_default();
    let (kept, next) = kept.split_once('.').unwrap_or((&kept, ""));
    let next = BASE64.decode(next).ok().and_then(|next| String::from_utf8(next).ok());
    let next = local(&next.unwrap_or_default());
    let over = session::drop_way(is_secure);
    let secret = runtime::ids::secret_hex(32);
    let finished = async {
        if let Some(error) = said.some("error") {
            tracing::info!(error, provider, "a provider sent somebody back without an account");
            return Err(Problem::forbidden(
                "the other side did not let you in, or you said no there; begin again, or sign in with a password",
            ));
        }
        let asked = FinishSignOn {
            district: district_in(&district)?,
            provider,
            code: said.get("code").to_owned(),
            state: said.get("state").to_owned(),
            issuer: said.some("iss").map(str::to_owned),
            browser: digest(kept),
            session: NewSession {
                digest: digest(&secret),
                on: words::browser(&headers),
            },
        };
        front.at_the_door_patiently("finish-sign-on", &asked).await
    };
    match finished.await {
        Ok(SignedOn::Welcome) => welcome(&front, &headers, is_secure, &secret, over, &next).await,
        Ok(SignedOn::Unknown {
            account,
            district,
            contact,
        }) => {
            let page = UnknownPage {
                shell: Shell::bare("Not known here"),
                account,
                district,
                contact,
            };
            shell::page_as(StatusCode::FORBIDDEN, &page).unwrap_or_else(|problem| shell::trouble(&problem, None))
        }
        Err(problem) => shell::trouble(&problem, None),
    }
}
