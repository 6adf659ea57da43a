//! A CSV file whose columns are found by their names.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::io::{self, Read};
use std::rc::Rc;

use contracts::roster::RowProblem;
use csv::ByteRecord;
use sha2::{Digest as _, Sha256};

use crate::RosterError;

/// No row is longer. A quote that is never closed makes one row of all that follows.
const ROW_BYTES_MAX: usize = 256 * 1024;

/// A column that is wanted.
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) required: bool,
}

/// Wanted, and there in every roster.
pub(crate) const fn required(name: &'static str) -> Column {
    Column { name, required: true }
}

/// Wanted where it is there.
pub(crate) const fn optional(name: &'static str) -> Column {
    Column { name, required: false }
}

/// A file being read.
pub(crate) struct Table<'a, const N: usize> {
    file: &'static str,
    columns: &'static [Column; N],
    at: [Option<usize>; N],
    width: usize,
    reader: csv::Reader<Counting<Box<dyn Read + 'a>>>,
    since_row: Rc<Cell<usize>>,
    digest: Rc<Cell<Option<Sha256>>>,
    record: ByteRecord,
    row: u64,
}

/// One row.
pub(crate) struct Row<'r, const N: usize> {
    file: &'static str,
    columns: &'static [Column; N],
    at: &'r [Option<usize>; N],
    record: &'r ByteRecord,
    pub(crate) number: u64,
}

/// Counts what passes, and takes it into the digest.
struct Counting<R> {
    from: R,
    since_row: Rc<Cell<usize>>,
    digest: Rc<Cell<Option<Sha256>>>,
    // The first bytes decide about a byte order mark.
    head: Option<Vec<u8>>,
}

/// What some programs put before the first letter of a UTF-8 file.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

impl<R: Read> Counting<R> {
    /// The first bytes, without a byte order mark.
    fn beginning(&mut self) -> io::Result<Vec<u8>> {
        let mut head = Vec::with_capacity(BYTE_ORDER_MARK.len());
        (&mut self.from)
            .take(BYTE_ORDER_MARK.len() as u64)
            .read_to_end(&mut head)?;
        if head == BYTE_ORDER_MARK {
            head.clear();
        }
        Ok(head)
    }
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut head = match self.head.take() {
            Some(head) => head,
            None => self.beginning()?,
        };
        let read = if head.is_empty() {
            self.from.read(into)?
        } else {
            let read = head.len().min(into.len());
            into[..read].copy_from_slice(&head[..read]);
            head.drain(..read);
            read
        };
        self.head = Some(head);
        let digest = self.digest.take();
        self.digest.set(digest.map(|digest| digest.chain_update(&into[..read])));
        let since = self.since_row.get() + read;
        self.since_row.set(since);
        if since > ROW_BYTES_MAX {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the row is longer than any; probably a quotation mark in it is never closed",
            ));
        }
        Ok(read)
    }
}

impl<'a, const N: usize> Table<'a, N> {
    /// Reads the header.
    pub(crate) fn open(
        file: &'static str,
        from: Box<dyn Read + 'a>,
        columns: &'static [Column; N],
        digest: Rc<Cell<Option<Sha256>>>,
    ) -> Result<Self, RosterError> {
        let since_row = Rc::new(Cell::new(0));
        let counting = Counting {
            from,
            since_row: since_row.clone(),
            digest: digest.clone(),
            head: None,
        };
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .has_headers(false)
            .from_reader(counting);
        let mut header = ByteRecord::new();
        let there = reader
            .read_byte_record(&mut header)
            .map_err(|error| cannot(file, 1, error))?;
        if !there {
            return Err(RosterError::Empty { file });
        }
        let names: Vec<String> = header
            .iter()
            .map(|name| String::from_utf8_lossy(name).trim().to_owned())
            .collect();
        let mut seen = BTreeSet::new();
        if let Some(twice) = names
            .iter()
            .find(|name| !name.is_empty() && !seen.insert(name.as_str()))
        {
            return Err(RosterError::TwiceInHeader {
                file,
                column: twice.clone(),
            });
        }
        let at = columns
            .each_ref()
            .map(|column| names.iter().position(|name| name == column.name));
        let missing: Vec<String> = columns
            .iter()
            .zip(at)
            .filter(|(column, at)| column.required && at.is_none())
            .map(|(column, _)| {
                let written = names.iter().find(|name| name.eq_ignore_ascii_case(column.name));
                written.map_or_else(
                    || column.name.to_owned(),
                    |written| format!("{} (there is {written}; the case of letters matters)", column.name),
                )
            })
            .collect();
        if !missing.is_empty() {
            return Err(RosterError::Columns { file, missing });
        }
        Ok(Self {
            file,
            columns,
            at,
            width: names.len(),
            reader,
            since_row,
            digest,
            record: ByteRecord::new(),
            row: 1,
        })
    }

