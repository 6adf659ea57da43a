//! What a roster says it is.

use contracts::roster::Extent;

use crate::files::Files;
use crate::table::{Column, Table, optional, required, shown};
use crate::{Digested, RosterError};

/// The versions that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    /// What somebody is stands in `users.csv`.
    V1_1,
    /// What somebody is stands in `roles.csv`.
    V1_2,
}

impl Version {
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::V1_1 => "1.1",
            Self::V1_2 => "1.2",
        }
    }
}

/// What a roster says it is; where it says nothing, what its files show.
#[derive(Debug)]
pub(crate) struct Manifest {
    pub(crate) version: Version,
    pub(crate) orgs: Extent,
    pub(crate) users: Extent,
    pub(crate) roles: Extent,
    pub(crate) from: Option<String>,
    stated: bool,
}

const COLUMNS: [Column; 2] = [required("propertyName"), optional("value")];

impl Manifest {
    pub(crate) fn read(files: &mut Files, digest: &Digested) -> Result<Self, RosterError> {
        let (orgs, users, roles) = (files.has("orgs.csv")?, files.has("users.csv")?, files.has("roles.csv")?);
        let bulk = |there: bool| if there { Extent::Bulk } else { Extent::Absent };
        let Some(file) = files.file("manifest.csv")? else {
            return Self {
                version: if roles { Version::V1_2 } else { Version::V1_1 },
                orgs: bulk(orgs),
                users: bulk(users),
                roles: bulk(roles),
                from: None,
                stated: false,
            }
            .whole();
        };
        let mut manifest = Self {
            version: if roles { Version::V1_2 } else { Version::V1_1 },
            orgs: Extent::Absent,
            users: Extent::Absent,
            roles: Extent::Absent,
            from: None,
            stated: true,
        };
        let mut table = Table::open("manifest.csv", file, &COLUMNS, digest.clone())?;
        let mut trouble = None;
        while let Some(row) = table.next(|problem| trouble = trouble.take().or(Some(problem)))? {
            let (Ok(Some(property)), Ok(value)) = (row.text(0), row.text(1)) else {
                continue;
            };
            let value = value.unwrap_or_default();
            match property {
                "oneroster.version" => manifest.version = version(value)?,
                "file.orgs" => manifest.orgs = extent(property, value)?,
                "file.users" => manifest.users = extent(property, value)?,
                "file.roles" => manifest.roles = extent(property, value)?,
                "source.systemName" if !value.is_empty() => manifest.from = Some(shown(value)),
                _ => {}
            }
        }
        if let Some(trouble) = trouble {
            return Err(RosterError::Manifest {
                property: format!("row {}", trouble.row),
                why: trouble.message,
            });
        }
        manifest.whole()
    }

    /// A file that must be there.
    pub(crate) fn missing(&self, file: &'static str) -> RosterError {
        let why = if self.stated {
            format!("manifest.csv says it is ({} {})", self.version.code(), file)
        } else {
            "without it nobody can be taken in".to_owned()
        };
        RosterError::Missing { file, why }
    }

    /// What does not go together is refused.
    fn whole(self) -> Result<Self, RosterError> {
        let refused = |property: &str, why: &str| {
            Err(RosterError::Manifest {
                property: property.to_owned(),
                why: why.to_owned(),
            })
        };
        let anything = [self.orgs, self.users, self.roles]
            .iter()
            .any(|extent| *extent != Extent::Absent);
        if !anything {
            return if self.stated {
                refused(
                    "file.users",
                    "no file says anything of schools or people; all are absent",
                )
            } else {
                Err(self.missing("users.csv"))
            };
        }
        if self.version == Version::V1_1 && self.roles != Extent::Absent {
            return refused(
                "file.roles",
                "there is no roles.csv in version 1.1; is this version 1.2?",
            );
        }
        if self.version == Version::V1_2 && self.users == Extent::Bulk && self.roles != Extent::Bulk {
            return refused(
                "file.roles",
                "where users.csv holds everybody, roles.csv must too (bulk): what nobody is said to be cannot be taken in",
            );
        }
        if self.roles == Extent::Bulk && self.users != Extent::Bulk {
            return refused(
                "file.users",
                "where roles.csv holds every role (bulk), users.csv must hold everybody",
            );
        }
        Ok(self)
    }
}

fn version(value: &str) -> Result<Version, RosterError> {
    match value.trim_start_matches(['v', 'V']) {
        "1.1" | "1.1.0" | "1.1.1" => Ok(Version::V1_1),
        "1.2" | "1.2.0" | "1.2.1" => Ok(Version::V1_2),
        _ => Err(RosterError::Manifest {
            property: "oneroster.version".to_owned(),
            why: format!("{:?} is neither 1.1 nor 1.2, which are read here", shown(value)),
        }),
    }
}

fn extent(property: &str, value: &str) -> Result<Extent, RosterError> {
    match value {
        "absent" | "" => Ok(Extent::Absent),
        "bulk" => Ok(Extent::Bulk),
        "delta" => Ok(Extent::Delta),
        other => Err(RosterError::Manifest {
            property: property.to_owned(),
            why: format!("{:?} is none of absent, bulk, delta", shown(other)),
        }),
    }
}
