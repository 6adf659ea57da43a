//! Reading on from a position, through restarts of the broker.

use std::sync::atomic::Ordering;
use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::Context;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use contracts::subjects::STREAM;
use futures::StreamExt;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::runtime_pause;
use super::shared::{Fed, Seat, SharedReader};
use crate::{Filter, Headers, Raw, Tail};

/// The filter of what follows everything.
const EVERYTHING: &str = "loop.>";
/// Messages read ahead of the reader.
const READ_AHEAD: usize = 8192;
/// Messages asked for at once.
const BATCH: usize = 4096;
/// A broker silent for twice this is taken for gone.
const HEARTBEAT: Duration = Duration::from_millis(700);
/// How long one request for messages stands.
const EXPIRES: Duration = Duration::from_secs(20);
/// How often a reader that hears nothing looks whether it is still connected as it was.
const LOOK: Duration = Duration::from_millis(500);
/// A consumer that nobody reads from is forgotten by the broker after this.
const INACTIVE: Duration = Duration::from_secs(30);

/// Reads on from a position; with a shared reader, what follows everything is fed by it once it has caught up.
pub(super) fn start(context: Context, what: What, after: u64, shared: Option<SharedReader>) -> Tail {
    let (sender, receiver) = mpsc::channel(READ_AHEAD);
    let (caught_up, caught_up_receiver) = watch::channel(None);
    let stop = CancellationToken::new();
    let task_stop = stop.clone();
    tokio::spawn(async move {
        // The batch is copied over in one go: a cooperative yield per message would make small transactions of it.
        let follow = Box::pin(follow(context, what, after, sender, caught_up, shared));
        tokio::task::unconstrained(task_stop.run_until_cancelled_owned(follow)).await;
    });
    Tail::new(receiver, caught_up_receiver, stop)
}

/// What a reader wants of the log.
pub(super) struct What {
    pub(super) filter: Filter,
    /// With headers.
    pub(super) whole: bool,
}

impl What {
    /// Everything, with headers: what is fed to others.
    pub(super) fn everything() -> Self {
        Self {
            filter: vec![EVERYTHING.to_owned()],
            whole: true,
        }
    }
}

/// What a reader brings from the log to its listener, and how far it has come.
struct Reading {
    context: Context,
    what: What,
    last: u64,
    sender: mpsc::Sender<Raw>,
    caught_up: watch::Sender<Option<u64>>,
    failures: u32,
    shared: Option<SharedReader>,
}

/// Why a reader no longer follows a consumer of its own.
enum Left {
    /// Nobody listens any more.
    Unheard,
    /// It goes on at a seat of the shared reader.
    For(Seat),
}

pub(super) async fn follow(
    context: Context,
    what: What,
    after: u64,
    sender: mpsc::Sender<Raw>,
    caught_up: watch::Sender<Option<u64>>,
    shared: Option<SharedReader>,
) {
    let mut reading = Reading {
        context,
        // Only what follows everything is the same for all.
        shared: shared.filter(|_| what.filter == [EVERYTHING]),
        what,
        last: after,
        sender,
        caught_up,
        failures: 0,
    };
    while !reading.sender.is_closed() {
        match reading.alone().await {
            Ok(Left::Unheard) => return,
            Ok(Left::For(seat)) => reading.at(seat).await,
            Err(error) => {
                let last = reading.last;
                if reading.failures == 0 {
                    debug!(%error, last, "reading the log was interrupted");
                } else if reading.failures == 10 {
                    warn!(%error, last, "the log cannot be read");
                }
                runtime_pause(reading.failures).await;
                reading.failures += 1;
            }
        }
    }
}

/// The headers that say what a message is.
pub(super) fn headers(headers: Option<&HeaderMap>) -> Headers {
    let all = headers.into_iter().flat_map(HeaderMap::iter);
    all.filter(|(name, _)| !is_condition(name.as_ref()))
        .flat_map(|(name, values)| values.iter().map(move |value| (name.to_string(), value.to_string())))
        .collect()
}

