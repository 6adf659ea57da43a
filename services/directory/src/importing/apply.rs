//! Taking it in: each change one event, many at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use contracts::claims::Authority;
use contracts::commands::CommandMessage;
use contracts::commands::roster::{ImportStage, RosterView};
use contracts::events::DirectoryEvent;
use contracts::events::OwnedEvents as _;
use contracts::events::directory::{PersonDisabled, PersonRostered, RosterImportBegun, RosterImportEnded};
use contracts::ids::{CommandId, District};
use contracts::subjects::{Subject, Thing as Kind};
use contracts::vocabulary::DisabledBecause;
use decider::{Decide, Failure, History, Target, execute};
use futures::StreamExt as _;
use uuid::Uuid;

use super::plan::{PersonStep, Step};
use super::{Applied, CATCH_UP, compare, view_of};
use crate::Directory;
use crate::domain::{NeverRefused, Roster, State, Thing};

/// Changes on their way at once.
const AT_ONCE: usize = 64;
/// How often an import that cannot go on is tried again before it stops.
const TRIES: u32 = 20;

/// Takes an import in, in the background; where it runs already, nothing happens.
pub(super) fn begin(directory: &Directory, import: Uuid, district: District, applied: Applied) {
    if !directory.importing.begin_here(import) {
        return;
    }
    let directory = directory.clone();
    let lifecycle = directory.importing.lifecycle.clone();
    lifecycle.spawn_to_its_end(async move {
        let drafts = &directory.importing.drafts;
        let mut tries = 0;
        loop {
            let carried = tokio::select! {
                carried = carry_out(&directory, import, &district, &applied) => carried,
                // It goes on with the next start.
                () = directory.importing.lifecycle.stopping() => return,
            };
            match carried {
                Ok(view) => {
                    let text = serde_json::to_string(&view).unwrap_or_default();
                    match drafts.end(import, &district, &text).await {
                        Ok(()) => break,
                        Err(error) => tracing::warn!(%error, "the end of an import could not be noted"),
                    }
                }
                Err(why) => {
                    tracing::warn!(%import, why, "taking a roster in was interrupted");
                    if tries >= TRIES {
                        let _ = drafts.stands(import, &district, &ImportStage::Stopped { why }).await;
                        break;
                    }
                }
            }
            tries += 1;
            runtime::clock::pause(Duration::from_millis(250) * tries).await;
        }
        directory.importing.forget(import);
    });
}

/// Does what is still to be done; what was done is no longer different.
async fn carry_out(
    directory: &Directory,
    import: Uuid,
    district: &District,
    applied: &Applied,
) -> Result<RosterView, String> {
    let draft = directory
        .importing
        .drafts
        .get(import, district)
        .await
        .map_err(|error| error.to_string())?
        .ok_or("it is gone")?;
    let mut plan = compare(directory, import, district, &draft)
        .await
        .map_err(|problem| problem.to_string())?;
    if plan.disables_many && !applied.options.disable_many {
        return Err("it would disable more than a tenth of the people".to_owned());
    }
    let steps = std::mem::take(&mut plan.steps);
    let view = view_of(import, &draft, ImportStage::Ended, plan);
    let writer = Writer {
        directory,
        import,
        district,
        authority: &applied.authority,
    };
    let of = steps.len() as u64;
    directory.importing.note(import, 0, of);
    let whole = writer.subject(Kind::Import, import);
    let begun = RosterImportBegun {
        version: draft.begun.head.version.clone(),
        digest: draft.begun.head.digest.clone(),
        counts: view.counts,
    };
    writer.begin(whole.clone(), begun).await?;
    let done = Arc::new(AtomicU64::new(0));
    // Schools and departments before the people who work there.
    let (places, people): (Vec<Step>, Vec<Step>) = steps
        .into_iter()
        .partition(|step| !matches!(step, Step::Person(_) | Step::Left(_)));
    for (steps, at_once) in [(places, 1), (people, AT_ONCE)] {
        let mut writing = futures::stream::iter(steps)
            .map(|step| writer.write(step))
            .buffer_unordered(at_once);
        while let Some(written) = writing.next().await {
            written?;
            directory
                .importing
                .note(import, done.fetch_add(1, Ordering::Relaxed) + 1, of);
        }
    }
    let ended = RosterImportEnded { counts: view.counts };
    writer.say(whole, &State(ended.into()), "ended").await?;
    // Who came with it can sign in once it is said to have ended.
    if let Ok(head) = directory.log.head().await {
        directory.people.position.wait_for(head, CATCH_UP).await;
    }
    Ok(view)
}

