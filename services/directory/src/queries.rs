//! The directory's endpoints for questions.

use ::domain::directory::DistrictRecord;
use contracts::Claims;
use contracts::commands::door::{AccessView, KeptView, OwnAccess};
use contracts::events::directory::ReadyAnswer;
use contracts::ids::{District, PersonId, SchoolId};
use contracts::problem::Problem;
use contracts::queries::{
    Answered, AnswersQuery, Ask, DemoPerson, DistrictView, NamedDepartment, NamedPerson, NamedSchool, NamedTeam,
    NamedZone, OfferedArea, PeopleFound, PeopleQuery, Speaker, Speakers, Succession, Successor, Unspoken,
    UnspokenQuery,
};
use contracts::subjects::query;
use contracts::vocabulary::Role;
use messaging::Incoming;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

use crate::commands::away;
use crate::read_model::{
    Whom, find_people, how_many, leads_at, name_of, people_with_claims, stands_in_for, still_speak, stood_in_by,
};
use crate::{Directory, entering, history, sign_on};

/// People named in one answer.
const PEOPLE_MAX: i64 = 2000;
/// People found in one answer.
const FOUND_MAX: i64 = 50;
/// Speakers looked up at a time.
const SPEAKERS_AT_ONCE: usize = 100;
/// How long a question waits for the read model to reflect what it must.
const CATCH_UP: Duration = Duration::from_secs(2);

#[derive(Deserialize)]
struct BySecret {
    secret_digest: String,
}

#[derive(Deserialize)]
struct ByPerson {
    district: District,
    person: PersonId,
}

/// Answers one question.
pub(crate) async fn answer(directory: &Directory, incoming: &Incoming) -> Result<Value, Problem> {
    let answer = match incoming.verb.as_str() {
        "claims" => to_json(&by_secret(directory, &incoming.read::<BySecret>()?).await?),
        "person" => to_json(&by_person(directory, &incoming.read::<ByPerson>()?).await?),
        "overview" => to_json(&overview(directory, &incoming.read::<Ask<Value>>()?).await?),
        "people" => to_json(&people(directory, &incoming.read::<Ask<PeopleQuery>>()?).await?),
        "access" => to_json(&access(directory, &incoming.read()?).await?),
        "successor" => to_json(&successor(directory, &incoming.read()?).await?),
        "unspoken" => to_json(&unspoken(directory, &incoming.read()?).await?),
        "answers" => to_json(&answers(directory, &incoming.read()?).await?),
        "views" => to_json(&views(directory, &incoming.read()?).await?),
        "history" => to_json(&history::of(directory, &incoming.read()?).await?),
        "providers" => to_json(&sign_on::offered(directory)),
        "demo-people" => to_json(&demo_people(directory).await?),
        _ => return Err(Problem::not_found("such question")),
    };
    Ok(answer)
}

fn to_json<T: serde::Serialize>(answer: &T) -> Value {
    serde_json::to_value(answer).unwrap_or_default()
}

async fn by_secret(directory: &Directory, asked: &BySecret) -> Result<Option<Claims>, Problem> {
    let holder = directory
        .credentials
        .holder(&asked.secret_digest, directory.clock.now())
        .await
        .map_err(away)?;
    match holder {
        Some(holder) => entering::by_holder(directory, holder).await,
        None => Ok(None),
    }
}

async fn by_person(directory: &Directory, asked: &ByPerson) -> Result<Option<Claims>, Problem> {
    entering::known(directory, &asked.district, asked.person).await
}

/// What of somebody's lets somebody in: sessions, tokens, and for whom they may act.
async fn access(directory: &Directory, ask: &Ask<OwnAccess>) -> Result<Answered<AccessView>, Problem> {
    let (viewer, now) = (&ask.viewer, directory.clock.now());
    let (district, person) = (&viewer.district, viewer.person);
    let credentials = &directory.credentials;
    let asking = &ask.query.secret_digest;
    let today = directory.today(district);
    let db = &directory.people.db;
    if !directory.people.position.wait_for(ask.at_least, CATCH_UP).await {
        return Err(Problem::unavailable(
            "the directory is catching up; try again in a moment",
        ));
    }
    let view = AccessView {
        sessions: credentials
            .sessions(district, person, asking, now)
            .await
            .map_err(away)?,
        tokens: credentials.tokens(district, person, now).await.map_err(away)?,
        password: directory.accounts.has(district, person).await.map_err(away)?,
        second_step: directory.second_steps.is_set(district, person).await.map_err(away)?,
        stands_in: stands_in_for(db, district, person, today).await.map_err(away)?,
        stood_in_by: stood_in_by(db, district, person, today).await.map_err(away)?,
    };
    Ok(Answered {
        position: directory.people.position.get(),
        as_of: None,
        answer: view,
    })
}

