//! What people ask of the register: wait until the read model reflects what it must, answer, cut to what they may see.

mod office;
mod reviews;
mod waivers;

use std::time::Duration;

use ::domain::FlexibilityRecord;
use ::domain::directory::DistrictRecord;
use chrono::{DateTime, NaiveDate, Utc};
use contracts::Claims;
use contracts::events::flexibility::{Readers, Scope};
use contracts::ids::FlexibilityId;
use contracts::problem::Problem;
use contracts::queries::{
    Answered, Ask, FlexibilityQuery, FlexibilityRow, FlexibilityView, PAGE_MAX, Page, PublicRegister,
    PublicRegisterQuery, RegisterQuery, Similar, SimilarFlexibility, SimilarLoop, SimilarQuery,
};
use contracts::vocabulary::{Role, RuleSource, ScopeLevel, Standing};
use decider::Desk;
use messaging::Incoming;
use projection::Model;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::read_model::{self, Register, RegisterDbRow};
use crate::regimes::Regimes;
use crate::similar::{Found, find};
use crate::views::{self, Shown, Words};

/// How long a question waits for the read model to reflect what it must.
const CATCH_UP: Duration = Duration::from_secs(2);
/// The most rows looked through for one page.
const LOOKED_AT_MAX: usize = 4000;
/// The most that a district shows the public on one page.
const PUBLIC_MAX: usize = 500;

/// Answers one question.
pub(crate) async fn answer(
    desk: &Desk,
    model: &Model<Register>,
    regimes: &Regimes,
    incoming: &Incoming,
) -> Result<Value, Problem> {
    match incoming.verb.as_str() {
        "patterns" => reply(desk, model, incoming, office::patterns).await,
        "pattern" => reply(desk, model, incoming, office::pattern).await,
        "clauses" => reply(desk, model, incoming, office::clauses).await,
        "waivers" => reply(desk, model, incoming, |asked| waivers::waivers(asked, regimes.clone())).await,
        "waiver" => reply(desk, model, incoming, |asked| waivers::waiver(asked, regimes.clone())).await,
        "regimes" => {
            reply(desk, model, incoming, async |asked| {
                Ok(waivers::regimes(&asked, regimes))
            })
            .await
        }
        "reviews" => reply(desk, model, incoming, reviews::reviews).await,
        "review" => reply(desk, model, incoming, reviews::review).await,
        "register" => reply(desk, model, incoming, register).await,
        "flexibility" => reply(desk, model, incoming, one).await,
        "similar" => reply(desk, model, incoming, similar).await,
        "public" => {
            let shown = public(desk, model, &incoming.read()?).await?;
            serde_json::to_value(shown).map_err(|_| Problem::unavailable("an answer could not be written"))
        }
        _ => Err(Problem::not_found("such question")),
    }
}

/// What an answer is made from.
pub(crate) struct Asked<Q> {
    pub(crate) desk: Desk,
    pub(crate) viewer: Claims,
    pub(crate) query: Q,
    pub(crate) model: Model<Register>,
    pub(crate) known: DistrictRecord,
}

impl<Q> Asked<Q> {
    /// The district's day.
    pub(crate) fn today(&self) -> chrono::NaiveDate {
        self.known.calendar().date(self.desk.clock.now())
    }
}

async fn reply<Q, A, F>(
    desk: &Desk,
    model: &Model<Register>,
    incoming: &Incoming,
    respond: impl FnOnce(Asked<Q>) -> F,
) -> Result<Value, Problem>
where
    Q: DeserializeOwned,
    A: Serialize,
    F: Future<Output = Result<A, Problem>>,
{
    let ask: Ask<Q> = incoming.read()?;
    if !model.position.wait_for(ask.at_least, CATCH_UP).await {
        return Err(Problem::unavailable(
            "what you ask for is still being written down; try again in a moment",
        ));
    }
    let position = model.position.get();
    let known = desk
        .districts
        .with(&ask.viewer.district, Clone::clone)
        .unwrap_or_default();
    let asked = Asked {
        desk: desk.clone(),
        viewer: ask.viewer,
        query: ask.query,
        model: model.clone(),
        known,
    };
    let answer = respond(asked).await?;
    serde_json::to_value(Answered {
        position,
        as_of: None,
        answer,
    })
    .map_err(|_| Problem::unavailable("an answer could not be written"))
}

#[expect(clippy::needless_pass_by_value, reason = "it is used to map errors")]
pub(crate) fn away(error: sqlx::Error) -> Problem {
    tracing::warn!(%error, "the register's database has trouble");
    Problem::unavailable("the register cannot be read for a moment; nothing was lost")
}

impl<Q> Asked<Q> {
    /// The end of a day of the district, as a moment.
    fn end_of(&self, day: NaiveDate) -> DateTime<Utc> {
        self.known.calendar().end_of(day)
    }

