//! The directory's endpoints for commands: what administrators and the contact set, people and places, and the door.

mod door;
mod people;
mod places;
mod settings;

use contracts::claims::{Authority, Claims};
use contracts::commands::{CommandMessage, Done, read_body};
use contracts::directory_action::DirectoryAction;
use contracts::events::DirectoryEvent;
use contracts::ids::{CommandId, District, NAMESPACE, PersonId};
use contracts::problem::Problem;
use contracts::subjects::{Subject, Thing as Kind};
use decider::{Decide, Failure, History, Target, as_before, execute};
use messaging::Incoming;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::Directory;
use crate::domain::{NeverRefused, State, Thing};

pub(crate) use door::{at_the_door, in_the_office};

/// The most rules, closed ranges, schools or members in one list.
const LIST_MAX: usize = 500;

/// Carries out what somebody sets, if the table of [`contracts::directory_action`] lets them.
pub(crate) async fn handle(directory: &Directory, incoming: &Incoming) -> Result<Done, Problem> {
    let message: CommandMessage = incoming.read()?;
    let action = DirectoryAction::from_slug(&incoming.verb).ok_or_else(|| Problem::not_found("such command"))?;
    let answer = carry_out_one(directory, action, &message).await;
    let subject = if action.thing() == Kind::District {
        of_district(&message)
    } else {
        Subject::new(&message.district, action.thing(), message.thing)
    };
    as_before(&*directory.log, &subject, &message, answer).await
}

async fn carry_out_one(
    directory: &Directory,
    action: DirectoryAction,
    message: &CommandMessage,
) -> Result<Done, Problem> {
    let by = permitted(action, message)?;
    let body = message.body.get();
    match action {
        DirectoryAction::SetCalendar => settings::calendar(directory, message, read_body(body)?).await,
        DirectoryAction::SetServiceLevel => settings::service_level(directory, message, read_body(body)?).await,
        DirectoryAction::PublishRoutingRules => settings::rules(directory, message, read_body(body)?).await,
        DirectoryAction::SetPatternThresholds => settings::thresholds(directory, message, read_body(body)?).await,
        DirectoryAction::SetAreas => settings::areas(directory, message, read_body(body)?).await,
        DirectoryAction::DesignateContact => settings::contact(directory, message, read_body(body)?).await,
        DirectoryAction::SetSignOn => settings::sign_on(directory, message, read_body(body)?).await,
        DirectoryAction::RemoveSignOn => settings::no_sign_on(directory, message, read_body(body)?).await,
        DirectoryAction::SetSchool => places::school(directory, message, read_body(body)?).await,
        DirectoryAction::RetireSchool => places::retire_school(directory, message, read_body(body)?).await,
        DirectoryAction::SetDepartment => places::department(directory, message, read_body(body)?).await,
        DirectoryAction::RetireDepartment => places::retire_department(directory, message, read_body(body)?).await,
        DirectoryAction::KeepAnswer => places::keep_answer(directory, message, by, read_body(body)?).await,
        DirectoryAction::DropAnswer => places::drop_answer(directory, message, by, read_body(body)?).await,
        DirectoryAction::FormTeam => places::team(directory, message, read_body(body)?).await,
        DirectoryAction::DefineZone => places::zone(directory, message, read_body(body)?).await,
        DirectoryAction::SetPerson => people::person(directory, message, read_body(body)?).await,
        DirectoryAction::GrantRole => people::grant_role(directory, message, read_body(body)?).await,
        DirectoryAction::RevokeRole => people::revoke_role(directory, message, by, read_body(body)?).await,
        DirectoryAction::DisablePerson => people::disable(directory, message, by, read_body(body)?).await,
        DirectoryAction::EnablePerson => people::enable(directory, message, read_body(body)?).await,
        DirectoryAction::RemoveSecondStep => people::no_second_step(directory, message, by, read_body(body)?).await,
        DirectoryAction::NameStandIn => people::stand_in(directory, message, by, read_body(body)?).await,
        DirectoryAction::EndStandIn => people::no_stand_in(directory, message, by, read_body(body)?).await,
        DirectoryAction::MakeToken => people::token(directory, message, by, read_body(body)?).await,
        DirectoryAction::EndToken => people::no_token(directory, message, by, read_body(body)?).await,
    }
}

