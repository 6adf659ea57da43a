//! People: who they are, what they may do, and what lets them in.

use std::collections::BTreeSet;

use chrono::{DateTime, Days, Duration, NaiveDate, NaiveTime, Utc};
use contracts::claims::Claims;
use contracts::commands::{self as wire, CommandMessage, Done};
use contracts::events::directory::{
    Grant, KnownAs, PersonDisabled, PersonEnabled, PersonRostered, RoleGranted, RoleRevoked, SecondStepRemoved,
    StandInEnded, StandInNamed, TokenEnded, TokenMade,
};
use contracts::ids::{District, PersonId};
use contracts::problem::Problem;
use contracts::subjects::{Subject, Thing as Kind};
use contracts::vocabulary::{DisabledBecause, Role};
use decider::{Failure, History};
use uuid::Uuid;

use super::{away, carry_out_on, state_on, still_follows};
use crate::Directory;
use crate::accounts::as_login;
use crate::credentials::{LISTED_MAX, NewToken};
use crate::domain::{Roster, Thing};
use crate::read_model::{is_known, person_by_email, rostered_person};

/// The person a command is about, who must be known in the district, whether they may sign in or not.
async fn somebody(directory: &Directory, message: &CommandMessage) -> Result<Subject, Problem> {
    let person = PersonId(message.thing);
    let known = is_known(&directory.people.db, &message.district, person)
        .await
        .map_err(away)?;
    if !known {
        return Err(Problem::not_found("person"));
    }
    Ok(Subject::new(&message.district, Kind::Person, person.0))
}

/// Where a role is to hold: reporters speak for a school, staff and leads work in a department, the others are of the
/// district.
fn grant_of(directory: &Directory, message: &CommandMessage, body: &wire::GrantRole) -> Result<Grant, Problem> {
    let record = directory
        .districts
        .with(&message.district, Clone::clone)
        .unwrap_or_default();
    let mut grant = Grant {
        role: body.role,
        school: None,
        department: None,
    };
    match body.role {
        Role::Reporter => {
            let named = body
                .school
                .as_ref()
                .ok_or_else(|| Problem::invalid_field("school", "is missing"))?;
            let school = record.school_named(named.as_str());
            grant.school =
                Some(school.ok_or_else(|| Problem::invalid_field("school", "is not a school of this district"))?);
        }
        Role::DepartmentStaff | Role::DepartmentLead => {
            let named = body
                .department
                .as_ref()
                .ok_or_else(|| Problem::invalid_field("department", "is missing"))?;
            let department = record.department_named(named.as_str());
            grant.department = Some(
                department
                    .ok_or_else(|| Problem::invalid_field("department", "is not a department of this district"))?,
            );
        }
        Role::Contact | Role::Leader | Role::Auditor | Role::Administrator => {}
    }
    Ok(grant)
}

/// Gives a role.
pub(super) async fn grant_role(
    directory: &Directory,
    message: &CommandMessage,
    body: wire::GrantRole,
) -> Result<Done, Problem> {
    let subject = somebody(directory, message).await?;
    let grant = grant_of(directory, message, &body)?;
    state_on(directory, message, subject, RoleGranted { grant }.into()).await
}

/// Takes one away.
pub(super) async fn revoke_role(
    directory: &Directory,
    message: &CommandMessage,
    by: &Claims,
    body: wire::GrantRole,
) -> Result<Done, Problem> {
    let subject = somebody(directory, message).await?;
    let grant = grant_of(directory, message, &body)?;
    if grant.role == Role::Administrator && by.person.0 == message.thing {
        return Err(Problem::conflict(
            "yourself",
            "nobody takes their own administration away; another administrator can",
        ));
    }
    state_on(directory, message, subject, RoleRevoked { grant }.into()).await
}

/// Keeps somebody out.
pub(super) async fn disable(
    directory: &Directory,
    message: &CommandMessage,
    by: &Claims,
    _: wire::DisablePerson,
) -> Result<Done, Problem> {
    let subject = somebody(directory, message).await?;
    if by.person.0 == message.thing {
        return Err(Problem::conflict(
            "yourself",
            "nobody disables themselves; another administrator can",
        ));
    }
    let disabled = PersonDisabled {
        because: DisabledBecause::ByHand,
    };
    let done = state_on(directory, message, subject.clone(), disabled.into()).await?;
    if still_follows(directory, &subject, &done).await? {
        directory
            .end_access(&message.district, PersonId(message.thing))
            .await
            .map_err(away)?;
    }
    Ok(done)
}

/// Lets somebody in again.
pub(super) async fn enable(
    directory: &Directory,
    message: &CommandMessage,
    _: wire::EnablePerson,
) -> Result<Done, Problem> {
    let subject = somebody(directory, message).await?;
    state_on(directory, message, subject, PersonEnabled {}.into()).await
}

