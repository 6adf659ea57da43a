//! A log in bad weather: it makes callers wait in the middle, is away, loses what it was given, or loses its word.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use async_trait::async_trait;
use contracts::envelope::Envelope;
use contracts::subjects::Subject;
use eventlog::memory::MemoryLog;
use eventlog::{AppendError, Durable, EventLog, Filter, LogError, Raw, Tail};

use crate::dice::Dice;
use crate::report::Fault;
use crate::sabotage::Sabotage;

/// How bad it is; each is a share of 1000.
#[derive(Debug, Clone, Copy, Default)]
pub struct Weather {
    /// Points at which somebody else goes on first.
    pub waits: u32,
    /// Reads and appends that fail for certain.
    pub away: u32,
    /// Appends that are not stored, of which nobody hears.
    pub lost_appends: u32,
    /// Appends that are stored, of which nobody hears.
    pub lost_words: u32,
    /// Requests and replies between services that do not arrive.
    pub lost_messages: u32,
}

#[derive(Debug)]
struct State {
    dice: Dice,
    weather: Weather,
    faults: Vec<Fault>,
}

/// The weather that log, couriers and lookups share.
#[derive(Debug)]
pub struct Storm {
    state: Mutex<State>,
    // Whether the last future that was polled stopped here, and not for time to pass.
    stopped_here: AtomicBool,
}

struct Once(bool);

impl Future for Once {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.0 {
            return Poll::Ready(());
        }
        self.0 = true;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Storm {
    /// Weather of a seed.
    pub fn new(dice: Dice, weather: Weather) -> Self {
        Self {
            state: Mutex::new(State {
                dice,
                weather,
                faults: Vec::new(),
            }),
            stopped_here: AtomicBool::new(false),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on the weather is this.
    pub fn becomes(&self, weather: Weather) {
        self.state().weather = weather;
    }

    /// Faults since this was asked last.
    pub fn faults(&self) -> Vec<Fault> {
        std::mem::take(&mut self.state().faults)
    }

    /// Whether the last poll ended at one of these points; asked once.
    pub fn stopped_here(&self) -> bool {
        self.stopped_here.swap(false, Ordering::Relaxed)
    }

    /// A point at which somebody else may go on first.
    pub async fn wait(&self) {
        let waits = {
            let mut state = self.state();
            let waits = state.weather.waits;
            state.dice.chance(waits)
        };
        if waits {
            self.stopped_here.store(true, Ordering::Relaxed);
            Once(false).await;
        }
    }

    /// Whether a fault strikes now.
    pub fn strikes(&self, fault: Fault) -> bool {
        let mut state = self.state();
        let weather = state.weather;
        let share = match fault {
            Fault::LogAway => weather.away,
            Fault::AppendLost => weather.lost_appends,
            Fault::AppendUnsettled => weather.lost_words,
            Fault::RequestLost | Fault::ReplyLost | Fault::LookupAway => weather.lost_messages,
            Fault::HandlerDropped
            | Fault::ConsumerDropped
            | Fault::AckLost
            | Fault::TickDropped
            | Fault::ReadModelBehind
            | Fault::ViewBehind
            | Fault::DeliveredAgain => 0,
        };
        let strikes = state.dice.chance(share);
        if strikes {
            state.faults.push(fault);
        }
        strikes
    }
}

/// The log as services see it.
#[derive(Debug)]
pub struct StormyLog {
    /// The log itself.
    pub inner: MemoryLog,
    /// The weather.
    pub storm: Arc<Storm>,
    /// What is wrong with it on purpose.
    pub sabotage: Option<Sabotage>,
}

impl StormyLog {
    fn away(&self) -> Result<(), LogError> {
        if self.storm.strikes(Fault::LogAway) {
            Err(LogError::Unavailable("a storm".to_owned()))
        } else {
            Ok(())
        }
    }
}

#[async_trait]
impl EventLog for StormyLog {
    async fn load(&self, subject: &Subject, after: u64, at_least: u64) -> Result<Vec<Raw>, LogError> {
        self.storm.wait().await;
        self.away()?;
        let found = self.inner.load(subject, after, at_least).await;
        // What was read may be old by the time it is looked at.
        self.storm.wait().await;
        found
    }

    async fn append(&self, subject: &Subject, expected: u64, envelope: &Envelope) -> Result<u64, AppendError> {
        self.storm.wait().await;
        self.away()?;
        if self.storm.strikes(Fault::AppendLost) {
            self.storm.wait().await;
            return Err(AppendError::Unsettled);
        }
        if self.sabotage == Some(Sabotage::AcknowledgesWithoutStoring) && expected > 0 {
            return Ok(self.inner.head().await? + 1);
        }
        let stored = self.inner.append(subject, expected, envelope).await?;
        if self.sabotage == Some(Sabotage::StoresTwice) {
            let _ = self.inner.append(subject, stored, envelope).await;
        }
        if self.storm.strikes(Fault::AppendUnsettled) {
            self.storm.wait().await;
            return Err(AppendError::Unsettled);
        }
        self.storm.wait().await;
        Ok(stored)
    }

    async fn head(&self) -> Result<u64, LogError> {
        self.away()?;
        self.inner.head().await
    }

    async fn read(&self, filter: Filter, after: u64) -> Result<Tail, LogError> {
        self.inner.read(filter, after).await
    }

    async fn read_whole(&self, after: u64) -> Result<Tail, LogError> {
        self.inner.read_whole(after).await
    }

    async fn at(&self, sequence: u64) -> Result<Option<Raw>, LogError> {
        self.inner.at(sequence).await
    }

    async fn durable(&self, name: &str, filter: Filter) -> Result<Box<dyn Durable>, LogError> {
        self.inner.durable(name, filter).await
    }

    async fn outstanding(&self, name: &str) -> Result<u64, LogError> {
        self.inner.outstanding(name).await
    }
}