    fn sees(&self, record: &FlexibilityRecord) -> bool {
        record.is_seen_by(&self.viewer, &self.viewer.district, &self.known)
    }
}

/// A row's state; what cannot be read is nothing, and said.
pub(crate) fn record(row: &RegisterDbRow) -> Option<FlexibilityRecord> {
    serde_json::from_str(&row.state)
        .inspect_err(|error| tracing::error!(id = %row.id, %error, "a row of the register cannot be read"))
        .ok()
}

/// A page of the register, the newest first.
async fn register(asked: Asked<RegisterQuery>) -> Result<Page<FlexibilityRow>, Problem> {
    if let Some(day) = asked.query.ends_before {
        return ending(&asked, day).await;
    }
    let limit = asked.query.limit.unwrap_or(50).clamp(1, PAGE_MAX) as usize;
    let moment = asked.query.on.map(|day| asked.end_of(day));
    let mut before = match asked.query.cursor.as_deref() {
        Some(cursor) => Some(
            cursor
                .parse::<i64>()
                .map_err(|_| Problem::invalid_field("cursor", "is not one that a page gave out; begin without it"))?,
        ),
        None => None,
    };
    let by_words = match asked
        .query
        .q
        .as_deref()
        .map(str::trim)
        .filter(|words| !words.is_empty())
    {
        Some(words) => Some(found_by_words(&asked, words).await?),
        None => None,
    };
    let mut items: Vec<FlexibilityRow> = Vec::new();
    let mut looked_at = 0;
    let mut wanted_rows = asked.query.clone();
    if wanted_rows.zone.is_some() {
        wanted_rows.scope = Some(ScopeLevel::Zone);
    }
    loop {
        let rows = read_model::page(
            &asked.model.db,
            &asked.viewer.district,
            &wanted_rows,
            moment,
            before,
            500,
        )
        .await
        .map_err(away)?;
        let last = rows.len() < 500;
        looked_at += rows.len();
        for row in rows {
            before = Some(row.first_seq);
            let Some(found) = record(&row) else { continue };
            let id = FlexibilityId(row.id);
            let wanted = asked.sees(&found)
                && asked
                    .query
                    .zone
                    .is_none_or(|zone| matches!(found.scope, Scope::Zone { zone: of } if of == zone))
                && by_words.as_ref().is_none_or(|ids| ids.contains(&id))
                && asked
                    .query
                    .school
                    .is_none_or(|school| found.is_for(school, &asked.known));
            // Who may read of it is as it is now, also of how it was.
            if !wanted || (moment.is_some() && !seen_now(&asked, id).await?) {
                continue;
            }
            if items.len() == limit {
                let next = Some((row.first_seq + 1).to_string());
                return Ok(Page { items, next });
            }
            items.push(views::row(&Shown::of(&asked), id, &found).await?);
        }
        if last || looked_at >= LOOKED_AT_MAX {
            let next = (!last).then(|| before.map(|seq| seq.to_string())).flatten();
            return Ok(Page { items, next });
        }
    }
}

/// What ends before a day, the soonest first; of what has ended, pilots whose answer is owed.
async fn ending(asked: &Asked<RegisterQuery>, day: NaiveDate) -> Result<Page<FlexibilityRow>, Problem> {
    let limit = asked.query.limit.unwrap_or(50).clamp(1, PAGE_MAX) as usize;
    let rows = read_model::ending(&asked.model.db, &asked.viewer.district, asked.query.department, day)
        .await
        .map_err(away)?;
    let mut items = Vec::new();
    for row in rows {
        let Some(found) = record(&row).filter(|found| asked.sees(found)) else {
            continue;
        };
        if found.standing == Standing::InForce || found.is_open_pilot() {
            items.push(views::row(&Shown::of(asked), FlexibilityId(row.id), &found).await?);
        }
        if items.len() == limit {
            break;
        }
    }
    Ok(Page { items, next: None })
}

async fn found_by_words(
    asked: &Asked<RegisterQuery>,
    words: &str,
) -> Result<std::collections::HashSet<FlexibilityId>, Problem> {
    let found = find(
        &asked.model.db,
        &asked.model.model.vocabulary,
        &asked.viewer.district,
        words,
        asked.query.area.as_deref(),
    )
    .await
    .map_err(away)?;
    Ok(found
        .into_iter()
        .filter(|found| found.candidate.kind != "loop")
        .map(|found| FlexibilityId(found.candidate.id))
        .collect())
}

/// Whether the asker may read of a part of the register as it stands: that holds of how it was, too.
async fn seen_now<Q>(asked: &Asked<Q>, id: FlexibilityId) -> Result<bool, Problem> {
    let row = read_model::now(&asked.model.db, &asked.viewer.district, id)
        .await
        .map_err(away)?;
    Ok(row.as_ref().and_then(record).is_some_and(|record| asked.sees(&record)))
}

