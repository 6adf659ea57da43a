//! Made-up patterns, requests to the state and reviews.

use contracts::OfficeAction;
use contracts::events::pattern::Basis;
use contracts::ids::{FlexibilityId, LoopId, LoopNumber, PatternId, ReviewId, TeamId, WaiverId};
use contracts::queries::{
    ClauseMap, ClauseRow, ClauseView, DecisionView, ExceptionNamed, LoopNamed, PartView, PatternRow, PatternView,
    RegimeView, ReviewView, RevisionView, SchoolCount, ShareOf, WaiverView,
};
use contracts::subjects::Thing;
use contracts::vocabulary::{Finding, PatternGround, PatternStanding, Pillar, WaiverStanding};
use uuid::Uuid;

use super::register::{area, rule, schools};
use super::{day, department_id, now};

fn named() -> LoopNamed {
    let id = LoopId(Uuid::from_u128(9));
    LoopNamed {
        id,
        number: LoopNumber::of(id),
    }
}

fn offers(thing: Thing) -> Vec<String> {
    OfficeAction::ALL
        .iter()
        .filter(|action| action.thing() == thing && **action != OfficeAction::OpenReview)
        .map(|action| action.slug().to_owned())
        .collect()
}

/// A pattern in a list.
pub(in crate::pages) fn pattern_row(standing: PatternStanding, text: &str) -> PatternRow {
    PatternRow {
        id: PatternId(Uuid::from_u128(5)),
        version: 12,
        basis: Basis::Clause { rule: rule(text) },
        title: text.to_owned(),
        area: area(),
        standing,
        ground: PatternGround::Schools,
        schools: 7,
        loops: 8,
        open: 3,
        exceptions: 5,
        structural_share: Some(40),
        detected_at: now(),
        before_team: Some(contracts::TeamId::derived(&["x"])),
    }
}

/// A pattern, whole, with everything that can be done about it.
pub(in crate::pages) fn pattern_view(standing: PatternStanding, text: &str) -> PatternView {
    let decided = matches!(standing, PatternStanding::Adopted | PatternStanding::Kept).then(|| DecisionView {
        adopted: standing == PatternStanding::Adopted,
        decision: text.to_owned(),
        at: now(),
        flexibility: Some(FlexibilityId(Uuid::from_u128(7))),
        answers: vec![named()],
        answered: 2,
    });
    PatternView {
        row: pattern_row(standing, text),
        threshold: 3,
        days: 365,
        by_school: schools(text)
            .into_iter()
            .map(|school| SchoolCount { school, loops: 2 })
            .collect(),
        evidence: vec![named()],
        bent_by: vec![ExceptionNamed {
            id: FlexibilityId(Uuid::from_u128(8)),
            title: text.to_owned(),
        }],
        trend: vec![ShareOf {
            from: day("2026-10-01"),
            structural: 2,
            exceptions: 3,
            others: 1,
        }],
        revision: (standing != PatternStanding::Detected).then(|| RevisionView {
            revision: 1,
            title: text.to_owned(),
            text: text.to_owned(),
            rationale: Some(text.to_owned()),
            rule: rule(text),
            conditions: Some(text.to_owned()),
            stays_required: Some(text.to_owned()),
            department: department_id(),
            department_name: text.to_owned(),
            team: TeamId(Uuid::from_u128(6)),
            team_name: text.to_owned(),
            proposed_at: now(),
            decided,
        }),
        offers: offers(Thing::Pattern),
    }
}

/// Which rules are met where.
pub(in crate::pages) fn clauses(text: &str) -> ClauseMap {
    ClauseMap {
        schools: schools(text),
        clauses: vec![ClauseRow {
            title: text.to_owned(),
            pattern: Some(PatternId(Uuid::from_u128(5))),
            loops: 6,
            counts: vec![0, 1, 2, 3, 4],
        }],
    }
}

/// A request to the state.
pub(in crate::pages) fn waiver(standing: WaiverStanding, text: &str) -> WaiverView {
    let part = |name: &str, written: Option<&str>, suggested| PartView {
        name: name.to_owned(),
        label: text.to_owned(),
        hint: text.to_owned(),
        needed: true,
        citation: text.to_owned(),
        text: written.map(str::to_owned),
        suggested,
    };
    WaiverView {
        id: WaiverId(Uuid::from_u128(3)),
        version: 12,
        origin: named(),
        standing,
        regime: RegimeView {
            code: "tx".to_owned(),
            version: 1,
            state: "TX".to_owned(),
            name: text.to_owned(),
            citation: text.to_owned(),
            decided_by: text.to_owned(),
            decides_within: Some(text.to_owned()),
            silence: text.to_owned(),
            longest: text.to_owned(),
            retired_on: None,
        },
        schools: schools(text),
        department: department_id(),
        department_name: text.to_owned(),
        parts: vec![
            part("plan", Some(text), true),
            part("law", Some(text), false),
            part("comments", None, false),
        ],
        missing: vec![text.to_owned()],
        submitted_on: Some(day("2026-11-02")),
        decide_by: Some(day("2026-12-02")),
        answered_on: Some(day("2026-11-20")),
        until: Some(day("2029-11-19")),
        reference: Some(text.to_owned()),
        text: Some(text.to_owned()),
        flexibility: Some(FlexibilityId(Uuid::from_u128(7))),
        offers: offers(Thing::Waiver),
    }
}

/// A review.
pub(in crate::pages) fn review(text: &str) -> ReviewView {
    ReviewView {
        id: ReviewId(Uuid::from_u128(4)),
        version: 12,
        title: text.to_owned(),
        citation: Some(text.to_owned()),
        purpose: Some(text.to_owned()),
        department: department_id(),
        department_name: text.to_owned(),
        opened_at: now(),
        due_on: Some(day("2027-01-15")),
        clauses: Finding::ALL
            .iter()
            .map(|finding| ClauseView {
                clause: text.to_owned(),
                finding: *finding,
                pillar: Some(Pillar::CompetencyProgression),
                note: text.to_owned(),
                loops: 2,
            })
            .collect(),
        summary: Some(text.to_owned()),
        concluded_at: None,
        offers: offers(Thing::Review),
    }
}
