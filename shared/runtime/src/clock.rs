//! The time, as an argument: the system's, or one that a test or the demo's seeding moves by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, SubsecRound, Utc};

/// Says what time it is. Nothing reachable over HTTP can set it.
#[derive(Debug, Clone)]
pub struct Clock {
    // Milliseconds since 1970 while it is moved by hand; `SYSTEM` when it follows the system.
    by_hand: Arc<AtomicI64>,
}

const SYSTEM: i64 = i64::MIN;

impl Clock {
    /// The system's time.
    pub fn system() -> Self {
        Self {
            by_hand: Arc::new(AtomicI64::new(SYSTEM)),
        }
    }

    /// A time that stands still until it is moved.
    pub fn by_hand(at: DateTime<Utc>) -> Self {
        Self {
            by_hand: Arc::new(AtomicI64::new(at.timestamp_millis())),
        }
    }

    /// Now, in whole milliseconds.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the system's clock is read"
    )]
    pub fn now(&self) -> DateTime<Utc> {
        match self.by_hand.load(Ordering::SeqCst) {
            SYSTEM => Utc::now().trunc_subsecs(3),
            millis => DateTime::from_timestamp_millis(millis).unwrap_or_default(),
        }
    }

    /// Moves a clock that is moved by hand; one that follows the system goes by hand from then on.
    pub fn set(&self, at: DateTime<Utc>) {
        self.by_hand.store(at.timestamp_millis(), Ordering::SeqCst);
    }

    /// Follows the system from now on.
    pub fn release(&self) {
        self.by_hand.store(SYSTEM, Ordering::SeqCst);
    }
}

/// Waits in real time; for pacing retries and periodic work, never for order.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where a task waits for time to pass"
)]
pub async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}
