//! Read models: fed everything, fed in other batches, and made again, they are the same; what cannot be read is set
//! aside, and a newer release's event stops them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use loopline_tests::{People, Stack, on_both_databases};
use projection::{ApplyError, ReadModel, run, run_to, take_in};
use runtime::Lifecycle;
use serde_json::{Value, json};
use sql::{Db, Location, Rows, Tx, on};
use sqlx::Connection as _;
use tokio::sync::Notify;

on_both_databases!(
    made_again_it_is_the_same,
    made_again_in_part_it_is_thrown_away,
    a_slower_replica_leaves_nothing_out,
    an_erasure_is_looked_for_in_what_was_written_before_it,
    the_unreadable_is_set_aside,
    a_newer_release_stops_the_reader
);

/// Every row of the tables people read, as text, in order.
pub(super) async fn rows(db: &Db) -> Vec<String> {
    let mut all = Vec::new();
    for sql in [
        "SELECT CAST(filed_seq AS TEXT) || '|' || state || '|' || title || '|' || holder || '|' || CAST(version AS TEXT) || '|' || CAST(paused AS TEXT) || '|' || COALESCE(CAST(next_due AS TEXT), '') FROM loop_row ORDER BY filed_seq",
        "SELECT CAST(sequence AS TEXT) || '|' || kind || '|' || actor || '|' || data FROM entry ORDER BY sequence",
        "SELECT CAST(from_seq AS TEXT) || '|' || COALESCE(CAST(to_seq AS TEXT), '') || '|' || state || '|' || holder || '|' || CAST(paused AS TEXT) FROM stay ORDER BY from_seq",
        "SELECT CAST(filed_seq AS TEXT) || '|' || state FROM loop_school ORDER BY filed_seq, state",
        "SELECT name FROM person ORDER BY name, district",
        "SELECT CAST(loop_row.filed_seq AS TEXT) || '|' || CAST(COUNT(*) AS TEXT) FROM loop_row JOIN loop_team ON loop = loop_row.id GROUP BY loop_row.filed_seq ORDER BY loop_row.filed_seq",
        "SELECT CAST(loop_row.filed_seq AS TEXT) || '|' || CAST(COUNT(*) AS TEXT) FROM loop_row JOIN loop_person ON loop = loop_row.id GROUP BY loop_row.filed_seq ORDER BY loop_row.filed_seq",
        "SELECT CAST(loop_row.filed_seq AS TEXT) || '|' || CAST(COUNT(*) AS TEXT) FROM loop_row JOIN loop_department ON loop = loop_row.id GROUP BY loop_row.filed_seq ORDER BY loop_row.filed_seq",
    ] {
        let found: Vec<(String,)> =
            on!(db.across().await.expect("a connection"), rows => sqlx::query_as(sql).fetch_all(rows).await)
                .expect("rows");
        all.extend(found.into_iter().map(|(row,)| row));
    }
    all.extend(searched(db).await);
    all
}

/// The words by which loops are found.
async fn searched(db: &Db) -> Vec<String> {
    let found = match &mut db.across().await.expect("a connection") {
        Rows::Sqlite(connection) => {
            // The texts are kept nowhere; what words stand where is.
            sqlx::query("CREATE VIRTUAL TABLE temp.terms USING fts5vocab('main', 'loop_search', 'instance')")
                .execute(&mut **connection)
                .await
                .expect("a table of terms");
            let terms = sqlx::query_scalar(
                "SELECT doc || '|' || col || '|' || \"offset\" || '|' || term FROM temp.terms ORDER BY doc, col, \"offset\"",
            );
            let found: Result<Vec<String>, sqlx::Error> = terms.fetch_all(&mut **connection).await;
            sqlx::query("DROP TABLE temp.terms")
                .execute(&mut **connection)
                .await
                .expect("it is dropped");
            found
        }
        Rows::Postgres(connection) => {
            sqlx::query_scalar(
                "SELECT CAST(filed_seq AS TEXT) || '|' || CAST(words AS TEXT) FROM loop_search ORDER BY filed_seq",
            )
            .fetch_all(&mut **connection)
            .await
        }
    };
    let found = found.expect("words");
    assert!(!found.is_empty(), "nothing is found by its words");
    found
}

