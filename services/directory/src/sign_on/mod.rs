//! Signing on with an account that somebody has elsewhere (OpenID Connect 1.0, authorization code with PKCE).
//!
//! What ties the two ends of the way together: `state`, used once, within ten minutes, by the browser that began (RFC 6749,
//! 10.12); `nonce` in the token; PKCE (RFC 7636); an address of its own for each provider to send people back to, and the
//! issuer said exactly as it is known, in the token and, where given, beside the code (RFC 9207, RFC 9700). Nothing is
//! followed, and nothing is asked but the provider itself.

mod account;
mod asking;
mod store;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Duration, Utc};
use contracts::commands::door::{BeginSignOn, FinishSignOn, OfferedProvider, SignOnBegun, SignedOn};
use contracts::ids::{District, PersonId};
use contracts::problem::Problem;
use contracts::sign_on::Provider;
use contracts::vocabulary::ProviderKind;
use openidconnect::core::CoreResponseType;
use openidconnect::{
    AccessTokenHash, AuthenticationFlow, AuthorizationCode, ClientId, ClientSecret, CsrfToken, Nonce,
    OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, TokenResponse as _,
};
use sha2::{Digest as _, Sha256};
use sql::Db;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Directory;
use crate::commands::away;
use crate::read_model::{person_by_email, person_by_sourced_id, person_by_user_id};
use crate::{entering, second_step};

use account::{Account, Foreign};
use asking::{Claims, Client, Discovered, Trouble};
use store::{OnTheWay, Store};

pub(crate) use asking::may_be_asked;

/// How long somebody may be on the way to a provider and back.
const WAY_MINUTES: i64 = 10;
/// How long it is taken for true what a provider says of itself.
const DISCOVERED_MINUTES: i64 = 10;
/// Conversations with one provider at once: a slow one keeps nobody from the others.
const AT_ONCE: usize = 16;
/// How long all that is asked of a provider may take when somebody comes back, beside its description of itself: less than
/// they are kept waiting.
const FINISHED_WITHIN: std::time::Duration = std::time::Duration::from_secs(6);
/// Providers whose description of themselves is kept at hand.
const DISCOVERED_MAX: usize = 200;
/// Providers offered on the page where one signs in.
const OFFERED_MAX: usize = 30;

/// What providers said of themselves and when, by issuer.
type Descriptions = HashMap<String, (DateTime<Utc>, Arc<Discovered>)>;

/// What signing on works with.
#[derive(Debug, Clone)]
pub(crate) struct SignOns {
    store: Store,
    http: asking::Http,
    discovered: Arc<Mutex<Descriptions>>,
    turns: Arc<Mutex<HashMap<String, Arc<Semaphore>>>>,
}

impl SignOns {
    pub(crate) fn new(db: Db) -> anyhow::Result<Self> {
        Ok(Self {
            store: Store { db },
            http: asking::client()?,
            discovered: Arc::default(),
            turns: Arc::default(),
        })
    }

    /// Keeps what a provider and we share as a secret, sealed.
    pub(crate) async fn keep_secret(
        &self,
        district: &District,
        provider: &Provider,
        sealed: &str,
    ) -> Result<(), sqlx::Error> {
        self.store.keep_secret(district, provider, sealed).await
    }

    /// Whether a provider and we share a secret.
    pub(crate) async fn has_secret(&self, district: &District, provider: &Provider) -> Result<bool, sqlx::Error> {
        Ok(self.store.secret(district, provider).await?.is_some())
    }

    /// Forgets a provider: what we share with it, and whose accounts there are whose.
    pub(crate) async fn forget(&self, district: &District, provider: &Provider) -> Result<(), sqlx::Error> {
        self.store.forget_provider(district, provider).await
    }

    /// Forgets which accounts are somebody's: they are found again as if they had never come.
    pub(crate) async fn forget_person(&self, district: &District, person: PersonId) -> Result<(), sqlx::Error> {
        self.store.forget_person(district, person).await
    }

