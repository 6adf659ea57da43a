//! The cryptography: XChaCha20-Poly1305 for texts and for keys, SHA-256 for commitments.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use contracts::sealed::{KeyId, Sealed};
use sha2::{Digest, Sha256};

/// Begins every commitment, so that it can never be mistaken for another digest.
const COMMITMENT_DOMAIN: &[u8] = b"loopline/commit/v1\0";
/// Binds a wrapped key to what it is.
const WRAP_DOMAIN: &[u8] = b"loopline/key/v1\0";
const SALT_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// A key for one loop's or one person's texts.
#[derive(Clone)]
pub struct SealingKey([u8; 32]);

impl std::fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealingKey")
    }
}

/// A sealed text that could not be opened: another key, or altered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sealed text does not open: it is not of this key, or was altered")]
pub struct NotOpened;

fn nonce(bytes: &[u8]) -> Result<XNonce, NotOpened> {
    <[u8; NONCE_BYTES]>::try_from(bytes)
        .map(XNonce::from)
        .map_err(|_| NotOpened)
}

impl SealingKey {
    /// A key from its bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Seals a text; `fresh` must be random and never used before.
    pub fn seal(&self, id: KeyId, text: &str, fresh: [u8; SALT_BYTES + NONCE_BYTES]) -> Sealed {
        let (salt, nonce_bytes) = fresh.split_at(SALT_BYTES);
        let mut plain = salt.to_vec();
        plain.extend_from_slice(text.as_bytes());
        let aad = id.to_string();
        let payload = Payload {
            msg: &plain,
            aad: aad.as_bytes(),
        };
        // Encrypting in memory fails only for texts of 256 GiB; the commitment alone would then stand.
        let ciphertext = nonce(nonce_bytes)
            .ok()
            .and_then(|nonce| XChaCha20Poly1305::new(&self.0.into()).encrypt(&nonce, payload).ok())
            .unwrap_or_default();
        Sealed {
            key: id,
            nonce: BASE64.encode(nonce_bytes),
            ciphertext: BASE64.encode(ciphertext),
            commitment: BASE64.encode(commitment(salt, text)),
        }
    }

    /// Opens a sealed text and checks it against its commitment.
    pub fn open(&self, sealed: &Sealed) -> Result<String, NotOpened> {
        self.open_with_salt(sealed).map(|(words, _)| words)
    }

    /// Opens a sealed text with its salt, in base64: who has both can show that this was written.
    pub fn open_with_salt(&self, sealed: &Sealed) -> Result<(String, String), NotOpened> {
        let nonce = nonce(&BASE64.decode(&sealed.nonce).map_err(|_| NotOpened)?)?;
        let ciphertext = BASE64.decode(&sealed.ciphertext).map_err(|_| NotOpened)?;
        let aad = sealed.key.to_string();
        let payload = Payload {
            msg: &ciphertext,
            aad: aad.as_bytes(),
        };
        let plain = XChaCha20Poly1305::new(&self.0.into())
            .decrypt(&nonce, payload)
            .map_err(|_| NotOpened)?;
        let (salt, text) = plain.split_at_checked(SALT_BYTES).ok_or(NotOpened)?;
        let text = std::str::from_utf8(text).map_err(|_| NotOpened)?;
        let holds = BASE64
            .decode(&sealed.commitment)
            .is_ok_and(|stated| stated == commitment(salt, text));
        if holds {
            Ok((text.to_owned(), BASE64.encode(salt)))
        } else {
            Err(NotOpened)
        }
    }
}

fn commitment(salt: &[u8], text: &str) -> [u8; 32] {
    Sha256::new()
        .chain_update(COMMITMENT_DOMAIN)
        .chain_update(salt)
        .chain_update(text)
        .finalize()
        .into()
}

/// The installation's key, under which sealing keys are kept.
#[derive(Clone)]
pub struct MasterKey([u8; 32]);

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey")
    }
}

