//! The register granted what a loop's answer promised, or could not: the loop says so.

use contracts::envelope::Recorded;
use contracts::events::FlexibilityEvent;
use contracts::events::flexibility::{FlexibilityGranted, FlexibilityRecorded, Origin};
use contracts::ids::FlexibilityId;
use contracts::subjects::Thing;
use contracts::versions::Unreadable;
use messaging::{Policy, PolicyCommand};
use serde_json::json;

/// Says on the loop that what its answer promised is granted, so that the school's part closes; or that it could not
/// be, so that the department owes another answer.
pub const WHEN_GRANTED_THEN_SAY_SO: Policy = Policy {
    name: "when_granted_then_say_so",
    of: &[Thing::Flexibility],
    react,
    expected: &[],
};

fn react(recorded: &Recorded) -> Result<Vec<PolicyCommand>, Unreadable> {
    if recorded.subject.thing != Thing::Flexibility {
        return Ok(Vec::new());
    }
    let flexibility = FlexibilityId(recorded.subject.id);
    let granted = |origin: Option<Origin>| {
        origin.map(|origin| {
            let body = json!({"revision": origin.revision, "flexibility": flexibility});
            (origin, "complete-grant", body)
        })
    };
    let said = match FlexibilityEvent::read(&recorded.envelope)? {
        FlexibilityEvent::FlexibilityGranted(FlexibilityGranted { terms })
        | FlexibilityEvent::FlexibilityRecorded(FlexibilityRecorded { terms }) => granted(terms.origin),
        FlexibilityEvent::ScopeWidened(widened) => granted(widened.origin),
        FlexibilityEvent::PrecedentClaimed(claimed) => granted(claimed.origin),
        FlexibilityEvent::GrantRefused(refused) => Some((
            refused.origin,
            "fail-grant",
            json!({"revision": refused.origin.revision, "ground": refused.ground}),
        )),
        FlexibilityEvent::ConditionsChanged(_)
        | FlexibilityEvent::RationalePublished(_)
        | FlexibilityEvent::ReadersChanged(_)
        | FlexibilityEvent::FlexibilityRenewed(_)
        | FlexibilityEvent::ExpiryNoticed(_)
        | FlexibilityEvent::FlexibilityExpired(_)
        | FlexibilityEvent::FlexibilityRevoked(_)
        | FlexibilityEvent::NonNegotiableDeclared(_)
        | FlexibilityEvent::PilotAnswered(_) => None,
    };
    Ok(said
        .map(|(origin, verb, body)| PolicyCommand {
            service: "resolution",
            verb,
            district: recorded.subject.district.clone(),
            thing: origin.id.0,
            body,
        })
        .into_iter()
        .collect())
}
