//! Rows to answers.

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use contracts::Claims;
use contracts::commands::door::StandInView;
use contracts::events::directory::KnownAs;
use contracts::ids::{DepartmentId, District, PersonId, SchoolId, TeamId};
use contracts::queries::{PeopleQuery, PersonView, RoleHeld, Speaker};
use contracts::vocabulary::{DisabledBecause, Role};
use sql::{Db, on};
use sqlx::{AssertSqlSafe, QueryBuilder};
use uuid::Uuid;

/// A person as kept.
#[derive(Debug, Clone)]
pub struct PersonRow {
    /// Who.
    pub id: PersonId,
    /// The name.
    pub name: String,
    /// What they do.
    pub title: Option<String>,
}

/// What a person is and where; nothing where there is no such person in the district, or one who was disabled.
pub async fn claims(db: &Db, district: &District, person: PersonId, as_of: u64) -> Result<Option<Claims>, sqlx::Error> {
    let name: Option<String> = on!(db.of(district).await?, rows => sqlx::query_scalar("SELECT name FROM person WHERE id = $1 AND district = $2 AND NOT roster_disabled AND NOT hand_disabled")
            .bind(person.0).bind(district.as_str()).fetch_optional(rows).await)?;
    let Some(name) = name else { return Ok(None) };
    let grants: Vec<(String, String)> = on!(db.of(district).await?, rows => sqlx::query_as("SELECT role, place FROM role_grant WHERE person = $1 AND district = $2")
            .bind(person.0).bind(district.as_str()).fetch_all(rows).await)?;
    let teams: Vec<(Uuid,)> = on!(db.of(district).await?, rows => sqlx::query_as("SELECT team FROM membership WHERE person = $1 AND district = $2")
            .bind(person.0).bind(district.as_str()).fetch_all(rows).await)?;
    let teams = teams.into_iter().map(|(team,)| team);
    Ok(Some(put_together(district, person, name, teams, grants, as_of)))
}

/// Some of a district's people who may sign in, by name, at most `limit`.
async fn people_of(db: &Db, district: &District, whom: &Whom, limit: i64) -> Result<Vec<PersonRow>, sqlx::Error> {
    let of_them = match whom {
        // Also those without any role.
        Whom::Everybody => "$2 = $2".to_owned(),
        Whom::At(_) | Whom::Office => format!("id IN ({})", whom.grants()),
    };
    let question = AssertSqlSafe(format!(
        "SELECT id, name, title FROM person WHERE district = $1 AND {of_them} AND NOT roster_disabled AND NOT hand_disabled \
         ORDER BY name LIMIT $3"
    ));
    let rows: Vec<(Uuid, String, Option<String>)> = on!(db.of(district).await?, rows => sqlx::query_as(question)
        .bind(district.as_str()).bind(whom.place()).bind(limit).fetch_all(rows).await)?;
    Ok(rows
        .into_iter()
        .map(|(id, name, title)| PersonRow {
            id: PersonId(id),
            name,
            title,
        })
        .collect())
}

/// Claims from what the tables hold of one person.
fn put_together(
    district: &District,
    person: PersonId,
    name: String,
    teams: impl Iterator<Item = Uuid>,
    grants: Vec<(String, String)>,
    as_of: u64,
) -> Claims {
    let mut claims = Claims {
        district: district.clone(),
        person,
        name,
        roles: BTreeSet::new(),
        schools: BTreeSet::new(),
        departments: BTreeSet::new(),
        leads: BTreeSet::new(),
        teams: teams.map(TeamId).collect(),
        as_of,
        token: None,
        acting_for: None,
    };
    for (role, place) in grants {
        let Some(role) = Role::from_code(&role) else { continue };
        claims.roles.insert(role);
        let place = Uuid::parse_str(&place).ok();
        match role {
            Role::Reporter => claims.schools.extend(place.map(SchoolId)),
            Role::DepartmentStaff => claims.departments.extend(place.map(DepartmentId)),
            Role::DepartmentLead => {
                claims.departments.extend(place.map(DepartmentId));
                claims.leads.extend(place.map(DepartmentId));
            }
            // The contact speaks for the district's own part of a loop.
            Role::Contact => {
                claims.schools.insert(SchoolId::of_district(district));
            }
            Role::Leader | Role::Auditor | Role::Administrator => {}
        }
    }
    claims
}

