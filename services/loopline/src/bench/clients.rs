//! People at work: filing, and acting on loops that are there, as many at once as are asked for.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::Context;
use hdrhistogram::Histogram;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::http::Connection;
use super::story::{self, People};
use super::words;

/// How long everything is warmed up before it counts.
pub(super) const WARM_UP: Duration = Duration::from_secs(2);

/// A loop that was filed.
#[derive(Debug, Clone)]
pub(super) struct Filed {
    id: String,
    reporter: usize,
    department: usize,
}

/// When a measurement counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    /// From here on.
    pub(super) from: Instant,
    /// Up to here.
    pub(super) to: Instant,
}

impl Window {
    /// After the warm-up, for so long.
    pub(super) fn of(seconds: u64) -> Self {
        let from = Instant::now() + WARM_UP;
        Self {
            from,
            to: from + Duration::from_secs(seconds),
        }
    }
}

/// What was measured.
#[derive(Debug)]
pub(super) struct Measured {
    /// Requests answered in the window.
    pub(super) count: u64,
    /// How long the window was.
    pub(super) seconds: f64,
    /// How long they took, in microseconds.
    pub(super) micros: Histogram<u64>,
}

impl Measured {
    fn new() -> anyhow::Result<Self> {
        Ok(Self {
            count: 0,
            seconds: 0.0,
            micros: Histogram::new(3)?,
        })
    }

    /// Requests a second.
    pub(super) fn per_s(&self) -> f64 {
        self.count as f64 / self.seconds.max(0.001)
    }

    /// A quantile in milliseconds.
    pub(super) fn ms(&self, quantile: f64) -> f64 {
        self.micros.value_at_quantile(quantile) as f64 / 1000.0
    }
}

/// Tokens of everybody who acts.
#[derive(Debug)]
pub(super) struct Tokens {
    reporters: Vec<String>,
    staff: Vec<String>,
}

impl Tokens {
    /// All of a district.
    pub(super) fn of(people: &People) -> anyhow::Result<Self> {
        Ok(Self {
            reporters: people.reporters()?,
            staff: (0..6).map(|nth| people.staff(nth)).collect::<anyhow::Result<_>>()?,
        })
    }
}

/// Files as fast as so many can, each one after the other.
pub(super) async fn file(
    address: SocketAddr,
    tokens: &Arc<Tokens>,
    clients: u16,
    window: Window,
    filed: &Arc<Mutex<VecDeque<Filed>>>,
) -> anyhow::Result<Measured> {
    let mut tasks = JoinSet::new();
    for nth in 0..usize::from(clients) {
        let (tokens, filed) = (tokens.clone(), filed.clone());
        tasks.spawn(async move {
            let mut connection = Connection::open(address).await?;
            let mut random = StdRng::seed_from_u64(nth as u64);
            let mut measured = Measured::new()?;
            let mut round = nth;
            while Instant::now() < window.to {
                let reporter = round % tokens.reporters.len();
                let (area, department) = story::area(round / 7);
                round += 1;
                let body = json!({
                    "title": words::sentence(&mut random, 6), "trying": words::sentence(&mut random, 24),
                    "barrier": words::sentence(&mut random, 30), "would_help": words::sentence(&mut random, 12),
                    "kind": "policy", "area": area,
                });
                let started = Instant::now();
                let answer = connection
                    .post(
                        &tokens.reporters[reporter],
                        "/api/v1/tensions",
                        &super::id(),
                        body.to_string(),
                    )
                    .await?;
                measured.note(started, window)?;
                let answer: Value = serde_json::from_slice(&answer)?;
                let id = answer["id"].as_str().context("a filing without an id")?.to_owned();
                filed
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner)
                    .push_back(Filed {
                        id,
                        reporter,
                        department,
                    });
            }
            anyhow::Ok(measured)
        });
    }
    together(tasks, window).await
}

/// What is done to one loop, one after the other: by the department, or by who reported.
const DEEDS: [(&str, bool); 7] = [
    ("acknowledge", false),
    ("note", false),
    ("ask", false),
    ("answer", true),
    ("note", false),
    ("propose", false),
    ("confirm", true),
];

