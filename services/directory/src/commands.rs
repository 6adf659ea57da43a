//! The directory's endpoints for commands: what administrators and the contact set, and the door.

use std::collections::BTreeSet;

use ::domain::Calendar;
use contracts::Claims;
use contracts::claims::Authority;
use contracts::commands::door::MakeLink;
use contracts::commands::{self as wire, CommandMessage, Done, read_body};
use contracts::events::directory::{
    Grant, PatternThresholdsSet, PersonDisabled, PersonEnabled, RoleGranted, RoleRevoked, ServiceLevelSet, ZoneDefined,
};
use contracts::ids::{District, PersonId, ZoneId};
use contracts::problem::Problem;
use contracts::subjects::{Subject, Thing as Kind};
use contracts::vocabulary::{DisabledBecause, Role};
use decider::{Decide, Failure, History, Target, execute};
use messaging::Incoming;
use serde::Deserialize;
use serde_json::Value;

use crate::domain::{DefineZone, NeverRefused, PublishRules, SetCalendar, SetServiceLevel, State, Thing, ZoneRefusal};
use crate::read_model::is_known;
use crate::{Directory, accounts, importing};

/// The most rules, closed ranges or days a district sets.
const LIST_MAX: usize = 500;

/// Carries out what an administrator or the contact sets.
pub(crate) async fn handle(directory: &Directory, incoming: &Incoming) -> Result<Done, Problem> {
    let message: CommandMessage = incoming.read()?;
    let body = message.body.get();
    match incoming.verb.as_str() {
        "grant-role" => grant_role(directory, &message, read_body(body)?).await,
        "revoke-role" => revoke_role(directory, &message, read_body(body)?).await,
        "disable-person" => disable_person(directory, &message, read_body(body)?).await,
        "enable-person" => enable_person(directory, &message, read_body(body)?).await,
        "define-zone" => define_zone(directory, &message, read_body(body)?).await,
        "set-calendar" => set_calendar(directory, &message, read_body(body)?).await,
        "set-pattern-thresholds" => set_thresholds(directory, &message, read_body(body)?).await,
        "set-service-level" => set_service_level(directory, &message, read_body(body)?).await,
        "publish-routing-rules" => publish_rules(directory, &message, read_body(body)?).await,
        _ => Err(Problem::not_found("such command")),
    }
}

/// The contact keeps the rules; the administrator keeps all of it.
fn keeper(message: &CommandMessage, roles: &[Role]) -> Result<(), Problem> {
    match &message.authority {
        Authority::Person(claims) if roles.iter().any(|role| claims.has(*role)) => Ok(()),
        Authority::Person(_) | Authority::Policy { .. } => {
            let roles: Vec<&str> = roles.iter().map(|role| role.label()).collect();
            Err(Problem::forbidden(format!(
                "this is for the {} to set",
                roles.join(" or the ").to_lowercase()
            )))
        }
    }
}

async fn set_calendar(
    directory: &Directory,
    message: &CommandMessage,
    body: wire::SetCalendar,
) -> Result<Done, Problem> {
    keeper(message, &[Role::Administrator])?;
    if body.closed.len() > LIST_MAX {
        return Err(Problem::invalid_field(
            "closed",
            format!("names more than {LIST_MAX} ranges"),
        ));
    }
    let time_zone = body.time_zone.map(|zone| zone.to_string());
    Calendar::new(1, time_zone.as_deref().unwrap_or("UTC"), &body.closed)
        .map_err(|error| Problem::invalid_field("closed", error.to_string()))?;
    carry_out(
        directory,
        message,
        &SetCalendar {
            time_zone,
            closed: body.closed,
        },
    )
    .await
}

async fn set_service_level(
    directory: &Directory,
    message: &CommandMessage,
    body: wire::SetServiceLevel,
) -> Result<Done, Problem> {
    keeper(message, &[Role::Administrator])?;
    let level = &body.level;
    for (field, days) in [
        ("acknowledge_days", level.acknowledge_days),
        ("next_word_days", level.next_word_days),
        ("resolve_days", level.resolve_days),
    ] {
        if !(1..=750).contains(&days) {
            return Err(Problem::invalid_field(
                field,
                "is a number of business days from 1 to 750",
            ));
        }
    }
    if level.id.is_empty() || level.id.len() > 40 || level.name.trim().is_empty() || level.name.len() > 200 {
        return Err(Problem::invalid_field("level", "needs a short name and a name"));
    }
    carry_out(
        directory,
        message,
        &SetServiceLevel(ServiceLevelSet { level: body.level }),
    )
    .await
}

async fn set_thresholds(
    directory: &Directory,
    message: &CommandMessage,
    body: wire::SetPatternThresholds,
) -> Result<Done, Problem> {
    keeper(message, &[Role::Administrator, Role::Contact])?;
    let thresholds = body.thresholds;
    for (field, least, count) in [
        ("thresholds.clause_schools", 2, thresholds.clause_schools),
        ("thresholds.area_schools", 2, thresholds.area_schools),
        ("thresholds.exceptions", 2, thresholds.exceptions),
        ("thresholds.days", 14, thresholds.days),
    ] {
        if !(least..=1000).contains(&count) {
            return Err(Problem::invalid_field(
                field,
                format!("is a number from {least} to 1000"),
            ));
        }
    }
    let set = PatternThresholdsSet { thresholds };
    carry_out(directory, message, &State(set.into())).await
}

