//! Appending events: each by itself while the broker keeps up, many together once a crowd waits.
//!
//! The broker syncs every message before it takes in the next one, but what is sent as one batch it syncs once. A batch
//! costs it as much as some twenty messages, so few are never sent that way. Nothing here needs a batch to be all or
//! nothing: each event has its own condition and its own answer, and where the broker refuses a batch because of one of
//! them, its halves are sent again, and in the end a few one by one.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use async_nats::{Client, HeaderMap, Request, RequestErrorKind};
use bytes::Bytes;
use contracts::envelope::{EVENT_BYTES_MAX, Envelope};
use contracts::subjects::{STREAM, Subject};
use futures::future::join_all;
use runtime::crash;
use serde::Deserialize;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tracing::warn;

use super::direct::Direct;
use super::{APPEND_TIMEOUT, ApiError, CATCH_UP_TRIES, runtime_pause};
use crate::{AppendError, LogError};

/// How many events are on their way by themselves before others wait to go together. Few where it is tested: there, a
/// handful is a crowd.
const ALONE_MAX: usize = if cfg!(debug_assertions) { 2 } else { 16 };
/// How many have to wait for a batch to be worth its cost.
const CROWD: usize = if cfg!(debug_assertions) { 3 } else { 24 };
/// The most events of one batch. The broker would take 1000.
const BATCH_MAX: usize = 256;
/// The most events that wait before whoever brings another waits to be let in.
const WAITING_MAX: usize = 1024;

/// "wrong last sequence".
const WRONG_LAST_SEQUENCE: u32 = 10071;
/// The same, without the sequence in the text.
const WRONG_LAST_SEQUENCE_CONSTANT: u32 = 10164;
/// "message size exceeds maximum allowed".
const TOO_LARGE: u32 = 10054;

/// What the broker answers to an append.
#[derive(Deserialize)]
pub(super) struct PubAck {
    pub(super) seq: Option<u64>,
    pub(super) error: Option<ApiError>,
    /// How many a batch held.
    count: Option<usize>,
}

/// An event on its way into the log.
struct Event {
    subject: String,
    /// The sequence of the subject's last event.
    expected: u64,
    id: String,
    payload: Bytes,
}

/// One that waits to be sent with others, and who waits for what becomes of it.
struct Waiting {
    event: Event,
    answer: oneshot::Sender<Result<u64, AppendError>>,
    _counted: Counted,
}

/// Counts as long as it lives.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Appends events over one connection.
pub(super) struct Appending {
    client: Client,
    alone: Semaphore,
    /// How many wait, or are on their way together.
    crowd: Arc<AtomicUsize>,
    waiting: mpsc::Sender<Waiting>,
}

impl Appending {
    /// Over a connection; what waits is gathered by a task of its own, which ends with this.
    pub(super) fn new(client: Client, direct: Direct) -> Self {
        let (waiting, receiver) = mpsc::channel(WAITING_MAX);
        let gathering = Gathering {
            client: client.clone(),
            direct,
            batches: AtomicU64::new(0),
        };
        tokio::spawn(gathering.run(receiver));
        Self {
            client,
            alone: Semaphore::new(ALONE_MAX),
            crowd: Arc::default(),
            waiting,
        }
    }

    /// Appends, if `expected` is still the sequence of the subject's last event (0: none).
    pub(super) async fn append(
        &self,
        subject: &Subject,
        expected: u64,
        envelope: &Envelope,
    ) -> Result<u64, AppendError> {
        let payload =
            serde_json::to_vec(envelope).map_err(|error| LogError::Unexpected(format!("an event as JSON: {error}")))?;
        if payload.len() > EVENT_BYTES_MAX {
            return Err(AppendError::TooLarge {
                bytes: payload.len(),
                max: EVENT_BYTES_MAX,
            });
        }
        let event = Event {
            subject: subject.to_string(),
            expected,
            id: envelope.id.to_string(),
            payload: Bytes::from(payload),
        };
        if self.crowd.load(Ordering::Relaxed) == 0
            && let Ok(_permit) = self.alone.try_acquire()
        {
            return event.alone(&self.client).await;
        }
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting {
            event,
            answer,
            _counted: Counted::new(&self.crowd),
        };
        if self.waiting.send(waiting).await.is_err() {
            return Err(LogError::Unavailable("nothing is appended any more".to_owned()).into());
        }
        // Whoever gathers may have ended with the event half on its way.
        answered.await.unwrap_or(Err(AppendError::Unsettled))
    }
}

