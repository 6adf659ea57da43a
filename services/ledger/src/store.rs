//! The ledger's tables.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use contracts::ids::District;
use contracts::sealed::KeyId;
use sealing::Kept;
use sql::{Db, Migrations, Rows, Tx, on, on_tx};
use sqlx::QueryBuilder;

use crate::merkle::{Complete, Edge, Hash, Stored, inclusion, join, of_leaf, under_root};

/// The ledger's migrations.
pub(crate) const MIGRATIONS: Migrations = Migrations {
    sqlite: &sqlx::migrate!("migrations/sqlite"),
    postgres: &sqlx::migrate!("migrations/postgres"),
    unlocked: &[],
};

/// The ledger of what belongs to no district: messages whose subject names none.
pub(crate) const NO_DISTRICT: &str = "_";

/// A message on its way into the ledger.
#[derive(Debug)]
pub(crate) struct NewEntry {
    pub(crate) district: String,
    pub(crate) sequence: u64,
    pub(crate) leaf: Vec<u8>,
    /// Keys that it says are to be destroyed.
    pub(crate) erased: Vec<KeyId>,
}

/// The ledgers of this installation, as far as they are open.
#[derive(Debug, Clone, Default)]
pub(crate) struct Edges {
    open: BTreeMap<String, Open>,
}

/// One district's ledger.
#[derive(Debug, Clone)]
pub(crate) struct Open {
    pub(crate) id: i64,
    pub(crate) edge: Edge,
}

impl Edges {
    /// A district's, where it has one and it is open.
    pub(crate) fn get(&self, district: &str) -> Option<&Open> {
        self.open.get(district)
    }

    /// All that are open.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Open)> {
        self.open.iter().map(|(district, open)| (district.as_str(), open))
    }
}

struct EntryRow {
    sequence: i64,
    ledger: i64,
    index: i64,
    leaf: Vec<u8>,
}

struct NodeRow {
    ledger: i64,
    level: i64,
    index: i64,
    hash: Hash,
    sequence: i64,
}

fn hash(bytes: &[u8]) -> Result<Hash, sqlx::Error> {
    bytes
        .try_into()
        .map_err(|_| sqlx::Error::Decode(format!("a hash of {} bytes", bytes.len()).into()))
}

/// How far the ledger has come: the sequence of the last message in it.
pub(crate) async fn position(db: &Db) -> Result<u64, sqlx::Error> {
    let last: Option<i64> =
        on!(db.across().await?, rows => sqlx::query_scalar("SELECT MAX(sequence) FROM entry").fetch_one(rows).await)?;
    Ok(last.unwrap_or(0).unsigned_abs())
}

/// The entry for a message.
pub(crate) async fn entry(db: &Db, sequence: u64) -> Result<Option<Vec<u8>>, sqlx::Error> {
    on!(db.across().await?, rows => sqlx::query_scalar("SELECT leaf FROM entry WHERE sequence = $1")
        .bind(sequence as i64).fetch_optional(rows).await)
}

/// Opens every ledger at the size it has.
pub(crate) async fn edges(db: &Db) -> Result<Edges, sqlx::Error> {
    let rows: Vec<(i64, String, i64)> = on!(db.across().await?, rows => sqlx::query_as(
            "SELECT ledger.id, ledger.district, (SELECT COALESCE(MAX(idx) + 1, 0) FROM node \
             WHERE node.ledger = ledger.id AND node.level = 0) FROM ledger")
        .fetch_all(rows).await)?;
    let mut edges = Edges::default();
    for (id, district, size) in rows {
        let size = size.unsigned_abs();
        let book = Book::known(db, None, id);
        let hashes = book.complete(&under_root(size)).await?;
        let edge = Edge::new(size, &hashes);
        edges.open.insert(district, Open { id, edge });
    }
    Ok(edges)
}

/// One district's ledger, to read in.
#[derive(Debug)]
pub(crate) struct Book {
    db: Db,
    /// Nobody where it is that of what belongs to no district.
    whose: Option<District>,
    id: i64,
}

/// Each district with a ledger, and its origin.
pub(crate) async fn origins(db: &Db) -> Result<Vec<(String, String)>, sqlx::Error> {
    on!(db.across().await?, rows => sqlx::query_as("SELECT district, origin FROM ledger").fetch_all(rows).await)
}

