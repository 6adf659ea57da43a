//! `GET /account`, `POST /account/{action}`: what lets one in oneself: sessions, the second step, tokens, and who stands in.

use askama::Template;
use axum::Extension;
use axum::extract::{Path, Query};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use contracts::PersonId;
use contracts::commands::door::{AccessView, NewSession, WhichSession};
use contracts::problem::Problem;
use contracts::vocabulary::TokenScope;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::forms::{self, Choice, Field, Form, Shape, Typed};
use super::office::tell;
use super::shell::{self, Here, Shell};
use super::viewer::{Desk, Posted, Viewer};
use super::{Secure, second_step, words};
use crate::front::digest;

/// The days that a token lasts where nothing else is said.
const TOKEN_DAYS: i64 = 90;

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/account.html")]
pub(super) struct AccountPage {
    pub shell: Shell,
    pub csrf: String,
    pub done: Option<&'static str>,
    pub refused: Option<String>,
    /// A token that was made just now: its name, and itself, shown once.
    pub made: Option<(String, String)>,
    /// For whom one acts, where one does: one's name with theirs.
    pub acting: Option<String>,
    pub stands_in: Vec<(PersonId, String)>,
    pub sessions: Vec<Session>,
    pub password: bool,
    pub second_step: bool,
    /// Who acts for one, when, and the form that ends it.
    pub stood_in_by: Vec<(String, String, Form)>,
    pub stand_in: Option<Form>,
    pub tokens: Vec<Token>,
    pub token_form: Option<Form>,
}

/// A session.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub id: Uuid,
    pub on: String,
    pub since: String,
    pub last: String,
    pub this: bool,
}

/// A token.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub name: String,
    pub scope: &'static str,
    pub since: String,
    pub last: Option<String>,
    pub until: String,
    pub form: Form,
}

/// The form that makes a token.
fn making(viewer: &Viewer) -> Form {
    let scopes = TokenScope::ALL
        .iter()
        .map(|scope| Choice {
            chosen: *scope == TokenScope::Read,
            ..Choice::new(scope.code(), scope.label())
        })
        .collect();
    Form::new(viewer, "token", "/account/token".to_owned(), "Make a token", "Make it")
        .lead("Whatever has it comes in as you: give it only what it needs, and end it when it is no longer used.")
        .with(Field::line("name", "What is it for?").needed("say what it is for"))
        .with(Field::radios("scope", "What may be done with it?", scopes).needed("choose one"))
        .with(
            Field::day("until", "The last day on which it lets anybody in")
                .value(viewer.days.today + chrono::Duration::days(TOKEN_DAYS))
                .needed("choose a day"),
        )
}

/// The form that ends one.
fn ending(viewer: &Viewer, token: Uuid) -> Form {
    Form {
        button_class: "usa-button--unstyled",
        ..Form::new(
            viewer,
            &format!("end-{token}"),
            "/account/end-token".to_owned(),
            "",
            "End it",
        )
    }
    .with(Field::hidden("token", token, Shape::Text))
}

/// Everybody but one, to choose from, with nobody chosen.
pub(super) fn others_than(viewer: &Viewer, one: PersonId) -> Vec<Choice> {
    let others = viewer.district.people.iter().filter(|person| person.id != one);
    let named = others.map(|person| Choice::new(person.id, person.name.clone()));
    std::iter::once(Choice::new("", "-")).chain(named).collect()
}

/// The form that says who stands in.
fn standing_in(viewer: &Viewer) -> Option<Form> {
    let own = viewer.visitor.claims.person;
    let people = others_than(viewer, own);
    // The first says that nobody is chosen yet.
    if people.len() < 2 {
        return None;
    }
    let form = Form::new(
        viewer,
        "stand-in",
        "/account/stand-in".to_owned(),
        "Let somebody stand in",
        "Let them stand in",
    )
    .lead("They see what you see and do what you may, in your name beside their own; the record shows both.")
    .with(
        Field::pick("person", "Who?", people)
            .shape(Shape::Aside)
            .needed("choose somebody"),
    )
    .with(Field::day("from", "From which day on?").hint("Today, where nothing is said."))
    .with(Field::day("until", "The last day").needed("choose a day"))
    .with(Field::hidden("absent", own, Shape::Text));
    Some(form)
}

