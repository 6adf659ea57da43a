//! A team adopted a change: it is written into the register, and every open loop of the pattern is answered with it.

use contracts::envelope::Recorded;
use contracts::events::PatternEvent;
use contracts::ids::PatternId;
use contracts::subjects::Thing;
use contracts::versions::Unreadable;
use messaging::{Policy, PolicyCommand};
use serde_json::json;

/// Changes the rule first, so that it stands when the first school says that it works; then answers each loop. A loop
/// that ended meanwhile, or is being appealed, is left as it is.
pub const WHEN_REVISION_ADOPTED_THEN_CHANGE_THE_RULE: Policy = Policy {
    name: "when_revision_adopted_then_change_the_rule",
    of: &[Thing::Pattern],
    react,
    expected: &[
        "already-written-down",
        "not-wider",
        "no-longer-in-force",
        "pilot-unanswered",
        "ended",
        "not-routed",
        "appeal-pending",
        "erased",
    ],
};

fn react(recorded: &Recorded) -> Result<Vec<PolicyCommand>, Unreadable> {
    if recorded.subject.thing != Thing::Pattern {
        return Ok(Vec::new());
    }
    let PatternEvent::PolicyRevisionDecided(decided) = PatternEvent::read(&recorded.envelope)? else {
        return Ok(Vec::new());
    };
    let (Some(flexibility), Some(text)) = (decided.flexibility.filter(|_| decided.adopted), &decided.text) else {
        return Ok(Vec::new());
    };
    let district = &recorded.subject.district;
    let pattern = PatternId(recorded.subject.id);
    let adopt = PolicyCommand {
        service: "flexibility",
        verb: "adopt",
        district: district.clone(),
        thing: flexibility.0,
        body: json!({"pattern": pattern, "revision": decided.revision}),
    };
    let answers = decided.answers.iter().map(|answered| PolicyCommand {
        service: "resolution",
        verb: "answer-with-pattern",
        district: district.clone(),
        thing: answered.0,
        body: json!({
            "pattern": pattern,
            "flexibility": flexibility,
            "summary": text,
            "rationale": decided.rationale,
        }),
    });
    Ok(std::iter::once(adopt).chain(answers).collect())
}
