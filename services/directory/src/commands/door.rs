//! The door, and the office.

use contracts::claims::Claims;
use contracts::commands::door::{ActFor, EndSession, ForgetView, KeepView, MakeLink, NewSession, OfficeMessage};
use contracts::ids::PersonId;
use contracts::problem::Problem;
use contracts::vocabulary::Role;
use messaging::Incoming;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::away;
use crate::credentials::Holder;
use crate::{Directory, entering, importing, sign_on};

#[derive(Deserialize)]
struct SignIn {
    person: PersonId,
    session: NewSession,
}

/// Somebody who is in wants to set up a second step.
#[derive(Deserialize)]
struct OwnSecondStep {
    secret_digest: String,
    half: NewSession,
}

/// Reads a message of the office: only an administrator of the district, signed in, or whoever has the machine, acts there.
pub(crate) fn in_office<T: DeserializeOwned>(incoming: &Incoming, trusted: bool) -> Result<OfficeMessage<T>, Problem> {
    let message: OfficeMessage<T> = incoming.read()?;
    match &message.by {
        Some(by) if by.district == message.district && by.has(Role::Administrator) && by.token.is_none() => Ok(message),
        None if trusted => Ok(message),
        _ => Err(Problem::forbidden("this is for the district administrator to do")),
    }
}

/// What an administrator, or with `trusted` whoever has the machine, does about rosters and people.
pub(crate) async fn in_the_office(directory: &Directory, incoming: &Incoming, trusted: bool) -> Result<Value, Problem> {
    if incoming.verb == "make-link" {
        let message: OfficeMessage<MakeLink> = in_office(incoming, trusted)?;
        return answer(&entering::make_link(directory, message).await?);
    }
    importing::handle(directory, incoming, trusted).await
}

fn answer<T: serde::Serialize>(answer: &T) -> Result<Value, Problem> {
    serde_json::to_value(answer).map_err(|_| Problem::unavailable("the answer cannot be written"))
}

/// Whoever has this secret of a session.
async fn in_session(directory: &Directory, secret_digest: &str) -> Result<Holder, Problem> {
    let now = directory.clock.now();
    let holder = directory.credentials.holder(secret_digest, now).await.map_err(away)?;
    holder
        .filter(|holder| holder.token.is_none())
        .ok_or_else(|| Problem::forbidden("your session is over; sign in again"))
}

/// Sessions begin and end.
pub(crate) async fn at_the_door(directory: &Directory, incoming: &Incoming) -> Result<Value, Problem> {
    match incoming.verb.as_str() {
        "sign-in" => answer(&entering::sign_in(directory, incoming.read()?).await?),
        "look-at-second-step" => answer(&entering::look_at_second_step(directory, incoming.read()?).await?),
        "take-second-step" => answer(&entering::take_second_step(directory, incoming.read()?).await?),
        "look-at-link" => answer(&entering::look_at_link(directory, incoming.read()?).await?),
        "set-password" => answer(&entering::set_password(directory, incoming.read()?).await?),
        "begin-sign-on" => answer(&sign_on::begin(directory, incoming.read()?).await?),
        "finish-sign-on" => answer(&sign_on::finish(directory, incoming.read()?).await?),
        "own-second-step" => {
            let asked: OwnSecondStep = incoming.read()?;
            let holder = in_session(directory, &asked.secret_digest).await?;
            let now = directory.clock.now();
            directory
                .credentials
                .begin_half(&asked.half, &holder.district, holder.person, now)
                .await
                .map_err(away)?;
            Ok(Value::Bool(true))
        }
        "sign-in-demo" => {
            let asked: SignIn = incoming.read()?;
            if !directory.demo {
                return Err(Problem::forbidden("this district signs its people in itself"));
            }
            let found = find(directory, asked.person)
                .await?
                .ok_or_else(|| Problem::not_found("person"))?;
            directory
                .credentials
                .begin_session(&asked.session, &found.district, found.person, directory.clock.now())
                .await
                .map_err(away)?;
            Ok(Value::Bool(true))
        }
        "end-session" => {
            let asked: EndSession = incoming.read()?;
            // Whoever is out already is out.
            if let Ok(holder) = in_session(directory, &asked.secret_digest).await {
                directory
                    .credentials
                    .end_some(&holder.district, holder.person, &asked.secret_digest, asked.which)
                    .await
                    .map_err(away)?;
            }
            Ok(Value::Bool(true))
        }
        "act-for" => {
            let asked: ActFor = incoming.read()?;
            let holder = in_session(directory, &asked.secret_digest).await?;
            if let Some(absent) = asked.absent {
                entering::may_stand_in(directory, &holder.district, holder.person, absent).await?;
            }
            directory
                .credentials
                .act_for(&asked.secret_digest, asked.absent)
                .await
                .map_err(away)?;
            Ok(Value::Bool(true))
        }
        "keep-view" => {
            let asked: KeepView = incoming.read()?;
            let holder = in_session(directory, &asked.secret_digest).await?;
            let (views, now) = (&directory.kept_views, directory.clock.now());
            views
                .keep(&holder.district, holder.person, &asked.name, &asked.address, now)
                .await?;
            Ok(Value::Bool(true))
        }
        "forget-view" => {
            let asked: ForgetView = incoming.read()?;
            let holder = in_session(directory, &asked.secret_digest).await?;
            let views = &directory.kept_views;
            views.forget(&holder.district, holder.person, asked.id).await?;
            Ok(Value::Bool(true))
        }
        _ => Err(Problem::not_found("such command")),
    }
}

async fn find(directory: &Directory, person: PersonId) -> Result<Option<Claims>, Problem> {
    for district in directory.districts.slugs() {
        if let Some(claims) = entering::known(directory, &district, person).await? {
            return Ok(Some(claims));
        }
    }
    Ok(None)
}
