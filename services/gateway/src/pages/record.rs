//! `GET` and `POST /record`: how the district's record stands, for those who look after it. `GET` and `POST /receipt`:
//! whether a receipt holds, for anybody.

use askama::Template;
use axum::Form as Sent;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use contracts::District;
use contracts::ids::{LoopId, LoopNumber};
use contracts::problem::Problem;
use contracts::queries::{CheckQuery, CheckView, KeysQuery, LedgerQuery, LedgerView};
use contracts::subjects::query;
use contracts::vocabulary::{Damaged, Disclosure, Role};
use serde::Deserialize;

use super::days::Days;
use super::forms::{self, Choice, Field, Form, Shape};
use super::office::tell;
use super::shell::{self, Here, Shell};
use super::viewer::{Desk, Posted, Viewer};
use crate::disclosed::{self, Several};
use crate::front::Front;

/// How a district's record stands.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/record.html")]
pub(super) struct RecordPage {
    pub shell: Shell,
    /// The verdict in a sentence, and whether it is good, bad, or not there yet.
    pub verdict: String,
    pub standing: &'static str,
    /// What was checked and what cannot be, a paragraph each.
    pub words: Vec<String>,
    pub under_way: bool,
    pub csrf: String,
    pub checkpoint: Option<Checkpointed>,
    pub keys: Vec<String>,
    pub entries: String,
    /// What is wrong with the log now.
    pub damaged: Option<String>,
    pub alarms: Vec<(String, String)>,
    /// Who keeps a checkpoint outside, and since when.
    pub kept: Vec<(String, String)>,
    pub form: Option<Form>,
    /// What gives loops out, for an auditor.
    pub giving: Option<Form>,
}

/// A checkpoint to copy.
#[derive(Debug, Clone)]
pub(super) struct Checkpointed {
    pub note: String,
    pub when: String,
    pub older: usize,
}