async fn lively(stack: &Stack) {
    let (rosa, ann, marcus) = (stack.api("rosa"), stack.api("ann"), stack.api("marcus"));
    for nth in 0..6 {
        let id = rosa.files("seat_time").await;
        stack.comes_to_rest().await;
        rosa.does(&id, "amend", json!({"title": format!("The bell, {nth}")}))
            .await;
        ann.does(&id, "join", json!({})).await;
        marcus
            .does(
                &id,
                "ask",
                json!({"question": "Which?", "school": People::school("alder")}),
            )
            .await;
        rosa.does(&id, "answer", json!({"answer": "This."})).await;
        marcus
            .does(
                &id,
                "propose",
                json!({"kind": "support", "summary": format!("Help {nth}.")}),
            )
            .await;
        rosa.does(&id, "confirm", json!({"revision": 1})).await;
        ann.does(
            &id,
            if nth % 2 == 0 { "confirm" } else { "refuse" },
            json!({"revision": 1, "why": "No."}).take_for(nth),
        )
        .await;
        if nth % 3 == 0 {
            let erase = json!({"texts": ["all"], "ground": "wrong_place", "why": "asked for"});
            stack.api("carol").does(&id, "erase", erase).await;
        }
    }
}

trait TakeFor {
    fn take_for(self, nth: usize) -> Value;
}

impl TakeFor for Value {
    /// A confirmation has no reason.
    fn take_for(mut self, nth: usize) -> Value {
        if nth.is_multiple_of(2) {
            self.as_object_mut().expect("an object").remove("why");
        }
        self
    }
}

async fn made_again_it_is_the_same(location: Location) {
    let stack = Stack::start(location).await;
    lively(&stack).await;
    let head = stack.log.head().await.expect("a head");
    stack.api("rosa").get_at("/api/v1/loops", head).await;
    let lifecycle = Lifecycle::default();
    let built = |name: &'static str| {
        timeline::rebuild::build(
            &stack.location,
            name,
            &stack.log,
            stack.keyring.clone(),
            &lifecycle,
            |_, _| {},
        )
    };
    let whole = built("again").await.expect("it is built");
    let in_use = timeline::open(&stack.location, "timeline", stack.log.clone(), stack.keyring.clone())
        .await
        .expect("it opens");
    assert_eq!(rows(&whole.db).await, rows(&in_use.db).await);
    // Fed one event at a time, it is still the same.
    let slow = timeline::open(&stack.location, "slow", stack.log.clone(), stack.keyring.clone())
        .await
        .expect("it opens");
    let mut tail = stack.log.read(vec!["loop.>".to_owned()], 0).await.expect("a tail");
    let mut raws = Vec::new();
    while raws.last().is_none_or(|raw: &eventlog::Raw| raw.sequence < head) {
        tail.next(&mut raws, 1000).await;
    }
    for raw in &raws {
        let recorded = [raw.parse().expect("an event")];
        let prepared = slow.model.prepare(&slow.db, &recorded).await.expect("prepared");
        let mut tx = slow.db.begin().await.expect("a transaction");
        slow.model.write(&mut tx, &prepared).await.expect("taken in");
        tx.commit().await.expect("committed");
        slow.model.committed(raw.sequence, prepared).await;
        if raw.sequence % 3 == 0 {
            // What was remembered is lost now and then: it is read from the log again.
            slow.model.taken_back().await;
        }
    }
    assert_eq!(rows(&slow.db).await, rows(&in_use.db).await);
    // A running system makes its own again and goes on answering.
    let _: Value = stack
        .operator()
        .ask("svc.timeline.operator.rebuild".to_owned(), &json!({}))
        .await
        .expect("it begins");
    let id = stack.api("rosa").files("grading").await;
    loopline_tests::until("the rebuild is done", async || {
        !stack
            .operator()
            .ask::<_, bool>("svc.timeline.operator.rebuilding".to_owned(), &json!({}))
            .await
            .expect("an answer")
    })
    .await;
    assert_eq!(stack.api("rosa").get(&format!("/api/v1/loops/{id}")).await.status, 200);
    stack.stop().await;
}

