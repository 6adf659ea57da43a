//! Good evidence, made by the product's own decisions over the log in memory: what a small run without faults leaves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use contracts::Claims;
use contracts::claims::Authority;
use contracts::commands::CommandMessage;
use contracts::events::OwnedEvents;
use contracts::events::routing::ChosenBy;
use contracts::ids::{CommandId, District, LoopId, PersonId};
use contracts::sealed::{KeyId, Sealed};
use contracts::subjects::Subject;
use contracts::vocabulary::ResolutionKind;
use decider::{Decide, History, Target, execute};
use domain::samples::{department, filed, level, school};
use domain::{Calendar, Loop, Rejection};
use eventlog::memory::MemoryLog;
use sealing::{Keyring, MasterKey, MemoryKeys};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::checker::{Compared, Evidence, Logged};
use crate::driver::client::request_hash;
use crate::driver::deeds::{facts, texts};
use crate::history::{Injected, Operation, Outcome, Read, Record, Seen};
use crate::observe::words;

/// Who plays, and in which district.
const SESSIONS: [(&str, &str); 4] = [
    ("north", "rosa"),
    ("north", "marcus"),
    ("south", "ben"),
    ("south", "dora"),
];

struct Play {
    log: MemoryLog,
    keyring: Keyring,
    history: Vec<Record>,
    now: u64,
    number: u64,
    // Versions and whole histories of each loop as they are.
    loops: BTreeMap<(District, LoopId), Vec<u64>>,
    own: BTreeMap<String, BTreeSet<LoopId>>,
}

fn claims(district: &str, name: &str) -> Claims {
    serde_json::from_value(json!({
        "district": district, "person": PersonId::derived(&[district, name]), "name": name, "roles": [], "schools": [],
        "departments": [], "leads": [], "teams": [], "as_of": 0,
    }))
    .expect("claims")
}

impl Play {
    async fn seal(&self, key: KeyId, body: &Value, field: &str) -> Sealed {
        let text = body[field].as_str().expect("a text");
        self.keyring.seal(key, text).await.expect("sealed")
    }

    fn tick(&mut self) -> u64 {
        self.now += 10;
        self.now
    }

    /// Carries a command out as its service would; the version.
    async fn execute<C>(&mut self, message: &CommandMessage, command: &C) -> u64
    where
        C: Decide<Loop, Rejection = Rejection>,
        C::Event: OwnedEvents,
    {
        let target = Target {
            log: &self.log,
            subject: Subject::of_loop(&message.district, LoopId(message.thing)),
            now: chrono(self.now),
        };
        let read = History::<Loop>::read::<Rejection>(target.log, &target.subject).await;
        let mut history = read.expect("it is read");
        let done = execute(&target, &mut history, message, command).await;
        let done = done.expect("it is carried out");
        let of = (message.district.clone(), LoopId(message.thing));
        self.loops.entry(of).or_default().push(done.version);
        done.version
    }

    /// A person does something, and everybody of the district looks at it.
    async fn does<C>(&mut self, who: usize, action: &str, thing: Option<LoopId>, body: Value, command: &C) -> LoopId
    where
        C: Decide<Loop, Rejection = Rejection>,
        C::Event: OwnedEvents,
    {
        let (district, name) = SESSIONS[who];
        let claims = claims(district, name);
        self.number += 1;
        let key = format!("key-{}", self.number);
        let id = gateway::front::command_id(&claims, &key);
        let thing = thing.unwrap_or(LoopId(id.0));
        let message = CommandMessage {
            id,
            district: claims.district.clone(),
            thing: thing.0,
            request_hash: request_hash(action, thing, &body),
            authority: Authority::Person(claims.clone()),
            based_on: None,
            caused_by: None,
            traceparent: None,
            body: serde_json::value::to_raw_value(&body).expect("json"),
        };
        let invoked = self.tick();
        let version = self.execute(&message, command).await;
        let session = format!("{district}/{name}");
        if action == "file" {
            self.own.entry(session.clone()).or_default().insert(thing);
        }
        let outcome = Outcome::Acknowledged { version };
        let returned = self.tick();
        self.history.push(Record::Operation(Operation {
            client: session.clone(),
            session,
            district: claims.district.clone(),
            person: claims.person,
            key,
            command: id,
            of: "loop".to_owned(),
            thing,
            action: action.to_owned(),
            request_hash: message.request_hash,
            texts: texts(&body),
            facts: facts(&body),
            based_on: None,
            attempts: 1,
            invoked,
            returned,
            repeats: vec![outcome.clone()],
            outcome,
            since: Vec::new(),
            foreign: false,
        }));
        self.everybody_looks(&claims.district, thing, version);
        thing
    }

