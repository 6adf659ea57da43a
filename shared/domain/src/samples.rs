//! Small made-up things for specifications and for templates: never data of a district.

use chrono::{DateTime, Utc};
use contracts::area::Area;
use contracts::envelope::{Actor, Meta};
use contracts::events::flexibility::{Readers, Rule, Scope, Terms};
use contracts::events::intake::{Origin, Reach, TensionFiled};
use contracts::events::routing::{DatesCause, Due, DueDatesChanged, ServiceLevel, TensionRouted};
use contracts::ids::{DepartmentId, EventId, PersonId, SchoolId};
use contracts::sealed::{KeyId, Sealed};
use contracts::vocabulary::{Kind, ResolutionKind, RuleSource, Urgency, Visibility};
use uuid::Uuid;

use crate::calendar::Calendar;
use crate::calendars::Calendars;

/// A sealed text that nobody can open; told apart by its words.
pub fn sealed(words: &str) -> Sealed {
    let key = KeyId {
        pool: Uuid::from_u128(1),
        slot: 0,
    };
    Sealed {
        key,
        nonce: String::new(),
        ciphertext: words.to_owned(),
        commitment: String::new(),
    }
}

/// A person by a name.
pub fn person(name: &str) -> Actor {
    Actor::Person(PersonId::derived(&[name]))
}

/// A school by a name.
pub fn school(name: &str) -> SchoolId {
    SchoolId::derived(&[name])
}

/// A department by a name.
pub fn department(name: &str) -> DepartmentId {
    DepartmentId::derived(&[name])
}

/// A tension filed by a school.
pub fn filed(name: &str) -> TensionFiled {
    TensionFiled {
        key: KeyId {
            pool: Uuid::from_u128(1),
            slot: 0,
        },
        school: school(name),
        origin: Origin::School,
        title: sealed("title"),
        trying: sealed("trying"),
        barrier: sealed("barrier"),
        tried: None,
        would_help: None,
        kind: Kind::Policy,
        area: Area::from_code("seat_time").unwrap_or_else(|| unreachable!("seat_time ships with the product")),
        rule_source: RuleSource::StateRule,
        citation: None,
        clause: None,
        pillars: Vec::new(),
        reach: Reach::default(),
        grades: Vec::new(),
        urgency: Urgency::Slowing,
        needed_by: None,
        visibility: Visibility::Joinable,
        linked_to: None,
    }
}

/// A service level: 3, 10 and 30 days.
pub fn level() -> ServiceLevel {
    ServiceLevel {
        id: "standard".to_owned(),
        name: "Standard".to_owned(),
        acknowledge_days: 3,
        next_word_days: 10,
        resolve_days: 30,
        due_soon_days: 2,
    }
}

/// It goes to a department.
pub fn routed(name: &str) -> TensionRouted {
    TensionRouted {
        department: department(name),
        chosen_by: None,
        why: None,
        collaborators: Vec::new(),
        service_level: level(),
        calendar_version: 1,
        due: Due::default(),
    }
}

/// What is known of an event beside what happened: by its place in the log, some policy's, on a day that grows with it.
pub fn meta(sequence: u64) -> Meta {
    Meta {
        sequence,
        id: EventId(Uuid::from_u128(u128::from(sequence))),
        time: DateTime::<Utc>::UNIX_EPOCH + chrono::Duration::days(sequence.cast_signed()),
        actor: Actor::Policy("sample".to_owned()),
    }
}

/// What one school may do, without end.
pub fn terms(name: &str) -> Terms {
    let sample = filed(name);
    Terms {
        key: sample.key,
        title: sealed("title"),
        allows: sealed("allows"),
        rationale: None,
        rule: Rule {
            source: RuleSource::BoardPolicy,
            citation: None,
            clause: None,
        },
        area: sample.area,
        scope: Scope::Schools {
            schools: [school(name)].into(),
        },
        conditions: None,
        stays_required: None,
        starts_on: DateTime::<Utc>::UNIX_EPOCH.date_naive(),
        ends_on: None,
        review_on: None,
        department: department("curriculum"),
        kind: ResolutionKind::SchoolException,
        pilot_question: None,
        origin: None,
        pattern: None,
        corrects: None,
        readers: Readers::District,
    }
}

/// The calendar that it was routed by.
pub fn calendars() -> Calendars {
    let calendar = Calendar {
        version: 1,
        ..Calendar::default()
    };
    [calendar].into_iter().collect()
}

/// Its days are counted by the next calendar from now on.
pub fn brought_to_the_next_calendar() -> DueDatesChanged {
    DueDatesChanged {
        cause: DatesCause::Calendar,
        calendar_version: 2,
        was: Due::default(),
        due: Due::default(),
    }
}
