//! What policies write into the register: an adopted change, a corrected belief, what the state granted.

use ::domain::{Loop, Pattern, Waiver};
use contracts::commands::{CommandMessage, Done};
use contracts::events::flexibility::{Readers, Rule, Scope, Terms};
use contracts::ids::{DepartmentId, FlexibilityId, LoopId, PatternId, WaiverId};
use contracts::problem::Problem;
use contracts::sealed::Sealed;
use contracts::subjects::Thing;
use contracts::vocabulary::ResolutionKind;
use decider::Desk;
use serde::Deserialize;

use super::grant::{first_readers, lent_title};
use super::office::{Read, read};
use super::{carry_out, known, open};
use crate::domain::{Widen, WriteDown};

/// What the policy says when a changed rule was adopted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AdoptBody {
    pattern: PatternId,
    revision: u32,
}

/// Writes the adopted change into the register: an exception becomes every school's, or something new stands there.
pub(super) async fn adopt(desk: &Desk, message: &CommandMessage, body: &AdoptBody) -> Result<Done, Problem> {
    let pattern: Read<Pattern> = read(desk, &message.district, Thing::Pattern, body.pattern.0).await?;
    let record = pattern
        .history
        .state()
        .record()
        .ok_or_else(|| Problem::not_found("pattern"))?;
    let said = record
        .proposal
        .as_ref()
        .map(|proposal| &proposal.said)
        .filter(|said| said.revision == body.revision)
        .ok_or_else(|| Problem::not_found("proposal"))?;
    let id = FlexibilityId(message.thing);
    let mut opened = open(desk, message, id).await?;
    let known = known(desk, message);
    if said.widens == Some(id) && opened.history.state().record().is_some() {
        let command = Widen {
            scope: Scope::District,
            why: said.rationale.clone(),
            district: known.record,
        };
        return carry_out(desk, message, &mut opened, None, &command).await;
    }
    let command = WriteDown::Flexibility(Terms {
        key: said.title.key,
        title: said.title.clone(),
        allows: said.text.clone(),
        rationale: said.rationale.clone(),
        rule: said.rule.clone(),
        area: record.area.clone(),
        scope: Scope::District,
        conditions: said.conditions.clone(),
        stays_required: said.stays_required.clone(),
        starts_on: known.today,
        ends_on: None,
        review_on: None,
        department: said.department,
        kind: ResolutionKind::DistrictChange,
        pilot_question: None,
        origin: None,
        pattern: Some(body.pattern),
        corrects: None,
        readers: Readers::District,
    });
    carry_out(desk, message, &mut opened, None, &command).await
}

/// What the policy says when a department corrected a belief about a rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClarifyBody {
    #[serde(rename = "loop")]
    loop_id: LoopId,
    rule: Rule,
    title: Sealed,
    text: Sealed,
    department: DepartmentId,
}

/// Publishes a correction as a clarification.
pub(super) async fn clarify(desk: &Desk, message: &CommandMessage, body: &ClarifyBody) -> Result<Done, Problem> {
    let looked: Read<Loop> = read(desk, &message.district, Thing::Loop, body.loop_id.0).await?;
    let area = looked
        .history
        .state()
        .record()
        .map(|record| record.tension.area.clone())
        .ok_or_else(|| Problem::not_found("loop"))?;
    let mut opened = open(desk, message, FlexibilityId(message.thing)).await?;
    let command = WriteDown::Clarification(Terms {
        key: body.title.key,
        title: body.title.clone(),
        allows: body.text.clone(),
        rationale: None,
        rule: body.rule.clone(),
        area,
        scope: Scope::District,
        conditions: None,
        stays_required: None,
        starts_on: known(desk, message).today,
        ends_on: None,
        review_on: None,
        department: body.department,
        kind: ResolutionKind::AlreadyAllowed,
        pilot_question: None,
        origin: None,
        pattern: None,
        corrects: Some(body.loop_id),
        readers: Readers::District,
    });
    carry_out(desk, message, &mut opened, None, &command).await
}

/// What the policy says when the state granted a request, or its time was out.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GrantedByStateBody {
    waiver: WaiverId,
}

/// Writes what the state granted into the register, for the schools that asked, until its last day.
pub(super) async fn granted_by_state(
    desk: &Desk,
    message: &CommandMessage,
    body: &GrantedByStateBody,
) -> Result<Done, Problem> {
    let waiver: Read<Waiver> = read(desk, &message.district, Thing::Waiver, body.waiver.0).await?;
    let record = waiver
        .history
        .state()
        .record()
        .ok_or_else(|| Problem::not_found("waiver"))?;
    let looked: Read<Loop> = read(desk, &message.district, Thing::Loop, record.loop_id.0).await?;
    let asked = looked
        .history
        .state()
        .record()
        .ok_or_else(|| Problem::not_found("loop"))?;
    let proposal = asked
        .proposal
        .as_ref()
        .filter(|proposal| proposal.revision == record.revision)
        .ok_or_else(|| Problem::conflict("nothing-promised", "the loop has another answer by now"))?;
    let mut opened = open(desk, message, FlexibilityId(message.thing)).await?;
    let today = known(desk, message).today;
    let mut rule = asked.rule();
    if rule.citation.is_none() {
        rule.citation = record.reference.clone();
    }
    let title = lent_title(None, asked, &proposal.summary);
    let command = WriteDown::Flexibility(Terms {
        key: title.key,
        title: title.clone(),
        allows: proposal.summary.clone(),
        rationale: proposal.rationale.clone(),
        rule,
        area: asked.tension.area.clone(),
        scope: Scope::Schools {
            schools: record.schools.clone(),
        },
        conditions: record.text.clone(),
        stays_required: None,
        starts_on: record.answered_on.unwrap_or(today),
        ends_on: record.until,
        review_on: None,
        department: record.department,
        kind: ResolutionKind::StateWaiver,
        pilot_question: None,
        origin: record
            .schools
            .iter()
            .next()
            .map(|school| contracts::events::flexibility::Origin {
                id: record.loop_id,
                revision: record.revision,
                school: *school,
            }),
        pattern: None,
        corrects: None,
        readers: first_readers(asked),
    });
    carry_out(desk, message, &mut opened, None, &command).await
}
