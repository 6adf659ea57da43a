//! One careful client: a key for every operation, sent again under the same key until its outcome is known.

use std::sync::Arc;
use std::time::Duration;

use contracts::ids::{CommandId, LoopId};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use uuid::Builder;

use super::deeds::{self, Place};
use super::office;
pub use super::wish::{Wish, http, request_hash};
use super::{Board, Session};
use crate::history::{Operation, Outcome, Read, Record, Seen};

/// A client.
#[derive(Debug, Clone)]
pub struct Client {
    board: Arc<Board>,
    session: Session,
    http: reqwest::Client,
}

enum Answer {
    Settled(Outcome, Vec<u64>),
    Unknown,
}

impl Client {
    /// A client of a session.
    pub fn new(board: Arc<Board>, session: Session, http: reqwest::Client) -> Self {
        Self { board, session, http }
    }

    /// A key nobody used: as often as not one that carries a time.
    pub fn key(&self, random: &mut StdRng) -> String {
        let number = self.board.next();
        if random.random_range(0..2) == 0 {
            return format!("{}-{}-{number}", self.board.seed, self.session.name);
        }
        let salt: [u8; 10] = random.random();
        let millis = 1_793_628_000_000 + number * 1000;
        Builder::from_unix_timestamp_millis(millis, &salt)
            .into_uuid()
            .to_string()
    }

    /// Does plausible things until the board says stop.
    pub async fn act_on(self, seed: u64) {
        let mut random = StdRng::seed_from_u64(seed);
        while !self.board.stopping.is_cancelled() {
            self.one_thing(&mut random).await;
            let pause = random.random_range(10..120);
            runtime::clock::pause(Duration::from_millis(pause)).await;
        }
    }

    async fn one_thing(&self, random: &mut StdRng) {
        let district = &self.session.claims.district;
        let own = self.board.loops(district);
        let may_file = self.session.name.ends_with("reporter") || self.session.name.ends_with("reporter2");
        let choice = random.random_range(0..100);
        if may_file && self.board.has_room(district) && (choice < 25 || own.len() < 3) {
            let wish = Wish::of_loop("file", None, deeds::filing(random, self.board.next()));
            let done = self.does(wish, random).await;
            if matches!(done.outcome, Outcome::Acknowledged { .. }) {
                self.board.share(district, done.thing);
            }
        } else if choice < 35 {
            self.lists().await;
        } else if choice < 43 {
            let others = self.board.foreign_loops(district);
            if !others.is_empty() {
                let id = others[random.random_range(0..others.len())];
                self.tries_the_wall(id, random).await;
            }
        } else if choice < 58 {
            self.acts_in_office(random).await;
        } else if !own.is_empty() {
            let id = own[random.random_range(0..own.len())];
            if choice < 65 {
                self.history_of(id).await;
            }
            self.acts(id, random).await;
        }
    }

    async fn acts(&self, id: LoopId, random: &mut StdRng) {
        let Some(view) = self.looks_at(id).await else {
            return;
        };
        let offered: Vec<String> = view["actions"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|action| action.as_str().map(ToOwned::to_owned))
            .collect();
        let Some(action) = deeds::pick(random, &offered) else {
            return;
        };
        let body = deeds::body(random, &action, &self.place(), self.board.next());
        // Now and then on a version that may be old by now, or surely is.
        let based_on = match random.random_range(0..10) {
            0..3 => view["version"].as_u64(),
            3 => view["version"].as_u64().map(|version| version.saturating_sub(1)),
            _ => None,
        };
        let wish = Wish {
            based_on,
            ..Wish::of_loop(&action, Some(id), body)
        };
        self.does(wish, random).await;
    }

    /// Does something to the register, to a pattern or in a review.
    async fn acts_in_office(&self, random: &mut StdRng) {
        let district = &self.session.claims.district;
        let patterns = match self.get("/api/v1/patterns?limit=50").await {
            Some((_, status, page)) if status.is_success() => page["items"].as_array().cloned().unwrap_or_default(),
            _ => Vec::new(),
        };
        let begun = self.board.begun(district);
        let number = self.board.next();
        let Some(wish) = office::pick(random, &self.place(), &patterns, &begun, number) else {
            return;
        };
        let (of, begins) = (wish.of, wish.thing.is_none());
        let done = self.does(wish, random).await;
        if begins && matches!(done.outcome, Outcome::Acknowledged { .. }) {
            self.board.begins(district, of, done.thing);
        }
    }

    fn place(&self) -> Place {
        let (departments, teams) = self.board.places(&self.session.claims.district);
        Place {
            departments,
            teams,
            person: self.session.claims.person,
        }
    }

    async fn tries_the_wall(&self, id: LoopId, random: &mut StdRng) {
        self.looks_at(id).await;
        self.history_of(id).await;
        let action =
            ["note", "join", "acknowledge", "confirm", "route", "withdraw", "decide"][random.random_range(0..7)];
        let body = deeds::body(random, action, &self.place(), self.board.next());
        let wish = Wish {
            foreign: true,
            ..Wish::of_loop(action, Some(id), body)
        };
        self.does(wish, random).await;
    }

