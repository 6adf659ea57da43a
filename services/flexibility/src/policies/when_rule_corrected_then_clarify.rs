//! A department said where a rule really comes from: every school can find it.

use contracts::envelope::Recorded;
use contracts::events::{LoopEvent, ResolutionEvent};
use contracts::ids::FlexibilityId;
use contracts::subjects::Thing;
use contracts::versions::Unreadable;
use messaging::{Policy, PolicyCommand};
use serde_json::json;

/// Publishes the correction as a clarification.
pub const WHEN_RULE_CORRECTED_THEN_CLARIFY: Policy = Policy {
    name: "when_rule_corrected_then_clarify",
    of: &[Thing::Loop],
    react,
    expected: &["already-written-down"],
};

fn react(recorded: &Recorded) -> Result<Vec<PolicyCommand>, Unreadable> {
    if recorded.subject.thing != Thing::Loop {
        return Ok(Vec::new());
    }
    let LoopEvent::Resolution(ResolutionEvent::RuleCorrected(corrected)) = LoopEvent::read(&recorded.envelope)? else {
        return Ok(Vec::new());
    };
    let district = &recorded.subject.district;
    Ok(vec![PolicyCommand {
        service: "flexibility",
        verb: "clarify",
        district: district.clone(),
        thing: FlexibilityId::corrected(district, recorded.envelope.id).0,
        body: json!({
            "loop": recorded.subject.id,
            "rule": corrected.rule,
            "title": corrected.title,
            "text": corrected.text,
            "department": corrected.department,
        }),
    }])
}
