//! What lets somebody in: second steps, sessions, tokens, and standing in for one who is away.

use contracts::commands::door::{
    ActFor, EndSession, LookAtSecondStep, NewSession, SecondStepView, SignInByPassword, SignedIn, TakeSecondStep,
    WhichSession,
};
use contracts::events::directory::StandInNamed;
use contracts::ids::{District, PersonId};
use contracts::problem::Problem;
use contracts::subjects::{Subject, Thing};
use gateway::front::digest;
use loopline_tests::{Stack, location, tension};
use reqwest::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sql::Location;
use totp_rs::{Builder, Secret};

const GOOD: &str = "otter lamp gravel seven";

fn north() -> District {
    "north".parse().expect("a slug")
}

fn person(name: &str) -> PersonId {
    PersonId::derived(&["north", name])
}

fn new_session(secret: &str) -> NewSession {
    NewSession {
        digest: digest(secret),
        on: "Firefox on Linux".to_owned(),
    }
}

async fn door<T: Serialize + Sync, A: DeserializeOwned>(stack: &Stack, verb: &str, step: &T) -> Result<A, Problem> {
    stack.operator().ask(format!("svc.directory.door.{verb}"), step).await
}

/// The kinds of what happened to a person, in the record.
async fn record_of(stack: &Stack, name: &str) -> Vec<String> {
    let events = stack
        .log
        .load(&Subject::new(&north(), Thing::Person, person(name).0), 0, 0)
        .await
        .expect("read");
    events
        .iter()
        .map(|raw| {
            let envelope = raw.parse().expect("an event").envelope;
            let kind = envelope.event_type.split('.').nth(3).unwrap_or_default().to_owned();
            format!("{kind} by {}", envelope.actor)
        })
        .collect()
}

/// Gives one of the district's people the address that they sign in with.
async fn with_address(stack: &Stack, name: &str, email: &str) {
    let id = person(name);
    // Said as an administrator says it: whom no roster knows.
    let message = json!({
        "id": uuid::Uuid::new_v5(&id.0, b"address"), "district": north(), "thing": id,
        "authority": {"by": "person", "district": north(), "person": person("eve"), "name": "Eve",
            "roles": ["administrator"], "schools": [], "departments": [], "leads": [], "teams": [], "as_of": 0},
        "request_hash": "address", "body": {"name": name, "email": email},
    });
    let _: Value = stack
        .operator()
        .ask("svc.directory.user.set-person".to_owned(), &message)
        .await
        .expect("an address");
    let head = stack.log.head().await.expect("the log");
    loopline_tests::until("it is known", async || stack.directory.people.position.get() >= head).await;
}

async fn signs_in(stack: &Stack, login: &str, session: &str) -> SignedIn {
    let asked = SignInByPassword {
        login: login.to_owned(),
        password: GOOD.to_owned(),
        session: new_session(session),
        device: None,
    };
    door(stack, "sign-in", &asked).await.expect("an answer")
}

async fn takes(stack: &Stack, half: &str, code: &str, session: &str) -> Result<SignedIn, Problem> {
    let asked = TakeSecondStep {
        half: digest(half),
        code: code.to_owned(),
        session: new_session(session),
    };
    door(stack, "take-second-step", &asked).await
}

async fn looks(stack: &Stack, half: &str) -> Result<SecondStepView, Problem> {
    let asked = LookAtSecondStep { half: digest(half) };
    door(stack, "look-at-second-step", &asked).await
}

fn code(secret: &str, at: chrono::DateTime<chrono::Utc>) -> String {
    let totp = Builder::new()
        .with_secret(Secret::try_from_base32(secret).expect("a secret"))
        .build()
        .expect("codes");
    totp.generate(at.timestamp().unsigned_abs()).to_string()
}

