//! Forms: what they ask for, what was typed into them, what was wrong with it, and the JSON they become.

mod field;
mod typed;

pub(super) use field::{Choice, Field, Ready, Shape};
pub(super) use typed::{Typed, escaped};

use askama::Template;
use askama::filters::HtmlSafe;
use contracts::problem::{FieldProblem, Problem};
use serde_json::{Map, Value};

use super::viewer::Viewer;

/// A form that becomes one command.
#[derive(Debug, Clone, Template)]
#[template(path = "parts/form.html")]
pub(super) struct Form {
    /// Its name on the page: the action's slug.
    pub name: String,
    /// Where it is sent.
    pub href: String,
    /// Its heading.
    pub legend: String,
    /// What happens when it is sent, in a sentence.
    pub lead: String,
    pub fields: Vec<Field>,
    /// The words on what opens the fields that are tucked away; empty where none are.
    pub more: &'static str,
    /// The words on its button.
    pub button: String,
    /// `usa-button--outline` and the like.
    pub button_class: &'static str,
    pub csrf: String,
    /// The idempotency key.
    pub key: String,
    /// Whether the heading is shown; under a `summary` it would stand there twice.
    pub headed: bool,
    pub problem: Option<Trouble>,
}

impl HtmlSafe for Form {}

/// What went wrong, at the top of a form or page.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(path = "parts/trouble.html")]
pub(super) struct Trouble {
    pub title: String,
    pub detail: String,
    /// Anchor and sentence of each field at fault.
    pub fields: Vec<(String, String)>,
    /// What others did meanwhile.
    pub since: Vec<String>,
}

impl HtmlSafe for Trouble {}

impl Trouble {
    /// Nothing wrong yet.
    pub(super) fn nothing() -> Self {
        Self {
            title: String::new(),
            detail: String::new(),
            fields: Vec::new(),
            since: Vec::new(),
        }
    }
}

impl Form {
    /// A form that is sent to `href`.
    pub(super) fn new(viewer: &Viewer, name: &str, href: String, legend: &str, button: &str) -> Self {
        Self {
            name: name.to_owned(),
            href,
            legend: legend.to_owned(),
            lead: String::new(),
            fields: Vec::new(),
            more: "",
            button: button.to_owned(),
            button_class: "",
            csrf: viewer.visitor.csrf.clone(),
            key: viewer.fresh_key(),
            headed: true,
            problem: None,
        }
    }

    /// Says what happens when it is sent.
    pub(super) fn lead(mut self, lead: &str) -> Self {
        lead.clone_into(&mut self.lead);
        self
    }

    /// Adds a field; ids are made unlike those of the page's other forms.
    pub(super) fn with(mut self, field: Field) -> Self {
        let id = format!("{}-{}", self.name, field.path.replace('.', "-"));
        self.fields.push(Field { id, ..field });
        self
    }

    /// Adds several fields.
    pub(super) fn with_all(self, fields: Vec<Field>) -> Self {
        fields.into_iter().fold(self, Self::with)
    }

    /// Adds fields that stand under a line that opens.
    pub(super) fn tucked(self, more: &'static str, fields: Vec<Field>) -> Self {
        let fields = fields.into_iter().map(|field| Field { tucked: true, ..field });
        let form = fields.fold(self, Self::with);
        Self { more, ..form }
    }

    /// Whether something was typed into the fields that are tucked away, or is wrong there.
    fn more_open(&self) -> bool {
        self.problem.is_some()
            && self
                .fields
                .iter()
                .any(|field| field.tucked && (field.error.is_some() || !field.value.is_empty()))
    }

    /// Adds a field where there is one.
    pub(super) fn with_some(self, field: Option<Field>) -> Self {
        match field {
            Some(field) => self.with(field),
            None => self,
        }
    }

    /// Puts back what was typed and says what was wrong with it. An attempt whose outcome is not known keeps its key,
    /// so that sending it again settles it.
    pub(super) fn refused(mut self, typed: &Typed, problem: &Problem, viewer: &Viewer) -> Self {
        for field in &mut self.fields {
            field.fill(typed);
        }
        if problem.status == 503 {
            typed.get("key").clone_into(&mut self.key);
        }
        self.problem = Some(blame(&mut self.fields, problem, viewer));
        self
    }
}

