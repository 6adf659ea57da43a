//! A school confirmed an answer: what it promised is granted.

use contracts::envelope::Recorded;
use contracts::events::{IntakeEvent, LoopEvent};
use contracts::subjects::Thing;
use contracts::versions::Unreadable;
use messaging::{Policy, PolicyCommand};

/// Grants what an answer promised, for each school that confirms it. Where the answer promises nothing, nothing is to
/// be done.
pub const WHEN_CONFIRMED_THEN_GRANT: Policy = Policy {
    name: "when_confirmed_then_grant",
    of: &[Thing::Loop],
    react,
    expected: &["nothing-promised"],
};

fn react(recorded: &Recorded) -> Result<Vec<PolicyCommand>, Unreadable> {
    if recorded.subject.thing != Thing::Loop {
        return Ok(Vec::new());
    }
    let LoopEvent::Intake(IntakeEvent::OutcomeConfirmed(confirmed)) = LoopEvent::read(&recorded.envelope)? else {
        return Ok(Vec::new());
    };
    Ok(vec![PolicyCommand {
        service: "flexibility",
        verb: "grant",
        district: recorded.subject.district.clone(),
        thing: recorded.subject.id,
        body: serde_json::json!({"school": confirmed.school, "revision": confirmed.revision}),
    }])
}
