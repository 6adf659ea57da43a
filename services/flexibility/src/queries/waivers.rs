//! Requests to the state: the packet, with what is written, what is suggested from the loop, and what is missing.

use ::domain::authority::{Sight, sight};
use ::domain::waiver::WaiverRecord;
use ::domain::{Loop, LoopRecord};
use contracts::ids::{FlexibilityId, LoopNumber, WaiverId};
use contracts::office_action::OfficeAction;
use contracts::problem::Problem;
use contracts::queries::{LoopNamed, PAGE_MAX, Page, PartView, RegimeView, WaiverQuery, WaiverView, WaiversQuery};
use contracts::subjects::{Subject, Thing};
use contracts::vocabulary::WaiverStanding;
use decider::History;

use super::office::{before, cited, paged};
use super::{Asked, away};
use crate::commands::may_office;
use crate::read_model::{self, OfficeRow};
use crate::regimes::{Part, Regime, Regimes, Source};
use crate::views::{self, Words};

fn record(row: &OfficeRow) -> Option<WaiverRecord> {
    serde_json::from_str(&row.state)
        .inspect_err(|error| tracing::error!(id = %row.id, %error, "a request to the state cannot be read"))
        .ok()
}

/// The ways of asking that are in use.
pub(super) fn regimes(asked: &Asked<serde_json::Value>, regimes: &Regimes) -> Vec<RegimeView> {
    let today = asked.known.calendar().date(asked.desk.clock.now());
    regimes
        .all()
        .into_iter()
        .filter(|regime| regime.in_use(today))
        .map(Regime::view)
        .collect()
}

/// A page of requests, the newest first; each is seen by whoever sees more than a card of its loop.
pub(super) async fn waivers(asked: Asked<WaiversQuery>, regimes: Regimes) -> Result<Page<WaiverView>, Problem> {
    let limit = asked.query.limit.unwrap_or(50).clamp(1, PAGE_MAX) as usize;
    let rows = read_model::waivers(
        &asked.model.db,
        &asked.viewer.district,
        asked.query.standing,
        asked.query.loop_id,
        before(asked.query.cursor.as_deref())?,
        limit as i64 + 1,
    )
    .await
    .map_err(away)?;
    let (rows, next) = paged(rows, limit);
    let mut items = Vec::new();
    for row in &rows {
        if let Some(found) = record(row)
            && let Some(origin) = seen(&asked, &found).await?
        {
            items.push(view(&asked, &regimes, WaiverId(row.id), &found, &origin).await?);
        }
    }
    Ok(Page { items, next })
}

/// One request.
pub(super) async fn waiver(asked: Asked<WaiverQuery>, regimes: Regimes) -> Result<WaiverView, Problem> {
    let id = asked
        .query
        .id
        .ok_or_else(|| Problem::invalid_field("id", "is needed"))?;
    let row = read_model::office_row(&asked.model.db, Thing::Waiver, &asked.viewer.district, id.0)
        .await
        .map_err(away)?;
    let nothing = || Problem::not_found("waiver");
    let found = row.as_ref().and_then(record).ok_or_else(nothing)?;
    let origin = seen(&asked, &found).await?.ok_or_else(nothing)?;
    view(&asked, &regimes, id, &found, &origin).await
}

/// The loop, where the asker sees more of it than a card.
async fn seen<Q>(asked: &Asked<Q>, found: &WaiverRecord) -> Result<Option<LoopRecord>, Problem> {
    let subject = Subject::of_loop(&asked.viewer.district, found.loop_id);
    let history = History::<Loop>::read::<()>(&*asked.desk.log, &subject)
        .await
        .map_err(|failure| failure.problem(|()| Problem::not_found("loop")))?;
    Ok(history
        .state()
        .record()
        .filter(|record| sight(&asked.viewer, &record.audience(&asked.viewer.district)) > Sight::Card)
        .cloned())
}

async fn view<Q>(
    asked: &Asked<Q>,
    regimes: &Regimes,
    id: WaiverId,
    found: &WaiverRecord,
    origin: &LoopRecord,
) -> Result<WaiverView, Problem> {
    let words = Words::of(asked);
    let regime = regimes
        .version(found.regime.code.as_str(), found.regime.version)
        .ok_or_else(|| Problem::unavailable("the state's way of asking that this was written by is not known here"))?;
    let mut parts = Vec::new();
    for part in &regime.request {
        let (text, suggested) = match found.parts.get(&part.name) {
            Some(sealed) => (Some(words.open(sealed).await?), false),
            None if found.standing == WaiverStanding::Drafted => (suggestion(asked, part, found, origin).await?, true),
            None => (None, false),
        };
        parts.push(PartView {
            name: part.name.to_string(),
            label: part.label.clone(),
            hint: part.hint.clone(),
            needed: part.needed,
            citation: part.citation.clone(),
            suggested: suggested && text.is_some(),
            text,
        });
    }
    let missing = parts
        .iter()
        .filter(|part| part.needed && (part.text.is_none() || part.suggested))
        .map(|part| part.label.clone())
        .collect();
    let mut schools: Vec<_> = found
        .schools
        .iter()
        .map(|school| views::school(&asked.known, *school))
        .collect();
    schools.sort_by(|a, b| a.name.cmp(&b.name));
    let granted = matches!(found.standing, WaiverStanding::Granted | WaiverStanding::DeemedGranted);
    Ok(WaiverView {
        id,
        version: found.version,
        origin: LoopNamed {
            id: found.loop_id,
            number: LoopNumber::of(found.loop_id),
        },
        standing: found.standing,
        regime: regime.view(),
        schools,
        department: found.department,
        department_name: views::department(&asked.known, found.department),
        parts,
        missing,
        submitted_on: found.submitted_on,
        decide_by: found.decide_by,
        answered_on: found.answered_on,
        until: found.until,
        reference: found.reference.as_ref().map(ToString::to_string),
        text: words.some(found.text.as_ref()).await?,
        flexibility: granted.then(|| FlexibilityId::promised(&asked.viewer.district, found.loop_id, found.revision)),
        offers: offers(asked, found),
    })
}

fn offers<Q>(asked: &Asked<Q>, found: &WaiverRecord) -> Vec<String> {
    let open: &[OfficeAction] = match found.standing {
        WaiverStanding::Drafted => &[OfficeAction::DraftWaiver, OfficeAction::SubmitWaiver],
        WaiverStanding::Submitted => &[OfficeAction::AnswerWaiver],
        WaiverStanding::Granted | WaiverStanding::Denied | WaiverStanding::DeemedGranted => &[],
    };
    open.iter()
        .filter(|action| may_office(&asked.viewer, **action, Some(found.department)))
        .map(|action| action.slug().to_owned())
        .collect()
}

/// What the loop already says of a part, so that nobody types it twice.
async fn suggestion<Q>(
    asked: &Asked<Q>,
    part: &Part,
    found: &WaiverRecord,
    origin: &LoopRecord,
) -> Result<Option<String>, Problem> {
    let words = Words::of(asked);
    Ok(match part.from {
        None => None,
        Some(Source::Barrier) => Some(words.open(&origin.tension.barrier).await?),
        Some(Source::Trying) => Some(words.open(&origin.tension.trying).await?),
        Some(Source::Schools) => {
            let named = found
                .schools
                .iter()
                .map(|school| views::school(&asked.known, *school).name);
            Some(named.collect::<Vec<String>>().join("\n"))
        }
        Some(Source::Rule) => Some(cited(&origin.rule())).filter(|rule| !rule.is_empty()),
    })
}
