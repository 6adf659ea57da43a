//! A service's schema in PostgreSQL.

use std::str::FromStr;
use std::time::Duration;

use sqlx::migrate::MigrateError;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, PgConnection, Postgres, Transaction};

use crate::{Durability, Migrations, OpenError, lock};

/// Connections for one service.
const CONNECTIONS: u32 = 6;

/// One service's schema.
#[derive(Debug, Clone)]
pub struct Schema {
    /// Whoever takes a connection says whose rows it reads: one that was taken past [`Schema::acquire`] reads none, or
    /// those of whoever had it before.
    pub(crate) pool: PgPool,
    /// Whether it is being made from zero.
    building: bool,
}

impl Schema {
    /// Opens it, with its tables brought up to date and locked.
    pub(crate) async fn open(
        url: &str,
        schema: &str,
        migrations: Migrations,
        durability: Durability,
        open: impl Fn(sqlx::Error) -> OpenError,
        migrate: impl Fn(MigrateError) -> OpenError,
    ) -> Result<Self, OpenError> {
        let options = PgConnectOptions::from_str(url)
            .map_err(&open)?
            .options([("search_path", schema)]);
        // What a migration changes, it changes for all.
        let setup = PgPoolOptions::new()
            .max_connections(1)
            .connect_with(options.clone().options([(lock::SETTING, lock::ALL)]))
            .await
            .map_err(&open)?;
        if let Some((role, database)) = lock::not_held(&setup).await.map_err(&open)? {
            return Err(OpenError::NotHeld { role, database });
        }
        // Two processes may open it at once: one of them then waits. The lock goes with the connection.
        sqlx::query("SELECT pg_advisory_lock(7166261)")
            .execute(&setup)
            .await
            .map_err(&open)?;
        // The name is one of ours, never a caller's.
        sqlx::query(AssertSqlSafe(format!("CREATE SCHEMA IF NOT EXISTS \"{schema}\"")))
            .execute(&setup)
            .await
            .map_err(&open)?;
        migrations.postgres.run(&setup).await.map_err(migrate)?;
        lock::put(&setup, schema, migrations.unlocked).await.map_err(&open)?;
        setup.close().await;
        // What is made from zero is of no use before it is whole, and what puts it in its place is synced, with all before it.
        let options = match durability {
            Durability::Building => options.options([("synchronous_commit", "off")]),
            Durability::Rebuildable | Durability::Sole => options,
        };
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(Duration::from_secs(3))
            // Saying whose rows are read shows as well whether the connection is still there.
            .test_before_acquire(false)
            .connect_with(options)
            .await
            .map_err(&open)?;
        Ok(Self {
            pool,
            building: durability == Durability::Building,
        })
    }

    /// A connection that reads the rows of a district, or of all.
    pub(crate) async fn acquire(&self, whose: &str) -> Result<PoolConnection<Postgres>, sqlx::Error> {
        // All that lie idle may have been cut since; the one after them is new.
        let mut idle = CONNECTIONS;
        loop {
            let mut connection = self.pool.acquire().await?;
            let Err(error) = say(&mut connection, whose).await else {
                return Ok(connection);
            };
            // It is dropped, not given back.
            drop(connection.detach());
            let refused = matches!(&error, sqlx::Error::Database(said) if !is_gone(said.code().as_deref()));
            if refused || idle == 0 {
                return Err(error);
            }
            idle -= 1;
        }
    }

    /// Lets the database count what is there; what is being made from zero is counted again when it is whole, and until
    /// then small tables need only be told from large ones.
    pub(crate) async fn learn(&self) -> Result<(), sqlx::Error> {
        if !self.building {
            return self.analyze().await;
        }
        let Some(analyze) = self.analyzing().await? else {
            return Ok(());
        };
        let mut tx = self.pool.begin().await?;
        sqlx::query("SET LOCAL default_statistics_target = 10")
            .execute(&mut *tx)
            .await?;
        sqlx::query(AssertSqlSafe(analyze)).execute(&mut *tx).await?;
        tx.commit().await
    }

    /// Lets the database count what is there, thoroughly.
    pub(crate) async fn analyze(&self) -> Result<(), sqlx::Error> {
        match self.analyzing().await? {
            Some(analyze) => sqlx::query(AssertSqlSafe(analyze))
                .execute(&self.pool)
                .await
                .map(|_| ()),
            None => Ok(()),
        }
    }

    /// The statement that counts all tables, where there are any.
    async fn analyzing(&self) -> Result<Option<String>, sqlx::Error> {
        let tables: Vec<String> = sqlx::query_scalar(
            "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename",
        )
        .fetch_all(&self.pool)
        .await?;
        Ok((!tables.is_empty()).then(|| format!("ANALYZE {}", tables.join(", "))))
    }

    /// A transaction that writes, for all.
    pub(crate) async fn begin(&self) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
        let connection = self.acquire(lock::ALL).await?;
        Transaction::begin(connection, None).await
    }
}

/// Says whose rows a connection reads from now on.
async fn say(connection: &mut PgConnection, whose: &str) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT set_config($1, $2, false)")
        .bind(lock::SETTING)
        .bind(whose)
        .execute(connection)
        .await
        .map(|_| ())
}

/// Whether the server said that it ends the connection: classes 57P (shut down) and 08 (connection).
fn is_gone(code: Option<&str>) -> bool {
    code.is_some_and(|code| code.starts_with("57P") || code.starts_with("08"))
}
