//! Sessions and tokens, by digest. Not in the log, not rebuilt: backed up.

use chrono::{DateTime, Duration, Utc};
use contracts::commands::door::{NewSession, SessionView, TokenView, WhichSession};
use contracts::ids::{District, PersonId};
use contracts::vocabulary::TokenScope;
use sql::{Db, Durability, Location, Migrations, on};
use uuid::Uuid;

static SQLITE: sqlx::migrate::Migrator = sqlx::migrate!("migrations/credentials-sqlite");
static POSTGRES: sqlx::migrate::Migrator = sqlx::migrate!("migrations/credentials-postgres");

/// How long a session lasts, whatever is done in it.
const SESSION_HOURS: i64 = 12;
/// How long a session lasts that nobody uses.
const IDLE_HOURS: i64 = 4;
/// How often it is noted that something is used.
const NOTED_MINUTES: i64 = 5;
/// How long somebody who took the first step may take for the second.
const HALF_MINUTES: i64 = 10;
/// Sessions and tokens of one person that are listed, and tokens that one person may have.
pub(crate) const LISTED_MAX: i64 = 100;
/// The longest description of what a session is on.
const ON_MAX: usize = 100;

/// What a secret is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A browser that somebody signed in with.
    Session,
    /// A program that comes as somebody.
    Token,
    /// Somebody who took the first of two steps: good for the second, and for nothing else.
    Half,
}

impl Kind {
    fn code(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Token => "token",
            Self::Half => "half",
        }
    }
}

/// Whose a secret is, and what is done with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The district.
    pub district: District,
    /// Who.
    pub person: PersonId,
    /// What may be done, where it is a token.
    pub token: Option<TokenScope>,
    /// For whom the session acts.
    pub acting_for: Option<PersonId>,
}

/// A token, as it is kept.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// By this it is ended.
    pub id: Uuid,
    /// The digest of its secret.
    pub digest: String,
    /// What it is for.
    pub name: String,
    /// What may be done with it.
    pub scope: TokenScope,
    /// Until when.
    pub until: DateTime<Utc>,
}

impl NewToken {
    /// One for a year that may do all that its owner may: of whoever sets a system up.
    pub fn for_a_year(digest: String, name: &str, now: DateTime<Utc>) -> Self {
        Self {
            id: runtime::ids::time_ordered(now),
            digest,
            name: name.to_owned(),
            scope: TokenScope::Act,
            until: now + Duration::days(365),
        }
    }
}

/// The store.
#[derive(Debug, Clone)]
pub struct Credentials {
    db: Db,
}

struct Row<'a> {
    id: Uuid,
    digest: &'a str,
    kind: Kind,
    label: &'a str,
    scope: Option<TokenScope>,
    until: DateTime<Utc>,
}

