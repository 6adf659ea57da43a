//! Looking at the product from beside: its log with the words opened, its tables, and whether it is at rest.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use eventlog::Log;
use eventlog::jetstream::JetStreamLog;
use ledger::{Ledger, Signer};
use messaging::{Bus, BusOptions};
use runtime::{Clock, Lifecycle};
use sealing::{JetStreamKeys, Keyring, MasterKey};
use sql::{Db, Location, Rows};
use sqlx::AssertSqlSafe;

use crate::checker::{Compared, Logged};

/// Policies with a durable consumer, by the consumer's name.
pub const CONSUMERS: [&str; 3] = ["routing-policies", "resolution-policies", "flexibility-policies"];

/// The operator's view, straight at the broker.
#[derive(Debug, Clone)]
pub struct Observer {
    /// The connection.
    pub bus: Bus,
    /// The log.
    pub log: Log,
    /// Sealing keys.
    pub keyring: Keyring,
    /// What signs the ledger.
    pub signer: Signer,
}

impl Observer {
    /// Connects under an identity of the data folder.
    pub async fn connect(data: &Path, broker: u16, identity: &str) -> anyhow::Result<Self> {
        let options = BusOptions {
            url: format!("nats://127.0.0.1:{broker}"),
            nkey_seed: Some(data.join(format!("nats/nkeys/{identity}.nk"))),
            name: identity.to_owned(),
        };
        let bus = Bus::connect(&options)
            .await
            .map_err(|error| anyhow::anyhow!("failed to connect {identity}: {error}"))?;
        let master = std::fs::read_to_string(data.join("keys/master.key")).context("failed to read the master key")?;
        let master = MasterKey::from_base64(&master).map_err(|error| anyhow::anyhow!("the master key: {error}"))?;
        let secret =
            std::fs::read_to_string(data.join("keys/ledger.key")).context("failed to read the ledger's key")?;
        Ok(Self {
            signer: Signer::from_text(&secret)?,
            log: Arc::new(JetStreamLog::new(bus.client())),
            keyring: Keyring::new(Arc::new(JetStreamKeys::new(bus.client())), master),
            bus,
        })
    }

    /// The last sequence, asked for until there is an answer.
    pub async fn head(&self) -> anyhow::Result<u64> {
        let mut tries = 0;
        loop {
            match self.log.head().await {
                Ok(head) => return Ok(head),
                Err(error) if tries > 100 => return Err(error.into()),
                Err(_) => tries += 1,
            }
            runtime::clock::pause(std::time::Duration::from_millis(100)).await;
        }
    }

    /// The whole log, with its words opened.
    pub async fn whole_log(&self) -> anyhow::Result<Vec<Logged>> {
        let head = self.head().await?;
        let mut tail = self.log.read(vec!["loop.>".to_owned()], 0).await?;
        let mut raws = Vec::new();
        while raws.last().is_none_or(|raw: &eventlog::Raw| raw.sequence < head) {
            anyhow::ensure!(tail.next(&mut raws, 4096).await > 0, "the log ended");
        }
        let mut log = Vec::with_capacity(raws.len());
        for raw in raws {
            let event = raw.parse().ok();
            let words = match &event {
                Some(event) => words(&self.keyring, event.envelope.data.get()).await?,
                None => BTreeMap::new(),
            };
            log.push(Logged {
                sequence: raw.sequence,
                subject: raw.subject,
                event,
                words,
            });
        }
        Ok(log)
    }

    /// What still waits for a policy.
    pub async fn outstanding(&self) -> u64 {
        let mut sum = 0;
        for consumer in CONSUMERS {
            sum += self.log.outstanding(consumer).await.unwrap_or(1);
        }
        sum
    }

    /// Every read model: the tables in use, and the same made again elsewhere from the log.
    pub async fn compare(&self, live: &Location, fresh: &Location) -> anyhow::Result<Vec<Compared>> {
        let head = self.head().await?;
        let lifecycle = Lifecycle::default();
        let mut all = Vec::new();
        let keys = || self.keyring.clone();
        let again = timeline::rebuild::build(fresh, "timeline", &self.log, keys(), &lifecycle, |_, _| {}).await?;
        let used = timeline::open(live, "timeline", self.log.clone(), keys()).await?;
        all.push(compared("timeline", &used.db, &again.db).await?);
        let again = routing::open(fresh, self.log.clone()).await?;
        projection::run_to(&*self.log, &again, &lifecycle, head, |_| {}).await?;
        let used = routing::open(live, self.log.clone()).await?;
        all.push(compared("routing", &used.db, &again.db).await?);
        let again = directory::open(fresh, keys()).await?;
        projection::run_to(&*self.log, &again, &lifecycle, head, |_| {}).await?;
        let used = directory::open(live, keys()).await?;
        all.push(compared("directory", &used.db, &again.db).await?);
        let again = flexibility::open(fresh, self.log.clone(), keys()).await?;
        projection::run_to(&*self.log, &again, &lifecycle, head, |_| {}).await?;
        let used = flexibility::open(live, self.log.clone(), keys()).await?;
        all.push(compared("flexibility", &used.db, &again.db).await?);
        all.push(self.record(live, fresh).await?);
        Ok(all)
    }