/// Whether anything of this name is left.
async fn is_left(location: &Location, name: &str) -> bool {
    match location {
        Location::Folder(folder) => {
            let files = std::fs::read_dir(folder)
                .expect("a folder")
                .map(|file| file.expect("a file"));
            let mut names = files.map(|file| file.file_name().to_string_lossy().into_owned());
            names.any(|file| file.starts_with(name))
        }
        Location::Url(url) => {
            let mut connection = sqlx::PgConnection::connect(url).await.expect("a connection");
            sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)")
                .bind(name)
                .fetch_one(&mut connection)
                .await
                .expect("an answer")
        }
    }
}

async fn made_again_in_part_it_is_thrown_away(location: Location) {
    // A process was killed while it made the timeline again.
    let half = Db::open(
        &location,
        "timeline_next",
        timeline::read_model::MIGRATIONS,
        sql::Durability::Building,
    );
    half.await.expect("it opens").close().await;
    assert!(is_left(&location, "timeline_next").await);
    let stack = Stack::start(location).await;
    loopline_tests::until("what was left is removed", async || {
        !is_left(&stack.location, "timeline_next").await
    })
    .await;
    // One that ends while it does so removes it itself.
    lively(&stack).await;
    let lifecycle = Lifecycle::default();
    lifecycle.stop();
    let (log, keys) = (&stack.log, stack.keyring.clone());
    let made = timeline::rebuild::build(&stack.location, "in_part", log, keys, &lifecycle, |_, _| {}).await;
    let error = made.expect_err("it is interrupted");
    assert!(error.to_string().contains("the old read model stays"), "{error:#}");
    assert!(!is_left(&stack.location, "in_part").await);
    stack.stop().await;
}

/// A log that lets another replica take half of it in just before this reader begins to read.
#[derive(Debug)]
struct Overtaken<M> {
    log: eventlog::Log,
    faster: projection::Model<M>,
    until: u64,
    done: AtomicBool,
}

#[async_trait::async_trait]
impl<M: ReadModel + std::fmt::Debug> eventlog::EventLog for Overtaken<M> {
    async fn load(
        &self,
        subject: &contracts::subjects::Subject,
        after: u64,
        at_least: u64,
    ) -> Result<Vec<eventlog::Raw>, eventlog::LogError> {
        self.log.load(subject, after, at_least).await
    }

    async fn append(
        &self,
        subject: &contracts::subjects::Subject,
        expected: u64,
        envelope: &contracts::Envelope,
    ) -> Result<u64, eventlog::AppendError> {
        self.log.append(subject, expected, envelope).await
    }

    async fn head(&self) -> Result<u64, eventlog::LogError> {
        self.log.head().await
    }

    async fn read(&self, filter: eventlog::Filter, after: u64) -> Result<eventlog::Tail, eventlog::LogError> {
        if self.done.swap(true, Ordering::SeqCst) {
            return self.log.read(filter, after).await;
        }
        let raws = between(&self.log, after, self.until).await;
        take_in(&self.faster, raws).await.expect("taken in");
        self.log.read(filter, after).await
    }

    async fn read_whole(&self, after: u64) -> Result<eventlog::Tail, eventlog::LogError> {
        self.log.read_whole(after).await
    }

    async fn at(&self, sequence: u64) -> Result<Option<eventlog::Raw>, eventlog::LogError> {
        self.log.at(sequence).await
    }

