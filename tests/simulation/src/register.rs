//! The register beside the loops: somebody of the office takes things back, widens them and changes their conditions
//! while loops rest on them, time lets them expire, and each loop is told. It goes on between the steps of everything
//! else and does not fail itself: what is looked at is what it does to loops that are under way.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use chrono::NaiveDate;
use contracts::claims::Authority;
use contracts::commands::{CommandMessage, Done};
use contracts::envelope::Meta;
use contracts::events::{LoopEvent, ResolutionEvent};
use contracts::ids::{
    CommandId, DepartmentId, District, EventId, FlexibilityId, LoopId, PatternId, ReviewId, WaiverId,
};
use contracts::problem::Problem;
use contracts::subjects::Thing;
use contracts::vocabulary::{FlexibilityTurn, LoopState, Role, Standing};
use decider::Desk;
use domain::{Flexibility, Fold, Loop, Pattern, Review, Waiver};
use eventlog::Log;
use eventlog::memory::MemoryLog;
use flexibility::patterns::Evidence;
use flexibility::read_model::{Ending, Untold};
use messaging::{Carrier, Incoming};
use serde_json::json;

use crate::broken::{Broken, holds};
use crate::roster::ROSTER;
use crate::services::Services;
use crate::world::World;

/// What a loop rests on, since when, and the turns of it that it was told.
#[derive(Debug, Default)]
pub struct Rests {
    on: Option<(FlexibilityId, u64)>,
    told: BTreeSet<EventId>,
    pub(crate) state: Loop,
}

/// The register, what rests on it, and what the office has begun, folded from the log.
#[derive(Debug, Default)]
pub struct Folded {
    position: u64,
    pub(crate) parts: BTreeMap<FlexibilityId, (District, Flexibility)>,
    pub(crate) loops: BTreeMap<LoopId, (District, Rests)>,
    pub(crate) patterns: BTreeMap<PatternId, (District, Pattern)>,
    pub(crate) waivers: BTreeMap<WaiverId, (District, Waiver)>,
    pub(crate) reviews: BTreeMap<ReviewId, (District, Review)>,
}

impl Folded {
    /// Takes in what the log has got.
    pub fn catch_up(&mut self, log: &MemoryLog) {
        let folded = self;
        for raw in log.since(folded.position) {
            folded.position = raw.sequence;
            let Ok(recorded) = raw.parse() else { continue };
            let (subject, meta) = (&recorded.subject, recorded.meta());
            match subject.thing {
                Thing::Flexibility => {
                    if let Ok(event) = Flexibility::read(&recorded.envelope) {
                        let id = FlexibilityId(subject.id);
                        let (_, state) = folded
                            .parts
                            .entry(id)
                            .or_insert_with(|| (subject.district.clone(), Flexibility::default()));
                        state.evolve(&meta, &event);
                    }
                }
                Thing::Loop => {
                    if let Ok(event) = Loop::read(&recorded.envelope) {
                        let (_, rests) = folded
                            .loops
                            .entry(LoopId(subject.id))
                            .or_insert_with(|| (subject.district.clone(), Rests::default()));
                        rests.take_in(&meta, &event);
                    }
                }
                Thing::Pattern => {
                    if let Ok(event) = Pattern::read(&recorded.envelope) {
                        let (_, state) = folded
                            .patterns
                            .entry(PatternId(subject.id))
                            .or_insert_with(|| (subject.district.clone(), Pattern::default()));
                        state.evolve(&meta, &event);
                    }
                }
                Thing::Waiver => {
                    if let Ok(event) = Waiver::read(&recorded.envelope) {
                        let (_, state) = folded
                            .waivers
                            .entry(WaiverId(subject.id))
                            .or_insert_with(|| (subject.district.clone(), Waiver::default()));
                        state.evolve(&meta, &event);
                    }
                }
                Thing::Review => {
                    if let Ok(event) = Review::read(&recorded.envelope) {
                        let (_, state) = folded
                            .reviews
                            .entry(ReviewId(subject.id))
                            .or_insert_with(|| (subject.district.clone(), Review::default()));
                        state.evolve(&meta, &event);
                    }
                }
                Thing::Record
                | Thing::District
                | Thing::School
                | Thing::Department
                | Thing::Zone
                | Thing::Import
                | Thing::Team
                | Thing::Person => {}
            }
        }
    }

