//! What has happened. A service decides only for the events of its own module: its commands' event type says so.
//!
//! The three chapters of a loop stand under one subject and fold into one state: [`LoopEvent`].

pub mod custody;
pub mod directory;
pub mod flexibility;
pub mod intake;
pub mod pattern;
pub mod record;
pub mod resolution;
pub mod review;
pub mod routing;
pub mod waiver;

use serde_json::value::RawValue;

use crate::envelope::Envelope;
use crate::ids::PatternId;
use crate::versions::{Unreadable, parse_type};

/// The events one service owns.
pub trait OwnedEvents: Sized + Send + Sync {
    /// The service.
    const OWNER: &'static str;
    /// The names of its events with their current versions.
    const KINDS: &'static [(&'static str, u32)];

    /// The event's name in snake case.
    fn kind(&self) -> &'static str;
    /// The version written.
    fn version(&self) -> u32;
    /// The data as JSON.
    fn data(&self) -> serde_json::Result<Box<RawValue>>;
    /// Reads an event of this owner.
    fn decode(event_type: &str, name: &str, version: u32, data: &RawValue) -> Result<Self, Unreadable>;

    /// `org.loopline.<service>.<event>.v<N>`.
    fn event_type(&self) -> String {
        format!("org.loopline.{}.{}.v{}", Self::OWNER, self.kind(), self.version())
    }
}

/// Declares one service's events: an enum over their data types, names, versions and upcasters.
macro_rules! owned_events {
    ($(#[$doc:meta])* $name:ident of $owner:literal { $($(#[$vdoc:meta])* $variant:ident = $kind:literal $([$($upcast:path),+])?),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum $name { $($(#[$vdoc])* $variant($variant)),* }

        impl $crate::events::OwnedEvents for $name {
            const OWNER: &'static str = $owner;
            const KINDS: &'static [(&'static str, u32)] = &[$(
                ($kind, $crate::versions::Shape { name: $kind, upcasts: &[$($($upcast),+)?] }.version())
            ),*];

            fn kind(&self) -> &'static str {
                match self { $(Self::$variant(_) => $kind),* }
            }

            fn version(&self) -> u32 {
                match self { $(Self::$variant(_) =>
                    $crate::versions::Shape { name: $kind, upcasts: &[$($($upcast),+)?] }.version()),* }
            }

            fn data(&self) -> serde_json::Result<Box<serde_json::value::RawValue>> {
                match self { $(Self::$variant(data) => serde_json::value::to_raw_value(data)),* }
            }

            fn decode(
                event_type: &str,
                name: &str,
                version: u32,
                data: &serde_json::value::RawValue,
            ) -> Result<Self, $crate::versions::Unreadable> {
                match name {
                    $($kind => {
                        const SHAPE: $crate::versions::Shape =
                            $crate::versions::Shape { name: $kind, upcasts: &[$($($upcast),+)?] };
                        $crate::versions::decode(&SHAPE, event_type, version, data).map(Self::$variant)
                    })*
                    _ => Err($crate::versions::Unreadable::UnknownType { event_type: event_type.to_owned() }),
                }
            }
        }

        impl $name {
            /// The JSON Schema of each event's data, by name.
            pub fn schemas(generator: &mut schemars::SchemaGenerator) -> Vec<(&'static str, schemars::Schema)> {
                vec![$(($kind, generator.subschema_for::<$variant>())),*]
            }
        }

        $(impl From<$variant> for $name {
            fn from(data: $variant) -> Self {
                Self::$variant(data)
            }
        })*
    };
}
pub(crate) use owned_events;

pub use custody::CustodyEvent;
pub use directory::DirectoryEvent;
pub use flexibility::FlexibilityEvent;
pub use intake::IntakeEvent;
pub use pattern::PatternEvent;
pub use record::RecordEvent;
pub use resolution::ResolutionEvent;
pub use review::ReviewEvent;
pub use routing::RoutingEvent;
pub use waiver::WaiverEvent;

/// Everything that can happen to a loop: three chapters in one order, and what becomes of the record itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoopEvent {
    /// The school's chapter.
    Intake(IntakeEvent),
    /// The assignment's chapter.
    Routing(RoutingEvent),
    /// The department's chapter.
    Resolution(ResolutionEvent),
    /// What became of the record itself.
    Custody(CustodyEvent),
}

