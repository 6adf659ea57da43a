//! Rosters that were handed over, until they were taken in or dropped. Kept in the store that is backed up, so that what
//! was begun goes on after a restart; rows go when it has ended.

use chrono::{DateTime, Duration, Utc};
use contracts::commands::roster::{BeginRoster, ImportStage, RosterRows};
use contracts::ids::District;
use sql::{Db, on};
use uuid::Uuid;

/// How long a roster that nobody took in is kept.
const DRAFT_HOURS: i64 = 24;

/// The store.
#[derive(Debug, Clone)]
pub(crate) struct Drafts {
    pub(crate) db: Db,
}

/// One import as kept.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) district: District,
    pub(crate) stage: ImportStage,
    pub(crate) begun: BeginRoster,
    /// How it was to be taken in, as JSON.
    pub(crate) applied: Option<String>,
    /// What it did, as JSON, once it has ended.
    pub(crate) view: Option<String>,
}

type DraftDbRow = (String, String, String, Option<String>, Option<String>);

impl Drafts {
    /// Begins an import, or begins it anew where nothing came of it yet.
    pub(crate) async fn begin(
        &self,
        import: Uuid,
        district: &District,
        begun: &BeginRoster,
        now: DateTime<Utc>,
    ) -> Result<(), sqlx::Error> {
        let old = now - Duration::hours(DRAFT_HOURS);
        let draft = stage_text(&ImportStage::Draft);
        // What nobody came back to goes, whosever it is.
        on!(self.db.across().await?, rows => {
            sqlx::query("DELETE FROM roster_piece WHERE import IN (SELECT id FROM roster_import WHERE stage = $1 AND created_at < $2)")
                .bind(&draft).bind(old).execute(&mut *rows).await?;
            sqlx::query("DELETE FROM roster_import WHERE stage = $1 AND created_at < $2")
                .bind(&draft).bind(old).execute(rows).await.map(|_| ())
        })?;
        on!(self.db.of(district).await?, rows => {
            sqlx::query("INSERT INTO roster_import (id, district, stage, begun, created_at) VALUES ($1, $2, $3, $4, $5) \
                         ON CONFLICT (id) DO UPDATE SET begun = excluded.begun WHERE roster_import.stage = $3")
                .bind(import).bind(district.as_str()).bind(&draft).bind(json(begun)).bind(now)
                .execute(rows).await.map(|_| ())
        })
    }

    /// Keeps some of its rows.
    pub(crate) async fn keep(&self, import: Uuid, district: &District, piece: &RosterRows) -> Result<(), sqlx::Error> {
        on!(self.db.of(district).await?, rows => sqlx::query(
                "INSERT INTO roster_piece (import, nth, body, district) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (import, nth) DO UPDATE SET body = excluded.body")
            .bind(import).bind(i64::from(piece.nth)).bind(json(piece)).bind(district.as_str()).execute(rows).await.map(|_| ()))
    }

    /// An import of a district.
    pub(crate) async fn get(&self, import: Uuid, district: &District) -> Result<Option<Draft>, sqlx::Error> {
        let row: Option<DraftDbRow> = on!(self.db.of(district).await?, rows => sqlx::query_as(
                "SELECT district, stage, begun, applied, view FROM roster_import WHERE id = $1 AND district = $2")
            .bind(import).bind(district.as_str()).fetch_optional(rows).await)?;
        Ok(row.and_then(read))
    }

    /// Its rows, in order.
    pub(crate) async fn rows(&self, import: Uuid, district: &District) -> Result<Vec<RosterRows>, sqlx::Error> {
        let pieces: Vec<String> = on!(self.db.of(district).await?, rows => sqlx::query_scalar(
                "SELECT body FROM roster_piece WHERE import = $1 ORDER BY nth")
            .bind(import).fetch_all(rows).await)?;
        Ok(pieces
            .iter()
            .filter_map(|piece| serde_json::from_str(piece).ok())
            .collect())
    }

    /// Imports that were being taken in.
    pub(crate) async fn applying(&self) -> Result<Vec<(Uuid, Draft)>, sqlx::Error> {
        type Row = (Uuid, String, String, String, Option<String>, Option<String>);
        let rows: Vec<Row> = on!(self.db.across().await?, rows => sqlx::query_as(
                "SELECT id, district, stage, begun, applied, view FROM roster_import WHERE applied IS NOT NULL AND view IS NULL")
            .fetch_all(rows).await)?;
        Ok(rows
            .into_iter()
            .filter_map(|(id, district, stage, begun, applied, view)| {
                Some((id, read((district, stage, begun, applied, view))?))
            })
            .collect())
    }

