//! Routing's endpoints: decode, look up, seal, and carry out what people and policies ask for.

use ::domain::directory::DistrictRecord;
use ::domain::rules::{Facts, choose};
use ::domain::{Calendars, Loop, Rejection};
use contracts::Action;
use contracts::claims::Authority;
use contracts::commands::{self as wire, CommandMessage, Done, read_body};
use contracts::envelope::Recorded;
use contracts::events::RoutingEvent;
use contracts::events::routing::ChosenBy;
use contracts::ids::{DepartmentId, District};
use contracts::problem::{FieldProblem, Problem};
use contracts::text::Text;
use contracts::vocabulary::{AppealOutcome, EscalatedTo, Role, Urgency};
use decider::{Decide, Desk, Guard, Opened};
use messaging::Incoming;

use crate::domain;

/// Carries a person's command out.
pub async fn handle_person(desk: &Desk, incoming: &Incoming) -> Result<Done, Problem> {
    let message: CommandMessage = incoming.read()?;
    let answer = carry_out(desk, &incoming.verb, &message).await;
    desk.as_before(&message, answer).await
}

async fn carry_out(desk: &Desk, verb: &str, message: &CommandMessage) -> Result<Done, Problem> {
    let body = message.body.get();
    match Action::from_slug(verb) {
        Some(Action::Route) => route(desk, message, &read_body(body)?).await,
        Some(Action::Reroute) => reroute(desk, message, &read_body(body)?).await,
        Some(Action::Collaborate) => collaborate(desk, message, &read_body(body)?).await,
        Some(Action::Escalate) => escalate(desk, message, &read_body(body)?).await,
        Some(Action::DecideEscalation) => decide(desk, message, &read_body(body)?).await,
        Some(Action::ChangeDue) => change_due(desk, message, &read_body(body)?).await,
        Some(_) | None => Err(Problem::not_found("such command")),
    }
}

/// Carries a policy's command out.
pub async fn handle_policy(desk: &Desk, incoming: &Incoming) -> Result<Done, Problem> {
    let message: CommandMessage = incoming.read()?;
    match (incoming.verb.as_str(), &message.authority) {
        ("route-filed", Authority::Policy { .. }) => route_filed(desk, &message, incoming.cause.as_deref()).await,
        ("escalate-appeal", Authority::Policy { .. }) => {
            let opened = desk.open(&message).await?;
            act(desk, &message, opened, Action::Escalate, &domain::EscalateAppeal).await
        }
        _ => Err(Problem::not_found("such command")),
    }
}

async fn act<C>(
    desk: &Desk,
    message: &CommandMessage,
    opened: Opened,
    action: Action,
    command: &C,
) -> Result<Done, Problem>
where
    C: Decide<Loop, Event = RoutingEvent, Rejection = Rejection> + Sync,
{
    desk.carry_out(opened, message, &Guard { action, school: None }, command)
        .await
}

/// Looks at the district; a district that is not there yet is on its way.
fn look<R>(desk: &Desk, district: &District, look: impl FnOnce(&DistrictRecord) -> R) -> Result<R, Problem> {
    desk.districts
        .with(district, look)
        .ok_or_else(|| Problem::unavailable("the district's own rules have not arrived here yet"))
}

fn department(desk: &Desk, district: &District, named: &Text<200>) -> Result<DepartmentId, Problem> {
    look(desk, district, |record| record.department_named(named.as_str()))?.ok_or_else(|| {
        Problem::invalid(
            "department: there is no such department in this district; name one of the district's departments",
            vec![FieldProblem {
                field: "department".to_owned(),
                message: "is not a department of this district".to_owned(),
            }],
        )
    })
}

fn calendars(desk: &Desk, district: &District) -> Result<Calendars, Problem> {
    look(desk, district, |record| record.calendars.clone())
}

/// Routes what was filed, by what it says: if that has changed since, by what it says now.
async fn route_filed(desk: &Desk, message: &CommandMessage, cause: Option<&Recorded>) -> Result<Done, Problem> {
    let guard = Guard {
        action: Action::Route,
        school: None,
    };
    let told = desk.open_after(message, cause).await?;
    let command = by_rules(desk, message, &told).await?;
    if let Some(done) = desk.carry_out_as_told(told, message, &guard, &command).await? {
        return Ok(done);
    }
    let opened = desk.open(message).await?;
    let command = by_rules(desk, message, &opened).await?;
    act(desk, message, opened, Action::Route, &command).await
}

