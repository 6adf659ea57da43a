//! Intake's endpoints: decode, seal, and carry out what people of schools ask for.

use ::domain::{Loop, Rejection};
use contracts::Action;
use contracts::area::Area;
use contracts::claims::Authority;
use contracts::commands::{self as wire, CommandMessage, Done, read_body};
use contracts::events::IntakeEvent;
use contracts::events::intake::{Origin, TensionAmended, TensionFiled};
use contracts::ids::{LoopId, SchoolId};
use contracts::problem::{FieldProblem, Problem};
use contracts::subjects::Subject;
use contracts::text::Text;
use contracts::vocabulary::Role;
use decider::{Decide, Desk, Guard, Opened};
use messaging::{Incoming, People};

use crate::domain;

/// Carries out one command.
pub async fn handle(desk: &Desk, people: &dyn People, incoming: &Incoming) -> Result<Done, Problem> {
    let message: CommandMessage = incoming.read()?;
    let answer = carry_out(desk, people, &incoming.verb, &message).await;
    desk.as_before(&message, answer).await
}

async fn carry_out(desk: &Desk, people: &dyn People, verb: &str, message: &CommandMessage) -> Result<Done, Problem> {
    let body = message.body.get();
    match Action::from_slug(verb) {
        Some(Action::File) => file(desk, message, &read_body(body)?).await,
        Some(Action::Amend) => amend(desk, message, &read_body(body)?).await,
        Some(Action::Join) => join(desk, message, read_body(body)?).await,
        Some(Action::Leave) => leave(desk, message, read_body(body)?).await,
        Some(Action::HandOn) => hand_on(desk, people, message, &read_body(body)?).await,
        Some(Action::Answer) => answer(desk, message, &read_body(body)?).await,
        Some(Action::Withdraw) => withdraw(desk, message, read_body(body)?).await,
        Some(Action::Confirm) => confirm(desk, message, read_body(body)?).await,
        Some(Action::Refuse) => refuse(desk, message, &read_body(body)?).await,
        Some(Action::Appeal) => appeal(desk, message, &read_body(body)?).await,
        Some(Action::FollowUp) => follow_up(desk, message, read_body(body)?).await,
        Some(_) | None => Err(Problem::not_found("such command")),
    }
}

/// The most that all texts of a tension may weigh together, in bytes: sealed, they must fit one event.
const TEXT_BYTES_MAX: usize = 20_000;
/// The most grades and pillars a tension names.
const LIST_MAX: usize = 20;

fn weigh<const MAX: usize>(texts: &[Option<&Text<MAX>>]) -> Result<(), Problem> {
    let bytes: usize = texts.iter().flatten().map(|text| text.as_str().len()).sum();
    if bytes > TEXT_BYTES_MAX {
        return Err(Problem::invalid(
            format!("the texts together are {bytes} bytes long; please keep them under {TEXT_BYTES_MAX}"),
            vec![FieldProblem {
                field: "barrier".to_owned(),
                message: "together with the others is too long".to_owned(),
            }],
        ));
    }
    Ok(())
}

fn bounded(grades: usize, pillars: usize) -> Result<(), Problem> {
    for (field, length) in [("grades", grades), ("pillars", pillars)] {
        if length > LIST_MAX {
            let message = format!("names {length}; please keep it to {LIST_MAX}");
            return Err(Problem::invalid(
                format!("{field}: {message}"),
                vec![FieldProblem {
                    field: field.to_owned(),
                    message,
                }],
            ));
        }
    }
    Ok(())
}

/// Makes sure that something can be filed under an area in this district.
fn takes(desk: &Desk, message: &CommandMessage, area: &Area) -> Result<(), Problem> {
    desk.districts
        .with(&message.district, |record| record.to_file_under(area))
        .unwrap_or(Ok(()))
        .map_err(|why| Problem::invalid_field("area", why))
}