impl Event {
    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Expected-Last-Subject-Sequence", self.expected.to_string());
        headers.insert("Nats-Expected-Stream", STREAM);
        headers.insert("Nats-Msg-Id", self.id.as_str());
        headers.insert("Content-Type", "application/cloudevents+json");
        headers
    }

    /// Sends it by itself.
    async fn alone(&self, client: &Client) -> Result<u64, AppendError> {
        crash::point("append.before");
        let answer = self.request(client, self.headers()).await?;
        crash::point("append.after");
        match answer {
            PubAck {
                error: None,
                seq: Some(sequence),
                ..
            } => Ok(sequence),
            PubAck { error: Some(error), .. } => Err(refusal(&error)),
            PubAck {
                error: None, seq: None, ..
            } => Err(LogError::Unexpected("an acknowledgement without a sequence".to_owned()).into()),
        }
    }

    /// Sends it and waits for the answer.
    async fn request(&self, client: &Client, headers: HeaderMap) -> Result<PubAck, AppendError> {
        let request = Request::new()
            .headers(headers)
            .payload(self.payload.clone())
            .timeout(Some(APPEND_TIMEOUT));
        let answer = client
            .send_request(self.subject.clone(), request)
            .await
            .map_err(|error| match error.kind() {
                // Nobody listened, so nothing was stored.
                RequestErrorKind::NoResponders => {
                    AppendError::from(LogError::Unavailable("nobody serves the stream".to_owned()))
                }
                RequestErrorKind::TimedOut
                | RequestErrorKind::Other
                | RequestErrorKind::InvalidSubject
                | RequestErrorKind::MaxPayloadExceeded => {
                    warn!(subject = self.subject, %error, "an append was not answered");
                    AppendError::Unsettled
                }
            })?;
        serde_json::from_slice(&answer.payload)
            .map_err(|error| LogError::Unexpected(format!("an acknowledgement: {error}")).into())
    }
}

/// What the broker's refusal of one event says.
fn refusal(error: &ApiError) -> AppendError {
    match error.err_code {
        WRONG_LAST_SEQUENCE | WRONG_LAST_SEQUENCE_CONSTANT => {
            let named = error.description.rsplit(' ').next();
            AppendError::Conflict {
                at: named.and_then(|word| word.parse().ok()).unwrap_or(0),
            }
        }
        TOO_LARGE => AppendError::TooLarge {
            bytes: 0,
            max: EVENT_BYTES_MAX,
        },
        _ => LogError::Unavailable(format!("{} ({})", error.description, error.err_code)).into(),
    }
}

/// What became of a batch.
enum Fate {
    /// It is there, its first event at this sequence, and the others right after it.
    From(u64),
    /// The broker took none of it.
    Refused,
    /// The same for all.
    Failed(AppendError),
}

/// Gathers what waits, and sends it.
struct Gathering {
    client: Client,
    direct: Direct,
    batches: AtomicU64,
}

impl Gathering {
    async fn run(self, mut waiting: mpsc::Receiver<Waiting>) {
        let mut crowd = Vec::new();
        while waiting.recv_many(&mut crowd, BATCH_MAX).await > 0 {
            if crowd.len() < CROWD {
                self.one_by_one(crowd.drain(..)).await;
            } else {
                self.crowd(std::mem::take(&mut crowd)).await;
            }
        }
    }