async fn publish_rules(
    directory: &Directory,
    message: &CommandMessage,
    body: wire::PublishRoutingRules,
) -> Result<Done, Problem> {
    keeper(message, &[Role::Administrator, Role::Contact])?;
    if body.rules.len() > LIST_MAX {
        return Err(Problem::invalid_field("rules", format!("are more than {LIST_MAX}")));
    }
    let mut names = BTreeSet::new();
    for (at, rule) in body.rules.iter().enumerate() {
        if !names.insert(rule.id.as_str()) {
            return Err(Problem::invalid_field(
                &format!("rules[{at}].id"),
                "is used twice in this set",
            ));
        }
        let known = directory.districts.with(&message.district, |record| {
            (
                record.departments.contains_key(&rule.department)
                    && rule
                        .collaborators
                        .iter()
                        .all(|department| record.departments.contains_key(department)),
                record.service_levels.contains_key(&rule.service_level),
            )
        });
        match known {
            Some((true, true)) => {}
            Some((_, false)) => {
                return Err(Problem::invalid_field(
                    &format!("rules[{at}].service_level"),
                    "is not a service level of this district",
                ));
            }
            Some((false, _)) | None => {
                return Err(Problem::invalid_field(
                    &format!("rules[{at}].department"),
                    "is not a department of this district",
                ));
            }
        }
    }
    carry_out(directory, message, &PublishRules(body.rules)).await
}

