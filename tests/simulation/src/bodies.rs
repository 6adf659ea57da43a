//! What is said with a deed: bodies as they come from outside, made from what the person saw of the loop.

use chrono::{DateTime, Days, NaiveDate, Utc};
use contracts::Action;
use contracts::claims::Claims;
use contracts::ids::{CommandId, SchoolId};
use contracts::vocabulary::{LoopState, ResolutionKind, Role};
use domain::LoopRecord;
use serde_json::{Map, Value, json};

use crate::dice::Dice;
use crate::roster::{DEPARTMENTS, Plan};

/// A body with the school it speaks for.
#[derive(Debug)]
pub struct Said {
    /// The body.
    pub body: Value,
    /// The school, where it can be only one.
    pub school: Option<SchoolId>,
}

/// A filing; `earlier` are loops it may be linked to.
pub fn filing(claims: &Claims, earlier: &[CommandId], today: NaiveDate, dice: &mut Dice) -> Said {
    let area = dice.weighted(&[
        ("seat_time", 5),
        ("grading", 3),
        ("technology_access", 3),
        ("facilities", 2),
    ]);
    let visibility = dice.weighted(&[("joinable", 20), ("school_only", 1), ("confidential", 1)]);
    let mut body = Map::new();
    body.insert("title".to_owned(), json!("Fixed times"));
    body.insert("trying".to_owned(), json!("Let classes end when work is done"));
    let barrier = if dice.chance(150) { "the bells ring" } else { "a rule" };
    body.insert("barrier".to_owned(), json!(barrier));
    body.insert("kind".to_owned(), json!("policy"));
    body.insert("area".to_owned(), json!(area));
    body.insert("visibility".to_owned(), json!(visibility));
    if dice.chance(600) {
        body.insert("rule_source".to_owned(), json!("board_policy"));
        let cited = if dice.chance(700) { "Policy 3420" } else { "Policy 5120" };
        body.insert("citation".to_owned(), json!(cited));
    }
    if dice.chance(200) {
        body.insert("urgency".to_owned(), json!("blocking_now"));
    }
    if dice.chance(150) {
        body.insert("needed_by".to_owned(), json!(today + Days::new(dice.below(90) as u64)));
    }
    if let Some(earlier) = dice.pick(earlier)
        && dice.chance(400)
    {
        body.insert("linked_to".to_owned(), json!(earlier));
    }
    let school = speaks_for(claims, None, true, &mut body, dice);
    Said {
        body: Value::Object(body),
        school,
    }
}

/// The school, named in the body where that is needed; sometimes it is left out although it is.
fn speaks_for(
    claims: &Claims,
    record: Option<&LoopRecord>,
    always: bool,
    body: &mut Map<String, Value>,
    dice: &mut Dice,
) -> Option<SchoolId> {
    let own: Vec<SchoolId> = claims.schools.iter().copied().collect();
    let inside: Vec<SchoolId> = own
        .iter()
        .copied()
        .filter(|school| record.is_some_and(|record| record.is_in(*school)))
        .collect();
    let school = dice.pick(if inside.is_empty() { &own } else { &inside }).copied()?;
    if own.len() == 1 && !dice.chance(300) {
        return Some(school);
    }
    if own.len() > 1 && !always && dice.chance(250) {
        return None;
    }
    if claims.has(Role::Reporter) {
        body.insert("school".to_owned(), json!(school));
    }
    Some(school)
}

