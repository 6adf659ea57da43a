//! What an answer promises to grant, worked out from what the department said.

use ::domain::Flexibility;
use contracts::claims::Authority;
use contracts::commands::{self as wire, CommandMessage};
use contracts::events::resolution::Promise;
use contracts::ids::{FlexibilityId, ZoneId};
use contracts::problem::Problem;
use contracts::subjects::Subject;
use contracts::vocabulary::{ResolutionKind, Says, Standing};
use decider::{Desk, History};

/// How long a pilot runs where nothing else is said, in days.
const PILOT_DAYS: u64 = 365;

/// The promise of an answer; none where its kind promises nothing.
pub(super) async fn promise(
    desk: &Desk,
    message: &CommandMessage,
    body: &wire::Propose,
) -> Result<Option<Promise>, Problem> {
    if let Some(cited) = body.flexibility {
        in_force(desk, message, cited).await?;
    }
    if !body.kind.promises() {
        return Ok(None);
    }
    let Some(grants) = &body.grants else {
        return Ok(Some(Promise {
            ends_on: end_of_pilot(body, today(desk, message)),
            ..Promise::default()
        }));
    };
    let today = today(desk, message);
    if grants.ends_on.is_some_and(|ends_on| ends_on < today) {
        return Err(Problem::invalid_field("grants.ends_on", "is past"));
    }
    let zone = grants
        .zone
        .as_ref()
        .map(|named| zone(desk, message, named.as_str()))
        .transpose()?;
    let begins = zone.map_or(today, |zone| begins(desk, message, zone).max(today));
    if grants.ends_on.is_some_and(|ends_on| ends_on < begins) {
        return Err(Problem::invalid_field("grants.ends_on", "is before the zone begins"));
    }
    Ok(Some(Promise {
        title: desk.seal_some(grants.title.as_ref()).await?,
        rule: grants.rule.clone(),
        zone,
        conditions: desk.seal_some(grants.conditions.as_ref()).await?,
        stays_required: desk.seal_some(grants.stays_required.as_ref()).await?,
        ends_on: grants.ends_on.or_else(|| end_of_pilot(body, begins)),
        review_on: grants.review_on,
        pilot_question: desk.seal_some(grants.pilot_question.as_ref()).await?,
    }))
}

fn today(desk: &Desk, message: &CommandMessage) -> chrono::NaiveDate {
    let now = desk.clock.now();
    desk.districts
        .with(&message.district, |record| record.calendar().date(now))
        .unwrap_or(now.date_naive())
}

fn end_of_pilot(body: &wire::Propose, begins: chrono::NaiveDate) -> Option<chrono::NaiveDate> {
    (body.kind == ResolutionKind::Pilot).then(|| begins + chrono::Days::new(PILOT_DAYS))
}

/// The day on which a zone begins.
fn begins(desk: &Desk, message: &CommandMessage, zone: ZoneId) -> chrono::NaiveDate {
    desk.districts
        .with(&message.district, |record| {
            record.zones.get(&zone).map(|zone| zone.starts)
        })
        .flatten()
        .unwrap_or(chrono::NaiveDate::MIN)
}

fn zone(desk: &Desk, message: &CommandMessage, named: &str) -> Result<ZoneId, Problem> {
    desk.districts
        .with(&message.district, |record| record.zone_named(named))
        .flatten()
        .ok_or_else(|| Problem::invalid_field("grants.zone", "is not a zone of this district"))
}

/// Refuses to rest an answer on what cannot be used.
async fn in_force(desk: &Desk, message: &CommandMessage, cited: FlexibilityId) -> Result<(), Problem> {
    let subject = Subject::of_flexibility(&message.district, cited);
    let history = History::<Flexibility>::read::<()>(&*desk.log, &subject)
        .await
        .map_err(|failure| failure.problem(|()| Problem::not_found("flexibility")))?;
    let known = desk.districts.with(&message.district, Clone::clone).unwrap_or_default();
    let record = history.state().record().filter(|record| match &message.authority {
        Authority::Person(viewer) => record.is_seen_by(viewer, &message.district, &known),
        Authority::Policy { .. } => true,
    });
    match record {
        None => Err(Problem::invalid_field("flexibility", "is not in the register")),
        Some(record) if record.says == Says::NonNegotiable => Err(Problem::invalid_field(
            "flexibility",
            "says what must stay as it is: nothing can rest on it",
        )),
        Some(record) if record.standing != Standing::InForce => Err(Problem::invalid_field(
            "flexibility",
            "is no longer in force: renew it, or answer without it",
        )),
        Some(_) => Ok(()),
    }
}