    fn everybody_looks(&mut self, district: &District, id: LoopId, version: u64) {
        let sequences = self.loops[&(district.clone(), id)].clone();
        let items: Vec<(LoopId, u64)> = self
            .loops
            .iter()
            .filter(|((other, _), _)| other == district)
            .filter_map(|((_, id), versions)| Some((*id, *versions.last()?)))
            .collect();
        for (listener, (home, name)) in SESSIONS.into_iter().enumerate() {
            let reader = claims(home, name);
            if reader.district != *district {
                continue;
            }
            let listener = listener as u32;
            let seen = [
                Seen::Loop { id, version },
                Seen::List {
                    items: items.clone(),
                    whole: true,
                },
                Seen::Timeline {
                    id,
                    sequences: sequences.clone(),
                },
                Seen::Change {
                    listener,
                    sequence: version,
                    id,
                },
            ];
            for seen in seen {
                let (invoked, returned) = (self.tick(), self.tick());
                self.history.push(Record::Read(Read {
                    session: format!("{home}/{name}"),
                    district: reader.district.clone(),
                    person: reader.person,
                    invoked,
                    returned,
                    seen,
                }));
            }
        }
    }

    /// The policy routes what was filed.
    async fn routes(&mut self, district: &District, id: LoopId) {
        let subject = Subject::of_loop(district, id);
        let cause = contracts::EventId::of(CommandId(id.0), &subject.to_string());
        let policy = "when_tension_filed_then_route";
        let message = CommandMessage {
            id: CommandId::of_policy(cause, &format!("{policy}/0")),
            district: district.clone(),
            thing: id.0,
            authority: Authority::Policy {
                name: policy.to_owned(),
            },
            request_hash: policy.to_owned(),
            based_on: None,
            caused_by: Some(cause),
            traceparent: None,
            body: serde_json::value::RawValue::NULL.to_owned(),
        };
        let by = ChosenBy {
            rules_version: 1,
            rule: "r".to_owned(),
            name: "R".to_owned(),
        };
        let chosen = routing::domain::Chosen {
            department: department("curriculum"),
            by,
            collaborators: Vec::new(),
            level: level(),
        };
        let command = routing::domain::RouteFiled {
            chosen: Some(chosen),
            rules_version: 1,
            calendar: Calendar::default(),
        };
        let version = self.execute(&message, &command).await;
        self.everybody_looks(district, id, version);
    }

    async fn story(&mut self, reporter: usize, staff: usize) {
        let district: District = SESSIONS[reporter].0.parse().expect("a slug");
        let number = self.number;
        let key = self.keyring.lease().await.expect("a key");
        let body = json!({"title": format!("t{number}"), "trying": format!("x{number}"), "barrier": format!("b{number}"),
            "kind": "policy", "area": "seat_time"});
        let mut tension = filed("alder");
        tension.key = key;
        tension.title = self.seal(key, &body, "title").await;
        tension.trying = self.seal(key, &body, "trying").await;
        tension.barrier = self.seal(key, &body, "barrier").await;
        let id = self
            .does(reporter, "file", None, body, &intake::domain::FileTension { tension })
            .await;
        self.routes(&district, id).await;
        let body = json!({"word": format!("word {number}")});
        let word = self.seal(key, &body, "word").await;
        let acknowledge = resolution::domain::Acknowledge { word, episode: None };
        self.does(staff, "acknowledge", Some(id), body, &acknowledge).await;
        let body = json!({"text": format!("note {number}"), "shared": true});
        let note = resolution::domain::Note {
            text: self.seal(key, &body, "text").await,
            shared: true,
            department: None,
        };
        self.does(staff, "note", Some(id), body, &note).await;
        let body = json!({"question": format!("which {number}")});
        let ask = resolution::domain::Ask {
            school: Some(school("alder")),
            question: self.seal(key, &body, "question").await,
            episode: None,
        };
        self.does(staff, "ask", Some(id), body, &ask).await;
        let body = json!({"answer": format!("this {number}")});
        let answer = intake::domain::Answer {
            school: school("alder"),
            question: None,
            answer: self.seal(key, &body, "answer").await,
        };
        self.does(reporter, "answer", Some(id), body, &answer).await;
        let body = json!({"kind": "support", "summary": format!("so {number}")});
        let propose = resolution::domain::Propose {
            kind: ResolutionKind::Support,
            summary: self.seal(key, &body, "summary").await,
            rationale: None,
            flexibility: None,
            promise: None,
            pattern: None,
            episode: None,
        };
        self.does(staff, "propose", Some(id), body, &propose).await;
        let confirm = intake::domain::Confirm {
            school: school("alder"),
            revision: Some(1),
            words: None,
        };
        self.does(reporter, "confirm", Some(id), json!({}), &confirm).await;
    }

