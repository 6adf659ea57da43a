//! Passwords: which are taken, and how they are kept.
//!
//! Argon2id with 19 MiB, two passes and one lane (OWASP's recommendation), few at a time, so that nobody fills the memory
//! by trying.

use std::sync::Arc;
use std::time::Duration;

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use contracts::problem::Problem;
use tokio::sync::Semaphore;

/// Letters at least: with nothing beside it, a password has to stand alone.
const LETTERS_MIN: usize = 12;
/// Letters at most: more than anybody types, and little to hash.
const LETTERS_MAX: usize = 128;
/// How hard a password must be to guess, of 0 to 4: beyond what is tried against one account within a year.
const GUESSES: u8 = 3;
/// Memory in KiB, passes, lanes.
const MEMORY: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const HASH_BYTES: usize = 32;
/// Passwords that are hashed at once.
const AT_ONCE: usize = 2;
/// How long somebody waits for their turn.
const TURN: Duration = Duration::from_secs(2);

/// Hashes passwords, a few at a time.
#[derive(Debug, Clone)]
pub(crate) struct Hasher {
    turns: Arc<Semaphore>,
}

impl Default for Hasher {
    fn default() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }
}

/// Why a password is not taken; nothing where it is. `about` is what whoever guesses would try first.
pub(crate) fn weakness(password: &str, about: &[&str]) -> Option<String> {
    let letters = password.chars().count();
    if letters < LETTERS_MIN {
        return Some(format!(
            "has fewer than {LETTERS_MIN} letters; three or four words that do not belong together are good"
        ));
    }
    if letters > LETTERS_MAX {
        return Some(format!("has more than {LETTERS_MAX} letters"));
    }
    let mut words: Vec<&str> = about.iter().flat_map(|text| text.split([' ', '@', '.', '-'])).collect();
    words.extend(about);
    words.extend(["loopline", "school", "district"]);
    words.retain(|word| word.chars().count() > 2);
    // Whoever knows the person knows these: what is left without them must be hard enough to guess.
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let unknown = words.iter().fold(password.to_lowercase(), |rest, word| {
        rest.replace(&word.to_lowercase(), "")
    });
    let hard = |text: &str| u8::from(zxcvbn::zxcvbn(text, &[]).score()) >= GUESSES;
    (!hard(&unknown) || !hard(password)).then(|| {
        "is among the first that somebody would try; three or four words that do not belong together are good"
            .to_owned()
    })
}

impl Hasher {
    /// Hashes a password with a salt that nobody else has, as a PHC string.
    pub(crate) async fn hash(&self, password: String, salt: [u8; 16]) -> Result<String, Problem> {
        let hash = self.work(password, salt).await?;
        Ok(format!(
            "$argon2id$v=19$m={MEMORY},t={PASSES},p={LANES}${}${}",
            BASE64.encode(salt),
            BASE64.encode(hash)
        ))
    }

    /// Whether a password is the one; where there is none to compare with, it takes as long and is not.
    pub(crate) async fn is(&self, password: String, kept: Option<&str>) -> Result<bool, Problem> {
        let parts = kept.and_then(parts);
        let (salt, wanted) = parts.unwrap_or(([7; 16], [0; HASH_BYTES]));
        let hash = self.work(password, salt).await?;
        let differences = hash
            .iter()
            .zip(wanted)
            .fold(0_u8, |found, (one, other)| found | (one ^ other));
        Ok(parts.is_some() && differences == 0)
    }

    async fn work(&self, password: String, salt: [u8; 16]) -> Result<[u8; HASH_BYTES], Problem> {
        let busy = || Problem::unavailable("many people are signing in just now; try again in a moment");
        let turn = tokio::time::timeout(TURN, self.turns.clone().acquire_owned()).await;
        let Ok(Ok(turn)) = turn else { return Err(busy()) };
        let worked = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let mut hash = [0; HASH_BYTES];
            let params = Params::new(MEMORY, PASSES, LANES, Some(HASH_BYTES)).ok()?;
            let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
            argon2.hash_password_into(password.as_bytes(), &salt, &mut hash).ok()?;
            Some(hash)
        });
        worked.await.ok().flatten().ok_or_else(busy)
    }
}

/// Salt and hash of what is kept; nothing where it is not as we keep them.
fn parts(kept: &str) -> Option<([u8; 16], [u8; HASH_BYTES])> {
    let rest = kept.strip_prefix(&format!("$argon2id$v=19$m={MEMORY},t={PASSES},p={LANES}$"))?;
    let (salt, hash) = rest.split_once('$')?;
    let salt = BASE64.decode(salt).ok()?.try_into().ok()?;
    let hash = BASE64.decode(hash).ok()?.try_into().ok()?;
    Some((salt, hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_anybody_would_try_first_is_refused() {
        let about = ["Rosa Delgado", "rosa.delgado@cedar.example", "Cedar Valley"];
        for bad in [
            "short",
            "password1234",
            "qwertyuiop123",
            "aaaaaaaaaaaaaaaa",
            "rosadelgado2026",
            "delgado-2026-rosa",
            "CedarValley2026",
            "loopline12345",
        ] {
            assert!(weakness(bad, &about).is_some(), "{bad}");
        }
        for good in ["otter lamp gravel seven", "Zt9#qLw2!mXv4p", "meadow-kettle-orbit"] {
            assert_eq!(weakness(good, &about), None, "{good}");
        }
        assert!(weakness(&"x7 ".repeat(50), &about).is_some());
    }

    #[tokio::test]
    async fn a_password_is_known_again_and_no_other_is() {
        let hasher = Hasher::default();
        let kept = hasher
            .hash("otter lamp gravel".to_owned(), [3; 16])
            .await
            .expect("hashed");
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(
            hasher
                .is("otter lamp gravel".to_owned(), Some(&kept))
                .await
                .expect("compared")
        );
        assert!(
            !hasher
                .is("otter lamp grave".to_owned(), Some(&kept))
                .await
                .expect("compared")
        );
        assert!(!hasher.is("otter lamp gravel".to_owned(), None).await.expect("compared"));
        assert!(
            !hasher
                .is("x".to_owned(), Some("$argon2id$v=19$m=8,t=1,p=1$AA$AA"))
                .await
                .expect("compared")
        );
    }
}
