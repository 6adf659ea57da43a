//! Durable consumers: what policies react to, once and again until it is done.

use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, Consumer, DeliverPolicy, pull};
use async_nats::jetstream::{AckKind, Context, message::Acker};
use async_trait::async_trait;
use contracts::subjects::STREAM;
use futures::StreamExt;
use tracing::{debug, warn};

use super::runtime_pause;
use crate::{Delivery, Durable, Filter, LogError, Raw, Settle};

/// After this long without a word a message comes again.
const ACK_WAIT: Duration = Duration::from_secs(20);
/// Messages delivered and not settled, at most.
const ACK_PENDING_MAX: i64 = 512;
/// Messages asked for at once.
const BATCH: usize = 256;
const HEARTBEAT: Duration = Duration::from_millis(700);
const EXPIRES: Duration = Duration::from_secs(20);

pub(super) struct JetStreamDurable {
    context: Context,
    config: pull::Config,
    messages: Option<pull::Stream>,
    failures: u32,
}

impl std::fmt::Debug for JetStreamDurable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JetStreamDurable")
            .field("name", &self.config.durable_name)
            .finish_non_exhaustive()
    }
}

pub(super) async fn start(context: Context, name: &str, filter: Filter) -> Result<JetStreamDurable, LogError> {
    let config = pull::Config {
        durable_name: Some(name.to_owned()),
        deliver_policy: DeliverPolicy::All,
        ack_policy: AckPolicy::Explicit,
        ack_wait: ACK_WAIT,
        max_ack_pending: ACK_PENDING_MAX,
        filter_subjects: filter,
        ..pull::Config::default()
    };
    let mut durable = JetStreamDurable {
        context,
        config,
        messages: None,
        failures: 0,
    };
    durable
        .open()
        .await
        .map_err(|error| LogError::Unavailable(error.to_string()))?;
    Ok(durable)
}

pub(super) async fn outstanding(context: &Context, name: &str) -> Result<u64, LogError> {
    let consumer: Result<Consumer<pull::Config>, _> = context.get_consumer_from_stream(name, STREAM).await;
    match consumer {
        Ok(consumer) => {
            let info = consumer.cached_info();
            Ok(info.num_pending + info.num_ack_pending as u64)
        }
        Err(error) if error.to_string().contains("not found") => Ok(0),
        Err(error) => Err(LogError::Unavailable(error.to_string())),
    }
}

impl JetStreamDurable {
    async fn open(&mut self) -> Result<(), async_nats::Error> {
        let consumer = match self
            .context
            .create_consumer_on_stream(self.config.clone(), STREAM)
            .await
        {
            Ok(consumer) => consumer,
            Err(error) => {
                if let (true, Some(name)) = (is_torn(&error.to_string()), &self.config.durable_name) {
                    warn!(%error, name, "a durable consumer has lost its files; it is made anew, and everything comes again");
                    self.context.delete_consumer_from_stream(name, STREAM).await?;
                }
                return Err(error.into());
            }
        };
        let messages = consumer
            .stream()
            .max_messages_per_batch(BATCH)
            .heartbeat(HEARTBEAT)
            .expires(EXPIRES)
            .messages()
            .await?;
        self.messages = Some(messages);
        Ok(())
    }

    async fn next_once(&mut self) -> Result<Delivery, async_nats::Error> {
        if self.messages.is_none() {
            self.open().await?;
        }
        let Some(messages) = self.messages.as_mut() else {
            return Err("the consumer is not open".into());
        };
        let message = messages.next().await.ok_or("the consumer has ended")??;
        let (sequence, delivered) = {
            let info = message.info()?;
            (info.stream_sequence, info.delivered.unsigned_abs())
        };
        let (message, acker) = message.split();
        Ok(Delivery {
            raw: Raw {
                sequence,
                subject: message.subject.to_string(),
                headers: None,
                payload: message.payload,
            },
            delivered,
            settle: Box::new(JetStreamSettle(acker)),
        })
    }
}

/// Whether the broker knows a consumer whose files are gone. Deleted at the very moment it is made again, a consumer can
/// be left so, and nothing but deleting it once more helps.
fn is_torn(error: &str) -> bool {
    error.contains("meta.inf") && error.contains("no such file")
}

#[async_trait]
impl Durable for JetStreamDurable {
    async fn next(&mut self) -> Delivery {
        loop {
            match self.next_once().await {
                Ok(delivery) => {
                    self.failures = 0;
                    return delivery;
                }
                Err(error) => {
                    self.messages = None;
                    if self.failures == 10 {
                        warn!(%error, name = ?self.config.durable_name, "a durable consumer cannot be read");
                    } else {
                        debug!(%error, name = ?self.config.durable_name, "a durable consumer was interrupted");
                    }
                    runtime_pause(self.failures).await;
                    self.failures = self.failures.saturating_add(1);
                }
            }
        }
    }
}

struct JetStreamSettle(Acker);

impl std::fmt::Debug for JetStreamSettle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JetStreamSettle")
    }
}

#[async_trait]
impl Settle for JetStreamSettle {
    async fn ack(&self) -> Result<(), LogError> {
        self.0
            .double_ack()
            .await
            .map_err(|error| LogError::Unavailable(error.to_string()))
    }

    async fn ack_soon(&self) -> Result<(), LogError> {
        self.0
            .ack()
            .await
            .map_err(|error| LogError::Unavailable(error.to_string()))
    }

    async fn nak(&self, after: Duration) -> Result<(), LogError> {
        self.0
            .ack_with(AckKind::Nak(Some(after)))
            .await
            .map_err(|error| LogError::Unavailable(error.to_string()))
    }

    async fn working(&self) -> Result<(), LogError> {
        self.0
            .ack_with(AckKind::Progress)
            .await
            .map_err(|error| LogError::Unavailable(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_consumer_without_its_files_is_made_anew() {
        assert!(is_torn(
            "JetStream error: open /store/streams/LOOP/obs/routing-p/meta.inf.tmp: no such file or directory"
        ));
        for other in [
            "timed out",
            "JetStream error: insufficient resources",
            "consumer not found",
        ] {
            assert!(!is_torn(other), "{other}");
        }
    }
}
