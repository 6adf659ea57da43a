//! Made-up parts of the register.

use contracts::area::Area;
use contracts::events::flexibility::{Readers, Rule};
use contracts::ids::{EventId, FlexibilityId, LoopId, LoopNumber};
use contracts::queries::{
    Beside, FlexibilityRow, FlexibilityView, LoopNamed, PublicEntry, PublicRegister, RationaleView, RegisterEntry,
    SchoolNamed, ScopeView, Similar, SimilarFlexibility, SimilarLoop, UseView,
};
use contracts::register_action::RegisterAction;
use contracts::text::Text;
use contracts::vocabulary::{Readership, ResolutionKind, RuleSource, Says, ScopeLevel, Standing};
use uuid::Uuid;

use super::{day, department_id, now, school_id};

pub(super) fn area() -> Area {
    Area::from_code("seat_time").unwrap_or_else(|| unreachable!("an area"))
}

pub(super) fn rule(text: &str) -> Rule {
    Rule {
        source: RuleSource::BoardPolicy,
        citation: Text::new(text).ok(),
        clause: Text::new(text).ok(),
    }
}

pub(super) fn schools(text: &str) -> Vec<SchoolNamed> {
    ["Cedar High", "Lincoln Elementary", "Roosevelt Middle", "Oak", "Elm"]
        .map(|name| SchoolNamed {
            id: school_id(name),
            name: format!("{name} {text}"),
        })
        .to_vec()
}

/// A part of the register in a list.
pub(in crate::pages) fn flexibility_row(
    says: Says,
    level: ScopeLevel,
    standing: Standing,
    text: &str,
) -> FlexibilityRow {
    FlexibilityRow {
        id: FlexibilityId(Uuid::from_u128(7)),
        version: 12,
        says,
        title: text.to_owned(),
        text: text.to_owned(),
        area: area(),
        rule: rule(text),
        scope: ScopeView {
            level,
            zone: None,
            zone_name: Some(text.to_owned()),
            schools: if level == ScopeLevel::District {
                Vec::new()
            } else {
                schools(text)
            },
        },
        standing,
        kind: (says != Says::NonNegotiable).then_some(ResolutionKind::DistrictChange),
        starts_on: Some(day("2026-11-02")),
        ends_on: Some(day("2027-06-30")),
        review_on: Some(day("2027-03-01")),
        department: department_id(),
        department_name: text.to_owned(),
        users: 2,
        yours: false,
        readers: Readers::Public,
        pilot_open: true,
    }
}

/// A part of the register, whole, with everything that can be done to it.
pub(in crate::pages) fn flexibility_view(
    says: Says,
    level: ScopeLevel,
    standing: Standing,
    text: &str,
) -> FlexibilityView {
    let kinds = [
        "flexibility_recorded",
        "flexibility_granted",
        "non_negotiable_declared",
        "scope_widened",
        "conditions_changed",
        "rationale_published",
        "readers_changed",
        "flexibility_renewed",
        "expiry_noticed",
        "flexibility_expired",
        "flexibility_revoked",
        "precedent_claimed",
        "grant_refused",
        "pilot_answered",
    ];
    let entry = |(at, kind): (usize, &&str)| RegisterEntry {
        sequence: at as u64 + 1,
        id: EventId(Uuid::from_u128(at as u128)),
        time: now(),
        kind: (*kind).to_owned(),
        actor: text.to_owned(),
        data: serde_json::json!({"why": text}),
    };
    FlexibilityView {
        row: flexibility_row(says, level, standing, text),
        rationale: Some(text.to_owned()),
        rationales: vec![RationaleView {
            readership: Readership::Families,
            text: text.to_owned(),
        }],
        conditions: Some(text.to_owned()),
        stays_required: Some(text.to_owned()),
        pilot_question: Some(text.to_owned()),
        used_by: vec![UseView {
            school: schools(text)[0].clone(),
            since: now(),
            how: Some(text.to_owned()),
        }],
        loops: vec![LoopNamed {
            id: LoopId(Uuid::from_u128(9)),
            number: LoopNumber::of(LoopId(Uuid::from_u128(9))),
        }],
        beside: vec![Beside {
            id: FlexibilityId(Uuid::from_u128(8)),
            title: text.to_owned(),
            says: Says::NonNegotiable,
            contradicts: true,
        }],
        history: kinds.iter().enumerate().map(entry).collect(),
        offers: RegisterAction::ALL
            .iter()
            .map(|action| action.slug().to_owned())
            .collect(),
        on: None,
    }
}

/// What anybody may read.
pub(in crate::pages) fn public_register(text: &str) -> PublicRegister {
    let view = flexibility_view(Says::Flexibility, ScopeLevel::Schools, Standing::InForce, text);
    PublicRegister {
        district_name: text.to_owned(),
        time_zone: "America/Chicago".to_owned(),
        items: [Says::Flexibility, Says::NonNegotiable]
            .map(|says| PublicEntry {
                id: view.row.id,
                says,
                title: view.row.title.clone(),
                text: view.row.text.clone(),
                area: view.row.area.clone(),
                area_name: text.to_owned(),
                rule: view.row.rule.clone(),
                scope: view.row.scope.clone(),
                starts_on: view.row.starts_on,
                ends_on: view.row.ends_on,
                conditions: view.conditions.clone(),
                stays_required: view.stays_required.clone(),
                rationales: view.rationales.clone(),
                department_name: text.to_owned(),
            })
            .to_vec(),
        more: true,
    }
}

/// What is like what is typed: for this school, for others, what must stay, and an open loop.
pub(in crate::pages) fn similar(text: &str) -> Similar {
    let found = |says, for_you, score| SimilarFlexibility {
        row: flexibility_row(says, ScopeLevel::Schools, Standing::InForce, text),
        for_you,
        because: vec![text.to_owned()],
        score,
    };
    Similar {
        flexibilities: vec![
            found(Says::Clarification, true, 3.0),
            found(Says::Flexibility, false, 2.0),
        ],
        non_negotiables: vec![found(Says::NonNegotiable, false, 2.5)],
        loops: vec![SimilarLoop {
            id: LoopId(Uuid::from_u128(9)),
            number: LoopNumber::of(LoopId(Uuid::from_u128(9))),
            title: text.to_owned(),
            area: area(),
            rule_source: RuleSource::NotSure,
            schools: 2,
            because: Vec::new(),
            score: 1.0,
        }],
    }
}
