//! Schools, departments, teams and zones.

use std::collections::BTreeSet;

use contracts::claims::Claims;
use contracts::commands::{self as wire, CommandMessage, Done};
use contracts::events::directory::{
    AnswerDropped, DepartmentAdded, DepartmentRetired, ReadyAnswer, SchoolAdded, SchoolRetired, TeamFormed, ZoneDefined,
};
use contracts::ids::{DepartmentId, SchoolId, TeamId, ZoneId};
use contracts::problem::Problem;
use contracts::queries::{OpenThere, OpenWith};
use contracts::subjects::{Subject, Thing as Kind, query};
use contracts::text::Text;

use super::{LIST_MAX, away, carry_out_on, state_on};
use crate::Directory;
use crate::domain::{ANSWERS_MAX, AnswerRefusal, DefineZone, KeepAnswer, ZoneRefusal};
use crate::read_model::is_known;

/// Defines a zone under its own id; a new one's follows from the command, so that a repeated command finds it.
pub(super) async fn zone(
    directory: &Directory,
    message: &CommandMessage,
    body: wire::DefineZone,
) -> Result<Done, Problem> {
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
        return Err(Problem::invalid_field(
            "name",
            "another zone has this name; choose another",
        ));
    }
    let today = known.calendar().date(directory.clock.now());
    let starts = body
        .starts
        .or_else(|| known.zones.get(&ZoneId(id)).map(|zone| zone.starts));
    let command = DefineZone {
        zone: ZoneDefined {
            name: body.name.to_string(),
            purpose: body.purpose.to_string(),
            schools: schools.into_iter().collect(),
            starts: starts.unwrap_or(today),
            plan: body.plan.map(|plan| plan.to_string()),
            look_on: body.look_on,
        },
        today,
    };
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
        ZoneRefusal::Begun(on) => Problem::invalid_field(
            "starts",
            format!(
                "this zone began on {}, and its schools use what is allowed in it: leave its start as it is",
                on.format("%-d %B %Y")
            ),
        ),
    })
    .await
}

/// Whether the thing that a command is about is new: then its id follows from the command.
fn is_new(message: &CommandMessage) -> bool {
    message.thing == message.id.0
}

/// What is said of something that has a name of its own among its kind.
fn taken(what: &str) -> Problem {
    Problem::invalid_field("name", format!("is the name of another {what}; choose another"))
}

/// Says what a school is, or that there is one.
pub(super) async fn school(
    directory: &Directory,
    message: &CommandMessage,
    body: wire::SetSchool,
) -> Result<Done, Problem> {
    let id = SchoolId(message.thing);
    if let Some(nces) = &body.nces
        && (nces.as_str().len() != 12 || !nces.as_str().bytes().all(|byte| byte.is_ascii_digit()))
    {
        return Err(Problem::invalid_field(
            "nces",
            "is a number of twelve digits, with its leading zeros",
        ));
    }
    let known = directory.districts.with(&message.district, |record| {
        let other = record.school_named(body.name.as_str()).filter(|other| *other != id);
        (record.schools.get(&id).cloned(), other)
    });
    let (before, other) = known.unwrap_or_default();
    if before.is_none() && !is_new(message) {
        return Err(Problem::not_found("school"));
    }
    if other.is_some() {
        return Err(taken("school"));
    }
    let added = SchoolAdded {
        name: body.name.to_string(),
        level: body.level,
        nces: body.nces.map(|nces| nces.to_string()),
        sourced_id: before.and_then(|before| before.sourced_id),
    };
    let subject = Subject::new(&message.district, Kind::School, id.0);
    state_on(directory, message, subject, added.into()).await
}

/// How many loops are open with a department or at a school, as everybody will know by then.
async fn open_there(directory: &Directory, message: &CommandMessage) -> Result<OpenThere, Problem> {
    let away = |_| Problem::unavailable("the record cannot be reached for a moment; nothing was lost");
    let asked = OpenWith {
        district: message.district.clone(),
        place: message.thing,
        at_least: directory.log.head().await.map_err(away)?,
    };
    directory.bus.ask(query("timeline", "open-with"), &asked).await
}

fn still_open(there: &OpenThere, what_then: &str) -> Problem {
    let more = there.count.saturating_sub(there.numbers.len() as u64);
    let numbers = there.numbers.join(", ");
    let and_more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    Problem::conflict(
        "loops-open",
        format!("loops are still open there ({numbers}{and_more}); {what_then}"),
    )
}

/// Closes a school, once none of its loops is open.
pub(super) async fn retire_school(
    directory: &Directory,
    message: &CommandMessage,
    _: wire::RetireSchool,
) -> Result<Done, Problem> {
    let id = SchoolId(message.thing);
    let known = directory
        .districts
        .with(&message.district, |record| record.schools.contains_key(&id));
    if known != Some(true) {
        return Err(Problem::not_found("school"));
    }
    let there = open_there(directory, message).await?;
    if there.count > 0 {
        return Err(still_open(
            &there,
            "whoever speaks for the school, or stands in for them, withdraws or ends them first",
        ));
    }
    let subject = Subject::new(&message.district, Kind::School, id.0);
    state_on(directory, message, subject, SchoolRetired {}.into()).await
}

/// Says what a department is, or that there is one.
pub(super) async fn department(
    directory: &Directory,
    message: &CommandMessage,
    body: wire::SetDepartment,
) -> Result<Done, Problem> {
    let id = DepartmentId(message.thing);
    let known = directory.districts.with(&message.district, |record| {
        let other = record.department_named(body.name.as_str()).filter(|other| *other != id);
        (record.departments.get(&id).cloned(), other)
    });
    let (before, other) = known.unwrap_or_default();
    if before.is_none() && !is_new(message) {
        return Err(Problem::not_found("department"));
    }
    if other.is_some() {
        return Err(taken("department"));
    }
    let added = DepartmentAdded {
        name: body.name.to_string(),
        decides: body.decides.map(|decides| decides.to_string()),
        sourced_id: before.and_then(|before| before.sourced_id),
    };
    let subject = Subject::new(&message.district, Kind::Department, id.0);
    state_on(directory, message, subject, added.into()).await
}

