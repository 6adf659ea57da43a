//! What the district office does about rules: patterns, requests to the state, reviews.

mod patterns;
mod reviews;
mod waivers;

use askama::Template;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use contracts::OfficeAction;
use contracts::problem::Problem;
use contracts::subjects::Thing;
use serde::de::DeserializeOwned;
use serde_json::json;
use uuid::Uuid;

use super::forms::{self, Form, Typed};
use super::shell;
use super::viewer::{Desk, Posted, Viewer};

pub(super) use patterns::{PatternPage, patterns, set_thresholds};
pub(super) use reviews::{ReviewPage, begin_review, open_review, reviews};
pub(super) use waivers::{WaiverPage, draft, waivers};

#[cfg(any(test, debug_assertions))]
pub(super) use {patterns::PatternsPage, reviews::ReviewsPage, waivers::WaiversPage};

/// The page of one thing of the office: how it is asked for, drawn and acted on.
pub(super) trait OfficePage: Template + Sized {
    /// What it shows.
    type View: DeserializeOwned + Send;
    /// What kind of thing it is; its token is the name of the question.
    const THING: Thing;
    /// The first part of its address.
    const PLACE: &'static str;

    /// Which one.
    fn id(view: &Self::View) -> Uuid;
    /// What the viewer may do, by the slugs of the actions.
    fn offers(view: &Self::View) -> &[String];
    /// The form of an action.
    fn form(action: OfficeAction, viewer: &Viewer, view: &Self::View) -> Form;
    /// Draws the page with these forms, after something was done.
    fn draw(viewer: &Viewer, view: &Self::View, done: Option<OfficeAction>, forms: Vec<Form>) -> Self;

    /// Draws the page with a form for each offer; `attempt` is the form that was sent and could not be taken.
    fn with(viewer: &Viewer, view: &Self::View, done: Option<OfficeAction>, attempt: Option<Form>) -> Self {
        let offered = Self::offers(view)
            .iter()
            .filter_map(|slug| OfficeAction::from_slug(slug))
            .map(|action| Self::form(action, viewer, view));
        let forms = match attempt {
            Some(attempt) => {
                let others: Vec<Form> = offered.filter(|known| known.name != attempt.name).collect();
                std::iter::once(attempt).chain(others).collect()
            }
            None => offered.collect(),
        };
        Self::draw(viewer, view, done, forms)
    }
}

async fn look<P: OfficePage>(desk: &Desk, id: &str) -> Result<P::View, Problem> {
    let id: Uuid = id.parse().map_err(|_| Problem::not_found("page"))?;
    desk.ask("flexibility", P::THING.token(), json!({"id": id})).await
}

/// One thing of the office.
pub(super) async fn one<P: OfficePage>(
    desk: Desk,
    Path(id): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
) -> Response {
    let typed = Typed::from(query);
    let page = async {
        let view = look::<P>(&desk, &id).await?;
        let done = typed.some("done").and_then(|name| {
            let of_this = |action: &OfficeAction| action.thing() == P::THING && action.name() == name;
            OfficeAction::ALL.iter().copied().find(of_this)
        });
        shell::page(&P::with(&desk.viewer, &view, done, None))
    };
    desk.or_trouble(page.await)
}

/// Does something about it.
pub(super) async fn act<P: OfficePage>(
    Path((id, name)): Path<(String, String)>,
    Posted { desk, typed }: Posted,
) -> Response {
    let Some(action) = OfficeAction::from_name(P::THING, &name) else {
        return desk.or_trouble(Err(Problem::not_found("page")));
    };
    let view = match look::<P>(&desk, &id).await {
        Ok(view) => view,
        Err(problem) => return shell::kept_for(&problem, &typed),
    };
    let form = P::form(action, &desk.viewer, &view);
    match sent(&desk, action, Some(P::id(&view)), &form, &typed).await {
        Ok(id) => Redirect::to(&format!("/{}/{id}?done={}", P::PLACE, action.name())).into_response(),
        Err(problem) => match look::<P>(&desk, &id).await {
            Ok(now) => {
                let form = P::form(action, &desk.viewer, &now).refused(&typed, &problem, &desk.viewer);
                let page = P::with(&desk.viewer, &now, None, Some(form));
                desk.or_trouble(shell::page_as(shell::status(&problem), &page))
            }
            Err(_) => shell::kept_for(&problem, &typed),
        },
    }
}

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
    tell(desk, "flexibility", action.slug(), thing, form, typed).await
}

/// Sends a form on as a command; the id of the thing.
pub(super) async fn tell(
    desk: &Desk,
    service: &str,
    verb: &str,
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
            service,
            verb,
            thing,
            &body,
            typed.some("key"),
            based_on,
        )
        .await?;
    Ok(acted.id.0)
}
