//! The register as it stands and stood, the loops that rest on it, and what is searched.

mod collect;
mod office;
mod projection;
mod queries;
mod write;

pub(crate) use collect::DocOut;
pub use collect::{Concerns, concerns};
pub(crate) use office::{
    Counted, Met, OfficeRow, counted, exceptions, met_by, met_cited, office_row, out_of_time, patterns, patterns_of,
    reviews, waivers,
};
pub use office::{area_basis, basis_of, next_id, rule_basis};
pub use projection::Register;
pub(crate) use queries::{
    Candidate, RegisterDbRow, at, beside, candidates, ending, ends, erased, now, page, public, term_counts, untold,
};
pub use queries::{Ending, Untold};
#[cfg(test)]
pub(crate) use {collect::Doc, write::docs as write_docs};

/// The tables, for both databases.
pub const MIGRATIONS: sql::Migrations = sql::Migrations {
    sqlite: &SQLITE,
    postgres: &POSTGRES,
    // Searched by words, which the database does not look up in an index before it has looked at the lock. It holds stems by
    // the number of their document, which is locked, and is read beside that only.
    unlocked: &["doc_words"],
};

static SQLITE: sqlx::migrate::Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: sqlx::migrate::Migrator = sqlx::migrate!("migrations/postgres");
