//! A school uses it without filing.

use chrono::{DateTime, NaiveDate, Utc};
use contracts::events::FlexibilityEvent;
use contracts::events::flexibility::PrecedentClaimed;
use contracts::ids::SchoolId;
use contracts::sealed::Sealed;
use contracts::vocabulary::Standing;
use decider::Decide;
use domain::Flexibility;
use domain::directory::DistrictRecord;

use super::{Refusal, in_force};

/// Says that a school uses it.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The school.
    pub school: SchoolId,
    /// How it uses it.
    pub how: Option<Sealed>,
    /// The district's day.
    pub today: NaiveDate,
    /// The district as it is now.
    pub district: DistrictRecord,
}

impl Decide<Flexibility> for Claim {
    type Event = FlexibilityEvent;
    type Rejection = Refusal;

    fn decide(&self, state: &Flexibility, _: DateTime<Utc>) -> Result<Option<FlexibilityEvent>, Refusal> {
        let record = in_force(state)?;
        if record.is_over(self.today) {
            return Err(Refusal::NoLongerInForce {
                standing: Standing::Expired,
                since: record.changed_at,
            });
        }
        if !record.is_for(self.school, &self.district) {
            return Err(Refusal::NotForSchool);
        }
        if let Some(used) = record.users.get(&self.school) {
            return Err(Refusal::AlreadyUsed { since: used.since });
        }
        if let Some(from) = record.first_day_for(self.school, &self.district)
            && from > self.today
        {
            return Err(Refusal::NotYet { from });
        }
        Ok(Some(
            PrecedentClaimed {
                school: self.school,
                how: self.how.clone(),
                origin: None,
            }
            .into(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::WriteDown;
    use decider::given;
    use domain::samples::{person, school, terms};

    #[test]
    fn a_school_uses_what_is_for_it_once_and_while_it_lasts() {
        let claim = |name, today: &str| Claim {
            school: school(name),
            how: None,
            today: today.parse().expect("a day"),
            district: DistrictRecord::default(),
        };
        let mut until = terms("alder");
        until.ends_on = Some("2027-06-30".parse().expect("a day"));
        let spec = given::<Flexibility>().done(&person("marcus"), &WriteDown::Flexibility(until));
        assert_eq!(spec.when(&claim("birch", "2026-11-02")), Err(Refusal::NotForSchool));
        assert!(matches!(
            spec.when(&claim("alder", "2027-07-01")),
            Err(Refusal::NoLongerInForce { .. })
        ));
        let spec = spec.done(&person("rosa"), &claim("alder", "2027-06-30"));
        assert!(matches!(
            spec.when(&claim("alder", "2026-11-02")),
            Err(Refusal::AlreadyUsed { .. })
        ));
    }

    #[test]
    fn nobody_uses_what_has_yet_to_begin() {
        let claim = |today: &str| Claim {
            school: school("alder"),
            how: None,
            today: today.parse().expect("a day"),
            district: DistrictRecord::default(),
        };
        let mut terms = terms("alder");
        terms.starts_on = "2027-01-04".parse().expect("a day");
        let spec = given::<Flexibility>().done(&person("marcus"), &WriteDown::Flexibility(terms));
        assert_eq!(
            spec.when(&claim("2027-01-03")),
            Err(Refusal::NotYet {
                from: "2027-01-04".parse().expect("a day")
            })
        );
        assert!(spec.when(&claim("2027-01-04")).is_ok_and(|event| event.is_some()));
    }
}
