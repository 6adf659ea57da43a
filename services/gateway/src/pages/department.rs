//! `GET /department`: a department's inbox, by what is due.

use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use chrono::Duration;
use contracts::DepartmentId;
use contracts::problem::Problem;
use contracts::queries::{LoopRow, LoopsQuery, Page, Sort};

use super::allowed::Ending;
use super::forms::Typed;
use super::rows::{Group, Row};
use super::shell::{self, Here, Shell};
use super::viewer::{Desk, Viewer};
use super::words;

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
    /// What the department answers for, and ends soon.
    pub ending: Ending,
    /// Where the rest is, when there is more than fits.
    pub rest: Option<String>,
}

impl DepartmentPage {
    /// Draws the inbox of one department.
    pub(super) fn new(viewer: &Viewer, department: DepartmentId, page: &Page<LoopRow>) -> Self {
        let soon = viewer.days.today + Duration::days(1);
        let (mut late, mut near, mut waiting, mut rest) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for row in &page.items {
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
        let rows = |rows: Vec<&LoopRow>| -> Vec<Row> {
            rows.into_iter()
                .map(|row| within(Row::new(row, viewer), row, department))
                .collect()
        };
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
            ending: Ending::default(),
            rest: page
                .next
                .is_some()
                .then(|| format!("/loops?department={department}&sort=due")),
        }
    }
}

/// In its own inbox, what is with the department says who in it takes care of it.
fn within(row: Row, found: &LoopRow, department: DepartmentId) -> Row {
    if found.holder != "department" || found.department != Some(department) {
        return row;
    }
    let holder = row
        .assignee
        .clone()
        .unwrap_or_else(|| "Nobody in particular yet".to_owned());
    Row {
        holder,
        assignee: None,
        ..row
    }
}

pub(super) async fn show(desk: Desk, Query(query): Query<Vec<(String, String)>>) -> Response {
    desk.or_trouble(page(&desk, &Typed::from(query)).await)
}

async fn page(desk: &Desk, typed: &Typed) -> Result<Response, Problem> {
    let departments = &desk.viewer.visitor.claims.departments;
    let asked = typed
        .read::<DepartmentId>("department")
        .filter(|asked| departments.contains(asked));
    let Some(department) = asked.or_else(|| departments.first().copied()) else {
        return Err(Problem::forbidden(
            "this is the inbox of a department, and you work in none",
        ));
    };
    let query = LoopsQuery {
        open: Some(true),
        department: Some(department),
        sort: Sort::Due,
        limit: Some(ROWS_MAX),
        ..LoopsQuery::default()
    };
    let page: Page<LoopRow> = desk.ask("timeline", "loops", query).await?;
    let mut page = DepartmentPage::new(&desk.viewer, department, &page);
    page.ending = Ending::of(desk, Some(department)).await;
    shell::page(&page)
}
