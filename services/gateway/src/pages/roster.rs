//! `GET` and `POST /roster`, `GET` and `POST /roster/{import}`: the administrator hands the district's roster over, sees
//! what it would change, and has it taken in.

use std::collections::BTreeSet;
use std::io::Write as _;

use askama::Template;
use axum::extract::multipart::{Field, Multipart};
use axum::extract::{Path, Query};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{DateTime, Utc};
use contracts::commands::roster::{ApplyRoster, ChangeKind, ImportStage, LookAtRoster, RosterView};
use contracts::problem::Problem;
use contracts::roster::RowProblem;
use contracts::vocabulary::Role;
use roster::{Reading, Roster, RosterError};
use serde_json::Value;
use uuid::Uuid;

use super::days::counted;
use super::forms::Typed;
use super::shell::{self, Here, Shell};
use super::viewer::{Desk, Posted, Viewer};
use super::words;

/// The largest file that is taken: a million people, packed.
pub(super) const UPLOAD_MAX: usize = 256 * 1024 * 1024;
/// Problems that a page shows; the program prints all of them.
const PROBLEMS_SHOWN: usize = 500;
/// Of them, those that stand open.
const PROBLEMS_OPEN: usize = 10;
/// How often a directory that is comparing is asked before the page says so.
const ASKED: u32 = 3;

/// Where a roster is handed over.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/roster.html")]
pub(super) struct RosterPage {
    pub shell: Shell,
    pub csrf: String,
    pub schools: usize,
    pub departments: usize,
    /// Why the last file was not taken.
    pub refused: Option<String>,
    /// What was taken in of late: when, what it came to, where it stands.
    pub late: Vec<(String, String, String)>,
}

