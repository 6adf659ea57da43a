//! From a command to another person's screen: somebody listens while others act at an even pace.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use http_body_util::BodyExt as _;

use super::clients::{Filed, Tokens, Window, note_evenly};
use super::http::Connection;
use super::story::People;

/// Commands a second.
const PER_SECOND: u32 = 200;

#[derive(Default)]
struct Met {
    sent: HashMap<u64, Instant>,
    arrived: HashMap<u64, Instant>,
}

/// Measures from the sending of a command to its arrival at somebody who listens, in microseconds.
pub(super) async fn measure(
    address: SocketAddr,
    people: &People,
    tokens: &Arc<Tokens>,
    seconds: u64,
    filed: &Arc<Mutex<VecDeque<Filed>>>,
) -> anyhow::Result<Histogram<u64>> {
    let met: Arc<Mutex<Met>> = Arc::default();
    let listening = Connection::open(address)
        .await?
        .listen(&people.contact()?, "/api/v1/events")
        .await?;
    let arriving = met.clone();
    let listener = tokio::spawn(async move {
        let mut body = listening.into_body();
        let mut rest = String::new();
        while let Some(Ok(frame)) = body.frame().await {
            let now = Instant::now();
            let Some(data) = frame.data_ref() else { continue };
            rest.push_str(&String::from_utf8_lossy(data));
            while let Some(end) = rest.find('\n') {
                let line: String = rest.drain(..=end).collect();
                if let Some(sequence) = line.strip_prefix("id:").and_then(|id| id.trim().parse().ok()) {
                    arriving
                        .lock()
                        .unwrap_or_else(std::sync::PoisonError::into_inner)
                        .arrived
                        .insert(sequence, now);
                }
            }
        }
    });
    let telling = met.clone();
    let told = move |version, at| {
        telling
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .sent
            .insert(version, at);
    };
    note_evenly(address, tokens, PER_SECOND, Window::of(seconds), filed, told).await?;
    let started = Instant::now();
    let mut micros = Histogram::new(3)?;
    loop {
        {
            let met = met.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if met.sent.keys().all(|version| met.arrived.contains_key(version)) {
                for (version, sent) in &met.sent {
                    micros.record(met.arrived[version].saturating_duration_since(*sent).as_micros() as u64)?;
                }
                break;
            }
        }
        anyhow::ensure!(
            started.elapsed() < Duration::from_secs(20),
            "not everything that happened was told"
        );
        runtime::clock::pause(Duration::from_millis(20)).await;
    }
    listener.abort();
    Ok(micros)
}
