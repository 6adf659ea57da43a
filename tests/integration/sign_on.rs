//! Signing on with an account elsewhere, at a provider that does what it is told: the right thing, or any of the wrong ones.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use contracts::ids::PersonId;
use ed25519_dalek::{Signer as _, SigningKey};
use loopline_tests::{Stack, location};
use reqwest::Client;
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use sql::Location;
use url::Url;

/// What the provider does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wrong {
    Nothing,
    Nonce,
    Audience,
    Issuer,
    Expired,
    Unsigned,
    SignedByAnother,
    /// With the client's own secret, which a key mixed up with another kind would pass.
    SignedWithSecret,
    NoToken,
    AccessHash,
    IssuerBesideCode,
    Refuses,
    Redirects,
    Huge,
    NotJson,
}

#[derive(Debug)]
struct Provider {
    address: SocketAddr,
    key: SigningKey,
    wrong: Mutex<Wrong>,
    claims: Mutex<Value>,
    info: Mutex<Value>,
    /// What was asked when somebody set out, by code.
    codes: Mutex<HashMap<String, HashMap<String, String>>>,
    secret: String,
    /// The time in seconds that it says.
    now: Mutex<i64>,
}

type Shared = State<Arc<Provider>>;

impl Provider {
    async fn start(now: i64) -> Arc<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let provider = Arc::new(Self {
            address: listener.local_addr().expect("an address"),
            key: SigningKey::from_bytes(&[7; 32]),
            wrong: Mutex::new(Wrong::Nothing),
            claims: Mutex::new(json!({"sub": "u-1", "email": "ann@north.example", "email_verified": true})),
            info: Mutex::new(json!({})),
            codes: Mutex::new(HashMap::new()),
            secret: "a secret, shared".to_owned(),
            now: Mutex::new(now),
        });
        let app = Router::new()
            .route("/.well-known/openid-configuration", get(describe))
            .route("/keys", get(keys))
            .route("/token", post(exchange))
            .route("/info", get(info))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        provider
    }

    fn issuer(&self) -> String {
        format!("http://{}", self.address)
    }

    fn is(&self, wrong: Wrong) -> bool {
        *self.wrong.lock().expect("a lock") == wrong
    }

    fn does(&self, wrong: Wrong) {
        *self.wrong.lock().expect("a lock") = wrong;
    }

    fn says(&self, claims: Value) {
        *self.claims.lock().expect("a lock") = claims;
    }

    /// Lets somebody in who was sent here: the address that they are sent back to.
    fn lets_in(&self, address: &str) -> Url {
        let sent: Url = address.parse().expect("an address");
        let asked: HashMap<String, String> = sent.query_pairs().into_owned().collect();
        for wanted in ["client_id", "redirect_uri", "state", "nonce", "code_challenge"] {
            assert!(asked.contains_key(wanted), "{wanted}: {sent}");
        }
        assert_eq!(asked["code_challenge_method"], "S256");
        assert_eq!(asked["response_type"], "code");
        let code = format!("code-{}", self.codes.lock().expect("a lock").len());
        let mut back: Url = asked["redirect_uri"].parse().expect("an address");
        let issuer = if self.is(Wrong::IssuerBesideCode) {
            "http://another.example".to_owned()
        } else {
            self.issuer()
        };
        back.query_pairs_mut()
            .append_pair("code", &code)
            .append_pair("state", &asked["state"])
            .append_pair("iss", &issuer);
        self.codes.lock().expect("a lock").insert(code, asked);
        back
    }

    fn token(&self, asked: &HashMap<String, String>, access: &str) -> String {
        let now = *self.now.lock().expect("a lock");
        let mut claims = self.claims.lock().expect("a lock").clone();
        let hash = Sha256::digest(access);
        let sha512_half = &sha2::Sha512::digest(access)[..32];
        let facts = claims.as_object_mut().expect("claims");
        let (issued, ends) = if self.is(Wrong::Expired) {
            (now - 7200, now - 3600)
        } else {
            (now, now + 300)
        };
        facts.insert(
            "iss".to_owned(),
            json!(if self.is(Wrong::Issuer) {
                "http://another.example".to_owned()
            } else {
                self.issuer()
            }),
        );
        facts.insert(
            "aud".to_owned(),
            json!(if self.is(Wrong::Audience) {
                "somebody else"
            } else {
                asked["client_id"].as_str()
            }),
        );
        facts.insert(
            "nonce".to_owned(),
            json!(if self.is(Wrong::Nonce) {
                "another"
            } else {
                asked["nonce"].as_str()
            }),
        );
        facts.insert("iat".to_owned(), json!(issued));
        facts.insert("exp".to_owned(), json!(ends));
        if self.is(Wrong::AccessHash) {
            facts.insert("at_hash".to_owned(), json!(BASE64.encode(&hash[16..])));
        } else {
            facts.insert("at_hash".to_owned(), json!(BASE64.encode(sha512_half)));
        }
        let algorithm = if self.is(Wrong::Unsigned) {
            "none"
        } else if self.is(Wrong::SignedWithSecret) {
            "HS256"
        } else {
            "EdDSA"
        };
        let head = BASE64.encode(json!({"alg": algorithm, "typ": "JWT", "kid": "k1"}).to_string());
        let body = BASE64.encode(claims.to_string());
        let text = format!("{head}.{body}");
        let signed_by = |key: &SigningKey| BASE64.encode(key.sign(text.as_bytes()).to_bytes());
        let signature = if self.is(Wrong::Unsigned) {
            String::new()
        } else if self.is(Wrong::SignedWithSecret) {
            BASE64.encode(hmac(self.secret.as_bytes(), text.as_bytes()))
        } else if self.is(Wrong::SignedByAnother) {
            signed_by(&SigningKey::from_bytes(&[8; 32]))
        } else {
            signed_by(&self.key)
        };
        format!("{text}.{signature}")
    }
}

