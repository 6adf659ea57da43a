//! The loop around a decision: load, fold, decide, append with the expectation, settle what is unclear.

use chrono::{DateTime, Utc};
use contracts::claims::Authority;
use contracts::commands::{CommandMessage, Done};
use contracts::envelope::{Actor, Envelope, Recorded};
use contracts::events::OwnedEvents;
use contracts::ids::EventId;
use contracts::problem::{Problem, Since};
use contracts::subjects::Subject;
use domain::Fold;
use eventlog::{AppendError, EventLog, LogError};
use tracing::{debug, warn};

use crate::Decide;
use crate::history::History;

/// The most events one thing's history may hold.
pub const HISTORY_MAX: u32 = 5000;
/// What a command is called whose key came before with another content.
const REUSED: &str = "key-reused";
/// How often a command is decided anew when others were faster.
const TRIES: u32 = 40;

/// What a command is executed on.
#[derive(Debug)]
pub struct Target<'a> {
    /// The log.
    pub log: &'a dyn EventLog,
    /// The thing.
    pub subject: Subject,
    /// Now.
    pub now: DateTime<Utc>,
}

/// Why a command was not carried out.
#[derive(Debug)]
pub enum Failure<R> {
    /// The thing's state does not allow it.
    Rejected(R),
    /// The same command id came before with another body.
    Reused,
    /// The caller knew an older version; this has happened since.
    Stale(Vec<Since>),
    /// It was decided on what somebody was told of, and more may have happened since. The history was read on.
    Behind,
    /// Whether it was recorded is not known.
    Unsettled,
    /// Others were faster too often.
    Busy,
    /// The log is away.
    Away(LogError),
    /// The event is too large to keep.
    TooLarge,
    /// The thing's record holds something that cannot be read.
    Unreadable(String),
    /// Whoever asks may only look.
    OnlyLooks,
}

impl<R> Failure<R> {
    /// The problem to answer with; `explain` turns a refusal into one.
    pub fn problem(self, explain: impl FnOnce(R) -> Problem) -> Problem {
        match self {
            Self::Rejected(rejection) => explain(rejection),
            Self::Reused => Problem::new(
                REUSED,
                422,
                "This key was used for something else",
                "the same Idempotency-Key came before with another content; use a new key for a new request",
            ),
            Self::Stale(since) => {
                let mut problem = Problem::new(
                    "stale-version",
                    412,
                    "Somebody else was faster",
                    "this has changed since the version you knew; read it again, then decide",
                );
                problem.since = since;
                problem
            }
            Self::Unsettled => Problem::unknown_outcome(),
            Self::Busy | Self::Behind => Problem::unavailable("many people are acting on this at once; try again"),
            Self::Away(_) => Problem::unavailable("the record cannot be reached for a moment; nothing was lost"),
            Self::TooLarge => Problem::new(
                "too-large",
                413,
                "This is too long to keep",
                "shorten the longest of the texts; together they must stay under about 16,000 letters",
            ),
            Self::OnlyLooks => Problem::new(
                "token-only-reads",
                403,
                "This token may only look",
                "it was made to look and change nothing; make one that may do what you may, or sign in",
            ),
            Self::Unreadable(_) => Problem::new(
                "unreadable-record",
                409,
                "This record cannot be read",
                "part of this record cannot be read, so nothing can be added to it; tell whoever runs the system",
            ),
        }
    }
}

impl<R> Failure<R> {
    /// The same where an append before it was not settled: then it is not known whether the command was recorded.
    fn after(self, unsettled: bool) -> Self {
        if unsettled && matches!(self, Self::Away(_)) {
            Self::Unsettled
        } else {
            self
        }
    }
}

impl Failure<()> {
    /// The same where a thing's refusals are of another type: reading a history refuses nothing.
    pub(crate) fn of_any<R>(self) -> Failure<R> {
        match self {
            Self::Reused => Failure::Reused,
            Self::Stale(since) => Failure::Stale(since),
            Self::Behind => Failure::Behind,
            Self::Unsettled => Failure::Unsettled,
            Self::Busy | Self::Rejected(()) => Failure::Busy,
            Self::Away(error) => Failure::Away(error),
            Self::TooLarge => Failure::TooLarge,
            Self::Unreadable(what) => Failure::Unreadable(what),
            Self::OnlyLooks => Failure::OnlyLooks,
        }
    }
}

