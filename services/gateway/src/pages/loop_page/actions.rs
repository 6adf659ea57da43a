//! What can be done to a loop, each as a form, and which of them come first.

mod office;
mod school;

use crate::pages::custody;

use contracts::action::Action;
use contracts::queries::{LoopView, RegimeView, Similar};
use contracts::vocabulary::LoopState;

use crate::pages::forms::{Choice, Field, Form, Shape};
use crate::pages::viewer::Viewer;

/// The forms this person may fill in now: what is asked of them first, and apart from it whatever else there is.
pub(super) fn forms(viewer: &Viewer, view: &LoopView, near: &Similar) -> (Vec<Form>, Vec<Form>) {
    let mut possible: Vec<Action> = view.actions.iter().filter_map(|slug| Action::from_slug(slug)).collect();
    // What is done to the record itself has a page of its own.
    possible.retain(|action| *action != Action::File && !custody::is_of(*action));
    possible.sort_by_key(|action| place(*action));
    let (asked, others): (Vec<Action>, Vec<Action>) =
        possible.into_iter().partition(|action| is_asked(*action, viewer, view));
    let drawn = |actions: Vec<Action>| {
        actions
            .into_iter()
            .map(|action| form(action, viewer, view, near))
            .collect()
    };
    (drawn(asked), drawn(others))
}

/// The form of an action, whether or not it is possible now.
pub(super) fn form(action: Action, viewer: &Viewer, view: &LoopView, near: &Similar) -> Form {
    let form = match action {
        Action::File
        | Action::Amend
        | Action::Join
        | Action::Leave
        | Action::HandOn
        | Action::Answer
        | Action::Withdraw
        | Action::Confirm
        | Action::Refuse
        | Action::Appeal
        | Action::FollowUp => school::form(action, viewer, view),
        Action::Route
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
        | Action::CorrectRule => office::form(action, viewer, view, near),
        Action::Contest | Action::Erase | Action::Hold | Action::LiftHold | Action::Disclose => {
            custody::form(action, viewer, view, &[])
        }
    };
    if names_its_version(action) {
        form.with(Field::hidden("version", view.version, Shape::Aside))
    } else {
        form
    }
}

/// The actions that are refused when anything happened since the page was drawn: they answer the whole loop.
pub(super) fn names_its_version(action: Action) -> bool {
    matches!(action, Action::Propose | Action::Decline | Action::Reroute)
}

fn new(action: Action, viewer: &Viewer, view: &LoopView, legend: &str, button: &str) -> Form {
    Form::new(
        viewer,
        action.slug(),
        format!("/loops/{}/{}", view.id, action.slug()),
        legend,
        button,
    )
}

/// Whether an action is what the loop waits for from this person, and so stands open at the top.
fn is_asked(action: Action, viewer: &Viewer, view: &LoopView) -> bool {
    match action {
        Action::Confirm
        | Action::Refuse
        | Action::Answer
        | Action::Route
        | Action::DecideEscalation
        | Action::DecideTeam
        | Action::Acknowledge
        | Action::StateAnswer => true,
        Action::FollowUp => view
            .schools
            .iter()
            .any(|school| school.follow_up_asked && viewer.visitor.claims.schools.contains(&school.id)),
        Action::Propose => {
            !view.actions.iter().any(|slug| slug == Action::Acknowledge.slug())
                && !view.paused
                && matches!(view.state, LoopState::Acknowledged | LoopState::Reopened)
        }
        Action::Join => view.card,
        Action::File
        | Action::Amend
        | Action::Leave
        | Action::HandOn
        | Action::Withdraw
        | Action::Appeal
        | Action::Reroute
        | Action::Collaborate
        | Action::Escalate
        | Action::ChangeDue
        | Action::Assign
        | Action::Ask
        | Action::Note
        | Action::PutBeforeTeam
        | Action::Decline
        | Action::CorrectRule
        | Action::Contest
        | Action::Erase
        | Action::Hold
        | Action::LiftHold
        | Action::Disclose
        | Action::WithdrawResolution => false,
    }
}

