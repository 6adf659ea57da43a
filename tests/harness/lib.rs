//! What integration tests stand on: a broker, a database and a whole system of their own, on ports nobody else has,
//! under a clock that the test moves.

mod api;
mod broker;
mod database;
mod district;
mod stack;

pub use api::{Api, Reply, tension};
pub use broker::TestBroker;
pub use database::{PostgresServer, as_superuser, location};
pub use district::{DISTRICTS, People};
pub use stack::{Stack, monday};

use std::path::Path;
use std::time::{Duration, Instant};

/// Waits until a condition holds; fails the test if it never does.
pub async fn until<F: AsyncFnMut() -> bool>(what: &str, mut holds: F) {
    let started = Instant::now();
    while !holds().await {
        assert!(
            started.elapsed() < Duration::from_secs(30),
            "it never came to be: {what}"
        );
        runtime::clock::pause(Duration::from_millis(10)).await;
    }
}

/// The files of a folder in which a word stands, in whatever case; it is given in lower case.
pub fn files_with(folder: &Path, word: &str) -> Vec<String> {
    let mut with = Vec::new();
    for file in std::fs::read_dir(folder).expect("a folder").filter_map(Result::ok) {
        // Some come and go.
        let Ok(bytes) = std::fs::read(file.path()) else {
            continue;
        };
        let bytes = bytes.to_ascii_lowercase();
        if bytes.windows(word.len()).any(|window| window == word.as_bytes()) {
            with.push(file.file_name().to_string_lossy().into_owned());
        }
    }
    with
}

/// Runs a test over SQLite, and over PostgreSQL where its binaries are there (`tests/all` sees to that).
#[macro_export]
macro_rules! on_both_databases {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                super::$name($crate::location(false).await.expect("a folder")).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                match $crate::location(true).await {
                    Some(location) => super::$name(location).await,
                    None => eprintln!("skipped: LOOPLINE_TEST_PG_BIN names no PostgreSQL"),
                }
            }
        }
    )+};
}
