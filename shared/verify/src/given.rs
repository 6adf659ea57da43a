//! Checks what was given out of a record: some things, whole or with words kept back.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::receipt::read_receipt;
use crate::source::Source;
use crate::{Against, Fault, Tampered, tampered};

/// What a bundle of this kind has at its root.
pub(crate) const MARK: &str = "disclosure.json";
/// The version of its layout that is known here.
const FORMAT: &str = "loopline-disclosure/v1";
/// Begins every commitment.
const COMMITMENT: &[u8] = b"loopline/commit/v1\0";
/// Entries of one bundle, at most.
const ENTRIES_MAX: usize = 100_000;

#[derive(Debug, Deserialize)]
struct Stated {
    format: String,
    form: String,
    to: String,
    loops: Vec<StatedLoop>,
}

#[derive(Debug, Deserialize)]
struct StatedLoop {
    id: String,
    up_to: u64,
}

/// One line of `texts.jsonl`.
#[derive(Debug, Deserialize)]
struct TextLine {
    sequence: u64,
    field: String,
    is: String,
    #[serde(default)]
    words: String,
    #[serde(default)]
    salt: String,
}

/// What was checked, and held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Given {
    /// The record it is of.
    pub origin: String,
    /// Whose signature holds.
    pub signed_by: String,
    /// Whether the key came from outside.
    pub key_was_given: bool,
    /// In what form it was given.
    pub form: String,
    /// To whom, as it says.
    pub to: String,
    /// How many things.
    pub loops: u64,
    /// How many entries.
    pub entries: u64,
    /// Texts that are exactly what was written.
    pub words: u64,
    /// Texts that are kept back.
    pub withheld: u64,
    /// Texts that were erased.
    pub erased: u64,
}

impl fmt::Display for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural =
            |count: u64, one: &str, several: &str| format!("{count} {}", if count == 1 { one } else { several });
        writeln!(
            f,
            "What was given to {} is sound: all {} are in the record {} that {} signed, as they were recorded.",
            self.to,
            plural(self.entries, "entry", "entries"),
            self.origin,
            self.signed_by
        )?;
        writeln!(
            f,
            "Of {} nothing was left out up to where each ends. {} exactly what was written; {} kept back; {} said to be erased.",
            plural(self.loops, "loop", "loops"),
            plural(self.words, "text is", "texts are"),
            plural(self.withheld, "was", "were"),
            plural(self.erased, "is", "are"),
        )?;
        f.write_str("What cannot be seen from here: ")?;
        if !self.key_was_given {
            f.write_str("whose key it is, since it came with the file (compare it with one you got otherwise); ")?;
        }
        f.write_str(
            "what else the record holds; what was recorded later; whether what is said to be erased is; and the pages under \
             readable, which were not looked at: texts.jsonl was.",
        )
    }
}

fn at(sequence: u64, what: impl Into<String>) -> Fault {
    Fault::Tampered(Tampered {
        entry: None,
        message: Some(sequence),
        what: format!("message {sequence} of the log: {}", what.into()),
    })
}

fn name_of(sequence: u64) -> String {
    format!("entries/{sequence:020}.tlog-proof")
}

