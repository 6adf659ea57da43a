//! `GET /loops/{id}/record` and `POST /loops/{id}/record/{action}`: the words of a loop one by one, for those who look
//! after its record: erased by the contact, held and given out by an auditor, contested by whoever is in it.

use askama::Template;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use contracts::LoopId;
use contracts::action::Action;
use contracts::problem::Problem;
use contracts::queries::{EntriesQuery, Entry, EntryText, HoldView, LoopQuery, LoopView, PAGE_MAX, Page};
use contracts::vocabulary::{Disclosure, ErasureGround, Role, WithheldGround};
use serde_json::{Value, json};

use super::forms::{self, Choice, Field, Form, Shape, Typed};
use super::loop_page::done;
use super::shell::{self, Here, Shell};
use super::viewer::{Desk, Posted, Viewer};
use super::words;
use crate::disclosed;

/// Pages of history that are read for it: as much as a loop can hold, and what is kept free for its record.
const PAGES_MAX: u32 = 28;
/// Characters of a text that are shown in a list.
const SHOWN: usize = 300;

/// The words of a loop, and what can be done to them.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/custody.html")]
pub(super) struct CustodyPage {
    pub shell: Shell,
    pub id: String,
    pub number: String,
    pub intro: &'static str,
    pub done: Option<&'static str>,
    /// Where the file is that was just given out.
    pub file: Option<String>,
    pub holds: Vec<String>,
    pub forms: Vec<Form>,
    pub others: Vec<Form>,
    /// What was given out: what, when, and where the file is.
    pub given: Vec<(String, String, String)>,
}

/// What is done on this page, in the order in which people come for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Erase,
    Disclose,
    Hold,
    LiftHold,
    Contest,
}

const DEEDS: [(Action, Deed); 5] = [
    (Action::Erase, Deed::Erase),
    (Action::Disclose, Deed::Disclose),
    (Action::Hold, Deed::Hold),
    (Action::LiftHold, Deed::LiftHold),
    (Action::Contest, Deed::Contest),
];

/// Whether an action is one on the record of a loop.
pub(super) fn is_of(action: Action) -> bool {
    DEEDS.iter().any(|(known, _)| *known == action)
}

/// What this person can do, what they came for first.
fn offered(view: &LoopView) -> Vec<Action> {
    let actions = DEEDS.iter().map(|(action, _)| *action);
    let open = |action: &Action| view.actions.iter().any(|slug| slug == action.slug());
    actions.filter(open).collect()
}

/// Whether there is anything that this person can do on that page.
pub(super) fn keeps(view: &LoopView) -> bool {
    !view.card && !offered(view).is_empty()
}

/// What the page is for, as a link says it.
pub(super) fn kept_for(viewer: &Viewer) -> &'static str {
    if viewer.has(Role::Auditor) {
        "hold them, give them out"
    } else if viewer.has(Role::Contact) {
        "erase, or contest"
    } else {
        "contest what stands here"
    }
}

/// What a text is called, by the event it stands in and its field.
fn called(entry: &Entry, field: &str) -> String {
    let name = match field.rsplit('/').next().unwrap_or(field) {
        "title" => "title",
        "trying" => "what we are trying to do",
        "barrier" => "what gets in the way",
        "tried" => "what we have tried",
        "would_help" => "what would help",
        "how_it_meets_us" => "how it is met",
        "word" => "first word",
        "question" => "question",
        "answer" => "answer",
        "summary" => "what will be different",
        "rationale" | "why" => "why",
        "reason" => "reason",
        "decision" => "decision",
        "on_behalf_of" => "whose words",
        other => return format!("{}: {}", entry.kind.replace('_', " "), other.replace('_', " ")),
    };
    format!("{}: {name}", words::raised(&entry.kind.replace('_', " ")))
}

pub(super) fn shortened(words: &str) -> String {
    match words.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}\u{2026}", &words[..end]),
        None => words.to_owned(),
    }
}

