//! One field of a form.

use std::borrow::Cow;

use askama::Template;
use askama::filters::HtmlSafe;
use serde_json::{Value, json};

use super::Typed;

/// One field of a form.
#[derive(Debug, Clone, Template)]
#[template(path = "parts/field.html")]
pub(in crate::pages) struct Field {
    /// Where its value goes in the command's body, such as `reach.students`; its name in the form.
    pub path: Cow<'static, str>,
    /// Its id on the page.
    pub id: String,
    pub label: String,
    pub hint: String,
    pub input: Input,
    pub shape: Shape,
    pub value: String,
    pub error: Option<String>,
    /// What to say when it is left out; none where it may be.
    pub needed: Option<&'static str>,
    /// The most characters it takes.
    pub longest: usize,
    /// What stands there already: sent only where it was changed.
    pub before: Option<String>,
    /// Whether it stands under a line that opens.
    pub tucked: bool,
    /// Words that it can begin with.
    pub ready: Vec<Ready>,
}

impl HtmlSafe for Field {}

/// Words that a field can begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::pages) struct Ready {
    /// Where they stand in it already, for whoever has no scripts.
    pub href: String,
    pub title: String,
    pub text: String,
}

/// How it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::pages) enum Input {
    Hidden,
    Line,
    Secret,
    Passage { rows: u8 },
    Number,
    Day,
    Pick(Vec<Choice>),
    Radios(Vec<Choice>),
    Ticks(Vec<Choice>),
}

/// What it becomes in the command's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pages) enum Shape {
    Text,
    Number,
    Flag,
    /// Every box ticked.
    Many,
    /// One line, cut at commas.
    Words,
    /// For the page itself; not sent on.
    Aside,
}

/// One of several.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::pages) struct Choice {
    pub value: String,
    pub label: String,
    pub hint: String,
    pub chosen: bool,
}

impl Choice {
    /// A choice by value and words.
    pub(in crate::pages) fn new(value: impl ToString, label: impl Into<String>) -> Self {
        Self {
            value: value.to_string(),
            label: label.into(),
            hint: String::new(),
            chosen: false,
        }
    }

    /// With a line of explanation.
    pub(in crate::pages) fn hint(self, hint: &str) -> Self {
        Self {
            hint: hint.to_owned(),
            ..self
        }
    }
}

impl Field {
    fn new(path: impl Into<Cow<'static, str>>, label: &str, input: Input, shape: Shape) -> Self {
        let path = path.into();
        Self {
            id: path.replace('.', "-"),
            path,
            label: label.to_owned(),
            hint: String::new(),
            input,
            shape,
            value: String::new(),
            error: None,
            needed: None,
            longest: 0,
            before: None,
            tucked: false,
            ready: Vec::new(),
        }
    }

    /// One line of text.
    pub(in crate::pages) fn line(path: impl Into<Cow<'static, str>>, label: &str) -> Self {
        Self {
            longest: 200,
            ..Self::new(path, label, Input::Line, Shape::Text)
        }
    }

    /// A few sentences.
    pub(in crate::pages) fn passage(path: impl Into<Cow<'static, str>>, label: &str) -> Self {
        Self {
            longest: 4000,
            ..Self::new(path, label, Input::Passage { rows: 4 }, Shape::Text)
        }
    }

    /// A whole number.
    pub(in crate::pages) fn number(path: impl Into<Cow<'static, str>>, label: &str) -> Self {
        Self::new(path, label, Input::Number, Shape::Number)
    }

    /// One line that is not shown as it is typed, nor kept.
    pub(in crate::pages) fn secret(path: impl Into<Cow<'static, str>>, label: &str) -> Self {
        Self {
            longest: 500,
            ..Self::new(path, label, Input::Secret, Shape::Text)
        }
    }

    /// A day.
    pub(in crate::pages) fn day(path: impl Into<Cow<'static, str>>, label: &str) -> Self {
        Self::new(path, label, Input::Day, Shape::Text)
    }

    /// One of a list that drops down.
    pub(in crate::pages) fn pick(path: impl Into<Cow<'static, str>>, label: &str, choices: Vec<Choice>) -> Self {
        Self::new(path, label, Input::Pick(choices), Shape::Text)
    }

