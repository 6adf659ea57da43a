//! How free text and people's names stand in events: encrypted, with a commitment that outlives the key.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Names one sealing key: the pool it was made in and its place there. Written `<pool uuid>.<slot>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId {
    /// The pool of keys, one entry of the key store.
    pub pool: Uuid,
    /// The place within the pool.
    pub slot: u8,
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.pool.simple(), self.slot)
    }
}

impl std::str::FromStr for KeyId {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("{text:?} is not a key's name");
        let (pool, slot) = text.split_once('.').ok_or_else(wrong)?;
        Ok(Self {
            pool: Uuid::parse_str(pool).map_err(|_| wrong())?,
            slot: slot.parse().map_err(|_| wrong())?,
        })
    }
}

impl Serialize for KeyId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for KeyId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for KeyId {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "KeyId".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "description": "A sealing key: <pool uuid>.<slot>"})
    }
}

/// A sealed text: XChaCha20-Poly1305 under the key named, and a commitment to the text and its salt.
///
/// `commitment = SHA-256("loopline/commit/v1" 0x00 salt[32] text)`; the salt stands before the text inside the
/// ciphertext. Destroying the key erases the words and leaves the log whole; disclosing text and salt proves a field.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Sealed {
    /// The key it is sealed under.
    pub key: KeyId,
    /// 24 bytes, base64.
    pub nonce: String,
    /// Salt and text, encrypted; base64.
    pub ciphertext: String,
    /// 32 bytes, base64.
    pub commitment: String,
}

/// Every sealed text in a JSON value, by the names of the fields that lead to it with slashes between them, in the order
/// of their names.
pub fn texts_in(value: &serde_json::Value) -> Vec<(String, Sealed)> {
    let mut found = Vec::new();
    let mut places = vec![(String::new(), value)];
    while let Some((path, value)) = places.pop() {
        let within = |name: &str| match path.as_str() {
            "" => name.to_owned(),
            path => format!("{path}/{name}"),
        };
        match value {
            serde_json::Value::Object(fields) => match Sealed::deserialize(value) {
                Ok(sealed) => found.push((path, sealed)),
                Err(_) => places.extend(fields.iter().map(|(name, value)| (within(name), value))),
            },
            serde_json::Value::Array(items) => {
                places.extend(
                    items
                        .iter()
                        .enumerate()
                        .map(|(nth, value)| (within(&nth.to_string()), value)),
                );
            }
            serde_json::Value::Null
            | serde_json::Value::Bool(_)
            | serde_json::Value::Number(_)
            | serde_json::Value::String(_) => {}
        }
    }
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_wherever_they_stand_and_named_by_where() {
        let sealed = |slot| Sealed {
            key: KeyId {
                pool: Uuid::from_u128(1),
                slot,
            },
            nonce: "AAAA".to_owned(),
            ciphertext: "BBBB".to_owned(),
            commitment: "CCCC".to_owned(),
        };
        let data = serde_json::json!({
            "title": sealed(1), "promise": {"conditions": sealed(2), "zone": null}, "parts": [sealed(3)], "kind": "policy",
        });
        let found: Vec<(String, u8)> = texts_in(&data)
            .into_iter()
            .map(|(place, text)| (place, text.key.slot))
            .collect();
        let expected = [("parts/0", 3), ("promise/conditions", 2), ("title", 1)];
        assert_eq!(found, expected.map(|(place, slot)| (place.to_owned(), slot)));
    }
}
