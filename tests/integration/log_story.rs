//! One story of the log, told to both implementations.

use std::sync::Arc;
use std::time::Duration;

use contracts::District;
use contracts::envelope::{Actor, Envelope};
use contracts::ids::{CommandId, EventId, LoopId, PersonId};
use contracts::subjects::Subject;
use eventlog::jetstream::{JetStreamLog, SharedReader};
use eventlog::memory::{Chaos, MemoryLog};
use eventlog::{AppendError, EventLog, Raw};
use futures::StreamExt;
use loopline_tests::TestBroker;
use uuid::Uuid;

fn subject(nth: u128) -> Subject {
    let district: District = "north".parse().expect("a slug");
    Subject::of_loop(&district, LoopId(Uuid::from_u128(nth)))
}

fn envelope(subject: &Subject, command: u128, previous: u64, words: &str) -> Envelope {
    let commandid = CommandId(Uuid::from_u128(command));
    Envelope {
        specversion: "1.0".to_owned(),
        id: EventId::of(commandid, &subject.to_string()),
        source: "/loopline/intake".to_owned(),
        event_type: "org.loopline.intake.tension_filed.v1".to_owned(),
        subject: subject.event_subject(),
        time: loopline_tests::monday(),
        datacontenttype: "application/json".to_owned(),
        district: subject.district.clone(),
        actor: Actor::Person(PersonId(Uuid::from_u128(9))),
        actingfor: None,
        commandid,
        requesthash: "h".to_owned(),
        causationid: None,
        previous,
        traceparent: None,
        data: serde_json::value::to_raw_value(&serde_json::json!({"words": words})).expect("json"),
    }
}

async fn read(log: &dyn EventLog, after: u64, wanted: usize) -> Vec<Raw> {
    let mut tail = log.read(vec!["loop.*.loop.>".to_owned()], after).await.expect("a tail");
    let mut all = Vec::new();
    while all.len() < wanted {
        let taken = tokio::time::timeout(Duration::from_secs(10), tail.next(&mut all, 100))
            .await
            .expect("messages come");
        assert!(taken > 0);
    }
    all
}

async fn story(log: Arc<dyn EventLog>) {
    let (one, other) = (subject(1), subject(2));
    // Nothing is there yet.
    assert!(log.load(&one, 0, 0).await.expect("a read").is_empty());
    // The first is expected to be the first.
    let first = log
        .append(&one, 0, &envelope(&one, 1, 0, "first"))
        .await
        .expect("appended");
    let second = log
        .append(&one, first, &envelope(&one, 2, first, "second"))
        .await
        .expect("appended");
    assert!(second > first);
    // Whoever knows an older state is told where the subject is.
    let late = log.append(&one, first, &envelope(&one, 3, first, "late")).await;
    assert_eq!(late, Err(AppendError::Conflict { at: second }));
    assert!(matches!(
        log.append(&one, 0, &envelope(&one, 4, 0, "late")).await,
        Err(AppendError::Conflict { .. })
    ));
    // Another thing has its own order, and sequences rise over all.
    let third = log
        .append(&other, 0, &envelope(&other, 5, 0, "other"))
        .await
        .expect("appended");
    assert!(third > second);
    assert_eq!(log.head().await.expect("a head"), third);
    // A thing's story is loaded whole, or from a point on; nothing of another is in it.
    let loaded = log.load(&one, 0, second).await.expect("a read");
    assert_eq!(
        loaded.iter().map(|raw| raw.sequence).collect::<Vec<_>>(),
        [first, second]
    );
    assert_eq!(loaded[1].parse().expect("an event").envelope.previous, first);
    assert_eq!(log.load(&one, first, 0).await.expect("a read").len(), 1);
    // What is too large is refused, and nothing is stored.
    let huge = "x".repeat(40_000);
    assert!(matches!(
        log.append(&other, third, &envelope(&other, 6, third, &huge)).await,
        Err(AppendError::TooLarge { .. })
    ));
    assert_eq!(log.head().await.expect("a head"), third);
    // Reading on gives everything after a position, in order.
    let all = read(&*log, 0, 3).await;
    assert_eq!(
        all.iter().map(|raw| raw.sequence).collect::<Vec<_>>(),
        [first, second, third]
    );
    assert_eq!(read(&*log, second, 1).await[0].sequence, third);
    // Long ones too, from wherever one was, with others between.
    let (mut last, mut between, mut sequences) = (second, third, vec![first, second]);
    for nth in 0..150 {
        last = log
            .append(&one, last, &envelope(&one, 100 + nth, last, "on"))
            .await
            .expect("appended");
        sequences.push(last);
        if nth % 7 == 0 {
            between = log
                .append(&other, between, &envelope(&other, 500 + nth, between, "between"))
                .await
                .expect("appended");
        }
    }
    for after in [0, first, sequences[40], sequences[130], last, between + 1] {
        let loaded = log.load(&one, after, 0).await.expect("a read");
        let wanted: Vec<u64> = sequences.iter().copied().filter(|at| *at > after).collect();
        assert_eq!(
            loaded.iter().map(|raw| raw.sequence).collect::<Vec<_>>(),
            wanted,
            "{after}"
        );
    }
    // A durable consumer gives a message again until it is acknowledged.
    let mut durable = log
        .durable("story", vec!["loop.*.loop.>".to_owned()])
        .await
        .expect("a consumer");
    let delivery = durable.next().await;
    assert_eq!((delivery.raw.sequence, delivery.delivered), (first, 1));
    delivery.settle.nak(Duration::from_millis(1)).await.expect("noted");
    let mut seen = std::collections::BTreeSet::new();
    let mut again = false;
    while seen.len() < sequences.len() + 23 {
        let delivery = tokio::time::timeout(Duration::from_secs(30), durable.next())
            .await
            .expect("messages come");
        again |= delivery.delivered > 1;
        seen.insert(delivery.raw.sequence);
        delivery.settle.ack().await.expect("noted");
    }
    assert!(again, "what was handed back came again");
    loopline_tests::until("nothing is outstanding", async || {
        log.outstanding("story").await == Ok(0)
    })
    .await;
}

