//! Outcomes that stand in the history: judged as each event appears.

use contracts::events::{CustodyEvent, IntakeEvent, LoopEvent, ResolutionEvent, RoutingEvent};
use contracts::ids::DepartmentId;
use contracts::queries::Holder;
use contracts::vocabulary::{FlexibilityTurn, LoopState};
use domain::LoopRecord;
use domain::district_loop::{Appeal, Assignment, Grant, Phase};

use super::Row;
use crate::broken::{Broken, holds};
use crate::history::Moment;
use crate::report::Report;

/// Judges one event.
pub fn judge(moment: &Moment<'_>, report: &mut Report) -> Result<(), Broken> {
    let Some(before) = moment.before else {
        if moment.after.linked_to.is_some() {
            report.row(Row::LinkedLoop, false);
        }
        return Ok(());
    };
    match moment.event {
        LoopEvent::Intake(event) => school(moment, before, event, report),
        LoopEvent::Routing(event) => routing(moment, before, event, report),
        LoopEvent::Resolution(event) => department(moment, before, event, report),
        LoopEvent::Custody(event) => custody(moment, before, event),
    }
}

fn custody(moment: &Moment<'_>, before: &LoopRecord, event: &CustodyEvent) -> Result<(), Broken> {
    let (after, at) = (moment.after, moment.meta.sequence);
    if let CustodyEvent::Erased(erased) = event {
        holds!(before.custody.holds.is_empty(), "event {at} erases what is held");
        for text in &erased.texts {
            holds!(
                before.custody.erasure(text.key).is_none(),
                "event {at} erases again what was erased"
            );
        }
    }
    holds!(
        before.state() == after.state() && before.parts == after.parts && before.assignment == after.assignment,
        "event {at} is of the record alone, and moved the loop"
    );
    Ok(())
}

fn school(moment: &Moment<'_>, before: &LoopRecord, event: &IntakeEvent, report: &mut Report) -> Result<(), Broken> {
    let (after, at) = (moment.after, moment.meta.sequence);
    match event {
        IntakeEvent::TensionWithdrawn(withdrawn) => {
            let others = before.schools_in_it().any(|school| school != withdrawn.school);
            holds!(!others, "event {at} withdraws a loop that other schools are in");
            holds!(
                after.state() == LoopState::Withdrawn,
                "the last school withdrew at {at}, and the loop is {}",
                after.state()
            );
            if before.proposal.is_some() {
                holds!(
                    after.proposal == before.proposal,
                    "the withdrawal at {at} took the answer off the record"
                );
                report.row(Row::WithdrawalAfterProposal, false);
            }
        }
        IntakeEvent::SchoolLeft(left) => {
            let others: Vec<_> = before.schools_in_it().filter(|school| *school != left.school).collect();
            holds!(
                !others.is_empty(),
                "the last school left at {at} instead of withdrawing"
            );
            for other in others {
                holds!(
                    before.state_of(other) == after.state_of(other),
                    "a school that left at {at} moved another's part"
                );
            }
            holds!(
                after.state() != LoopState::Withdrawn,
                "a school left at {at} and withdrew the loop for all"
            );
        }
        IntakeEvent::OutcomeConfirmed(confirmed) => {
            let newcomers = moment.earlier.iter().any(|seen| {
                matches!(&seen.event, LoopEvent::Intake(IntakeEvent::SchoolJoined(joined))
                    if joined.school != confirmed.school
                        && after.state_of(joined.school) == LoopState::Proposed
                        && was_last(&moment.earlier[..moment.earlier.partition_point(|it| it.meta.sequence < seen.meta.sequence)], confirmed.school))
            });
            if newcomers {
                holds!(
                    !after.is_ended(),
                    "the confirmation at {at} closed the loop over a newcomer"
                );
                report.row(Row::JoinsBeforeTheLastConfirmation, false);
            }
        }
        IntakeEvent::SchoolJoined(joined) => {
            if let (Some(proposal), LoopState::Proposed) = (&after.proposal, before.state()) {
                holds!(
                    after.state_of(joined.school) == LoopState::Proposed,
                    "the school that joined at {at} is not asked about the answer that stands"
                );
                holds!(
                    proposal.asked_at == moment.meta.time && proposal.reminders == 0,
                    "the school that joined at {at} is not given its own time to answer"
                );
            }
        }
        IntakeEvent::OutcomeRefused(refused) => {
            // A question that is open to it shows before that.
            holds!(
                after.parts.get(&refused.school).map(|part| &part.phase) == Some(&Phase::Reopened),
                "the part of the school that refused at {at} is {}",
                after.state_of(refused.school)
            );
            same_owner(before, after, at)?;
            let mut stood = 0;
            for school in before.schools_in_it().filter(|school| *school != refused.school) {
                stood += 1;
                holds!(
                    before.state_of(school) == after.state_of(school)
                        || !matches!(before.state_of(school), LoopState::Closed | LoopState::Proposed),
                    "a refusal at {at} moved another school's part"
                );
            }
            if stood >= 4 {
                report.row(Row::OneOfFiveRefuses, false);
            }
        }
        IntakeEvent::FollowUpRecorded(said) => {
            holds!(
                before.state_of(said.school) == LoopState::Closed,
                "a follow-up at {at} on a part that is not closed"
            );
            let reopens = !said.still_works && !before.reopened_by_follow_up;
            holds!(
                said.reopens == reopens,
                "the follow-up at {at} reopens: {}",
                said.reopens
            );
            if reopens {
                holds!(
                    after.parts.get(&said.school).map(|part| &part.phase) == Some(&Phase::Reopened)
                        && !after.is_ended(),
                    "the follow-up at {at} did not reopen the loop"
                );
                same_owner(before, after, at)?;
                report.row(Row::NoLongerWorks, false);
            } else {
                holds!(
                    before.state() == after.state(),
                    "the follow-up at {at} changed the loop's state"
                );
                if !said.still_works {
                    report.row(Row::NoLongerWorksAgain, false);
                }
            }
        }
        IntakeEvent::HandedOn(handed) if moment.meta.actor.person().is_none() => {
            let before_it = before.parts.get(&handed.school).and_then(|part| part.speaker);
            let gone = before_it.is_some_and(|speaker| moment.left_at.contains_key(&speaker));
            holds!(gone, "event {at} hands on what somebody speaks for who is there");
            let speaker = after.parts.get(&handed.school).and_then(|part| part.speaker);
            holds!(
                speaker == Some(handed.to) && before.state() == after.state(),
                "event {at} hands a part on, and something else became of it"
            );
            report.row(Row::SpeakerLeaves, moment.left_at.contains_key(&handed.to));
        }
        IntakeEvent::TensionFiled(_)
        | IntakeEvent::TensionAmended(_)
        | IntakeEvent::HandedOn(_)
        | IntakeEvent::QuestionAnswered(_)
        | IntakeEvent::Appealed(_) => {}
    }
    Ok(())
}

