//! Subjects of the log and of messages, written in one place.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::ids::{District, FlexibilityId, LoopId};

/// The stream of all events.
pub const STREAM: &str = "LOOP";
/// The stream of messages set aside.
pub const DEAD_STREAM: &str = "DEAD";
/// The key-value bucket of wrapped sealing keys.
pub const KEYS_BUCKET: &str = "KEYS";

/// What a subject's thing can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Thing {
    /// A feedback loop.
    Loop,
    /// A flexibility, a clarification, or what must stay as it is.
    Flexibility,
    /// A rule or an area that several schools meet.
    Pattern,
    /// A request to the state.
    Waiver,
    /// A review that the district makes of its own rules.
    Review,
    /// A year of a district's record itself.
    Record,
    /// A district: calendar, service levels, rules, contact.
    District,
    /// A school.
    School,
    /// A department.
    Department,
    /// An innovation zone.
    Zone,
    /// A team.
    Team,
    /// A person.
    Person,
    /// An import of a roster.
    Import,
}

impl Thing {
    /// Every kind of thing.
    pub const ALL: [Self; 13] = [
        Self::Loop,
        Self::Flexibility,
        Self::Pattern,
        Self::Waiver,
        Self::Review,
        Self::Record,
        Self::District,
        Self::School,
        Self::Department,
        Self::Zone,
        Self::Team,
        Self::Person,
        Self::Import,
    ];

    /// The subject token.
    pub fn token(self) -> &'static str {
        match self {
            Self::Loop => "loop",
            Self::Flexibility => "flexibility",
            Self::Pattern => "pattern",
            Self::Waiver => "waiver",
            Self::Review => "review",
            Self::Record => "record",
            Self::District => "district",
            Self::School => "school",
            Self::Department => "department",
            Self::Zone => "zone",
            Self::Team => "team",
            Self::Person => "person",
            Self::Import => "import",
        }
    }
}

/// `loop.<district>.<thing>.<uuid>`: one thing's whole story.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    /// The district it belongs to.
    pub district: District,
    /// What it is.
    pub thing: Thing,
    /// Which.
    pub id: Uuid,
}

impl Subject {
    /// The subject of a loop.
    pub fn of_loop(district: &District, id: LoopId) -> Self {
        Self {
            district: district.clone(),
            thing: Thing::Loop,
            id: id.0,
        }
    }

    /// The subject of a part of the register.
    pub fn of_flexibility(district: &District, id: FlexibilityId) -> Self {
        Self::new(district, Thing::Flexibility, id.0)
    }

    /// The subject of a thing.
    pub fn new(district: &District, thing: Thing, id: Uuid) -> Self {
        Self {
            district: district.clone(),
            thing,
            id,
        }
    }

    /// The CloudEvents subject: `<thing>/<uuid>`.
    pub fn event_subject(&self) -> String {
        format!("{}/{}", self.thing.token(), self.id)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "loop.{}.{}.{}", self.district, self.thing.token(), self.id)
    }
}

/// A subject that is not `loop.<district>.<thing>.<uuid>`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a subject of the log")]
pub struct NotASubject(String);

impl FromStr for Subject {
    type Err = NotASubject;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || NotASubject(text.to_owned());
        let mut tokens = text.split('.');
        let (Some("loop"), Some(district), Some(thing), Some(id), None) = (
            tokens.next(),
            tokens.next(),
            tokens.next(),
            tokens.next(),
            tokens.next(),
        ) else {
            return Err(wrong());
        };
        Ok(Self {
            district: district.parse().map_err(|_| wrong())?,
            thing: Thing::ALL
                .into_iter()
                .find(|known| known.token() == thing)
                .ok_or_else(wrong)?,
            id: Uuid::parse_str(id).map_err(|_| wrong())?,
        })
    }
}

/// The filter for every thing of a kind, in every district.
pub fn every(thing: Thing) -> String {
    format!("loop.*.{}.>", thing.token())
}

/// Where a person's command goes: only the gateway may publish here.
pub fn user_command(service: &str, verb: &str) -> String {
    format!("svc.{service}.user.{verb}")
}

/// Where a policy's command goes: only services may publish here.
pub fn policy_command(service: &str, verb: &str) -> String {
    format!("svc.{service}.policy.{verb}")
}

/// Where a question goes.
pub fn query(service: &str, name: &str) -> String {
    format!("ask.{service}.{name}")
}

/// Where a service sets messages aside.
pub fn dead(service: &str) -> String {
    format!("dead.{service}")
}

/// Where a service says what its read model now holds.
pub fn notice(service: &str) -> String {
    format!("notice.{service}")
}
