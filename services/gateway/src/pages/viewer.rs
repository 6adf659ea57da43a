//! Who looks at a page, in which district, on which day: what every page needs before it can be drawn.

use axum::Form;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use contracts::LoopId;
use contracts::problem::Problem;
use contracts::queries::{AsOf, DistrictView};
use contracts::vocabulary::Role;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Secure;
use super::days::Days;
use super::forms::{Typed, escaped};
use super::session;
use super::shell::{self, Here, Shell};
use crate::as_of;
use crate::front::{Front, Visitor};

/// A signed-in person, their district and its day.
#[derive(Debug, Clone)]
pub(super) struct Viewer {
    pub visitor: Visitor,
    pub district: std::sync::Arc<DistrictView>,
    pub days: Days,
    /// The moment of the past that is looked at, where one is.
    pub as_of: Option<AsOf>,
}

impl Viewer {
    /// The page of a loop, of the same time.
    pub(super) fn loop_href(&self, id: LoopId) -> String {
        match self.as_of {
            Some(as_of) => format!("/loops/{id}?as_of={as_of}"),
            None => format!("/loops/{id}"),
        }
    }

    /// Whether the person holds a role anywhere.
    pub(super) fn has(&self, role: Role) -> bool {
        self.visitor.claims.has(role)
    }

    /// Whether the person works in a department.
    pub(super) fn in_department(&self) -> bool {
        self.has(Role::DepartmentStaff) || self.has(Role::DepartmentLead)
    }

    /// Whether the person works in the district office, whatever else they are.
    pub(super) fn in_office(&self) -> bool {
        self.in_department() || self.has(Role::Contact)
    }

    /// Whether dates are promises to this person, and not duties they have or watch.
    pub(super) fn is_promised(&self) -> bool {
        self.has(Role::Reporter) && !self.in_office()
    }

    /// Whether the person keeps the district's settings.
    pub(super) fn keeps_settings(&self) -> bool {
        self.has(Role::Contact) || self.has(Role::Administrator)
    }

    /// Whether the person sees figures.
    pub(super) fn sees_figures(&self) -> bool {
        self.in_office() || self.has(Role::Leader) || self.has(Role::Auditor)
    }

    /// A key for a new form, so that sending it twice does it once.
    pub(super) fn fresh_key(&self) -> String {
        runtime::ids::time_ordered(self.days.now).to_string()
    }

    /// What stands around a page.
    pub(super) fn shell(&self, title: &str, here: Here) -> Shell {
        Shell::of(self, title, here)
    }

    /// Whether a form came from a page of this session.
    pub(super) fn check(&self, typed: &Typed) -> Result<(), Problem> {
        if session::same(typed.get("csrf"), &self.visitor.csrf) {
            return Ok(());
        }
        let detail = "nothing was lost: read what you typed once more and send it again";
        Err(Problem::new("form-too-old", 403, "This form is too old", detail))
    }
}

/// A viewer, and the services to ask.
#[derive(Debug, Clone)]
pub(super) struct Desk {
    pub front: Front,
    pub viewer: Viewer,
}

impl Desk {
    /// Asks a question on the viewer's behalf.
    pub(super) async fn ask<Q: Serialize + Sync, A: DeserializeOwned>(
        &self,
        service: &str,
        name: &str,
        query: Q,
    ) -> Result<A, Problem> {
        let visitor = &self.viewer.visitor;
        let answered = match self.viewer.as_of {
            Some(as_of) if service == "timeline" => self.front.ask_as_of(visitor, name, query, Some(as_of), 0).await?,
            Some(_) | None => self.front.ask(visitor, service, name, query, 0).await?,
        };
        Ok(answered.answer)
    }

    /// The same with the district as it is now.
    pub(super) async fn as_it_is_now(&self) -> Result<Self, Problem> {
        let mut desk = self.clone();
        desk.viewer.district = self.front.district(&self.viewer.visitor).await?;
        Ok(desk)
    }

    /// The page, or what went wrong in its place.
    pub(super) fn or_trouble(&self, page: Result<Response, Problem>) -> Response {
        page.unwrap_or_else(|problem| shell::trouble(&problem, Some(&self.viewer)))
    }
}

/// Why there is no viewer.
#[derive(Debug, Clone)]
pub(super) enum Stranger {
    /// Not signed in; where they wanted to go.
    NotSignedIn { wanted: String },
    /// It could not be found out.
    Trouble(Problem),
}

impl Stranger {
    /// What was typed is shown once more, so that nothing is lost with the session.
    pub(super) fn keeping(self, typed: &Typed) -> Response {
        match self {
            Self::NotSignedIn { .. } => shell::kept(
                StatusCode::UNAUTHORIZED,
                "You were signed out",
                "What you typed was not sent. It stands here, so that you can copy it and send it again.",
                typed,
            ),
            Self::Trouble(problem) => shell::kept(
                StatusCode::from_u16(problem.status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE),
                &problem.title,
                "What you typed may not have been sent. It stands here, so that you can copy it and try again in a moment.",
                typed,
            ),
        }
    }
}

impl IntoResponse for Stranger {
    fn into_response(self) -> Response {
        match self {
            Self::NotSignedIn { wanted } if wanted == "/" => Redirect::to("/sign-in").into_response(),
            Self::NotSignedIn { wanted } => {
                Redirect::to(&format!("/sign-in?next={}", escaped(&wanted))).into_response()
            }
            Self::Trouble(problem) => shell::trouble(&problem, None),
        }
    }
}

/// A form that somebody signed in has sent. Where they are signed in no longer, what they typed is shown once more.
#[derive(Debug)]
pub(super) struct Posted {
    pub desk: Desk,
    pub typed: Typed,
}

impl FromRequest<Front> for Posted {
    type Rejection = Response;

    async fn from_request(request: Request, front: &Front) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let desk = Desk::from_request_parts(&mut parts, front).await;
        let request = Request::from_parts(parts, body);
        let Form(pairs) = Form::<Vec<(String, String)>>::from_request(request, front)
            .await
            .map_err(IntoResponse::into_response)?;
        let typed = Typed::from(pairs);
        match desk {
            Ok(desk) => Ok(Self { desk, typed }),
            Err(stranger) => Err(stranger.keeping(&typed)),
        }
    }
}

impl FromRequestParts<Front> for Desk {
    type Rejection = Stranger;

    async fn from_request_parts(parts: &mut Parts, front: &Front) -> Result<Self, Stranger> {
        let secure = parts.extensions.get::<Secure>().copied().unwrap_or_default();
        let visitor = session::visitor_over(front, &parts.headers, secure.0)
            .await
            .map_err(Stranger::Trouble)?;
        let Some((visitor, _)) = visitor else {
            let wanted = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
            return Err(Stranger::NotSignedIn { wanted });
        };
        let district = front.district(&visitor).await.map_err(Stranger::Trouble)?;
        let now = front.clock.now();
        let (as_of, _) = as_of::asked(parts.uri.query()).map_err(Stranger::Trouble)?;
        let mut days = Days::new(&district.time_zone, now);
        if let Some(AsOf::Day(day)) = as_of
            && let Some(next) = day.succ_opt()
        {
            let end = days.start_of(next) - chrono::TimeDelta::seconds(1);
            days = Days::new(&district.time_zone, end.min(now));
        }
        Ok(Self {
            front: front.clone(),
            viewer: Viewer {
                visitor,
                district,
                days,
                as_of,
            },
        })
    }
}
