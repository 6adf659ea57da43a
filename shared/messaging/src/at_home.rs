//! What a service's policies tell the service itself: done in this process, without a way over the broker.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use bytes::Bytes;
use contracts::commands::{CommandMessage, Done};
use contracts::envelope::Recorded;
use contracts::problem::Problem;
use runtime::Lifecycle;
use tokio::sync::oneshot;

use crate::bus::{Bus, Carrier};
use crate::serve::{Endpoint, Incoming};

type Handler = Arc<dyn Fn(Incoming) -> Pin<Box<dyn Future<Output = Result<Done, Problem>> + Send>> + Send + Sync>;

/// How a service carries policies' commands out: its own policies' in this process, and those that come over the broker.
#[derive(Clone)]
pub struct Own(Handler);

impl std::fmt::Debug for Own {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Own").finish_non_exhaustive()
    }
}

impl Own {
    /// By a handler.
    pub fn new<H, F>(handler: H) -> Self
    where
        H: Fn(Incoming) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Done, Problem>> + Send + 'static,
    {
        Self(Arc::new(move |incoming| Box::pin(handler(incoming))))
    }

    /// The endpoint at which the same is done for others.
    pub fn endpoint(&self, subject: String) -> Endpoint {
        let own = self.clone();
        Endpoint::new("policy", subject, move |incoming| (own.0)(incoming))
    }
}

/// Carries a service's commands to itself by hand, and those for others over the broker.
pub(crate) struct AtHome {
    pub(crate) bus: Bus,
    pub(crate) service: &'static str,
    pub(crate) own: Own,
    pub(crate) lifecycle: Lifecycle,
}

#[async_trait]
impl Carrier for AtHome {
    async fn command(&self, subject: String, message: &CommandMessage) -> Result<Done, Problem> {
        self.bus.command(subject, message).await
    }

    async fn follow(
        &self,
        service: &str,
        verb: &str,
        message: &CommandMessage,
        cause: &Arc<Recorded>,
    ) -> Result<Done, Problem> {
        if service != self.service {
            return self.bus.follow(service, verb, message, cause).await;
        }
        let payload = serde_json::to_vec(message)
            .map_err(|error| Problem::invalid(format!("the command cannot be written: {error}"), Vec::new()))?;
        let incoming = Incoming {
            verb: verb.to_owned(),
            payload: Bytes::from(payload),
            cause: Some(cause.clone()),
        };
        let started = Instant::now();
        // In a task of its own: once begun it ends, whatever becomes of who waits, and if it breaks only it does.
        let (answer, answered) = oneshot::channel();
        let own = self.own.clone();
        self.lifecycle.spawn_to_its_end(async move {
            let _ = answer.send((own.0)(incoming).await);
        });
        let done = answered.await;
        metrics::histogram!("loopline_request_seconds", "service" => self.service, "verb" => verb.to_owned())
            .record(started.elapsed().as_secs_f64());
        done.unwrap_or_else(|_| {
            tracing::error!(service = self.service, verb, "a command broke");
            Err(Problem::unavailable("the command broke; it is tried again"))
        })
    }
}
