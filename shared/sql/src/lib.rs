//! SQLite and PostgreSQL behind one small type: one SQL text for both, two statements only where the dialects differ.
//!
//! [`on!`] runs one body over the rows of a district, or over all rows; [`on_tx!`] over a transaction that writes, and
//! [`put`] writes many rows in one.
//!
//! Whose rows a question may read is said when its connection is taken: [`Db::of`] those of one district, [`Db::across`]
//! those of all. On PostgreSQL the database itself holds to it, by row-level security that [`Db::open`] puts on every
//! table with a `district`: a question that forgets to ask for its district's rows only still gets no others.

mod lock;
mod postgres;
mod put;

use std::path::{Path, PathBuf};
use std::time::Duration;

use contracts::ids::District;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use sqlx::migrate::Migrator;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Postgres, Sqlite, Transaction};

pub use postgres::Schema;
pub use put::{Cell, Values, put};

/// One service's database.
#[derive(Debug, Clone)]
pub enum Db {
    /// A file of its own.
    Sqlite(File),
    /// A schema of its own.
    Postgres(Schema),
}

/// An SQLite file. One connection writes batches, so that its pages and statements stay at hand; the others read.
#[derive(Debug, Clone)]
pub struct File {
    /// For everything but batches.
    readers: SqlitePool,
    /// For [`Db::begin`].
    writer: SqlitePool,
    path: PathBuf,
}

/// A connection that reads some rows: those of one district, or all.
#[derive(Debug)]
pub enum Rows {
    /// On SQLite, where only the question itself says which.
    Sqlite(PoolConnection<Sqlite>),
    /// On PostgreSQL, which gives no others.
    Postgres(PoolConnection<Postgres>),
}

/// A transaction on either.
#[derive(Debug)]
pub enum Tx {
    /// On SQLite.
    Sqlite(Transaction<'static, Sqlite>),
    /// On PostgreSQL.
    Postgres(Transaction<'static, Postgres>),
}

/// Runs one body over some rows of either: `on!(db.of(&district).await?, rows => sqlx::query("…").execute(rows).await)`.
///
/// The connection is given back at the end of it. Take none within the body: of few, all may be waiting for another.
#[macro_export]
macro_rules! on {
    ($of:expr, $rows:ident => $body:expr) => {
        match &mut $of {
            $crate::Rows::Sqlite(connection) => {
                let $rows = &mut **connection;
                $body
            }
            $crate::Rows::Postgres(connection) => {
                let $rows = &mut **connection;
                $body
            }
        }
    };
}

/// Runs one body over either transaction: `on_tx!(tx, conn => sqlx::query("…").execute(&mut **conn).await)`.
#[macro_export]
macro_rules! on_tx {
    ($tx:expr, $conn:ident => $body:expr) => {
        match $tx {
            $crate::Tx::Sqlite($conn) => $body,
            $crate::Tx::Postgres($conn) => $body,
        }
    };
}

/// Where databases are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A folder of SQLite files.
    Folder(PathBuf),
    /// A PostgreSQL database.
    Url(String),
}

/// A service's migrations for both.
#[derive(Debug, Clone, Copy)]
pub struct Migrations {
    /// For SQLite.
    pub sqlite: &'static Migrator,
    /// For PostgreSQL.
    pub postgres: &'static Migrator,
    /// Tables with a `district` that PostgreSQL does not keep apart by it, each for a reason.
    pub unlocked: &'static [&'static str],
}

/// What a store is for, which says how it is synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Can be made again from the log.
    Rebuildable,
    /// Is being made from zero and only read from then on: whatever ends early is to be thrown away, for nothing of it can be
    /// taken back. Where it is to last it is synced once: on SQLite [`Db::finish`] does that; on PostgreSQL the next synced transaction of any
    /// connection, which puts it in its place.
    Building,
    /// Is kept nowhere else.
    Sole,
}

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The driver said no.
    #[error("the database of {name} cannot be opened")]
    Open {
        /// Whose.
        name: String,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// The tables could not be brought up to date.
    #[error("the tables of {name} cannot be brought up to date{help}")]
    Migrate {
        /// Whose.
        name: String,
        /// What helps, where something does.
        help: String,
        /// Why.
        #[source]
        source: sqlx::migrate::MigrateError,
    },
    /// Whoever connects may read everything whatever is locked.
    #[error(
        "row-level security does not hold for the PostgreSQL role {role}, so nothing would keep districts apart but \
         Loopline's own questions; connect as a role of its own that owns the database: CREATE ROLE loopline LOGIN PASSWORD \
         '...'; ALTER DATABASE {database} OWNER TO loopline (where Loopline has tables there already, the README says how to hand those over)"
    )]
    NotHeld {
        /// The role.
        role: String,
        /// The database.
        database: String,
    },
}

