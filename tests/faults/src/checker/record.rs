//! I4: each loop's record is legal, unbroken, and every id in it follows from what caused it.

use std::collections::{HashMap, HashSet};

use contracts::envelope::Actor;
use contracts::events::{LoopEvent, ResolutionEvent};
use contracts::ids::{CommandId, EventId, LoopId};
use contracts::subjects::Thing;
use domain::{Fold, Loop, legal};
use uuid::Uuid;

use super::{Case, Invariant, Logged, Violation};

/// The policy that routes what was filed.
const ROUTES: &str = "when_tension_filed_then_route";
/// Policies that react to an event, by name, and to which.
const REACTIONS: [(&str, &str); 2] = [(ROUTES, "tension_filed"), ("when_appealed_then_escalate", "appealed")];
/// The policy that says on a loop what the register granted or could not.
const GRANTS: &str = "when_granted_then_say_so";
/// Policies that answer loops because of something else, and what that is.
const FROM_OFFICE: [(&str, Thing); 2] = [
    ("when_revision_adopted_then_change_the_rule", Thing::Pattern),
    ("when_state_answered_then_say_so", Thing::Waiver),
];
/// The most loops that one decision answers, and the change itself.
const ANSWERS_MAX: u32 = 501;
/// The tick that tells loops what became of what they rest on.
const TELLS: &str = "when_time_passes_then_tell_loops";
/// What only time brings about, by the policy's name and the word in the ids of its commands.
const TIMES: [(&str, &str); 2] = [
    ("when_time_passes_then_clock", "clock"),
    ("when_time_passes_then_calendar", "calendar"),
];

/// Checks every loop, and that no event and no sequence comes twice.
pub fn check(case: &Case<'_>, violations: &mut Vec<Violation>) {
    let mut add = |what: String| {
        violations.push(Violation {
            invariant: Invariant::LegalRecord,
            what,
        });
    };
    let mut ids: HashMap<EventId, u64> = HashMap::new();
    let mut before = 0;
    for logged in &case.evidence.log {
        if logged.sequence <= before {
            add(format!("the sequence {} comes after {before}", logged.sequence));
        }
        before = logged.sequence;
        match &logged.event {
            _ if case.is_spoilt(logged) => {}
            Some(event) => {
                if let Some(first) = ids.insert(event.envelope.id, logged.sequence) {
                    add(format!("one event stands at {first} and at {}", logged.sequence));
                }
                if event.envelope.id != EventId::of(event.envelope.commandid, &logged.subject) {
                    add(format!(
                        "the id of the event at {} is not its command's",
                        logged.sequence
                    ));
                }
            }
            None => add(format!("the message at {} is no event", logged.sequence)),
        }
    }
    let mut last: HashMap<&str, u64> = HashMap::new();
    for logged in &case.evidence.log {
        let Some(event) = &logged.event else { continue };
        if event.subject.thing == Thing::Loop || case.is_spoilt(logged) {
            continue;
        }
        let previous = last.insert(&logged.subject, logged.sequence).unwrap_or(0);
        if event.envelope.previous != previous {
            add(format!(
                "the event at {} of {} follows {}, and {previous} is the one before",
                logged.sequence, logged.subject, event.envelope.previous
            ));
        }
    }
    for (id, events) in &case.by_loop {
        if events.iter().any(|logged| case.is_spoilt(logged)) {
            continue;
        }
        check_loop(case, *id, events, &mut add);
    }
}

fn check_loop(case: &Case<'_>, id: LoopId, events: &[&Logged], add: &mut impl FnMut(String)) {
    let mut state = Loop::default();
    let mut previous = 0;
    let mut time = None;
    let mut routed = 0;
    let mut caused: HashSet<(EventId, String)> = HashSet::new();
    for (nth, logged) in events.iter().enumerate() {
        let Some(event) = &logged.event else { continue };
        let (at, envelope) = (logged.sequence, &event.envelope);
        if envelope.previous != previous {
            add(format!(
                "the event at {at} of {id} follows {}, and {previous} is the one before",
                envelope.previous
            ));
        }
        if time > Some(envelope.time) {
            add(format!("the event at {at} of {id} is older than the one before"));
        }
        time = Some(envelope.time);
        let read = match LoopEvent::read(envelope) {
            Ok(read) => read,
            Err(error) => {
                add(format!("the event at {at} of {id} cannot be read: {error}"));
                return;
            }
        };
        if envelope.source != format!("/loopline/{}", read.owner()) {
            add(format!("the event at {at} of {id} comes from {}", envelope.source));
        }
        let stands = state.record().map(domain::LoopRecord::state);
        if !legal::is_legal(stands, read.kind()) {
            add(format!("{} at {at} of {id} is not legal in {stands:?}", read.kind()));
        }
        match &envelope.actor {
            Actor::Person(_) => {
                if envelope.causationid.is_some() {
                    add(format!("a person's event at {at} of {id} names a cause"));
                }
                if nth == 0 && envelope.commandid.0 != id.0 {
                    add(format!(
                        "the filing at {at} is not of the command that {id} is named by"
                    ));
                }
            }
            Actor::Policy(name) => {
                routed += u32::from(name == ROUTES);
                let since = state
                    .record()
                    .and_then(|record| record.proposal.as_ref())
                    .map_or(0, |proposal| proposal.rests_since);
                if let Some(what) = policy_trouble(case, name, id, (previous, since), &events[..nth], logged) {
                    add(format!("the event at {at} of {id} by {name} {what}"));
                }
                if let Some(cause) = envelope.causationid
                    && !caused.insert((cause, name.clone()))
                {
                    add(format!(
                        "the event at {at} of {id} is {name}'s second because of one event"
                    ));
                }
            }
        }
        state.evolve(&event.meta(), &read);
        previous = at;
    }
    match state.record() {
        None => add(format!("{id} was never filed")),
        Some(record) if routed == 0 && !record.is_ended() && record.with().is_none() => {
            add(format!("{id} was never routed"));
        }
        Some(_) if routed > 1 => add(format!("{id} was routed {routed} times for one filing")),
        Some(_) => {}
    }
}

