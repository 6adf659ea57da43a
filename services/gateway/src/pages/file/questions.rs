//! What is asked when a school files, in four short sections.

use contracts::vocabulary::{Kind, Pillar, Role, RuleSource, Urgency, Visibility};

use super::Section;
use crate::pages::forms::{Choice, Field, Shape};
use crate::pages::loops::{areas, pick};
use crate::pages::viewer::Viewer;
use crate::pages::words;

/// The four sections.
pub(super) fn sections(viewer: &Viewer, linked_to: Option<&str>) -> Vec<Section> {
    vec![trying(), barrier(), rule(viewer), who(viewer, linked_to)]
}

fn trying() -> Section {
    Section {
        heading: "What are you trying to do?",
        lead: "",
        fields: vec![
            Field::passage("trying", "What would your students do, if nothing stood in the way?")
                .hint("One sentence is enough.")
                .needed("say what you are trying to do (one sentence is enough)"),
            Field::ticks(
                "pillars",
                "What is it part of?",
                choices(Pillar::ALL, Pillar::code, Pillar::label),
            ),
        ],
    }
}

fn barrier() -> Section {
    Section {
        heading: "What gets in the way?",
        lead: "",
        fields: vec![
            Field::passage("barrier", "What stops you, or slows you down?")
                .hint("What you were told, by whom, or what the system will not let you do. Leave out students' names.")
                .needed("say what gets in the way (one sentence is enough)"),
            Field::line("title", "The same in one line")
                .hint("This is what others see in lists. Such as: Bell schedule splits our double period")
                .needed("give it one line that others will know it by"),
            Field::passage("tried", "What have you tried?").rows(2),
            Field::passage("would_help", "What would help?").rows(2),
        ],
    }
}

fn rule(viewer: &Viewer) -> Section {
    Section {
        heading: "About the rule",
        lead: "Guess where you don't know; the department will find out.",
        fields: vec![
            pick("area", "What is it about?", "Choose the nearest", areas(viewer)).needed("choose the nearest area"),
            Field::radios("kind", "What kind of barrier is it?", kinds())
                .value(Kind::NotSure)
                .needed("choose one, or \"Not sure\""),
            Field::radios(
                "rule_source",
                "Where does it come from, as far as you know?",
                choices(RuleSource::ALL, RuleSource::code, RuleSource::label),
            )
            .value(RuleSource::NotSure)
            .needed("choose one, or \"Not sure\""),
            Field {
                longest: 120,
                ..Field::line("citation", "Which rule, if you know it?")
                    .hint("Such as: Board policy 3420, or: Student handbook")
            },
            Field {
                longest: 80,
                ..Field::line("clause", "Which part of it?").hint("Such as: section B, or: page 12")
            },
        ],
    }
}

fn kinds() -> Vec<Choice> {
    let hint = |kind: Kind| match kind {
        Kind::Policy => "Somebody could show you the text.",
        Kind::Practice => "It is how the district, a department or a system does it.",
        Kind::Tradition => "It has always been so.",
        Kind::NotSure => "",
    };
    Kind::ALL
        .iter()
        .map(|kind| Choice::new(kind, kind.label()).hint(hint(*kind)))
        .collect()
}

fn who(viewer: &Viewer, linked_to: Option<&str>) -> Section {
    let mut fields = Vec::new();
    fields.extend(school(viewer));
    fields.extend([
        Field::radios(
            "urgency",
            "How urgent is it?",
            choices(Urgency::ALL, Urgency::code, Urgency::label),
        )
        .value(Urgency::Slowing)
        .needed("choose one"),
        Field::day("needed_by", "From which day on does it block you?").hint("If it will block you soon."),
        Field::number("reach.students", "How many students?"),
        Field::number("reach.teachers", "How many teachers?"),
        Field::number("reach.classes", "How many classes?"),
        Field::line("grades", "Which grades?")
            .hint("Such as 6, 7, 8")
            .shape(Shape::Words),
        Field::radios(
            "visibility",
            "Who may see it, beside your school and the district office?",
            seen_by(),
        )
        .value(Visibility::Joinable)
        .needed("choose one"),
    ]);
    fields.extend(linked_to.map(|id| Field::hidden("linked_to", id, Shape::Text)));
    Section {
        heading: "Who and how urgent",
        lead: "",
        fields,
    }
}

fn seen_by() -> Vec<Choice> {
    let hint = |visibility: Visibility| match visibility {
        Visibility::Joinable => {
            "They see the title and where it stands, never names or what you wrote. The more schools, the sooner a rule changes."
        }
        Visibility::SchoolOnly => "No other school sees it.",
        Visibility::Confidential => "For evaluation matters and the like. It is not kept as a draft on this device.",
    };
    Visibility::ALL
        .iter()
        .map(|seen| Choice::new(seen, seen.label()).hint(hint(*seen)))
        .collect()
}

/// For which school, where that is not clear: a person with several, or the office for a school that telephoned.
fn school(viewer: &Viewer) -> Option<Field> {
    let claims = &viewer.visitor.claims;
    if viewer.in_office() {
        let mut schools = crate::pages::loops::schools(viewer);
        if viewer.has(Role::Reporter) {
            schools.sort_by_key(|choice| !claims.schools.iter().any(|own| own.to_string() == choice.value));
        }
        return Some(pick(
            "school",
            "For which school?",
            "No school: the district itself",
            schools,
        ));
    }
    let own = claims
        .schools
        .iter()
        .map(|school| Choice::new(school, words::school(&viewer.district, *school)));
    (claims.schools.len() > 1)
        .then(|| pick("school", "For which school?", "Choose one", own.collect()).needed("choose a school"))
}

fn choices<T: Copy>(all: &[T], code: fn(T) -> &'static str, label: fn(T) -> &'static str) -> Vec<Choice> {
    all.iter().map(|one| Choice::new(code(*one), label(*one))).collect()
}