/// A district's ledger, where it has one.
pub(crate) async fn book(db: &Db, district: &str) -> Result<Option<Book>, sqlx::Error> {
    let mut book = Book {
        db: db.clone(),
        whose: district.parse().ok(),
        id: 0,
    };
    let id: Option<i64> = on!(book.rows().await?, rows => sqlx::query_scalar("SELECT id FROM ledger WHERE district = $1")
        .bind(district).fetch_optional(rows).await)?;
    Ok(id.map(|id| {
        book.id = id;
        book
    }))
}

impl Book {
    /// A ledger whose id is known.
    pub(crate) fn known(db: &Db, whose: Option<District>, id: i64) -> Self {
        Self {
            db: db.clone(),
            whose,
            id,
        }
    }

    async fn rows(&self) -> Result<Rows, sqlx::Error> {
        match &self.whose {
            Some(district) => self.db.of(district).await,
            None => self.db.across().await,
        }
    }

    /// The hashes of complete subtrees.
    async fn complete(&self, wanted: &[Complete]) -> Result<Vec<Hash>, sqlx::Error> {
        let mut hashes = Vec::with_capacity(wanted.len());
        for piece in wanted {
            let (level, first, count) = piece.stored();
            let stored = self.nodes(level, first, count).await?;
            if stored.len() as u64 != count {
                return Err(sqlx::Error::Decode("hashes of the tree are missing".into()));
            }
            hashes.push(Complete::hash(&stored));
        }
        Ok(hashes)
    }

    /// Hashes of one level of tiles, so many from one on; fewer where there are no more.
    pub(crate) async fn nodes(&self, level: u32, first: u64, count: u64) -> Result<Vec<Hash>, sqlx::Error> {
        let found: Vec<Vec<u8>> = on!(self.rows().await?, rows => sqlx::query_scalar(
                "SELECT hash FROM node WHERE ledger = $1 AND level = $2 AND idx >= $3 AND idx < $4 ORDER BY idx")
            .bind(self.id).bind(i64::from(level)).bind(first as i64).bind((first + count) as i64)
            .fetch_all(rows).await)?;
        found.iter().map(|row| hash(row)).collect()
    }

    /// What proves that an entry is in the ledger of so many; nothing where it is not.
    pub(crate) async fn proof(&self, index: u64, size: u64) -> Result<Option<Vec<Hash>>, sqlx::Error> {
        let Some(wanted) = inclusion(index, size) else {
            return Ok(None);
        };
        let mut proof = Vec::with_capacity(wanted.len());
        for pieces in wanted {
            proof.push(join(&self.complete(&pieces).await?));
        }
        Ok(Some(proof))
    }

    /// The index of a message that is in it, with its entry.
    pub(crate) async fn place(&self, sequence: u64) -> Result<Option<(u64, Vec<u8>)>, sqlx::Error> {
        let row: Option<(i64, Vec<u8>)> = on!(self.rows().await?, rows => sqlx::query_as(
                "SELECT idx, leaf FROM entry WHERE sequence = $1 AND ledger = $2")
            .bind(sequence as i64).bind(self.id).fetch_optional(rows).await)?;
        Ok(row.map(|(index, leaf)| (index.unsigned_abs(), leaf)))
    }

    /// Entries in their order, so many from an index on.
    pub(crate) async fn entries(&self, first: u64, count: u64) -> Result<Vec<Vec<u8>>, sqlx::Error> {
        on!(self.rows().await?, rows => sqlx::query_scalar(
                "SELECT entry.leaf FROM node JOIN entry ON entry.sequence = node.sequence \
                 WHERE node.ledger = $1 AND node.level = 0 AND node.idx >= $2 AND node.idx < $3 ORDER BY node.idx")
            .bind(self.id).bind(first as i64).bind((first + count) as i64).fetch_all(rows).await)
    }

    /// The latest checkpoint.
    pub(crate) async fn latest(&self) -> Result<Option<Signed>, sqlx::Error> {
        on!(self.rows().await?, rows => sqlx::query_as(
                "SELECT size, at, note FROM signed WHERE ledger = $1 ORDER BY size DESC LIMIT 1")
            .bind(self.id).fetch_optional(rows).await)
    }

    /// The checkpoint at a size.
    pub(crate) async fn signed_at(&self, size: u64) -> Result<Option<Signed>, sqlx::Error> {
        on!(self.rows().await?, rows => sqlx::query_as("SELECT size, at, note FROM signed WHERE ledger = $1 AND size = $2")
            .bind(self.id).bind(size as i64).fetch_optional(rows).await)
    }

