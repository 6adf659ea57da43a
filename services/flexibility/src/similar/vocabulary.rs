//! How often each stem is met in a district, and what a typed text comes to by it.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard};

use contracts::ids::District;
use sql::Db;

use super::terms::{Term, terms};
use crate::read_model::{DocOut, term_counts};

/// Rows read at a time.
const PAGE: i64 = 2000;
/// Stems the database is asked for, at most.
const ASKED_MAX: usize = 14;
/// Of those, the commoner ones are left out once so many things were to be looked at.
const LOOKED_AT_MAX: u32 = 4000;
/// Stems that are asked for however common.
const ASKED_MIN: usize = 4;

/// The longest ending that a stem leaves off.
const ENDING_MAX: usize = 4;

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
    /// How much it counts: a word that was probably meant counts less than one that was typed.
    pub(crate) weight: f64,
    met: u32,
}

/// What a typed text comes to.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) wanted: Vec<Wanted>,
    things: u32,
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

    /// What a text comes to in a district: words that nobody used are read as the nearest that somebody did.
    pub(crate) fn read(&self, district: &District, text: &str) -> Asked {
        let inner = self.inner();
        let nothing = Counts::default();
        let counts = inner.districts.get(district.as_str()).unwrap_or(&nothing);
        let mut wanted: Vec<Wanted> = Vec::new();
        for Term { stem, typed } in terms(text) {
            if wanted.iter().any(|known| known.stem == stem) {
                continue;
            }
            match counts.met.get(&stem) {
                Some(met) => wanted.push(Wanted {
                    stem,
                    typed,
                    weight: 1.0,
                    met: *met,
                }),
                None => {
                    if let Some((meant, met)) = counts.nearest(&stem)
                        && !wanted.iter().any(|known| known.stem == meant)
                    {
                        wanted.push(Wanted {
                            stem: meant,
                            typed,
                            weight: 0.6,
                            met,
                        });
                    }
                }
            }
        }
        Asked {
            wanted,
            things: counts.things,
        }
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
    /// The word that was probably meant: one slip away, two in a long one; the commonest of the nearest. What is kept
    /// are stems, so that the beginning of what was typed is compared.
    fn nearest(&self, typed: &str) -> Option<(String, u32)> {
        let letters: Vec<char> = typed.chars().collect();
        let slips_max = match letters.len() {
            0..=4 => return None,
            5..=6 => 1,
            _ => 2,
        };
        self.met
            .iter()
            .filter(|(known, _)| !known.starts_with("zz"))
            .filter_map(|(known, met)| {
                let length = known.chars().count();
                if length < 4 || length + ENDING_MAX < letters.len() || length > letters.len() + slips_max {
                    return None;
                }
                let beginning: String = letters.iter().take(length).collect();
                let slips = strsim::osa_distance(known, &beginning);
                let slips_max = if length < 6 { 1 } else { slips_max };
                (slips <= slips_max).then_some((slips, letters.len().abs_diff(length), known, *met))
            })
            .min_by_key(|(slips, off, known, met)| (*slips, *off, std::cmp::Reverse(*met), (*known).clone()))
            .map(|(_, _, known, met)| (known.clone(), met))
    }
}

impl Asked {
    /// The stems that the database is asked for: the rarest, as many as can be looked at quickly.
    pub(crate) fn rarest(&self) -> Vec<String> {
        let mut wanted: Vec<&Wanted> = self.wanted.iter().collect();
        wanted.sort_by_key(|wanted| wanted.met);
        let mut looked_at = 0;
        wanted
            .into_iter()
            .take(ASKED_MAX)
            .enumerate()
            .take_while(|(at, wanted)| {
                looked_at += wanted.met;
                *at < ASKED_MIN || looked_at <= LOOKED_AT_MAX
            })
            .map(|(_, wanted)| wanted.stem.clone())
            .collect()
    }

    /// How much a word says: the rarer the more.
    pub(crate) fn rarity(&self, wanted: &Wanted) -> f64 {
        let (things, met) = (f64::from(self.things), f64::from(wanted.met));
        ((things - met + 0.5) / (met + 0.5) + 1.0).ln()
    }
}
