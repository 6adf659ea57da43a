//! What one entry of the ledger is made of: a message of the log as it stands there, byte by byte.
//!
//! ```text
//! 01                     the version of this encoding
//! u8   n, n bytes        the stream's name
//! u64                    the message's sequence in the stream
//! u16  n, n bytes        its subject
//! u8   k, k times        its headers, by name and then as they stand:
//!      u8  n, n bytes      the name
//!      u16 n, n bytes      the value
//! the rest               its payload, every byte of it
//! ```
//!
//! Numbers are big-endian. Headers that only say under what condition a message was to be appended
//! (`Nats-Expected-...`) are left out: they say nothing of what it is.

use eventlog::Raw;

/// The version that every entry begins with.
const VERSION: u8 = 1;
/// The most that an entry weighs: an entry bundle gives its length in sixteen bits.
pub(crate) const LEAF_BYTES_MAX: usize = 65_535;

/// A message that cannot be an entry. The stream takes none that is so large.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("message {sequence} does not fit into an entry of {LEAF_BYTES_MAX} bytes")]
pub struct TooLarge {
    /// Which.
    pub(crate) sequence: u64,
}

/// A message of the log, read back from an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message<'a> {
    pub(crate) stream: &'a str,
    pub(crate) sequence: u64,
    pub(crate) subject: &'a str,
    pub(crate) headers: Vec<(&'a str, &'a str)>,
    pub(crate) payload: &'a [u8],
}

/// Bytes that are no entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("these bytes are no entry of a ledger")]
pub(crate) struct NoEntry;

/// The entry for a message of a stream.
pub(crate) fn encode(stream: &str, raw: &Raw) -> Result<Vec<u8>, TooLarge> {
    let too_large = || TooLarge { sequence: raw.sequence };
    let mut headers: Vec<(&str, &str)> = raw
        .headers
        .iter()
        .flat_map(|headers| headers.iter())
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    // Values of one name keep their order.
    headers.sort_by_key(|(name, _)| *name);
    let mut leaf = Vec::with_capacity(raw.payload.len() + raw.subject.len() + 160);
    leaf.push(VERSION);
    put_short(&mut leaf, stream).ok_or_else(too_large)?;
    leaf.extend_from_slice(&raw.sequence.to_be_bytes());
    put_long(&mut leaf, &raw.subject).ok_or_else(too_large)?;
    leaf.push(u8::try_from(headers.len()).map_err(|_| too_large())?);
    for (name, value) in headers {
        put_short(&mut leaf, name).ok_or_else(too_large)?;
        put_long(&mut leaf, value).ok_or_else(too_large)?;
    }
    leaf.extend_from_slice(&raw.payload);
    if leaf.len() > LEAF_BYTES_MAX {
        return Err(too_large());
    }
    Ok(leaf)
}

fn put_short(leaf: &mut Vec<u8>, text: &str) -> Option<()> {
    leaf.push(u8::try_from(text.len()).ok()?);
    leaf.extend_from_slice(text.as_bytes());
    Some(())
}

fn put_long(leaf: &mut Vec<u8>, text: &str) -> Option<()> {
    leaf.extend_from_slice(&u16::try_from(text.len()).ok()?.to_be_bytes());
    leaf.extend_from_slice(text.as_bytes());
    Some(())
}

/// The message in an entry.
pub(crate) fn decode(leaf: &[u8]) -> Result<Message<'_>, NoEntry> {
    let mut rest = Rest(leaf);
    if rest.take(1)? != [VERSION] {
        return Err(NoEntry);
    }
    let stream = rest.short()?;
    let sequence = u64::from_be_bytes(rest.take(8)?.try_into().map_err(|_| NoEntry)?);
    let subject = rest.long()?;
    let count = rest.take(1)?[0];
    let headers = (0..count)
        .map(|_| Ok((rest.short()?, rest.long()?)))
        .collect::<Result<_, NoEntry>>()?;
    Ok(Message {
        stream,
        sequence,
        subject,
        headers,
        payload: rest.0,
    })
}

struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], NoEntry> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(NoEntry)?;
        self.0 = rest;
        Ok(taken)
    }

    fn text(&mut self, count: usize) -> Result<&'a str, NoEntry> {
        std::str::from_utf8(self.take(count)?).map_err(|_| NoEntry)
    }

    fn short(&mut self) -> Result<&'a str, NoEntry> {
        let count = usize::from(self.take(1)?[0]);
        self.text(count)
    }

    fn long(&mut self) -> Result<&'a str, NoEntry> {
        let count = u16::from_be_bytes(self.take(2)?.try_into().map_err(|_| NoEntry)?);
        self.text(usize::from(count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw() -> Raw {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Raw {
            sequence: 258,
            subject: "loop.oak.loop.x".to_owned(),
            headers: Some([header("Nats-Msg-Id", "a"), header("Content-Type", "j")].into()),
            payload: b"{}".to_vec().into(),
        }
    }

    #[test]
    fn an_entry_is_as_documented() {
        let mut wanted = vec![1, 4];
        wanted.extend_from_slice(b"LOOP");
        wanted.extend_from_slice(&[0, 0, 0, 0, 0, 0, 1, 2, 0, 15]);
        wanted.extend_from_slice(b"loop.oak.loop.x");
        wanted.extend_from_slice(&[2, 12]);
        wanted.extend_from_slice(b"Content-Type\0\x01j");
        wanted.push(11);
        wanted.extend_from_slice(b"Nats-Msg-Id\0\x01a");
        wanted.extend_from_slice(b"{}");
        assert_eq!(encode("LOOP", &raw()), Ok(wanted));
    }

    #[test]
    fn a_message_comes_back_as_it_was() {
        let leaf = encode("LOOP", &raw()).expect("an entry");
        let message = decode(&leaf).expect("a message");
        assert_eq!(message.stream, "LOOP");
        assert_eq!(message.sequence, 258);
        assert_eq!(message.subject, "loop.oak.loop.x");
        assert_eq!(message.headers, [("Content-Type", "j"), ("Nats-Msg-Id", "a")]);
        assert_eq!(message.payload, b"{}");
    }

    #[test]
    fn what_is_cut_short_is_no_entry() {
        let leaf = encode("LOOP", &raw()).expect("an entry");
        let payload = leaf.len() - 2;
        for length in 0..payload {
            assert_eq!(decode(&leaf[..length]), Err(NoEntry), "{length}");
        }
        assert_eq!(decode(&[2, 0]), Err(NoEntry));
    }

    #[test]
    fn what_is_too_large_is_refused() {
        let large = Raw {
            payload: vec![b' '; LEAF_BYTES_MAX].into(),
            ..raw()
        };
        assert_eq!(encode("LOOP", &large), Err(TooLarge { sequence: 258 }));
    }
}
