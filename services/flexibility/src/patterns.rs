//! When a rule or an area that several schools meet is a pattern: by the district's thresholds, purely.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Duration, Utc};
use contracts::area::Area;
use contracts::events::directory::PatternThresholds;
use contracts::events::flexibility::Rule;
use contracts::events::pattern::{Basis, PatternDetected};
use contracts::ids::{FlexibilityId, LoopId, SchoolId};
use contracts::vocabulary::{PatternGround, ResolutionKind};

/// The most loops that are named as evidence.
const LOOPS_MAX: usize = 200;

/// A school that met something.
#[derive(Debug, Clone)]
pub struct Meeting {
    /// The loop.
    pub id: LoopId,
    /// The school.
    pub school: SchoolId,
    /// The area.
    pub area: Area,
    /// The rule as it was cited.
    pub rule: Option<Rule>,
    /// The stream sequence of its filing.
    pub filed_seq: u64,
    /// When it was filed.
    pub filed_at: DateTime<Utc>,
    /// The kind of answer it was closed with.
    pub kind: Option<ResolutionKind>,
}

/// An exception in force.
#[derive(Debug, Clone)]
pub struct Bending {
    /// Which.
    pub id: FlexibilityId,
    /// The stream sequence of its beginning.
    pub begun: u64,
    /// The area.
    pub area: Area,
    /// The rule it bends.
    pub rule: Rule,
}

/// What is known of a rule or an area.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// The schools that met it, the newest first.
    pub met: Vec<Meeting>,
    /// The exceptions in force that bend it.
    pub exceptions: Vec<Bending>,
    /// The stream sequence of the last change of the rule; what was before it no longer counts.
    pub changed_at: Option<u64>,
}

/// Whether an answer settled it for every school, so that nothing is left to change.
fn settles(kind: ResolutionKind) -> bool {
    match kind {
        ResolutionKind::AlreadyAllowed | ResolutionKind::DistrictChange => true,
        ResolutionKind::SchoolException
        | ResolutionKind::ZoneFlexibility
        | ResolutionKind::StateWaiver
        | ResolutionKind::Support
        | ResolutionKind::Pilot => false,
    }
}

/// Judges a cited rule, or an area where `rule` is not the basis. None where no threshold is reached.
pub fn judge(
    evidence: &Evidence,
    is_rule: bool,
    thresholds: &PatternThresholds,
    now: DateTime<Utc>,
) -> Option<PatternDetected> {
    let from = now - Duration::days(i64::from(thresholds.days));
    let since = evidence.changed_at.unwrap_or(0);
    let met: Vec<&Meeting> = evidence
        .met
        .iter()
        .filter(|one| one.filed_at >= from && one.filed_seq > since && !one.kind.is_some_and(settles))
        .collect();
    let bending: Vec<&Bending> = evidence.exceptions.iter().filter(|one| one.begun > since).collect();
    let exceptions: BTreeSet<FlexibilityId> = bending.iter().map(|one| one.id).collect();
    let schools: BTreeSet<SchoolId> = met.iter().map(|one| one.school).collect();
    let wanted = if is_rule {
        thresholds.clause_schools
    } else {
        thresholds.area_schools
    };
    let (ground, threshold) = if schools.len() >= wanted as usize {
        (PatternGround::Schools, wanted)
    } else if is_rule && exceptions.len() >= thresholds.exceptions as usize {
        (PatternGround::Exceptions, thresholds.exceptions)
    } else {
        return None;
    };
    // Exceptions may have been written down without a loop.
    let area =
        most(met.iter().map(|one| one.area.clone())).or_else(|| most(bending.iter().map(|one| one.area.clone())))?;
    let basis = if is_rule {
        // As it was cited first.
        let cited = evidence.met.iter().rev().find_map(|one| one.rule.clone());
        let rule = cited.or_else(|| bending.first().map(|one| one.rule.clone()))?;
        Basis::Clause { rule }
    } else {
        Basis::Area { area: area.clone() }
    };
    Some(PatternDetected {
        basis,
        area,
        ground,
        threshold,
        days: thresholds.days,
        loops: met
            .iter()
            .map(|one| one.id)
            .collect::<BTreeSet<_>>()
            .into_iter()
            .take(LOOPS_MAX)
            .collect(),
        exceptions,
        schools,
    })
}

