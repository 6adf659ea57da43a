//! What clients were told: one record for each operation, read and fault, as JSON lines.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use contracts::ids::{CommandId, District, LoopId, PersonId};
use serde::{Deserialize, Serialize};

/// What an operation came to, as its client knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was said to be on record, at this version.
    Acknowledged {
        /// The stream sequence.
        version: u64,
    },
    /// It was refused.
    Refused {
        /// The HTTP status.
        status: u16,
        /// The problem's short name.
        problem: String,
    },
    /// No answer settled it before the run ended.
    Unknown,
}

/// One thing a client asked for, under one key, however often it had to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// The client.
    pub client: String,
    /// The token it came with, by persona.
    pub session: String,
    /// The person's district.
    pub district: District,
    /// Who.
    pub person: PersonId,
    /// `Idempotency-Key`.
    pub key: String,
    /// The command's id, as it follows from district, person and key.
    pub command: CommandId,
    /// What kind of thing it is done to: `loop`, `flexibility`, `pattern`, `review`.
    #[serde(default = "a_loop")]
    pub of: String,
    /// The loop; of another kind, the thing's id.
    pub thing: LoopId,
    /// The action by its name in addresses; `file` for filing.
    pub action: String,
    /// The digest of what was asked.
    pub request_hash: String,
    /// The words sent, by field.
    pub texts: BTreeMap<String, String>,
    /// What else was sent, by field.
    pub facts: BTreeMap<String, serde_json::Value>,
    /// `If-Match`.
    pub based_on: Option<u64>,
    /// How often it was sent until it was settled.
    pub attempts: u32,
    /// When it was first sent, in microseconds of the run.
    pub invoked: u64,
    /// When it was settled.
    pub returned: u64,
    /// What it came to.
    pub outcome: Outcome,
    /// What sending it once more after that came to.
    pub repeats: Vec<Outcome>,
    /// Of a refusal for a stale version: the versions it was told of.
    pub since: Vec<u64>,
    /// Whether the loop is known to be another district's: tried on purpose.
    pub foreign: bool,
}

fn a_loop() -> String {
    "loop".to_owned()
}

/// What a read showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    /// One loop.
    Loop {
        /// Which.
        id: LoopId,
        /// Its version.
        version: u64,
    },
    /// A list, whole unless it says otherwise.
    List {
        /// Each loop with its version.
        items: Vec<(LoopId, u64)>,
        /// Whether nothing lies on a next page.
        whole: bool,
    },
    /// A loop's history from its beginning.
    Timeline {
        /// Which loop.
        id: LoopId,
        /// The sequences shown.
        sequences: Vec<u64>,
    },
    /// A change on a stream of events.
    Change {
        /// Which listener: one row of ids, over all its connections.
        listener: u32,
        /// The id of the event in the stream.
        sequence: u64,
        /// The loop.
        id: LoopId,
    },
    /// It is not there for this session.
    Absent {
        /// Which.
        id: LoopId,
    },
}

/// One read that was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Read {
    /// The token it came with, by persona.
    pub session: String,
    /// The person's district.
    pub district: District,
    /// Who.
    pub person: PersonId,
    /// When it was sent, in microseconds of the run.
    pub invoked: u64,
    /// When it was answered.
    pub returned: u64,
    /// What it showed.
    pub seen: Seen,
}

/// One injection of a fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Injected {
    /// The fault's name.
    pub fault: String,
    /// What exactly was done.
    pub what: String,
    /// When it began, in microseconds of the run.
    pub began: u64,
    /// When it ended.
    pub ended: u64,
    /// How long after its end a new command was acknowledged, routed and read, in milliseconds; none if never.
    pub back_ms: Option<u64>,
    /// What went otherwise than the fault itself promises.
    pub complaints: Vec<String>,
}

/// A line of the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// An operation.
    Operation(Operation),
    /// A read.
    Read(Read),
    /// A fault.
    Fault(Injected),
}

/// Where records go as they come: memory for the checker, a file for people.
#[derive(Debug, Clone)]
pub struct History {
    shared: Arc<Mutex<Kept>>,
    started: Instant,
}

#[derive(Debug)]
struct Kept {
    records: Vec<Record>,
    file: Option<File>,
}

impl History {
    /// A history kept in memory and, where a path is given, written there.
    pub fn new(path: Option<&Path>) -> std::io::Result<Self> {
        let file = path.map(File::create).transpose()?;
        let kept = Kept {
            records: Vec::new(),
            file,
        };
        Ok(Self {
            shared: Arc::new(Mutex::new(kept)),
            started: Instant::now(),
        })
    }

    /// Microseconds since the run began.
    pub fn now(&self) -> u64 {
        self.started.elapsed().as_micros() as u64
    }

    /// Keeps a record.
    pub fn keep(&self, record: Record) {
        let mut kept = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some(file), Ok(mut line)) = (kept.file.as_mut(), serde_json::to_vec(&record)) {
            line.push(b'\n');
            // The file is for people; what is judged is in memory.
            let _ = file.write_all(&line);
        }
        kept.records.push(record);
    }

    /// All records so far.
    pub fn records(&self) -> Vec<Record> {
        self.shared
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .records
            .clone()
    }
}