/// Which of a district's people are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// All of them.
    Everybody,
    /// Those who hold a role at a school or in a department.
    At(Uuid),
    /// Those who are more than reporters: the office, leaders, auditors.
    Office,
}

impl Whom {
    /// The part of a question that finds their grants; `$2` is [`Whom::place`].
    fn grants(&self) -> &'static str {
        match self {
            Self::Everybody => "SELECT person FROM role_grant WHERE district = $1 AND $2 = $2",
            Self::At(_) => "SELECT person FROM role_grant WHERE district = $1 AND place = $2",
            Self::Office => "SELECT person FROM role_grant WHERE district = $1 AND role <> $2",
        }
    }

    fn place(&self) -> String {
        match self {
            Self::Everybody => String::new(),
            Self::At(place) => place.to_string(),
            Self::Office => Role::Reporter.code().to_owned(),
        }
    }
}

/// How many people a district has who may sign in, counted up to a bound.
pub(crate) async fn how_many(db: &Db, district: &District, bound: i64) -> Result<i64, sqlx::Error> {
    on!(db.of(district).await?, rows => sqlx::query_scalar(
            "SELECT COUNT(*) FROM (SELECT 1 FROM person WHERE district = $1 AND NOT roster_disabled AND NOT hand_disabled LIMIT $2) AS found")
        .bind(district.as_str()).bind(bound).fetch_one(rows).await)
}

/// Some of a district's people with what they are, by name, at most `limit`: three questions, however many people.
pub async fn people_with_claims(
    db: &Db,
    district: &District,
    whom: &Whom,
    limit: i64,
    as_of: u64,
) -> Result<Vec<(PersonRow, Claims)>, sqlx::Error> {
    let people = people_of(db, district, whom, limit).await?;
    let place = whom.place();
    let of_them = AssertSqlSafe(format!(
        "SELECT person, role, place FROM role_grant WHERE district = $1 AND person IN ({})",
        whom.grants()
    ));
    let grants: Vec<(Uuid, String, String)> = on!(db.of(district).await?, rows => sqlx::query_as(of_them)
            .bind(district.as_str()).bind(&place).fetch_all(rows).await)?;
    let members: Vec<(Uuid, Uuid)> = on!(db.of(district).await?, rows => sqlx::query_as("SELECT person, team FROM membership WHERE district = $1")
            .bind(district.as_str()).fetch_all(rows).await)?;
    let mut grants_of: HashMap<Uuid, Vec<(String, String)>> = HashMap::new();
    for (person, role, place) in grants {
        grants_of.entry(person).or_default().push((role, place));
    }
    let mut teams_of: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
    for (person, team) in members {
        teams_of.entry(person).or_default().push(team);
    }
    Ok(people
        .into_iter()
        .map(|row| {
            let grants = grants_of.remove(&row.id.0).unwrap_or_default();
            let teams = teams_of.remove(&row.id.0).unwrap_or_default().into_iter();
            let claims = put_together(district, row.id, row.name.clone(), teams, grants, as_of);
            (row, claims)
        })
        .collect())
}

/// A person as the roster last said, and whether the person may sign in.
#[derive(Debug, Clone)]
pub(crate) struct RosteredRow {
    pub(crate) id: PersonId,
    pub(crate) name: String,
    pub(crate) known_as: KnownAs,
    pub(crate) roster_disabled: bool,
    pub(crate) hand_disabled: bool,
}

type RosteredDbRow = (
    Uuid,
    String,
    Option<String>,
    Option<String>,
    Option<String>,
    String,
    String,
    bool,
    bool,
);

/// All people of a district, as rosters know them.
pub(crate) async fn rostered(db: &Db, district: &District) -> Result<Vec<RosteredRow>, sqlx::Error> {
    let rows: Vec<RosteredDbRow> = on!(db.of(district).await?, rows => sqlx::query_as(
            "SELECT id, name, sourced_id, email, username, user_ids, held, roster_disabled, hand_disabled \
             FROM person WHERE district = $1")
        .bind(district.as_str()).fetch_all(rows).await)?;
    Ok(rows.into_iter().map(RosteredRow::from).collect())
}

