//! Asking a provider: what it says of itself, what a code stands for, and more about an account. Bounded in time and size,
//! never redirected, over TLS unless the provider is this machine's own.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreErrorResponseType,
    CoreGenderClaim, CoreGrantType, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm,
    CoreJwsSigningAlgorithm, CoreResponseMode, CoreResponseType, CoreRevocableToken, CoreRevocationErrorResponse,
    CoreSubjectIdentifierType, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AdditionalClaims, AdditionalProviderMetadata, ClaimsVerificationError, ClientId, ClientSecret,
    EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, IdToken,
    IdTokenClaims, IdTokenFields, IdTokenVerifier, IssuerUrl, Nonce, ProviderMetadata, RedirectUrl,
    SignatureVerificationError, StandardErrorResponse, StandardTokenResponse,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

/// How long a provider may take for one answer. Several are needed at the door, within what a caller over HTTP waits.
const ANSWER_WITHIN: Duration = Duration::from_secs(4);
/// The largest answer that is read, in bytes.
const ANSWER_MAX: usize = 256 * 1024;
/// How signatures are made that are believed: by keys that only the provider has.
const SIGNED_BY: [CoreJwsSigningAlgorithm; 8] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// Why a provider could not be asked, or what it said not be understood.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Trouble(String);

impl Trouble {
    /// All of it took too long.
    pub(crate) fn late() -> Self {
        Self("it took too long".to_owned())
    }

    /// An error and what it came from.
    pub(crate) fn said(error: &dyn std::error::Error) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        Self(text)
    }
}

/// What a provider says of itself beside what every one does.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct OfItself {
    /// RFC 9207.
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for OfItself {}

type Metadata = ProviderMetadata<
    OfItself,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// A provider as it describes itself, with its keys.
#[derive(Debug)]
pub(crate) struct Discovered {
    metadata: Metadata,
}

impl Discovered {
    /// Whether it says who it is beside each code.
    pub(crate) fn says_issuer(&self) -> bool {
        self.metadata
            .additional_metadata()
            .authorization_response_iss_parameter_supported
    }
}

/// Claims that a token holds beside those that all do.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Others(#[serde(default)] Map<String, Value>);

impl AdditionalClaims for Others {}

type TokenFields = IdTokenFields<
    Others,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

/// A client of one provider.
pub(crate) type Client = openidconnect::Client<
    Others,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    StandardTokenResponse<TokenFields, CoreTokenType>,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

type Token = IdToken<Others, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;

/// What was said about an account.
#[derive(Debug, Clone)]
pub(crate) struct Claims {
    /// Which, at its provider.
    pub(crate) subject: String,
    /// In the token.
    pub(crate) said: Value,
    /// When asked once more.
    pub(crate) more: Value,
}

impl Claims {
    pub(crate) fn of(claims: &IdTokenClaims<Others, CoreGenderClaim>, more: Value) -> Self {
        let said = serde_json::to_value(claims).unwrap_or_default();
        Self {
            subject: claims.subject().as_str().to_owned(),
            said,
            more,
        }
    }
}

/// What asks: it follows nothing, and keeps no connection for long.
pub(crate) type Http = hyper_util::client::legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// The HTTP client, which believes whom this machine believes.
pub(crate) fn client() -> anyhow::Result<Http> {
    let provider = rustls::crypto::ring::default_provider();
    let connector = HttpsConnectorBuilder::new()
        .with_provider_and_native_roots(provider)?
        .https_or_http()
        .enable_http1()
        .build();
    Ok(hyper_util::client::legacy::Client::builder(TokioExecutor::new())
        .pool_idle_timeout(ANSWER_WITHIN)
        .pool_timer(TokioTimer::new())
        .pool_max_idle_per_host(1)
        .build(connector))
}

/// Whether an address is this machine's own.
fn is_here(address: &Url) -> bool {
    match address.host_str().map(|host| host.trim_matches(['[', ']'])) {
        Some("localhost") => true,
        Some(host) => host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()),
        None => false,
    }
}

/// Whether a provider at this address may be asked; why not.
pub(crate) fn may_be_asked(issuer: &str) -> Result<(), String> {
    let address: Url = issuer
        .parse()
        .map_err(|_| "is not an address, such as https://accounts.example.org".to_owned())?;
    if address.query().is_some() || address.fragment().is_some() || !address.username().is_empty() {
        return Err("is the provider's address alone, without a question or a name".to_owned());
    }
    match address.scheme() {
        "https" => Ok(()),
        "http" if is_here(&address) => Ok(()),
        _ => Err("begins with https://".to_owned()),
    }
}

/// Whether a part of a provider may be asked: where the provider is elsewhere, nothing of it is on this machine or its
/// network, whatever the provider says of itself.
fn part_may_be_asked(issuer: &str, part: &Url) -> bool {
    let at_home = issuer.parse::<Url>().is_ok_and(|issuer| is_here(&issuer));
    let by_number = part
        .host_str()
        .is_some_and(|host| host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok());
    if at_home {
        is_here(part)
    } else {
        part.scheme() == "https" && !by_number && !is_here(part)
    }
}

