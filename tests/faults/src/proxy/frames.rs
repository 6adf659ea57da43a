//! As much of the broker's protocol as is needed to pass whole frames on, or to let one of them go missing.

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// A client publishes.
    Publish,
    /// The broker delivers.
    Message,
    /// Anything else: it is one line.
    Other,
}

/// One whole frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// What it is.
    pub verb: Verb,
    /// The subject published to or delivered on.
    pub subject: String,
    /// Every byte of it, line ends included.
    pub bytes: Vec<u8>,
    payload: std::ops::Range<usize>,
}

impl Frame {
    /// The payload without headers.
    pub fn payload(&self) -> &[u8] {
        &self.bytes[self.payload.clone()]
    }

    /// Whether this tells a client that an event was stored.
    pub fn is_stored(&self) -> bool {
        if self.verb != Verb::Message {
            return false;
        }
        serde_json::from_slice::<serde_json::Value>(self.payload()).is_ok_and(|answer| {
            answer["stream"] == contracts::subjects::STREAM
                && answer["seq"].is_u64()
                && answer.get("error").is_none()
                && answer.get("type").is_none()
        })
    }

    /// Whether this settles a delivered message.
    pub fn is_settling(&self) -> bool {
        self.verb == Verb::Publish && self.subject.starts_with("$JS.ACK.")
    }
}

/// Cuts a stream of bytes into frames.
#[derive(Debug, Default)]
pub struct Splitter {
    buffer: Vec<u8>,
}

impl Splitter {
    /// Takes more bytes in.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole frame, if there is one.
    pub fn frame(&mut self) -> Option<Frame> {
        let line_end = self.buffer.windows(2).position(|pair| pair == b"\r\n")? + 2;
        let line = String::from_utf8_lossy(&self.buffer[..line_end - 2]).into_owned();
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let verb = match words.first().map(|word| word.to_ascii_uppercase()).as_deref() {
            Some("PUB" | "HPUB") => Verb::Publish,
            Some("MSG" | "HMSG") => Verb::Message,
            Some(_) | None => Verb::Other,
        };
        let (headers, total) = if verb == Verb::Other {
            (0, 0)
        } else {
            let with_headers = words[0].len() > 3 && words[0].starts_with(['H', 'h']);
            let number = |back: usize| {
                words
                    .len()
                    .checked_sub(back)
                    .and_then(|at| words[at].parse::<usize>().ok())
            };
            (if with_headers { number(2)? } else { 0 }, number(1)?)
        };
        let whole = if verb == Verb::Other {
            line_end
        } else {
            line_end + total + 2
        };
        if self.buffer.len() < whole {
            return None;
        }
        let bytes: Vec<u8> = self.buffer.drain(..whole).collect();
        Some(Frame {
            verb,
            subject: words.get(1).copied().unwrap_or_default().to_owned(),
            payload: line_end + headers.min(total)..line_end + total,
            bytes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &[u8] = b"INFO {\"max_payload\":1048576}\r\nPUB loop.x _INBOX.1 5\r\nhello\r\n\
        HPUB loop.y _INBOX.2 18 20\r\nNATS/1.0\r\nA: 1\r\n\r\n{}\r\n\
        MSG _INBOX.1 7 28\r\n{\"stream\":\"LOOP\",\"seq\":1234}\r\n+OK\r\nPUB $JS.ACK.LOOP.c.1.2.3.4.5 4\r\n+ACK\r\n\
        MSG _INBOX.1 7 0\r\n\r\nPING\r\n";

    fn frames_of(pieces: &[&[u8]]) -> Vec<Frame> {
        let mut splitter = Splitter::default();
        let mut frames = Vec::new();
        for piece in pieces {
            splitter.push(piece);
            while let Some(frame) = splitter.frame() {
                frames.push(frame);
            }
        }
        frames
    }

    #[test]
    fn wherever_the_bytes_are_cut_the_frames_are_the_same_and_nothing_is_lost() {
        let whole = frames_of(&[STREAM]);
        assert_eq!(whole.len(), 8);
        let joined: Vec<u8> = whole.iter().flat_map(|frame| frame.bytes.clone()).collect();
        assert_eq!(joined, STREAM);
        for cut in 0..STREAM.len() {
            assert_eq!(frames_of(&[&STREAM[..cut], &STREAM[cut..]]), whole, "cut at {cut}");
        }
    }

    #[test]
    fn only_the_word_that_an_event_is_stored_counts_as_such() {
        let frames = frames_of(&[STREAM]);
        let stored: Vec<usize> = (0..frames.len()).filter(|nth| frames[*nth].is_stored()).collect();
        assert_eq!(stored, [3]);
        let settling: Vec<usize> = (0..frames.len()).filter(|nth| frames[*nth].is_settling()).collect();
        assert_eq!(settling, [5]);
        assert_eq!(frames[2].payload(), b"{}");
    }
}