impl MasterKey {
    /// A key from its bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads 32 bytes in base64.
    pub fn from_base64(text: &str) -> Result<Self, NotOpened> {
        let bytes = BASE64.decode(text.trim()).map_err(|_| NotOpened)?;
        bytes.try_into().map(Self).map_err(|_| NotOpened)
    }

    /// Wraps a sealing key: nonce, then ciphertext.
    pub fn wrap(&self, id: KeyId, key: &SealingKey, fresh: [u8; NONCE_BYTES]) -> Vec<u8> {
        let aad = [WRAP_DOMAIN, id.to_string().as_bytes()].concat();
        let payload = Payload { msg: &key.0, aad: &aad };
        let wrapped = XChaCha20Poly1305::new(&self.0.into())
            .encrypt(&XNonce::from(fresh), payload)
            .unwrap_or_default();
        [fresh.as_slice(), &wrapped].concat()
    }

    /// Unwraps a sealing key.
    pub fn unwrap(&self, id: KeyId, wrapped: &[u8]) -> Result<SealingKey, NotOpened> {
        let (fresh, wrapped) = wrapped.split_at_checked(NONCE_BYTES).ok_or(NotOpened)?;
        let aad = [WRAP_DOMAIN, id.to_string().as_bytes()].concat();
        let payload = Payload {
            msg: wrapped,
            aad: &aad,
        };
        let key = XChaCha20Poly1305::new(&self.0.into())
            .decrypt(&nonce(fresh)?, payload)
            .map_err(|_| NotOpened)?;
        key.try_into().map(SealingKey).map_err(|_| NotOpened)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn id(slot: u8) -> KeyId {
        KeyId {
            pool: Uuid::from_u128(7),
            slot,
        }
    }

    #[test]
    fn a_text_opens_under_its_key_and_no_other() {
        let key = SealingKey::new([1; 32]);
        let sealed = key.seal(id(1), "Seat time", [9; 56]);
        assert_eq!(key.open(&sealed), Ok("Seat time".to_owned()));
        assert_eq!(SealingKey::new([2; 32]).open(&sealed), Err(NotOpened));
    }

    #[test]
    fn the_commitment_is_as_documented() {
        // SHA-256("loopline/commit/v1" 0x00 salt text), computed elsewhere for salt 09 x 32 and "Seat time".
        let sealed = SealingKey::new([1; 32]).seal(id(1), "Seat time", [9; 56]);
        assert_eq!(sealed.commitment, "oEux0ySfpU9m4jIu8j0EFdRQQt+tb+TtNMFRnMOQq9c=");
    }

    #[test]
    fn altered_or_moved_texts_do_not_open() {
        let key = SealingKey::new([1; 32]);
        let sealed = key.seal(id(1), "Seat time", [9; 56]);
        assert_eq!(
            key.open(&Sealed {
                key: id(2),
                ..sealed.clone()
            }),
            Err(NotOpened)
        );
        let other = key.seal(id(1), "Another", [8; 56]);
        assert_eq!(
            key.open(&Sealed {
                commitment: other.commitment,
                ..sealed.clone()
            }),
            Err(NotOpened)
        );
        assert_eq!(
            key.open(&Sealed {
                nonce: "!".to_owned(),
                ..sealed
            }),
            Err(NotOpened)
        );
    }

    #[test]
    fn a_wrapped_key_is_bound_to_its_name() {
        let master = MasterKey::new([3; 32]);
        let wrapped = master.wrap(id(1), &SealingKey::new([1; 32]), [4; 24]);
        assert!(master.unwrap(id(1), &wrapped).is_ok());
        assert!(master.unwrap(id(2), &wrapped).is_err());
        assert!(MasterKey::new([5; 32]).unwrap(id(1), &wrapped).is_err());
        assert!(master.unwrap(id(1), &wrapped[..10]).is_err());
    }
}