async fn overview(directory: &Directory, ask: &Ask<Value>) -> Result<Answered<DistrictView>, Problem> {
    if !directory.people.position.wait_for(ask.at_least, CATCH_UP).await {
        return Err(Problem::unavailable(
            "the directory is catching up; try again in a moment",
        ));
    }
    let position = directory.people.position.get();
    let viewer = &ask.viewer;
    let people = nameable(directory, viewer, position).await?;
    let mut view = directory
        .districts
        .with(&viewer.district, |record| {
            district_view(&viewer.district, record, people)
        })
        .ok_or_else(|| Problem::not_found("district"))?;
    let contact = directory
        .districts
        .with(&viewer.district, |record| record.contact.clone())
        .flatten();
    if let Some((person, duties)) = contact {
        let asked = ByPerson {
            district: viewer.district.clone(),
            person,
        };
        let name = by_person(directory, &asked)
            .await?
            .map_or_else(|| "the contact".to_owned(), |claims| claims.name);
        view.contact = Some((name, duties));
    }
    if viewer.has(Role::Administrator) {
        let sign_on = directory
            .districts
            .with(&viewer.district, |record| record.sign_on.values().cloned().collect());
        view.sign_on = sign_on.unwrap_or_default();
    }
    Ok(Answered {
        position,
        as_of: None,
        answer: view,
    })
}

/// People as an administrator sees them.
async fn people(directory: &Directory, ask: &Ask<PeopleQuery>) -> Result<Answered<PeopleFound>, Problem> {
    let viewer = &ask.viewer;
    if !viewer.has(Role::Administrator) {
        return Err(Problem::not_found("page"));
    }
    if !directory.people.position.wait_for(ask.at_least, CATCH_UP).await {
        return Err(Problem::unavailable(
            "the directory is catching up; try again in a moment",
        ));
    }
    let position = directory.people.position.get();
    let found = find_people(&directory.people.db, &viewer.district, &ask.query, FOUND_MAX + 1).await;
    let mut people = found.map_err(away)?;
    let more = people.len() as i64 > FOUND_MAX;
    people.truncate(FOUND_MAX as usize);
    for person in &mut people {
        person.has_password = directory
            .accounts
            .has(&viewer.district, person.id)
            .await
            .map_err(away)?;
        person.second_step = directory
            .second_steps
            .is_set(&viewer.district, person.id)
            .await
            .map_err(away)?;
    }
    Ok(Answered {
        position,
        as_of: None,
        answer: PeopleFound { people, more },
    })
}

/// The lists that whoever asks keeps.
async fn views(directory: &Directory, ask: &Ask<Value>) -> Result<Answered<Vec<KeptView>>, Problem> {
    let viewer = &ask.viewer;
    Ok(Answered {
        position: directory.people.position.get(),
        as_of: None,
        answer: directory.kept_views.of(&viewer.district, viewer.person).await?,
    })
}

/// The words that departments of whoever asks keep ready, by title.
async fn answers(directory: &Directory, ask: &Ask<AnswersQuery>) -> Result<Answered<Vec<ReadyAnswer>>, Problem> {
    let viewer = &ask.viewer;
    let department = ask.query.department;
    if !viewer.departments.contains(&department) {
        return Err(Problem::not_found("page"));
    }
    if !directory.people.position.wait_for(ask.at_least, CATCH_UP).await {
        return Err(Problem::unavailable(
            "the directory is catching up; try again in a moment",
        ));
    }
    let found = directory.districts.with(&viewer.district, |record| {
        let known = record.departments.get(&department);
        known.map(|known| known.answers.values().cloned().collect::<Vec<_>>())
    });
    let mut found = found.flatten().unwrap_or_default();
    found.sort_by_key(|answer| (answer.step, answer.title.to_lowercase(), answer.id));
    Ok(Answered {
        position: directory.people.position.get(),
        as_of: None,
        answer: found,
    })
}

