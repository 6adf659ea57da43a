//! Made-up content for the design page and for tests: never data of a district.

mod figures;
#[cfg(any(test, debug_assertions))]
mod office;
#[cfg(any(test, debug_assertions))]
mod register;
#[cfg(any(test, debug_assertions))]
mod settings;

use std::collections::BTreeSet;

use chrono::{DateTime, Duration, NaiveDate, Utc};
use contracts::area::{AREAS, Area};
use contracts::claims::Claims;
use contracts::commands::door::KeptView;
#[cfg(any(test, debug_assertions))]
use contracts::commands::door::{AccessView, OfferedProvider, SecondStepView, SessionView, StandInView, TokenView};
#[cfg(any(test, debug_assertions))]
use contracts::commands::roster::{ChangeKind, ChangeLine, ImportStage, RosterView};
use contracts::events::directory::{PatternThresholds, ReadyAnswer};
use contracts::events::routing::Due;
use contracts::ids::{DepartmentId, EventId, LoopId, LoopNumber, PersonId, SchoolId, ZoneId};
#[cfg(any(test, debug_assertions))]
use contracts::queries::{CheckView, Checkpoint, KeptOutside, LedgerAlarm, LedgerView};
use contracts::queries::{
    ClockView, DistrictView, Entry, EntryText, Holder, LoopRow, LoopView, NamedDepartment, NamedPerson, NamedSchool,
    NamedZone, OfferedArea, OpenQuestion, Page, ResolutionView, SchoolView,
};
use contracts::queries::{HoldView, WordsGone, WordsText, WordsView};
#[cfg(any(test, debug_assertions))]
use contracts::queries::{PersonView, RoleHeld};
#[cfg(any(test, debug_assertions))]
use contracts::roster::{Extent, Ignored, Problems, RosterCounts, RosterHead, RowProblem};
#[cfg(any(test, debug_assertions))]
use contracts::vocabulary::Damaged;
use contracts::vocabulary::{
    AnswerFor, Clock, Kind, Level, LoopState, Pillar, ResolutionKind, Role, RuleSource, Urgency, Visibility,
};
use contracts::vocabulary::{ErasureGround, KeepsWords};
use contracts::{Action, District};
use uuid::Uuid;

#[cfg(any(test, debug_assertions))]
pub(super) use self::figures::people;
pub(super) use self::figures::{picture, trend};
#[cfg(any(test, debug_assertions))]
pub(super) use self::office::{clauses, pattern_row, pattern_view, review, waiver};
#[cfg(any(test, debug_assertions))]
pub(super) use self::register::{flexibility_row, flexibility_view, public_register, similar};
#[cfg(any(test, debug_assertions))]
pub(super) use self::settings::{changed, dry_ran, keeper};
use super::days::Days;
use super::forms::Typed;
use super::viewer::Viewer;
use super::views::Views;
use crate::front::Visitor;

/// How a ledger stands.
#[cfg(any(test, debug_assertions))]
pub(super) fn ledger(text: &str) -> LedgerView {
    let checkpoint = Checkpoint {
        note: format!("{text}\n12\nroot\n\n\u{2014} {text} signature\n"),
        size: 12,
        at: now(),
    };
    let alarm = |damage: Damaged| LedgerAlarm {
        damage,
        from: 3,
        to: 5,
        at: now(),
    };
    LedgerView {
        origin: text.to_owned(),
        verifier_keys: vec![text.to_owned()],
        checkpoints: vec![checkpoint.clone(), checkpoint],
        entries: 12,
        kept: vec![KeptOutside {
            by: text.to_owned(),
            size: 12,
            at: now(),
        }],
        damaged: Some(text.to_owned()),
        alarms: Damaged::ALL.iter().copied().map(alarm).collect(),
    }
}

/// A check of a whole ledger.
#[cfg(any(test, debug_assertions))]
pub(super) fn check(sound: Option<bool>, words: &str) -> CheckView {
    CheckView {
        began: now(),
        checked: 6,
        of: 12,
        ended: sound.map(|_| now()),
        sound,
        words: words.to_owned(),
    }
}

/// What every text is, where a test looks whether it comes out as text.
pub(super) const HOSTILE: &str = "<script>alert(\"x\")</script> & 'bells'";

/// Where somebody can sign on.
#[cfg(any(test, debug_assertions))]
pub(super) fn providers(text: &str) -> Vec<OfferedProvider> {
    ["google", "other"]
        .map(|id| OfferedProvider {
            district: id.parse().unwrap_or_else(|_| unreachable!("a slug")),
            district_name: text.to_owned(),
            id: id.to_owned(),
            name: text.to_owned(),
        })
        .into()
}

