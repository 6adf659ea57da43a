//! What was given out of a record, as a file: each entry with its proof, the words with what shows that they are the ones
//! that were written, pages to read, and a digest of every file.

use std::io::{Cursor, Write as _};

use askama::Template;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;
use contracts::Action;
use contracts::commands::{Disclose, Withhold};
use contracts::ids::{DisclosureId, LoopId, LoopNumber, SchoolId};
use contracts::problem::Problem;
use contracts::queries::{EntriesQuery, Entry, LoopRow, LoopsQuery, PAGE_MAX, Page, Slice, SliceIs, SliceQuery, Sort};
use contracts::text::Line;
use contracts::vocabulary::{Disclosure, Role};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::csv::Table;
use crate::front::{Front, Visitor, digest};
use crate::pages::days::Days;

/// Loops of one file.
const LOOPS_MAX: usize = 200;
/// Pages of one loop that are asked for.
const SLICES_MAX: usize = 200;
/// What a file may weigh before it is packed.
const BYTES_MAX: usize = 64 * 1024 * 1024;

/// What is read of one loop.
#[derive(Debug)]
struct OneLoop {
    id: LoopId,
    disclosed: u64,
    slice: Slice,
}

/// An entry as it is read.
#[derive(Debug)]
struct Happened {
    sequence: u64,
    when: String,
    who: String,
    what: String,
    texts: Vec<(String, String, bool)>,
}

/// The page to read.
#[derive(Debug, Template)]
#[template(path = "given.html")]
struct Readable {
    to: String,
    by: String,
    at: String,
    form: &'static str,
    loops: Vec<(String, String, Vec<Happened>)>,
}

/// The file of what was given out of some loops: each with the event that says so.
pub(crate) async fn file(front: &Front, visitor: &Visitor, given: &[(LoopId, u64)]) -> Result<Response, Problem> {
    let mut loops = Vec::with_capacity(given.len());
    for (id, disclosed) in given {
        loops.push(OneLoop {
            id: *id,
            disclosed: *disclosed,
            slice: whole(front, visitor, *id, *disclosed).await?,
        });
    }
    let name = match given {
        [(id, disclosed)] => format!("loop-{}-{disclosed}", LoopNumber::of(*id)),
        _ => format!("loops-{}", given.last().map_or(0, |(_, disclosed)| *disclosed)),
    };
    let bytes = tokio::task::spawn_blocking(move || packed(&loops))
        .await
        .map_err(|_| Problem::unavailable("the file could not be made"))??;
    let headers = [
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (header::CACHE_CONTROL, "private, no-store".to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}.zip\""),
        ),
    ];
    Ok((headers, bytes).into_response())
}

/// Loops that are given out together.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Several {
    /// In what form.
    pub form: Disclosure,
    /// To whom.
    pub to: Line,
    /// Loops that this school is in; every one of the district where it is missing.
    #[serde(default)]
    pub school: Option<SchoolId>,
    /// Loops filed on this day or later.
    #[serde(default)]
    pub from: Option<NaiveDate>,
    /// Loops filed on this day or earlier.
    #[serde(default)]
    pub until: Option<NaiveDate>,
    /// Texts that are kept back.
    #[serde(default)]
    pub withhold: Vec<Withhold>,
}

/// Gives loops out together: first each is written down under the same disclosure, then all of them are one file. The
/// same key and request give the same again, and what was filed since.
pub(crate) async fn several(
    front: &Front,
    visitor: &Visitor,
    asked: &Several,
    key: &str,
    at_least: u64,
) -> Result<Response, Problem> {
    if !visitor.claims.has(Role::Auditor) {
        return Err(Problem::forbidden("giving loops out is for auditors"));
    }
    let ids = chosen(front, visitor, asked, at_least).await?;
    let texts = if asked.withhold.is_empty() {
        Vec::new()
    } else {
        texts_of(front, visitor, &ids, at_least).await?
    };
    // Nothing is written down before all that is asked for can be.
    let nowhere = |withhold: &&Withhold| texts.iter().all(|(_, text)| *text != withhold.text);
    if let Some(unknown) = asked.withhold.iter().find(nowhere) {
        let message = format!("{:?} is no text of these loops", unknown.text);
        return Err(Problem::invalid_field("withhold", message));
    }
    let district = visitor.claims.district.as_str();
    // The same key with another request is another disclosure.
    let request = serde_json::to_string(asked).map_err(not_made)?;
    let key = format!("{key}/{}", digest(&request));
    let disclosure = DisclosureId::derived(&[district, &visitor.claims.person.to_string(), &key]);
    let mut given = Vec::with_capacity(ids.len());
    for id in ids {
        let of_it = |withhold: &&Withhold| {
            let mut texts = texts.iter();
            texts.any(|(of, text)| *of == id && *text == withhold.text)
        };
        let body = Disclose {
            form: asked.form,
            to: asked.to.clone(),
            withhold: asked.withhold.iter().filter(of_it).cloned().collect(),
            disclosure: Some(disclosure),
        };
        let body = serde_json::to_string(&body).map_err(not_made)?;
        let key = format!("{key}/{id}");
        let acted = front
            .act(visitor, Action::Disclose, Some(id), &body, Some(&key), None)
            .await?;
        given.push((id, acted.version));
    }
    file(front, visitor, &given).await
}

