//! The words and colours that stand for who has a loop, what is due, and what has happened.

use axum::Extension;
use axum::http::HeaderMap;
use axum::http::header::{HOST, USER_AGENT};
use contracts::area::Area;
use contracts::events::routing::Due;
use contracts::queries::{DistrictView, LoopRow, SchoolView};
use contracts::vocabulary::{Clock, LoopState};
use contracts::{DepartmentId, SchoolId};

use super::Secure;
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

/// The name of a team.
pub(super) fn team(district: &DistrictView, id: contracts::TeamId) -> String {
    let known = district.teams.iter().find(|team| team.id == id);
    known.map_or_else(|| "a team".to_owned(), |team| team.name.clone())
}

/// What the district calls an area.
pub(super) fn area(district: &DistrictView, code: &str) -> String {
    let known = district.areas.iter().find(|area| area.code.code() == code);
    known.map_or_else(|| plain_area(code), |area| area.label.clone())
}

/// The words of an area's code, where nothing is known of the district.
fn plain_area(code: &str) -> String {
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

/// Who is asked, of those for whom this person speaks, whether it still works, some weeks after it closed.
pub(super) fn asked_again(row: &LoopRow, viewer: &Viewer) -> Option<&'static str> {
    let claims = &viewer.visitor.claims;
    let mut asked = row
        .schools
        .iter()
        .filter(|school| school.follow_up_asked && claims.schools.contains(&school.id));
    let office = SchoolId::of_district(&claims.district);
    asked.next().map(|school| {
        if school.id == office {
            "The district office"
        } else {
            "Your school"
        }
    })
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

/// The address that somebody's own browser has us under.
pub(super) fn address(secure: Option<Extension<Secure>>, headers: &HeaderMap) -> String {
    let host = headers
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    let scheme = if secure.is_some_and(|Extension(secure)| secure.0) {
        "https"
    } else {
        "http"
    };
    format!("{scheme}://{host}")
}

/// What somebody looks at us with, as it says of itself: "Firefox on Windows".
pub(super) fn browser(headers: &HeaderMap) -> String {
    let said = headers
        .get(USER_AGENT)
        .and_then(|said| said.to_str().ok())
        .unwrap_or_default();
    let find = |known: &[(&str, &'static str)]| {
        known
            .iter()
            .find(|(part, _)| said.contains(part))
            .map(|(_, name)| *name)
    };
    // Each says that it is also those after it.
    let browser = find(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("CriOS/", "Chrome"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = find(&[
        ("iPhone", "an iPhone"),
        ("iPad", "an iPad"),
        ("Android", "Android"),
        ("CrOS", "a Chromebook"),
        ("Windows", "Windows"),
        ("Macintosh", "a Mac"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) => "An unknown browser".to_owned(),
    }
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

    #[test]
    fn a_browser_is_what_it_says_that_it_is() {
        let of = |said: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(USER_AGENT, axum::http::HeaderValue::from_static(said));
            browser(&headers)
        };
        for (said, known) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
                "Firefox on Linux",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1",
                "Safari on an iPhone",
            ),
            ("curl/8.0", "An unknown browser"),
        ] {
            assert_eq!(of(said), known);
        }
        assert_eq!(browser(&HeaderMap::new()), "An unknown browser");
    }
}