    /// Checkpoints, the latest first.
    pub(crate) async fn signed(&self, limit: i64) -> Result<Vec<Signed>, sqlx::Error> {
        on!(self.rows().await?, rows => sqlx::query_as(
                "SELECT size, at, note FROM signed WHERE ledger = $1 ORDER BY size DESC LIMIT $2")
            .bind(self.id).bind(limit).fetch_all(rows).await)
    }

    /// The keys that have signed it, the first first, with the order in which they came.
    pub(crate) async fn signing_keys(&self) -> Result<Vec<(String, i64)>, sqlx::Error> {
        on!(self.rows().await?, rows => sqlx::query_as("SELECT verifier, nth FROM signing_key WHERE ledger = $1 ORDER BY nth")
            .bind(self.id).fetch_all(rows).await)
    }

    /// Another key signs it.
    pub(crate) async fn keep_signing_key(&self, verifier: &str, nth: i64) -> Result<(), sqlx::Error> {
        let mut tx = self.db.begin().await?;
        on_tx!(&mut tx, conn => sqlx::query(
                "INSERT INTO signing_key (ledger, verifier, nth) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
            .bind(self.id).bind(verifier).bind(nth).execute(&mut **conn).await.map(|_| ()))?;
        tx.commit().await
    }
}

/// Messages in the order of the log, so many after a sequence.
pub(crate) async fn after(db: &Db, sequence: u64, limit: i64) -> Result<Vec<(u64, Vec<u8>)>, sqlx::Error> {
    let rows: Vec<(i64, Vec<u8>)> = on!(db.across().await?, rows => sqlx::query_as(
            "SELECT sequence, leaf FROM entry WHERE sequence > $1 ORDER BY sequence LIMIT $2")
        .bind(sequence as i64).bind(limit).fetch_all(rows).await)?;
    Ok(rows
        .into_iter()
        .map(|(sequence, leaf)| (sequence.unsigned_abs(), leaf))
        .collect())
}

/// A batch worked out: rows, and the ledgers it changes as they stand after it.
pub(crate) struct Worked {
    changed: BTreeMap<String, Open>,
    begun: Vec<(i64, String, String)>,
    entries: Vec<EntryRow>,
    nodes: Vec<NodeRow>,
    erased: Vec<KeyId>,
}

/// Works out what a batch of messages adds. `origin` names a ledger that begins with it.
pub(crate) fn work_out(edges: &Edges, batch: Vec<NewEntry>, origin: impl Fn(&str) -> String) -> Worked {
    let mut worked = Worked {
        changed: BTreeMap::new(),
        begun: Vec::new(),
        entries: Vec::with_capacity(batch.len()),
        nodes: Vec::with_capacity(batch.len() + batch.len() / 200),
        erased: Vec::new(),
    };
    let mut next_id = edges.open.values().map(|open| open.id).max().unwrap_or(0) + 1;
    for new in batch {
        let open = worked.changed.entry(new.district).or_insert_with_key(|district| {
            edges.get(district).cloned().unwrap_or_else(|| {
                let id = next_id;
                next_id += 1;
                worked.begun.push((id, district.clone(), origin(district)));
                Open {
                    id,
                    edge: Edge::default(),
                }
            })
        });
        let (ledger, sequence, index) = (open.id, new.sequence as i64, open.edge.size());
        let node = |level: u32, index: u64, hash| NodeRow {
            ledger,
            level: i64::from(level),
            index: index as i64,
            hash,
            sequence,
        };
        let hash = of_leaf(&new.leaf);
        worked.nodes.push(node(0, index, hash));
        open.edge.push(hash, |Stored { level, index, hash }| {
            worked.nodes.push(node(level, index, hash));
        });
        worked.erased.extend(new.erased);
        worked.entries.push(EntryRow {
            sequence,
            ledger,
            index: index as i64,
            leaf: new.leaf,
        });
    }
    worked
}

impl Worked {
    /// Writes it; whoever else wrote the same makes it fail.
    pub(crate) async fn write(&self, tx: &mut Tx) -> Result<(), sqlx::Error> {
        for (id, district, origin) in &self.begun {
            on_tx!(tx, conn => sqlx::query("INSERT INTO ledger (id, district, origin) VALUES ($1, $2, $3)")
                .bind(*id).bind(district).bind(origin).execute(&mut **conn).await.map(|_| ()))?;
        }
        sql::put(
            tx,
            "INSERT INTO entry (sequence, ledger, idx, leaf)",
            &self.entries,
            |row, out| {
                row.put(out.sequence)
                    .put(out.ledger)
                    .put(out.index)
                    .put(out.leaf.as_slice());
            },
            "",
        )
        .await?;
        sql::put(
            tx,
            "INSERT INTO node (ledger, level, idx, hash, sequence)",
            &self.nodes,
            |row, out| {
                row.put(out.ledger)
                    .put(out.level)
                    .put(out.index)
                    .put(out.hash.as_slice())
                    .put(out.sequence);
            },
            "",
        )
        .await?;
        for key in &self.erased {
            on_tx!(tx, conn => sqlx::query("INSERT INTO erased (key) VALUES ($1) ON CONFLICT DO NOTHING")
                .bind(key.to_string()).execute(&mut **conn).await.map(|_| ()))?;
        }
        Ok(())
    }

