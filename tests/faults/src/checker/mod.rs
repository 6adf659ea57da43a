//! Judges a run: what clients were told, what the log holds, what read models hold. Pure: evidence in, violations out.

pub mod commands;
pub mod districts;
pub mod models;
pub mod reads;
pub mod record;
pub mod service;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use contracts::envelope::Recorded;
use contracts::events::{CustodyEvent, LoopEvent};
use contracts::ids::{CommandId, District, LoopId};
use contracts::sealed::KeyId;
use contracts::subjects::Thing;

use crate::history::{Injected, Operation, Read, Record};

/// What must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// Every acknowledged command is in the log exactly once, as it was sent.
    OnceInTheLog,
    /// A command whose result was unknown is there at most once, with one answer; a refused one is not.
    OneAnswer,
    /// What one session reads never goes back.
    ReadsGoForward,
    /// Only legal transitions, an unbroken chain, derived ids.
    LegalRecord,
    /// Every read model equals a fold of the log.
    ModelsFollow,
    /// Nothing of one district reaches another.
    DistrictsApart,
    /// Back in service within half a minute of a fault's end.
    BackInService,
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OnceInTheLog => "I1 once in the log",
            Self::OneAnswer => "I2 one answer",
            Self::ReadsGoForward => "I3 reads go forward",
            Self::LegalRecord => "I4 legal record",
            Self::ModelsFollow => "I5 models follow",
            Self::DistrictsApart => "I7 districts apart",
            Self::BackInService => "I8 back in service",
        })
    }
}

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Against what.
    pub invariant: Invariant,
    /// What is wrong, with what it takes to find it.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant, self.what)
    }
}

/// A message of the log.
#[derive(Debug, Clone)]
pub struct Logged {
    /// The stream sequence.
    pub sequence: u64,
    /// The subject as written.
    pub subject: String,
    /// The event, where it is one.
    pub event: Option<Recorded>,
    /// Its sealed words, opened, by their path in the data.
    pub words: BTreeMap<String, String>,
}

/// The rows of one read model as it was used, and as made again from the log.
#[derive(Debug, Clone, Default)]
pub struct Compared {
    /// The read model.
    pub name: String,
    /// As it was used; each row names its table.
    pub live: Vec<String>,
    /// Made again from zero.
    pub again: Vec<String>,
}

/// Everything a verdict rests on.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// What clients were told, in no order.
    pub history: Vec<Record>,
    /// The whole log, in order.
    pub log: Vec<Logged>,
    /// The last sequence before the run: what came later was asked for by the run.
    pub before: u64,
    /// Subjects spoilt on purpose.
    pub spoilt: BTreeSet<String>,
    /// Read models.
    pub models: Vec<Compared>,
    /// What never came to rest.
    pub restless: Vec<String>,
}

/// The evidence with what every check looks things up by.
#[derive(Debug)]
pub struct Case<'a> {
    /// What was recorded.
    pub evidence: &'a Evidence,
    /// Operations.
    pub operations: Vec<&'a Operation>,
    /// Reads.
    pub reads: Vec<&'a Read>,
    /// Faults.
    pub faults: Vec<&'a Injected>,
    /// Events by command.
    pub by_command: HashMap<CommandId, Vec<&'a Logged>>,
    /// A loop's events, in the log's order.
    pub by_loop: HashMap<LoopId, Vec<&'a Logged>>,
    /// The district in which a loop was filed.
    pub district_of: HashMap<LoopId, District>,
    /// The keys of texts that were erased.
    pub erased: BTreeSet<KeyId>,
}

impl<'a> Case<'a> {
    /// Puts the evidence in order.
    pub fn of(evidence: &'a Evidence) -> Self {
        let mut case = Self {
            evidence,
            operations: Vec::new(),
            reads: Vec::new(),
            faults: Vec::new(),
            by_command: HashMap::new(),
            by_loop: HashMap::new(),
            district_of: HashMap::new(),
            erased: BTreeSet::new(),
        };
        for record in &evidence.history {
            match record {
                Record::Operation(operation) => case.operations.push(operation),
                Record::Read(read) => case.reads.push(read),
                Record::Fault(fault) => case.faults.push(fault),
            }
        }
        for logged in &evidence.log {
            let Some(event) = &logged.event else { continue };
            case.by_command
                .entry(event.envelope.commandid)
                .or_default()
                .push(logged);
            if let Ok(LoopEvent::Custody(CustodyEvent::Erased(erased))) = LoopEvent::read(&event.envelope) {
                case.erased.extend(erased.texts.into_iter().map(|text| text.key));
            }
            if event.subject.thing == Thing::Loop {
                let id = LoopId(event.subject.id);
                case.by_loop.entry(id).or_default().push(logged);
                case.district_of
                    .entry(id)
                    .or_insert_with(|| event.subject.district.clone());
            }
        }
        case
    }

    /// Whether a loop's subject was spoilt on purpose.
    pub fn is_spoilt(&self, logged: &Logged) -> bool {
        self.evidence.spoilt.contains(&logged.subject)
    }
}

/// Everything that must not be.
pub fn check(evidence: &Evidence) -> Vec<Violation> {
    let case = Case::of(evidence);
    let mut violations = Vec::new();
    commands::check(&case, &mut violations);
    record::check(&case, &mut violations);
    reads::check(&case, &mut violations);
    models::check(&case, &mut violations);
    districts::check(&case, &mut violations);
    service::check(&case, &mut violations);
    violations
}
