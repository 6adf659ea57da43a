//! `GET /loops/{id}` and `POST /loops/{id}/{action}`: one loop, what was said about it, and what one can do next.

mod actions;
mod conversation;
mod facts;
mod top;

use askama::Template;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use contracts::LoopId;
use contracts::action::Action;
use contracts::events::directory::ReadyAnswer;
use contracts::problem::Problem;
use contracts::queries::{
    EntriesQuery, Entry, LoopQuery, LoopRow, LoopView, LoopsQuery, PAGE_MAX, Page, Receipt, ReceiptQuery, RegimeView,
    Similar, SimilarQuery, Sort, WaiverView, WaiversQuery,
};
use contracts::vocabulary::ResolutionKind;

pub(super) use self::actions::done;
pub(super) use self::conversation::Said;
use self::facts::Facts;
use self::top::Top;
use super::custody;
use super::days::counted;
use super::department;
use super::forms::{self, Form, Typed};
use super::ring::Ring;
use super::shell::{self, Here, Shell};
use super::viewer::{Desk, Posted, Viewer};
use super::words;

/// How many pages of history are shown at once.
const PAGES_MAX: u32 = 5;
/// How many parts of the register are named beside a loop.
const NEAR: u32 = 5;
/// How many characters of a loop's words these are looked up by.
const LOOKED_UP: usize = 4000;

