//! Events to rows.

use std::collections::{BTreeSet, HashMap};
use std::sync::Mutex;

use ::projection::{ApplyError, Batch, Folds, ReadModel, Step};
use async_trait::async_trait;
use contracts::envelope::Recorded;
use contracts::events::DirectoryEvent;
use contracts::events::custody::ERASES;
use contracts::ids::District;
use contracts::subjects::{Subject, Thing};
use contracts::vocabulary::KeepsWords;
use domain::{Flexibility, Fold};
use eventlog::{EventLog, Log};
use sealing::Keyring;
use sql::{Db, Tx};
use uuid::Uuid;

use super::collect::Collected;
use super::office;
use super::write;
use crate::similar::Vocabulary;

/// Parts of the register remembered between batches.
const REMEMBERED_MAX: usize = 2000;
/// The most that is remembered as having been touched; beyond, everything is looked at.
const SUSPECTS_MAX: usize = 20_000;

/// The read model.
#[derive(Debug)]
pub struct Register {
    log: Log,
    keyring: Keyring,
    folds: Folds,
    remembered: Mutex<HashMap<Uuid, Flexibility>>,
    pub(crate) vocabulary: Vocabulary,
    pub(crate) suspects: Suspects,
}

/// What may have become a pattern since it was looked at last. At first, and after too much of it, that is everything.
#[derive(Debug)]
pub(crate) struct Suspects {
    inner: Mutex<(bool, BTreeSet<(District, String)>)>,
}

impl Default for Suspects {
    fn default() -> Self {
        Self {
            inner: Mutex::new((true, BTreeSet::new())),
        }
    }
}

impl Suspects {
    fn inner(&self) -> std::sync::MutexGuard<'_, (bool, BTreeSet<(District, String)>)> {
        self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Adds what a batch touched, or everything.
    pub(crate) fn add(&self, more: BTreeSet<(District, String)>, all: bool) {
        let mut inner = self.inner();
        inner.1.extend(more);
        if all || inner.1.len() > SUSPECTS_MAX {
            *inner = (true, BTreeSet::new());
        }
    }

    /// Takes some out to be looked at: first all there is, where everything is suspect.
    pub(crate) async fn take(&self, db: &Db, limit: usize) -> Result<Vec<(District, String)>, sqlx::Error> {
        if std::mem::take(&mut self.inner().0) {
            let found = office::bases(db).await;
            match found {
                Ok(found) => self.inner().1.extend(found),
                Err(error) => {
                    self.inner().0 = true;
                    return Err(error);
                }
            }
        }
        let mut inner = self.inner();
        let mut taken = Vec::new();
        while taken.len() < limit
            && let Some(next) = inner.1.pop_first()
        {
            taken.push(next);
        }
        Ok(taken)
    }
}

/// What a batch comes to.
#[derive(Debug)]
pub struct Prepared {
    batch: Batch,
    collected: Collected,
}

impl Register {
    /// A read model over the log that its states come from, which opens texts with these keys.
    pub fn new(log: Log, keyring: Keyring) -> Self {
        Self {
            folds: Folds::new(log.clone()),
            log,
            keyring,
            remembered: Mutex::default(),
            vocabulary: Vocabulary::default(),
            suspects: Suspects::default(),
        }
    }

    /// A part of the register as it stood before an event.
    async fn before(&self, recorded: &Recorded) -> Result<Flexibility, ApplyError> {
        let id = recorded.subject.id;
        let known = self
            .remembered
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .get(&id)
            .cloned();
        match known {
            Some(state) => Ok(state),
            None if recorded.envelope.previous == 0 => Ok(Flexibility::default()),
            None => flexibility_before(&*self.log, &recorded.subject, recorded.sequence).await,
        }
    }
}

/// A part of the register after its events up to a sequence, read from the log. What cannot be read is not part of it:
/// it was set aside.
pub(crate) async fn flexibility_before(
    log: &dyn EventLog,
    subject: &Subject,
    before: u64,
) -> Result<Flexibility, ApplyError> {
    let raws = log
        .load(subject, 0, 0)
        .await
        .map_err(|error| ApplyError::Away(error.to_string()))?;
    let mut state = Flexibility::default();
    for raw in raws.iter().take_while(|raw| raw.sequence < before) {
        if let Ok(recorded) = raw.parse()
            && let Ok(event) = Flexibility::read(&recorded.envelope)
        {
            state.evolve(&recorded.meta(), &event);
        }
    }
    Ok(state)
}

#[async_trait]
impl ReadModel for Register {
    type Prepared = Prepared;

    fn name(&self) -> &'static str {
        "flexibility"
    }

    /// Nobody watches the register as it changes, and whoever asks for what they did is waited for.
    fn linger(&self) -> std::time::Duration {
        std::time::Duration::from_millis(250)
    }

    /// Words that are erased are looked for wherever they were taken over.
    fn reads_its_tables(&self, batch: &[Recorded]) -> bool {
        batch.iter().any(|recorded| {
            let kind = recorded.envelope.event_type.as_str();
            ERASES.iter().any(|erases| kind.starts_with(erases))
        })
    }

    async fn prepare(&self, db: &Db, recorded: &[Recorded]) -> Result<Prepared, ApplyError> {
        let mut batch = self.folds.begin(db, recorded).await?;
        let mut collected = Collected::of(recorded);
        let mut states: HashMap<Uuid, Flexibility> = HashMap::new();
        for event in recorded {
            if event.subject.thing == Thing::Flexibility && !states.contains_key(&event.subject.id) {
                states.insert(event.subject.id, self.before(event).await?);
            }
            match batch.step(event)? {
                Step::Register(happened) => {
                    let state = states.entry(event.subject.id).or_default();
                    state.evolve(&event.meta(), &happened);
                    collected.register(event, state);
                }
                Step::Loop(_, happened) => collected.loop_event(event, &happened),
                Step::Office => collected.office.extend(office::office(&*self.log, event).await?),
                Step::Directory(DirectoryEvent::PatternThresholdsSet(_)) => collected.all_suspect = true,
                // No name of a person stands in the register.
                Step::Erased(erased) if erased.of.of == KeepsWords::Person => {
                    self.keyring.forget(erased.texts.iter().map(|text| text.key));
                }
                Step::Erased(erased) => collected.erased(event, &erased.texts),
                Step::Directory(_) | Step::Record => {}
            }
        }
        self.keyring.forget(collected.erased.keys().copied());
        collected.finish(&batch, &states, &self.keyring).await?;
        collected.blank(db, &states, &self.keyring).await?;
        self.folds.end(&mut batch);
        let mut remembered = self
            .remembered
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if remembered.len() + states.len() > REMEMBERED_MAX {
            remembered.clear();
        }
        remembered.extend(states);
        Ok(Prepared { batch, collected })
    }

    async fn write(&self, tx: &mut Tx, prepared: &Prepared) -> Result<(), ApplyError> {
        prepared.batch.write(tx).await?;
        Ok(write::write(tx, &prepared.collected).await?)
    }

    fn erases(&self, prepared: &Prepared) -> bool {
        !prepared.collected.erased.is_empty()
    }

    async fn committed(&self, _position: u64, prepared: Prepared) {
        self.vocabulary.learn(prepared.collected.docs());
        self.suspects
            .add(prepared.collected.suspects, prepared.collected.all_suspect);
    }

    async fn taken_back(&self) {
        self.folds.forget();
        self.remembered
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clear();
    }
}