/// Each text that can still be kept back, or erased.
fn choices(entries: &[Entry], viewer: &Viewer, to_erase: bool) -> Vec<Choice> {
    let mut choices = Vec::new();
    for entry in entries {
        let open = |text: &&EntryText| !(text.erased || to_erase && text.stays);
        for text in entry.texts.iter().filter(open) {
            let office = if entry.internal { ", the office's own" } else { "" };
            let shared = if text.shared {
                ". The same words answer other loops, and go there too"
            } else {
                ""
            };
            let hint = format!(
                "{}, {}{office}{shared}",
                called(entry, &text.field),
                viewer.days.moment(entry.time)
            );
            choices.push(Choice::new(&text.text, shortened(&text.words)).hint(&hint));
        }
    }
    choices
}

/// What is asked of whoever erases words, wherever they stand; `which` names them.
pub(super) fn erasing(form: Form, which: Field) -> Form {
    let grounds = ErasureGround::ALL.iter();
    let grounds = grounds.map(|one| Choice::new(one.code(), one.label())).collect();
    let certain = vec![Choice::new(
        "yes",
        "I have looked at each of them, and nobody will need them again",
    )];
    let form = form
        .lead(
            "Their key is destroyed: nobody can bring them back, from any copy or backup, wherever else these same words \
             stand. Who erased them, when and why stays on record, and the record can be checked as before.",
        )
        .with(which)
        .with(Field::radios("ground", "On what ground?", grounds).needed("choose one"))
        .with(
            Field::line("why", "Who asked, or by which order?")
                .hint("This stays for ever: do not write again what is erased.")
                .needed("say who asked (a few words are enough)"),
        )
        .with(
            Field::ticks("certain", "These words will be gone", certain)
                .shape(Shape::Aside)
                .needed("confirm that they may go"),
        );
    Form {
        button_class: "usa-button--secondary",
        ..form
    }
}

/// What is asked of whoever forbids erasing.
pub(super) fn holding(form: Form) -> Form {
    form.lead("For as long as a request for records is open, or a case. Only an auditor can lift it.")
        .with(Field::line("why", "For which request or case?").needed("say for which (a few words are enough)"))
}

/// What is asked of whoever lifts one of these holds.
pub(super) fn lifting(form: Form, viewer: &Viewer, holds: &[HoldView]) -> Form {
    let form = form.with(Field::line("why", "Why is it no longer needed?"));
    if holds.len() < 2 {
        return form;
    }
    let placed = |hold: &HoldView| Choice::new(hold.id, format!("Placed {}", viewer.days.moment(hold.since)));
    let holds = holds.iter().map(placed).collect();
    form.with(Field::radios("hold", "Which?", holds).needed("choose one"))
}

/// Since when holds are on something, in words.
pub(super) fn held(viewer: &Viewer, holds: &[HoldView]) -> Vec<String> {
    let since = holds
        .iter()
        .map(|hold| format!("A hold is on it since {}.", viewer.days.moment(hold.since)));
    since.collect()
}