/// HMAC-SHA256 (RFC 2104), for the one token that must not pass.
fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut block = [0_u8; 64];
    block[..key.len()].copy_from_slice(key);
    let with = |pad: u8| block.map(|byte| byte ^ pad);
    let inner = Sha256::new().chain_update(with(0x36)).chain_update(text).finalize();
    Sha256::new()
        .chain_update(with(0x5c))
        .chain_update(inner)
        .finalize()
        .to_vec()
}

async fn describe(State(provider): Shared) -> Response {
    if provider.is(Wrong::Redirects) {
        return Redirect::to("http://127.0.0.1:9/elsewhere").into_response();
    }
    if provider.is(Wrong::Huge) {
        return "x".repeat(1024 * 1024).into_response();
    }
    if provider.is(Wrong::NotJson) {
        return "<html>".into_response();
    }
    let at = |path: &str| format!("{}{path}", provider.issuer());
    Json(json!({
        "issuer": provider.issuer(),
        "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"),
        "jwks_uri": at("/keys"),
        "userinfo_endpoint": at("/info"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["EdDSA", "HS256", "none"],
        "authorization_response_iss_parameter_supported": true,
    }))
    .into_response()
}

async fn keys(State(provider): Shared) -> Json<Value> {
    let x = BASE64.encode(provider.key.verifying_key().to_bytes());
    Json(json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": "k1", "x": x}]}))
}

async fn exchange(State(provider): Shared, headers: HeaderMap, Form(form): Form<HashMap<String, String>>) -> Response {
    let refusal = || (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"}))).into_response();
    if provider.is(Wrong::Refuses) {
        return refusal();
    }
    let who = headers
        .get("authorization")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    assert!(who.starts_with("Basic "), "the client says who it is: {who}");
    let Some(asked) = provider.codes.lock().expect("a lock").remove(&form["code"]) else {
        return refusal();
    };
    // PKCE: whoever exchanges the code is whoever set out.
    if BASE64.encode(Sha256::digest(&form["code_verifier"])) != asked["code_challenge"] {
        return refusal();
    }
    assert_eq!(form["redirect_uri"], asked["redirect_uri"]);
    let access = "an access token";
    let mut answer = json!({"access_token": access, "token_type": "Bearer", "expires_in": 300});
    if !provider.is(Wrong::NoToken) {
        answer["id_token"] = json!(provider.token(&asked, access));
    }
    Json(answer).into_response()
}

async fn info(State(provider): Shared, headers: HeaderMap) -> Response {
    if headers
        .get("authorization")
        .is_none_or(|value| value != "Bearer an access token")
    {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    Json(provider.info.lock().expect("a lock").clone()).into_response()
}

/// Somebody's browser: it keeps cookies, and follows nothing by itself.
struct Browser {
    client: Client,
    base: String,
}

impl Browser {
    fn new(stack: &Stack) -> Self {
        let client = Client::builder()
            .cookie_store(true)
            .redirect(Policy::none())
            .build()
            .expect("a client");
        Self {
            client,
            base: format!("http://{}", stack.address()),
        }
    }

    async fn goes(&self, address: &str) -> reqwest::Response {
        let address = if address.starts_with('/') {
            format!("{}{address}", self.base)
        } else {
            address.to_owned()
        };
        self.client.get(address).send().await.expect("an answer")
    }

    /// Sets out; where they are sent.
    async fn sets_out(&self, provider: &str) -> String {
        let answer = self.goes(&format!("/sign-on/north/{provider}")).await;
        assert_eq!(answer.status(), 303, "{}", answer.text().await.unwrap_or_default());
        answer.headers()["location"].to_str().expect("an address").to_owned()
    }

    /// Whether they are in, and as whom.
    async fn is(&self) -> Option<String> {
        let answer = self.goes("/api/v1/me").await;
        let body: Value = answer.json().await.expect("json");
        body["name"].as_str().map(str::to_owned)
    }
}

async fn set_up(stack: &Stack, provider: &Provider, kind: &str, id: &str, tenant: Option<&str>) {
    let body = json!({"id": id, "kind": kind, "name": "the district's account", "issuer": provider.issuer(),
        "client_id": "loopline", "client_secret": provider.secret, "tenant": tenant});
    let with_a_token = stack.api("eve").post("/api/v1/directory/sign-on", &body).await;
    assert_eq!(with_a_token.status, 403, "{with_a_token:?}");
    let eve = stack.signed_in("eve", &format!("sets up {id}")).await;
    let reply = eve.post("/api/v1/directory/sign-on", &body).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    loopline_tests::until("it is offered", async || {
        let offered: Value = stack
            .operator()
            .ask("ask.directory.providers".to_owned(), &json!({}))
            .await
            .expect("an answer");
        offered.to_string().contains(&format!("\"{id}\""))
    })
    .await;
}

async fn with_address(stack: &Stack, name: &str, email: &str) {
    let id = PersonId::derived(&["north", name]);
    let eve = stack.signed_in("eve", &format!("writes to {name} at {email}")).await;
    let reply = eve
        .post(
            &format!("/api/v1/directory/people/{id}"),
            &json!({"name": name, "email": email}),
        )
        .await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let head = stack.log.head().await.expect("the log");
    loopline_tests::until("it is known", async || stack.directory.people.position.get() >= head).await;
}

async fn signing_on(location: Location) {
    let stack = Stack::start(location).await;
    let provider = Provider::start(stack.clock.now().timestamp()).await;
    with_address(&stack, "ann", "ann@north.example").await;
    with_address(&stack, "ruth", "ruth@north.example").await;
    set_up(&stack, &provider, "standard", "idp", None).await;
    // What is shared with it stands in no event, and is shown to nobody.
    let district = contracts::subjects::Subject::new(
        &"north".parse().expect("a slug"),
        contracts::subjects::Thing::District,
        "north".parse::<contracts::District>().expect("a slug").thing_id(),
    );
    let events = stack.log.load(&district, 0, 0).await.expect("read");
    assert!(
        events
            .iter()
            .all(|raw| !String::from_utf8_lossy(&raw.payload).contains(&provider.secret))
    );
    assert!(
        !stack
            .api("eve")
            .get("/api/v1/directory")
            .await
            .body
            .to_string()
            .contains(&provider.secret)
    );

    // By a verified address first.
    let ann = Browser::new(&stack);
    let sent = ann.sets_out("idp?next=%2Floops").await;
    let back = provider.lets_in(&sent);
    let in_now = ann.goes(back.as_str()).await;
    assert_eq!(
        (
            in_now.status().as_u16(),
            in_now.headers()["location"].to_str().expect("text")
        ),
        (303, "/loops")
    );
    assert_eq!(ann.is().await.as_deref(), Some("ann"));
    // The same way cannot be gone twice, nor by somebody else's browser, nor without one's own beginning.
    assert_eq!(ann.goes(back.as_str()).await.status(), 403);
    let mallory = Browser::new(&stack);
    mallory.sets_out("idp").await;
    let victim = ann.sets_out("idp").await;
    assert_eq!(mallory.goes(provider.lets_in(&victim).as_str()).await.status(), 403);
    assert_eq!(mallory.is().await, None);
    assert_eq!(
        mallory.goes("/sign-on/north/idp/back?code=x&state=y").await.status(),
        403
    );
    // Whoever comes without having begun begins here.
    let begun = mallory.goes("/sign-on/north/idp/back?code=x").await;
    assert_eq!(begun.headers()["location"], "/sign-on/north/idp");
    // Nobody is sent elsewhere afterwards.
    let sent = mallory.sets_out("idp?next=%2F%2Fevil.example").await;
    let in_now = mallory.goes(provider.lets_in(&sent).as_str()).await;
    assert_eq!(in_now.headers()["location"], "/");

    // Whatever the provider, or whoever is in its place, does wrong: nobody is in.
    for wrong in [
        Wrong::Nonce,
        Wrong::Audience,
        Wrong::Issuer,
        Wrong::Expired,
        Wrong::Unsigned,
        Wrong::SignedByAnother,
        Wrong::SignedWithSecret,
        Wrong::NoToken,
        Wrong::AccessHash,
        Wrong::IssuerBesideCode,
        Wrong::Refuses,
    ] {
        let browser = Browser::new(&stack);
        let sent = browser.sets_out("idp").await;
        provider.does(wrong);
        let answer = browser.goes(provider.lets_in(&sent).as_str()).await;
        let status = answer.status().as_u16();
        let page = answer.text().await.expect("a page");
        assert!(status == 403 || status == 503, "{wrong:?}: {status}");
        assert!(
            !page.contains("JWT") && !page.contains("nonce"),
            "{wrong:?}: no inner words"
        );
        assert_eq!(browser.is().await, None, "{wrong:?}");
        provider.does(Wrong::Nothing);
    }
    // It said no, or they did.
    let browser = Browser::new(&stack);
    browser.sets_out("idp").await;
    assert_eq!(
        browser
            .goes("/sign-on/north/idp/back?error=access_denied&state=x")
            .await
            .status(),
        403
    );

    // An address that is not verified, nobody's, or somebody's who is known by another account there lets nobody in.
    let unknown = async |claims: Value| {
        provider.says(claims);
        let browser = Browser::new(&stack);
        let sent = browser.sets_out("idp").await;
        let answer = browser.goes(provider.lets_in(&sent).as_str()).await;
        assert_eq!(answer.status(), 403);
        let page = answer.text().await.expect("a page");
        assert!(page.contains("does not know this account"), "{page}");
        assert_eq!(browser.is().await, None);
        page
    };
    unknown(json!({"sub": "u-2", "email": "ruth@north.example", "email_verified": false})).await;
    unknown(json!({"sub": "u-3", "email": "nobody@north.example", "email_verified": true})).await;
    unknown(json!({"sub": "u-4"})).await;
    let taken_over = json!({"sub": "u-5", "email": "ann@north.example", "email_verified": true});
    let page = unknown(taken_over).await;
    assert!(page.contains("ann@north.example"));
    // Known from before, whatever the address is now.
    provider.says(json!({"sub": "u-1", "email": "ann.married@north.example", "email_verified": false}));
    let again = Browser::new(&stack);
    let sent = again.sets_out("idp").await;
    again.goes(provider.lets_in(&sent).as_str()).await;
    assert_eq!(again.is().await.as_deref(), Some("ann"));

    // Whoever is kept out stays out, there too.
    let id = PersonId::derived(&["north", "ann"]);
    let reply = stack
        .api("eve")
        .post(&format!("/api/v1/directory/people/{id}/disable"), &json!({}))
        .await;
    assert_eq!(reply.status, 200, "{reply:?}");
    loopline_tests::until("she is out", async || again.is().await.is_none()).await;
    provider.says(json!({"sub": "u-1", "email": "ann@north.example", "email_verified": true}));
    let sent = again.sets_out("idp").await;
    assert_eq!(again.goes(provider.lets_in(&sent).as_str()).await.status(), 403);
    assert_eq!(again.is().await, None);

    // Another in its place is told nothing that was shared with it, and knows none of the accounts there.
    let eve = stack.signed_in("eve", "puts another in its place").await;
    let mut another =
        json!({"id": "idp", "kind": "standard", "name": "x", "issuer": provider.issuer(), "client_id": "other"});
    let reply = eve.post("/api/v1/directory/sign-on", &another).await;
    assert_eq!((reply.status, reply.field()), (422, "client_secret"), "{reply:?}");
    let arrives = async |claims: Value| {
        provider.says(claims);
        let browser = Browser::new(&stack);
        let sent = browser.sets_out("idp").await;
        browser.goes(provider.lets_in(&sent).as_str()).await;
        browser.is().await
    };
    let by_address = json!({"sub": "u-9", "email": "ruth@north.example", "email_verified": true});
    let by_account = json!({"sub": "u-9"});
    assert_eq!(arrives(by_address).await.as_deref(), Some("ruth"));
    assert_eq!(
        arrives(by_account.clone()).await.as_deref(),
        Some("ruth"),
        "known from before"
    );
    another["client_secret"] = json!("another");
    assert_eq!(eve.post("/api/v1/directory/sign-on", &another).await.status, 200);
    another["client_id"] = json!("loopline");
    another["client_secret"] = json!(provider.secret);
    assert_eq!(eve.post("/api/v1/directory/sign-on", &another).await.status, 200);
    assert_eq!(arrives(by_account).await, None, "another was there in between");

    // A provider that is down, answers at length or sends elsewhere holds nobody up and lets nobody in. It was asked
    // minutes ago: what it said of itself is kept for ten.
    stack.clock.set(stack.clock.now() + chrono::Duration::minutes(11));
    for wrong in [Wrong::Redirects, Wrong::Huge, Wrong::NotJson] {
        provider.does(wrong);
        let answer = Browser::new(&stack).goes("/sign-on/north/idp").await;
        assert_eq!(answer.status(), 503, "{wrong:?}");
    }
    provider.does(Wrong::Nothing);
    let page = Browser::new(&stack)
        .goes("/sign-in")
        .await
        .text()
        .await
        .expect("a page");
    assert!(page.contains("/sign-on/north/idp"));
    assert_eq!(Browser::new(&stack).goes("/sign-on/north/other").await.status(), 404);
    assert_eq!(
        Browser::new(&stack).goes("/sign-on/south/idp").await.status(),
        404,
        "of the one district only"
    );

    // Taken away, it lets nobody in.
    let reply = stack
        .signed_in("eve", "removes it")
        .await
        .post("/api/v1/directory/sign-on/remove", &json!({"id": "idp"}))
        .await;
    assert_eq!(reply.status, 200, "{reply:?}");
    loopline_tests::until("it is gone", async || {
        Browser::new(&stack).goes("/sign-on/north/idp").await.status() == 404
    })
    .await;
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_sign_on_with_an_account_elsewhere_and_nobody_else_does_over_sqlite() {
    signing_on(location(false).await.expect("a folder")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_sign_on_with_an_account_elsewhere_and_nobody_else_does_over_postgres() {
    if let Some(location) = location(true).await {
        signing_on(location).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_providers_of_schools_are_told_apart_by_their_customers() {
    let stack = Stack::start(location(false).await.expect("a folder")).await;
    let provider = Provider::start(stack.clock.now().timestamp()).await;
    with_address(&stack, "ann", "ann@north.example").await;
    let arrives = async |id: &str, claims: Value, info: Value| {
        provider.says(claims);
        *provider.info.lock().expect("a lock") = info;
        let browser = Browser::new(&stack);
        let sent = browser.sets_out(id).await;
        browser.goes(provider.lets_in(&sent).as_str()).await;
        browser.is().await.is_some()
    };
    set_up(&stack, &provider, "google", "google", Some("north.example")).await;
    let google = |hd: &str| json!({"sub": "g-1", "hd": hd, "email": "ann@north.example", "email_verified": true});
    assert!(!arrives("google", google("elsewhere.example"), json!({})).await);
    assert!(arrives("google", google("north.example"), json!({})).await);
    set_up(&stack, &provider, "entra", "entra", Some("t-1")).await;
    let entra = |tid: &str| json!({"sub": "s", "tid": tid, "oid": "o-1", "preferred_username": "ann@north.example"});
    assert!(!arrives("entra", entra("t-2"), json!({})).await);
    assert!(arrives("entra", entra("t-1"), json!({})).await);
    set_up(&stack, &provider, "classlink", "classlink", Some("77")).await;
    let classlink = |role: &str| json!({"TenantId": "77", "UserId": "4", "Role": role, "Email": "ann@north.example"});
    assert!(!arrives("classlink", json!({"sub": "s"}), classlink("Student")).await);
    assert!(arrives("classlink", json!({"sub": "s"}), classlink("Teacher")).await);
    set_up(&stack, &provider, "clever", "clever", Some("d-1")).await;
    let clever = |district: &str| json!({"district": district, "user_type": "teacher", "user_id": "c-1", "email": "ann@north.example"});
    assert!(!arrives("clever", json!({"sub": "s"}), clever("d-2")).await);
    assert!(arrives("clever", json!({"sub": "s"}), clever("d-1")).await);
    let eve = stack.signed_in("eve", "errs").await;
    // Which customer the district is must be said, and the provider be asked over a line that nobody reads along.
    for (body, field) in [
        (
            json!({"id": "g", "kind": "google", "name": "n", "client_id": "c"}),
            "tenant",
        ),
        (
            json!({"id": "g", "kind": "standard", "name": "n", "client_id": "c"}),
            "issuer",
        ),
        (
            json!({"id": "g", "kind": "standard", "name": "n", "client_id": "c", "issuer": "http://idp.example"}),
            "issuer",
        ),
        (
            json!({"id": "G G", "kind": "standard", "name": "n", "client_id": "c", "issuer": "https://idp.example"}),
            "id",
        ),
    ] {
        let reply = eve.post("/api/v1/directory/sign-on", &body).await;
        assert_eq!((reply.status, reply.field()), (422, field), "{reply:?}");
    }
    assert_eq!(
        stack
            .api("carol")
            .post(
                "/api/v1/directory/sign-on",
                &json!({"id": "g", "kind": "clever", "name": "n", "client_id": "c", "tenant": "d"})
            )
            .await
            .status,
        403
    );
    stack.stop().await;
}