async fn in_two_steps(location: Location) {
    let stack = Stack::start(location).await;
    with_address(&stack, "eve", "eve@north.example").await;
    let made = json!({"district": north(), "step": {"whom": {"email": "eve@north.example"}, "link": digest("link")}});
    let _: Value = stack
        .operator()
        .ask("svc.directory.operator.make-link".to_owned(), &made)
        .await
        .expect("a link");
    // A link and a password of an administrator's own are one step: it lets nobody in.
    let chosen = json!({"link": digest("link"), "password": GOOD, "session": new_session("half one")});
    let chosen: SignedIn = door(&stack, "set-password", &chosen).await.expect("chosen");
    assert_eq!(chosen, SignedIn::SecondStep);
    for nobody in ["half one", "link"] {
        assert_eq!(stack.api_with(nobody).get("/api/v1/me").await.status, 401, "{nobody}");
    }
    // Whoever has the password too is shown another secret, which is worth nothing once this one is set up.
    assert_eq!(
        signs_in(&stack, "eve@north.example", "half zero").await,
        SignedIn::SecondStep
    );
    let theirs = looks(&stack, "half zero").await.expect("to be set up").secret;
    let setting = looks(&stack, "half one").await.expect("to be set up");
    assert_ne!(setting.secret, theirs);
    let secret = setting.secret.expect("a secret");
    assert_eq!(
        looks(&stack, "half one").await.expect("again").secret.as_deref(),
        Some(secret.as_str()),
        "looked at twice it is the same"
    );
    let now = stack.clock.now();
    assert_eq!(takes(&stack, "half one", "000000", "s").await, Ok(SignedIn::Refused));
    let right = code(&secret, now);
    assert_eq!(takes(&stack, "half one", &right, "first").await, Ok(SignedIn::Welcome));
    assert_eq!(stack.api_with("first").get("/api/v1/me").await.status, 200);
    // What let somebody take the second step does it once.
    assert_eq!(
        takes(&stack, "half one", &right, "x").await.expect_err("over").name(),
        "sign-in-over"
    );

    // From now on the app is asked for, and what it is made from is shown to nobody any more.
    assert_eq!(
        signs_in(&stack, "eve@north.example", "half two").await,
        SignedIn::SecondStep
    );
    assert_eq!(looks(&stack, "half two").await.expect("a view").secret, None);
    assert_eq!(
        takes(&stack, "half two", &right, "x").await,
        Ok(SignedIn::Refused),
        "a code is used once"
    );
    stack.clock.set(now + chrono::Duration::seconds(30));
    let next = code(&secret, stack.clock.now());
    assert_eq!(takes(&stack, "half two", &next, "second").await, Ok(SignedIn::Welcome));
    // Whoever has the password and guesses codes is made to wait.
    assert_eq!(
        signs_in(&stack, "eve@north.example", "half three").await,
        SignedIn::SecondStep
    );
    for _ in 0..5 {
        assert_eq!(takes(&stack, "half three", "123123", "x").await, Ok(SignedIn::Refused));
    }
    stack.clock.set(stack.clock.now() + chrono::Duration::milliseconds(100));
    let right = code(&secret, stack.clock.now() + chrono::Duration::seconds(30));
    let waits = takes(&stack, "half three", &right, "x").await.expect("an answer");
    assert!(matches!(waits, SignedIn::Later { .. }), "{waits:?}");
    // It lasts ten minutes.
    stack.clock.set(stack.clock.now() + chrono::Duration::minutes(11));
    assert_eq!(
        looks(&stack, "half three").await.expect_err("over").name(),
        "sign-in-over"
    );

    // Whoever has the machine can take a lost telephone away, and it is on record.
    let made = json!({"district": north(), "step": {"whom": {"email": "eve@north.example"}, "link": digest("link two"),
        "without_second_step": true}});
    let _: Value = stack
        .operator()
        .ask("svc.directory.operator.make-link".to_owned(), &made)
        .await
        .expect("a link");
    assert_eq!(
        signs_in(&stack, "eve@north.example", "half four").await,
        SignedIn::SecondStep
    );
    let anew = looks(&stack, "half four").await.expect("a view").secret;
    assert!(anew.is_some_and(|anew| anew != secret));
    let eve = person("eve");
    let record = record_of(&stack, "eve").await;
    let told: Vec<&str> = record
        .iter()
        .map(String::as_str)
        .filter(|line| !line.starts_with("person_rostered") && !line.starts_with("role_granted"))
        .collect();
    assert_eq!(
        told,
        [
            "sign_in_link_made by policy/operator".to_owned(),
            format!("password_chosen by person/{eve}"),
            format!("second_step_set by person/{eve}"),
            "sign_in_link_made by policy/operator".to_owned(),
            "second_step_removed by policy/operator".to_owned(),
        ]
    );
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_administrator_comes_in_by_two_steps_over_sqlite() {
    in_two_steps(location(false).await.expect("a folder")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_administrator_comes_in_by_two_steps_over_postgres() {
    if let Some(location) = location(true).await {
        in_two_steps(location).await;
    }
}

async fn own_access(location: Location) {
    let stack = Stack::start(location).await;
    for secret in ["laptop", "phone", "library"] {
        stack.signed_in("rosa", secret).await;
    }
    stack.signed_in("marcus", "his").await;
    let me = person("rosa");
    let list = async |secret: &str| -> Value {
        let claims = stack.directory_claims(&north(), me).await;
        let asked = json!({"viewer": claims, "at_least": 0, "query": {"secret_digest": digest(secret)}});
        let answered: Value = stack
            .operator()
            .ask("ask.directory.access".to_owned(), &asked)
            .await
            .expect("an answer");
        answered["answer"].clone()
    };
    let view = list("phone").await;
    let sessions = view["sessions"].as_array().expect("sessions").clone();
    assert_eq!(sessions.len(), 3);
    assert_eq!(sessions.iter().filter(|one| one["this"] == json!(true)).count(), 1);
    // One of one's own can be ended; another's cannot.
    let his: Value = {
        let claims = stack.directory_claims(&north(), person("marcus")).await;
        let asked = json!({"viewer": claims, "at_least": 0, "query": {"secret_digest": ""}});
        stack
            .operator()
            .ask("ask.directory.access".to_owned(), &asked)
            .await
            .expect("an answer")
    };
    let his = his["answer"]["sessions"][0]["id"]
        .as_str()
        .expect("an id")
        .parse()
        .expect("a uuid");
    let end = async |which: WhichSession| {
        let asked = EndSession {
            secret_digest: digest("phone"),
            which,
        };
        let _: bool = door(&stack, "end-session", &asked).await.expect("done");
    };
    end(WhichSession::One(his)).await;
    assert_eq!(stack.api_with("his").get("/api/v1/me").await.status, 200);
    end(WhichSession::Others).await;
    for (secret, status) in [("laptop", 401), ("library", 401), ("phone", 200)] {
        assert_eq!(
            stack.api_with(secret).get("/api/v1/me").await.status,
            status,
            "{secret}"
        );
    }

    // Tokens: made by oneself, signed in; scoped, ending, and gone when they are ended.
    let until = (stack.clock.now() + chrono::Duration::days(30)).date_naive();
    let make = |scope: &str, secret: &str| json!({"name": "a program", "scope": scope, "until": until, "digest": digest(secret)});
    let path = format!("/api/v1/directory/people/{me}/make-token");
    let session = stack.api_with("phone");
    let made = session.post(&path, &make("read", "reading")).await;
    assert_eq!(made.status, 200, "{made:?}");
    assert_eq!(session.post(&path, &make("act", "acting")).await.status, 200);
    let reading = stack.api_with("reading");
    assert_eq!(reading.get("/api/v1/loops").await.status, 200);
    let refused = reading.post("/api/v1/tensions", &tension("seat_time")).await;
    assert_eq!(
        (refused.status, refused.problem()),
        (403, "token-only-reads"),
        "{refused:?}"
    );
    assert_eq!(
        stack
            .api_with("acting")
            .post("/api/v1/tensions", &tension("seat_time"))
            .await
            .status,
        201
    );
    // No token makes another, nobody makes one for somebody else, and none lasts for ever.
    assert_eq!(
        stack.api_with("acting").post(&path, &make("act", "more")).await.status,
        403
    );
    let others = format!("/api/v1/directory/people/{}/make-token", person("marcus"));
    assert_eq!(session.post(&others, &make("act", "more")).await.status, 403);
    let for_ever = json!({"name": "x", "scope": "act", "until": "2040-01-01", "digest": digest("more")});
    assert_eq!(session.post(&path, &for_ever).await.field(), "until");
    let view = list("phone").await;
    let tokens = view["tokens"].as_array().expect("tokens").clone();
    let acting = tokens
        .iter()
        .find(|one| one["scope"] == json!("act") && one["name"] == json!("a program"));
    let acting = acting.expect("the token")["id"].clone();
    let end = format!("/api/v1/directory/people/{me}/end-token");
    assert_eq!(
        stack.api_with("his").post(&end, &json!({"token": acting})).await.status,
        403
    );
    assert_eq!(session.post(&end, &json!({"token": acting})).await.status, 200);
    // What was asked once more by the same key is answered as it was, and lets nobody in again.
    let once_more = async || {
        let request = session.request(Method::POST, &path).header("Idempotency-Key", "again");
        session.send(request.json(&make("act", "again"))).await
    };
    let first = once_more().await;
    assert_eq!(stack.api_with("again").get("/api/v1/me").await.status, 200);
    let of_key = gateway::front::command_id(&stack.directory_claims(&north(), me).await, "again").0;
    assert_eq!(session.post(&end, &json!({"token": of_key})).await.status, 200);
    assert_eq!(once_more().await.version(), first.version());
    loopline_tests::until("it stays out", async || {
        stack.api_with("again").get("/api/v1/me").await.status == 401
    })
    .await;
    loopline_tests::until("it is out", async || {
        stack.api_with("acting").get("/api/v1/me").await.status == 401
    })
    .await;
    // Its last day is one of the district's, whose midnight is five hours after that of the clock.
    let midnight = until.and_hms_opt(0, 0, 0).expect("a time").and_utc() + chrono::Duration::hours(24 + 5);
    stack.clock.set(midnight - chrono::Duration::minutes(1));
    assert_eq!(stack.api_with("reading").get("/api/v1/me").await.status, 200);
    stack.clock.set(midnight + chrono::Duration::minutes(1));
    loopline_tests::until("its days are over", async || {
        stack.api_with("reading").get("/api/v1/me").await.status == 401
    })
    .await;
    let record = record_of(&stack, "rosa").await;
    assert_eq!(
        &record[record.len() - 5..],
        [
            format!("token_made by person/{me}"),
            format!("token_made by person/{me}"),
            format!("token_ended by person/{me}"),
            format!("token_made by person/{me}"),
            format!("token_ended by person/{me}"),
        ]
    );
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_and_tokens_are_ones_own_over_sqlite() {
    own_access(location(false).await.expect("a folder")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_and_tokens_are_ones_own_over_postgres() {
    if let Some(location) = location(true).await {
        own_access(location).await;
    }
}

async fn acts_for(stack: &Stack, secret: &str, absent: Option<PersonId>) -> Result<bool, Problem> {
    let asked = ActFor {
        secret_digest: digest(secret),
        absent,
    };
    door(stack, "act-for", &asked).await
}

async fn standing_in(location: Location) {
    let stack = Stack::start(location).await;
    // Marcus is away; Carol, the contact, stands in for him at his department.
    let id = stack.api("rosa").files("seat_time").await;
    stack.comes_to_rest().await;
    stack.signed_in("marcus", "his").await;
    stack.signed_in("tom", "toms").await;
    let (marcus, tom) = (person("marcus"), person("tom"));
    let until = (stack.clock.now() + chrono::Duration::days(7)).date_naive();
    let named = json!({"absent": marcus, "until": until});
    let to_tom = format!("/api/v1/directory/people/{tom}/name-stand-in");
    // Tom cannot name himself, nor can others for Marcus, nor can a token of his.
    assert_eq!(
        acts_for(&stack, "toms", Some(marcus)).await.expect_err("no").status,
        403
    );
    assert_eq!(stack.api_with("toms").post(&to_tom, &named).await.status, 403);
    assert_eq!(stack.api("lena").post(&to_tom, &named).await.status, 403);
    assert_eq!(stack.api("marcus").post(&to_tom, &named).await.status, 403);
    let long = json!({"absent": marcus, "until": "2040-01-01"});
    assert_eq!(stack.api_with("his").post(&to_tom, &long).await.field(), "until");
    let done = stack.api_with("his").post(&to_tom, &named).await;
    assert_eq!(done.status, 200, "{done:?}");
    loopline_tests::until("it is known", async || {
        acts_for(&stack, "toms", Some(marcus)).await.is_ok()
    })
    .await;

    // What Tom does now is his deed, for Marcus.
    let acting = stack.api_with("toms");
    loopline_tests::until("the gateway knows", async || {
        let me = acting.get("/api/v1/me").await.body;
        (&me["person"], &me["acting_for"]) == (&json!(tom), &json!(marcus))
    })
    .await;
    let version = acting.does(&id, "acknowledge", json!({"word": "We have it."})).await;
    let page = stack
        .api("carol")
        .get_at(&format!("/api/v1/loops/{id}/timeline"), version)
        .await;
    let entry = page.body["items"]
        .as_array()
        .expect("entries")
        .iter()
        .find(|entry| entry["type"] == json!("case_acknowledged"))
        .expect("it is there")
        .clone();
    assert_eq!(entry["actor_id"], json!(format!("person/{tom}")), "{entry}");
    assert_eq!(entry["acting_for"], json!(marcus), "{entry}");
    assert_eq!(entry["actor"], json!("tom, for marcus"), "{entry}");
    // Nobody makes tokens or names others while standing in, and what an administrator does is lent to nobody.
    let token = json!({"name": "x", "scope": "act", "until": until, "digest": digest("more")});
    let own = format!("/api/v1/directory/people/{tom}/make-token");
    assert_eq!(acting.post(&own, &token).await.status, 403);
    stack.signed_in("eve", "eves").await;
    let for_eve = json!({"absent": person("eve"), "until": until});
    assert_eq!(stack.api_with("eves").post(&to_tom, &for_eve).await.status, 200);
    loopline_tests::until("it is known", async || {
        acts_for(&stack, "toms", Some(person("eve"))).await.is_ok()
    })
    .await;
    loopline_tests::until("nothing is lent", async || {
        let me = acting.get("/api/v1/me").await.body;
        (&me["acting_for"], &me["roles"]) == (&json!(person("eve")), &json!([]))
    })
    .await;

    // It ends by itself, or when either says so.
    acts_for(&stack, "toms", Some(marcus)).await.expect("again");
    loopline_tests::until("the gateway knows", async || {
        stack.api_with("toms").get("/api/v1/me").await.body["acting_for"] == json!(marcus)
    })
    .await;
    stack.clock.set(stack.clock.now() + chrono::Duration::hours(1));
    let end = format!("/api/v1/directory/people/{tom}/end-stand-in");
    let ended = stack.api_with("his").post(&end, &json!({"absent": marcus})).await;
    assert_eq!(ended.status, 200, "{ended:?}");
    loopline_tests::until("he is himself again", async || {
        let me = stack.api_with("toms").get("/api/v1/me").await;
        me.body["acting_for"] == Value::Null && me.body["person"] == json!(tom)
    })
    .await;
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_stands_in_is_recorded_with_whom_they_stand_in_for_over_sqlite() {
    standing_in(location(false).await.expect("a folder")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_stands_in_is_recorded_with_whom_they_stand_in_for_over_postgres() {
    if let Some(location) = location(true).await {
        standing_in(location).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_more_gets_nothing_new_and_what_it_had_goes_on() {
    let stack = Stack::start(location(false).await.expect("a folder")).await;
    let id = stack.api("rosa").files("seat_time").await;
    stack.comes_to_rest().await;
    let head = stack.log.head().await.expect("the log");
    let seen = stack.api("carol").sees(&id, head).await;
    let from = seen["department"].as_str().expect("a department").to_owned();
    let eve = stack.api("eve");
    let district = eve.get("/api/v1/directory").await.body;
    let other = district["departments"]
        .as_array()
        .expect("departments")
        .iter()
        .find(|one| one["id"] != json!(from))
        .expect("another")
        .clone();
    let retire = format!("/api/v1/directory/departments/{from}/retire");
    // Rules name it: those are changed first.
    let refused = eve.post(&retire, &json!({})).await;
    assert_eq!(
        (refused.status, refused.problem()),
        (409, "rules-name-it"),
        "{refused:?}"
    );
    let mut rules = district["rules"].as_array().expect("rules").clone();
    for rule in &mut rules {
        if rule["department"] == json!(from) {
            rule["department"] = other["id"].clone();
        }
        rule["collaborators"] = json!([]);
    }
    // What would have gone elsewhere is known before anything is changed, and only to those who keep rules.
    let dry = stack
        .api("carol")
        .post("/api/v1/directory/routing-rules/dry-run", &json!({"rules": rules}))
        .await;
    assert_eq!(
        (dry.status, dry.body["looked_at"].as_u64(), dry.body["same"].as_u64()),
        (200, Some(1), Some(0)),
        "{dry:?}"
    );
    assert_eq!(dry.body["loops"][0]["id"], json!(id));
    let counted = eve
        .post("/api/v1/directory/routing-rules/dry-run", &json!({"rules": rules}))
        .await;
    assert_eq!(counted.body["loops"], json!([]), "an administrator sees no loops");
    assert_eq!(
        stack
            .api("rosa")
            .post("/api/v1/directory/routing-rules/dry-run", &json!({"rules": rules}))
            .await
            .status,
        404
    );
    let published = eve
        .post("/api/v1/directory/routing-rules", &json!({"rules": rules}))
        .await;
    assert_eq!(published.status, 200, "{published:?}");
    // A loop is open with it: it says which, and wants to know who gets them.
    let refused = loop {
        let refused = eve.post(&retire, &json!({})).await;
        if refused.problem() != "rules-name-it" {
            break refused;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!((refused.status, refused.problem()), (409, "loops-open"), "{refused:?}");
    assert!(
        refused.body["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains(seen["number"].as_str().expect("a number")))
    );
    assert_eq!(eve.post(&retire, &json!({"loops_to": from})).await.field(), "loops_to");
    let carol = stack.api("carol");
    let reroutes = async |to: &Value, key: &str| {
        let request = carol
            .request(Method::POST, &format!("/api/v1/loops/{id}/reroute"))
            .header("Idempotency-Key", key);
        carol
            .send(request.json(&json!({"department": to, "why": "theirs"})))
            .await
    };
    assert_eq!(reroutes(&other["id"], "there").await.status, 200);
    let back = reroutes(&json!(from), "back").await;
    assert_eq!(back.status, 200, "{back:?}");
    let done = eve.post(&retire, &json!({"loops_to": other["id"]})).await;
    assert_eq!(done.status, 200, "{done:?}");
    loopline_tests::until("it went on", async || {
        stack.tick().await;
        let head = stack.log.head().await.expect("the log");
        stack.api("carol").sees(&id, head).await["department"] == other["id"]
    })
    .await;
    let head = stack.log.head().await.expect("the log");
    assert!(
        stack
            .api("carol")
            .history(&id, head)
            .await
            .contains(&"tension_rerouted".to_owned())
    );
    // What was done before is answered as it was, although what it names is no more.
    let repeated = reroutes(&json!(from), "back").await;
    assert_eq!(
        (repeated.status, repeated.version()),
        (200, back.version()),
        "{repeated:?}"
    );
    // Nobody can send anything there any more.
    let back = stack
        .api("carol")
        .tries(&id, "reroute", json!({"department": from, "why": "x"}))
        .await;
    assert_eq!((back.status, back.field()), (422, "department"), "{back:?}");
    // What hands its loops on to another keeps that other from closing without saying where they go from there: loops may
    // still be on their way.
    stack.api("rosa").does(&id, "withdraw", json!({"why": "x"})).await;
    let named = eve
        .post("/api/v1/directory/departments", &json!({"name": "A third"}))
        .await;
    assert_eq!(named.status, 201, "{named:?}");
    let third = named.body["id"].clone();
    for rule in &mut rules {
        rule["department"] = third.clone();
    }
    let published = eve
        .post("/api/v1/directory/routing-rules", &json!({"rules": rules}))
        .await;
    assert_eq!(published.status, 200, "{published:?}");
    let retire_other = format!(
        "/api/v1/directory/departments/{}/retire",
        other["id"].as_str().expect("an id")
    );
    let refused = loop {
        let refused = eve.post(&retire_other, &json!({})).await;
        if refused.problem() != "rules-name-it" {
            break refused;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!((refused.status, refused.field()), (422, "loops_to"), "{refused:?}");
    assert_eq!(eve.post(&retire_other, &json!({"loops_to": third})).await.status, 200);
    // A school stays while it is in open loops, and then gets nothing new.
    let id = stack.api("rosa").files("scheduling").await;
    stack.comes_to_rest().await;
    let alder = loopline_tests::People::school("alder");
    let close = format!("/api/v1/directory/schools/{alder}/retire");
    let refused = eve.post(&close, &json!({})).await;
    assert_eq!((refused.status, refused.problem()), (409, "loops-open"), "{refused:?}");
    stack.api("rosa").does(&id, "withdraw", json!({"why": "x"})).await;
    assert_eq!(eve.post(&close, &json!({})).await.status, 200);
    loopline_tests::until("nothing new comes from it", async || {
        stack
            .api("rosa")
            .post("/api/v1/tensions", &tension("seat_time"))
            .await
            .status
            == 403
    })
    .await;
    // Who did it, and what was there before.
    let changes = stack
        .api("eve")
        .get(&format!("/api/v1/directory/changes?school={alder}"))
        .await;
    assert_eq!(changes.body[0]["event"], json!("school_retired"), "{changes:?}");
    assert_eq!(stack.api("rosa").get("/api/v1/directory/changes").await.status, 404);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_district_sorts_barriers_by_areas_of_its_own() {
    let stack = Stack::start(location(false).await.expect("a folder")).await;
    let farm = tension("farm_programs");
    let refused = stack.api("rosa").post("/api/v1/tensions", &farm).await;
    assert_eq!((refused.status, refused.field()), (422, "area"), "{refused:?}");
    let areas = json!({"areas": [
        {"code": "farm_programs", "label": "Farm programs"},
        {"code": "seat_time", "label": "Time in class", "retired": true},
    ]});
    assert_eq!(
        stack.api("rosa").post("/api/v1/directory/areas", &areas).await.status,
        403
    );
    let set = stack.api("carol").post("/api/v1/directory/areas", &areas).await;
    assert_eq!(set.status, 200, "{set:?}");
    loopline_tests::until("it is known", async || {
        stack.api("rosa").post("/api/v1/tensions", &farm).await.status == 201
    })
    .await;
    let refused = stack.api("rosa").post("/api/v1/tensions", &tension("seat_time")).await;
    assert_eq!((refused.status, refused.field()), (422, "area"), "{refused:?}");
    // What anybody reads calls it as the district does.
    let words = json!({"says": "flexibility", "title": "Chores count", "text": "Chores count as practice.",
        "area": "farm_programs", "rule": {"source": "habit"}});
    let written = stack.api("lena").post("/api/v1/flexibilities", &words).await;
    assert_eq!(written.status, 201, "{written:?}");
    let shown = format!(
        "/api/v1/flexibilities/{}/show-to",
        written.body["id"].as_str().expect("an id")
    );
    let shown = stack.api("lena").post(&shown, &json!({"readers": "public"})).await;
    assert_eq!(shown.status, 200, "{shown:?}");
    loopline_tests::until("it is shown under the district's own name", async || {
        let asked = json!({"district": "north"});
        let read: Result<Value, Problem> = stack.operator().ask("ask.flexibility.public".to_owned(), &asked).await;
        read.is_ok_and(|read| read["items"][0]["area_name"] == json!("Farm programs"))
    })
    .await;
    // What was filed under one is not lost with it.
    let dropped = stack
        .api("carol")
        .post("/api/v1/directory/areas", &json!({"areas": []}))
        .await;
    assert_eq!((dropped.status, dropped.field()), (422, "areas"), "{dropped:?}");
    // Somebody was faster.
    let stale = stack
        .api("carol")
        .send(
            stack
                .api("carol")
                .request(Method::POST, "/api/v1/directory/areas")
                .header("If-Match", "\"1\"")
                .json(&areas),
        )
        .await;
    assert_eq!(stale.status, 412, "{stale:?}");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_fills_anothers_record_by_naming_them() {
    let stack = Stack::start(location(false).await.expect("a folder")).await;
    let (ruth, marcus) = (person("ruth"), person("marcus"));
    let subject = Subject::new(&north(), Thing::Person, ruth.0);
    let there = record_of(&stack, "ruth").await.len();
    for nth in there..500 {
        let absent = person(&nth.to_string());
        let day = stack.clock.now().date_naive();
        let fact = StandInNamed {
            absent,
            from: day,
            until: day,
        }
        .into();
        stack.directory.state(subject.clone(), fact).await.expect("a fact");
    }
    stack.comes_to_rest().await;
    let path = format!("/api/v1/directory/people/{ruth}/name-stand-in");
    let until = (stack.clock.now() + chrono::Duration::days(3)).date_naive();
    let named = json!({"absent": marcus, "until": until});
    let refused = stack.signed_in("marcus", "his").await.post(&path, &named).await;
    assert_eq!((refused.status, refused.problem()), (409, "named-often"), "{refused:?}");
    assert_eq!(record_of(&stack, "ruth").await.len(), 500);
    let named = stack.signed_in("eve", "hers").await.post(&path, &named).await;
    assert_eq!(named.status, 200, "{named:?}");
    stack.stop().await;
}

async fn leaving(location: Location) {
    let stack = Stack::start(location).await;
    // Ruth is the other one who speaks for Rosa's school; nobody else does for Ann's.
    let first = stack.api("rosa").files("seat_time").await;
    let second = stack.api("rosa").files("scheduling").await;
    let over = stack.api("rosa").files("grading").await;
    stack.api("rosa").does(&over, "withdraw", json!({"why": "x"})).await;
    let of_ann = stack.api("ann").files("seat_time").await;
    stack.comes_to_rest().await;
    for gone in ["rosa", "ann"] {
        let path = format!("/api/v1/directory/people/{}/disable", person(gone));
        assert_eq!(stack.api("eve").post(&path, &json!({})).await.status, 200);
    }
    stack.comes_to_rest().await;
    let head = stack.log.head().await.expect("the log");
    for id in [&first, &second] {
        assert!(
            stack
                .api("carol")
                .history(id, head)
                .await
                .contains(&"handed_on".to_owned()),
            "{id}"
        );
        let seen = stack.api("ruth").sees(id, head).await;
        assert_eq!(seen["schools"][0]["speaker_name"], json!("ruth"), "{seen}");
    }
    for id in [&over, &of_ann] {
        assert!(
            !stack
                .api("carol")
                .history(id, head)
                .await
                .contains(&"handed_on".to_owned()),
            "{id}"
        );
    }
    // Where nobody is left to speak, the contact is told, and nobody else.
    let unspoken = async |name: &str| -> Result<Value, Problem> {
        let claims = stack.directory_claims(&north(), person(name)).await;
        let asked = json!({"viewer": claims, "at_least": head, "query": {}});
        stack.operator().ask("ask.directory.unspoken".to_owned(), &asked).await
    };
    let told = unspoken("carol").await.expect("an answer");
    let birch = loopline_tests::People::school("birch");
    assert_eq!(told["answer"], json!([{"school": birch, "spoke": "ann", "loops": 1}]));
    assert_eq!(unspoken("sam").await.expect_err("refused").status, 404);
    // Whoever stays in one school and leaves another hands on there only; said again, nothing happens.
    let before = stack.log.head().await.expect("the log");
    let rosa = format!("/api/v1/directory/people/{}/enable", person("rosa"));
    assert_eq!(
        stack.api("eve").post(&rosa, &json!({})).await.status,
        403,
        "not with a token"
    );
    let eve = stack.signed_in("eve", "eves").await;
    assert_eq!(eve.post(&rosa, &json!({})).await.status, 200);
    stack.comes_to_rest().await;
    assert_eq!(
        stack.log.head().await.expect("the log"),
        before + 1,
        "she is back, and Ruth still speaks"
    );
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_a_filer_leaves_the_schools_loops_are_handed_on_over_sqlite() {
    leaving(location(false).await.expect("a folder")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_a_filer_leaves_the_schools_loops_are_handed_on_over_postgres() {
    if let Some(location) = location(true).await {
        leaving(location).await;
    }
}
