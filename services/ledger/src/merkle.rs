//! The tree over a ledger's entries: RFC 6962 (section 2.1), kept as C2SP's tlog-tiles lays it out.
//!
//! What is stored are the hashes of entries (level 0) and, at every eighth level above them, the hashes of complete
//! subtrees. Everything else is computed from these.

use sha2::{Digest, Sha256};

/// A node of the tree.
pub(crate) type Hash = [u8; 32];

/// How many levels of the tree one level of tiles spans.
pub(crate) const TILE_HEIGHT: u32 = 8;

/// The hash of an entry.
pub(crate) fn of_leaf(data: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(data).finalize().into()
}

/// The hash over two nodes.
pub(crate) fn of_pair(left: &Hash, right: &Hash) -> Hash {
    Sha256::new()
        .chain_update([1])
        .chain_update(left)
        .chain_update(right)
        .finalize()
        .into()
}

/// The root over nothing.
pub(crate) fn of_nothing() -> Hash {
    Sha256::digest([]).into()
}

/// A complete subtree: the entries from `index << height` on, `1 << height` of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Complete {
    pub(crate) height: u32,
    pub(crate) index: u64,
}

impl Complete {
    /// The stored hashes from which it is computed: level of tiles, the first, how many.
    pub(crate) fn stored(self) -> (u32, u64, u64) {
        let within = self.height % TILE_HEIGHT;
        (self.height / TILE_HEIGHT, self.index << within, 1 << within)
    }

    /// Its hash, from those.
    pub(crate) fn hash(stored: &[Hash]) -> Hash {
        match stored {
            [] => of_nothing(),
            [one] => *one,
            more => {
                let (left, right) = more.split_at(more.len() / 2);
                of_pair(&Self::hash(left), &Self::hash(right))
            }
        }
    }
}

/// The complete subtrees that the entries from `from` to `to` fall into, left to right. `from` is where a subtree of
/// the RFC's begins.
fn pieces(from: u64, to: u64) -> Vec<Complete> {
    let mut pieces = Vec::new();
    let mut at = from;
    while at < to {
        let height = (to - at).ilog2();
        pieces.push(Complete {
            height,
            index: at >> height,
        });
        at += 1 << height;
    }
    pieces
}

/// Complete subtrees side by side, as one.
pub(crate) fn join(hashes: &[Hash]) -> Hash {
    match hashes.split_last() {
        None => of_nothing(),
        Some((last, before)) => before.iter().rev().fold(*last, |right, left| of_pair(left, &right)),
    }
}

/// The subtrees under the root of a tree of so many entries; joined, they are the root.
pub(crate) fn under_root(size: u64) -> Vec<Complete> {
    pieces(0, size)
}

/// What proves that an entry is in a tree of so many: for each node of the proof, from the entry's sibling up, the
/// subtrees that are joined in it. Nothing where the tree has no such entry.
pub(crate) fn inclusion(index: u64, size: u64) -> Option<Vec<Vec<Complete>>> {
    if index >= size {
        return None;
    }
    let mut proof = Vec::new();
    let (mut from, mut to) = (0, size);
    while to - from > 1 {
        // The largest power of two that is smaller than what is there.
        let split = from + (1 << (to - from - 1).ilog2());
        if index < split {
            proof.push(pieces(split, to));
            to = split;
        } else {
            proof.push(pieces(from, split));
            from = split;
        }
    }
    proof.reverse();
    Some(proof)
}

/// The right edge of a growing tree: the complete subtrees under its root.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Edge {
    size: u64,
    /// The largest first.
    complete: Vec<(u32, Hash)>,
}

/// A hash to be stored beside those of entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stored {
    /// The level of tiles, 1 or more.
    pub(crate) level: u32,
    /// Its place there.
    pub(crate) index: u64,
    /// The hash.
    pub(crate) hash: Hash,
}

impl Edge {
    /// The edge of a tree of so many entries, from the hashes of [`under_root`].
    pub(crate) fn new(size: u64, hashes: &[Hash]) -> Self {
        let complete = under_root(size)
            .into_iter()
            .zip(hashes)
            .map(|(complete, hash)| (complete.height, *hash))
            .collect();
        Self { size, complete }
    }

    /// How many entries there are.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// The root.
    pub(crate) fn root(&self) -> Hash {
        let hashes: Vec<Hash> = self.complete.iter().map(|(_, hash)| *hash).collect();
        join(&hashes)
    }