/// Writes events on somebody's behalf.
struct Writer<'a> {
    directory: &'a Directory,
    import: Uuid,
    district: &'a District,
    authority: &'a Authority,
}

impl Writer<'_> {
    fn subject(&self, kind: Kind, id: Uuid) -> Subject {
        Subject::new(self.district, kind, id)
    }

    /// That it begins is said once, however often it is taken up again.
    async fn begin(&self, subject: Subject, begun: RosterImportBegun) -> Result<(), String> {
        self.say(subject, &State(begun.into()), "begun").await
    }

    async fn write(&self, step: Step) -> Result<(), String> {
        let state = |kind: Kind, id: Uuid, event: DirectoryEvent| {
            let subject = self.subject(kind, id);
            async move {
                let what = event.event_type();
                self.say(subject, &State(event), &what).await
            }
        };
        match step {
            Step::District(registered) => state(Kind::District, self.district.thing_id(), registered.into()).await,
            Step::Calendar(set) => state(Kind::District, self.district.thing_id(), set.into()).await,
            Step::School(id, added) => state(Kind::School, id.0, added.into()).await,
            Step::Department(id, added) => state(Kind::Department, id.0, added.into()).await,
            Step::Left(id) => {
                let left = PersonDisabled {
                    because: DisabledBecause::LeftRoster,
                };
                state(Kind::Person, id.0, left.into()).await?;
                self.directory
                    .end_access(self.district, id)
                    .await
                    .map_err(|error| error.to_string())
            }
            Step::Person(person) => {
                let subject = self.subject(Kind::Person, person.id.0);
                let rostered = self.sealed(&person).await.map_err(|error| error.to_string())?;
                if person.new {
                    return self
                        .execute(subject, History::default(), &Roster(rostered), "rostered")
                        .await;
                }
                self.say(subject, &Roster(rostered), "rostered").await
            }
        }
    }

    async fn sealed(&self, person: &PersonStep) -> Result<PersonRostered, sealing::SealingError> {
        let keyring = &self.directory.keyring;
        let known_as = serde_json::to_string(&person.known_as).unwrap_or_default();
        let key = keyring.lease().await?;
        Ok(PersonRostered {
            key,
            name: keyring.seal(key, &person.name).await?,
            title: match &person.title {
                Some(title) => Some(keyring.seal(keyring.lease().await?, title).await?),
                None => None,
            },
            known_as: Some(keyring.seal(keyring.lease().await?, &known_as).await?),
            roles: Some(person.roles.clone()),
            disabled: person.disabled,
        })
    }

    async fn say<C>(&self, subject: Subject, command: &C, what: &str) -> Result<(), String>
    where
        C: Decide<Thing, Event = DirectoryEvent, Rejection = NeverRefused>,
    {
        let history = History::<Thing>::read(&*self.directory.log, &subject)
            .await
            .map_err(told)?;
        self.execute(subject, history, command, what).await
    }

    async fn execute<C>(
        &self,
        subject: Subject,
        mut history: History<Thing>,
        command: &C,
        what: &str,
    ) -> Result<(), String>
    where
        C: Decide<Thing, Event = DirectoryEvent, Rejection = NeverRefused>,
    {
        let name = format!("{} {subject} {what}", self.import);
        let message = CommandMessage {
            id: CommandId(Uuid::new_v5(&contracts::ids::NAMESPACE, name.as_bytes())),
            district: self.district.clone(),
            thing: subject.id,
            authority: self.authority.clone(),
            request_hash: self.import.to_string(),
            based_on: None,
            caused_by: None,
            traceparent: None,
            body: serde_json::value::RawValue::NULL.to_owned(),
        };
        let target = Target {
            log: &*self.directory.log,
            subject,
            now: self.directory.clock.now(),
        };
        execute(&target, &mut history, &message, command)
            .await
            .map(|_| ())
            .map_err(told)
    }
}

fn told(failure: Failure<NeverRefused>) -> String {
    failure.problem(|never| match never {}).to_string()
}
