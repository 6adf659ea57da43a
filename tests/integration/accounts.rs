//! Getting in: links, passwords, waiting, and being kept out.

use contracts::commands::door::{
    LinkMade, LinkView, LookAtLink, MakeLink, NewSession, OfficeMessage, SetPassword, SignInByPassword, SignedIn, Whom,
};
use contracts::events::directory::{KnownAs, PersonDisabled, PersonRostered};
use contracts::ids::{District, PersonId};
use contracts::problem::Problem;
use contracts::subjects::{Subject, Thing};
use contracts::vocabulary::DisabledBecause;
use directory::NewToken;
use gateway::front::digest;
use loopline_tests::{Stack, files_with, location, tension};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sql::Location;

const GOOD: &str = "otter lamp gravel seven";

fn north() -> District {
    "north".parse().expect("a slug")
}

fn person(name: &str) -> PersonId {
    PersonId::derived(&["north", name])
}

/// Somebody whom the roster knows with an address.
async fn rostered(stack: &Stack, id: PersonId, name: &str, email: &str) {
    let keyring = &stack.keyring;
    let key = keyring.lease().await.expect("a key");
    let known_as = KnownAs {
        sourced_id: Some(format!("roster-{name}")),
        email: Some(email.to_owned()),
        ..KnownAs::default()
    };
    let known_as = serde_json::to_string(&known_as).expect("json");
    let event = PersonRostered {
        key,
        name: keyring.seal(key, name).await.expect("sealed"),
        title: None,
        known_as: Some(keyring.seal(key, &known_as).await.expect("sealed")),
        roles: Some(Vec::new()),
        disabled: false,
    };
    let subject = Subject::new(&north(), Thing::Person, id.0);
    stack.directory.state(subject, event.into()).await.expect("a fact");
    let head = stack.log.head().await.expect("the log");
    loopline_tests::until("it is known", async || stack.directory.people.position.get() >= head).await;
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

async fn invited(stack: &Stack, email: &str, secret: &str) -> Result<LinkMade, Problem> {
    let asked = OfficeMessage {
        district: north(),
        by: None,
        step: MakeLink {
            whom: Whom::Email(email.to_owned()),
            link: digest(secret),
            without_second_step: false,
        },
    };
    stack
        .operator()
        .ask("svc.directory.operator.make-link".to_owned(), &asked)
        .await
}

async fn chooses(stack: &Stack, link: &str, password: &str, session: &str) -> Result<SignedIn, Problem> {
    let asked = SetPassword {
        link: digest(link),
        password: password.to_owned(),
        session: new_session(session),
    };
    door(stack, "set-password", &asked).await
}

async fn signs_in(stack: &Stack, login: &str, password: &str, session: &str, device: Option<&str>) -> SignedIn {
    let asked = SignInByPassword {
        login: login.to_owned(),
        password: password.to_owned(),
        session: new_session(session),
        device: device.map(digest),
    };
    door(stack, "sign-in", &asked).await.expect("an answer")
}

async fn getting_in(location: Location) {
    let stack = Stack::start(location).await;
    let ada = PersonId::derived(&["north", "quill"]);
    rostered(&stack, ada, "Ada Quill", "ada@north.example").await;
    // A link is for one person, is used once, and shows who it is for.
    let made = invited(&stack, "Ada@north.example", "link one").await.expect("a link");
    assert_eq!((made.person, made.name.as_str()), (ada, "Ada Quill"));
    let look = LookAtLink {
        link: digest("link one"),
    };
    let view: LinkView = door(&stack, "look-at-link", &look).await.expect("a view");
    assert_eq!((view.login.as_str(), view.again), ("ada@north.example", false));
    // The last link counts.
    invited(&stack, "ada@north.example", "link two").await.expect("a link");
    assert_eq!(
        chooses(&stack, "link one", GOOD, "s").await.expect_err("over").name(),
        "link-over"
    );
    let weak = chooses(&stack, "link two", "adaquill2026", "s")
        .await
        .expect_err("refused");
    assert_eq!((weak.status, weak.fields[0].field.as_str()), (422, "password"));
    let chosen = chooses(&stack, "link two", GOOD, "first session").await;
    assert_eq!(chosen.expect("chosen"), SignedIn::Welcome);
    assert_eq!(
        chooses(&stack, "link two", GOOD, "s").await.expect_err("used").name(),
        "link-over"
    );
    assert_eq!(stack.api_with("first session").get("/api/v1/loops").await.status, 200);

    // Who has no role yet is in, and finds nothing and no error.
    for place in [
        "/api/v1/loops",
        "/api/v1/loops?q=bells",
        "/api/v1/flexibilities",
        "/api/v1/similar?text=bells",
        "/api/v1/patterns",
        "/api/v1/metrics/summary",
        "/api/v1/waivers",
        "/api/v1/reviews",
    ] {
        let status = stack.api_with("first session").get(place).await.status;
        assert!(status < 500, "{place}: {status}");
    }

    // The right two let in; anything else is refused in the same way, whether there is such an account or not.
    assert_eq!(
        signs_in(&stack, " ADA@north.example ", GOOD, "second session", Some("laptop")).await,
        SignedIn::Welcome
    );
    assert_eq!(stack.api_with("second session").get("/api/v1/loops").await.status, 200);
    for login in ["ada@north.example", "nobody@north.example"] {
        for _ in 0..5 {
            assert_eq!(
                signs_in(&stack, login, "not it, surely", "x", None).await,
                SignedIn::Refused,
                "{login}"
            );
        }
        let SignedIn::Later { seconds } = signs_in(&stack, login, GOOD, "x", None).await else {
            panic!("{login} is kept waiting");
        };
        assert!(seconds <= 2, "{seconds}");
    }
    // Whoever tries from elsewhere holds nobody up on a device that is known.
    assert_eq!(
        signs_in(&stack, "ada@north.example", GOOD, "third", Some("laptop")).await,
        SignedIn::Welcome
    );
    assert_ne!(
        signs_in(&stack, "ada@north.example", GOOD, "x", Some("another")).await,
        SignedIn::Welcome
    );
    // Time passes, and it is enough.
    stack.clock.set(stack.clock.now() + chrono::Duration::minutes(6));
    assert_eq!(
        signs_in(&stack, "ada@north.example", GOOD, "fourth", None).await,
        SignedIn::Welcome
    );

    // A session that nobody uses ends, and one that is used does not until its day is over.
    for _ in 0..3 {
        stack.clock.set(stack.clock.now() + chrono::Duration::hours(3));
        stack
            .directory
            .credentials
            .holder(&digest("fourth"), stack.clock.now())
            .await
            .expect("read")
            .expect("still there");
    }
    let held = async |session: &str| {
        let holder = stack
            .directory
            .credentials
            .holder(&digest(session), stack.clock.now())
            .await;
        holder.expect("read").is_some()
    };
    assert!(!held("third").await && held("fourth").await);
    stack.clock.set(stack.clock.now() + chrono::Duration::hours(4));
    assert!(!held("fourth").await, "twelve hours are the most");

    // A new password ends the sessions of the old one.
    assert_eq!(
        signs_in(&stack, "ada@north.example", GOOD, "fifth", None).await,
        SignedIn::Welcome
    );
    invited(&stack, "ada@north.example", "link three")
        .await
        .expect("a link");
    chooses(&stack, "link three", "kettle meadow orbit nine", "sixth")
        .await
        .expect("chosen");
    assert!(!held("fifth").await && held("sixth").await);
    assert_eq!(
        signs_in(&stack, "ada@north.example", GOOD, "x", None).await,
        SignedIn::Refused
    );

    // Links are over after a week.
    invited(&stack, "ada@north.example", "link four").await.expect("a link");
    stack.clock.set(stack.clock.now() + chrono::Duration::days(8));
    assert_eq!(
        chooses(&stack, "link four", GOOD, "x").await.expect_err("over").name(),
        "link-over"
    );
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_guesses_at_once_are_as_many_as_one_after_another_over_sqlite() {
    guessing(location(false).await.expect("a folder")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_guesses_at_once_are_as_many_as_one_after_another_over_postgres() {
    if let Some(location) = location(true).await {
        guessing(location).await;
    }
}

async fn guessing(location: Location) {
    let stack = Stack::start(location).await;
    rostered(
        &stack,
        PersonId::derived(&["north", "quill"]),
        "Ada Quill",
        "ada@north.example",
    )
    .await;
    invited(&stack, "ada@north.example", "link").await.expect("a link");
    chooses(&stack, "link", GOOD, "first").await.expect("chosen");
    let guesses = (0..24).map(|nth| {
        let stack = &stack;
        async move {
            signs_in(
                stack,
                "ada@north.example",
                &format!("a guess {nth}"),
                &format!("s{nth}"),
                None,
            )
            .await
        }
    });
    let answers = futures::future::join_all(guesses).await;
    let looked_at = answers.iter().filter(|answer| **answer == SignedIn::Refused).count();
    assert!(
        (1..=5).contains(&looked_at),
        "{looked_at} guesses were looked at: {answers:?}"
    );
    // None of those that were not looked at is held against her any longer than one after another would be.
    let answer = signs_in(&stack, "ada@north.example", "one more", "s", None).await;
    assert!(
        matches!(answer, SignedIn::Refused | SignedIn::Later { seconds: 1..=2 }),
        "{answer:?}"
    );
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn getting_in_over_sqlite() {
    getting_in(location(false).await.expect("a folder")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn getting_in_over_postgres() {
    if let Some(location) = location(true).await {
        getting_in(location).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_administrator_gives_roles_and_takes_them_away_and_nobody_else_does() {
    let stack = Stack::start(location(false).await.expect("a folder")).await;
    let ada = PersonId::derived(&["north", "quill"]);
    rostered(&stack, ada, "Ada Quill", "ada@north.example").await;
    let now = stack.clock.now();
    stack
        .directory
        .credentials
        .keep_token(&NewToken::for_a_year(digest("ada"), "test", now), &north(), ada, now)
        .await
        .expect("kept");
    let api = stack.api_with("ada");
    assert_eq!(
        api.post("/api/v1/tensions", &tension("seat_time")).await.status,
        403,
        "she has no school yet"
    );
    let claims = async |name: &str| stack.directory_claims(&north(), person(name)).await;
    let tell = async |name: &str, verb: &str, body: Value, key: u128| -> Result<Value, Problem> {
        let message = json!({
            "id": uuid::Uuid::from_u128(key),
            "district": north(),
            "thing": ada,
            "authority": {"by": "person", "district": north(), "person": person(name), "name": name,
                "roles": claims(name).await.roles, "schools": [], "departments": [], "leads": [], "teams": [], "as_of": 0},
            "request_hash": format!("{verb}{body}"),
            "body": body,
        });
        stack
            .operator()
            .ask(format!("svc.directory.user.{verb}"), &message)
            .await
    };
    let reporter = json!({"role": "reporter", "school": loopline_tests::People::school("alder")});
    for nobody in ["rosa", "marcus", "lena", "carol", "sam", "ada"] {
        let refused = tell(nobody, "grant-role", reporter.clone(), 50)
            .await
            .expect_err("refused");
        assert_eq!(refused.status, 403, "{nobody}");
    }
    let wrong = tell("eve", "grant-role", json!({"role": "reporter"}), 51)
        .await
        .expect_err("refused");
    assert_eq!(wrong.fields[0].field, "school");
    tell("eve", "grant-role", reporter.clone(), 52).await.expect("granted");
    loopline_tests::until("she may file", async || {
        api.post("/api/v1/tensions", &tension("seat_time")).await.status == 201
    })
    .await;
    tell("eve", "revoke-role", reporter, 53).await.expect("taken away");
    loopline_tests::until("she may no longer", async || {
        api.post("/api/v1/tensions", &tension("seat_time")).await.status == 403
    })
    .await;
    tell("eve", "disable-person", json!({}), 54).await.expect("kept out");
    loopline_tests::until("she is out", async || api.get("/api/v1/loops").await.status == 401).await;
    tell("eve", "enable-person", json!({}), 55).await.expect("let in");
    // What was taken from her is not given back: a token ends for good.
    assert_eq!(api.get("/api/v1/loops").await.status, 401);
    // What was asked is asked again, as where an answer was lost: what came after it stays.
    for secret in ["anew", "not used yet"] {
        let token = NewToken::for_a_year(digest(secret), "test", now);
        let kept = stack.directory.credentials.keep_token(&token, &north(), ada, now).await;
        kept.expect("kept");
    }
    let in_with = async |secret: &str| stack.api_with(secret).get("/api/v1/loops").await.status == 200;
    loopline_tests::until("she is in again", async || in_with("anew").await).await;
    tell("eve", "disable-person", json!({}), 54).await.expect("it was done");
    assert!(in_with("not used yet").await, "nothing was ended");
    let events = stack
        .log
        .load(&Subject::new(&north(), Thing::Person, ada.0), 0, 0)
        .await
        .expect("read");
    let kinds: Vec<String> = events
        .iter()
        .map(|raw| raw.parse().expect("an event").envelope.event_type)
        .collect();
    assert_eq!(
        kinds,
        [
            "org.loopline.directory.person_rostered.v1",
            "org.loopline.directory.role_granted.v1",
            "org.loopline.directory.role_revoked.v1",
            "org.loopline.directory.person_disabled.v1",
            "org.loopline.directory.person_enabled.v1"
        ]
    );
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_persons_name_goes_what_they_signed_in_with() {
    let location = location(false).await.expect("a folder");
    let stack = Stack::start(location.clone()).await;
    let Location::Folder(folder) = location else {
        unreachable!("these are files")
    };
    let kim = person("kim");
    rostered(&stack, kim, "kim", "kim@greenfinch.example").await;
    invited(&stack, "kim@greenfinch.example", "a link")
        .await
        .expect("a link");
    chooses(&stack, "a link", GOOD, "a session").await.expect("in");
    assert!(!files_with(&folder, "greenfinch").is_empty(), "it stands there before");
    // Kept out by hand, they would be taken in from the roster anew: it has to name them no more.
    let out = format!("/api/v1/directory/people/{kim}/disable");
    assert_eq!(stack.api("eve").post(&out, &json!({})).await.status, 200);
    let erase = json!({"texts": ["all"], "ground": "court_order", "why": "26-114"});
    let address = format!("/api/v1/words/person/{kim}/erase");
    let named = stack.api("carol").post(&address, &erase).await;
    assert_eq!((named.status, named.problem()), (409, "still-here"), "{named:?}");
    let left = PersonDisabled {
        because: DisabledBecause::LeftRoster,
    };
    let subject = Subject::new(&north(), Thing::Person, kim.0);
    stack.directory.state(subject, left.into()).await.expect("a fact");
    let erased = stack.api("carol").post(&address, &erase).await;
    assert_eq!(erased.status, 200, "{erased:?}");
    loopline_tests::until("the address stands nowhere", async || {
        files_with(&folder, "greenfinch").is_empty()
    })
    .await;
    // Nor does it let anybody in who comes back.
    let back = json!({"name": "Kim", "email": "kim@greenfinch.example"});
    let eve = stack.signed_in("eve", "eve").await;
    let again = eve.post(&format!("/api/v1/directory/people/{kim}"), &back).await;
    assert_eq!(again.status, 200, "{again:?}");
    let enabled = format!("/api/v1/directory/people/{kim}/enable");
    assert_eq!(eve.post(&enabled, &json!({})).await.status, 200);
    stack.comes_to_rest().await;
    let tried = signs_in(&stack, "kim@greenfinch.example", GOOD, "another", None).await;
    assert!(matches!(tried, SignedIn::Refused), "{tried:?}");
    stack.stop().await;
}
