//! Reading events of every version there ever was.
//!
//! An event type is never changed: a new shape is a new version, and an upcaster brings the old one to it. Old
//! shapes never reach the domain. A version newer than this release knows stops the reader.

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

/// Brings one version's data to the next version's shape.
pub type Upcast = fn(Value) -> Value;

/// What this release knows of one event type.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// The event in snake case.
    pub name: &'static str,
    /// The upcasters from version 1 on; the current version is one more than there are.
    pub upcasts: &'static [Upcast],
}

impl Shape {
    /// The version this release writes.
    pub const fn version(&self) -> u32 {
        self.upcasts.len() as u32 + 1
    }
}

/// Why an event could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Written by a newer release: the reader stops, and a newer one goes on from here.
    #[error("{event_type} is newer than this release, which knows up to version {known}; start the newer release")]
    Newer {
        /// The type met.
        event_type: String,
        /// The newest version known.
        known: u32,
    },
    /// No release wrote this: it is set aside.
    #[error("{event_type:?} is not an event of ours")]
    UnknownType {
        /// The type met.
        event_type: String,
    },
    /// The data does not have its type's shape: it is set aside.
    #[error("the data of {event_type} cannot be read: {reason}")]
    Malformed {
        /// The type met.
        event_type: String,
        /// What the parser said.
        reason: String,
    },
}

/// `org.loopline.<service>.<event>.v<N>`, taken apart.
pub fn parse_type(event_type: &str) -> Option<(&str, &str, u32)> {
    let rest = event_type.strip_prefix("org.loopline.")?;
    let (service, rest) = rest.split_once('.')?;
    let (name, version) = rest.rsplit_once(".v")?;
    let version = version.parse().ok()?;
    (!service.is_empty() && !name.is_empty() && version > 0).then_some((service, name, version))
}

/// Reads one event's data as the current version's type.
pub fn decode<T: DeserializeOwned>(
    shape: &Shape,
    event_type: &str,
    version: u32,
    data: &RawValue,
) -> Result<T, Unreadable> {
    let known = shape.version();
    let malformed = |error: serde_json::Error| Unreadable::Malformed {
        event_type: event_type.to_owned(),
        reason: error.to_string(),
    };
    if version > known {
        return Err(Unreadable::Newer {
            event_type: event_type.to_owned(),
            known,
        });
    }
    if version == known {
        return serde_json::from_str(data.get()).map_err(malformed);
    }
    let oldest: Value = serde_json::from_str(data.get()).map_err(malformed)?;
    let current = shape.upcasts[version as usize - 1..]
        .iter()
        .fold(oldest, |value, upcast| upcast(value));
    serde_json::from_value(current).map_err(malformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    /// A real second version: version 1 had one number, version 2 tells students from teachers.
    #[derive(Debug, Deserialize, PartialEq)]
    struct ReachStated {
        students: u32,
        teachers: u32,
    }

    fn from_v1(old: Value) -> Value {
        serde_json::json!({"students": old["people"], "teachers": 0})
    }

    const SHAPE: Shape = Shape {
        name: "reach_stated",
        upcasts: &[from_v1],
    };

    fn read(version: u32, data: &str) -> Result<ReachStated, Unreadable> {
        let data = RawValue::from_string(data.to_owned()).expect("json");
        decode(&SHAPE, "org.loopline.intake.reach_stated", version, &data)
    }

    #[test]
    fn the_first_version_is_brought_to_the_second() {
        assert_eq!(
            read(1, r#"{"people": 120}"#),
            Ok(ReachStated {
                students: 120,
                teachers: 0
            })
        );
        assert_eq!(
            read(2, r#"{"students": 1, "teachers": 2}"#),
            Ok(ReachStated {
                students: 1,
                teachers: 2
            })
        );
    }

    #[test]
    fn a_version_from_the_future_is_not_guessed_at() {
        assert!(matches!(read(3, "{}"), Err(Unreadable::Newer { known: 2, .. })));
        assert!(matches!(read(2, "{}"), Err(Unreadable::Malformed { .. })));
    }

    #[test]
    fn a_type_is_taken_apart() {
        assert_eq!(
            parse_type("org.loopline.intake.tension_filed.v12"),
            Some(("intake", "tension_filed", 12))
        );
        for wrong in [
            "",
            "org.loopline.intake.v1",
            "org.loopline.intake.x.v0",
            "com.other.intake.x.v1",
        ] {
            assert_eq!(parse_type(wrong), None, "{wrong}");
        }
    }
}