/// A form on the record of a loop.
pub(super) fn form(action: Action, viewer: &Viewer, view: &LoopView, entries: &[Entry]) -> Form {
    let form = |legend: &str, button: &str| {
        let href = format!("/loops/{}/record/{}", view.id, action.slug());
        Form::new(viewer, action.slug(), href, legend, button)
    };
    let labelled = |code: &str, label: &str| Choice::new(code, label);
    let deed = DEEDS.iter().find(|(known, _)| *known == action);
    match deed.map_or(Deed::Contest, |(_, deed)| *deed) {
        Deed::Erase => {
            let which = Field::ticks("texts", "Which words?", choices(entries, viewer, true));
            erasing(
                form("Erase words for good", "Erase them for good"),
                which.needed("tick what is to be erased"),
            )
        }
        Deed::Hold => holding(form("Forbid erasing here", "Place a hold")),
        Deed::LiftHold => lifting(form("Lift a hold", "Lift it"), viewer, &view.holds),
        Deed::Disclose => form("Give this record out", "Write it down and make the file")
            .lead(
                "The file holds every entry with its proof, the words with what shows that they are the ones that were \
                 written, and a page to read. To whom it is given is on record from then on, and everybody in the loop sees it.",
            )
            .with(
                Field::radios(
                    "form",
                    "In what form?",
                    Disclosure::ALL.iter().map(|one| labelled(one.code(), one.label())).collect(),
                )
                .needed("choose one"),
            )
            .with(Field::line("to", "To whom?").needed("say to whom"))
            // What nobody has looked at is not given out: anything new refuses it.
            .with(Field::hidden("version", view.version, Shape::Aside))
            .tucked(
                "Keep words back",
                vec![
                    Field::ticks("withhold", "Which words are kept back?", choices(entries, viewer, false)).shape(Shape::Aside),
                    Field::radios(
                        "ground",
                        "On what ground?",
                        WithheldGround::ALL.iter().map(|one| labelled(one.code(), one.label())).collect(),
                    )
                    .hint("One ground for all that you tick; for several, the interface for programs takes one for each.")
                    .shape(Shape::Aside),
                ],
            ),
        Deed::Contest => form("Contest what stands here", "Attach the statement")
            .lead(
                "Nothing that is on record is changed. What you write stands beside it, and goes along wherever the \
                 record is given.",
            )
            .with(Field::passage("text", "What is wrong, and what is so?").needed("say what is wrong"))
            .with(
                Field::line("on_behalf_of", "Whose words are these, if not yours?")
                    .hint("Such as a parent who asked for it."),
            ),
    }
}

impl CustodyPage {
    /// Draws the page; `attempt` is the form that was sent and could not be taken.
    pub(super) fn new(
        viewer: &Viewer,
        view: &LoopView,
        entries: &[Entry],
        did: Option<Action>,
        attempt: Option<Form>,
    ) -> Self {
        let offered = offered(view);
        let mut all: Vec<Form> = offered
            .iter()
            .map(|action| form(*action, viewer, view, entries))
            .collect();
        if let Some(attempt) = attempt {
            all.retain(|form| form.name != attempt.name);
            all.insert(0, attempt);
        }
        let mut all = all.into_iter();
        let forms: Vec<Form> = all.next().into_iter().collect();
        let others = all.map(|form| Form { headed: false, ..form }).collect();
        let given: Vec<(String, String, String)> = if offered.contains(&Action::Disclose) {
            let given = entries.iter().filter(|entry| entry.kind == "record_disclosed");
            let shown = given.map(|entry| {
                (
                    format!(
                        "{}: {}",
                        words::sentence(&entry.summary),
                        entry.words.clone().unwrap_or_default()
                    ),
                    viewer.days.moment(entry.time),
                    format!("/loops/{}/disclosed/{}", view.id, entry.sequence),
                )
            });
            shown.collect()
        } else {
            Vec::new()
        };
        Self {
            shell: viewer.shell("Its words, one by one", Here::Elsewhere),
            id: view.id.to_string(),
            number: view.number.to_string(),
            intro: if offered.contains(&Action::Erase) {
                "Words are erased where they never should have been written: a student named by mistake, or a court's order."
            } else if offered.contains(&Action::Disclose) {
                "What is given out is given with proof, and that it was given is on record. While a request is open, a hold \
                 keeps everything as it is."
            } else if view.holds.is_empty() {
                "Whoever finds that the record says something wrong can have that said beside it."
            } else {
                "A hold is on this record."
            },
            done: did.map(done),
            file: given
                .last()
                .filter(|_| did == Some(Action::Disclose))
                .map(|(_, _, href)| href.clone()),
            holds: held(viewer, &view.holds),
            forms,
            others,
            given,
        }
    }
}

