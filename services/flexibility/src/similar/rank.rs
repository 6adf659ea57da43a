//! Putting what was found in order.

use std::collections::{HashMap, HashSet};

use contracts::ids::District;

use super::Found;
use super::terms::is_sense;
use super::vocabulary::{Asked, Vocabulary};
use crate::read_model::Candidate;

/// How soon a word said again counts no more (BM25's k1).
const SATURATION: f64 = 1.4;
/// How much longer texts count less (BM25's b).
const LENGTH: f64 = 0.4;
/// What a word in each field counts: title, text, rule.
const FIELDS: [f64; 3] = [2.0, 1.0, 1.0];
/// How much a sense counts, where a word counts 1.
const SENSE: f64 = 1.3;
/// How much more something counts for each thing it has in common with the text, up to so many.
const COMMON: f64 = 0.2;
const COMMON_MAX: usize = 6;
/// How much more something of the same area counts.
const SAME_AREA: f64 = 2.0;
/// The likest, by whose words and areas it is guessed what else a text is about.
const GUESSED_FROM: usize = 8;
/// How many of their words are taken, and what the first of them counts, where a word that was typed counts 1.
const GUESSED_WORDS: usize = 12;
const GUESSED_WORD: f64 = 0.3;
/// How much more something counts whose area all of those have.
const GUESSED_AREA: f64 = 0.8;
/// What is less like than this part of the likest is not shown.
const SHOWN_FROM: f64 = 0.08;

/// A thing with how often each stem stands in it, a title's counting more.
struct Weighed {
    candidate: Candidate,
    stems: HashMap<String, f64>,
    length: f64,
    score: f64,
}

/// What is looked for, with what it counts.
type Looked<'a> = Vec<(&'a str, f64)>;

/// The likest first.
pub(super) fn rank(
    asked: &Asked,
    candidates: Vec<Candidate>,
    area: Option<&str>,
    vocabulary: &Vocabulary,
    district: &District,
) -> Vec<Found> {
    let mut weighed: Vec<Weighed> = candidates.into_iter().map(weigh).collect();
    let mean = weighed.iter().map(|thing| thing.length).sum::<f64>() / weighed.len().max(1) as f64;
    for thing in &mut weighed {
        thing.length /= mean.max(1.0);
    }
    let typed: Looked = asked
        .wanted
        .iter()
        .map(|wanted| (wanted.stem.as_str(), wanted.weight))
        .collect();
    score(&mut weighed, &typed, area);
    let guessed = guess_words(&weighed, asked, vocabulary, district);
    let guessed = guessed.iter().map(|(stem, weight)| (stem.as_str(), *weight));
    let more: Looked = typed.iter().copied().chain(guessed).collect();
    score(&mut weighed, &more, area);
    guess_area(&mut weighed);
    let least = weighed.first().map_or(0.0, |first| first.score * SHOWN_FROM);
    weighed
        .into_iter()
        .filter(|thing| thing.score > 0.0 && thing.score >= least)
        .map(|thing| Found {
            because: because(asked, &thing),
            score: thing.score,
            candidate: thing.candidate,
        })
        .collect()
}

fn weigh(candidate: Candidate) -> Weighed {
    let fields = [&candidate.title, &candidate.text, &candidate.rule];
    let mut stems: HashMap<String, f64> = HashMap::new();
    for (field, weight) in fields.into_iter().zip(FIELDS) {
        for stem in field.split_whitespace() {
            match stems.get_mut(stem) {
                Some(often) => *often += weight,
                None => {
                    stems.insert(stem.to_owned(), weight);
                }
            }
        }
    }
    let length = candidate.title.split_whitespace().count() + candidate.text.split_whitespace().count();
    Weighed {
        candidate,
        stems,
        length: length as f64,
        score: 0.0,
    }
}

fn in_order(weighed: &mut [Weighed]) {
    weighed.sort_by(|a, b| b.score.total_cmp(&a.score).then(b.candidate.seq.cmp(&a.candidate.seq)));
}