    /// A turn to talk with a provider; nothing where too many do.
    fn turn(&self, issuer: &str) -> Option<OwnedSemaphorePermit> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        if turns.len() >= DISCOVERED_MAX && !turns.contains_key(issuer) {
            turns.retain(|_, turns| turns.available_permits() < AT_ONCE);
        }
        let of_issuer = turns
            .entry(issuer.to_owned())
            .or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE)))
            .clone();
        of_issuer.try_acquire_owned().ok()
    }

    /// What a provider says of itself, as of late; anew where that is not enough.
    async fn discover(&self, issuer: &str, now: DateTime<Utc>, anew: bool) -> Result<Arc<Discovered>, Trouble> {
        let known = {
            let known = self.discovered.lock().unwrap_or_else(PoisonError::into_inner);
            known.get(issuer).cloned()
        };
        if let Some((at, discovered)) = known
            && !anew
            && now - at < Duration::minutes(DISCOVERED_MINUTES)
        {
            return Ok(discovered);
        }
        let discovered = Arc::new(asking::discover(&self.http, issuer).await?);
        let mut known = self.discovered.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= DISCOVERED_MAX {
            known.clear();
        }
        known.insert(issuer.to_owned(), (now, discovered.clone()));
        Ok(discovered)
    }
}

/// Where people can sign on, by district.
pub(crate) fn offered(directory: &Directory) -> Vec<OfferedProvider> {
    let mut offered = Vec::new();
    for district in directory.districts.slugs() {
        let those = directory.districts.with(&district, |record| {
            let of_district = record.sign_on.values().map(|provider| OfferedProvider {
                district: district.clone(),
                district_name: record.name.clone(),
                id: provider.id.clone(),
                name: provider.name.clone(),
            });
            of_district.collect::<Vec<_>>()
        });
        offered.extend(those.unwrap_or_default());
    }
    offered.truncate(OFFERED_MAX);
    offered
}

fn provider_of(directory: &Directory, district: &District, id: &str) -> Result<Provider, Problem> {
    directory
        .districts
        .with(district, |record| record.sign_on.get(id).cloned())
        .flatten()
        .ok_or_else(|| Problem::not_found("page"))
}

/// The provider is not to be had, or does not say what it must.
fn elsewhere(provider: &Provider, trouble: &Trouble) -> Problem {
    tracing::warn!(provider = provider.id, issuer = provider.issuer, %trouble, "signing on elsewhere did not work");
    Problem::new(
        "sign-on-failed",
        503,
        "Signing in there did not work",
        format!(
            "{} could not be asked who you are; try again in a moment, or sign in with a password",
            provider.name
        ),
    )
}

fn over() -> Problem {
    Problem::new(
        "sign-on-over",
        403,
        "Signing in took too long",
        "it was begun in another browser, or more than ten minutes ago, or was done already; begin again",
    )
}

fn refused(provider: &Provider, why: &str) -> Problem {
    tracing::warn!(
        provider = provider.id,
        issuer = provider.issuer,
        why,
        "what a provider said was refused"
    );
    Problem::new(
        "sign-on-refused",
        403,
        "This account was not taken",
        format!(
            "what {} said about it does not hold; tell whoever runs Loopline, if it stays",
            provider.name
        ),
    )
}

async fn client_of(
    directory: &Directory,
    district: &District,
    provider: &Provider,
    discovered: &Discovered,
    back: &str,
) -> Result<Client, Problem> {
    let sealed = directory.sign_on.store.secret(district, provider).await.map_err(away)?;
    let secret = match sealed {
        Some(sealed) => Some(ClientSecret::new(second_step::opened(directory, &sealed).await?)),
        None => None,
    };
    let back = RedirectUrl::new(back.to_owned()).map_err(|_| over())?;
    Ok(asking::as_client(
        discovered,
        ClientId::new(provider.client_id.clone()),
        secret,
        back,
    ))
}

fn digest(text: &str) -> String {
    runtime::ids::hex(&Sha256::digest(text))
}

