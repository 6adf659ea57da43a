//! What was changed of a district's own things: by whom, when, and what stood there before. Read from the record itself.

use std::collections::BTreeMap;

use contracts::envelope::{Actor, Recorded};
use contracts::ids::PersonId;
use contracts::problem::Problem;
use contracts::queries::{Answered, Ask, Changed, ChangedLine, HistoryOf, HistoryQuery};
use contracts::subjects::{Subject, Thing as Kind};
use contracts::versions::parse_type;
use contracts::vocabulary::Role;
use decider::{Failure, History};
use serde_json::{Map, Value};

use crate::Directory;
use crate::domain::Thing;
use crate::entering;

/// Changes that are told.
const TOLD_MAX: usize = 100;
/// Differences of one change that are told.
const LINES_MAX: usize = 40;
/// The longest value that is told, in letters.
const VALUE_MAX: usize = 200;
/// What people are not told: it counts itself, or is sealed.
const UNTOLD: [&str; 8] = [
    "version",
    "key",
    "name_key",
    "nonce",
    "ciphertext",
    "commitment",
    "sourced_id",
    "known_as",
];

/// The changes of one thing, the newest first: for whoever sets a district up, looks after its record, or keeps its rules.
pub(crate) async fn of(directory: &Directory, ask: &Ask<HistoryQuery>) -> Result<Answered<Vec<Changed>>, Problem> {
    let viewer = &ask.viewer;
    if ![Role::Administrator, Role::Contact, Role::Auditor]
        .iter()
        .any(|role| viewer.has(*role))
    {
        return Err(Problem::not_found("page"));
    }
    let district = &viewer.district;
    let subject = match ask.query.thing {
        None => Subject::new(district, Kind::District, district.thing_id()),
        Some(HistoryOf::School(id)) => Subject::new(district, Kind::School, id.0),
        Some(HistoryOf::Department(id)) => Subject::new(district, Kind::Department, id.0),
        Some(HistoryOf::Team(id)) => Subject::new(district, Kind::Team, id.0),
        Some(HistoryOf::Zone(id)) => Subject::new(district, Kind::Zone, id.0),
        Some(HistoryOf::Person(id)) => Subject::new(district, Kind::Person, id.0),
    };
    let history = History::<Thing>::read(&*directory.log, &subject).await;
    let history = history.map_err(|failure: Failure<()>| failure.problem(|()| Problem::not_found("page")))?;
    let mut names: BTreeMap<PersonId, String> = BTreeMap::new();
    let mut changes = told(history.recorded());
    for (change, actor) in &mut changes {
        change.by = match actor {
            Actor::Policy(_) => "whoever runs the system".to_owned(),
            Actor::Person(person) => {
                if let Some(name) = names.get(person) {
                    name.clone()
                } else {
                    let found = entering::known(directory, district, *person).await?;
                    let name = found.map_or_else(|| "somebody who has left".to_owned(), |claims| claims.name);
                    names.insert(*person, name.clone());
                    name
                }
            }
        };
    }
    Ok(Answered {
        position: history.version(),
        as_of: None,
        answer: changes.into_iter().map(|(change, _)| change).collect(),
    })
}

/// What each event changed, beside what the one of its kind before it said; the newest first.
fn told(recorded: &[Recorded]) -> Vec<(Changed, Actor)> {
    let mut last: BTreeMap<String, Value> = BTreeMap::new();
    let mut changes = Vec::new();
    for event in recorded {
        let name = parse_type(&event.envelope.event_type).map_or("", |(_, name, _)| name);
        let data: Value = serde_json::from_str(event.envelope.data.get()).unwrap_or_default();
        // Several of a kind stand beside each other, told apart by their short names.
        let key = match data.get("id").and_then(Value::as_str) {
            Some(id) => format!("{name} {id}"),
            None => name.to_owned(),
        };
        let before = last.insert(key, data.clone());
        let mut lines = Vec::new();
        differences("", before.as_ref().unwrap_or(&Value::Null), &data, &mut lines);
        lines.truncate(LINES_MAX);
        let changed = Changed {
            sequence: event.sequence,
            time: event.envelope.time,
            by: String::new(),
            event: name.to_owned(),
            lines,
        };
        changes.push((changed, event.envelope.actor.clone()));
    }
    changes.reverse();
    changes.truncate(TOLD_MAX);
    changes
}

/// By what an item of a list is known, so that it is found again wherever it stands.
fn known_by(item: &Value) -> Option<String> {
    ["id", "code", "from"]
        .iter()
        .find_map(|name| item.get(name)?.as_str().map(str::to_owned))
}