/// What one stem is worth in a thing.
fn worth(thing: &Weighed, stem: &str, weight: f64) -> f64 {
    let Some(often) = thing.stems.get(stem) else { return 0.0 };
    let often = often / (1.0 - LENGTH + LENGTH * thing.length);
    let sense = if is_sense(stem) { SENSE } else { 1.0 };
    sense * weight * often * (SATURATION + 1.0) / (often + SATURATION)
}

fn score(weighed: &mut [Weighed], looked: &Looked, area: Option<&str>) {
    for thing in weighed.iter_mut() {
        let (mut sum, mut common) = (0.0, 0);
        for (stem, weight) in looked {
            let worth = worth(thing, stem, *weight);
            sum += worth;
            common += usize::from(worth > 0.0);
        }
        let same_area = area.is_some_and(|area| area == thing.candidate.area);
        thing.score = sum * (1.0 + COMMON * common.min(COMMON_MAX) as f64) * if same_area { SAME_AREA } else { 1.0 };
    }
    in_order(weighed);
}

/// The words that the likest have in common say what else a text is about.
fn guess_words(weighed: &[Weighed], asked: &Asked, vocabulary: &Vocabulary, district: &District) -> Vec<(String, f64)> {
    let likest = &weighed[..weighed.len().min(GUESSED_FROM)];
    let all: f64 = likest.iter().map(|thing| thing.score).sum();
    let texts = |thing: &'_ Weighed| {
        let Candidate { title, text, .. } = &thing.candidate;
        [title.clone(), text.clone()].join(" ")
    };
    let texts: Vec<String> = likest.iter().map(texts).collect();
    let stems: Vec<HashSet<&str>> = texts.iter().map(|text| text.split_whitespace().collect()).collect();
    let every: HashSet<&str> = stems.iter().flatten().copied().collect();
    let rarities = vocabulary.rarities(district, &every);
    let mut words: HashMap<&str, f64> = HashMap::new();
    for (thing, stems) in likest.iter().zip(&stems) {
        for stem in stems {
            let rarity = rarities.get(stem).copied().unwrap_or_default();
            *words.entry(stem).or_default() += thing.score / all.max(f64::EPSILON) * rarity;
        }
    }
    let mut words: Vec<(&str, f64)> = words.into_iter().collect();
    words.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
    let most = words.first().map_or(1.0, |(_, weight)| weight.max(f64::EPSILON));
    words
        .into_iter()
        .take(GUESSED_WORDS)
        .filter(|(stem, _)| !asked.wanted.iter().any(|wanted| wanted.stem == *stem))
        .map(|(stem, weight)| {
            let rarity = rarities.get(stem).copied().unwrap_or_default();
            (stem.to_owned(), GUESSED_WORD * weight / most * rarity)
        })
        .collect()
}

/// What the likest are about is probably what was meant: others about it count more.
fn guess_area(weighed: &mut [Weighed]) {
    let mut areas: HashMap<String, f64> = HashMap::new();
    for first in weighed.iter().take(GUESSED_FROM) {
        *areas.entry(first.candidate.area.clone()).or_default() += first.score;
    }
    let all: f64 = areas.values().sum();
    for thing in weighed.iter_mut() {
        let share = areas
            .get(&thing.candidate.area)
            .map_or(0.0, |sum| sum / all.max(f64::EPSILON));
        thing.score *= 1.0 + GUESSED_AREA * share;
    }
    in_order(weighed);
}

/// The typed words that a thing has in common with the text, those that say most first.
fn because(asked: &Asked, thing: &Weighed) -> Vec<String> {
    let mut met: Vec<(f64, &str)> = asked
        .wanted
        .iter()
        .map(|wanted| (worth(thing, &wanted.stem, wanted.weight), wanted.typed.as_str()))
        .filter(|(worth, _)| *worth > 0.0)
        .collect();
    met.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut words: Vec<String> = Vec::new();
    for (_, word) in met {
        if !words.iter().any(|known| known.eq_ignore_ascii_case(word)) && words.len() < 4 {
            words.push(word.to_owned());
        }
    }
    words
}