async fn file(desk: &Desk, message: &CommandMessage, body: &wire::FileTension) -> Result<Done, Problem> {
    let (school, origin) = filed_for(desk, message, body.school)?;
    weigh(&[
        Some(&body.trying),
        Some(&body.barrier),
        body.tried.as_ref(),
        body.would_help.as_ref(),
    ])?;
    bounded(body.grades.len(), body.pillars.len())?;
    takes(desk, message, &body.area)?;
    if let Some(earlier) = body.linked_to {
        linked(desk, message, earlier).await?;
    }
    if let Some(day) = body.needed_by {
        let today = desk.clock.now().date_naive();
        if day < today - chrono::Days::new(366) || day > today + chrono::Days::new(3 * 366) {
            let message = "is a day from a year ago to three years from now".to_owned();
            let field = FieldProblem {
                field: "needed_by".to_owned(),
                message,
            };
            return Err(Problem::invalid(
                "needed_by: is a day from a year ago to three years from now",
                vec![field],
            ));
        }
    }
    let title = desk.seal(&body.title).await?;
    let tension = TensionFiled {
        key: title.key,
        school,
        origin,
        title,
        trying: desk.seal(&body.trying).await?,
        barrier: desk.seal(&body.barrier).await?,
        tried: desk.seal_some(body.tried.as_ref()).await?,
        would_help: desk.seal_some(body.would_help.as_ref()).await?,
        kind: body.kind,
        area: body.area.clone(),
        rule_source: body.rule_source,
        citation: body.citation.clone(),
        clause: body.clause.clone(),
        pillars: body.pillars.clone(),
        reach: body.reach.clone(),
        grades: body.grades.iter().map(ToString::to_string).collect(),
        urgency: body.urgency,
        needed_by: body.needed_by,
        visibility: body.visibility,
        linked_to: body.linked_to,
    };
    let subject = Subject::of_loop(&message.district, LoopId(message.thing));
    let guard = Guard {
        action: Action::File,
        school: Some(school),
    };
    desk.begin(subject, message, &guard, &domain::FileTension { tension })
        .await
}

/// An earlier loop that is linked to must be one that the person may know of.
async fn linked(desk: &Desk, message: &CommandMessage, earlier: LoopId) -> Result<(), Problem> {
    let about_earlier = CommandMessage {
        thing: earlier.0,
        ..message.clone()
    };
    desk.open(&about_earlier).await.map(|_| ()).map_err(|problem| {
        if problem.status != 404 {
            return problem;
        }
        let field = FieldProblem {
            field: "linked_to".to_owned(),
            message: "is not a loop that you can see".to_owned(),
        };
        Problem::invalid(
            "linked_to: is not a loop that you can see; leave it out, or name one of yours",
            vec![field],
        )
    })
}

/// For which school a person files, and as whom.
fn filed_for(desk: &Desk, message: &CommandMessage, named: Option<SchoolId>) -> Result<(SchoolId, Origin), Problem> {
    let Authority::Person(viewer) = &message.authority else {
        return Err(Problem::forbidden("only people file tensions"));
    };
    if viewer.district != message.district {
        return Err(Problem::not_found("loop"));
    }
    let office = SchoolId::of_district(&message.district);
    let in_office = viewer.has(Role::Contact) || viewer.has(Role::DepartmentStaff) || viewer.has(Role::DepartmentLead);
    let known = |school: SchoolId| {
        school == office
            || desk
                .districts
                .with(&message.district, |record| record.has_school(school))
                .unwrap_or(false)
    };
    // Nothing new comes from a school that is closed, whoever spoke for it.
    let closed = |school: SchoolId| {
        desk.districts
            .with(&message.district, |record| {
                record.schools.get(&school).is_some_and(|school| school.retired)
            })
            .unwrap_or(false)
    };
    let not_yours = || {
        let field = FieldProblem {
            field: "school".to_owned(),
            message: "is not one you can file for".to_owned(),
        };
        let mut problem = Problem::forbidden("you can file for your own school; leave school out, or name yours");
        problem.fields = vec![field];
        problem
    };
    let own: Vec<SchoolId> = viewer
        .schools
        .iter()
        .copied()
        .filter(|school| *school != office)
        .collect();
    match named {
        Some(school) if viewer.has(Role::Reporter) && own.contains(&school) && !closed(school) => {
            Ok((school, Origin::School))
        }
        Some(school) if in_office && school == office => Ok((office, Origin::District)),
        Some(school) if in_office && known(school) => Ok((school, Origin::ForSchool)),
        Some(_) => Err(not_yours()),
        None => match own.as_slice() {
            [one] if viewer.has(Role::Reporter) && !closed(*one) => Ok((*one, Origin::School)),
            [_] if viewer.has(Role::Reporter) => Err(not_yours()),
            _ if in_office => Ok((office, Origin::District)),
            [] => Err(Problem::forbidden(
                "filing is for schools and the district office; ask the central-office contact",
            )),
            _ => Err(Problem::invalid(
                "say which school this is about: you speak for several",
                vec![FieldProblem {
                    field: "school".to_owned(),
                    message: "is needed".to_owned(),
                }],
            )),
        },
    }
}

