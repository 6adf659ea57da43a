//! The ledger over HTTP: checkpoints, keys and hashes for anybody (C2SP tlog-tiles), entries for auditors, receipts for
//! whoever sees the loop.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use contracts::ids::{District, LoopId};
use contracts::problem::Problem;
use contracts::queries::{
    Checkpoint, CheckpointQuery, KeysQuery, Leaves, LeavesQuery, LedgerQuery, LedgerView, Receipt, ReceiptQuery, Tile,
    TileQuery, WordsQuery, WordsView,
};
use contracts::subjects::query;
use contracts::vocabulary::{KeepsWords, WordsDeed};

use super::answer::Answer;
use super::caller::{Caller, body};
use super::loops::{InPath, Versioned, in_path, named, versioned};
use crate::disclosed;
use crate::front::Front;

/// Entries in a full bundle and hashes in a full tile.
const WIDTH: u16 = 256;
/// A tile never changes.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// The digits of one part of a tile's place.
const PLACE_DIGITS: usize = 3;
/// The parts of a tile's place, at most: a million million million tiles.
const PLACE_PARTS_MAX: usize = 6;

/// `tile/<L>/<N>[.p/<W>]` and `tile/entries/<N>[.p/<W>]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Hashes { level: u8, index: u64, width: u16 },
    Entries { index: u64, width: u16 },
}

/// A number as these addresses write it: decimal, without leading zeroes.
fn plain<N: std::str::FromStr + ToString>(text: &str) -> Option<N> {
    text.parse().ok().filter(|number: &N| number.to_string() == text)
}

fn asked(path: &str) -> Option<Asked> {
    let (place, width) = match path.split_once(".p/") {
        Some((place, width)) => (place, plain(width).filter(|width| (1..WIDTH).contains(width))?),
        None => (path, WIDTH),
    };
    let (level, place) = place.split_once('/')?;
    let parts: Vec<&str> = place.split('/').collect();
    let (last, before) = parts.split_last()?;
    if parts.len() > PLACE_PARTS_MAX || before.first().is_some_and(|first| *first == "x000") {
        return None;
    }
    let digits = |part: &str| -> Option<u64> {
        let fits = part.len() == PLACE_DIGITS && part.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| part.parse().ok()).flatten()
    };
    let mut index = 0;
    for part in before {
        index = index * 1000 + digits(part.strip_prefix('x')?)?;
    }
    index = index * 1000 + digits(last)?;
    Some(if level == "entries" {
        Asked::Entries { index, width }
    } else {
        let level = plain(level)?;
        Asked::Hashes { level, index, width }
    })
}

fn district(text: &str) -> Result<District, Problem> {
    text.parse().map_err(|_| Problem::not_found("ledger"))
}

fn plain_text(text: String, cached: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CACHE_CONTROL, cached),
    ];
    (headers, text).into_response()
}

/// The latest checkpoint, for anybody.
pub(super) async fn checkpoint(State(front): State<Front>, path: InPath<String>) -> Answer<Response> {
    let district = district(&in_path(path)?)?;
    let asked = CheckpointQuery { district };
    let checkpoint: Checkpoint = front.bus.ask(query("ledger", "checkpoint"), &asked).await?;
    Ok(plain_text(checkpoint.note, "no-store"))
}

/// The keys that checkpoints are signed with, the one in force first, for anybody.
pub(super) async fn keys(State(front): State<Front>, path: InPath<String>) -> Answer<Response> {
    let district = district(&in_path(path)?)?;
    let keys: Vec<String> = front.bus.ask(query("ledger", "keys"), &KeysQuery { district }).await?;
    Ok(plain_text(keys.join("\n") + "\n", "no-store"))
}

fn bytes(bytes: Vec<u8>, cached: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::CACHE_CONTROL, cached),
    ];
    (headers, bytes).into_response()
}

fn decoded(text: &str) -> Result<Vec<u8>, Problem> {
    BASE64
        .decode(text)
        .map_err(|_| Problem::unavailable("the ledger's answer could not be read"))
}

/// Hashes for anybody, entries for an auditor of the district.
pub(super) async fn tile(
    State(front): State<Front>,
    caller: Result<Caller, super::answer::ProblemAnswer>,
    path: InPath<(String, String)>,
) -> Answer<Response> {
    let (named, path) = in_path(path)?;
    let district = district(&named)?;
    match asked(&path).ok_or_else(|| Problem::not_found("tile"))? {
        Asked::Hashes { level, index, width } => {
            let asked = TileQuery {
                district,
                level,
                index,
                width,
            };
            let tile: Tile = front.bus.ask(query("ledger", "tile"), &asked).await?;
            Ok(bytes(decoded(&tile.hashes)?, FOR_EVER))
        }
        Asked::Entries { index, width } => {
            let caller = caller?;
            if caller.visitor.claims.district != district {
                return Err(Problem::not_found("tile").into());
            }
            Ok(bytes(bundle(&front, &caller, index, width).await?, "private, no-store"))
        }
    }
}

/// A bundle of entries, fetched in as many messages as it takes.
async fn bundle(front: &Front, caller: &Caller, index: u64, width: u16) -> Result<Vec<u8>, Problem> {
    let nowhere = || Problem::not_found("tile");
    let first = index.checked_mul(u64::from(WIDTH)).ok_or_else(nowhere)?;
    let (mut bundle, mut given) = (Vec::new(), 0);
    while given < width {
        let asked = LeavesQuery {
            first: first + u64::from(given),
            count: width - given,
        };
        let part: Leaves = front
            .ask(&caller.visitor, "ledger", "entries", asked, caller.at_least)
            .await?
            .answer;
        if part.entries.is_empty() {
            return Err(nowhere());
        }
        for entry in part.entries {
            let entry = decoded(&entry)?;
            let length = u16::try_from(entry.len()).map_err(|_| nowhere())?;
            bundle.extend_from_slice(&length.to_be_bytes());
            bundle.extend_from_slice(&entry);
            given += 1;
        }
    }
    Ok(bundle)
}

