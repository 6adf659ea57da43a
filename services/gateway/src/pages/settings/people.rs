//! Teams, and the contact.

use contracts::directory_action::DirectoryAction;
use contracts::queries::NamedTeam;
use contracts::vocabulary::TeamKind;

use super::{Contents, Deed, Section, Thing, href, named};
use crate::pages::forms::{Choice, Field, Form, Shape};
use crate::pages::viewer::Viewer;

fn everybody(viewer: &Viewer) -> Vec<Choice> {
    let people = viewer.district.people.iter();
    people
        .map(|person| {
            let choice = Choice::new(person.id, person.name.clone());
            match &person.title {
                Some(title) => choice.hint(title),
                None => choice,
            }
        })
        .collect()
}

/// Teams.
pub(super) fn teams(viewer: &Viewer) -> Contents {
    let saying = |team: Option<&NamedTeam>| {
        let thing = team.map_or_else(|| "new".to_owned(), |team| team.id.to_string());
        let mut kinds = TeamKind::ALL
            .iter()
            .map(|kind| Choice::new(kind.code(), kind.label()))
            .collect::<Vec<Choice>>();
        let mut members = everybody(viewer);
        if let Some(team) = team {
            for kind in &mut kinds {
                kind.chosen = kind.value == team.kind.code();
            }
            for member in &mut members {
                member.chosen = team.members.iter().any(|known| known.to_string() == member.value);
            }
        }
        let (button, opens) = match team {
            Some(_) => ("Save it", "Change"),
            None => ("Form it", "Form a team"),
        };
        let mut form = Form::new(
            viewer,
            &named("form-team", &thing),
            href(Section::Teams, "form-team", &thing),
            "",
            button,
        );
        form.headed = false;
        let form = form
            .with(
                Field::line("name", "Its name")
                    .value(team.map(|team| team.name.as_str()).unwrap_or_default())
                    .needed("give it a name"),
            )
            .with(Field::pick("kind", "What is it for?", kinds).needed("choose one"))
            .with(Field::ticks("members", "Who sits on it?", members).needed("tick at least one person"));
        Deed::new(DirectoryAction::FormTeam, team.map(|team| team.id.0), opens, form)
    };
    let name_of = |id: &contracts::PersonId| {
        let person = viewer.district.people.iter().find(|person| person.id == *id);
        person.map_or_else(
            || "somebody who is not listed here".to_owned(),
            |person| person.name.clone(),
        )
    };
    let things = viewer.district.teams.iter().map(|team| Thing {
        title: team.name.clone(),
        tag: None,
        lines: vec![
            team.kind.label().to_owned(),
            team.members.iter().map(name_of).collect::<Vec<_>>().join(", "),
        ],
        changes: Some(format!("?of={}", team.id)),
        deeds: vec![saying(Some(team))],
    });
    Contents {
        things: things.collect(),
        adds: vec![saying(None)],
    }
}

/// The central-office contact.
pub(super) fn contact(viewer: &Viewer) -> Contents {
    let now = viewer.district.contact.as_ref();
    let mut people = everybody(viewer);
    people.insert(0, Choice::new("", "-"));
    for person in &mut people {
        person.chosen = now.is_some_and(|(name, _)| *name == person.label);
    }
    let mut form = Form::new(
        viewer,
        &named("designate-contact", "now"),
        href(Section::Contact, "designate-contact", "now"),
        "",
        "Name them",
    );
    form.headed = false;
    let form = form
        .lead("They need the contact's role, which is given on their own page.")
        .with(Field::pick("person", "Who?", people).needed("choose somebody"))
        .with(
            Field::passage("duties", "What are they there to do?")
                .hint("Such as: keeps every loop moving; sees each school at least twice a month; spreads what works.")
                .value(now.map(|(_, duties)| duties.as_str()).unwrap_or_default())
                .needed("say what they are there to do"),
        )
        .with(Field::hidden("version", viewer.district.version, Shape::Aside));
    let thing = now.map(|(name, duties)| Thing {
        title: name.clone(),
        tag: None,
        lines: vec![duties.clone()],
        changes: None,
        deeds: Vec::new(),
    });
    let district = Some(viewer.district.district.thing_id());
    Contents {
        things: thing.into_iter().collect(),
        adds: vec![Deed::new(
            DirectoryAction::DesignateContact,
            district,
            "Name somebody",
            form,
        )],
    }
}
