//! What is said at the door: signing in with a password, links that let somebody choose one, and what an administrator does
//! about people.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ids::{District, PersonId};

/// Somebody wants in with a password.
#[derive(Clone, Serialize, Deserialize)]
pub struct SignInByPassword {
    /// The name they sign in with: an e-mail address.
    pub login: String,
    /// The password.
    pub password: String,
    /// The digest of the session's secret, if they may.
    pub session: String,
    /// The digest of the secret that their device kept from the last time.
    #[serde(default)]
    pub device: Option<String>,
}

// A password is never printed.
impl std::fmt::Debug for SignInByPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignInByPassword").finish_non_exhaustive()
    }
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum SignedIn {
    /// The session has begun.
    Welcome,
    /// The two do not belong together; nothing is said of which is wrong.
    Refused,
    /// It was tried too often; again after so long.
    Later {
        /// Seconds.
        seconds: u64,
    },
}

/// Looks at what a link is for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LookAtLink {
    /// The digest of its secret.
    pub link: String,
}

/// What a link is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkView {
    /// Whose it is.
    pub name: String,
    /// Of which district.
    pub district: String,
    /// What they will sign in with.
    pub login: String,
    /// Whether they have a password already.
    pub again: bool,
}

/// Chooses a password with a link, which is used up by it.
#[derive(Clone, Serialize, Deserialize)]
pub struct SetPassword {
    /// The digest of the link's secret.
    pub link: String,
    /// The password.
    pub password: String,
    /// The digest of the secret of the session that begins with it.
    pub session: String,
}

impl std::fmt::Debug for SetPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SetPassword")
            .field("link", &self.link)
            .finish_non_exhaustive()
    }
}

/// Makes a link with which somebody chooses a password.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MakeLink {
    /// The district.
    pub district: District,
    /// For whom.
    pub whom: Whom,
    /// The digest of its secret, which only whoever asked knows.
    pub link: String,
}

/// Who is meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whom {
    /// By id.
    Person(PersonId),
    /// By the e-mail address, which one person of the district has.
    Email(String),
}

/// A link that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkMade {
    /// For whom.
    pub person: PersonId,
    /// Their name.
    pub name: String,
    /// What they will sign in with.
    pub login: String,
    /// Until when it can be used.
    pub until: chrono::DateTime<chrono::Utc>,
}

/// A session of somebody's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionView {
    /// By this it is ended.
    pub id: Uuid,
    /// On what, as the browser said.
    pub on: String,
    /// Since when.
    pub since: chrono::DateTime<chrono::Utc>,
    /// When it was last used.
    pub last: chrono::DateTime<chrono::Utc>,
    /// Whether it is the one that asks.
    pub this: bool,
}