async fn amend(desk: &Desk, message: &CommandMessage, body: &wire::Amend) -> Result<Done, Problem> {
    weigh(&[
        body.trying.as_ref(),
        body.barrier.as_ref(),
        body.tried.as_ref(),
        body.would_help.as_ref(),
    ])?;
    bounded(
        body.grades.as_ref().map_or(0, Vec::len),
        body.pillars.as_ref().map_or(0, Vec::len),
    )?;
    if let Some(area) = &body.area {
        takes(desk, message, area)?;
    }
    let opened = desk.open(message).await?;
    let changes = TensionAmended {
        title: desk.seal_some(body.title.as_ref()).await?,
        trying: desk.seal_some(body.trying.as_ref()).await?,
        barrier: desk.seal_some(body.barrier.as_ref()).await?,
        tried: desk.seal_some(body.tried.as_ref()).await?,
        would_help: desk.seal_some(body.would_help.as_ref()).await?,
        kind: body.kind,
        area: body.area.clone(),
        rule_source: body.rule_source,
        pillars: body.pillars.clone(),
        reach: body.reach.clone(),
        grades: body
            .grades
            .as_ref()
            .map(|grades| grades.iter().map(ToString::to_string).collect()),
        urgency: body.urgency,
        needed_by: body.needed_by,
        visibility: body.visibility,
    };
    // The school that filed says it better, not one that joined.
    let school = opened.record().filed_for;
    speak(desk, message, opened, Action::Amend, school, &domain::Amend { changes }).await
}

async fn join(desk: &Desk, message: &CommandMessage, body: wire::Join) -> Result<Done, Problem> {
    let opened = desk.open(message).await?;
    let school = match (body.school, &message.authority) {
        (Some(school), _) => school,
        (None, Authority::Person(viewer)) => match viewer.schools.iter().collect::<Vec<_>>().as_slice() {
            [one] => **one,
            [] => {
                return Err(Problem::forbidden(
                    "joining is for schools; name the school you speak for",
                ));
            }
            _ => {
                return Err(Problem::invalid(
                    "say which school joins: you speak for several",
                    vec![FieldProblem {
                        field: "school".to_owned(),
                        message: "is needed".to_owned(),
                    }],
                ));
            }
        },
        (None, Authority::Policy { .. }) => opened.record().filed_for,
    };
    let known = school == SchoolId::of_district(&message.district)
        || desk
            .districts
            .with(&message.district, |record| record.has_school(school))
            .unwrap_or(false);
    if !known {
        return Err(Problem::not_found("school"));
    }
    let how_it_meets_us = desk.seal_some(body.how_it_meets_us.as_ref()).await?;
    speak(
        desk,
        message,
        opened,
        Action::Join,
        school,
        &domain::Join {
            school,
            how_it_meets_us,
        },
    )
    .await
}

async fn leave(desk: &Desk, message: &CommandMessage, body: wire::Leave) -> Result<Done, Problem> {
    let opened = desk.open(message).await?;
    let school = opened.speaking_for(&message.authority, body.school)?;
    let why = desk.seal_some(body.why.as_ref()).await?;
    speak(
        desk,
        message,
        opened,
        Action::Leave,
        school,
        &domain::Leave { school, why },
    )
    .await
}