    /// Does something and keeps trying under one key until it is settled; now and then sends it once more.
    pub async fn does(&self, wish: Wish, random: &mut StdRng) -> Operation {
        let key = self.key(random);
        let command: CommandId = gateway::front::command_id(&self.session.claims, &key);
        let thing = wish.thing.unwrap_or(LoopId(command.0));
        let history = &self.board.history;
        let mut operation = Operation {
            client: self.session.name.clone(),
            session: self.session.name.clone(),
            district: self.session.claims.district.clone(),
            person: self.session.claims.person,
            command,
            of: wish.of.to_owned(),
            thing,
            request_hash: request_hash(&wish.action, thing, &wish.body),
            texts: deeds::texts(&wish.body),
            facts: deeds::facts(&wish.body),
            action: wish.action,
            based_on: wish.based_on,
            attempts: 0,
            invoked: history.now(),
            returned: 0,
            outcome: Outcome::Unknown,
            repeats: Vec::new(),
            since: Vec::new(),
            foreign: wish.foreign,
            key,
        };
        while !self.board.over.is_cancelled() {
            operation.attempts += 1;
            if let Answer::Settled(outcome, since) = self.send(&wish.path, &operation, &wish.body).await {
                operation.outcome = outcome;
                operation.since = since;
                break;
            }
            let pause = random.random_range(50..400);
            runtime::clock::pause(Duration::from_millis(pause)).await;
        }
        operation.returned = history.now();
        if random.random_range(0..8) == 0
            && let Answer::Settled(again, _) = self.send(&wish.path, &operation, &wish.body).await
        {
            operation.repeats.push(again);
        }
        history.keep(Record::Operation(operation.clone()));
        operation
    }

    async fn send(&self, path: &str, operation: &Operation, body: &Value) -> Answer {
        let mut request = self
            .http
            .post(format!("{}{path}", self.board.address))
            .bearer_auth(&self.session.token)
            .header("Idempotency-Key", &operation.key)
            .json(body);
        if let Some(version) = operation.based_on {
            request = request.header("If-Match", format!("\"{version}\""));
        }
        let Ok(answer) = request.send().await else {
            return Answer::Unknown;
        };
        let status = answer.status();
        let Ok(body) = answer.json::<Value>().await else {
            return Answer::Unknown;
        };
        if status == StatusCode::SERVICE_UNAVAILABLE {
            return Answer::Unknown;
        }
        if let (true, Some(version)) = (status.is_success(), body["version"].as_u64()) {
            return Answer::Settled(Outcome::Acknowledged { version }, Vec::new());
        }
        let problem = body["type"].as_str().unwrap_or_default();
        let since = body["since"].as_array().into_iter().flatten();
        let refused = Outcome::Refused {
            status: status.as_u16(),
            problem: problem.trim_start_matches("/problems/").to_owned(),
        };
        Answer::Settled(refused, since.filter_map(|event| event["sequence"].as_u64()).collect())
    }

    async fn get(&self, path: &str) -> Option<(u64, StatusCode, Value)> {
        let invoked = self.board.history.now();
        let request = self
            .http
            .request(Method::GET, format!("{}{path}", self.board.address))
            .bearer_auth(&self.session.token);
        let answer = request.send().await.ok()?;
        let status = answer.status();
        let body = answer.json().await.ok()?;
        (status != StatusCode::SERVICE_UNAVAILABLE).then_some((invoked, status, body))
    }

    fn saw(&self, invoked: u64, seen: Seen) {
        let claims = &self.session.claims;
        self.board.history.keep(Record::Read(Read {
            session: self.session.name.clone(),
            district: claims.district.clone(),
            person: claims.person,
            invoked,
            returned: self.board.history.now(),
            seen,
        }));
    }

    /// Looks at a loop; nothing where no answer came or it is not there.
    pub async fn looks_at(&self, id: LoopId) -> Option<Value> {
        let (invoked, status, view) = self.get(&format!("/api/v1/loops/{id}")).await?;
        if !status.is_success() {
            self.saw(invoked, Seen::Absent { id });
            return None;
        }
        let version = view["version"].as_u64()?;
        self.saw(invoked, Seen::Loop { id, version });
        Some(view)
    }

    /// Looks at the newest loops.
    pub async fn lists(&self) {
        let Some((invoked, status, page)) = self.get("/api/v1/loops?limit=200").await else {
            return;
        };
        if status.is_success() {
            let items = page["items"].as_array().into_iter().flatten();
            let items = items
                .filter_map(|row| Some((row["id"].as_str()?.parse().ok()?, row["version"].as_u64()?)))
                .collect();
            let whole = page["next"].is_null();
            self.saw(invoked, Seen::List { items, whole });
        }
    }

    /// Looks at what happened to a loop.
    pub async fn history_of(&self, id: LoopId) {
        let path = format!("/api/v1/loops/{id}/timeline?limit=200");
        let Some((invoked, status, page)) = self.get(&path).await else {
            return;
        };
        if status.is_success() {
            let items = page["items"].as_array().into_iter().flatten();
            let sequences = items.filter_map(|entry| entry["sequence"].as_u64()).collect();
            self.saw(invoked, Seen::Timeline { id, sequences });
        }
    }
}