impl Credentials {
    /// Opens the store.
    pub async fn open(location: &Location) -> anyhow::Result<Self> {
        let migrations = Migrations {
            sqlite: &SQLITE,
            postgres: &POSTGRES,
            unlocked: &[],
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
        session: &NewSession,
        district: &District,
        person: PersonId,
        now: DateTime<Utc>,
    ) -> Result<(), sqlx::Error> {
        self.keep_browser(
            Kind::Session,
            session,
            district,
            person,
            now,
            Duration::hours(SESSION_HOURS),
        )
        .await
    }

    /// Keeps that somebody took the first of two steps.
    pub(crate) async fn begin_half(
        &self,
        half: &NewSession,
        district: &District,
        person: PersonId,
        now: DateTime<Utc>,
    ) -> Result<(), sqlx::Error> {
        self.keep_browser(Kind::Half, half, district, person, now, Duration::minutes(HALF_MINUTES))
            .await
    }

    async fn keep_browser(
        &self,
        kind: Kind,
        session: &NewSession,
        district: &District,
        person: PersonId,
        now: DateTime<Utc>,
        lasts: Duration,
    ) -> Result<(), sqlx::Error> {
        let on: String = session.on.chars().take(ON_MAX).collect();
        let row = Row {
            id: runtime::ids::time_ordered(now),
            digest: &session.digest,
            kind,
            label: &on,
            scope: None,
            until: now + lasts,
        };
        self.keep(row, district, person, now).await
    }

    /// Keeps a token.
    pub async fn keep_token(
        &self,
        token: &NewToken,
        district: &District,
        person: PersonId,
        now: DateTime<Utc>,
    ) -> Result<(), sqlx::Error> {
        let row = Row {
            id: token.id,
            digest: &token.digest,
            kind: Kind::Token,
            label: &token.name,
            scope: Some(token.scope),
            until: token.until,
        };
        self.keep(row, district, person, now).await
    }

    async fn keep(
        &self,
        row: Row<'_>,
        district: &District,
        person: PersonId,
        now: DateTime<Utc>,
    ) -> Result<(), sqlx::Error> {
        on!(self.db.of(district).await?, rows => sqlx::query(
                "INSERT INTO credential (digest, id, person, district, kind, label, scope, created_at, expires_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (digest) DO NOTHING")
            .bind(row.digest).bind(row.id).bind(person.0).bind(district.as_str()).bind(row.kind.code()).bind(row.label)
            .bind(row.scope.map(TokenScope::code)).bind(now).bind(row.until)
            .execute(rows).await.map(|_| ()))
    }

    /// Whose secret this is, if it has not ended and lets somebody in.
    pub async fn holder(&self, digest: &str, now: DateTime<Utc>) -> Result<Option<Holder>, sqlx::Error> {
        type Found = (
            String,
            Uuid,
            String,
            Option<String>,
            Option<Uuid>,
            DateTime<Utc>,
            Option<DateTime<Utc>>,
        );
        let row: Option<Found> = on!(self.db.across().await?, rows => sqlx::query_as(
                "SELECT district, person, kind, scope, acting_for, created_at, used_at FROM credential \
                 WHERE digest = $1 AND expires_at > $2 AND kind <> $3")
            .bind(digest).bind(now).bind(Kind::Half.code()).fetch_optional(rows).await)?;
        let Some((district, person, kind, scope, acting_for, created_at, used_at)) = row else {
            return Ok(None);
        };
        let is_session = kind == Kind::Session.code();
        let last = used_at.unwrap_or(created_at);
        if is_session && now - last > Duration::hours(IDLE_HOURS) {
            self.end(digest).await?;
            return Ok(None);
        }
        if used_at.is_none() || now - last > Duration::minutes(NOTED_MINUTES) {
            on!(self.db.across().await?, rows => sqlx::query("UPDATE credential SET used_at = $2 WHERE digest = $1")
                .bind(digest).bind(now).execute(rows).await.map(|_| ()))?;
        }
        // Tokens that are older than scopes do all that their owner may.
        let scope = scope
            .as_deref()
            .and_then(TokenScope::from_code)
            .unwrap_or(TokenScope::Act);
        Ok(district.parse().ok().map(|district| Holder {
            district,
            person: PersonId(person),
            token: (!is_session).then_some(scope),
            acting_for: acting_for.map(PersonId),
        }))
    }

    /// Who took the first of two steps with this.
    pub(crate) async fn half(
        &self,
        digest: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<(District, PersonId)>, sqlx::Error> {
        let row: Option<(String, Uuid)> = on!(self.db.across().await?, rows => sqlx::query_as(
                "SELECT district, person FROM credential WHERE digest = $1 AND expires_at > $2 AND kind = $3")
            .bind(digest).bind(now).bind(Kind::Half.code()).fetch_optional(rows).await)?;
        Ok(row.and_then(|(district, person)| Some((district.parse().ok()?, PersonId(person)))))
    }

    /// The sessions of a person that have not ended, the newest first; `asking` is the digest of the one that asks.
    pub(crate) async fn sessions(
        &self,
        district: &District,
        person: PersonId,
        asking: &str,
        now: DateTime<Utc>,
    ) -> Result<Vec<SessionView>, sqlx::Error> {
        type Found = (Uuid, String, String, DateTime<Utc>, Option<DateTime<Utc>>);
        let rows: Vec<Found> = on!(self.db.of(district).await?, rows => sqlx::query_as(
                "SELECT id, digest, label, created_at, used_at FROM credential \
                 WHERE person = $1 AND district = $2 AND kind = $3 AND expires_at > $4 ORDER BY created_at DESC LIMIT $5")
            .bind(person.0).bind(district.as_str()).bind(Kind::Session.code()).bind(now).bind(LISTED_MAX)
            .fetch_all(rows).await)?;
        Ok(rows
            .into_iter()
            .map(|(id, digest, on, since, used)| SessionView {
                id,
                on,
                since,
                last: used.unwrap_or(since),
                this: digest == asking,
            })
            .filter(|session| session.this || now - session.last <= Duration::hours(IDLE_HOURS))
            .collect())
    }

    /// The tokens of a person that have not ended, the newest first.
    pub(crate) async fn tokens(
        &self,
        district: &District,
        person: PersonId,
        now: DateTime<Utc>,
    ) -> Result<Vec<TokenView>, sqlx::Error> {
        type Found = (
            Uuid,
            String,
            Option<String>,
            DateTime<Utc>,
            Option<DateTime<Utc>>,
            DateTime<Utc>,
        );
        let rows: Vec<Found> = on!(self.db.of(district).await?, rows => sqlx::query_as(
                "SELECT id, label, scope, created_at, used_at, expires_at FROM credential \
                 WHERE person = $1 AND district = $2 AND kind = $3 AND expires_at > $4 ORDER BY created_at DESC LIMIT $5")
            .bind(person.0).bind(district.as_str()).bind(Kind::Token.code()).bind(now).bind(LISTED_MAX)
            .fetch_all(rows).await)?;
        Ok(rows
            .into_iter()
            .map(|(id, name, scope, since, last, until)| TokenView {
                id,
                name,
                scope: scope
                    .as_deref()
                    .and_then(TokenScope::from_code)
                    .unwrap_or(TokenScope::Act),
                since,
                last,
                until,
            })
            .collect())
    }

    /// From now on, or no longer, a session acts for somebody.
    pub(crate) async fn act_for(&self, digest: &str, absent: Option<PersonId>) -> Result<(), sqlx::Error> {
        on!(self.db.across().await?, rows => sqlx::query("UPDATE credential SET acting_for = $2 WHERE digest = $1 AND kind = $3")
            .bind(digest).bind(absent.map(|absent| absent.0)).bind(Kind::Session.code())
            .execute(rows).await.map(|_| ()))
    }

    /// Ends some of a person's sessions; `asking` is the digest of the one that asks.
    pub(crate) async fn end_some(
        &self,
        district: &District,
        person: PersonId,
        asking: &str,
        which: WhichSession,
    ) -> Result<(), sqlx::Error> {
        match which {
            WhichSession::This => self.end(asking).await,
            WhichSession::One(id) => {
                on!(self.db.of(district).await?, rows => sqlx::query("DELETE FROM credential WHERE person = $1 AND id = $2 AND kind = $3")
                    .bind(person.0).bind(id).bind(Kind::Session.code()).execute(rows).await.map(|_| ()))
            }
            WhichSession::Others => {
                on!(self.db.of(district).await?, rows => sqlx::query("DELETE FROM credential WHERE person = $1 AND digest <> $2 AND kind = $3")
                    .bind(person.0).bind(asking).bind(Kind::Session.code()).execute(rows).await.map(|_| ()))
            }
        }
    }

    /// Ends a token of a person's; whether there was one.
    pub(crate) async fn end_token(&self, district: &District, person: PersonId, id: Uuid) -> Result<bool, sqlx::Error> {
        on!(self.db.of(district).await?, rows => sqlx::query("DELETE FROM credential WHERE person = $1 AND id = $2 AND kind = $3")
            .bind(person.0).bind(id).bind(Kind::Token.code()).execute(rows).await.map(|done| done.rows_affected() > 0))
    }

    /// Ends all sessions of a person, and first steps.
    pub async fn end_sessions(&self, district: &District, person: PersonId) -> Result<(), sqlx::Error> {
        on!(self.db.of(district).await?, rows => sqlx::query("DELETE FROM credential WHERE person = $1 AND kind <> $2")
            .bind(person.0).bind(Kind::Token.code()).execute(rows).await.map(|_| ()))
    }

    /// Ends all that a person has: sessions and tokens.
    pub async fn end_all(&self, district: &District, person: PersonId) -> Result<(), sqlx::Error> {
        on!(self.db.of(district).await?, rows => sqlx::query("DELETE FROM credential WHERE person = $1").bind(person.0).execute(rows).await.map(|_| ()))
    }

    /// Ends a session or token.
    pub async fn end(&self, digest: &str) -> Result<(), sqlx::Error> {
        on!(self.db.across().await?, rows => sqlx::query("DELETE FROM credential WHERE digest = $1")
            .bind(digest).execute(rows).await.map(|_| ()))
    }
}
