//! Accounts: passwords by person, links with which one is chosen, and what is tried too often. In the store that is backed
//! up, beside sessions.
//!
//! Nothing here tells whether somebody has an account: who has none is refused in the same words after the same work, and
//! kept waiting as anybody else is. Waiting is by name and device: whoever tries a name from elsewhere holds nobody up who
//! signs in from a device that they signed in from before.

use chrono::{DateTime, Duration, Utc};
use contracts::ids::{District, PersonId};
use sha2::{Digest as _, Sha256};
use sql::{Db, on};
use uuid::Uuid;

/// Failures in a row after which waiting begins; each further one doubles it.
const FREE_TRIES: i64 = 5;
/// The longest wait in seconds.
const WAIT_MAX: i64 = 300;
/// After this long, failures are forgotten.
const FORGOTTEN_HOURS: i64 = 24;
/// Accounts that share a name, in different districts.
const SHARED_MAX: i64 = 5;
/// The longest name somebody signs in with.
const LOGIN_MAX: usize = 255;

/// The store.
#[derive(Debug, Clone)]
pub(crate) struct Accounts {
    pub(crate) db: Db,
}

/// An account.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) person: PersonId,
    pub(crate) district: District,
    pub(crate) hash: String,
}

impl Accounts {
    pub(crate) async fn by_login(&self, login: &str) -> Result<Vec<Account>, sqlx::Error> {
        let rows: Vec<(Uuid, String, String)> = on!(&self.db, pool => sqlx::query_as(
                "SELECT person, district, hash FROM account WHERE login = $1 ORDER BY person LIMIT $2")
            .bind(login).bind(SHARED_MAX).fetch_all(pool).await)?;
        Ok(rows
            .into_iter()
            .filter_map(|(person, district, hash)| {
                Some(Account {
                    person: PersonId(person),
                    district: district.parse().ok()?,
                    hash,
                })
            })
            .collect())
    }

    pub(crate) async fn keep(
        &self,
        person: PersonId,
        district: &District,
        login: &str,
        hash: &str,
        now: DateTime<Utc>,
    ) -> Result<(), sqlx::Error> {
        on!(&self.db, pool => sqlx::query(
                "INSERT INTO account (person, district, login, hash, set_at) VALUES ($1, $2, $3, $4, $5) \
                 ON CONFLICT (person) DO UPDATE SET login = excluded.login, hash = excluded.hash, set_at = excluded.set_at")
            .bind(person.0).bind(district.as_str()).bind(login).bind(hash).bind(now)
            .execute(pool).await.map(|_| ()))
    }

    /// Whether somebody has a password.
    pub(crate) async fn has(&self, person: PersonId) -> Result<bool, sqlx::Error> {
        let there: Option<i64> = on!(&self.db, pool => sqlx::query_scalar("SELECT COUNT(*) FROM account WHERE person = $1")
            .bind(person.0).fetch_optional(pool).await)?;
        Ok(there.unwrap_or_default() > 0)
    }

    /// How many seconds are still to be waited.
    pub(crate) async fn wait(&self, tried: &str, now: DateTime<Utc>) -> Result<Option<u64>, sqlx::Error> {
        let until: Option<Option<DateTime<Utc>>> = on!(&self.db, pool => sqlx::query_scalar(
                "SELECT until FROM attempt WHERE tried = $1").bind(tried).fetch_optional(pool).await)?;
        let left = until.flatten().map(|until| (until - now).num_seconds() + 1);
        Ok(left.filter(|left| *left > 0).map(i64::unsigned_abs))
    }

