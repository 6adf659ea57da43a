//! Specifications of decisions: given these events, when this command, then these events or this refusal.

use chrono::{DateTime, Duration, Utc};
use contracts::envelope::{Actor, Meta};
use contracts::ids::EventId;
use domain::Fold;
use uuid::Uuid;

use crate::Decide;

/// How long after what came last the next thing happens.
const STEP: Duration = Duration::hours(1);

/// A history being told.
#[derive(Debug, Clone)]
pub struct Spec<S> {
    state: S,
    sequence: u64,
    time: DateTime<Utc>,
}

/// Begins a history: nothing yet, on a Monday morning.
pub fn given<S: Fold>() -> Spec<S> {
    let time = DateTime::from_timestamp(1_793_620_800, 0).unwrap_or_default();
    Spec {
        state: S::default(),
        sequence: 0,
        time,
    }
}

impl<S: Fold> Spec<S> {
    /// This happened, an hour after what came before.
    pub fn event(mut self, actor: &Actor, event: impl Into<S::Event>) -> Self {
        self.sequence += 1;
        self.time += STEP;
        let id = EventId(Uuid::from_u128(u128::from(self.sequence)));
        let meta = Meta {
            sequence: self.sequence,
            id,
            time: self.time,
            actor: actor.clone(),
        };
        self.state.evolve(&meta, &event.into());
        self
    }

    /// The id of the event that came last.
    pub fn last_id(&self) -> EventId {
        EventId(Uuid::from_u128(u128::from(self.sequence)))
    }

    /// The state so far.
    pub fn state(&self) -> &S {
        &self.state
    }

    /// Days pass.
    pub fn days_pass(mut self, days: i64) -> Self {
        self.time += Duration::days(days);
        self
    }

    /// When what comes next happens.
    pub fn now(&self) -> DateTime<Utc> {
        self.time + STEP
    }

    /// What the command decides on this history, an hour after what came last.
    pub fn when<C: Decide<S>>(&self, command: &C) -> Result<Option<C::Event>, C::Rejection> {
        command.permits(&self.state)?;
        command.decide(&self.state, self.now())
    }

    /// Carries a command out, an hour later: it must not be refused.
    pub fn done<C>(self, actor: &Actor, command: &C) -> Self
    where
        C: Decide<S>,
        C::Event: Into<S::Event>,
        C::Rejection: std::fmt::Debug,
    {
        match self.when(command) {
            Ok(Some(event)) => self.event(actor, event),
            Ok(None) => self,
            Err(rejection) => panic!("refused: {rejection:?}"),
        }
    }
}
