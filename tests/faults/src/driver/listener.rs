//! A listener on the stream of changes: it comes back with the last id it saw, as a browser does.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use serde_json::Value;

use super::{Board, Session};
use crate::history::{Read, Record, Seen};

/// Without a word for this long the connection counts as dead: the server says something every ten seconds.
const SILENCE_MAX: Duration = Duration::from_secs(15);

/// Listens until the board says stop.
pub async fn listen(board: Arc<Board>, session: Session) {
    let listener = board.next_listener();
    let mut last: Option<u64> = None;
    let stopping = board.stopping.clone();
    while !stopping.is_cancelled() {
        tokio::select! {
            () = stopping.cancelled() => return,
            () = connected(&board, &session, listener, &mut last) => {}
        }
        runtime::clock::pause(Duration::from_millis(200)).await;
    }
}

async fn connected(board: &Board, session: &Session, listener: u32, last: &mut Option<u64>) {
    let Ok(http) = reqwest::Client::builder().read_timeout(SILENCE_MAX).build() else {
        return;
    };
    let mut request = http
        .get(format!("{}/api/v1/events", board.address))
        .bearer_auth(&session.token);
    if let Some(sequence) = last {
        request = request.header("Last-Event-ID", sequence.to_string());
    }
    let Ok(answer) = request.send().await else { return };
    if !answer.status().is_success() {
        return;
    }
    let mut chunks = answer.bytes_stream();
    let mut text = String::new();
    while let Some(Ok(chunk)) = chunks.next().await {
        text.push_str(&String::from_utf8_lossy(&chunk));
        while let Some(end) = text.find("\n\n") {
            let event: String = text.drain(..end + 2).collect();
            if let Some((sequence, seen)) = read(&event, listener) {
                *last = Some(sequence);
                let now = board.history.now();
                board.history.keep(Record::Read(Read {
                    session: session.name.clone(),
                    district: session.claims.district.clone(),
                    person: session.claims.person,
                    invoked: now,
                    returned: now,
                    seen,
                }));
            }
        }
    }
}

/// One event of the stream, where it is a change.
fn read(event: &str, listener: u32) -> Option<(u64, Seen)> {
    let field = |name: &str| {
        event
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .map(|value| value.trim_start_matches(':').trim())
    };
    let sequence: u64 = field("id")?.parse().ok()?;
    let change: Value = serde_json::from_str(field("data")?).ok()?;
    let id = change["id"].as_str()?.parse().ok()?;
    Some((sequence, Seen::Change { listener, sequence, id }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_read_and_a_comment_is_not() {
        let id = "00000000-0000-4000-8000-000000000001";
        let event = format!("id: 42\nevent: change\ndata: {{\"id\":\"{id}\",\"sequence\":42}}\n\n");
        let (sequence, seen) = read(&event, 3).expect("a change");
        assert_eq!(sequence, 42);
        assert!(matches!(
            seen,
            Seen::Change {
                listener: 3,
                sequence: 42,
                ..
            }
        ));
        assert_eq!(read(": listening\n\n", 3), None);
    }
}
