//! The log of all events: append with an expectation, load one thing, read on from a position, consume durably.
//!
//! [`EventLog`] has two implementations: [`jetstream::JetStreamLog`], which is the product's, and
//! [`memory::MemoryLog`], which can, from a seed, lose acknowledgements, duplicate and reorder. Nobody outside this
//! crate knows the stream's name, assumes gapless sequences, or talks to the stream.

pub mod jetstream;
pub mod memory;

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use contracts::envelope::{EVENT_BYTES_MAX, Envelope, Recorded};
use contracts::subjects::Subject;
use tokio::sync::{mpsc, watch};

/// A log that can be shared.
pub type Log = Arc<dyn EventLog>;

/// What stands in the log, not yet read as an event.
#[derive(Debug, Clone)]
pub struct Raw {
    /// The stream sequence.
    pub sequence: u64,
    /// The subject as written.
    pub subject: String,
    /// Its headers, name and value, but for those under what condition it was to be appended; only where the reader asked
    /// for whole messages.
    pub headers: Option<Headers>,
    /// The bytes.
    pub payload: Bytes,
}

/// Names and values of headers.
pub type Headers = Arc<[(String, String)]>;

/// Bytes in the log that are no event of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("message {sequence} on {subject} is not an event: {reason}")]
pub struct Garbled {
    /// Where.
    pub sequence: u64,
    /// Under what.
    pub subject: String,
    /// What the parser said.
    pub reason: String,
}

impl Raw {
    /// Reads the envelope and checks that it belongs where it stands.
    pub fn parse(&self) -> Result<Recorded, Garbled> {
        let garbled = |reason: String| Garbled {
            sequence: self.sequence,
            subject: self.subject.clone(),
            reason,
        };
        let subject: Subject = self.subject.parse().map_err(|error| garbled(format!("{error}")))?;
        let envelope: Envelope = serde_json::from_slice(&self.payload).map_err(|error| garbled(error.to_string()))?;
        if envelope.specversion != "1.0" {
            return Err(garbled(format!("specversion {:?}", envelope.specversion)));
        }
        if envelope.district != subject.district || envelope.subject != subject.event_subject() {
            return Err(garbled(
                "its district or subject is not that of the place it stands in".to_owned(),
            ));
        }
        Ok(Recorded {
            sequence: self.sequence,
            subject,
            envelope,
        })
    }
}

/// Why the log could not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// It cannot be reached for now.
    #[error("the log cannot be reached: {0}")]
    Unavailable(String),
    /// It answered what it should not.
    #[error("the log answered unexpectedly: {0}")]
    Unexpected(String),
}

/// Why an event was not known to be appended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// Something was appended to this subject since; the log named the sequence, or 0 where it named none.
    #[error("something was appended since, at {at}")]
    Conflict {
        /// The subject's last sequence, or 0.
        at: u64,
    },
    /// No answer came: it may or may not be there.
    #[error("whether it was appended is not known")]
    Unsettled,
    /// It is larger than a message can be.
    #[error("the event weighs {bytes} bytes, more than the {max} that can be kept")]
    TooLarge {
        /// What it weighs.
        bytes: usize,
        /// What can be kept.
        max: usize,
    },
    /// It was certainly not appended.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// An event's bytes, as they stand in the log.
pub(crate) fn payload(envelope: &Envelope) -> Result<Bytes, AppendError> {
    let payload =
        serde_json::to_vec(envelope).map_err(|error| LogError::Unexpected(format!("an event as JSON: {error}")))?;
    if payload.len() > EVENT_BYTES_MAX {
        return Err(AppendError::TooLarge {
            bytes: payload.len(),
            max: EVENT_BYTES_MAX,
        });
    }
    Ok(Bytes::from(payload))
}

/// Which subjects to read.
pub type Filter = Vec<String>;

/// Everything from a position on, in order, at least once: after trouble it goes on after the last message given,
/// and may then repeat some.
#[derive(Debug)]
pub struct Tail {
    receiver: mpsc::Receiver<Raw>,
    caught_up: watch::Receiver<Option<u64>>,
    // Ends the reading task when the tail is dropped.
    _guard: tokio_util::sync::DropGuard,
}

