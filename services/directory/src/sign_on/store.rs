//! Who is on the way to a provider and back, whose accounts are whose, and what is shared with providers.

use chrono::{DateTime, Utc};
use contracts::ids::{District, PersonId};
use contracts::sign_on::Provider;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use sql::{Db, on};
use uuid::Uuid;

/// People of a district who are on the way at once: beyond, those who set out first are given up.
const ON_THE_WAY_MAX: i64 = 10_000;

/// The store.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    pub(crate) db: Db,
}

/// Somebody who set out and has not come back.
#[derive(Debug, Clone)]
pub(crate) struct OnTheWay {
    pub(crate) district: District,
    pub(crate) provider: String,
    /// The digest of what the browser keeps.
    pub(crate) browser: String,
    pub(crate) nonce: String,
    pub(crate) verifier: String,
    pub(crate) back: String,
    pub(crate) until: DateTime<Utc>,
}

type WayRow = (String, String, String, String, String, String, DateTime<Utc>);

/// What a provider's accounts and secret are kept under: all that makes it the one it is, so that another under the same
/// id is never given them, whenever it took its place.
fn exact(provider: &Provider) -> String {
    let all = json!([
        provider.id,
        provider.kind,
        provider.issuer,
        provider.client_id,
        provider.tenant
    ]);
    runtime::ids::hex(&Sha256::digest(all.to_string()))
}

impl Store {
    /// Notes that somebody set out. Nobody is kept from it by others who only set out: those of longest ago are given up.
    pub(crate) async fn set_out(&self, state: &str, way: &OnTheWay, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
        on!(self.db.across().await?, rows => sqlx::query("DELETE FROM sign_on WHERE until < $1")
            .bind(now).execute(rows).await.map(|_| ()))?;
        on!(self.db.of(&way.district).await?, rows => {
            sqlx::query(
                    "DELETE FROM sign_on WHERE state IN (\
                        SELECT state FROM sign_on WHERE district = $1 ORDER BY until DESC LIMIT 1000 OFFSET $2)")
                .bind(way.district.as_str()).bind(ON_THE_WAY_MAX).execute(&mut *rows).await?;
            sqlx::query(
                    "INSERT INTO sign_on (state, district, provider, browser, nonce, verifier, back, until) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
                .bind(state).bind(way.district.as_str()).bind(&way.provider).bind(&way.browser).bind(&way.nonce)
                .bind(&way.verifier).bind(&way.back).bind(way.until)
                .execute(rows).await.map(|_| ())
        })
    }

    /// Who set out with this; once.
    pub(crate) async fn come_back(&self, state: &str) -> Result<Option<OnTheWay>, sqlx::Error> {
        let row: Option<WayRow> = on!(self.db.across().await?, rows => sqlx::query_as(
                "DELETE FROM sign_on WHERE state = $1 RETURNING district, provider, browser, nonce, verifier, back, until")
            .bind(state).fetch_optional(rows).await)?;
        Ok(
            row.and_then(|(district, provider, browser, nonce, verifier, back, until)| {
                Some(OnTheWay {
                    district: district.parse().ok()?,
                    provider,
                    browser,
                    nonce,
                    verifier,
                    back,
                    until,
                })
            }),
        )
    }

    /// Whose an account is, once it is known.
    pub(crate) async fn identity(
        &self,
        district: &District,
        provider: &Provider,
        account: &str,
    ) -> Result<Option<PersonId>, sqlx::Error> {
        let person: Option<Uuid> = on!(self.db.of(district).await?, rows => sqlx::query_scalar(
                "SELECT person FROM identity WHERE district = $1 AND provider = $2 AND account = $3")
            .bind(district.as_str()).bind(exact(provider)).bind(account).fetch_optional(rows).await)?;
        Ok(person.map(PersonId))
    }

    /// Whether somebody is known to have an account at a provider.
    pub(crate) async fn has_identity(
        &self,
        district: &District,
        provider: &Provider,
        person: PersonId,
    ) -> Result<bool, sqlx::Error> {
        let there: i64 = on!(self.db.of(district).await?, rows => sqlx::query_scalar(
                "SELECT COUNT(*) FROM identity WHERE district = $1 AND provider = $2 AND person = $3")
            .bind(district.as_str()).bind(exact(provider)).bind(person.0).fetch_one(rows).await)?;
        Ok(there > 0)
    }

    /// Keeps whose an account is.
    pub(crate) async fn keep_identity(
        &self,
        district: &District,
        provider: &Provider,
        account: &str,
        person: PersonId,
        now: DateTime<Utc>,
    ) -> Result<(), sqlx::Error> {
        on!(self.db.of(district).await?, rows => sqlx::query(
                "INSERT INTO identity (district, provider, account, person, last) VALUES ($1, $2, $3, $4, $5) \
                 ON CONFLICT (district, provider, account) DO UPDATE SET person = excluded.person, last = excluded.last")
            .bind(district.as_str()).bind(exact(provider)).bind(account).bind(person.0).bind(now)
            .execute(rows).await.map(|_| ()))
    }

    /// What a provider and we share as a secret, sealed.
    pub(crate) async fn secret(&self, district: &District, provider: &Provider) -> Result<Option<String>, sqlx::Error> {
        on!(self.db.of(district).await?, rows => sqlx::query_scalar("SELECT secret FROM provider_secret WHERE district = $1 AND provider = $2")
            .bind(district.as_str()).bind(exact(provider)).fetch_optional(rows).await)
    }

    /// Keeps it.
    pub(crate) async fn keep_secret(
        &self,
        district: &District,
        provider: &Provider,
        secret: &str,
    ) -> Result<(), sqlx::Error> {
        on!(self.db.of(district).await?, rows => sqlx::query(
                "INSERT INTO provider_secret (district, provider, secret) VALUES ($1, $2, $3) \
                 ON CONFLICT (district, provider) DO UPDATE SET secret = excluded.secret")
            .bind(district.as_str()).bind(exact(provider)).bind(secret).execute(rows).await.map(|_| ()))
    }

    /// Forgets a provider.
    pub(crate) async fn forget_provider(&self, district: &District, provider: &Provider) -> Result<(), sqlx::Error> {
        on!(self.db.of(district).await?, rows => {
            let of_it = exact(provider);
            for (table, known_as) in [
                ("DELETE FROM provider_secret WHERE district = $1 AND provider = $2", &of_it),
                ("DELETE FROM identity WHERE district = $1 AND provider = $2", &of_it),
                ("DELETE FROM sign_on WHERE district = $1 AND provider = $2", &provider.id),
            ] {
                sqlx::query(table).bind(district.as_str()).bind(known_as).execute(&mut *rows).await?;
            }
            Ok(())
        })
    }

    /// Forgets which accounts are somebody's.
    pub(crate) async fn forget_person(&self, district: &District, person: PersonId) -> Result<(), sqlx::Error> {
        on!(self.db.of(district).await?, rows => sqlx::query("DELETE FROM identity WHERE person = $1")
            .bind(person.0).execute(rows).await.map(|_| ()))
    }
}
