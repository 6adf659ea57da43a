//! Checks an exported record without trusting whoever exported it: signatures, the tree over all entries, every older
//! checkpoint, each thing's chain of events and what may follow what.
//!
//! It is written from the documentation of the formats alone and shares no code with what writes them.

mod given;
mod order;
mod receipt;
mod record;
mod signed;
mod source;
mod tree;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::Path;

use serde::Serialize;

pub use given::{Given, verify_given};
pub use order::{Happened, Order, OutOfOrder, TABLE};
pub use receipt::{Receipt, read_receipt};
pub use signed::BadNote;

use record::Record;
use signed::{Checkpoint, Key};
use source::Source;
use tree::{Growing, Node};

/// Entries in a bundle and hashes in a tile.
const WIDTH: u64 = 256;
/// Older checkpoints that are looked at.
const OLDER_MAX: usize = 100_000;
/// Sequences that a ledger of one district skips belong to others; what is told of progress comes every so many.
const PROGRESS: u64 = 50_000;

/// What to check a bundle against, beside what is in it.
#[derive(Debug, Clone, Default)]
pub struct Against {
    /// Keys, as `name+id+base64`. Where there is none, the bundle's own are taken, and the report says so.
    pub keys: Vec<String>,
    /// Older checkpoints that somebody kept: a name for each, and its text.
    pub checkpoints: Vec<(String, String)>,
}

/// What was checked, and held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The first line of the checkpoint.
    pub origin: String,
    /// How many entries there are, and all were checked.
    pub entries: u64,
    /// The root of the tree over them, in base64.
    pub root: String,
    /// Whose signature holds.
    pub signed_by: String,
    /// Whether the key came from outside the bundle.
    pub key_was_given: bool,
    /// Older checkpoints in the bundle that lead to this one.
    pub older: u64,
    /// Older checkpoints that only keys signed which are not known.
    pub older_unknown: u64,
    /// Checkpoints from outside that lead to this one: the size of each.
    pub given: Vec<u64>,
    /// Things whose chain of events is whole.
    pub things: u64,
    /// Messages that are no events, which every reader sets aside.
    pub no_events: u64,
    /// Events of a kind that this version does not know: their chain was checked, not their order.
    pub unknown: u64,
}

/// Why a bundle does not hold.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It is not what was signed.
    #[error("{0}")]
    Tampered(Tampered),
    /// Files are missing, so that nothing can be said of it.
    #[error("{0} is missing: without it nothing can be said of the rest")]
    Missing(String),
    /// A key given is no key.
    #[error(transparent)]
    Key(BadNote),
    /// It cannot be read.
    #[error("the record cannot be read")]
    Unreadable(#[from] io::Error),
}

/// What is not as it was signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tampered {
    /// The first bad entry, where it is one.
    pub entry: Option<u64>,
    /// The message of the log that it is, where that can be read.
    pub message: Option<u64>,
    /// In a sentence.
    pub what: String,
}

impl fmt::Display for Tampered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(entry) = self.entry {
            write!(f, "Entry {entry}")?;
            if let Some(message) = self.message {
                write!(f, " (message {message} of the log)")?;
            }
            f.write_str(": ")?;
        }
        f.write_str(&self.what)
    }
}

fn tampered(what: impl Into<String>) -> Fault {
    Fault::Tampered(Tampered {
        entry: None,
        message: None,
        what: what.into(),
    })
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { entries, things, .. } = self;
        writeln!(
            f,
            "The record is sound: all {entries} entries of {} are exactly those that {} signed, in the same order, and \
             nothing was changed, taken out or put in.",
            self.origin, self.signed_by
        )?;
        writeln!(
            f,
            "Checked: the signature, every entry's hash, the tree over all of them (root {}), {} older checkpoint{} \
             in the record, and for each of {things} things that its events follow one another without a gap and \
             in an order that was ever allowed.",
            self.root,
            self.older,
            if self.older == 1 { "" } else { "s" },
        )?;
        for size in &self.given {
            writeln!(
                f,
                "The checkpoint you gave, at {size} entries, is an earlier state of this same record."
            )?;
        }
        if self.older_unknown > 0 {
            writeln!(
                f,
                "{} older checkpoints in the record are signed by keys that are not known here, and say nothing.",
                self.older_unknown
            )?;
        }
        if self.no_events > 0 {
            writeln!(
                f,
                "{} messages are no events; they are as they were appended.",
                self.no_events
            )?;
        }
        if self.unknown > 0 {
            writeln!(
                f,
                "{} events are of kinds that this version does not know; a newer `loopline verify` can judge their order.",
                self.unknown
            )?;
        }
        f.write_str("What cannot be seen from here: ")?;
        if !self.key_was_given {
            f.write_str("whose key it is, since it came with the record (compare it with one you got otherwise); ")?;
        }
        if self.given.is_empty() {
            f.write_str(
                "whether whoever holds the key has written all of it anew (keep a checkpoint outside, and give it next \
                 time); ",
            )?;
        }
        write!(f, "and what was recorded after entry {}.", entries.saturating_sub(1))
    }
}

