//! Schools, departments and areas.

use contracts::directory_action::DirectoryAction;
use contracts::queries::{NamedDepartment, NamedSchool, OfferedArea};
use contracts::vocabulary::Level;
use serde_json::{Value, json};

use super::{Contents, Deed, Section, Thing, href, named};
use crate::pages::forms::{Choice, Field, Form, Shape};
use crate::pages::viewer::Viewer;

fn form(viewer: &Viewer, section: Section, action: &str, thing: &str, button: &str) -> Form {
    let mut form = Form::new(viewer, &named(action, thing), href(section, action, thing), "", button);
    form.headed = false;
    form
}

fn closing(form: Form) -> Form {
    Form {
        button_class: "usa-button--secondary",
        ..form
    }
}

/// Schools.
pub(super) fn schools(viewer: &Viewer) -> Contents {
    let levels = || {
        Level::ALL
            .iter()
            .map(|level| Choice::new(level.code(), level.label()))
            .collect::<Vec<Choice>>()
    };
    let saying = |school: Option<&NamedSchool>| {
        let thing = school.map_or_else(|| "new".to_owned(), |school| school.id.to_string());
        let mut level = Field::pick("level", "Which grades?", levels()).needed("choose one");
        if let Some(school) = school {
            level = level.value(school.level.code());
        }
        let button = if school.is_some() { "Save it" } else { "Add it" };
        let said = form(viewer, Section::Schools, "set-school", &thing, button)
            .with(
                Field::line("name", "Its name")
                    .value(school.map(|school| school.name.as_str()).unwrap_or_default())
                    .needed("give it a name"),
            )
            .with(level)
            .with(
                Field::line("nces", "NCES identifier")
                    .hint("Twelve digits, with leading zeros, where it has one.")
                    .value(school.and_then(|school| school.nces.as_deref()).unwrap_or_default()),
            );
        let opens = match school {
            Some(school) if school.retired => "Open it again",
            Some(_) => "Change",
            None => "Add a school",
        };
        Deed::new(
            DirectoryAction::SetSchool,
            school.map(|school| school.id.0),
            opens,
            said,
        )
    };
    let things = viewer.district.schools.iter().map(|school| {
        let thing = school.id.to_string();
        let mut deeds = vec![saying(Some(school))];
        if !school.retired {
            let form = form(viewer, Section::Schools, "retire-school", &thing, "Close it")
                .lead("It stays in the record, and nothing new comes from it. It can be closed once none of its loops is open.");
            let id = Some(school.id.0);
            deeds.push(Deed::new(DirectoryAction::RetireSchool, id, "Close this school", closing(form)));
        }
        Thing {
            title: school.name.clone(),
            tag: school.retired.then_some("Closed"),
            lines: [Some(school.level.label().to_owned()), school.nces.as_ref().map(|nces| format!("NCES {nces}"))]
                .into_iter()
                .flatten()
                .collect(),
            changes: Some(format!("?of={thing}")),
            deeds,
        }
    });
    Contents {
        things: things.collect(),
        adds: vec![saying(None)],
    }
}