/// What is said with an action on a loop.
pub fn action(
    what: Action,
    claims: &Claims,
    record: &LoopRecord,
    plan: &Plan,
    now: DateTime<Utc>,
    dice: &mut Dice,
) -> Said {
    let mut body = Map::new();
    let mut school = None;
    let mut put = |name: &str, value: Value| {
        body.insert(name.to_owned(), value);
    };
    let day = |days: i64| now.date_naive() + Days::new(days.unsigned_abs());
    match what {
        Action::File | Action::Leave => {}
        Action::Amend => {
            put("tried", json!("asking around"));
            if dice.chance(100) {
                put("visibility", json!("confidential"));
            }
        }
        Action::Join => {
            if dice.chance(300) {
                put("how_it_meets_us", json!("the same way"));
            }
            let outside: Vec<SchoolId> = claims
                .schools
                .iter()
                .copied()
                .filter(|school| !record.is_in(*school))
                .collect();
            school = dice.pick(&outside).copied().or_else(|| claims.schools.first().copied());
            if let Some(school) = school
                && (claims.schools.len() > 1 || dice.chance(300))
            {
                put("school", json!(school));
            }
        }
        Action::HandOn => {
            let to: Vec<_> = plan
                .people
                .iter()
                .filter(|person| person.schools.iter().any(|school| claims.schools.contains(school)))
                .collect();
            put("to", json!(dice.pick(&to).map_or(claims.person, |to| to.person)));
        }
        Action::Answer => {
            put("answer", json!("It is so."));
            let mine = record
                .questions
                .iter()
                .find(|(_, question)| claims.schools.contains(&question.school));
            if let Some((id, question)) = mine {
                school = Some(question.school);
                put("school", json!(question.school));
                if dice.chance(700) {
                    put("question", json!(id));
                }
            }
        }
        Action::Confirm => revision(record, &mut put, dice),
        Action::Refuse => {
            put("why", json!("it does not work"));
            revision(record, &mut put, dice);
        }
        Action::Withdraw => episode(record, &mut put, dice),
        Action::Appeal => {
            put("why", json!("look again"));
            episode(record, &mut put, dice);
        }
        Action::FollowUp => put("still_works", json!(dice.chance(450))),
        Action::Route | Action::Collaborate => put("department", json!(dice.pick(&DEPARTMENTS))),
        Action::Reroute => {
            put("department", json!(dice.pick(&DEPARTMENTS)));
            put("why", json!("it is theirs"));
            episode(record, &mut put, dice);
        }
        Action::Escalate => {
            put("to", json!(if dice.chance(400) { "leader" } else { "contact" }));
            put("why", json!("it is stuck"));
        }
        Action::DecideEscalation | Action::DecideTeam => {
            put("decision", json!("So be it."));
            let outcome = dice.weighted(&[("overturn", 5), ("uphold", 4), ("", 1)]);
            if let Some(outcome) = outcome.filter(|outcome| !outcome.is_empty()) {
                put("outcome", json!(outcome));
            }
            let open = if what == Action::DecideTeam {
                record.matter.as_ref().map(|matter| matter.id)
            } else {
                record.escalation.as_ref().map(|escalation| escalation.id)
            };
            if let Some(open) = open.filter(|_| dice.chance(500)) {
                put("regarding", json!(open));
            }
        }
        Action::ChangeDue => {
            put("resolve", json!(day(dice.between(2, 60))));
            put("why", json!("the board meets then"));
        }
        Action::Acknowledge => {
            put("word", json!("We have it."));
            episode(record, &mut put, dice);
        }
        Action::Assign => {
            let colleagues: Vec<_> = plan
                .people
                .iter()
                .filter(|person| {
                    record
                        .with()
                        .is_some_and(|with| person.departments.contains(&with.department))
                })
                .collect();
            put(
                "person",
                json!(dice.pick(&colleagues).map_or(claims.person, |one| one.person)),
            );
        }
        Action::Ask => {
            put("question", json!("Which classes?"));
            let open: Vec<SchoolId> = record.open_parts().collect();
            if let Some(asked) = dice.pick(&open)
                && dice.chance(700)
            {
                put("school", json!(asked));
            }
            episode(record, &mut put, dice);
        }
        Action::Note => {
            put("text", json!("A word."));
            put("shared", json!(dice.chance(700)));
        }
        Action::PutBeforeTeam => {
            put("team", json!("The council"));
            put("question", json!("May we?"));
        }
        Action::Propose => {
            let kind = dice.weighted(&[
                (ResolutionKind::Support, 5),
                (ResolutionKind::StateWaiver, 5),
                (ResolutionKind::DistrictChange, 4),
                (ResolutionKind::Pilot, 1),
            ]);
            put("kind", json!(kind));
            put("summary", json!("From now on it is allowed."));
            episode(record, &mut put, dice);
        }
        Action::Decline => {
            put("reason", json!("it must stay"));
            if dice.chance(500) {
                put("ground", json!("non_negotiable"));
            } else {
                put("ground", json!("not_now"));
                put("review_on", json!(day(dice.between(1, 200))));
            }
            episode(record, &mut put, dice);
        }
        Action::WithdrawResolution => put("why", json!("it was wrong")),
        Action::CorrectRule => {
            put("rule", json!({"source": "habit"}));
            put("title", json!("It is our own habit."));
            put("text", json!("Nothing forbids it."));
        }
        Action::StateAnswer => put("granted", json!(dice.chance(600))),
        Action::Contest => put("text", json!("It was otherwise.")),
        Action::Erase => {
            put("texts", json!(["all"]));
            put("ground", json!("wrong_place"));
            put("why", json!("asked for"));
        }
        Action::Hold => put("why", json!("a request is open")),
        Action::LiftHold => {
            if let Some(hold) = record.custody.holds.keys().next()
                && dice.chance(700)
            {
                put("hold", json!(hold));
            }
        }
        Action::Disclose => {
            put("form", json!(if dice.chance(500) { "public" } else { "auditor" }));
            put("to", json!("whoever asked"));
        }
    }
    let for_a_school = matches!(
        what,
        Action::Leave
            | Action::HandOn
            | Action::Withdraw
            | Action::Confirm
            | Action::Refuse
            | Action::Appeal
            | Action::FollowUp
    );
    if for_a_school {
        school = speaks_for(claims, Some(record), false, &mut body, dice);
    } else if what == Action::Amend {
        school = Some(record.filed_for);
    }
    Said {
        body: Value::Object(body),
        school,
    }
}

fn episode(record: &LoopRecord, put: &mut impl FnMut(&str, Value), dice: &mut Dice) {
    if dice.chance(500) {
        put("episode", json!(record.episode));
    }
}

fn revision(record: &LoopRecord, put: &mut impl FnMut(&str, Value), dice: &mut Dice) {
    let current = record.proposal.as_ref().map(|proposal| proposal.revision);
    if let Some(current) = current.filter(|_| record.state() < LoopState::Closed && dice.chance(700)) {
        put("revision", json!(current));
    }
}