/// One of them.
pub(crate) async fn rostered_person(
    db: &Db,
    district: &District,
    person: PersonId,
) -> Result<Option<RosteredRow>, sqlx::Error> {
    let row: Option<RosteredDbRow> = on!(db.of(district).await?, rows => sqlx::query_as(
            "SELECT id, name, sourced_id, email, username, user_ids, held, roster_disabled, hand_disabled \
             FROM person WHERE district = $1 AND id = $2")
        .bind(district.as_str()).bind(person.0).fetch_optional(rows).await)?;
    Ok(row.map(RosteredRow::from))
}

impl From<RosteredDbRow> for RosteredRow {
    fn from(row: RosteredDbRow) -> Self {
        let (id, name, sourced_id, email, username, user_ids, held, roster_disabled, hand_disabled) = row;
        Self {
            id: PersonId(id),
            name,
            known_as: KnownAs {
                sourced_id,
                email,
                username,
                user_ids: serde_json::from_str(&user_ids).unwrap_or_default(),
                held: serde_json::from_str(&held).unwrap_or_default(),
            },
            roster_disabled,
            hand_disabled,
        }
    }
}

/// For whom somebody may act on a day, by name.
pub(crate) async fn stands_in_for(
    db: &Db,
    district: &District,
    person: PersonId,
    on: NaiveDate,
) -> Result<Vec<(PersonId, String)>, sqlx::Error> {
    let rows: Vec<(Uuid, String)> = on!(db.of(district).await?, rows => sqlx::query_as(
            "SELECT s.absent, p.name FROM stand_in s JOIN person p ON p.id = s.absent \
             WHERE s.person = $1 AND s.district = $2 AND s.first_day <= $3 AND s.last_day >= $3 ORDER BY p.name LIMIT 50")
        .bind(person.0).bind(district.as_str()).bind(on).fetch_all(rows).await)?;
    Ok(rows
        .into_iter()
        .map(|(absent, name)| (PersonId(absent), name))
        .collect())
}

/// Who acts for somebody from a day on.
pub(crate) async fn stood_in_by(
    db: &Db,
    district: &District,
    absent: PersonId,
    today: NaiveDate,
) -> Result<Vec<StandInView>, sqlx::Error> {
    let rows: Vec<(Uuid, String, NaiveDate, NaiveDate)> = on!(db.of(district).await?, rows => sqlx::query_as(
            "SELECT s.person, p.name, s.first_day, s.last_day FROM stand_in s JOIN person p ON p.id = s.person \
             WHERE s.absent = $1 AND s.district = $2 AND s.last_day >= $3 ORDER BY s.first_day, p.name LIMIT 50")
        .bind(absent.0).bind(district.as_str()).bind(today).fetch_all(rows).await)?;
    Ok(rows
        .into_iter()
        .map(|(person, name, from, until)| StandInView {
            person: PersonId(person),
            name,
            from,
            until,
        })
        .collect())
}

/// The ids by which rosters know a district's staff, after one, in their order, at most `limit`.
pub(crate) async fn sourced_ids(
    db: &Db,
    district: &District,
    after: &str,
    limit: i64,
) -> Result<Vec<String>, sqlx::Error> {
    on!(db.of(district).await?, rows => sqlx::query_scalar(
            "SELECT sourced_id FROM person WHERE district = $1 AND sourced_id > $2 ORDER BY sourced_id LIMIT $3")
        .bind(district.as_str()).bind(after).bind(limit).fetch_all(rows).await)
}

/// The e-mail address of somebody who may sign in.
pub(crate) async fn email_of(db: &Db, district: &District, person: PersonId) -> Result<Option<String>, sqlx::Error> {
    let email: Option<Option<String>> = on!(db.of(district).await?, rows => sqlx::query_scalar(
            "SELECT email FROM person WHERE id = $1 AND district = $2 AND NOT roster_disabled AND NOT hand_disabled")
        .bind(person.0).bind(district.as_str()).fetch_optional(rows).await)?;
    Ok(email.flatten())
}

/// Districts in which people share an address, who sign in with it and are told apart by their passwords.
const SHARED_MAX: i64 = 5;

