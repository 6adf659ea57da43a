//! Somebody left, moved, or no longer speaks for a school: what they spoke for is handed on, so that nobody waits for a
//! word of theirs.

use contracts::envelope::Recorded;
use contracts::events::DirectoryEvent;
use contracts::subjects::Thing;
use contracts::versions::Unreadable;
use contracts::vocabulary::Role;
use messaging::{Policy, PolicyCommand};

/// Looks at what somebody speaks for, whenever they may have stopped doing so.
pub const WHEN_SPEAKER_LEFT_THEN_HAND_ON: Policy = Policy {
    name: "when_speaker_left_then_hand_on",
    of: &[Thing::Person],
    react,
    expected: &[],
};

fn react(recorded: &Recorded) -> Result<Vec<PolicyCommand>, Unreadable> {
    if recorded.subject.thing != Thing::Person {
        return Ok(Vec::new());
    }
    let may_have_left = match DirectoryEvent::read(&recorded.envelope)? {
        DirectoryEvent::PersonDisabled(_) => true,
        DirectoryEvent::RoleRevoked(revoked) => revoked.grant.role == Role::Reporter,
        // What the roster says replaces what it said before.
        DirectoryEvent::PersonRostered(rostered) => rostered.disabled || rostered.roles.is_some(),
        DirectoryEvent::PersonEnabled(_)
        | DirectoryEvent::RoleGranted(_)
        | DirectoryEvent::SignInLinkMade(_)
        | DirectoryEvent::PasswordChosen(_)
        | DirectoryEvent::SecondStepSet(_)
        | DirectoryEvent::SecondStepRemoved(_)
        | DirectoryEvent::TokenMade(_)
        | DirectoryEvent::TokenEnded(_)
        | DirectoryEvent::StandInNamed(_)
        | DirectoryEvent::StandInEnded(_)
        | DirectoryEvent::SignOnSet(_)
        | DirectoryEvent::SignOnRemoved(_)
        | DirectoryEvent::AreasSet(_)
        | DirectoryEvent::AnswerKept(_)
        | DirectoryEvent::AnswerDropped(_)
        | DirectoryEvent::SchoolRetired(_)
        | DirectoryEvent::DepartmentRetired(_)
        | DirectoryEvent::DistrictRegistered(_)
        | DirectoryEvent::SchoolAdded(_)
        | DirectoryEvent::DepartmentAdded(_)
        | DirectoryEvent::ZoneDefined(_)
        | DirectoryEvent::TeamFormed(_)
        | DirectoryEvent::CalendarSet(_)
        | DirectoryEvent::ServiceLevelSet(_)
        | DirectoryEvent::PatternThresholdsSet(_)
        | DirectoryEvent::RoutingRulesPublished(_)
        | DirectoryEvent::ContactDesignated(_)
        | DirectoryEvent::RosterImportBegun(_)
        | DirectoryEvent::RosterImportEnded(_) => false,
    };
    Ok(may_have_left
        .then(|| PolicyCommand {
            service: "intake",
            verb: "hand-on-all-of",
            district: recorded.subject.district.clone(),
            thing: recorded.subject.id,
            body: serde_json::json!({"since": recorded.sequence}),
        })
        .into_iter()
        .collect())
}
