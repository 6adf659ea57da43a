//! A later revision of an answer was granted: what its older revisions had granted is over.

use contracts::envelope::Recorded;
use contracts::events::FlexibilityEvent;
use contracts::events::flexibility::{FlexibilityGranted, FlexibilityRecorded};
use contracts::ids::FlexibilityId;
use contracts::subjects::Thing;
use contracts::versions::Unreadable;
use messaging::{Policy, PolicyCommand};

/// The most older revisions looked at.
const OLDER_MAX: u32 = 20;

/// Takes back what older revisions of the same answer had granted; most had granted nothing.
pub const WHEN_GRANTED_THEN_REPLACE_OLDER: Policy = Policy {
    name: "when_granted_then_replace_older",
    of: &[Thing::Flexibility],
    react,
    expected: &["not-found", "no-longer-in-force"],
};

fn react(recorded: &Recorded) -> Result<Vec<PolicyCommand>, Unreadable> {
    if recorded.subject.thing != Thing::Flexibility {
        return Ok(Vec::new());
    }
    let (FlexibilityEvent::FlexibilityGranted(FlexibilityGranted { terms })
    | FlexibilityEvent::FlexibilityRecorded(FlexibilityRecorded { terms })) =
        FlexibilityEvent::read(&recorded.envelope)?
    else {
        return Ok(Vec::new());
    };
    let district = &recorded.subject.district;
    let older = terms.origin.into_iter().flat_map(|origin| {
        let first = origin.revision.saturating_sub(OLDER_MAX).max(1);
        (first..origin.revision).map(move |revision| (origin.id, revision))
    });
    Ok(older
        .map(|(id, revision)| PolicyCommand {
            service: "flexibility",
            verb: "replace",
            district: district.clone(),
            thing: FlexibilityId::promised(district, id, revision).0,
            body: serde_json::json!({}),
        })
        .collect())
}
