//! Whole worlds of Loopline in one process, each from one number: the services' real handlers, policies, lanes and
//! tick over a log in memory, with people who act at random and everything failing that can.
//!
//! A world is played beat by beat. In a beat time passes, people ask for things at once, and what is under way goes
//! on in a random order: handlers, policies and the look at the time are polled by hand, so that they meet at every
//! point at which they wait. Then the storm ends, nobody acts for two years, and what is there must be at rest.
//!
//! Nothing here touches a socket, a file or the system's time. The same seed tells the same story.

pub mod beat;
pub mod bodies;
pub mod broken;
pub mod calls;
pub mod choose;
pub mod consumer;
pub mod deed;
pub mod dice;
pub mod ends;
pub mod history;
pub mod office;
pub mod register;
pub mod report;
pub mod rest;
pub mod roster;
pub mod rows;
pub mod sabotage;
pub mod services;
pub mod storm;
pub mod watching;
pub mod world;

use sealing::{Keyring, MasterKey, MemoryKeys};
use std::sync::Arc;

pub use broken::Broken;
pub use report::{Fault, Report, Told};
pub use rows::Row;
pub use sabotage::Sabotage;
pub use watching::{InMemory, Kept};

use eventlog::memory::MemoryLog;

/// How to play worlds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Whether to write the story down.
    pub story: bool,
    /// What is wrong on purpose.
    pub sabotage: Option<Sabotage>,
}

/// What came of a world.
#[derive(Debug)]
pub struct Played {
    /// Counts.
    pub report: Report,
    /// The story, where it was asked for.
    pub story: Vec<String>,
    /// What does not hold, where something does not.
    pub broken: Option<Broken>,
    /// The log as it was left.
    pub log: MemoryLog,
    /// The keys of its texts.
    pub keyring: Keyring,
}

/// Plays the world of a seed, in a runtime and with keys of its own: what it leaves under way ends with it, and so a
/// million worlds fit into a process.
pub fn play(seed: u64, options: Options) -> std::io::Result<Played> {
    let played = world::play(seed, options, keyring());
    Ok(runtime()?.block_on(tokio::task::unconstrained(played)))
}

/// A runtime with a time of its own, which passes only when nothing else can go on.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
}

fn keyring() -> Keyring {
    Keyring::new(Arc::new(MemoryKeys::default()), MasterKey::new([7; 32]))
}
