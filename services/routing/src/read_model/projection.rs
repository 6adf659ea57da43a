//! Events to rows: each loop's next moment, by the calendar its days are counted by.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use contracts::envelope::Recorded;
use contracts::ids::LoopId;
use projection::{ApplyError, Folds, ReadModel};
use sql::{Tx, on_tx};
use sqlx::QueryBuilder;
use std::collections::HashMap;
use uuid::Uuid;

/// The read model.
#[derive(Debug, Default)]
pub struct Watch {
    folds: Folds,
}

struct Row {
    id: Uuid,
    district: String,
    next_at: Option<DateTime<Utc>>,
    calendar_version: i32,
    running: i32,
}

#[async_trait]
impl ReadModel for Watch {
    fn name(&self) -> &'static str {
        "routing"
    }

    async fn apply(&self, tx: &mut Tx, recorded: &[Recorded]) -> Result<(), ApplyError> {
        let mut batch = self.folds.begin(tx, recorded).await?;
        let mut districts: HashMap<LoopId, contracts::District> = HashMap::new();
        for event in recorded {
            if let projection::Step::Loop(id, _) = batch.step(tx, event).await? {
                districts.insert(id, event.subject.district.clone());
            }
        }
        let mut rows = Vec::new();
        for id in batch.touched() {
            let (Some(record), Some(district)) = (batch.state(id).and_then(domain::Loop::record), districts.get(&id))
            else {
                continue;
            };
            let calendar = batch
                .districts
                .get(district)
                .map(|known| known.calendar_at(record.time.calendar_version))
                .unwrap_or_default();
            rows.push(Row {
                id: id.0,
                district: district.to_string(),
                next_at: record.next_moment(&calendar).map(|(at, _)| at),
                calendar_version: record.time.calendar_version as i32,
                running: i32::from(!record.is_ended() && record.with().is_some()),
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
                        .push_bind(row.next_at)
                        .push_bind(row.calendar_version)
                        .push_bind(row.running);
                });
                query.push(
                    " ON CONFLICT (id) DO UPDATE SET next_at = excluded.next_at, \
                     calendar_version = excluded.calendar_version, running = excluded.running",
                );
                query.build().execute(&mut **conn).await.map(|_| ())
            })?;
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
