//! New identifiers, from a time that is given and the system's randomness.

use chrono::{DateTime, Utc};
use contracts::CommandId;
use rand::Rng;
use uuid::{Builder, Uuid};

/// A version-7 identifier.
pub fn time_ordered(at: DateTime<Utc>) -> Uuid {
    let mut random = [0; 10];
    rand::rng().fill_bytes(&mut random);
    Builder::from_unix_timestamp_millis(at.timestamp_millis().max(0).unsigned_abs(), &random).into_uuid()
}

/// The id of a command that came without a key.
pub fn new_command(at: DateTime<Utc>) -> CommandId {
    CommandId(time_ordered(at))
}

/// Bytes in hexadecimal: two characters a byte.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a text cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// Random bytes for secrets, in hexadecimal.
pub fn secret_hex(bytes: usize) -> String {
    let mut random = vec![0_u8; bytes];
    rand::rng().fill_bytes(&mut random);
    hex(&random)
}