/// The texts of loops, by the names that keeping back asks for.
async fn texts_of(
    front: &Front,
    visitor: &Visitor,
    ids: &[LoopId],
    at_least: u64,
) -> Result<Vec<(LoopId, String)>, Problem> {
    let mut texts = Vec::new();
    for id in ids {
        let mut cursor = None;
        for _ in 0..SLICES_MAX {
            let query = EntriesQuery {
                id: *id,
                limit: Some(PAGE_MAX),
                cursor,
            };
            let page: Page<Entry> = front.ask(visitor, "timeline", "entries", query, at_least).await?.answer;
            let named = page.items.into_iter().flat_map(|entry| entry.texts);
            texts.extend(named.map(|text| (*id, text.text)));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
    }
    Ok(texts)
}

/// The loops that are asked for, the oldest first.
async fn chosen(front: &Front, visitor: &Visitor, asked: &Several, at_least: u64) -> Result<Vec<LoopId>, Problem> {
    let district = front.district(visitor).await?;
    let days = Days::new(&district.time_zone, front.clock.now());
    let mut ids = Vec::new();
    let mut cursor = None;
    loop {
        let query = LoopsQuery {
            school: asked.school,
            sort: Sort::Oldest,
            limit: Some(PAGE_MAX),
            cursor,
            ..LoopsQuery::default()
        };
        let page: Page<LoopRow> = front.ask(visitor, "timeline", "loops", query, at_least).await?.answer;
        let in_it = |row: &&LoopRow| {
            let day = days.day(row.filed_at);
            asked.from.is_none_or(|from| day >= from) && asked.until.is_none_or(|until| day <= until)
        };
        ids.extend(page.items.iter().filter(in_it).map(|row| row.id));
        if ids.len() > LOOPS_MAX {
            return Err(Problem::invalid(
                format!("these are more than {LOOPS_MAX} loops; choose a shorter time, or a school"),
                Vec::new(),
            ));
        }
        // The oldest come first: what follows is later still.
        let last = page.items.last().map(|row| days.day(row.filed_at));
        let past = asked.until.zip(last).is_some_and(|(until, last)| last > until);
        cursor = page.next.filter(|_| !past);
        if cursor.is_none() {
            break;
        }
    }
    if ids.is_empty() {
        return Err(Problem::invalid("there are no such loops", Vec::new()));
    }
    Ok(ids)
}

/// All entries that were given out of one loop.
async fn whole(front: &Front, visitor: &Visitor, id: LoopId, disclosed: u64) -> Result<Slice, Problem> {
    let mut whole: Option<Slice> = None;
    let mut after = 0;
    for _ in 0..SLICES_MAX {
        let query = SliceQuery { id, disclosed, after };
        let slice: Slice = front.ask(visitor, "ledger", "slice", query, disclosed).await?.answer;
        let next = slice.next;
        match &mut whole {
            None => whole = Some(slice),
            Some(whole) => whole.entries.extend(slice.entries),
        }
        match next {
            Some(next) => after = next,
            None => return whole.ok_or_else(|| Problem::not_found("file")),
        }
    }
    Err(Problem::invalid(
        "this loop is too long to be given out at once",
        Vec::new(),
    ))
}

/// The files of the bundle, with a digest of each.
struct Bundle {
    zip: ZipWriter<Cursor<Vec<u8>>>,
    digests: Vec<(String, String)>,
    weight: usize,
}

fn not_made(error: impl std::fmt::Display) -> Problem {
    tracing::warn!(%error, "a file could not be made");
    Problem::unavailable("the file could not be made")
}

impl Bundle {
    fn put(&mut self, name: &str, bytes: &[u8]) -> Result<(), Problem> {
        self.weight += bytes.len();
        if self.weight > BYTES_MAX {
            return Err(Problem::invalid(
                "this is more than one file holds; give out fewer loops at once",
                Vec::new(),
            ));
        }
        self.zip
            .start_file(name, SimpleFileOptions::default())
            .map_err(not_made)?;
        self.zip.write_all(bytes).map_err(not_made)?;
        self.digests
            .push((runtime::ids::hex(&Sha256::digest(bytes)), name.to_owned()));
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<u8>, Problem> {
        self.digests.sort_by(|(_, one), (_, other)| one.cmp(other));
        let lines: Vec<String> = self
            .digests
            .iter()
            .map(|(digest, name)| format!("{digest}  {name}"))
            .collect();
        self.zip
            .start_file("SHA256SUMS", SimpleFileOptions::default())
            .map_err(not_made)?;
        self.zip
            .write_all((lines.join("\n") + "\n").as_bytes())
            .map_err(not_made)?;
        Ok(self.zip.finish().map_err(not_made)?.into_inner())
    }
}

fn packed(loops: &[OneLoop]) -> Result<Vec<u8>, Problem> {
    let first = &loops.first().ok_or_else(|| Problem::not_found("file"))?.slice;
    let mut bundle = Bundle {
        zip: ZipWriter::new(Cursor::new(Vec::new())),
        digests: Vec::new(),
        weight: 0,
    };
    let stated = json!({
        "format": "loopline-disclosure/v1",
        "disclosure": first.disclosure,
        "form": first.form,
        "to": first.to,
        "by": first.by,
        "at": first.at,
        "loops": loops.iter().map(|one| json!({
            "id": one.id,
            "number": LoopNumber::of(one.id),
            "up_to": one.slice.entries.last().map_or(0, |entry| entry.sequence),
            "disclosed": one.disclosed,
        })).collect::<Vec<_>>(),
    });
    bundle.put("disclosure.json", format!("{stated:#}\n").as_bytes())?;
    bundle.put("keys", (first.keys.join("\n") + "\n").as_bytes())?;
    let mut texts = String::new();
    for one in loops {
        for entry in &one.slice.entries {
            bundle.put(
                &format!("entries/{:020}.tlog-proof", entry.sequence),
                entry.proof.as_bytes(),
            )?;
            for text in &entry.texts {
                let mut line = json!(text);
                line["loop"] = json!(one.id);
                line["sequence"] = json!(entry.sequence);
                texts.push_str(&line.to_string());
                texts.push('\n');
            }
        }
    }
    bundle.put("texts.jsonl", texts.as_bytes())?;
    bundle.put("readable/events.csv", &table(loops)?)?;
    bundle.put("readable/index.html", readable(loops, first)?.as_bytes())?;
    bundle.put("README.txt", ABOUT.as_bytes())?;
    bundle.finish()
}

/// What a text of a bundle reads like, and whether its words are given.
fn shown(is: &SliceIs) -> (String, bool) {
    match is {
        SliceIs::Given { words, .. } => (words.clone(), true),
        SliceIs::Withheld { ground } => (format!("[kept back: {}]", ground.label()), false),
        SliceIs::Erased => ("[erased]".to_owned(), false),
    }
}

fn table(loops: &[OneLoop]) -> Result<Vec<u8>, Problem> {
    let mut table = Table::new(&["entry", "loop", "when", "who", "what", "field", "words"])?;
    for one in loops {
        let number = LoopNumber::of(one.id).to_string();
        for entry in &one.slice.entries {
            let when = entry.time.to_rfc3339();
            let what = entry.kind.replace('_', " ");
            let mut row = |field: &str, words: &str| {
                let sequence = entry.sequence.to_string();
                table.row(&[&sequence, &number, &when, &entry.actor, &what, field, words])
            };
            if entry.texts.is_empty() {
                row("", "")?;
            }
            for text in &entry.texts {
                row(&text.field, &shown(&text.is).0)?;
            }
        }
    }
    table.done()
}

fn readable(loops: &[OneLoop], first: &Slice) -> Result<String, Problem> {
    let moment = |at: chrono::DateTime<chrono::Utc>| at.format("%-d %B %Y, %H:%M UTC").to_string();
    let lines = |one: &OneLoop| {
        let lines = one.slice.entries.iter().map(|entry| Happened {
            sequence: entry.sequence,
            when: moment(entry.time),
            who: entry.actor.clone(),
            what: entry.kind.replace('_', " "),
            texts: entry
                .texts
                .iter()
                .map(|text| {
                    let (words, given) = shown(&text.is);
                    (text.field.replace(['_', '/'], " "), words, given)
                })
                .collect(),
        });
        lines.collect()
    };
    let title = |one: &OneLoop| {
        let texts = one.slice.entries.iter().flat_map(|entry| &entry.texts);
        let mut titles = texts.filter(|text| text.field == "title");
        titles.next_back().map(|text| shown(&text.is).0).unwrap_or_default()
    };
    let page = Readable {
        to: first.to.clone(),
        by: first.by.clone(),
        at: moment(first.at),
        form: match first.form {
            Disclosure::Auditor => "whole",
            Disclosure::Public => "as a public record",
        },
        loops: loops
            .iter()
            .map(|one| (LoopNumber::of(one.id).to_string(), title(one), lines(one)))
            .collect(),
    };
    page.render().map_err(not_made)
}

/// What stands in the bundle's README.
const ABOUT: &str = "\
What was given out of a district's record
=========================================

readable/index.html   to read
readable/events.csv   the same as a table
disclosure.json       what was given, to whom, by whom and when
entries/              each entry of the record, with the proof that it is in it (C2SP tlog-proof): the entry stands
                      in it as the line `extra`, in base64
texts.jsonl           each text of these entries: its words with its salt, or that it is kept back or was erased
keys                  the keys that sign the record: compare them with ones you got otherwise
SHA256SUMS            a digest of every file (sha256sum --check SHA256SUMS)

To check all of it:   loopline verify FILE.zip --key KEY

By hand: an entry holds an event in JSON, in which each text stands as a commitment,
SHA-256(\"loopline/commit/v1\" 0x00 salt words), in base64. Whoever has words and salt can compute it again. What was
kept back keeps its commitment, so that it can be shown later that nothing else stood there.
";
