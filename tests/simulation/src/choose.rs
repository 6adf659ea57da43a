//! Who does what next: mostly whoever has the next step, what the loop leaves open; sometimes anybody anything.

use std::sync::Arc;

use contracts::Action;
use contracts::claims::Claims;
use contracts::queries::Holder;
use contracts::vocabulary::{LoopState, Role};
use domain::LoopRecord;
use domain::district_loop::Grant;

use crate::dice::Dice;
use crate::roster::Plan;

/// What kind of district a world has.
#[derive(Debug, Clone, Copy)]
pub struct Temper {
    /// How readily schools join.
    pub joins: u32,
    /// How readily schools say no.
    pub refuses: u32,
    /// How often schools do not answer at all, in 1000.
    pub silent: u32,
}

/// Somebody of the district who may do something about this loop.
pub fn person<'a>(plan: &'a Plan, record: &LoopRecord, dice: &mut Dice) -> Option<&'a Arc<Claims>> {
    let fitting: Vec<&Arc<Claims>> = if dice.chance(620) {
        let holder = record.holder();
        let has = |claims: &&Arc<Claims>| has_it(claims, record, &holder);
        plan.people.iter().filter(has).collect()
    } else if dice.chance(600) {
        // Somebody who has or had to do with it.
        plan.people
            .iter()
            .filter(|claims| {
                claims.schools.iter().any(|school| record.parts.contains_key(school))
                    || claims
                        .departments
                        .iter()
                        .any(|department| record.had_by.contains(department))
                    || claims.has(Role::Contact)
            })
            .collect()
    } else {
        Vec::new()
    };
    match dice.pick(&fitting) {
        Some(one) => Some(*one),
        None => dice.pick(&plan.people),
    }
}

fn has_it(claims: &Claims, record: &LoopRecord, holder: &Holder) -> bool {
    match holder {
        Holder::Nobody => claims.schools.iter().any(|school| record.is_in(*school)),
        Holder::Router | Holder::Contact => claims.has(Role::Contact),
        Holder::School { schools } => schools.iter().any(|school| claims.schools.contains(school)),
        Holder::Department { department } => claims.departments.contains(department),
        Holder::Leader => claims.has(Role::Leader),
        Holder::Team { team } => claims.teams.contains(team),
        Holder::State => {
            claims.has(Role::Contact)
                || record
                    .with()
                    .is_some_and(|with| claims.departments.contains(&with.department))
        }
    }
}

/// What this person does now.
pub fn action(claims: &Claims, record: &LoopRecord, temper: Temper, dice: &mut Dice) -> Option<Action> {
    if dice.chance(90) {
        return dice.pick(&Action::ALL[1..]).copied();
    }
    let mut offered: Vec<(Action, u32)> = record
        .offers(claims)
        .into_iter()
        .map(|action| (action, weight(action, record, temper)))
        .collect();
    // What can be tried although no page offers it.
    let had = claims
        .departments
        .iter()
        .any(|department| record.had_by.contains(department));
    if had && offered.iter().all(|(action, _)| *action != Action::Acknowledge) {
        offered.push((Action::Acknowledge, 3));
        offered.push((Action::Propose, 2));
    }
    if record.state() == LoopState::Closed && claims.has(Role::Reporter) {
        offered.push((Action::Join, 4));
    }
    if matches!(&record.proposal, Some(proposal) if proposal.grant == Grant::Awaited) && claims.has(Role::Reporter) {
        offered.push((Action::Confirm, 3));
    }
    dice.weighted(&offered)
}

fn weight(action: Action, record: &LoopRecord, temper: Temper) -> u32 {
    match action {
        Action::File => 0,
        Action::Amend
        | Action::HandOn
        | Action::Leave
        | Action::Withdraw
        | Action::Escalate
        | Action::Contest
        | Action::Erase
        | Action::Hold
        | Action::LiftHold
        | Action::Disclose => 1,
        Action::Note | Action::Collaborate | Action::ChangeDue | Action::WithdrawResolution | Action::CorrectRule => 2,
        Action::Assign | Action::PutBeforeTeam | Action::Decline | Action::Reroute => 3,
        Action::Ask => 5,
        // States take their time: dates pass while they are waited for.
        Action::StateAnswer => 4,
        Action::Join => temper.joins,
        Action::Refuse => temper.refuses,
        Action::FollowUp => 6,
        Action::Appeal | Action::Acknowledge | Action::DecideTeam => 12,
        Action::Answer | Action::Confirm | Action::Route | Action::DecideEscalation => 14,
        // Revisions are rarer than first answers.
        Action::Propose => {
            if record.proposal.is_some() {
                3
            } else {
                10
            }
        }
    }
}
