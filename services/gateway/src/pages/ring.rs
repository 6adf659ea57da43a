//! The ring: five arcs that fill as a loop goes round. Filed, with somebody, acknowledged, answered, confirmed.

use askama::Template;
use askama::filters::HtmlSafe;
use contracts::queries::SchoolView;
use contracts::vocabulary::LoopState;

/// Half the drawing's side: the ring is drawn in a square of 40.
const MIDDLE: f64 = 20.0;
const RADIUS: f64 = 15.0;
/// Degrees left open between two arcs.
const GAP: f64 = 12.0;
/// Degrees left open between two schools' pieces of the last arc.
const SEAM: f64 = 5.0;
/// More schools than this and their pieces of the last arc are too small to tell apart.
const PIECES_MAX: usize = 6;

/// A loop's ring, as SVG.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(path = "parts/ring.html")]
pub(super) struct Ring {
    /// What it says, in words.
    words: String,
    /// Who holds the loop: the colour.
    holder: &'static str,
    /// `ring--large` at the top of a loop's page.
    size: &'static str,
    arcs: Vec<Arc>,
    square: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Arc {
    path: String,
    filled: bool,
}

impl HtmlSafe for Ring {}

impl Ring {
    /// The ring of a loop in a list.
    pub(super) fn new(state: LoopState, unconfirmed: bool, schools: &[SchoolView], holder: &'static str) -> Self {
        let filled = filled_arcs(state, unconfirmed);
        let mut arcs: Vec<Arc> = (0..4)
            .map(|step| Arc {
                path: arc(f64::from(step) * 72.0, 72.0, GAP),
                filled: step < filled,
            })
            .collect();
        let pieces = schools
            .iter()
            .filter(|school| school.state != LoopState::Withdrawn)
            .collect::<Vec<_>>();
        if (2..=PIECES_MAX).contains(&pieces.len()) && !matches!(state, LoopState::Declined | LoopState::Withdrawn) {
            let first = 288.0 + GAP / 2.0;
            let share = (72.0 - GAP + SEAM) / pieces.len() as f64;
            for (index, school) in pieces.iter().enumerate() {
                let from = first - SEAM / 2.0 + index as f64 * share;
                let closed = school.state == LoopState::Closed && !school.unconfirmed;
                arcs.push(Arc {
                    path: arc(from, share, SEAM),
                    filled: closed,
                });
            }
        } else {
            arcs.push(Arc {
                path: arc(288.0, 72.0, GAP),
                filled: filled == 5,
            });
        }
        let words = format!("{}: {}", state.label(), steps(filled));
        Self {
            words,
            holder,
            size: "",
            arcs,
            square: state == LoopState::Declined,
        }
    }

    /// The same at the top of a loop's page.
    pub(super) fn large(self) -> Self {
        Self {
            size: "ring--large",
            ..self
        }
    }

    /// The product's mark: a whole ring.
    pub(super) fn mark() -> Self {
        Self {
            words: "Loopline".to_owned(),
            ..Self::new(LoopState::Closed, false, &[], "mark")
        }
    }
}

fn filled_arcs(state: LoopState, unconfirmed: bool) -> u8 {
    match state {
        LoopState::Filed | LoopState::Triage | LoopState::Withdrawn => 1,
        LoopState::Routed => 2,
        LoopState::Acknowledged
        | LoopState::WaitingForSchool
        | LoopState::WaitingForState
        | LoopState::Reopened
        | LoopState::Declined => 3,
        LoopState::Proposed => 4,
        LoopState::Closed => 5 - u8::from(unconfirmed),
    }
}

fn steps(filled: u8) -> &'static str {
    match filled {
        0 | 1 => "filed, one step of five",
        2 => "somebody has it, two steps of five",
        3 => "a first word was said, three steps of five",
        4 => "answered, four steps of five",
        _ => "confirmed, all five steps",
    }
}

/// A piece of the circle, clockwise from the top, shortened by half a gap at each end.
fn arc(from: f64, degrees: f64, gap: f64) -> String {
    let (x1, y1) = point(from + gap / 2.0);
    let (x2, y2) = point(from + degrees - gap / 2.0);
    format!("M{x1:.2} {y1:.2}A{RADIUS} {RADIUS} 0 0 1 {x2:.2} {y2:.2}")
}

fn point(degrees: f64) -> (f64, f64) {
    let (sin, cos) = degrees.to_radians().sin_cos();
    (MIDDLE + RADIUS * sin, MIDDLE - RADIUS * cos)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::samples;

    fn filled(ring: &Ring) -> Vec<bool> {
        ring.arcs.iter().map(|arc| arc.filled).collect()
    }

    #[test]
    fn only_a_loop_that_the_school_confirmed_is_whole() {
        for state in LoopState::ALL {
            let ring = Ring::new(*state, false, &[], "department");
            assert_eq!(
                filled(&ring).iter().all(|arc| *arc),
                *state == LoopState::Closed,
                "{state}"
            );
        }
        assert!(
            !filled(&Ring::new(LoopState::Closed, true, &[], "ended"))
                .iter()
                .all(|arc| *arc)
        );
    }

    #[test]
    fn several_schools_share_the_last_arc() {
        let schools = [
            samples::school_in("Lincoln Elementary", LoopState::Closed),
            samples::school_in("Roosevelt Middle", LoopState::Proposed),
        ];
        let ring = Ring::new(LoopState::Proposed, false, &schools, "school");
        assert_eq!(filled(&ring), [true, true, true, true, true, false]);
    }
}
