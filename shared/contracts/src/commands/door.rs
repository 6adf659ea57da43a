//! What is said at the door: signing in with a password or with an account elsewhere, the second step, links that let
//! somebody choose a password, and sessions.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::claims::Claims;
use crate::ids::{District, PersonId};
use crate::vocabulary::TokenScope;

/// Something that an administrator does in the office, or whoever has the machine.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OfficeMessage<T> {
    /// The district it is for.
    pub district: District,
    /// On whose behalf; the operator's where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Claims>,
    /// What.
    pub step: T,
}

/// A session that begins, if it may.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NewSession {
    /// The digest of its secret.
    pub digest: String,
    /// On what it is, in words, such as "Firefox on Linux".
    #[serde(default)]
    pub on: String,
}

/// Somebody wants in with a password.
#[derive(Clone, Serialize, Deserialize)]
pub struct SignInByPassword {
    /// The name they sign in with: an e-mail address.
    pub login: String,
    /// The password.
    pub password: String,
    /// The session, if they may.
    pub session: NewSession,
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
    /// It begins with the second step: the secret that was meant for it is good for that step only.
    SecondStep,
    /// The two do not belong together; nothing is said of which is wrong.
    Refused,
    /// It was tried too often; again after so long.
    Later {
        /// Seconds.
        seconds: u64,
    },
}

/// What the second step asks for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LookAtSecondStep {
    /// The digest of the secret that the first step gave.
    pub half: String,
}

/// The second step.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondStepView {
    /// Whose.
    pub name: String,
    /// What their app keeps, in Base32, where they have none yet and set it up now.
    pub secret: Option<String>,
    /// The same with who it is for, as apps read it from a picture.
    pub address: Option<String>,
}

impl std::fmt::Debug for SecondStepView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SecondStepView").finish_non_exhaustive()
    }
}

/// The code that an app shows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TakeSecondStep {
    /// The digest of the secret that the first step gave.
    pub half: String,
    /// Six digits.
    pub code: String,
    /// The session that begins with it.
    pub session: NewSession,
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
    /// The session that begins with it.
    pub session: NewSession,
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
    /// For whom.
    pub whom: Whom,
    /// The digest of its secret, which only whoever asked knows.
    pub link: String,
    /// Whether their second step is taken away with it: only whoever has the machine can say so.
    #[serde(default)]
    pub without_second_step: bool,
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
    pub until: DateTime<Utc>,
}

/// A session is over: one's own, or another of one's own by its id, or all others.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EndSession {
    /// The digest of the secret of whoever asks.
    pub secret_digest: String,
    /// Which.
    pub which: WhichSession,
}

/// Which of one's sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhichSession {
    /// The one that asks.
    This,
    /// One by its id.
    One(Uuid),
    /// All but the one that asks.
    Others,
}

/// From now on, or no longer, a session acts for somebody who is away.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ActFor {
    /// The digest of its secret.
    pub secret_digest: String,
    /// For whom; for nobody but oneself where absent.
    pub absent: Option<PersonId>,
}

/// Asks what of one's own lets somebody in.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct OwnAccess {
    /// The digest of the secret that asks.
    pub secret_digest: String,
}

/// What of somebody's lets somebody in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessView {
    /// Sessions, the newest first.
    pub sessions: Vec<SessionView>,
    /// Tokens, the newest first.
    pub tokens: Vec<TokenView>,
    /// Whether they have a password.
    pub password: bool,
    /// Whether they sign in with a second step.
    pub second_step: bool,
    /// For whom they may act now.
    pub stands_in: Vec<(PersonId, String)>,
    /// Who acts, or will act, for them, from which day to which.
    pub stood_in_by: Vec<StandInView>,
}

/// Somebody who acts for another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandInView {
    /// Who.
    pub person: PersonId,
    /// The name.
    pub name: String,
    /// From which day on.
    pub from: chrono::NaiveDate,
    /// The last day.
    pub until: chrono::NaiveDate,
}

/// A session of somebody's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionView {
    /// By this it is ended.
    pub id: Uuid,
    /// On what, as the browser said.
    pub on: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// When it was last used.
    pub last: DateTime<Utc>,
    /// Whether it is the one that asks.
    pub this: bool,
}

/// A token of somebody's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenView {
    /// By this it is ended.
    pub id: Uuid,
    /// What it is for.
    pub name: String,
    /// What may be done with it.
    pub scope: TokenScope,
    /// Since when.
    pub since: DateTime<Utc>,
    /// When it was last used.
    pub last: Option<DateTime<Utc>>,
    /// Until when.
    pub until: DateTime<Utc>,
}

/// Where somebody can sign on with an account that they have elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferedProvider {
    /// The district.
    pub district: District,
    /// Its name.
    pub district_name: String,
    /// The provider's short name.
    pub id: String,
    /// What the button says.
    pub name: String,
}

/// Somebody wants to sign on with an account that they have elsewhere.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BeginSignOn {
    /// Of which district.
    pub district: District,
    /// Where: the provider's short name.
    pub provider: String,
    /// The address that the provider sends them back to.
    pub back: String,
    /// The digest of what their browser keeps until then.
    pub browser: String,
}

/// Where to send them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SignOnBegun {
    /// The provider's address with all that it needs to know.
    pub address: String,
}

/// They came back.
#[derive(Clone, Serialize, Deserialize)]
pub struct FinishSignOn {
    /// Of which district.
    pub district: District,
    /// From where: the provider's short name, as it stood in the address.
    pub provider: String,
    /// What the provider gave, to be exchanged.
    pub code: String,
    /// What we gave the provider.
    pub state: String,
    /// Who the provider says that it is (RFC 9207), where it does.
    #[serde(default)]
    pub issuer: Option<String>,
    /// The digest of what their browser kept.
    pub browser: String,
    /// The session that begins with it.
    pub session: NewSession,
}

impl std::fmt::Debug for FinishSignOn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FinishSignOn")
            .field("district", &self.district)
            .field("provider", &self.provider)
            .finish_non_exhaustive()
    }
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum SignedOn {
    /// The session has begun.
    Welcome,
    /// The provider knows them, and the district does not: whom they can ask.
    Unknown {
        /// The account, as far as the provider says.
        account: String,
        /// The district's name.
        district: String,
        /// The central-office contact's name.
        contact: Option<String>,
    },
}

/// A list that somebody keeps under a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptView {
    /// Which.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// Where it is.
    pub address: String,
}

/// Somebody keeps a list; under a name that is there already it takes its place.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KeepView {
    /// Whose session asks.
    pub secret_digest: String,
    /// Its name.
    pub name: String,
    /// Where it is.
    pub address: String,
}

/// Somebody keeps a list no longer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ForgetView {
    /// Whose session asks.
    pub secret_digest: String,
    /// Which.
    pub id: Uuid,
}