/// For which schools nobody speaks any more in open loops: whoever did has left, and nobody there could take their place.
async fn unspoken(directory: &Directory, ask: &Ask<UnspokenQuery>) -> Result<Answered<Vec<Unspoken>>, Problem> {
    let viewer = &ask.viewer;
    if !viewer.has(Role::Contact) {
        return Err(Problem::not_found("page"));
    }
    if !directory.people.position.wait_for(ask.at_least, CATCH_UP).await {
        return Err(Problem::unavailable(
            "the directory is catching up; try again in a moment",
        ));
    }
    let asked = Speakers {
        district: viewer.district.clone(),
        at_least: ask.at_least,
    };
    let speakers: Vec<Speaker> = directory.bus.ask(query("routing", "speakers"), &asked).await?;
    let db = &directory.people.db;
    let office = contracts::SchoolId::of_district(&viewer.district);
    let mut found = Vec::new();
    for chunk in speakers.chunks(SPEAKERS_AT_ONCE) {
        let still = still_speak(db, &viewer.district, chunk).await.map_err(away)?;
        let gone = chunk
            .iter()
            .filter(|one| one.school != office && !still.contains(&(one.person, one.school)));
        for speaker in gone {
            // Where somebody else there can, it is being handed on to them.
            let other = leads_at(db, &viewer.district, speaker.school).await.map_err(away)?;
            if other.is_some() {
                continue;
            }
            let name = name_of(db, &viewer.district, speaker.person).await.map_err(away)?;
            found.push(Unspoken {
                school: speaker.school,
                spoke: name.unwrap_or_else(|| "somebody".to_owned()),
                loops: speaker.loops,
            });
        }
    }
    Ok(Answered {
        position: directory.people.position.get(),
        as_of: None,
        answer: found,
    })
}

/// Whether somebody still speaks for a school, and who could in their place: whoever leads it first, by name.
async fn successor(directory: &Directory, asked: &Successor) -> Result<Succession, Problem> {
    if !directory.people.position.wait_for(asked.at_least, CATCH_UP).await {
        return Err(Problem::unavailable(
            "the directory is catching up; try again in a moment",
        ));
    }
    let speaks = |claims: &Claims| claims.has(Role::Reporter) && claims.schools.contains(&asked.school);
    let leaving = entering::known(directory, &asked.district, asked.leaving).await?;
    if leaving.is_some_and(|claims| speaks(&claims)) {
        return Ok(Succession::Stays);
    }
    let db = &directory.people.db;
    let leads = leads_at(db, &asked.district, asked.school).await.map_err(away)?;
    Ok(leads.map_or(Succession::Nobody, Succession::To))
}

/// The people somebody may name in a command: colleagues of their schools and departments; for the contact and the
/// administrator everyone, or, in a large district, everyone who is more than a reporter.
async fn nameable(directory: &Directory, viewer: &Claims, position: u64) -> Result<Vec<NamedPerson>, Problem> {
    let (db, district) = (&directory.people.db, &viewer.district);
    let places = viewer
        .schools
        .iter()
        .map(|school| school.0)
        .chain(viewer.departments.iter().map(|department| department.0));
    let mut wanted: Vec<Whom> = places.map(Whom::At).collect();
    if viewer.has(Role::Contact) || viewer.has(Role::Administrator) {
        let many = how_many(db, district, PEOPLE_MAX + 1).await.map_err(away)? > PEOPLE_MAX;
        wanted.push(if many { Whom::Office } else { Whom::Everybody });
    }
    let mut people = BTreeMap::new();
    for whom in wanted {
        let rows = people_with_claims(db, district, &whom, PEOPLE_MAX, position)
            .await
            .map_err(away)?;
        for (row, theirs) in rows {
            let named = NamedPerson {
                id: row.id,
                name: row.name,
                title: row.title,
                schools: theirs.schools.into_iter().collect(),
                departments: theirs.departments.into_iter().collect(),
            };
            people.insert((named.name.clone(), named.id), named);
        }
    }
    Ok(people.into_values().take(PEOPLE_MAX as usize).collect())
}