/// What is wrong with a policy's event.
fn policy_trouble(
    case: &Case<'_>,
    name: &str,
    id: LoopId,
    (previous, since): (u64, u64),
    before: &[&Logged],
    logged: &Logged,
) -> Option<String> {
    let envelope = &logged.event.as_ref()?.envelope;
    // What stands in the register, and stood there before this.
    let in_register = |event: EventId| {
        case.evidence.log.iter().any(|earlier| {
            earlier.sequence < logged.sequence
                && earlier
                    .event
                    .as_ref()
                    .is_some_and(|earlier| earlier.envelope.id == event && earlier.subject.thing == Thing::Flexibility)
        })
    };
    if name == GRANTS {
        let follows = envelope.causationid.is_some_and(|cause| {
            in_register(cause) && envelope.commandid == CommandId::of_policy(cause, &format!("{name}/0"))
        });
        return (!follows).then(|| "does not follow from what the register says".to_owned());
    }
    if let Some((_, of)) = FROM_OFFICE.iter().find(|(policy, _)| *policy == name) {
        let follows = envelope.causationid.is_some_and(|cause| {
            let caused = case.evidence.log.iter().any(|earlier| {
                earlier.sequence < logged.sequence
                    && earlier
                        .event
                        .as_ref()
                        .is_some_and(|earlier| earlier.envelope.id == cause && earlier.subject.thing == *of)
            });
            caused
                && (0..=ANSWERS_MAX)
                    .any(|nth| envelope.commandid == CommandId::of_policy(cause, &format!("{name}/{nth}")))
        });
        return (!follows).then(|| "does not follow from what the office decided".to_owned());
    }
    if name == TELLS {
        let told = match LoopEvent::read(envelope) {
            Ok(LoopEvent::Resolution(ResolutionEvent::FlexibilityChanged(changed))) => Some(changed.event),
            Ok(_) | Err(_) => None,
        };
        let follows = told.is_some_and(|event| {
            in_register(event)
                && envelope.commandid == CommandId(Uuid::new_v5(&id.0, format!("turn/{event}/{since}").as_bytes()))
        });
        return (!follows).then(|| "tells what the register does not say".to_owned());
    }
    if let Some((_, word)) = TIMES.iter().find(|(policy, _)| *policy == name) {
        let derived = CommandId(Uuid::new_v5(&id.0, format!("{word}/{previous}").as_bytes()));
        return (envelope.commandid != derived || envelope.causationid.is_some())
            .then(|| "does not follow from the version before".to_owned());
    }
    let Some((_, reacts_to)) = REACTIONS.iter().find(|(policy, _)| *policy == name) else {
        return Some("is of a policy that is not ours".to_owned());
    };
    let Some(cause) = envelope.causationid else {
        return Some("names no cause".to_owned());
    };
    let found = before
        .iter()
        .filter_map(|earlier| earlier.event.as_ref())
        .find(|earlier| earlier.envelope.id == cause);
    match found {
        None => Some(format!("names a cause that is not before it ({cause})")),
        Some(earlier) if !LoopEvent::read(&earlier.envelope).is_ok_and(|event| event.kind() == *reacts_to) => {
            Some(format!("names a {} as its cause", earlier.envelope.event_type))
        }
        Some(_) if envelope.commandid != CommandId::of_policy(cause, &format!("{name}/0")) => {
            Some("is of a command that does not follow from its cause".to_owned())
        }
        Some(_) => None,
    }
}
