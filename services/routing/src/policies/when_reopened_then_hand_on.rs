//! A loop that had ended is open again: somebody may have left meanwhile who spoke in it.

use contracts::envelope::Recorded;
use contracts::events::{IntakeEvent, LoopEvent};
use contracts::subjects::Thing;
use contracts::versions::Unreadable;
use messaging::{Policy, PolicyCommand};

/// Looks at who speaks in a loop that opens again: what had ended was not handed on when they left. Routing follows what
/// happens to loops anyway; intake follows people, whose loops it hands on.
pub const WHEN_REOPENED_THEN_HAND_ON: Policy = Policy {
    name: "when_reopened_then_hand_on",
    of: &[Thing::Loop],
    react,
    expected: &[],
};

fn react(recorded: &Recorded) -> Result<Vec<PolicyCommand>, Unreadable> {
    if recorded.subject.thing != Thing::Loop {
        return Ok(Vec::new());
    }
    let reopens = match LoopEvent::read(&recorded.envelope)? {
        LoopEvent::Intake(IntakeEvent::Appealed(_)) => true,
        LoopEvent::Intake(IntakeEvent::FollowUpRecorded(said)) => said.reopens,
        LoopEvent::Intake(_) | LoopEvent::Routing(_) | LoopEvent::Resolution(_) | LoopEvent::Custody(_) => false,
    };
    Ok(reopens
        .then(|| PolicyCommand {
            service: "intake",
            verb: "hand-on-in",
            district: recorded.subject.district.clone(),
            thing: recorded.subject.id,
            body: serde_json::json!({"since": recorded.sequence}),
        })
        .into_iter()
        .collect())
}
