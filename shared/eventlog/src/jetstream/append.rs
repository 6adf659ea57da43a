//! Appending events: each by itself while the broker keeps up, many together once a crowd waits.
//!
//! The broker syncs every message before it takes in the next one, but what is sent as one batch it syncs once. A batch
//! costs it as much as some twenty messages, so few are never sent that way. Nothing here needs a batch to be all or
//! nothing: each event has its own condition and its own answer, and where the broker refuses a batch because of one of
//! them, its halves are sent again, and in the end a few one by one.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_nats::{Client, HeaderMap, Request, RequestErrorKind};
use bytes::Bytes;
use contracts::envelope::{EVENT_BYTES_MAX, Envelope};
use contracts::subjects::{STREAM, Subject};
use futures::future::join_all;
use runtime::crash;
use serde::Deserialize;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinSet;
use tracing::{debug, warn};

use super::direct::Direct;
use super::{APPEND_TIMEOUT, ApiError, CATCH_UP_TRIES, runtime_pause};
use crate::{AppendError, LogError, payload};

/// How many events are on their way by themselves before others wait to go together. Few where it is tested: there, a
/// handful is a crowd.
const ALONE_MAX: usize = if cfg!(debug_assertions) { 2 } else { 16 };
/// How many have to wait for a batch to be worth its cost.
const CROWD: usize = if cfg!(debug_assertions) { 3 } else { 24 };
/// The most events of one batch. The broker would take 1000.
const BATCH_MAX: usize = 256;
/// The most events that wait before whoever brings another waits to be let in.
const WAITING_MAX: usize = 1024;
/// How long what waits is held up by what is on its way: an answer that is lost concerns nobody else.
const HELD_UP: Duration = Duration::from_millis(100);
/// The most lots on their way, where answers are late.
const LOTS_MAX: usize = 16;
/// How long no batches are sent to a broker that takes none.
const REST: Duration = Duration::from_secs(30);

/// "wrong last sequence".
const WRONG_LAST_SEQUENCE: u32 = 10071;
/// The same, without the sequence in the text.
const WRONG_LAST_SEQUENCE_CONSTANT: u32 = 10164;
/// "message size exceeds maximum allowed".
const TOO_LARGE: u32 = 10054;
/// "atomic publish contains duplicate message id".
const DUPLICATE_IN_BATCH: u32 = 10201;
/// "duplicate message id is in process".
const DUPLICATE_IN_PROCESS: u32 = 10158;
/// "atomic publish is disabled".
const NO_BATCHES: u32 = 10174;

/// What is said of a batch because of one of its events.
const AT_FAULT: [u32; 5] = [
    WRONG_LAST_SEQUENCE,
    WRONG_LAST_SEQUENCE_CONSTANT,
    TOO_LARGE,
    DUPLICATE_IN_BATCH,
    DUPLICATE_IN_PROCESS,
];

