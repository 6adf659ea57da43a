//! What faults are injected into, and how it is found that the product is back.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use contracts::ids::LoopId;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use crate::driver::Board;
use crate::driver::client::{self, Client, Wish};
use crate::history::Outcome;
use crate::system::{Kept, System};

/// How long it is waited for the product to come back before that is given up.
const BACK_MAX: Duration = Duration::from_mins(1);

/// The processes.
#[derive(Debug)]
pub enum Target {
    /// Each service a process of its own.
    Services(System),
    /// Everything in one.
    AllInOne(Arc<Kept>),
}

/// What a fault is injected into.
#[derive(Debug)]
pub struct World {
    /// The processes.
    pub target: Target,
    /// The load.
    pub board: Arc<Board>,
    /// Whether there is time for long faults.
    pub long: bool,
    /// Subjects spoilt on purpose.
    pub spoilt: Arc<Mutex<BTreeSet<String>>>,
    /// The data folder.
    pub data: std::path::PathBuf,
}

impl World {
    /// The services, where they are processes of their own.
    pub fn system(&self) -> anyhow::Result<&System> {
        match &self.target {
            Target::Services(system) => Ok(system),
            Target::AllInOne(_) => anyhow::bail!("this fault needs each service as a process of its own"),
        }
    }

    /// A client of the main district by persona.
    pub fn client(&self, persona: &str) -> anyhow::Result<Client> {
        let session = self.board.session(persona).clone();
        Ok(Client::new(self.board.clone(), session, client::http()?))
    }

    /// Marks a subject as spoilt on purpose.
    pub fn spoil(&self, subject: &str) {
        let mut spoilt = self.spoilt.lock().unwrap_or_else(PoisonError::into_inner);
        spoilt.insert(subject.to_owned());
    }

    /// Files a tension that goes to the first department, and keeps at it until that is settled.
    pub async fn files(&self, random: &mut StdRng) -> anyhow::Result<Option<LoopId>> {
        let number = self.board.next();
        let wish = Wish::of_loop(
            "file",
            None,
            json!({
                "title": format!("Asked {number}"), "trying": format!("To see {number}"),
                "barrier": format!("Whether it is back {number}"), "kind": "practice", "area": "scheduling",
            }),
        );
        let done = self.client("reporter")?.does(wish, random).await;
        Ok(matches!(done.outcome, Outcome::Acknowledged { .. }).then_some(done.thing))
    }

    /// Makes every service write something: a filing, its routing, and a note.
    pub async fn nudge(&self, random: &mut StdRng) -> anyhow::Result<()> {
        if let Some(id) = self.files(random).await? {
            let text = format!("Noted {}", self.board.next());
            let note = Wish::of_loop("note", Some(id), json!({"text": text, "shared": true}));
            self.client("contact")?.does(note, random).await;
        }
        Ok(())
    }

    /// Waits until a loop has left its first state, as its reporter sees it.
    pub async fn routed(&self, id: LoopId) -> anyhow::Result<Value> {
        let reporter = self.client("reporter")?;
        loop {
            if let Some(view) = reporter.looks_at(id).await
                && view["state"] != "filed"
            {
                return Ok(view);
            }
            runtime::clock::pause(Duration::from_millis(20)).await;
        }
    }

    /// How long it takes until a new command is acknowledged, routed and read.
    pub async fn back(self: &Arc<Self>, seed: u64) -> anyhow::Result<Option<u64>> {
        let began = Instant::now();
        let world = self.clone();
        // Where it is not back in time, what was asked for is still settled later and stands in the history.
        let asking = tokio::spawn(async move {
            let mut random = StdRng::seed_from_u64(seed);
            match world.files(&mut random).await? {
                Some(id) => world.routed(id).await.map(|_| true),
                None => Ok(false),
            }
        });
        match tokio::time::timeout(BACK_MAX, asking).await {
            Ok(back) => Ok(back??.then(|| began.elapsed().as_millis() as u64)),
            Err(_) => Ok(None),
        }
    }

    /// How long a fault lasts: seconds in a short run, longer where there is time.
    pub fn lasts(&self, random: &mut StdRng, most_s: u64) -> Duration {
        let most = if self.long { most_s * 1000 } else { 4000 };
        Duration::from_millis(random.random_range(1500..most.max(2000)))
    }
}
