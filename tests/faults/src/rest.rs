//! The end of a run: the load ends, everything comes to rest, everybody looks once more, and the evidence is gathered.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use sql::Location;
use tokio::task::JoinSet;

use crate::checker::Evidence;
use crate::driver::{Board, client};
use crate::observe::Observer;
use crate::run::Played;
use crate::system::{Layout, Ports, setup, until};

/// The longest it may take until everything is at rest after the last fault.
const REST_MAX: Duration = Duration::from_secs(90);

/// Ends the load, waits until everything is at rest, and lets everybody look once more.
pub(crate) async fn calm_down(
    layout: &Layout,
    broker: u16,
    board: &Arc<Board>,
    clients: &mut JoinSet<()>,
) -> anyhow::Result<Vec<String>> {
    eprintln!("no more faults; waiting for rest");
    board.stopping.cancel();
    let over = board.over.clone();
    let giving_up = tokio::spawn(async move {
        runtime::clock::pause(REST_MAX).await;
        over.cancel();
    });
    while clients.join_next().await.is_some() {}
    let operator = Observer::connect(&layout.data, broker, "operator").await?;
    let mut restless = Vec::new();
    if until("rest", REST_MAX, async || operator.outstanding().await == 0)
        .await
        .is_err()
    {
        restless.push(format!("{} deliveries are never settled", operator.outstanding().await));
    }
    let mut behind = Vec::new();
    let caught_up = until("rest", REST_MAX, async || {
        runtime::clock::pause(Duration::from_millis(300)).await;
        behind = operator
            .behind(&layout.location)
            .await
            .unwrap_or_else(|error| vec![error.to_string()]);
        behind.is_empty()
    });
    if caught_up.await.is_err() {
        restless.extend(behind);
    }
    look_once_more(board).await?;
    giving_up.abort();
    Ok(restless)
}

async fn look_once_more(board: &Arc<Board>) -> anyhow::Result<()> {
    let http = client::http()?;
    for session in &board.sessions {
        let client = client::Client::new(board.clone(), session.clone(), http.clone());
        client.lists().await;
        for id in board.loops(&session.claims.district) {
            client.looks_at(id).await;
            client.history_of(id).await;
        }
        for id in board.foreign_loops(&session.claims.district) {
            client.looks_at(id).await;
        }
    }
    Ok(())
}

/// Reads the log and compares every read model, while nothing but the broker runs.
pub(crate) async fn gather(
    layout: &Layout,
    ports: Ports,
    board: &Arc<Board>,
    played: Played,
) -> anyhow::Result<Evidence> {
    eprintln!("judging");
    let broker = setup::start_broker(layout, ports.broker).await?;
    let operator = Observer::connect(&layout.data, ports.broker, "operator").await?;
    let log = operator.whole_log().await?;
    let fresh = match &layout.location {
        Location::Folder(_) => {
            let folder = layout.data.join("again");
            std::fs::create_dir_all(&folder)?;
            Location::Folder(folder)
        }
        Location::Url(_) => harness::location(true).await.context("a second database")?,
    };
    let models = operator.compare(&layout.location, &fresh).await?;
    broker.stop().await;
    Ok(Evidence {
        history: board.history.records(),
        log,
        before: played.before,
        spoilt: played.spoilt,
        models,
        restless: played.restless,
    })
}
