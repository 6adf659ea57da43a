//! Looks at the log from outside while a system works: how much is appended, and how soon routing follows filing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use eventlog::Raw;

use crate::folder::Folder;
use crate::services::{Parts, connect};

/// What was seen.
#[derive(Debug, Default)]
struct Seen {
    appended: Vec<(Instant, u64)>,
    filed: HashMap<String, Instant>,
    lag_max: Duration,
    bytes: HashMap<&'static str, (u64, u64)>,
}

/// Follows a system's log.
#[derive(Debug, Clone)]
pub(super) struct Watch {
    seen: Arc<Mutex<Seen>>,
}

impl Watch {
    /// Begins at the log's end.
    pub(super) async fn begin(data: &std::path::Path) -> anyhow::Result<Self> {
        let folder = Folder::open(data)?;
        let bus = connect(&folder.running()?.nats, Some(&folder.nkeys()), "timeline").await?;
        let log = Parts::log(&bus);
        let head = log.head().await?;
        let mut tail = log.read(vec!["loop.*.loop.*".to_owned()], head).await?;
        let watch = Self { seen: Arc::default() };
        let seen = watch.seen.clone();
        tokio::spawn(async move {
            let _bus = bus;
            let mut batch: Vec<Raw> = Vec::new();
            loop {
                batch.clear();
                if tail.next(&mut batch, 1024).await == 0 {
                    return;
                }
                let now = Instant::now();
                let mut seen = seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                seen.appended.push((now, batch.len() as u64));
                for raw in &batch {
                    seen.take(raw, now);
                }
            }
        });
        Ok(watch)
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Events appended between two moments.
    pub(super) fn appended(&self, from: Instant, to: Instant) -> u64 {
        let seen = self.seen();
        seen.appended
            .iter()
            .filter(|(at, _)| *at >= from && *at < to)
            .map(|(_, count)| count)
            .sum()
    }

    /// The longest time between a filing and its routing so far; filings still unrouted count up to now.
    pub(super) fn routing_lag(&self) -> Duration {
        let seen = self.seen();
        let waiting = seen.filed.values().map(Instant::elapsed).max().unwrap_or_default();
        seen.lag_max.max(waiting)
    }

    /// Waits until all that was filed is routed, and forgets what was seen of lags.
    pub(super) async fn rest(&self) -> anyhow::Result<()> {
        let started = Instant::now();
        while !self.seen().filed.is_empty() {
            anyhow::ensure!(started.elapsed() < Duration::from_mins(5), "routing does not follow");
            runtime::clock::pause(Duration::from_millis(5)).await;
        }
        self.seen().lag_max = Duration::ZERO;
        Ok(())
    }

    /// The mean weight of a filing and of its routing, in bytes.
    pub(super) fn weights(&self) -> [usize; 2] {
        let seen = self.seen();
        ["filed", "routed"].map(|kind| {
            seen.bytes
                .get(kind)
                .map_or(0, |(bytes, count)| (bytes / (*count).max(1)) as usize)
        })
    }
}

impl Seen {
    fn take(&mut self, raw: &Raw, now: Instant) {
        // The type stands near the beginning; reading the whole event here would cost what is to be measured.
        let head = String::from_utf8_lossy(&raw.payload[..raw.payload.len().min(400)]);
        let mut weigh = |kind| {
            let (bytes, count) = self.bytes.entry(kind).or_default();
            *bytes += raw.payload.len() as u64;
            *count += 1;
        };
        if head.contains(".tension_filed.v1") {
            weigh("filed");
            self.filed.insert(raw.subject.clone(), now);
        } else if head.contains(".tension_routed.v1") {
            weigh("routed");
            if let Some(filed) = self.filed.remove(&raw.subject) {
                self.lag_max = self.lag_max.max(now - filed);
            }
        }
    }
}
