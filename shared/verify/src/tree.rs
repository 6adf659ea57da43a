//! RFC 6962's tree, as whoever checks it needs it: grown entry by entry, and a path checked to its root.

use sha2::{Digest, Sha256};

/// A node.
pub(crate) type Node = [u8; 32];

pub(crate) fn leaf(data: &[u8]) -> Node {
    let mut digest = Sha256::new();
    digest.update([0_u8]);
    digest.update(data);
    digest.finalize().into()
}

fn parent(left: &Node, right: &Node) -> Node {
    let mut digest = Sha256::new();
    digest.update([1_u8]);
    digest.update(left);
    digest.update(right);
    digest.finalize().into()
}

/// A tree that grows: one node for each bit of its size, the lowest first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Growing {
    size: u64,
    peaks: Vec<Option<Node>>,
}

impl Growing {
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn add(&mut self, leaf: Node) {
        let mut carried = leaf;
        for peak in &mut self.peaks {
            let Some(left) = peak.take() else {
                *peak = Some(carried);
                self.size += 1;
                return;
            };
            carried = parent(&left, &carried);
        }
        self.peaks.push(Some(carried));
        self.size += 1;
    }

    pub(crate) fn root(&self) -> Node {
        let mut peaks = self.peaks.iter().flatten();
        match peaks.next() {
            None => Sha256::digest([]).into(),
            Some(lowest) => peaks.fold(*lowest, |right, left| parent(left, &right)),
        }
    }
}

/// The root that a path leads to from a leaf at an index of a tree of so many; nothing where a path of this length
/// cannot belong there (RFC 9162, section 2.1.3.2).
pub(crate) fn root_by(index: u64, size: u64, leaf: Node, path: &[Node]) -> Option<Node> {
    if index >= size {
        return None;
    }
    let (mut at, mut last, mut node) = (index, size - 1, leaf);
    for sibling in path {
        if last == 0 {
            return None;
        }
        if at & 1 == 1 || at == last {
            node = parent(sibling, &node);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            node = parent(&node, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(node)
}