fn most(areas: impl Iterator<Item = Area>) -> Option<Area> {
    let mut counts: BTreeMap<Area, usize> = BTreeMap::new();
    for area in areas {
        *counts.entry(area).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(area, _)| area)
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::vocabulary::RuleSource;
    use domain::samples::{filed, school};

    fn now() -> DateTime<Utc> {
        DateTime::<Utc>::UNIX_EPOCH + Duration::days(1000)
    }

    fn met(name: &str, days_ago: i64, sequence: u64, kind: Option<ResolutionKind>) -> Meeting {
        Meeting {
            id: LoopId::derived(&[name, &sequence.to_string()]),
            school: school(name),
            area: filed(name).area,
            rule: Some(Rule {
                source: RuleSource::BoardPolicy,
                citation: contracts::Text::new("Policy 3420").ok(),
                clause: None,
            }),
            filed_seq: sequence,
            filed_at: now() - Duration::days(days_ago),
            kind,
        }
    }

    fn three() -> Evidence {
        Evidence {
            met: vec![
                met("alder", 1, 9, None),
                met("birch", 40, 8, None),
                met("cedar", 300, 7, None),
            ],
            ..Evidence::default()
        }
    }

    #[test]
    fn three_schools_and_one_rule_are_a_pattern_and_one_school_three_times_is_not() {
        let thresholds = PatternThresholds::default();
        let found = judge(&three(), true, &thresholds, now()).expect("a pattern");
        assert_eq!(
            (found.ground, found.threshold, found.schools.len()),
            (PatternGround::Schools, 3, 3)
        );
        assert!(matches!(found.basis, Basis::Clause { .. }));
        assert_eq!(judge(&three(), false, &thresholds, now()), None, "five for an area");
        let one = Evidence {
            met: vec![
                met("alder", 1, 9, None),
                met("alder", 2, 8, None),
                met("alder", 3, 7, None),
            ],
            ..Evidence::default()
        };
        assert_eq!(judge(&one, true, &thresholds, now()), None);
    }

    #[test]
    fn what_is_long_past_or_settled_for_all_or_from_before_the_last_change_does_not_count() {
        let thresholds = PatternThresholds::default();
        let mut old = three();
        old.met[2].filed_at = now() - Duration::days(366);
        assert_eq!(judge(&old, true, &thresholds, now()), None);
        let mut settled = three();
        settled.met[0].kind = Some(ResolutionKind::DistrictChange);
        assert_eq!(judge(&settled, true, &thresholds, now()), None);
        settled.met[0].kind = Some(ResolutionKind::SchoolException);
        assert!(
            judge(&settled, true, &thresholds, now()).is_some(),
            "an exception leaves the rule"
        );
        let changed = Evidence {
            changed_at: Some(7),
            ..three()
        };
        assert_eq!(judge(&changed, true, &thresholds, now()), None);
    }

    #[test]
    fn several_exceptions_to_one_rule_are_a_pattern_too() {
        let one = met("alder", 1, 9, Some(ResolutionKind::SchoolException));
        let exceptions = ["a", "b", "c"]
            .map(|name| Bending {
                id: FlexibilityId::derived(&[name]),
                begun: 5,
                area: one.area.clone(),
                rule: one.rule.clone().expect("a rule"),
            })
            .to_vec();
        let evidence = Evidence {
            met: vec![one],
            exceptions,
            changed_at: None,
        };
        let found = judge(&evidence, true, &PatternThresholds::default(), now()).expect("a pattern");
        assert_eq!((found.ground, found.exceptions.len()), (PatternGround::Exceptions, 3));
        assert_eq!(judge(&evidence, false, &PatternThresholds::default(), now()), None);
        // They may have been written down without a loop.
        let evidence = Evidence {
            met: Vec::new(),
            ..evidence
        };
        let found = judge(&evidence, true, &PatternThresholds::default(), now()).expect("a pattern");
        assert_eq!((found.schools.len(), found.exceptions.len()), (0, 3));
        let changed = Evidence {
            changed_at: Some(5),
            ..evidence
        };
        assert_eq!(judge(&changed, true, &PatternThresholds::default(), now()), None);
    }
}