impl LoopEvent {
    /// The event's name in snake case.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Intake(event) => event.kind(),
            Self::Routing(event) => event.kind(),
            Self::Resolution(event) => event.kind(),
            Self::Custody(event) => event.kind(),
        }
    }

    /// Whether the district office keeps it to itself: notes that are not shared, and what is held for whom.
    pub fn is_internal(&self) -> bool {
        match self {
            Self::Resolution(ResolutionEvent::NoteAdded(note)) => !note.shared,
            Self::Custody(event) => matches!(event, CustodyEvent::HoldPlaced(_) | CustodyEvent::HoldLifted(_)),
            Self::Intake(_) | Self::Routing(_) | Self::Resolution(_) => false,
        }
    }

    /// Whether its words stay, whatever is erased: they say why others were erased or held, and to whom all was given.
    pub fn keeps_its_words(&self) -> bool {
        match self {
            Self::Custody(event) => !matches!(event, CustodyEvent::StatementAttached(_)),
            Self::Intake(_) | Self::Routing(_) | Self::Resolution(_) => false,
        }
    }

    /// The pattern whose decision its words were taken over from: the same words answer other loops.
    pub fn taken_over_from(&self) -> Option<PatternId> {
        match self {
            Self::Resolution(ResolutionEvent::ResolutionProposed(said)) => said.pattern,
            Self::Resolution(ResolutionEvent::ResolutionRevised(said)) => said.pattern,
            Self::Intake(_) | Self::Routing(_) | Self::Resolution(_) | Self::Custody(_) => None,
        }
    }

    /// The service that owns it.
    pub fn owner(&self) -> &'static str {
        match self {
            Self::Intake(_) => IntakeEvent::OWNER,
            Self::Routing(_) => RoutingEvent::OWNER,
            Self::Resolution(_) => ResolutionEvent::OWNER,
            Self::Custody(_) => CustodyEvent::OWNER,
        }
    }

    /// Reads what stands in the log under a loop's subject.
    pub fn read(envelope: &Envelope) -> Result<Self, Unreadable> {
        Self::of(&envelope.event_type, &envelope.data)
    }

    /// Reads an event from its type and its data.
    pub fn of(event_type: &str, data: &RawValue) -> Result<Self, Unreadable> {
        let unknown = || Unreadable::UnknownType {
            event_type: event_type.to_owned(),
        };
        let (service, name, version) = parse_type(event_type).ok_or_else(unknown)?;
        match service {
            IntakeEvent::OWNER => IntakeEvent::decode(event_type, name, version, data).map(Self::Intake),
            RoutingEvent::OWNER => RoutingEvent::decode(event_type, name, version, data).map(Self::Routing),
            ResolutionEvent::OWNER => ResolutionEvent::decode(event_type, name, version, data).map(Self::Resolution),
            CustodyEvent::OWNER => CustodyEvent::decode(event_type, name, version, data).map(Self::Custody),
            _ => Err(unknown()),
        }
    }
}

impl From<IntakeEvent> for LoopEvent {
    fn from(event: IntakeEvent) -> Self {
        Self::Intake(event)
    }
}

impl From<RoutingEvent> for LoopEvent {
    fn from(event: RoutingEvent) -> Self {
        Self::Routing(event)
    }
}

impl From<ResolutionEvent> for LoopEvent {
    fn from(event: ResolutionEvent) -> Self {
        Self::Resolution(event)
    }
}

impl From<CustodyEvent> for LoopEvent {
    fn from(event: CustodyEvent) -> Self {
        Self::Custody(event)
    }
}

/// Reads what stands in the log under a thing of its own.
macro_rules! read_alone {
    ($($name:ident)*) => {$(
        impl $name {
            /// Reads what stands in the log under a subject of its kind.
            pub fn read(envelope: &Envelope) -> Result<Self, Unreadable> {
                let event_type = envelope.event_type.as_str();
                match parse_type(event_type) {
                    Some((Self::OWNER, name, version)) => Self::decode(event_type, name, version, &envelope.data),
                    _ => Err(Unreadable::UnknownType {
                        event_type: event_type.to_owned(),
                    }),
                }
            }
        }
    )*};
}

read_alone! { FlexibilityEvent PatternEvent WaiverEvent ReviewEvent RecordEvent DirectoryEvent }