async fn look(desk: &Desk, id: &str) -> Result<(LoopView, Vec<Entry>), Problem> {
    let id: LoopId = id.parse().map_err(|_| Problem::not_found("loop"))?;
    let view: LoopView = desk.ask("timeline", "loop", LoopQuery { id }).await?;
    if !keeps(&view) && view.holds.is_empty() {
        return Err(Problem::not_found("page"));
    }
    let mut entries = Vec::new();
    let mut cursor = None;
    for _ in 0..PAGES_MAX {
        let query = EntriesQuery {
            id,
            limit: Some(PAGE_MAX),
            cursor,
        };
        let page: Page<Entry> = desk.ask("timeline", "entries", query).await?;
        entries.extend(page.items);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    Ok((view, entries))
}

/// The page.
pub(super) async fn show(desk: Desk, Path(id): Path<String>, Query(query): Query<Vec<(String, String)>>) -> Response {
    let typed = Typed::from(query);
    let page = async {
        let (view, entries) = look(&desk, &id).await?;
        let did = typed.some("done").and_then(Action::from_slug);
        shell::page(&CustodyPage::new(&desk.viewer, &view, &entries, did, None))
    };
    desk.or_trouble(page.await)
}

/// `GET /loops/{id}/disclosed/{event}`: what was given out, as a file.
pub(super) async fn file(desk: Desk, Path((id, event)): Path<(String, String)>) -> Response {
    let file = async {
        let id: LoopId = id.parse().map_err(|_| Problem::not_found("page"))?;
        let event: u64 = event.parse().map_err(|_| Problem::not_found("page"))?;
        disclosed::file(&desk.front, &desk.viewer.visitor, &[(id, event)]).await
    };
    desk.or_trouble(file.await)
}

/// One of its forms.
pub(super) async fn act(Path((id, action)): Path<(String, String)>, Posted { desk, typed }: Posted) -> Response {
    let Some(action) = Action::from_slug(&action).filter(|action| is_of(*action)) else {
        return desk.or_trouble(Err(Problem::not_found("page")));
    };
    let (view, entries) = match look(&desk, &id).await {
        Ok(found) => found,
        Err(problem) => return shell::kept_for(&problem, &typed),
    };
    match sent(&desk, &view, &entries, action, &typed).await {
        Ok(()) => Redirect::to(&format!("/loops/{}/record?done={}", view.id, action.slug())).into_response(),
        Err(problem) => {
            let form = form(action, &desk.viewer, &view, &entries).refused(&typed, &problem, &desk.viewer);
            let page = CustodyPage::new(&desk.viewer, &view, &entries, None, Some(form));
            shell::page_as(shell::status(&problem), &page).unwrap_or_else(|_| shell::kept_for(&problem, &typed))
        }
    }
}

async fn sent(desk: &Desk, view: &LoopView, entries: &[Entry], action: Action, typed: &Typed) -> Result<(), Problem> {
    desk.viewer.check(typed)?;
    let form = form(action, &desk.viewer, view, entries);
    forms::missing(&form.fields, typed)?;
    let mut body = forms::body(&form.fields, typed)?;
    if action == Action::Disclose {
        body = with_kept_back(&body, typed)?;
    }
    desk.front
        .act(
            &desk.viewer.visitor,
            action,
            Some(view.id),
            &body,
            typed.some("key"),
            typed.read("version").filter(|_| action == Action::Disclose),
        )
        .await?;
    Ok(())
}

/// The body of what is given out, with what was ticked to be kept back.
fn with_kept_back(body: &str, typed: &Typed) -> Result<String, Problem> {
    let kept: Vec<&str> = typed.all("withhold").collect();
    if !kept.is_empty() && typed.get("ground").is_empty() {
        return Err(Problem::invalid_field("ground", "is needed where words are kept back"));
    }
    let mut body: Value = serde_json::from_str(body).unwrap_or_default();
    let kept: Vec<Value> = kept
        .into_iter()
        .map(|text| json!({"text": text, "ground": typed.get("ground")}))
        .collect();
    body["withhold"] = Value::Array(kept);
    Ok(body.to_string())
}
