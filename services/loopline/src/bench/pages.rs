//! Pages as people read them, over a large record: an inbox, a loop, a search, and what the office sees of all of it.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Context;
use hdrhistogram::Histogram;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;

use super::http::Connection;
use super::story::People;
use super::words;

/// How often each page is read.
const READS: usize = 400;
/// Every order in which lists can be had.
const SORTS: [&str; 4] = ["due", "newest", "oldest", "changed"];
/// How often what the office sees of everything is read, and how often before it counts.
const DASHBOARD_READS: usize = 60;
const DASHBOARD_WARM_UP: usize = 3;
/// How long the first of these may be answered "not yet": what figures are counted from is read once after a start, of a
/// million loops for some ten seconds.
const FIRST_COUNT_MAX: Duration = Duration::from_mins(1);
/// How often before it counts.
const WARM_UP: usize = 40;

/// How long each page took, in microseconds.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) inbox: Histogram<u64>,
    pub(super) one: Histogram<u64>,
    pub(super) search: Histogram<u64>,
    pub(super) list: Histogram<u64>,
    /// The resolution timeline with its figures, as the contact sees it: every loop of the district.
    pub(super) figures: Histogram<u64>,
    /// The contact's own page.
    pub(super) contact: Histogram<u64>,
}

/// Reads pages one after the other, as people of several departments and the contact.
pub(super) async fn read(address: SocketAddr, people: &People) -> anyhow::Result<Read> {
    let mut connection = Connection::open(address).await?;
    let mut random = StdRng::seed_from_u64(1);
    let mut staff = Vec::new();
    for department in 0..6 {
        let session = sign_in(&mut connection, people, department).await?;
        let token = people.staff(department)?;
        let ids = some_loops(&mut connection, &token).await?;
        staff.push((session, token, ids));
    }
    let mut read = Read {
        inbox: Histogram::new(3)?,
        one: Histogram::new(3)?,
        search: Histogram::new(3)?,
        list: Histogram::new(3)?,
        figures: Histogram::new(3)?,
        contact: Histogram::new(3)?,
    };
    let office = connection.sign_in(&people.person_of_contact()?).await?;
    for nth in 0..READS + WARM_UP {
        let (session, token, ids) = &staff[nth % staff.len()];
        let id = &ids[random.random_range(0..ids.len())];
        let wanted = format!("{}+{}", words::common(&mut random), words::rare(&mut random));
        for (histogram, path, page) in [
            (&mut read.inbox, "/department".to_owned(), true),
            (&mut read.one, format!("/loops/{id}"), true),
            (&mut read.search, format!("/loops?q={wanted}"), true),
            (
                &mut read.list,
                format!("/api/v1/loops?limit=50&sort={}", SORTS[nth % SORTS.len()]),
                false,
            ),
        ] {
            let started = Instant::now();
            let (status, _) = if page {
                connection.page(session, &path).await?
            } else {
                connection.get(token, &path).await?
            };
            anyhow::ensure!(status == 200, "{path} was answered {status}");
            if nth >= WARM_UP {
                histogram.record(started.elapsed().as_micros() as u64)?;
            }
        }
    }
    let begun = Instant::now();
    for nth in 0..DASHBOARD_READS + DASHBOARD_WARM_UP {
        let days = ["30", "90", "365"][nth % 3];
        for (histogram, path) in [
            (&mut read.figures, format!("/leader?days={days}&by=department")),
            (&mut read.contact, "/contact".to_owned()),
        ] {
            let started = Instant::now();
            let mut status = connection.page(&office, &path).await?.0;
            while status == 503 && nth < DASHBOARD_WARM_UP && begun.elapsed() < FIRST_COUNT_MAX {
                runtime::clock::pause(Duration::from_millis(200)).await;
                status = connection.page(&office, &path).await?.0;
            }
            anyhow::ensure!(status == 200, "{path} was answered {status}");
            if nth >= DASHBOARD_WARM_UP {
                histogram.record(started.elapsed().as_micros() as u64)?;
            }
        }
    }
    Ok(read)
}

/// A session of one of a department's people.
async fn sign_in(connection: &mut Connection, people: &People, department: usize) -> anyhow::Result<String> {
    let person = people.person_of_staff(department)?;
    connection.sign_in(&person).await
}

/// Loops that a department sees: from all over its list.
async fn some_loops(connection: &mut Connection, token: &str) -> anyhow::Result<Vec<String>> {
    let mut ids = Vec::new();
    for sort in ["newest", "oldest", "changed"] {
        let (status, answer) = connection
            .get(token, &format!("/api/v1/loops?limit=200&sort={sort}"))
            .await?;
        anyhow::ensure!(
            status == 200,
            "the list by {sort} was answered {status}: {}",
            String::from_utf8_lossy(&answer)
        );
        let answer: Value = serde_json::from_slice(&answer)?;
        let items = answer["items"].as_array().context("a list without items")?;
        ids.extend(
            items
                .iter()
                .filter_map(|item| item["id"].as_str())
                .map(ToOwned::to_owned),
        );
    }
    anyhow::ensure!(!ids.is_empty(), "a department has no loops");
    Ok(ids)
}
