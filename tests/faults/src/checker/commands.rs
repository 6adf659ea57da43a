//! I1 and I2: what was acknowledged stands once, as it was sent; what was refused does not; nothing else was added.

use std::collections::HashSet;

use contracts::envelope::Actor;
use contracts::sealed::KeyId;
use contracts::subjects::{Subject, Thing};
use contracts::versions::parse_type;

use super::{Case, Invariant, Logged, Violation};
use crate::history::{Operation, Outcome};

/// The events that an action can bring about.
pub fn events_of(action: &str) -> &'static [&'static str] {
    match action {
        "file" => &["intake.tension_filed"],
        "amend" => &["intake.tension_amended"],
        "join" => &["intake.school_joined"],
        "leave" => &["intake.school_left"],
        "hand-on" => &["intake.handed_on"],
        "answer" => &["intake.question_answered"],
        // Where other schools are in it, one that withdraws leaves.
        "withdraw" => &["intake.tension_withdrawn", "intake.school_left"],
        "confirm" => &["intake.outcome_confirmed"],
        "refuse" => &["intake.outcome_refused"],
        "appeal" => &["intake.appealed"],
        "follow-up" => &["intake.follow_up_recorded"],
        "route" => &["routing.tension_routed"],
        "reroute" => &["routing.tension_rerouted"],
        "collaborate" => &["routing.collaborator_added"],
        "escalate" => &["routing.escalated"],
        "decide" => &["routing.escalation_decided", "resolution.team_decided"],
        "change-due" => &["routing.due_dates_changed"],
        "acknowledge" => &["resolution.case_acknowledged"],
        "assign" => &["resolution.staff_assigned"],
        "ask" => &["resolution.question_asked"],
        "note" => &["resolution.note_added"],
        "put-before-team" => &["resolution.put_before_team"],
        "propose" => &["resolution.resolution_proposed", "resolution.resolution_revised"],
        "decline" => &["resolution.case_declined"],
        "withdraw-resolution" => &["resolution.resolution_withdrawn"],
        "correct-rule" => &["resolution.rule_corrected"],
        "contest" => &["ledger.statement_attached"],
        "erase" => &["ledger.erased"],
        "hold" => &["ledger.hold_placed"],
        "lift-hold" => &["ledger.hold_lifted"],
        "disclose" => &["ledger.record_disclosed"],
        "state-answer" => &["resolution.grant_completed", "resolution.grant_failed"],
        "write-down" => &["flexibility.flexibility_recorded"],
        "revoke" => &["flexibility.flexibility_revoked"],
        "publish-rationale" => &["flexibility.rationale_published"],
        "claim" => &["flexibility.precedent_claimed"],
        "change-conditions" => &["flexibility.conditions_changed"],
        "propose-revision" => &["flexibility.policy_revision_proposed"],
        "decide-revision" => &["flexibility.policy_revision_decided"],
        "open-review" => &["flexibility.review_opened"],
        "examine-clause" => &["flexibility.clause_examined"],
        "conclude-review" => &["flexibility.review_concluded"],
        _ => &[],
    }
}

/// What an operation is done to.
fn subject_of(operation: &Operation) -> Subject {
    let thing = Thing::ALL.iter().copied().find(|thing| thing.token() == operation.of);
    Subject::new(&operation.district, thing.unwrap_or(Thing::Loop), operation.thing.0)
}

/// Checks every operation, and that nothing stands that nobody asked for.
pub fn check(case: &Case<'_>, violations: &mut Vec<Violation>) {
    let mut asked = HashSet::new();
    for operation in &case.operations {
        let mut add = |invariant, what: String| {
            let (client, action, key) = (&operation.client, &operation.action, &operation.key);
            violations.push(Violation {
                invariant,
                what: format!(
                    "{client}'s {action} on {} under the key {key} (command {}): {what}",
                    operation.thing, operation.command
                ),
            });
        };
        if !asked.insert(operation.command) {
            add(Invariant::OneAnswer, "two operations share a command".to_owned());
        }
        let found = case.by_command.get(&operation.command).map_or(&[][..], Vec::as_slice);
        match (&operation.outcome, found) {
            (Outcome::Acknowledged { version }, [only]) => {
                if only.sequence != *version {
                    let what = format!("acknowledged at {version}, and stands at {}", only.sequence);
                    add(Invariant::OnceInTheLog, what);
                }
            }
            (Outcome::Acknowledged { version }, []) => {
                add(
                    Invariant::OnceInTheLog,
                    format!("acknowledged at {version}, and not in the log"),
                );
            }
            (Outcome::Acknowledged { .. }, several) => {
                add(Invariant::OnceInTheLog, format!("in the log at {:?}", places(several)));
            }
            (Outcome::Refused { status, problem }, [first, ..]) => {
                let what = format!("refused ({status} {problem}), and in the log at {}", first.sequence);
                add(Invariant::OneAnswer, what);
            }
            (Outcome::Unknown, several @ [_, _, ..]) => {
                add(Invariant::OneAnswer, format!("in the log at {:?}", places(several)));
            }
            (Outcome::Refused { .. }, []) | (Outcome::Unknown, [] | [_]) => {}
        }
        for logged in found {
            for what in differences(case, operation, logged) {
                add(Invariant::OnceInTheLog, what);
            }
        }
        for repeat in &operation.repeats {
            let settled = matches!(operation.outcome, Outcome::Acknowledged { .. });
            if settled && *repeat != Outcome::Unknown && *repeat != operation.outcome {
                let what = format!("first answered {:?}, and then {repeat:?}", operation.outcome);
                add(Invariant::OneAnswer, what);
            }
        }
        told_what_happened(case, operation, &mut add);
    }
    for logged in &case.evidence.log {
        let Some(event) = &logged.event else { continue };
        let by_person = matches!(event.envelope.actor, Actor::Person(_));
        let new = logged.sequence > case.evidence.before;
        if new && by_person && !asked.contains(&event.envelope.commandid) && !case.is_spoilt(logged) {
            violations.push(Violation {
                invariant: Invariant::OnceInTheLog,
                what: format!(
                    "the event at {} on {} is of a command that nobody gave ({})",
                    logged.sequence, logged.subject, event.envelope.commandid
                ),
            });
        }
    }
}