impl<R> From<LogError> for Failure<R> {
    fn from(error: LogError) -> Self {
        Self::Away(error)
    }
}

/// Carries out a command: at most one event, exactly once, whatever is repeated, lost or raced.
///
/// `history` is what was read of the thing, empty where it is expected to be new; it is read on only where others were
/// faster, and holds the command's own event afterwards. Where it may be behind, the command holds only if it can be
/// appended at once: otherwise the history is read on, and whoever asks makes the command anew ([`Failure::Behind`]).
pub async fn execute<S, C>(
    target: &Target<'_>,
    history: &mut History<S>,
    message: &CommandMessage,
    command: &C,
) -> Result<Done, Failure<C::Rejection>>
where
    S: Fold + Default,
    C: Decide<S>,
    C::Event: OwnedEvents,
{
    if let Authority::Person(claims) = &message.authority
        && claims.only_looks()
    {
        return Err(Failure::OnlyLooks);
    }
    let told = history.is_behind();
    let mut at_least = None;
    let mut unsettled = false;
    for attempt in 0..TRIES {
        if let Some(at_least) = at_least {
            history
                .catch_up(target.log, &target.subject, at_least)
                .await
                .map_err(|failure| failure.of_any().after(unsettled))?;
        }
        if let Some(done) = done_before(history.recorded(), message)? {
            return Ok(done);
        }
        if told && !history.is_behind() {
            return Err(Failure::Behind);
        }
        let version = history.version();
        let envelope = match decided(target, history, message, command) {
            Ok(Some(envelope)) => envelope,
            // Where nothing is appended, nobody says that nothing has happened since.
            _ if history.is_behind() => {
                at_least = Some(0);
                continue;
            }
            Ok(None) => {
                return Ok(Done {
                    version,
                    repeated: true,
                });
            }
            Err(failure) => return Err(failure),
        };
        match target.log.append(&target.subject, version, &envelope).await {
            Ok(sequence) => {
                let subject = target.subject.clone();
                // What cannot be read back is read from the log the next time, and refused there.
                let _ = history.add(Recorded {
                    sequence,
                    subject,
                    envelope,
                });
                return Ok(Done {
                    version: sequence,
                    repeated: false,
                });
            }
            Err(AppendError::Conflict { at }) => {
                debug!(subject = %target.subject, attempt, at, "others were faster");
                at_least = Some(at);
                // Where many act on one thing, each steps aside for a moment of its own length.
                let aside = u64::from(message.id.0.as_bytes()[15] % 8) * u64::from(attempt);
                runtime::clock::pause(std::time::Duration::from_millis(aside.min(40))).await;
            }
            Err(AppendError::Unsettled) => {
                unsettled = true;
                at_least = Some(0);
            }
            Err(AppendError::TooLarge { .. }) => return Err(Failure::TooLarge),
            Err(AppendError::Log(error)) if unsettled => {
                warn!(subject = %target.subject, %error, "an append could not be settled");
                return Err(Failure::Unsettled);
            }
            Err(AppendError::Log(error)) => return Err(Failure::Away(error)),
        }
    }
    Err(if unsettled { Failure::Unsettled } else { Failure::Busy })
}

