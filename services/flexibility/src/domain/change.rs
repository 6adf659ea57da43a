//! Its conditions, its reasons, its readers, its end.

use chrono::{DateTime, NaiveDate, Utc};
use contracts::events::FlexibilityEvent;
use contracts::events::flexibility::{
    ConditionsChanged, FlexibilityRenewed, RationalePublished, Readers, ReadersChanged,
};
use contracts::sealed::Sealed;
use contracts::vocabulary::{Readership, Standing};
use decider::Decide;
use domain::Flexibility;

use super::{Refusal, allowed, in_force, stands};

/// Changes the conditions, or what stays required.
#[derive(Debug, Clone)]
pub struct ChangeConditions {
    /// The conditions from now on.
    pub conditions: Option<Sealed>,
    /// What stays required from now on.
    pub stays_required: Option<Sealed>,
    /// Why.
    pub why: Sealed,
}

impl Decide<Flexibility> for ChangeConditions {
    type Event = FlexibilityEvent;
    type Rejection = Refusal;

    fn decide(&self, state: &Flexibility, _: DateTime<Utc>) -> Result<Option<FlexibilityEvent>, Refusal> {
        in_force(state)?;
        Ok(Some(
            ConditionsChanged {
                conditions: self.conditions.clone(),
                stays_required: self.stays_required.clone(),
                why: self.why.clone(),
            }
            .into(),
        ))
    }
}

/// Says why, for one readership.
#[derive(Debug, Clone)]
pub struct PublishRationale {
    /// For whom.
    pub readership: Readership,
    /// Why.
    pub text: Sealed,
}

impl Decide<Flexibility> for PublishRationale {
    type Event = FlexibilityEvent;
    type Rejection = Refusal;

    fn decide(&self, state: &Flexibility, _: DateTime<Utc>) -> Result<Option<FlexibilityEvent>, Refusal> {
        stands(state)?;
        Ok(Some(
            RationalePublished {
                readership: self.readership,
                text: self.text.clone(),
            }
            .into(),
        ))
    }
}

/// Says who may read of it.
#[derive(Debug, Clone, Copy)]
pub struct ShowTo {
    /// From now on.
    pub readers: Readers,
}

impl Decide<Flexibility> for ShowTo {
    type Event = FlexibilityEvent;
    type Rejection = Refusal;

    fn decide(&self, state: &Flexibility, _: DateTime<Utc>) -> Result<Option<FlexibilityEvent>, Refusal> {
        let record = stands(state)?;
        Ok((record.readers != self.readers).then(|| ReadersChanged { readers: self.readers }.into()))
    }
}

/// Lets it hold longer; what has expired holds again.
#[derive(Debug, Clone)]
pub struct Renew {
    /// Its last day from now on.
    pub ends_on: NaiveDate,
    /// Why.
    pub why: Option<Sealed>,
    /// The district's day.
    pub today: NaiveDate,
}

impl Decide<Flexibility> for Renew {
    type Event = FlexibilityEvent;
    type Rejection = Refusal;

    fn decide(&self, state: &Flexibility, _: DateTime<Utc>) -> Result<Option<FlexibilityEvent>, Refusal> {
        let record = allowed(state)?;
        if record.standing == Standing::Revoked {
            in_force(state)?;
        }
        if record.is_open_pilot() {
            return Err(Refusal::PilotUnanswered);
        }
        let ends_on = record.ends_on.ok_or(Refusal::NoEnd)?;
        if record.standing == Standing::InForce && self.ends_on == ends_on {
            return Ok(None);
        }
        if self.ends_on <= ends_on || self.ends_on < self.today {
            return Err(Refusal::NotLonger { ends_on: Some(ends_on) });
        }
        Ok(Some(
            FlexibilityRenewed {
                ends_on: self.ends_on,
                why: self.why.clone(),
            }
            .into(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Revoke, WriteDown};
    use contracts::events::flexibility::FlexibilityExpired;
    use decider::given;
    use domain::samples::{person, terms};

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    #[test]
    fn what_expired_is_renewed_and_what_was_taken_back_is_not() {
        let renew = |ends_on| Renew {
            ends_on: day(ends_on),
            why: None,
            today: day("2027-07-10"),
        };
        let mut until = terms("alder");
        until.ends_on = Some(day("2027-06-30"));
        let spec = given::<Flexibility>()
            .done(&person("marcus"), &WriteDown::Flexibility(until))
            .event(
                &person("policy"),
                FlexibilityExpired {
                    ended_on: day("2027-06-30"),
                },
            );
        assert!(
            matches!(spec.when(&renew("2027-07-05")), Err(Refusal::NotLonger { .. })),
            "that day is past too"
        );
        let renewed = spec.clone().done(&person("marcus"), &renew("2028-06-30"));
        assert_eq!(renewed.state().record().expect("stands").standing, Standing::InForce);
        assert_eq!(renewed.when(&renew("2028-06-30")), Ok(None), "said twice");
        let revoked = spec.done(
            &person("lena"),
            &Revoke {
                why: None,
                replaced: false,
            },
        );
        assert!(matches!(
            revoked.when(&renew("2028-06-30")),
            Err(Refusal::NoLongerInForce { .. })
        ));
        let endless = given::<Flexibility>().done(&person("marcus"), &WriteDown::Flexibility(terms("alder")));
        assert_eq!(endless.when(&renew("2028-06-30")), Err(Refusal::NoEnd));
    }
}