#[tokio::test]
async fn what_does_not_lead_back_is_looked_for_from_the_start() {
    let broker = TestBroker::start().await;
    let client = broker.connect("operator").await.client();
    let log = JetStreamLog::new(client.clone());
    let context = async_nats::jetstream::new(client);
    // Another thing's event, which one of them says was before it.
    let other = subject(9);
    let of_other = log
        .append(&other, 0, &envelope(&other, 9, 0, "x"))
        .await
        .expect("appended");
    // In the middle of each stands one that leads nowhere: to what is not there, to another thing, to its own beginning
    // over one that was left out, or that is no event at all.
    for (thing, previous) in [(1_u128, Some(77_777)), (2, Some(of_other)), (3, Some(0)), (4, None)] {
        let one = subject(thing);
        let (mut last, mut wanted) = (0, Vec::new());
        for nth in 0..5 {
            let said = match previous {
                Some(previous) if nth == 2 => previous,
                Some(_) | None => last,
            };
            let sequence = if nth == 2 && previous.is_none() {
                let garbage = context.publish(one.to_string(), "no event".into()).await.expect("sent");
                garbage.await.expect("stored").sequence
            } else {
                let event = envelope(&one, thing * 100 + nth, said, "x");
                log.append(&one, last, &event).await.expect("appended")
            };
            wanted.push(sequence);
            last = sequence;
        }
        for after in [0, wanted[0]] {
            let loaded = log.load(&one, after, last).await.expect("a read");
            let found: Vec<u64> = loaded.iter().map(|raw| raw.sequence).collect();
            let wanted: Vec<u64> = wanted.iter().copied().filter(|at| *at > after).collect();
            assert_eq!(found, wanted, "{thing} after {after}");
        }
    }
}

