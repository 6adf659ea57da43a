//! Forbidding to erase, and allowing it again.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use contracts::events::CustodyEvent;
use contracts::events::custody::{HoldLifted, HoldPlaced};
use contracts::ids::EventId;
use contracts::sealed::Sealed;
use decider::Decide;
use domain::{Loop, Rejection};

/// Forbids erasing anything of a loop. Each request or case has a hold of its own.
#[derive(Debug, Clone)]
pub(crate) struct Hold {
    pub(crate) why: Sealed,
}

/// Lifts a hold.
#[derive(Debug, Clone)]
pub(crate) struct LiftHold {
    pub(crate) hold: Option<EventId>,
    pub(crate) why: Option<Sealed>,
}

/// The hold that is meant: the one named, or the only one there is.
pub(crate) fn which_hold(
    named: Option<EventId>,
    holds: &BTreeMap<EventId, DateTime<Utc>>,
) -> Result<EventId, Rejection> {
    match (named, holds.len()) {
        (Some(named), _) if holds.contains_key(&named) => Ok(named),
        (Some(_), _) | (None, 0) => Err(Rejection::NoSuchHold),
        (None, 1) => holds.keys().next().copied().ok_or(Rejection::NoSuchHold),
        (None, _) => Err(Rejection::SayWhichHold),
    }
}

impl Decide<Loop> for Hold {
    type Event = CustodyEvent;
    type Rejection = Rejection;

    fn decide(&self, state: &Loop, _: DateTime<Utc>) -> Result<Option<CustodyEvent>, Rejection> {
        state.filed()?;
        let placed = HoldPlaced { why: self.why.clone() };
        Ok(Some(placed.into()))
    }
}

impl Decide<Loop> for LiftHold {
    type Event = CustodyEvent;
    type Rejection = Rejection;

    fn decide(&self, state: &Loop, _: DateTime<Utc>) -> Result<Option<CustodyEvent>, Rejection> {
        let lifted = HoldLifted {
            hold: which_hold(self.hold, &state.filed()?.custody.holds)?,
            why: self.why.clone(),
        };
        Ok(Some(lifted.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::events::intake::IntakeEvent;
    use decider::given;
    use domain::samples::{filed, person, sealed};

    #[test]
    fn of_several_holds_each_is_lifted_by_itself() {
        let lift = |hold| LiftHold { hold, why: None };
        let hold = Hold { why: sealed("h") };
        let spec = given::<Loop>().event(&person("rosa"), IntakeEvent::from(filed("alder")));
        assert_eq!(spec.when(&lift(None)), Err(Rejection::NoSuchHold));
        let spec = spec.done(&person("ian"), &hold).done(&person("ian"), &hold);
        assert_eq!(spec.when(&lift(None)), Err(Rejection::SayWhichHold));
        let holds = &spec.state().record().expect("filed").custody.holds;
        let first = *holds.keys().next().expect("one");
        let spec = spec.done(&person("ian"), &lift(Some(first)));
        assert_eq!(spec.when(&lift(Some(first))), Err(Rejection::NoSuchHold));
        let spec = spec.done(&person("ian"), &lift(None));
        assert!(spec.state().record().expect("filed").custody.holds.is_empty());
    }
}
