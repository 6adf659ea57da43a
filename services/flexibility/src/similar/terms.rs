//! Words to the stems and senses they are found by.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use contracts::events::flexibility::Rule;
use rust_stemmers::{Algorithm, Stemmer};

/// Ways to say the same thing, in the language of schools: a line each, the phrases separated by commas.
const SAME: &str = include_str!("same.txt");
/// Words of every day, that say little of what a text is about.
const EVERYDAY: &str = include_str!("everyday.txt");
/// How many words may stand between the parts of a phrase.
const BETWEEN_MAX: usize = 1;
/// The longest word that is looked at.
const WORD_MAX: usize = 40;
/// What begins a sense's name, so that it is told from a word.
const SENSE: &str = "zz";

/// How much a word of every day counts, where another counts 1.
const EVERYDAY_COUNTS: f64 = 0.4;
/// How much a sense counts that everyday talk only hints at.
const HINT_COUNTS: f64 = 0.5;
/// How much a word counts that was misspelled.
const MEANT_COUNTS: f64 = 0.6;

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
/// Words that are left out where phrases are compared.
const SMALL: &str = "a an the of to in for on at with by and or my our your their his her its this that these those is \
    are was were be been it we i they he she you them us him me so just really s d m ll ve re into from as still even \
    very";
/// Who schools are for, by all their names.
const STUDENT: &str = "student";
const STUDENTS: [&str; 5] = ["kid", "children", "child", "pupil", "learner"];

static STEMMER: LazyLock<Stemmer> = LazyLock::new(|| Stemmer::create(Algorithm::English));
static STOPPED: LazyLock<HashSet<&'static str>> = LazyLock::new(|| EMPTY.split_whitespace().collect());
static SMALL_WORDS: LazyLock<HashSet<String>> = LazyLock::new(|| SMALL.split_whitespace().map(stem).collect());
static EVERYDAY_WORDS: LazyLock<HashSet<String>> = LazyLock::new(|| EVERYDAY.split_whitespace().map(stem).collect());
static SENSES: LazyLock<Senses> = LazyLock::new(senses);
/// Every stem that is right as it is, whoever has used it.
static SPELLED: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let phrases = SENSES
        .phrases
        .values()
        .flatten()
        .flat_map(|phrase| phrase.stems.clone());
    let words = EMPTY.split_whitespace().chain(SMALL.split_whitespace()).map(stem);
    phrases.chain(words).chain(EVERYDAY_WORDS.iter().cloned()).collect()
});

/// One way to say a sense.
#[derive(Debug)]
struct Phrase {
    stems: Vec<String>,
    sense: String,
    /// Whether it is everyday talk: what is typed is read so, a document is not about it for that.
    hint: bool,
    /// Whether its words stand together, small ones and all.
    together: bool,
}

#[derive(Debug, Default)]
struct Senses {
    /// By the first stem.
    phrases: HashMap<String, Vec<Phrase>>,
    /// From a sense to those that bear on it.
    beside: HashMap<String, Vec<String>>,
}

fn stem(word: &str) -> String {
    STEMMER.stem(word).into_owned()
}

fn sense(name: &str) -> String {
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("{SENSE}{}", name.to_lowercase())
}

/// Whether a stem is a sense.
pub(super) fn is_sense(stem: &str) -> bool {
    stem.starts_with(SENSE)
}

fn senses() -> Senses {
    let mut senses = Senses::default();
    let lines = SAME.lines().map(str::trim);
    for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let members = || line.split(',').map(str::trim).filter(|member| !member.is_empty());
        let Some(name) = members().next().map(sense) else {
            continue;
        };
        for member in members() {
            if let Some(other) = member.strip_prefix('>') {
                senses.beside.entry(name.clone()).or_default().push(sense(other));
                continue;
            }
            let (hint, said) = member.strip_prefix('~').map_or((false, member), |said| (true, said));
            let all: Vec<String> = words(said).into_iter().map(|word| word.stem).collect();
            let telling: Vec<String> = all
                .iter()
                .filter(|stem| !SMALL_WORDS.contains(*stem))
                .cloned()
                .collect();
            let together = telling.is_empty() || (telling.len() == 1 && all.len() > 1);
            let stems = if together { all } else { telling };
            let Some(head) = stems.first().cloned() else { continue };
            let known = senses.phrases.entry(head).or_default();
            if !known.iter().any(|other| other.stems == stems && other.sense == name) {
                known.push(Phrase {
                    stems,
                    sense: name.clone(),
                    hint,
                    together,
                });
            }
        }
    }
    senses
}

