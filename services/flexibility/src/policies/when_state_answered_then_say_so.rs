//! The state answered a request, or its time was out: the register holds what it granted, and the loop goes on.

use contracts::envelope::Recorded;
use contracts::events::WaiverEvent;
use contracts::ids::{FlexibilityId, LoopId, WaiverId};
use contracts::subjects::Thing;
use contracts::versions::Unreadable;
use messaging::{Policy, PolicyCommand};
use serde_json::json;

/// Writes what was granted into the register, and says on the loop what the state said.
pub const WHEN_STATE_ANSWERED_THEN_SAY_SO: Policy = Policy {
    name: "when_state_answered_then_say_so",
    of: &[Thing::Waiver],
    react,
    expected: &[
        "already-written-down",
        "nothing-promised",
        "nothing-asked-of-state",
        "ended",
        "not-routed",
    ],
};

fn react(recorded: &Recorded) -> Result<Vec<PolicyCommand>, Unreadable> {
    if recorded.subject.thing != Thing::Waiver {
        return Ok(Vec::new());
    }
    let (asked, revision, granted): (LoopId, u32, bool) = match WaiverEvent::read(&recorded.envelope)? {
        WaiverEvent::StateWaiverGranted(granted) => (granted.loop_id, granted.revision, true),
        WaiverEvent::StateWaiverDeemedGranted(deemed) => (deemed.loop_id, deemed.revision, true),
        WaiverEvent::StateWaiverDenied(denied) => (denied.loop_id, denied.revision, false),
        WaiverEvent::StateWaiverDrafted(_) | WaiverEvent::StateWaiverSubmitted(_) => return Ok(Vec::new()),
    };
    let district = &recorded.subject.district;
    let flexibility = FlexibilityId::promised(district, asked, revision);
    let written = granted.then(|| PolicyCommand {
        service: "flexibility",
        verb: "granted-by-state",
        district: district.clone(),
        thing: flexibility.0,
        body: json!({"waiver": WaiverId(recorded.subject.id)}),
    });
    let said = PolicyCommand {
        service: "resolution",
        verb: "state-answered",
        district: district.clone(),
        thing: asked.0,
        body: json!({
            "revision": revision,
            "granted": granted,
            "flexibility": granted.then_some(flexibility),
        }),
    };
    Ok(written.into_iter().chain(Some(said)).collect())
}
