//! What could not be handled, set aside where somebody can see it.

use std::collections::HashSet;
use std::time::Duration;

use async_nats::HeaderMap;
use bytes::Bytes;
use contracts::subjects::{self, DEAD_STREAM};
use futures::StreamExt;
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

/// The most messages set aside that are looked at.
const LISTED_MAX: usize = 1000;

/// The subjects of what one reader of a service has set aside: what comes later on these follows it there.
pub async fn subjects_set_aside(bus: &Bus, service: &str, reader: &str) -> Result<HashSet<String>, String> {
    let away = |error: &dyn std::fmt::Display| format!("what was set aside cannot be read: {error}");
    let client = bus.client();
    let inbox = client.new_inbox();
    let mut answers = client.subscribe(inbox.clone()).await.map_err(|error| away(&error))?;
    let request =
        serde_json::json!({"batch": LISTED_MAX, "next_by_subj": subjects::dead(service), "seq": 1}).to_string();
    client
        .publish_with_reply(format!("$JS.API.DIRECT.GET.{DEAD_STREAM}"), inbox, Bytes::from(request))
        .await
        .map_err(|error| away(&error))?;
    let mut found = HashSet::new();
    loop {
        let answer = tokio::time::timeout(Duration::from_secs(2), answers.next())
            .await
            .map_err(|error| away(&error))?
            .ok_or_else(|| away(&"the connection has ended"))?;
        if let Some(status) = answer.status {
            // 204 ends a batch, 404 says that there is nothing.
            if matches!(status.as_u16(), 204 | 404) {
                return Ok(found);
            }
            return Err(away(&status));
        }
        let header = |name: &str| {
            answer
                .headers
                .as_ref()
                .and_then(|headers| headers.get(name))
                .map(ToString::to_string)
        };
        if header("Loopline-Reader").as_deref() == Some(reader) {
            found.extend(header("Loopline-Subject"));
        }
    }
}

/// Sets a message aside; returns once it is safe.
pub async fn set_aside(bus: &Bus, service: &str, message: &SetAside, payload: &[u8]) -> Result<(), String> {
    let mut headers = HeaderMap::new();
    headers.insert("Loopline-Sequence", message.sequence.to_string());
    headers.insert("Loopline-Subject", message.subject.replace(['\r', '\n'], " "));
    headers.insert("Loopline-Reader", message.reader.clone());
    headers.insert("Loopline-Reason", message.reason.replace(['\r', '\n'], " "));
    // Several services may set one message aside, each for itself.
    headers.insert(
        "Nats-Msg-Id",
        format!("{service}-{}-{}", message.reader, message.sequence),
    );
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
