//! What the entries say: messages of the log in their order, each thing's events one after the other.

use std::collections::HashMap;

use serde::Deserialize;

use crate::order::{Happened, Order};

/// A message as an entry holds it: decoded by the documentation of the format, not by the code that wrote it.
#[derive(Debug)]
pub(crate) struct Message<'a> {
    pub(crate) sequence: u64,
    subject: &'a str,
    message_id: Option<&'a str>,
    pub(crate) payload: &'a [u8],
}

pub(crate) fn decode(entry: &[u8]) -> Option<Message<'_>> {
    let mut at = 0_usize;
    let mut take = |count: usize| {
        let taken = entry.get(at..at.checked_add(count)?)?;
        at += count;
        Some(taken)
    };
    if take(1)? != [1] {
        return None;
    }
    let length = usize::from(take(1)?[0]);
    take(length)?;
    let sequence = u64::from_be_bytes(take(8)?.try_into().ok()?);
    let length = u16::from_be_bytes(take(2)?.try_into().ok()?);
    let subject = std::str::from_utf8(take(usize::from(length))?).ok()?;
    let headers = take(1)?[0];
    let mut message_id = None;
    for _ in 0..headers {
        let length = usize::from(take(1)?[0]);
        let name = take(length)?;
        let length = u16::from_be_bytes(take(2)?.try_into().ok()?);
        let value = take(usize::from(length))?;
        if name == b"Nats-Msg-Id" {
            message_id = std::str::from_utf8(value).ok();
        }
    }
    Some(Message {
        sequence,
        subject,
        message_id,
        payload: &entry[at..],
    })
}

#[derive(Deserialize)]
struct Event<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    subject: &'a str,
    district: &'a str,
    previous: &'a str,
}

/// What is wrong with an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// The stream sequence that it states, where it can be read.
    pub(crate) sequence: Option<u64>,
    pub(crate) what: String,
}

/// The record as far as it was read.
#[derive(Debug)]
pub(crate) struct Record {
    district: String,
    order: Order,
    last: u64,
    things: HashMap<String, (u64, Happened)>,
    /// Messages that are no events.
    pub(crate) no_events: u64,
    /// Events that the table does not know.
    pub(crate) unknown: u64,
}

impl Record {
    /// The record of the district that an origin names.
    pub(crate) fn of(origin: &str) -> Self {
        Self {
            district: origin.rsplit('/').next().unwrap_or_default().to_owned(),
            order: Order::shipped(),
            last: 0,
            things: HashMap::new(),
            no_events: 0,
            unknown: 0,
        }
    }

    /// How many things it is about.
    pub(crate) fn things(&self) -> usize {
        self.things.len()
    }

    /// Takes the next entry in.
    pub(crate) fn take(&mut self, entry: &[u8]) -> Result<(), Wrong> {
        let wrong = |sequence: Option<u64>, what: String| Err(Wrong { sequence, what });
        let Some(message) = decode(entry) else {
            return wrong(None, "it is no message of the log".to_owned());
        };
        let sequence = message.sequence;
        if sequence <= self.last {
            return wrong(
                Some(sequence),
                format!("it stands after message {}, and cannot", self.last),
            );
        }
        self.last = sequence;
        let mut tokens = message.subject.split('.');
        let (Some("loop"), Some(district), Some(thing), Some(id), None) = (
            tokens.next(),
            tokens.next(),
            tokens.next(),
            tokens.next(),
            tokens.next(),
        ) else {
            self.no_events += 1;
            return Ok(());
        };
        if district != self.district {
            return wrong(
                Some(sequence),
                format!("it belongs to {district}, not to {}", self.district),
            );
        }
        let Ok(event) = serde_json::from_slice::<Event<'_>>(message.payload) else {
            self.no_events += 1;
            return Ok(());
        };
        let named = event.subject.split_once('/');
        if event.district != district || named != Some((thing, id)) {
            // Every reader sets such a message aside.
            self.no_events += 1;
            return Ok(());
        }
        if message.message_id.is_some_and(|id| id != event.id) {
            return wrong(
                Some(sequence),
                "it was appended under another id than it states".to_owned(),
            );
        }
        let known = self.things.get(message.subject).copied();
        let (before, happened) = known.unwrap_or_default();
        if event.previous.parse() != Ok(before) {
            return wrong(
                Some(sequence),
                format!(
                    "it states that message {} came before it on {thing}/{id}, but that was {}",
                    event.previous,
                    match before {
                        0 => "none".to_owned(),
                        before => before.to_string(),
                    }
                ),
            );
        }
        let name = event.kind.rsplit('.').nth(1).unwrap_or(event.kind);
        let happened = match self.order.follow(thing, name, happened) {
            Some(Ok(happened)) => happened,
            Some(Err(illegal)) => return wrong(Some(sequence), illegal.to_string()),
            None => {
                self.unknown += 1;
                // Whatever it was, the thing has begun.
                happened | 1 << 127
            }
        };
        match self.things.get_mut(message.subject) {
            Some(state) => *state = (sequence, happened),
            None => {
                self.things.insert(message.subject.to_owned(), (sequence, happened));
            }
        }
        Ok(())
    }
}
