//! What routing's read model keeps, in memory: it follows the log, falls behind, and says whether it has.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use contracts::envelope::Recorded;
use contracts::events::DirectoryEvent;
use contracts::ids::{DepartmentId, District, LoopId, PersonId};
use contracts::queries::{SpeaksFor, SpokenFor};
use contracts::subjects::Thing;
use domain::directory::Districts;
use domain::{Fold, Loop, LoopRecord};
use eventlog::memory::MemoryLog;
use routing::Watching;
use routing::read_model::{DueLoop, Watched};

use crate::dice::Dice;
use crate::report::Fault;
use crate::sabotage::Sabotage;
use crate::storm::Storm;

/// A loop as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// Its district.
    pub district: District,
    /// Its folded state.
    pub state: Loop,
    /// What is kept of it, once it is filed.
    pub watched: Option<Watched>,
}

#[derive(Debug)]
struct State {
    position: u64,
    kept: BTreeMap<LoopId, Kept>,
    districts: Districts,
    dice: Dice,
    // Shares of 1000 in which it does not catch up when it is waited for.
    stays_behind: u32,
}

/// The read model.
#[derive(Debug)]
pub struct InMemory {
    log: MemoryLog,
    storm: Arc<Storm>,
    state: Mutex<State>,
    sabotage: Option<Sabotage>,
}

