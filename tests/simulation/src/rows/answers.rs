//! Outcomes that callers are told: judged as each answer comes, on the states the loop was in while it was made.

use contracts::action::Action;
use contracts::claims::Claims;
use contracts::problem::Problem;
use contracts::vocabulary::LoopState;
use domain::LoopRecord;
use domain::authority::{Sight, may, sight};
use domain::directory::DistrictRecord;
use domain::district_loop::Grant;

use super::Row;
use crate::broken::{Broken, holds};
use crate::deed::Deed;
use crate::report::Report;
use crate::services::Answer;

/// An answer and what it can have been decided on.
#[derive(Debug)]
pub struct Given<'a> {
    /// What was asked.
    pub deed: &'a Deed,
    /// What was answered.
    pub answer: &'a Answer,
    /// The states of the loop while it was in hand.
    pub states: &'a [&'a LoopRecord],
    /// The district, for names.
    pub district: &'a DistrictRecord,
}

/// Judges one answer to an action on a loop, the first to this command.
pub fn judge(given: &Given<'_>, report: &mut Report) -> Result<(), Broken> {
    let raced = given.states.len() > 1;
    let (action, viewer) = (given.deed.action, &*given.deed.claims);
    // What names a department that was closed meanwhile may be refused for that, whatever else is to be said of it.
    let closed = given.department_closed();
    if closed && matches!(given.answer, Err(problem) if problem.status == 422) {
        return Ok(());
    }
    let sees = given.all(|record| sight(viewer, &record.audience(&given.deed.district)) > Sight::Card);
    if !sees {
        return join(given, report, raced);
    }
    old_department(given, report, raced)?;
    if given.deed.based_on.is_some() || !given.all(|record| may(viewer, action, record, given.deed.school)) {
        return Ok(());
    }
    join(given, report, raced)?;
    late(given, report, raced)?;
    if action == Action::Propose && given.all(|record| record.state() == LoopState::Withdrawn) {
        let problem = given.refused("ended", 409, &["withdrawn"])?;
        if problem && given.all(|record| record.parts.len() == 1) {
            report.row(Row::ProposalAfterWithdrawal, raced);
        }
    }
    if matches!(action, Action::Confirm | Action::Refuse) {
        confirmation(given, report, raced)?;
    }
    Ok(())
}

impl Given<'_> {
    fn all(&self, holds: impl Fn(&LoopRecord) -> bool) -> bool {
        !self.states.is_empty() && self.states.iter().all(|record| holds(record))
    }

    fn department_closed(&self) -> bool {
        let named = self.deed.body.get("department").and_then(|name| name.as_str());
        let departments = self.district.departments.values();
        named.is_some_and(|named| {
            departments
                .filter(|known| known.retired)
                .any(|known| known.name == named)
        })
    }

    fn number(&self, field: &str) -> Option<u32> {
        self.deed.body.get(field)?.as_u64().map(|number| number as u32)
    }

    /// It must have been refused like this. False where nothing was decided: the answer was to try again.
    fn refused(&self, name: &str, status: u16, words: &[&str]) -> Result<bool, Broken> {
        let who = &self.deed.claims.name;
        let what = self.deed.action.slug();
        match self.answer {
            Ok(done) => Err(Broken::new(format!(
                "{who} could {what} at {}, which should have been refused as {name}",
                done.version
            ))),
            Err(problem) if problem.status == 503 => Ok(false),
            Err(problem) => {
                holds!(
                    problem.name() == name && problem.status == status,
                    "{who} was refused to {what} with {} {}, and it should have been {status} {name}: {}",
                    problem.status,
                    problem.name(),
                    problem.detail
                );
                says(problem, words)?;
                Ok(true)
            }
        }
    }
}

fn says(problem: &Problem, words: &[&str]) -> Result<(), Broken> {
    for word in words {
        holds!(
            problem.detail.contains(word),
            "a refusal as {} does not say {word:?}: {}",
            problem.name(),
            problem.detail
        );
    }
    Ok(())
}

