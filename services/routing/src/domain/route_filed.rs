//! A tension was filed: a rule chooses who gets it, or the contact does.

use chrono::{DateTime, Utc};
use contracts::events::RoutingEvent;
use contracts::events::routing::{ChosenBy, ServiceLevel, TensionRouted, TriageRequested};
use contracts::ids::DepartmentId;
use decider::Decide;
use domain::district_loop::Assignment;
use domain::{Calendar, Loop, Rejection};

use super::first_dates;

/// What the rules chose.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// The department.
    pub department: DepartmentId,
    /// By which rule.
    pub by: ChosenBy,
    /// Who helps.
    pub collaborators: Vec<DepartmentId>,
    /// What is promised.
    pub level: ServiceLevel,
}

/// Routes what was just filed; where it is routed already, all is as wanted.
#[derive(Debug, Clone)]
pub struct RouteFiled {
    /// What the rules chose; none where none matched.
    pub chosen: Option<Chosen>,
    /// The version of the rule set.
    pub rules_version: u32,
    /// The calendar in force.
    pub calendar: Calendar,
}

impl Decide<Loop> for RouteFiled {
    type Event = RoutingEvent;
    type Rejection = Rejection;

    fn decide(&self, state: &Loop, now: DateTime<Utc>) -> Result<Option<RoutingEvent>, Rejection> {
        let record = state.filed()?;
        if record.is_ended() || record.assignment != Assignment::Unrouted {
            return Ok(None);
        }
        Ok(Some(match &self.chosen {
            Some(chosen) => TensionRouted {
                department: chosen.department,
                chosen_by: Some(chosen.by.clone()),
                why: None,
                collaborators: chosen.collaborators.clone(),
                service_level: chosen.level.clone(),
                calendar_version: self.calendar.version,
                due: first_dates(&self.calendar, &chosen.level, now),
            }
            .into(),
            None => TriageRequested {
                rules_version: self.rules_version,
                calendar_version: self.calendar.version,
            }
            .into(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::events::IntakeEvent;
    use contracts::vocabulary::LoopState;
    use decider::given;
    use domain::samples::{department, filed, level, person};

    fn route(chosen: Option<Chosen>) -> RouteFiled {
        RouteFiled {
            chosen,
            rules_version: 1,
            calendar: Calendar::default(),
        }
    }

    #[test]
    fn a_rule_routes_and_without_one_the_contact_is_asked() {
        let chosen = Chosen {
            department: department("curriculum"),
            by: ChosenBy {
                rules_version: 1,
                rule: "r".to_owned(),
                name: "R".to_owned(),
            },
            collaborators: Vec::new(),
            level: level(),
        };
        let spec = given::<Loop>().event(&person("rosa"), IntakeEvent::from(filed("alder")));
        let routed = spec.clone().done(&person("policy"), &route(Some(chosen.clone())));
        assert_eq!(routed.state().record().expect("filed").state(), LoopState::Routed);
        assert_eq!(
            routed.when(&route(Some(chosen))),
            Ok(None),
            "a repeated delivery changes nothing"
        );
        let triage = spec.done(&person("policy"), &route(None));
        assert_eq!(triage.state().record().expect("filed").state(), LoopState::Triage);
    }
}
