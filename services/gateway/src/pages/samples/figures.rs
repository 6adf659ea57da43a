//! Figures and people.

use chrono::Duration;
#[cfg(any(test, debug_assertions))]
use contracts::ids::PersonId;
#[cfg(any(test, debug_assertions))]
use contracts::queries::DemoPerson;
use contracts::queries::{Bar, LateWith, Month, Picture, Piece, StageTime, Summary, Told, Trend};
use contracts::vocabulary::LoopState;

#[cfg(any(test, debug_assertions))]
use super::district_slug;
use super::{HOSTILE, day, department_id, now, row};

fn told(name: &str, key: Option<String>) -> Told {
    Told {
        name: name.to_owned(),
        key,
        summary: Summary {
            open: 9,
            late: 4,
            filed: 12,
            ..Summary::default()
        },
    }
}

/// Months with and without answers.
pub(in crate::pages) fn trend() -> Trend {
    let months = (0..12).filter_map(|nth| {
        let from = day("2025-12-01").checked_add_months(chrono::Months::new(nth))?;
        Some(Month {
            from,
            filed: 4 + nth % 5,
            closed_confirmed: nth % 4,
            declined: nth % 3,
            structural: nth % 3,
            exceptions: nth % 2,
            ..Month::default()
        })
    });
    Trend {
        months: months.collect(),
        as_of: now(),
    }
}

/// A leader's picture.
pub(in crate::pages) fn picture() -> Picture {
    let ago = |days: i64| now() - Duration::days(days);
    let piece = |from: i64, to: Option<i64>, state: LoopState, holder: &str| Piece {
        from: ago(from),
        to: to.map(ago),
        state,
        holder: holder.to_owned(),
        department: (holder == "department").then(department_id),
        paused: state == LoopState::WaitingForSchool,
    };
    let closed = vec![
        piece(80, Some(78), LoopState::Triage, "contact"),
        piece(78, Some(60), LoopState::Routed, "department"),
        piece(60, Some(50), LoopState::WaitingForSchool, "school"),
        piece(50, Some(20), LoopState::Reopened, "department"),
        piece(20, Some(10), LoopState::Proposed, "school"),
        piece(10, None, LoopState::Closed, "nobody"),
    ];
    let bars = LoopState::ALL.iter().map(|state| Bar {
        row: row(*state, HOSTILE),
        pieces: vec![
            piece(70, Some(40), LoopState::Routed, "department"),
            piece(40, None, *state, "leader"),
        ],
        longest_wait_h: 400,
        refused: false,
    });
    let first = Bar {
        row: row(LoopState::Closed, "Bells split our double period"),
        pieces: closed,
        longest_wait_h: 720,
        refused: true,
    };
    let stage = |state: LoopState, median_tenths: u32| StageTime {
        state,
        count: 12,
        median_tenths,
        p80_tenths: median_tenths * 2,
    };
    Picture {
        from: day("2026-08-25"),
        to: day("2026-11-23"),
        summary: Summary {
            open: 31,
            late: 6,
            filed: 44,
            closed_confirmed: 12,
            closed_unconfirmed: 2,
            refused: 3,
            declined: 4,
            withdrawn: 1,
            triage: 2,
            structural: 9,
            exceptions: 5,
        },
        stages: LoopState::ALL
            .iter()
            .enumerate()
            .map(|(index, state)| stage(*state, 8 + 7 * index as u32))
            .collect(),
        newest_only: true,
        by: vec![
            told("Technology", Some(department_id().to_string())),
            told("nobody in a department", None),
        ],
        late_with: vec![LateWith {
            name: "Technology".to_owned(),
            department: Some(department_id()),
            open: 9,
            late: 4,
        }],
        bars: std::iter::once(first).chain(bars).collect(),
        more: true,
        as_of: now(),
    }
}

/// People to sign in as.
#[cfg(any(test, debug_assertions))]
pub(in crate::pages) fn people() -> Vec<DemoPerson> {
    let person = |name: &str, role: &str| DemoPerson {
        id: PersonId::derived(&[name]),
        district: district_slug(),
        district_name: "Cedar Valley Schools".to_owned(),
        name: name.to_owned(),
        title: Some("Teacher, grade 7".to_owned()),
        role: role.to_owned(),
    };
    vec![
        person("Rosa Delgado", "School reporter"),
        person("Ann Okafor", "School reporter"),
        person("Marisol Vega", "Central-office contact"),
    ]
}
