//! The second lock between districts: PostgreSQL gives each district's rows to whoever reads for it, and no others, whatever
//! is asked.

use loopline_tests::{Stack, as_superuser, location};
use serde_json::json;
use sql::{Db, Durability, Location, on};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// Tables that hold nothing of one district's, each with why.
const OF_NO_DISTRICT: [(&str, &str); 12] = [
    (
        "credentials.attempt",
        "digests of what was tried, before it is known whose it is",
    ),
    ("credentials.device", "digests of what browsers keep"),
    ("directory.checkpoint", "a position in the one log"),
    ("flexibility.checkpoint", "a position in the one log"),
    (
        "flexibility.doc_words",
        "stems by the number of a document, which is locked",
    ),
    ("ledger.alarm", "what was wrong with the one log"),
    ("ledger.alarm_told", "which of those were told"),
    ("ledger.erased", "ids of keys that are no more"),
    ("ledger.key_pool", "wrapped keys, which only the key file opens"),
    ("routing.checkpoint", "a position in the one log"),
    ("timeline.checkpoint", "a position in the one log"),
    ("timeline.loop_search", "stems by the number of a loop, which is locked"),
];

async fn tables(connection: &mut PgConnection) -> Vec<(String, bool)> {
    sqlx::query_as(
        "SELECT relnamespace::regnamespace::text || '.' || relname, relrowsecurity AND relforcerowsecurity FROM pg_class \
         WHERE relkind = 'r' AND relname <> '_sqlx_migrations' \
         AND relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema') ORDER BY 1",
    )
    .fetch_all(connection)
    .await
    .expect("tables")
}

