//! What time will bring about next, by loop.

mod projection;
mod queries;

pub use projection::{Watch, Watched};
pub use queries::{DueLoop, behind_calendar, due, speakers, spoken_for, with_department};

/// The tables, for both databases.
pub const MIGRATIONS: sql::Migrations = sql::Migrations {
    sqlite: &SQLITE,
    postgres: &POSTGRES,
    unlocked: &[],
};

static SQLITE: sqlx::migrate::Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: sqlx::migrate::Migrator = sqlx::migrate!("migrations/postgres");
