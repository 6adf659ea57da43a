//! What the district office can do.

use contracts::action::Action;
use contracts::events::routing::About;
use contracts::queries::{LoopView, Similar};
use contracts::vocabulary::{AppealOutcome, DeclineGround, EscalatedTo, ResolutionKind, Role};

use super::new;
use super::school::yes_no;
use crate::pages::allowed::rule_fields;
use crate::pages::forms::{Choice, Field, Form, Shape};
use crate::pages::loops::pick;
use crate::pages::viewer::Viewer;
use crate::pages::words;

const ONE_SENTENCE: &str = "say why (one sentence is enough)";

/// The form of one of the office's actions.
pub(super) fn form(action: Action, viewer: &Viewer, view: &LoopView, near: &Similar) -> Form {
    let form = |legend: &str, button: &str| new(action, viewer, view, legend, button);
    let episode = Field::hidden("episode", view.episode, Shape::Number);
    match action {
        Action::Acknowledge => form("Say a first word to the school", "Send the first word")
            .lead("What you will do next, and by when. The school sees it with your name.")
            .with(
                Field::passage("word", "Your first word")
                    .rows(3)
                    .needed("say a first word (one sentence is enough)"),
            )
            .with(episode),
        Action::Ask => form("Ask the school something", "Ask")
            .lead("The clocks stop while every open school is being asked.")
            .with(
                Field::passage("question", "Your question")
                    .rows(3)
                    .needed("write the question"),
            )
            .with_some(asked_school(view))
            .with(episode),
        Action::Note => form("Write a note", "Save the note")
            .with(Field::passage("text", "The note").rows(3).needed("write the note"))
            .with(
                Field::radios("shared", "Who sees it?", seen_by())
                    .value(false)
                    .shape(Shape::Flag)
                    .needed("say who sees it"),
            ),
        Action::Propose => propose(viewer, view, near, form).with(episode),
        Action::Decline => decline(form("Decline, with the reason", "Decline")).with(episode),
        Action::WithdrawResolution => form("Take the answer back", "Take it back")
            .with(Field::passage("why", "Why?").rows(2).needed(ONE_SENTENCE)),
        Action::StateAnswer => form("What did the state say?", "Record it")
            .with(
                Field::radios("granted", "Did it say yes?", yes_no("Yes", "No"))
                    .shape(Shape::Flag)
                    .needed("say yes or no"),
            )
            .with(Field::passage("text", "What it said").rows(3)),
        Action::CorrectRule => form("Say where the rule really comes from", "Publish it")
            .lead("The school believed otherwise. Every school will find this, so that nobody has to ask again.")
            .with_all(rule_fields("rule", view.rule.source))
            .with(
                Field::line("title", "In one line")
                    .hint("Such as: Seat time is our own practice, not a state rule")
                    .needed("say it in one line"),
            )
            .with(
                Field::passage("text", "What follows from it?")
                    .hint("What schools may do without asking anybody, and what stays as it is.")
                    .rows(3)
                    .needed("say what follows (one sentence is enough)"),
            ),
        Action::Assign => form("Who takes care of it?", "Save")
            .with(Field::pick("person", "Who?", staff(viewer, view)).needed("choose somebody of the department")),
        Action::Route => form("Who decides about this?", "Give it to them")
            .lead("No rule knew where this goes.")
            .with(department(viewer, view))
            .with(Field::passage("why", "Why them?").rows(2)),
        Action::Reroute => form("Give it to another department", "Give it to them")
            .lead("Everybody in it sees why. Their time for a first word begins anew; the day of the answer stays.")
            .with(department(viewer, view))
            .with(Field::passage("why", "Why?").rows(2).needed(ONE_SENTENCE))
            .with(episode),
        Action::Collaborate => {
            form("Ask a second department to help", "Ask them to help").with(department(viewer, view))
        }
        Action::Escalate => form("Bring it to somebody above", "Bring it to them")
            .with(Field::radios("to", "To whom?", above(viewer)).needed("choose one"))
            .with(Field::passage("why", "Why?").rows(3).needed(ONE_SENTENCE)),
        Action::ChangeDue => form("Move the day of the answer", "Move it")
            .lead("Everybody in it sees the old day, the new one and why.")
            .with(Field::day("resolve", "The new day").needed("choose a day"))
            .with(Field::passage("why", "Why?").rows(2).needed(ONE_SENTENCE)),
        Action::PutBeforeTeam => form("Put it before a team", "Put it before them")
            .with(Field::pick("team", "Which team?", teams(viewer)).needed("choose a team"))
            .with(
                Field::passage("question", "What should they decide?")
                    .rows(3)
                    .needed("say what they should decide"),
            ),
        Action::DecideTeam => decide_team(view, form("Decide for the team", "Record the decision")),
        Action::DecideEscalation => decide_escalation(view, form("Decide", "Record the decision")),
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
        | Action::FollowUp
        | Action::Contest
        | Action::Erase
        | Action::Hold
        | Action::LiftHold
        | Action::Disclose => form("", "Send"),
    }
}