    /// Sends each by itself, all at the same time.
    async fn one_by_one(&self, waiting: impl Iterator<Item = Waiting>) {
        join_all(waiting.map(async |one| {
            let _ = one.answer.send(one.event.alone(&self.client).await);
        }))
        .await;
    }

    async fn crowd(&self, crowd: Vec<Waiting>) {
        // Of two events of one thing only the first can be right.
        let mut things = HashSet::new();
        let (whole, mut alone): (Vec<_>, Vec<_>) = crowd
            .into_iter()
            .partition(|one| things.insert(one.event.subject.clone()));
        let mut batches = vec![whole];
        while let Some(mut batch) = batches.pop() {
            if batch.len() < CROWD {
                alone.append(&mut batch);
                continue;
            }
            match self.together(&batch).await {
                Fate::From(first) => {
                    for (sequence, one) in (first..).zip(batch) {
                        let _ = one.answer.send(Ok(sequence));
                    }
                }
                // One of them is at fault, and the others are not: mostly they are all in the other half.
                Fate::Refused => {
                    let half = batch.split_off(batch.len() / 2);
                    batches.extend([half, batch]);
                }
                Fate::Failed(error) => {
                    for one in batch {
                        let _ = one.answer.send(Err(error.clone()));
                    }
                }
            }
        }
        self.one_by_one(alone.into_iter()).await;
    }

    /// Sends events of different things as one batch. The broker keeps what it is sent aside until the last one comes;
    /// that one it answers.
    async fn together(&self, batch: &[Waiting]) -> Fate {
        let (Some(first), Some((last, before))) = (batch.first(), batch.split_last()) else {
            return Fate::Refused;
        };
        let nth = self.batches.fetch_add(1, Ordering::Relaxed);
        let id = format!("{}-{nth}", first.event.id);
        let headers = |place: usize, event: &Event| {
            let mut headers = event.headers();
            headers.insert("Nats-Batch-Id", id.as_str());
            headers.insert("Nats-Batch-Sequence", (place + 1).to_string());
            headers
        };
        crash::point("append.before");
        for (place, Waiting { event, .. }) in before.iter().enumerate() {
            let headers = headers(place, event);
            let sent = self
                .client
                .publish_with_headers(event.subject.clone(), headers, event.payload.clone());
            if let Err(error) = sent.await {
                // Without its last event the broker drops what it has of a batch.
                return Fate::Failed(LogError::Unavailable(error.to_string()).into());
            }
        }
        crash::point("append.together");
        let mut headers = headers(before.len(), &last.event);
        headers.insert("Nats-Batch-Commit", "1");
        let answer = match last.event.request(&self.client, headers).await {
            Ok(answer) => answer,
            Err(error) => return Fate::Failed(error),
        };
        crash::point("append.after");
        match answer {
            PubAck {
                error: None,
                seq: Some(sequence),
                count: Some(count),
            } if count == batch.len() && sequence >= count as u64 => {
                self.begins_at(sequence + 1 - count as u64, &first.event).await
            }
            PubAck { .. } => Fate::Refused,
        }
    }

    /// Looks whether a batch begins where it has to. The broker answers its last event only, and would say the same if
    /// it had had no room for one in the midst of it.
    async fn begins_at(&self, sequence: u64, event: &Event) -> Fate {
        for attempt in 0..CATCH_UP_TRIES {
            // Who answers may be a replica that is behind.
            if let Ok(Some(raw)) = self.direct.at(sequence).await {
                let headers = raw.headers.iter().flat_map(|headers| headers.iter());
                let id = headers
                    .filter(|(name, _)| name == "Nats-Msg-Id")
                    .map(|(_, id)| id)
                    .next();
                if id == Some(&event.id) {
                    return Fate::From(sequence);
                }
                break;
            }
            runtime_pause(attempt).await;
        }
        warn!(sequence, "a batch does not stand where it has to");
        Fate::Failed(AppendError::Unsettled)
    }
}