/// A loop's page.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/loop.html")]
pub(super) struct LoopPage {
    pub shell: Shell,
    pub id: String,
    pub ring: Ring,
    pub title: String,
    pub number: String,
    pub top: Top,
    /// What was just done, in a sentence.
    pub done: Option<&'static str>,
    /// Where it was just filed, by whom: their draft on the device can go.
    pub filed: Option<String>,
    /// Whether it is still on its way to a department.
    pub settling: bool,
    /// What is asked of this person, to do here.
    pub forms: Vec<Form>,
    /// What else they can do.
    pub others: Vec<Other>,
    pub card: bool,
    pub area: String,
    pub texts: Vec<(&'static str, String)>,
    pub said: Vec<Said>,
    /// Where the rest of a very long history is.
    pub later: Option<String>,
    pub facts: Facts,
    /// The request to the state that its answer waits for.
    pub waiver: Option<String>,
    /// Whether this person looks after its record, and what for.
    pub keeps: bool,
    pub kept_for: &'static str,
    /// What stands in the register near to it: address, what it says, title.
    pub near: Vec<(String, &'static str, String)>,
    /// Open loops of others that are like it: address, title, and how many schools are in it.
    pub alike: Vec<(String, String, String)>,
    /// Loops of the same area that ended last: address, title, how and when.
    pub ended: Vec<(String, String, String)>,
    /// The stream sequence of its last event.
    pub version: u64,
}

/// A form that opens.
#[derive(Debug, Clone)]
pub(super) struct Other {
    pub form: Form,
    pub open: bool,
}

impl LoopPage {
    /// Draws the page; `attempt` is the form that was sent and could not be taken.
    pub(super) fn new(
        viewer: &Viewer,
        view: &LoopView,
        history: &Page<Entry>,
        near: &Similar,
        done: Option<Action>,
        attempt: Option<(Action, Form)>,
    ) -> Self {
        let colour = words::colour(view.holder.code(), view.state, view.unconfirmed);
        let (mut forms, mut others) = actions::forms(viewer, view, near);
        if let Some((action, form)) = attempt {
            forms.retain(|known| known.name != action.slug());
            others.retain(|known| known.name != action.slug());
            forms.insert(0, Form { headed: true, ..form });
        }
        let texts = [
            ("What we are trying to do", &view.trying),
            ("What gets in the way", &view.barrier),
            ("What we have tried", &view.tried),
            ("What would help", &view.would_help),
        ];
        let texts = texts
            .into_iter()
            .filter_map(|(label, text)| text.clone().map(|text| (label, text)))
            .collect();
        Self {
            shell: viewer.shell(&view.title, Here::Elsewhere),
            id: view.id.to_string(),
            ring: Ring::new(view.state, view.unconfirmed, &view.schools, colour).large(),
            title: view.title.clone(),
            number: view.number.to_string(),
            top: Top::new(viewer, view),
            done: done.map(actions::done),
            filed: (done == Some(Action::File)).then(|| viewer.visitor.claims.person.to_string()),
            settling: view.state == contracts::vocabulary::LoopState::Filed,
            forms,
            others: others
                .into_iter()
                .map(|form| Other {
                    open: false,
                    form: Form { headed: false, ..form },
                })
                .collect(),
            card: view.card,
            area: words::area(&viewer.district, &view.area),
            texts,
            said: history
                .items
                .iter()
                .map(|entry| Said::new(entry, viewer, view.barrier.as_deref()))
                .collect(),
            later: history
                .next
                .as_deref()
                .map(|next| format!("/loops/{}?after={}", view.id, forms::escaped(next))),
            facts: Facts::new(viewer, view),
            waiver: None,
            keeps: custody::keeps(view),
            kept_for: custody::kept_for(viewer),
            near: near
                .flexibilities
                .iter()
                .chain(&near.non_negotiables)
                .filter(|found| view.resolution.as_ref().and_then(|answer| answer.flexibility) != Some(found.row.id))
                .map(|found| {
                    (
                        format!("/allowed/{}", found.row.id),
                        found.row.says.label(),
                        found.row.title.clone(),
                    )
                })
                .collect(),
            alike: near
                .loops
                .iter()
                .filter(|found| found.id != view.id)
                .map(|found| {
                    let schools = counted(found.schools, "school", "schools");
                    (
                        viewer.loop_href(found.id),
                        found.title.clone(),
                        format!("{schools}, open"),
                    )
                })
                .collect(),
            ended: Vec::new(),
            version: view.version,
        }
    }
}

impl LoopPage {
    /// Offers the words that the viewer's department keeps ready.
    fn ready(&mut self, answers: &[ReadyAnswer], chosen: Option<&str>, viewer: &Viewer, view: &LoopView) {
        let others = self.others.iter_mut().map(|other| &mut other.form);
        department::offer(self.forms.iter_mut().chain(others), answers, chosen, viewer, view);
        let begun = answers
            .iter()
            .find(|answer| Some(answer.id.to_string().as_str()) == chosen);
        for other in &mut self.others {
            other.open |= begun.is_some_and(|answer| answer.step.code() == other.form.name);
        }
    }

    /// Where the answer is a request to the state: the request, or what begins it.
    async fn ask_the_state(&mut self, desk: &Desk, view: &LoopView) {
        let asked = view
            .resolution
            .as_ref()
            .is_some_and(|answer| answer.kind == ResolutionKind::StateWaiver);
        if !asked || view.card {
            return;
        }
        let query = WaiversQuery {
            loop_id: Some(view.id),
            limit: Some(1),
            ..WaiversQuery::default()
        };
        let written: Result<Page<WaiverView>, Problem> = desk.ask("flexibility", "waivers", query).await;
        self.waiver = written
            .ok()
            .and_then(|page| page.items.first().map(|view| format!("/waivers/{}", view.id)));
        let waits = view.resolution.as_ref().is_some_and(|answer| answer.waiting_for_state);
        if self.waiver.is_some() || !waits || !desk.viewer.in_office() {
            return;
        }
        let known: Result<Vec<RegimeView>, Problem> = desk.ask("flexibility", "regimes", serde_json::json!({})).await;
        if let Ok(known) = known {
            self.forms.push(actions::ask_the_state(&desk.viewer, view, &known));
        }
    }
}

pub(super) async fn show(desk: Desk, Path(id): Path<String>, Query(query): Query<Vec<(String, String)>>) -> Response {
    let typed = Typed::from(query);
    let page = async {
        let (view, history) = looked_at(&desk, &id, typed.some("after")).await?;
        let (near, ended, answers) = tokio::join!(
            near(&desk, &view),
            ended(&desk, &view),
            department::ready_words(&desk, &view)
        );
        let done = typed.some("done").and_then(Action::from_slug);
        let mut page = LoopPage::new(&desk.viewer, &view, &history, &near, done, None);
        page.ended = ended;
        page.ready(&answers, typed.some("begin"), &desk.viewer, &view);
        page.ask_the_state(&desk, &view).await;
        shell::page(&page)
    };
    desk.or_trouble(page.await)
}

/// `GET /loops/{id}/receipt`: the receipt, as a file to keep.
pub(super) async fn receipt(desk: Desk, Path(id): Path<String>) -> Response {
    let receipt = async {
        let id: LoopId = id.parse().map_err(|_| Problem::not_found("page"))?;
        let receipt: Receipt = desk.ask("ledger", "receipt", ReceiptQuery { id }).await?;
        Ok(crate::api::receipt_file(id, receipt.proof))
    };
    desk.or_trouble(receipt.await)
}

/// `GET /loops/{id}/{action}`: what a browser asks for when it comes back from signing in.
pub(super) async fn back(Path((id, action)): Path<(String, String)>) -> Response {
    match (id.parse::<LoopId>(), Action::from_slug(&action)) {
        (Ok(id), Some(action)) => Redirect::to(&format!("/loops/{id}#{}", action.slug())).into_response(),
        (Ok(_) | Err(_), _) => super::not_found(),
    }
}

pub(super) async fn act(Path((id, action)): Path<(String, String)>, Posted { desk, typed }: Posted) -> Response {
    let Some(action) = Action::from_slug(&action).filter(|action| *action != Action::File) else {
        return desk.or_trouble(Err(Problem::not_found("page")));
    };
    let view = match look(&desk, &id).await {
        Ok(view) => view,
        Err(problem) => return shell::kept_for(&problem, &typed),
    };
    match sent(&desk, &view, action, &typed).await {
        Ok(()) if typed.get("back") == "/contact" => Redirect::to("/contact").into_response(),
        Ok(()) => Redirect::to(&format!("/loops/{}?done={}", view.id, action.slug())).into_response(),
        // What the person may see has changed since: the page is drawn from what there is now.
        Err(problem) => match refused(&desk, &view, action, &typed, &problem).await {
            Ok(page) => page,
            Err(_) => shell::kept_for(&problem, &typed),
        },
    }
}

async fn sent(desk: &Desk, view: &LoopView, action: Action, typed: &Typed) -> Result<(), Problem> {
    desk.viewer.check(typed)?;
    let form = actions::form(action, &desk.viewer, view, &Similar::default());
    forms::missing(&form.fields, typed)?;
    let body = forms::body(&form.fields, typed)?;
    let based_on = actions::names_its_version(action)
        .then(|| typed.read("version"))
        .flatten();
    desk.front
        .act(
            &desk.viewer.visitor,
            action,
            Some(view.id),
            &body,
            typed.some("key"),
            based_on,
        )
        .await?;
    Ok(())
}

async fn refused(
    desk: &Desk,
    view: &LoopView,
    action: Action,
    typed: &Typed,
    problem: &Problem,
) -> Result<Response, Problem> {
    let (view, history) = looked_at(desk, &view.id.to_string(), None).await?;
    let near = near(desk, &view).await;
    let mut form = actions::form(action, &desk.viewer, &view, &near).refused(typed, problem, &desk.viewer);
    if let Some(trouble) = &mut form.problem {
        // The history knows what happened by name; the problem knows only whose id it was.
        let since = |entry: &&Entry| problem.since.iter().any(|since| since.sequence == entry.sequence);
        let told = history.items.iter().filter(since).map(|entry| {
            format!(
                "{}, {}",
                words::raised(&entry.summary),
                desk.viewer.days.moment(entry.time)
            )
        });
        let told: Vec<String> = told.collect();
        if !told.is_empty() {
            trouble.since = told;
        }
    }
    let mut page = LoopPage::new(&desk.viewer, &view, &history, &near, None, Some((action, form)));
    page.ready(&department::ready_words(desk, &view).await, None, &desk.viewer, &view);
    shell::page_as(shell::status(problem), &page)
}

async fn look(desk: &Desk, id: &str) -> Result<LoopView, Problem> {
    let id: LoopId = id.parse().map_err(|_| Problem::not_found("loop"))?;
    desk.ask("timeline", "loop", LoopQuery { id }).await
}

/// A loop and its history, asked for side by side.
async fn looked_at(desk: &Desk, id: &str, after: Option<&str>) -> Result<(LoopView, Page<Entry>), Problem> {
    let id: LoopId = id.parse().map_err(|_| Problem::not_found("loop"))?;
    let (view, history) = tokio::join!(desk.ask("timeline", "loop", LoopQuery { id }), history(desk, id, after));
    Ok((view?, history?))
}

/// What stands in the register near to a loop, for those who answer it. Without it the page is shown all the same.
async fn near(desk: &Desk, view: &LoopView) -> Similar {
    if !desk.viewer.in_office() || view.card || view.state.is_end() {
        return Similar::default();
    }
    let texts = [Some(&view.title), view.trying.as_ref(), view.barrier.as_ref()];
    let texts: Vec<&str> = texts.into_iter().flatten().map(String::as_str).collect();
    let query = SimilarQuery {
        text: texts.join("\n").chars().take(LOOKED_UP).collect(),
        area: Some(view.area.clone()),
        limit: Some(NEAR),
    };
    match desk.ask("flexibility", "similar", query).await {
        Ok(near) => near,
        Err(problem) => {
            tracing::debug!(%problem, "a loop is shown without what is near to it");
            Similar::default()
        }
    }
}

/// Loops of the same area that ended last, for those who answer one that is open.
async fn ended(desk: &Desk, view: &LoopView) -> Vec<(String, String, String)> {
    if !desk.viewer.in_office() || view.card || view.state.is_end() {
        return Vec::new();
    }
    let query = LoopsQuery {
        open: Some(false),
        area: Some(view.area.clone()),
        sort: Sort::Changed,
        limit: Some(NEAR),
        ..LoopsQuery::default()
    };
    let page: Result<Page<LoopRow>, Problem> = desk.ask("timeline", "loops", query).await;
    let rows = page.map(|page| page.items).unwrap_or_default();
    let told = rows.into_iter().map(|row| {
        let when = desk.viewer.days.long(desk.viewer.days.day(row.changed_at));
        let how = words::state(row.state, row.unconfirmed, &row.schools, &desk.viewer);
        (desk.viewer.loop_href(row.id), row.title, format!("{how}, {when}"))
    });
    told.collect()
}

/// The history from the start, or from where a page before ended; nothing where only a card is seen.
async fn history(desk: &Desk, id: LoopId, after: Option<&str>) -> Result<Page<Entry>, Problem> {
    let mut history = Page {
        items: Vec::new(),
        next: after.map(str::to_owned),
    };
    for _ in 0..PAGES_MAX {
        let query = EntriesQuery {
            id,
            limit: Some(PAGE_MAX),
            cursor: history.next.take(),
        };
        let page: Page<Entry> = desk.ask("timeline", "entries", query).await?;
        history.items.extend(page.items);
        history.next = page.next;
        if history.next.is_none() {
            break;
        }
    }
    Ok(history)
}

/// The form of an action, as it comes back when it was refused.
#[cfg(any(test, debug_assertions))]
pub(super) fn refused_form(action: Action, viewer: &Viewer, view: &LoopView, typed: &Typed, problem: &Problem) -> Form {
    actions::form(action, viewer, view, &Similar::default()).refused(typed, problem, viewer)
}