/// How many rows one statement may hold: few sizes, so that few statements are ever prepared.
const CHUNKS: [usize; 5] = [256, 64, 16, 4, 1];

/// Cuts rows into pieces, one a statement of many rows.
pub fn chunks<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let size = CHUNKS.into_iter().find(|size| *size <= rows.len())?;
        let (chunk, rest) = rows.split_at(size);
        rows = rest;
        Some(chunk)
    })
}

/// Connections to one SQLite file that read.
const SQLITE_READERS: u32 = 3;

impl Db {
    /// Opens a service's database and brings its tables up to date.
    pub async fn open(
        location: &Location,
        name: &str,
        migrations: Migrations,
        durability: Durability,
    ) -> Result<Self, OpenError> {
        let open = |source| OpenError::Open {
            name: name.to_owned(),
            source,
        };
        let migrate = |source| OpenError::Migrate {
            name: name.to_owned(),
            help: match (durability, location) {
                (Durability::Sole, _) => String::new(),
                (Durability::Rebuildable | Durability::Building, Location::Folder(folder)) => format!(
                    "; they follow from the log: move {} aside and start again, and they are made anew",
                    folder.join(format!("{name}.sqlite")).display()
                ),
                (Durability::Rebuildable | Durability::Building, Location::Url(_)) => format!(
                    "; they follow from the log: drop the schema {name} and start again, and they are made anew"
                ),
            },
            source,
        };
        match location {
            Location::Folder(folder) => {
                let file = folder.join(format!("{name}.sqlite"));
                let writer = open_sqlite(&file, durability, 1).await.map_err(open)?;
                migrations.sqlite.run(&writer).await.map_err(migrate)?;
                let readers = open_sqlite(&file, durability, SQLITE_READERS).await.map_err(open)?;
                Ok(Self::Sqlite(File {
                    readers,
                    writer,
                    path: file,
                }))
            }
            Location::Url(url) => {
                let schema = Schema::open(url, name, migrations, durability, open, migrate).await?;
                Ok(Self::Postgres(schema))
            }
        }
    }

    /// Reads and changes the rows of one district.
    pub async fn of(&self, district: &District) -> Result<Rows, sqlx::Error> {
        match self {
            Self::Sqlite(file) => file.readers.acquire().await.map(Rows::Sqlite),
            Self::Postgres(schema) => schema.acquire(district.as_str()).await.map(Rows::Postgres),
        }
    }

    /// Reads and changes the rows of all districts: for what concerns all of them, such as time, and for finding out
    /// whose something is.
    pub async fn across(&self) -> Result<Rows, sqlx::Error> {
        match self {
            Self::Sqlite(file) => file.readers.acquire().await.map(Rows::Sqlite),
            Self::Postgres(schema) => schema.acquire(lock::ALL).await.map(Rows::Postgres),
        }
    }

    /// Begins a transaction that writes, across districts: what is written follows from the log, which is one for all.
    pub async fn begin(&self) -> Result<Tx, sqlx::Error> {
        match self {
            Self::Sqlite(file) => file.writer.begin_with("BEGIN IMMEDIATE").await.map(Tx::Sqlite),
            Self::Postgres(schema) => schema.begin().await.map(Tx::Postgres),
        }
    }