    async fn durable(
        &self,
        name: &str,
        filter: eventlog::Filter,
    ) -> Result<Box<dyn eventlog::Durable>, eventlog::LogError> {
        self.log.durable(name, filter).await
    }

    async fn outstanding(&self, name: &str) -> Result<u64, eventlog::LogError> {
        self.log.outstanding(name).await
    }
}

async fn watched(db: &Db) -> Vec<(String, i32, i32)> {
    let sql = "SELECT COALESCE(CAST(next_at AS TEXT), ''), calendar_version, running FROM watch ORDER BY id";
    on!(db.across().await.expect("a connection"), rows => sqlx::query_as(sql).fetch_all(rows).await).expect("rows")
}

/// What the register finds by its words, and what schools met.
async fn found(db: &Db) -> Vec<(i64, String, i64)> {
    let sql =
        "SELECT doc.seq, doc.text, (SELECT COUNT(*) FROM met WHERE met.filed_seq = doc.seq) FROM doc ORDER BY seq";
    on!(db.across().await.expect("a connection"), rows => sqlx::query_as(sql).fetch_all(rows).await).expect("rows")
}

/// What stands in the log after a sequence, up to another.
async fn between(log: &eventlog::Log, after: u64, until: u64) -> Vec<eventlog::Raw> {
    let mut tail = log.read(vec!["loop.>".to_owned()], after).await.expect("a tail");
    let mut raws: Vec<eventlog::Raw> = Vec::new();
    // One at a time, so that it stops exactly there.
    while raws.last().map_or(after, |raw| raw.sequence) < until {
        tail.next(&mut raws, 1).await;
    }
    raws
}

/// Brings a model up to the log's head, from where another replica over the same tables is faster up to where.
async fn overtaken<M: ReadModel + std::fmt::Debug>(
    log: &eventlog::Log,
    slower: &projection::Model<M>,
    faster: projection::Model<M>,
    (from, until): (u64, u64),
) {
    take_in(slower, between(log, 0, from).await).await.expect("taken in");
    let lifecycle = Lifecycle::default();
    let head = log.head().await.expect("a head");
    // The slower one has read on by the time the faster one has noted most of it.
    let overtaken = Overtaken {
        log: log.clone(),
        faster,
        until,
        done: AtomicBool::new(false),
    };
    let whole = run_to(&overtaken, slower, &lifecycle, head, |_| {});
    let whole = tokio::time::timeout(std::time::Duration::from_secs(20), whole).await;
    whole.expect("it comes to the end").expect("taken in");
}

async fn a_slower_replica_leaves_nothing_out(location: Location) {
    let postgres = matches!(location, Location::Url(_));
    let stack = Stack::start(location).await;
    lively(&stack).await;
    stack.comes_to_rest().await;
    let head = stack.log.head().await.expect("a head");
    let (lifecycle, log, keys) = (Lifecycle::default(), stack.log.clone(), stack.keyring.clone());
    let fresh = async || loopline_tests::location(postgres).await.expect("a place");
    let watch = async |place: &Location| routing::open(place, log.clone()).await.expect("it opens");
    let alone = watch(&fresh().await).await;
    run_to(&*log, &alone, &lifecycle, head, |_| {}).await.expect("taken in");
    let shared = fresh().await;
    let slower = watch(&shared).await;
    overtaken(&log, &slower, watch(&shared).await, (0, head - 10)).await;
    assert_eq!(watched(&slower.db).await, watched(&alone.db).await);
    // The same for the register, whose rows are written once.
    let register = async |place: &Location| {
        let opened = flexibility::open(place, log.clone(), keys.clone()).await;
        opened.expect("it opens")
    };
    let alone = register(&fresh().await).await;
    run_to(&*log, &alone, &lifecycle, head, |_| {}).await.expect("taken in");
    let known = found(&alone.db).await;
    let (filed, _, met) = known.first().expect("open loops");
    assert!(*met > 0, "{known:?}");
    let shared = fresh().await;
    let slower = register(&shared).await;
    let before = filed.unsigned_abs() - 1;
    overtaken(&log, &slower, register(&shared).await, (before, head - 1)).await;
    assert_eq!(found(&slower.db).await, known);
    // And for the timeline, whose histories are written once.
    let timeline = async |place: &Location| {
        let opened = timeline::open(place, "timeline", log.clone(), keys.clone()).await;
        opened.expect("it opens")
    };
    let alone = timeline(&fresh().await).await;
    run_to(&*log, &alone, &lifecycle, head, |_| {}).await.expect("taken in");
    let shared = fresh().await;
    let slower = timeline(&shared).await;
    overtaken(&log, &slower, timeline(&shared).await, (before, head - 1)).await;
    assert_eq!(rows(&slower.db).await, rows(&alone.db).await);
    stack.stop().await;
}

