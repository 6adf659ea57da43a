//! Another department has it, and everybody sees why.

use chrono::{DateTime, Utc};
use contracts::events::RoutingEvent;
use contracts::events::routing::{Due, TensionRerouted};
use contracts::ids::DepartmentId;
use contracts::sealed::Sealed;
use decider::Decide;
use domain::{Calendars, Loop, Rejection};

use super::dates_after;

/// Moves a loop to another department. The acknowledge clock starts again, the resolve clock goes on.
#[derive(Debug, Clone)]
pub struct Reroute {
    /// Who gets it.
    pub to: DepartmentId,
    /// Who must have it, where that is said: what somebody gave to another meanwhile stays there.
    pub from: Option<DepartmentId>,
    /// Why.
    pub why: Sealed,
    /// The episode it was meant for.
    pub episode: Option<u32>,
    /// The district's calendars: the loop's days are counted by one of them.
    pub calendars: Calendars,
}

impl Decide<Loop> for Reroute {
    type Event = RoutingEvent;
    type Rejection = Rejection;

    fn decide(&self, state: &Loop, now: DateTime<Utc>) -> Result<Option<RoutingEvent>, Rejection> {
        let record = state.filed()?;
        record.still_open()?;
        record.in_episode(self.episode)?;
        let with = record.with().ok_or(Rejection::NotRouted)?;
        if self.from.is_some_and(|from| from != with.department) {
            return Ok(None);
        }
        if with.department == self.to {
            return Err(Rejection::AlreadyThere { department: self.to });
        }
        let mut rerouted = TensionRerouted {
            from: with.department,
            to: self.to,
            why: self.why.clone(),
            due: Due::default(),
        };
        let calendar = self.calendars.to_count_by(record.time.calendar_version)?;
        rerouted.due = dates_after(record, rerouted.clone().into(), calendar, now);
        Ok(Some(rerouted.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::events::IntakeEvent;
    use contracts::events::resolution::{CaseAcknowledged, ResolutionEvent};
    use contracts::vocabulary::LoopState;
    use decider::given;
    use domain::samples::{brought_to_the_next_calendar, calendars, department, filed, person, routed, sealed};

    #[test]
    fn the_dates_promised_are_those_of_the_clocks_also_where_a_question_falls_away() {
        let asked = contracts::events::resolution::QuestionAsked {
            school: domain::samples::school("alder"),
            question: sealed("which?"),
        };
        let spec = given::<Loop>()
            .event(&person("rosa"), IntakeEvent::from(filed("alder")))
            .event(&person("policy"), RoutingEvent::from(routed("curriculum")))
            .event(&person("marcus"), ResolutionEvent::from(asked));
        let reroute = Reroute {
            to: department("technology"),
            from: None,
            why: sealed("devices"),
            episode: None,
            calendars: calendars(),
        };
        let Ok(Some(RoutingEvent::TensionRerouted(rerouted))) = spec.when(&reroute) else {
            panic!("it is re-routed")
        };
        assert!(rerouted.due.acknowledge.is_some() && rerouted.due.resolve.is_some());
        let spec = spec.done(&person("carol"), &reroute);
        assert_eq!(
            spec.state().record().expect("filed").due(calendars().current()),
            rerouted.due
        );
    }

    #[test]
    fn what_was_given_to_another_meanwhile_is_not_moved() {
        let spec = given::<Loop>()
            .event(&person("rosa"), IntakeEvent::from(filed("alder")))
            .event(&person("policy"), RoutingEvent::from(routed("curriculum")));
        let hand_over = |from: &str| Reroute {
            to: department("technology"),
            from: Some(department(from)),
            why: sealed("closed"),
            episode: None,
            calendars: calendars(),
        };
        assert_eq!(spec.when(&hand_over("facilities")), Ok(None));
        assert!(spec.when(&hand_over("curriculum")).is_ok_and(|event| event.is_some()));
    }

    #[test]
    fn the_dates_are_those_of_the_calendar_that_the_loop_counts_by_when_it_is_decided() {
        let spec = given::<Loop>()
            .event(&person("rosa"), IntakeEvent::from(filed("alder")))
            .event(&person("policy"), RoutingEvent::from(routed("curriculum")));
        let now = spec.now();
        let old = domain::Calendar::new(1, "UTC", &[]).expect("a calendar");
        let snow = contracts::events::directory::Closed {
            from: old.after(now, 1),
            to: old.after(now, 1),
            label: "Snow".to_owned(),
        };
        let new = domain::Calendar::new(2, "UTC", &[snow]).expect("a calendar");
        let reroute = Reroute {
            to: department("technology"),
            from: None,
            why: sealed("devices"),
            episode: None,
            calendars: [old.clone(), new.clone()].into_iter().collect(),
        };
        let due = |spec: &decider::Spec<Loop>, calendar| spec.state().record().expect("filed").due(calendar);
        let at_first = spec.clone().done(&person("carol"), &reroute);
        let Ok(Some(RoutingEvent::TensionRerouted(rerouted))) = spec.when(&reroute) else {
            panic!("it is re-routed")
        };
        assert_eq!(rerouted.due, due(&at_first, &old));
        // The tick was faster: the same command is decided anew, on a loop that counts by the new calendar.
        let apply = super::super::ApplyCalendar {
            calendars: reroute.calendars.clone(),
        };
        let spec = spec.done(&person("policy"), &apply);
        let Ok(Some(RoutingEvent::TensionRerouted(rerouted))) = spec.when(&reroute) else {
            panic!("it is re-routed")
        };
        assert_eq!(rerouted.due, due(&spec.clone().done(&person("carol"), &reroute), &new));
        assert_ne!(rerouted.due, due(&at_first, &old));
    }

    #[test]
    fn nothing_is_promised_by_a_calendar_that_the_loop_has_left() {
        let reroute = Reroute {
            to: department("technology"),
            from: None,
            why: sealed("devices"),
            episode: None,
            calendars: calendars(),
        };
        // Others were faster: when it is decided anew, the loop counts by what this command does not know.
        let spec = given::<Loop>()
            .event(&person("rosa"), IntakeEvent::from(filed("alder")))
            .event(&person("policy"), RoutingEvent::from(routed("curriculum")))
            .event(&person("policy"), RoutingEvent::from(brought_to_the_next_calendar()));
        assert_eq!(spec.when(&reroute), Err(Rejection::CalendarNotHere));
    }

    #[test]
    fn the_acknowledge_clock_starts_again_and_the_resolve_clock_goes_on() {
        let reroute = Reroute {
            to: department("technology"),
            from: None,
            why: sealed("devices"),
            episode: None,
            calendars: calendars(),
        };
        let spec = given::<Loop>()
            .event(&person("rosa"), IntakeEvent::from(filed("alder")))
            .event(&person("policy"), RoutingEvent::from(routed("curriculum")))
            .event(
                &person("marcus"),
                ResolutionEvent::from(CaseAcknowledged {
                    department: department("curriculum"),
                    word: sealed("w"),
                }),
            );
        let before = spec.state().record().expect("filed").time.resolve_from;
        let spec = spec.done(&person("carol"), &reroute);
        let record = spec.state().record().expect("filed");
        assert_eq!((record.state(), record.time.resolve_from), (LoopState::Routed, before));
        assert!(record.time.acknowledge_from > before);
        let there = Err(Rejection::AlreadyThere {
            department: department("technology"),
        });
        assert_eq!(spec.when(&reroute), there);
    }
}
