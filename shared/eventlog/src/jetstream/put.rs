//! Putting messages back into a log that was lost, each at the sequence it had.

use std::time::Duration;

use async_nats::{Client, HeaderMap};
use bytes::Bytes;
use contracts::subjects::STREAM;

use super::append::PubAck;
use crate::LogError;

/// How long one message may take.
const PUT_TIMEOUT: Duration = Duration::from_secs(10);
/// The subject of what only fills a place.
const FILLER: &str = "loop.filler";

/// Puts messages back; only the operator may.
#[derive(Debug, Clone)]
pub struct Putting {
    client: Client,
}

impl Putting {
    /// Over the operator's connection. The stream is there, and holds no more than what is to be put after.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// Fills a sequence that was empty before: sequences cannot be skipped. Every reader sets this aside.
    pub async fn fill(&self, sequence: u64) -> Result<(), LogError> {
        self.put(FILLER, &[], b"nothing is known of what stood here", sequence)
            .await
    }

    /// Puts one message at a sequence: the log must end right before it.
    pub async fn put(
        &self,
        subject: &str,
        headers: &[(&str, &str)],
        payload: &[u8],
        sequence: u64,
    ) -> Result<(), LogError> {
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            all.append(*name, *value);
        }
        // The broker itself makes sure that nothing else stands there.
        all.insert("Nats-Expected-Last-Sequence", (sequence - 1).to_string());
        all.insert("Nats-Expected-Stream", STREAM);
        let request = async_nats::Request::new()
            .headers(all)
            .payload(Bytes::copy_from_slice(payload))
            .timeout(Some(PUT_TIMEOUT));
        let answer = self
            .client
            .send_request(subject.to_owned(), request)
            .await
            .map_err(|error| LogError::Unavailable(error.to_string()))?;
        let ack: PubAck = serde_json::from_slice(&answer.payload)
            .map_err(|error| LogError::Unexpected(format!("an acknowledgement: {error}")))?;
        match ack {
            PubAck {
                seq: Some(at),
                error: None,
                ..
            } if at == sequence => Ok(()),
            PubAck { seq: Some(at), .. } => Err(LogError::Unexpected(format!("message {sequence} was put at {at}"))),
            PubAck { error, .. } => Err(LogError::Unexpected(format!(
                "message {sequence} was refused: {}",
                error.map(|error| error.description).unwrap_or_default()
            ))),
        }
    }
}
