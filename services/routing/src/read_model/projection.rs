//! Events to rows: each loop's next moment, by the calendar its days are counted by.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use contracts::envelope::Recorded;
use contracts::events::DirectoryEvent;
use contracts::ids::{DepartmentId, District, LoopId};
use contracts::subjects::Subject;
use domain::directory::DistrictRecord;
use domain::{Calendar, LoopRecord};
use eventlog::Log;
use projection::{ApplyError, Batch, Folds, ReadModel, Step};
use sql::{Db, Tx, on_tx};
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;
use uuid::Uuid;

/// The read model.
#[derive(Debug)]
pub struct Watch {
    folds: Folds,
}

impl Watch {
    /// A read model over the log that its states come from.
    pub fn new(log: Log) -> Self {
        Self { folds: Folds::new(log) }
    }
}

/// What a batch comes to.
#[derive(Debug)]
pub struct Prepared {
    batch: Batch,
    rows: Vec<Row>,
    speaks: Vec<Speaks>,
    // The districts whose calendar was set in it.
    calendars: BTreeSet<District>,
}

/// Who speaks for a school in a loop.
#[derive(Debug)]
struct Speaks {
    loop_id: Uuid,
    school: Uuid,
    district: String,
    person: Option<Uuid>,
}

/// Who speaks in a loop, school by school; nobody where its school has nothing more to say in it.
fn speakers(id: LoopId, record: &LoopRecord, district: &District) -> Vec<Speaks> {
    record
        .parts
        .iter()
        .map(|(school, part)| Speaks {
            loop_id: id.0,
            school: school.0,
            district: district.to_string(),
            person: part
                .speaker
                .filter(|_| !record.is_ended() && record.is_in(*school))
                .map(|person| person.0),
        })
        .collect()
}

#[derive(Debug)]
struct Row {
    id: Uuid,
    district: String,
    watched: Watched,
}

/// What is kept of a loop: a function of its state and its district's calendars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watched {
    /// When time has something to say about it next.
    pub next_at: Option<DateTime<Utc>>,
    /// The calendar by which its days can be taken as counted.
    pub calendar_version: i32,
    /// Whether somebody has it.
    pub running: bool,
    /// The department that has it.
    pub department: Option<DepartmentId>,
}

impl Watched {
    /// What is kept of a loop.
    pub fn of(record: &LoopRecord, district: Option<&DistrictRecord>) -> Self {
        let (pinned, current) = district
            .map(|known| (known.calendar_at(record.time.calendar_version), known.calendar()))
            .unwrap_or_default();
        Self {
            next_at: record.next_moment(&pinned).map(|(at, _)| at),
            calendar_version: counted_by(record, &pinned, &current),
            running: !record.is_ended() && record.with().is_some(),
            department: record.with().map(|with| with.department),
        }
    }
}

/// The version of the calendar by which a loop's days can be taken as counted: the current one where it moves nothing.
fn counted_by(record: &LoopRecord, pinned: &Calendar, current: &Calendar) -> i32 {
    let same = record.due(pinned) == record.due(current) && record.next_moment(pinned) == record.next_moment(current);
    let version = if same {
        current.version.max(pinned.version)
    } else {
        pinned.version
    };
    version as i32
}