    /// Adds an entry by its hash; `store` gets what is to be kept besides.
    pub(crate) fn push(&mut self, leaf: Hash, mut store: impl FnMut(Stored)) {
        self.size += 1;
        let mut node = (0, leaf);
        while self.complete.last().is_some_and(|(height, _)| *height == node.0) {
            if let Some((height, left)) = self.complete.pop() {
                node = (height + 1, of_pair(&left, &node.1));
                if node.0.is_multiple_of(TILE_HEIGHT) {
                    store(Stored {
                        level: node.0 / TILE_HEIGHT,
                        index: (self.size >> node.0) - 1,
                        hash: node.1,
                    });
                }
            }
        }
        self.complete.push(node);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    /// The RFC's definition, word for word.
    fn defined(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => of_nothing(),
            [one] => *one,
            more => {
                let mut split = 1;
                while split * 2 < more.len() {
                    split *= 2;
                }
                of_pair(&defined(&more[..split]), &defined(&more[split..]))
            }
        }
    }

    fn leaf(index: u64) -> Hash {
        of_leaf(&index.to_be_bytes())
    }

    struct Tree {
        edge: Edge,
        leaves: Vec<Hash>,
        stored: HashMap<(u32, u64), Hash>,
    }

    fn tree(size: u64) -> Tree {
        let mut tree = Tree {
            edge: Edge::default(),
            leaves: (0..size).map(leaf).collect(),
            stored: HashMap::new(),
        };
        for (index, leaf) in tree.leaves.iter().enumerate() {
            tree.stored.insert((0, index as u64), *leaf);
            tree.edge.push(*leaf, |stored| {
                tree.stored.insert((stored.level, stored.index), stored.hash);
            });
        }
        tree
    }

    impl Tree {
        fn hash(&self, complete: Complete) -> Hash {
            let (level, first, count) = complete.stored();
            let stored: Vec<Hash> = (first..first + count)
                .map(|index| self.stored[&(level, index)])
                .collect();
            Complete::hash(&stored)
        }

        fn hashes(&self, pieces: &[Complete]) -> Vec<Hash> {
            pieces.iter().map(|piece| self.hash(*piece)).collect()
        }
    }

    #[test]
    fn the_root_is_the_rfcs() {
        for size in [0, 1, 2, 3, 5, 8, 255, 256, 257, 300, 511, 512, 1000] {
            let tree = tree(size);
            assert_eq!(tree.edge.root(), defined(&tree.leaves), "{size}");
            let again = Edge::new(size, &tree.hashes(&under_root(size)));
            assert_eq!(again, tree.edge, "{size}");
        }
    }

    #[test]
    fn at_every_eighth_level_each_complete_subtree_is_stored_once() {
        let tree = tree(66_000);
        let mut stored: Vec<(u32, u64)> = tree.stored.keys().copied().filter(|(level, _)| *level > 0).collect();
        stored.sort_unstable();
        let wanted: Vec<(u32, u64)> = (0..257).map(|index| (1, index)).chain([(2, 0)]).collect();
        assert_eq!(stored, wanted);
        assert_eq!(tree.stored[&(2, 0)], defined(&tree.leaves[..65_536]));
    }

    #[test]
    fn a_proof_of_inclusion_leads_to_the_root() {
        for size in [1_u64, 2, 3, 7, 8, 256, 257, 700] {
            let tree = tree(size);
            for index in (0..size).filter(|index| index % 13 == 0 || index + 3 > size) {
                let proof: Vec<Hash> = inclusion(index, size)
                    .expect("it is there")
                    .iter()
                    .map(|pieces| join(&tree.hashes(pieces)))
                    .collect();
                assert_eq!(
                    led_to(index, size, leaf(index), &proof),
                    tree.edge.root(),
                    "{index} of {size}"
                );
            }
        }
        assert_eq!(inclusion(3, 3), None);
    }

    /// RFC 9162, section 2.1.3.2.
    fn led_to(index: u64, size: u64, leaf: Hash, proof: &[Hash]) -> Hash {
        let (mut at, mut last, mut hash) = (index, size - 1, leaf);
        for sibling in proof {
            assert!(last > 0);
            if at % 2 == 1 || at == last {
                hash = of_pair(sibling, &hash);
                while at % 2 == 0 && at != 0 {
                    at >>= 1;
                    last >>= 1;
                }
            } else {
                hash = of_pair(&hash, sibling);
            }
            at >>= 1;
            last >>= 1;
        }
        assert_eq!(last, 0);
        hash
    }
}
