//! What stands at the side: schools, dates, what it is about, the record.

use contracts::action::Action;
use contracts::queries::{LoopView, ResolutionView};
use contracts::vocabulary::{Pillar, Role, Visibility};

use crate::pages::days::counted;
use crate::pages::ring::Ring;
use crate::pages::viewer::Viewer;
use crate::pages::words;

/// What stands at the side.
#[derive(Debug, Clone)]
pub(in crate::pages) struct Facts {
    pub schools: Vec<InIt>,
    /// On a card, how many there are.
    pub schools_count: String,
    pub dates: Vec<Date>,
    pub about: Vec<(&'static str, String)>,
    pub answer: Option<Answer>,
    pub decline: Option<(String, String)>,
    pub linked_to: Option<String>,
    /// Where a school files anew on the same matter.
    pub follow_on: Option<String>,
}

/// The answer as it stands.
#[derive(Debug, Clone)]
pub(in crate::pages) struct Answer {
    /// Its kind, and which answer it is where there were several.
    pub kind: String,
    pub summary: String,
    pub why: Option<String>,
    /// What is still owed for it.
    pub owed: &'static str,
    /// Where it stands in the register.
    pub stands: Option<String>,
    /// The pattern whose adopted change it is.
    pub pattern: Option<String>,
}

/// A school in it.
#[derive(Debug, Clone)]
pub(in crate::pages) struct InIt {
    pub ring: Ring,
    pub name: String,
    pub state: String,
    pub speaker: Option<String>,
}

/// One of the dates.
#[derive(Debug, Clone)]
pub(in crate::pages) struct Date {
    pub name: &'static str,
    /// The day in full, or that it stands still.
    pub day: String,
    /// What it counts, and why it stands still.
    pub detail: String,
    pub late: Option<String>,
    pub paused: bool,
}

impl Facts {
    pub(super) fn new(viewer: &Viewer, view: &LoopView) -> Self {
        let colour = words::colour(view.holder.code(), view.state, view.unconfirmed);
        let schools = view.schools.iter().map(|school| {
            let state = if school.unconfirmed {
                "Closed without its word"
            } else {
                school.state.label()
            };
            InIt {
                ring: Ring::new(
                    school.state,
                    school.unconfirmed,
                    &[],
                    words::colour(colour, school.state, school.unconfirmed),
                ),
                name: school.name.clone(),
                state: state.to_owned(),
                speaker: school.speaker_name.clone(),
            }
        });
        let reporter = viewer.has(Role::Reporter) || viewer.in_office();
        let joinable = view.actions.iter().any(|slug| slug == Action::Join.slug());
        Self {
            schools: schools.collect(),
            schools_count: counted(view.schools_count, "school", "schools"),
            dates: if view.state.is_end() {
                Vec::new()
            } else {
                dates(viewer, view)
            },
            about: about(viewer, view),
            answer: view.resolution.as_ref().map(answer),
            decline: view
                .decline
                .as_ref()
                .map(|decline| (decline.ground.label().to_owned(), decline.reason.clone())),
            linked_to: view.linked_to.map(|earlier| format!("/loops/{earlier}")),
            follow_on: (view.state.is_end() && reporter && !joinable).then(|| format!("/file?linked_to={}", view.id)),
        }
    }
}

fn answer(answer: &ResolutionView) -> Answer {
    let which = if answer.revision > 1 {
        format!(" (answer {})", answer.revision)
    } else {
        String::new()
    };
    Answer {
        kind: format!("{}{which}", answer.kind.label()),
        summary: answer.summary.clone(),
        why: answer.rationale.clone(),
        pattern: answer.pattern.map(|id| format!("/patterns/{id}")),
        stands: answer.flexibility.map(|id| format!("/allowed/{id}")),
        owed: if answer.failed {
            "What it promised could not be granted. Another answer is owed."
        } else if answer.being_granted {
            "A school says that it works; it is being written into the register."
        } else if answer.waiting_for_state {
            "It waits for the state's word."
        } else {
            ""
        },
    }
}

fn dates(viewer: &Viewer, view: &LoopView) -> Vec<Date> {
    let days = &viewer.days;
    view.clocks
        .iter()
        .map(|clock| {
            let counted = format!(
                "{} of {} counted",
                clock.counted,
                counted(clock.days, "working day", "working days")
            );
            let why = clock.paused_because.as_deref().map(|why| {
                let since = clock
                    .paused_since
                    .map_or(String::new(), |since| format!(" since {}", days.long(days.day(since))));
                format!("{}{since}; ", words::raised(why))
            });
            Date {
                name: words::clock_name(clock.clock),
                day: clock
                    .due
                    .map_or_else(|| "stands still".to_owned(), |due| days.full(due)),
                detail: format!("{}{counted}", why.unwrap_or_default()),
                late: clock
                    .late
                    .then(|| clock.due.map_or_else(|| "late".to_owned(), |due| days.late(due))),
                paused: clock.due.is_none(),
            }
        })
        .collect()
}

fn about(viewer: &Viewer, view: &LoopView) -> Vec<(&'static str, String)> {
    let days = &viewer.days;
    let mut about = vec![
        ("Area", words::area(&viewer.district, &view.area)),
        ("Kind", view.kind.label().to_owned()),
        ("Where the rule comes from", rule(view)),
        ("Urgency", urgency(viewer, view)),
    ];
    about.extend(view.department_name.clone().map(|name| ("Department", name)));
    let helping: Vec<String> = view
        .collaborators
        .iter()
        .map(|helping| words::department(&viewer.district, *helping))
        .collect();
    about.extend((!helping.is_empty()).then(|| ("Helping", helping.join(", "))));
    about.extend(view.assignee_name.clone().map(|name| ("Takes care of it", name)));
    let pillars: Vec<&str> = view.pillars.iter().copied().map(Pillar::label).collect();
    about.extend((!pillars.is_empty()).then(|| ("Part of", pillars.join(", "))));
    let touched = [
        (view.students, "student", "students"),
        (view.teachers, "teacher", "teachers"),
    ];
    let mut reach: Vec<String> = touched
        .iter()
        .filter_map(|(count, one, many)| count.map(|count| counted(count, one, many)))
        .collect();
    reach.extend((!view.grades.is_empty()).then(|| format!("grades {}", view.grades.join(", "))));
    about.extend((!reach.is_empty()).then(|| ("Touches", reach.join(", "))));
    if !view.card {
        let seen = match view.visibility {
            Visibility::Joinable => "Its schools and the district office; others see a card and may join",
            Visibility::SchoolOnly => "Its school and the district office",
            Visibility::Confidential => "Named people only",
        };
        about.push(("Who sees it", seen.to_owned()));
    }
    let by = view
        .filed_by
        .as_ref()
        .map_or(String::new(), |name| format!(", by {name}"));
    about.push(("Filed", format!("{}{by}", days.long(days.day(view.filed_at)))));
    about
}

/// The rule as it is cited, and whether the school believed so or a department looked it up.
fn rule(view: &LoopView) -> String {
    let mut cited = vec![view.rule.source.label().to_owned()];
    cited.extend(view.rule.citation.clone());
    cited.extend(view.rule.clause.clone());
    let by = if view.rule.corrected {
        format!(
            "; the department looked it up, the school had believed: {}",
            view.rule_source.label().to_lowercase()
        )
    } else {
        ", as the school believes".to_owned()
    };
    format!("{}{by}", cited.join(", "))
}

fn urgency(viewer: &Viewer, view: &LoopView) -> String {
    let from = view
        .needed_by
        .map_or(String::new(), |day| format!(", from {}", viewer.days.long(day)));
    format!("{}{from}", view.urgency.label())
}