/// The second step of signing in.
#[cfg(any(test, debug_assertions))]
pub(super) fn second_step(text: &str, setting: bool) -> SecondStepView {
    SecondStepView {
        name: text.to_owned(),
        secret: setting.then(|| text.to_owned()),
        address: setting.then(|| format!("otpauth://totp/{text}")),
    }
}

/// What of somebody's lets somebody in.
#[cfg(any(test, debug_assertions))]
pub(super) fn access(text: &str) -> AccessView {
    let session = |this| SessionView {
        id: Uuid::nil(),
        on: text.to_owned(),
        since: now(),
        last: now(),
        this,
    };
    AccessView {
        sessions: vec![session(true), session(false)],
        tokens: vec![TokenView {
            id: Uuid::nil(),
            name: text.to_owned(),
            scope: contracts::vocabulary::TokenScope::Read,
            since: now(),
            last: Some(now()),
            until: now(),
        }],
        password: true,
        second_step: false,
        stands_in: vec![(PersonId::derived(&["somebody"]), text.to_owned())],
        stood_in_by: vec![StandInView {
            person: PersonId::derived(&["somebody"]),
            name: text.to_owned(),
            from: now().date_naive(),
            until: now().date_naive(),
        }],
    }
}

/// Somebody whom an administrator looks at.
#[cfg(any(test, debug_assertions))]
pub(super) fn person(text: &str) -> PersonView {
    let held = |role: Role, place: Option<Uuid>, by_roster: bool| RoleHeld { role, place, by_roster };
    PersonView {
        id: PersonId::derived(&["somebody"]),
        name: text.to_owned(),
        title: Some(text.to_owned()),
        email: Some(text.to_owned()),
        rostered: true,
        disabled: None,
        has_password: true,
        second_step: true,
        roles: vec![
            held(Role::Reporter, Some(school_id("alder").0), true),
            held(Role::DepartmentStaff, Some(department_id().0), false),
            held(Role::Auditor, None, false),
        ],
    }
}

/// Every stage of taking a roster in.
#[cfg(any(test, debug_assertions))]
pub(super) fn import_stages(text: &str) -> Vec<ImportStage> {
    vec![
        ImportStage::Draft,
        ImportStage::Applying { done: 3, of: 12 },
        ImportStage::Stopped { why: text.to_owned() },
        ImportStage::Ended,
    ]
}

/// A roster that is taken in.
#[cfg(any(test, debug_assertions))]
pub(super) fn import(stage: ImportStage, text: &str) -> RosterView {
    let problem = RowProblem {
        file: text.to_owned(),
        row: 7,
        column: text.to_owned(),
        message: text.to_owned(),
    };
    let line = |change: ChangeKind| ChangeLine {
        change,
        name: text.to_owned(),
        what: text.to_owned(),
    };
    RosterView {
        import: Uuid::from_u128(5),
        stage,
        head: RosterHead {
            version: text.to_owned(),
            orgs: Extent::Bulk,
            users: Extent::Bulk,
            roles: Extent::Absent,
            digest: text.to_owned(),
            ignored: Ignored::default(),
            from: Some(text.to_owned()),
            spared: Vec::new(),
            somebody_unread: false,
        },
        counts: RosterCounts {
            schools: 2,
            people: 12,
            changed: 12,
            disabled: 3,
            problems: 14,
            ..RosterCounts::default()
        },
        disables_many: true,
        notices: vec![text.to_owned()],
        problems: Problems {
            problems: vec![problem; 14],
            more_problems: 0,
        },
        changes: [ChangeKind::Added, ChangeKind::Changed, ChangeKind::Disabled]
            .map(line)
            .to_vec(),
    }
}

fn district_slug() -> District {
    "cedar-valley".parse().unwrap_or_else(|_| unreachable!("a slug"))
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap_or_default()
}

/// The moment at which all samples are looked at.
pub(super) fn now() -> DateTime<Utc> {
    day("2026-11-23").and_hms_opt(16, 0, 0).unwrap_or_default().and_utc()
}

fn department_id() -> DepartmentId {
    DepartmentId::derived(&["Technology"])
}

fn school_id(name: &str) -> SchoolId {
    SchoolId::derived(&[name])
}