    /// Loops that were not told what became of what they rest on.
    pub fn untold(&self) -> Vec<Untold> {
        let untold = self.loops.iter().filter_map(|(id, (district, rests))| {
            let (flexibility, since) = rests.on?;
            let part = self.parts.get(&flexibility)?.1.record()?;
            let (turn, event, sequence) = part.turned?;
            // What is gone is told, whenever it went.
            let wanted = (sequence > since || part.standing != Standing::InForce)
                && !rests.told.contains(&event)
                && rests.state.record()?.state() != LoopState::Withdrawn;
            wanted.then(|| Untold {
                district: district.clone(),
                id: *id,
                flexibility,
                since,
                turn,
                event,
            })
        });
        untold.collect()
    }
}

impl Rests {
    fn take_in(&mut self, meta: &Meta, event: &LoopEvent) {
        self.state.evolve(meta, event);
        if let LoopEvent::Resolution(ResolutionEvent::FlexibilityChanged(changed)) = event {
            self.told.insert(changed.event);
        }
        let on = self
            .state
            .record()
            .and_then(|record| record.proposal.as_ref())
            .and_then(|proposal| proposal.flexibility);
        let anew = matches!(
            event,
            LoopEvent::Resolution(ResolutionEvent::ResolutionProposed(_) | ResolutionEvent::ResolutionRevised(_))
        );
        if anew {
            self.told.clear();
        }
        // What was granted may have been taken back before the loop heard of it.
        let since = match self.state.record() {
            Some(record) if !anew => record.filed_seq,
            Some(_) | None => meta.sequence,
        };
        match (on, self.on) {
            (None, _) => self.on = None,
            (Some(on), Some((known, _))) if on == known && !anew => {}
            (Some(on), _) => self.on = Some((on, since)),
        }
    }
}

/// What the register's tick and its decisions ask for: always all that the log says.
#[derive(Debug, Clone)]
pub struct Known {
    log: MemoryLog,
    folded: Arc<Mutex<Folded>>,
}

impl Known {
    /// Over a log, of which nothing was taken in yet.
    pub fn new(log: MemoryLog) -> Self {
        Self {
            log,
            folded: Arc::default(),
        }
    }

    /// All that the log says.
    pub fn now(&self) -> MutexGuard<'_, Folded> {
        let mut folded = self.folded.lock().unwrap_or_else(PoisonError::into_inner);
        folded.catch_up(&self.log);
        folded
    }
}

#[async_trait]
impl flexibility::Watching for Known {
    async fn reached(&self, _: u64) -> bool {
        true
    }

    async fn ends(
        &self,
        before: NaiveDate,
        after: Option<(NaiveDate, i64)>,
        limit: i64,
    ) -> anyhow::Result<Vec<(Ending, NaiveDate, i64)>> {
        let mut ends: Vec<(Ending, NaiveDate, i64)> = self
            .now()
            .parts
            .iter()
            .filter_map(|(id, (district, state))| {
                let record = state.record()?;
                let day = record.ends_on.filter(|day| *day < before)?;
                let place = (day, record.version.cast_signed());
                (record.standing == Standing::InForce && after.is_none_or(|after| place > after)).then(|| {
                    (
                        Ending {
                            district: district.clone(),
                            id: *id,
                            state: state.clone(),
                        },
                        place.0,
                        place.1,
                    )
                })
            })
            .collect();
        ends.sort_by_key(|(_, day, place)| (*day, *place));
        ends.truncate(limit as usize);
        Ok(ends)
    }

    async fn untold(&self, _: i64) -> anyhow::Result<Vec<Untold>> {
        Ok(self.now().untold())
    }

    async fn suspects(&self, _: usize) -> anyhow::Result<Vec<(District, String)>> {
        Ok(self.now().suspects())
    }

    fn suspect_again(&self, _: District, _: String) {}

    async fn evidence(&self, district: &District, basis: &str) -> anyhow::Result<Option<(Evidence, PatternId)>> {
        Ok(self.now().evidence(district, basis))
    }

    async fn out_of_time(&self, before: NaiveDate, _: i64) -> anyhow::Result<Vec<(District, WaiverId)>> {
        Ok(self.now().out_of_time(before))
    }
}

/// Brings the register's word to loops, without a fault.
pub(crate) struct Calm(Desk);

#[async_trait]
impl Carrier for Calm {
    async fn command(&self, subject: String, message: &CommandMessage) -> Result<Done, Problem> {
        let verb = subject.rsplit('.').next().unwrap_or_default();
        resolution::commands::handle_policy(&self.0, &incoming(verb, message)).await
    }
}

