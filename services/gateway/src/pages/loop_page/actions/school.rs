//! What a school can do.

use contracts::SchoolId;
use contracts::action::Action;
use contracts::queries::LoopView;
use contracts::vocabulary::{Kind, LoopState, RuleSource, Urgency, Visibility};

use super::new;
use crate::pages::forms::{Choice, Field, Form, Shape};
use crate::pages::loops::areas;
use crate::pages::viewer::Viewer;
use crate::pages::words;

const ONE_SENTENCE: &str = "say why (one sentence is enough)";

/// The form of one of a school's actions.
pub(super) fn form(action: Action, viewer: &Viewer, view: &LoopView) -> Form {
    let form = |legend: &str, button: &str| new(action, viewer, view, legend, button);
    let own = own_school(viewer, view);
    let revision = view
        .resolution
        .as_ref()
        .map(|answer| Field::hidden("revision", answer.revision, Shape::Number));
    let episode = Field::hidden("episode", view.episode, Shape::Number);
    match action {
        Action::Confirm => form("Yes, it works", "Yes, it works")
            .lead("Your school's part is closed when you say so.")
            .with(Field::passage("words", "A word with it").rows(2))
            .with_some(own)
            .with_some(revision),
        Action::Refuse => {
            let form = form("No, not yet", "No, not yet")
                .lead("It goes back to the same people, and the date they gave goes on.");
            let mut form = form
                .with(
                    Field::passage("why", "What does not work?")
                        .rows(3)
                        .needed("say what does not work (one sentence is enough)"),
                )
                .with_some(own)
                .with_some(revision);
            form.button_class = "usa-button--outline";
            form
        }
        Action::Answer => answer(viewer, view, form("Answer the question", "Send the answer")),
        Action::FollowUp => form("Does it still work?", "Send")
            .lead("Some weeks have passed since this was closed.")
            .with(
                Field::radios(
                    "still_works",
                    "Does it still work in your school?",
                    yes_no("Yes, it works", "No, it no longer works"),
                )
                .shape(Shape::Flag)
                .needed("say yes or no"),
            )
            .with(Field::passage("text", "In which classrooms, and what has changed?").rows(3))
            .with_some(own),
        Action::Join => form("This meets us too", "Join with our school")
            .lead("You will see all of it, and your school will be asked whether the answer works.")
            .with(Field::passage("how_it_meets_us", "How does it meet you?").rows(3))
            .with_some(joining_school(viewer, view)),
        Action::Appeal => form("Appeal", "Send the appeal")
            .lead("The central-office contact looks at it anew. A school may appeal once.")
            .with(Field::passage("why", "Why should it be looked at again?").needed(ONE_SENTENCE))
            .with_some(own)
            .with(episode),
        Action::Withdraw => danger(
            form("Take it back", "Take it back")
                .lead("It ends for your school. What was said stays on record.")
                .with(Field::passage("why", "Why?").rows(2))
                .with_some(own)
                .with(episode),
        ),
        Action::Leave => danger(
            form("Leave it: no longer us", "Leave")
                .lead("It goes on for the other schools.")
                .with(Field::passage("why", "Why?").rows(2))
                .with_some(own),
        ),
        Action::HandOn => form("Let somebody else speak for the school", "Hand it on")
            .with(Field::pick("to", "Who?", colleagues(viewer, view)).needed("choose somebody of your school"))
            .with_some(own),
        Action::Amend => amend(viewer, view, form("Say it better", "Save the changes")),
        Action::File
        | Action::Route
        | Action::Reroute
        | Action::Collaborate
        | Action::Escalate
        | Action::DecideEscalation
        | Action::ChangeDue
        | Action::Acknowledge
        | Action::Assign
        | Action::Ask
        | Action::Note
        | Action::PutBeforeTeam
        | Action::DecideTeam
        | Action::Propose
        | Action::Decline
        | Action::WithdrawResolution
        | Action::StateAnswer
        | Action::CorrectRule
        | Action::Contest
        | Action::Erase
        | Action::Hold
        | Action::LiftHold
        | Action::Disclose => form("", "Send"),
    }
}

/// Taking something back is a plain button; it never looks like the way on.
fn danger(form: Form) -> Form {
    Form {
        button_class: "usa-button--outline",
        ..form
    }
}

