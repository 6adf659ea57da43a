//! Putting what was found in order.

use std::collections::HashMap;

use super::Found;
use super::vocabulary::Asked;
use crate::read_model::Candidate;

/// How soon a word said again counts no more (BM25's k1).
const SATURATION: f64 = 1.2;
/// How much longer texts count less (BM25's b).
const LENGTH: f64 = 0.4;
/// What a word in each field counts: title, text, rule.
const FIELDS: [f64; 3] = [3.0, 1.0, 1.5];
/// How much more something of the same area counts.
const SAME_AREA: f64 = 1.6;
/// How much a sense counts that several ways of saying it have in common, where a word counts 1.
const SENSE: f64 = 1.6;
/// The likest, by whose areas is guessed what area a text is about.
const GUESSED_FROM: usize = 10;
/// How much more something counts whose area all of those have.
const GUESSED_AREA: f64 = 0.6;
/// What is less like than this part of the likest is not shown.
const SHOWN_FROM: f64 = 0.2;

/// The likest first.
pub(super) fn rank(asked: &Asked, candidates: Vec<Candidate>, area: Option<&str>) -> Vec<Found> {
    let lengths: Vec<f64> = candidates.iter().map(length).collect();
    let mean = (lengths.iter().sum::<f64>() / lengths.len().max(1) as f64).max(1.0);
    let mut found: Vec<Found> = candidates
        .into_iter()
        .zip(lengths)
        .map(|(candidate, length)| score(asked, candidate, length / mean, area))
        .filter(|found| found.score > 0.0)
        .collect();
    in_order(&mut found);
    guess_area(&mut found);
    in_order(&mut found);
    let least = found.first().map_or(0.0, |first| first.score * SHOWN_FROM);
    found.retain(|found| found.score >= least);
    found
}

fn in_order(found: &mut [Found]) {
    found.sort_by(|a, b| b.score.total_cmp(&a.score).then(b.candidate.seq.cmp(&a.candidate.seq)));
}

/// What the likest are about is probably what was meant: others about it count more.
fn guess_area(found: &mut [Found]) {
    let mut areas: HashMap<String, f64> = HashMap::new();
    for first in found.iter().take(GUESSED_FROM) {
        *areas.entry(first.candidate.area.clone()).or_default() += first.score;
    }
    let all: f64 = areas.values().sum();
    for found in found {
        let share = areas
            .get(&found.candidate.area)
            .map_or(0.0, |sum| sum / all.max(f64::EPSILON));
        found.score *= 1.0 + GUESSED_AREA * share;
    }
}

fn length(candidate: &Candidate) -> f64 {
    (candidate.title.split(' ').count() + candidate.text.split(' ').count()) as f64
}

fn score(asked: &Asked, candidate: Candidate, length: f64, area: Option<&str>) -> Found {
    let fields = [&candidate.title, &candidate.text, &candidate.rule];
    let mut met: HashMap<&str, f64> = HashMap::new();
    for (field, weight) in fields.into_iter().zip(FIELDS) {
        for stem in field.split(' ') {
            *met.entry(stem).or_default() += weight;
        }
    }
    let (mut score, mut because) = (0.0, Vec::new());
    for wanted in &asked.wanted {
        let Some(often) = met.get(wanted.stem.as_str()) else {
            continue;
        };
        let often = often / (1.0 - LENGTH + LENGTH * length);
        let sense = if wanted.stem.starts_with("zz") { SENSE } else { 1.0 };
        let part = sense * asked.rarity(wanted) * wanted.weight * often * (SATURATION + 1.0) / (often + SATURATION);
        score += part;
        because.push((part, wanted.typed.clone()));
    }
    if area.is_some_and(|area| area == candidate.area) {
        score *= SAME_AREA;
    }
    because.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut words: Vec<String> = Vec::new();
    for (_, word) in because {
        if !words.iter().any(|known| known.eq_ignore_ascii_case(&word)) && words.len() < 4 {
            words.push(word);
        }
    }
    Found {
        candidate,
        score,
        because: words,
    }
}