/// How the caller's district's ledger stands.
pub(super) async fn view(State(front): State<Front>, caller: Caller) -> Answer<Json<LedgerView>> {
    let asked = LedgerQuery {};
    Ok(Json(
        front
            .ask(&caller.visitor, "ledger", "ledger", asked, caller.at_least)
            .await?
            .answer,
    ))
}

/// Says that the caller keeps a checkpoint outside.
pub(super) async fn keep(State(front): State<Front>, caller: Caller, request: Request) -> Answer<Json<Versioned>> {
    let body = body(request).await?;
    let (acted, _) = front
        .command(
            &caller.visitor,
            "ledger",
            "keep-checkpoint",
            None,
            &body,
            caller.key.as_deref(),
            caller.based_on,
        )
        .await?;
    Ok(Json(Versioned { version: acted.version }))
}

/// The receipt of a loop.
pub(super) async fn receipt(State(front): State<Front>, caller: Caller, path: InPath<String>) -> Answer<Response> {
    let id = named(&front, &caller.visitor, &in_path(path)?).await?;
    let receipt: Receipt = front
        .ask(
            &caller.visitor,
            "ledger",
            "receipt",
            ReceiptQuery { id },
            caller.at_least,
        )
        .await?
        .answer;
    Ok(receipt_file(id, receipt.proof))
}

/// What was given out of a loop, as a file.
pub(super) async fn disclosed(
    State(front): State<Front>,
    caller: Caller,
    path: InPath<(String, String)>,
) -> Answer<Response> {
    let (id, event) = in_path(path)?;
    let id = named(&front, &caller.visitor, &id).await?;
    let event: u64 = event.parse().map_err(|_| Problem::not_found("file"))?;
    Ok(disclosed::file(&front, &caller.visitor, &[(id, event)]).await?)
}

/// Gives several loops out at once: each is written down, then all are one file.
pub(super) async fn disclose(State(front): State<Front>, caller: Caller, request: Request) -> Answer<Response> {
    let body = body(request).await?;
    let asked: disclosed::Several = contracts::commands::read_body(&body)?;
    let key = caller
        .key
        .clone()
        .unwrap_or_else(|| runtime::ids::time_ordered(front.clock.now()).to_string());
    Ok(disclosed::several(&front, &caller.visitor, &asked, &key, caller.at_least).await?)
}

/// A receipt as a file to keep.
pub(crate) fn receipt_file(id: LoopId, proof: String) -> Response {
    let name = format!("attachment; filename=\"loop-{id}.tlog-proof\"");
    let mut response = plain_text(proof, "no-store");
    if let Ok(name) = name.parse() {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    }
    response
}

/// The words of a thing beside the loops, for those who erase and hold them.
pub(super) async fn words(
    State(front): State<Front>,
    caller: Caller,
    path: InPath<(String, String)>,
) -> Answer<Json<WordsView>> {
    let (of, id) = whose(&in_path(path)?)?;
    let answered = front
        .ask(
            &caller.visitor,
            "ledger",
            "words",
            WordsQuery { of, id },
            caller.at_least,
        )
        .await?;
    Ok(Json(answered.answer))
}

fn whose((of, id): &(String, String)) -> Result<(KeepsWords, uuid::Uuid), Problem> {
    let nothing = || Problem::not_found("such thing");
    Ok((
        KeepsWords::from_code(of).ok_or_else(nothing)?,
        id.parse().map_err(|_| nothing())?,
    ))
}

/// Erases, holds or releases words of such a thing.
pub(super) async fn act_on_words(
    State(front): State<Front>,
    caller: Caller,
    path: InPath<(String, String, String)>,
    request: Request,
) -> Answer<Response> {
    let (of, id, deed) = in_path(path)?;
    let (of, id) = whose(&(of, id))?;
    let Some(deed) = WordsDeed::from_code(&deed) else {
        let known: Vec<&str> = WordsDeed::ALL.iter().map(|deed| deed.code()).collect();
        let detail = format!("there is no action {deed:?}; the actions are {}", known.join(", "));
        return Err(Problem::new("not-found", 404, "Not found", detail).into());
    };
    let text = body(request).await?;
    let mut asked: serde_json::Value =
        serde_json::from_str(&text).map_err(|_| Problem::invalid("the body must be a JSON object", Vec::new()))?;
    if let Some(fields) = asked.as_object_mut() {
        // The address says it.
        fields.insert("of".to_owned(), serde_json::json!(of));
    }
    let (acted, _) = front
        .command(
            &caller.visitor,
            "ledger",
            &deed.verb(),
            Some(id),
            &asked.to_string(),
            caller.key.as_deref(),
            caller.based_on,
        )
        .await?;
    Ok(versioned(acted.version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_as_the_specification_writes_them() {
        let hashes = |level, index, width| Some(Asked::Hashes { level, index, width });
        assert_eq!(asked("0/x001/x234/067"), hashes(0, 1_234_067, 256));
        assert_eq!(asked("1/000.p/17"), hashes(1, 0, 17));
        assert_eq!(
            asked("entries/273.p/112"),
            Some(Asked::Entries { index: 273, width: 112 })
        );
        for wrong in [
            "0",
            "00/000",
            "0/00",
            "0/0000",
            "0/001/000",
            "0/x000/001",
            "0/000.p/0",
            "0/000.p/256",
            "0/000.p/01",
            "0/00a",
            "entries/",
            "64/+01",
        ] {
            assert_eq!(asked(wrong), None, "{wrong}");
        }
    }
}