/// What one roster changes, or did.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/roster_import.html")]
pub(super) struct ImportPage {
    pub shell: Shell,
    pub csrf: String,
    pub href: String,
    pub heading: &'static str,
    /// What is in it, in a sentence.
    pub holds: String,
    /// What it changes, in a sentence.
    pub changes: String,
    /// How far it has come, of a hundred; while it is being taken in.
    pub progress: Option<(u64, String)>,
    pub stopped: Option<String>,
    pub ended: bool,
    pub notices: Vec<String>,
    pub problems: Vec<RowProblem>,
    /// Those behind a fold.
    pub folded: Vec<RowProblem>,
    pub more_problems: u64,
    /// Names under "New", "Changed", "Can no longer sign in".
    pub lists: Vec<(&'static str, Vec<(String, String)>)>,
    /// What must be ticked before it can be taken in.
    pub skip: Option<String>,
    pub disable: Option<String>,
    /// What kept it from being taken in.
    pub refused: Option<String>,
    /// Whether it can still be taken in or dropped.
    pub open: bool,
}

impl RosterPage {
    /// Draws the page.
    pub(super) fn new(viewer: &Viewer, late: &[(DateTime<Utc>, RosterView)], refused: Option<String>) -> Self {
        let late = late.iter().map(|(at, view)| {
            let when = viewer.days.moment(*at);
            (when, standing(view), format!("/roster/{}", view.import))
        });
        Self {
            shell: viewer.shell("Schools and staff", Here::Settings),
            csrf: viewer.visitor.csrf.clone(),
            schools: viewer.district.schools.len(),
            departments: viewer.district.departments.len(),
            refused,
            late: late.collect(),
        }
    }
}

/// How an import stands, in a few words.
fn standing(view: &RosterView) -> String {
    match &view.stage {
        ImportStage::Ended if view.counts.changed == 0 => "Nothing had changed".to_owned(),
        ImportStage::Ended => format!(
            "{}, {} of them new",
            counted(view.counts.changed, "change", "changes"),
            view.counts.added
        ),
        ImportStage::Applying { done, of } => format!("Being taken in: {done} of {of}"),
        ImportStage::Stopped { .. } => "It stopped".to_owned(),
        ImportStage::Draft => "Interrupted; it goes on by itself".to_owned(),
    }
}

impl ImportPage {
    /// Draws the page.
    pub(super) fn new(viewer: &Viewer, view: &RosterView, refused: Option<&Problem>) -> Self {
        let counts = &view.counts;
        let (draft, ended) = (view.stage == ImportStage::Draft, view.stage == ImportStage::Ended);
        let heading = match view.stage {
            ImportStage::Draft => "This is what the roster would change",
            ImportStage::Applying { .. } => "The roster is being taken in",
            ImportStage::Ended => "The roster was taken in",
            ImportStage::Stopped { .. } => "Taking the roster in has stopped",
        };
        let list = |kind: ChangeKind| -> Vec<(String, String)> {
            let lines = view.changes.iter().filter(|line| line.change == kind);
            lines.map(|line| (line.name.clone(), line.what.clone())).collect()
        };
        let mut problems = view.problems.problems.clone();
        problems.truncate(PROBLEMS_SHOWN);
        let skip = (counts.problems > 0).then(|| {
            format!(
                "Leave out {}; the people in them stay as they are",
                counted(counts.problems, "row with a problem", "rows with problems")
            )
        });
        let disable = view.disables_many.then(|| {
            format!(
                "Yes, {} can no longer sign in: more than a tenth of all",
                counted(counts.disabled, "person", "people")
            )
        });
        Self {
            shell: viewer.shell(heading, Here::Settings),
            csrf: viewer.visitor.csrf.clone(),
            href: format!("/roster/{}", view.import),
            heading,
            holds: holds(view),
            changes: changes(view, ended),
            progress: match view.stage {
                ImportStage::Applying { done, of } => {
                    let percent = (done * 100).checked_div(of).unwrap_or(0);
                    Some((percent, format!("{done} of {of} changes are made.")))
                }
                ImportStage::Draft | ImportStage::Ended | ImportStage::Stopped { .. } => None,
            },
            stopped: match &view.stage {
                ImportStage::Stopped { why } => Some(words::sentence(why)),
                ImportStage::Draft | ImportStage::Ended | ImportStage::Applying { .. } => None,
            },
            ended,
            notices: view.notices.iter().map(|notice| words::sentence(notice)).collect(),
            more_problems: counts.problems.saturating_sub(problems.len() as u64),
            folded: problems.split_off(PROBLEMS_OPEN.min(problems.len())),
            problems,
            lists: [
                ("Can no longer sign in", list(ChangeKind::Disabled)),
                ("New", list(ChangeKind::Added)),
                ("Changed", list(ChangeKind::Changed)),
            ]
            .into_iter()
            .filter(|(_, lines)| !lines.is_empty())
            .collect(),
            skip: skip.filter(|_| draft),
            disable: disable.filter(|_| draft),
            refused: refused.map(|problem| words::sentence(&problem.detail)),
            open: draft || matches!(view.stage, ImportStage::Stopped { .. }),
        }
    }
}

fn holds(view: &RosterView) -> String {
    let counts = &view.counts;
    let schools = counted(counts.schools, "school", "schools");
    let staff = counted(counts.people, "member of staff", "members of staff");
    let departments = match counts.departments {
        0 => String::new(),
        number => format!(", {}", counted(number, "department", "departments")),
    };
    let ignored = view.head.ignored;
    let mut left = vec![counted(ignored.students, "student", "students")];
    if ignored.guardians > 0 {
        left.push(counted(ignored.guardians, "guardian", "guardians"));
    }
    if ignored.others > 0 {
        left.push(counted(ignored.others, "other", "others"));
    }
    let problems = match counts.problems {
        0 => "Every row can be taken".to_owned(),
        number => counted(number, "row cannot be taken", "rows cannot be taken"),
    };
    format!(
        "It holds {schools}{departments} and {staff} (OneRoster {}). Left out and not kept: {}. {}.",
        view.head.version,
        left.join(", "),
        problems
    )
}

fn changes(view: &RosterView, ended: bool) -> String {
    let counts = &view.counts;
    if counts.changed == 0 {
        return if ended {
            "Nothing had changed."
        } else {
            "Nothing in it is new: all of it is known."
        }
        .to_owned();
    }
    let changes = counted(counts.changed, "change", "changes");
    let disabled = match counts.disabled {
        0 => "nobody loses their sign-in".to_owned(),
        number => format!("{} can no longer sign in", counted(number, "person", "people")),
    };
    format!("{changes}: {} new, and {disabled}.", counts.added)
}

/// Only an administrator sees these pages.
fn administrator(desk: &Desk) -> Result<(), Problem> {
    if desk.viewer.has(Role::Administrator) {
        Ok(())
    } else {
        Err(Problem::not_found("page"))
    }
}

/// Asks the directory; while it compares, a few times.
async fn ask<T, A>(desk: &Desk, verb: &str, import: Uuid, step: T) -> Result<A, Problem>
where
    T: serde::Serialize + Sync + Clone,
    A: serde::de::DeserializeOwned,
{
    let mut asked = 1;
    loop {
        match desk
            .front
            .roster(&desk.viewer.visitor, verb, import, step.clone())
            .await
        {
            Err(problem) if problem.status == 503 && asked < ASKED => asked += 1,
            answered => return answered,
        }
    }
}

async fn drawn(desk: &Desk, refused: Option<String>) -> Result<Response, Problem> {
    administrator(desk)?;
    let late: Vec<(DateTime<Utc>, RosterView)> = ask(desk, "imports", Uuid::nil(), LookAtRoster {}).await?;
    let status = if refused.is_some() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    shell::page_as(status, &RosterPage::new(&desk.viewer, &late, refused))
}

/// Where a roster is handed over.
pub(super) async fn show(desk: Desk) -> Response {
    desk.or_trouble(drawn(&desk, None).await)
}

/// Takes the file, reads it, and hands what is staff's over.
pub(super) async fn send(desk: Desk, parts: Multipart) -> Response {
    match received(&desk, parts).await {
        Ok(import) => Redirect::to(&format!("/roster/{import}")).into_response(),
        Err(problem) if problem.status == 422 => {
            desk.or_trouble(drawn(&desk, Some(words::sentence(&problem.detail))).await)
        }
        Err(problem) => shell::trouble(&problem, Some(&desk.viewer)),
    }
}

async fn received(desk: &Desk, mut parts: Multipart) -> Result<Uuid, Problem> {
    administrator(desk)?;
    let broken = |_| refusal("the file did not arrive whole, or is larger than 256 MB; choose it again");
    let mut checked = false;
    while let Some(part) = parts.next_field().await.map_err(broken)? {
        match part.name() {
            Some("csrf") => {
                let token = part.text().await.map_err(broken)?;
                desk.viewer.check(&Typed::from(vec![("csrf".to_owned(), token)]))?;
                checked = true;
            }
            // It comes after the token: nothing of a form that is not ours is even read.
            Some("roster") if checked => {
                let file = kept(part).await?;
                let known = known(desk).await?;
                let today = desk.viewer.days.today;
                let roster = tokio::task::spawn_blocking(move || read(file, today, &known))
                    .await
                    .map_err(|_| refusal("this file cannot be read"))?
                    .map_err(|error| refusal(&error.to_string()))?;
                return hand_over(desk, &roster).await;
            }
            _ => {}
        }
    }
    Err(refusal("choose the zip file first"))
}

fn refusal(detail: &str) -> Problem {
    Problem::invalid(detail.to_owned(), Vec::new())
}

/// Keeps what arrives in a file that is gone once it is closed.
async fn kept(mut part: Field<'_>) -> Result<std::fs::File, Problem> {
    let away = |error: std::io::Error| {
        tracing::warn!(%error, "an upload could not be kept");
        Problem::unavailable("there is no room for the file here just now")
    };
    let mut file = tempfile::tempfile().map_err(away)?;
    let mut bytes = 0;
    while let Some(piece) = part
        .chunk()
        .await
        .map_err(|_| refusal("the file did not arrive whole, or is larger than 256 MB; choose it again"))?
    {
        bytes += piece.len();
        file.write_all(&piece).map_err(away)?;
    }
    if bytes == 0 {
        return Err(refusal("choose the zip file first"));
    }
    Ok(file)
}

fn read(file: std::fs::File, today: chrono::NaiveDate, known: &BTreeSet<String>) -> Result<Roster, RosterError> {
    let mut reading = Reading {
        today,
        known: &|id| known.contains(id),
        progress: &mut |_| {},
    };
    roster::read_zip(file, &mut reading)
}

/// Whom the directory knows from rosters.
async fn known(desk: &Desk) -> Result<BTreeSet<String>, Problem> {
    roster::known_staff(|page| ask(desk, "known", Uuid::nil(), page)).await
}

async fn hand_over(desk: &Desk, roster: &Roster) -> Result<Uuid, Problem> {
    let import = runtime::ids::time_ordered(desk.viewer.days.now);
    let _: Value = ask(desk, "begin", import, roster.begin(None)).await?;
    for rows in roster.pieces() {
        let _: Value = ask(desk, "rows", import, rows).await?;
    }
    Ok(import)
}

async fn page(desk: &Desk, import: Uuid, refused: Option<&Problem>) -> Result<Response, Problem> {
    administrator(desk)?;
    let view: RosterView = ask(desk, "look", import, LookAtRoster {}).await?;
    let under_way = matches!(view.stage, ImportStage::Applying { .. });
    let status = refused.map_or(StatusCode::OK, shell::status);
    let mut page = shell::page_as(status, &ImportPage::new(&desk.viewer, &view, refused))?;
    if under_way {
        // The page comes again by itself until it has ended.
        page.headers_mut()
            .insert(HeaderName::from_static("refresh"), HeaderValue::from_static("2"));
    }
    Ok(page)
}

fn import_in(path: &str) -> Result<Uuid, Problem> {
    path.parse().map_err(|_| Problem::not_found("page"))
}

/// What one roster changes, or did.
pub(super) async fn one(desk: Desk, Path(import): Path<String>, Query(_): Query<Vec<(String, String)>>) -> Response {
    let drawn = async { page(&desk, import_in(&import)?, None).await };
    desk.or_trouble(drawn.await)
}

/// Has it taken in, or drops it.
pub(super) async fn act(Path(import): Path<String>, Posted { desk, typed }: Posted) -> Response {
    let acted = async {
        desk.viewer.check(&typed)?;
        administrator(&desk)?;
        let import = import_in(&import)?;
        if typed.get("do") == "drop" {
            let _: Value = ask(&desk, "drop", import, LookAtRoster {}).await?;
            return Ok(Redirect::to("/roster").into_response());
        }
        let apply = ApplyRoster {
            skip_bad_rows: typed.some("skip").is_some(),
            disable_many: typed.some("disable").is_some(),
        };
        match ask::<_, RosterView>(&desk, "apply", import, apply).await {
            Ok(_) => Ok(Redirect::to(&format!("/roster/{import}")).into_response()),
            Err(problem) if problem.status == 409 => page(&desk, import, Some(&problem)).await,
            Err(problem) => Err(problem),
        }
    };
    desk.or_trouble(acted.await)
}
