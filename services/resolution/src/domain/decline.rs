//! No: on what ground, and until when.

use chrono::{DateTime, NaiveDate, Utc};
use contracts::events::ResolutionEvent;
use contracts::events::resolution::CaseDeclined;
use contracts::sealed::Sealed;
use contracts::vocabulary::DeclineGround;
use decider::Decide;
use domain::district_loop::Appeal;
use domain::{Loop, Rejection};

use super::{at_work, no_appeal_pending};

/// Declines for every school whose part is open.
#[derive(Debug, Clone)]
pub struct Decline {
    /// On what ground.
    pub ground: DeclineGround,
    /// Why.
    pub reason: Sealed,
    /// When to look again.
    pub review_on: Option<NaiveDate>,
    /// The date it is in the district.
    pub today: NaiveDate,
    /// The episode it was meant for.
    pub episode: Option<u32>,
}

impl Decide<Loop> for Decline {
    type Event = ResolutionEvent;
    type Rejection = Rejection;

    fn decide(&self, state: &Loop, _: DateTime<Utc>) -> Result<Option<ResolutionEvent>, Rejection> {
        let record = state.filed()?;
        at_work(record, self.episode)?;
        no_appeal_pending(record)?;
        match (self.ground, self.review_on) {
            (DeclineGround::NotNow, None) => return Err(Rejection::ReviewDateNeeded),
            (DeclineGround::NotNow | DeclineGround::NonNegotiable, Some(day)) if day <= self.today => {
                return Err(Rejection::DayInThePast);
            }
            (DeclineGround::NotNow | DeclineGround::NonNegotiable, Some(day))
                if day > self.today + chrono::Days::new(3 * 366) =>
            {
                return Err(Rejection::DayTooFar);
            }
            (DeclineGround::NotNow | DeclineGround::NonNegotiable, Some(_)) | (DeclineGround::NonNegotiable, None) => {}
        }
        let declined = CaseDeclined {
            ground: self.ground,
            reason: self.reason.clone(),
            review_on: self.review_on,
            may_appeal: record.appeal == Appeal::None,
        };
        Ok(Some(declined.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::events::intake::IntakeEvent;
    use contracts::events::routing::RoutingEvent;
    use decider::given;
    use domain::samples::{filed, person, routed, sealed};

    #[test]
    fn not_now_says_when_to_look_again() {
        let day = |text: &str| text.parse::<NaiveDate>().expect("a date");
        let decline = |ground, review_on: Option<&str>| Decline {
            ground,
            reason: sealed("r"),
            review_on: review_on.map(day),
            today: day("2026-11-02"),
            episode: None,
        };
        let spec = given::<Loop>()
            .event(&person("rosa"), IntakeEvent::from(filed("alder")))
            .event(&person("policy"), RoutingEvent::from(routed("curriculum")));
        assert_eq!(
            spec.when(&decline(DeclineGround::NotNow, None)),
            Err(Rejection::ReviewDateNeeded)
        );
        let past = decline(DeclineGround::NotNow, Some("2026-11-02"));
        assert_eq!(spec.when(&past), Err(Rejection::DayInThePast));
        assert!(spec.when(&decline(DeclineGround::NotNow, Some("2027-01-04"))).is_ok());
        assert!(spec.when(&decline(DeclineGround::NonNegotiable, None)).is_ok());
    }
}
