//! Looks at the log afterwards: how much was appended in a window, and how soon routing followed filing. By the times
//! written into the events, so that nobody reads beside the system while it is measured.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use contracts::envelope::Envelope;
use contracts::subjects::Thing;
use decider::{Failure, History};
use domain::Loop;
use eventlog::{Log, Raw};
use runtime::Clock;

use super::authorise;
use crate::folder::Folder;
use crate::services::{Parts, connect};

/// So far from its end the log is looked at for a loop.
const LOOKED_BACK: u64 = 1000;

/// What happened in a window.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Events appended in it.
    pub(super) appended: u64,
    /// The longest time from a filing in it to its routing.
    pub(super) lag_max: Duration,
    /// The mean weights of a filing and of its routing, in bytes.
    pub(super) weights: [usize; 2],
}

/// A system's log.
#[derive(Debug)]
pub(super) struct Watch {
    data: PathBuf,
}

/// A moment of a measurement as the events write it.
fn written(at: Instant) -> DateTime<Utc> {
    Clock::system().now() - at.elapsed()
}

impl Watch {
    /// Of a running system.
    pub(super) fn over(data: &Path) -> Self {
        Self { data: data.to_owned() }
    }

    async fn log(&self) -> anyhow::Result<(Log, messaging::Bus)> {
        let folder = Folder::open(&self.data)?;
        let bus = connect(&folder.running()?.nats, Some(&folder.nkeys()), "timeline").await?;
        Ok((Parts::log(&bus), bus))
    }

    /// Waits until the policies have reacted to all there is.
    pub(super) async fn rest(&self) -> anyhow::Result<()> {
        let (log, _bus) = self.log().await?;
        let started = Instant::now();
        while log.outstanding(&messaging::policy::consumer("routing")).await? > 0 {
            anyhow::ensure!(started.elapsed() < Duration::from_mins(5), "routing does not follow");
            runtime::clock::pause(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// What it costs to judge a command on the loop that was acted on last, in microseconds.
    pub(super) async fn judged(&self) -> anyhow::Result<f64> {
        let (log, _bus) = self.log().await?;
        let head = log.head().await?;
        let mut subject = None;
        for back in 0..LOOKED_BACK.min(head) {
            let recorded = log.at(head - back).await?.and_then(|raw| raw.parse().ok());
            let found = recorded.filter(|recorded| recorded.subject.thing == Thing::Loop);
            if let Some(found) = found {
                subject = Some(found.subject);
                break;
            }
        }
        let subject = subject.ok_or_else(|| anyhow::anyhow!("there is no loop"))?;
        let history = History::<Loop>::read(&*log, &subject).await;
        let history = history.map_err(|failure: Failure<()>| anyhow::anyhow!("a loop cannot be read: {failure:?}"))?;
        let record = history
            .state()
            .record()
            .ok_or_else(|| anyhow::anyhow!("a loop was not filed"))?;
        Ok(authorise::micros(record, &subject.district))
    }

    /// Waits until time has brought about all that was due: a record of years comes due at once where nobody looked.
    pub(super) async fn settled(&self) -> anyhow::Result<()> {
        let (log, _bus) = self.log().await?;
        let started = Instant::now();
        let mut last = (log.head().await?, Instant::now());
        while last.1.elapsed() < Duration::from_secs(5) {
            anyhow::ensure!(started.elapsed() < Duration::from_mins(15), "time never comes to rest");
            runtime::clock::pause(Duration::from_millis(500)).await;
            let head = log.head().await?;
            if head != last.0 {
                last = (head, Instant::now());
            }
        }
        Ok(())
    }

    /// What happened between two moments.
    pub(super) async fn between(&self, from: Instant, to: Instant) -> anyhow::Result<Seen> {
        let (log, _bus) = self.log().await?;
        let (from, to) = (written(from), written(to));
        let head = log.head().await?;
        let mut tail = log.read(vec!["loop.*.loop.*".to_owned()], 0).await?;
        let mut seen = Seen::default();
        let mut filed: HashMap<String, DateTime<Utc>> = HashMap::new();
        let mut bytes = [(0, 0); 2];
        let mut batch: Vec<Raw> = Vec::new();
        let mut at = 0;
        while at < head && tail.caught_up_at().is_none_or(|last| at < last) {
            batch.clear();
            anyhow::ensure!(tail.next(&mut batch, 4096).await > 0, "the log ended");
            for raw in &batch {
                at = raw.sequence;
                let event: Envelope = serde_json::from_slice(&raw.payload)?;
                seen.appended += u64::from(event.time >= from && event.time < to);
                let mut weigh = |kind: usize| {
                    bytes[kind].0 += raw.payload.len();
                    bytes[kind].1 += 1;
                };
                if event.event_type.contains(".tension_filed.") {
                    weigh(0);
                    filed.insert(raw.subject.clone(), event.time);
                } else if event.event_type.contains(".tension_routed.") {
                    weigh(1);
                    let began = filed.remove(&raw.subject).filter(|began| *began >= from && *began < to);
                    let lag = began.and_then(|began| (event.time - began).to_std().ok());
                    seen.lag_max = seen.lag_max.max(lag.unwrap_or_default());
                }
            }
        }
        seen.weights = bytes.map(|(bytes, count)| bytes / count.max(1));
        Ok(seen)
    }
}
