//! Resolution's endpoints: decode, look up, seal, and carry out what departments and teams ask for.

mod promise;

use ::domain::{Loop, Rejection};
use contracts::Action;
use contracts::claims::Authority;
use contracts::commands::{self as wire, CommandMessage, Done, read_body};
use contracts::events::ResolutionEvent;
use contracts::ids::{DepartmentId, EventId, FlexibilityId, PatternId};
use contracts::problem::{FieldProblem, Problem};
use contracts::sealed::Sealed;
use contracts::vocabulary::{AppealOutcome, FlexibilityTurn, NotGranted, ResolutionKind};
use decider::{Decide, Desk, Guard, Opened};
use messaging::{Incoming, People};
use serde::Deserialize;

use crate::domain;

/// Carries out one command.
pub async fn handle(desk: &Desk, people: &dyn People, incoming: &Incoming) -> Result<Done, Problem> {
    let message: CommandMessage = incoming.read()?;
    let answer = carry_out(desk, people, &incoming.verb, &message).await;
    desk.as_before(&message, answer).await
}

async fn carry_out(desk: &Desk, people: &dyn People, verb: &str, message: &CommandMessage) -> Result<Done, Problem> {
    let body = message.body.get();
    let action = Action::from_slug(verb).ok_or_else(|| Problem::not_found("such command"))?;
    match action {
        Action::Acknowledge => acknowledge(desk, message, &read_body(body)?).await,
        Action::Assign => assign(desk, people, message, &read_body(body)?).await,
        Action::Ask => ask(desk, message, &read_body(body)?).await,
        Action::Note => note(desk, message, &read_body(body)?).await,
        Action::PutBeforeTeam => put_before_team(desk, message, &read_body(body)?).await,
        Action::DecideTeam => decide_team(desk, message, &read_body(body)?).await,
        Action::Propose => propose(desk, message, &read_body(body)?).await,
        Action::Decline => decline(desk, message, &read_body(body)?).await,
        Action::WithdrawResolution => withdraw(desk, message, &read_body(body)?).await,
        Action::CorrectRule => correct_rule(desk, message, &read_body(body)?).await,
        Action::StateAnswer => state_answer(desk, message, &read_body(body)?).await,
        Action::File
        | Action::Amend
        | Action::Join
        | Action::Leave
        | Action::HandOn
        | Action::Answer
        | Action::Withdraw
        | Action::Confirm
        | Action::Refuse
        | Action::Appeal
        | Action::FollowUp
        | Action::Route
        | Action::Reroute
        | Action::Collaborate
        | Action::Escalate
        | Action::DecideEscalation
        | Action::ChangeDue
        | Action::Contest
        | Action::Erase
        | Action::Hold
        | Action::LiftHold
        | Action::Disclose => Err(Problem::not_found("such command")),
    }
}