    /// It is committed: the ledgers stand as it left them.
    pub(crate) fn committed(self, edges: &mut Edges) {
        edges.open.extend(self.changed);
    }
}

/// A signed checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Signed {
    pub(crate) size: i64,
    pub(crate) at: DateTime<Utc>,
    pub(crate) note: String,
}

/// How large each ledger was when it was last signed.
pub(crate) async fn signed_sizes(db: &Db) -> Result<BTreeMap<i64, u64>, sqlx::Error> {
    let rows: Vec<(i64, i64)> = on!(db.across().await?, rows => sqlx::query_as(
            "SELECT id, (SELECT COALESCE(MAX(size), 0) FROM signed WHERE signed.ledger = ledger.id) FROM ledger")
        .fetch_all(rows).await)?;
    Ok(rows
        .into_iter()
        .map(|(ledger, size)| (ledger, size.unsigned_abs()))
        .collect())
}

/// Keeps a checkpoint. Nothing published it before it is committed. Of two that sign the same, each makes the same.
pub(crate) async fn sign(
    tx: &mut Tx,
    ledger: i64,
    size: u64,
    at: DateTime<Utc>,
    note: &str,
) -> Result<(), sqlx::Error> {
    on_tx!(tx, conn => sqlx::query("INSERT INTO signed (ledger, size, at, note) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING")
        .bind(ledger).bind(size as i64).bind(at).bind(note).execute(&mut **conn).await.map(|_| ()))
}

/// The revision up to which sealing keys are mirrored.
pub(crate) async fn mirrored(db: &Db) -> Result<u64, sqlx::Error> {
    let last: Option<i64> = on!(db.across().await?, rows => sqlx::query_scalar("SELECT MAX(revision) FROM key_pool").fetch_one(rows).await)?;
    Ok(last.unwrap_or(0).unsigned_abs())
}

/// Mirrors pools of wrapped keys, each over what stood there.
pub(crate) async fn mirror(tx: &mut Tx, kept: &[Kept]) -> Result<(), sqlx::Error> {
    // A pool that changed twice is there twice, and PostgreSQL does not write one row twice at once.
    let last: BTreeMap<&str, &Kept> = kept.iter().map(|kept| (kept.name.as_str(), kept)).collect();
    let last: Vec<&Kept> = last.into_values().collect();
    sql::put(
        tx,
        "INSERT INTO key_pool (name, revision, value)",
        &last,
        |row, kept| {
            row.put(kept.name.as_str())
                .put(kept.revision as i64)
                .put(kept.value.as_slice());
        },
        " ON CONFLICT (name) DO UPDATE SET revision = excluded.revision, value = excluded.value",
    )
    .await
}

/// Forgets from which revision the mirror goes on: a new bucket counts anew.
pub(crate) async fn mirror_anew(tx: &mut Tx) -> Result<(), sqlx::Error> {
    on_tx!(tx, conn => sqlx::query("UPDATE key_pool SET revision = 0").execute(&mut **conn).await.map(|_| ()))
}

/// Keys of erased words, so many after a place in their list.
pub(crate) async fn erased_after(db: &Db, after: i64, limit: i64) -> Result<Vec<(i64, String)>, sqlx::Error> {
    on!(db.across().await?, rows => sqlx::query_as("SELECT id, key FROM erased WHERE id > $1 ORDER BY id LIMIT $2")
        .bind(after).bind(limit).fetch_all(rows).await)
}