async fn hand_on(
    desk: &Desk,
    people: &dyn People,
    message: &CommandMessage,
    body: &wire::HandOn,
) -> Result<Done, Problem> {
    let opened = desk.open(message).await?;
    let school = opened.speaking_for(&message.authority, body.school)?;
    let person = people.person(&message.district, body.to).await?;
    let speaks = person.is_some_and(|claims| claims.has(Role::Reporter) && claims.schools.contains(&school));
    if !speaks {
        return Err(Problem::invalid(
            "to: this person does not speak for the school; choose somebody of the same school",
            vec![FieldProblem {
                field: "to".to_owned(),
                message: "does not speak for the school".to_owned(),
            }],
        ));
    }
    speak(
        desk,
        message,
        opened,
        Action::HandOn,
        school,
        &domain::HandOn {
            school,
            to: body.to,
            instead_of: None,
        },
    )
    .await
}

async fn answer(desk: &Desk, message: &CommandMessage, body: &wire::Answer) -> Result<Done, Problem> {
    let opened = desk.open(message).await?;
    let named = body.school.or_else(|| {
        body.question
            .and_then(|question| opened.record().questions.get(&question))
            .map(|question| question.school)
    });
    let school = opened.speaking_for(&message.authority, named)?;
    let answer = desk.seal(&body.answer).await?;
    let command = domain::Answer {
        school,
        question: body.question,
        answer,
    };
    speak(desk, message, opened, Action::Answer, school, &command).await
}

async fn withdraw(desk: &Desk, message: &CommandMessage, body: wire::Withdraw) -> Result<Done, Problem> {
    let opened = desk.open(message).await?;
    let school = opened.speaking_for(&message.authority, body.school)?;
    let why = desk.seal_some(body.why.as_ref()).await?;
    let command = domain::Withdraw {
        school,
        why,
        episode: body.episode,
    };
    speak(desk, message, opened, Action::Withdraw, school, &command).await
}

async fn confirm(desk: &Desk, message: &CommandMessage, body: wire::Confirm) -> Result<Done, Problem> {
    let opened = desk.open(message).await?;
    let school = opened.speaking_for(&message.authority, body.school)?;
    let words = desk.seal_some(body.words.as_ref()).await?;
    let command = domain::Confirm {
        school,
        revision: body.revision,
        words,
    };
    speak(desk, message, opened, Action::Confirm, school, &command).await
}

async fn refuse(desk: &Desk, message: &CommandMessage, body: &wire::Refuse) -> Result<Done, Problem> {
    let opened = desk.open(message).await?;
    let school = opened.speaking_for(&message.authority, body.school)?;
    let why = desk.seal(&body.why).await?;
    let command = domain::Refuse {
        school,
        revision: body.revision,
        why,
    };
    speak(desk, message, opened, Action::Refuse, school, &command).await
}

async fn appeal(desk: &Desk, message: &CommandMessage, body: &wire::Appeal) -> Result<Done, Problem> {
    let opened = desk.open(message).await?;
    let school = opened.speaking_for(&message.authority, body.school)?;
    let why = desk.seal(&body.why).await?;
    let command = domain::Appeal {
        school,
        why,
        episode: body.episode,
    };
    speak(desk, message, opened, Action::Appeal, school, &command).await
}

async fn follow_up(desk: &Desk, message: &CommandMessage, body: wire::FollowUp) -> Result<Done, Problem> {
    let opened = desk.open(message).await?;
    let school = opened.speaking_for(&message.authority, body.school)?;
    let text = desk.seal_some(body.text.as_ref()).await?;
    let command = domain::FollowUp {
        school,
        still_works: body.still_works,
        text,
    };
    speak(desk, message, opened, Action::FollowUp, school, &command).await
}

/// Carries a command of a school out.
async fn speak<C>(
    desk: &Desk,
    message: &CommandMessage,
    opened: Opened,
    action: Action,
    school: SchoolId,
    command: &C,
) -> Result<Done, Problem>
where
    C: Decide<Loop, Event = IntakeEvent, Rejection = Rejection> + Sync,
{
    desk.carry_out(
        opened,
        message,
        &Guard {
            action,
            school: Some(school),
        },
        command,
    )
    .await
}

#[cfg(test)]
mod tests;