/// A calendar was set: running loops whose dates it leaves where they are need no event of their own.
async fn unmoved(tx: &mut Tx, folds: &Folds, district: &District, prepared: &Prepared) -> Result<(), ApplyError> {
    let Some(known) = prepared.batch.districts.get(district) else {
        return Ok(());
    };
    let current = known.calendar();
    let running: Vec<(Uuid,)> = on_tx!(tx, conn => sqlx::query_as(
            "SELECT id FROM watch WHERE running = 1 AND district = $1 AND calendar_version < $2")
        .bind(district.as_str()).bind(current.version as i32).fetch_all(&mut **conn).await)?;
    // Those that changed in this batch were judged already, by what they are now.
    let judged: BTreeSet<Uuid> = prepared.rows.iter().map(|row| row.id).collect();
    for (id,) in running.into_iter().filter(|(id,)| !judged.contains(id)) {
        // What happened to it since comes in a later batch and is judged then.
        let state = folds.now(&Subject::of_loop(district, LoopId(id))).await?;
        let Some(record) = state.record() else { continue };
        let version = counted_by(record, &known.calendar_at(record.time.calendar_version), &current);
        if version == current.version as i32 {
            on_tx!(tx, conn => sqlx::query("UPDATE watch SET calendar_version = $1 WHERE id = $2")
                .bind(version).bind(id).execute(&mut **conn).await.map(|_| ()))?;
        }
    }
    Ok(())
}

#[async_trait]
impl ReadModel for Watch {
    type Prepared = Prepared;

    fn name(&self) -> &'static str {
        "routing"
    }

    /// Nobody looks but the tick, which says so.
    fn linger(&self) -> Duration {
        Duration::from_secs(1)
    }

    async fn prepare(&self, db: &Db, recorded: &[Recorded]) -> Result<Prepared, ApplyError> {
        let mut batch = self.folds.begin(db, recorded).await?;
        let mut districts: HashMap<LoopId, District> = HashMap::new();
        let mut calendars: BTreeSet<District> = BTreeSet::new();
        for event in recorded {
            match batch.step(event)? {
                Step::Loop(id, _) => {
                    districts.insert(id, event.subject.district.clone());
                }
                Step::Directory(DirectoryEvent::CalendarSet(_)) => {
                    calendars.insert(event.subject.district.clone());
                }
                Step::Directory(_) | Step::Register(_) | Step::Office | Step::Erased(_) | Step::Record => {}
            }
        }
        let rows = batch
            .touched()
            .filter_map(|id| {
                let record = batch.state(id).and_then(domain::Loop::record)?;
                let district = districts.get(&id)?;
                Some(Row {
                    id: id.0,
                    district: district.to_string(),
                    watched: Watched::of(record, batch.districts.get(district)),
                })
            })
            .collect();
        let speaks = batch
            .touched()
            .filter_map(|id| {
                let record = batch.state(id).and_then(domain::Loop::record)?;
                Some(speakers(id, record, districts.get(&id)?))
            })
            .flatten()
            .collect();
        self.folds.end(&mut batch);
        Ok(Prepared {
            batch,
            rows,
            speaks,
            calendars,
        })
    }

    async fn write(&self, tx: &mut Tx, prepared: &Prepared) -> Result<(), ApplyError> {
        prepared.batch.write(tx).await?;
        sql::put(
            tx,
            "INSERT INTO watch (id, district, next_at, calendar_version, running, department)",
            &prepared.rows,
            |values, row| {
                values
                    .put(row.id)
                    .put(row.district.as_str())
                    .put(row.watched.next_at)
                    .put(row.watched.calendar_version)
                    .put(i32::from(row.watched.running))
                    .put(row.watched.department.map(|department| department.0));
            },
            " ON CONFLICT (id) DO UPDATE SET next_at = excluded.next_at, \
                     calendar_version = excluded.calendar_version, running = excluded.running, \
                     department = excluded.department",
        )
        .await?;
        sql::put(
            tx,
            "INSERT INTO speaks (loop, school, district, person)",
            &prepared.speaks,
            |values, row| {
                values
                    .put(row.loop_id)
                    .put(row.school)
                    .put(row.district.as_str())
                    .put(row.person);
            },
            " ON CONFLICT (loop, school) DO UPDATE SET person = excluded.person",
        )
        .await?;
        for district in &prepared.calendars {
            unmoved(tx, &self.folds, district, prepared).await?;
        }
        Ok(())
    }

    async fn committed(&self, _position: u64, _prepared: Prepared) {}

    async fn taken_back(&self) {
        self.folds.forget();
    }
}
