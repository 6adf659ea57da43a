//! Reads a district's roster: OneRoster CSV 1.1 and 1.2 (1EdTech), in a folder or a zip file.
//!
//! Students, guardians and passwords are left behind while a file is read: what comes out holds staff only. A row that
//! cannot be taken is named with its file, row and column, and the others go on; only what leaves no sense in going on
//! is an error. Memory is bounded by the staff, whatever the file.

mod files;
mod manifest;
mod people;
mod table;
#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::Path;
use std::rc::Rc;

use chrono::NaiveDate;
use contracts::commands::roster::{BeginRoster, KnownStaff, NewDistrict, ROWS_MAX, RosterRows};
use contracts::roster::{Extent, Ignored, OrgKind, Problems, RosterHead, RosterOrg, RosterPerson, RowProblem};
use sha2::{Digest as _, Sha256};

use files::Files;
use manifest::Manifest;
use table::{Column, Table, optional, required, shown};

/// Staff in one roster.
pub const PEOPLE_MAX: usize = 500_000;
/// Organizations in one roster.
const ORGS_MAX: usize = 50_000;
/// The longest name.
const NAME_MAX: usize = 200;
/// The longest id.
const ID_MAX: usize = 255;

/// Why nothing can be read of a roster.
#[derive(Debug, thiserror::Error)]
pub enum RosterError {
    /// The file system's or the archive's reason.
    #[error("{file} cannot be read: {source}")]
    Unreadable {
        /// Which file.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// Neither a folder nor a zip file.
    #[error("this is not a zip file; a OneRoster export is a zip file, or a folder, with users.csv and orgs.csv in it")]
    NotAZip,
    /// More files than any roster has.
    #[error("there are {files} files in it; a OneRoster export has two dozen at most")]
    TooMany {
        /// How many.
        files: usize,
    },
    /// A file that is needed.
    #[error("{file} is not there; {why}")]
    Missing {
        /// Its name.
        file: &'static str,
        /// What says that it is needed.
        why: String,
    },
    /// Not even a header.
    #[error("{file} is empty; its first row names the columns")]
    Empty {
        /// Which file.
        file: &'static str,
    },
    /// Columns that are needed.
    #[error("{file} has no column {}", .missing.join(", nor "))]
    Columns {
        /// Which file.
        file: &'static str,
        /// Their names.
        missing: Vec<String>,
    },
    /// The header names a column twice.
    #[error("the header of {file} names the column {column} twice")]
    TwiceInHeader {
        /// Which file.
        file: &'static str,
        /// The column.
        column: String,
    },
    /// A row after which nothing more can be read.
    #[error("{file} cannot be read from row {row} on: {why}")]
    Row {
        /// Which file.
        file: &'static str,
        /// The row.
        row: u64,
        /// Why.
        why: String,
    },
    /// The manifest says what is not understood.
    #[error("manifest.csv, {property}: {why}")]
    Manifest {
        /// Of which property.
        property: String,
        /// What is wrong.
        why: String,
    },
    /// More people than a district has.
    #[error("there are more than {PEOPLE_MAX} members of staff in it; import a district at a time")]
    TooLarge,
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roster {
    /// What it is.
    pub head: RosterHead,
    /// The district, its schools and departments.
    pub orgs: Vec<RosterOrg>,
    /// Its staff, by their ids.
    pub people: Vec<RosterPerson>,
    /// Rows that could not be taken.
    pub problems: Problems,
}

impl Roster {
    /// The message that hands it over begins with; `create` where the district begins with it.
    pub fn begin(&self, create: Option<NewDistrict>) -> BeginRoster {
        BeginRoster {
            head: self.head.clone(),
            problems: self.problems.clone(),
            create,
        }
    }

    /// Its rows, in pieces that a message holds.
    pub fn pieces(&self) -> impl Iterator<Item = RosterRows> {
        let orgs = self.orgs.chunks(ROWS_MAX).map(|orgs| (orgs.to_vec(), Vec::new()));
        let people = self.people.chunks(ROWS_MAX).map(|people| (Vec::new(), people.to_vec()));
        orgs.chain(people)
            .zip(0..)
            .map(|((orgs, people), nth)| RosterRows { nth, orgs, people })
    }
}

/// What reading needs to know.
pub struct Reading<'a> {
    /// The day: roles begin and end.
    pub today: NaiveDate,
    /// Whether somebody with this id is known as staff: a change may say nothing of what the person is.
    pub known: &'a dyn Fn(&str) -> bool,
    /// Hears how many rows were read.
    pub progress: &'a mut dyn FnMut(u64),
}

impl std::fmt::Debug for Reading<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reading")
            .field("today", &self.today)
            .finish_non_exhaustive()
    }
}