/// Whether a receipt holds.
#[derive(Debug, Clone, Default)]
pub(super) struct Verdict {
    pub holds: bool,
    pub sentence: String,
    pub facts: Vec<(&'static str, String)>,
}

/// The page on which anybody checks a receipt.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/receipt.html")]
pub(super) struct ReceiptPage {
    pub shell: Shell,
    pub typed: String,
    pub verdict: Option<Verdict>,
}

impl RecordPage {
    /// Draws the page.
    pub(super) fn new(viewer: &Viewer, ledger: &LedgerView, check: &CheckView) -> Self {
        let days = &viewer.days;
        let when = check.ended.map(|at| days.moment(at)).unwrap_or_default();
        // What was lost at the end is whole again once it was put back; a gap stays one.
        let damaged = ledger.damaged.is_some() || ledger.alarms.iter().any(|alarm| alarm.damage == Damaged::Gap);
        let (standing, verdict) = match check.sound {
            None if check.of == 0 => ("open", "The record is being checked.".to_owned()),
            None => (
                "open",
                format!(
                    "The record is being checked: {} of {} entries so far.",
                    check.checked, check.of
                ),
            ),
            Some(true) if !damaged => (
                "sound",
                format!(
                    "The record is sound. All of it was checked on {when}, and nothing was changed, taken out or put in."
                ),
            ),
            Some(true) => (
                "wrong",
                format!(
                    "What the ledger holds is sound (checked on {when}), but something was found wrong with the log that it \
                     is made from. See below."
                ),
            ),
            Some(false) => ("wrong", format!("The record does not hold (checked on {when}).")),
        };
        let alarms = ledger.alarms.iter().map(|alarm| {
            let what = match alarm.damage {
                Damaged::Gap => format!("Messages {} to {} of the log are missing.", alarm.from, alarm.to),
                Damaged::Lost => format!(
                    "The log had lost messages {} to {}; the ledger holds them.",
                    alarm.from, alarm.to
                ),
                Damaged::Altered => format!("Message {} of the log was not what it had been.", alarm.from),
            };
            (days.moment(alarm.at), what)
        });
        Self {
            shell: viewer.shell("The record", Here::Record),
            verdict,
            standing,
            words: check.words.lines().map(ToOwned::to_owned).collect(),
            under_way: check.ended.is_none(),
            csrf: viewer.visitor.csrf.clone(),
            checkpoint: ledger.checkpoints.first().map(|latest| Checkpointed {
                note: latest.note.clone(),
                when: days.moment(latest.at),
                older: ledger.checkpoints.len() - 1,
            }),
            keys: ledger.verifier_keys.clone(),
            entries: match ledger.entries {
                1 => "1 entry".to_owned(),
                more => format!("{more} entries"),
            },
            damaged: ledger.damaged.clone(),
            alarms: alarms.collect(),
            kept: ledger
                .kept
                .iter()
                .map(|kept| {
                    (
                        kept.by.clone(),
                        format!("{} entries, since {}", kept.size, days.moment(kept.at)),
                    )
                })
                .collect(),
            form: ledger.checkpoints.first().map(|latest| keeping(viewer, latest.size)),
            giving: viewer.has(Role::Auditor).then(|| giving(viewer)),
        }
    }
}

/// Says that the checkpoint shown is kept outside.
fn keeping(viewer: &Viewer, size: u64) -> Form {
    Form::new(
        viewer,
        "keep",
        "/record/keep".to_owned(),
        "You keep it?",
        "I keep this one outside",
    )
    .lead("Then the record says so, and everybody who looks after it sees that somebody could show a change.")
    .with(Field::hidden("size", size, Shape::Number))
}

/// Gives loops of a school or a time out.
fn giving(viewer: &Viewer) -> Form {
    let mut schools: Vec<Choice> = viewer
        .district
        .schools
        .iter()
        .map(|school| Choice::new(school.id, school.name.clone()))
        .collect();
    schools.insert(0, Choice::new("", "Every school"));
    let forms = Disclosure::ALL.iter().map(|one| Choice::new(one.code(), one.label()));
    Form::new(
        viewer,
        "give",
        "/record/give".to_owned(),
        "Give loops out",
        "Write it down and make the file",
    )
    .lead(
        "One file with every entry and its proof, the words with what shows that they are the ones that were written, and \
         pages to read. Each of the loops says from then on to whom it was given. To keep words back, give a single loop \
         out, from its own page.",
    )
    .with(Field::line("to", "To whom?").needed("say to whom"))
    .with(Field::radios("form", "In what form?", forms.collect()).needed("choose one"))
    .with(Field::pick("school", "Of which school?", schools))
    .with(Field::day("from", "Filed from"))
    .with(Field::day("until", "Filed until"))
}

/// Loops are given out: the answer is the file.
pub(super) async fn give(Posted { desk, typed }: Posted) -> Response {
    let file = async {
        desk.viewer.check(&typed)?;
        let form = giving(&desk.viewer);
        forms::missing(&form.fields, &typed)?;
        let asked: Several = contracts::commands::read_body(&forms::body(&form.fields, &typed)?)?;
        let key = typed.get("key");
        disclosed::several(&desk.front, &desk.viewer.visitor, &asked, key, 0).await
    };
    file.await.unwrap_or_else(|problem| shell::kept_for(&problem, &typed))
}

/// Somebody keeps a checkpoint.
pub(super) async fn keep(Posted { desk, typed }: Posted) -> Response {
    let size = typed.get("size").parse().unwrap_or_default();
    let form = keeping(&desk.viewer, size);
    let told = tell(&desk, "ledger", "keep-checkpoint", None, &form, &typed).await;
    desk.or_trouble(told.map(|_| Redirect::to("/record").into_response()))
}

async fn drawn(desk: &Desk, again: bool) -> Result<Response, Problem> {
    let ledger: LedgerView = desk.ask("ledger", "ledger", LedgerQuery {}).await?;
    let check: CheckView = desk.ask("ledger", "check", CheckQuery { again }).await?;
    shell::page(&RecordPage::new(&desk.viewer, &ledger, &check))
}

/// How the record stands.
pub(super) async fn show(desk: Desk) -> Response {
    desk.or_trouble(drawn(&desk, false).await)
}

/// Checks it again.
pub(super) async fn again(Posted { desk, typed }: Posted) -> Response {
    let begun = async {
        desk.viewer.check(&typed)?;
        let _: CheckView = desk.ask("ledger", "check", CheckQuery { again: true }).await?;
        Ok(Redirect::to("/record").into_response())
    };
    desk.or_trouble(begun.await)
}

/// The form for receipts.
pub(super) async fn ask() -> Response {
    let page = ReceiptPage {
        shell: Shell::bare("Check a receipt"),
        typed: String::new(),
        verdict: None,
    };
    shell::page(&page).unwrap_or_else(|problem| shell::trouble(&problem, None))
}

#[derive(Debug, Deserialize)]
pub(super) struct Pasted {
    #[serde(default)]
    receipt: String,
}

/// Checks a receipt. Nothing is changed by it and nothing kept, so it needs no session.
pub(super) async fn check(State(front): State<Front>, Sent(pasted): Sent<Pasted>) -> Response {
    let page = async {
        let typed = pasted.receipt.replace("\r\n", "\n");
        let verdict = judged(&front, typed.trim_start()).await?;
        shell::page(&ReceiptPage {
            shell: Shell::bare("Check a receipt"),
            typed,
            verdict: Some(verdict),
        })
    };
    page.await
        .unwrap_or_else(|problem: Problem| shell::trouble(&problem, None))
}

/// The first line of the checkpoint in a receipt.
fn origin(receipt: &str) -> Option<&str> {
    receipt.split_once("\n\n")?.1.lines().next()
}

async fn judged(front: &Front, receipt: &str) -> Result<Verdict, Problem> {
    let no = |sentence: &str| Verdict {
        sentence: sentence.to_owned(),
        ..Verdict::default()
    };
    let district = origin(receipt).and_then(|origin| origin.rsplit('/').next()?.parse::<District>().ok());
    let Some(district) = district else {
        return Ok(no(
            "This is no receipt: paste the whole of it, from “c2sp.org/tlog-proof@v1” to the last line.",
        ));
    };
    let keys: Result<Vec<String>, Problem> = front
        .bus
        .ask(
            query("ledger", "keys"),
            &KeysQuery {
                district: district.clone(),
            },
        )
        .await;
    let keys = match keys {
        Ok(keys) => keys,
        Err(problem) if problem.status == 404 => {
            return Ok(no("This receipt is of a record that is not kept here."));
        }
        Err(problem) => return Err(problem),
    };
    let receipt = receipt.trim_end().to_owned() + "\n";
    match verify::read_receipt(&receipt, &keys) {
        Ok(held) => Ok(holds(&held, &district, &front.clock)),
        Err(fault) => Ok(no(&format!("This receipt does not hold: {fault}."))),
    }
}

fn holds(receipt: &verify::Receipt, district: &District, clock: &runtime::Clock) -> Verdict {
    #[derive(Deserialize)]
    struct Event {
        #[serde(rename = "type")]
        kind: String,
        subject: String,
        time: chrono::DateTime<chrono::Utc>,
    }
    let event: Option<Event> = serde_json::from_slice(&receipt.payload).ok();
    let mut facts = vec![
        ("Record", receipt.origin.clone()),
        ("District", district.to_string()),
        ("Entry", format!("{} of {}", receipt.index + 1, receipt.size)),
    ];
    if let Some(event) = event {
        let name = event.kind.rsplit('.').nth(1).unwrap_or_default().replace('_', " ");
        facts.push(("What was recorded", name));
        if let Some(id) = event
            .subject
            .strip_prefix("loop/")
            .and_then(|id| id.parse::<LoopId>().ok())
        {
            facts.push(("Loop", LoopNumber::of(id).to_string()));
        }
        let days = Days::new("UTC", clock.now());
        facts.push(("When", format!("{} (UTC)", days.moment(event.time))));
    }
    Verdict {
        holds: true,
        sentence: "This receipt holds: what it names was recorded here, and is in the record that was signed."
            .to_owned(),
        facts,
    }
}
