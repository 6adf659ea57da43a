//! The contact routes what no rule could.

use chrono::{DateTime, Utc};
use contracts::events::RoutingEvent;
use contracts::events::routing::{ServiceLevel, TensionRouted};
use contracts::ids::DepartmentId;
use contracts::sealed::Sealed;
use decider::Decide;
use domain::district_loop::Assignment;
use domain::{Calendar, Loop, Rejection};

use super::first_dates;

/// Routes out of triage.
#[derive(Debug, Clone)]
pub struct Route {
    /// Who gets it.
    pub department: DepartmentId,
    /// Why.
    pub why: Option<Sealed>,
    /// What is promised.
    pub level: ServiceLevel,
    /// The calendar in force.
    pub calendar: Calendar,
}

impl Decide<Loop> for Route {
    type Event = RoutingEvent;
    type Rejection = Rejection;

    fn decide(&self, state: &Loop, now: DateTime<Utc>) -> Result<Option<RoutingEvent>, Rejection> {
        let record = state.filed()?;
        record.still_open()?;
        match &record.assignment {
            Assignment::Triage { .. } | Assignment::Unrouted => {}
            Assignment::With(with) => {
                return Err(Rejection::NotInTriage {
                    department: Some(with.department),
                });
            }
        }
        let routed = TensionRouted {
            department: self.department,
            chosen_by: None,
            why: self.why.clone(),
            collaborators: Vec::new(),
            service_level: self.level.clone(),
            calendar_version: self.calendar.version,
            due: first_dates(&self.calendar, &self.level, now),
        };
        Ok(Some(routed.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::events::IntakeEvent;
    use contracts::events::routing::TriageRequested;
    use decider::given;
    use domain::samples::{department, filed, level, person};

    #[test]
    fn what_a_department_has_is_rerouted_and_not_routed() {
        let route = Route {
            department: department("facilities"),
            why: None,
            level: level(),
            calendar: Calendar::default(),
        };
        let spec = given::<Loop>()
            .event(&person("rosa"), IntakeEvent::from(filed("alder")))
            .event(
                &person("policy"),
                RoutingEvent::from(TriageRequested {
                    rules_version: 1,
                    calendar_version: 1,
                }),
            )
            .done(&person("carol"), &route);
        assert_eq!(
            spec.when(&route),
            Err(Rejection::NotInTriage {
                department: Some(department("facilities"))
            })
        );
    }
}
