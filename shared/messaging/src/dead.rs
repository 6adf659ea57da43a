//! What could not be handled, set aside where somebody can see it.

use async_nats::HeaderMap;
use bytes::Bytes;
use contracts::subjects;
use serde::{Deserialize, Serialize};

use crate::bus::Bus;

/// One message set aside, with why.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SetAside {
    /// Its sequence in the stream of events.
    pub sequence: u64,
    /// Its subject there.
    pub subject: String,
    /// Which reader set it aside.
    pub reader: String,
    /// Why.
    pub reason: String,
}

/// Sets a message aside; returns once it is safe.
pub async fn set_aside(bus: &Bus, service: &str, message: &SetAside, payload: &[u8]) -> Result<(), String> {
    let mut headers = HeaderMap::new();
    headers.insert("Loopline-Sequence", message.sequence.to_string());
    headers.insert("Loopline-Subject", message.subject.replace(['\r', '\n'], " "));
    headers.insert("Loopline-Reader", message.reader.clone());
    headers.insert("Loopline-Reason", message.reason.replace(['\r', '\n'], " "));
    headers.insert("Nats-Msg-Id", format!("{}-{}", message.reader, message.sequence));
    let request = async_nats::Request::new()
        .headers(headers)
        .payload(Bytes::copy_from_slice(payload));
    let answer = bus
        .client()
        .send_request(subjects::dead(service), request)
        .await
        .map_err(|error| format!("it could not be set aside: {error}"))?;
    let answer: serde_json::Value = serde_json::from_slice(&answer.payload).unwrap_or_default();
    if answer.get("seq").is_some() {
        metrics::counter!("loopline_set_aside_total", "service" => service.to_owned()).increment(1);
        Ok(())
    } else {
        Err(format!("it could not be set aside: {answer}"))
    }
}
