//! What can be done to a part of the register, each as a form.

use contracts::events::flexibility::Readers;
use contracts::queries::FlexibilityView;
use contracts::register_action::RegisterAction;
use contracts::vocabulary::{PilotChoice, Readership, Says, ScopeLevel};

use crate::pages::forms::{Choice, Field, Form, Shape};
use crate::pages::loops::{pick, schools};
use crate::pages::viewer::Viewer;
use crate::pages::words;

const ONE_SENTENCE: &str = "say why (one sentence is enough)";

/// The forms this person may fill in now, what is done most often first.
pub(super) fn offered(viewer: &Viewer, view: &FlexibilityView) -> Vec<Form> {
    let order = [
        RegisterAction::Claim,
        RegisterAction::AnswerPilot,
        RegisterAction::Widen,
        RegisterAction::PublishRationale,
        RegisterAction::ChangeConditions,
        RegisterAction::Renew,
        RegisterAction::ShowTo,
        RegisterAction::Revoke,
    ];
    order
        .into_iter()
        .filter(|action| view.offers.iter().any(|slug| slug == action.slug()))
        .map(|action| form(action, viewer, view))
        .collect()
}

/// The form of an action, whether or not it is possible now.
pub(super) fn form(action: RegisterAction, viewer: &Viewer, view: &FlexibilityView) -> Form {
    let form = |legend: &str, button: &str| {
        let href = format!("/allowed/{}/{}", view.row.id, action.slug());
        Form::new(viewer, action.slug(), href, legend, button).with(Field::hidden(
            "version",
            view.row.version,
            Shape::Aside,
        ))
    };
    match action {
        RegisterAction::Claim => form("Use this in our school", "We use this")
            .lead(
                "It is on record that your school uses it, so that others can ask you how. Nothing needs to be filed.",
            )
            .with_some(own_school(viewer))
            .with(Field::passage("how", "How will you use it?").rows(2)),
        RegisterAction::AnswerPilot => answer_pilot(viewer, form("Answer the pilot's question", "Record the answer")),
        RegisterAction::Widen => scope_fields(form("Let more schools use it", "Let them use it"), viewer, Some(view))
            .lead("Every open loop that rests on it is told.")
            .with(Field::passage("why", "Why?").rows(2)),
        RegisterAction::ChangeConditions => form("Change its conditions", "Change them")
            .lead("Every school that uses it, and every open loop that rests on it, sees the old words and the new.")
            .with(
                Field::passage("conditions", "Under which conditions?")
                    .rows(3)
                    .value(text(view.conditions.as_ref())),
            )
            .with(
                Field::passage("stays_required", "What stays required all the same?")
                    .rows(3)
                    .value(text(view.stays_required.as_ref())),
            )
            .with(Field::passage("why", "Why?").rows(2).needed(ONE_SENTENCE)),
        RegisterAction::PublishRationale => form("Say why, for one readership", "Publish it")
            .lead("What stands there for the same readers is replaced; the old words stay in the record.")
            .with(Field::radios("readership", "For whom?", readerships()).needed("choose for whom"))
            .with(Field::passage("text", "Why is it so?").needed(ONE_SENTENCE)),
        RegisterAction::ShowTo => form("Say who may read of it", "Save").with(
            Field::radios("readers", "Who may read of it?", readers())
                .value(reader_code(view.row.readers))
                .needed("choose one"),
        ),
        RegisterAction::Renew => form("Let it hold longer", "Let it hold")
            .with(Field::day("ends_on", "Its last day from now on").needed("choose a day"))
            .with(Field::passage("why", "Why?").rows(2)),
        RegisterAction::Revoke => {
            let form = form("Take it back", "Take it back")
                .lead("Schools that use it, and open loops that rest on it, are told with your reason.")
                .with(Field::passage("why", "Why?").rows(3).needed(ONE_SENTENCE));
            Form {
                button_class: "usa-button--outline",
                ..form
            }
        }
        RegisterAction::WriteDown => form("", "Write it down"),
    }
}

fn text(words: Option<&String>) -> &str {
    words.map_or("", String::as_str)
}

