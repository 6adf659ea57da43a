//! Lists that people keep under a name of their own. Not in the log: they are nobody else's, and no part of the record.

use chrono::{DateTime, Utc};
use contracts::commands::door::KeptView;
use contracts::ids::{District, PersonId};
use contracts::problem::Problem;
use sql::{Db, on};
use uuid::Uuid;

/// Lists that one person keeps.
const KEPT_MAX: i64 = 30;
/// The longest name, in letters.
const NAME_MAX: usize = 60;
/// The longest address, in bytes.
const ADDRESS_MAX: usize = 600;
/// What can be kept: pages that are narrowed down by their address.
const PLACES: [&str; 2] = ["/loops?", "/leader?"];

/// The store.
#[derive(Debug, Clone)]
pub(crate) struct KeptViews {
    pub(crate) db: Db,
}

/// The name and address as they are kept, or what is wrong with them.
fn checked(name: &str, address: &str) -> Result<(String, String), Problem> {
    let name = name.split_whitespace().collect::<Vec<&str>>().join(" ");
    if name.is_empty() {
        return Err(Problem::invalid_field("name", "give it a name (two words are enough)"));
    }
    if name.chars().count() > NAME_MAX {
        return Err(Problem::invalid_field(
            "name",
            format!("has more than {NAME_MAX} letters"),
        ));
    }
    let is_plain = address.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_plain || address.len() > ADDRESS_MAX || !PLACES.iter().any(|place| address.starts_with(place)) {
        return Err(Problem::invalid_field(
            "address",
            "is none that can be kept; narrow a list down first",
        ));
    }
    Ok((name, address.to_owned()))
}

fn away(error: sqlx::Error) -> Problem {
    crate::commands::away(error)
}

impl KeptViews {
    /// What a person keeps, by name.
    pub(crate) async fn of(&self, district: &District, person: PersonId) -> Result<Vec<KeptView>, Problem> {
        let rows: Vec<(Uuid, String, String)> = on!(self.db.of(district).await.map_err(away)?, rows => sqlx::query_as(
                "SELECT id, name, address FROM kept_view WHERE district = $1 AND person = $2 ORDER BY LOWER(name), id LIMIT $3")
            .bind(district.as_str()).bind(person.0).bind(KEPT_MAX).fetch_all(rows).await)
        .map_err(away)?;
        Ok(rows
            .into_iter()
            .map(|(id, name, address)| KeptView { id, name, address })
            .collect())
    }

    /// Keeps one; under a name that is there already it takes its place.
    pub(crate) async fn keep(
        &self,
        district: &District,
        person: PersonId,
        name: &str,
        address: &str,
        now: DateTime<Utc>,
    ) -> Result<(), Problem> {
        let (name, address) = checked(name, address)?;
        let kept = self.of(district, person).await?;
        let same = kept.iter().find(|one| one.name.eq_ignore_ascii_case(&name));
        if same.is_none() && kept.len() as i64 >= KEPT_MAX {
            return Err(Problem::invalid_field(
                "name",
                format!("you keep {KEPT_MAX} already; forget one that you no longer use"),
            ));
        }
        let id = same.map_or_else(|| runtime::ids::time_ordered(now), |one| one.id);
        on!(self.db.of(district).await.map_err(away)?, rows => sqlx::query(
                "INSERT INTO kept_view (person, id, district, name, address) VALUES ($1, $2, $3, $4, $5) \
                 ON CONFLICT (person, id) DO UPDATE SET name = excluded.name, address = excluded.address")
            .bind(person.0).bind(id).bind(district.as_str()).bind(name.as_str()).bind(address.as_str())
            .execute(rows).await.map(|_| ()))
        .map_err(away)
    }

    /// Keeps one no longer.
    pub(crate) async fn forget(&self, district: &District, person: PersonId, id: Uuid) -> Result<(), Problem> {
        on!(self.db.of(district).await.map_err(away)?, rows => sqlx::query(
                "DELETE FROM kept_view WHERE person = $1 AND id = $2")
            .bind(person.0).bind(id).execute(rows).await.map(|_| ()))
        .map_err(away)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_that_are_narrowed_down_here_can_be_kept() {
        assert_eq!(
            checked("  Late,  with us ", "/loops?late=true&department=1"),
            Ok(("Late, with us".to_owned(), "/loops?late=true&department=1".to_owned()))
        );
        for (name, address) in [
            ("", "/loops?late=true"),
            ("x", "/loops"),
            ("x", "//elsewhere.example/loops?"),
            ("x", "https://elsewhere.example/loops?a"),
            ("x", "javascript:alert(1)//loops?"),
            ("x", "/loops?a b"),
            ("x", "/settings?x"),
        ] {
            assert!(checked(name, address).is_err(), "{name} {address}");
        }
        assert!(checked(&"x".repeat(61), "/loops?a").is_err());
        assert!(checked("x", &format!("/loops?{}", "a".repeat(600))).is_err());
    }
}
