//! What happened, as a conversation.

use askama::Template;
use askama::filters::HtmlSafe;
use contracts::queries::Entry;

use crate::pages::viewer::Viewer;
use crate::pages::words;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(path = "parts/said.html")]
pub(in crate::pages) struct Said {
    pub id: String,
    /// `said`, `decided` or `noted`.
    pub weight: &'static str,
    /// Whose colour it has.
    pub colour: &'static str,
    pub who: String,
    pub what: String,
    pub words: Option<String>,
    /// In full, and for machines.
    pub when: String,
    pub time: String,
    pub internal: bool,
}

impl HtmlSafe for Said {}

impl Said {
    /// As it reads; `shown` is what stands elsewhere on the page already.
    pub(in crate::pages) fn new(entry: &Entry, viewer: &Viewer, shown: Option<&str>) -> Self {
        let (weight, colour) = kind(&entry.kind);
        let weight = if weight == "noted" && entry.words.is_some() {
            "said"
        } else {
            weight
        };
        Self {
            id: format!("e{}", entry.sequence),
            weight,
            colour,
            who: entry.actor.clone(),
            what: words::sentence(&entry.summary),
            words: entry
                .words
                .clone()
                .filter(|words| !words.trim().is_empty() && shown != Some(words)),
            when: viewer.days.moment(entry.time),
            time: entry.time.to_rfc3339(),
            internal: entry.internal,
        }
    }
}

/// How much room an event takes, and whose it is.
fn kind(event: &str) -> (&'static str, &'static str) {
    match event {
        "resolution_proposed" | "resolution_revised" | "case_declined" | "resolution_withdrawn" | "rule_corrected" => {
            ("decided", "department")
        }
        "team_decided" | "escalation_decided" => ("decided", "leader"),
        "outcome_confirmed" => ("decided", "closed"),
        "outcome_refused" | "appealed" | "tension_withdrawn" => ("decided", "school"),
        "tension_filed" | "tension_amended" | "school_joined" | "school_left" | "question_answered"
        | "follow_up_recorded" | "handed_on" => ("said", "school"),
        "case_acknowledged" | "question_asked" | "note_added" | "put_before_team" => ("said", "department"),
        "tension_rerouted" | "escalated" => ("said", "contact"),
        "state_waiver_submitted" | "state_waiver_granted" | "state_waiver_denied" => ("decided", "state"),
        "grant_completed" | "grant_failed" | "staff_assigned" => ("noted", "department"),
        _ => ("noted", "contact"),
    }
}