/// Departments.
pub(super) fn departments(viewer: &Viewer) -> Contents {
    let saying = |department: Option<&NamedDepartment>| {
        let thing = department.map_or_else(|| "new".to_owned(), |one| one.id.to_string());
        let button = if department.is_some() { "Save it" } else { "Add it" };
        let said = form(viewer, Section::Departments, "set-department", &thing, button)
            .with(
                Field::line("name", "Its name")
                    .value(department.map(|one| one.name.as_str()).unwrap_or_default())
                    .needed("give it a name"),
            )
            .with(
                Field::passage("decides", "What does it decide?")
                    .rows(2)
                    .hint(
                        "In a sentence that schools understand, such as: bell schedules, calendars and class periods.",
                    )
                    .value(department.and_then(|one| one.decides.as_deref()).unwrap_or_default()),
            );
        let opens = match department {
            Some(one) if one.retired => "Open it again",
            Some(_) => "Change",
            None => "Add a department",
        };
        let id = department.map(|one| one.id.0);
        Deed::new(DirectoryAction::SetDepartment, id, opens, said)
    };
    let things = viewer.district.departments.iter().map(|department| {
        let thing = department.id.to_string();
        let mut deeds = vec![saying(Some(department))];
        if !department.retired {
            let others = viewer.district.departments.iter();
            let mut to: Vec<Choice> = others
                .filter(|other| other.id != department.id && !other.retired)
                .map(|other| Choice::new(other.id, other.name.clone()))
                .collect();
            to.insert(0, Choice::new("", "It has none any more"));
            let form = form(viewer, Section::Departments, "retire-department", &thing, "Close it")
                .lead("It gets nothing new. Rules that name it are changed first.")
                .with(Field::pick("loops_to", "Who gets the loops that it has?", to));
            let id = Some(department.id.0);
            let deed = Deed::new(
                DirectoryAction::RetireDepartment,
                id,
                "Close this department",
                closing(form),
            );
            deeds.push(deed);
        }
        Thing {
            title: department.name.clone(),
            tag: department.retired.then_some("No more"),
            lines: department.decides.clone().into_iter().collect(),
            changes: Some(format!("?of={thing}")),
            deeds,
        }
    });
    Contents {
        things: things.collect(),
        adds: vec![saying(None)],
    }
}

/// The areas as a command is told all of them: the district's own, and ours that it calls otherwise or has retired.
fn told(areas: &[OfferedArea], changed: &Value) -> Value {
    let code = changed["code"].as_str().unwrap_or_default();
    let kept = areas
        .iter()
        .filter(|area| area.code.code() != code)
        .filter(|area| !area.ours || area.retired || area.label != area.code.label())
        .map(|area| json!({"code": area.code, "label": area.label, "retired": area.retired}));
    json!({"areas": kept.chain([changed.clone()]).collect::<Vec<_>>()})
}

/// Areas.
pub(super) fn areas(viewer: &Viewer) -> Contents {
    let all = &viewer.district.areas;
    let version = viewer.district.version;
    let deed = |area: Option<&OfferedArea>| {
        let thing = area.map_or("new", |area| area.code.code());
        let button = if area.is_some() { "Save it" } else { "Add it" };
        let mut said = form(viewer, Section::Areas, "set-areas", thing, button);
        if area.is_none() {
            said = said.with(
                Field::line("code", "A short code")
                    .hint("Small letters, digits and underscores, such as farm_programs. It stays for ever.")
                    .needed("give it a code"),
            );
        }
        said = said.with(
            Field::line("label", "What people call it")
                .value(area.map(|area| area.label.as_str()).unwrap_or_default())
                .needed("give it a name"),
        );
        if let Some(area) = area {
            let offered = vec![
                Choice::new("false", "Offered when somebody files"),
                Choice::new("true", "Retired: no longer offered"),
            ];
            said = said.with(
                Field::radios("retired", "Is it still used?", offered)
                    .shape(Shape::Flag)
                    .value(area.retired),
            );
        }
        let said = said.with(Field::hidden("version", version, Shape::Aside));
        let (areas, code) = (all.clone(), area.map(|area| area.code.code().to_owned()));
        let opens = if area.is_some() { "Change" } else { "Add an area" };
        Deed::new(
            DirectoryAction::SetAreas,
            Some(viewer.district.district.thing_id()),
            opens,
            said,
        )
        .telling(move |mut said| {
            if let (Some(code), Some(said)) = (&code, said.as_object_mut()) {
                said.insert("code".to_owned(), json!(code));
            }
            told(&areas, &said)
        })
    };
    let things = all.iter().map(|area| Thing {
        title: area.label.clone(),
        tag: area.retired.then_some("Retired"),
        lines: vec![if area.ours {
            area.code.code().to_owned()
        } else {
            format!("{}, the district's own", area.code.code())
        }],
        changes: None,
        deeds: vec![deed(Some(area))],
    });
    Contents {
        things: things.collect(),
        adds: vec![deed(None)],
    }
}