fn old_department(given: &Given<'_>, report: &mut Report, raced: bool) -> Result<(), Broken> {
    let (action, viewer) = (given.deed.action, &*given.deed.claims);
    let passed_on = |record: &LoopRecord| {
        record
            .with()
            .is_some_and(|with| !viewer.departments.contains(&with.department))
            && record.had_by.iter().any(|had| viewer.departments.contains(had))
    };
    let speaks = matches!(
        action,
        Action::Acknowledge | Action::Ask | Action::Propose | Action::Decline
    );
    if !speaks || !given.all(passed_on) {
        return Ok(());
    }
    if !given.refused("with-another-department", 409, &[])? {
        return Ok(());
    }
    let Err(problem) = given.answer else {
        return Ok(());
    };
    let told = given.states.iter().filter_map(|record| record.with()).any(|with| {
        let name = given
            .district
            .departments
            .get(&with.department)
            .map_or("", |department| department.name.as_str());
        let zone = given.district.calendar().time_zone;
        let since = with
            .since
            .with_timezone(&zone)
            .format("%A %-d %B, %-I:%M %p")
            .to_string();
        problem.detail.contains(&format!("with {name} since {since}"))
    });
    holds!(
        told,
        "an old department was refused without being told who has it and since when: {}",
        problem.detail
    );
    report.row(Row::OldDepartmentActs, raced);
    Ok(())
}

fn join(given: &Given<'_>, report: &mut Report, raced: bool) -> Result<(), Broken> {
    let viewer: &Claims = &given.deed.claims;
    let (Action::Join, Some(school), None) = (given.deed.action, given.deed.school, given.deed.based_on) else {
        return Ok(());
    };
    let could = given.all(|record| {
        record.state() == LoopState::Closed
            && !record.is_in(school)
            && sight(viewer, &record.audience(&given.deed.district)) > Sight::Nothing
            && record.tension.visibility == contracts::vocabulary::Visibility::Joinable
            && may(viewer, Action::Join, record, Some(school))
    });
    if could && given.refused("closed-before-joining", 409, &["linked to it", "what was answered"])? {
        report.row(Row::JoinsAfterClosing, raced);
    }
    Ok(())
}

/// What names an episode or a question that is over.
fn late(given: &Given<'_>, report: &mut Report, raced: bool) -> Result<(), Broken> {
    let open = |record: &LoopRecord| !record.is_ended();
    let for_episodes = matches!(
        given.deed.action,
        Action::Acknowledge | Action::Ask | Action::Propose | Action::Decline | Action::Withdraw | Action::Reroute
    );
    if let Some(episode) = given.number("episode")
        && for_episodes
        && (given.deed.action != Action::Withdraw || given.deed.school.is_some())
        && given.all(|record| open(record) && record.episode != episode)
        && given.refused("episode-over", 409, &[&format!("episode {episode}")])?
        && given.all(|record| record.episode > episode)
    {
        report.row(Row::LateForTheEpisode, raced);
    }
    if given.deed.action == Action::Answer
        && let Some(question) = given.deed.question()
        && given.deed.body.get("school").is_some()
        && given.all(|record| open(record) && !record.questions.contains_key(&question))
        && given.refused("question-over", 409, &[])?
    {
        report.row(Row::LateForTheQuestion, raced);
    }
    Ok(())
}

fn confirmation(given: &Given<'_>, report: &mut Report, raced: bool) -> Result<(), Broken> {
    let Some(school) = given.deed.school else {
        return Ok(());
    };
    let asked = |record: &LoopRecord| !record.is_ended() && record.is_in(school);
    let current = |record: &LoopRecord| record.proposal.as_ref().map(|proposal| proposal.revision);
    if let Some(named) = given.number("revision")
        && given.all(|record| asked(record) && current(record).is_some_and(|current| current > named))
    {
        let numbers = given.states.iter().filter_map(|record| current(record));
        let told = numbers.clone().any(|current| {
            matches!(given.answer, Err(problem)
                if problem.detail.contains(&format!("revision {named},")) && problem.detail.contains(&format!("revision {current} ")))
        });
        if given.refused("another-revision", 409, &[])? {
            holds!(told, "a school spoke of revision {named} and was not told which stands");
            report.row(Row::SpeaksOfAnOlderRevision, raced);
            if given.all(|record| record.episode > given.deed.episode) {
                report.row(Row::LateForTheRevision, raced);
            }
        }
        return Ok(());
    }
    let awaited = |record: &LoopRecord| {
        record.proposal.as_ref().is_some_and(|proposal| {
            proposal.grant == Grant::Awaited && given.number("revision").is_none_or(|named| named == proposal.revision)
        })
    };
    if given.all(|record| asked(record) && awaited(record))
        && given.refused("state-has-not-answered", 409, &["asked when it has"])?
    {
        report.row(Row::SpeaksBeforeTheGrant, raced);
    }
    Ok(())
}
