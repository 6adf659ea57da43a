//! Reviews that the district makes of its own rules.

use std::collections::BTreeSet;

use ::domain::review::ReviewRecord;
use contracts::events::flexibility::Rule;
use contracts::ids::ReviewId;
use contracts::office_action::OfficeAction;
use contracts::problem::Problem;
use contracts::queries::{ClauseView, PAGE_MAX, Page, ReviewQuery, ReviewView, ReviewsQuery};
use contracts::subjects::Thing;
use contracts::vocabulary::RuleSource;

use super::office::{before, paged};
use super::{Asked, away};
use crate::commands::{in_office, may_office};
use crate::read_model::{self, OfficeRow};
use crate::views::{self, Words};

fn record(row: &OfficeRow) -> Option<ReviewRecord> {
    serde_json::from_str(&row.state)
        .inspect_err(|error| tracing::error!(id = %row.id, %error, "a review cannot be read"))
        .ok()
}

fn permitted<Q>(asked: &Asked<Q>) -> Result<(), Problem> {
    if in_office(&asked.viewer) {
        Ok(())
    } else {
        Err(Problem::forbidden("reviews are for the district office"))
    }
}

/// A page of reviews, the newest first.
pub(super) async fn reviews(asked: Asked<ReviewsQuery>) -> Result<Page<ReviewView>, Problem> {
    permitted(&asked)?;
    let limit = asked.query.limit.unwrap_or(50).clamp(1, PAGE_MAX) as usize;
    let rows = read_model::reviews(
        &asked.model.db,
        &asked.viewer.district,
        asked.query.open,
        before(asked.query.cursor.as_deref())?,
        limit as i64 + 1,
    )
    .await
    .map_err(away)?;
    let (rows, next) = paged(rows, limit);
    let mut items = Vec::new();
    for row in &rows {
        if let Some(found) = record(row) {
            items.push(view(&asked, ReviewId(row.id), &found).await?);
        }
    }
    Ok(Page { items, next })
}

/// One review.
pub(super) async fn review(asked: Asked<ReviewQuery>) -> Result<ReviewView, Problem> {
    permitted(&asked)?;
    let id = asked
        .query
        .id
        .ok_or_else(|| Problem::invalid_field("id", "is needed"))?;
    let row = read_model::office_row(&asked.model.db, Thing::Review, &asked.viewer.district, id.0)
        .await
        .map_err(away)?;
    let found = row
        .as_ref()
        .and_then(record)
        .ok_or_else(|| Problem::not_found("review"))?;
    view(&asked, id, &found).await
}

async fn view<Q>(asked: &Asked<Q>, id: ReviewId, found: &ReviewRecord) -> Result<ReviewView, Problem> {
    let words = Words::of(asked);
    let mut clauses = Vec::new();
    for examined in &found.clauses {
        let rule = Rule {
            source: RuleSource::NotSure,
            citation: found.citation.clone(),
            clause: Some(examined.clause.clone()),
        };
        let loops = match read_model::rule_basis(&rule) {
            Some(basis) => read_model::met_by(&asked.model.db, &asked.viewer.district, &basis)
                .await
                .map_err(away)?
                .into_iter()
                .map(|one| one.id)
                .collect::<BTreeSet<_>>()
                .len(),
            None => 0,
        };
        clauses.push(ClauseView {
            clause: examined.clause.to_string(),
            finding: examined.finding,
            pillar: examined.pillar,
            note: words.open(&examined.note).await?,
            loops: loops as u32,
        });
    }
    let concluded = found.concluded.as_ref();
    Ok(ReviewView {
        id,
        version: found.version,
        title: words.open(&found.title).await?,
        citation: found.citation.as_ref().map(ToString::to_string),
        purpose: words.some(found.purpose.as_ref()).await?,
        department: found.department,
        department_name: views::department(&asked.known, found.department),
        opened_at: found.opened_at,
        due_on: found.due_on,
        clauses,
        summary: words.some(concluded.map(|(summary, _)| summary)).await?,
        concluded_at: concluded.map(|(_, at)| *at),
        offers: [OfficeAction::ExamineClause, OfficeAction::ConcludeReview]
            .into_iter()
            .filter(|action| concluded.is_none() && may_office(&asked.viewer, *action, Some(found.department)))
            .map(|action| action.slug().to_owned())
            .collect(),
    })
}