/// A tile's or a bundle's place among others of its level.
fn place(index: u64, width: u64) -> String {
    let mut groups = vec![format!("{:03}", index % 1000)];
    let mut rest = index / 1000;
    while rest > 0 {
        groups.push(format!("x{:03}", rest % 1000));
        rest /= 1000;
    }
    groups.reverse();
    let place = groups.join("/");
    if width < WIDTH {
        return format!("{place}.p/{width}");
    }
    place
}

fn text(bytes: Vec<u8>, name: &str) -> Result<String, Fault> {
    String::from_utf8(bytes).map_err(|_| tampered(format!("{name} is not text")))
}

/// Whether a folder or zip file holds what was given out of a record, and not a record.
pub fn is_given_out(path: &Path) -> Result<bool, Fault> {
    given::is_one(&mut Source::open(path)?)
}

/// Checks a bundle in a folder or a zip file. `progress` hears how many of how many entries were checked.
pub fn verify(path: &Path, against: &Against, mut progress: impl FnMut(u64, u64)) -> Result<Report, Fault> {
    let mut source = Source::open(path)?;
    let mut read =
        |name: &str| -> Result<Vec<u8>, Fault> { source.read(name)?.ok_or_else(|| Fault::Missing(name.to_owned())) };
    let own_keys = if against.keys.is_empty() {
        text(read("keys")?, "keys")?
    } else {
        String::new()
    };
    let note = text(read("checkpoint")?, "checkpoint")?;
    let mut checking = Checking::begin(&note, &own_keys, against)?;
    for name in source.names_in("checkpoints")?.into_iter().take(OLDER_MAX) {
        if let Some(note) = source.read(&name)? {
            checking.older(&name, &text(note, &name)?)?;
        }
    }
    let size = checking.checkpoint.size;
    for bundle in 0..size.div_ceil(WIDTH) {
        let width = WIDTH.min(size - bundle * WIDTH);
        let mut read = |name: &str| -> Result<Vec<u8>, Fault> {
            source.read(name)?.ok_or_else(|| Fault::Missing(name.to_owned()))
        };
        let name = format!("tile/entries/{}", place(bundle, width));
        let bytes = read(&name)?;
        let tile_name = format!("tile/0/{}", place(bundle, width));
        let tile = read(&tile_name)?;
        if tile.len() as u64 != width * 32 {
            return Err(tampered(format!("{tile_name} does not hold {width} hashes")));
        }
        let mut rest = bytes.as_slice();
        for stated in tile.chunks_exact(32) {
            let Some(entry) = next_entry(&mut rest) else {
                return Err(checking.bad(None, format!("{name} ends before it")));
            };
            checking.entry(entry, stated)?;
            if checking.tree.size().is_multiple_of(PROGRESS) {
                progress(checking.tree.size(), size);
            }
        }
        if !rest.is_empty() {
            return Err(tampered(format!("{name} holds more than its {width} entries")));
        }
    }
    checking.finish()
}

/// A record being checked, entry by entry.
#[derive(Debug)]
pub struct Checking {
    keys: Vec<Key>,
    key_was_given: bool,
    checkpoint: Checkpoint,
    tree: Growing,
    record: Record,
    /// Earlier states that the record must have been in, by size.
    waypoints: BTreeMap<u64, Vec<Waypoint>>,
    older: u64,
    older_unknown: u64,
    given: Vec<u64>,
}

impl Checking {
    /// Begins with the checkpoint that everything is checked against. `own_keys`, one a line, are those that came with
    /// the record: they are taken where none is given from outside.
    pub fn begin(note: &str, own_keys: &str, against: &Against) -> Result<Self, Fault> {
        let keys = if against.keys.is_empty() {
            let own = own_keys.lines().filter(|line| !line.trim().is_empty()).map(Key::read);
            own.collect::<Result<Vec<_>, _>>()
                .map_err(|bad| tampered(bad.to_string()))?
        } else {
            let given = against.keys.iter().map(|key| Key::read(key));
            given.collect::<Result<Vec<_>, _>>().map_err(Fault::Key)?
        };
        let checkpoint = Checkpoint::read(note, &keys).map_err(|bad| tampered(format!("checkpoint: {bad}")))?;
        let mut checking = Self {
            keys,
            key_was_given: !against.keys.is_empty(),
            record: Record::of(&checkpoint.origin),
            checkpoint,
            tree: Growing::default(),
            waypoints: BTreeMap::new(),
            older: 0,
            older_unknown: 0,
            given: Vec::new(),
        };
        for (name, note) in &against.checkpoints {
            let size = checking.waypoint(name, note)?;
            checking.given.push(size);
        }
        Ok(checking)
    }