/// A zone, with everything that can be said of one.
pub(super) fn zone() -> NamedZone {
    NamedZone {
        id: ZoneId(Uuid::from_u128(3)),
        version: 4,
        name: HOSTILE.to_owned(),
        purpose: HOSTILE.to_owned(),
        schools: vec![school_id("Lincoln Elementary")],
        starts: day("2026-08-24"),
        plan: Some(HOSTILE.to_owned()),
        look_on: Some(day("2026-11-02")),
    }
}

/// The areas that ship with the product.
fn areas() -> Vec<OfferedArea> {
    AREAS
        .iter()
        .filter_map(|(code, label)| {
            Some(OfferedArea {
                code: Area::from_code(code)?,
                label: (*label).to_owned(),
                ours: true,
                retired: false,
            })
        })
        .collect()
}

/// The district.
pub(super) fn district() -> DistrictView {
    let named = |name: &str| NamedDepartment {
        id: DepartmentId::derived(&[name]),
        name: name.to_owned(),
        decides: None,
        retired: false,
    };
    let school = |name: &str| NamedSchool {
        id: school_id(name),
        name: name.to_owned(),
        level: Level::Middle,
        nces: None,
        retired: false,
    };
    let district = district_slug();
    DistrictView {
        name: "Cedar Valley Schools".to_owned(),
        time_zone: "America/Chicago".to_owned(),
        closed: Vec::new(),
        calendar_version: 1,
        office: SchoolId::of_district(&district),
        schools: ["Lincoln Elementary", "Roosevelt Middle", "Cedar High"]
            .map(school)
            .to_vec(),
        departments: ["Technology", "Curriculum and Instruction", "Human Resources"]
            .map(named)
            .to_vec(),
        teams: Vec::new(),
        zones: vec![zone()],
        thresholds: PatternThresholds::default(),
        service_levels: Vec::new(),
        rules: Vec::new(),
        rules_version: 1,
        people: vec![NamedPerson {
            id: PersonId::derived(&["Dana"]),
            name: "Dana Whitfield".to_owned(),
            title: Some("Network lead".to_owned()),
            schools: vec![school_id("Lincoln Elementary")],
            departments: vec![department_id()],
        }],
        contact: Some(("Marisol Vega".to_owned(), "Keeps loops moving".to_owned())),
        areas: areas(),
        sign_on: Vec::new(),
        version: 7,
        district,
    }
}

/// Somebody who is everything, so that every page draws all it can.
pub(super) fn viewer() -> Viewer {
    viewer_as(Role::ALL)
}

/// Somebody with these roles.
pub(super) fn viewer_as(roles: &[Role]) -> Viewer {
    let claims = Claims {
        district: district_slug(),
        person: PersonId::derived(&["Rosa"]),
        name: "Rosa Delgado".to_owned(),
        roles: roles.iter().copied().collect(),
        schools: [school_id("Lincoln Elementary"), school_id("Roosevelt Middle")].into(),
        departments: [department_id(), DepartmentId::derived(&["Human Resources"])].into(),
        leads: BTreeSet::new(),
        teams: BTreeSet::new(),
        token: None,
        acting_for: None,
        as_of: 1,
    };
    let visitor = Visitor {
        claims,
        memory_key: "key".to_owned(),
        csrf: "token".to_owned(),
    };
    let district = district();
    let days = Days::new(&district.time_zone, now());
    Viewer {
        visitor,
        district: district.into(),
        days,
        as_of: None,
    }
}

/// A school's part.
pub(super) fn school_in(name: &str, state: LoopState) -> SchoolView {
    SchoolView {
        id: school_id(name),
        name: name.to_owned(),
        state,
        unconfirmed: false,
        speaker: None,
        speaker_name: Some("Rosa Delgado".to_owned()),
        confirmed: None,
        follow_up_asked: false,
    }
}

