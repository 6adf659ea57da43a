//! Sessions and tokens, by digest. Not in the log, not rebuilt: backed up.

use chrono::{DateTime, Duration, Utc};
use contracts::ids::{District, PersonId};
use sql::{Db, Durability, Location, Migrations, on};
use uuid::Uuid;

static SQLITE: sqlx::migrate::Migrator = sqlx::migrate!("migrations/credentials-sqlite");
static POSTGRES: sqlx::migrate::Migrator = sqlx::migrate!("migrations/credentials-postgres");

/// How long a session lasts, whatever is done in it.
const SESSION_HOURS: i64 = 12;
/// How long a session lasts that nobody uses.
const IDLE_HOURS: i64 = 4;
/// How often it is noted that a session is used.
const NOTED_MINUTES: i64 = 5;
/// How long a token lasts.
const TOKEN_DAYS: i64 = 365;

/// The store.
#[derive(Debug, Clone)]
pub struct Credentials {
    db: Db,
}

impl Credentials {
    /// Opens the store.
    pub async fn open(location: &Location) -> anyhow::Result<Self> {
        let migrations = Migrations {
            sqlite: &SQLITE,
            postgres: &POSTGRES,
        };
        Ok(Self {
            db: Db::open(location, "credentials", migrations, Durability::Sole).await?,
        })
    }

    /// Where it is kept: with what else is kept nowhere else.
    pub(crate) fn db(&self) -> Db {
        self.db.clone()
    }

    /// Keeps a session.
    pub async fn begin_session(
        &self,
        digest: &str,
        district: &District,
        person: PersonId,
        now: DateTime<Utc>,
    ) -> Result<(), sqlx::Error> {
        self.keep(
            digest,
            district,
            person,
            "session",
            "",
            now,
            now + Duration::hours(SESSION_HOURS),
        )
        .await
    }

    /// Keeps a token.
    pub async fn keep_token(
        &self,
        digest: &str,
        district: &District,
        person: PersonId,
        label: &str,
        now: DateTime<Utc>,
    ) -> Result<(), sqlx::Error> {
        self.keep(
            digest,
            district,
            person,
            "token",
            label,
            now,
            now + Duration::days(TOKEN_DAYS),
        )
        .await
    }

    #[expect(clippy::too_many_arguments, reason = "the columns of one row")]
    async fn keep(
        &self,
        digest: &str,
        district: &District,
        person: PersonId,
        kind: &str,
        label: &str,
        created_at: DateTime<Utc>,
        expires_at: DateTime<Utc>,
    ) -> Result<(), sqlx::Error> {
        on!(&self.db, pool => sqlx::query(
                "INSERT INTO credential (digest, person, district, kind, label, created_at, expires_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (digest) DO NOTHING")
            .bind(digest).bind(person.0).bind(district.as_str()).bind(kind).bind(label).bind(created_at).bind(expires_at)
            .execute(pool).await.map(|_| ()))
    }

    /// Whose secret this is, if it has not ended.
    pub async fn holder(&self, digest: &str, now: DateTime<Utc>) -> Result<Option<(District, PersonId)>, sqlx::Error> {
        type Row = (String, Uuid, String, DateTime<Utc>, Option<DateTime<Utc>>);
        let row: Option<Row> = on!(&self.db, pool => sqlx::query_as(
                "SELECT district, person, kind, created_at, used_at FROM credential WHERE digest = $1 AND expires_at > $2")
            .bind(digest).bind(now).fetch_optional(pool).await)?;
        let Some((district, person, kind, created_at, used_at)) = row else {
            return Ok(None);
        };
        if kind == "session" {
            let used_at = used_at.unwrap_or(created_at);
            if now - used_at > Duration::hours(IDLE_HOURS) {
                self.end(digest).await?;
                return Ok(None);
            }
            if now - used_at > Duration::minutes(NOTED_MINUTES) {
                on!(&self.db, pool => sqlx::query("UPDATE credential SET used_at = $2 WHERE digest = $1")
                    .bind(digest).bind(now).execute(pool).await.map(|_| ()))?;
            }
        }
        Ok(district.parse().ok().map(|district| (district, PersonId(person))))
    }

    /// Ends all sessions of a person.
    pub async fn end_sessions(&self, person: PersonId) -> Result<(), sqlx::Error> {
        on!(&self.db, pool => sqlx::query("DELETE FROM credential WHERE person = $1 AND kind = 'session'")
            .bind(person.0).execute(pool).await.map(|_| ()))
    }

    /// Ends all that a person has: sessions and tokens.
    pub async fn end_all(&self, person: PersonId) -> Result<(), sqlx::Error> {
        on!(&self.db, pool => sqlx::query("DELETE FROM credential WHERE person = $1").bind(person.0).execute(pool).await.map(|_| ()))
    }

    /// Ends a session or token.
    pub async fn end(&self, digest: &str) -> Result<(), sqlx::Error> {
        on!(&self.db, pool => sqlx::query("DELETE FROM credential WHERE digest = $1")
            .bind(digest).execute(pool).await.map(|_| ()))
    }
}