/// Somebody sets out.
pub(crate) async fn begin(directory: &Directory, asked: BeginSignOn) -> Result<SignOnBegun, Problem> {
    let signing = &directory.sign_on;
    let provider = provider_of(directory, &asked.district, &asked.provider)?;
    let now = directory.clock.now();
    let _turn = signing.turn(&provider.issuer).ok_or_else(busy)?;
    let discovered = signing.discover(&provider.issuer, now, false).await;
    let discovered = discovered.map_err(|trouble| elsewhere(&provider, &trouble))?;
    let client = client_of(directory, &asked.district, &provider, &discovered, &asked.back).await?;
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let mut request = client
        .authorize_url(
            AuthenticationFlow::<CoreResponseType>::AuthorizationCode,
            CsrfToken::new_random,
            Nonce::new_random,
        )
        .add_scope(Scope::new("email".to_owned()))
        .add_scope(Scope::new("profile".to_owned()))
        .set_pkce_challenge(challenge);
    if let (ProviderKind::Google, Some(tenant)) = (provider.kind, &provider.tenant) {
        // Only so that the right account is offered: what comes back is judged.
        request = request.add_extra_param("hd", tenant);
    }
    let (address, state, nonce) = request.url();
    let way = OnTheWay {
        district: asked.district,
        provider: provider.id,
        browser: asked.browser,
        nonce: nonce.secret().clone(),
        verifier: verifier.secret().clone(),
        back: asked.back,
        until: now + Duration::minutes(WAY_MINUTES),
    };
    signing
        .store
        .set_out(&digest(state.secret()), &way, now)
        .await
        .map_err(away)?;
    Ok(SignOnBegun {
        address: address.to_string(),
    })
}

fn busy() -> Problem {
    Problem::unavailable("many people are signing in just now; try again in a moment")
}

/// Somebody comes back.
pub(crate) async fn finish(directory: &Directory, asked: FinishSignOn) -> Result<SignedOn, Problem> {
    let signing = &directory.sign_on;
    let now = directory.clock.now();
    let way = signing.store.come_back(&digest(&asked.state)).await.map_err(away)?;
    let way = way.ok_or_else(over)?;
    let is_it = way.district == asked.district
        && way.provider == asked.provider
        && way.browser == asked.browser
        && way.until > now;
    if !is_it {
        return Err(over());
    }
    let provider = provider_of(directory, &asked.district, &asked.provider)?;
    let _turn = signing.turn(&provider.issuer).ok_or_else(busy)?;
    let discovered = signing.discover(&provider.issuer, now, false).await;
    let discovered = discovered.map_err(|trouble| elsewhere(&provider, &trouble))?;
    match &asked.issuer {
        Some(issuer) if *issuer != provider.issuer => return Err(refused(&provider, "another issuer beside the code")),
        None if discovered.says_issuer() => return Err(refused(&provider, "no issuer beside the code")),
        Some(_) | None => {}
    }
    let asking = claims_of(directory, &provider, &discovered, &way, asked.code, now);
    let claims = tokio::time::timeout(FINISHED_WITHIN, asking)
        .await
        .map_err(|_| elsewhere(&provider, &Trouble::late()))??;
    let account = match account::of(&provider, &claims) {
        Ok(account) => account,
        Err(Foreign { why, account }) => {
            tracing::info!(
                provider = provider.id,
                why,
                "an account elsewhere is nobody's of this district"
            );
            return Ok(unknown(directory, &asked.district, account).await);
        }
    };
    let Some(person) = whose(directory, &asked.district, &provider, &account).await? else {
        return Ok(unknown(directory, &asked.district, account.shown).await);
    };
    let active = entering::known(directory, &asked.district, person).await?;
    if active.is_none() {
        return Ok(unknown(directory, &asked.district, account.shown).await);
    }
    signing
        .store
        .keep_identity(&asked.district, &provider, &account.stable, person, now)
        .await
        .map_err(away)?;
    directory
        .credentials
        .begin_session(&asked.session, &asked.district, person, now)
        .await
        .map_err(away)?;
    Ok(SignedOn::Welcome)
}

