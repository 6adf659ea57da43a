//! Accounts: passwords by person, links with which one is chosen, and what is tried too often. In the store that is backed
//! up, beside sessions.
//!
//! Nothing here tells whether somebody has an account: who has none is refused in the same words after the same work, and
//! kept waiting as anybody else is. Waiting is by name and device: whoever tries a name from elsewhere holds nobody up who
//! signs in from a device that they signed in from before.

use chrono::{DateTime, Duration, Utc};
use contracts::claims::Claims;
use contracts::commands::door::{
    LinkMade, LinkView, LookAtLink, MakeLink, SetPassword, SignInByPassword, SignedIn, Whom,
};
use contracts::ids::{District, PersonId};
use contracts::problem::Problem;
use contracts::vocabulary::Role;
use sha2::{Digest as _, Sha256};
use sql::{Db, on};
use uuid::Uuid;

use crate::Directory;
use crate::commands::away;
use crate::passwords::weakness;
use crate::read_model::{claims, email_of, person_by_email};

/// How long a link can be used.
const LINK_DAYS: i64 = 7;
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
struct Account {
    person: PersonId,
    district: District,
    hash: String,
}

impl Accounts {
    async fn by_login(&self, login: &str) -> Result<Vec<Account>, sqlx::Error> {
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

    async fn keep(
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
    async fn wait(&self, tried: &str, now: DateTime<Utc>) -> Result<Option<u64>, sqlx::Error> {
        let until: Option<Option<DateTime<Utc>>> = on!(&self.db, pool => sqlx::query_scalar(
                "SELECT until FROM attempt WHERE tried = $1").bind(tried).fetch_optional(pool).await)?;
        let left = until.flatten().map(|until| (until - now).num_seconds() + 1);
        Ok(left.filter(|left| *left > 0).map(i64::unsigned_abs))
    }

    /// One more failure. Counted before the password is looked at, so that many at once do not slip through.
    async fn failed(&self, tried: &str, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
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

    async fn succeeded(&self, tried: &str) -> Result<(), sqlx::Error> {
        on!(&self.db, pool => sqlx::query("DELETE FROM attempt WHERE tried = $1").bind(tried).execute(pool).await.map(|_| ()))
    }

    /// Whether the device was used to sign in as one of these before.
    async fn knows_device(&self, device: &str, accounts: &[Account]) -> Result<bool, sqlx::Error> {
        let whose: Option<Uuid> = on!(&self.db, pool => sqlx::query_scalar("SELECT person FROM device WHERE digest = $1")
            .bind(device).fetch_optional(pool).await)?;
        Ok(whose.is_some_and(|person| accounts.iter().any(|account| account.person.0 == person)))
    }

    async fn keep_device(&self, device: &str, person: PersonId, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
        on!(&self.db, pool => sqlx::query(
                "INSERT INTO device (digest, person, last) VALUES ($1, $2, $3) \
                 ON CONFLICT (digest) DO UPDATE SET person = excluded.person, last = excluded.last")
            .bind(device).bind(person.0).bind(now).execute(pool).await.map(|_| ()))
    }

    async fn keep_link(
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

    async fn link(&self, link: &str, now: DateTime<Utc>) -> Result<Option<(PersonId, District)>, sqlx::Error> {
        let row: Option<(Uuid, String)> = on!(&self.db, pool => sqlx::query_as(
                "SELECT person, district FROM link WHERE digest = $1 AND until > $2")
            .bind(link).bind(now).fetch_optional(pool).await)?;
        Ok(row.and_then(|(person, district)| Some((PersonId(person), district.parse().ok()?))))
    }

    /// Uses a link up; whether it was there to be used.
    async fn use_link(&self, link: &str) -> Result<bool, sqlx::Error> {
        on!(&self.db, pool => sqlx::query("DELETE FROM link WHERE digest = $1").bind(link).execute(pool).await
            .map(|done| done.rows_affected() > 0))
    }
}

/// The name somebody signs in with, as it is compared.
fn as_login(text: &str) -> String {
    text.trim().to_lowercase().chars().take(LOGIN_MAX).collect()
}

/// What is counted under: nobody's name stands in the table.
fn tried(kind: &str, what: &str) -> String {
    let digest = Sha256::digest(format!("{kind}\0{what}"));
    digest.iter().fold(String::new(), |mut hex, byte| {
        use std::fmt::Write as _;
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Signs somebody in.
pub(crate) async fn sign_in(directory: &Directory, asked: SignInByPassword) -> Result<SignedIn, Problem> {
    let (accounts, now) = (&directory.accounts, directory.clock.now());
    let login = as_login(&asked.login);
    let known = accounts.by_login(&login).await.map_err(away)?;
    let device = match &asked.device {
        Some(device) if accounts.knows_device(device, &known).await.map_err(away)? => Some(device),
        Some(_) | None => None,
    };
    let tried = match device {
        Some(device) => tried("device", device),
        None => tried("login", &login),
    };
    if let Some(seconds) = accounts.wait(&tried, now).await.map_err(away)? {
        return Ok(SignedIn::Later { seconds });
    }
    accounts.failed(&tried, now).await.map_err(away)?;
    let mut found = None;
    for account in &known {
        if directory.hasher.is(asked.password.clone(), Some(&account.hash)).await? {
            found = Some(account);
            break;
        }
    }
    if known.is_empty() {
        directory.hasher.is(asked.password, None).await?;
    }
    let Some(account) = found else {
        return Ok(SignedIn::Refused);
    };
    let position = directory.people.position.get();
    let active = claims(&directory.people.db, &account.district, account.person, position)
        .await
        .map_err(away)?;
    if active.is_none() {
        return Ok(SignedIn::Refused);
    }
    accounts.succeeded(&tried).await.map_err(away)?;
    if let Some(device) = &asked.device {
        accounts.keep_device(device, account.person, now).await.map_err(away)?;
    }
    directory
        .credentials
        .begin_session(&asked.session, &account.district, account.person, now)
        .await
        .map_err(away)?;
    Ok(SignedIn::Welcome)
}

fn no_link() -> Problem {
    Problem::new(
        "link-over",
        404,
        "This link is over",
        "it was used, or is older than a week, or another came after it; ask your district's administrator for a new one",
    )
}

/// Whose link it is, and what they sign in with.
async fn of_link(directory: &Directory, link: &str) -> Result<(Claims, String), Problem> {
    let (person, district) = directory
        .accounts
        .link(link, directory.clock.now())
        .await
        .map_err(away)?
        .ok_or_else(no_link)?;
    let position = directory.people.position.get();
    let whose = claims(&directory.people.db, &district, person, position)
        .await
        .map_err(away)?;
    let whose = whose.ok_or_else(no_link)?;
    let login = email_of(&directory.people.db, &district, person).await.map_err(away)?;
    Ok((whose, login.ok_or_else(no_link)?))
}

/// What a link is for.
pub(crate) async fn look_at_link(directory: &Directory, asked: LookAtLink) -> Result<LinkView, Problem> {
    let (whose, login) = of_link(directory, &asked.link).await?;
    let district = directory.districts.with(&whose.district, |record| record.name.clone());
    Ok(LinkView {
        again: directory.accounts.has(whose.person).await.map_err(away)?,
        name: whose.name,
        district: district.unwrap_or_default(),
        login,
    })
}

/// Chooses a password; other sessions of the person end.
pub(crate) async fn set_password(directory: &Directory, asked: SetPassword) -> Result<bool, Problem> {
    let (whose, login) = of_link(directory, &asked.link).await?;
    let district = directory.districts.with(&whose.district, |record| record.name.clone());
    let about = [
        whose.name.as_str(),
        login.as_str(),
        district.as_deref().unwrap_or_default(),
    ];
    if let Some(weakness) = weakness(&asked.password, &about) {
        return Err(Problem::invalid_field("password", weakness));
    }
    let mut salt = [0; 16];
    rand::Rng::fill_bytes(&mut rand::rng(), &mut salt);
    let hash = directory.hasher.hash(asked.password, salt).await?;
    // Of two who hold the link, one uses it.
    if !directory.accounts.use_link(&asked.link).await.map_err(away)? {
        return Err(no_link());
    }
    let now = directory.clock.now();
    directory
        .accounts
        .keep(whose.person, &whose.district, &as_login(&login), &hash, now)
        .await
        .map_err(away)?;
    directory.credentials.end_sessions(whose.person).await.map_err(away)?;
    directory
        .credentials
        .begin_session(&asked.session, &whose.district, whose.person, now)
        .await
        .map_err(away)?;
    Ok(true)
}

/// Makes a link; `by` is an administrator of the district, or nobody where whoever has the machine asks.
pub(crate) async fn make_link(
    directory: &Directory,
    asked: MakeLink,
    by: Option<&Claims>,
) -> Result<LinkMade, Problem> {
    if by.is_some_and(|by| by.district != asked.district || !by.has(Role::Administrator)) {
        return Err(Problem::forbidden("this is for the district administrator to do"));
    }
    let (db, district) = (&directory.people.db, &asked.district);
    let person = match &asked.whom {
        Whom::Person(person) => *person,
        Whom::Email(email) => {
            let found = person_by_email(db, district, &as_login(email)).await.map_err(away)?;
            found.ok_or_else(|| Problem::not_found("person with this e-mail address"))?
        }
    };
    let position = directory.people.position.get();
    let whose = claims(db, district, person, position).await.map_err(away)?;
    let whose = whose.ok_or_else(|| Problem::not_found("person"))?;
    let login = email_of(db, district, person).await.map_err(away)?.ok_or_else(|| {
        Problem::conflict(
            "no-address",
            format!(
                "{} has no e-mail address, by which people sign in; add one to the roster",
                whose.name
            ),
        )
    })?;
    let until = directory.clock.now() + Duration::days(LINK_DAYS);
    directory
        .accounts
        .keep_link(&asked.link, person, district, until)
        .await
        .map_err(away)?;
    Ok(LinkMade {
        person,
        name: whose.name,
        login,
        until,
    })
}