fn answer_pilot(viewer: &Viewer, form: Form) -> Form {
    let hint = |choice: PilotChoice| match choice {
        PilotChoice::Stop => "It did not answer what was hoped, or it has served.",
        PilotChoice::Extend => "Once, to another day: say until when.",
        PilotChoice::Widen => "It becomes a flexibility with no end: say for whom.",
    };
    let choices = PilotChoice::ALL
        .iter()
        .map(|choice| Choice::new(choice, choice.label()).hint(hint(*choice)))
        .collect();
    let form = form
        .with(Field::passage("answer", "What was learned?").needed("say what was learned (one sentence is enough)"))
        .with(Field::radios("choice", "What follows?", choices).needed("choose what follows"))
        .with(Field::day("ends_on", "Its last day, where it is extended"));
    scope_fields(form, viewer, None)
}

/// For whom: wider than now, where it stands.
pub(super) fn scope_fields(form: Form, viewer: &Viewer, view: Option<&FlexibilityView>) -> Form {
    let from = view.map_or(ScopeLevel::Schools, |view| view.row.scope.level);
    let levels: Vec<Choice> = ScopeLevel::ALL
        .iter()
        .filter(|level| **level >= from)
        .filter(|level| **level != ScopeLevel::Zone || !viewer.district.zones.is_empty())
        .map(|level| Choice::new(level, level.label()))
        .collect();
    let zones: Vec<Choice> = viewer
        .district
        .zones
        .iter()
        .map(|zone| Choice::new(zone.id, zone.name.clone()))
        .collect();
    let already = view.map(|view| &view.row.scope.schools);
    let mut named = schools(viewer);
    if let Some(already) = already {
        for choice in &mut named {
            choice.chosen = already.iter().any(|school| school.id.to_string() == choice.value);
        }
    }
    let level = Field::radios("scope.level", "For whom?", levels);
    let level = if view.is_some() {
        level.needed("say for whom")
    } else {
        level
    };
    let mut form = form.with(level);
    if from == ScopeLevel::Schools {
        form = form.with(Field::ticks(
            "scope.schools",
            "Which schools, where it is for some?",
            named,
        ));
    }
    if !zones.is_empty() && from <= ScopeLevel::Zone {
        form = form.with(pick("scope.zone", "Which zone, where it is for one?", "None", zones));
    }
    form
}

fn own_school(viewer: &Viewer) -> Option<Field> {
    let own = &viewer.visitor.claims.schools;
    (own.len() > 1).then(|| {
        let choices = own
            .iter()
            .map(|school| Choice::new(school, words::school(&viewer.district, *school)));
        pick("school", "Which school?", "Choose one", choices.collect()).needed("choose a school")
    })
}

fn readerships() -> Vec<Choice> {
    Readership::ALL
        .iter()
        .map(|readership| Choice::new(readership, readership.label()))
        .collect()
}

/// Who may read of a part of the register.
pub(super) fn readers() -> Vec<Choice> {
    vec![
        Choice::new("concerned", "The schools it is for, and the district office"),
        Choice::new("district", "Everybody in the district"),
        Choice::new("public", "Anybody").hint("It stands on the district's public page, without names or loops."),
    ]
}

pub(super) fn reader_code(readers: Readers) -> &'static str {
    match readers {
        Readers::Concerned => "concerned",
        Readers::District => "district",
        Readers::Public => "public",
    }
}

/// What was just done, in a sentence.
pub(super) fn done(action: RegisterAction) -> &'static str {
    match action {
        RegisterAction::WriteDown => "It stands in the register.",
        RegisterAction::Widen => "More schools may use it. Open loops that rest on it are told.",
        RegisterAction::ChangeConditions => "Its conditions are changed. Whoever rests on it is told.",
        RegisterAction::PublishRationale => "The reason is published.",
        RegisterAction::ShowTo => "Recorded who may read of it.",
        RegisterAction::Renew => "It holds longer.",
        RegisterAction::Revoke => "It is taken back. Whoever rests on it is told.",
        RegisterAction::Claim => "Recorded: your school uses this.",
        RegisterAction::AnswerPilot => "The answer is recorded.",
    }
}

/// The words over what it says.
pub(super) fn heading(says: Says) -> &'static str {
    match says {
        Says::Flexibility => "You may do this",
        Says::Clarification => "You always could do this",
        Says::NonNegotiable => "This must stay as it is",
    }
}
