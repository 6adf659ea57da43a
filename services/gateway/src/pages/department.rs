//! `GET /department`: a department's inbox, by what is due; who in it has how much; and what is done to several at once.

mod answers;
mod several;
mod workload;

use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use chrono::Duration;
use contracts::DepartmentId;
use contracts::problem::Problem;
use contracts::queries::{LoopRow, LoopsQuery, Page, Sort};

use self::several::Several;
use self::workload::{Load, View, loads};
use super::allowed::Ending;
use super::forms::Typed;
use super::rows::{Group, Row};
use super::shell::{self, Here, Shell};
use super::viewer::{Desk, Viewer};
use super::views::Views;
use super::words;

#[cfg(any(test, debug_assertions))]
pub(super) use answers::AnswersPage;
pub(super) use answers::{
    act as act_on_answer, back as back_to_answers, of_loop as ready_words, offer, show as answers,
};
pub(super) use several::{act, back};

/// The most rows of an inbox; the list has the rest.
const ROWS_MAX: u32 = 100;

/// A department's inbox.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/department.html")]
pub(super) struct DepartmentPage {
    pub shell: Shell,
    pub heading: String,
    /// The person's other departments.
    pub others: Vec<(String, String)>,
    /// What there is to do, in a sentence.
    pub sentence: String,
    pub groups: Vec<Group>,
    /// Parts of the inbox that are looked at often: address, name, how many, and whether it is this one.
    pub views: Vec<(String, &'static str, usize, bool)>,
    /// Who has how much.
    pub loads: Vec<Load>,
    /// What is done to those that are ticked; nothing where none can be.
    pub several: Option<Several>,
    /// What was done to several just now.
    pub done: Option<String>,
    /// What the department answers for, and ends soon.
    pub ending: Ending,
    /// Where the rest is, when there is more than fits.
    pub rest: Option<String>,
    /// Where the department's ready words are.
    pub answers: String,
    /// Lists that the person keeps.
    pub kept: Views,
}

impl DepartmentPage {
    /// Draws the inbox of one department, or a part of it, after several were tried, where some were.
    pub(super) fn new(viewer: &Viewer, department: DepartmentId, page: &Page<LoopRow>, typed: &Typed) -> Self {
        let soon = viewer.days.today + Duration::days(1);
        let me = viewer.visitor.claims.person;
        let view = View::asked(typed);
        let (mut late, mut near, mut waiting, mut rest) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for row in page.items.iter().filter(|row| view.shows(row, department, me)) {
            let elsewhere = row.department != Some(department);
            if row.late && !elsewhere {
                late.push(row);
            } else if row.paused || row.holder != "department" || elsewhere {
                waiting.push(row);
            } else if row.next_due.is_some_and(|due| due <= soon) {
                near.push(row);
            } else {
                rest.push(row);
            }
        }
        let sentence = match (late.len(), near.len(), page.items.is_empty()) {
            (_, _, true) => "Nothing is with you now. What schools file about your area will stand here.".to_owned(),
            (0, 0, _) => "Nothing is due today or tomorrow.".to_owned(),
            (0, near, _) => format!("{near} due today or tomorrow."),
            (late, 0, _) => format!("{late} late; nothing else is due today or tomorrow."),
            (late, near, _) => format!("{late} late, {near} more due today or tomorrow."),
        };
        let ticked: Vec<&str> = typed.all("loop").collect();
        let rows = |rows: Vec<&LoopRow>| -> Vec<Row> {
            rows.into_iter()
                .map(|row| within(Row::new(row, viewer), row, department, &ticked))
                .collect()
        };
        let views = View::ALL.iter().map(|known| {
            let count = page.items.iter().filter(|row| known.shows(row, department, me)).count();
            (known.href(department), known.label(), count, *known == view)
        });
        let owned = page.items.iter().filter(|row| workload::is_with(row, department));
        let claims = &viewer.visitor.claims;
        let others = claims.departments.iter().filter(|other| **other != department);
        Self {
            shell: viewer.shell("Inbox", Here::Department),
            heading: words::department(&viewer.district, department),
            others: others
                .map(|other| {
                    (
                        format!("/department?department={other}"),
                        words::department(&viewer.district, *other),
                    )
                })
                .collect(),
            sentence,
            groups: vec![
                Group::new("late", "Late", "", rows(late)),
                Group::new("near", "Due today and tomorrow", "", rows(near)),
                Group::new("rest", "Due later", "", rows(rest)),
                Group::new("waiting", "Waiting on others", "", rows(waiting)),
            ],
            views: views.collect(),
            loads: loads(owned.clone()),
            several: owned
                .clone()
                .next()
                .map(|_| Several::new(viewer, department, view, typed)),
            done: several::done(typed),
            ending: Ending::default(),
            answers: format!("/department/answers?department={department}"),
            kept: Views::default(),
            rest: page
                .next
                .is_some()
                .then(|| format!("/loops?department={department}&sort=due")),
        }
    }
}

/// In its own inbox, what is with the department says who in it takes care of it, and can be ticked.
fn within(row: Row, found: &LoopRow, department: DepartmentId, ticked: &[&str]) -> Row {
    if !workload::is_with(found, department) {
        return row;
    }
    let id = found.id.to_string();
    let is_ticked = ticked.contains(&id.as_str());
    let holder = row
        .assignee
        .clone()
        .unwrap_or_else(|| "Nobody in particular yet".to_owned());
    Row {
        holder,
        assignee: None,
        tick: Some((id, is_ticked)),
        ..row
    }
}

pub(super) async fn show(desk: Desk, Query(query): Query<Vec<(String, String)>>) -> Response {
    desk.or_trouble(page(&desk, &Typed::from(query)).await)
}

async fn page(desk: &Desk, typed: &Typed) -> Result<Response, Problem> {
    shell::page(&inbox(desk, typed).await?)
}

/// The department that is asked for, or the person's first.
fn asked(desk: &Desk, typed: &Typed) -> Result<DepartmentId, Problem> {
    let departments = &desk.viewer.visitor.claims.departments;
    let asked = typed
        .read::<DepartmentId>("department")
        .filter(|asked| departments.contains(asked));
    asked
        .or_else(|| departments.first().copied())
        .ok_or_else(|| Problem::forbidden("this is the inbox of a department, and you work in none"))
}

async fn inbox(desk: &Desk, typed: &Typed) -> Result<DepartmentPage, Problem> {
    let department = asked(desk, typed)?;
    let query = LoopsQuery {
        open: Some(true),
        department: Some(department),
        sort: Sort::Due,
        limit: Some(ROWS_MAX),
        ..LoopsQuery::default()
    };
    let page: Page<LoopRow> = desk.ask("timeline", "loops", query).await?;
    let mut page = DepartmentPage::new(&desk.viewer, department, &page, typed);
    let all = Typed::default();
    (page.ending, page.kept) = tokio::join!(Ending::of(desk, Some(department)), Views::of(desk, "/loops", &all));
    Ok(page)
}
