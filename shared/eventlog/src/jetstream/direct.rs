//! Reading single messages, each asked for by where it stands.

use async_nats::Client;
use bytes::Bytes;
use contracts::subjects::STREAM;

use super::{READ_TIMEOUT, tail};
use crate::{LogError, Raw};

/// Asks the broker for messages one by one.
#[derive(Clone)]
pub(super) struct Direct {
    client: Client,
    /// Where the broker is asked.
    pub(super) subject: String,
}

impl Direct {
    pub(super) fn new(client: Client) -> Self {
        let subject = format!("$JS.API.DIRECT.GET.{STREAM}");
        Self { client, subject }
    }

    /// One message as the broker is asked for it; nothing where there is none.
    pub(super) async fn get(&self, asked: &serde_json::Value) -> Result<Option<Raw>, LogError> {
        let request = Bytes::from(asked.to_string());
        let answer = self.client.request(self.subject.clone(), request);
        let answer = tokio::time::timeout(READ_TIMEOUT, answer)
            .await
            .map_err(|_| LogError::Unavailable("no answer to a read".to_owned()))?
            .map_err(|error| LogError::Unavailable(error.to_string()))?;
        match answer.status {
            Some(status) if status.as_u16() == 404 => return Ok(None),
            Some(status) if status.as_u16() >= 400 => {
                return Err(LogError::Unavailable(format!("status {status} to a read")));
            }
            Some(_) | None => {}
        }
        let header = |name: &str| {
            let headers = answer.headers.as_ref()?;
            headers.get(name).map(ToString::to_string)
        };
        let (Some(sequence), Some(subject)) = (header("Nats-Sequence"), header("Nats-Subject")) else {
            return Err(LogError::Unexpected(
                "a message without sequence and subject".to_owned(),
            ));
        };
        Ok(Some(Raw {
            sequence: sequence
                .parse()
                .map_err(|_| LogError::Unexpected(format!("sequence {sequence:?}")))?,
            subject,
            headers: Some(tail::headers(answer.headers.as_ref())),
            payload: answer.payload,
        }))
    }

    /// The message at a sequence, with headers; nothing where there is none.
    pub(super) async fn at(&self, sequence: u64) -> Result<Option<Raw>, LogError> {
        let found = self.get(&serde_json::json!({"seq": sequence})).await?;
        // Asked for a sequence that is gone, the broker may answer with the next one.
        Ok(found.filter(|raw| raw.sequence == sequence))
    }
}
