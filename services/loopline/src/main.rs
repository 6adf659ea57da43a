//! `loopline`: the one binary. `up` runs everything in one process, `serve` any services alone.

mod bench;
mod broker;
mod cli;
mod demo;
mod documents;
mod folder;
mod import;
mod invite;
mod reach;
mod rebuild;
mod record;
mod serve;
mod services;
mod up;

use std::process::ExitCode;

/// The system's own took a third of the processor's time under load, and kept what it was given back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use clap::Parser;
use cli::{Cli, Command, Export, Import};

/// Memory comes in small pages: of the large ones that the allocator asks for, most stood empty, and an idle system held
/// 110 MB where it now holds 75. The private broker inherits it. Filing and commands are as many a second as before.
fn prefer_small_pages() {
    // A kernel that has no large pages refuses this, and needs it as little.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}

fn main() -> ExitCode {
    prefer_small_pages();
    let cli = Cli::parse();
    // The broker's process becomes the broker: nothing else may run in it.
    if let Command::ExecBroker { server, config } = &cli.command {
        return broker::become_broker(server, config);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return cli::failed(&anyhow::anyhow!("failed to start: {error}")),
    };
    let code = runtime.block_on(async {
        let result = match cli.command {
            Command::Up(options) => up::up(options).await,
            Command::Serve(options) => serve::serve(options).await,
            Command::Rebuild(options) => rebuild::rebuild(options).await,
            Command::Import(Import::Oneroster(options)) => import::oneroster(options).await,
            Command::Invite(options) => invite::invite(options).await,
            Command::Verify(options) => return record::verify(options).await,
            Command::Export(Export::Record(options)) => record::export(options).await,
            Command::Restore(options) => record::restore(options).await,
            Command::Bench(options) => bench::bench(options).await,
            Command::Openapi => cli::print(&documents::pretty(&gateway::openapi::document())),
            Command::Asyncapi => cli::print(&documents::pretty(&documents::asyncapi())),
            Command::ExecBroker { .. } => Ok(()),
        };
        match result {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => cli::failed(&error),
        }
    });
    // What still runs in the background is not waited for.
    runtime.shutdown_timeout(std::time::Duration::from_millis(500));
    code
}