fn body(action: &str, random: &mut StdRng) -> Value {
    let text = words::sentence(random, 18);
    match action {
        "acknowledge" => json!({"word": text}),
        "note" => json!({"text": text, "shared": true}),
        "ask" => json!({"question": text}),
        "answer" => json!({"answer": text}),
        "propose" => json!({"kind": "support", "summary": text}),
        _ => json!({"revision": 1}),
    }
}

/// Takes loops from the queue and acts on each until it is closed.
pub(super) async fn act(
    address: SocketAddr,
    tokens: &Arc<Tokens>,
    clients: u16,
    window: Window,
    filed: &Arc<Mutex<VecDeque<Filed>>>,
) -> anyhow::Result<Measured> {
    let mut tasks = JoinSet::new();
    for nth in 0..usize::from(clients) {
        let (tokens, filed) = (tokens.clone(), filed.clone());
        tasks.spawn(async move {
            let mut connection = Connection::open(address).await?;
            let mut random = StdRng::seed_from_u64(nth as u64);
            let mut measured = Measured::new()?;
            'loops: loop {
                let next = filed
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner)
                    .pop_front();
                let next = next.context("there are too few loops to act on: file for longer (--seconds)")?;
                for (action, by_school) in DEEDS {
                    if Instant::now() >= window.to {
                        break 'loops;
                    }
                    let token = if by_school {
                        &tokens.reporters[next.reporter]
                    } else {
                        &tokens.staff[next.department]
                    };
                    let body = body(action, &mut random).to_string();
                    let path = format!("/api/v1/loops/{}/{action}", next.id);
                    let started = Instant::now();
                    connection.post(token, &path, &super::id(), body).await?;
                    measured.note(started, window)?;
                }
            }
            anyhow::Ok(measured)
        });
    }
    together(tasks, window).await
}

/// Notes on loops at an even pace, so many a second in all; `told` hears when each was sent and its version.
pub(super) async fn note_evenly(
    address: SocketAddr,
    tokens: &Arc<Tokens>,
    per_second: u32,
    window: Window,
    filed: &Arc<Mutex<VecDeque<Filed>>>,
    told: impl Fn(u64, Instant) + Clone + Send + 'static,
) -> anyhow::Result<Measured> {
    const WRITERS: u32 = 20;
    let pace = Duration::from_secs(1) * WRITERS / per_second;
    let mut tasks = JoinSet::new();
    for nth in 0..WRITERS {
        let (tokens, filed, told) = (tokens.clone(), filed.clone(), told.clone());
        tasks.spawn(async move {
            let mut connection = Connection::open(address).await?;
            let mut random = StdRng::seed_from_u64(u64::from(nth));
            let mut measured = Measured::new()?;
            let mut due = Instant::now() + pace * nth / WRITERS;
            while due < window.to {
                runtime::clock::pause(due.saturating_duration_since(Instant::now())).await;
                let next = {
                    let mut filed = filed.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                    let next = filed.pop_front().context("there are no loops")?;
                    filed.push_back(next.clone());
                    next
                };
                let body = body("note", &mut random).to_string();
                let path = format!("/api/v1/loops/{}/note", next.id);
                let started = Instant::now();
                let answer = connection
                    .post(&tokens.staff[next.department], &path, &super::id(), body)
                    .await?;
                measured.note(started, window)?;
                let answer: Value = serde_json::from_slice(&answer)?;
                if started >= window.from {
                    told(answer["version"].as_u64().context("a note without a version")?, started);
                }
                due += pace;
            }
            anyhow::Ok(measured)
        });
    }
    together(tasks, window).await
}

impl Measured {
    fn note(&mut self, started: Instant, window: Window) -> anyhow::Result<()> {
        let now = Instant::now();
        if started >= window.from && now < window.to {
            self.count += 1;
            self.micros.record((now - started).as_micros() as u64)?;
        }
        Ok(())
    }
}

async fn together(mut tasks: JoinSet<anyhow::Result<Measured>>, window: Window) -> anyhow::Result<Measured> {
    let mut all = Measured::new()?;
    while let Some(done) = tasks.join_next().await {
        let one = done??;
        all.count += one.count;
        all.micros.add(&one.micros)?;
    }
    all.seconds = (window.to - window.from).as_secs_f64();
    Ok(all)
}