    /// Takes the indexes away that only reading needs; what makes them again. For a read model that is made from zero:
    /// keeping them in order row by row is most of what writing costs.
    pub async fn without_indexes(&self) -> Result<Vec<String>, sqlx::Error> {
        let found: Vec<(String, String)> = match self {
            Self::Sqlite(file) => {
                sqlx::query_as("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
                    .fetch_all(&file.writer)
                    .await?
            }
            Self::Postgres(schema) => {
                sqlx::query_as(
                    "SELECT indexname::text, indexdef FROM pg_indexes WHERE schemaname = current_schema() \
                     AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = indexname \
                     AND connamespace = current_schema()::regnamespace) \
                     ORDER BY indexdef LIKE '%USING gin%' DESC, indexname",
                )
                .fetch_all(&schema.pool)
                .await?
            }
        };
        for (name, _) in &found {
            // The names are those of our own migrations.
            let drop = format!("DROP INDEX \"{name}\"");
            match self {
                Self::Sqlite(file) => sqlx::query(AssertSqlSafe(drop))
                    .execute(&file.writer)
                    .await
                    .map(|_| ())?,
                Self::Postgres(schema) => sqlx::query(AssertSqlSafe(drop))
                    .execute(&schema.pool)
                    .await
                    .map(|_| ())?,
            }
        }
        Ok(found.into_iter().map(|(_, sql)| sql).collect())
    }

    /// Makes indexes again: on PostgreSQL two at a time, from the words', which takes longest.
    pub async fn with_indexes(&self, indexes: &[String]) -> Result<(), sqlx::Error> {
        let make = async |index: &String| {
            let index = AssertSqlSafe(index.clone());
            match self {
                Self::Sqlite(file) => sqlx::query(index).execute(&file.writer).await.map(|_| ()),
                Self::Postgres(schema) => sqlx::query(index).execute(&schema.pool).await.map(|_| ()),
            }
        };
        let side_by_side = match self {
            Self::Sqlite(_) => 1,
            Self::Postgres(_) => 2,
        };
        stream::iter(indexes)
            .map(make)
            .buffer_unordered(side_by_side)
            .try_collect()
            .await
    }

    /// Writes what was changed of late into the file itself, so that nothing of what stood there before is left in it or
    /// beside it. Readers may keep some of it until they are done: then the next call does it.
    pub async fn overwrite(&self) -> Result<(), sqlx::Error> {
        if let Self::Sqlite(file) = self {
            sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
                .execute(&file.writer)
                .await?;
        }
        Ok(())
    }

    /// Tells PostgreSQL how much there is, by which it plans. It finds that out by itself within a minute or two,
    /// but a read model that is made from zero has grown by hundreds of thousands of rows by then: the rows of a batch were
    /// found by reading whole tables, and a rebuild took the square of its length.
    pub async fn learn(&self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(schema) => schema.learn().await,
        }
    }

    /// Makes sure that what was [`Durability::Building`] is on the disk (SQLite) or that the database knows how much there is
    /// (PostgreSQL), and closes all connections.
    pub async fn finish(&self) -> Result<(), sqlx::Error> {
        if let Self::Postgres(schema) = self {
            schema.analyze().await?;
        }
        self.close().await;
        if let Self::Sqlite(file) = self {
            tokio::fs::File::open(&file.path).await?.sync_all().await?;
        }
        Ok(())
    }

    /// Closes all connections.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(file) => {
                file.readers.close().await;
                file.writer.close().await;
            }
            Self::Postgres(schema) => schema.pool.close().await,
        }
    }
}

impl Tx {
    /// Commits.
    pub async fn commit(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(tx) => tx.commit().await,
            Self::Postgres(tx) => tx.commit().await,
        }
    }

    /// Takes everything back.
    pub async fn rollback(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(tx) => tx.rollback().await,
            Self::Postgres(tx) => tx.rollback().await,
        }
    }
}

async fn open_sqlite(file: &Path, durability: Durability, connections: u32) -> Result<SqlitePool, sqlx::Error> {
    let synchronous = match durability {
        Durability::Building => SqliteSynchronous::Off,
        Durability::Rebuildable => SqliteSynchronous::Normal,
        Durability::Sole => SqliteSynchronous::Full,
    };
    // What is made from zero is thrown away if it ends early: nothing is ever taken back, and each page is written once.
    let journal = match durability {
        Durability::Building => SqliteJournalMode::Off,
        Durability::Rebuildable | Durability::Sole => SqliteJournalMode::Wal,
    };
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(journal)
        .synchronous(synchronous)
        .busy_timeout(Duration::from_secs(5))
        .foreign_keys(false)
        .pragma(
            "cache_size",
            match durability {
                Durability::Building => "-65536",
                Durability::Rebuildable => "-8192",
                // What is kept nowhere else is written at its end and looked up seldom.
                Durability::Sole => "-2048",
            },
        )
        .pragma("wal_autocheckpoint", "16384")
        // Without statistics, the planner would rather scan a large table and index a handful of rows than look those up.
        .pragma("automatic_index", "off")
        // What is deleted or written anew, such as a key or words that are erased later, is to be gone from the file too.
        .pragma("secure_delete", "on")
        .pragma("temp_store", "memory");
    SqlitePoolOptions::new()
        .max_connections(connections)
        .connect_with(options)
        .await
}