/// Closes a department. What it still has goes where it is said, by an event on each loop; where nothing is said, it must
/// have nothing. Rules that name it are changed first.
pub(super) async fn retire_department(
    directory: &Directory,
    message: &CommandMessage,
    body: wire::RetireDepartment,
) -> Result<Done, Problem> {
    let id = DepartmentId(message.thing);
    let named = body.loops_to.as_ref().map(Text::as_str);
    let known = directory.districts.with(&message.district, |record| {
        let rules: Vec<String> = record
            .rules
            .iter()
            .filter(|rule| rule.department == id || rule.collaborators.contains(&id))
            .map(|rule| rule.name.clone())
            .collect();
        let to = named.map(|named| record.department_named(named));
        let follows = record
            .departments
            .values()
            .any(|one| one.retired && one.loops_to == Some(id));
        (record.departments.contains_key(&id), rules, to, follows)
    });
    let Some((true, rules, to, follows)) = known else {
        return Err(Problem::not_found("department"));
    };
    if !rules.is_empty() {
        return Err(Problem::conflict(
            "rules-name-it",
            format!("routing rules still name it ({}); change those first", rules.join(", ")),
        ));
    }
    let loops_to = match to {
        Some(Some(other)) if other != id => Some(other),
        Some(_) => {
            return Err(Problem::invalid_field(
                "loops_to",
                "is not another department of this district",
            ));
        }
        None => None,
    };
    if named.is_none() && follows {
        return Err(Problem::invalid_field(
            "loops_to",
            "is needed: another department was closed and its loops go to this one",
        ));
    }
    if named.is_none() {
        let there = open_there(directory, message).await?;
        if there.count > 0 {
            return Err(still_open(&there, "say which department gets them"));
        }
    }
    let subject = Subject::new(&message.district, Kind::Department, id.0);
    state_on(directory, message, subject, DepartmentRetired { loops_to }.into()).await
}

/// Says who sits on a team, or that there is one.
pub(super) async fn team(
    directory: &Directory,
    message: &CommandMessage,
    body: wire::FormTeam,
) -> Result<Done, Problem> {
    let id = TeamId(message.thing);
    let known = directory.districts.with(&message.district, |record| {
        let other = record.team_named(body.name.as_str()).filter(|other| *other != id);
        (record.teams.contains_key(&id), other.is_some())
    });
    let (there, other) = known.unwrap_or_default();
    if !there && !is_new(message) {
        return Err(Problem::not_found("team"));
    }
    if other {
        return Err(taken("team"));
    }
    if body.members.is_empty() || body.members.len() > LIST_MAX {
        return Err(Problem::invalid_field(
            "members",
            format!("are from one to {LIST_MAX} people"),
        ));
    }
    let mut members = BTreeSet::new();
    for (at, member) in body.members.iter().enumerate() {
        let known = is_known(&directory.people.db, &message.district, *member).await;
        if !known.map_err(away)? {
            return Err(Problem::invalid_field(
                &format!("members[{at}]"),
                "is nobody of this district",
            ));
        }
        members.insert(*member);
    }
    let formed = TeamFormed {
        name: body.name.to_string(),
        kind: body.kind,
        members: members.into_iter().collect(),
    };
    let subject = Subject::new(&message.district, Kind::Team, id.0);
    state_on(directory, message, subject, formed.into()).await
}

/// The department that somebody keeps words for: one of their own.
fn own_department(directory: &Directory, message: &CommandMessage, by: &Claims) -> Result<DepartmentId, Problem> {
    let id = DepartmentId(message.thing);
    let known = directory
        .districts
        .with(&message.district, |record| record.has_department(id))
        .unwrap_or(false);
    if !known {
        return Err(Problem::not_found("department"));
    }
    if !by.departments.contains(&id) {
        return Err(Problem::forbidden(
            "words are kept ready by those who work in the department; you do not work in this one",
        ));
    }
    Ok(id)
}

/// Keeps words ready with which answers of a department begin.
pub(super) async fn keep_answer(
    directory: &Directory,
    message: &CommandMessage,
    by: &Claims,
    body: wire::KeepAnswer,
) -> Result<Done, Problem> {
    let department = own_department(directory, message, by)?;
    let command = KeepAnswer {
        answer: ReadyAnswer {
            id: body.answer.unwrap_or(message.id.0),
            title: body.title.to_string(),
            step: body.step,
            text: body.text.to_string(),
        },
        is_new: body.answer.is_none(),
    };
    let subject = Subject::new(&message.district, Kind::Department, department.0);
    carry_out_on(directory, message, subject, &command, |refusal| match refusal {
        AnswerRefusal::Dropped => Problem::invalid_field("answer", "is not kept any more; keep it as a new one"),
        AnswerRefusal::Enough => Problem::invalid_field(
            "title",
            format!("the department keeps {ANSWERS_MAX} already; drop one that nobody uses"),
        ),
    })
    .await
}

/// No longer keeps them.
pub(super) async fn drop_answer(
    directory: &Directory,
    message: &CommandMessage,
    by: &Claims,
    body: wire::DropAnswer,
) -> Result<Done, Problem> {
    let department = own_department(directory, message, by)?;
    let subject = Subject::new(&message.district, Kind::Department, department.0);
    state_on(directory, message, subject, AnswerDropped { id: body.answer }.into()).await
}
