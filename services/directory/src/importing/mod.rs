//! Taking a roster in: it is handed over in pieces, compared with what is known, shown, and then taken in, one event for
//! each thing or person that changes. An import has a beginning and an end in the record; interrupted, it goes on where it
//! was, since what was done is no longer different.

mod apply;
mod drafts;
mod plan;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use contracts::claims::Authority;
use contracts::commands::roster::{
    ApplyRoster, BeginRoster, ImportStage, KnownStaff, LookAtRoster, NewDistrict, ROWS_MAX, RosterMessage, RosterRows,
    RosterView,
};
use contracts::ids::District;
use contracts::problem::Problem;
use contracts::vocabulary::Role;
use messaging::Incoming;
use runtime::Lifecycle;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::watch;
use uuid::Uuid;

use crate::Directory;
use crate::commands::away;
use crate::read_model::{rostered, sourced_ids};

use drafts::{Draft, Drafts};
use plan::{Input, Plan, plan};

/// Pieces of one roster.
const PIECES_MAX: u32 = 20_000;
/// Ids in one answer about whom the directory knows.
const KNOWN_MAX: i64 = 2000;
/// How long the directory may take to come to the end of the log before a roster is compared with it.
const CATCH_UP: Duration = Duration::from_secs(20);
/// How long somebody who asks what a roster changes is kept waiting before being told to ask again.
const COMPARED_WITHIN: Duration = Duration::from_secs(2);
/// Comparisons kept at hand.
const COMPARED_MAX: usize = 16;
/// Imports that the page lists.
const OF_LATE: i64 = 10;
/// What acts where nobody signed in does: whoever has the machine.
pub(crate) const OPERATOR: &str = "operator";

/// How far imports of this process have come.
#[derive(Debug, Clone)]
pub(crate) struct Importing {
    drafts: Drafts,
    running: Arc<Mutex<HashMap<Uuid, (u64, u64)>>>,
    compared: Arc<Mutex<HashMap<Uuid, watch::Receiver<Option<Compared>>>>>,
    lifecycle: Lifecycle,
}

/// What comparing came to.
type Compared = Result<Arc<RosterView>, Problem>;

/// How an import is to be taken in: kept, so that it goes on after a restart.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
struct Applied {
    authority: Authority,
    options: ApplyRoster,
}

impl Importing {
    pub(crate) fn new(db: sql::Db, lifecycle: Lifecycle) -> Self {
        Self {
            drafts: Drafts { db },
            running: Arc::default(),
            compared: Arc::default(),
            lifecycle,
        }
    }

    /// Where what an import changes is told once it is known; `begin` where nobody has asked yet.
    fn comparing(
        &self,
        import: Uuid,
        begin: impl FnOnce(watch::Sender<Option<Compared>>),
    ) -> watch::Receiver<Option<Compared>> {
        let mut compared = self.compared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(there) = compared.get(&import) {
            return there.clone();
        }
        if compared.len() >= COMPARED_MAX {
            compared.clear();
        }
        let (sender, receiver) = watch::channel(None);
        compared.insert(import, receiver.clone());
        begin(sender);
        receiver
    }

    fn compare_again(&self, import: Uuid) {
        self.compared
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&import);
    }

    fn note(&self, import: Uuid, done: u64, of: u64) {
        self.running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(import, (done, of));
    }

    /// Notes that it runs here; whether it did not yet.
    fn begin_here(&self, import: Uuid) -> bool {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if running.contains_key(&import) {
            return false;
        }
        running.insert(import, (0, 0));
        true
    }

    fn forget(&self, import: Uuid) {
        self.running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&import);
    }

    fn at(&self, import: Uuid) -> Option<(u64, u64)> {
        self.running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&import)
            .copied()
    }
}

/// Carries out one step of an import; `trusted` where it comes from whoever has the machine.
pub(crate) async fn handle(directory: &Directory, incoming: &Incoming, trusted: bool) -> Result<Value, Problem> {
    match incoming.verb.as_str() {
        "roster-begin" => begin(directory, read(incoming, trusted)?).await,
        "roster-rows" => rows(directory, read(incoming, trusted)?).await,
        "roster-look" => look(directory, &read(incoming, trusted)?).await.map(to_json),
        "roster-apply" => apply(directory, read(incoming, trusted)?).await.map(to_json),
        "roster-drop" => drop_draft(directory, &read(incoming, trusted)?).await,
        "roster-known" => known(directory, read(incoming, trusted)?).await,
        "roster-imports" => of_late(directory, &read(incoming, trusted)?).await,
        _ => Err(Problem::not_found("such command")),
    }
}

fn to_json<T: serde::Serialize>(answer: T) -> Value {
    serde_json::to_value(answer).unwrap_or_default()
}