/// A row in a state, with a title.
pub(super) fn row(state: LoopState, title: &str) -> LoopRow {
    let id = LoopId(Uuid::new_v5(
        &contracts::ids::NAMESPACE,
        format!("{state}{title}").as_bytes(),
    ));
    let (holder, words) = match state {
        LoopState::Filed => ("router", "nobody yet"),
        LoopState::Triage | LoopState::Reopened => ("contact", "the central-office contact"),
        LoopState::Routed | LoopState::Acknowledged => ("department", "Technology"),
        LoopState::WaitingForSchool | LoopState::Proposed => ("school", "Lincoln Elementary"),
        LoopState::WaitingForState => ("state", "the state"),
        LoopState::Closed | LoopState::Declined | LoopState::Withdrawn => ("nobody", "nobody"),
    };
    let late = state == LoopState::Routed;
    let due = if late { day("2026-11-20") } else { day("2026-11-24") };
    LoopRow {
        id,
        number: LoopNumber::of(id),
        title: title.to_owned(),
        state,
        unconfirmed: false,
        schools: vec![school_in("Lincoln Elementary", state)],
        schools_count: 1,
        department: Some(department_id()),
        department_name: Some("Technology".to_owned()),
        holder_words: words.to_owned(),
        holder: holder.to_owned(),
        due: Due {
            acknowledge: Some(due),
            next_word: None,
            resolve: Some(day("2026-12-14")),
        },
        next_due: Some(due),
        next_clock: Some(Clock::Acknowledge),
        paused: matches!(state, LoopState::WaitingForSchool | LoopState::WaitingForState),
        late,
        area: "scheduling".to_owned(),
        urgency: Urgency::BlockingSoon,
        kind: Kind::Practice,
        assignee: Some(contracts::PersonId::derived(&["dana"])),
        assignee_name: Some("Dana Whitfield".to_owned()),
        filed_at: now() - Duration::days(20),
        changed_at: now() - Duration::days(2),
        version: 812,
        card: false,
    }
}

/// A page with a row in every state.
pub(super) fn rows(title: &str) -> Page<LoopRow> {
    Page {
        items: LoopState::ALL.iter().map(|state| row(*state, title)).collect(),
        next: Some("cursor".to_owned()),
    }
}

/// A whole loop in a state, with every action, every text being `text`.
pub(super) fn loop_view(state: LoopState, text: &str) -> LoopView {
    let row = row(state, text);
    let clock = |clock, due: Option<NaiveDate>, late| ClockView {
        clock,
        days: 10,
        counted: 3,
        due,
        paused_because: due.is_none().then(|| "waiting for the school's answer".to_owned()),
        paused_since: due.is_none().then(now),
        late,
    };
    let due = row.next_due.filter(|_| !row.paused);
    LoopView {
        id: row.id,
        number: row.number,
        district: district_slug(),
        version: row.version,
        title: row.title,
        state,
        unconfirmed: false,
        schools: vec![
            school_in("Lincoln Elementary", state),
            school_in("Roosevelt Middle", state),
        ],
        schools_count: 2,
        department: row.department,
        department_name: row.department_name,
        collaborators: vec![DepartmentId::derived(&["Human Resources"])],
        holder: match state {
            LoopState::Filed => Holder::Router,
            LoopState::Triage | LoopState::Reopened => Holder::Contact,
            LoopState::Routed | LoopState::Acknowledged => Holder::Department {
                department: department_id(),
            },
            LoopState::WaitingForSchool | LoopState::Proposed => Holder::School { schools: Vec::new() },
            LoopState::WaitingForState => Holder::State,
            LoopState::Closed | LoopState::Declined | LoopState::Withdrawn => Holder::Nobody,
        },
        holder_words: row.holder_words,
        due: row.due,
        paused: row.paused,
        clocks: vec![
            clock(Clock::Acknowledge, due, row.late),
            clock(Clock::Resolve, due, false),
        ],
        late: row.late,
        resolution: matches!(state, LoopState::Proposed | LoopState::Closed | LoopState::Reopened).then(|| {
            ResolutionView {
                kind: ResolutionKind::DistrictChange,
                revision: 2,
                summary: text.to_owned(),
                rationale: Some(text.to_owned()),
                proposed_at: now(),
                waiting_for_state: false,
                being_granted: false,
                failed: false,
                flexibility: Some(contracts::FlexibilityId(Uuid::from_u128(3))),
                pattern: Some(contracts::PatternId(Uuid::from_u128(4))),
            }
        }),
        decline: (state == LoopState::Declined).then(|| contracts::queries::DeclineView {
            ground: contracts::vocabulary::DeclineGround::NotNow,
            reason: text.to_owned(),
            review_on: Some(day("2027-02-01")),
            may_appeal: true,
        }),
        questions: vec![OpenQuestion {
            id: EventId(Uuid::from_u128(7)),
            school: school_id("Lincoln Elementary"),
            question: text.to_owned(),
            asked_at: now(),
        }],
        matter: None,
        escalation: None,
        episode: 1,
        kind: Kind::Practice,
        area: row.area,
        rule: contracts::queries::LoopRule {
            source: RuleSource::BoardPolicy,
            citation: Some(text.to_owned()),
            clause: Some(text.to_owned()),
            corrected: true,
        },
        rule_source: RuleSource::DistrictPractice,
        pillars: vec![Pillar::CompetencyProgression],
        urgency: row.urgency,
        needed_by: Some(day("2027-01-04")),
        visibility: Visibility::Joinable,
        linked_to: None,
        trying: Some(text.to_owned()),
        barrier: Some(text.to_owned()),
        tried: Some(text.to_owned()),
        would_help: None,
        students: Some(60),
        teachers: Some(3),
        grades: vec!["7".to_owned()],
        assignee: None,
        assignee_name: row.assignee_name,
        filed_by: Some("Rosa Delgado".to_owned()),
        filed_at: row.filed_at,
        changed_at: row.changed_at,
        ended_at: state.is_end().then(now),
        holds: Vec::new(),
        actions: Action::ALL.iter().map(|action| action.slug().to_owned()).collect(),
        card: false,
    }
}