/// Everybody with this e-mail address who may sign in, in whichever district.
pub(crate) async fn people_by_email(db: &Db, email: &str) -> Result<Vec<(District, PersonId)>, sqlx::Error> {
    let found: Vec<(Uuid, String)> = on!(db.across().await?, rows => sqlx::query_as(
            "SELECT id, district FROM person WHERE email = $1 AND NOT roster_disabled AND NOT hand_disabled ORDER BY id LIMIT $2")
        .bind(email).bind(SHARED_MAX).fetch_all(rows).await)?;
    Ok(found
        .into_iter()
        .filter_map(|(id, district)| Some((district.parse().ok()?, PersonId(id))))
        .collect())
}

/// The one person of a district with this e-mail address; nobody where two have it.
pub(crate) async fn person_by_email(
    db: &Db,
    district: &District,
    email: &str,
) -> Result<Option<PersonId>, sqlx::Error> {
    let found: Vec<Uuid> = on!(db.of(district).await?, rows => sqlx::query_scalar(
            "SELECT id FROM person WHERE district = $1 AND email = $2 AND NOT roster_disabled AND NOT hand_disabled LIMIT 2")
        .bind(district.as_str()).bind(email).fetch_all(rows).await)?;
    Ok(one_of(&found))
}

/// The one person of a district with this id in the roster.
pub(crate) async fn person_by_sourced_id(
    db: &Db,
    district: &District,
    sourced_id: &str,
) -> Result<Option<PersonId>, sqlx::Error> {
    let found: Vec<Uuid> = on!(db.of(district).await?, rows => sqlx::query_scalar(
            "SELECT id FROM person WHERE district = $1 AND sourced_id = $2 AND NOT roster_disabled AND NOT hand_disabled LIMIT 2")
        .bind(district.as_str()).bind(sourced_id).fetch_all(rows).await)?;
    Ok(one_of(&found))
}

/// The one person of a district whom the roster knows by this other id, `{type:id}` in whatever case.
pub(crate) async fn person_by_user_id(
    db: &Db,
    district: &District,
    user_id: &str,
) -> Result<Option<PersonId>, sqlx::Error> {
    // The list is one text; what has a meaning in a pattern means itself here, and quotes end an id.
    let part = user_id.replace('!', "!!").replace('%', "!%").replace('_', "!_");
    let found: Vec<Uuid> = on!(db.of(district).await?, rows => sqlx::query_scalar(
            "SELECT id FROM person WHERE district = $1 AND LOWER(user_ids) LIKE $2 ESCAPE '!' \
             AND NOT roster_disabled AND NOT hand_disabled LIMIT 2")
        .bind(district.as_str()).bind(format!("%\"{}\"%", part.to_lowercase())).fetch_all(rows).await)?;
    Ok(one_of(&found))
}

/// Nobody, where several would be meant.
fn one_of(found: &[Uuid]) -> Option<PersonId> {
    match found {
        [one] => Some(PersonId(*one)),
        _ => None,
    }
}

/// Who speaks for a school who leads it, by what the roster says of people; anybody else who does, where nobody leads it.
pub(crate) async fn leads_at(db: &Db, district: &District, school: SchoolId) -> Result<Option<PersonId>, sqlx::Error> {
    // A person's roles in the roster stand in one text, as `role@organization`.
    let found: Option<Uuid> = on!(db.of(district).await?, rows => sqlx::query_scalar(
            "SELECT p.id FROM person p JOIN role_grant g ON g.person = p.id \
             WHERE p.district = $1 AND g.role = $2 AND g.place = $3 AND NOT p.roster_disabled AND NOT p.hand_disabled \
             ORDER BY CASE WHEN p.held LIKE '%\"principal@%' THEN 0 WHEN p.held LIKE '%\"siteAdministrator@%' THEN 1 \
                WHEN p.held LIKE '%\"administrator@%' THEN 2 ELSE 3 END, p.name, p.id LIMIT 1")
        .bind(district.as_str()).bind(Role::Reporter.code()).bind(school.to_string()).fetch_optional(rows).await)?;
    Ok(found.map(PersonId))
}

/// Whether somebody is known in a district, whether they may sign in or not.
pub(crate) async fn is_known(db: &Db, district: &District, person: PersonId) -> Result<bool, sqlx::Error> {
    let there: i64 = on!(db.of(district).await?, rows => sqlx::query_scalar("SELECT COUNT(*) FROM person WHERE id = $1 AND district = $2")
        .bind(person.0).bind(district.as_str()).fetch_one(rows).await)?;
    Ok(there > 0)
}

