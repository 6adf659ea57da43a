//! A district's roster, taken in: from people in files to people who file.

use std::sync::Arc;
use std::time::Duration;

use contracts::commands::roster::{ApplyRoster, ImportStage, LookAtRoster, NewDistrict, RosterMessage, RosterView};
use contracts::events::DirectoryEvent;
use contracts::ids::{District, PersonId};
use contracts::problem::Problem;
use contracts::subjects::{Thing, every};
use decider::Desk;
use directory::NewToken;
use eventlog::Log;
use eventlog::jetstream::JetStreamLog;
use loopline_tests::{Stack, TestBroker, location, tension};
use messaging::Bus;
use projection::LiveDistricts;
use roster::{Reading, Roster};
use runtime::{Clock, Health, Lifecycle};
use sealing::{JetStreamKeys, Keyring, MasterKey};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sql::Location;
use uuid::Uuid;

const ORGS: &str = "sourcedId,name,type,identifier,parentSourcedId\nd1,Harbor Schools,district,3701234,\n\
                    s1,Harbor Elementary,school,370123400001,d1\ns2,Harbor High,school,370123400002,d1\n";
const HEADER: &str = "sourcedId,enabledUser,orgSourcedIds,role,givenName,familyName,email";

fn harbor() -> District {
    "harbor".parse().expect("a slug")
}

/// A roster of so many teachers, and students among them.
fn teachers(from: usize, to: usize) -> String {
    let mut users = HEADER.to_owned();
    for nth in from..to {
        users.push_str("\nt");
        users.push_str(&nth.to_string());
        users.push_str(if nth % 2 == 0 { ",true,s1" } else { ",true,s2" });
        users.push_str(",teacher,Teacher,Number ");
        users.push_str(&nth.to_string());
        users.push_str(",t");
        users.push_str(&nth.to_string());
        users.push_str("@harbor.example\nk");
        users.push_str(&nth.to_string());
        users.push_str(",true,s1,student,Never,Seen,");
    }
    users
}

fn read(users: &str) -> Roster {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("orgs.csv"), ORGS).expect("written");
    std::fs::write(folder.path().join("users.csv"), users).expect("written");
    let mut reading = Reading {
        today: loopline_tests::monday().date_naive(),
        known: &|_| false,
        progress: &mut |_| {},
    };
    roster::read(folder.path(), &mut reading).expect("a roster")
}

fn person(id: &str) -> PersonId {
    PersonId::derived(&["harbor", "roster", id])
}

/// Somebody who hands rosters over.
struct Clerk<'a> {
    operator: &'a Bus,
    message: RosterMessage<()>,
}

impl<'a> Clerk<'a> {
    fn new(operator: &'a Bus, nth: u128) -> Self {
        let message = RosterMessage {
            district: harbor(),
            import: Uuid::from_u128(nth),
            by: None,
            step: (),
        };
        Self { operator, message }
    }

    async fn ask<T: Serialize + Sync, A: DeserializeOwned>(&self, verb: &str, step: T) -> Result<A, Problem> {
        let subject = format!("svc.directory.operator.roster-{verb}");
        let message = self.message.with(step);
        for _ in 0..400 {
            match self.operator.ask(subject.clone(), &message).await {
                Err(problem) if problem.status == 503 => runtime::clock::pause(Duration::from_millis(25)).await,
                answered => return answered,
            }
        }
        panic!("the directory never answers {verb}");
    }

    async fn hands_over(&self, users: &str) -> RosterView {
        let roster = read(users);
        let new = NewDistrict {
            name: None,
            time_zone: Some("America/New_York".to_owned()),
        };
        let _: Value = self.ask("begin", roster.begin(Some(new))).await.expect("begun");
        for rows in roster.pieces() {
            let _: Value = self.ask("rows", rows).await.expect("taken");
        }
        self.looks().await
    }

    async fn looks(&self) -> RosterView {
        self.ask("look", LookAtRoster {}).await.expect("a view")
    }

    async fn has_it_taken_in(&self, options: ApplyRoster) -> Result<RosterView, Problem> {
        let _: RosterView = self.ask("apply", options).await?;
        loopline_tests::until("it has ended", async || self.looks().await.stage == ImportStage::Ended).await;
        Ok(self.looks().await)
    }
}

