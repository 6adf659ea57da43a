//! The load: seeded clients that do plausible things over HTTP, as careful clients would, and keep a history.

pub mod client;
pub mod deeds;
pub mod listener;
pub mod office;
pub mod wish;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use contracts::Claims;
use contracts::ids::{DepartmentId, District, LoopId, TeamId};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::history::History;
use crate::system::until;

/// Personas that act, each as one client.
const ACTING: [&str; 7] = [
    "reporter",
    "reporter2",
    "department",
    "department2",
    "contact",
    "leader",
    "council",
];

/// How long a district's first setting may take, from the start of the services.
const SET_MAX: Duration = Duration::from_secs(30);
/// Parts of the register and reviews that a run acts on.
const BEGUN_MAX: usize = 12;

/// Somebody with a token.
#[derive(Debug, Clone)]
pub struct Session {
    /// District and persona.
    pub name: String,
    /// The bearer token.
    pub token: String,
    /// Who it is.
    pub claims: Claims,
}

/// What clients share.
#[derive(Debug)]
pub struct Board {
    /// Where records go.
    pub history: History,
    /// The gateway.
    pub address: String,
    /// Everybody with a token, both districts'.
    pub sessions: Vec<Session>,
    /// The run's seed.
    pub seed: u64,
    /// Nothing new is begun.
    pub stopping: CancellationToken,
    /// What is not settled by now stays unknown.
    pub over: CancellationToken,
    loops_max: usize,
    loops: Mutex<BTreeMap<District, Vec<LoopId>>>,
    office: Mutex<BTreeMap<District, Vec<(&'static str, LoopId)>>>,
    keys: AtomicU64,
    listeners: AtomicU32,
}

impl Board {
    /// Reads the tokens of a folder.
    pub fn new(data: &Path, gateway: u16, history: History, seed: u64, loops_max: usize) -> anyhow::Result<Arc<Self>> {
        let text = std::fs::read_to_string(data.join("demo-tokens.json")).context("failed to read the tokens")?;
        let tokens: serde_json::Value = serde_json::from_str(&text)?;
        let mut sessions = Vec::new();
        for district in [&tokens, &tokens["other_district"]] {
            let people = district["people"].as_object().context("the tokens name no people")?;
            for (persona, claims) in people {
                let claims: Claims = serde_json::from_value(claims.clone())?;
                sessions.push(Session {
                    name: format!("{}/{persona}", claims.district),
                    token: district[persona].as_str().context("no token")?.to_owned(),
                    claims,
                });
            }
        }
        Ok(Arc::new(Self {
            history,
            address: format!("http://127.0.0.1:{gateway}"),
            sessions,
            seed,
            stopping: CancellationToken::new(),
            over: CancellationToken::new(),
            loops_max,
            loops: Mutex::new(BTreeMap::new()),
            office: Mutex::new(BTreeMap::new()),
            keys: AtomicU64::new(0),
            listeners: AtomicU32::new(0),
        }))
    }

    /// The main district's session by persona.
    pub fn session(&self, persona: &str) -> &Session {
        self.sessions
            .iter()
            .find(|session| session.name.ends_with(&format!("/{persona}")))
            .unwrap_or(&self.sessions[0])
    }

    /// Loops of a district that clients may act on.
    pub fn loops(&self, district: &District) -> Vec<LoopId> {
        let loops = self.loops.lock().unwrap_or_else(PoisonError::into_inner);
        loops.get(district).cloned().unwrap_or_default()
    }

    /// Loops of the other districts.
    pub fn foreign_loops(&self, district: &District) -> Vec<LoopId> {
        let loops = self.loops.lock().unwrap_or_else(PoisonError::into_inner);
        loops
            .iter()
            .filter(|(other, _)| *other != district)
            .flat_map(|(_, ids)| ids.clone())
            .collect()
    }

    /// Whether another loop may be filed.
    pub fn has_room(&self, district: &District) -> bool {
        self.loops(district).len() < self.loops_max
    }

    /// Lets clients act on a loop.
    pub fn share(&self, district: &District, id: LoopId) {
        let mut loops = self.loops.lock().unwrap_or_else(PoisonError::into_inner);
        loops.entry(district.clone()).or_default().push(id);
    }

    /// Parts of the register and reviews that clients have begun, by kind.
    pub fn begun(&self, district: &District) -> Vec<(&'static str, LoopId)> {
        let office = self.office.lock().unwrap_or_else(PoisonError::into_inner);
        office.get(district).cloned().unwrap_or_default()
    }

    /// Somebody began one.
    pub fn begins(&self, district: &District, of: &'static str, id: LoopId) {
        let mut office = self.office.lock().unwrap_or_else(PoisonError::into_inner);
        let begun = office.entry(district.clone()).or_default();
        if begun.len() < BEGUN_MAX {
            begun.push((of, id));
        }
    }

    /// A number nobody else has.
    pub fn next(&self) -> u64 {
        self.keys.fetch_add(1, Ordering::SeqCst)
    }

    /// A listener's number.
    pub fn next_listener(&self) -> u32 {
        self.listeners.fetch_add(1, Ordering::SeqCst)
    }

    /// Departments and teams of a district, as its people's claims name them.
    pub fn places(&self, district: &District) -> (Vec<DepartmentId>, Vec<TeamId>) {
        let own = || {
            self.sessions
                .iter()
                .filter(|session| session.claims.district == *district)
        };
        let mut departments: Vec<DepartmentId> = own()
            .flat_map(|session| session.claims.departments.iter().copied())
            .collect();
        departments.dedup();
        let mut teams: Vec<TeamId> = own().flat_map(|session| session.claims.teams.iter().copied()).collect();
        teams.dedup();
        (departments, teams)
    }
}

/// Starts all clients and listeners; they end a while after the board says so.
pub fn start(board: &Arc<Board>) -> anyhow::Result<JoinSet<()>> {
    let mut tasks = JoinSet::new();
    let http = client::http()?;
    for (nth, session) in board.sessions.iter().enumerate() {
        let persona = session.name.rsplit('/').next().unwrap_or_default();
        if !ACTING.contains(&persona) {
            continue;
        }
        let seed = board.seed.wrapping_mul(1000).wrapping_add(nth as u64);
        let client = client::Client::new(board.clone(), session.clone(), http.clone());
        tasks.spawn(client.act_on(seed));
        if ["reporter", "department", "contact"].contains(&persona) {
            tasks.spawn(listener::listen(board.clone(), session.clone()));
        }
    }
    Ok(tasks)
}

/// Lets few schools make a pattern, so that there is one to decide about.
pub async fn fewer_make_a_pattern(board: &Board) -> anyhow::Result<()> {
    let http = client::http()?;
    let thresholds = serde_json::json!({"clause_schools": 2, "area_schools": 2, "exceptions": 2, "days": 365});
    let of_contacts = board
        .sessions
        .iter()
        .filter(|session| session.name.ends_with("/contact"));
    for session in of_contacts {
        until("it is set when it is a pattern", SET_MAX, async || {
            let request = http
                .post(format!("{}/api/v1/directory/pattern-thresholds", board.address))
                .bearer_auth(&session.token)
                .json(&serde_json::json!({"thresholds": thresholds}));
            request.send().await.is_ok_and(|answer| answer.status().is_success())
        })
        .await?;
    }
    Ok(())
}
