//! Rows to answers.

use std::collections::BTreeSet;

use contracts::Claims;
use contracts::ids::{DepartmentId, District, PersonId, SchoolId, TeamId};
use contracts::vocabulary::Role;
use sql::{Db, on};
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

/// What a person is and where; nothing where there is no such person in the district.
pub async fn claims(db: &Db, district: &District, person: PersonId, as_of: u64) -> Result<Option<Claims>, sqlx::Error> {
    let name: Option<String> = on!(db, pool => sqlx::query_scalar("SELECT name FROM person WHERE id = $1 AND district = $2")
            .bind(person.0).bind(district.as_str()).fetch_optional(pool).await)?;
    let Some(name) = name else { return Ok(None) };
    let grants: Vec<(String, String)> = on!(db, pool => sqlx::query_as("SELECT role, place FROM role_grant WHERE person = $1 AND district = $2")
            .bind(person.0).bind(district.as_str()).fetch_all(pool).await)?;
    let teams: Vec<(Uuid,)> = on!(db, pool => sqlx::query_as("SELECT team FROM membership WHERE person = $1 AND district = $2")
            .bind(person.0).bind(district.as_str()).fetch_all(pool).await)?;
    let mut claims = Claims {
        district: district.clone(),
        person,
        name,
        roles: BTreeSet::new(),
        schools: BTreeSet::new(),
        departments: BTreeSet::new(),
        leads: BTreeSet::new(),
        teams: teams.into_iter().map(|(team,)| TeamId(team)).collect(),
        as_of,
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
    Ok(Some(claims))
}

/// A district's people by name, at most `limit`.
pub async fn people_of(db: &Db, district: &District, limit: i64) -> Result<Vec<PersonRow>, sqlx::Error> {
    let rows: Vec<(Uuid, String, Option<String>)> = on!(db, pool => sqlx::query_as(
            "SELECT id, name, title FROM person WHERE district = $1 ORDER BY name LIMIT $2")
        .bind(district.as_str()).bind(limit).fetch_all(pool).await)?;
    Ok(rows
        .into_iter()
        .map(|(id, name, title)| PersonRow {
            id: PersonId(id),
            name,
            title,
        })
        .collect())
}