fn differences(at: &str, before: &Value, after: &Value, lines: &mut Vec<ChangedLine>) {
    if before == after {
        return;
    }
    let step = |name: &str| {
        let name = name.replace('_', " ");
        if at.is_empty() { name } else { format!("{at}, {name}") }
    };
    match (before, after) {
        (Value::Object(_) | Value::Null, Value::Object(new)) => {
            let empty = Map::new();
            let old = before.as_object().unwrap_or(&empty);
            for name in new.keys().chain(old.keys().filter(|name| !new.contains_key(*name))) {
                if !UNTOLD.contains(&name.as_str()) {
                    let (old, new) = (old.get(name), new.get(name));
                    differences(
                        &step(name),
                        old.unwrap_or(&Value::Null),
                        new.unwrap_or(&Value::Null),
                        lines,
                    );
                }
            }
        }
        (Value::Array(_) | Value::Null, Value::Array(new))
            if new.iter().any(|item| known_by(item).is_some()) || !before.is_null() =>
        {
            let empty = Vec::new();
            let old = before.as_array().unwrap_or(&empty);
            let find = |list: &[Value], item: &Value| -> Option<Value> {
                let wanted = known_by(item);
                list.iter()
                    .find(|one| wanted.as_ref().map_or(*one == item, |_| known_by(one) == wanted))
                    .cloned()
            };
            for item in new {
                let name = known_by(item).unwrap_or_default();
                match find(old, item) {
                    Some(known) => differences(&step(&name), &known, item, lines),
                    None => lines.push(line(at, None, Some(item))),
                }
            }
            for item in old.iter().filter(|item| find(new, item).is_none()) {
                lines.push(line(at, Some(item), None));
            }
            let order = |list: &[Value]| list.iter().filter_map(known_by).collect::<Vec<_>>();
            let both = |list: &[Value], other: &[Value]| {
                let other = order(other);
                order(list)
                    .into_iter()
                    .filter(|name| other.contains(name))
                    .collect::<Vec<_>>()
            };
            if both(new, old) != both(old, new) {
                lines.push(ChangedLine {
                    at: step("order"),
                    before: Some(both(old, new).join(", ")),
                    after: Some(both(new, old).join(", ")),
                });
            }
        }
        (before, after) => lines.push(line(at, Some(before), Some(after))),
    }
}

fn line(at: &str, before: Option<&Value>, after: Option<&Value>) -> ChangedLine {
    ChangedLine {
        at: at.to_owned(),
        before: before.filter(|value| !value.is_null()).map(in_words),
        after: after.filter(|value| !value.is_null()).map(in_words),
    }
}

fn in_words(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Array(items) => items.iter().map(in_words).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => {
            if fields.contains_key("ciphertext") {
                return "(sealed)".to_owned();
            }
            fields
                .iter()
                .filter(|(name, value)| {
                    let nothing = value.as_array().is_some_and(Vec::is_empty)
                        || value.as_object().is_some_and(Map::is_empty)
                        || value.is_null();
                    !UNTOLD.contains(&name.as_str()) && !nothing
                })
                .map(|(name, value)| format!("{} {}", name.replace('_', " "), in_words(value)))
                .collect::<Vec<_>>()
                .join(", ")
        }
        Value::Null | Value::Number(_) => value.to_string(),
    };
    text.chars().take(VALUE_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(before: Value, after: Value) -> Vec<(String, Option<String>, Option<String>)> {
        let mut lines = Vec::new();
        differences("", &before, &after, &mut lines);
        lines
            .into_iter()
            .map(|line| (line.at, line.before, line.after))
            .collect()
    }

    #[test]
    fn what_is_different_is_told_and_nothing_else() {
        let day = |from: &str, label: &str| json!({"from": from, "to": from, "label": label});
        let before = json!({"version": 1, "time_zone": "UTC", "closed": [day("2026-12-24", "Holiday"), day("2027-01-01", "Holiday")]});
        let after = json!({"version": 2, "time_zone": "UTC", "closed": [day("2026-12-04", "Snow"), day("2026-12-24", "Winter break")]});
        assert_eq!(
            of(before, after),
            [
                (
                    "closed".to_owned(),
                    None,
                    Some("from 2026-12-04, label Snow, to 2026-12-04".to_owned())
                ),
                (
                    "closed, 2026-12-24, label".to_owned(),
                    Some("Holiday".to_owned()),
                    Some("Winter break".to_owned())
                ),
                (
                    "closed".to_owned(),
                    Some("from 2027-01-01, label Holiday, to 2027-01-01".to_owned()),
                    None
                ),
            ]
        );
    }

    #[test]
    fn rules_that_change_places_are_told_as_such() {
        let rule = |id: &str, to: &str| json!({"id": id, "department": to});
        let lines = of(
            json!({"rules": [rule("a", "x"), rule("b", "y")]}),
            json!({"rules": [rule("b", "y"), rule("a", "z")]}),
        );
        assert_eq!(
            lines,
            [
                (
                    "rules, a, department".to_owned(),
                    Some("x".to_owned()),
                    Some("z".to_owned())
                ),
                (
                    "rules, order".to_owned(),
                    Some("a, b".to_owned()),
                    Some("b, a".to_owned())
                ),
            ]
        );
    }

    #[test]
    fn what_is_new_is_told_by_its_parts() {
        assert_eq!(
            of(
                Value::Null,
                json!({"name": "Alder", "retired": false, "sourced_id": "x"})
            ),
            [
                ("name".to_owned(), None, Some("Alder".to_owned())),
                ("retired".to_owned(), None, Some("no".to_owned())),
            ]
        );
    }
}
