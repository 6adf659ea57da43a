//! What may be asked of the ledger: checkpoints and hashes by anybody, entries and how it stands by those who look
//! after the record, receipts by whoever sees the loop.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::Datelike;
use contracts::Claims;
use contracts::events::RecordEvent;
use contracts::problem::Problem;
use contracts::queries::{
    Answered, Ask, CheckQuery, Checkpoint, CheckpointQuery, KeptOutside, KeysQuery, Leaves, LeavesQuery, LedgerAlarm,
    LedgerQuery, LedgerView, Receipt, ReceiptQuery, Tile, TileQuery,
};
use contracts::vocabulary::{Damaged, Role};
use decider::Desk;
use messaging::{Bus, Incoming, People};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::merkle::TILE_HEIGHT;
use crate::store::{self, Signed};
use crate::take::{self, Trouble};
use crate::{Ledger, commands, notes, slice, words};

/// Hashes in a full tile, and entries in a full bundle.
const TILE_WIDTH: u64 = 256;
/// The highest level of tiles there can be.
const LEVEL_MAX: u8 = 7;
/// What the entries of one answer may weigh, in base64: a message holds a megabyte.
const ANSWER_BYTES_MAX: usize = 700_000;
/// Checkpoints and alarms shown on a page.
const SHOWN_MAX: i64 = 50;
/// Those who keep checkpoints, shown on a page.
const KEPT_MAX: usize = 20;
/// How long a question waits for the ledger to reflect what it must.
pub(crate) const CATCH_UP: Duration = Duration::from_secs(2);

/// Answers one question.
pub(crate) async fn answer(ledger: &Ledger, desk: &Desk, bus: &Bus, incoming: &Incoming) -> Result<Value, Problem> {
    match incoming.verb.as_str() {
        "checkpoint" => to_value(latest(ledger, &incoming.read()?).await?),
        "keys" => {
            let asked: KeysQuery = incoming.read()?;
            let district = asked.district.as_str();
            // Only those of a ledger that is there: a key for any name one could think of says nothing.
            store::book(&ledger.db, district)
                .await
                .map_err(away)?
                .ok_or_else(no_ledger)?;
            to_value(ledger.signer.verifier_keys(district))
        }
        "tile" => to_value(tile(ledger, &incoming.read()?).await?),
        "entries" => reply(ledger, incoming, |viewer, query| entries(ledger, viewer, query)).await,
        "receipt" => reply(ledger, incoming, |viewer, query| receipt(ledger, desk, viewer, query)).await,
        "slice" => {
            reply(ledger, incoming, |viewer, query| {
                slice::slice(ledger, desk, bus, viewer, query)
            })
            .await
        }
        "check" => {
            reply(ledger, incoming, |viewer, query: CheckQuery| async move {
                if !viewer.looks_after_the_record() {
                    return Err(not_for_you());
                }
                Ok(ledger.checks.look(ledger, viewer.district.as_str(), query.again))
            })
            .await
        }
        "words" => reply(ledger, incoming, |viewer, query| words::view(desk, bus, viewer, query)).await,
        "ledger" => reply(ledger, incoming, |viewer, query| view(ledger, bus, viewer, query)).await,
        _ => Err(Problem::not_found("such question")),
    }
}

async fn reply<Q, A, F>(
    ledger: &Ledger,
    incoming: &Incoming,
    respond: impl FnOnce(Claims, Q) -> F,
) -> Result<Value, Problem>
where
    Q: DeserializeOwned,
    A: Serialize,
    F: Future<Output = Result<A, Problem>>,
{
    let ask: Ask<Q> = incoming.read()?;
    if !ledger.position.wait_for(ask.at_least, CATCH_UP).await {
        return Err(Problem::unavailable(
            "what you ask for is still being written down; try again in a moment",
        ));
    }
    let position = ledger.position.get();
    let answer = respond(ask.viewer, ask.query).await?;
    to_value(Answered {
        position,
        as_of: None,
        answer,
    })
}

fn to_value(answer: impl Serialize) -> Result<Value, Problem> {
    serde_json::to_value(answer).map_err(|_| Problem::unavailable("an answer could not be written"))
}

#[expect(clippy::needless_pass_by_value, reason = "it is used to map errors")]
pub(crate) fn away(error: sqlx::Error) -> Problem {
    tracing::warn!(%error, "the ledger's database has trouble");
    Problem::unavailable("the ledger cannot be read for a moment; nothing was lost")
}

pub(crate) fn no_ledger() -> Problem {
    Problem::not_found("checkpoint")
}

fn shown(signed: Signed) -> Checkpoint {
    Checkpoint {
        note: signed.note,
        size: signed.size.unsigned_abs(),
        at: signed.at,
    }
}

async fn latest(ledger: &Ledger, query: &CheckpointQuery) -> Result<Checkpoint, Problem> {
    let book = store::book(&ledger.db, query.district.as_str()).await.map_err(away)?;
    let signed = book.ok_or_else(no_ledger)?.latest().await.map_err(away)?;
    signed.map(shown).ok_or_else(no_ledger)
}