/// Reads a message; only an administrator of the district, or the operator, takes rosters in.
fn read<T: DeserializeOwned>(incoming: &Incoming, trusted: bool) -> Result<RosterMessage<T>, Problem> {
    let message: RosterMessage<T> = incoming.read()?;
    match &message.by {
        Some(by) if by.district == message.district && by.has(Role::Administrator) && by.token.is_none() => Ok(message),
        None if trusted => Ok(message),
        _ => Err(Problem::forbidden("this is for the district administrator to do")),
    }
}

async fn begin(directory: &Directory, message: RosterMessage<BeginRoster>) -> Result<Value, Problem> {
    let there = directory.districts.with(&message.district, |_| ()).is_some();
    if !there && (message.step.create.is_none() || message.by.is_some()) {
        return Err(Problem::not_found("district"));
    }
    if let Some(NewDistrict {
        time_zone: Some(zone), ..
    }) = &message.step.create
    {
        ::domain::Calendar::new(1, zone, &[])
            .map_err(|error| Problem::invalid_field("time_zone", error.to_string()))?;
    }
    directory
        .importing
        .drafts
        .begin(message.import, &message.district, &message.step, directory.clock.now())
        .await
        .map_err(away)?;
    Ok(Value::Null)
}

async fn rows(directory: &Directory, message: RosterMessage<RosterRows>) -> Result<Value, Problem> {
    let rows = &message.step;
    if rows.orgs.len() + rows.people.len() > ROWS_MAX || rows.nth >= PIECES_MAX {
        return Err(Problem::invalid(
            "this is more of a roster than is taken at once",
            Vec::new(),
        ));
    }
    let draft = draft(directory, message.import, &message.district).await?;
    if draft.stage != ImportStage::Draft {
        return Err(began());
    }
    directory
        .importing
        .drafts
        .keep(message.import, &message.district, rows)
        .await
        .map_err(away)?;
    directory.importing.compare_again(message.import);
    Ok(Value::Null)
}

fn began() -> Problem {
    Problem::conflict(
        "import-began",
        "this roster is being taken in already; what it says can no longer be changed",
    )
}

async fn draft(directory: &Directory, import: Uuid, district: &District) -> Result<Draft, Problem> {
    let draft = directory.importing.drafts.get(import, district).await.map_err(away)?;
    draft.ok_or_else(|| Problem::not_found("import"))
}

/// What an import changes, or did, and how far it has come.
async fn look(directory: &Directory, message: &RosterMessage<LookAtRoster>) -> Result<RosterView, Problem> {
    let draft = draft(directory, message.import, &message.district).await?;
    if let Some(view) = draft.view.as_deref().and_then(|view| serde_json::from_str(view).ok()) {
        return Ok(view);
    }
    if draft.applied.is_some() {
        let stage = match directory.importing.at(message.import) {
            Some((done, of)) => ImportStage::Applying { done, of },
            None => draft.stage.clone(),
        };
        return Ok(view_of(message.import, &draft, stage, Plan::default()));
    }
    Ok((*compared(directory, message.import, &draft).await?).clone())
}

/// What an import would change: compared once, however often it is asked, and for as long as it takes.
async fn compared(directory: &Directory, import: Uuid, draft: &Draft) -> Compared {
    let mut told = directory.importing.comparing(import, |sender| {
        let (directory, draft) = (directory.clone(), draft.clone());
        directory.importing.lifecycle.clone().spawn(async move {
            let plan = compare(&directory, import, &draft.district, &draft).await;
            let view = plan.map(|plan| Arc::new(view_of(import, &draft, ImportStage::Draft, plan)));
            let _ = sender.send(Some(view));
        });
    });
    let waited = tokio::time::timeout(COMPARED_WITHIN, told.wait_for(Option::is_some)).await;
    let known = match waited {
        Ok(Ok(known)) => known.clone(),
        Ok(Err(_)) | Err(_) => None,
    };
    match known {
        Some(Ok(view)) => Ok(view),
        Some(Err(problem)) => {
            directory.importing.compare_again(import);
            Err(problem)
        }
        None => Err(Problem::unavailable(
            "the roster is being compared with what is known; ask again in a moment",
        )),
    }
}

/// Compares a roster with what is known now.
async fn compare(directory: &Directory, import: Uuid, district: &District, draft: &Draft) -> Result<Plan, Problem> {
    let catching_up = || Problem::unavailable("the directory is catching up; try again in a moment");
    let head = directory.log.head().await.map_err(|_| catching_up())?;
    if !directory.people.position.wait_for(head, CATCH_UP).await {
        return Err(catching_up());
    }
    let pieces = directory.importing.drafts.rows(import, district).await.map_err(away)?;
    let (mut orgs, mut people) = (Vec::new(), Vec::new());
    for piece in pieces {
        orgs.extend(piece.orgs);
        people.extend(piece.people);
    }
    let known = rostered(&directory.people.db, district).await.map_err(away)?;
    let record = projection::read_district(&directory.log, district, CATCH_UP).await;
    if record.is_none() && draft.begun.create.is_none() {
        return Err(catching_up());
    }
    Ok(plan(Input {
        district,
        record: record.as_ref(),
        create: draft.begun.create.as_ref(),
        head: &draft.begun.head,
        orgs,
        people,
        known,
    }))
}

