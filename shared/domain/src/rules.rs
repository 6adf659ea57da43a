//! Choosing a department: the first rule of the district's ordered set that applies.

use std::collections::BTreeSet;

use contracts::events::directory::RoutingRule;
use contracts::ids::{SchoolId, ZoneId};
use contracts::vocabulary::{Kind, RuleSource, Urgency};

/// What rules may look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts<'a> {
    /// The area's code.
    pub area: &'a str,
    /// Policy, practice or tradition.
    pub kind: Kind,
    /// Where the school believes the rule comes from.
    pub rule_source: RuleSource,
    /// The school that filed.
    pub school: SchoolId,
    /// The zones the school is in.
    pub zones: &'a BTreeSet<ZoneId>,
    /// How pressing it is.
    pub urgency: Urgency,
    /// The texts, lower case.
    pub text: &'a str,
}

/// The first rule that applies.
pub fn choose<'a>(rules: &'a [RoutingRule], facts: &Facts<'_>) -> Option<&'a RoutingRule> {
    rules.iter().find(|rule| applies(rule, facts))
}

fn applies(rule: &RoutingRule, facts: &Facts<'_>) -> bool {
    let when = &rule.when;
    let any = |empty: bool, holds: bool| empty || holds;
    any(
        when.areas.is_empty(),
        when.areas.iter().any(|area| area.code() == facts.area),
    ) && any(when.kinds.is_empty(), when.kinds.contains(&facts.kind))
        && any(
            when.rule_sources.is_empty(),
            when.rule_sources.contains(&facts.rule_source),
        )
        && any(when.schools.is_empty(), when.schools.contains(&facts.school))
        && any(
            when.zones.is_empty(),
            when.zones.iter().any(|zone| facts.zones.contains(zone)),
        )
        && any(when.urgencies.is_empty(), when.urgencies.contains(&facts.urgency))
        && any(
            when.words.is_empty(),
            when.words
                .iter()
                .any(|word| contains_word(facts.text, &word.to_lowercase())),
        )
}

/// Whether a word or phrase stands in a text on its own, not within another word.
fn contains_word(text: &str, word: &str) -> bool {
    !word.is_empty()
        && text.match_indices(word).any(|(at, found)| {
            let before = text[..at].chars().next_back();
            let after = text[at + found.len()..].chars().next();
            !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::area::Area;
    use contracts::events::directory::Conditions;
    use contracts::ids::DepartmentId;

    fn rule(id: &str, when: Conditions) -> RoutingRule {
        RoutingRule {
            id: id.to_owned(),
            name: id.to_owned(),
            when,
            department: DepartmentId::derived(&[id]),
            collaborators: Vec::new(),
            service_level: "standard".to_owned(),
        }
    }

    #[test]
    fn the_first_rule_whose_every_condition_holds_wins() {
        let zone = ZoneId::derived(&["z"]);
        let zones = BTreeSet::from([zone]);
        let facts = Facts {
            area: "seat_time",
            kind: Kind::Policy,
            rule_source: RuleSource::StateRule,
            school: SchoolId::derived(&["s"]),
            zones: &zones,
            urgency: Urgency::Slowing,
            text: "carnegie units; the bell rings at ten",
        };
        let area = |code| Area::from_code(code).into_iter().collect();
        let rules = [
            rule(
                "other-area",
                Conditions {
                    areas: area("grading"),
                    ..Conditions::default()
                },
            ),
            rule(
                "half",
                Conditions {
                    areas: area("seat_time"),
                    kinds: vec![Kind::Tradition],
                    ..Conditions::default()
                },
            ),
            rule(
                "within-a-word",
                Conditions {
                    words: vec!["negie".to_owned()],
                    ..Conditions::default()
                },
            ),
            rule(
                "word",
                Conditions {
                    words: vec!["Carnegie units".to_owned()],
                    zones: vec![zone],
                    ..Conditions::default()
                },
            ),
            rule("all", Conditions::default()),
        ];
        assert_eq!(choose(&rules, &facts).map(|rule| rule.id.as_str()), Some("word"));
        assert_eq!(choose(&rules[..3], &facts), None);
    }
}
