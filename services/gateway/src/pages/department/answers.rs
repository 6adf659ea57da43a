//! `GET /department/answers`: words that a department keeps ready, and where its forms begin with them.

use askama::Template;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use contracts::DepartmentId;
use contracts::action::Action;
use contracts::events::directory::ReadyAnswer;
use contracts::problem::Problem;
use contracts::queries::{AnswersQuery, LoopView};
use contracts::vocabulary::AnswerFor;

use super::super::forms::{Choice, Field, Form, Ready, Shape, Typed};
use super::super::office::tell;
use super::super::shell::{self, Here, Shell};
use super::super::viewer::{Desk, Posted, Viewer};
use super::super::words;

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/answers.html")]
pub(in crate::pages) struct AnswersPage {
    pub shell: Shell,
    pub department: String,
    pub href: String,
    pub done: Option<&'static str>,
    pub kept: Vec<Kept>,
    pub new: Form,
}

/// Words that are kept, and the forms that change or drop them.
#[derive(Debug, Clone)]
pub(in crate::pages) struct Kept {
    pub title: String,
    pub step: &'static str,
    pub text: String,
    pub change: Form,
    pub drop: Form,
}

/// The form that keeps words, new ones or others in place of some.
fn keeping(viewer: &Viewer, department: DepartmentId, answer: Option<&ReadyAnswer>) -> Form {
    let steps = AnswerFor::ALL
        .iter()
        .map(|step| Choice::new(step.code(), step.label()))
        .collect();
    let named = answer.map_or_else(|| "new".to_owned(), |answer| answer.id.to_string());
    let (legend, button) = if answer.is_some() {
        ("", "Save it")
    } else {
        ("Keep words ready", "Keep them")
    };
    let mut step = Field::pick("step", "What do they begin?", steps).needed("choose one");
    let mut text = Field::passage("text", "The words")
        .hint("{school}, {title}, {number} and {me} stand for what they name of the loop at hand.")
        .needed("write the words");
    let mut title = Field::line("title", "By what will you find them?").needed("say it in a few words");
    if let Some(answer) = answer {
        step = step.value(answer.step.code());
        text = text.value(&answer.text);
        title = title.value(&answer.title);
    }
    let href = "/department/answers/keep".to_owned();
    let mut form = Form::new(viewer, &format!("keep-{named}"), href, legend, button)
        .with(Field { longest: 80, ..title })
        .with(step)
        .with(Field { longest: 2000, ..text })
        .with(Field::hidden("department", department, Shape::Aside));
    if let Some(answer) = answer {
        form = form.with(Field::hidden("answer", answer.id, Shape::Text));
        form.headed = false;
    }
    form
}

/// The form that drops them.
fn dropping(viewer: &Viewer, department: DepartmentId, answer: &ReadyAnswer) -> Form {
    Form {
        button_class: "usa-button--unstyled",
        headed: false,
        ..Form::new(
            viewer,
            &format!("drop-{}", answer.id),
            "/department/answers/drop".to_owned(),
            "",
            "Drop it",
        )
    }
    .with(Field::hidden("department", department, Shape::Aside))
    .with(Field::hidden("answer", answer.id, Shape::Text))
}

impl AnswersPage {
    /// Draws the page; `attempt` is the form that was sent and could not be taken.
    pub(in crate::pages) fn new(
        viewer: &Viewer,
        department: DepartmentId,
        answers: &[ReadyAnswer],
        attempt: Option<Form>,
    ) -> Self {
        let mut page = Self {
            shell: viewer.shell("Words kept ready", Here::Department),
            department: words::department(&viewer.district, department),
            href: format!("/department?department={department}"),
            done: None,
            kept: answers
                .iter()
                .map(|answer| Kept {
                    title: answer.title.clone(),
                    step: answer.step.label(),
                    text: answer.text.clone(),
                    change: keeping(viewer, department, Some(answer)),
                    drop: dropping(viewer, department, answer),
                })
                .collect(),
            new: keeping(viewer, department, None),
        };
        if let Some(attempt) = attempt {
            let own = page
                .kept
                .iter_mut()
                .flat_map(|kept| [&mut kept.change, &mut kept.drop])
                .find(|form| form.name == attempt.name);
            match own {
                Some(form) => *form = attempt,
                // What it was to change is gone: it stands there as a new one.
                None => page.new = attempt,
            }
        }
        page
    }
}

/// What a department keeps.
async fn kept(desk: &Desk, department: DepartmentId) -> Result<Vec<ReadyAnswer>, Problem> {
    desk.ask("directory", "answers", AnswersQuery { department }).await
}

pub(in crate::pages) async fn show(desk: Desk, Query(query): Query<Vec<(String, String)>>) -> Response {
    let typed = Typed::from(query);
    let page = async {
        let department = super::asked(&desk, &typed)?;
        let answers = kept(&desk, department).await?;
        shell::page(&AnswersPage {
            done: match typed.get("done") {
                "keep" => Some("The words are kept for everybody in the department."),
                "drop" => Some("They are kept no longer."),
                _ => None,
            },
            ..AnswersPage::new(&desk.viewer, department, &answers, None)
        })
    };
    desk.or_trouble(page.await)
}

/// A form's address, loaded anew.
pub(in crate::pages) async fn back() -> Redirect {
    Redirect::to("/department/answers")
}

