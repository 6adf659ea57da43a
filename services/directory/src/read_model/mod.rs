//! People, their roles and teams.

mod people;
mod rows;

pub use people::People;
pub use rows::{PersonRow, Whom, claims, people_with_claims};
pub(crate) use rows::{
    RosteredRow, email_of, find_people, how_many, is_known, leads_at, name_of, people_by_email, person_by_email,
    person_by_sourced_id, person_by_user_id, rostered, rostered_person, sourced_ids, stands_in_for, still_speak,
    stood_in_by,
};

/// The tables, for both databases.
pub const MIGRATIONS: sql::Migrations = sql::Migrations {
    sqlite: &SQLITE,
    postgres: &POSTGRES,
    unlocked: &[],
};

static SQLITE: sqlx::migrate::Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: sqlx::migrate::Migrator = sqlx::migrate!("migrations/postgres");
