//! Its end draws near, or is past.

use chrono::{DateTime, NaiveDate, Utc};
use contracts::events::FlexibilityEvent;
use contracts::events::flexibility::{ExpiryNoticed, FlexibilityExpired};
use decider::Decide;
use domain::Flexibility;

use super::Refusal;

/// Looks at its end on a day: what is over expires, what is near is noticed.
#[derive(Debug, Clone, Copy)]
pub struct LookAtEnd {
    /// The district's day.
    pub today: NaiveDate,
}

impl Decide<Flexibility> for LookAtEnd {
    type Event = FlexibilityEvent;
    type Rejection = Refusal;

    fn decide(&self, state: &Flexibility, _: DateTime<Utc>) -> Result<Option<FlexibilityEvent>, Refusal> {
        let Some((record, ends_on)) = state.record().and_then(|record| Some((record, record.ends_on?))) else {
            return Ok(None);
        };
        if record.is_over(self.today) {
            return Ok(Some(FlexibilityExpired { ended_on: ends_on }.into()));
        }
        Ok(record
            .notice_due(self.today)
            .map(|days| ExpiryNoticed { ends_on, days }.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::WriteDown;
    use decider::given;
    use domain::samples::{person, terms};

    #[test]
    fn it_is_noticed_and_then_it_expires_once() {
        let on = |day: &str| LookAtEnd {
            today: day.parse().expect("a day"),
        };
        let mut until = terms("alder");
        until.ends_on = Some("2027-06-30".parse().expect("a day"));
        let spec = given::<Flexibility>().done(&person("marcus"), &WriteDown::Flexibility(until));
        assert_eq!(spec.when(&on("2027-01-15")), Ok(None));
        let spec = spec.done(&person("policy"), &on("2027-06-01"));
        assert_eq!(spec.when(&on("2027-06-02")), Ok(None), "the notice was given");
        assert_eq!(
            spec.when(&on("2027-06-30")),
            Ok(Some(
                ExpiryNoticed {
                    ends_on: "2027-06-30".parse().expect("a day"),
                    days: 7,
                }
                .into()
            ))
        );
        let spec = spec.done(&person("policy"), &on("2027-07-01"));
        assert_eq!(spec.when(&on("2027-07-02")), Ok(None));
    }
}