/// The form that ends it.
fn standing_in_no_more(viewer: &Viewer, person: PersonId) -> Form {
    Form {
        button_class: "usa-button--unstyled",
        ..Form::new(
            viewer,
            &format!("end-{person}"),
            "/account/end-stand-in".to_owned(),
            "",
            "End it",
        )
    }
    .with(Field::hidden("person", person, Shape::Aside))
    .with(Field::hidden("absent", viewer.visitor.claims.person, Shape::Text))
}

impl AccountPage {
    /// Draws the page; `attempt` is the form that was sent and could not be taken.
    pub(super) fn new(viewer: &Viewer, view: &AccessView, attempt: Option<Form>) -> Self {
        let days = &viewer.days;
        let oneself = viewer.visitor.claims.acting_for.is_none();
        let mut token_form = oneself.then(|| making(viewer));
        let mut stand_in = standing_in(viewer).filter(|_| oneself);
        let mut refused = None;
        if let Some(attempt) = attempt {
            match [&mut token_form, &mut stand_in]
                .into_iter()
                .flatten()
                .find(|form| form.name == attempt.name)
            {
                Some(form) => *form = attempt,
                None => refused = attempt.problem.map(|problem| problem.detail),
            }
        }
        let sessions = view.sessions.iter().map(|session| Session {
            id: session.id,
            on: if session.on.is_empty() {
                "An unknown browser".to_owned()
            } else {
                session.on.clone()
            },
            since: days.moment(session.since),
            last: days.moment(session.last),
            this: session.this,
        });
        let tokens = view.tokens.iter().map(|token| Token {
            name: token.name.clone(),
            scope: token.scope.label(),
            since: days.moment(token.since),
            last: token.last.map(|last| days.moment(last)),
            until: days.moment(token.until),
            form: ending(viewer, token.id),
        });
        let stood_in_by = view.stood_in_by.iter().map(|one| {
            let when = format!("from {} to {}", days.full(one.from), days.full(one.until));
            (one.name.clone(), when, standing_in_no_more(viewer, one.person))
        });
        Self {
            shell: viewer.shell("Your account", Here::Elsewhere),
            csrf: viewer.visitor.csrf.clone(),
            done: None,
            refused,
            made: None,
            acting: (!oneself).then(|| viewer.visitor.claims.name.clone()),
            stands_in: view.stands_in.clone(),
            sessions: sessions.collect(),
            password: view.password,
            second_step: view.second_step,
            stood_in_by: stood_in_by.collect(),
            stand_in,
            tokens: tokens.collect(),
            token_form,
        }
    }
}

/// The page.
pub(super) async fn show(desk: Desk, Query(query): Query<Vec<(String, String)>>) -> Response {
    let done = match Typed::from(query).get("done") {
        "end-session" => Some("It is ended: nobody is signed in there any more."),
        "end-token" => Some("The token lets nobody in any more."),
        "stand-in" => Some("They can act for you."),
        "end-stand-in" => Some("They no longer act for you."),
        _ => None,
    };
    let drawn = async {
        let view = desk.front.access(&desk.viewer.visitor).await?;
        shell::page(&AccountPage {
            done,
            ..AccountPage::new(&desk.viewer, &view, None)
        })
    };
    desk.or_trouble(drawn.await)
}

/// A form's address, loaded anew.
pub(super) async fn back() -> Redirect {
    Redirect::to("/account")
}

