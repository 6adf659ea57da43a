//! Opening every sealed text of an event at once, wherever it stands in the data.

use contracts::sealed::{KeyId, Sealed};
use serde_json::Value;

use crate::keyring::{Keyring, SealingError};

/// What stands in the place of words whose key was destroyed.
pub const ERASED: &str = "[erased]";

/// Replaces each sealed text in a JSON value by its words; what was erased says so as `erased` puts it, where that knows
/// of it; what does not open is marked.
pub async fn open_json(
    keyring: &Keyring,
    value: &mut Value,
    erased: impl Fn(KeyId) -> Option<String> + Send,
) -> Result<(), SealingError> {
    let mut places = vec![value];
    while let Some(place) = places.pop() {
        match place {
            Value::Object(object) if object.contains_key("ciphertext") && object.contains_key("commitment") => {
                let sealed: Result<Sealed, _> = serde_json::from_value(Value::Object(object.clone()));
                if let Ok(sealed) = &sealed
                    && let Some(said) = erased(sealed.key)
                {
                    *place = Value::String(said);
                    continue;
                }
                let words = match sealed {
                    Ok(sealed) => match keyring.open_at_hand(&sealed) {
                        Some(opened) => opened,
                        None => keyring.open(&sealed).await,
                    },
                    Err(_) => Err(SealingError::NotOpened(crate::NotOpened)),
                };
                *place = match words {
                    Ok(words) => Value::String(words),
                    Err(SealingError::Erased(_)) => Value::String(ERASED.to_owned()),
                    Err(SealingError::NotOpened(_)) => Value::String("[unreadable]".to_owned()),
                    Err(error @ SealingError::Unavailable(_)) => return Err(error),
                };
            }
            Value::Object(object) => places.extend(object.values_mut()),
            Value::Array(array) => places.extend(array.iter_mut()),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    Ok(())
}
