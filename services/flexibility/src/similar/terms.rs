//! Words to the stems they are found by.

use std::collections::HashMap;
use std::sync::LazyLock;

use contracts::events::flexibility::Rule;
use rust_stemmers::{Algorithm, Stemmer};

/// Ways to say the same thing, in the language of schools: a line each, the phrases separated by commas.
const SAME: &str = include_str!("same.txt");
/// The most words of a phrase.
const PHRASE_MAX: usize = 4;

/// Words that say nothing of what a text is about.
const EMPTY: &str = "a about above after again all also am an and any are aren as at be because been before being below \
    between both but by can cannot could couldn d did didn do does doesn doing don down during each even ever every few \
    for from further get gets getting go goes going got had hadn has hasn have haven having he her here hers him his \
    how i if in into is isn it its itself just kid kids know let like ll m make makes may me might more most much must \
    my need needs no nor not now of off on once one only or other our ours out over own per please re really s said same \
    say says school schools she should shouldn so some someone something still student students such t take tell than \
    that the their theirs them then there these they thing things this those through to told too try trying under \
    until up us use used using ve very want wants was wasn we were weren what when where whether which while who whom \
    why will with won would wouldn yes yet you your yours class teacher teachers district";

static STEMMER: LazyLock<Stemmer> = LazyLock::new(|| Stemmer::create(Algorithm::English));
static STOPPED: LazyLock<std::collections::HashSet<&'static str>> =
    LazyLock::new(|| EMPTY.split_whitespace().collect());
/// Phrases by their first stem: the stems of each, and the sense it stands for.
type Phrases = HashMap<String, Vec<(Vec<String>, String)>>;

/// From the first stem of a phrase to its stems and the sense they stand for.
static PHRASES: LazyLock<Phrases> = LazyLock::new(phrases);

fn phrases() -> Phrases {
    let mut phrases: Phrases = HashMap::new();
    for line in SAME
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        let mut members = line.split(',').map(str::trim).filter(|member| !member.is_empty());
        let Some(first) = members.clone().next() else { continue };
        let sense: String = first.chars().filter(char::is_ascii_alphabetic).collect();
        let sense = format!("zz{}", sense.to_lowercase());
        for member in members.by_ref() {
            let stems: Vec<String> = words(member).map(|(_, stem)| stem).take(PHRASE_MAX).collect();
            if let Some(head) = stems.first().cloned() {
                phrases.entry(head).or_default().push((stems, sense.clone()));
            }
        }
    }
    phrases
}

/// Each word as it was typed, with its stem.
fn words(text: &str) -> impl Iterator<Item = (&str, String)> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty() && word.chars().count() <= 40)
        .map(|word| (word, STEMMER.stem(&word.to_lowercase()).into_owned()))
}

/// A stem with the words it was typed as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Term {
    /// What it is found by.
    pub(crate) stem: String,
    /// How it was typed.
    pub(crate) typed: String,
}

/// The terms of a text: the stems of words that say something, and the senses of phrases.
pub(crate) fn terms(text: &str) -> Vec<Term> {
    let all: Vec<(&str, String)> = words(text).collect();
    let mut terms = Vec::new();
    for (at, (word, stem)) in all.iter().enumerate() {
        if !STOPPED.contains(word.to_lowercase().as_str()) && (word.len() > 1 || word.chars().all(char::is_numeric)) {
            terms.push(Term {
                stem: stem.clone(),
                typed: (*word).to_owned(),
            });
        }
        for (phrase, sense) in PHRASES.get(stem).into_iter().flatten() {
            let meets = all.len() >= at + phrase.len()
                && phrase
                    .iter()
                    .zip(&all[at..])
                    .all(|(expected, (_, found))| expected == found);
            if meets {
                let typed: Vec<&str> = all[at..at + phrase.len()].iter().map(|(word, _)| *word).collect();
                terms.push(Term {
                    stem: sense.clone(),
                    typed: typed.join(" "),
                });
            }
        }
    }
    terms
}

/// The stems of a text, as they are kept.
pub(crate) fn stems(text: &str) -> Vec<String> {
    terms(text).into_iter().map(|term| term.stem).collect()
}

/// What a rule is told apart by: its citation and clause, whatever the case and the blanks; empty where none is cited.
pub(crate) fn rule_key(rule: &Rule) -> String {
    let plain = |text: Option<&str>| -> String {
        text.unwrap_or_default()
            .to_lowercase()
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    };
    let citation = plain(rule.citation.as_ref().map(contracts::Text::as_str));
    if citation.is_empty() {
        return String::new();
    }
    format!(
        "{citation}|{}",
        plain(rule.clause.as_ref().map(contracts::Text::as_str))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_ways_to_say_it_have_a_sense_in_common() {
        let senses =
            |text: &str| -> Vec<String> { stems(text).into_iter().filter(|stem| stem.starts_with("zz")).collect() };
        assert_eq!(senses("the Carnegie units they need"), senses("seat time"));
        assert_eq!(senses("our wi-fi is slow"), senses("bandwidth"));
        assert!(senses("nothing of the kind").is_empty());
    }

    #[test]
    fn empty_words_are_left_out_and_forms_are_one() {
        assert_eq!(stems("The trees we were painting"), ["tree", "paint"]);
    }

    #[test]
    fn a_rule_is_one_however_it_is_written() {
        let rule = |citation: &str, clause: Option<&str>| Rule {
            source: contracts::vocabulary::RuleSource::BoardPolicy,
            citation: contracts::Text::new(citation).ok(),
            clause: clause.and_then(|clause| contracts::Text::new(clause).ok()),
        };
        assert_eq!(
            rule_key(&rule("Board Policy 3420", Some("Section B"))),
            rule_key(&rule("board policy  3420.", Some("section b")))
        );
        assert_ne!(
            rule_key(&rule("Board Policy 3420", None)),
            rule_key(&rule("Board Policy 342", None))
        );
    }
}
