//! Text as people type it, held to a length and freed of what no page or database can carry.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// At most `MAX` characters, at least one that is not blank; control characters other than line ends and tabs are
/// dropped, line ends are `\n`, blanks around it are gone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Text<const MAX: usize>(String);

/// One line, such as a title.
pub type Line = Text<200>;
/// A few sentences: one field of a tension, a question, an answer.
pub type Passage = Text<4000>;

/// Why a text was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAText {
    /// Nothing but blanks.
    #[error("is empty: one sentence is enough")]
    Empty,
    /// More than can be kept.
    #[error("is {length} characters long: please keep it under {max}")]
    TooLong {
        /// What was given, in characters.
        length: usize,
        /// What is allowed, in characters.
        max: usize,
    },
}

impl<const MAX: usize> Text<MAX> {
    /// Takes what was typed.
    pub fn new(typed: &str) -> Result<Self, NotAText> {
        let lines = typed.replace("\r\n", "\n").replace('\r', "\n");
        let kept: String = lines
            .chars()
            .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
            .filter(|c| !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'))
            .collect();
        let kept = kept.trim();
        let length = kept.chars().count();
        if length == 0 {
            return Err(NotAText::Empty);
        }
        if length > MAX {
            return Err(NotAText::TooLong { length, max: MAX });
        }
        Ok(Self(kept.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> fmt::Display for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Text<MAX> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl<const MAX: usize> JsonSchema for Text<MAX> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Text{MAX}").into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "minLength": 1, "maxLength": MAX})
    }
}

/// An optional field in which an empty text means that nothing was said, as forms send it.
pub fn blank_is_none<'de, D, const MAX: usize>(deserializer: D) -> Result<Option<Text<MAX>>, D::Error>
where
    D: serde::Deserializer<'de>,
{
    match Option::<String>::deserialize(deserializer)? {
        None => Ok(None),
        Some(typed) => match Text::new(&typed) {
            Ok(text) => Ok(Some(text)),
            Err(NotAText::Empty) => Ok(None),
            Err(error) => Err(serde::de::Error::custom(error)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cleaned_and_bounded() {
        assert_eq!(
            Text::<10>::new(" a\r\nb\u{0}\u{202e} ").map(|t| t.0),
            Ok("a\nb".to_owned())
        );
        assert_eq!(Text::<10>::new("\u{0} \n"), Err(NotAText::Empty));
        assert_eq!(Text::<2>::new("äöü"), Err(NotAText::TooLong { length: 3, max: 2 }));
    }
}