/// What happened, every text being `text`.
pub(super) fn entries(text: &str) -> Page<Entry> {
    let events = [
        ("tension_filed", false),
        ("tension_routed", false),
        ("case_acknowledged", false),
        ("note_added", true),
        ("resolution_proposed", false),
        ("outcome_refused", false),
        ("case_declined", false),
        ("due_soon_noticed", false),
        ("statement_attached", false),
        ("record_disclosed", false),
    ];
    let entry = |(index, (kind, internal)): (usize, (&str, bool))| Entry {
        sequence: 800 + index as u64,
        id: EventId(Uuid::from_u128(index as u128)),
        time: now() - Duration::days(10 - index as i64),
        kind: kind.to_owned(),
        actor: "Rosa Delgado".to_owned(),
        actor_id: "person/1".to_owned(),
        acting_for: None,
        summary: format!("{} happened", kind.replace('_', " ")),
        words: (kind != "tension_routed" && kind != "due_soon_noticed").then(|| text.to_owned()),
        internal,
        texts: vec![EntryText {
            text: format!("{}/why", index + 1),
            field: "why".to_owned(),
            words: text.to_owned(),
            erased: false,
            stays: false,
            shared: true,
        }],
        data: serde_json::Value::Null,
    };
    Page {
        items: events.into_iter().enumerate().map(entry).collect(),
        next: None,
    }
}

/// Words that a department keeps ready, one for each step.
pub(super) fn answers(text: &str) -> Vec<ReadyAnswer> {
    let steps = AnswerFor::ALL.iter().enumerate();
    let answer = |(nth, step): (usize, &AnswerFor)| ReadyAnswer {
        id: Uuid::from_u128(nth as u128 + 1),
        title: text.to_owned(),
        step: *step,
        text: format!("{text} {{school}}"),
    };
    steps.map(answer).collect()
}

/// Lists that somebody keeps, looking at another.
pub(super) fn views(text: &str) -> Views {
    let kept = KeptView {
        id: Uuid::from_u128(7),
        name: text.to_owned(),
        address: "/loops?late=true".to_owned(),
    };
    Views::new(
        "token",
        vec![kept],
        "/loops",
        &Typed::from(vec![("q".to_owned(), text.to_owned())]),
    )
}

/// Words of a part of the register, and what may be done to them.
pub(super) fn words(text: &str, offers: &[&str]) -> WordsView {
    let of = |nth: u128, erased| WordsText {
        text: format!("{nth}/title"),
        kind: "flexibility_recorded".to_owned(),
        time: now(),
        words: text.to_owned(),
        erased,
        taken_over: false,
    };
    let hold = |nth| HoldView {
        id: EventId(Uuid::from_u128(nth)),
        since: now(),
    };
    let is_held = offers.contains(&"release");
    WordsView {
        of: KeepsWords::Flexibility,
        id: Uuid::from_u128(5),
        texts: vec![of(1, false), of(2, true)],
        holds: if is_held { vec![hold(1), hold(2)] } else { Vec::new() },
        erased: vec![WordsGone {
            at: now(),
            by: text.to_owned(),
            ground: ErasureGround::CourtOrder,
            texts: 1,
        }],
        offers: offers.iter().map(|offer| (*offer).to_owned()).collect(),
    }
}

/// Words that stand where a policy took them over to: nothing of them is erased there.
pub(super) fn words_taken_over(text: &str) -> WordsView {
    let mut view = words(text, &[]);
    for text in &mut view.texts {
        (text.erased, text.taken_over) = (false, true);
    }
    view
}
