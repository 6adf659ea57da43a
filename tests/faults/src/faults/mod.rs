//! The faults by name, each with what it does; injecting one returns when the fault is over.

pub mod delivery;
pub mod kills;
pub mod load;
pub mod network;
pub mod schedule;
pub mod world;

use std::fmt;
use std::sync::Arc;

use rand::rngs::StdRng;

pub use world::{Target, World};

/// A point in the code at which a process can be made to die, with the services that pass it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// Its name in the code.
    pub name: &'static str,
    /// Who passes it.
    pub services: &'static [&'static str],
    /// The most often it is passed before the process dies.
    pub nth_max: u32,
}

/// Every point in the code.
pub const POINTS: [Point; 13] = [
    point("append.before", &["intake", "resolution", "routing"], 4),
    point("append.together", &["intake", "routing"], 2),
    point("append.after", &["intake", "resolution", "routing"], 4),
    point("policy.ack.before", &["routing"], 4),
    point("policy.ack.after", &["routing"], 4),
    point("projection.commit.before", &["timeline", "routing", "directory"], 8),
    point("projection.commit.after", &["timeline", "routing", "directory"], 8),
    point("ledger.commit.before", &["ledger"], 4),
    point("ledger.commit.after", &["ledger"], 4),
    point("ledger.sign.before", &["ledger"], 2),
    point("ledger.sign.after", &["ledger"], 2),
    point("keys.put.before", &["intake"], 1),
    point("keys.put.after", &["intake"], 1),
];

const fn point(name: &'static str, services: &'static [&'static str], nth_max: u32) -> Point {
    Point {
        name,
        services,
        nth_max,
    }
}

/// A fault. What needs another kind of machine joins here as one more variant with its stage; neither the load nor
/// the checker knows which faults there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Services are killed at random, one every few seconds.
    KillService,
    /// The broker is killed and started again.
    KillBroker,
    /// Every process is killed at once.
    KillAll,
    /// A service dies at a point of its code, and is started again without.
    Crash(Point),
    /// Everything between services and broker is late, in order.
    Delay,
    /// Connections to the broker are cut.
    Cut,
    /// Connections stay open and nothing passes; afterwards what was held comes late, or never.
    HalfOpen,
    /// The word that an event was stored goes missing.
    LoseAck,
    /// The policies' durable consumers are deleted: everything is delivered to them again.
    Replay,
    /// What settles deliveries goes missing for a while: they come again, out of order.
    WithholdSettles,
    /// Rubbish, broken JSON and an unknown type are published where events stand.
    Poison,
    /// A service is stopped for a while and goes on later; another of it may run meanwhile.
    PauseWorker,
    /// The timeline is made again while it is used.
    Rebuild,
    /// Fifty clients act on one loop at once.
    Crowd,
    /// The all-in-one is killed, and its broker with it.
    UpKilled,
    /// Only the all-in-one's broker is killed.
    UpBrokerKilled,
}

/// In what arrangement of processes a fault is injected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Each service a process of its own.
    Services,
    /// Everything in one process.
    AllInOne,
}

impl Fault {
    /// Every fault.
    pub fn all() -> Vec<Self> {
        let mut all = vec![
            Self::KillService,
            Self::KillBroker,
            Self::KillAll,
            Self::Delay,
            Self::Cut,
            Self::HalfOpen,
            Self::LoseAck,
            Self::Replay,
            Self::WithholdSettles,
            Self::Poison,
            Self::PauseWorker,
            Self::Rebuild,
            Self::Crowd,
            Self::UpKilled,
            Self::UpBrokerKilled,
        ];
        all.extend(POINTS.map(Self::Crash));
        all
    }

    /// In what arrangement it is injected.
    pub fn stage(self) -> Stage {
        match self {
            Self::UpKilled | Self::UpBrokerKilled => Stage::AllInOne,
            Self::KillService
            | Self::KillBroker
            | Self::KillAll
            | Self::Crash(_)
            | Self::Delay
            | Self::Cut
            | Self::HalfOpen
            | Self::LoseAck
            | Self::Replay
            | Self::WithholdSettles
            | Self::Poison
            | Self::PauseWorker
            | Self::Rebuild
            | Self::Crowd => Stage::Services,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KillService => f.write_str("kill-service"),
            Self::KillBroker => f.write_str("kill-broker"),
            Self::KillAll => f.write_str("kill-all"),
            Self::Crash(point) => write!(f, "crash-{}", point.name),
            Self::Delay => f.write_str("delay"),
            Self::Cut => f.write_str("cut"),
            Self::HalfOpen => f.write_str("half-open"),
            Self::LoseAck => f.write_str("lose-ack"),
            Self::Replay => f.write_str("replay"),
            Self::WithholdSettles => f.write_str("withhold-settles"),
            Self::Poison => f.write_str("poison"),
            Self::PauseWorker => f.write_str("pause-worker"),
            Self::Rebuild => f.write_str("rebuild"),
            Self::Crowd => f.write_str("crowd"),
            Self::UpKilled => f.write_str("up-killed"),
            Self::UpBrokerKilled => f.write_str("up-broker-killed"),
        }
    }
}

/// What an injection did, and what went otherwise than it should.
#[derive(Debug, Clone, Default)]
pub struct Done {
    /// What exactly.
    pub what: String,
    /// What should not have been.
    pub complaints: Vec<String>,
}

impl Done {
    /// Without complaint.
    pub fn well(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            complaints: Vec::new(),
        }
    }
}

/// Injects a fault and returns when it is over.
pub async fn inject(fault: Fault, world: &Arc<World>, random: &mut StdRng) -> anyhow::Result<Done> {
    match fault {
        Fault::KillService => kills::services(world, random).await,
        Fault::KillBroker => kills::broker(world, random).await,
        Fault::KillAll => kills::everything(world).await,
        Fault::Crash(point) => kills::crash(world, point, random).await,
        Fault::Delay => network::delay(world, random).await,
        Fault::Cut => network::cut(world, random).await,
        Fault::HalfOpen => network::half_open(world, random).await,
        Fault::LoseAck => network::lose_ack(world, random).await,
        Fault::Replay => delivery::replay(world).await,
        Fault::WithholdSettles => delivery::withhold(world, random).await,
        Fault::Poison => delivery::poison(world, random).await,
        Fault::PauseWorker => kills::pause(world, random).await,
        Fault::Rebuild => load::rebuild(world).await,
        Fault::Crowd => load::crowd(world, random).await,
        Fault::UpKilled => kills::up(world, random).await,
        Fault::UpBrokerKilled => kills::up_broker(world).await,
    }
}
