//! The words and colours that stand for who has a loop, what is due, and what has happened.

use contracts::area::Area;
use contracts::events::routing::Due;
use contracts::queries::{DistrictView, LoopRow, SchoolView};
use contracts::vocabulary::{Clock, LoopState};
use contracts::{DepartmentId, SchoolId};

use super::days::Days;
use super::viewer::Viewer;

/// The colour of a holder's code: one of the classes that `app.css` knows.
pub(super) fn colour(holder: &str, state: LoopState, unconfirmed: bool) -> &'static str {
    match state {
        LoopState::Closed if unconfirmed => "ended",
        LoopState::Closed => "closed",
        LoopState::Declined | LoopState::Withdrawn => "ended",
        LoopState::Filed
        | LoopState::Triage
        | LoopState::Routed
        | LoopState::Acknowledged
        | LoopState::WaitingForSchool
        | LoopState::WaitingForState
        | LoopState::Reopened
        | LoopState::Proposed => holder_colour(holder),
    }
}

/// The colour of who holds an open loop.
pub(super) fn holder_colour(holder: &str) -> &'static str {
    match holder {
        "school" => "school",
        "department" => "department",
        "contact" | "router" => "contact",
        "leader" | "team" => "leader",
        "state" => "state",
        _ => "ended",
    }
}

/// Who a holder's code means, in a legend.
pub(super) fn holder_name(holder: &str) -> &'static str {
    match holder {
        "school" => "a school",
        "department" => "a department",
        "contact" => "the contact",
        "router" => "nobody yet",
        "leader" => "a leader",
        "team" => "a team",
        "state" => "the state",
        _ => "nobody",
    }
}

/// "Technology has this." from "Technology"; a sentence stays one.
pub(super) fn has_this(holder: &str, words: &str) -> String {
    let words = words.trim();
    match holder {
        "router" => "This is being passed to the department that decides about it.".to_owned(),
        "nobody" => sentence(words),
        _ if words.ends_with('.') || words.contains(" has ") || words.contains(" have ") => sentence(words),
        "school" if words.ends_with(" schools") => format!("{} have this.", raised(words)),
        _ => format!("{} has this.", raised(words)),
    }
}

/// With a capital and a full stop.
pub(super) fn sentence(words: &str) -> String {
    let words = words.trim();
    if words.is_empty() {
        return String::new();
    }
    let stop = if words.ends_with(['.', '?', '!', ':']) { "" } else { "." };
    format!("{}{stop}", raised(words))
}

/// With a capital.
pub(super) fn raised(words: &str) -> String {
    let mut letters = words.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The words of an area's code.
pub(super) fn area(code: &str) -> String {
    Area::from_code(code).map_or_else(|| code.to_owned(), |area| area.label().to_owned())
}

/// Where a loop stands, as this person says it: to the school that is waited for, it waits for them.
pub(super) fn state(state: LoopState, unconfirmed: bool, schools: &[SchoolView], viewer: &Viewer) -> String {
    let own = |waited: LoopState| {
        let mine = |school: &SchoolView| viewer.visitor.claims.schools.contains(&school.id) && school.state == waited;
        schools.iter().any(mine)
    };
    match state {
        LoopState::Closed if unconfirmed => "Closed without an answer from the school",
        LoopState::WaitingForSchool if own(state) => "Waiting for your answer",
        LoopState::Proposed if own(state) => "Answered, waiting for your word",
        LoopState::Filed
        | LoopState::Triage
        | LoopState::Routed
        | LoopState::Acknowledged
        | LoopState::WaitingForSchool
        | LoopState::WaitingForState
        | LoopState::Reopened
        | LoopState::Proposed
        | LoopState::Closed
        | LoopState::Declined
        | LoopState::Withdrawn => state.label(),
    }
    .to_owned()
}

/// What a clock asks of the district office.
pub(super) fn clock_verb(clock: Clock) -> &'static str {
    match clock {
        Clock::Acknowledge => "acknowledge by",
        Clock::NextWord => "next word by",
        Clock::Resolve => "answer by",
    }
}

/// What a clock promises to a school.
pub(super) fn clock_promise(clock: Clock) -> &'static str {
    match clock {
        Clock::Acknowledge | Clock::NextWord => "you will hear by",
        Clock::Resolve => "answer by",
    }
}

/// The name of a clock in the list of dates.
pub(super) fn clock_name(clock: Clock) -> &'static str {
    match clock {
        Clock::Acknowledge => "First word",
        Clock::NextWord => "Next word to the school",
        Clock::Resolve => "Answer",
    }
}

/// The earliest date that has passed, where one has.
pub(super) fn overdue(due: &Due, next: Option<chrono::NaiveDate>, days: &Days) -> Option<chrono::NaiveDate> {
    [due.acknowledge, due.next_word, due.resolve, next]
        .into_iter()
        .flatten()
        .filter(|day| *day < days.today)
        .min()
}

/// "4 days late", for a row that is.
pub(super) fn late_words(row: &LoopRow, days: &Days) -> Option<String> {
    row.late
        .then(|| overdue(&row.due, row.next_due, days).map_or_else(|| "late".to_owned(), |since| days.late(since)))
}

/// "Lincoln Elementary", "Lincoln Elementary and Roosevelt Middle", "Lincoln Elementary and 3 more".
pub(super) fn schools(schools: &[SchoolView], count: u32) -> String {
    match schools {
        [] if count == 1 => "1 school".to_owned(),
        [] => format!("{count} schools"),
        [one] => one.name.clone(),
        [one, other] => format!("{} and {}", one.name, other.name),
        [one, rest @ ..] => format!("{} and {} more", one.name, rest.len()),
    }
}

/// A department's name.
pub(super) fn department(district: &DistrictView, id: DepartmentId) -> String {
    let named = district.departments.iter().find(|department| department.id == id);
    named.map_or_else(|| "a department".to_owned(), |department| department.name.clone())
}

/// The departments a person may answer for: their own, or any for the contact.
pub(super) fn departments_of(viewer: &Viewer) -> Vec<super::forms::Choice> {
    let own = &viewer.visitor.claims.departments;
    let all = viewer.has(contracts::vocabulary::Role::Contact);
    viewer
        .district
        .departments
        .iter()
        .filter(|department| all || own.contains(&department.id))
        .map(|department| super::forms::Choice::new(department.id, department.name.clone()))
        .collect()
}

/// A school's name.
pub(super) fn school(district: &DistrictView, id: SchoolId) -> String {
    if id == district.office {
        return "the district office".to_owned();
    }
    let named = district.schools.iter().find(|school| school.id == id);
    named.map_or_else(|| "a school".to_owned(), |school| school.name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_it_is_a_sentence() {
        assert_eq!(has_this("department", "Technology"), "Technology has this.");
        assert_eq!(
            has_this("contact", "the central-office contact"),
            "The central-office contact has this."
        );
        assert_eq!(has_this("school", "2 schools"), "2 schools have this.");
        assert_eq!(
            has_this("department", "Talent and Staffing"),
            "Talent and Staffing has this."
        );
        assert_eq!(has_this("nobody", "closed"), "Closed.");
    }
}
