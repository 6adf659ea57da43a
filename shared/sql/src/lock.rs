//! The second lock between districts: PostgreSQL's row-level security.
//!
//! Each connection says whose rows it reads, in a setting; each table with a `district` gives those only. A connection that
//! said nothing gets none. The owner of the tables is held to it too (`FORCE`), and a role that it would not hold for is
//! not let in.

use sqlx::{AssertSqlSafe, PgPool};

/// The setting that says whose rows a connection reads.
pub(crate) const SETTING: &str = "loopline.district";

/// What it says where all are meant: no district is called so.
pub(crate) const ALL: &str = "*";

/// Puts the lock on every table of a schema that has a `district` and does not have it yet.
///
/// The setting is read once a statement, not once a row: hence the questions within.
pub(crate) async fn put(setup: &PgPool, schema: &str, unlocked: &[&str]) -> Result<(), sqlx::Error> {
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT class.relname::text FROM pg_class class JOIN pg_attribute col ON col.attrelid = class.oid \
         WHERE class.relnamespace = $1::regnamespace AND class.relkind = 'r' AND col.attname = 'district' \
         AND NOT col.attisdropped AND NOT class.relforcerowsecurity ORDER BY 1",
    )
    .bind(format!("\"{schema}\""))
    .fetch_all(setup)
    .await?;
    for table in tables.iter().filter(|table| !unlocked.contains(&table.as_str())) {
        let own = format!("(SELECT current_setting('{SETTING}', true))");
        // The names are those of our own migrations.
        let lock = format!(
            "BEGIN; \
             CREATE POLICY own_district ON \"{schema}\".\"{table}\" USING (district = {own} OR {own} = '{ALL}'); \
             ALTER TABLE \"{schema}\".\"{table}\" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; \
             COMMIT"
        );
        sqlx::raw_sql(AssertSqlSafe(lock)).execute(setup).await?;
    }
    Ok(())
}

/// The role that is connected and its database, where row-level security does not hold for it.
pub(crate) async fn not_held(setup: &PgPool) -> Result<Option<(String, String)>, sqlx::Error> {
    sqlx::query_as(
        "SELECT rolname::text, current_database()::text FROM pg_roles \
         WHERE rolname = current_user AND (rolsuper OR rolbypassrls)",
    )
    .fetch_optional(setup)
    .await
}