    /// Somebody is refused: a stale version, and another district's loop.
    fn refusals(&mut self) {
        let operations: Vec<Operation> = self.history.iter().filter_map(of_note).collect();
        for operation in operations {
            let mut refused = operation.clone();
            refused.command = CommandId(Uuid::new_v5(&operation.command.0, b"stale"));
            refused.key.push_str("-stale");
            let versions = &self.loops[&(operation.district.clone(), operation.thing)];
            refused.based_on = versions.first().copied();
            refused.since = versions[1..].to_vec();
            refused.repeats = Vec::new();
            refused.outcome = Outcome::Refused {
                status: 412,
                problem: "stale-version".to_owned(),
            };
            self.history.push(Record::Operation(refused));
            let mut foreign = operation.clone();
            foreign.command = CommandId(Uuid::new_v5(&operation.command.0, b"foreign"));
            foreign.repeats = Vec::new();
            foreign.foreign = true;
            foreign.outcome = Outcome::Refused {
                status: 404,
                problem: "not-found".to_owned(),
            };
            self.history.push(Record::Operation(foreign));
        }
    }
}

fn of_note(record: &Record) -> Option<Operation> {
    match record {
        Record::Operation(operation) if operation.action == "note" => Some(operation.clone()),
        Record::Operation(_) | Record::Read(_) | Record::Fault(_) => None,
    }
}

fn chrono(now: u64) -> chrono::DateTime<chrono::Utc> {
    chrono::DateTime::from_timestamp(1_793_628_000 + now as i64, 0).expect("a moment")
}

/// What a run without faults leaves behind.
pub(super) async fn evidence() -> Evidence {
    let keyring = Keyring::new(Arc::new(MemoryKeys::default()), MasterKey::new([7; 32]));
    let mut play = Play {
        log: MemoryLog::default(),
        keyring: keyring.clone(),
        history: Vec::new(),
        now: 0,
        number: 0,
        loops: BTreeMap::new(),
        own: BTreeMap::new(),
    };
    for _ in 0..3 {
        play.story(0, 1).await;
        play.story(2, 3).await;
    }
    play.refusals();
    play.history.push(Record::Fault(Injected {
        fault: "kill-service".to_owned(),
        what: "killed intake".to_owned(),
        began: 1,
        ended: 2,
        back_ms: Some(800),
        complaints: Vec::new(),
    }));
    let mut log = Vec::new();
    for raw in play.log.all() {
        let event = raw.parse().expect("an event");
        log.push(Logged {
            sequence: raw.sequence,
            subject: raw.subject.clone(),
            words: words(&keyring, event.envelope.data.get()).await.expect("opened"),
            event: Some(event),
        });
    }
    let rows: Vec<String> = log.iter().map(|logged| format!("entry: {}", logged.sequence)).collect();
    let compared = Compared {
        name: "timeline".to_owned(),
        live: rows.clone(),
        again: rows,
    };
    Evidence {
        history: play.history,
        log,
        before: 0,
        spoilt: BTreeSet::new(),
        models: vec![compared],
        restless: Vec::new(),
    }
}
