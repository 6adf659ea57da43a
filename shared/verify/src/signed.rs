//! Signed checkpoints and the keys that check them (C2SP signed-note, tlog-checkpoint).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest, Sha256};

use crate::tree::Node;

/// A note is a handful of lines; what is longer is none.
const NOTE_BYTES_MAX: usize = 16 * 1024;

/// A key, as `name+id+base64` states it.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    name: String,
    id: [u8; 4],
    public: VerifyingKey,
}

/// Why a key or a checkpoint cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadNote {
    /// Not a key.
    #[error("{0:?} is no key: it must read name+id+base64, with an Ed25519 key whose id fits")]
    Key(String),
    /// Not a checkpoint.
    #[error("this is no checkpoint: {0}")]
    Form(&'static str),
    /// A known key did not sign this.
    #[error("the signature by {0} does not fit: the checkpoint was altered, or signed by somebody else")]
    Signature(String),
    /// No known key signed it.
    #[error("no key that is known has signed it; it is signed by {0}")]
    Unknown(String),
}

impl Key {
    pub(crate) fn read(text: &str) -> Result<Self, BadNote> {
        let bad = || BadNote::Key(text.to_owned());
        let mut parts = text.trim().splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(bad());
        };
        let key = BASE64.decode(key).map_err(|_| bad())?;
        let Some((1, public)) = key.split_first() else {
            return Err(bad());
        };
        let public: [u8; 32] = public.try_into().map_err(|_| bad())?;
        let mut digest = Sha256::new();
        digest.update(name.as_bytes());
        digest.update([b'\n', 1]);
        digest.update(public);
        let digest = digest.finalize();
        let computed = [digest[0], digest[1], digest[2], digest[3]];
        if name.is_empty() || u32::from_str_radix(id, 16) != Ok(u32::from_be_bytes(computed)) {
            return Err(bad());
        }
        Ok(Self {
            name: name.to_owned(),
            id: computed,
            public: VerifyingKey::from_bytes(&public).map_err(|_| bad())?,
        })
    }
}

/// What a checkpoint states, once a known key has signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Checkpoint {
    pub(crate) origin: String,
    pub(crate) size: u64,
    pub(crate) root: Node,
    /// By whom.
    pub(crate) signed_by: String,
}

impl Checkpoint {
    /// Reads a note; at least one known key must have signed it, and none that is known may have a signature that does
    /// not fit.
    pub(crate) fn read(note: &str, keys: &[Key]) -> Result<Self, BadNote> {
        if note.len() > NOTE_BYTES_MAX {
            return Err(BadNote::Form("it is too long"));
        }
        let (text, signatures) = note.split_once("\n\n").ok_or(BadNote::Form("it is not signed"))?;
        let signed = format!("{text}\n");
        let mut lines = text.split('\n');
        let origin = lines
            .next()
            .filter(|line| !line.is_empty())
            .ok_or(BadNote::Form("it has no origin"))?;
        let size_text = lines.next().ok_or(BadNote::Form("it has no size"))?;
        let size: u64 = size_text.parse().map_err(|_| BadNote::Form("its size is no number"))?;
        if size.to_string() != size_text {
            return Err(BadNote::Form("its size is not written as it must be"));
        }
        let root = lines.next().ok_or(BadNote::Form("it has no root"))?;
        let root = BASE64.decode(root).ok().and_then(|root| Node::try_from(root).ok());
        let root = root.ok_or(BadNote::Form("its root is no hash"))?;
        if !signatures.ends_with('\n') {
            return Err(BadNote::Form("its last line does not end"));
        }
        let (mut signed_by, mut others) = (None, Vec::new());
        for line in signatures.lines() {
            let (name, id, signature) = signature(line).ok_or(BadNote::Form("a signature cannot be read"))?;
            let known = keys.iter().find(|key| key.name == name && key.id == id);
            let Some(key) = known else {
                others.push(name);
                continue;
            };
            let fits = Signature::from_slice(&signature)
                .is_ok_and(|signature| key.public.verify_strict(signed.as_bytes(), &signature).is_ok());
            if !fits {
                return Err(BadNote::Signature(name));
            }
            signed_by.get_or_insert(name);
        }
        let signed_by = signed_by.ok_or_else(|| BadNote::Unknown(others.join(", ")))?;
        Ok(Self {
            origin: origin.to_owned(),
            size,
            root,
            signed_by,
        })
    }
}

fn signature(line: &str) -> Option<(String, [u8; 4], Vec<u8>)> {
    let (name, signature) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
    let bytes = BASE64.decode(signature).ok()?;
    let (id, signature) = bytes.split_at_checked(4)?;
    Some((name.to_owned(), id.try_into().ok()?, signature.to_vec()))
}