/// What is to be appended; nothing where all is as wanted.
fn decided<S, C>(
    target: &Target<'_>,
    history: &History<S>,
    message: &CommandMessage,
    command: &C,
) -> Result<Option<Envelope>, Failure<C::Rejection>>
where
    S: Fold + Default,
    C: Decide<S>,
    C::Event: OwnedEvents,
{
    let (recorded, state, version) = (history.recorded(), history.state(), history.version());
    command.permits(state).map_err(Failure::Rejected)?;
    if let Some(known) = message.based_on
        && known != version
    {
        let heard = recorded
            .iter()
            .filter(|event| command.may_hear_of(state, &event.envelope));
        return Err(Failure::Stale(since(heard, known)));
    }
    let now = recorded
        .last()
        .map_or(target.now, |last| last.envelope.time.max(target.now));
    let Some(event) = command.decide(state, now).map_err(Failure::Rejected)? else {
        return Ok(None);
    };
    written(&target.subject, message, &event, version, now)
        .map(Some)
        .map_err(|error| Failure::Unreadable(error.to_string()))
}

/// What was done once is answered as it was, whatever has become since of what it names: a department that was closed, an
/// area that was retired, somebody who left. So a refusal stands only where this very command was not carried out before
/// on the thing. It is looked up only then: whoever is not refused has been answered from the history.
pub async fn as_before(
    log: &dyn EventLog,
    subject: &Subject,
    message: &CommandMessage,
    answer: Result<Done, Problem>,
) -> Result<Done, Problem> {
    let problem = match answer {
        Err(problem) if may_have_been_done(message, &problem) => problem,
        answer => return answer,
    };
    let history = match log.load(subject, 0, 0).await {
        Ok(history) => history,
        Err(error) => return Err(Failure::<()>::Away(error).problem(|()| problem)),
    };
    let recorded: Vec<Recorded> = history.iter().filter_map(|raw| raw.parse().ok()).collect();
    match done_before::<()>(&recorded, message) {
        Ok(None) => Err(problem),
        Ok(Some(done)) => Ok(done),
        Err(failure) => Err(failure.problem(|()| problem)),
    }
}

/// Whether a refusal may be one of a command that was carried out before. Whoever asks in another district is told nothing
/// of this one.
pub(crate) fn may_have_been_done(message: &CommandMessage, problem: &Problem) -> bool {
    let at_home = match &message.authority {
        Authority::Person(claims) => claims.district == message.district && !claims.only_looks(),
        Authority::Policy { .. } => true,
    };
    at_home && problem.status < 500 && problem.name() != REUSED
}

/// The answer a repeated command had the first time.
pub(crate) fn done_before<R>(recorded: &[Recorded], message: &CommandMessage) -> Result<Option<Done>, Failure<R>> {
    match recorded.iter().find(|event| event.envelope.commandid == message.id) {
        None => Ok(None),
        Some(event) if event.envelope.requesthash == message.request_hash => Ok(Some(Done {
            version: event.sequence,
            repeated: true,
        })),
        Some(_) => Err(Failure::Reused),
    }
}

pub(crate) fn since<'a>(recorded: impl Iterator<Item = &'a Recorded>, known: u64) -> Vec<Since> {
    recorded
        .filter(|event| event.sequence > known)
        .map(|event| Since {
            sequence: event.sequence,
            event: event.envelope.event_type.clone(),
            actor: event.envelope.actor.to_string(),
            by: None,
            time: event.envelope.time,
        })
        .collect()
}

/// An event as it is written: what of a command, a subject and a moment goes into its envelope.
pub fn written<E: OwnedEvents>(
    subject: &Subject,
    message: &CommandMessage,
    event: &E,
    previous: u64,
    time: DateTime<Utc>,
) -> serde_json::Result<Envelope> {
    let (actor, actingfor) = match &message.authority {
        Authority::Person(claims) => (Actor::Person(claims.person), claims.acting_for),
        Authority::Policy { name } => (Actor::Policy(name.clone()), None),
    };
    Ok(Envelope {
        specversion: "1.0".to_owned(),
        id: EventId::of(message.id, &subject.to_string()),
        source: format!("/loopline/{}", E::OWNER),
        event_type: event.event_type(),
        subject: subject.event_subject(),
        time,
        datacontenttype: "application/json".to_owned(),
        district: subject.district.clone(),
        actor,
        actingfor,
        commandid: message.id,
        requesthash: message.request_hash.clone(),
        causationid: message.caused_by,
        previous,
        traceparent: message.traceparent.clone(),
        data: event.data()?,
    })
}
