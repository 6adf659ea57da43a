//! Accounts: passwords by person, links with which one is chosen, and what is tried too often. In the store that is backed
//! up, beside sessions.
//!
//! Nothing here tells whether somebody has an account: who has none is refused in the same words after the same work, and
//! kept waiting as anybody else is. Waiting is by name and device: whoever tries a name from elsewhere holds nobody up who
//! signs in from a device that they signed in from before.

use chrono::{DateTime, Duration, Utc};
use contracts::ids::{District, EventId, PersonId};
use sealing::ERASED;
use sha2::{Digest as _, Sha256};
use sql::{Db, on};
use uuid::Uuid;

/// Failures in a row after which waiting begins; each further one doubles it.
const FREE_TRIES: i64 = 5;
/// The longest wait in seconds.
const WAIT_MAX: i64 = 300;
/// After this long, failures are forgotten.
const FORGOTTEN_HOURS: i64 = 24;
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

/// Where the store keeps anything of one person.
const OF_PERSON: [&str; 7] = [
    "account",
    "link",
    "device",
    "second_step",
    "identity",
    "kept_view",
    "credential",
];

/// A kept text with something in it changed; as it is, where it cannot be read.
fn changed(text: &str, change: impl FnOnce(&mut serde_json::Value)) -> String {
    let Ok(mut value) = serde_json::from_str::<serde_json::Value>(text) else {
        return text.to_owned();
    };
    change(&mut value);
    value.to_string()
}

impl Accounts {
    /// Keeps nothing more of somebody, as an event says: not what they signed in with, and no name in what imports of
    /// rosters did. Once for each event, however often that is read: somebody who has come back since keeps what is theirs.
    pub(crate) async fn forget(
        &self,
        person: PersonId,
        district: &District,
        event: EventId,
    ) -> Result<(), sqlx::Error> {
        let done: Option<i64> = on!(self.db.of(district).await?, rows => sqlx::query_scalar(
                "SELECT COUNT(*) FROM forgotten WHERE event = $1")
            .bind(event.0).fetch_optional(rows).await)?;
        if done.is_some_and(|done| done > 0) {
            return Ok(());
        }
        for table in OF_PERSON {
            let text = format!("DELETE FROM {table} WHERE person = $1");
            on!(self.db.of(district).await?, rows => sqlx::query(sqlx::AssertSqlSafe(text.clone()))
                .bind(person.0).execute(rows).await.map(|_| ()))?;
        }
        self.forget_in_imports(person, district).await?;
        on!(self.db.of(district).await?, rows => sqlx::query(
                "INSERT INTO forgotten (event, district) VALUES ($1, $2) ON CONFLICT (event) DO NOTHING")
            .bind(event.0).bind(district.as_str()).execute(rows).await.map(|_| ()))?;
        self.db.overwrite().await
    }

    /// What imports of rosters say by name goes: whose name is among it cannot be told from the name alone. What was
    /// handed over and not taken in yet is handed over again.
    async fn forget_in_imports(&self, person: PersonId, district: &District) -> Result<(), sqlx::Error> {
        on!(self.db.of(district).await?, rows => {
            sqlx::query("DELETE FROM roster_piece WHERE import IN \
                         (SELECT id FROM roster_import WHERE district = $1 AND applied IS NULL)")
                .bind(district.as_str()).execute(&mut *rows).await?;
            sqlx::query("DELETE FROM roster_import WHERE district = $1 AND applied IS NULL")
                .bind(district.as_str()).execute(rows).await.map(|_| ())
        })?;
        let imports: Vec<(Uuid, String, String, Option<String>)> = on!(self.db.of(district).await?, rows => sqlx::query_as(
                "SELECT id, begun, applied, view FROM roster_import WHERE district = $1 AND applied IS NOT NULL")
            .bind(district.as_str()).fetch_all(rows).await)?;
        for (import, begun, applied, view) in imports {
            let ended = view.is_some();
            let applied = changed(&applied, |applied| {
                let by = &mut applied["authority"];
                if by["person"] == serde_json::json!(person) {
                    by["name"] = serde_json::json!(ERASED);
                }
            });
            // One that is being taken in needs its rows still: they go when it ends.
            let begun = changed(&begun, |begun| {
                if ended {
                    begun["problems"] = serde_json::json!([]);
                }
            });
            let view = view.map(|view| {
                changed(&view, |view| {
                    view["changes"] = serde_json::json!([]);
                    view["problems"] = serde_json::json!([]);
                })
            });
            on!(self.db.of(district).await?, rows => sqlx::query(
                    "UPDATE roster_import SET begun = $2, applied = $3, view = $4 WHERE id = $1")
                .bind(import).bind(&begun).bind(&applied).bind(&view).execute(rows).await.map(|_| ()))?;
        }
        Ok(())
    }

