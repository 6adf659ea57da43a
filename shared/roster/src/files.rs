//! Where a roster is: a folder or a zip file. Nothing is ever unpacked to disk.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};

use zip::ZipArchive;
use zip::result::ZipError;

use crate::RosterError;

/// No file of a roster is larger: some four million people.
pub(crate) const FILE_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// What a file may grow to whatever its packed size; beyond it, it may be [`RATIO_MAX`] times as large.
const SMALL: u64 = 16 * 1024 * 1024;
/// Tables of text shrink to a tenth or so; what shrinks to less than this was made to fill memory.
const RATIO_MAX: u64 = 200;
/// Files in a roster: 1.2 names 24.
const FILES_MAX: usize = 500;

/// A roster's files.
#[derive(Debug)]
pub(crate) enum Files {
    Folder(PathBuf),
    Zip {
        archive: Box<ZipArchive<File>>,
        /// What stands before each name: a folder that was packed with its files.
        within: String,
    },
}

impl Files {
    pub(crate) fn open(path: &Path) -> Result<Self, RosterError> {
        let unreadable = |source: io::Error| RosterError::Unreadable {
            file: path.display().to_string(),
            source,
        };
        if std::fs::metadata(path).map_err(unreadable)?.is_dir() {
            return Ok(Self::Folder(path.to_owned()));
        }
        Self::zip(File::open(path).map_err(unreadable)?)
    }

    /// A zip file that is open.
    pub(crate) fn zip(mut file: File) -> Result<Self, RosterError> {
        let rewound = file.rewind().map_err(|source| RosterError::Unreadable {
            file: "the file".to_owned(),
            source,
        });
        rewound?;
        let archive = ZipArchive::new(file).map_err(|_| RosterError::NotAZip)?;
        if archive.len() > FILES_MAX {
            return Err(RosterError::TooMany { files: archive.len() });
        }
        let within = archive
            .file_names()
            .filter_map(Result::ok)
            .filter(|name| !name.starts_with("__MACOSX/"))
            .filter_map(|name| {
                let before = name.strip_suffix("users.csv").or_else(|| name.strip_suffix("orgs.csv"));
                before.map(str::to_owned)
            })
            .find(|before| before.is_empty() || before.ends_with('/'))
            .unwrap_or_default();
        Ok(Self::Zip {
            archive: Box::new(archive),
            within,
        })
    }

    /// Whether a file of this name is there.
    pub(crate) fn has(&mut self, name: &str) -> Result<bool, RosterError> {
        Ok(self.file(name)?.is_some())
    }

    /// The file of this name, where it is there, to be read from its beginning.
    pub(crate) fn file(&mut self, name: &str) -> Result<Option<Box<dyn Read + '_>>, RosterError> {
        let unreadable = |source: io::Error| RosterError::Unreadable {
            file: name.to_owned(),
            source,
        };
        match self {
            Self::Folder(folder) => match File::open(folder.join(name)) {
                Ok(file) => Ok(Some(Box::new(Bounded::new(file, FILE_BYTES_MAX)))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(unreadable(error)),
            },
            Self::Zip { archive, within } => match archive.by_name(&format!("{within}{name}")) {
                Ok(entry) => {
                    // What the archive says of the size is not believed; what is packed is really there.
                    let most = SMALL.max(entry.compressed_size().saturating_mul(RATIO_MAX));
                    Ok(Some(Box::new(Bounded::new(entry, most.min(FILE_BYTES_MAX)))))
                }
                Err(ZipError::FileNotFound) => Ok(None),
                Err(ZipError::UnsupportedArchive(why)) => Err(unreadable(io::Error::other(why))),
                Err(error) => Err(unreadable(io::Error::other(error))),
            },
        }
    }
}

/// Reads no more than it may, and says so: a file that ends early would be taken for whole.
struct Bounded<R> {
    from: R,
    left: u64,
}

impl<R> Bounded<R> {
    fn new(from: R, left: u64) -> Self {
        Self { from, left }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(into)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::FileTooLarge,
                "it is larger than any roster's, or was made to fill the memory of whoever unpacks it",
            )
        })?;
        Ok(read)
    }
}