async fn again(desk: &Desk, form: Form, typed: &Typed, problem: &Problem) -> Result<Response, Problem> {
    let form = form.refused(typed, problem, &desk.viewer);
    let view = desk.front.access(&desk.viewer.visitor).await?;
    shell::page_as(
        shell::status(problem),
        &AccountPage::new(&desk.viewer, &view, Some(form)),
    )
}

/// Makes a token, and shows it this once.
async fn token(desk: &Desk, typed: &Typed) -> Result<Response, Problem> {
    let (viewer, form) = (&desk.viewer, making(&desk.viewer));
    let secret = format!("loopline_{}", runtime::ids::secret_hex(32));
    let made = async {
        viewer.check(typed)?;
        forms::missing(&form.fields, typed)?;
        let body = forms::body(&form.fields, typed)?;
        let mut body: Map<String, Value> = serde_json::from_str(&body).unwrap_or_default();
        body.insert("digest".to_owned(), json!(digest(&secret)));
        let body = Value::Object(body).to_string();
        let own = viewer.visitor.claims.person.0;
        // The secret is new each time, so a form that is sent twice makes two.
        desk.front
            .command(&viewer.visitor, "directory", "make-token", Some(own), &body, None, None)
            .await
    };
    if let Err(problem) = made.await {
        return again(desk, form, typed, &problem).await;
    }
    let view = desk.front.access(&viewer.visitor).await?;
    shell::page(&AccountPage {
        made: Some((typed.get("name").to_owned(), secret)),
        ..AccountPage::new(viewer, &view, None)
    })
}

/// Does something about one's own access.
pub(super) async fn act(
    Path(action): Path<String>,
    secure: Option<Extension<Secure>>,
    headers: HeaderMap,
    Posted { desk, typed }: Posted,
) -> Response {
    let viewer = &desk.viewer;
    let own = viewer.visitor.claims.person;
    let done = || Ok(Redirect::to(&format!("/account?done={action}")).into_response());
    let acted = async {
        let (verb, thing, form) = match action.as_str() {
            "token" => return token(&desk, &typed).await,
            "end-session" => {
                viewer.check(&typed)?;
                let which = match typed.read::<Uuid>("session") {
                    Some(session) => WhichSession::One(session),
                    None => WhichSession::Others,
                };
                let asking = viewer.visitor.memory_key.clone();
                desk.front.end_session(asking, which).await?;
                return done();
            }
            "act-for" => {
                viewer.check(&typed)?;
                desk.front.act_for(&viewer.visitor, typed.read("absent")).await?;
                return Ok(Redirect::to("/").into_response());
            }
            "second-step" => {
                viewer.check(&typed)?;
                let half = runtime::ids::secret_hex(32);
                let begun = NewSession {
                    digest: digest(&half),
                    on: words::browser(&headers),
                };
                let asked = json!({"secret_digest": viewer.visitor.memory_key, "half": begun});
                let _: bool = desk.front.at_the_door("own-second-step", &asked).await?;
                let secure = secure.is_some_and(|Extension(secure)| secure.0);
                return Ok(second_step::ask(secure, &half, "/account", None));
            }
            "end-token" => {
                let token = typed.read("token").ok_or_else(|| Problem::not_found("token"))?;
                ("end-token", own, ending(viewer, token))
            }
            "stand-in" => {
                let form = standing_in(viewer).ok_or_else(|| Problem::not_found("page"))?;
                ("name-stand-in", typed.read("person").unwrap_or(own), form)
            }
            "end-stand-in" => {
                let person = typed.read("person").ok_or_else(|| Problem::not_found("person"))?;
                ("end-stand-in", person, standing_in_no_more(viewer, person))
            }
            _ => return Err(Problem::not_found("page")),
        };
        match tell(&desk, "directory", verb, Some(thing.0), &form, &typed).await {
            Ok(_) => done(),
            Err(problem) => again(&desk, form, &typed, &problem).await,
        }
    };
    desk.or_trouble(acted.await)
}