/// Whom the directory knows from rosters: asked page by page, each after the last id of the one before.
pub async fn known_staff<E, F>(mut page: impl FnMut(KnownStaff) -> F) -> Result<BTreeSet<String>, E>
where
    F: Future<Output = Result<Vec<String>, E>>,
{
    let mut known = BTreeSet::new();
    let mut after = String::new();
    loop {
        let ids = page(KnownStaff { after }).await?;
        let Some(last) = ids.last().cloned() else {
            return Ok(known);
        };
        after = last;
        known.extend(ids);
    }
}

/// Reads the roster in a folder or zip file.
pub fn read(path: &Path, reading: &mut Reading<'_>) -> Result<Roster, RosterError> {
    read_files(Files::open(path)?, reading)
}

/// Reads the roster in a zip file that is open.
pub fn read_zip(file: File, reading: &mut Reading<'_>) -> Result<Roster, RosterError> {
    read_files(Files::zip(file)?, reading)
}

fn read_files(mut files: Files, reading: &mut Reading<'_>) -> Result<Roster, RosterError> {
    let digest = Rc::new(Cell::new(Some(Sha256::new())));
    let mut problems = Problems::default();
    let manifest = Manifest::read(&mut files, &digest)?;
    let mut ignored = Ignored::default();
    let orgs = orgs(&mut files, &manifest, &digest, &mut problems, &mut ignored)?;
    let (people, spared) = people::read(&mut files, &manifest, &digest, &mut problems, &mut ignored, reading)?;
    let digest = digest.take().unwrap_or_default().finalize();
    Ok(Roster {
        head: RosterHead {
            version: manifest.version.code().to_owned(),
            orgs: manifest.orgs,
            users: manifest.users,
            roles: manifest.roles,
            digest: runtime::ids::hex(&digest),
            ignored,
            from: manifest.from,
            spared: spared.ids.into_iter().collect(),
            somebody_unread: spared.somebody_unread,
        },
        orgs,
        people,
        problems,
    })
}

/// Where the digest of what was read so far is kept.
type Digested = Rc<Cell<Option<Sha256>>>;

const ORGS: [Column; 6] = [
    required("sourcedId"),
    optional("status"),
    required("name"),
    required("type"),
    optional("identifier"),
    optional("parentSourcedId"),
];

fn orgs(
    files: &mut Files,
    manifest: &Manifest,
    digest: &Digested,
    problems: &mut Problems,
    ignored: &mut Ignored,
) -> Result<Vec<RosterOrg>, RosterError> {
    if manifest.orgs == Extent::Absent {
        return Ok(Vec::new());
    }
    let file = files.file("orgs.csv")?.ok_or_else(|| manifest.missing("orgs.csv"))?;
    let mut table = Table::open("orgs.csv", file, &ORGS, digest.clone())?;
    let mut orgs = Vec::new();
    let mut seen = BTreeSet::new();
    while let Some(row) = table.next(|problem| problems.add(problem))? {
        match org(&row) {
            Ok(None) => ignored.orgs += 1,
            Ok(Some(org)) if !seen.insert(org.sourced_id.clone()) => {
                problems.add(row.problem(0, format!("{:?} stands in an earlier row too", shown(&org.sourced_id))));
            }
            Ok(Some(org)) => orgs.push(org),
            Err(problem) => problems.add(problem),
        }
        if orgs.len() > ORGS_MAX {
            return Err(RosterError::TooLarge);
        }
    }
    Ok(orgs)
}

fn org(row: &table::Row<'_, 6>) -> Result<Option<RosterOrg>, RowProblem> {
    let sourced_id = row.needed(0, ID_MAX)?.to_owned();
    let kind = match row.needed(3, ID_MAX)? {
        "district" => OrgKind::District,
        "school" => OrgKind::School,
        "department" => OrgKind::Department,
        // Above a district.
        "local" | "state" | "national" => return Ok(None),
        other => {
            return Err(row.problem(
                3,
                format!(
                    "{:?} is none of district, school, department, local, state, national",
                    shown(other)
                ),
            ));
        }
    };
    Ok(Some(RosterOrg {
        row: row.number,
        sourced_id,
        kind,
        name: row.needed(2, NAME_MAX)?.to_owned(),
        identifier: row.given(4, ID_MAX)?.map(str::to_owned),
        parent: row.given(5, ID_MAX)?.map(str::to_owned),
        gone: gone(row, 1)?,
    }))
}

/// What the status says: in a bulk file it is empty or `active`.
fn gone<const N: usize>(row: &table::Row<'_, N>, column: usize) -> Result<bool, RowProblem> {
    match row.text(column)? {
        None | Some("active") => Ok(false),
        Some("tobedeleted") => Ok(true),
        Some(other) => Err(row.problem(column, format!("{:?} is neither active nor tobedeleted", shown(other)))),
    }
}
