//! All chance of a world: from its seed, and from nowhere else.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Dice that fall the same for the same seed.
#[derive(Debug)]
pub struct Dice {
    random: StdRng,
}

impl Dice {
    /// Dice of a seed; `of` keeps several apart.
    pub fn new(seed: u64, of: u64) -> Self {
        Self {
            random: StdRng::seed_from_u64(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(of)),
        }
    }

    /// A number below `n`; 0 where `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        if n == 0 { 0 } else { self.random.random_range(0..n) }
    }

    /// A number from `from` up to `to`, both included.
    pub fn between(&mut self, from: i64, to: i64) -> i64 {
        self.random.random_range(from..=to)
    }

    /// Whether something of this share of 1000 comes about.
    pub fn chance(&mut self, per_mille: u32) -> bool {
        per_mille > 0 && self.random.random_range(0..1000) < per_mille
    }

    /// One of several; nothing where there is none.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.below(from.len()))
    }

    /// One of several by weight; nothing where all weigh nothing.
    pub fn weighted<T: Copy>(&mut self, from: &[(T, u32)]) -> Option<T> {
        let total: u32 = from.iter().map(|(_, weight)| weight).sum();
        if total == 0 {
            return None;
        }
        let mut left = self.random.random_range(0..total);
        for (one, weight) in from {
            if left < *weight {
                return Some(*one);
            }
            left -= weight;
        }
        None
    }
}
