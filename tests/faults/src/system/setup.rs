//! Making the folder with its demonstration, and starting what stands under the services.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpStream;

use super::{Kept, Launch, Layout, until};

/// How long anything may take to come up.
const UP_MAX: Duration = Duration::from_mins(1);

/// Starts everything in one process, as one machine would.
pub fn all_in_one(layout: &Layout, name: &str, gateway: u16, demo: bool) -> Arc<Kept> {
    let mut arguments = vec!["up".to_owned(), "--listen".to_owned(), format!("127.0.0.1:{gateway}")];
    arguments.extend(demo.then(|| "--demo".to_owned()));
    arguments.extend(layout.place());
    Kept::start(layout.launch(name, arguments, 800))
}

/// Makes the data folder with identities and demonstration, then stops what made it.
pub async fn make_folder(layout: &Layout, gateway: u16) -> anyhow::Result<()> {
    let up = all_in_one(layout, "first-up", gateway, true);
    let seeded = layout.data.join("demo-seeded");
    until("the demonstration is written", UP_MAX, async || seeded.exists()).await?;
    ready(gateway).await?;
    up.stop().await;
    Ok(())
}

/// Waits until a gateway says that it is ready.
pub async fn ready(gateway: u16) -> anyhow::Result<()> {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(3)).build()?;
    let address = format!("http://127.0.0.1:{gateway}/readyz");
    until("the gateway is ready", UP_MAX, async || {
        client
            .get(&address)
            .send()
            .await
            .is_ok_and(|answer| answer.status().is_success())
    })
    .await
}

/// Starts the broker over the folder's own configuration, on a port of ours. Its writes stay synced.
pub async fn start_broker(layout: &Layout, port: u16) -> anyhow::Result<Arc<Kept>> {
    let config = layout.data.join("nats/nats.conf");
    move_to(&config, port)?;
    let mut launch: Launch = layout.launch(
        "broker",
        vec![
            "exec-broker".to_owned(),
            layout.nats_server.to_string_lossy().into_owned(),
            config.to_string_lossy().into_owned(),
        ],
        500,
    );
    launch.environment.push(("GOMEMLIMIT".to_owned(), "64MiB".to_owned()));
    let broker = Kept::start(launch);
    until("the broker listens", UP_MAX, async || {
        TcpStream::connect(("127.0.0.1", port)).await.is_ok()
    })
    .await?;
    Ok(broker)
}

fn move_to(config: &Path, port: u16) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(config).with_context(|| format!("failed to read {}", config.display()))?;
    anyhow::ensure!(text.contains("sync_interval: always"), "the broker would not sync");
    let lines: Vec<String> = text
        .lines()
        .map(|line| {
            if line.starts_with("listen:") {
                format!("listen: \"127.0.0.1:{port}\"")
            } else {
                line.to_owned()
            }
        })
        .collect();
    std::fs::write(config, lines.join("\n") + "\n")?;
    Ok(())
}
