//! How often each stem is met in a district, and what a typed text comes to by it.

use std::borrow::Cow;
use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard};

use contracts::ids::District;
use sql::Db;

use super::terms::{self, Term};
use crate::read_model::{DocOut, term_counts};

/// Rows read at a time.
const PAGE: i64 = 2000;
/// Stems the database is asked for, at most.
const ASKED_MAX: usize = 24;
/// How many things it may look at for them, so that it is quick.
const LOOKED_AT_MAX: u32 = 3000;
/// Words of a text that are read as others, at most.
const CORRECTED_MAX: usize = 8;
/// How much a sense counts that bears on one that was asked for.
const BESIDE_COUNTS: f64 = 0.7;

/// The words of each district.
#[derive(Debug, Default)]
pub(crate) struct Vocabulary {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    loaded: bool,
    seen: HashSet<i64>,
    districts: HashMap<String, Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    things: u32,
    met: HashMap<String, u32>,
}

/// One thing that was asked for, with what it is found by.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) stem: String,
    pub(crate) typed: String,
    /// How much it counts: the rarer it is the more, and less if it was only hinted at.
    pub(crate) weight: f64,
    met: u32,
}

/// What a typed text comes to.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) wanted: Vec<Wanted>,
}

impl Vocabulary {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Takes in what is searched from now on.
    pub(crate) fn learn(&self, docs: &[DocOut]) {
        let mut inner = self.inner();
        for out in docs {
            if let Some(doc) = &out.doc {
                let text = format!("{} {} {}", doc.title, doc.text, doc.rule);
                inner.learn(out.seq, &out.district, &text);
            }
        }
    }

    /// Reads, once, what was searched before this process began.
    pub(crate) async fn load(&self, db: &Db) -> Result<(), sqlx::Error> {
        if self.inner().loaded {
            return Ok(());
        }
        let mut after = 0;
        loop {
            let rows = term_counts(db, after, PAGE).await?;
            let full = rows.len() == PAGE as usize;
            let mut inner = self.inner();
            for (seq, district, text) in rows {
                after = seq;
                inner.learn(seq, &district, &text);
            }
            if !full {
                inner.loaded = true;
                return Ok(());
            }
        }
    }

    /// What a text comes to in a district: words that nobody used are read as the nearest that somebody did, and what
    /// bears on something that was asked for is asked for too.
    pub(crate) fn read(&self, district: &District, text: &str) -> Asked {
        let inner = self.inner();
        let nothing = Counts::default();
        let counts = inner.districts.get(district.as_str()).unwrap_or(&nothing);
        let mut asked = Asked { wanted: Vec::new() };
        let corrected = Cell::new(0);
        let terms = terms::asked(text, |word, stem| {
            if counts.met.contains_key(stem) || corrected.get() == CORRECTED_MAX {
                return None;
            }
            corrected.set(corrected.get() + 1);
            counts.nearest(word).or_else(|| counts.nearest(stem))
        });
        for Term { stem, typed, weight } in terms {
            for other in terms::beside(&stem) {
                asked.want(counts, other, &typed, weight * BESIDE_COUNTS);
            }
            asked.want(counts, &stem, &typed, weight);
        }
        asked
    }

    /// How much each stem says in a district: the rarer the more.
    pub(crate) fn rarities<'a>(&self, district: &District, stems: &HashSet<&'a str>) -> HashMap<&'a str, f64> {
        let inner = self.inner();
        let Some(counts) = inner.districts.get(district.as_str()) else {
            return HashMap::new();
        };
        let met = |stem: &'a str| counts.met.get(stem).map(|met| (stem, counts.rarity(*met)));
        stems.iter().copied().filter_map(met).collect()
    }
}

impl Inner {
    fn learn(&mut self, seq: i64, district: &str, text: &str) {
        if !self.seen.insert(seq) {
            return;
        }
        let counts = self.districts.entry(district.to_owned()).or_default();
        counts.things += 1;
        let stems: HashSet<&str> = text.split_whitespace().collect();
        for stem in stems {
            match counts.met.get_mut(stem) {
                Some(met) => *met += 1,
                None => {
                    counts.met.insert(stem.to_owned(), 1);
                }
            }
        }
    }
}

impl Counts {
    /// How much a stem says that so many things have: the rarer the more.
    fn rarity(&self, met: u32) -> f64 {
        let (things, met) = (f64::from(self.things), f64::from(met));
        ((things - met + 0.5) / (met + 0.5) + 1.0).ln()
    }

