//! A large record: filled with made-up lives, replayed raw, and made into a timeline again.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use async_nats::HeaderMap;
use bytes::Bytes;
use contracts::subjects::STREAM;
use eventlog::Raw;
use futures::StreamExt as _;
use runtime::{Clock, Lifecycle};
use sealing::{JetStreamKeys, Keyring};
use sha2::{Digest, Sha256};
use sql::{Db, Location};

use super::lives::{Cast, Lives};
use crate::broker::{self, Sync};
use crate::cli::say;
use crate::folder::Folder;
use crate::services::signer;
use crate::services::{Parts, connect};

/// Events on their way to the broker, not acknowledged yet.
const IN_FLIGHT: u64 = 2000;
/// How long ago the record begins.
const YEARS: i64 = 3;

/// What a record came to.
#[derive(Debug)]
pub(super) struct Made {
    /// Events a raw reader gets a second.
    pub(super) replay_per_s: f64,
    /// Rows of the same weight that the raw database takes a second, in transactions of the same size.
    pub(super) rows_per_s: f64,
    /// Events a second taken into the timeline.
    pub(super) events_per_s: f64,
    /// Events in the log.
    pub(super) events: u64,
}

/// Fills the log of a stopped system with the lives of so many loops.
pub(super) async fn fill(data: &Path, cast: &Cast, loops: u64) -> anyhow::Result<()> {
    let folder = Folder::open(data)?;
    let lifecycle = Lifecycle::default();
    let broker = broker::start_syncing(&folder, &lifecycle, Sync::NowAndThen).await?;
    let bus = connect(&broker.url, Some(&folder.nkeys()), "intake").await?;
    let log = Parts::log(&bus);
    let keyring = Keyring::new(Arc::new(JetStreamKeys::new(bus.client())), folder.master_key()?);
    let head = log.head().await?;
    let now = Clock::system().now();
    let between = (
        now - chrono::Duration::days(365 * YEARS),
        now - chrono::Duration::hours(1),
    );
    let mut lives = Lives::new(cast, keyring, 1, loops, head, between);
    let client = bus.client();
    let inbox = client.new_inbox();
    let mut acks = client.subscribe(inbox.clone()).await?;
    let (mut sent, mut settled) = (0_u64, 0_u64);
    let (started, mut said) = (Instant::now(), Instant::now());
    loop {
        let next = lives.next().await?;
        let ended = next.is_none();
        if let Some((subject, envelope)) = next {
            let mut headers = HeaderMap::new();
            headers.insert("Nats-Expected-Stream", STREAM);
            headers.insert("Content-Type", "application/cloudevents+json");
            let payload = Bytes::from(serde_json::to_vec(&envelope)?);
            client
                .publish_with_reply_and_headers(subject.to_string(), inbox.clone(), headers, payload)
                .await?;
            sent += 1;
        }
        while settled < sent && (ended || sent - settled >= IN_FLIGHT) {
            let ack = tokio::time::timeout(Duration::from_secs(30), acks.next())
                .await?
                .context("the broker has ended")?;
            settled += 1;
            let text = String::from_utf8_lossy(&ack.payload);
            anyhow::ensure!(!text.contains("\"error\""), "an event was not taken: {text}");
        }
        if said.elapsed() > Duration::from_secs(5) {
            said = Instant::now();
            say(&format!("  {} of {loops} loops, {sent} events", lives.begun()));
        }
        if ended {
            break;
        }
    }
    anyhow::ensure!(log.head().await? == head + sent, "somebody else wrote into the record");
    say(&format!(
        "  {loops} loops with {sent} events in {:.0} s",
        started.elapsed().as_secs_f64()
    ));
    drop(bus);
    lifecycle.stop();
    broker.ended().await;
    Ok(())
}

/// Replays the record raw, writes as much into the raw database, and makes the timeline from zero.
pub(super) async fn make(data: &Path, place: &Location) -> anyhow::Result<Made> {
    let folder = Folder::open(data)?;
    let (lifecycle, broker_life) = (Lifecycle::default(), Lifecycle::default());
    let broker = broker::start(&folder, &broker_life).await?;
    let bus = connect(&broker.url, Some(&folder.nkeys()), "timeline").await?;
    let log = Parts::log(&bus);
    let head = log.head().await?;

    say("  replaying the record raw");
    let started = Instant::now();
    let mut tail = log.read(vec!["loop.>".to_owned()], 0).await?;
    let mut batch: Vec<Raw> = Vec::new();
    let mut at = 0;
    let mut sample: Vec<Raw> = Vec::new();
    while at < head {
        batch.clear();
        anyhow::ensure!(tail.next(&mut batch, 4096).await > 0, "the record ended early");
        at = batch.last().map_or(at, |raw| raw.sequence);
        if sample.len() < 100_000 {
            sample.extend_from_slice(&batch);
        }
    }
    drop(tail);
    let replay_per_s = head as f64 / started.elapsed().as_secs_f64();

    say("  writing rows into the raw database");
    let rows_per_s = raw_rows(place, &sample).await?;

    say("  making the timeline");
    let keyring = Keyring::new(Arc::new(JetStreamKeys::new(bus.client())), folder.master_key()?);
    let started = Instant::now();
    let mut said = Instant::now();
    timeline::rebuild::offline(place, &log, keyring, &lifecycle, |at, until| {
        if said.elapsed() > Duration::from_secs(5) {
            said = Instant::now();
            say(&format!(
                "  {at} of {until} ({:.0} events/s)",
                at as f64 / started.elapsed().as_secs_f64()
            ));
        }
    })
    .await?;
    let events_per_s = head as f64 / started.elapsed().as_secs_f64();
    drop(bus);
    broker_life.stop();
    broker.ended().await;
    Ok(Made {
        replay_per_s,
        rows_per_s,
        events_per_s,
        events: head,
    })
}