pub(in crate::pages) async fn act(Path(action): Path<String>, Posted { desk, typed }: Posted) -> Response {
    let acted = async {
        let department = super::asked(&desk, &typed)?;
        let answers = kept(&desk, department).await?;
        let named = typed.get("answer");
        let known = answers.iter().find(|answer| answer.id.to_string() == named);
        if action == "keep" && known.is_none() && !named.is_empty() {
            desk.viewer.check(&typed)?;
            let gone = Problem::invalid_field(
                "title",
                "somebody dropped these meanwhile; keep them as new ones, or leave it",
            );
            let form = keeping(&desk.viewer, department, None).refused(&typed, &gone, &desk.viewer);
            let page = AnswersPage::new(&desk.viewer, department, &answers, Some(form));
            return shell::page_as(shell::status(&gone), &page);
        }
        let (verb, form) = match (action.as_str(), known) {
            ("keep", known) => ("keep-answer", keeping(&desk.viewer, department, known)),
            ("drop", Some(answer)) => ("drop-answer", dropping(&desk.viewer, department, answer)),
            // Somebody else dropped it before.
            ("drop", None) => {
                return Ok(Redirect::to(&format!("/department/answers?department={department}")).into_response());
            }
            _ => return Err(Problem::not_found("page")),
        };
        match tell(&desk, "directory", verb, Some(department.0), &form, &typed).await {
            Ok(_) => {
                let to = format!("/department/answers?department={department}&done={action}");
                Ok(Redirect::to(&to).into_response())
            }
            Err(problem) => {
                let form = form.refused(&typed, &problem, &desk.viewer);
                let page = AnswersPage::new(&desk.viewer, department, &answers, Some(form));
                shell::page_as(shell::status(&problem), &page)
            }
        }
    };
    // Whatever it is, what was typed stands on the page that says it.
    acted.await.unwrap_or_else(|problem| shell::kept_for(&problem, &typed))
}

/// The form that words begin, and its field.
fn begins(step: AnswerFor) -> (Action, &'static str) {
    match step {
        AnswerFor::Acknowledge => (Action::Acknowledge, "word"),
        AnswerFor::Ask => (Action::Ask, "question"),
        AnswerFor::Propose => (Action::Propose, "summary"),
        AnswerFor::Decline => (Action::Decline, "reason"),
        AnswerFor::Note => (Action::Note, "text"),
    }
}

/// Words as they stand in a form: with what they name of the loop at hand.
fn at_hand(text: &str, viewer: &Viewer, view: &LoopView) -> String {
    let schools: Vec<&str> = view.schools.iter().map(|school| school.name.as_str()).collect();
    let number = view.number.to_string();
    let mut said = String::with_capacity(text.len());
    let mut rest = text;
    // What is put in is not looked at again: a title may have braces of its own.
    while let Some((before, from)) = rest.split_once('{') {
        said.push_str(before);
        let put = from.split_once('}').and_then(|(name, after)| {
            let put = match name {
                "school" => schools.join(", "),
                "title" => view.title.clone(),
                "number" => number.clone(),
                "me" => viewer.visitor.claims.name.clone(),
                _ => return None,
            };
            Some((put, after))
        });
        if let Some((put, after)) = put {
            said.push_str(&put);
            rest = after;
        } else {
            said.push('{');
            rest = from;
        }
    }
    said.push_str(rest);
    said
}

/// The words that the department of a loop's page keeps ready, where whoever looks works in one.
pub(in crate::pages) async fn of_loop(desk: &Desk, view: &LoopView) -> Vec<ReadyAnswer> {
    let own = &desk.viewer.visitor.claims.departments;
    let holds = view.department.filter(|department| own.contains(department));
    let Some(department) = holds.or_else(|| own.first().copied()) else {
        return Vec::new();
    };
    if view.card || view.state.is_end() {
        return Vec::new();
    }
    // Without them the forms are there all the same.
    kept(desk, department).await.unwrap_or_default()
}

/// Offers ready words in the forms that they begin; `chosen` stands there already, as somebody without scripts chose it.
pub(in crate::pages) fn offer<'a>(
    forms: impl Iterator<Item = &'a mut Form>,
    answers: &[ReadyAnswer],
    chosen: Option<&str>,
    viewer: &Viewer,
    view: &LoopView,
) {
    for form in forms {
        for answer in answers {
            let (action, path) = begins(answer.step);
            if form.name != action.slug() {
                continue;
            }
            let Some(field) = form.fields.iter_mut().find(|field| field.path == path) else {
                continue;
            };
            let text = at_hand(&answer.text, viewer, view);
            if chosen == Some(answer.id.to_string().as_str()) && field.value.is_empty() {
                field.value.clone_from(&text);
            }
            field.ready.push(Ready {
                href: format!("/loops/{}?begin={}#{}", view.id, answer.id, action.slug()),
                title: answer.title.clone(),
                text,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::samples;

    #[test]
    fn words_name_what_is_at_hand_and_nothing_is_put_in_twice() {
        let (viewer, mut view) = (
            samples::viewer(),
            samples::loop_view(contracts::vocabulary::LoopState::Routed, "x"),
        );
        view.title = "Bells {me}".to_owned();
        let said = at_hand("{title}: {number}, from {me}. {unknown} {", &viewer, &view);
        assert_eq!(
            said,
            format!(
                "Bells {{me}}: {}, from {}. {{unknown}} {{",
                view.number, viewer.visitor.claims.name
            )
        );
    }
}
