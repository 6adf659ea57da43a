//! A row of a list: ring, title, school, area, what is due, who takes care of it.

use askama::Template;
use askama::filters::HtmlSafe;
use contracts::queries::LoopRow;

use super::ring::Ring;
use super::viewer::Viewer;
use super::words;

/// A row of a list.
#[derive(Debug, Clone, Template)]
#[template(path = "parts/row.html")]
pub(super) struct Row {
    pub ring: Ring,
    pub href: String,
    pub title: String,
    pub number: String,
    pub schools: String,
    pub area: String,
    pub state: String,
    pub colour: &'static str,
    /// "With Technology"; empty for what has ended.
    pub holder: String,
    /// "answer by Tue 24 Nov", and the same day in full.
    pub due: Option<(String, String)>,
    pub late: Option<String>,
    pub paused: bool,
    /// Whether it has ended.
    pub ended: bool,
    pub assignee: Option<String>,
    /// When it last changed.
    pub changed: String,
    /// Whether a first word is owed: what the `a` key opens.
    pub unacknowledged: bool,
    /// Its id, where it can be ticked for what is done to several at once, and whether it is ticked.
    pub tick: Option<(String, bool)>,
}

impl HtmlSafe for Row {}

impl Row {
    /// A row as this person reads it.
    pub(super) fn new(row: &LoopRow, viewer: &Viewer) -> Self {
        let days = &viewer.days;
        let colour = words::colour(&row.holder, row.state, row.unconfirmed);
        let late = words::late_words(row, days);
        let due = row.next_due.filter(|_| !row.paused && !row.state.is_end()).map(|due| {
            let verb = row.next_clock.map_or("due", |clock| {
                if viewer.is_promised() {
                    words::clock_promise(clock)
                } else {
                    words::clock_verb(clock)
                }
            });
            (format!("{verb} {}", days.short(due)), days.full(due))
        });
        let ended = row.state.is_end();
        let asked = words::asked_again(row, viewer).filter(|_| ended);
        let (colour_of_holder, holder, due) = if let Some(asked) = asked {
            let question = "does it still work?".to_owned();
            ("school", asked.to_owned(), Some((question.clone(), question)))
        } else if ended || row.card {
            (colour, String::new(), due)
        } else {
            (colour, holder_words(row), due)
        };
        Self {
            ring: Ring::new(row.state, row.unconfirmed, &row.schools, colour),
            href: viewer.loop_href(row.id),
            title: row.title.clone(),
            number: row.number.to_string(),
            schools: words::schools(&row.schools, row.schools_count),
            area: words::area(&viewer.district, &row.area),
            state: words::state(row.state, row.unconfirmed, &row.schools, viewer),
            colour: colour_of_holder,
            holder,
            due,
            late,
            paused: row.paused && !ended,
            ended,
            assignee: row.assignee_name.clone(),
            changed: days.short(days.day(row.changed_at)),
            unacknowledged: row.due.acknowledge.is_some() && !row.paused && !ended,
            tick: None,
        }
    }

    /// Rows of a list.
    pub(super) fn all<'a>(rows: impl IntoIterator<Item = &'a LoopRow>, viewer: &Viewer) -> Vec<Self> {
        rows.into_iter().map(|row| Self::new(row, viewer)).collect()
    }
}

/// Who has it, as it stands in a row; "2 schools" beside the names of four says which two they are of.
fn holder_words(row: &LoopRow) -> String {
    if row.holder == "school" && row.holder_words.ends_with(" schools") {
        return row
            .holder_words
            .replace(" schools", &format!(" of {} schools", row.schools_count));
    }
    words::raised(&row.holder_words)
}

/// Rows under a heading.
#[derive(Debug, Clone, Template)]
#[template(path = "parts/group.html")]
pub(super) struct Group {
    /// Its anchor.
    pub id: &'static str,
    pub heading: String,
    pub rows: Vec<Row>,
    /// What to say where there are none; empty leaves the whole group out.
    pub empty: &'static str,
    /// Where there are more, and what to call that.
    pub rest: Option<(String, String)>,
}

impl HtmlSafe for Group {}

impl Group {
    /// Rows under a heading.
    pub(super) fn new(id: &'static str, heading: &str, empty: &'static str, rows: Vec<Row>) -> Self {
        Self {
            id,
            heading: heading.to_owned(),
            rows,
            empty,
            rest: None,
        }
    }
}
