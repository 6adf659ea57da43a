//! The log over NATS JetStream: one stream, one subject a thing, every write synced before it is acknowledged.

mod append;
mod direct;
mod durable;
mod put;
mod setup;
mod shared;
mod tail;

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::{self, Context};
use async_nats::{Client, StatusCode};
use async_trait::async_trait;
use bytes::Bytes;
use contracts::envelope::Envelope;
use contracts::subjects::{STREAM, Subject};
use futures::StreamExt;
use serde::Deserialize;

use append::Appending;
use direct::Direct;
pub use put::Putting;
pub use setup::{StreamOptions, set_up};
pub use shared::SharedReader;
use tail::What;

use crate::{AppendError, Durable, EventLog, Filter, LogError, Raw, Tail};

/// How long an append waits for its acknowledgement before it counts as unsettled.
const APPEND_TIMEOUT: Duration = Duration::from_millis(1500);
/// How long a read waits for an answer.
const READ_TIMEOUT: Duration = Duration::from_millis(1500);
/// How many events of a thing are read one by one, each naming the one before it.
const STEPS_MAX: usize = 64;
/// How many messages one page of a load holds.
const LOAD_PAGE: usize = 1000;
/// The most pages of one load: nothing has a longer history.
const LOAD_PAGES_MAX: usize = 20;
/// How often a read that must reach a sequence is tried.
const CATCH_UP_TRIES: u32 = 20;

/// The product's log.
#[derive(Clone)]
pub struct JetStreamLog {
    client: Client,
    context: Context,
    direct: Direct,
    appending: Arc<Appending>,
    shared: Option<SharedReader>,
}

impl std::fmt::Debug for JetStreamLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JetStreamLog").finish_non_exhaustive()
    }
}

/// What of an event says which one of its thing was before it.
#[derive(Deserialize)]
struct Before<'a> {
    #[serde(borrow)]
    previous: &'a str,
}

#[derive(Deserialize)]
struct ApiError {
    err_code: u32,
    description: String,
}

impl JetStreamLog {
    /// The log over a connection; the stream must have been set up (see [`set_up`]). Has to be called within the async
    /// runtime: what many append at the same time is gathered by a task of its own.
    pub fn new(client: Client) -> Self {
        let context = jetstream::new(client.clone());
        let direct = Direct::new(client.clone());
        let appending = Arc::new(Appending::new(client.clone(), direct.clone()));
        Self {
            client,
            context,
            direct,
            appending,
            shared: None,
        }
    }

    /// The same, with one reader for all logs of this process that follow everything.
    #[must_use]
    pub fn sharing(self, shared: &SharedReader) -> Self {
        Self {
            shared: Some(shared.clone()),
            ..self
        }
    }

    /// Everything on one subject after a sequence, from its last event back, each naming the one before it: the broker
    /// finds a message by its place at once, where looking for the next one of a subject goes through all that lies
    /// between. Nothing where the way back does not end where it should, or is long.
    async fn step_back(&self, subject: &str, after: u64) -> Result<Option<Vec<Raw>>, LogError> {
        // Mostly there is nothing new, and then nothing needs to be sent for it.
        let anything = serde_json::json!({"next_by_subj": subject, "seq": after + 1});
        let Some(first) = self.direct.get(&anything).await? else {
            return Ok(Some(Vec::new()));
        };
        let Some(mut raw) = self.direct.get(&serde_json::json!({"last_by_subj": subject})).await? else {
            return Ok(None);
        };
        let mut found = Vec::new();
        while raw.sequence > after {
            let Ok(Before { previous }) = serde_json::from_slice(&raw.payload) else {
                return Ok(None);
            };
            let previous: Option<u64> = previous.parse().ok();
            found.push(Raw { headers: None, ..raw });
            raw = match previous {
                // Where the way back ends has to be where the way on begins.
                Some(previous) if previous == after => {
                    let whole = found.last().is_some_and(|last: &Raw| last.sequence == first.sequence);
                    found.reverse();
                    return Ok(whole.then_some(found));
                }
                Some(previous) if previous > after && found.len() < STEPS_MAX => {
                    match self.direct.at(previous).await? {
                        Some(before) if before.subject == subject => before,
                        Some(_) | None => return Ok(None),
                    }
                }
                Some(_) | None => return Ok(None),
            };
        }
        // A replica that is behind may know less than the one that was asked before it.
        Ok(found.is_empty().then(Vec::new))
    }

    /// Everything on one subject after a sequence, looked for from there on.
    async fn look_on(&self, subject: &str, after: u64) -> Result<Vec<Raw>, LogError> {
        let mut all: Vec<Raw> = Vec::new();
        for _ in 0..LOAD_PAGES_MAX {
            let from = all.last().map_or(after, |last| last.sequence) + 1;
            let page = self.load_page(subject, from).await?;
            let whole = page.len() < LOAD_PAGE;
            all.extend(page);
            if whole {
                break;
            }
        }
        Ok(all)
    }

