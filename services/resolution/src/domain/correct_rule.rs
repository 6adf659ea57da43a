//! The rule comes from elsewhere than the school believed.

use chrono::{DateTime, Utc};
use contracts::events::ResolutionEvent;
use contracts::events::flexibility::Rule;
use contracts::events::resolution::RuleCorrected;
use contracts::ids::DepartmentId;
use contracts::sealed::Sealed;
use decider::Decide;
use domain::{Loop, Rejection};

use super::at_work;

/// Says where the rule really comes from.
#[derive(Debug, Clone)]
pub struct CorrectRule {
    /// The rule as it is.
    pub rule: Rule,
    /// The correction in one line.
    pub title: Sealed,
    /// What follows from it.
    pub text: Sealed,
    /// The department of whoever says so; the one that has the loop where it is the contact.
    pub department: Option<DepartmentId>,
}

impl Decide<Loop> for CorrectRule {
    type Event = ResolutionEvent;
    type Rejection = Rejection;

    fn decide(&self, state: &Loop, _: DateTime<Utc>) -> Result<Option<ResolutionEvent>, Rejection> {
        let record = state.filed()?;
        let with = at_work(record, None)?;
        if record.rule() == self.rule {
            return Err(Rejection::RuleIsSo);
        }
        Ok(Some(
            RuleCorrected {
                rule: self.rule.clone(),
                title: self.title.clone(),
                text: self.text.clone(),
                department: self.department.unwrap_or(with.department),
            }
            .into(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::events::intake::IntakeEvent;
    use contracts::events::routing::RoutingEvent;
    use contracts::vocabulary::RuleSource;
    use decider::given;
    use domain::samples::{filed, person, routed, sealed};

    #[test]
    fn a_belief_is_corrected_once_and_counts_as_a_word() {
        let command = CorrectRule {
            rule: Rule {
                source: RuleSource::Habit,
                citation: None,
                clause: None,
            },
            title: sealed("t"),
            text: sealed("x"),
            department: None,
        };
        let spec = given::<Loop>()
            .event(&person("rosa"), IntakeEvent::from(filed("alder")))
            .event(&person("policy"), RoutingEvent::from(routed("curriculum")))
            .done(&person("marcus"), &command);
        assert_eq!(spec.state().record().expect("filed").rule().source, RuleSource::Habit);
        assert_eq!(spec.when(&command), Err(Rejection::RuleIsSo));
    }
}
