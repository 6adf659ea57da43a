//! Time has passed: the first thing that it brought about and that is not yet on record.

use chrono::{DateTime, Utc};
use contracts::events::RoutingEvent;
use contracts::events::routing::{
    ClosedUnconfirmed, DeadlineMissed, DueSoonNoticed, FollowUpAsked, Reminded, ReminderSent,
};
use decider::Decide;
use domain::clocks::Moment;
use domain::{Calendars, Loop, Rejection};

/// Looks at a loop's clocks.
#[derive(Debug, Clone)]
pub struct CheckClocks {
    /// The district's calendars: the loop's days are counted by one of them.
    pub calendars: Calendars,
}

impl Decide<Loop> for CheckClocks {
    type Event = RoutingEvent;
    type Rejection = Rejection;

    fn decide(&self, state: &Loop, now: DateTime<Utc>) -> Result<Option<RoutingEvent>, Rejection> {
        let record = state.filed()?;
        let calendar = self.calendars.to_count_by(record.time.calendar_version)?;
        let Some((at, moment)) = record.next_moment(calendar) else {
            return Ok(None);
        };
        if at > now {
            return Ok(None);
        }
        let revision = record.proposal.as_ref().map_or(0, |proposal| proposal.revision);
        let schools = record.unanswered_parts();
        Ok(Some(match moment {
            Moment::DueSoon(clock, due) => DueSoonNoticed { clock, due }.into(),
            Moment::Missed(clock, due) => DeadlineMissed {
                clock,
                due,
                department: record.with().map(|with| with.department),
            }
            .into(),
            Moment::Reminder(nth) => {
                let to = if nth < 3 { Reminded::Schools } else { Reminded::Contact };
                ReminderSent {
                    to,
                    schools,
                    nth,
                    revision,
                }
                .into()
            }
            Moment::Unconfirmed => ClosedUnconfirmed { schools, revision }.into(),
            Moment::FollowUp => FollowUpAsked {
                schools: record.follow_up_parts(),
            }
            .into(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::events::intake::{IntakeEvent, QuestionAnswered};
    use contracts::events::resolution::{QuestionAsked, ResolutionEvent, ResolutionProposed};
    use contracts::vocabulary::{Clock, LoopState, ResolutionKind};
    use decider::{Spec, given};
    use domain::samples::{brought_to_the_next_calendar, calendars, filed, person, routed, school, sealed};

    fn filed_and_routed() -> Spec<Loop> {
        given::<Loop>()
            .event(&person("rosa"), IntakeEvent::from(filed("alder")))
            .event(&person("policy"), RoutingEvent::from(routed("curriculum")))
    }

    fn check() -> CheckClocks {
        CheckClocks { calendars: calendars() }
    }

    /// All that a number of days brings about, in order.
    fn brought_about(spec: Spec<Loop>, days: i64) -> (Vec<RoutingEvent>, Spec<Loop>) {
        let mut spec = spec.days_pass(days);
        let mut events = Vec::new();
        while let Some(event) = spec.when(&check()).expect("time is not refused") {
            assert!(events.len() < 20, "it does not end: {events:?}");
            events.push(event.clone());
            spec = spec.event(&person("policy"), event);
        }
        (events, spec)
    }

    #[test]
    fn a_date_is_near_once_and_missed_once() {
        let (events, _) = brought_about(filed_and_routed(), 6);
        let kinds: Vec<bool> = events
            .iter()
            .map(|event| matches!(event, RoutingEvent::DeadlineMissed(_)))
            .collect();
        assert_eq!(kinds, [false, true], "{events:?}");
    }

    #[test]
    fn while_the_school_is_asked_nothing_is_late_and_resuming_is_not_late_either() {
        let spec = filed_and_routed().event(
            &person("marcus"),
            ResolutionEvent::from(QuestionAsked {
                school: school("alder"),
                question: sealed("q"),
            }),
        );
        let question = spec.last_id();
        let (events, spec) = brought_about(spec, 60);
        assert_eq!(events, []);
        let answered = QuestionAnswered {
            question,
            school: school("alder"),
            answer: sealed("a"),
        };
        let spec = spec.event(&person("rosa"), IntakeEvent::from(answered));
        let (events, _) = brought_about(spec, 0);
        assert_eq!(events, []);
    }

    #[test]
    fn a_proposal_nobody_answers_is_brought_up_and_then_closed_as_unconfirmed() {
        let spec = filed_and_routed().event(
            &person("marcus"),
            ResolutionEvent::from(ResolutionProposed {
                revision: 1,
                kind: ResolutionKind::Support,
                summary: sealed("s"),
                rationale: None,
                flexibility: None,
                promise: None,
                pattern: None,
            }),
        );
        let (events, spec) = brought_about(spec, 40);
        let told: Vec<Option<Reminded>> = events
            .iter()
            .map(|event| {
                if let RoutingEvent::ReminderSent(sent) = event {
                    return Some(sent.to);
                }
                assert!(matches!(event, RoutingEvent::ClosedUnconfirmed(_)), "{event:?}");
                None
            })
            .collect();
        assert_eq!(
            told,
            [
                Some(Reminded::Schools),
                Some(Reminded::Schools),
                Some(Reminded::Contact),
                None
            ]
        );
        let record = spec.state().record().expect("filed");
        assert_eq!((record.state(), record.is_unconfirmed()), (LoopState::Closed, true));
    }

    #[test]
    fn the_resolve_clock_is_counted_too() {
        let (events, _) = brought_about(filed_and_routed(), 60);
        assert!(
            events
                .iter()
                .any(|event| matches!(event, RoutingEvent::DeadlineMissed(missed) if missed.clock == Clock::Resolve))
        );
    }

    #[test]
    fn nothing_is_called_late_by_a_calendar_that_the_loop_has_left() {
        let spec = filed_and_routed().event(&person("policy"), RoutingEvent::from(brought_to_the_next_calendar()));
        assert_eq!(spec.days_pass(60).when(&check()), Err(Rejection::CalendarNotHere));
    }
}