/// The person a command is about, who must be known in the district, whether they may sign in or not.
async fn somebody(directory: &Directory, message: &CommandMessage) -> Result<Subject, Problem> {
    keeper(message, &[Role::Administrator])?;
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

async fn grant_role(directory: &Directory, message: &CommandMessage, body: wire::GrantRole) -> Result<Done, Problem> {
    let subject = somebody(directory, message).await?;
    let grant = grant_of(directory, message, &body)?;
    let granted = State(RoleGranted { grant }.into());
    carry_out_on(directory, message, subject, &granted, |never| match never {}).await
}

async fn revoke_role(directory: &Directory, message: &CommandMessage, body: wire::GrantRole) -> Result<Done, Problem> {
    let subject = somebody(directory, message).await?;
    let grant = grant_of(directory, message, &body)?;
    let Authority::Person(claims) = &message.authority else {
        return Err(Problem::forbidden("this is for the district administrator to do"));
    };
    if grant.role == Role::Administrator && claims.person.0 == message.thing {
        return Err(Problem::conflict(
            "yourself",
            "nobody takes their own administration away; another administrator can",
        ));
    }
    let revoked = State(RoleRevoked { grant }.into());
    carry_out_on(directory, message, subject, &revoked, |never| match never {}).await
}

async fn disable_person(
    directory: &Directory,
    message: &CommandMessage,
    _: wire::DisablePerson,
) -> Result<Done, Problem> {
    let subject = somebody(directory, message).await?;
    if matches!(&message.authority, Authority::Person(claims) if claims.person.0 == message.thing) {
        return Err(Problem::conflict(
            "yourself",
            "nobody disables themselves; another administrator can",
        ));
    }
    let disabled = PersonDisabled {
        because: DisabledBecause::ByHand,
    };
    let done = carry_out_on(
        directory,
        message,
        subject,
        &State(disabled.into()),
        |never| match never {},
    )
    .await?;
    directory
        .credentials
        .end_all(PersonId(message.thing))
        .await
        .map_err(away)?;
    Ok(done)
}

async fn enable_person(
    directory: &Directory,
    message: &CommandMessage,
    _: wire::EnablePerson,
) -> Result<Done, Problem> {
    let subject = somebody(directory, message).await?;
    let enabled = State(PersonEnabled {}.into());
    carry_out_on(directory, message, subject, &enabled, |never| match never {}).await
}

/// Defines a zone under its own id; a new one's follows from the command, so that a repeated command finds it.
async fn define_zone(directory: &Directory, message: &CommandMessage, body: wire::DefineZone) -> Result<Done, Problem> {
    keeper(message, &[Role::Administrator, Role::Contact])?;
    let known = directory
        .districts
        .with(&message.district, Clone::clone)
        .unwrap_or_default();
    let id = message.thing;
    if id != message.id.0 && !known.zones.contains_key(&ZoneId(id)) {
        return Err(Problem::not_found("zone"));
    }
    if body.schools.is_empty() || body.schools.len() > LIST_MAX {
        return Err(Problem::invalid_field(
            "schools",
            format!("name from one to {LIST_MAX} schools"),
        ));
    }
    let mut schools = BTreeSet::new();
    for (at, named) in body.schools.iter().enumerate() {
        let school = known.school_named(named.as_str()).ok_or_else(|| {
            Problem::invalid_field(
                &format!("schools[{at}]"),
                format!("{named} is not a school of this district"),
            )
        })?;
        schools.insert(school);
    }
    let subject = Subject::new(&message.district, Kind::Zone, id);
    if known.zone_named(body.name.as_str()).is_some_and(|other| other.0 != id) {
        // What was done once is answered as it was, whatever has been named since.
        let before = History::<Thing>::read::<()>(&*directory.log, &subject).await;
        if !before.is_ok_and(|history| history.was_done(message)) {
            return Err(Problem::invalid_field(
                "name",
                "another zone has this name; choose another",
            ));
        }
    }
    let today = known.calendar().date(directory.clock.now());
    let starts = body
        .starts
        .or_else(|| known.zones.get(&ZoneId(id)).map(|zone| zone.starts));
    let command = DefineZone(ZoneDefined {
        name: body.name.to_string(),
        purpose: body.purpose.to_string(),
        schools: schools.into_iter().collect(),
        starts: starts.unwrap_or(today),
        plan: body.plan.map(|plan| plan.to_string()),
        look_on: body.look_on,
    });
    carry_out_on(directory, message, subject, &command, |refusal| match refusal {
        ZoneRefusal::SchoolsLeftOut(left_out) => {
            let names: Vec<String> = left_out
                .iter()
                .map(|school| {
                    known
                        .schools
                        .get(school)
                        .map_or_else(|| school.to_string(), |known| known.name.clone())
                })
                .collect();
            Problem::conflict(
                "schools-left-out",
                format!(
                    "{} would leave the zone and lose what is allowed in it; name every school it has now, and take \
                     back what is to end in the register",
                    names.join(", ")
                ),
            )
        }
    })
    .await
}

async fn carry_out<C>(directory: &Directory, message: &CommandMessage, command: &C) -> Result<Done, Problem>
where
    C: Decide<Thing, Event = contracts::events::DirectoryEvent, Rejection = NeverRefused>,
{
    // Whatever thing was named: a district's settings stand under the district.
    let subject = Subject::new(&message.district, Kind::District, message.district.thing_id());
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
    C: Decide<Thing, Event = contracts::events::DirectoryEvent>,
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

#[derive(Deserialize)]
struct SignIn {
    person: PersonId,
    secret_digest: String,
}

#[derive(Deserialize)]
struct SignOut {
    secret_digest: String,
}

/// What an administrator, or with `trusted` whoever has the machine, does about rosters and people.
pub(crate) async fn in_the_office(directory: &Directory, incoming: &Incoming, trusted: bool) -> Result<Value, Problem> {
    if incoming.verb != "make-link" {
        return importing::handle(directory, incoming, trusted).await;
    }
    let asked: Office<MakeLink> = incoming.read()?;
    if asked.by.is_none() && !trusted {
        return Err(Problem::forbidden("this is for the district administrator to do"));
    }
    answer(&accounts::make_link(directory, asked.step, asked.by.as_ref()).await?)
}

/// A step of the office, on somebody's behalf.
#[derive(Deserialize)]
struct Office<T> {
    #[serde(default)]
    by: Option<Claims>,
    step: T,
}

fn answer<T: serde::Serialize>(answer: &T) -> Result<Value, Problem> {
    serde_json::to_value(answer).map_err(|_| Problem::unavailable("the answer cannot be written"))
}

/// Sessions begin and end.
pub(crate) async fn at_the_door(directory: &Directory, incoming: &Incoming) -> Result<Value, Problem> {
    match incoming.verb.as_str() {
        "sign-in" => answer(&accounts::sign_in(directory, incoming.read()?).await?),
        "look-at-link" => answer(&accounts::look_at_link(directory, incoming.read()?).await?),
        "set-password" => answer(&accounts::set_password(directory, incoming.read()?).await?),
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
                .begin_session(
                    &asked.secret_digest,
                    &found.district,
                    found.person,
                    directory.clock.now(),
                )
                .await
                .map_err(away)?;
            Ok(Value::Bool(true))
        }
        "sign-out" => {
            let asked: SignOut = incoming.read()?;
            directory.credentials.end(&asked.secret_digest).await.map_err(away)?;
            Ok(Value::Bool(true))
        }
        _ => Err(Problem::not_found("such command")),
    }
}

async fn find(directory: &Directory, person: PersonId) -> Result<Option<Claims>, Problem> {
    let position = directory.people.position.get();
    for district in directory.districts.slugs() {
        if let Some(claims) = of(directory, &district, person, position).await? {
            return Ok(Some(claims));
        }
    }
    Ok(None)
}

async fn of(
    directory: &Directory,
    district: &District,
    person: PersonId,
    position: u64,
) -> Result<Option<Claims>, Problem> {
    crate::read_model::claims(&directory.people.db, district, person, position)
        .await
        .map_err(away)
}

/// The database is away.
#[expect(clippy::needless_pass_by_value, reason = "it is used to map errors")]
pub(crate) fn away(error: sqlx::Error) -> Problem {
    tracing::warn!(%error, "the directory's database has trouble");
    Problem::unavailable("the directory cannot be asked for a moment; nothing was lost")
}