fn district_view(district: &District, record: &DistrictRecord, people: Vec<NamedPerson>) -> DistrictView {
    let calendar = record.calendar();
    let mut schools: Vec<NamedSchool> = record
        .schools
        .iter()
        .map(|(id, school)| NamedSchool {
            id: *id,
            name: school.name.clone(),
            level: school.level,
            nces: school.nces.clone(),
            retired: school.retired,
        })
        .collect();
    schools.sort_by(|a, b| a.name.cmp(&b.name));
    let mut departments: Vec<NamedDepartment> = record
        .departments
        .iter()
        .map(|(id, department)| NamedDepartment {
            id: *id,
            name: department.name.clone(),
            decides: department.decides.clone(),
            retired: department.retired,
        })
        .collect();
    departments.sort_by(|a, b| a.name.cmp(&b.name));
    DistrictView {
        district: district.clone(),
        name: record.name.clone(),
        time_zone: calendar.time_zone.name().to_owned(),
        closed: record.closed.clone(),
        calendar_version: calendar.version,
        office: SchoolId::of_district(district),
        schools,
        departments,
        teams: record
            .teams
            .iter()
            .map(|(id, team)| NamedTeam {
                id: *id,
                name: team.name.clone(),
                kind: team.kind,
                members: team.members.iter().copied().collect(),
            })
            .collect(),
        zones: record
            .zones
            .iter()
            .map(|(id, zone)| NamedZone {
                id: *id,
                name: zone.name.clone(),
                version: zone.version,
                purpose: zone.purpose.clone(),
                schools: zone.schools.iter().copied().collect(),
                starts: zone.starts,
                plan: zone.plan.clone(),
                look_on: zone.look_on,
            })
            .collect(),
        service_levels: record.service_levels.values().cloned().collect(),
        rules: record.rules.clone(),
        rules_version: record.rules_version,
        thresholds: record.thresholds,
        people,
        contact: None,
        areas: record
            .all_areas()
            .into_iter()
            .map(|area| OfferedArea {
                label: record.area_label(&area).to_owned(),
                ours: area.is_ours(),
                retired: !record.takes_area(&area),
                code: area,
            })
            .collect(),
        sign_on: Vec::new(),
        version: record.version,
    }
}

async fn demo_people(directory: &Directory) -> Result<Vec<DemoPerson>, Problem> {
    if !directory.demo {
        return Ok(Vec::new());
    }
    let position = directory.people.position.get();
    let mut people = Vec::new();
    for district in directory.districts.slugs() {
        let name = directory
            .districts
            .with(&district, |record| record.name.clone())
            .unwrap_or_default();
        let rows = people_with_claims(&directory.people.db, &district, &Whom::Everybody, 200, position)
            .await
            .map_err(away)?;
        for (row, theirs) in rows {
            people.push(DemoPerson {
                id: row.id,
                district: district.clone(),
                district_name: name.clone(),
                name: row.name,
                title: row.title,
                role: role_words(directory, &district, &theirs),
            });
        }
    }
    Ok(people)
}

/// What somebody is, in words: "Reporter, Alder Street Elementary".
fn role_words(directory: &Directory, district: &District, claims: &Claims) -> String {
    let office = SchoolId::of_district(district);
    let places: Vec<String> = directory
        .districts
        .with(district, |record| {
            let schools = claims
                .schools
                .iter()
                .filter(|school| **school != office)
                .filter_map(|school| record.schools.get(school).map(|school| school.name.clone()));
            let departments = claims.departments.iter().filter_map(|department| {
                record
                    .departments
                    .get(department)
                    .map(|department| department.name.clone())
            });
            schools.chain(departments).collect()
        })
        .unwrap_or_default();
    let roles: Vec<&str> = claims.roles.iter().map(|role| role.label()).collect();
    let mut words = roles.join(" and ");
    for place in places {
        words.push_str(", ");
        words.push_str(&place);
    }
    words
}
