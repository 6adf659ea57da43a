//! Where a bundle is: a folder or a zip file. Nothing is ever unpacked.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use zip::ZipArchive;

/// No file of a bundle that is read whole is larger: 256 entries of 64 KiB, and some.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// A bundle's files.
#[derive(Debug)]
pub(crate) enum Source {
    Folder(PathBuf),
    Zip(Box<ZipArchive<File>>),
}

impl Source {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        if path.is_dir() {
            return Ok(Self::Folder(path.to_owned()));
        }
        let archive = ZipArchive::new(File::open(path)?).map_err(io::Error::other)?;
        Ok(Self::Zip(Box::new(archive)))
    }

    /// A file's bytes; nothing where it is not there.
    pub(crate) fn read(&mut self, name: &str) -> io::Result<Option<Vec<u8>>> {
        let mut bytes = Vec::new();
        let read = match self {
            Self::Folder(folder) => {
                let path = folder.join(name);
                // What is asked for is built from numbers and fixed words; a link would still lead elsewhere.
                if !path.is_file() {
                    return Ok(None);
                }
                File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?
            }
            Self::Zip(archive) => match archive.by_name(name) {
                Ok(file) => file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?,
                Err(zip::result::ZipError::FileNotFound) => return Ok(None),
                Err(error) => return Err(io::Error::other(error)),
            },
        };
        if read as u64 > FILE_BYTES_MAX {
            return Err(io::Error::other(format!("{name} is larger than any file of a bundle")));
        }
        Ok(Some(bytes))
    }

    /// The names of the files in one folder of the bundle, in order.
    pub(crate) fn names_in(&mut self, folder: &str) -> io::Result<Vec<String>> {
        let mut names = match self {
            Self::Folder(root) => {
                let path = root.join(folder);
                if !path.is_dir() {
                    return Ok(Vec::new());
                }
                let mut names = Vec::new();
                for entry in std::fs::read_dir(path)? {
                    let entry = entry?;
                    if entry.file_type()?.is_file() {
                        names.push(format!("{folder}/{}", entry.file_name().to_string_lossy()));
                    }
                }
                names
            }
            Self::Zip(archive) => archive
                .file_names()
                .filter_map(Result::ok)
                .filter(|name| {
                    name.strip_prefix(folder)
                        .and_then(|rest| rest.strip_prefix('/'))
                        .is_some_and(|rest| !rest.is_empty() && !rest.contains('/'))
                })
                .map(std::borrow::Cow::into_owned)
                .collect(),
        };
        names.sort();
        Ok(names)
    }
}