/// The register, which dwells on what it has written until it is asked to prepare an erasure, or for a second.
#[derive(Debug)]
struct Dwelling {
    register: Arc<flexibility::read_model::Register>,
    wrote: Notify,
    dwells: AtomicBool,
    asked: Notify,
    overtaken: AtomicBool,
    position: projection::Position,
    told_early: AtomicBool,
}

#[async_trait::async_trait]
impl ReadModel for Dwelling {
    type Prepared = <flexibility::read_model::Register as ReadModel>::Prepared;

    fn name(&self) -> &'static str {
        "dwelling"
    }

    fn reads_its_tables(&self, batch: &[contracts::Recorded]) -> bool {
        self.register.reads_its_tables(batch)
    }

    async fn prepare(&self, db: &Db, batch: &[contracts::Recorded]) -> Result<Self::Prepared, ApplyError> {
        if self.reads_its_tables(batch) {
            self.overtaken
                .fetch_or(self.dwells.load(Ordering::SeqCst), Ordering::SeqCst);
            self.asked.notify_one();
        }
        self.register.prepare(db, batch).await
    }

    async fn write(&self, tx: &mut Tx, prepared: &Self::Prepared) -> Result<(), ApplyError> {
        self.register.write(tx, prepared).await?;
        self.dwells.store(true, Ordering::SeqCst);
        self.wrote.notify_one();
        let _ = tokio::time::timeout(std::time::Duration::from_secs(1), self.asked.notified()).await;
        self.dwells.store(false, Ordering::SeqCst);
        Ok(())
    }

    async fn committed(&self, position: u64, prepared: Self::Prepared) {
        // Nobody hears of a batch before what is kept in memory has it.
        let told = self
            .position
            .wait_for(position, std::time::Duration::from_millis(100))
            .await;
        self.told_early.fetch_or(told, Ordering::SeqCst);
        self.register.committed(position, prepared).await;
    }

    async fn taken_back(&self) {
        self.register.taken_back().await;
    }
}

async fn an_erasure_is_looked_for_in_what_was_written_before_it(location: Location) {
    let postgres = matches!(location, Location::Url(_));
    let stack = Stack::start(location).await;
    let id = stack.api("rosa").files("seat_time").await;
    stack.comes_to_rest().await;
    let fresh = loopline_tests::location(postgres).await.expect("a place");
    let opened = flexibility::open(&fresh, stack.log.clone(), stack.keyring.clone()).await;
    let projection::Model { db, model, position } = opened.expect("it opens");
    let dwelling = Arc::new(Dwelling {
        register: model,
        wrote: Notify::new(),
        dwells: AtomicBool::new(false),
        asked: Notify::new(),
        overtaken: AtomicBool::new(false),
        position: position.clone(),
        told_early: AtomicBool::new(false),
    });
    let running = projection::Model {
        db,
        model: dwelling.clone(),
        position: position.clone(),
    };
    let lifecycle = Lifecycle::default();
    let ends = lifecycle.clone();
    let follows = tokio::spawn(run(
        stack.log.clone(),
        running,
        ends,
        runtime::Health::default(),
        "test",
    ));
    dwelling.wrote.notified().await;
    let erase = json!({"texts": ["all"], "ground": "wrong_place", "why": "asked for"});
    let version = stack.api("carol").does(&id, "erase", erase).await;
    loopline_tests::until("the erasure is taken in", async || position.get() >= version).await;
    assert!(!dwelling.overtaken.load(Ordering::SeqCst));
    assert!(!dwelling.told_early.load(Ordering::SeqCst));
    lifecycle.stop();
    follows.await.expect("it ends");
    stack.stop().await;
}