/// What the register's policies say.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CompleteGrantBody {
    revision: u32,
    flexibility: FlexibilityId,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FailGrantBody {
    revision: u32,
    ground: NotGranted,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerWithPatternBody {
    pattern: PatternId,
    flexibility: FlexibilityId,
    summary: Sealed,
    rationale: Option<Sealed>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StateAnsweredBody {
    revision: u32,
    granted: bool,
    flexibility: Option<FlexibilityId>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FlexibilityChangedBody {
    flexibility: FlexibilityId,
    turn: FlexibilityTurn,
    event: EventId,
}

/// Carries out one command of a policy.
pub async fn handle_policy(desk: &Desk, incoming: &Incoming) -> Result<Done, Problem> {
    let message: CommandMessage = incoming.read()?;
    if !matches!(message.authority, Authority::Policy { .. }) {
        return Err(Problem::not_found("such command"));
    }
    let body = message.body.get();
    let opened = desk.open(&message).await?;
    match incoming.verb.as_str() {
        "complete-grant" => {
            let CompleteGrantBody { revision, flexibility } = read_body(body)?;
            let command = domain::CompleteGrant { revision, flexibility };
            act(desk, &message, opened, Action::StateAnswer, &command).await
        }
        "fail-grant" => {
            let FailGrantBody { revision, ground } = read_body(body)?;
            let command = domain::FailGrant { revision, ground };
            act(desk, &message, opened, Action::StateAnswer, &command).await
        }
        "flexibility-changed" => {
            let body: FlexibilityChangedBody = read_body(body)?;
            let command = domain::ChangeFlexibility {
                flexibility: body.flexibility,
                turn: body.turn,
                event: body.event,
            };
            act(desk, &message, opened, Action::StateAnswer, &command).await
        }
        "answer-with-pattern" => answer_with_pattern(desk, &message, opened, read_body(body)?).await,
        "state-answered" => {
            let StateAnsweredBody {
                revision,
                granted,
                flexibility,
            } = read_body(body)?;
            let command = domain::StateAnswer {
                granted,
                text: None,
                revision: Some(revision),
                flexibility,
            };
            act(desk, &message, opened, Action::StateAnswer, &command).await
        }
        _ => Err(Problem::not_found("such command")),
    }
}

/// Answers a loop with what a team decided for all loops of a pattern; its school still says whether it works. The
/// words stay sealed as the pattern has them: erased there, they are erased here.
async fn answer_with_pattern(
    desk: &Desk,
    message: &CommandMessage,
    opened: Opened,
    body: AnswerWithPatternBody,
) -> Result<Done, Problem> {
    let command = domain::Propose {
        kind: ResolutionKind::DistrictChange,
        summary: body.summary.clone(),
        rationale: body.rationale.clone(),
        flexibility: Some(body.flexibility),
        promise: Some(contracts::events::resolution::Promise::default()),
        pattern: Some(body.pattern),
        episode: None,
    };
    act(desk, message, opened, Action::Propose, &command).await
}

/// Carries a command of a department out.
async fn act<C>(
    desk: &Desk,
    message: &CommandMessage,
    opened: Opened,
    action: Action,
    command: &C,
) -> Result<Done, Problem>
where
    C: Decide<Loop, Event = ResolutionEvent, Rejection = Rejection> + Sync,
{
    desk.carry_out(opened, message, &Guard { action, school: None }, command)
        .await
}

async fn acknowledge(desk: &Desk, message: &CommandMessage, body: &wire::Acknowledge) -> Result<Done, Problem> {
    let opened = desk.open(message).await?;
    let word = desk.seal(&body.word).await?;
    act(
        desk,
        message,
        opened,
        Action::Acknowledge,
        &domain::Acknowledge {
            word,
            episode: body.episode,
        },
    )
    .await
}

async fn assign(
    desk: &Desk,
    people: &dyn People,
    message: &CommandMessage,
    body: &wire::Assign,
) -> Result<Done, Problem> {
    let opened = desk.open(message).await?;
    let person = people.person(&message.district, body.person).await?;
    let department = opened.record().with().map(|with| with.department);
    let belongs = department.is_some_and(|department| {
        person
            .as_ref()
            .is_some_and(|claims| claims.departments.contains(&department))
    });
    if department.is_some() && !belongs {
        return Err(Problem::invalid(
            "person: does not work in the department that has this loop; choose a colleague",
            vec![FieldProblem {
                field: "person".to_owned(),
                message: "does not work in the department".to_owned(),
            }],
        ));
    }
    act(
        desk,
        message,
        opened,
        Action::Assign,
        &domain::Assign { person: body.person },
    )
    .await
}

async fn ask(desk: &Desk, message: &CommandMessage, body: &wire::Ask) -> Result<Done, Problem> {
    let opened = desk.open(message).await?;
    let question = desk.seal(&body.question).await?;
    let command = domain::Ask {
        school: body.school,
        question,
        episode: body.episode,
    };
    act(desk, message, opened, Action::Ask, &command).await
}

async fn note(desk: &Desk, message: &CommandMessage, body: &wire::Note) -> Result<Done, Problem> {
    let opened = desk.open(message).await?;
    let text = desk.seal(&body.text).await?;
    let department = writers_department(&message.authority, &opened);
    let command = domain::Note {
        text,
        shared: body.shared,
        department,
    };
    act(desk, message, opened, Action::Note, &command).await
}

/// The department for which somebody writes in this loop: the one that has it, else one that helps.
fn writers_department(authority: &Authority, opened: &Opened) -> Option<DepartmentId> {
    let Authority::Person(viewer) = authority else {
        return None;
    };
    opened
        .record()
        .with()
        .map(|with| with.department)
        .into_iter()
        .chain(opened.record().collaborators.iter().copied())
        .find(|department| viewer.departments.contains(department))
}

async fn put_before_team(desk: &Desk, message: &CommandMessage, body: &wire::PutBeforeTeam) -> Result<Done, Problem> {
    let opened = desk.open(message).await?;
    let team = desk
        .districts
        .with(&message.district, |record| record.team_named(body.team.as_str()))
        .flatten()
        .ok_or_else(|| {
            Problem::invalid(
                "team: there is no such team in this district; name one of the district's teams",
                vec![FieldProblem {
                    field: "team".to_owned(),
                    message: "is not a team of this district".to_owned(),
                }],
            )
        })?;
    let question = desk.seal(&body.question).await?;
    act(
        desk,
        message,
        opened,
        Action::PutBeforeTeam,
        &domain::PutBeforeTeam { team, question },
    )
    .await
}

async fn decide_team(desk: &Desk, message: &CommandMessage, body: &wire::Decide) -> Result<Done, Problem> {
    let opened = desk.open(message).await?;
    let outcome = body
        .outcome
        .or_else(|| AppealOutcome::from_code(&body.decision.as_str().to_lowercase()));
    let command = domain::DecideTeam {
        regarding: body.regarding,
        outcome,
        decision: desk.seal(&body.decision).await?,
        why: desk.seal_some(body.why.as_ref()).await?,
    };
    act(desk, message, opened, Action::DecideTeam, &command).await
}

async fn propose(desk: &Desk, message: &CommandMessage, body: &wire::Propose) -> Result<Done, Problem> {
    let opened = desk.open(message).await?;
    let command = domain::Propose {
        kind: body.kind,
        summary: desk.seal(&body.summary).await?,
        rationale: desk.seal_some(body.rationale.as_ref()).await?,
        flexibility: body.flexibility,
        promise: promise::promise(desk, message, body).await?,
        pattern: None,
        episode: body.episode,
    };
    act(desk, message, opened, Action::Propose, &command).await
}

async fn decline(desk: &Desk, message: &CommandMessage, body: &wire::Decline) -> Result<Done, Problem> {
    let opened = desk.open(message).await?;
    let now = desk.clock.now();
    let today = desk
        .districts
        .with(&message.district, |record| record.calendar().date(now))
        .unwrap_or(now.date_naive());
    let command = domain::Decline {
        ground: body.ground,
        reason: desk.seal(&body.reason).await?,
        review_on: body.review_on,
        today,
        episode: body.episode,
    };
    act(desk, message, opened, Action::Decline, &command).await
}

async fn withdraw(desk: &Desk, message: &CommandMessage, body: &wire::WithdrawResolution) -> Result<Done, Problem> {
    let opened = desk.open(message).await?;
    let why = desk.seal(&body.why).await?;
    act(
        desk,
        message,
        opened,
        Action::WithdrawResolution,
        &domain::WithdrawResolution { why },
    )
    .await
}

async fn state_answer(desk: &Desk, message: &CommandMessage, body: &wire::StateAnswer) -> Result<Done, Problem> {
    let opened = desk.open(message).await?;
    let text = desk.seal_some(body.text.as_ref()).await?;
    act(
        desk,
        message,
        opened,
        Action::StateAnswer,
        &domain::StateAnswer {
            granted: body.granted,
            text,
            revision: None,
            flexibility: None,
        },
    )
    .await
}

async fn correct_rule(desk: &Desk, message: &CommandMessage, body: &wire::CorrectRule) -> Result<Done, Problem> {
    let opened = desk.open(message).await?;
    let command = domain::CorrectRule {
        rule: body.rule.clone(),
        title: desk.seal(&body.title).await?,
        text: desk.seal(&body.text).await?,
        department: writers_department(&message.authority, &opened),
    };
    act(desk, message, opened, Action::CorrectRule, &command).await
}