/// Says who somebody is that no roster knows.
pub(super) async fn person(
    directory: &Directory,
    message: &CommandMessage,
    body: wire::SetPerson,
) -> Result<Done, Problem> {
    let (db, district) = (&directory.people.db, &message.district);
    let person = PersonId(message.thing);
    let before = rostered_person(db, district, person).await.map_err(away)?;
    if before.is_none() && message.thing != message.id.0 {
        return Err(Problem::not_found("person"));
    }
    if before
        .as_ref()
        .is_some_and(|before| before.known_as.sourced_id.is_some())
    {
        return Err(Problem::conflict(
            "of-the-roster",
            "who they are is for the roster to say: change it there, and take the roster in again",
        ));
    }
    let email = body.email.as_ref().map(|email| as_login(email.as_str()));
    if let Some(email) = &email {
        let (name, host) = email.split_once('@').unwrap_or_default();
        if name.is_empty() || !host.contains('.') || email.contains(char::is_whitespace) {
            return Err(Problem::invalid_field("email", "is not an e-mail address"));
        }
        let other = person_by_email(db, district, email).await.map_err(away)?;
        if other.is_some_and(|other| other != person) {
            return Err(Problem::invalid_field(
                "email",
                "is somebody else's already: find them on the page of people",
            ));
        }
    }
    let trouble = |_| Problem::unavailable("names cannot be sealed for a moment; try again");
    let keyring = &directory.keyring;
    let key = keyring.lease().await.map_err(trouble)?;
    let known_as = KnownAs {
        email,
        ..KnownAs::default()
    };
    let known_as = serde_json::to_string(&known_as).unwrap_or_default();
    let rostered = PersonRostered {
        key,
        name: keyring.seal(key, body.name.as_str()).await.map_err(trouble)?,
        title: match &body.title {
            Some(title) => Some(keyring.seal(key, title.as_str()).await.map_err(trouble)?),
            None => None,
        },
        known_as: Some(keyring.seal(key, &known_as).await.map_err(trouble)?),
        roles: None,
        disabled: false,
    };
    let subject = Subject::new(district, Kind::Person, person.0);
    carry_out_on(directory, message, subject, &Roster(rostered), |never| match never {}).await
}

/// Takes somebody's second step away: they set it up anew when they sign in.
pub(super) async fn no_second_step(
    directory: &Directory,
    message: &CommandMessage,
    by: &Claims,
    _: wire::RemoveSecondStep,
) -> Result<Done, Problem> {
    let subject = somebody(directory, message).await?;
    if by.person.0 == message.thing {
        return Err(Problem::conflict(
            "yourself",
            "nobody takes their own second step away; another administrator can",
        ));
    }
    let done = state_on(directory, message, subject.clone(), SecondStepRemoved {}.into()).await?;
    if still_follows(directory, &subject, &done).await? {
        let person = PersonId(message.thing);
        directory
            .second_steps
            .forget(&message.district, person)
            .await
            .map_err(away)?;
        directory
            .credentials
            .end_sessions(&message.district, person)
            .await
            .map_err(away)?;
    }
    Ok(done)
}

/// The longest that somebody stands in for another.
const STAND_IN_DAYS: i64 = 92;

/// Beyond so many events of somebody's, only an administrator adds that they stand in.
const NAMED_BY_OTHERS_MAX: usize = 500;

/// Who says that somebody stands in: whoever is away, or an administrator, never for themselves.
fn names_stand_in(message: &CommandMessage, by: &Claims, absent: PersonId) -> Result<(), Problem> {
    if by.token.is_some() || by.acting_for.is_some() {
        return Err(Problem::forbidden(
            "who stands in for whom is said by people, signed in as themselves",
        ));
    }
    let own = by.person == absent;
    if own || (by.has(Role::Administrator) && by.person.0 != message.thing) {
        return Ok(());
    }
    Err(Problem::forbidden(
        "whoever is away says who stands in, or another administrator does",
    ))
}

/// Lets somebody act for one who is away.
pub(super) async fn stand_in(
    directory: &Directory,
    message: &CommandMessage,
    by: &Claims,
    body: wire::NameStandIn,
) -> Result<Done, Problem> {
    names_stand_in(message, by, body.absent)?;
    let subject = somebody(directory, message).await?;
    let known = is_known(&directory.people.db, &message.district, body.absent).await;
    if !known.map_err(away)? || body.absent.0 == message.thing {
        return Err(Problem::invalid_field(
            "absent",
            "is not somebody else of this district",
        ));
    }
    if !by.has(Role::Administrator) {
        let history = History::<Thing>::read(&*directory.log, &subject).await;
        let history = history.map_err(|failure: Failure<()>| failure.problem(|()| Problem::not_found("person")))?;
        if history.recorded().len() >= NAMED_BY_OTHERS_MAX {
            return Err(Problem::conflict(
                "named-often",
                "so much is on record of this person that an administrator has to name them",
            ));
        }
    }
    let today = directory.today(&message.district);
    let from = body.from.unwrap_or(today);
    if body.until < from || body.until < today || body.until > from + Duration::days(STAND_IN_DAYS) {
        return Err(Problem::invalid_field(
            "until",
            format!("is a day from the first one on, and within {STAND_IN_DAYS} days of it"),
        ));
    }
    let named = StandInNamed {
        absent: body.absent,
        from,
        until: body.until,
    };
    state_on(directory, message, subject, named.into()).await
}

