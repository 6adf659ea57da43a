//! What was typed, as it came: kept whatever is wrong with it.

/// The pairs of a form or of an address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::pages) struct Typed(Vec<(String, String)>);

impl From<Vec<(String, String)>> for Typed {
    fn from(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }
}

impl Typed {
    /// The value of a field; empty where there is none.
    pub(in crate::pages) fn get(&self, name: &str) -> &str {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map_or("", |(_, value)| value)
    }

    /// The value of a field where something stands in it.
    pub(in crate::pages) fn some(&self, name: &str) -> Option<&str> {
        Some(self.get(name).trim()).filter(|value| !value.is_empty())
    }

    /// A value that can be read as what it should be.
    pub(in crate::pages) fn read<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.some(name)?.parse().ok()
    }

    /// Every value of a field that may be ticked more than once.
    pub(in crate::pages) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether a field was sent at all.
    pub(in crate::pages) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    /// What a person wrote, without what the form itself carries; for showing it again.
    pub(in crate::pages) fn written(&self) -> Vec<(String, String)> {
        let carried = [
            "csrf",
            "key",
            "version",
            "episode",
            "revision",
            "door",
            "next",
            "person",
            "regarding",
            "sure",
            "password",
            "code",
            "client_secret",
        ];
        let written = |(name, value): &&(String, String)| !carried.contains(&name.as_str()) && !value.trim().is_empty();
        self.0.iter().filter(written).cloned().collect()
    }

    /// Every pair but those of some names.
    pub(in crate::pages) fn pairs_without(&self, names: &[&str]) -> Vec<(String, String)> {
        let kept = self.0.iter().filter(|(name, _)| !names.contains(&name.as_str()));
        kept.cloned().collect()
    }

    /// As the query of an address, with `name` set to `value` or, where that is empty, left out.
    pub(in crate::pages) fn query_with(&self, name: &str, value: &str) -> String {
        let set = (!value.is_empty()).then(|| (name.to_owned(), value.to_owned()));
        let kept = self
            .0
            .iter()
            .filter(|(known, value)| known != name && !value.is_empty())
            .cloned();
        let pairs: Vec<String> = kept
            .chain(set)
            .map(|(name, value)| format!("{}={}", escaped(&name), escaped(&value)))
            .collect();
        format!("?{}", pairs.join("&"))
    }

    /// From pairs.
    #[cfg(any(test, debug_assertions))]
    pub(in crate::pages) fn of(pairs: &[(&str, &str)]) -> Self {
        Self(
            pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        )
    }
}

/// As it may stand in the query of an address.
pub(in crate::pages) fn escaped(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes()
        .fold(String::with_capacity(text.len()), |mut escaped, byte| {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                escaped.push(char::from(byte));
            } else {
                let _ = write!(escaped, "%{byte:02X}");
            }
            escaped
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_keeps_the_rest() {
        let typed = Typed::of(&[("q", "seat time & bells"), ("state", ""), ("cursor", "old")]);
        assert_eq!(
            typed.query_with("cursor", "new"),
            "?q=seat%20time%20%26%20bells&cursor=new"
        );
        assert_eq!(typed.query_with("cursor", ""), "?q=seat%20time%20%26%20bells");
    }
}