impl Tail {
    /// A tail over a channel and the token that ends its reader.
    pub(crate) fn new(
        receiver: mpsc::Receiver<Raw>,
        caught_up: watch::Receiver<Option<u64>>,
        stop: tokio_util::sync::CancellationToken,
    ) -> Self {
        Self {
            receiver,
            caught_up,
            _guard: stop.drop_guard(),
        }
    }

    /// The sequence after which nothing more was there, once that was so: whoever has taken it in has caught up.
    /// Resolves at once where there was nothing at all; `None` if the reader has ended.
    pub async fn caught_up(&mut self) -> Option<u64> {
        self.caught_up.wait_for(Option::is_some).await.ok().and_then(|at| *at)
    }

    /// The same without waiting.
    pub fn caught_up_at(&self) -> Option<u64> {
        *self.caught_up.borrow()
    }

    /// Takes what is there already, without waiting, until `batch` holds `limit`.
    pub fn at_hand(&mut self, batch: &mut Vec<Raw>, limit: usize) {
        while batch.len() < limit
            && let Ok(raw) = self.receiver.try_recv()
        {
            batch.push(raw);
        }
    }

    /// Waits for at least one message and takes up to `limit`; 0 only if the reader has ended.
    pub async fn next(&mut self, batch: &mut Vec<Raw>, limit: usize) -> usize {
        self.receiver.recv_many(batch, limit).await
    }
}

/// Settles one delivered message. Dropped without a word, the message comes again.
#[async_trait]
pub trait Settle: Send + Sync + Debug {
    /// It is done with; returns once the log has noted it.
    async fn ack(&self) -> Result<(), LogError>;
    /// The same without waiting until it is noted: for what may come again without harm.
    async fn ack_soon(&self) -> Result<(), LogError> {
        self.ack().await
    }
    /// It is to come again after a while.
    async fn nak(&self, after: Duration) -> Result<(), LogError>;
    /// It is still being worked on.
    async fn working(&self) -> Result<(), LogError>;
}

/// A message of a durable consumer, which comes again until it is acknowledged.
#[derive(Debug)]
pub struct Delivery {
    /// What stands in the log.
    pub raw: Raw,
    /// How many times it was delivered, this one included.
    pub delivered: u64,
    /// How to settle it.
    pub settle: Box<dyn Settle>,
}

/// A durable consumer: several processes may share one, each message goes to one of them at a time.
#[async_trait]
pub trait Durable: Send + Debug {
    /// The next message; waits as long as it takes.
    async fn next(&mut self) -> Delivery;
}

/// The log of all events.
#[async_trait]
pub trait EventLog: Send + Sync + Debug {
    /// Everything on one subject after a sequence, in order. Waits, bounded, until what it sees reaches `at_least`:
    /// a read may be answered by a replica that is behind.
    async fn load(&self, subject: &Subject, after: u64, at_least: u64) -> Result<Vec<Raw>, LogError>;

    /// Appends, if `expected` is still the sequence of the subject's last event (0: none).
    async fn append(&self, subject: &Subject, expected: u64, envelope: &Envelope) -> Result<u64, AppendError>;

    /// The sequence of the last message of all.
    async fn head(&self) -> Result<u64, LogError>;

    /// Reads on from a position.
    async fn read(&self, filter: Filter, after: u64) -> Result<Tail, LogError>;

    /// Reads everything on from a position, with headers.
    async fn read_whole(&self, after: u64) -> Result<Tail, LogError>;

    /// The message at a sequence, with headers; nothing where the log holds none there.
    async fn at(&self, sequence: u64) -> Result<Option<Raw>, LogError>;

    /// A durable consumer by name, from the beginning of the log on.
    async fn durable(&self, name: &str, filter: Filter) -> Result<Box<dyn Durable>, LogError>;

    /// How many messages a durable consumer has not yet had acknowledged; 0 where there is none of the name.
    async fn outstanding(&self, name: &str) -> Result<u64, LogError>;
}