/// The events of a kind of thing in the district, by type.
async fn events(log: &Log, thing: Thing) -> Vec<(Uuid, DirectoryEvent)> {
    let mut tail = log.read(vec![every(thing)], 0).await.expect("a tail");
    let (mut batch, mut at) = (Vec::new(), 0);
    while tail.caught_up_at().is_none_or(|until| at < until) {
        let before = batch.len();
        let _ = tokio::time::timeout(Duration::from_millis(50), tail.next(&mut batch, 1000)).await;
        at = batch[before..].last().map_or(at, |raw: &eventlog::Raw| raw.sequence);
    }
    let recorded = batch.iter().map(|raw| raw.parse().expect("an event"));
    let ours = recorded.filter(|recorded| recorded.subject.district == harbor());
    ours.map(|recorded| {
        let event = DirectoryEvent::read(&recorded.envelope).expect("the directory's");
        (recorded.subject.id, event)
    })
    .collect()
}

async fn from_files_to_people_who_file(location: Location) {
    let stack = Stack::start(location).await;
    let clerk = Clerk::new(stack.operator(), 1);
    let seen = clerk.hands_over(&teachers(0, 40)).await;
    assert_eq!(
        (seen.counts.schools, seen.counts.people, seen.counts.ignored),
        (2, 40, 40)
    );
    assert_eq!(seen.stage, ImportStage::Draft);
    assert!(
        events(&stack.log, Thing::Person).await.is_empty(),
        "looking changes nothing"
    );
    let ended = clerk.has_it_taken_in(ApplyRoster::default()).await.expect("taken in");
    // The district, its calendar is no change for people, two schools, forty people.
    assert_eq!((ended.counts.changed, ended.counts.added), (43, 43));
    let rostered = events(&stack.log, Thing::Person).await;
    assert_eq!(rostered.len(), 40, "one event each");
    let texts = format!("{rostered:?}");
    assert!(
        !texts.contains("Number") && !texts.contains("harbor.example"),
        "names and addresses are sealed"
    );
    let imports = events(&stack.log, Thing::Import).await;
    assert!(
        matches!(
            &imports[..],
            [
                (_, DirectoryEvent::RosterImportBegun(_)),
                (_, DirectoryEvent::RosterImportEnded(_))
            ]
        ),
        "{imports:?}"
    );
    // One of them files, at the one school the roster names.
    let now = stack.clock.now();
    let secret = "a secret of t1";
    stack
        .directory
        .credentials
        .keep_token(
            &NewToken::for_a_year(gateway::front::digest(secret), "test", now),
            &harbor(),
            person("t1"),
            now,
        )
        .await
        .expect("kept");
    let api = stack.api_with(secret);
    let filed = api.post("/api/v1/tensions", &tension("seat_time")).await;
    assert_eq!(filed.status, 201, "{filed:?}");
    let read = api
        .get(&format!("/api/v1/loops/{}", filed.body["id"].as_str().expect("an id")))
        .await;
    assert_eq!(read.body["schools"][0]["name"], "Harbor High", "{read:?}");

    // The same again: nothing happens, and it says so.
    let again = Clerk::new(stack.operator(), 2);
    again.hands_over(&teachers(0, 40)).await;
    let ended = again.has_it_taken_in(ApplyRoster::default()).await.expect("taken in");
    assert_eq!(ended.counts.changed, 0);
    assert_eq!(events(&stack.log, Thing::Person).await.len(), 40);

    // A file that would disable more than a tenth stops and asks.
    let few = Clerk::new(stack.operator(), 3);
    let seen = few.hands_over(&teachers(5, 40)).await;
    assert!(seen.disables_many && seen.counts.disabled == 5);
    let refused = few.has_it_taken_in(ApplyRoster::default()).await.expect_err("refused");
    assert_eq!(refused.name(), "disables-many");
    let meant = ApplyRoster {
        disable_many: true,
        ..ApplyRoster::default()
    };
    few.has_it_taken_in(meant).await.expect("taken in");
    loopline_tests::until("whoever left is out", async || {
        api.get("/api/v1/loops").await.status == 401
    })
    .await;
    // Back in the next file, t1 is in again, but by nothing that was there before.
    let back = Clerk::new(stack.operator(), 31);
    back.hands_over(&teachers(1, 40)).await;
    back.has_it_taken_in(ApplyRoster::default()).await.expect("taken in");
    let keep = |secret: &str| NewToken::for_a_year(gateway::front::digest(secret), "test", now);
    let credentials = &stack.directory.credentials;
    let anew = credentials
        .keep_token(&keep("of t1 anew"), &harbor(), person("t1"), now)
        .await;
    anew.expect("kept");
    let t1 = stack.api_with("of t1 anew");
    loopline_tests::until("t1 is back", async || t1.get("/api/v1/loops").await.status == 200).await;
    assert_eq!(
        api.get("/api/v1/loops").await.status,
        401,
        "the token from before has ended"
    );
    // What t1 filed is still there, and a colleague sees it.
    stack
        .directory
        .credentials
        .keep_token(
            &NewToken::for_a_year(gateway::front::digest("of t7"), "test", now),
            &harbor(),
            person("t7"),
            now,
        )
        .await
        .expect("kept");
    let colleague = stack.api_with("of t7");
    assert_eq!(
        colleague.get("/api/v1/loops").await.body["items"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );

    // Rows that cannot be taken hold everything up until somebody says that they are to be left out.
    let bad = Clerk::new(stack.operator(), 4);
    let users = format!(
        "{}\nt90,true,s1,janitor,A,B,\nt91,true,s7,teacher,C,D,",
        teachers(1, 41)
    );
    let seen = bad.hands_over(&users).await;
    assert_eq!(seen.counts.problems, 2, "{:?}", seen.problems);
    let refused = bad.has_it_taken_in(ApplyRoster::default()).await.expect_err("refused");
    assert_eq!(refused.name(), "bad-rows");
    let skipping = ApplyRoster {
        skip_bad_rows: true,
        ..ApplyRoster::default()
    };
    let ended = bad.has_it_taken_in(skipping).await.expect("taken in");
    assert_eq!((ended.counts.added, ended.counts.problems), (1, 2));

    // Only an administrator of the district, or whoever has the machine.
    let mut claims = stack.directory_claims(&harbor(), person("t7")).await;
    claims.district = harbor();
    let mut by = Clerk::new(stack.operator(), 5);
    by.message.by = Some(claims);
    let refused: Result<Value, Problem> = by.ask("look", LookAtRoster {}).await;
    assert_eq!(refused.expect_err("refused").status, 403);

    // The record holds.
    let folder = tempfile::tempdir().expect("a folder");
    stack.exports("harbor", &folder.path().join("record")).await;
    verify::verify(&folder.path().join("record"), &verify::Against::default(), |_, _| {}).expect("sound");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_files_to_people_who_file_over_sqlite() {
    from_files_to_people_who_file(location(false).await.expect("a folder")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_files_to_people_who_file_over_postgres() {
    if let Some(location) = location(true).await {
        from_files_to_people_who_file(location).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_that_was_interrupted_goes_on_and_nobody_comes_twice() {
    const PEOPLE: usize = 600;
    let broker = TestBroker::start().await;
    let place = location(false).await.expect("a folder");
    let bus = broker.connect("directory").await;
    let operator = broker.connect("operator").await;
    let log: Log = Arc::new(JetStreamLog::new(bus.client()));
    let start = async || {
        let (lifecycle, health) = (Lifecycle::default(), Health::default());
        let desk = Desk {
            log: log.clone(),
            keyring: Keyring::new(Arc::new(JetStreamKeys::new(bus.client())), MasterKey::new([7; 32])),
            clock: Clock::by_hand(loopline_tests::monday()),
            recent: decider::Recent::default(),
            districts: LiveDistricts::follow(&log, &lifecycle, &health),
        };
        let directory = directory::run(bus.clone(), desk, &place, false, &lifecycle, &health).await;
        (directory.expect("the directory"), lifecycle)
    };
    let (first, life) = start().await;
    let clerk = Clerk::new(&operator, 1);
    clerk.hands_over(&teachers(0, PEOPLE)).await;
    let _: RosterView = clerk.ask("apply", ApplyRoster::default()).await.expect("begun");
    loopline_tests::until(
        "some are in",
        async || matches!(clerk.looks().await.stage, ImportStage::Applying { done, .. } if done > 20),
    )
    .await;
    life.stop();
    life.drained().await;
    drop(first);
    let so_far = events(&log, Thing::Person).await.len();
    let (_second, life) = start().await;
    loopline_tests::until("it has ended", async || clerk.looks().await.stage == ImportStage::Ended).await;
    let all = events(&log, Thing::Person).await;
    let distinct: std::collections::BTreeSet<Uuid> = all.iter().map(|(id, _)| *id).collect();
    assert_eq!((all.len(), distinct.len()), (PEOPLE, PEOPLE));
    assert!(so_far < PEOPLE, "it was interrupted: {so_far}");
    assert_eq!(
        events(&log, Thing::Import).await.len(),
        2,
        "it began once and ended once"
    );
    life.stop();
}
