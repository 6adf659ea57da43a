//! Where things stand, in a few sentences whose numbers open their loops.

use contracts::queries::{PatternRow, Picture, Summary, structural_share};

use crate::pages::days::counted;
use crate::pages::forms::{Typed, escaped};

/// Words of a sentence; with an address, a number that opens its loops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::pages) struct Part {
    pub text: String,
    pub href: Option<String>,
}

/// What narrows the picture, as the rest of an address to a list.
pub(super) struct Narrowed(String);

impl Narrowed {
    pub(super) fn from(typed: &Typed) -> Self {
        let kept = ["department", "area", "school", "level", "zone", "as_of"]
            .iter()
            .filter_map(|name| typed.some(name).map(|value| format!("&{name}={}", escaped(value))));
        Self(kept.collect())
    }

    /// The same but for one of them.
    pub(super) fn without(&self, name: &str) -> Self {
        let begins = format!("&{name}=");
        let pairs = self.0.split('&').filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| format!("&{pair}"))
                .filter(|pair| !pair.starts_with(&begins))
                .collect(),
        )
    }

    /// The list of loops that this narrows.
    pub(super) fn list(&self, query: &str) -> String {
        format!("/loops?{query}{}", self.0)
    }
}

fn say(text: impl Into<String>) -> Part {
    Part {
        text: text.into(),
        href: None,
    }
}

/// The four sentences.
pub(super) fn sentences(picture: &Picture, narrowed: &Narrowed) -> Vec<Vec<Part>> {
    let Summary {
        open,
        late,
        filed,
        closed_confirmed,
        closed_unconfirmed,
        refused,
        declined,
        withdrawn,
        triage,
        structural,
        exceptions,
    } = picture.summary;
    let link = |text: String, query: &str| Part {
        text,
        href: Some(narrowed.list(query)),
    };
    let are = |count: u32| if count == 1 { "is" } else { "are" };
    let mut first = vec![
        link(
            format!("{} {} open", counted(open, "loop", "loops"), are(open)),
            "open=true",
        ),
        say("; "),
    ];
    first.push(link(
        format!("{late} {} late", are(late)),
        "open=true&late=true&sort=due",
    ));
    if let Some(worst) = picture
        .late_with
        .iter()
        .filter(|with| with.late > 0)
        .max_by_key(|with| with.late)
    {
        let department = worst.department.map_or(String::new(), |id| format!("&department={id}"));
        first.push(say(", "));
        first.push(link(
            match (worst.late, late) {
                (1, 1) => format!("with {}", worst.name),
                (some, all) if some == all => format!("all of them with {}", worst.name),
                (some, _) => format!("{some} of them with {}", worst.name),
            },
            &format!("open=true&late=true{department}"),
        ));
    }
    first.push(say("."));
    let mut second = vec![
        link(
            format!("{} filed in this time", counted(filed, "was", "were")),
            "sort=newest",
        ),
        say("; "),
    ];
    if closed_confirmed == 0 {
        second.push(say("in it, schools said of no answer that it works"));
    } else {
        second.push(say("schools themselves said that "));
        second.push(link(
            counted(closed_confirmed, "answer works", "answers work"),
            "state=closed&sort=changed",
        ));
    }
    if closed_unconfirmed > 0 {
        second.push(say(format!(
            ", and {closed_unconfirmed} closed without a word from the school"
        )));
    }
    second.push(say("."));
    let mut third = vec![
        say(format!(
            "{} refused by a school at least once; ",
            counted(refused, "answer was", "answers were")
        )),
        link(format!("{declined} declined"), "state=declined&sort=changed"),
        say(format!(", {withdrawn} withdrawn")),
    ];
    if triage > 0 {
        let waiting = if triage == 1 {
            "1 waits"
        } else {
            &format!("{triage} wait")
        };
        third.push(say("; "));
        third.push(link(format!("{waiting} to be routed"), "state=triage"));
    }
    third.push(say("."));
    vec![first, second, third, vec![say(structure(structural, exceptions))]]
}

/// What keeps coming back, for all the district: of these patterns, the one that most schools meet opens at a click.
pub(super) fn coming_back(patterns: &[PatternRow]) -> Vec<Part> {
    let Some(most) = patterns.iter().max_by_key(|pattern| (pattern.schools, pattern.open)) else {
        return vec![say("Nothing is met by so many schools that it keeps coming back.")];
    };
    let open = |text: &str, href: String| Part {
        text: text.to_owned(),
        href: Some(href),
    };
    let met = counted(most.schools, "school meets it", "schools meet it");
    let mut parts = vec![
        say("This keeps coming back: "),
        open(&most.title, format!("/patterns/{}", most.id)),
        say(format!(" ({met})")),
    ];
    if patterns.len() > 1 {
        parts.push(say(", and "));
        parts.push(open("there is more that does", "/patterns".to_owned()));
    }
    parts.push(say("."));
    parts
}

fn structure(structural: u32, exceptions: u32) -> String {
    match structural_share(structural, exceptions) {
        None => "No answer yet has changed a rule for all, and none has excused a single school.".to_owned(),
        Some(share) => format!(
            "{} changed it for every school; {} excused single schools: {} in 100 changed the structure.",
            counted(structural, "answer", "answers"),
            exceptions,
            share
        ),
    }
}