impl InMemory {
    /// A read model that has taken nothing in.
    pub fn new(log: MemoryLog, storm: Arc<Storm>, dice: Dice, sabotage: Option<Sabotage>) -> Self {
        let state = Mutex::new(State {
            position: 0,
            kept: BTreeMap::new(),
            districts: Districts::default(),
            dice,
            stays_behind: 0,
        });
        Self {
            log,
            storm,
            state,
            sabotage,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often it stays behind from now on, in 1000.
    pub fn stays_behind(&self, per_mille: u32) {
        self.state().stays_behind = per_mille;
    }

    /// Up to where it has taken the log in.
    pub fn position(&self) -> u64 {
        self.state().position
    }

    /// What it keeps.
    pub fn kept(&self) -> BTreeMap<LoopId, Kept> {
        self.state().kept.clone()
    }

    /// The next moment of any loop.
    pub fn next_at(&self) -> Option<DateTime<Utc>> {
        let state = self.state();
        state.kept.values().filter_map(|kept| kept.watched?.next_at).min()
    }

    /// The open loops in which somebody speaks for a school.
    pub fn spoken_for(&self, asked: &SpokenFor) -> Vec<SpeaksFor> {
        let state = self.state();
        let theirs = state.kept.iter().filter(|(_, kept)| kept.district == asked.district);
        theirs
            .flat_map(|(id, kept)| speakers(*id, kept.state.record()))
            .filter(|(person, _)| *person == asked.person)
            .map(|(_, spoken)| spoken)
            .collect()
    }

    /// Takes the log in up to a sequence.
    pub fn take_in(&self, until: u64) {
        let mut state = self.state();
        let mut touched = BTreeSet::new();
        for raw in self.log.since(state.position) {
            if raw.sequence > until {
                break;
            }
            state.position = raw.sequence;
            if let Ok(recorded) = raw.parse() {
                state.one(&recorded, &mut touched);
            }
        }
        state.watch(&touched);
    }

    /// Loses all and begins again, as after a restart with its tables gone.
    pub fn forget(&self) {
        let mut state = self.state();
        state.position = 0;
        state.kept.clear();
        state.districts = Districts::default();
    }
}

/// Who speaks for which school in a loop, as long as it is open.
pub fn speakers(id: LoopId, record: Option<&LoopRecord>) -> Vec<(PersonId, SpeaksFor)> {
    let Some(record) = record.filter(|record| !record.is_ended()) else {
        return Vec::new();
    };
    let parts = record.parts.iter().filter(|(school, _)| record.is_in(**school));
    parts
        .filter_map(|(school, part)| {
            let spoken = SpeaksFor {
                loop_id: id,
                school: *school,
            };
            Some((part.speaker?, spoken))
        })
        .collect()
}

impl State {
    fn one(&mut self, recorded: &Recorded, touched: &mut BTreeSet<LoopId>) {
        let district = &recorded.subject.district;
        if recorded.subject.thing == Thing::Loop {
            let id = LoopId(recorded.subject.id);
            let kept = self.kept.entry(id).or_insert_with(|| Kept {
                district: district.clone(),
                state: Loop::default(),
                watched: None,
            });
            if let Ok(event) = Loop::read(&recorded.envelope) {
                kept.state.evolve(&recorded.meta(), &event);
            }
            touched.insert(id);
            return;
        }
        let Ok(event) = DirectoryEvent::read(&recorded.envelope) else {
            return;
        };
        self.districts.evolve(&recorded.subject, recorded.sequence, &event);
        if matches!(event, DirectoryEvent::CalendarSet(_)) {
            let theirs = self.kept.iter().filter(|(_, kept)| kept.district == *district);
            touched.extend(theirs.map(|(id, _)| *id));
        }
    }

    /// Looks anew at what became of loops, once for all that happened to them.
    fn watch(&mut self, touched: &BTreeSet<LoopId>) {
        for id in touched {
            if let Some(kept) = self.kept.get_mut(id) {
                let record = kept.state.record();
                kept.watched = record.map(|record| Watched::of(record, self.districts.get(&kept.district)));
            }
        }
    }
}

#[async_trait]
impl Watching for InMemory {
    async fn reached(&self, sequence: u64) -> bool {
        self.storm.wait().await;
        let stays = {
            let mut state = self.state();
            let share = state.stays_behind;
            state.dice.chance(share)
        };
        if !stays {
            self.take_in(sequence);
        }
        self.position() >= sequence || self.sabotage == Some(Sabotage::WatchesIgnoringLag)
    }

    async fn due(&self, now: DateTime<Utc>, limit: i64) -> anyhow::Result<Vec<DueLoop>> {
        self.storm.wait().await;
        if self.storm.strikes(Fault::LogAway) {
            anyhow::bail!("the tables are away");
        }
        let state = self.state();
        let mut due: Vec<(DateTime<Utc>, DueLoop)> = state
            .kept
            .iter()
            .filter_map(|(id, kept)| {
                let at = kept.watched?.next_at.filter(|at| *at <= now)?;
                let district = kept.district.clone();
                Some((at, DueLoop { district, id: *id }))
            })
            .collect();
        due.sort_by_key(|(at, found)| (*at, found.id));
        Ok(due.into_iter().map(|(_, found)| found).take(limit as usize).collect())
    }

    async fn behind_calendar(&self, district: &District, version: u32, limit: i64) -> anyhow::Result<Vec<DueLoop>> {
        self.storm.wait().await;
        let state = self.state();
        Ok(state
            .kept
            .iter()
            .filter(|(_, kept)| {
                let behind = |watched: Watched| watched.running && watched.calendar_version < version as i32;
                kept.district == *district && kept.watched.is_some_and(behind)
            })
            .map(|(id, kept)| DueLoop {
                district: kept.district.clone(),
                id: *id,
            })
            .take(limit as usize)
            .collect())
    }

    async fn with_department(
        &self,
        district: &District,
        department: DepartmentId,
        limit: i64,
    ) -> anyhow::Result<Vec<DueLoop>> {
        let state = self.state();
        let has = |watched: Watched| watched.running && watched.department == Some(department);
        let those = state
            .kept
            .iter()
            .filter(|(_, kept)| kept.district == *district && kept.watched.is_some_and(has));
        Ok(those
            .take(usize::try_from(limit).unwrap_or_default())
            .map(|(id, kept)| DueLoop {
                district: kept.district.clone(),
                id: *id,
            })
            .collect())
    }
}