/// What it takes to prove a record.
#[derive(Debug)]
pub(super) struct Proven {
    /// Entries of the largest ledger.
    pub(super) entries: u64,
    /// Messages a second taken in.
    pub(super) taken_per_s: f64,
    /// Seconds to write the largest out.
    pub(super) export_s: f64,
    /// Seconds to verify it.
    pub(super) verify_s: f64,
    /// Seconds to read and hash the same bytes and nothing else.
    pub(super) hash_s: f64,
}

/// Takes the record into the ledger from zero, writes the largest of its districts out, and verifies it.
pub(super) async fn prove(data: &Path, place: &Location) -> anyhow::Result<Proven> {
    let folder = Folder::open(data)?;
    let broker_life = Lifecycle::default();
    let broker = broker::start(&folder, &broker_life).await?;
    let bus = connect(&broker.url, Some(&folder.nkeys()), "ledger").await?;
    let log = Parts::log(&bus);
    let ledger = ledger::Ledger::connect(place, log, signer(&folder.ledger_key())?, Clock::system()).await?;
    say("  taking the record into the ledger");
    let (before, head) = (ledger.reached().await?, ledger.head().await?);
    let started = Instant::now();
    ledger.catch_up().await?;
    let taken_per_s = (head - before) as f64 / started.elapsed().as_secs_f64();
    let out = tempfile::tempdir_in(data)?;
    let mut largest: Option<(u64, std::path::PathBuf, f64)> = None;
    for (nth, name) in ledger.districts().await?.iter().enumerate() {
        let Ok(district) = name.parse() else { continue };
        let path = out.path().join(nth.to_string());
        let started = Instant::now();
        let exported = ledger.export(&district, &path, |_, _| {}).await?;
        if largest.as_ref().is_none_or(|(entries, ..)| *entries < exported.entries) {
            largest = Some((exported.entries, path, started.elapsed().as_secs_f64()));
        }
    }
    let (entries, path, export_s) = largest.context("there is no record")?;
    say("  verifying it");
    let hash_s = {
        let started = Instant::now();
        hash(&path)?;
        started.elapsed().as_secs_f64()
    };
    let started = Instant::now();
    verify::verify(&path, &verify::Against::default(), |_, _| {})?;
    let verify_s = started.elapsed().as_secs_f64();
    drop(bus);
    broker_life.stop();
    broker.ended().await;
    Ok(Proven {
        entries,
        taken_per_s,
        export_s,
        verify_s,
        hash_s,
    })
}

/// Reads every file of a folder and hashes it: what verifying cannot do without.
fn hash(folder: &Path) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            hash(&path)?;
        } else {
            std::hint::black_box(Sha256::digest(std::fs::read(&path)?));
        }
    }
    Ok(())
}

/// One row an event, the event as it is, in the transactions and statements a read model uses.
async fn raw_rows(place: &Location, sample: &[Raw]) -> anyhow::Result<f64> {
    let db = Db::open(
        place,
        "bench_raw",
        timeline::read_model::MIGRATIONS,
        sql::Durability::Rebuildable,
    )
    .await?;
    let started = Instant::now();
    for batch in sample.chunks(4096) {
        let mut tx = db.begin().await?;
        let batch: Vec<(&Raw, std::borrow::Cow<'_, str>)> = batch
            .iter()
            .map(|raw| (raw, String::from_utf8_lossy(&raw.payload)))
            .collect();
        sql::put(
            &mut tx,
            "INSERT INTO directory_event (sequence, subject, envelope)",
            &batch,
            |row, (raw, payload)| {
                row.put(raw.sequence as i64).put(raw.subject.as_str()).put(&**payload);
            },
            "",
        )
        .await?;
        tx.commit().await?;
    }
    let rows_per_s = sample.len() as f64 / started.elapsed().as_secs_f64();
    db.close().await;
    Ok(rows_per_s)
}