/// A word as it was typed, with its stem.
#[derive(Debug, Clone)]
struct Word<'a> {
    typed: &'a str,
    stem: String,
    meant: bool,
}

fn words(text: &str) -> Vec<Word<'_>> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty() && word.chars().count() <= WORD_MAX)
        .map(|typed| {
            let stem = stem(&typed.to_lowercase());
            let stem = if STUDENTS.contains(&stem.as_str()) {
                STUDENT.to_owned()
            } else {
                stem
            };
            Word {
                typed,
                stem,
                meant: false,
            }
        })
        .collect()
}

/// What a text is found by, or asks for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Term {
    /// A stem or a sense.
    pub(crate) stem: String,
    /// How it was typed.
    pub(crate) typed: String,
    /// How much it counts.
    pub(crate) weight: f64,
}

/// The stems and senses of a text, as they are kept.
pub(crate) fn stems(text: &str) -> Vec<String> {
    let terms = terms(&words(text), false);
    terms.into_iter().map(|term| term.stem).collect()
}

/// The terms of what somebody types, words that may be misspelled read as what `meant` says of
/// them and their stems.
pub(super) fn asked(text: &str, meant: impl Fn(&str, &str) -> Option<String>) -> Vec<Term> {
    let mut words = words(text);
    for word in &mut words {
        let lower = word.typed.to_lowercase();
        let doubtful = !SPELLED.contains(&word.stem)
            && !STOPPED.contains(lower.as_str())
            && word.typed.chars().all(char::is_alphabetic);
        if doubtful && let Some(other) = meant(&lower, &word.stem) {
            word.stem = other;
            word.meant = true;
        }
    }
    terms(&words, true)
}

/// Every word of the phrases, by its stem.
pub(super) fn spelled<'a>() -> impl Iterator<Item = &'a str> {
    SPELLED.iter().map(String::as_str)
}

/// The senses that bear on one.
pub(super) fn beside(sense: &str) -> &'static [String] {
    SENSES.beside.get(sense).map_or(&[], Vec::as_slice)
}