fn propose(viewer: &Viewer, view: &LoopView, near: &Similar, form: impl Fn(&str, &str) -> Form) -> Form {
    let hint = |kind: ResolutionKind| match kind {
        ResolutionKind::AlreadyAllowed => "No rule forbids it. Every school will be able to read that.",
        ResolutionKind::SchoolException => "For these schools only; the next school would have to ask again.",
        ResolutionKind::ZoneFlexibility => "For the schools of an innovation zone.",
        ResolutionKind::DistrictChange => "The policy or practice itself changes.",
        ResolutionKind::StateWaiver => "The rule is the state's. The clocks stop until the state answers.",
        ResolutionKind::Support => "People, training, equipment, bandwidth.",
        ResolutionKind::Pilot => "An experiment with an end date and a question it must answer.",
    };
    let kinds = ResolutionKind::ALL
        .iter()
        .map(|kind| Choice::new(kind, kind.label()).hint(hint(*kind)))
        .collect();
    let form = match &view.resolution {
        Some(answer) => form("Answer anew", "Send the new answer").lead(&format!(
            "This replaces answer {}. Schools that said yes to it are asked again.",
            answer.revision
        )),
        None => form("Answer the school", "Send the answer")
            .lead("Each school then says whether it works. It is closed only when they do."),
    };
    form.with(Field::radios("kind", "What kind of answer is it?", kinds).needed("choose one"))
        .with(
            Field::passage("summary", "What will be different?")
                .hint("In plain words: what the school may do, from when on.")
                .needed("say what will be different (one sentence is enough)"),
        )
        .with(
            Field::passage("rationale", "Why?")
                .hint("Families, staff and the board may read this.")
                .rows(3),
        )
        .with(cited(view, near))
        .with(
            Field::line("grants.title", "What may schools do, in one line?")
                .hint("Others find it by this. Such as: Advisory may be held in blocks of up to 55 minutes. Left out, the loop's own line stands there."),
        )
        .tucked("What else the register will say: rule, conditions, end", granted(viewer, view))
}

/// What stands in the register already, so that nothing is written down twice.
fn cited(view: &LoopView, near: &Similar) -> Field {
    let now = view.resolution.as_ref().and_then(|answer| answer.flexibility);
    let mut choices: Vec<Choice> = near
        .flexibilities
        .iter()
        .map(|found| Choice::new(found.row.id, found.row.title.clone()))
        .collect();
    if let Some(now) = now.filter(|now| !choices.iter().any(|choice| choice.value == now.to_string())) {
        choices.push(Choice::new(now, "The one that the answer names now"));
    }
    choices.insert(
        0,
        Choice::new(
            "",
            "No: this answer makes a new entry, once a school says that it works",
        ),
    );
    let field = Field::pick("flexibility", "Does something in the register say it already?", choices)
        .hint("The school is then let in there, and nothing is written down twice.");
    match now {
        Some(now) => field.value(now),
        None => field,
    }
}

/// What the entry says beyond the answer's own words; what is left out is taken from the answer and from the loop.
fn granted(viewer: &Viewer, view: &LoopView) -> Vec<Field> {
    let mut fields = rule_fields("grants", view.rule_source);
    if !viewer.district.zones.is_empty() {
        let zones = viewer.district.zones.iter();
        let zones = zones.map(|zone| Choice::new(zone.id, zone.name.clone()));
        fields.push(pick(
            "grants.zone",
            "For which zone, where it is for one?",
            "None",
            zones.collect(),
        ));
    }
    fields.extend([
        Field::passage("grants.conditions", "Under which conditions?").rows(2),
        Field::passage("grants.stays_required", "What stays required all the same?").rows(2),
        Field::day("grants.ends_on", "Its last day").hint("A pilot without one ends after a year."),
        Field::day("grants.review_on", "Looked at again on"),
        Field::passage("grants.pilot_question", "What should a pilot find out?").rows(2),
    ]);
    fields
}