    /// One more failure. Counted before the password is looked at, so that many at once do not slip through.
    pub(crate) async fn failed(&self, tried: &str, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
        let old = now - Duration::hours(FORGOTTEN_HOURS);
        on!(&self.db, pool => {
            sqlx::query("DELETE FROM attempt WHERE last < $1").bind(old).execute(pool).await?;
            let failures: i64 = sqlx::query_scalar(
                    "INSERT INTO attempt (tried, failures, last) VALUES ($1, 1, $2) \
                     ON CONFLICT (tried) DO UPDATE SET failures = attempt.failures + 1, last = excluded.last RETURNING failures")
                .bind(tried).bind(now).fetch_one(pool).await?;
            if failures >= FREE_TRIES {
                let seconds = 1_i64.checked_shl(u32::try_from(failures - FREE_TRIES).unwrap_or(u32::MAX)).unwrap_or(WAIT_MAX);
                let until = now + Duration::seconds(seconds.clamp(1, WAIT_MAX));
                sqlx::query("UPDATE attempt SET until = $2 WHERE tried = $1").bind(tried).bind(until).execute(pool).await?;
            }
            Ok(())
        })
    }

    pub(crate) async fn succeeded(&self, tried: &str) -> Result<(), sqlx::Error> {
        on!(&self.db, pool => sqlx::query("DELETE FROM attempt WHERE tried = $1").bind(tried).execute(pool).await.map(|_| ()))
    }

    /// Whether the device was used to sign in as one of these before.
    pub(crate) async fn knows_device(&self, device: &str, accounts: &[Account]) -> Result<bool, sqlx::Error> {
        let whose: Option<Uuid> = on!(&self.db, pool => sqlx::query_scalar("SELECT person FROM device WHERE digest = $1")
            .bind(device).fetch_optional(pool).await)?;
        Ok(whose.is_some_and(|person| accounts.iter().any(|account| account.person.0 == person)))
    }

    pub(crate) async fn keep_device(
        &self,
        device: &str,
        person: PersonId,
        now: DateTime<Utc>,
    ) -> Result<(), sqlx::Error> {
        on!(&self.db, pool => sqlx::query(
                "INSERT INTO device (digest, person, last) VALUES ($1, $2, $3) \
                 ON CONFLICT (digest) DO UPDATE SET person = excluded.person, last = excluded.last")
            .bind(device).bind(person.0).bind(now).execute(pool).await.map(|_| ()))
    }

    pub(crate) async fn keep_link(
        &self,
        link: &str,
        person: PersonId,
        district: &District,
        until: DateTime<Utc>,
    ) -> Result<(), sqlx::Error> {
        on!(&self.db, pool => {
            // A new link is the only one.
            sqlx::query("DELETE FROM link WHERE person = $1").bind(person.0).execute(pool).await?;
            sqlx::query("INSERT INTO link (digest, person, district, until) VALUES ($1, $2, $3, $4)")
                .bind(link).bind(person.0).bind(district.as_str()).bind(until).execute(pool).await.map(|_| ())
        })
    }

    pub(crate) async fn link(
        &self,
        link: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<(PersonId, District)>, sqlx::Error> {
        let row: Option<(Uuid, String)> = on!(&self.db, pool => sqlx::query_as(
                "SELECT person, district FROM link WHERE digest = $1 AND until > $2")
            .bind(link).bind(now).fetch_optional(pool).await)?;
        Ok(row.and_then(|(person, district)| Some((PersonId(person), district.parse().ok()?))))
    }

    /// Uses a link up; whether it was there to be used.
    pub(crate) async fn use_link(&self, link: &str) -> Result<bool, sqlx::Error> {
        on!(&self.db, pool => sqlx::query("DELETE FROM link WHERE digest = $1").bind(link).execute(pool).await
            .map(|done| done.rows_affected() > 0))
    }
}

/// The name somebody signs in with, as it is compared.
pub(crate) fn as_login(text: &str) -> String {
    text.trim().to_lowercase().chars().take(LOGIN_MAX).collect()
}

/// What is counted under: nobody's name stands in the table.
pub(crate) fn tried(kind: &str, what: &str) -> String {
    runtime::ids::hex(&Sha256::digest(format!("{kind}\0{what}")))
}