    /// The account of somebody, where they have one.
    pub(crate) async fn of(&self, person: PersonId, district: &District) -> Result<Option<Account>, sqlx::Error> {
        let hash: Option<String> = on!(self.db.of(district).await?, rows => sqlx::query_scalar(
                "SELECT hash FROM account WHERE person = $1 AND district = $2")
            .bind(person.0).bind(district.as_str()).fetch_optional(rows).await)?;
        Ok(hash.map(|hash| Account {
            person,
            district: district.clone(),
            hash,
        }))
    }

    pub(crate) async fn keep(
        &self,
        person: PersonId,
        district: &District,
        login: &str,
        hash: &str,
        now: DateTime<Utc>,
    ) -> Result<(), sqlx::Error> {
        on!(self.db.of(district).await?, rows => sqlx::query(
                "INSERT INTO account (person, district, login, hash, set_at) VALUES ($1, $2, $3, $4, $5) \
                 ON CONFLICT (person) DO UPDATE SET login = excluded.login, hash = excluded.hash, set_at = excluded.set_at")
            .bind(person.0).bind(district.as_str()).bind(login).bind(hash).bind(now)
            .execute(rows).await.map(|_| ()))
    }

    /// Whether somebody has a password.
    pub(crate) async fn has(&self, district: &District, person: PersonId) -> Result<bool, sqlx::Error> {
        let there: Option<i64> = on!(self.db.of(district).await?, rows => sqlx::query_scalar("SELECT COUNT(*) FROM account WHERE person = $1")
            .bind(person.0).fetch_optional(rows).await)?;
        Ok(there.unwrap_or_default() > 0)
    }

    /// Takes a try, before what is tried is looked at: nothing where it may be looked at, else how many seconds are still
    /// to be waited. Of many who try at once, one does.
    pub(crate) async fn tries(&self, tried: &str, now: DateTime<Utc>) -> Result<Option<u64>, sqlx::Error> {
        let old = now - Duration::hours(FORGOTTEN_HOURS);
        on!(self.db.across().await?, rows => {
            sqlx::query("DELETE FROM attempt WHERE last < $1").bind(old).execute(&mut *rows).await?;
            let known: Option<(i64, Option<DateTime<Utc>>)> = sqlx::query_as("SELECT failures, until FROM attempt WHERE tried = $1")
                .bind(tried).fetch_optional(&mut *rows).await?;
            let (failures, until) = known.unwrap_or_default();
            let left = until.map_or(0, |until| (until - now).num_milliseconds());
            if left > 0 {
                return Ok(Some((left.unsigned_abs() / 1000) + 1));
            }
            let next = failures + 1;
            let until = (next >= FREE_TRIES).then(|| {
                let seconds = 1_i64.checked_shl(u32::try_from(next - FREE_TRIES).unwrap_or(u32::MAX)).unwrap_or(WAIT_MAX);
                now + Duration::seconds(seconds.clamp(1, WAIT_MAX))
            });
            // Whoever was faster has changed the number.
            let taken = sqlx::query(
                    "INSERT INTO attempt (tried, failures, last, until) VALUES ($1, $2, $3, $4) \
                     ON CONFLICT (tried) DO UPDATE SET failures = excluded.failures, last = excluded.last, until = excluded.until \
                     WHERE attempt.failures = $5")
                .bind(tried).bind(next).bind(now).bind(until).bind(failures)
                .execute(rows).await?;
            Ok((taken.rows_affected() == 0).then_some(1))
        })
    }