/// Whether a school was the last whose word was awaited, after these events.
fn was_last(earlier: &[crate::history::Seen], school: contracts::ids::SchoolId) -> bool {
    earlier.last().is_some_and(|seen| {
        let open: Vec<_> = seen.after.open_parts().collect();
        open == [school] && seen.after.state_of(school) == LoopState::Proposed
    })
}

fn same_owner(before: &LoopRecord, after: &LoopRecord, at: u64) -> Result<(), Broken> {
    let owner = |record: &LoopRecord| record.with().map(|with| with.department);
    holds!(
        owner(before) == owner(after),
        "event {at} reopened the loop with somebody else"
    );
    Ok(())
}

fn routing(moment: &Moment<'_>, before: &LoopRecord, event: &RoutingEvent, report: &mut Report) -> Result<(), Broken> {
    let (after, at) = (moment.after, moment.meta.sequence);
    match event {
        RoutingEvent::Escalated(escalated) => {
            let by_policy = moment.meta.actor.person().is_none();
            holds!(
                !by_policy || matches!(before.appeal, Appeal::Pending { .. }),
                "a policy escalated an appeal at {at} that is {:?}, as {:?}",
                before.appeal,
                escalated.about
            );
        }
        RoutingEvent::ClosedUnconfirmed(closed) => {
            let Some(proposal) = &before.proposal else {
                return Err(Broken::new(format!("closed as unconfirmed at {at} without a proposal")));
            };
            holds!(!closed.schools.is_empty(), "closed as unconfirmed at {at} for nobody");
            let told: Vec<u32> = moment
                .earlier
                .iter()
                .filter(|seen| seen.meta.time >= proposal.asked_at)
                .filter_map(|seen| match &seen.event {
                    LoopEvent::Routing(RoutingEvent::ReminderSent(sent)) if sent.revision == closed.revision => {
                        Some(sent.nth)
                    }
                    LoopEvent::Intake(_) | LoopEvent::Routing(_) | LoopEvent::Resolution(_) | LoopEvent::Custody(_) => {
                        None
                    }
                })
                .collect();
            holds!(
                told.ends_with(&[1, 2, 3]),
                "closed as unconfirmed at {at} after the reminders {told:?} only"
            );
            if after.state() == LoopState::Closed {
                holds!(
                    after.is_unconfirmed(),
                    "closed at {at} without a word, and not counted apart"
                );
            }
            report.row(Row::NobodyAnswers, false);
        }
        RoutingEvent::TensionRerouted(rerouted) if moment.meta.actor.person().is_none() => {
            // The next one may be closed too by the time that its loops come to it: then they go on.
            let departments = &moment.district.departments;
            let follows = |id: &DepartmentId| departments.get(id).filter(|it| it.retired).and_then(|it| it.loops_to);
            let had = before.with().map(|with| with.department);
            holds!(
                std::iter::successors(had.as_ref().and_then(follows), follows).any(|next| next == rerouted.to),
                "event {at} moves a loop from {had:?} to {}, and nobody closed the one for the other",
                rerouted.to
            );
            report.row(Row::DepartmentCloses, before.parts.len() > 1);
        }
        RoutingEvent::TensionRouted(_)
        | RoutingEvent::TriageRequested(_)
        | RoutingEvent::TensionRerouted(_)
        | RoutingEvent::CollaboratorAdded(_)
        | RoutingEvent::DueDatesChanged(_)
        | RoutingEvent::DueSoonNoticed(_)
        | RoutingEvent::DeadlineMissed(_)
        | RoutingEvent::EscalationDecided(_)
        | RoutingEvent::ReminderSent(_)
        | RoutingEvent::FollowUpAsked(_) => {}
    }
    Ok(())
}

