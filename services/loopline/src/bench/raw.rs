//! What the broker does alone: appends with the same sizes, expectations and sync, from as many at once.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_nats::{Client, HeaderMap};
use bytes::Bytes;
use contracts::subjects::STREAM;
use runtime::Lifecycle;
use tokio::task::JoinSet;

use crate::broker;
use crate::folder::Folder;
use crate::services::{connect, prepare};

/// Measures appends a second on a broker of its own: each subject gets one event of each size, one after the other.
pub(super) async fn appends(folder: &Path, clients: u16, sizes: &[usize], seconds: u64) -> anyhow::Result<f64> {
    let folder = Folder::open(folder)?;
    let lifecycle = Lifecycle::default();
    let broker = broker::start(&folder, &lifecycle).await?;
    let nkeys = folder.nkeys();
    let operator = prepare(&broker.url, Some(&nkeys), 1).await?;
    let writer = connect(&broker.url, Some(&nkeys), "intake").await?;
    let payloads: Arc<Vec<Bytes>> = Arc::new(sizes.iter().map(|size| Bytes::from(vec![b'x'; *size])).collect());
    let count = Arc::new(AtomicU64::new(0));
    let warm = Instant::now() + Duration::from_secs(2);
    let until = warm + Duration::from_secs(seconds);
    let mut tasks = JoinSet::new();
    for _ in 0..clients {
        let (client, payloads, count) = (writer.client(), payloads.clone(), count.clone());
        tasks.spawn(async move {
            while Instant::now() < until {
                let subject = format!("loop.measured.loop.{}", super::id());
                let mut expected = 0;
                for payload in payloads.iter() {
                    expected = append(&client, &subject, expected, payload).await?;
                    let now = Instant::now();
                    if now >= warm && now < until {
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                }
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    drop((operator, writer));
    lifecycle.stop();
    broker.ended().await;
    Ok(count.load(Ordering::Relaxed) as f64 / seconds as f64)
}

async fn append(client: &Client, subject: &str, expected: u64, payload: &Bytes) -> anyhow::Result<u64> {
    let mut headers = HeaderMap::new();
    headers.insert("Nats-Expected-Last-Subject-Sequence", expected.to_string());
    headers.insert("Nats-Expected-Stream", STREAM);
    headers.insert("Nats-Msg-Id", super::id());
    headers.insert("Content-Type", "application/cloudevents+json");
    let request = async_nats::Request::new().headers(headers).payload(payload.clone());
    let answer = client.send_request(subject.to_owned(), request).await?;
    let ack: serde_json::Value = serde_json::from_slice(&answer.payload)?;
    ack.get("seq")
        .and_then(serde_json::Value::as_u64)
        .ok_or_else(|| anyhow::anyhow!("an append failed: {ack}"))
}
