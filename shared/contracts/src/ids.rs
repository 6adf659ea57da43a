//! One type per kind of thing, so that a school can never be passed where a department is meant.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The namespace under which Loopline derives its own version-5 identifiers.
pub const NAMESPACE: Uuid = Uuid::from_u128(0x1d1c_7a0e_8f2b_5c1e_9a54_6c6f_6f70_6c6e);

macro_rules! typed_id {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl $name {
            /// An identifier derived from a stable name, the same wherever it is computed.
            pub fn derived(parts: &[&str]) -> Self {
                Self(derive(stringify!($name), parts))
            }
        }
    )*};
}

/// A version-5 identifier from a kind and the parts of a name; a zero byte between parts keeps `("ab","c")` and
/// `("a","bc")` apart.
fn derive(kind: &str, parts: &[&str]) -> Uuid {
    let mut name = kind.to_owned();
    for part in parts {
        name.push('\0');
        name.push_str(part);
    }
    Uuid::new_v5(&NAMESPACE, name.as_bytes())
}

typed_id! {
    /// A feedback loop; its id is the id of the command that filed it.
    LoopId,
    /// A person of a district's roster.
    PersonId,
    /// A school, or the district's own office where the district files on itself (see [`SchoolId::of_district`]).
    SchoolId,
    /// A department of the district office.
    DepartmentId,
    /// A team a question can be put before.
    TeamId,
    /// An innovation zone.
    ZoneId,
    /// An event; derived from its command and subject, so that a command has at most one.
    EventId,
    /// A command; derived from the caller's key, so that a retry has the same one.
    CommandId,
    /// A flexibility of the register.
    FlexibilityId,
    /// A rule or an area that several schools meet.
    PatternId,
    /// A request to the state.
    WaiverId,
    /// A review that the district makes of its own rules.
    ReviewId,
    /// What was given out together.
    DisclosureId,
}

impl FlexibilityId {
    /// The flexibility that one revision of a loop's answer promises: there is one, however often it is asked for.
    pub fn promised(district: &District, id: LoopId, revision: u32) -> Self {
        Self::derived(&[district.as_str(), &id.to_string(), &revision.to_string()])
    }

    /// The flexibility that an adopted change of a rule makes.
    pub fn adopted(district: &District, id: PatternId, revision: u32) -> Self {
        Self::derived(&[district.as_str(), "pattern", &id.to_string(), &revision.to_string()])
    }

    /// The clarification that a corrected belief about a rule makes.
    pub fn corrected(district: &District, event: EventId) -> Self {
        Self::derived(&[district.as_str(), "corrected", &event.to_string()])
    }
}

impl WaiverId {
    /// The request that one revision of a loop's answer asks for: there is one.
    pub fn of(district: &District, id: LoopId, revision: u32) -> Self {
        Self::derived(&[district.as_str(), "waiver", &id.to_string(), &revision.to_string()])
    }
}

impl PatternId {
    /// The pattern of a rule or an area: the first, or a later one after the rule was changed.
    pub fn of(district: &District, basis: &str, nth: u32) -> Self {
        Self::derived(&[district.as_str(), basis, &nth.to_string()])
    }
}

impl SchoolId {
    /// The part a district itself has in a loop that it files on its own policies, for no school in particular.
    pub fn of_district(district: &District) -> Self {
        Self::derived(&[district.as_str(), "district-office"])
    }
}

impl EventId {
    /// The id of the event that `command` makes on `subject`.
    pub fn of(command: CommandId, subject: &str) -> Self {
        Self(Uuid::new_v5(&command.0, subject.as_bytes()))
    }
}

impl CommandId {
    /// The id of a command that a policy issues because of an event.
    pub fn of_policy(event: EventId, policy: &str) -> Self {
        Self(Uuid::new_v5(&event.0, policy.as_bytes()))
    }
}

/// A district's slug: 2 to 40 characters of `a-z`, `0-9` and `-`. Scope of every query and subject.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct District(String);

/// A slug that is not 2 to 40 characters of `a-z`, `0-9` and `-`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a district's short name is 2 to 40 of the characters a-z, 0-9 and -")]
pub struct NotADistrict;

impl District {
    /// The slug as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id of the district as a thing of the log.
    pub fn thing_id(&self) -> Uuid {
        derive("District", &[&self.0])
    }
}

impl FromStr for District {
    type Err = NotADistrict;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = (2..=40).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotADistrict)
        }
    }
}

impl fmt::Display for District {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for District {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// A loop's number for people, such as `7F3-K9QM`: seven Crockford base-32 characters from its id, so that it says
/// nothing about how many loops there are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct LoopNumber(String);

const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl LoopNumber {
    /// The number of a loop: taken from the random low bits of its id, 35 of them.
    pub fn of(id: LoopId) -> Self {
        let mut bits = id.0.as_u128();
        let mut text = [0_u8; 8];
        for (position, slot) in text.iter_mut().enumerate().rev() {
            if position == 3 {
                *slot = b'-';
            } else {
                *slot = CROCKFORD[(bits & 31) as usize];
                bits >>= 5;
            }
        }
        Self(text.iter().map(|b| char::from(*b)).collect())
    }

    /// What a person typed, brought to the written form: letters raised, `O` read as 0, `I` and `L` as 1.
    /// `None` where it cannot be a number.
    pub fn read(typed: &str) -> Option<Self> {
        let mut text = String::with_capacity(8);
        for c in typed.chars().filter(|c| !matches!(c, '-' | ' ')) {
            let c = match c.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            if !c.is_ascii() || !CROCKFORD.contains(&(c as u8)) || text.len() == 8 {
                return None;
            }
            if text.len() == 3 {
                text.push('-');
            }
            text.push(c);
        }
        (text.len() == 8).then_some(Self(text))
    }

    /// The number as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LoopNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_as_people_type_it() {
        let id = LoopId(Uuid::from_u128(0x0192_0000_0000_7000_8000_0123_4567_89ab));
        let number = LoopNumber::of(id);
        assert_eq!(number.as_str().len(), 8);
        let typed = number
            .as_str()
            .to_lowercase()
            .replace('-', "")
            .replace('0', "o")
            .replace('1', "l");
        assert_eq!(LoopNumber::read(&typed), Some(number));
        assert_eq!(LoopNumber::read("7F3-K9Q"), None);
        assert_eq!(LoopNumber::read("7F3-K9QMX"), None);
        assert_eq!(LoopNumber::read("7F3-K9Qé"), None);
    }

    #[test]
    fn a_district_is_a_slug() {
        assert!("cedar-valley".parse::<District>().is_ok());
        for bad in ["", "a", "Cedar", "a.b", "a b", "a>", "ü-district"] {
            assert_eq!(bad.parse::<District>(), Err(NotADistrict), "{bad}");
        }
    }

    #[test]
    fn derived_ids_depend_on_kind_and_on_where_parts_end() {
        assert_eq!(SchoolId::derived(&["a", "b"]), SchoolId::derived(&["a", "b"]));
        assert_ne!(SchoolId::derived(&["a", "b"]), SchoolId::derived(&["ab"]));
        assert_ne!(SchoolId::derived(&["a"]).0, DepartmentId::derived(&["a"]).0);
    }
}