/// Whether a header only says under what condition or with which others a message was to be appended, or was added by
/// the broker to an answer.
fn is_condition(name: &str) -> bool {
    name.starts_with("Nats-Expected-")
        || name.starts_with("Nats-Batch-")
        || [
            "Nats-Stream",
            "Nats-Subject",
            "Nats-Sequence",
            "Nats-Time-Stamp",
            "Nats-Num-Pending",
            "Nats-Last-Sequence",
        ]
        .contains(&name)
}

/// The connection a reader began with. What was on its way when it was cut never comes, and where nothing follows, no
/// number tells of it: over another connection the reader begins again from where it was.
struct Connection {
    client: async_nats::Client,
    nth: u64,
}

impl Connection {
    fn now(context: &Context) -> Self {
        let client = context.client();
        let nth = client.statistics().connects.load(Ordering::Relaxed);
        Self { client, nth }
    }

    /// Waits until there is another.
    async fn replaced(&self) {
        let connected = self.client.statistics();
        while connected.connects.load(Ordering::Relaxed) == self.nth {
            runtime::clock::pause(LOOK).await;
        }
    }
}

impl Reading {
    /// Follows a consumer of its own until that fails, nobody listens, or the shared reader can take over.
    async fn alone(&mut self) -> Result<Left, async_nats::Error> {
        let connection = Connection::now(&self.context);
        let config = pull::Config {
            deliver_policy: DeliverPolicy::ByStartSequence {
                start_sequence: self.last + 1,
            },
            ack_policy: AckPolicy::None,
            filter_subjects: self.what.filter.clone(),
            inactive_threshold: INACTIVE,
            memory_storage: true,
            num_replicas: 1,
            ..pull::Config::default()
        };
        let consumer = self.context.create_consumer_on_stream(config, STREAM).await?;
        let mut seat = None;
        if consumer.cached_info().num_pending == 0 {
            self.has_caught_up();
            seat = self.seat();
            if let Some(seat) = seat.take_if(|seat| seat.after <= self.last) {
                return Ok(Left::For(seat));
            }
        }
        let mut messages = consumer
            .stream()
            .max_messages_per_batch(BATCH)
            .heartbeat(HEARTBEAT)
            .expires(EXPIRES)
            .messages()
            .await?;
        let mut delivered = 0;
        loop {
            let message = tokio::select! {
                // While messages come, their numbers say whether one is missing.
                biased;
                message = messages.next() => message.ok_or("the consumer has ended")??,
                () = connection.replaced() => return Err("the connection was cut".into()),
            };
            let (sequence, pending, nth) = message
                .info()
                .map(|info| (info.stream_sequence, info.pending, info.consumer_sequence))?;
            // What was on its way when a connection was cut is delivered as far as the broker knows, and never comes.
            delivered += 1;
            if nth != delivered {
                return Err(format!("delivery {delivered} was lost on the way: {nth} came after it").into());
            }
            self.failures = 0;
            if sequence <= self.last {
                continue;
            }
            let raw = Raw {
                sequence,
                subject: message.subject.to_string(),
                headers: if self.what.whole {
                    Some(headers(message.headers.as_ref()))
                } else {
                    None
                },
                payload: message.payload.clone(),
            };
            if self.sender.send(raw).await.is_err() {
                return Ok(Left::Unheard);
            }
            self.last = sequence;
            if pending == 0 {
                self.has_caught_up();
                if seat.is_none() {
                    seat = self.seat();
                }
            }
            if let Some(seat) = seat.take_if(|seat| seat.after <= self.last) {
                return Ok(Left::For(seat));
            }
        }
    }

    fn has_caught_up(&self) {
        self.caught_up
            .send_if_modified(|at| at.is_none() && at.replace(self.last).is_none());
    }

    fn seat(&self) -> Option<Seat> {
        let shared = self.shared.as_ref()?;
        Some(shared.seat(&self.context, self.last))
    }

    /// Is fed until something was missed, or nobody listens.
    async fn at(&mut self, mut seat: Seat) {
        while let Fed::Message(raw) = seat.next().await {
            if raw.sequence <= self.last {
                continue;
            }
            self.last = raw.sequence;
            if self.sender.send(raw).await.is_err() {
                return;
            }
        }
    }
}