/// Ends that.
pub(super) async fn no_stand_in(
    directory: &Directory,
    message: &CommandMessage,
    by: &Claims,
    body: wire::EndStandIn,
) -> Result<Done, Problem> {
    // Whoever stands in may leave it too.
    if by.person.0 != message.thing {
        names_stand_in(message, by, body.absent)?;
    }
    let subject = somebody(directory, message).await?;
    state_on(directory, message, subject, StandInEnded { absent: body.absent }.into()).await
}

/// The longest that a token lets anybody in.
const TOKEN_DAYS: u64 = 366;

/// Whoever acts on their own access, signed in as themselves.
fn oneself(message: &CommandMessage, by: &Claims) -> Result<Subject, Problem> {
    if by.person.0 != message.thing || by.token.is_some() || by.acting_for.is_some() {
        return Err(Problem::forbidden(
            "tokens are made and ended by whom they let in, signed in as themselves",
        ));
    }
    Ok(Subject::new(&message.district, Kind::Person, message.thing))
}

/// Makes a token for oneself. That it was made is on record before it lets anybody in.
pub(super) async fn token(
    directory: &Directory,
    message: &CommandMessage,
    by: &Claims,
    body: wire::MakeToken,
) -> Result<Done, Problem> {
    let subject = oneself(message, by)?;
    let today = directory.today(&message.district);
    if body.until < today || body.until > today + Days::new(TOKEN_DAYS) {
        return Err(Problem::invalid_field("until", "is a day from today on, within a year"));
    }
    let is_digest = |text: &str| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_digest(body.digest.as_str()) {
        return Err(Problem::invalid_field("digest", "is not a SHA-256 in hexadecimal"));
    }
    let (district, now) = (&message.district, directory.clock.now());
    let there = directory.credentials.tokens(district, by.person, now).await;
    if there.map_err(away)?.len() as i64 >= LISTED_MAX {
        return Err(Problem::conflict(
            "many-tokens",
            format!("you have {LISTED_MAX} tokens; end some that are not used"),
        ));
    }
    let token = NewToken {
        id: message.id.0,
        digest: body.digest.as_str().to_ascii_lowercase(),
        name: body.name.to_string(),
        scope: body.scope,
        until: end_of(directory, district, body.until),
    };
    let made = TokenMade {
        token: token.id,
        scope: token.scope,
        until: token.until,
    };
    let done = state_on(directory, message, subject.clone(), made.into()).await?;
    // Said again, it comes back only where it was never ended.
    if tokens_of(directory, &subject).await?.contains(&token.id) {
        directory
            .credentials
            .keep_token(&token, district, by.person, now)
            .await
            .map_err(away)?;
    }
    Ok(done)
}

/// The end of a day in a district.
fn end_of(directory: &Directory, district: &District, day: NaiveDate) -> DateTime<Utc> {
    directory
        .districts
        .with(district, |record| record.calendar().end_of(day))
        .unwrap_or_else(|| (day + Days::new(1)).and_time(NaiveTime::MIN).and_utc())
}

/// The tokens of somebody's that are on record and not ended.
async fn tokens_of(directory: &Directory, subject: &Subject) -> Result<BTreeSet<Uuid>, Problem> {
    let history = History::<Thing>::read(&*directory.log, subject).await;
    let history = history.map_err(|failure: Failure<()>| failure.problem(|()| Problem::not_found("person")))?;
    Ok(history.state().tokens.clone())
}

/// Ends one of one's own tokens.
pub(super) async fn no_token(
    directory: &Directory,
    message: &CommandMessage,
    by: &Claims,
    body: wire::EndToken,
) -> Result<Done, Problem> {
    let subject = oneself(message, by)?;
    // It lets nobody in first, then that is put on record; where that did not come so far, it is done now.
    let ended = directory
        .credentials
        .end_token(&by.district, by.person, body.token)
        .await
        .map_err(away)?;
    if !ended && !tokens_of(directory, &subject).await?.contains(&body.token) {
        return Err(Problem::not_found("token"));
    }
    state_on(directory, message, subject, TokenEnded { token: body.token }.into()).await
}