    /// An older checkpoint that came with the record, before the first entry.
    ///
    /// One that only keys signed which are not known says nothing: a key is changed now and then, and whoever knows the
    /// newer one alone cannot judge it.
    pub fn older(&mut self, name: &str, note: &str) -> Result<(), Fault> {
        if matches!(Checkpoint::read(note, &self.keys), Err(BadNote::Unknown(_))) {
            self.older_unknown += 1;
            return Ok(());
        }
        self.waypoint(name, note)?;
        self.older += 1;
        Ok(())
    }

    fn waypoint(&mut self, name: &str, note: &str) -> Result<u64, Fault> {
        let older = Checkpoint::read(note, &self.keys).map_err(|bad| tampered(format!("{name}: {bad}")))?;
        let latest = &self.checkpoint;
        if older.origin != latest.origin {
            return Err(tampered(format!(
                "{name} is of another record: {}, not {}",
                older.origin, latest.origin
            )));
        }
        if older.size > latest.size {
            return Err(tampered(format!(
                "{name} was signed at {} entries and this record has {}: entries were taken out, or an old copy was put \
                 back",
                older.size, latest.size
            )));
        }
        let waypoint = Waypoint {
            name: name.to_owned(),
            root: older.root,
        };
        if older.size == 0 {
            self.passed(&waypoint)?;
        } else {
            self.waypoints.entry(older.size).or_default().push(waypoint);
        }
        Ok(older.size)
    }

    fn passed(&self, waypoint: &Waypoint) -> Result<(), Fault> {
        if self.tree.root() == waypoint.root {
            return Ok(());
        }
        Err(tampered(format!(
            "the first {} entries are not those that were signed in {}: the record was rewritten since",
            self.tree.size(),
            waypoint.name
        )))
    }

    fn bad(&self, message: Option<u64>, what: String) -> Fault {
        Fault::Tampered(Tampered {
            entry: Some(self.tree.size()),
            message,
            what,
        })
    }

    /// The next entry, with the hash that the tree states for it.
    pub fn entry(&mut self, entry: &[u8], stated: &[u8]) -> Result<(), Fault> {
        let hash = tree::leaf(entry);
        let judged = self.record.take(entry);
        if stated != hash.as_slice() {
            let message = judged.err().and_then(|wrong| wrong.sequence);
            return Err(self.bad(
                message,
                "it is not the entry whose hash the tree holds there".to_owned(),
            ));
        }
        if let Err(wrong) = judged {
            return Err(self.bad(wrong.sequence, wrong.what));
        }
        self.tree.add(hash);
        for waypoint in self.waypoints.remove(&self.tree.size()).unwrap_or_default() {
            self.passed(&waypoint)?;
        }
        Ok(())
    }

    /// All entries have been taken in: what they come to.
    pub fn finish(self) -> Result<Report, Fault> {
        use base64::Engine as _;
        if self.tree.size() != self.checkpoint.size || self.tree.root() != self.checkpoint.root {
            return Err(tampered(format!(
                "the {} entries here are not the {} that were signed: their tree has another root",
                self.tree.size(),
                self.checkpoint.size
            )));
        }
        Ok(Report {
            root: base64::engine::general_purpose::STANDARD.encode(self.checkpoint.root),
            origin: self.checkpoint.origin,
            entries: self.checkpoint.size,
            signed_by: self.checkpoint.signed_by,
            key_was_given: self.key_was_given,
            older: self.older,
            older_unknown: self.older_unknown,
            given: self.given,
            things: self.record.things() as u64,
            no_events: self.record.no_events,
            unknown: self.record.unknown,
        })
    }
}

/// What an earlier state of the record was.
#[derive(Debug)]
struct Waypoint {
    name: String,
    root: Node,
}

fn next_entry<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, after) = rest.split_at_checked(2)?;
    let length = usize::from(u16::from_be_bytes(length.try_into().ok()?));
    let (entry, after) = after.split_at_checked(length)?;
    *rest = after;
    Some(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_as_in_the_specification() {
        assert_eq!(place(1_234_067, 256), "x001/x234/067");
        assert_eq!(place(7, 256), "007");
        assert_eq!(place(273, 112), "273.p/112");
    }
}