/// Of some keys, those on the list of what was erased, through whatever loop.
pub(crate) async fn erased_among(db: &Db, keys: &BTreeSet<KeyId>) -> Result<BTreeSet<KeyId>, sqlx::Error> {
    let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
    let mut erased = BTreeSet::new();
    for chunk in sql::chunks(&keys) {
        let found: Vec<String> = on!(db.across().await?, rows => {
            let mut query = QueryBuilder::new("SELECT key FROM erased WHERE key IN (");
            let mut separated = query.separated(", ");
            for key in chunk {
                separated.push_bind(key.as_str());
            }
            query.push(")");
            query.build_query_scalar().fetch_all(rows).await
        })?;
        erased.extend(found.iter().filter_map(|key| key.parse::<KeyId>().ok()));
    }
    Ok(erased)
}

/// Every entry and node as text.
pub(crate) async fn rows(db: &Db) -> Result<Vec<String>, sqlx::Error> {
    let entries: Vec<(i64, i64, i64, Vec<u8>)> = on!(db.across().await?, rows => sqlx::query_as("SELECT sequence, ledger, idx, leaf FROM entry").fetch_all(rows).await)?;
    let nodes: Vec<(i64, i64, i64, Vec<u8>)> = on!(db.across().await?, rows => sqlx::query_as("SELECT ledger, level, idx, hash FROM node").fetch_all(rows).await)?;
    let entries = entries
        .into_iter()
        .map(|(sequence, ledger, index, leaf)| format!("entry {sequence} {ledger} {index} {:?}", of_leaf(&leaf)));
    let nodes = nodes
        .into_iter()
        .map(|(ledger, level, index, hash)| format!("node {ledger} {level} {index} {hash:?}"));
    Ok(entries.chain(nodes).collect())
}

/// How many pools are mirrored.
pub(crate) async fn pool_count(db: &Db) -> Result<u64, sqlx::Error> {
    let count: i64 =
        on!(db.across().await?, rows => sqlx::query_scalar("SELECT COUNT(*) FROM key_pool").fetch_one(rows).await)?;
    Ok(count.unsigned_abs())
}

/// Mirrored pools in the order of their names, so many after one.
pub(crate) async fn pools(db: &Db, after: &str, limit: i64) -> Result<Vec<(String, Vec<u8>)>, sqlx::Error> {
    on!(db.across().await?, rows => sqlx::query_as("SELECT name, value FROM key_pool WHERE name > $1 ORDER BY name LIMIT $2")
        .bind(after).bind(limit).fetch_all(rows).await)
}

/// Something that was wrong with the log.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Alarm {
    pub(crate) id: i64,
    pub(crate) kind: String,
    pub(crate) from_seq: i64,
    pub(crate) to_seq: i64,
    pub(crate) at: DateTime<Utc>,
}

/// Keeps an alarm, once.
pub(crate) async fn raise(tx: &mut Tx, kind: &str, from: u64, to: u64, at: DateTime<Utc>) -> Result<(), sqlx::Error> {
    on_tx!(tx, conn => sqlx::query(
            "INSERT INTO alarm (kind, from_seq, to_seq, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING")
        .bind(kind).bind(from as i64).bind(to as i64).bind(at).execute(&mut **conn).await.map(|_| ()))
}

/// Alarms that the districts' records do not speak of yet, in order.
pub(crate) async fn untold(db: &Db) -> Result<Vec<Alarm>, sqlx::Error> {
    on!(db.across().await?, rows => sqlx::query_as(
            "SELECT id, kind, from_seq, to_seq, at FROM alarm WHERE id NOT IN (SELECT alarm FROM alarm_told) \
             ORDER BY id LIMIT 100")
        .fetch_all(rows).await)
}

/// The districts' records speak of an alarm now.
pub(crate) async fn told(db: &Db, alarm: i64) -> Result<(), sqlx::Error> {
    let mut tx = db.begin().await?;
    on_tx!(&mut tx, conn => sqlx::query("INSERT INTO alarm_told (alarm) VALUES ($1) ON CONFLICT DO NOTHING")
        .bind(alarm).execute(&mut **conn).await.map(|_| ()))?;
    tx.commit().await
}

/// All alarms, the latest first.
pub(crate) async fn alarms(db: &Db, limit: i64) -> Result<Vec<Alarm>, sqlx::Error> {
    on!(db.across().await?, rows => sqlx::query_as("SELECT id, kind, from_seq, to_seq, at FROM alarm ORDER BY id DESC LIMIT $1")
        .bind(limit).fetch_all(rows).await)
}