    /// The next row that has as many fields as the header; others are told to `problems`.
    pub(crate) fn next(&mut self, mut problem: impl FnMut(RowProblem)) -> Result<Option<Row<'_, N>>, RosterError> {
        loop {
            self.since_row.set(0);
            let there = self
                .reader
                .read_byte_record(&mut self.record)
                .map_err(|error| cannot(self.file, self.row + 1, error))?;
            if !there {
                return Ok(None);
            }
            self.row += 1;
            if self.record.len() == 1 && self.record[0].iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            if self.record.len() == self.width {
                break;
            }
            problem(RowProblem {
                file: self.file.to_owned(),
                row: self.row,
                column: String::new(),
                message: format!(
                    "it has {} fields, and the header {}; a text with a comma in it needs quotation marks around it",
                    self.record.len(),
                    self.width
                ),
            });
        }
        Ok(Some(Row {
            file: self.file,
            columns: self.columns,
            at: &self.at,
            record: &self.record,
            number: self.row,
        }))
    }

    /// Whether the column is there.
    pub(crate) fn has(&self, column: usize) -> bool {
        self.at[column].is_some()
    }

    /// How many rows were read.
    pub(crate) fn rows(&self) -> u64 {
        self.row - 1
    }
}

impl<const N: usize> Drop for Table<'_, N> {
    fn drop(&mut self) {
        // One file ends here, another begins: "ab" and "c" are not "a" and "bc".
        let digest = self.digest.take();
        self.digest
            .set(digest.map(|digest| digest.chain_update(self.file.as_bytes()).chain_update([0])));
    }
}

impl<const N: usize> Row<'_, N> {
    /// What stands in a column, without white space around it; nothing where it is empty or the column is not there.
    pub(crate) fn text(&self, column: usize) -> Result<Option<&str>, RowProblem> {
        let Some(at) = self.at[column] else { return Ok(None) };
        let bytes = self.record.get(at).unwrap_or_default();
        let text = std::str::from_utf8(bytes).map_err(|_| {
            self.problem(
                column,
                format!(
                    "{:?} is not UTF-8; export the file again as UTF-8",
                    shown(&String::from_utf8_lossy(bytes))
                ),
            )
        })?;
        let text = text.trim();
        Ok((!text.is_empty()).then_some(text))
    }

    /// What stands in a column that may not be empty and is no longer than `most` letters.
    pub(crate) fn needed(&self, column: usize, most: usize) -> Result<&str, RowProblem> {
        let text = self
            .text(column)?
            .ok_or_else(|| self.problem(column, "it is empty, and is needed".to_owned()))?;
        self.short(column, text, most)
    }

    /// What stands in a column, no longer than `most` letters.
    pub(crate) fn given(&self, column: usize, most: usize) -> Result<Option<&str>, RowProblem> {
        match self.text(column)? {
            Some(text) => self.short(column, text, most).map(Some),
            None => Ok(None),
        }
    }

    fn short<'t>(&self, column: usize, text: &'t str, most: usize) -> Result<&'t str, RowProblem> {
        if text.chars().count() > most {
            return Err(self.problem(column, format!("it is longer than {most} letters: {:?}", shown(text))));
        }
        if text.chars().any(char::is_control) {
            return Err(self.problem(column, format!("{:?} holds a control character", shown(text))));
        }
        Ok(text)
    }

    /// Something is wrong in a column.
    pub(crate) fn problem(&self, column: usize, message: String) -> RowProblem {
        RowProblem {
            file: self.file.to_owned(),
            row: self.number,
            column: self.columns[column].name.to_owned(),
            message,
        }
    }
}

/// The beginning of what is there, for a message.
pub(crate) fn shown(text: &str) -> String {
    const LETTERS: usize = 60;
    if text.chars().count() <= LETTERS {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(LETTERS).collect();
    short.push('…');
    short
}

fn cannot(file: &'static str, row: u64, error: csv::Error) -> RosterError {
    let mut why = error.to_string();
    if let csv::ErrorKind::Io(error) = error.into_kind() {
        why = error.to_string();
    }
    RosterError::Row { file, row, why }
}