/// What the broker answers to an append.
#[derive(Deserialize)]
pub(super) struct PubAck {
    pub(super) seq: Option<u64>,
    pub(super) error: Option<ApiError>,
    /// How many a batch held.
    count: Option<usize>,
    /// Whether an event of this id was there before, at `seq`.
    #[serde(default)]
    duplicate: bool,
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
    since: Instant,
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
            rests_until: Mutex::new(None),
        };
        tokio::spawn(run(Arc::new(gathering), receiver));
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
        let event = Event {
            subject: subject.to_string(),
            expected,
            id: envelope.id.to_string(),
            payload: payload(envelope)?,
        };
        if self.crowd.load(Ordering::Relaxed) == 0
            && let Ok(_permit) = self.alone.try_acquire()
        {
            return event.alone(&self.client).await;
        }
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting {
            event,
            since: Instant::now(),
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
            // The id may be looked at before the condition, as it is in a cluster. What stands there may be another
            // decision of the same command: whoever asks reads it.
            PubAck {
                error: None,
                seq: Some(at),
                duplicate: true,
                ..
            } => Err(AppendError::Conflict { at }),
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
        let not_answered = |error: &dyn std::fmt::Display| {
            warn!(subject = self.subject, %error, "an append was not answered");
            AppendError::Unsettled
        };
        // The client's own limit counts from when it has a connection.
        let request = Request::new()
            .headers(headers)
            .payload(self.payload.clone())
            .timeout(None);
        let answer = tokio::time::timeout(APPEND_TIMEOUT, client.send_request(self.subject.clone(), request))
            .await
            .map_err(|late| not_answered(&late))?
            .map_err(|error| match error.kind() {
                // Nobody listened, so nothing was stored.
                RequestErrorKind::NoResponders => {
                    AppendError::from(LogError::Unavailable("nobody serves the stream".to_owned()))
                }
                RequestErrorKind::TimedOut
                | RequestErrorKind::Other
                | RequestErrorKind::InvalidSubject
                | RequestErrorKind::MaxPayloadExceeded => not_answered(&error),
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
    /// The broker took none of it, because of one of its events.
    AtFault,
    /// The broker took none of it this time: a part was lost on the way, or too many were on theirs.
    Refused,
    /// The broker does not know batches. Should it have taken some of them for what they are by themselves, each is found
    /// in conflict with itself, and so found.
    Unknown,
    /// The same for all.
    Failed(AppendError),
}

/// Gathers what waits, and sends it.
struct Gathering {
    client: Client,
    direct: Direct,
    batches: AtomicU64,
    /// Until when nothing is sent together.
    rests_until: Mutex<Option<Instant>>,
}

/// Sends what waits, lot by lot, until nobody can bring any more.
async fn run(gathering: Arc<Gathering>, mut waiting: mpsc::Receiver<Waiting>) {
    let mut crowd = Vec::new();
    let mut lots = JoinSet::new();
    while waiting.recv_many(&mut crowd, BATCH_MAX).await > 0 {
        let (gathering, crowd) = (gathering.clone(), std::mem::take(&mut crowd));
        let (over, is_over) = oneshot::channel::<()>();
        lots.spawn(async move {
            gathering.send(crowd).await;
            drop(over);
        });
        // While this one is on its way the next one gathers; if it stays away the next one goes.
        let _ = tokio::time::timeout(HELD_UP, is_over).await;
        while lots.try_join_next().is_some() || (lots.len() >= LOTS_MAX && lots.join_next().await.is_some()) {}
    }
    while lots.join_next().await.is_some() {}
}

impl Gathering {
    async fn send(&self, waiting: Vec<Waiting>) {
        let (late, waiting): (Vec<_>, Vec<_>) = waiting
            .into_iter()
            .partition(|one| one.since.elapsed() >= APPEND_TIMEOUT);
        for one in late {
            let never_sent = LogError::Unavailable("too much waits for the log".to_owned());
            let _ = one.answer.send(Err(never_sent.into()));
        }
        if waiting.len() < CROWD || self.rests() {
            self.one_by_one(waiting.into_iter()).await;
        } else {
            self.crowd(waiting).await;
        }
    }

    fn resting(&self) -> MutexGuard<'_, Option<Instant>> {
        self.rests_until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rests(&self) -> bool {
        self.resting().is_some_and(|until| Instant::now() < until)
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
                Fate::AtFault => {
                    let half = batch.split_off(batch.len() / 2);
                    batches.extend([half, batch]);
                }
                Fate::Refused => alone.extend(batch),
                Fate::Unknown => {
                    warn!("the broker takes no batches; events go one by one for a while");
                    *self.resting() = Some(Instant::now() + REST);
                    alone.extend(batch);
                    alone.extend(batches.drain(..).flatten());
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
            return Fate::AtFault;
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
        let sending = async {
            for (place, Waiting { event, .. }) in before.iter().enumerate() {
                let (subject, payload) = (event.subject.clone(), event.payload.clone());
                let sent = self
                    .client
                    .publish_with_headers(subject, headers(place, event), payload);
                sent.await.map_err(|error| error.to_string())?;
            }
            Ok::<(), String>(())
        };
        let sent = tokio::time::timeout(APPEND_TIMEOUT, sending).await;
        if let Err(error) = sent.unwrap_or_else(|_| Err("the broker is away".to_owned())) {
            // Without its last event the broker drops what it has of a batch.
            return Fate::Failed(LogError::Unavailable(error).into());
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
                ..
            } if count == batch.len() && sequence >= count as u64 => {
                let looked = self.begins_at(sequence + 1 - count as u64, &first.event);
                tokio::time::timeout(APPEND_TIMEOUT, looked)
                    .await
                    .unwrap_or(Fate::Failed(AppendError::Unsettled))
            }
            PubAck { error: Some(error), .. } if AT_FAULT.contains(&error.err_code) => Fate::AtFault,
            PubAck { error: Some(error), .. } if error.err_code != NO_BATCHES => {
                debug!(error.err_code, error.description, "a batch was refused");
                Fate::Refused
            }
            PubAck { .. } => Fate::Unknown,
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
                warn!(sequence, "a batch does not stand where it has to");
                break;
            }
            runtime_pause(attempt).await;
        }
        Fate::Failed(AppendError::Unsettled)
    }
}