/// Every sealed text of an event: its field and its commitment.
fn sealed_in(value: &Value, path: &str, found: &mut BTreeMap<String, String>) {
    let within = |name: &str| match path {
        "" => name.to_owned(),
        path => format!("{path}/{name}"),
    };
    match value {
        Value::Object(fields) => {
            let text = |name: &str| fields.get(name).and_then(Value::as_str);
            if let (Some(_), Some(commitment)) = (text("ciphertext"), text("commitment")) {
                found.insert(path.to_owned(), commitment.to_owned());
                return;
            }
            for (name, value) in fields {
                sealed_in(value, &within(name), found);
            }
        }
        Value::Array(items) => {
            for (nth, value) in items.iter().enumerate() {
                sealed_in(value, &within(&nth.to_string()), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn holds(commitment: &str, salt: &str, words: &str) -> bool {
    let Ok(salt) = BASE64.decode(salt) else { return false };
    if salt.len() != 32 {
        return false;
    }
    let digest = Sha256::new()
        .chain_update(COMMITMENT)
        .chain_update(salt)
        .chain_update(words)
        .finalize();
    BASE64.encode(digest) == commitment
}

/// Whether a folder or zip file is such a bundle.
pub(crate) fn is_one(source: &mut Source) -> Result<bool, Fault> {
    Ok(source.read(MARK)?.is_some())
}

/// Checks what was given out, in a folder or a zip file.
pub fn verify_given(path: &Path, against: &Against) -> Result<Given, Fault> {
    let mut source = Source::open(path)?;
    let mut text = |name: &str| -> Result<String, Fault> {
        let bytes = source.read(name)?.ok_or_else(|| Fault::Missing(name.to_owned()))?;
        String::from_utf8(bytes).map_err(|_| tampered(format!("{name} is not text")))
    };
    let stated: Stated =
        serde_json::from_str(&text(MARK)?).map_err(|error| tampered(format!("{MARK} cannot be read: {error}")))?;
    if stated.format != FORMAT {
        return Err(tampered(format!(
            "this is laid out as {:?}, which is not known here; a newer `loopline verify` may know it",
            stated.format
        )));
    }
    let keys = if against.keys.is_empty() {
        text("keys")?
            .lines()
            .filter(|line| !line.trim().is_empty())
            .map(ToOwned::to_owned)
            .collect()
    } else {
        against.keys.clone()
    };
    let mut texts: BTreeMap<(u64, String), TextLine> = BTreeMap::new();
    for line in text("texts.jsonl")?.lines().filter(|line| !line.trim().is_empty()) {
        let line: TextLine =
            serde_json::from_str(line).map_err(|error| tampered(format!("texts.jsonl cannot be read: {error}")))?;
        let says_more = line.is != "given" && !(line.words.is_empty() && line.salt.is_empty());
        if says_more {
            return Err(at(
                line.sequence,
                format!("words are given as its {}, which is {}", line.field, line.is),
            ));
        }
        if let Some(twice) = texts.insert((line.sequence, line.field.clone()), line) {
            return Err(at(
                twice.sequence,
                format!("two things are said of its {}", twice.field),
            ));
        }
    }
    let names = source.names_in("entries")?;
    if names.len() > ENTRIES_MAX {
        return Err(tampered("there are more entries than such a file holds"));
    }
    let last_of: BTreeMap<String, u64> = stated.loops.iter().map(|one| (one.id.clone(), 0)).collect();
    let mut given = Given {
        origin: String::new(),
        signed_by: String::new(),
        key_was_given: !against.keys.is_empty(),
        form: stated.form,
        to: stated.to,
        loops: stated.loops.len() as u64,
        entries: 0,
        words: 0,
        withheld: 0,
        erased: 0,
    };
    if last_of.len() != stated.loops.len() || stated.loops.iter().any(|one| one.up_to == 0) {
        return Err(tampered(format!(
            "{MARK} names a loop twice, or one of which nothing is given"
        )));
    }
    // What each thing's last entry was, so that the next one must follow it.
    let mut last = last_of;
    let mut seen: BTreeSet<(u64, String)> = BTreeSet::new();
    for name in names {
        let receipt = source.read(&name)?.ok_or_else(|| Fault::Missing(name.clone()))?;
        let receipt = String::from_utf8(receipt).map_err(|_| tampered(format!("{name} is not text")))?;
        let proven = read_receipt(&receipt, &keys).map_err(|fault| match fault {
            Fault::Tampered(wrong) => tampered(format!("{name}: {wrong}")),
            Fault::Missing(_) | Fault::Key(_) | Fault::Unreadable(_) => fault,
        })?;
        let sequence = proven
            .message
            .ok_or_else(|| tampered(format!("{name} is no message of the log")))?;
        if name != name_of(sequence) {
            return Err(at(sequence, format!("it stands in {name}, which is another's place")));
        }
        if given.origin.is_empty() {
            given.origin.clone_from(&proven.origin);
            given.signed_by.clone_from(&proven.signed_by);
        } else if given.origin != proven.origin {
            return Err(at(sequence, "it is of another record"));
        }
        let event: Value = serde_json::from_slice(&proven.payload).map_err(|_| at(sequence, "it is no event"))?;
        let field = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
        let id = field("subject").strip_prefix("loop/").unwrap_or_default().to_owned();
        let before = last
            .get_mut(&id)
            .ok_or_else(|| at(sequence, "it is of a loop that this file does not speak of"))?;
        if field("previous") != before.to_string() {
            return Err(at(
                sequence,
                format!(
                    "it follows {}, and the entry before it here is {before}: something was left out",
                    field("previous")
                ),
            ));
        }
        *before = sequence;
        given.entries += 1;
        let mut sealed = BTreeMap::new();
        sealed_in(event.get("data").unwrap_or(&Value::Null), "", &mut sealed);
        for (field, commitment) in sealed {
            let line = texts.get(&(sequence, field.clone())).ok_or_else(|| {
                at(
                    sequence,
                    format!("nothing is said of its {field}: neither its words nor why they are not given"),
                )
            })?;
            match line.is.as_str() {
                "given" if holds(&commitment, &line.salt, &line.words) => given.words += 1,
                "given" => return Err(at(sequence, format!("its {field} is not what was written"))),
                "withheld" => given.withheld += 1,
                "erased" => given.erased += 1,
                other => return Err(at(sequence, format!("its {field} is {other:?}, which says nothing"))),
            }
            seen.insert((sequence, field));
        }
    }
    if let Some((sequence, field)) = texts.keys().find(|place| !seen.contains(*place)) {
        return Err(at(
            *sequence,
            format!("words are given as its {field}, and it has none"),
        ));
    }
    for one in &stated.loops {
        let reached = last.get(&one.id).copied().unwrap_or_default();
        if reached != one.up_to {
            return Err(tampered(format!(
                "loop {} is said to go up to message {} of the log, and ends here at {reached}",
                one.id, one.up_to
            )));
        }
    }
    if given.entries == 0 {
        return Err(tampered("there are no entries"));
    }
    Ok(given)
}
