//! `GET /school`: a school's own loops, what changed of them, and those of others it could join.

mod news;

use askama::Template;
use axum::Extension;
use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::response::Response;
use contracts::problem::Problem;
use contracts::queries::{Change, ChangesQuery, LoopRow, LoopsQuery, PAGE_MAX, Page, Sort};
use contracts::vocabulary::LoopState;

use self::news::{Looked, News};
use super::rows::{Group, Row};
use super::shell::{self, Here, Shell};
use super::viewer::{Desk, Viewer};
use super::{Secure, session};

/// How many ended loops, and others' loops, are shown before one looks for them.
const SHOWN: u32 = 20;

/// Changes looked through for what is new.
const CHANGES_MAX: u32 = 500;

/// A school's own page.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/school.html")]
pub(super) struct SchoolPage {
    pub shell: Shell,
    pub heading: String,
    pub groups: Vec<Group>,
    /// What changed since the person looked last; empty on the first visit.
    pub news: News,
    pub nothing: bool,
}

impl SchoolPage {
    /// Draws the page from the lists asked for.
    pub(super) fn new(viewer: &Viewer, open: &[LoopRow], ended: &[LoopRow], joinable: &[LoopRow]) -> Self {
        let claims = &viewer.visitor.claims;
        let ours = |row: &&LoopRow| row.schools.iter().any(|school| claims.schools.contains(&school.id));
        let (waiting, going): (Vec<&LoopRow>, Vec<&LoopRow>) =
            open.iter().filter(ours).partition(|row| waits_for(row, viewer));
        let (asked, over): (Vec<&LoopRow>, Vec<&LoopRow>) =
            ended.iter().filter(ours).partition(|row| waits_for(row, viewer));
        let team: Vec<&LoopRow> = open
            .iter()
            .filter(|row| row.holder == "team" && !claims.teams.is_empty() && !ours(row))
            .collect();
        let nothing = waiting.is_empty() && going.is_empty() && asked.is_empty() && over.is_empty();
        let names: Vec<String> = claims
            .schools
            .iter()
            .map(|school| super::words::school(&viewer.district, *school))
            .collect();
        let rows = |rows: Vec<&LoopRow>| Row::all(rows, viewer);
        let groups = vec![
            Group::new(
                "waiting",
                "Waiting for you",
                if nothing { "" } else { "Nothing waits for you now." },
                rows(waiting.into_iter().chain(asked).collect()),
            ),
            Group::new("team", "Before a team", "", rows(team)),
            Group::new("open", "Open, with somebody else", "", rows(going)),
            Group::new("ended", "Ended", "", rows(over)),
            Group::new(
                "joinable",
                "Other schools met these: does one of them meet you too?",
                "",
                Row::all(joinable, viewer),
            ),
        ];
        Self {
            shell: viewer.shell("Our school", Here::School),
            heading: if names.is_empty() {
                "Our school".to_owned()
            } else {
                names.join(", ")
            },
            groups,
            news: News::default(),
            nothing,
        }
    }
}

/// Whether one of the person's schools is asked something.
fn waits_for(row: &LoopRow, viewer: &Viewer) -> bool {
    super::words::asked_again(row, viewer).is_some()
        || row
            .schools
            .iter()
            .filter(|school| viewer.visitor.claims.schools.contains(&school.id))
            .any(|school| matches!(school.state, LoopState::Proposed | LoopState::WaitingForSchool))
}

pub(super) async fn show(desk: Desk, secure: Option<Extension<Secure>>, headers: HeaderMap) -> Response {
    let secure = secure.is_some_and(|Extension(Secure(secure))| secure);
    desk.or_trouble(page(&desk, secure, &headers).await)
}

/// What changed since the person looked last, and what their browser keeps of this visit.
async fn looked(desk: &Desk, kept: Option<&str>, rows: &[&LoopRow]) -> Result<(News, String), Problem> {
    let (viewer, now) = (&desk.viewer, desk.viewer.days.now);
    let visit = kept
        .and_then(|kept| Looked::read(kept, viewer))
        .map(|looked| looked.visit(now));
    let seen = rows.iter().map(|row| row.version).max().unwrap_or_default();
    let Some(visit) = visit else {
        return Ok((News::default(), Looked::kept(None, seen, now, viewer)));
    };
    let query = ChangesQuery {
        after: visit.before,
        limit: CHANGES_MAX,
    };
    let changes: Vec<Change> = desk.ask("timeline", "changes", query).await?;
    let news = News::new(viewer, visit, &changes, rows);
    let last = changes.iter().map(|change| change.sequence).max().unwrap_or(0);
    // Where there is more than is looked through at once, the next visit goes on from there.
    let seen = if changes.len() as u64 >= u64::from(CHANGES_MAX) {
        last
    } else {
        last.max(seen)
    };
    Ok((news, Looked::kept(Some(visit), seen.max(visit.before), now, viewer)))
}

async fn page(desk: &Desk, secure: bool, headers: &HeaderMap) -> Result<Response, Problem> {
    let open = LoopsQuery {
        open: Some(true),
        limit: Some(PAGE_MAX),
        sort: Sort::Changed,
        ..LoopsQuery::default()
    };
    let ended = LoopsQuery {
        open: Some(false),
        limit: Some(SHOWN),
        sort: Sort::Changed,
        ..LoopsQuery::default()
    };
    let joinable = LoopsQuery {
        joinable: Some(true),
        limit: Some(SHOWN),
        ..LoopsQuery::default()
    };
    let (open, ended, joinable): (Page<LoopRow>, Page<LoopRow>, Page<LoopRow>) = tokio::try_join!(
        desk.ask("timeline", "loops", open),
        desk.ask("timeline", "loops", ended),
        desk.ask("timeline", "loops", joinable),
    )?;
    let mut page = SchoolPage::new(&desk.viewer, &open.items, &ended.items, &joinable.items);
    let kept = session::cookie_in(headers, session::looked_cookie(secure));
    let ours: Vec<&LoopRow> = open.items.iter().chain(&ended.items).collect();
    let (news, looked) = looked(desk, kept.as_deref(), &ours).await?;
    page.news = news;
    let mut response = shell::page(&page)?;
    if let Some(looked) = session::keep_looked(&looked, secure) {
        response.headers_mut().append(SET_COOKIE, looked);
    }
    Ok(response)
}
