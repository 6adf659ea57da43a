//! Live updates: what the timeline took in, told to those who may see it, by server-sent events whose id is the
//! stream sequence.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use contracts::Claims;
use contracts::problem::Problem;
use contracts::queries::{Answered, Change, ChangesQuery, Notice};
use contracts::subjects::notice;
use domain::authority::{Sight, sight};
use futures::{Stream, StreamExt, stream};
use messaging::Bus;
use runtime::Lifecycle;
use tokio::sync::broadcast;
use tracing::warn;

use crate::front::{Front, Visitor};

/// Notices a slow listener may fall behind before it asks for what it missed.
const BEHIND_MAX: usize = 1024;
/// Changes asked for at once.
const PAGE: u32 = 500;
/// How often it is made sure that the listener still may listen.
const RECHECK: Duration = Duration::from_secs(10);

/// What the gateway hears of the timeline.
#[derive(Debug, Clone)]
pub struct Live {
    sender: broadcast::Sender<Arc<Notice>>,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            sender: broadcast::Sender::new(BEHIND_MAX),
        }
    }
}

impl Live {
    /// Begins to listen for what the services tell.
    pub async fn listen(
        &self,
        bus: &Bus,
        front: Front,
        lifecycle: &Lifecycle,
    ) -> Result<(), async_nats::SubscribeError> {
        let mut timeline = bus.client().subscribe(notice("timeline")).await?;
        let mut directory = bus.client().subscribe(notice("directory")).await?;
        let sender = self.sender.clone();
        lifecycle.spawn(async move {
            loop {
                tokio::select! {
                    Some(message) = timeline.next() => match serde_json::from_slice::<Notice>(&message.payload) {
                        // Nobody may be listening.
                        Ok(notice) => drop(sender.send(Arc::new(notice))),
                        Err(error) => warn!(%error, "a notice could not be read"),
                    },
                    Some(_) = directory.next() => front.forget_claims(),
                    else => return,
                }
            }
        });
        Ok(())
    }
}

struct Listener {
    front: Front,
    visitor: Visitor,
    secret: String,
    receiver: broadcast::Receiver<Arc<Notice>>,
    // The position up to which everything was told; none before the first notice.
    last: Option<u64>,
    checked: tokio::time::Instant,
    waiting: std::collections::VecDeque<Change>,
}

/// The changes a visitor may see, as they come; from `after` on where it is given.
pub fn changes(
    front: Front,
    live: &Live,
    visitor: Visitor,
    secret: String,
    after: Option<u64>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>> + use<>> {
    let listener = Listener {
        front,
        visitor,
        secret,
        receiver: live.sender.subscribe(),
        last: after,
        checked: tokio::time::Instant::now(),
        waiting: std::collections::VecDeque::new(),
    };
    let hello = stream::once(async { Ok(Event::default().comment("listening").retry(Duration::from_secs(2))) });
    let changes = stream::unfold((listener, after.is_some()), |(mut listener, missed)| async move {
        let mut missed = missed;
        loop {
            if let Some(change) = listener.waiting.pop_front() {
                return Some((Ok(event(&change)), (listener, missed)));
            }
            if missed {
                match listener.catch_up().await {
                    Ok(more) => missed = more,
                    // The browser comes back with the last id it saw.
                    Err(_) => return None,
                }
                continue;
            }
            if !listener.still_may_listen().await {
                return None;
            }
            match tokio::time::timeout(RECHECK, listener.receiver.recv()).await {
                Err(_) => {}
                Ok(Ok(notice)) => missed = !listener.take(&notice),
                Ok(Err(broadcast::error::RecvError::Lagged(_))) => missed = true,
                Ok(Err(broadcast::error::RecvError::Closed)) => return None,
            }
        }
    });
    Sse::new(hello.chain(changes)).keep_alive(KeepAlive::new().interval(Duration::from_secs(10)))
}

fn event(change: &Change) -> Event {
    let event = Event::default().id(change.sequence.to_string()).event("change");
    event
        .json_data(change)
        .unwrap_or_else(|_| Event::default().comment("a change could not be written"))
}

fn hears(viewer: &Claims, noticed: &contracts::queries::NoticedChange) -> bool {
    match sight(viewer, &noticed.audience) {
        Sight::Nothing | Sight::Card => false,
        Sight::Loop => !noticed.internal,
        Sight::Office => true,
    }
}

/// Up to where a listener was told, after an answer. Its position was noted before it was made: what was taken in
/// meanwhile is in it already, and must not be told again when its notice comes.
fn told_up_to(changes: &[Change], position: u64, full: bool) -> u64 {
    let last = changes.last().map_or(0, |change| change.sequence);
    if full { last } else { last.max(position) }
}

impl Listener {
    /// Takes a notice in; false where something was missed before it or in it.
    fn take(&mut self, notice: &Notice) -> bool {
        let last = self.last.unwrap_or(notice.after);
        if notice.position <= last {
            return true;
        }
        let left_out = notice.changes.is_empty() && notice.position - notice.after > u64::from(PAGE);
        if notice.after > last || left_out {
            return false;
        }
        for noticed in &notice.changes {
            if noticed.change.sequence > last && hears(&self.visitor.claims, noticed) {
                self.waiting.push_back(noticed.change.clone());
            }
        }
        self.last = Some(notice.position);
        true
    }

    /// Asks for what was missed, a page of it; whether there is more.
    async fn catch_up(&mut self) -> Result<bool, Problem> {
        let query = ChangesQuery {
            after: self.last.unwrap_or(0),
            limit: PAGE,
        };
        let answered: Answered<Vec<Change>> = self.front.ask(&self.visitor, "timeline", "changes", query, 0).await?;
        let full = answered.answer.len() >= PAGE as usize;
        self.last = Some(told_up_to(&answered.answer, answered.position, full));
        self.waiting.extend(answered.answer);
        Ok(full)
    }

    async fn still_may_listen(&mut self) -> bool {
        if self.checked.elapsed() < RECHECK {
            return true;
        }
        self.checked = tokio::time::Instant::now();
        match self.front.visitor(&self.secret).await {
            Ok(Some(visitor)) => {
                self.visitor = visitor;
                true
            }
            Ok(None) | Err(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::ids::{LoopId, LoopNumber};
    use contracts::vocabulary::LoopState;

    fn change(sequence: u64) -> Change {
        let id = LoopId::from(uuid::Uuid::from_u128(1));
        Change {
            sequence,
            id,
            number: LoopNumber::of(id),
            kind: "note_added".to_owned(),
            state: LoopState::Routed,
            time: chrono::DateTime::default(),
        }
    }

    #[test]
    fn what_an_answer_holds_beyond_its_position_is_not_told_again() {
        assert_eq!(told_up_to(&[change(5), change(9)], 7, false), 9);
        assert_eq!(told_up_to(&[change(5)], 7, false), 7);
        assert_eq!(told_up_to(&[], 7, false), 7);
        // A full page ends where it ends; the rest is asked for.
        assert_eq!(told_up_to(&[change(5), change(6)], 7, true), 6);
    }
}