    /// The ledger: what it holds against one made now from the log, and the record of each district as somebody else
    /// would check it, with every checkpoint that was ever signed (I6).
    async fn record(&self, live: &Location, fresh: &Location) -> anyhow::Result<Compared> {
        let ledger = async |place: &Location| {
            Ledger::connect(place, self.log.clone(), self.signer.clone(), Clock::system()).await
        };
        let again = ledger(fresh).await?;
        again.catch_up().await?;
        let used = ledger(live).await?;
        let mut record = Compared {
            name: "ledger".to_owned(),
            live: used.rows().await?,
            again: again.rows().await?,
        };
        for district in again.districts().await? {
            let folder = tempfile::tempdir()?;
            let out = folder.path().join("record");
            let Ok(named) = district.parse() else { continue };
            used.export(&named, &out, |_, _| {}).await?;
            let verdict = verify::verify(&out, &verify::Against::default(), |_, _| {});
            record.again.push(format!("verified {district}: it holds"));
            record.live.push(match verdict {
                Ok(_) => format!("verified {district}: it holds"),
                Err(fault) => format!("verified {district}: {fault}"),
            });
        }
        Ok(record)
    }

    /// Read models whose tables do not reflect the log's end.
    pub async fn behind(&self, live: &Location) -> anyhow::Result<Vec<String>> {
        let head = self.head().await?;
        let mut behind = Vec::new();
        let dbs = [
            (
                "timeline",
                timeline::open(live, "timeline", self.log.clone(), self.keyring.clone())
                    .await?
                    .db,
            ),
            ("routing", routing::open(live, self.log.clone()).await?.db),
            ("directory", directory::open(live, self.keyring.clone()).await?.db),
            (
                "flexibility",
                flexibility::open(live, self.log.clone(), self.keyring.clone())
                    .await?
                    .db,
            ),
        ];
        for (name, db) in dbs {
            let position = projection::checkpoint(&db).await?;
            if position != head {
                behind.push(format!("{name} is at {position} of {head}"));
            }
            db.close().await;
        }
        let ledger = Ledger::connect(live, self.log.clone(), self.signer.clone(), Clock::system()).await?;
        let position = ledger.reached().await?;
        if position != head {
            behind.push(format!("ledger is at {position} of {head}"));
        }
        Ok(behind)
    }
}

/// The sealed words of an event's data, opened, by field.
pub async fn words(keyring: &Keyring, data: &str) -> anyhow::Result<BTreeMap<String, String>> {
    let Ok(mut value) = serde_json::from_str(data) else {
        return Ok(BTreeMap::new());
    };
    let opened = sealing::open_json(keyring, &mut value, |_| None).await?;
    let fields = opened.into_iter().filter(|text| !text.field.contains('/'));
    Ok(fields.map(|text| (text.field, text.words)).collect())
}

async fn compared(name: &str, live: &Db, again: &Db) -> anyhow::Result<Compared> {
    let compared = Compared {
        name: name.to_owned(),
        live: rows(live).await?,
        again: rows(again).await?,
    };
    live.close().await;
    again.close().await;
    Ok(compared)
}

/// Every row of every table, as text that names the table.
async fn rows(db: &Db) -> anyhow::Result<Vec<String>> {
    let mut all = Vec::new();
    match db.across().await? {
        Rows::Sqlite(mut connection) => {
            let tables: Vec<String> = sqlx::query_scalar(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' \
                 AND name NOT LIKE '_sqlx%' AND name NOT LIKE 'loop_search_%' AND name NOT LIKE 'doc_words_%'",
            )
            .fetch_all(&mut *connection)
            .await?;
            for table in tables {
                if ["loop_search", "doc_words"].contains(&table.as_str()) {
                    // Their columns are kept nowhere; what words stand where is.
                    let terms =
                        format!("CREATE VIRTUAL TABLE temp.terms USING fts5vocab('main', '{table}', 'instance')");
                    sqlx::query(AssertSqlSafe(terms)).execute(&mut *connection).await?;
                    let found: Vec<String> = sqlx::query_scalar(
                        "SELECT doc || '|' || col || '|' || \"offset\" || '|' || term FROM temp.terms",
                    )
                    .fetch_all(&mut *connection)
                    .await?;
                    sqlx::query("DROP TABLE temp.terms").execute(&mut *connection).await?;
                    all.extend(found.into_iter().map(|term| format!("{table}: {term}")));
                    continue;
                }
                let columns: Vec<String> = sqlx::query_scalar("SELECT name FROM pragma_table_info($1)")
                    .bind(&table)
                    .fetch_all(&mut *connection)
                    .await?;
                let parts: Vec<String> = columns.iter().map(|column| format!("quote(\"{column}\")")).collect();
                let sql = format!("SELECT {} FROM \"{table}\"", parts.join(" || '|' || "));
                let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql))
                    .fetch_all(&mut *connection)
                    .await?;
                all.extend(rows.into_iter().map(|row| format!("{table}: {row}")));
            }
        }
        Rows::Postgres(mut connection) => {
            let tables: Vec<String> = sqlx::query_scalar(
                "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema() AND tablename NOT LIKE '\\_sqlx%'",
            )
            .fetch_all(&mut *connection)
            .await?;
            for table in tables {
                let sql = format!("SELECT t::text FROM \"{table}\" AS t");
                let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql))
                    .fetch_all(&mut *connection)
                    .await?;
                all.extend(rows.into_iter().map(|row| format!("{table}: {row}")));
            }
        }
    }
    Ok(all)
}
