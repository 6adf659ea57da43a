//! The second step of signing in: six digits that an app makes from a secret and the time (TOTP, RFC 6238).
//!
//! Who may let others in (an administrator) and signs in with a password takes it always; anybody else can choose to. What
//! the codes are made from is kept sealed, apart from the keys it is sealed with.

use chrono::{DateTime, Utc};
use contracts::ids::{District, PersonId};
use contracts::problem::Problem;
use contracts::sealed::Sealed;
use sql::{Db, on};
use totp_rs::{Builder, Secret, Totp};

use crate::Directory;
use crate::commands::away;

/// Bytes of a secret, as RFC 4226 recommends.
const SECRET_BYTES: usize = 20;

/// The store of what codes are made from.
#[derive(Debug, Clone)]
pub(crate) struct SecondSteps {
    pub(crate) db: Db,
}

/// What somebody's codes are made from, and the last step of time whose code was used.
#[derive(Debug)]
pub(crate) struct Kept {
    secret: Secret,
    used: i64,
}

impl Kept {
    /// As apps take it by hand, in Base32.
    pub(crate) fn by_hand(&self) -> String {
        self.secret.to_base32()
    }

    /// As apps take it from a picture.
    pub(crate) fn address(&self, login: &str) -> String {
        // A colon would end the name of the service, and anything else is for the address to escape.
        let login: String = login
            .bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' | b'@' => char::from(byte).to_string(),
                other => format!("%{other:02X}"),
            })
            .collect();
        format!(
            "otpauth://totp/Loopline:{login}?secret={}&issuer=Loopline",
            self.by_hand()
        )
    }

    /// The step of time that a code is of, where it is of one that was not used yet.
    pub(crate) fn step_of(&self, code: &str, now: DateTime<Utc>) -> Option<i64> {
        let totp: Totp = Builder::new().with_secret(self.secret.clone()).build().ok()?;
        let digits: String = code.chars().filter(|sign| !sign.is_whitespace()).collect();
        let step = totp.check(&digits, u64::try_from(now.timestamp()).ok()?)?;
        i64::try_from(step).ok().filter(|step| *step > self.used)
    }
}

impl SecondSteps {
    async fn row(&self, district: &District, person: PersonId) -> Result<Option<(String, i64, String)>, sqlx::Error> {
        on!(self.db.of(district).await?, rows => sqlx::query_as("SELECT secret, used, half FROM second_step WHERE person = $1")
            .bind(person.0).fetch_optional(rows).await)
    }

    /// Whether somebody has used a code: then what makes them is set up.
    pub(crate) async fn is_set(&self, district: &District, person: PersonId) -> Result<bool, sqlx::Error> {
        Ok(self.row(district, person).await?.is_some_and(|(_, used, _)| used > 0))
    }

    async fn keep(&self, person: PersonId, district: &District, secret: &str, half: &str) -> Result<(), sqlx::Error> {
        on!(self.db.of(district).await?, rows => sqlx::query(
                "INSERT INTO second_step (person, district, secret, used, half) VALUES ($1, $2, $3, 0, $4) \
                 ON CONFLICT (person) DO UPDATE SET secret = excluded.secret, half = excluded.half WHERE second_step.used = 0")
            .bind(person.0).bind(district.as_str()).bind(secret).bind(half).execute(rows).await.map(|_| ()))
    }

    /// Uses a step of time up; whether nobody did before.
    pub(crate) async fn use_up(&self, district: &District, person: PersonId, step: i64) -> Result<bool, sqlx::Error> {
        on!(self.db.of(district).await?, rows => sqlx::query("UPDATE second_step SET used = $2 WHERE person = $1 AND used < $2")
            .bind(person.0).bind(step).execute(rows).await.map(|done| done.rows_affected() > 0))
    }

    /// Forgets what somebody's codes are made from.
    pub(crate) async fn forget(&self, district: &District, person: PersonId) -> Result<(), sqlx::Error> {
        on!(self.db.of(district).await?, rows => sqlx::query("DELETE FROM second_step WHERE person = $1")
            .bind(person.0).execute(rows).await.map(|_| ()))
    }
}

/// What somebody's codes are made from. Until a code was used it is made anew for each who comes so far, by what the first
/// step gave them: whoever was shown it and left knows nothing that is ever of use.
pub(crate) async fn kept(
    directory: &Directory,
    district: &District,
    person: PersonId,
    half: &str,
) -> Result<Kept, Problem> {
    let steps = &directory.second_steps;
    let known = steps.row(district, person).await.map_err(away)?;
    if known.is_none_or(|(_, used, shown_to)| used == 0 && shown_to != half) {
        let mut bytes = [0; SECRET_BYTES];
        rand::Rng::fill_bytes(&mut rand::rng(), &mut bytes);
        let secret = Secret::from(bytes.to_vec()).to_base32();
        let sealed = sealed(directory, &secret).await?;
        steps.keep(person, district, &sealed, half).await.map_err(away)?;
    }
    // Of two who ask at once, the last made it.
    let row = steps.row(district, person).await.map_err(away)?;
    let (secret, used, _) = row.ok_or_else(unreadable)?;
    let secret = opened(directory, &secret).await?;
    let secret = Secret::try_from_base32(secret).map_err(|_| unreadable())?;
    Ok(Kept { secret, used })
}

fn unreadable() -> Problem {
    Problem::unavailable("what the second step is made from cannot be read; an administrator can take it away")
}

/// A secret as it is kept.
pub(crate) async fn sealed(directory: &Directory, secret: &str) -> Result<String, Problem> {
    let trouble = |_| Problem::unavailable("what is secret cannot be sealed for a moment; try again");
    let key = directory.keyring.lease().await.map_err(trouble)?;
    let sealed = directory.keyring.seal(key, secret).await.map_err(trouble)?;
    serde_json::to_string(&sealed).map_err(|_| unreadable())
}

/// A secret that was kept.
pub(crate) async fn opened(directory: &Directory, kept: &str) -> Result<String, Problem> {
    let sealed: Sealed = serde_json::from_str(kept).map_err(|_| unreadable())?;
    directory.keyring.open(&sealed).await.map_err(|_| unreadable())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B: the secret of its tests, cut to the six digits that apps show.
    #[test]
    fn codes_are_those_of_the_standard_and_are_used_once() {
        let mut kept = Kept {
            secret: Secret::from(b"12345678901234567890".to_vec()),
            used: 0,
        };
        let at = |seconds: i64| DateTime::from_timestamp(seconds, 0).expect("a time");
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (2_000_000_000, "279037")] {
            assert_eq!(kept.step_of(code, at(seconds)), Some(seconds / 30), "{code}");
            assert_eq!(
                kept.step_of(&format!("{} {}", &code[..3], &code[3..]), at(seconds)),
                Some(seconds / 30)
            );
            // A telephone's clock is a little off; more than that is another code.
            assert!(kept.step_of(code, at(seconds + 30)).is_some());
            assert_eq!(kept.step_of(code, at(seconds + 90)), None);
        }
        assert_eq!(kept.step_of("287083", at(59)), None);
        assert_eq!(kept.step_of("", at(59)), None);
        kept.used = 1;
        assert_eq!(kept.step_of("287082", at(59)), None, "it was used");
        assert!(
            kept.address("ada+x@north.example")
                .starts_with("otpauth://totp/Loopline:ada%2Bx@north.example?secret=GEZ")
        );
    }
}
