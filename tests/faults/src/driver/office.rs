//! What somebody of the office might do to the register, to a pattern or in a review; others try it, too, and are
//! refused.

use contracts::ids::LoopId;
use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use super::deeds::Place;
use super::wish::Wish;

/// Where each kind of thing has its address.
fn place_of(of: &str) -> &'static str {
    match of {
        "flexibility" => "flexibilities",
        "pattern" => "patterns",
        _ => "reviews",
    }
}

fn wish(of: &'static str, action: &str, name: &str, thing: Option<LoopId>, body: Value) -> Wish {
    let place = place_of(of);
    Wish {
        action: action.to_owned(),
        of,
        path: match thing {
            None => format!("/api/v1/{place}"),
            Some(id) => format!("/api/v1/{place}/{id}/{name}"),
        },
        thing,
        body,
        based_on: None,
        foreign: false,
    }
}

/// Something to do, where there is anything to do it to.
pub fn pick(
    random: &mut StdRng,
    place: &Place,
    patterns: &[Value],
    begun: &[(&'static str, LoopId)],
    number: u64,
) -> Option<Wish> {
    let words = |what: &str| format!("{what} {number}");
    let department = place.departments.first();
    let id_of = |one: &Value| one["id"].as_str().and_then(|id| id.parse::<LoopId>().ok());
    if !patterns.is_empty() && random.random_range(0..2) == 0 {
        let pattern = &patterns[random.random_range(0..patterns.len())];
        let id = id_of(pattern)?;
        return Some(if pattern["standing"] == "proposed" {
            let adopted = random.random_range(0..4) > 0;
            let body = json!({"adopted": adopted, "decision": words("So be it")});
            wish("pattern", "decide-revision", "decide-revision", Some(id), body)
        } else {
            let body = json!({
                "team": place.teams.first(), "department": department,
                "title": words("For all"), "text": words("Every school may"),
            });
            wish("pattern", "propose-revision", "propose-revision", Some(id), body)
        });
    }
    let known: Vec<(&'static str, LoopId)> = begun.to_vec();
    if known.is_empty() || random.random_range(0..3) == 0 {
        return Some(if random.random_range(0..3) == 0 {
            let body = json!({"title": words("Handbook"), "purpose": words("To see"), "department": department});
            wish("review", "open-review", "open-review", None, body)
        } else {
            let body = json!({
                "says": "clarification", "title": words("It is allowed"), "text": words("You may"),
                "rule": {"source": "board_policy", "citation": "Policy 3420"}, "area": "scheduling",
                "department": department,
            });
            wish("flexibility", "write-down", "write-down", None, body)
        });
    }
    let (of, id) = known[random.random_range(0..known.len())];
    let (action, name, body) = match (of, random.random_range(0..8)) {
        ("flexibility", 0) => ("revoke", "revoke", json!({"why": words("It did harm")})),
        ("flexibility", 1 | 2) => (
            "publish-rationale",
            "publish-rationale",
            json!({"readership": "staff", "text": words("Because")}),
        ),
        ("flexibility", 3 | 4) => ("claim", "claim", json!({"how": words("In the mornings")})),
        ("flexibility", _) => (
            "change-conditions",
            "change-conditions",
            json!({"conditions": words("With a log"), "why": words("It was asked")}),
        ),
        (_, 0) => ("conclude-review", "conclude", json!({"summary": words("Found")})),
        (_, _) => (
            "examine-clause",
            "examine",
            json!({"clause": "section B", "finding": "bends", "note": words("It takes a form")}),
        ),
    };
    Some(wish(of, action, name, Some(id), body))
}
