//! SQLite and PostgreSQL behind one small type: one SQL text for both, two statements only where the dialects differ.
//!
//! [`on!`] runs one body over either pool, [`on_tx!`] over either transaction.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Postgres, Sqlite, Transaction};

/// One service's database.
#[derive(Debug, Clone)]
pub enum Db {
    /// A file of its own. One connection writes batches, so that its pages and statements stay at hand; the others
    /// read.
    Sqlite {
        /// For everything but batches.
        readers: SqlitePool,
        /// For [`Db::begin`].
        writer: SqlitePool,
    },
    /// A schema of its own.
    Postgres(PgPool),
}

/// A transaction on either.
#[derive(Debug)]
pub enum Tx {
    /// On SQLite.
    Sqlite(Transaction<'static, Sqlite>),
    /// On PostgreSQL.
    Postgres(Transaction<'static, Postgres>),
}

/// Runs one body over either pool: `on!(db, pool => sqlx::query("…").execute(pool).await)`.
#[macro_export]
macro_rules! on {
    ($db:expr, $pool:ident => $body:expr) => {
        match $db {
            $crate::Db::Sqlite { readers: $pool, .. } => $body,
            $crate::Db::Postgres($pool) => $body,
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
    Folder(std::path::PathBuf),
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
}

/// What a store is for, which says how it is synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Can be made again from the log.
    Rebuildable,
    /// Is being made from zero and used by nobody yet: synced once, by [`Db::finish`].
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
/// Connections to PostgreSQL for one service.
const POSTGRES_CONNECTIONS: u32 = 6;

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
                Ok(Self::Sqlite { readers, writer })
            }
            Location::Url(url) => {
                let pool = open_postgres(url, name).await.map_err(open)?;
                migrations.postgres.run(&pool).await.map_err(migrate)?;
                Ok(Self::Postgres(pool))
            }
        }
    }

    /// Begins a transaction that writes.
    pub async fn begin(&self) -> Result<Tx, sqlx::Error> {
        match self {
            Self::Sqlite { writer, .. } => writer.begin_with("BEGIN IMMEDIATE").await.map(Tx::Sqlite),
            Self::Postgres(pool) => pool.begin().await.map(Tx::Postgres),
        }
    }

    /// Takes the indexes away that only reading needs; what makes them again. For a read model that is made from zero:
    /// keeping them in order row by row is most of what writing costs.
    pub async fn without_indexes(&self) -> Result<Vec<String>, sqlx::Error> {
        let found: Vec<(String, String)> = match self {
            Self::Sqlite { writer, .. } => {
                sqlx::query_as("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
                    .fetch_all(writer)
                    .await?
            }
            Self::Postgres(pool) => {
                sqlx::query_as(
                    "SELECT indexname::text, indexdef FROM pg_indexes WHERE schemaname = current_schema() \
                     AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = indexname \
                     AND connamespace = current_schema()::regnamespace)",
                )
                .fetch_all(pool)
                .await?
            }
        };
        for (name, _) in &found {
            // The names are those of our own migrations.
            let drop = format!("DROP INDEX \"{name}\"");
            match self {
                Self::Sqlite { writer, .. } => sqlx::query(AssertSqlSafe(drop)).execute(writer).await.map(|_| ())?,
                Self::Postgres(pool) => sqlx::query(AssertSqlSafe(drop)).execute(pool).await.map(|_| ())?,
            }
        }
        Ok(found.into_iter().map(|(_, sql)| sql).collect())
    }

    /// Makes indexes again.
    pub async fn with_indexes(&self, indexes: &[String]) -> Result<(), sqlx::Error> {
        for index in indexes {
            let index = AssertSqlSafe(index.clone());
            match self {
                Self::Sqlite { writer, .. } => sqlx::query(index).execute(writer).await.map(|_| ())?,
                Self::Postgres(pool) => sqlx::query(index).execute(pool).await.map(|_| ())?,
            }
        }
        Ok(())
    }

    /// Writes what was changed of late into the file itself, so that nothing of what stood there before is left in it or
    /// beside it. Readers may keep some of it until they are done: then the next call does it.
    pub async fn overwrite(&self) -> Result<(), sqlx::Error> {
        if let Self::Sqlite { writer, .. } = self {
            sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(writer).await?;
        }
        Ok(())
    }

    /// Makes sure that what was [`Durability::Building`] is on the disk, and closes all connections.
    pub async fn finish(&self) -> Result<(), sqlx::Error> {
        if let Self::Sqlite { writer, .. } = self {
            let mut connection = writer.acquire().await?;
            sqlx::query("PRAGMA synchronous = FULL")
                .execute(&mut *connection)
                .await?;
            sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
                .execute(&mut *connection)
                .await?;
        }
        self.close().await;
        Ok(())
    }

    /// Closes all connections.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { readers, writer } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
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
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
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

async fn open_postgres(url: &str, schema: &str) -> Result<PgPool, sqlx::Error> {
    let options = PgConnectOptions::from_str(url)?;
    let setup = PgPoolOptions::new()
        .max_connections(1)
        .connect_with(options.clone())
        .await?;
    // The name is one of ours, never a caller's. Two processes may create it at once: one of them then waits.
    sqlx::query("SELECT pg_advisory_lock(7166261)").execute(&setup).await?;
    let created = sqlx::query(AssertSqlSafe(format!("CREATE SCHEMA IF NOT EXISTS \"{schema}\"")))
        .execute(&setup)
        .await;
    setup.close().await;
    created?;
    let options = options.options([("search_path", schema)]);
    PgPoolOptions::new()
        .max_connections(POSTGRES_CONNECTIONS)
        .acquire_timeout(Duration::from_secs(3))
        .connect_with(options)
        .await
}
