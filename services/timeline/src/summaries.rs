//! What happened, in a sentence, as people say it.

use chrono::NaiveDate;
use contracts::ids::{DepartmentId, SchoolId, TeamId};
use contracts::vocabulary::{
    Clock, DeclineGround, Disclosure, ErasureGround, EscalatedTo, FlexibilityTurn, NotGranted, ResolutionKind,
};
use serde_json::Value;
use uuid::Uuid;

use crate::names::Names;

/// A sentence on what happened, and the words that somebody wrote with it.
pub(crate) fn summarise(kind: &str, data: &Value, actor: &str, names: &Names) -> (String, Option<String>) {
    let text = |field: &str| data.get(field).and_then(Value::as_str).map(ToOwned::to_owned);
    let id = |field: &str| text(field).and_then(|id| Uuid::parse_str(&id).ok());
    let school = || id("school").map_or_else(|| "the school".to_owned(), |id| names.school(SchoolId(id)));
    let department =
        |field: &str| id(field).map_or_else(|| "the department".to_owned(), |id| names.department(DepartmentId(id)));
    let team = || id("team").map_or_else(|| "the team".to_owned(), |id| names.team(TeamId(id)));
    let code = |field: &str| text(field).unwrap_or_default();
    let day = |field: &str| {
        text(field)
            .and_then(|day| day.parse::<NaiveDate>().ok())
            .map_or_else(String::new, words_of_day)
    };
    let count = |field: &str| data.get(field).and_then(Value::as_array).map_or(0, Vec::len);
    let answer = || ResolutionKind::from_code(&code("kind")).map_or("An answer", ResolutionKind::label);
    let clock = || Clock::from_code(&code("clock")).map_or("date", Clock::label);
    match kind {
        "tension_filed" => (format!("{actor} filed this for {}", school()), text("barrier")),
        "tension_amended" => (
            format!("{actor} changed what it says"),
            text("barrier").or_else(|| text("title")),
        ),
        "school_joined" => (
            format!("{} joined: it is met there too", school()),
            text("how_it_meets_us"),
        ),
        "school_left" => (format!("{} left; it goes on for the others", school()), text("why")),
        "handed_on" => (format!("Another person now speaks for {}", school()), None),
        "question_answered" => (format!("{actor} answered for {}", school()), text("answer")),
        "tension_withdrawn" => (format!("{} withdrew it", school()), text("why")),
        "outcome_confirmed" => (format!("{}: it works", school()), text("words")),
        "outcome_refused" => (format!("{}: not yet", school()), text("why")),
        "appealed" => (
            format!("{} asked for the decline to be looked at again", school()),
            text("why"),
        ),
        "follow_up_recorded" => {
            let still = data.get("still_works").and_then(Value::as_bool).unwrap_or(true);
            let reopens = data.get("reopens").and_then(Value::as_bool).unwrap_or(false);
            let words = match (still, reopens) {
                (true, _) => "it still works",
                (false, true) => "it no longer works, so the loop is open again",
                (false, false) => "it no longer works; a new loop can be linked to this one",
            };
            (format!("{}: {words}", school()), text("text"))
        }
        "tension_routed" => {
            let why = data
                .get("chosen_by")
                .and_then(|rule| rule.get("name"))
                .and_then(Value::as_str);
            let by = why.map_or_else(
                || format!(", chosen by {actor}"),
                |rule| format!(", by the rule \u{201c}{rule}\u{201d}"),
            );
            let due = data
                .get("due")
                .and_then(|due| due.get("acknowledge"))
                .and_then(Value::as_str);
            let by_day = due
                .and_then(|day| day.parse::<NaiveDate>().ok())
                .map_or_else(String::new, |day| {
                    format!(". A first word is due by {}", words_of_day(day))
                });
            (
                format!("{} has this{by}{by_day}", department("department")),
                text("why"),
            )
        }
        "triage_requested" => (
            "No rule matched, so the central-office contact decides who gets it".to_owned(),
            None,
        ),
        "tension_rerouted" => (
            format!("Moved from {} to {}", department("from"), department("to")),
            text("why"),
        ),
        "collaborator_added" => (format!("{} helps", department("department")), None),
        "due_dates_changed" if code("cause") == "calendar" => (
            "The district's calendar changed, and the dates with it".to_owned(),
            None,
        ),
        "due_dates_changed" => {
            let resolve = data
                .get("due")
                .and_then(|due| due.get("resolve"))
                .and_then(Value::as_str);
            let day = resolve
                .and_then(|day| day.parse::<NaiveDate>().ok())
                .map_or_else(String::new, words_of_day);
            (format!("{actor} moved the day of the answer to {day}"), text("why"))
        }
        "due_soon_noticed" => (format!("The {} is due by {}", clock(), day("due")), None),
        "deadline_missed" => (format!("The {} was due by {} and is late", clock(), day("due")), None),
        "escalated" => {
            let to = EscalatedTo::from_code(&code("to")).map_or("somebody above", EscalatedTo::label);
            match code("about").as_str() {
                "appeal" => (format!("The appeal is with {to}"), text("why")),
                _ => (format!("{actor} asked {to} to step in"), text("why")),
            }
        }
        "escalation_decided" => {
            let outcome = match code("outcome").as_str() {
                "uphold" => ": the decline stands",
                "overturn" => ": the department must look again",
                _ => "",
            };
            (format!("{actor} decided{outcome}"), two(text("decision"), text("why")))
        }
        "reminder_sent" => match code("to").as_str() {
            "contact" => (
                "The contact was told that the schools have not answered".to_owned(),
                None,
            ),
            _ => ("The schools were asked again whether it works".to_owned(), None),
        },
        "follow_up_asked" => ("The schools were asked whether it still works".to_owned(), None),
        "closed_unconfirmed" => ("Closed without the school's word: nobody answered".to_owned(), None),
        "case_acknowledged" => (
            format!("{actor} of {} has it in hand", department("department")),
            text("word"),
        ),
        "staff_assigned" => ("A colleague takes care of it".to_owned(), None),
        "question_asked" => (format!("{actor} asked {}", school()), text("question")),
        "note_added" => {
            let shared = data.get("shared").and_then(Value::as_bool).unwrap_or(false);
            let what = if shared {
                "wrote to the schools"
            } else {
                "wrote a note for the office"
            };
            (format!("{actor} {what}"), text("text"))
        }
        "put_before_team" => (format!("{actor} put it before {}", team()), text("question")),
        "team_decided" => (format!("{} decided", team()), two(text("decision"), text("why"))),
        "resolution_proposed" => (
            format!("{actor} proposed: {}", answer()),
            two(text("summary"), text("rationale")),
        ),
        "resolution_revised" => (
            format!("{actor} revised the answer: {}. Each school is asked again", answer()),
            two(text("summary"), text("rationale")),
        ),
        "case_declined" => {
            let ground = DeclineGround::from_code(&code("ground")).map_or("Declined", DeclineGround::label);
            let review = day("review_on");
            let until = if review.is_empty() {
                String::new()
            } else {
                format!(", to be looked at again on {review}")
            };
            (format!("{actor} declined: {ground}{until}"), text("reason"))
        }
        "resolution_withdrawn" => (format!("{actor} took the answer back"), text("why")),
        "grant_completed" if data.get("flexibility").is_some() => (
            "What was promised is granted: it stands in the district's flexibilities".to_owned(),
            None,
        ),
        "grant_completed" => ("The state said yes".to_owned(), text("text")),
        "grant_failed" => match NotGranted::from_code(&code("ground")) {
            Some(ground) => (
                format!(
                    "What was promised could not be granted: {}; another answer is owed",
                    ground.label()
                ),
                None,
            ),
            None => ("The state said no; another answer is owed".to_owned(), text("text")),
        },
        "rule_corrected" => (
            format!("{actor} looked up where the rule comes from"),
            two(text("title"), text("text")),
        ),
        "flexibility_changed" => {
            let turn = FlexibilityTurn::from_code(&code("turn")).map_or("changed", FlexibilityTurn::label);
            (format!("The flexibility this rests on {turn}"), None)
        }
        "erased" => {
            let ground = ErasureGround::from_code(&code("ground")).map_or("", ErasureGround::label);
            let what = match count("texts") {
                1 => "words in one place".to_owned(),
                several => format!("words in {several} places"),
            };
            (format!("{actor} erased {what} for good. {ground}"), text("why"))
        }
        "hold_placed" => (
            format!("{actor} placed a hold: nothing here may be erased"),
            text("why"),
        ),
        "hold_lifted" => (format!("{actor} lifted a hold"), text("why")),
        "statement_attached" => (
            match text("on_behalf_of") {
                Some(whose) => format!("{actor} attached a statement of {whose}"),
                None => format!("{actor} attached a statement"),
            },
            text("text"),
        ),
        "record_disclosed" => {
            let form = match Disclosure::from_code(&code("form")) {
                Some(Disclosure::Public) => " as a public record",
                Some(Disclosure::Auditor) | None => "",
            };
            let kept = match count("withheld") {
                0 => String::new(),
                1 => "; one text was kept back".to_owned(),
                several => format!("; {several} texts were kept back"),
            };
            (format!("{actor} gave this record out{form}{kept}"), text("to"))
        }
        other => (other.replace('_', " "), None),
    }
}

fn two(first: Option<String>, second: Option<String>) -> Option<String> {
    match (first, second) {
        (Some(first), Some(second)) => Some(format!("{first}\n{second}")),
        (first, second) => first.or(second),
    }
}

/// A day in full: "Thursday 3 December".
fn words_of_day(day: NaiveDate) -> String {
    day.format("%A %-d %B").to_string()
}