/// People whose name or e-mail address holds these letters, or the one asked for, by name, at most `limit`; what they are
/// beside it. Whether they have a password is known elsewhere.
pub(crate) async fn find_people(
    db: &Db,
    district: &District,
    query: &PeopleQuery,
    limit: i64,
) -> Result<Vec<PersonView>, sqlx::Error> {
    type Row = (Uuid, String, Option<String>, Option<String>, Option<String>, bool, bool);
    let columns =
        "SELECT id, name, title, email, sourced_id, roster_disabled, hand_disabled FROM person WHERE district = $1";
    let rows: Vec<Row> = if let Some(person) = query.person {
        let question = AssertSqlSafe(format!("{columns} AND id = $2 LIMIT $3"));
        on!(db.of(district).await?, rows => sqlx::query_as(question).bind(district.as_str()).bind(person.0).bind(limit)
            .fetch_all(rows).await)?
    } else {
        let part = query.q.as_deref().unwrap_or_default().trim().to_lowercase();
        // What has a meaning in a pattern means itself here.
        let part = part.replace('!', "!!").replace('%', "!%").replace('_', "!_");
        let question = AssertSqlSafe(format!(
            "{columns} AND (LOWER(name) LIKE $2 ESCAPE '!' OR email LIKE $2 ESCAPE '!') ORDER BY name, id LIMIT $3"
        ));
        on!(db.of(district).await?, rows => sqlx::query_as(question).bind(district.as_str()).bind(format!("%{part}%")).bind(limit)
            .fetch_all(rows).await)?
    };
    let mut people = Vec::with_capacity(rows.len());
    for (id, name, title, email, sourced_id, roster_disabled, hand_disabled) in rows {
        let grants: Vec<(String, String, String)> = on!(db.of(district).await?, rows => sqlx::query_as(
                "SELECT role, place, origin FROM role_grant WHERE person = $1 AND district = $2 ORDER BY role, place, origin")
            .bind(id).bind(district.as_str()).fetch_all(rows).await)?;
        people.push(PersonView {
            id: PersonId(id),
            name,
            title,
            email,
            rostered: sourced_id.is_some(),
            disabled: if hand_disabled {
                Some(DisabledBecause::ByHand)
            } else {
                roster_disabled.then_some(DisabledBecause::LeftRoster)
            },
            has_password: false,
            second_step: false,
            roles: grants
                .into_iter()
                .filter_map(|(role, place, origin)| {
                    Some(RoleHeld {
                        role: Role::from_code(&role)?,
                        place: place.parse().ok(),
                        by_roster: origin == super::people::ROSTER,
                    })
                })
                .collect(),
        });
    }
    Ok(people)
}

/// Of some who speak for schools, those who still may: with whom for.
pub(crate) async fn still_speak(
    db: &Db,
    district: &District,
    speakers: &[Speaker],
) -> Result<BTreeSet<(PersonId, SchoolId)>, sqlx::Error> {
    let found: Vec<(Uuid, String)> = on!(db.of(district).await?, rows => {
        let mut query = QueryBuilder::new(
            "SELECT p.id, g.place FROM person p JOIN role_grant g ON g.person = p.id WHERE p.district = ",
        );
        query.push_bind(district.as_str()).push(" AND g.district = p.district AND g.role = ");
        query.push_bind(Role::Reporter.code());
        query.push(" AND NOT p.roster_disabled AND NOT p.hand_disabled AND p.id IN (");
        let mut ids = query.separated(", ");
        for speaker in speakers {
            ids.push_bind(speaker.person.0);
        }
        query.push(")");
        query.build_query_as().fetch_all(rows).await
    })?;
    Ok(found
        .into_iter()
        .filter_map(|(person, place)| Some((PersonId(person), place.parse().ok()?)))
        .collect())
}

/// Somebody's name, whether they may sign in or not.
pub(crate) async fn name_of(db: &Db, district: &District, person: PersonId) -> Result<Option<String>, sqlx::Error> {
    on!(db.of(district).await?, rows => sqlx::query_scalar("SELECT name FROM person WHERE id = $1 AND district = $2")
        .bind(person.0).bind(district.as_str()).fetch_optional(rows).await)
}