/// Hashes are given up to what was signed: nobody can check others.
async fn tile(ledger: &Ledger, query: &TileQuery) -> Result<Tile, Problem> {
    let nowhere = || Problem::not_found("tile");
    if query.level > LEVEL_MAX || !(1..=TILE_WIDTH).contains(&u64::from(query.width)) {
        return Err(nowhere());
    }
    let book = store::book(&ledger.db, query.district.as_str())
        .await
        .map_err(away)?
        .ok_or_else(nowhere)?;
    let signed = book.latest().await.map_err(away)?.ok_or_else(nowhere)?;
    let there = signed.size.unsigned_abs() >> (TILE_HEIGHT * u32::from(query.level));
    let first = query.index.checked_mul(TILE_WIDTH).ok_or_else(nowhere)?;
    let width = u64::from(query.width);
    if first.checked_add(width).is_none_or(|end| end > there) {
        return Err(nowhere());
    }
    let hashes = book.nodes(u32::from(query.level), first, width).await.map_err(away)?;
    if hashes.len() as u64 != width {
        return Err(Problem::unavailable(
            "hashes of the ledger are missing; tell the administrator",
        ));
    }
    Ok(Tile {
        hashes: BASE64.encode(hashes.concat()),
    })
}

pub(crate) fn not_for_you() -> Problem {
    Problem::forbidden("how the ledger stands is for auditors, leaders and administrators")
}

async fn entries(ledger: &Ledger, viewer: Claims, query: LeavesQuery) -> Result<Leaves, Problem> {
    if !viewer.has(Role::Auditor) {
        return Err(Problem::forbidden("the entries of the ledger are for auditors"));
    }
    commands::read(ledger, &viewer, query.first).await?;
    let book = store::book(&ledger.db, viewer.district.as_str())
        .await
        .map_err(away)?
        .ok_or_else(no_ledger)?;
    let signed = book.latest().await.map_err(away)?.ok_or_else(no_ledger)?;
    let left = signed.size.unsigned_abs().saturating_sub(query.first);
    let count = left.min(u64::from(query.count)).min(TILE_WIDTH);
    let mut entries = Vec::new();
    let mut weight = 0;
    for entry in book.entries(query.first, count).await.map_err(away)? {
        let entry = BASE64.encode(entry);
        weight += entry.len();
        if weight > ANSWER_BYTES_MAX && !entries.is_empty() {
            break;
        }
        entries.push(entry);
    }
    Ok(Leaves { entries })
}

/// The receipt for the last event of a loop that the asker may read of.
async fn receipt(ledger: &Ledger, desk: &Desk, viewer: Claims, query: ReceiptQuery) -> Result<Receipt, Problem> {
    let sequence = desk
        .last_read_by(&viewer, query.id)
        .await?
        .ok_or_else(|| Problem::not_found("loop"))?;
    if !ledger.position.wait_for(sequence, CATCH_UP).await {
        return Err(Problem::unavailable(
            "the ledger has not come to this loop yet; try again in a moment",
        ));
    }
    let (proof, signed) = slice::proof(ledger, &viewer.district, sequence).await?;
    Ok(Receipt {
        proof,
        sequence,
        at: signed.at,
    })
}

/// Who keeps a checkpoint outside, this year and the last, the latest first.
async fn kept(ledger: &Ledger, people: &dyn People, viewer: &Claims) -> Result<Vec<KeptOutside>, Problem> {
    let year = ledger.clock.now().year();
    let mut all = Vec::new();
    for year in [year - 1, year] {
        let subject = notes::subject(&viewer.district, year);
        let read = ledger
            .log
            .load(&subject, 0, 0)
            .await
            .map_err(|_| Problem::unavailable("the record cannot be reached"))?;
        for raw in read {
            let Ok(recorded) = raw.parse() else { continue };
            if let (Ok(RecordEvent::CheckpointKept(kept)), Some(person)) =
                (RecordEvent::read(&recorded.envelope), recorded.envelope.actor.person())
            {
                all.push((person, kept.size, recorded.envelope.time));
            }
        }
    }
    all.reverse();
    all.truncate(KEPT_MAX);
    let mut names = BTreeMap::new();
    for (person, ..) in &all {
        if !names.contains_key(person) {
            let known = people.person(&viewer.district, *person).await.ok().flatten();
            names.insert(
                *person,
                known.map_or_else(|| "somebody".to_owned(), |claims| claims.name),
            );
        }
    }
    let shown = all.into_iter().map(|(person, size, at)| KeptOutside {
        by: names[&person].clone(),
        size,
        at,
    });
    Ok(shown.collect())
}

async fn view(ledger: &Ledger, bus: &Bus, viewer: Claims, _query: LedgerQuery) -> Result<LedgerView, Problem> {
    if !viewer.looks_after_the_record() {
        return Err(not_for_you());
    }
    let district = viewer.district.as_str();
    let book = store::book(&ledger.db, district).await.map_err(away)?;
    let checkpoints = match book {
        Some(book) => book.signed(SHOWN_MAX).await.map_err(away)?,
        None => Vec::new(),
    };
    let alarms = store::alarms(&ledger.db, SHOWN_MAX).await.map_err(away)?;
    let entries = ledger
        .edges
        .lock()
        .await
        .get(district)
        .map_or(0, |open| open.edge.size());
    Ok(LedgerView {
        origin: ledger.signer.origin(district),
        verifier_keys: ledger.signer.verifier_keys(district),
        checkpoints: checkpoints.into_iter().map(shown).collect(),
        entries,
        kept: kept(ledger, bus, &viewer).await?,
        damaged: match take::compare(ledger).await {
            Err(Trouble::Damaged(damage)) => Some(damage.to_string()),
            Ok(()) | Err(_) => None,
        },
        alarms: alarms
            .into_iter()
            .map(|alarm| LedgerAlarm {
                damage: Damaged::from_code(&alarm.kind).unwrap_or(Damaged::Altered),
                from: alarm.from_seq.unsigned_abs(),
                to: alarm.to_seq.unsigned_abs(),
                at: alarm.at,
            })
            .collect(),
    })
}
