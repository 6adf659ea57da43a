//! Sentences of the kind schools write, put together at random: so that search has something to find.

use rand::RngExt;
use rand::rngs::StdRng;

const WORDS: [&str; 96] = [
    "seat",
    "time",
    "schedule",
    "bell",
    "period",
    "block",
    "credit",
    "grade",
    "mastery",
    "report",
    "card",
    "pacing",
    "guide",
    "test",
    "window",
    "benchmark",
    "teacher",
    "certified",
    "supervision",
    "room",
    "library",
    "internship",
    "employer",
    "college",
    "transcript",
    "course",
    "catalogue",
    "semester",
    "elective",
    "advisory",
    "portfolio",
    "exhibition",
    "project",
    "reading",
    "science",
    "algebra",
    "writing",
    "student",
    "family",
    "conference",
    "laptop",
    "filter",
    "blocked",
    "platform",
    "roster",
    "login",
    "bandwidth",
    "privacy",
    "agreement",
    "vendor",
    "purchase",
    "order",
    "budget",
    "transport",
    "bus",
    "route",
    "lunch",
    "building",
    "furniture",
    "evaluation",
    "rubric",
    "observation",
    "principal",
    "walkthrough",
    "policy",
    "handbook",
    "form",
    "signature",
    "waiver",
    "board",
    "state",
    "rule",
    "habit",
    "deadline",
    "calendar",
    "attendance",
    "absence",
    "minutes",
    "hours",
    "week",
    "summer",
    "program",
    "after",
    "school",
    "class",
    "size",
    "group",
    "multi-age",
    "team",
    "co-teaching",
    "paraprofessional",
    "training",
    "coach",
    "mentor",
    "pilot",
    "zone",
];

const BEGINNINGS: [&str; 20] = [
    "ba", "co", "da", "fe", "gi", "ha", "jo", "ka", "lu", "me", "no", "pa", "qui", "ro", "sa", "ti", "ul", "va", "wo",
    "ze",
];
const MIDDLES: [&str; 15] = [
    "lan", "ber", "tor", "mis", "vel", "dun", "kar", "sol", "nev", "rap", "gol", "fin", "hum", "cit", "wex",
];
const ENDS: [&str; 12] = [
    "ton", "ley", "ford", "ing", "field", "worth", "son", "er", "wood", "dale", "stone", "by",
];

/// A word that is often said.
pub(super) fn common(random: &mut StdRng) -> &'static str {
    WORDS[random.random_range(0..WORDS.len())]
}

/// One of some thousands of names that are seldom said: of places, people, programs.
pub(super) fn rare(random: &mut StdRng) -> String {
    let mut pick = |from: &[&'static str]| from[random.random_range(0..from.len())];
    [pick(&BEGINNINGS), pick(&MIDDLES), pick(&ENDS)].concat()
}

/// So many words, one in four a rare one.
pub(super) fn sentence(random: &mut StdRng, count: usize) -> String {
    let mut text = String::with_capacity(count * 9);
    for nth in 0..count {
        if nth > 0 {
            text.push(' ');
        }
        if random.random_range(0..4) == 0 {
            text.push_str(&rare(random));
        } else {
            text.push_str(common(random));
        }
    }
    text
}
