//! Erasing words for good.

use chrono::{DateTime, Utc};
use contracts::events::CustodyEvent;
use contracts::events::custody::{Erased, ErasedText};
use contracts::sealed::Sealed;
use contracts::vocabulary::ErasureGround;
use decider::Decide;
use domain::{Loop, Rejection};

/// Erases texts of a loop, also of one that has ended. Their events stay, and so does every proof.
#[derive(Debug, Clone)]
pub(crate) struct Erase {
    pub(crate) ground: ErasureGround,
    pub(crate) why: Sealed,
    pub(crate) texts: Vec<ErasedText>,
}

impl Decide<Loop> for Erase {
    type Event = CustodyEvent;
    type Rejection = Rejection;

    fn decide(&self, state: &Loop, _: DateTime<Utc>) -> Result<Option<CustodyEvent>, Rejection> {
        let record = state.filed()?;
        if let Some(since) = record.custody.holds.values().min() {
            return Err(Rejection::Held { since: *since });
        }
        let texts: Vec<ErasedText> = self
            .texts
            .iter()
            .filter(|text| record.custody.erasure(text.key).is_none())
            .cloned()
            .collect();
        if texts.is_empty() {
            return Err(Rejection::AlreadyErased);
        }
        let erased = Erased {
            ground: self.ground,
            why: self.why.clone(),
            texts,
        };
        Ok(Some(erased.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Hold, LiftHold};
    use contracts::events::custody::TextPlace;
    use contracts::events::intake::IntakeEvent;
    use decider::given;
    use domain::samples::{filed, person, sealed};

    fn erase(words: &str) -> Erase {
        let text = sealed(words);
        Erase {
            ground: ErasureGround::NamesStudent,
            why: sealed("asked by a parent"),
            texts: vec![ErasedText {
                place: TextPlace {
                    event: 1,
                    field: "barrier".to_owned(),
                },
                key: text.key,
                commitment: text.commitment,
            }],
        }
    }

    #[test]
    fn what_is_erased_stays_erased_and_is_not_erased_twice() {
        let spec = given::<Loop>()
            .event(&person("rosa"), IntakeEvent::from(filed("alder")))
            .done(&person("ruth"), &erase("b"));
        let custody = &spec.state().record().expect("filed").custody;
        assert_eq!(custody.erased.len(), 1);
        assert!(custody.erasure(sealed("b").key).is_some());
        assert_eq!(spec.when(&erase("b")), Err(Rejection::AlreadyErased));
    }

    #[test]
    fn nothing_is_erased_while_a_hold_is_on_it() {
        let spec = given::<Loop>()
            .event(&person("rosa"), IntakeEvent::from(filed("alder")))
            .done(&person("ian"), &Hold { why: sealed("h") });
        let record = spec.state().record().expect("filed");
        let since = *record.custody.holds.values().next().expect("a hold");
        assert_eq!(spec.when(&erase("b")), Err(Rejection::Held { since }));
        spec.done(&person("ian"), &LiftHold { hold: None, why: None })
            .done(&person("ruth"), &erase("b"));
    }
}