fn answer(viewer: &Viewer, view: &LoopView, form: Form) -> Form {
    let mine = |school: SchoolId| speaks_for(viewer, view, school);
    let mut open: Vec<_> = view.questions.iter().filter(|question| mine(question.school)).collect();
    if open.is_empty() {
        open = view.questions.iter().collect();
    }
    let label = open
        .first()
        .map_or("Your answer".to_owned(), |question| question.question.clone());
    let mut field = Field::passage("answer", &label).needed("answer in a sentence or two");
    if let Some(question) = open.first() {
        field.hint = format!("Asked on {}.", viewer.days.moment(question.asked_at));
    }
    let form = form.with(field);
    match open.first() {
        Some(question) => form
            .with(Field::hidden("question", question.id, Shape::Text))
            .with(Field::hidden("school", question.school, Shape::Text)),
        None => form,
    }
}

fn amend(viewer: &Viewer, view: &LoopView, form: Form) -> Form {
    let choose = |path, label, choices: Vec<Choice>, now: &str| Field::pick(path, label, choices).before(Some(now));
    let kinds = Kind::ALL.iter().map(|kind| Choice::new(kind, kind.label())).collect();
    let sources = RuleSource::ALL
        .iter()
        .map(|source| Choice::new(source, source.label()))
        .collect();
    let urgencies = Urgency::ALL
        .iter()
        .map(|urgency| Choice::new(urgency, urgency.label()))
        .collect();
    let seen_by = Visibility::ALL
        .iter()
        .map(|seen| Choice::new(seen, seen.label()))
        .collect();
    form.lead("Only what you change is sent; the earlier words stay on record.")
        .with(Field::line("title", "In one line").before(Some(&view.title)))
        .with(Field::passage("trying", "What we are trying to do").before(view.trying.as_deref()))
        .with(Field::passage("barrier", "What gets in the way").before(view.barrier.as_deref()))
        .with(
            Field::passage("tried", "What we have tried")
                .rows(2)
                .before(view.tried.as_deref()),
        )
        .with(
            Field::passage("would_help", "What would help")
                .rows(2)
                .before(view.would_help.as_deref()),
        )
        .with(choose("area", "What it is about", areas(viewer), &view.area))
        .with(choose("kind", "What kind of barrier", kinds, view.kind.code()))
        .with(choose(
            "rule_source",
            "Where it comes from",
            sources,
            view.rule_source.code(),
        ))
        .with(choose("urgency", "How urgent", urgencies, view.urgency.code()))
        .with(choose("visibility", "Who may see it", seen_by, view.visibility.code()))
}

/// Yes and no.
pub(super) fn yes_no(yes: &str, no: &str) -> Vec<Choice> {
    vec![Choice::new("true", yes), Choice::new("false", no)]
}

/// Whether this person speaks for a school of the loop; the contact speaks for the district's own part.
fn speaks_for(viewer: &Viewer, view: &LoopView, school: SchoolId) -> bool {
    let part = |known: &&contracts::queries::SchoolView| known.id == school && known.state != LoopState::Withdrawn;
    let office = school == viewer.district.office && viewer.has(contracts::vocabulary::Role::Contact);
    view.schools.iter().any(|known| part(&known)) && (office || viewer.visitor.claims.schools.contains(&school))
}

/// For which of one's schools, where several are in it.
fn own_school(viewer: &Viewer, view: &LoopView) -> Option<Field> {
    let own: Vec<Choice> = view
        .schools
        .iter()
        .filter(|school| speaks_for(viewer, view, school.id))
        .map(|school| Choice::new(school.id, school.name.clone()))
        .collect();
    choose_school(own)
}

/// For which of one's schools, where several are not in it yet.
fn joining_school(viewer: &Viewer, view: &LoopView) -> Option<Field> {
    let outside = viewer
        .visitor
        .claims
        .schools
        .iter()
        .filter(|own| !speaks_for(viewer, view, **own));
    choose_school(
        outside
            .map(|own| Choice::new(own, words::school(&viewer.district, *own)))
            .collect(),
    )
}

fn choose_school(mut schools: Vec<Choice>) -> Option<Field> {
    match schools.len() {
        0 => None,
        1 => schools
            .pop()
            .map(|only| Field::hidden("school", only.value, Shape::Text)),
        _ => {
            schools.insert(0, Choice::new("", "Choose one"));
            Some(Field::pick("school", "For which school?", schools).needed("choose a school"))
        }
    }
}

fn colleagues(viewer: &Viewer, view: &LoopView) -> Vec<Choice> {
    let ours = |school: &SchoolId| speaks_for(viewer, view, *school);
    let people = viewer.district.people.iter();
    let mut choices: Vec<Choice> = people
        .filter(|person| person.id != viewer.visitor.claims.person && person.schools.iter().any(ours))
        .map(|person| {
            let title = person
                .title
                .as_deref()
                .map_or(String::new(), |title| format!(", {title}"));
            Choice::new(person.id, format!("{}{title}", person.name))
        })
        .collect();
    choices.insert(0, Choice::new("", "Choose somebody"));
    choices
}