fn terms(words: &[Word<'_>], typed: bool) -> Vec<Term> {
    let mut terms = Vec::new();
    let telling: Vec<usize> = (0..words.len())
        .filter(|at| !SMALL_WORDS.contains(&words[*at].stem))
        .collect();
    for (at, word) in words.iter().enumerate() {
        if says_something(word) {
            terms.push(Term {
                stem: word.stem.clone(),
                typed: word.typed.to_owned(),
                weight: counts(word),
            });
        }
        for phrase in SENSES.phrases.get(&word.stem).into_iter().flatten() {
            if phrase.hint && !typed {
                continue;
            }
            if let Some(last) = ends_at(phrase, words, at, &telling) {
                let said: Vec<&str> = words[at..=last].iter().map(|word| word.typed).collect();
                terms.push(Term {
                    stem: phrase.sense.clone(),
                    typed: said.join(" "),
                    weight: if phrase.hint { HINT_COUNTS } else { 1.0 },
                });
            }
        }
    }
    terms
}

fn says_something(word: &Word<'_>) -> bool {
    let lower = word.typed.to_lowercase();
    !STOPPED.contains(lower.as_str())
        && !STOPPED.contains(word.stem.as_str())
        && (word.typed.len() > 1 || word.typed.chars().all(char::is_numeric))
}

/// Small numbers say as little as words of every day.
fn counts(word: &Word<'_>) -> f64 {
    let small_number = word.typed.len() < 3 && word.typed.chars().all(char::is_numeric);
    if small_number || EVERYDAY_WORDS.contains(&word.stem) {
        EVERYDAY_COUNTS
    } else if word.meant {
        MEANT_COUNTS
    } else {
        1.0
    }
}

/// Where a phrase that begins at a word ends, if it stands there; `telling` are the places of words that are not small.
fn ends_at(phrase: &Phrase, words: &[Word<'_>], at: usize, telling: &[usize]) -> Option<usize> {
    if phrase.together {
        let last = at + phrase.stems.len() - 1;
        let stands = words
            .get(at..=last)?
            .iter()
            .zip(&phrase.stems)
            .all(|(word, stem)| word.stem == *stem);
        return stands.then_some(last);
    }
    let mut place = telling.binary_search(&at).ok()?;
    for stem in &phrase.stems[1..] {
        let next = telling[place + 1..].iter().take(BETWEEN_MAX + 1);
        place += 1 + next.into_iter().position(|at| words[*at].stem == *stem)?;
    }
    Some(telling[place])
}

/// Words that say what kind of text is cited and not which: people leave them out, or write another.
const OF_CITATIONS: [&str; 10] = [
    "board", "no", "number", "of", "policies", "policy", "sec", "sect", "section", "the",
];

/// What a rule is told apart by: the words and numbers of its citation and clause that say which it is, whatever the
/// case, the blanks and the order of the two fields; empty where none is cited. "Board policy 3420, section B" and
/// "Policy 3420 B" are one rule; a policy and the regulation of the same number are two.
pub(crate) fn rule_key(rule: &Rule) -> String {
    let words = |text: Option<&str>| -> Vec<String> {
        text.unwrap_or_default()
            .to_lowercase()
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let mut all = words(rule.citation.as_ref().map(contracts::Text::as_str));
    if all.is_empty() {
        return String::new();
    }
    all.extend(words(rule.clause.as_ref().map(contracts::Text::as_str)));
    let telling: Vec<&String> = all
        .iter()
        .filter(|word| !OF_CITATIONS.contains(&word.as_str()))
        .collect();
    // A text without a number is known by all of its words.
    let numbered = telling.iter().any(|word| word.chars().any(|c| c.is_ascii_digit()));
    if numbered {
        telling.into_iter().map(String::as_str).collect::<Vec<_>>().join(" ")
    } else {
        all.join(" ")
    }
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
    fn everyday_talk_hints_at_a_sense_where_it_is_typed_and_not_where_it_is_kept() {
        let said = "it just keeps dropping";
        let typed = asked(said, |_, _| None);
        assert!(
            typed.iter().any(|term| term.stem == "zzbandwidth" && term.weight < 1.0),
            "{typed:?}"
        );
        assert!(!stems(said).iter().any(|stem| is_sense(stem)));
    }

    #[test]
    fn one_word_may_stand_between_two_of_a_phrase() {
        assert!(stems("a Carnegie credit unit").contains(&"zzseattime".to_owned()));
        assert!(
            stems("a Carnegie credit hour unit")
                .iter()
                .all(|stem| stem != "zzseattime")
        );
    }

    #[test]
    fn every_sense_that_bears_on_another_is_one() {
        let all: HashSet<&String> = SENSES.phrases.values().flatten().map(|phrase| &phrase.sense).collect();
        let beside: Vec<&String> = SENSES
            .beside
            .values()
            .flatten()
            .filter(|sense| !all.contains(sense))
            .collect();
        assert!(beside.is_empty(), "{beside:?}");
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
        let whole = rule_key(&rule("Board policy 3420, section B", None));
        for other in [
            rule("Policy 3420 B", None),
            rule("Policy 3420", Some("sec. B")),
            rule("3420", Some("§ b")),
            rule("Board Policy No. 3420", Some("B")),
        ] {
            assert_eq!(rule_key(&other), whole, "{other:?}");
        }
        for other in [
            rule("Board Policy 3420", None),
            rule("Board Policy 342", Some("B")),
            rule("Policy 3420", Some("section C")),
            rule("Policy 3420", Some("section A")),
            rule("Policy 3420", Some("part B")),
            rule("Regulation 3420", Some("section B")),
        ] {
            assert_ne!(rule_key(&other), whole, "{other:?}");
        }
        assert_ne!(
            rule_key(&rule("Policy 3420", Some("section A"))),
            rule_key(&rule("Policy 3420", None))
        );
        // Without a number all words count.
        assert_ne!(
            rule_key(&rule("Board policy", None)),
            rule_key(&rule("The policy", None))
        );
        assert_ne!(
            rule_key(&rule("Student handbook", Some("page 12"))),
            rule_key(&rule("Staff handbook", Some("page 12")))
        );
        assert_eq!(rule_key(&rule(" - ", Some("section B"))), "");
    }
}