pub(crate) fn incoming(verb: &str, message: &CommandMessage) -> Incoming {
    Incoming {
        verb: verb.to_owned(),
        payload: Bytes::from(serde_json::to_vec(message).unwrap_or_default()),
        cause: None,
    }
}

/// A desk over the log itself, with the districts that the service knows.
fn calm(desk: &Desk, log: &MemoryLog) -> Desk {
    Desk {
        log: Arc::new(log.clone()) as Log,
        ..desk.clone()
    }
}

impl World {
    pub(crate) fn calm_desks(&self) -> (Desk, Calm) {
        let services: &Services = &self.services;
        let log = &self.log.inner;
        (calm(&services.flexibility, log), Calm(calm(&services.resolution, log)))
    }

    /// Somebody of the office does something to a part of the register.
    pub(crate) async fn the_register_changes(&mut self) -> Result<(), Broken> {
        let standing: Vec<(FlexibilityId, District, DepartmentId)> = {
            let folded = self.known.now();
            folded
                .parts
                .iter()
                .filter_map(|(id, (district, state))| {
                    let record = state.record().filter(|record| record.standing == Standing::InForce)?;
                    Some((*id, district.clone(), record.department))
                })
                .collect()
        };
        let Some((id, district, department)) = self.dice.pick(&standing).cloned() else {
            return Ok(());
        };
        let Some(verb) = self.dice.weighted(&[
            ("revoke", 3),
            ("widen", 2),
            ("change-conditions", 3),
            ("publish-rationale", 1),
        ]) else {
            return Ok(());
        };
        let body = match verb {
            "revoke" => json!({"why": "It did harm."}),
            "widen" => json!({"scope": {"level": "district"}}),
            "change-conditions" => json!({"conditions": "With a log.", "why": "It was asked for."}),
            _ => json!({"readership": "staff", "text": "It helps."}),
        };
        // Conditions are the department's to change; everything else is the contact's, too.
        let person = ROSTER.plan(&district).and_then(|plan| {
            plan.people.iter().find(|claims| {
                if verb == "change-conditions" {
                    claims.departments.contains(&department)
                } else {
                    claims.has(Role::Contact)
                }
            })
        });
        let Some(person) = person.cloned() else { return Ok(()) };
        let message = CommandMessage {
            id: CommandId::derived(&["register", &self.seed.to_string(), &self.beat.to_string()]),
            district: district.clone(),
            thing: id.0,
            authority: Authority::Person((*person).clone()),
            request_hash: verb.to_owned(),
            based_on: None,
            caused_by: None,
            traceparent: None,
            body: serde_json::value::to_raw_value(&body).map_err(|error| Broken::new(error.to_string()))?,
        };
        let (desk, _) = self.calm_desks();
        let done = flexibility::commands::handle_person(&desk, &incoming(verb, &message)).await;
        self.tell(|| format!("the office does {verb} in the register of {district}: {}", done.is_ok()));
        self.look()
    }

    /// The register looks at the time, and tells loops.
    pub(crate) async fn the_register_looks(&mut self) -> Result<(), Broken> {
        let (desk, carrier) = self.calm_desks();
        flexibility::tick(&desk, &self.known, &carrier)
            .await
            .map_err(|problem| Broken::new(format!("the register cannot look at the time: {problem}")))?;
        self.look()
    }

    /// Each loop that rests on something knows what became of it.
    pub(crate) fn everybody_was_told(&self) -> Result<(), Broken> {
        let folded = self.known.now();
        let untold = folded.untold();
        holds!(
            untold.is_empty(),
            "all is at rest, and {} loops were not told what became of what they rest on",
            untold.len()
        );
        for (id, (district, rests)) in &folded.loops {
            let (Some((on, _)), Some(record)) = (rests.on, rests.state.record()) else {
                continue;
            };
            let gone = folded
                .parts
                .get(&on)
                .and_then(|(_, state)| state.record()?.turned)
                .is_some_and(|(turn, ..)| matches!(turn, FlexibilityTurn::Expired | FlexibilityTurn::Revoked));
            holds!(
                !gone || record.unanswered_parts().is_empty(),
                "all is at rest, and {} is asked whether something works that is no longer in force",
                self.name_of(district, *id)
            );
        }
        Ok(())
    }
}
