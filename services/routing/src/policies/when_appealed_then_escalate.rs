//! A school appealed a decline: the contact has it.

use contracts::envelope::Recorded;
use contracts::events::{IntakeEvent, LoopEvent};
use contracts::subjects::Thing;
use contracts::versions::Unreadable;
use messaging::{Policy, PolicyCommand};

/// Escalates every appeal. Where the contact was faster, or the appeal is decided by now, nothing is left to do.
pub const WHEN_APPEALED_THEN_ESCALATE: Policy = Policy {
    name: "when_appealed_then_escalate",
    of: &[Thing::Loop],
    react,
    expected: &["already-escalated", "ended"],
};

fn react(recorded: &Recorded) -> Result<Vec<PolicyCommand>, Unreadable> {
    if recorded.subject.thing != Thing::Loop {
        return Ok(Vec::new());
    }
    let LoopEvent::Intake(IntakeEvent::Appealed(_)) = LoopEvent::read(&recorded.envelope)? else {
        return Ok(Vec::new());
    };
    Ok(vec![PolicyCommand {
        service: "routing",
        verb: "escalate-appeal",
        district: recorded.subject.district.clone(),
        thing: recorded.subject.id,
        body: serde_json::json!({}),
    }])
}
