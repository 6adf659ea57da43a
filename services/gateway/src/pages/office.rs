//! What the district office does about rules: patterns, requests to the state, reviews.

mod patterns;
mod reviews;
mod waivers;

use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use contracts::OfficeAction;
use contracts::problem::Problem;
use uuid::Uuid;

use super::forms::{self, Form, Typed};
use super::viewer::Desk;

pub(super) use patterns::{act_on_pattern, pattern, patterns};
pub(super) use reviews::{act_in_review, begin_review, open_review, review, reviews};
pub(super) use waivers::{act_on_waiver, draft, waiver, waivers};

#[cfg(test)]
pub(super) use {
    patterns::{PatternPage, PatternsPage},
    reviews::{ReviewPage, ReviewsPage},
    waivers::{WaiverPage, WaiversPage},
};

/// What a browser asks for when it comes back from signing in: the page of the thing.
pub(super) async fn back(uri: axum::http::Uri, Path((id, name)): Path<(String, String)>) -> Response {
    let kind = uri.path().split('/').nth(1).unwrap_or_default();
    match id.parse::<Uuid>() {
        Ok(id) => Redirect::to(&format!("/{kind}/{id}#{}", forms::escaped(&name))).into_response(),
        Err(_) => super::not_found(),
    }
}

/// Sends a form on as a command of the office; the id of the thing.
async fn sent(
    desk: &Desk,
    action: OfficeAction,
    thing: Option<Uuid>,
    form: &Form,
    typed: &Typed,
) -> Result<Uuid, Problem> {
    desk.viewer.check(typed)?;
    forms::missing(&form.fields, typed)?;
    let body = forms::body(&form.fields, typed)?;
    let based_on = typed.read("version");
    let (acted, _) = desk
        .front
        .command(
            &desk.viewer.visitor,
            "flexibility",
            action.slug(),
            thing,
            &body,
            typed.some("key"),
            based_on,
        )
        .await?;
    Ok(acted.id.0)
}