/// What a district shows anybody: what is in force and meant for the public, and nothing of who uses it or of loops.
/// A district that shows nothing is not told apart from one that is not there.
async fn public(desk: &Desk, model: &Model<Register>, query: &PublicRegisterQuery) -> Result<PublicRegister, Problem> {
    let nothing = || Problem::not_found("page");
    let known = desk.districts.with(&query.district, Clone::clone).ok_or_else(nothing)?;
    let rows = read_model::public(&model.db, &query.district, PUBLIC_MAX as i64 + 1)
        .await
        .map_err(away)?;
    let more = rows.len() > PUBLIC_MAX;
    let words = Words::public(desk, &model.db, &query.district, &known);
    let mut items = Vec::new();
    for row in rows.iter().take(PUBLIC_MAX) {
        if let Some(found) = record(row).filter(|found| found.readers == Readers::Public) {
            items.push(views::public_entry(&words, FlexibilityId(row.id), &found).await?);
        }
    }
    if items.is_empty() {
        return Err(nothing());
    }
    items.sort_by(|a, b| (a.area.code(), &a.title).cmp(&(b.area.code(), &b.title)));
    Ok(PublicRegister {
        district_name: known.name.clone(),
        time_zone: known.calendar().time_zone.name().to_owned(),
        items,
        more,
    })
}

/// One part of the register, whole.
async fn one(asked: Asked<FlexibilityQuery>) -> Result<FlexibilityView, Problem> {
    let id = asked
        .query
        .id
        .ok_or_else(|| Problem::invalid_field("id", "is needed"))?;
    let district = &asked.viewer.district;
    let row = match asked.query.on {
        None => read_model::now(&asked.model.db, district, id).await,
        Some(day) => read_model::at(&asked.model.db, district, id, asked.end_of(day)).await,
    };
    let row = row.map_err(away)?.ok_or_else(|| Problem::not_found("flexibility"))?;
    let found = record(&row).ok_or_else(|| Problem::not_found("flexibility"))?;
    if !seen_now(&asked, id).await? {
        return Err(Problem::not_found("flexibility"));
    }
    views::whole(&asked, id, &found).await
}

/// What is like what somebody types, cut to what they may see.
async fn similar(asked: Asked<SimilarQuery>) -> Result<Similar, Problem> {
    let limit = asked.query.limit.unwrap_or(5).clamp(1, 20) as usize;
    let found = find(
        &asked.model.db,
        &asked.model.model.vocabulary,
        &asked.viewer.district,
        &asked.query.text,
        asked.query.area.as_deref(),
    )
    .await
    .map_err(away)?;
    let mut answer = Similar::default();
    for found in found {
        if found.candidate.kind == "loop" {
            if answer.loops.len() < limit
                && let Some(shown) = loop_card(&asked, &found)
            {
                answer.loops.push(shown);
            }
            continue;
        }
        let list_full = if found.candidate.kind == "non_negotiable" {
            answer.non_negotiables.len() >= limit
        } else {
            answer.flexibilities.len() >= limit
        };
        if list_full {
            continue;
        }
        let id = FlexibilityId(found.candidate.id);
        let row = read_model::now(&asked.model.db, &asked.viewer.district, id)
            .await
            .map_err(away)?;
        let Some(record) = row.as_ref().and_then(record).filter(|record| asked.sees(record)) else {
            continue;
        };
        let shown = SimilarFlexibility {
            row: views::row(&Shown::of(&asked), id, &record).await?,
            for_you: asked
                .viewer
                .schools
                .iter()
                .any(|school| record.is_for(*school, &asked.known)),
            because: found.because,
            score: found.score,
        };
        if found.candidate.kind == "non_negotiable" {
            answer.non_negotiables.push(shown);
        } else {
            answer.flexibilities.push(shown);
        }
    }
    Ok(answer)
}

/// An open loop as its card shows it: for those who may see cards, and not for schools that are in it.
fn loop_card(asked: &Asked<SimilarQuery>, found: &Found) -> Option<SimilarLoop> {
    #[derive(serde::Deserialize)]
    struct Kept {
        title: String,
        rule_source: RuleSource,
        schools: Vec<contracts::SchoolId>,
    }
    let viewer = &asked.viewer;
    if !viewer.has(Role::Reporter) && viewer.departments.is_empty() && !viewer.has(Role::Contact) {
        return None;
    }
    let kept: Kept = serde_json::from_str(&found.candidate.shown).ok()?;
    if kept.schools.iter().any(|school| viewer.schools.contains(school)) {
        return None;
    }
    let id = contracts::LoopId(found.candidate.id);
    Some(SimilarLoop {
        id,
        number: contracts::LoopNumber::of(id),
        title: kept.title,
        area: contracts::Area::from_code(&found.candidate.area)?,
        rule_source: kept.rule_source,
        schools: kept.schools.len() as u32,
        because: found.because.clone(),
        score: found.score,
    })
}