/// Whoever asks, if the table lets them.
fn permitted(action: DirectoryAction, message: &CommandMessage) -> Result<&Claims, Problem> {
    let roles = action.roles();
    match &message.authority {
        Authority::Person(claims)
            if claims.district == message.district && roles.iter().any(|role| claims.has(*role)) =>
        {
            if action.lets_in() && claims.token.is_some() {
                return Err(Problem::forbidden(
                    "who gets in is decided by people, signed in, and not with a token",
                ));
            }
            Ok(claims)
        }
        Authority::Person(_) | Authority::Policy { .. } => {
            let roles: Vec<&str> = roles.iter().map(|role| role.label()).collect();
            Err(Problem::forbidden(format!(
                "this is for the {} to do",
                roles.join(" or the ").to_lowercase()
            )))
        }
    }
}

/// States a fact about a district.
async fn state_of_district(
    directory: &Directory,
    message: &CommandMessage,
    event: DirectoryEvent,
) -> Result<Done, Problem> {
    carry_out(directory, message, &State(event)).await
}

/// Where a district's settings stand, whatever thing was named.
fn of_district(message: &CommandMessage) -> Subject {
    Subject::new(&message.district, Kind::District, message.district.thing_id())
}

async fn carry_out<C>(directory: &Directory, message: &CommandMessage, command: &C) -> Result<Done, Problem>
where
    C: Decide<Thing, Event = DirectoryEvent, Rejection = NeverRefused>,
{
    let subject = of_district(message);
    carry_out_on(directory, message, subject, command, |never| match never {}).await
}

async fn carry_out_on<C>(
    directory: &Directory,
    message: &CommandMessage,
    subject: Subject,
    command: &C,
    explain: impl FnOnce(C::Rejection) -> Problem,
) -> Result<Done, Problem>
where
    C: Decide<Thing, Event = DirectoryEvent>,
{
    let target = Target {
        log: &*directory.log,
        subject,
        now: directory.clock.now(),
    };
    let done = match History::<Thing>::read(target.log, &target.subject).await {
        Ok(mut history) => execute(&target, &mut history, message, command).await,
        Err(failure) => Err(failure),
    };
    done.map_err(|failure: Failure<C::Rejection>| failure.problem(explain))
}

/// States a fact about a thing.
async fn state_on(
    directory: &Directory,
    message: &CommandMessage,
    subject: Subject,
    event: DirectoryEvent,
) -> Result<Done, Problem> {
    carry_out_on(directory, message, subject, &State(event), |never| match never {}).await
}

/// Whether what follows from a command is still to be done: it was carried out now, or it is said again and nothing has
/// happened to its thing since, so that it may not have come so far.
async fn still_follows(directory: &Directory, subject: &Subject, done: &Done) -> Result<bool, Problem> {
    if !done.repeated {
        return Ok(true);
    }
    let history = History::<Thing>::read(&*directory.log, subject).await;
    let history = history.map_err(|failure: Failure<()>| failure.problem(|()| Problem::not_found("thing")))?;
    Ok(history.version() == done.version)
}

/// Puts on record what happened to a person at the door or in the office; `of` tells it from anything else that ever
/// happens, so that the same is there once.
pub(crate) async fn put_on_record(
    directory: &Directory,
    district: &District,
    person: PersonId,
    authority: Authority,
    of: &str,
    event: DirectoryEvent,
) -> Result<Done, Problem> {
    let message = CommandMessage {
        id: CommandId(Uuid::new_v5(&NAMESPACE, of.as_bytes())),
        district: district.clone(),
        thing: person.0,
        authority,
        request_hash: runtime::ids::hex(&Sha256::digest(of)[..16]),
        based_on: None,
        caused_by: None,
        traceparent: None,
        body: RawValue::NULL.to_owned(),
    };
    let subject = Subject::new(district, Kind::Person, person.0);
    state_on(directory, &message, subject, event).await
}

pub(crate) fn away(error: sqlx::Error) -> Problem {
    tracing::warn!(%error, "the directory's database has trouble");
    Problem::unavailable("the directory cannot be asked for a moment; nothing was lost")
}
