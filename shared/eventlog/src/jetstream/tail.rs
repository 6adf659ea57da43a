//! Reading on from a position, through restarts of the broker.

use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use contracts::subjects::STREAM;
use futures::StreamExt;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::runtime_pause;
use crate::{Filter, Raw, Tail};

/// Messages read ahead of the reader.
const READ_AHEAD: usize = 8192;
/// Messages asked for at once.
const BATCH: usize = 4096;
/// A broker silent for twice this is taken for gone.
const HEARTBEAT: Duration = Duration::from_millis(700);
/// How long one request for messages stands.
const EXPIRES: Duration = Duration::from_secs(20);
/// A consumer that nobody reads from is forgotten by the broker after this.
const INACTIVE: Duration = Duration::from_secs(30);

pub(super) fn start(context: Context, filter: Filter, after: u64) -> Tail {
    let (sender, receiver) = mpsc::channel(READ_AHEAD);
    let (caught_up, caught_up_receiver) = watch::channel(None);
    let stop = CancellationToken::new();
    let task_stop = stop.clone();
    tokio::spawn(async move {
        // The batch is copied over in one go: a cooperative yield per message would make small transactions of it.
        let follow = Box::pin(follow(context, filter, after, sender, caught_up));
        tokio::task::unconstrained(task_stop.run_until_cancelled_owned(follow)).await;
    });
    Tail::new(receiver, caught_up_receiver, stop)
}

async fn follow(
    context: Context,
    filter: Filter,
    after: u64,
    sender: mpsc::Sender<Raw>,
    caught_up: watch::Sender<Option<u64>>,
) {
    let mut last = after;
    let mut failures = 0;
    while !sender.is_closed() {
        match follow_once(&context, &filter, &mut last, &sender, &caught_up, &mut failures).await {
            Ok(()) => return,
            Err(error) => {
                if failures == 0 {
                    debug!(%error, last, "reading the log was interrupted");
                } else if failures == 10 {
                    warn!(%error, last, "the log cannot be read");
                }
                runtime_pause(failures).await;
                failures += 1;
            }
        }
    }
}

/// Follows one consumer until it fails; ends well only when nobody listens any more.
async fn follow_once(
    context: &Context,
    filter: &Filter,
    last: &mut u64,
    sender: &mpsc::Sender<Raw>,
    caught_up: &watch::Sender<Option<u64>>,
    failures: &mut u32,
) -> Result<(), async_nats::Error> {
    let config = pull::Config {
        deliver_policy: DeliverPolicy::ByStartSequence {
            start_sequence: *last + 1,
        },
        ack_policy: AckPolicy::None,
        filter_subjects: filter.clone(),
        inactive_threshold: INACTIVE,
        memory_storage: true,
        num_replicas: 1,
        ..pull::Config::default()
    };
    let consumer = context.create_consumer_on_stream(config, STREAM).await?;
    if consumer.cached_info().num_pending == 0 {
        caught_up.send_if_modified(|at| at.is_none() && at.replace(*last).is_none());
    }
    let mut messages = consumer
        .stream()
        .max_messages_per_batch(BATCH)
        .heartbeat(HEARTBEAT)
        .expires(EXPIRES)
        .messages()
        .await?;
    while let Some(message) = messages.next().await {
        let message = message?;
        let (sequence, pending) = message.info().map(|info| (info.stream_sequence, info.pending))?;
        *failures = 0;
        if sequence <= *last {
            continue;
        }
        let raw = Raw {
            sequence,
            subject: message.subject.to_string(),
            payload: message.payload.clone(),
        };
        if sender.send(raw).await.is_err() {
            return Ok(());
        }
        *last = sequence;
        if pending == 0 {
            caught_up.send_if_modified(|at| at.is_none() && at.replace(sequence).is_none());
        }
    }
    Err("the consumer has ended".into())
}