    async fn load_page(&self, subject: &str, from: u64) -> Result<Vec<Raw>, LogError> {
        let inbox = self.client.new_inbox();
        let mut answers = self
            .client
            .subscribe(inbox.clone())
            .await
            .map_err(|error| LogError::Unavailable(error.to_string()))?;
        let request = serde_json::json!({"batch": LOAD_PAGE, "next_by_subj": subject, "seq": from});
        self.client
            .publish_with_reply(self.direct.subject.clone(), inbox, Bytes::from(request.to_string()))
            .await
            .map_err(|error| LogError::Unavailable(error.to_string()))?;
        let mut page = Vec::new();
        loop {
            let answer = tokio::time::timeout(READ_TIMEOUT, answers.next())
                .await
                .map_err(|_| LogError::Unavailable("no answer to a read".to_owned()))?
                .ok_or_else(|| LogError::Unavailable("the connection has ended".to_owned()))?;
            match answer.status {
                Some(StatusCode::NO_RESPONDERS) => {
                    return Err(LogError::Unavailable("nobody serves the stream".to_owned()));
                }
                // 404: nothing there; 204: the end of the batch.
                Some(status) if status.as_u16() == 404 || status.as_u16() == 204 => return Ok(page),
                Some(status) if status.is_server_error() || status.as_u16() == 408 => {
                    return Err(LogError::Unavailable(format!("status {status}")));
                }
                Some(status) if status.as_u16() >= 400 => {
                    return Err(LogError::Unexpected(format!("status {status} to a read")));
                }
                Some(_) | None => {}
            }
            let headers = answer.headers.as_ref();
            let header = |name: &str| headers.and_then(|headers| headers.get(name)).map(ToString::to_string);
            let (Some(sequence), Some(subject)) = (header("Nats-Sequence"), header("Nats-Subject")) else {
                return Err(LogError::Unexpected(
                    "a message without sequence and subject".to_owned(),
                ));
            };
            let sequence = sequence
                .parse()
                .map_err(|_| LogError::Unexpected(format!("sequence {sequence:?}")))?;
            page.push(Raw {
                sequence,
                subject,
                headers: None,
                payload: answer.payload,
            });
        }
    }
}

#[async_trait]
impl EventLog for JetStreamLog {
    async fn load(&self, subject: &Subject, after: u64, at_least: u64) -> Result<Vec<Raw>, LogError> {
        let name = subject.to_string();
        for attempt in 0..CATCH_UP_TRIES {
            let all = match self.step_back(&name, after).await? {
                Some(all) => all,
                None => self.look_on(&name, after).await?,
            };
            if all.last().map_or(after, |last| last.sequence) >= at_least {
                return Ok(all);
            }
            runtime_pause(attempt).await;
        }
        Err(LogError::Unavailable(format!(
            "no replica has reached sequence {at_least}"
        )))
    }

    async fn append(&self, subject: &Subject, expected: u64, envelope: &Envelope) -> Result<u64, AppendError> {
        self.appending.append(subject, expected, envelope).await
    }

    async fn head(&self) -> Result<u64, LogError> {
        #[derive(Deserialize)]
        struct Info {
            state: Option<State>,
            error: Option<ApiError>,
        }
        #[derive(Deserialize)]
        struct State {
            last_seq: u64,
        }
        let info: Info = self
            .context
            .request(format!("STREAM.INFO.{STREAM}"), &())
            .await
            .map_err(|error| LogError::Unavailable(error.to_string()))?;
        match (info.state, info.error) {
            (Some(state), _) => Ok(state.last_seq),
            (None, Some(error)) => Err(LogError::Unavailable(error.description)),
            (None, None) => Err(LogError::Unexpected("stream information without a state".to_owned())),
        }
    }

    async fn read(&self, filter: Filter, after: u64) -> Result<Tail, LogError> {
        let what = What { filter, whole: false };
        Ok(tail::start(self.context.clone(), what, after, self.shared.clone()))
    }

    async fn read_whole(&self, after: u64) -> Result<Tail, LogError> {
        let what = What::everything();
        Ok(tail::start(self.context.clone(), what, after, self.shared.clone()))
    }

    async fn at(&self, sequence: u64) -> Result<Option<Raw>, LogError> {
        self.direct.at(sequence).await
    }

    async fn durable(&self, name: &str, filter: Filter) -> Result<Box<dyn Durable>, LogError> {
        Ok(Box::new(durable::start(self.context.clone(), name, filter).await?))
    }

    async fn outstanding(&self, name: &str) -> Result<u64, LogError> {
        durable::outstanding(&self.context, name).await
    }
}

/// Waits a little longer each time, at most a fifth of a second.
#[expect(
    clippy::disallowed_methods,
    reason = "a bounded wait between two tries at the broker, not a schedule"
)]
pub(crate) async fn runtime_pause(attempt: u32) {
    tokio::time::sleep(Duration::from_millis((5_u64 << attempt.min(6)).min(200))).await;
}