fn decline(form: Form) -> Form {
    let hint = |ground: DeclineGround| match ground {
        DeclineGround::NotNow => "Say on which day it will be looked at again.",
        DeclineGround::NonNegotiable => "It protects something that must be protected. Say what.",
    };
    let grounds = DeclineGround::ALL
        .iter()
        .map(|ground| Choice::new(ground, ground.label()).hint(hint(*ground)));
    let form = form
        .lead("The school sees the reason and your name, and may appeal once.")
        .with(Field::radios("ground", "On what ground?", grounds.collect()).needed("choose one"))
        .with(Field::passage("reason", "Why?").needed(ONE_SENTENCE))
        .with(Field::day("review_on", "Look at it again on").hint("Needed for \"Not now\"."));
    Form {
        button_class: "usa-button--outline",
        ..form
    }
}

fn decide_team(view: &LoopView, form: Form) -> Form {
    let (lead, regarding) = match &view.matter {
        Some(matter) => {
            let regarding = Field::hidden("regarding", matter.id, Shape::Text);
            (
                format!("{} is asked: {}", matter.team_name, matter.question),
                Some(regarding),
            )
        }
        None => (String::new(), None),
    };
    form.lead(&lead)
        .with(Field::passage("decision", "What is decided?").needed("say what is decided"))
        .with(Field::passage("why", "Why?").rows(2))
        .with_some(regarding)
}

fn decide_escalation(view: &LoopView, form: Form) -> Form {
    let escalation = view.escalation.as_ref();
    let appeal = escalation.is_none_or(|escalation| escalation.about == About::Appeal) && view.decline.is_some();
    let outcomes = AppealOutcome::ALL
        .iter()
        .map(|outcome| Choice::new(outcome, outcome.label()))
        .collect();
    let lead = if appeal {
        "A school has appealed: it asks you to look at the decline anew."
    } else {
        "It was brought to you to decide."
    };
    form.lead(lead)
        .with_some(appeal.then(|| Field::radios("outcome", "Does the decline stand?", outcomes).needed("choose one")))
        .with(
            Field::passage("decision", "What is decided?")
                .rows(3)
                .needed("say what is decided"),
        )
        .with(Field::passage("why", "Why?").rows(2))
        .with_some(escalation.map(|escalation| Field::hidden("regarding", escalation.id, Shape::Text)))
}

fn seen_by() -> Vec<Choice> {
    vec![
        Choice::new("false", "The district office").hint("Not shown to the school; may be disclosed on request."),
        Choice::new("true", "The school too").hint("Counts as your next word to the school."),
    ]
}

fn asked_school(view: &LoopView) -> Option<Field> {
    let open: Vec<Choice> = view
        .schools
        .iter()
        .filter(|school| !school.state.is_end())
        .map(|school| Choice::new(school.id, school.name.clone()))
        .collect();
    (open.len() > 1).then(|| Field::pick("school", "Which school?", open).needed("choose a school"))
}

fn department(viewer: &Viewer, view: &LoopView) -> Field {
    let known = viewer.district.departments.iter();
    let mut choices: Vec<Choice> = known
        .filter(|department| Some(department.id) != view.department && !view.collaborators.contains(&department.id))
        .map(|department| Choice::new(department.id, department.name.clone()))
        .collect();
    choices.insert(0, Choice::new("", "Choose one"));
    Field::pick("department", "Department", choices).needed("choose a department")
}

fn staff(viewer: &Viewer, view: &LoopView) -> Vec<Choice> {
    let people = viewer.district.people.iter();
    let of_department = people.filter(|person| view.department.is_some_and(|held| person.departments.contains(&held)));
    let mut choices: Vec<Choice> = of_department
        .map(|person| Choice {
            chosen: view.assignee == Some(person.id),
            ..Choice::new(person.id, person.name.clone())
        })
        .collect();
    choices.insert(0, Choice::new("", "Choose somebody"));
    choices
}

fn teams(viewer: &Viewer) -> Vec<Choice> {
    let mut choices: Vec<Choice> = viewer
        .district
        .teams
        .iter()
        .map(|team| Choice::new(team.id, team.name.clone()))
        .collect();
    choices.insert(0, Choice::new("", "Choose one"));
    choices
}

fn above(viewer: &Viewer) -> Vec<Choice> {
    let to = |to: EscalatedTo| Choice::new(to, words::raised(to.label()));
    if viewer.has(Role::Contact) {
        return vec![Choice {
            chosen: true,
            ..to(EscalatedTo::Leader)
        }];
    }
    EscalatedTo::ALL.iter().map(|one| to(*one)).collect()
}