    /// One of a few that all stand there.
    pub(in crate::pages) fn radios(path: impl Into<Cow<'static, str>>, label: &str, choices: Vec<Choice>) -> Self {
        Self::new(path, label, Input::Radios(choices), Shape::Text)
    }

    /// Any of a few.
    pub(in crate::pages) fn ticks(path: impl Into<Cow<'static, str>>, label: &str, choices: Vec<Choice>) -> Self {
        Self::new(path, label, Input::Ticks(choices), Shape::Many)
    }

    /// What the form carries.
    pub(in crate::pages) fn hidden(path: impl Into<Cow<'static, str>>, value: impl ToString, shape: Shape) -> Self {
        Self {
            value: value.to_string(),
            ..Self::new(path, "", Input::Hidden, shape)
        }
    }

    /// With a line of explanation.
    pub(in crate::pages) fn hint(self, hint: &str) -> Self {
        Self {
            hint: hint.to_owned(),
            ..self
        }
    }

    /// It must be filled in; `message` says how little is enough.
    pub(in crate::pages) fn needed(self, message: &'static str) -> Self {
        Self {
            needed: Some(message),
            ..self
        }
    }

    /// It becomes something else than its input would.
    pub(in crate::pages) fn shape(self, shape: Shape) -> Self {
        Self { shape, ..self }
    }

    /// With this many lines of room.
    pub(in crate::pages) fn rows(self, rows: u8) -> Self {
        Self {
            input: Input::Passage { rows },
            ..self
        }
    }

    /// With a value to begin with.
    pub(in crate::pages) fn value(mut self, value: impl ToString) -> Self {
        self.choose(&[&value.to_string()]);
        self.value = value.to_string();
        self
    }

    /// With what stands there already, sent only where it is changed.
    pub(in crate::pages) fn before(self, value: Option<&str>) -> Self {
        let value = value.unwrap_or_default();
        Self {
            before: Some(value.to_owned()),
            ..self.value(value)
        }
    }

    /// Puts back what was typed, but for what is secret. What the form carries stays as it is now.
    pub(in crate::pages) fn fill(&mut self, typed: &Typed) {
        if matches!(self.input, Input::Hidden | Input::Secret) {
            return;
        }
        typed.get(&self.path).clone_into(&mut self.value);
        let path = self.path.clone();
        let chosen: Vec<&str> = typed.all(&path).collect();
        self.choose(&chosen);
    }

    fn choose(&mut self, values: &[&str]) {
        match &mut self.input {
            Input::Pick(choices) | Input::Radios(choices) | Input::Ticks(choices) => {
                for choice in choices {
                    choice.chosen = values.contains(&choice.value.as_str());
                }
            }
            Input::Hidden | Input::Line | Input::Secret | Input::Passage { .. } | Input::Number | Input::Day => {}
        }
    }

    /// What was typed into it, as JSON; nothing where it was left out or not changed.
    pub(super) fn value_of(&self, typed: &Typed) -> Result<Option<Value>, &'static str> {
        if self.shape == Shape::Many {
            let ticked: Vec<&str> = typed.all(&self.path).filter(|value| !value.is_empty()).collect();
            return Ok((!ticked.is_empty()).then(|| json!(ticked)));
        }
        let Some(text) = typed.some(&self.path) else {
            return Ok(None);
        };
        if self.before.as_deref().is_some_and(|before| same_text(before, text)) {
            return Ok(None);
        }
        Ok(Some(match self.shape {
            Shape::Text => json!(text),
            Shape::Number => json!(text.parse::<u64>().map_err(|_| "must be a whole number, such as 30")?),
            Shape::Flag => json!(text == "true"),
            Shape::Words => {
                let words = text.split([',', ';']).map(str::trim).filter(|word| !word.is_empty());
                json!(words.collect::<Vec<&str>>())
            }
            Shape::Many | Shape::Aside => return Ok(None),
        }))
    }
}

/// Browsers send line ends as `\r\n` whatever stood there.
fn same_text(before: &str, typed: &str) -> bool {
    before.trim() == typed.replace("\r\n", "\n")
}