fn department(
    moment: &Moment<'_>,
    before: &LoopRecord,
    event: &ResolutionEvent,
    report: &mut Report,
) -> Result<(), Broken> {
    let (after, at) = (moment.after, moment.meta.sequence);
    match event {
        ResolutionEvent::CaseAcknowledged(acknowledged) => {
            holds!(
                before.with().map(|with| with.department) == Some(acknowledged.department),
                "a department acknowledged at {at} what it does not have"
            );
        }
        ResolutionEvent::ResolutionRevised(revised) => {
            let said = |record: &LoopRecord| {
                record
                    .parts
                    .values()
                    .filter(|part| matches!(part.phase, Phase::Confirmed { .. } | Phase::Unconfirmed { .. }))
                    .count()
            };
            holds!(
                said(after) == 0,
                "the revision at {at} left an older confirmation standing"
            );
            holds!(
                revised.revision > before.revisions,
                "the revision at {at} is not a new one"
            );
            if said(before) > 0 {
                report.row(Row::RevisionVoidsConfirmations, false);
            }
        }
        ResolutionEvent::GrantFailed(_) => {
            holds!(
                after
                    .proposal
                    .as_ref()
                    .is_some_and(|proposal| proposal.grant == Grant::Failed),
                "the grant failed at {at}, and the answer counts as if it had not"
            );
            holds!(!after.is_ended(), "the loop ended at {at} although the grant failed");
            let owed = match (after.holder(), &after.assignment) {
                (Holder::Nobody | Holder::Router, _) | (_, Assignment::Unrouted | Assignment::Triage { .. }) => false,
                (
                    Holder::Department { .. }
                    | Holder::School { .. }
                    | Holder::Contact
                    | Holder::Leader
                    | Holder::Team { .. }
                    | Holder::State,
                    Assignment::With(_),
                ) => true,
            };
            holds!(owed, "the grant failed at {at}, and nobody owes another answer");
            report.row(Row::GrantFails, false);
        }
        ResolutionEvent::StaffAssigned(_)
        | ResolutionEvent::QuestionAsked(_)
        | ResolutionEvent::NoteAdded(_)
        | ResolutionEvent::PutBeforeTeam(_)
        | ResolutionEvent::TeamDecided(_)
        | ResolutionEvent::ResolutionProposed(_)
        | ResolutionEvent::CaseDeclined(_)
        | ResolutionEvent::ResolutionWithdrawn(_)
        | ResolutionEvent::RuleCorrected(_) => {}
        ResolutionEvent::FlexibilityChanged(changed) => match changed.turn {
            FlexibilityTurn::Expired | FlexibilityTurn::Revoked => {
                let asked = !before.unanswered_parts().is_empty();
                holds!(
                    after.unanswered_parts().is_empty(),
                    "it is gone at {at}, and schools are asked still whether it works"
                );
                holds!(
                    !before.is_ended() || after.state() == before.state(),
                    "it is gone at {at}, and a loop that had ended is {}",
                    after.state()
                );
                let row = if asked {
                    Row::GoneWhileProposed
                } else {
                    Row::GoneWhileInUse
                };
                report.row(row, before.parts.len() > 1);
            }
            FlexibilityTurn::Widened | FlexibilityTurn::ConditionsChanged | FlexibilityTurn::Renewed => {
                holds!(
                    after.state() == before.state(),
                    "a change at {at} of what it rests on made a loop {}",
                    after.state()
                );
                report.row(Row::ChangedWhileUsed, before.parts.len() > 1);
            }
        },
        ResolutionEvent::GrantCompleted(completed) => {
            let promised = before
                .proposal
                .as_ref()
                .is_some_and(|proposal| proposal.revision == completed.revision);
            holds!(promised, "the grant at {at} is of an answer that does not stand");
            if completed.flexibility.is_some() {
                holds!(
                    after.ungranted_parts().next().is_none(),
                    "it is granted at {at}, and a school's part waits for it still"
                );
                report.row(Row::GrantedAfterConfirmation, before.parts.len() > 1);
            }
        }
    }
    Ok(())
}