/// In what order forms stand: what moves the loop on before what is rarely done.
fn place(action: Action) -> u8 {
    match action {
        Action::Confirm => 0,
        Action::Refuse => 1,
        Action::Answer => 2,
        Action::FollowUp => 3,
        Action::Route => 4,
        Action::DecideEscalation => 5,
        Action::DecideTeam => 6,
        Action::Acknowledge => 7,
        Action::StateAnswer => 8,
        Action::Propose => 9,
        Action::Ask => 10,
        Action::Note => 11,
        Action::Join => 12,
        Action::Appeal => 13,
        Action::Amend => 14,
        Action::Assign => 15,
        Action::Collaborate => 16,
        Action::Reroute => 17,
        Action::PutBeforeTeam => 18,
        Action::Escalate => 19,
        Action::ChangeDue => 20,
        Action::Decline => 21,
        Action::WithdrawResolution => 22,
        Action::HandOn => 23,
        Action::Leave => 24,
        Action::Withdraw => 25,
        Action::File => 26,
        Action::CorrectRule => 27,
        Action::Contest => 28,
        Action::Hold => 29,
        Action::LiftHold => 30,
        Action::Disclose => 31,
        Action::Erase => 32,
    }
}

/// The form that begins a request to the state.
pub(super) fn ask_the_state(viewer: &Viewer, view: &LoopView, known: &[RegimeView]) -> Form {
    let choices = known
        .iter()
        .map(|regime| {
            let hint = format!("{} {}", regime.decided_by, regime.silence);
            Choice::new(
                &regime.code,
                format!("{}: {} ({})", regime.state, regime.name, regime.citation),
            )
            .hint(&hint)
        })
        .collect();
    Form::new(
        viewer,
        "ask-the-state",
        "/waivers".to_owned(),
        "Write the request to the state",
        "Begin the request",
    )
    .lead("What the loop already says is taken over; you see what the law asks for beyond that.")
    .with(Field::radios("regime", "How is the state asked?", choices).needed("choose one"))
    .with(Field::hidden("loop", view.id, Shape::Text))
}

/// What was just done, in a sentence.
pub(in crate::pages) fn done(action: Action) -> &'static str {
    match action {
        Action::File => "It is sent, and on record.",
        Action::Amend => "Your changes are recorded.",
        Action::Join => "Your school is in this now.",
        Action::Leave => "Your school is no longer in this.",
        Action::HandOn => "Another person speaks for your school now.",
        Action::Answer => "Your answer is with the department.",
        Action::Withdraw => "It is taken back. What was said stays on record.",
        Action::Confirm => "Thank you. Your school's part is confirmed.",
        Action::Refuse => "Recorded: it does not work yet. The same people have it again.",
        Action::Appeal => "Your appeal is with the central-office contact.",
        Action::FollowUp => "Thank you, that is recorded.",
        Action::Route => "The department has it now.",
        Action::Reroute => "The other department has it now, and everybody in it sees why.",
        Action::Collaborate => "The other department is asked to help.",
        Action::Escalate => "It is passed on, with your reason.",
        Action::DecideEscalation | Action::DecideTeam => "The decision is recorded.",
        Action::ChangeDue => "The date is moved, and everybody in it sees why.",
        Action::Acknowledge => "Your first word is with the school.",
        Action::Assign => "Recorded who takes care of it.",
        Action::Ask => "Your question is with the school. The clocks stop until it is answered.",
        Action::Note => "Your note is recorded.",
        Action::PutBeforeTeam => "It is before the team.",
        Action::Propose => "Your answer is with the school, to say whether it works.",
        Action::Decline => "Declined. The school sees why, and how to appeal.",
        Action::WithdrawResolution => "The answer is taken back.",
        Action::StateAnswer => "What the state said is recorded.",
        Action::CorrectRule => "Recorded, and published for every school to find.",
        Action::Contest => "Your statement stands beside the record and travels with it.",
        Action::Erase => "The words are erased for good. That they were is on record.",
        Action::Hold => "Nothing here can be erased until the hold is lifted.",
        Action::LiftHold => "The hold is lifted.",
        Action::Disclose => "Recorded. The file is ready.",
    }
}