    /// The district's imports of late, the latest first.
    pub(crate) async fn of_late(
        &self,
        district: &District,
        limit: i64,
    ) -> Result<Vec<(Uuid, Draft, DateTime<Utc>)>, sqlx::Error> {
        type Row = (
            Uuid,
            String,
            String,
            String,
            Option<String>,
            Option<String>,
            DateTime<Utc>,
        );
        let rows: Vec<Row> = on!(self.db.of(district).await?, rows => sqlx::query_as(
                "SELECT id, district, stage, begun, applied, view, created_at FROM roster_import \
                 WHERE district = $1 AND applied IS NOT NULL ORDER BY created_at DESC LIMIT $2")
            .bind(district.as_str()).bind(limit).fetch_all(rows).await)?;
        Ok(rows
            .into_iter()
            .filter_map(|(id, district, stage, begun, applied, view, at)| {
                Some((id, read((district, stage, begun, applied, view))?, at))
            })
            .collect())
    }

    /// Whether another import of the district is being taken in.
    pub(crate) async fn another(&self, import: Uuid, district: &District) -> Result<bool, sqlx::Error> {
        let others: i64 = on!(self.db.of(district).await?, rows => sqlx::query_scalar(
                "SELECT COUNT(*) FROM roster_import WHERE district = $1 AND id <> $2 AND applied IS NOT NULL AND view IS NULL AND stage = $3")
            .bind(district.as_str()).bind(import).bind(stage_text(&ImportStage::Draft)).fetch_one(rows).await)?;
        Ok(others > 0)
    }

    /// It is to be taken in from now on, as `applied` says.
    pub(crate) async fn apply(&self, import: Uuid, district: &District, applied: &str) -> Result<(), sqlx::Error> {
        on!(self.db.of(district).await?, rows => sqlx::query("UPDATE roster_import SET applied = $2 WHERE id = $1 AND view IS NULL")
            .bind(import).bind(applied).execute(rows).await.map(|_| ()))
    }

    /// How it stands.
    pub(crate) async fn stands(
        &self,
        import: Uuid,
        district: &District,
        stage: &ImportStage,
    ) -> Result<(), sqlx::Error> {
        on!(self.db.of(district).await?, rows => sqlx::query("UPDATE roster_import SET stage = $2 WHERE id = $1")
            .bind(import).bind(stage_text(stage)).execute(rows).await.map(|_| ()))
    }

    /// It has ended: its rows go, and what it did stays.
    pub(crate) async fn end(&self, import: Uuid, district: &District, view: &str) -> Result<(), sqlx::Error> {
        on!(self.db.of(district).await?, rows => {
            sqlx::query("UPDATE roster_import SET stage = $2, view = $3 WHERE id = $1")
                .bind(import).bind(stage_text(&ImportStage::Ended)).bind(view).execute(&mut *rows).await?;
            sqlx::query("DELETE FROM roster_piece WHERE import = $1").bind(import).execute(rows).await.map(|_| ())
        })
    }

    /// Drops one that was never to be taken in.
    pub(crate) async fn drop_draft(&self, import: Uuid, district: &District) -> Result<(), sqlx::Error> {
        on!(self.db.of(district).await?, rows => {
            sqlx::query("DELETE FROM roster_piece WHERE import IN (SELECT id FROM roster_import WHERE id = $1 AND applied IS NULL)")
                .bind(import).execute(&mut *rows).await?;
            sqlx::query("DELETE FROM roster_import WHERE id = $1 AND applied IS NULL").bind(import).execute(rows).await.map(|_| ())
        })
    }
}

fn read((district, stage, begun, applied, view): DraftDbRow) -> Option<Draft> {
    Some(Draft {
        district: district.parse().ok()?,
        stage: serde_json::from_str(&stage).ok()?,
        begun: serde_json::from_str(&begun).ok()?,
        applied,
        view,
    })
}

fn stage_text(stage: &ImportStage) -> String {
    json(stage)
}

fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