/// Says at each field what is wrong with it, and at the top what is wrong in all.
pub(super) fn blame(fields: &mut [Field], problem: &Problem, viewer: &Viewer) -> Trouble {
    let mut listed = Vec::new();
    for wrong in &problem.fields {
        if let Some(field) = fields.iter_mut().find(|field| field.path == wrong.field) {
            let message = at_field(&wrong.message);
            let completes = message.starts_with("This ");
            let label = field.label.trim_end_matches('?');
            let listing = if completes {
                format!("{label}: {}", wrong.message)
            } else {
                message.clone()
            };
            listed.push((field.id.clone(), listing));
            field.error = Some(message);
        }
    }
    let since = problem
        .since
        .iter()
        .map(|since| {
            let event = since
                .event
                .rsplit('.')
                .find(|part| !part.starts_with('v'))
                .unwrap_or(&since.event);
            format!(
                "{}: {}, {}",
                since.by.as_deref().unwrap_or("Somebody"),
                event.replace('_', " "),
                viewer.days.moment(since.time)
            )
        })
        .collect();
    let detail = if listed.is_empty() {
        super::words::sentence(&problem.detail)
    } else {
        String::new()
    };
    Trouble {
        title: problem.title.clone(),
        detail,
        fields: listed,
        since,
    }
}

/// A message that completes "<field> …", as it reads under the field.
fn at_field(message: &str) -> String {
    let completes = ["is ", "must ", "has ", "can ", "cannot ", "needs "]
        .iter()
        .any(|start| message.starts_with(start));
    if completes {
        format!("This {message}.")
    } else {
        super::words::sentence(message)
    }
}

/// The fields that must be filled in and are not.
pub(super) fn missing(fields: &[Field], typed: &Typed) -> Result<(), Problem> {
    let missing: Vec<FieldProblem> = fields
        .iter()
        .filter_map(|field| {
            // An empty word only keeps the line from saying that it may be left out.
            let needed = field.needed.filter(|needed| !needed.is_empty())?;
            let blank = typed.get(&field.path).trim().is_empty();
            blank.then(|| FieldProblem {
                field: field.path.to_string(),
                message: needed.to_owned(),
            })
        })
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Problem {
        title: "We can't send this yet".to_owned(),
        ..Problem::invalid("something is missing", missing)
    })
}

/// What was typed, as the body of a command: only what was filled in.
pub(super) fn body(fields: &[Field], typed: &Typed) -> Result<String, Problem> {
    let mut body = Map::new();
    let mut wrong = Vec::new();
    for field in fields {
        match field.value_of(typed) {
            Ok(None) => {}
            Ok(Some(value)) => put(&mut body, &field.path, value),
            Err(message) => {
                wrong.push(FieldProblem {
                    field: field.path.to_string(),
                    message: message.to_owned(),
                });
            }
        }
    }
    if wrong.is_empty() {
        return Ok(Value::Object(body).to_string());
    }
    Err(Problem {
        title: "We can't send this yet".to_owned(),
        ..Problem::invalid("something does not fit", wrong)
    })
}

/// Puts a value at a path such as `reach.students`.
fn put(body: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        None => {
            body.insert(path.to_owned(), value);
        }
        Some((outer, inner)) => {
            if let Value::Object(within) = body.entry(outer).or_insert_with(|| Value::Object(Map::new())) {
                put(within, inner, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_filled_in_is_sent() {
        let fields = [
            Field::line("title", "Title"),
            Field::passage("tried", "Tried"),
            Field::number("reach.students", "Students"),
            Field::line("grades", "Grades").shape(Shape::Words),
        ];
        let typed = Typed::of(&[
            ("title", "Bells"),
            ("tried", " "),
            ("reach.students", "30"),
            ("grades", "6, 7;8"),
        ]);
        assert_eq!(
            body(&fields, &typed).expect("a body"),
            r#"{"grades":["6","7","8"],"reach":{"students":30},"title":"Bells"}"#
        );
    }

    #[test]
    fn what_is_no_number_is_said_at_its_field() {
        let typed = Typed::of(&[("reach.students", "many")]);
        let problem = body(&[Field::number("reach.students", "Students")], &typed).expect_err("a word is no number");
        assert_eq!(problem.fields[0].field, "reach.students");
    }

    #[test]
    fn a_list_that_may_be_left_alone_is_not_missing() {
        let field = crate::pages::loops::pick("zone", "Which zone?", "None", vec![Choice::new("a", "A")]);
        assert!(missing(&[field], &Typed::of(&[("zone", "")])).is_ok());
    }

    #[test]
    fn what_is_needed_and_blank_is_named() {
        let fields = [Field::passage("why", "Why?").needed("say why (one sentence is enough)")];
        let problem = missing(&fields, &Typed::of(&[("why", "  ")])).expect_err("it is blank");
        assert_eq!(problem.fields[0].message, "say why (one sentence is enough)");
    }
}
