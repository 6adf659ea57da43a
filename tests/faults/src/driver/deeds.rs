//! What somebody might say, action by action: every text is unlike any other, so that it can be found again.

use std::collections::BTreeMap;

use contracts::ids::{DepartmentId, PersonId, TeamId};
use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::{Value, json};

/// Actions that end a part or a loop: done seldom, so that there is something left to do.
const ENDING: [&str; 4] = ["withdraw", "decline", "leave", "erase"];
/// Actions that are tried although the page does not offer them.
const ANYWAY: [&str; 12] = [
    "acknowledge",
    "ask",
    "answer",
    "note",
    "propose",
    "confirm",
    "refuse",
    "join",
    "appeal",
    "decide",
    "escalate",
    "route",
];

/// What there is to name in a district.
#[derive(Debug, Clone)]
pub struct Place {
    /// Departments.
    pub departments: Vec<DepartmentId>,
    /// Teams.
    pub teams: Vec<TeamId>,
    /// The person who acts.
    pub person: PersonId,
}

fn one<'a, T>(random: &mut StdRng, of: &'a [T]) -> Option<&'a T> {
    (!of.is_empty()).then(|| &of[random.random_range(0..of.len())])
}

/// Picks an action of those offered, now and then one that is not.
pub fn pick(random: &mut StdRng, offered: &[String]) -> Option<String> {
    if offered.is_empty() || random.random_range(0..10) == 0 {
        return one(random, &ANYWAY).map(|action| (*action).to_owned());
    }
    for _ in 0..4 {
        let action = one(random, offered)?;
        // Handing on needs a colleague's id, which nobody here knows.
        let seldom = ENDING.contains(&action.as_str()) && random.random_range(0..5) > 0;
        if action != "hand-on" && !seldom {
            return Some(match action.as_str() {
                "decide-team" | "decide-escalation" => "decide".to_owned(),
                other => other.to_owned(),
            });
        }
    }
    None
}

/// What is filed.
pub fn filing(random: &mut StdRng, number: u64) -> Value {
    let area = ["scheduling", "technology_access", "seat_time"][random.random_range(0..3)];
    let visibility = ["joinable", "joinable", "joinable", "school_only", "confidential"][random.random_range(0..5)];
    let citation = ["Policy 3420", "Policy 5120", "Policy 7000"][random.random_range(0..3)];
    let kind = ["policy", "practice", "tradition"][random.random_range(0..3)];
    json!({
        "title": format!("Title {number}"),
        "trying": format!("What we try {number}"),
        "barrier": format!("What gets in the way {number}"),
        "kind": kind,
        "area": area,
        "visibility": visibility,
        "rule_source": "board_policy",
        "citation": citation,
    })
}

/// The body of an action on a loop.
pub fn body(random: &mut StdRng, action: &str, place: &Place, number: u64) -> Value {
    let words = |what: &str| format!("{what} {number}");
    let department = one(random, &place.departments);
    match action {
        "acknowledge" => json!({"word": words("We have it")}),
        "ask" => json!({"question": words("Which class")}),
        "answer" => json!({"answer": words("This class")}),
        "note" => json!({"text": words("A note"), "shared": random.random_range(0..2) == 0}),
        "propose" => {
            let kind = [
                "support",
                "already_allowed",
                "school_exception",
                "state_waiver",
                "pilot",
            ][random.random_range(0..5)];
            json!({"kind": kind, "summary": words("Like this"), "rationale": words("Because")})
        }
        "decline" if random.random_range(0..2) == 0 => {
            json!({"ground": "not_now", "reason": words("Not this year"), "review_on": "2030-03-01"})
        }
        "decline" => json!({"ground": "non_negotiable", "reason": words("It must stay")}),
        "confirm" => json!({"words": words("It works")}),
        "join" => json!({"how_it_meets_us": words("Us too")}),
        "follow-up" => json!({"still_works": random.random_range(0..2) == 0, "text": words("In two rooms")}),
        "reroute" | "route" => json!({"department": department, "why": words("It is theirs")}),
        "collaborate" => json!({"department": department}),
        "escalate" => {
            let to = ["contact", "leader"][random.random_range(0..2)];
            json!({"to": to, "why": words("Look at this")})
        }
        "decide" => {
            let mut body = json!({"decision": words("So be it"), "why": words("We looked")});
            match random.random_range(0..3) {
                0 => body["outcome"] = json!("uphold"),
                1 => body["outcome"] = json!("overturn"),
                _ => {}
            }
            body
        }
        "change-due" => json!({"resolve": "2029-06-01", "why": words("It takes longer")}),
        "assign" => json!({"person": place.person}),
        "put-before-team" => json!({"team": one(random, &place.teams), "question": words("What do you say")}),
        "state-answer" => json!({"granted": random.random_range(0..2) == 0, "text": words("The state said")}),
        "contest" => json!({"text": words("It was otherwise")}),
        "erase" => json!({"texts": ["all"], "ground": "wrong_place", "why": words("Asked for")}),
        "disclose" => json!({"form": "public", "to": words("The Herald")}),
        "amend" => json!({"title": words("Better title"), "tried": words("We tried")}),
        // refuse, appeal, withdraw, leave, withdraw-resolution
        _ => json!({"why": words("Why")}),
    }
}

/// Fields that hold no words of a person's.
const CODES: [&str; 20] = [
    "form",
    "hold",
    "kind",
    "area",
    "visibility",
    "ground",
    "review_on",
    "department",
    "to",
    "outcome",
    "resolve",
    "person",
    "team",
    "school",
    "rule_source",
    "citation",
    "says",
    "readership",
    "clause",
    "finding",
];

fn fields(body: &Value) -> impl Iterator<Item = (&String, &Value)> {
    body.as_object().into_iter().flatten()
}

fn is_words(name: &str, value: &Value) -> bool {
    // A loop goes up to one of two; a record is given to whoever somebody writes down.
    let somebody = name == "to" && !matches!(value.as_str(), Some("contact" | "leader"));
    value.is_string() && (somebody || !CODES.contains(&name))
}

/// The words in a body, by field: what is sealed before it is put on record.
pub fn texts(body: &Value) -> BTreeMap<String, String> {
    fields(body)
        .filter(|(name, value)| is_words(name, value))
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect()
}

/// Everything else in a body, by field: what is put on record as it is, where the event has a field of the name.
pub fn facts(body: &Value) -> BTreeMap<String, Value> {
    fields(body)
        .filter(|(name, value)| !is_words(name, value) && !value.is_null())
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
