//! Working days, and promises of days.

use contracts::directory_action::DirectoryAction;
use contracts::events::routing::ServiceLevel;
use serde_json::{Value, json};

use super::{Contents, Deed, Section, Thing, href, named};
use crate::pages::days::counted;
use crate::pages::forms::{Field, Form, Shape};
use crate::pages::viewer::Viewer;

/// Days off are shown until so many days after they are over.
const SHOWN_DAYS: i64 = 14;

fn form(viewer: &Viewer, action: &str, thing: &str, button: &str) -> Form {
    let mut form = Form::new(
        viewer,
        &named(action, thing),
        href(Section::Time, action, thing),
        "",
        button,
    );
    form.headed = false;
    form.with(Field::hidden("version", viewer.district.version, Shape::Aside))
}

fn calendar(viewer: &Viewer, opens: &str, form: Form) -> Deed {
    let district = Some(viewer.district.district.thing_id());
    Deed::new(DirectoryAction::SetCalendar, district, opens, form)
}

/// What stands on the page.
pub(super) fn contents(viewer: &Viewer) -> Contents {
    let district = &viewer.district;
    let days = &viewer.days;
    let closed = json!(district.closed);
    let zone = form(viewer, "time-zone", "now", "Save it").with(
        Field::line("time_zone", "Time zone")
            .hint("An IANA name, such as America/New_York.")
            .value(&district.time_zone)
            .needed("name a time zone"),
    );
    let the_same = closed.clone();
    let zone = calendar(viewer, "Change the time zone", zone)
        .telling(move |said| json!({"time_zone": said["time_zone"], "closed": the_same}));
    let mut things = vec![Thing {
        title: "Monday to Friday".to_owned(),
        tag: None,
        lines: vec![format!("In the time of {}", district.time_zone.replace('_', " "))],
        changes: None,
        deeds: vec![zone],
    }];
    let mut all: Vec<_> = district.closed.iter().enumerate().collect();
    all.sort_by_key(|(_, closed)| closed.from);
    // What is long over is still counted by, and nobody changes it.
    let shown_from = days.today - chrono::Duration::days(SHOWN_DAYS);
    all.retain(|(_, closed)| closed.to >= shown_from);
    things.extend(all.into_iter().map(|(at, off)| {
        let button = "Count these days again";
        let form = Form {
            button_class: "usa-button--secondary",
            ..form(viewer, "open-days", &at.to_string(), button)
        };
        let before = closed.clone();
        let deed = calendar(viewer, "Take it away", form).telling(move |_| {
            let kept = before.as_array().into_iter().flatten().enumerate();
            let kept: Vec<&Value> = kept.filter(|(nth, _)| *nth != at).map(|(_, off)| off).collect();
            json!({"closed": kept})
        });
        let when = if off.from == off.to {
            days.full(off.from)
        } else {
            format!("{} to {}", days.full(off.from), days.full(off.to))
        };
        Thing {
            title: off.label.clone(),
            tag: (off.to < days.today).then_some("Over"),
            lines: vec![when],
            changes: None,
            deeds: vec![deed],
        }
    }));
    let before = closed.clone();
    let add = form(viewer, "close-days", "new", "Add it")
        .lead("The dates of open loops move with it, at once, and each loop says so.")
        .with(
            Field::line("label", "Why?")
                .hint("Such as: Snow, or: Spring break.")
                .needed("say why"),
        )
        .with(Field::day("from", "The first day").needed("choose a day"))
        .with(Field::day("to", "The last day").hint("The same day, where nothing is said."));
    let add = calendar(viewer, "Add days off", add).telling(move |said| {
        let mut all = before.as_array().cloned().unwrap_or_default();
        let to = if said["to"].is_null() {
            &said["from"]
        } else {
            &said["to"]
        };
        all.push(json!({"label": said["label"], "from": said["from"], "to": to}));
        json!({"closed": all})
    });
    things.extend(district.service_levels.iter().map(|level| Thing {
        title: format!("Promise: {}", level.name),
        tag: None,
        lines: vec![
            format!(
                "A first word within {}, the next within {}, an answer within {}",
                counted(u64::from(level.acknowledge_days), "business day", "business days"),
                level.next_word_days,
                level.resolve_days
            ),
            format!(
                "Due soon {} before",
                counted(u64::from(level.due_soon_days), "day", "days")
            ),
        ],
        changes: None,
        deeds: vec![promise(viewer, Some(level))],
    }));
    Contents {
        things,
        adds: vec![add, promise(viewer, None)],
    }
}

fn promise(viewer: &Viewer, level: Option<&ServiceLevel>) -> Deed {
    let thing = level.map_or("new", |level| level.id.as_str());
    let days = |path: &'static str, label: &str, days: Option<u32>| {
        let field = Field::number(path, label).needed("say how many days");
        match days {
            Some(days) => field.value(days),
            None => field,
        }
    };
    let mut said = form(viewer, "set-service-level", thing, "Save it")
        .lead("Promises are made when a loop is routed: what was promised before stays as it was promised.");
    if level.is_none() {
        said = said.with(
            Field::line("level.id", "A short name, which rules use")
                .hint("Such as: urgent.")
                .needed("give it a short name"),
        );
    }
    let said = said
        .with(
            Field::line("level.name", "Its name")
                .value(level.map(|level| level.name.as_str()).unwrap_or_default())
                .needed("give it a name"),
        )
        .with(days(
            "level.acknowledge_days",
            "A first word within how many business days?",
            level.map(|level| level.acknowledge_days),
        ))
        .with(days(
            "level.next_word_days",
            "The next word within how many?",
            level.map(|level| level.next_word_days),
        ))
        .with(days(
            "level.resolve_days",
            "An answer within how many?",
            level.map(|level| level.resolve_days),
        ))
        .with(days(
            "level.due_soon_days",
            "How many days before does it count as near?",
            level.map(|level| level.due_soon_days),
        ));
    let id = level.map(|level| level.id.clone());
    let opens = if level.is_some() { "Change" } else { "Add a promise" };
    let district = Some(viewer.district.district.thing_id());
    Deed::new(DirectoryAction::SetServiceLevel, district, opens, said).telling(move |mut said| {
        if let Some(id) = &id {
            said["level"]["id"] = json!(id);
        }
        said
    })
}