async fn publish(stack: &Stack, subject: &str, payload: &str) {
    let client = stack.operator().client();
    client
        .publish(subject.to_owned(), payload.to_owned().into())
        .await
        .expect("published");
    client.flush().await.expect("flushed");
}

async fn the_unreadable_is_set_aside(location: Location) {
    let stack = Stack::start(location).await;
    let id = stack.api("rosa").files("seat_time").await;
    stack.comes_to_rest().await;
    publish(
        &stack,
        "loop.north.loop.00000000-0000-4000-8000-000000000001",
        "{ this is not json",
    )
    .await;
    publish(&stack, "loop.north.nonsense", "{}").await;
    publish(
        &stack,
        "loop.north.loop.00000000-0000-4000-8000-000000000002",
        &"x".repeat(40_000),
    )
    .await;
    // Everything else goes on: routing, the timeline, other loops.
    let other = stack.api("rosa").files("seat_time").await;
    stack.comes_to_rest().await;
    let head = stack.log.head().await.expect("a head");
    for id in [&id, &other] {
        assert_eq!(stack.api("rosa").sees(id, head).await["state"], "routed");
    }
    let timeline = timeline::open(&stack.location, "timeline", stack.log.clone(), stack.keyring.clone())
        .await
        .expect("it opens");
    let aside: i64 =
        on!(timeline.db.across().await.expect("a connection"), rows => sqlx::query_scalar("SELECT COUNT(*) FROM set_aside").fetch_one(rows).await)
            .expect("a count");
    assert_eq!(aside, 3);
    stack.stop().await;
}

async fn a_newer_release_stops_the_reader(location: Location) {
    let stack = Stack::start(location).await;
    let id = stack.api("rosa").files("seat_time").await;
    stack.comes_to_rest().await;
    let subject: contracts::subjects::Subject = format!("loop.north.loop.{id}").parse().expect("a subject");
    let raws = stack.log.load(&subject, 0, 0).await.expect("a read");
    let newer = String::from_utf8(raws[0].payload.to_vec())
        .expect("text")
        .replace("tension_filed.v1", "tension_filed.v9");
    let head = stack.log.head().await.expect("a head");
    publish(&stack, &subject.to_string(), &newer).await;
    loopline_tests::until("it is in the log", async || {
        stack.log.head().await.is_ok_and(|now| now > head)
    })
    .await;
    // A reader stops right before it, says so, and skips nothing.
    let model = timeline::open(
        &stack.location,
        "older_release",
        stack.log.clone(),
        stack.keyring.clone(),
    )
    .await
    .expect("it opens");
    let model = projection::Model {
        model: Arc::new(timeline::ReadModel::new(stack.log.clone(), stack.keyring.clone())),
        ..model
    };
    let stopped = run_to(&*stack.log, &model, &Lifecycle::default(), head + 1, |_| {}).await;
    let Err(projection::ApplyError::Unreadable { sequence, source }) = stopped else {
        panic!("{stopped:?}")
    };
    assert_eq!(sequence, head + 1);
    assert!(
        matches!(source, contracts::versions::Unreadable::Newer { known: 1, .. }),
        "{source}"
    );
    assert!(projection::checkpoint(&model.db).await.expect("a checkpoint") <= head);
    stack.stop().await;
}