async fn fetch(http: Http, issuer: String, request: HttpRequest) -> Result<HttpResponse, Trouble> {
    let address: Url = request
        .uri()
        .to_string()
        .parse()
        .map_err(|_| Trouble("its address is odd".to_owned()))?;
    if !part_may_be_asked(&issuer, &address) {
        return Err(Trouble(format!("{address} is no part of a provider that may be asked")));
    }
    let (head, body) = request.into_parts();
    let mut asked = hyper::Request::new(Full::new(Bytes::from(body)));
    *asked.method_mut() = head.method;
    *asked.uri_mut() = head.uri;
    *asked.headers_mut() = head.headers;
    let answering = async {
        let answered = http.request(asked).await.map_err(|error| Trouble::said(&error))?;
        let (head, body) = answered.into_parts();
        let body = Limited::new(body, ANSWER_MAX).collect().await;
        let body = body.map_err(|error| Trouble(format!("the answer cannot be read: {error}")))?;
        let mut response = HttpResponse::new(body.to_bytes().to_vec());
        *response.status_mut() = head.status;
        *response.headers_mut() = head.headers;
        Ok(response)
    };
    tokio::time::timeout(ANSWER_WITHIN, answering)
        .await
        .map_err(|_| Trouble(format!("it did not answer within {} seconds", ANSWER_WITHIN.as_secs())))?
}

/// What one answer comes as.
type Answering = Pin<Box<dyn Future<Output = Result<HttpResponse, Trouble>> + Send>>;

/// Asks for the library, of one provider.
pub(crate) fn of(http: &Http, issuer: &str) -> impl Fn(HttpRequest) -> Answering + Send + Sync {
    let (http, issuer) = (http.clone(), issuer.to_owned());
    move |request| Box::pin(fetch(http.clone(), issuer.clone(), request))
}

/// What a provider says of itself. The library holds it to the issuer that was asked for, to the letter.
pub(crate) async fn discover(http: &Http, issuer: &str) -> Result<Discovered, Trouble> {
    let url = IssuerUrl::new(issuer.to_owned()).map_err(|error| Trouble::said(&error))?;
    let metadata = Metadata::discover_async(url, &of(http, issuer))
        .await
        .map_err(|error| Trouble::said(&error))?;
    let somewhere = metadata.authorization_endpoint().url();
    if !part_may_be_asked(issuer, somewhere) {
        return Err(Trouble(format!("{somewhere} is no place to send people to")));
    }
    if metadata.token_endpoint().is_none() {
        return Err(Trouble("it says nowhere that codes can be exchanged".to_owned()));
    }
    Ok(Discovered { metadata })
}

/// A client of a provider.
pub(crate) fn as_client(
    discovered: &Discovered,
    id: ClientId,
    secret: Option<ClientSecret>,
    back: RedirectUrl,
) -> Client {
    Client::from_provider_metadata(discovered.metadata.clone(), id, secret).set_redirect_uri(back)
}

/// What holds a token to what must be true of it, at a moment.
pub(crate) fn verifier(client: &Client, now: DateTime<Utc>) -> IdTokenVerifier<'_, CoreJsonWebKey> {
    client
        .id_token_verifier()
        .set_allowed_algs(SIGNED_BY)
        .set_time_fn(move || now)
}

/// What a token says, if it is the provider's, for us, of now, and of the way that somebody set out on.
pub(crate) fn verified<'a>(
    client: &Client,
    token: &'a Token,
    nonce: &Nonce,
    now: DateTime<Utc>,
) -> Result<&'a IdTokenClaims<Others, CoreGenderClaim>, ClaimsVerificationError> {
    token.claims(&verifier(client, now), nonce)
}

/// Whether a provider may have new keys since it was asked for them.
pub(crate) fn may_have_new_keys(error: &ClaimsVerificationError) -> bool {
    matches!(
        error,
        ClaimsVerificationError::SignatureVerification(
            SignatureVerificationError::NoMatchingKey | SignatureVerificationError::CryptoError(_)
        )
    )
}

/// Asks a provider for more about an account.
pub(crate) async fn more(http: &Http, issuer: &str, discovered: &Discovered, access: &str) -> Result<Value, Trouble> {
    let at = discovered
        .metadata
        .userinfo_endpoint()
        .ok_or_else(|| Trouble("it says nowhere that more can be asked".to_owned()))?;
    let mut asked = HttpRequest::new(Vec::new());
    *asked.uri_mut() = at
        .as_str()
        .parse()
        .map_err(|_| Trouble("its address is odd".to_owned()))?;
    let bearer = HeaderValue::from_str(&format!("Bearer {access}"));
    let bearer = bearer.map_err(|_| Trouble("its token is odd".to_owned()))?;
    asked.headers_mut().insert(AUTHORIZATION, bearer);
    asked
        .headers_mut()
        .insert(ACCEPT, HeaderValue::from_static("application/json"));
    let answered = fetch(http.clone(), issuer.to_owned(), asked).await?;
    if !answered.status().is_success() {
        return Err(Trouble(format!("asked for more, it answered {}", answered.status())));
    }
    serde_json::from_slice(answered.body()).map_err(|error| Trouble::said(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_providers_over_tls_or_on_this_machine_are_asked_and_none_sends_us_into_our_own_network() {
        for good in [
            "https://accounts.example.org",
            "http://127.0.0.1:9000",
            "http://localhost:9000/realm",
        ] {
            assert_eq!(may_be_asked(good), Ok(()), "{good}");
        }
        for bad in [
            "http://accounts.example.org",
            "ftp://x.example",
            "accounts.example.org",
            "https://x.example/?a=b",
            "https://me@x.example",
            "",
        ] {
            assert!(may_be_asked(bad).is_err(), "{bad}");
        }
        let part = |issuer: &str, part: &str| part_may_be_asked(issuer, &part.parse().expect("an address"));
        assert!(part("https://x.example", "https://keys.x.example/jwks"));
        for inward in [
            "http://x.example/jwks",
            "https://127.0.0.1/jwks",
            "https://localhost/jwks",
            "https://10.0.0.1/jwks",
            "https://[::1]/jwks",
            "http://169.254.169.254/latest",
        ] {
            assert!(!part("https://x.example", inward), "{inward}");
        }
        assert!(part("http://127.0.0.1:9000", "http://127.0.0.1:9000/jwks"));
        assert!(!part("http://127.0.0.1:9000", "https://x.example/jwks"));
    }
}
