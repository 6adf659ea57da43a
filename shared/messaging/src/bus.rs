//! A connection to the broker, and requests over it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_nats::connection::State;
use async_nats::{Client, ConnectOptions, Event};
use async_trait::async_trait;
use bytes::Bytes;
use contracts::Claims;
use contracts::commands::{CommandMessage, Done, Reply};
use contracts::envelope::Recorded;
use contracts::ids::{District, PersonId};
use contracts::problem::Problem;
use contracts::subjects::{policy_command, query};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tracing::{info, warn};

/// How long a request waits for its reply: a caller over HTTP hears within three seconds.
const REQUEST_TIMEOUT: Duration = Duration::from_millis(2500);

/// How to reach the broker.
#[derive(Debug, Clone)]
pub struct BusOptions {
    /// The broker's address, such as `nats://127.0.0.1:4222`; several separated by commas.
    pub url: String,
    /// The file with this service's nkey seed, where the broker asks for one.
    pub nkey_seed: Option<PathBuf>,
    /// The service, as the broker's operator sees it; also the prefix of its inboxes.
    pub name: String,
}

/// Carries commands to the services that own them.
#[async_trait]
pub trait Carrier: Send + Sync {
    /// Sends a command. Where no answer comes, the outcome is unknown and the same id settles it.
    async fn command(&self, subject: String, message: &CommandMessage) -> Result<Done, Problem>;

    /// Sends a command that follows from an event. The event comes along where the way there costs nothing.
    async fn follow(
        &self,
        service: &str,
        verb: &str,
        message: &CommandMessage,
        _cause: &Arc<Recorded>,
    ) -> Result<Done, Problem> {
        self.command(policy_command(service, verb), message).await
    }
}

/// Knows who somebody is, and what they may do.
#[async_trait]
pub trait People: Send + Sync {
    /// A person of a district; nothing where there is none of the id.
    async fn person(&self, district: &District, person: PersonId) -> Result<Option<Claims>, Problem>;
}

#[async_trait]
impl Carrier for Bus {
    async fn command(&self, subject: String, message: &CommandMessage) -> Result<Done, Problem> {
        Bus::command(self, subject, message).await
    }
}

#[async_trait]
impl People for Bus {
    async fn person(&self, district: &District, person: PersonId) -> Result<Option<Claims>, Problem> {
        let asked = serde_json::json!({"district": district, "person": person});
        self.ask(query("directory", "person"), &asked).await
    }
}

/// A connection to the broker.
#[derive(Debug, Clone)]
pub struct Bus {
    client: Client,
}

impl Bus {
    /// Connects, and reconnects for ever.
    pub async fn connect(options: &BusOptions) -> Result<Self, async_nats::Error> {
        let name = options.name.clone();
        let mut connect = ConnectOptions::new()
            .name(format!("loopline-{}", options.name))
            .custom_inbox_prefix(format!("_INBOX_{}", options.name))
            .request_timeout(Some(REQUEST_TIMEOUT))
            .connection_timeout(Duration::from_secs(2))
            .ping_interval(Duration::from_secs(5))
            .subscription_capacity(65_536)
            .retry_on_initial_connect()
            .max_reconnects(None)
            .reconnect_delay_callback(|attempts| Duration::from_millis((20_u64 << attempts.min(6)).min(500)))
            .event_callback(move |event| {
                let name = name.clone();
                async move {
                    match event {
                        Event::Connected => info!(service = name, "connected to the broker"),
                        Event::Disconnected => warn!(service = name, "the broker is away"),
                        Event::ServerError(error) => warn!(service = name, %error, "the broker refused something"),
                        Event::ClientError(error) => warn!(service = name, %error, "the connection has trouble"),
                        Event::SlowConsumer(id) => warn!(service = name, id, "messages were dropped: too slow"),
                        Event::LameDuckMode | Event::Draining | Event::Closed => {}
                    }
                }
            });
        if let Some(file) = &options.nkey_seed {
            let seed = tokio::fs::read_to_string(file).await?;
            connect = connect.nkey(seed.trim().to_owned());
        }
        let addresses: Vec<&str> = options.url.split(',').collect();
        let client = connect.connect(addresses).await?;
        Ok(Self { client })
    }

    /// The connection itself.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// Whether the broker is there now.
    pub fn is_connected(&self) -> bool {
        self.client.connection_state() == State::Connected
    }

    async fn request(&self, subject: String, payload: Vec<u8>, within: Duration) -> Result<Bytes, RequestFailure> {
        if !self.is_connected() {
            return Err(RequestFailure::NotSent);
        }
        let request = async_nats::Request::new()
            .payload(Bytes::from(payload))
            .timeout(Some(within));
        match self.client.send_request(subject, request).await {
            Ok(answer) => Ok(answer.payload),
            Err(error) => Err(match error.kind() {
                async_nats::RequestErrorKind::NoResponders => RequestFailure::NotSent,
                async_nats::RequestErrorKind::TimedOut
                | async_nats::RequestErrorKind::InvalidSubject
                | async_nats::RequestErrorKind::MaxPayloadExceeded
                | async_nats::RequestErrorKind::Other => RequestFailure::NoAnswer,
            }),
        }
    }

    /// Sends a command. Where no answer comes, the outcome is unknown and the same key settles it.
    pub async fn command(&self, subject: String, message: &CommandMessage) -> Result<Done, Problem> {
        let payload = serde_json::to_vec(message).map_err(|error| defect(&error))?;
        match self.request(subject, payload, REQUEST_TIMEOUT).await {
            Ok(answer) => read_reply(&answer),
            Err(RequestFailure::NotSent) => Err(away()),
            Err(RequestFailure::NoAnswer) => Err(Problem::unknown_outcome()),
        }
    }

    /// Asks anything that changes nothing that matters twice.
    pub async fn ask<Q: Serialize + Sync, A: DeserializeOwned>(
        &self,
        subject: String,
        query: &Q,
    ) -> Result<A, Problem> {
        self.ask_within(subject, query, REQUEST_TIMEOUT).await
    }

    /// The same where the answer may take longer than is usual.
    pub async fn ask_within<Q: Serialize + Sync, A: DeserializeOwned>(
        &self,
        subject: String,
        query: &Q,
        within: Duration,
    ) -> Result<A, Problem> {
        let payload = serde_json::to_vec(query).map_err(|error| defect(&error))?;
        match self.request(subject, payload, within).await {
            Ok(answer) => read_reply(&answer),
            Err(RequestFailure::NotSent | RequestFailure::NoAnswer) => Err(away()),
        }
    }

    /// Tells whoever listens; nobody has to.
    pub async fn tell<N: Serialize + Sync>(&self, subject: String, notice: &N) {
        match serde_json::to_vec(notice) {
            Ok(payload) => {
                if let Err(error) = self.client.publish(subject, Bytes::from(payload)).await {
                    warn!(%error, "a notice was not sent");
                }
            }
            Err(error) => warn!(%error, "a notice could not be written"),
        }
    }
}

enum RequestFailure {
    NotSent,
    NoAnswer,
}

fn away() -> Problem {
    Problem::unavailable("the part of the system that answers this is away for a moment; nothing was lost")
}

fn defect(error: &serde_json::Error) -> Problem {
    warn!(%error, "a message between services could not be written or read");
    Problem::unavailable("the services did not understand each other; if this stays, tell the administrator")
}

fn read_reply<A: DeserializeOwned>(answer: &[u8]) -> Result<A, Problem> {
    serde_json::from_slice::<Reply<A>>(answer)
        .map_err(|error| defect(&error))?
        .into_result()
}