/// Exchanges the code for what the provider says about an account, and makes sure that it is said by it, to us, now.
async fn claims_of(
    directory: &Directory,
    provider: &Provider,
    discovered: &Discovered,
    way: &OnTheWay,
    code: String,
    now: DateTime<Utc>,
) -> Result<Claims, Problem> {
    let signing = &directory.sign_on;
    let client = client_of(directory, &way.district, provider, discovered, &way.back).await?;
    let ask = asking::of(&signing.http, &provider.issuer);
    let answered = client
        .exchange_code(AuthorizationCode::new(code))
        .map_err(|error| elsewhere(provider, &Trouble::said(&error)))?
        .set_pkce_verifier(PkceCodeVerifier::new(way.verifier.clone()))
        .request_async(&ask)
        .await
        .map_err(|error| elsewhere(provider, &Trouble::said(&error)))?;
    let token = answered
        .id_token()
        .ok_or_else(|| refused(provider, "no token about the account"))?;
    let nonce = Nonce::new(way.nonce.clone());
    let mut client = client;
    let mut tried = asking::verified(&client, token, &nonce, now);
    if tried.as_ref().is_err_and(asking::may_have_new_keys) {
        let anew = signing.discover(&provider.issuer, now, true).await;
        let anew = anew.map_err(|trouble| elsewhere(provider, &trouble))?;
        client = client_of(directory, &way.district, provider, &anew, &way.back).await?;
        tried = asking::verified(&client, token, &nonce, now);
    }
    let claims = tried.map_err(|error| refused(provider, &Trouble::said(&error).to_string()))?;
    if let Some(wanted) = claims.access_token_hash() {
        let verifier = asking::verifier(&client, now);
        let algorithm = token
            .signing_alg()
            .map_err(|_| refused(provider, "an unknown signature"))?;
        let key = token
            .signing_key(&verifier)
            .map_err(|_| refused(provider, "an unknown key"))?;
        let made = AccessTokenHash::from_token(answered.access_token(), algorithm, key);
        if made.as_ref().ok() != Some(wanted) {
            return Err(refused(provider, "a token for something else"));
        }
    }
    let more = if account::says_more(provider.kind) {
        let said = asking::more(
            &signing.http,
            &provider.issuer,
            discovered,
            answered.access_token().secret(),
        )
        .await;
        said.map_err(|trouble| elsewhere(provider, &trouble))?
    } else {
        serde_json::Value::Null
    };
    Ok(Claims::of(claims, more))
}

/// Whose an account is: known from before, by the ids of the roster, or, where nobody is known to have another account
/// there, by a verified address.
async fn whose(
    directory: &Directory,
    district: &District,
    provider: &Provider,
    account: &Account,
) -> Result<Option<PersonId>, Problem> {
    let (db, store) = (&directory.people.db, &directory.sign_on.store);
    let before = store.identity(district, provider, &account.stable).await;
    if let Some(person) = before.map_err(away)? {
        return Ok(Some(person));
    }
    if let Some(sourced_id) = &account.sourced_id
        && let Some(person) = person_by_sourced_id(db, district, sourced_id).await.map_err(away)?
    {
        return Ok(Some(person));
    }
    for user_id in &account.user_ids {
        if let Some(person) = person_by_user_id(db, district, user_id).await.map_err(away)? {
            return Ok(Some(person));
        }
    }
    let Some(email) = &account.email else { return Ok(None) };
    let Some(person) = person_by_email(db, district, email).await.map_err(away)? else {
        return Ok(None);
    };
    // An address that somebody had may be given to somebody else: the account does not come with it.
    let has_another = store.has_identity(district, provider, person).await.map_err(away)?;
    Ok((!has_another).then_some(person))
}

/// Whom somebody can ask whom the district does not know.
async fn unknown(directory: &Directory, district: &District, account: String) -> SignedOn {
    let known = directory.districts.with(district, |record| {
        (record.name.clone(), record.contact.as_ref().map(|(who, _)| *who))
    });
    let (name, contact) = known.unwrap_or_default();
    let contact = match contact {
        Some(person) => entering::known(directory, district, person).await.ok().flatten(),
        None => None,
    };
    SignedOn::Unknown {
        account,
        district: name,
        contact: contact.map(|claims| claims.name),
    }
}