/// Each row of a table as text, as a connection that reads for this district is given them.
async fn rows(connection: &mut PgConnection, district: &str, table: &str) -> Vec<String> {
    sqlx::query("SELECT set_config('loopline.district', $1, false)")
        .bind(district)
        .execute(&mut *connection)
        .await
        .expect("said");
    let question = AssertSqlSafe(format!("SELECT t::text FROM {table} AS t"));
    sqlx::query_scalar(question).fetch_all(connection).await.expect("rows")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_table_gives_a_district_its_own_rows_only() {
    let Some(Location::Url(url)) = location(true).await else {
        return;
    };
    let stack = Stack::start(Location::Url(url.clone())).await;
    for prefix in ["", "south/"] {
        let words = json!({"says": "flexibility", "title": "Move on", "text": "Move on when a unit is mastered.",
            "area": "seat_time", "rule": {"source": "board_policy", "citation": "Policy 1"}});
        let lena = stack.api(&format!("{prefix}lena"));
        assert_eq!(lena.post("/api/v1/flexibilities", &words).await.status, 201);
        let id = stack.api(&format!("{prefix}rosa")).files("seat_time").await;
        stack.comes_to_rest().await;
        let done = lena.tries(&id, "acknowledge", json!({"word": "We have it."})).await;
        assert_eq!(done.status, 200, "{done:?}");
    }
    stack.comes_to_rest().await;
    stack.signs().await;
    // A role like any other, and a connection that did not say whose rows it reads.
    let mut connection = PgConnection::connect(&url).await.expect("the database");
    let mut superuser = PgConnection::connect(&as_superuser(&url)).await.expect("the database");
    let (mut locked, mut both) = (0, 0);
    for (table, is_locked) in tables(&mut connection).await {
        let known = OF_NO_DISTRICT.iter().any(|(name, _)| *name == table);
        assert_eq!(
            is_locked, !known,
            "{table}: lock it, or say above why it holds nothing of one district's"
        );
        if !is_locked {
            continue;
        }
        locked += 1;
        let question = || AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
        let silent: i64 = sqlx::query_scalar(question())
            .fetch_one(&mut PgConnection::connect(&url).await.expect("the database"))
            .await
            .expect("a count");
        assert_eq!(
            silent, 0,
            "{table} is there for whoever did not say whose rows they read"
        );
        let there: i64 = sqlx::query_scalar(question())
            .fetch_one(&mut superuser)
            .await
            .expect("a count");
        let north = rows(&mut connection, "north", &table).await;
        let south = rows(&mut connection, "south", &table).await;
        assert_eq!(rows(&mut connection, "*", &table).await.len() as i64, there, "{table}");
        assert_eq!(rows(&mut connection, "nowhere", &table).await.len(), 0, "{table}");
        assert_eq!(rows(&mut connection, "", &table).await.len(), 0, "{table}");
        assert!(north.iter().all(|row| !south.contains(row)), "{table}");
        both += usize::from(!north.is_empty() && !south.is_empty());
    }
    assert!(locked >= 30, "{locked}");
    assert!(both >= 15, "{both}: too little was there to tell districts apart by");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_that_forgets_its_district_still_gets_no_other_and_changes_none() {
    let Some(Location::Url(url)) = location(true).await else {
        return;
    };
    let place = Location::Url(url.clone());
    let migrations = timeline::read_model::MIGRATIONS;
    let db = Db::open(&place, "timeline", migrations, Durability::Rebuildable)
        .await
        .expect("opened");
    let (north, south) = ("north".parse().expect("a slug"), "south".parse().expect("a slug"));
    let add = "INSERT INTO person (id, district, name) VALUES (gen_random_uuid(), $1, 'Somebody')";
    let mut tx = db.begin().await.expect("begun");
    for district in ["north", "south", "south"] {
        sql::on_tx!(&mut tx, conn => sqlx::query(add).bind(district).execute(&mut **conn).await.map(|_| ()))
            .expect("added");
    }
    tx.commit().await.expect("committed");
    // Whose rows are read is said anew with every connection, whoever had it before.
    for (district, there) in [(&north, 1), (&south, 2), (&north, 1)] {
        for _ in 0..4 {
            let found: i64 = on!(db.of(district).await.expect("a connection"), rows => sqlx::query_scalar("SELECT COUNT(*) FROM person")
                .fetch_one(rows).await)
            .expect("a count");
            assert_eq!(found, there, "{district}");
        }
    }
    let changed = on!(db.of(&north).await.expect("a connection"), rows => sqlx::query("UPDATE person SET name = 'Nobody'")
        .execute(rows).await.map(|done| done.rows_affected()));
    assert_eq!(changed.expect("changed"), 1);
    let moved = on!(db.of(&north).await.expect("a connection"), rows => sqlx::query(add).bind("south")
        .execute(rows).await.map(|_| ()));
    assert!(moved.expect_err("refused").to_string().contains("row-level security"));
    let found: i64 =
        on!(db.across().await.expect("a connection"), rows => sqlx::query_scalar("SELECT COUNT(*) FROM person")
        .fetch_one(rows).await)
        .expect("a count");
    assert_eq!(found, 3);
    // Told how much there is, it plans by that.
    let mut superuser = PgConnection::connect(&as_superuser(&url)).await.expect("the database");
    let planned = async |superuser: &mut PgConnection| -> f32 {
        sqlx::query_scalar("SELECT reltuples FROM pg_class WHERE oid = 'timeline.person'::regclass")
            .fetch_one(superuser)
            .await
            .expect("known")
    };
    assert!(planned(&mut superuser).await < 0.0, "it does not know yet");
    db.learn().await.expect("counted");
    assert!((planned(&mut superuser).await - 3.0).abs() < f32::EPSILON);
    db.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_were_cut_are_taken_for_new_ones() {
    let Some(Location::Url(url)) = location(true).await else {
        return;
    };
    let migrations = timeline::read_model::MIGRATIONS;
    let db = Db::open(
        &Location::Url(url.clone()),
        "timeline",
        migrations,
        Durability::Rebuildable,
    )
    .await
    .expect("opened");
    let north = "north".parse().expect("a slug");
    // All that there may be, idle and ready.
    let mut held = Vec::new();
    for _ in 0..6 {
        held.push(db.of(&north).await.expect("a connection"));
    }
    drop(held);
    let mut superuser = PgConnection::connect(&as_superuser(&url)).await.expect("the database");
    sqlx::query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND usename = 'loopline'",
    )
    .execute(&mut superuser)
    .await
    .expect("cut");
    let found: i64 =
        on!(db.of(&north).await.expect("a connection"), rows => sqlx::query_scalar("SELECT COUNT(*) FROM person")
        .fetch_one(rows).await)
        .expect("a count");
    assert_eq!(found, 0);
    db.begin().await.expect("begun").rollback().await.expect("taken back");
    db.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_whom_no_lock_holds_is_told_to_come_as_somebody_else() {
    let Some(Location::Url(url)) = location(true).await else {
        return;
    };
    let migrations = timeline::read_model::MIGRATIONS;
    let place = Location::Url(as_superuser(&url));
    let refused = Db::open(&place, "timeline", migrations, Durability::Rebuildable).await;
    let said = refused.expect_err("refused").to_string();
    assert!(
        said.contains("the PostgreSQL role postgres") && said.contains("CREATE ROLE loopline LOGIN"),
        "{said}"
    );
}