/// What the district's rules choose for a loop as it is.
async fn by_rules(desk: &Desk, message: &CommandMessage, opened: &Opened) -> Result<domain::RouteFiled, Problem> {
    let tension = &opened.record().tension;
    let mut text = String::new();
    for sealed in tension.texts() {
        match desk.keyring.open(sealed).await {
            Ok(words) => {
                text.push_str(&words.to_lowercase());
                text.push('\n');
            }
            Err(sealing::SealingError::Unavailable(what)) => return Err(Problem::unavailable(what)),
            // Erased before it was routed: rules about words do not apply.
            Err(sealing::SealingError::Erased(_) | sealing::SealingError::NotOpened(_)) => {}
        }
    }
    let school = opened.record().filed_for;
    look(desk, &message.district, |record| {
        let zones = record.zones_of(school);
        let facts = Facts {
            area: tension.area.code(),
            kind: tension.kind,
            rule_source: tension.rule_source,
            school,
            zones: &zones,
            urgency: tension.urgency,
            text: &text,
        };
        // A rule that names a department no longer there chooses nobody.
        let chosen = choose(&record.rules, &facts)
            .filter(|rule| record.has_department(rule.department))
            .map(|rule| domain::Chosen {
                department: rule.department,
                by: ChosenBy {
                    rules_version: record.rules_version,
                    rule: rule.id.clone(),
                    name: rule.name.clone(),
                },
                collaborators: rule.collaborators.clone(),
                level: record.service_level(&rule.service_level),
            });
        domain::RouteFiled {
            chosen,
            rules_version: record.rules_version,
            calendar: record.calendar(),
        }
    })
}

async fn route(desk: &Desk, message: &CommandMessage, body: &wire::Route) -> Result<Done, Problem> {
    let opened = desk.open(message).await?;
    let to = department(desk, &message.district, &body.department)?;
    let why = desk.seal_some(body.why.as_ref()).await?;
    let level_name = if opened.record().tension.urgency == Urgency::BlockingNow {
        "urgent"
    } else {
        "standard"
    };
    let (level, calendar) = look(desk, &message.district, |record| {
        (record.service_level(level_name), record.calendar())
    })?;
    let command = domain::Route {
        department: to,
        why,
        level,
        calendar,
    };
    act(desk, message, opened, Action::Route, &command).await
}

async fn reroute(desk: &Desk, message: &CommandMessage, body: &wire::Reroute) -> Result<Done, Problem> {
    let opened = desk.open(message).await?;
    let to = department(desk, &message.district, &body.department)?;
    let calendars = calendars(desk, &message.district)?;
    let why = desk.seal(&body.why).await?;
    let command = domain::Reroute {
        to,
        from: None,
        why,
        episode: body.episode,
        calendars,
    };
    act(desk, message, opened, Action::Reroute, &command).await
}

async fn collaborate(desk: &Desk, message: &CommandMessage, body: &wire::Collaborate) -> Result<Done, Problem> {
    let opened = desk.open(message).await?;
    let command = domain::Collaborate {
        department: department(desk, &message.district, &body.department)?,
    };
    act(desk, message, opened, Action::Collaborate, &command).await
}

async fn escalate(desk: &Desk, message: &CommandMessage, body: &wire::Escalate) -> Result<Done, Problem> {
    let opened = desk.open(message).await?;
    let why = Some(desk.seal(&body.why).await?);
    let may_ask_leader = match &message.authority {
        Authority::Person(viewer) => viewer.has(Role::Contact) || !viewer.departments.is_empty(),
        Authority::Policy { .. } => true,
    };
    act(
        desk,
        message,
        opened,
        Action::Escalate,
        &domain::Escalate {
            to: body.to,
            why,
            may_ask_leader,
        },
    )
    .await
}

async fn decide(desk: &Desk, message: &CommandMessage, body: &wire::Decide) -> Result<Done, Problem> {
    let opened = desk.open(message).await?;
    let may_decide = match &message.authority {
        Authority::Person(viewer) => [
            (Role::Contact, EscalatedTo::Contact),
            (Role::Leader, EscalatedTo::Leader),
        ]
        .into_iter()
        .filter(|(role, _)| viewer.has(*role))
        .map(|(_, to)| to)
        .collect(),
        Authority::Policy { .. } => Vec::new(),
    };
    let command = domain::DecideEscalation {
        regarding: body.regarding,
        may_decide,
        outcome: body
            .outcome
            .or_else(|| AppealOutcome::from_code(&body.decision.as_str().to_lowercase())),
        decision: desk.seal(&body.decision).await?,
        why: desk.seal_some(body.why.as_ref()).await?,
    };
    act(desk, message, opened, Action::DecideEscalation, &command).await
}

async fn change_due(desk: &Desk, message: &CommandMessage, body: &wire::ChangeDue) -> Result<Done, Problem> {
    let opened = desk.open(message).await?;
    let calendars = calendars(desk, &message.district)?;
    let why = desk.seal(&body.why).await?;
    let command = domain::ChangeDue {
        resolve: body.resolve,
        why,
        calendars,
    };
    act(desk, message, opened, Action::ChangeDue, &command).await
}

#[cfg(test)]
mod tests;
