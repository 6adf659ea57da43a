//! I7: nothing of one district reaches another.

use std::collections::HashMap;

use contracts::envelope::Actor;
use contracts::ids::{District, LoopId};
use contracts::subjects::Thing;
use uuid::Uuid;

use super::{Case, Invariant, Violation};
use crate::history::{Outcome, Seen};

/// Checks attempts across the wall, everything that was read, and who acted where.
pub fn check(case: &Case<'_>, violations: &mut Vec<Violation>) {
    let mut add = |what: String| {
        violations.push(Violation {
            invariant: Invariant::DistrictsApart,
            what,
        });
    };
    for operation in case.operations.iter().filter(|operation| operation.foreign) {
        let hidden = matches!(
            &operation.outcome,
            Outcome::Unknown | Outcome::Refused { status: 404, .. }
        );
        if !hidden {
            add(format!(
                "{} of {} tried {} on another district's {} and was told {:?}",
                operation.session, operation.district, operation.action, operation.thing, operation.outcome
            ));
        }
    }
    for read in &case.reads {
        let shown: Vec<LoopId> = match &read.seen {
            Seen::Loop { id, .. } | Seen::Timeline { id, .. } | Seen::Change { id, .. } => vec![*id],
            Seen::List { items, .. } => items.iter().map(|(id, _)| *id).collect(),
            Seen::Absent { .. } => Vec::new(),
        };
        for id in shown {
            match case.district_of.get(&id) {
                Some(district) if *district == read.district => {}
                Some(district) => add(format!(
                    "{} of {} was shown {id} of {district}",
                    read.session, read.district
                )),
                None => add(format!("{} was shown {id}, which is not in the log", read.session)),
            }
        }
    }
    let homes = homes(case);
    for logged in &case.evidence.log {
        let Some(event) = &logged.event else { continue };
        if event.envelope.district != event.subject.district {
            add(format!("the event at {} names another district", logged.sequence));
        }
        let Actor::Person(person) = event.envelope.actor else {
            continue;
        };
        if let Some(home) = homes.get(&person.0)
            && **home != event.subject.district
        {
            add(format!("the event at {} is by a person of {home}", logged.sequence));
        }
    }
}

/// The district of each person on record.
fn homes<'a>(case: &Case<'a>) -> HashMap<Uuid, &'a District> {
    case.evidence
        .log
        .iter()
        .filter_map(|logged| logged.event.as_ref())
        .filter(|event| event.subject.thing == Thing::Person)
        .map(|event| (event.subject.id, &event.subject.district))
        .collect()
}
