//! "Already allowed?": what is like the words somebody types.
//!
//! The database finds what has any of the words that say most (FTS5 or tsvector, over the same stems and senses); what
//! it finds is put in order here, by BM25 over the fields, so that both databases answer alike.

#[cfg(test)]
mod measured;
mod rank;
pub(crate) mod terms;
mod vocabulary;

use contracts::ids::District;
use sql::Db;

use crate::read_model::{Candidate, candidates};

pub(crate) use vocabulary::Vocabulary;

/// The most that the database is asked for.
const CANDIDATES_MAX: i64 = 200;
/// The most characters of a text that are looked at.
const TEXT_MAX: usize = 2000;

/// Something found, with how like it is and the words that met.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) candidate: Candidate,
    pub(crate) score: f64,
    pub(crate) because: Vec<String>,
}

/// What is like a text, the likest first.
pub(crate) async fn find(
    db: &Db,
    vocabulary: &Vocabulary,
    district: &District,
    text: &str,
    area: Option<&str>,
) -> Result<Vec<Found>, sqlx::Error> {
    vocabulary.load(db).await?;
    let text: String = text.chars().take(TEXT_MAX).collect();
    let asked = vocabulary.read(district, &text);
    let found = candidates(db, district, &asked.telling(), CANDIDATES_MAX).await?;
    Ok(rank::rank(&asked, found, area, vocabulary, district))
}
