//! Endpoints: a service's subjects, its requests handled side by side under a bound.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use async_nats::service::ServiceExt;
use bytes::Bytes;
use contracts::commands::Reply;
use contracts::envelope::Recorded;
use contracts::problem::Problem;
use futures::StreamExt;
use runtime::Lifecycle;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;
use tracing::{info, warn};

use crate::bus::Bus;

/// Requests one endpoint works on at a time; more wait at the broker's edge.
const CONCURRENCY: usize = 256;

/// One request as it came in.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// The last token of its subject: a command's verb or a query's name.
    pub verb: String,
    /// Its JSON.
    pub payload: Bytes,
    /// The event that a policy's command follows from, where it came along.
    pub cause: Option<Arc<Recorded>>,
}

impl Incoming {
    /// Reads the payload; what does not fit is a defect between our own services, or somebody else's message.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_slice(&self.payload)
            .map_err(|error| Problem::invalid(format!("the message cannot be read: {error}"), Vec::new()))
    }
}

type Handler = Arc<dyn Fn(Incoming) -> Pin<Box<dyn Future<Output = Vec<u8>> + Send>> + Send + Sync>;

/// One endpoint of a service.
pub struct Endpoint {
    name: &'static str,
    subject: String,
    handler: Handler,
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endpoint")
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}

impl Endpoint {
    /// An endpoint that answers with what the handler gives or the problem it meets.
    pub fn new<H, F, A>(name: &'static str, subject: String, handler: H) -> Self
    where
        H: Fn(Incoming) -> F + Send + Sync + 'static,
        F: Future<Output = Result<A, Problem>> + Send + 'static,
        A: Serialize,
    {
        let handler: Handler = Arc::new(move |incoming| {
            let answer = handler(incoming);
            Box::pin(async move { serde_json::to_vec(&Reply::from(answer.await)).unwrap_or_default() })
        });
        Self { name, subject, handler }
    }
}

/// Serves endpoints until the process ends; what is under way then is finished.
pub async fn serve(
    bus: &Bus,
    lifecycle: &Lifecycle,
    service: &'static str,
    endpoints: Vec<Endpoint>,
) -> Result<(), async_nats::Error> {
    let running = bus
        .client()
        .service_builder()
        .queue_group(service)
        .description(format!("Loopline's {service}"))
        .start(format!("loopline-{service}"), env!("CARGO_PKG_VERSION"))
        .await?;
    let mut tasks = Vec::new();
    for endpoint in endpoints {
        let requests = running
            .endpoint_builder()
            .name(endpoint.name)
            .add(endpoint.subject.clone())
            .await?;
        tasks.push((requests, endpoint));
    }
    for (mut requests, endpoint) in tasks {
        let lifecycle_task = lifecycle.clone();
        lifecycle.spawn_to_its_end(async move {
            let permits = Arc::new(Semaphore::new(CONCURRENCY));
            loop {
                let Ok(permit) = permits.clone().acquire_owned().await else {
                    return;
                };
                let request = tokio::select! {
                    request = requests.next() => request,
                    () = lifecycle_task.stopping() => break,
                };
                let Some(request) = request else { break };
                let handler = endpoint.handler.clone();
                tokio::spawn(async move {
                    let verb = request
                        .message
                        .subject
                        .rsplit('.')
                        .next()
                        .unwrap_or_default()
                        .to_owned();
                    let started = std::time::Instant::now();
                    let answer = handler(Incoming {
                        verb: verb.clone(),
                        payload: request.message.payload.clone(),
                        cause: None,
                    })
                    .await;
                    metrics::histogram!("loopline_request_seconds", "service" => service, "verb" => verb)
                        .record(started.elapsed().as_secs_f64());
                    if let Err(error) = request.respond(Ok(Bytes::from(answer))).await {
                        warn!(%error, service, "an answer was not sent");
                    }
                    drop(permit);
                });
            }
            // What is under way holds a permit until it is answered.
            let _ = permits.acquire_many(CONCURRENCY as u32).await;
        });
    }
    // The service object must live as long as its endpoints: dropped, they end without a word.
    let ending = lifecycle.clone();
    lifecycle.spawn_to_its_end(async move {
        ending.stopping().await;
        info!(service, "no longer taking requests");
        drop(running);
    });
    Ok(())
}