    pub(crate) async fn succeeded(&self, tried: &str) -> Result<(), sqlx::Error> {
        on!(self.db.across().await?, rows => sqlx::query("DELETE FROM attempt WHERE tried = $1").bind(tried).execute(rows).await.map(|_| ()))
    }

    /// Whether the device was used to sign in as one of these before.
    pub(crate) async fn knows_device(&self, device: &str, accounts: &[Account]) -> Result<bool, sqlx::Error> {
        let whose: Option<Uuid> = on!(self.db.across().await?, rows => sqlx::query_scalar("SELECT person FROM device WHERE digest = $1")
            .bind(device).fetch_optional(rows).await)?;
        Ok(whose.is_some_and(|person| accounts.iter().any(|account| account.person.0 == person)))
    }

    pub(crate) async fn keep_device(
        &self,
        device: &str,
        person: PersonId,
        now: DateTime<Utc>,
    ) -> Result<(), sqlx::Error> {
        on!(self.db.across().await?, rows => sqlx::query(
                "INSERT INTO device (digest, person, last) VALUES ($1, $2, $3) \
                 ON CONFLICT (digest) DO UPDATE SET person = excluded.person, last = excluded.last")
            .bind(device).bind(person.0).bind(now).execute(rows).await.map(|_| ()))
    }

    pub(crate) async fn keep_link(
        &self,
        link: &str,
        person: PersonId,
        district: &District,
        until: DateTime<Utc>,
    ) -> Result<(), sqlx::Error> {
        on!(self.db.of(district).await?, rows => {
            // A new link is the only one.
            sqlx::query("DELETE FROM link WHERE person = $1").bind(person.0).execute(&mut *rows).await?;
            sqlx::query("INSERT INTO link (digest, person, district, until) VALUES ($1, $2, $3, $4)")
                .bind(link).bind(person.0).bind(district.as_str()).bind(until).execute(rows).await.map(|_| ())
        })
    }

    pub(crate) async fn link(
        &self,
        link: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<(PersonId, District)>, sqlx::Error> {
        let row: Option<(Uuid, String)> = on!(self.db.across().await?, rows => sqlx::query_as(
                "SELECT person, district FROM link WHERE digest = $1 AND until > $2")
            .bind(link).bind(now).fetch_optional(rows).await)?;
        Ok(row.and_then(|(person, district)| Some((PersonId(person), district.parse().ok()?))))
    }

    /// Uses a link up; whether it was there to be used.
    pub(crate) async fn use_link(&self, link: &str) -> Result<bool, sqlx::Error> {
        on!(self.db.across().await?, rows => sqlx::query("DELETE FROM link WHERE digest = $1").bind(link).execute(rows).await
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::Credentials;

    #[tokio::test]
    async fn what_was_erased_once_is_not_erased_again_of_who_came_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let location = sql::Location::Folder(folder.path().to_owned());
        let accounts = Accounts {
            db: Credentials::open(&location).await.expect("a store").db(),
        };
        let district: District = "north".parse().expect("a district");
        let pat = PersonId::derived(&["pat"]);
        let event = |name: &str| EventId(Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()));
        let now = DateTime::<Utc>::UNIX_EPOCH;
        let kept = async || accounts.has(&district, pat).await.expect("asked");
        accounts
            .keep(pat, &district, "pat@old.example", "x", now)
            .await
            .expect("kept");
        accounts
            .forget(pat, &district, event("first"))
            .await
            .expect("forgotten");
        assert!(!kept().await);
        // Back again, and the directory is made again from its log.
        accounts
            .keep(pat, &district, "pat@new.example", "y", now)
            .await
            .expect("kept");
        accounts
            .forget(pat, &district, event("first"))
            .await
            .expect("read again");
        assert!(kept().await);
        accounts
            .forget(pat, &district, event("second"))
            .await
            .expect("forgotten");
        assert!(!kept().await);
    }
}