/// What reading and comparing found, together.
fn view_of(import: Uuid, draft: &Draft, stage: ImportStage, plan: Plan) -> RosterView {
    let problems = draft.begun.problems.clone().and(plan.problems);
    let mut counts = plan.counts;
    counts.problems = problems.count();
    RosterView {
        import,
        stage,
        head: draft.begun.head.clone(),
        counts,
        disables_many: plan.disables_many,
        notices: plan.notices,
        problems,
        changes: plan.changes,
    }
}

/// Takes it in, in the background.
async fn apply(directory: &Directory, message: RosterMessage<ApplyRoster>) -> Result<RosterView, Problem> {
    let looking = message.with(LookAtRoster {});
    let draft = draft(directory, message.import, &message.district).await?;
    if draft.view.is_some() || directory.importing.at(message.import).is_some() {
        return look(directory, &looking).await;
    }
    if directory
        .importing
        .drafts
        .another(message.import, &message.district)
        .await
        .map_err(away)?
    {
        return Err(Problem::conflict(
            "another-import",
            "another roster is being taken in; wait until it has ended",
        ));
    }
    let view = compared(directory, message.import, &draft).await?;
    if view.counts.problems > 0 && !message.step.skip_bad_rows {
        return Err(Problem::conflict(
            "bad-rows",
            match view.counts.problems {
                1 => "one row cannot be taken; mend it, or say that it is to be left out".to_owned(),
                rows => format!("{rows} rows cannot be taken; mend them, or say that they are to be left out"),
            },
        ));
    }
    if view.disables_many && !message.step.disable_many {
        return Err(Problem::conflict(
            "disables-many",
            format!(
                "{} people would no longer be able to sign in, more than a tenth of all; is the file whole? If that is meant, \
                 say so",
                view.counts.disabled
            ),
        ));
    }
    let applied = Applied {
        authority: match message.by {
            Some(claims) => Authority::Person(claims),
            None => Authority::Policy {
                name: OPERATOR.to_owned(),
            },
        },
        options: message.step,
    };
    let applied_text = serde_json::to_string(&applied).unwrap_or_default();
    directory
        .importing
        .drafts
        .apply(message.import, &message.district, &applied_text)
        .await
        .map_err(away)?;
    apply::begin(directory, message.import, message.district, applied);
    look(directory, &looking).await
}

/// Imports that were interrupted go on.
pub(crate) async fn resume(directory: &Directory) -> anyhow::Result<()> {
    for (import, draft) in directory.importing.drafts.applying().await? {
        let Some(applied) = draft
            .applied
            .as_deref()
            .and_then(|text| serde_json::from_str(text).ok())
        else {
            continue;
        };
        tracing::info!(%import, "a roster that was being taken in goes on");
        apply::begin(directory, import, draft.district, applied);
    }
    Ok(())
}

async fn drop_draft(directory: &Directory, message: &RosterMessage<LookAtRoster>) -> Result<Value, Problem> {
    let draft = draft(directory, message.import, &message.district).await?;
    if draft.applied.is_some() {
        return Err(began());
    }
    directory
        .importing
        .drafts
        .drop_draft(message.import, &message.district)
        .await
        .map_err(away)?;
    Ok(Value::Null)
}

/// Ids by which rosters know the district's staff: a file that says what has changed says nothing of what they are.
async fn known(directory: &Directory, message: RosterMessage<KnownStaff>) -> Result<Value, Problem> {
    sourced_ids(&directory.people.db, &message.district, &message.step.after, KNOWN_MAX)
        .await
        .map(to_json)
        .map_err(away)
}

/// What was taken in of late.
async fn of_late(directory: &Directory, message: &RosterMessage<LookAtRoster>) -> Result<Value, Problem> {
    let late = directory
        .importing
        .drafts
        .of_late(&message.district, OF_LATE)
        .await
        .map_err(away)?;
    let lines: Vec<(chrono::DateTime<chrono::Utc>, RosterView)> = late
        .into_iter()
        .map(|(import, draft, at)| {
            let view = draft.view.as_deref().and_then(|view| serde_json::from_str(view).ok());
            let stage = match directory.importing.at(import) {
                Some((done, of)) => ImportStage::Applying { done, of },
                None => draft.stage.clone(),
            };
            (
                at,
                view.unwrap_or_else(|| view_of(import, &draft, stage, Plan::default())),
            )
        })
        .collect();
    Ok(to_json(lines))
}
