//! Checkpoints: what a ledger is at a size, signed (C2SP signed-note and tlog-checkpoint), and receipts
//! (tlog-proof).

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::{Signer as _, SigningKey};
use hkdf::Hkdf;
use sha2::{Digest, Sha256};

use crate::merkle::Hash;

/// The kind of signature: Ed25519, by the log itself.
const ED25519: u8 = 1;
/// Keys that sign: the newest, and the one before it, so that whoever knows only that one can follow.
const SIGNING: usize = 2;

/// Keys that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the ledger's key file holds no key: each line that is not empty must be 32 bytes in base64")]
pub struct NoKey;

/// The installation's secrets, from which each district's signing key follows.
///
/// Each line of the key file is one secret; the last is in force. The first gives the installation its name, so that
/// a ledger keeps its origin when the key is changed.
#[derive(Clone)]
pub struct Signer {
    secrets: Vec<[u8; 32]>,
    installation: String,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer")
            .field("installation", &self.installation)
            .finish_non_exhaustive()
    }
}

impl Signer {
    /// A signer from the text of its key file.
    pub fn from_text(text: &str) -> Result<Self, NoKey> {
        let secrets = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .map(|line| {
                let bytes = BASE64.decode(line).map_err(|_| NoKey)?;
                <[u8; 32]>::try_from(bytes).map_err(|_| NoKey)
            })
            .collect::<Result<Vec<_>, NoKey>>()?;
        let first = secrets.first().ok_or(NoKey)?;
        let digest = Sha256::new()
            .chain_update("loopline/installation/v1\0")
            .chain_update(SigningKey::from_bytes(first).verifying_key())
            .finalize();
        let installation = format!("loopline-{}", runtime::ids::hex(&digest[..5]));
        Ok(Self { secrets, installation })
    }

    /// The first line of every checkpoint of a district's ledger.
    pub(crate) fn origin(&self, district: &str) -> String {
        format!("{}/{district}", self.installation)
    }

    /// Each secret's key for a district, the one in force first.
    fn keys(&self, origin: &str) -> impl Iterator<Item = SigningKey> {
        self.secrets.iter().rev().map(move |secret| {
            let mut seed = [0; 32];
            // 32 bytes are less than the most that can be asked for.
            let _ = Hkdf::<Sha256>::new(Some(b"loopline/ledger-key/v1"), secret).expand(origin.as_bytes(), &mut seed);
            SigningKey::from_bytes(&seed)
        })
    }

    /// The keys of a district's ledger as those who verify name them, the one in force first.
    pub(crate) fn verifier_keys(&self, district: &str) -> Vec<String> {
        let origin = self.origin(district);
        self.keys(&origin).map(|key| verifier_key(&origin, &key)).collect()
    }

    /// The checkpoint of a district's ledger at a size.
    pub(crate) fn checkpoint(&self, district: &str, size: u64, root: &Hash) -> String {
        let origin = self.origin(district);
        let text = format!("{origin}\n{size}\n{}\n", BASE64.encode(root));
        let mut note = format!("{text}\n");
        for key in self.keys(&origin).take(SIGNING) {
            let mut signature = key_id(&origin, &key).to_vec();
            signature.extend_from_slice(&key.sign(text.as_bytes()).to_bytes());
            // Writing into a string does not fail.
            let _ = writeln!(note, "\u{2014} {origin} {}", BASE64.encode(signature));
        }
        note
    }
}

fn key_id(name: &str, key: &SigningKey) -> [u8; 4] {
    let digest = Sha256::new()
        .chain_update(name)
        .chain_update([b'\n', ED25519])
        .chain_update(key.verifying_key())
        .finalize();
    [digest[0], digest[1], digest[2], digest[3]]
}

fn verifier_key(name: &str, key: &SigningKey) -> String {
    let public = [&[ED25519], key.verifying_key().as_bytes().as_slice()].concat();
    format!(
        "{name}+{:08x}+{}",
        u32::from_be_bytes(key_id(name, key)),
        BASE64.encode(public)
    )
}

/// A receipt: that the entry at an index is in what a checkpoint states. The entry travels with it as its extra data,
/// so that the receipt alone says what was recorded.
pub(crate) fn receipt(entry: &[u8], index: u64, proof: &[Hash], checkpoint: &str) -> String {
    let mut text = format!(
        "c2sp.org/tlog-proof@v1\nextra {}\nindex {index}\n",
        BASE64.encode(entry)
    );
    for hash in proof {
        text.push_str(&BASE64.encode(hash));
        text.push('\n');
    }
    text.push('\n');
    text.push_str(checkpoint);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::of_nothing;

    fn secret(byte: u8) -> String {
        BASE64.encode([byte; 32])
    }

    const DISTRICT: &str = "cedar-valley";

    #[test]
    fn a_file_without_a_key_is_refused() {
        assert_eq!(Signer::from_text(" \n").err(), Some(NoKey));
        assert_eq!(Signer::from_text("AAAA").err(), Some(NoKey));
    }

    #[test]
    fn a_ledger_keeps_its_origin_when_the_key_is_changed() {
        let before = Signer::from_text(&secret(1)).expect("a key");
        let after = Signer::from_text(&format!("{}\n{}\n", secret(1), secret(2))).expect("keys");
        assert_eq!(before.origin(DISTRICT), after.origin(DISTRICT));
        assert_eq!(before.verifier_keys(DISTRICT), after.verifier_keys(DISTRICT)[1..]);
        assert_eq!(
            after.checkpoint(DISTRICT, 0, &of_nothing()).matches('\u{2014}').count(),
            2
        );
    }

    #[test]
    fn districts_have_keys_of_their_own() {
        let signer = Signer::from_text(&secret(1)).expect("a key");
        assert_ne!(signer.verifier_keys(DISTRICT), signer.verifier_keys("oak-ridge"));
    }
}
