//! Events to rows: each loop's next moment, by the calendar its days are counted by.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use contracts::envelope::Recorded;
use contracts::events::DirectoryEvent;
use contracts::ids::{District, LoopId};
use domain::directory::DistrictRecord;
use domain::{Calendar, Loop, LoopRecord};
use projection::{ApplyError, Folds, ReadModel, Step};
use sql::{Tx, on_tx};
use sqlx::QueryBuilder;
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// The read model.
#[derive(Debug, Default)]
pub struct Watch {
    folds: Folds,
}

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
async fn unmoved(
    tx: &mut Tx,
    district: &District,
    current: &Calendar,
    judged: &BTreeSet<Uuid>,
    calendar_at: impl Fn(u32) -> Calendar,
) -> Result<(), ApplyError> {
    let running: Vec<(Uuid,)> = on_tx!(tx, conn => sqlx::query_as(
            "SELECT id FROM watch WHERE running = 1 AND district = $1 AND calendar_version < $2")
        .bind(district.as_str()).bind(current.version as i32).fetch_all(&mut **conn).await)?;
    for chunk in running.chunks(400) {
        let states: Vec<(Uuid, String)> = on_tx!(tx, conn => {
            let mut query = QueryBuilder::new("SELECT id, state FROM folded WHERE id IN (");
            let mut ids = query.separated(", ");
            for (id,) in chunk {
                ids.push_bind(*id);
            }
            query.push(")");
            query.build_query_as().fetch_all(&mut **conn).await
        })?;
        for (id, state) in states.into_iter().filter(|(id, _)| !judged.contains(id)) {
            let Ok(Loop::Filed(record)) = serde_json::from_str(&state) else {
                continue;
            };
            let version = counted_by(&record, &calendar_at(record.time.calendar_version), current);
            if version == current.version as i32 {
                on_tx!(tx, conn => sqlx::query("UPDATE watch SET calendar_version = $1 WHERE id = $2")
                    .bind(version).bind(id).execute(&mut **conn).await.map(|_| ()))?;
            }
        }
    }
    Ok(())
}

#[async_trait]
impl ReadModel for Watch {
    fn name(&self) -> &'static str {
        "routing"
    }

    async fn apply(&self, tx: &mut Tx, recorded: &[Recorded]) -> Result<(), ApplyError> {
        let mut batch = self.folds.begin(tx, recorded).await?;
        let mut districts: HashMap<LoopId, District> = HashMap::new();
        let mut calendars: BTreeSet<District> = BTreeSet::new();
        for event in recorded {
            match batch.step(tx, event).await? {
                Step::Loop(id, _) => {
                    districts.insert(id, event.subject.district.clone());
                }
                Step::Directory(DirectoryEvent::CalendarSet(_)) => {
                    calendars.insert(event.subject.district.clone());
                }
                Step::Directory(_) => {}
            }
        }
        let mut rows = Vec::new();
        for id in batch.touched() {
            let (Some(record), Some(district)) = (batch.state(id).and_then(domain::Loop::record), districts.get(&id))
            else {
                continue;
            };
            rows.push(Row {
                id: id.0,
                district: district.to_string(),
                watched: Watched::of(record, batch.districts.get(district)),
            });
        }
        for chunk in rows.chunks(400) {
            on_tx!(tx, conn => {
                let mut query =
                    QueryBuilder::new("INSERT INTO watch (id, district, next_at, calendar_version, running) ");
                query.push_values(chunk, |mut values, row| {
                    values
                        .push_bind(row.id)
                        .push_bind(row.district.as_str())
                        .push_bind(row.watched.next_at)
                        .push_bind(row.watched.calendar_version)
                        .push_bind(i32::from(row.watched.running));
                });
                query.push(
                    " ON CONFLICT (id) DO UPDATE SET next_at = excluded.next_at, \
                     calendar_version = excluded.calendar_version, running = excluded.running",
                );
                query.build().execute(&mut **conn).await.map(|_| ())
            })?;
        }
        // Those that changed in this batch were judged above, by what they are now.
        let judged: BTreeSet<Uuid> = batch.touched().map(|id| id.0).collect();
        for district in calendars {
            let Some(current) = batch.districts.get(&district).map(DistrictRecord::calendar) else {
                continue;
            };
            let of_district = batch.districts.clone();
            let at = |version| {
                of_district
                    .get(&district)
                    .map(|known| known.calendar_at(version))
                    .unwrap_or_default()
            };
            unmoved(tx, &district, &current, &judged, at).await?;
        }
        self.folds.end(tx, batch).await
    }

    async fn committed(&self, _position: u64) {
        self.folds.committed();
    }

    async fn rolled_back(&self) {
        self.folds.rolled_back();
    }
}
