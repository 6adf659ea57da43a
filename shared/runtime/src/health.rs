//! What is up, what is not yet, and what has stopped and why.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// The state of one part of a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It has yet to catch up or connect.
    Starting(String),
    /// It works.
    Ready,
    /// It stopped, and says why.
    Stopped(String),
}

/// The states of all parts, shared.
#[derive(Debug, Clone, Default)]
pub struct Health {
    parts: Arc<Mutex<BTreeMap<String, State>>>,
}

impl Health {
    /// Says how a part is.
    pub fn set(&self, part: &str, state: State) {
        self.parts
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .insert(part.to_owned(), state);
    }

    /// How each part is.
    pub fn parts(&self) -> BTreeMap<String, State> {
        self.parts
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }

    /// Whether every part is ready, and there is one.
    pub fn is_ready(&self) -> bool {
        let parts = self.parts();
        !parts.is_empty() && parts.values().all(|state| *state == State::Ready)
    }
}
