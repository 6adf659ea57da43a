//! The tables people's pages are read from.

mod lists;
mod picture;
mod projection;
mod rows;
mod tally;

pub use self::projection::Timeline;
pub(crate) use lists::{changes, entries, loops, seen_among};
pub(crate) use picture::{Narrow, Period, picture};
pub(crate) use rows::{Filed, LoopDbRow, PartRow, filed_of_late, first_routed, folded, open_with, people, schools_of};

/// The tables, for both databases.
pub const MIGRATIONS: sql::Migrations = sql::Migrations {
    sqlite: &SQLITE,
    postgres: &POSTGRES,
    unlocked: &[],
};

static SQLITE: sqlx::migrate::Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: sqlx::migrate::Migrator = sqlx::migrate!("migrations/postgres");