#[tokio::test]
async fn in_memory() {
    story(Arc::new(MemoryLog::default())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_jetstream() {
    let broker = TestBroker::start().await;
    let bus = broker.connect("operator").await;
    story(Arc::new(JetStreamLog::new(bus.client()))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_at_once_each_gets_its_own_answer() {
    const THINGS: u64 = 300;
    let behind = |nth: u64| nth < 100 && nth % 10 == 3;
    let broker = TestBroker::start().await;
    let client = broker.connect("operator").await.client();
    let log = Arc::new(JetStreamLog::new(client.clone()));
    // Of the first hundred every tenth knows too little, every fifth thing is acted on twice at once, and some events are
    // too large.
    let mut asked = Vec::new();
    for nth in 1..=THINGS {
        let one = subject(u128::from(nth));
        let words = "x".repeat(if nth % 50 == 7 { 40_000 } else { 100 });
        let expected = if behind(nth) { 77_777 } else { 0 };
        asked.push((
            nth,
            expected,
            one.clone(),
            envelope(&one, u128::from(nth), expected, &words),
        ));
        if nth % 5 == 0 {
            let again = envelope(&one, u128::from(10_000 + nth), 0, "y");
            asked.push((nth, 0, one, again));
        }
    }
    let answers = futures::future::join_all(asked.iter().map(|(nth, expected, one, event)| {
        let log = log.clone();
        async move { (*nth, event, log.append(one, *expected, event).await) }
    }))
    .await;
    let mut appended = std::collections::BTreeMap::new();
    for (nth, event, answer) in answers {
        match answer {
            Ok(sequence) => {
                assert!(
                    appended.insert(sequence, (nth, event.id)).is_none(),
                    "one at each place"
                );
            }
            Err(AppendError::Conflict { .. }) => assert!(behind(nth) || nth % 5 == 0, "{nth}"),
            Err(AppendError::TooLarge { .. }) => assert_eq!(nth % 50, 7, "{nth}"),
            Err(error) => panic!("{nth}: {error}"),
        }
    }
    // Each stands where its answer says; of two on one thing one is there, and of those that may not be none.
    let mut tail = log.read_whole(0).await.expect("a tail");
    let mut all = Vec::new();
    while all.len() < appended.len() {
        tail.next(&mut all, 500).await;
    }
    let found = all
        .iter()
        .map(|raw| (raw.sequence, raw.parse().expect("an event").envelope.id));
    let wanted = appended.iter().map(|(sequence, (_, id))| (*sequence, *id));
    assert!(found.eq(wanted));
    let things: std::collections::BTreeSet<u64> = appended.values().map(|(nth, _)| *nth).collect();
    let may = (1..=THINGS).filter(|nth| !behind(*nth) && nth % 50 != 7);
    assert!(things.into_iter().eq(may));
    // Many went together, and nothing of that is passed on: put back somewhere, each stands for itself.
    let stream = async_nats::jetstream::new(client).get_stream("LOOP").await;
    let stream = stream.expect("the stream");
    let mut together = 0;
    for raw in &all {
        let message = stream.get_raw_message(raw.sequence).await.expect("a message");
        together += usize::from(message.headers.get("Nats-Batch-Id").is_some());
        let passed_on = raw.headers.iter().flat_map(|headers| headers.iter());
        let names: Vec<&str> = passed_on.map(|(name, _)| name.as_str()).collect();
        assert_eq!(names.len(), 2, "{names:?}");
        assert!(!names.iter().any(|name| name.starts_with("Nats-Batch")), "{names:?}");
    }
    assert!(together > all.len() / 4, "{together} of {}", all.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_takes_no_batches_takes_each_by_itself() {
    let broker = TestBroker::start().await;
    let client = broker.connect("operator").await.client();
    let context = async_nats::jetstream::new(client.clone());
    let mut stream = context.get_stream("LOOP").await.expect("the stream");
    let mut config = stream.info().await.expect("what it is").config.clone();
    assert!(config.allow_atomic_publish);
    config.allow_atomic_publish = false;
    context
        .update_stream(config)
        .await
        .expect("as a release before made it");
    let log = JetStreamLog::new(client);
    let events = (1..=60_u128).map(|nth| {
        let one = subject(nth);
        let event = envelope(&one, nth, 0, "x");
        (one, event)
    });
    let events: Vec<_> = events.collect();
    let answers = futures::future::join_all(events.iter().map(|(one, event)| log.append(one, 0, event))).await;
    let sequences: std::collections::BTreeSet<u64> = answers.into_iter().map(|answer| answer.expect("there")).collect();
    assert_eq!(sequences, (1..=60).collect());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_of_one_process_share_a_consumer_and_miss_nothing() {
    const EVENTS: u64 = 400;
    let mut broker = TestBroker::start().await;
    let bus = broker.connect("operator").await;
    // So few are kept that the slower reader falls behind again and again.
    let shared = SharedReader::keeping(8);
    let log = || JetStreamLog::new(bus.client()).sharing(&shared);
    let writer = JetStreamLog::new(bus.client());
    let everything = || vec!["loop.>".to_owned()];
    let mut tails = Vec::new();
    for _ in 0..3 {
        tails.push(log().read(everything(), 0).await.expect("a tail"));
    }
    let readers = tails.into_iter().enumerate().map(|(nth, mut tail)| {
        tokio::spawn(async move {
            let mut got: Vec<eventlog::Raw> = Vec::new();
            while got.len() < EVENTS as usize {
                let limit = if nth == 0 { 1 } else { 64 };
                tokio::time::timeout(Duration::from_secs(20), tail.next(&mut got, limit))
                    .await
                    .expect("it goes on");
            }
            got.into_iter().map(|raw| raw.sequence).collect::<Vec<u64>>()
        })
    });
    let readers: Vec<_> = readers.collect();
    loopline_tests::until("they are fed together", async || shared.readers() == 3).await;
    let mut late = None;
    for nth in 1..=EVENTS {
        let subject = subject(u128::from(nth));
        let once = envelope(&subject, u128::from(nth), 0, "x");
        loopline_tests::until("it is appended", async || {
            writer.append(&subject, 0, &once).await.is_ok()
                || writer.load(&subject, 0, 0).await.is_ok_and(|all| all.len() == 1)
        })
        .await;
        if nth == EVENTS / 2 {
            // Whoever comes later reads alone what was before, and joins the others.
            late = Some(log().read(everything(), 0).await.expect("a tail"));
            broker.kill();
            broker.resume().await;
        }
    }
    let mut late = late.expect("it was begun");
    let mut got = Vec::new();
    while got.len() < EVENTS as usize {
        tokio::time::timeout(Duration::from_secs(20), late.next(&mut got, 64))
            .await
            .expect("it goes on");
    }
    // It fell behind what is kept while it caught up, and comes back to the others.
    loopline_tests::until("it is fed with them", async || shared.readers() >= 1).await;
    let wanted: Vec<u64> = (1..=EVENTS).collect();
    assert_eq!(got.into_iter().map(|raw| raw.sequence).collect::<Vec<u64>>(), wanted);
    for reader in readers {
        assert_eq!(reader.await.expect("it ended well"), wanted);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tail_reads_on_within_five_seconds_of_the_brokers_return() {
    let mut broker = TestBroker::start().await;
    let bus = broker.connect("operator").await;
    let log = JetStreamLog::new(bus.client());
    let one = subject(1);
    let first = log
        .append(&one, 0, &envelope(&one, 1, 0, "before"))
        .await
        .expect("appended");
    let mut tail = log.read(vec!["loop.>".to_owned()], 0).await.expect("a tail");
    let mut durable = log
        .durable("outage", vec!["loop.>".to_owned()])
        .await
        .expect("a consumer");
    let mut got = Vec::new();
    tail.next(&mut got, 10).await;
    durable.next().await.settle.ack().await.expect("noted");
    broker.kill();
    loopline_tests::until("the outage is noticed", async || !bus.is_connected()).await;
    broker.resume().await;
    let back = std::time::Instant::now();
    loopline_tests::until("the broker takes events again", async || {
        log.append(&one, first, &envelope(&one, 2, first, "after"))
            .await
            .is_ok()
            || log.load(&one, 0, 0).await.is_ok_and(|all| all.len() == 2)
    })
    .await;
    while got.len() < 2 {
        tokio::time::timeout(Duration::from_secs(5), tail.next(&mut got, 10))
            .await
            .expect("it reads again");
    }
    // What was acknowledged just before the crash may come once more: that is what at least once means.
    loop {
        let delivery = tokio::time::timeout(Duration::from_secs(5), durable.next())
            .await
            .expect("it is delivered");
        delivery.settle.ack().await.expect("noted");
        if delivery.raw.sequence == got[1].sequence {
            break;
        }
    }
    assert!(back.elapsed() < Duration::from_secs(8), "{:?}", back.elapsed());
}

/// A reader at work, and somebody else who asks the broker for messages in its name: what the broker gives there is
/// delivered as far as it knows, like what was on its way when a connection was cut.
struct Robbed {
    tail: eventlog::Tail,
    got: Vec<Raw>,
    /// What the reader's connection is.
    bus: messaging::Bus,
    writer: JetStreamLog,
    appended: u128,
    _broker: TestBroker,
}

impl Robbed {
    /// The reader has one message, and the broker has given the next one away.
    async fn begin() -> Self {
        let broker = TestBroker::start().await;
        let bus = broker.connect("reader").await;
        let writing = broker.connect("writer").await;
        let tail = JetStreamLog::new(bus.client())
            .read(vec!["loop.*.loop.>".to_owned()], 0)
            .await
            .expect("a tail");
        let mut robbed = Self {
            tail,
            got: Vec::new(),
            bus,
            writer: JetStreamLog::new(writing.client()),
            appended: 0,
            _broker: broker,
        };
        robbed.append().await;
        robbed.reads(1).await;
        let client = writing.client();
        let context = async_nats::jetstream::new(client.clone());
        let stream = context.get_stream("LOOP").await.expect("the stream");
        let names: Vec<String> = stream
            .consumer_names()
            .map(|name| name.expect("a name"))
            .collect()
            .await;
        let [name] = &names[..] else {
            panic!("one consumer is expected: {names:?}");
        };
        let inbox = client.new_inbox();
        let mut stolen = client.subscribe(inbox.clone()).await.expect("an inbox");
        client
            .publish_with_reply(
                format!("$JS.API.CONSUMER.MSG.NEXT.LOOP.{name}"),
                inbox,
                r#"{"batch":1}"#.into(),
            )
            .await
            .expect("asked");
        client.flush().await.expect("sent");
        // The broker takes turns between those who ask.
        loop {
            robbed.append().await;
            let at = robbed.appended;
            tokio::select! {
                message = stolen.next() => {
                    let message = message.expect("a message");
                    assert!(message.status.is_none(), "{message:?}");
                    break;
                }
                taken = robbed.tail.next(&mut robbed.got, 100) => assert!(taken > 0 && at < 10),
            }
        }
        assert_eq!(robbed.got.len() as u128 + 1, robbed.appended);
        robbed
    }

    async fn append(&mut self) {
        self.appended += 1;
        let subject = subject(self.appended);
        let once = envelope(&subject, self.appended, 0, "x");
        self.writer.append(&subject, 0, &once).await.expect("appended");
    }

    async fn reads(&mut self, wanted: u64) {
        while (self.got.len() as u64) < wanted {
            tokio::time::timeout(Duration::from_secs(10), self.tail.next(&mut self.got, 100))
                .await
                .expect("nothing is missing");
        }
        let sequences: Vec<u64> = self.got.iter().map(|raw| raw.sequence).collect();
        assert_eq!(sequences, (1..=wanted).collect::<Vec<_>>());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_lost_on_its_way_to_a_reader_is_read_again_once_the_next_comes() {
    let mut robbed = Robbed::begin().await;
    robbed.append().await;
    let all = robbed.appended as u64;
    robbed.reads(all).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_lost_with_a_connection_is_read_again_though_nothing_follows() {
    let mut robbed = Robbed::begin().await;
    robbed.bus.client().force_reconnect().await.expect("cut");
    let all = robbed.appended as u64;
    robbed.reads(all).await;
}

#[tokio::test]
async fn from_one_seed_misbehaviour_is_the_same_and_nothing_appended_is_lost() {
    let chaos = Chaos {
        lost_acks: 200,
        lost_appends: 200,
        duplicates: 200,
        reorders: 200,
        delays: 200,
    };
    let mut runs = Vec::new();
    for _ in 0..2 {
        let log = MemoryLog::new(7, chaos);
        let mut outcomes = Vec::new();
        for nth in 1..=200 {
            let subject = subject(nth);
            let outcome = log.append(&subject, 0, &envelope(&subject, nth, 0, "x")).await;
            let stored = log.load(&subject, 0, 0).await.expect("a read").len();
            assert!(outcome.is_err() || stored == 1);
            outcomes.push((outcome.is_ok(), stored));
        }
        let stored: usize = outcomes.iter().map(|(_, stored)| stored).sum();
        let mut durable = log
            .durable("chaos", vec!["loop.>".to_owned()])
            .await
            .expect("a consumer");
        let mut seen = std::collections::BTreeSet::new();
        let mut deliveries = 0;
        while seen.len() < stored {
            let delivery = durable.next().await;
            deliveries += 1;
            seen.insert(delivery.raw.sequence);
            delivery.settle.ack().await.expect("noted");
        }
        assert!(deliveries > stored, "some came twice");
        assert!(
            outcomes.contains(&(false, 1)) && outcomes.contains(&(false, 0)),
            "both kinds of loss occurred"
        );
        runs.push((outcomes, deliveries));
    }
    assert_eq!(runs[0], runs[1]);
}
