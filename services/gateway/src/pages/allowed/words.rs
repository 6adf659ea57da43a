//! The words for what is allowed: for whom, until when, by which rule, and what became of it.

use contracts::events::flexibility::Rule;
use contracts::queries::{FlexibilityRow, RegisterEntry, ScopeView};
use contracts::vocabulary::{RuleSource, Says, ScopeLevel};

use crate::pages::days::Days;

/// The most schools named in one line.
const NAMED_MAX: usize = 3;

/// For whom, in a few words.
pub(super) fn scope(scope: &ScopeView) -> String {
    match scope.level {
        ScopeLevel::District => "For every school".to_owned(),
        ScopeLevel::Zone => match &scope.zone_name {
            Some(zone) => format!("For the schools of {zone}"),
            None => "For the schools of a zone".to_owned(),
        },
        ScopeLevel::Schools => {
            let names: Vec<&str> = scope.schools.iter().map(|school| school.name.as_str()).collect();
            match names.as_slice() {
                [] => "For schools named in it".to_owned(),
                [one] => format!("For {one}"),
                [several @ .., last] if names.len() <= NAMED_MAX => format!("For {} and {last}", several.join(", ")),
                [first, second, rest @ ..] => format!("For {first}, {second} and {} more schools", rest.len()),
            }
        }
    }
}

/// From when and until when.
pub(super) fn time(starts_on: Option<chrono::NaiveDate>, ends_on: Option<chrono::NaiveDate>, days: &Days) -> String {
    match (starts_on.filter(|day| *day > days.today), ends_on) {
        (Some(start), Some(end)) => format!("From {} until {}", days.long(start), days.long(end)),
        (Some(start), None) => format!("From {}", days.long(start)),
        (None, Some(end)) => format!("Until {}", days.full(end)),
        (None, None) => "With no end set".to_owned(),
    }
}

/// A rule as people cite it.
pub(super) fn rule(rule: &Rule) -> String {
    let cited = [
        &rule.citation.as_ref().map(ToString::to_string),
        &rule.clause.as_ref().map(ToString::to_string),
    ]
    .into_iter()
    .flatten()
    .cloned()
    .collect::<Vec<String>>()
    .join(", ");
    match (rule.source, cited.is_empty()) {
        (RuleSource::NotSure, true) => String::new(),
        (RuleSource::NotSure, false) => cited,
        (source, true) => source.label().to_owned(),
        (source, false) => format!("{}: {cited}", source.label()),
    }
}

/// The line under a title.
pub(super) fn facts(row: &FlexibilityRow, days: &Days) -> Vec<String> {
    let mut facts = vec![scope(&row.scope)];
    if row.says != Says::NonNegotiable {
        facts.push(time(row.starts_on, row.ends_on, days));
    }
    facts.extend(Some(rule(&row.rule)).filter(|rule| !rule.is_empty()));
    facts.push(row.department_name.clone());
    facts
}

/// What became of it, in a sentence.
pub(super) fn happened(entry: &RegisterEntry) -> String {
    let said = |name: &str| {
        entry
            .data
            .get(name)
            .and_then(|value| value.as_str())
            .unwrap_or_default()
    };
    let sentence = match entry.kind.as_str() {
        "flexibility_recorded" => "Written down: it was always allowed.",
        "flexibility_granted" => "Allowed.",
        "non_negotiable_declared" => "Declared: it must stay as it is.",
        "scope_widened" => "More schools may use it.",
        "conditions_changed" => "Its conditions changed.",
        "rationale_published" => "Its reason was published.",
        "readers_changed" => "Who may read of it changed.",
        "flexibility_renewed" => "It holds longer.",
        "expiry_noticed" => "Its end is near: everybody concerned was told.",
        "flexibility_expired" => "Its last day is past.",
        "flexibility_revoked" => "It was taken back.",
        "precedent_claimed" => "A school uses it.",
        "grant_refused" => "A further school could not be let in.",
        "pilot_answered" => "The pilot's question was answered.",
        _ => "It changed.",
    };
    let why = ["why", "answer"].map(said).into_iter().find(|words| !words.is_empty());
    match why {
        Some(why) => format!("{sentence} {}", crate::pages::words::sentence(why)),
        None => sentence.to_owned(),
    }
}

/// One step of the ladder of rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::pages) struct Step {
    pub label: &'static str,
    /// Who can change it.
    pub who: &'static str,
    pub here: bool,
}

/// Where rules come from, from what nobody wrote down to what only Congress changes; and who can change each.
pub(in crate::pages) fn ladder(source: RuleSource) -> Vec<Step> {
    const STEPS: [(RuleSource, &str); 5] = [
        (RuleSource::Habit, "your school can change it today"),
        (RuleSource::DistrictPractice, "the department can change it"),
        (RuleSource::BoardPolicy, "the board can change it"),
        (RuleSource::StateRule, "the state can change it, or waive it"),
        (RuleSource::FederalRule, "only federal law can change it"),
    ];
    const ASIDE: [(RuleSource, &str); 1] = [(
        RuleSource::VendorOrSystem,
        "the department can change it, with the vendor",
    )];
    let steps: &[(RuleSource, &'static str)] = match source {
        RuleSource::NotSure => &[],
        RuleSource::VendorOrSystem => &ASIDE,
        RuleSource::Habit
        | RuleSource::DistrictPractice
        | RuleSource::BoardPolicy
        | RuleSource::StateRule
        | RuleSource::FederalRule => &STEPS,
    };
    steps
        .iter()
        .map(|(step, who)| Step {
            label: step.label(),
            who,
            here: *step == source,
        })
        .collect()
}
