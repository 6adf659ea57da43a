//! A tension was filed: route it.

use contracts::envelope::Recorded;
use contracts::events::{IntakeEvent, LoopEvent};
use contracts::subjects::Thing;
use contracts::versions::Unreadable;
use messaging::{Policy, PolicyCommand};

/// Routes every tension once it is filed.
pub const WHEN_TENSION_FILED_THEN_ROUTE: Policy = Policy {
    name: "when_tension_filed_then_route",
    of: &[Thing::Loop],
    react,
    expected: &[],
};

fn react(recorded: &Recorded) -> Result<Vec<PolicyCommand>, Unreadable> {
    if recorded.subject.thing != Thing::Loop {
        return Ok(Vec::new());
    }
    let LoopEvent::Intake(IntakeEvent::TensionFiled(_)) = LoopEvent::read(&recorded.envelope)? else {
        return Ok(Vec::new());
    };
    Ok(vec![PolicyCommand {
        service: "routing",
        verb: "route-filed",
        district: recorded.subject.district.clone(),
        thing: recorded.subject.id,
        body: serde_json::json!({}),
    }])
}