fn places(several: &[&Logged]) -> Vec<u64> {
    several.iter().map(|logged| logged.sequence).collect()
}

/// In what an operation's event is not what was sent.
fn differences(case: &Case<'_>, operation: &Operation, logged: &Logged) -> Vec<String> {
    let Some(event) = &logged.event else {
        return Vec::new();
    };
    let mut wrong = Vec::new();
    let at = logged.sequence;
    let subject = subject_of(operation);
    if event.subject != subject || logged.subject != subject.to_string() {
        wrong.push(format!("its event at {at} stands under {}", logged.subject));
    }
    let envelope = &event.envelope;
    let kind = parse_type(&envelope.event_type).map(|(service, name, _)| format!("{service}.{name}"));
    if !kind.is_some_and(|kind| events_of(&operation.action).contains(&kind.as_str())) {
        wrong.push(format!("its event at {at} is a {}", envelope.event_type));
    }
    if envelope.actor != Actor::Person(operation.person) {
        wrong.push(format!("its event at {at} is by {}", envelope.actor));
    }
    if envelope.requesthash != operation.request_hash {
        wrong.push(format!("its event at {at} is of another request"));
    }
    // A decision is recorded with the words it is about; what was said stands among them, whatever the field is called.
    let said = |text: &String| logged.words.values().any(|word| word == text);
    // What was erased since says so wherever it stands, and nothing else does.
    let data: serde_json::Value = serde_json::from_str(envelope.data.get()).unwrap_or_default();
    let is_erased = |field: &str| {
        let key = data.get(field).and_then(|text| text.get("key")?.as_str()?.parse().ok());
        key.is_some_and(|key: KeyId| case.erased.contains(&key))
    };
    let mut expected = operation.texts.clone();
    for (field, words) in &mut expected {
        if is_erased(field) {
            sealing::ERASED.clone_into(words);
        }
    }
    let as_sent = if operation.of == "loop" {
        logged.words == expected
    } else {
        expected.values().all(said)
    };
    if !as_sent {
        wrong.push(format!(
            "its event at {at} holds the words {:?}, and {:?} were sent",
            logged.words, operation.texts
        ));
    }
    // Which texts to erase is said by names, and recorded with their keys.
    let facts = operation.facts.iter().filter(|(name, _)| *name != "texts");
    for (name, sent) in facts {
        if let Some(stands) = data.get(name)
            && stands != sent
        {
            wrong.push(format!("its event at {at} holds {name} {stands}, and {sent} was sent"));
        }
    }
    wrong
}

/// Who was refused for a stale version knew one, and was told only of what came after it; and nobody with a token that
/// holds is sent away as unknown, or hears of a defect.
fn told_what_happened(case: &Case<'_>, operation: &Operation, add: &mut impl FnMut(Invariant, String)) {
    let Outcome::Refused { status, problem } = &operation.outcome else {
        return;
    };
    if matches!(status, 401 | 500..) {
        add(Invariant::OneAnswer, format!("answered {status} {problem}"));
    }
    if *status != 412 {
        return;
    }
    let known = operation.based_on.unwrap_or(0);
    let subject = subject_of(operation).to_string();
    let later: Vec<u64> = case
        .evidence
        .log
        .iter()
        .filter(|logged| logged.subject == subject)
        .map(|logged| logged.sequence)
        .filter(|at| *at > known)
        .collect();
    if later.is_empty() || !operation.since.iter().all(|at| later.contains(at)) {
        let what = format!("refused as stale (knew {known}), told of {:?}", operation.since);
        add(Invariant::OneAnswer, what);
    }
}
