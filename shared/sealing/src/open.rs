//! Opening every sealed text of an event at once, wherever it stands in the data.

use contracts::sealed::{KeyId, texts_in};
use serde_json::Value;

use crate::keyring::{Keyring, SealingError};

/// What stands in the place of words whose key was destroyed.
pub const ERASED: &str = "[erased]";

/// A text that was opened where it stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedText {
    /// Its field, as [`texts_in`] names it.
    pub field: String,
    /// The key that it is sealed under.
    pub key: KeyId,
    /// What stands in its place now.
    pub words: String,
}

/// Replaces each sealed text in a JSON value by its words, and tells which they were; what was erased says so as `erased`
/// puts it, where that knows of it; what does not open is marked.
pub async fn open_json(
    keyring: &Keyring,
    value: &mut Value,
    erased: impl Fn(KeyId) -> Option<String> + Send,
) -> Result<Vec<OpenedText>, SealingError> {
    let mut opened = Vec::new();
    for (field, sealed) in texts_in(value) {
        let words = match erased(sealed.key) {
            Some(said) => said,
            None => match keyring.open(&sealed).await {
                Ok(words) => words,
                Err(SealingError::Erased(_)) => ERASED.to_owned(),
                Err(SealingError::NotOpened(_)) => "[unreadable]".to_owned(),
                Err(error @ SealingError::Unavailable(_)) => return Err(error),
            },
        };
        // Names of fields are words of ours: none needs escaping. A text that is the whole value stands at no field.
        let path = if field.is_empty() {
            String::new()
        } else {
            format!("/{field}")
        };
        if let Some(place) = value.pointer_mut(&path) {
            *place = Value::String(words.clone());
        }
        opened.push(OpenedText {
            field,
            key: sealed.key,
            words,
        });
    }
    Ok(opened)
}