    /// The word that was probably meant: one slip away, two in a long one. Letters are more often left out or exchanged
    /// than put in, and hardly ever the first.
    fn nearest(&self, typed: &str) -> Option<String> {
        let length = typed.chars().count();
        let slips_max = match length {
            0..=4 => return None,
            5..=7 => 1,
            _ => 2,
        };
        let first = typed.chars().next();
        let used = self.met.keys().map(String::as_str);
        let known = used.filter(|known| !terms::is_sense(known)).chain(terms::spelled());
        known
            .filter(|known| {
                known.chars().next() == first
                    && known.chars().count().abs_diff(length) <= slips_max
                    && !known.starts_with(typed)
                    && !typed.starts_with(known)
            })
            .filter_map(|known| {
                let written = as_written(known);
                let slips = strsim::osa_distance(&written, typed);
                let others = letters(&written) != letters(typed);
                let same_length = known.chars().count() == length;
                // In a short word, another letter makes another word.
                let another = slips == 1 && others && same_length && length < 7;
                let met = self.met.get(known).copied().unwrap_or_default();
                let key = (slips, others, Reverse(known.len()), Reverse(met), known);
                (slips <= slips_max && !another).then_some(key)
            })
            .min()
            .map(|(.., known)| known.to_owned())
    }
}

/// A stem as the word is written: stemming makes an i of a last y.
fn as_written(stem: &str) -> Cow<'_, str> {
    match stem.strip_suffix('i') {
        Some(head) => Cow::Owned(format!("{head}y")),
        None => Cow::Borrowed(stem),
    }
}

/// The letters of a word, whatever their order.
fn letters(word: &str) -> Vec<char> {
    let mut letters: Vec<char> = word.chars().collect();
    letters.sort_unstable();
    letters
}

impl Asked {
    /// Asks for something that is in the district's words, once.
    fn want(&mut self, counts: &Counts, stem: &str, typed: &str, weight: f64) {
        let Some(met) = counts.met.get(stem) else { return };
        let weight = weight * counts.rarity(*met);
        match self.wanted.iter_mut().find(|known| known.stem == stem) {
            Some(known) if known.weight >= weight => {}
            Some(known) => {
                known.weight = weight;
                typed.clone_into(&mut known.typed);
            }
            None => self.wanted.push(Wanted {
                stem: stem.to_owned(),
                typed: typed.to_owned(),
                weight,
                met: *met,
            }),
        }
    }

    /// The stems that the database is asked for: those that say most, as many as can be looked at quickly, and the
    /// rarest in any case.
    pub(crate) fn telling(&self) -> Vec<String> {
        let mut wanted: Vec<&Wanted> = self.wanted.iter().collect();
        wanted.sort_by(|a, b| b.weight.total_cmp(&a.weight));
        let mut looked_at = 0;
        let mut telling: Vec<String> = wanted
            .into_iter()
            .filter(|wanted| {
                let fits = looked_at + wanted.met <= LOOKED_AT_MAX;
                looked_at += if fits { wanted.met } else { 0 };
                fits
            })
            .map(|wanted| wanted.stem.clone())
            .take(ASKED_MAX)
            .collect();
        if telling.is_empty() {
            let rarest = self.wanted.iter().min_by_key(|wanted| wanted.met);
            telling.extend(rarest.map(|wanted| wanted.stem.clone()));
        }
        telling
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(known: &str, typed: &str) -> Vec<String> {
        let vocabulary = Vocabulary::default();
        vocabulary.inner().learn(1, "demo", known);
        let asked = vocabulary.read(&"demo".parse().expect("a district"), typed);
        asked.wanted.into_iter().map(|wanted| wanted.stem).collect()
    }

    #[test]
    fn a_misspelled_word_is_read_as_the_nearest_that_is_known() {
        assert_eq!(reads("internship internet", "intership"), ["internship"]);
        assert_eq!(reads("internship internet", "interent"), ["internet"]);
        assert_eq!(reads("masteri", "mastrey"), ["masteri"]);
        assert_eq!(reads("share", "shave").len(), 0);
    }

    #[test]
    fn what_bears_on_something_is_asked_for_too_but_counts_less() {
        let vocabulary = Vocabulary::default();
        vocabulary.inner().learn(1, "demo", "zzincomplete");
        vocabulary.inner().learn(2, "demo", "zzcreditrecovery");
        let asked = vocabulary.read(&"demo".parse().expect("a district"), "credit recovery");
        let weights: Vec<f64> = asked.wanted.iter().map(|wanted| wanted.weight).collect();
        assert_eq!(weights.len(), 2);
        assert!(weights[0] < weights[1], "{:?}", asked.wanted);
    }
}
