//! Where commands on loops are carried out: open the record, seal the words, check authority, decide.

use chrono::{DateTime, Utc};
use contracts::claims::Authority;
use contracts::commands::{CommandMessage, Done};
use contracts::envelope::Recorded;
use contracts::events::OwnedEvents;
use contracts::ids::{LoopId, SchoolId};
use contracts::problem::Problem;
use contracts::sealed::{KeyId, Sealed};
use contracts::subjects::Subject;
use contracts::text::Text;
use contracts::{Action, Claims};
use domain::authority::{Sight, may, sight};
use domain::district_loop::Phase;
use domain::{Fold, Loop, LoopRecord, Rejection};
use eventlog::Log;
use projection::LiveDistricts;
use runtime::Clock;
use sealing::{Keyring, SealingError};

use crate::Decide;
use crate::execute::{Failure, HISTORY_MAX, Target, done_before, execute, may_have_been_done};
use crate::history::{History, Recent};

/// Events beyond the most one loop can hold that are kept free for what is done to its record.
const RESERVED: u32 = 500;

/// What carrying out a command on a loop needs.
#[derive(Debug, Clone)]
pub struct Desk {
    /// The log.
    pub log: Log,
    /// The sealing keys.
    pub keyring: Keyring,
    /// The time.
    pub clock: Clock,
    /// What districts have decided about themselves.
    pub districts: LiveDistricts,
    /// Histories of the loops acted on of late.
    pub recent: Recent,
}

/// A loop's record as it was read for a command.
#[derive(Debug)]
pub struct Opened {
    /// Where it stands.
    pub subject: Subject,
    history: History<Loop>,
}

/// Who asks for what, checked against the state that is decided on.
#[derive(Debug, Clone)]
pub struct Guard {
    /// What they ask for.
    pub action: Action,
    /// The school they speak for, where the action speaks for one.
    pub school: Option<SchoolId>,
}

enum Refusal {
    NotVisible,
    NotPermitted,
    Rejected(Rejection),
}

struct Guarded<'a, C> {
    district: &'a contracts::District,
    authority: &'a Authority,
    guard: &'a Guard,
    command: &'a C,
}

impl<C: Decide<Loop, Rejection = Rejection>> Decide<Loop> for Guarded<'_, C> {
    type Event = C::Event;
    type Rejection = Refusal;

    fn permits(&self, state: &Loop) -> Result<(), Refusal> {
        permits(self.district, self.authority, self.guard, state)
    }

    fn may_hear_of(&self, state: &Loop, envelope: &contracts::Envelope) -> bool {
        match (self.authority, state.record()) {
            (Authority::Person(viewer), Some(record)) => {
                hears_of(sight(viewer, &record.audience(self.district)), envelope)
            }
            (Authority::Person(_) | Authority::Policy { .. }, _) => true,
        }
    }

    fn decide(&self, state: &Loop, now: DateTime<Utc>) -> Result<Option<C::Event>, Refusal> {
        self.command.decide(state, now).map_err(Refusal::Rejected)
    }
}

/// Whether somebody may do this to a loop in this state, whatever is decided then.
fn permits(district: &contracts::District, authority: &Authority, guard: &Guard, state: &Loop) -> Result<(), Refusal> {
    // Also where nothing is there yet: a loop begins in the district of whoever files it.
    if let Authority::Person(viewer) = authority
        && viewer.district != *district
    {
        return Err(Refusal::NotVisible);
    }
    if let (Authority::Person(viewer), Some(record)) = (authority, state.record()) {
        let seen = sight(viewer, &record.audience(district));
        if seen == Sight::Nothing {
            return Err(Refusal::NotVisible);
        }
        // What is decided is over for everybody, also for those who could have decided it.
        if seen > Sight::Card && guard.action == Action::DecideTeam && record.matter.is_none() {
            return Err(Refusal::Rejected(Rejection::NotBeforeTeam));
        }
        if seen > Sight::Card && guard.action == Action::DecideEscalation && record.escalation.is_none() {
            return Err(Refusal::Rejected(Rejection::NotEscalated));
        }
        if !may(viewer, guard.action, record, guard.school) {
            // Who had it before a re-routing is told where it went, not that they have no right.
            if let Some(refusal) = moved_on(viewer, guard.action, record) {
                return Err(Refusal::Rejected(refusal));
            }
            return Err(Refusal::NotPermitted);
        }
        // A court's order is carried out, however much was written.
        let of_record = matches!(
            guard.action,
            Action::Erase | Action::Hold | Action::LiftHold | Action::Disclose
        );
        if record.events >= HISTORY_MAX && !(of_record && record.events < HISTORY_MAX + RESERVED) {
            return Err(Refusal::Rejected(Rejection::HistoryFull {
                events_max: HISTORY_MAX,
            }));
        }
    }
    Ok(())
}

/// Whether somebody with this sight of a loop hears of one of its events: the office's own notes stay in the office.
fn hears_of(sight: Sight, envelope: &contracts::Envelope) -> bool {
    let internal = Loop::read(envelope).is_ok_and(|event| event.is_internal());
    match sight {
        Sight::Nothing | Sight::Card => false,
        Sight::Loop => !internal,
        Sight::Office => true,
    }
}

/// Where somebody acts for a department that had the loop before: who has it now.
fn moved_on(viewer: &Claims, action: Action, record: &LoopRecord) -> Option<Rejection> {
    let with = record.with()?;
    let had = record
        .had_by
        .iter()
        .any(|department| *department != with.department && viewer.departments.contains(department));
    let for_departments = contracts::action::AUTHORITY
        .iter()
        .any(|(listed, _, scope)| *listed == action && *scope == contracts::action::Scope::HoldingDepartment);
    (had && for_departments).then_some(Rejection::WithAnother {
        department: with.department,
        since: with.since,
    })
}

impl Desk {
    /// Reads the loop that a command is about. Where the person may not know of it, it is not there.
    pub async fn open(&self, message: &CommandMessage) -> Result<Opened, Problem> {
        let subject = Subject::of_loop(&message.district, LoopId(message.thing));
        let history = self.recent.take(&subject);
        let opened = self.read_on(subject, history).await?;
        // Whoever did something here may ask again whether it was done, even if they no longer see the loop.
        if let Authority::Person(viewer) = &message.authority
            && sight(viewer, &opened.record().audience(&message.district)) == Sight::Nothing
            && !opened.was_done(message)
        {
            self.recent.keep(opened.subject, opened.history);
            return Err(Problem::not_found("loop"));
        }
        Ok(opened)
    }

    /// Opens the loop that a policy's command is about, as it was when the event happened that the command follows from.
    /// Nothing is read where that is known here, so what has happened since may be missing: see
    /// [`carry_out_as_told`](Self::carry_out_as_told).
    pub async fn open_after(&self, message: &CommandMessage, cause: Option<&Recorded>) -> Result<Opened, Problem> {
        let subject = Subject::of_loop(&message.district, LoopId(message.thing));
        let mut history = self.recent.take(&subject);
        if let Some(cause) = cause.filter(|cause| cause.subject == subject)
            && let Ok(true) = history.hear(cause)
            && history.state().record().is_some()
        {
            return Ok(Opened { subject, history });
        }
        self.read_on(subject, history).await
    }

    /// Everything that has happened to a loop until now.
    async fn read_on(&self, subject: Subject, mut history: History<Loop>) -> Result<Opened, Problem> {
        history
            .catch_up(&*self.log, &subject, 0)
            .await
            .map_err(|failure| failure.problem(|()| Problem::not_found("loop")))?;
        if history.state().record().is_none() {
            return Err(Problem::not_found("loop"));
        }
        Ok(Opened { subject, history })
    }

    /// The sequence of the last event of a loop that somebody may read of; nothing where they may not know of the loop.
    pub async fn last_read_by(&self, viewer: &Claims, id: LoopId) -> Result<Option<u64>, Problem> {
        let subject = Subject::of_loop(&viewer.district, id);
        let mut history = self.recent.take(&subject);
        history
            .catch_up(&*self.log, &subject, 0)
            .await
            .map_err(|failure| failure.problem(|()| Problem::not_found("loop")))?;
        let last = history.state().record().and_then(|record| {
            let sight = sight(viewer, &record.audience(&viewer.district));
            let read_of = |event: &&contracts::Recorded| hears_of(sight, &event.envelope);
            history
                .recorded()
                .iter()
                .rev()
                .find(read_of)
                .map(|event| event.sequence)
        });
        self.recent.keep(subject, history);
        Ok(last)
    }

    /// The answer to a command on a loop: what was done once is answered as it was ([`as_before`]).
    ///
    /// [`as_before`]: crate::as_before
    pub async fn as_before(&self, message: &CommandMessage, answer: Result<Done, Problem>) -> Result<Done, Problem> {
        let problem = match answer {
            Err(problem) if may_have_been_done(message, &problem) => problem,
            answer => return answer,
        };
        let subject = Subject::of_loop(&message.district, LoopId(message.thing));
        let mut history = self.recent.take(&subject);
        let found = history
            .catch_up(&*self.log, &subject, 0)
            .await
            .and_then(|()| done_before::<()>(history.recorded(), message));
        self.recent.keep(subject, history);
        match found {
            Ok(None) => Err(problem),
            Ok(Some(done)) => Ok(done),
            Err(failure) => Err(failure.problem(|()| problem)),
        }
    }

    /// A key that nothing is sealed under yet.
    pub async fn lease(&self) -> Result<KeyId, Problem> {
        self.keyring.lease().await.map_err(not_sealed)
    }

    /// Seals a text under a key of its own, so that it can be erased by itself. Wherever it is written again, it stays
    /// sealed as it is: erased in one place, it is erased in all.
    pub async fn seal<const MAX: usize>(&self, text: &Text<MAX>) -> Result<Sealed, Problem> {
        let key = self.lease().await?;
        self.keyring.seal(key, text.as_str()).await.map_err(not_sealed)
    }

    /// Seals a text where there is one.
    pub async fn seal_some<const MAX: usize>(&self, text: Option<&Text<MAX>>) -> Result<Option<Sealed>, Problem> {
        match text {
            Some(text) => self.seal(text).await.map(Some),
            None => Ok(None),
        }
    }

    /// Refuses whoever may not do this, before anything is looked up for it: what there is, is not for them. Whoever did
    /// it may ask again.
    pub fn permits(&self, opened: &Opened, message: &CommandMessage, action: Action) -> Result<(), Problem> {
        if opened.was_done(message) {
            return Ok(());
        }
        let guard = Guard { action, school: None };
        let permitted = permits(&message.district, &message.authority, &guard, opened.history.state());
        permitted.map_err(|refusal| self.explained(refusal, action, &message.district))
    }

    fn explained(&self, refusal: Refusal, action: Action, district: &contracts::District) -> Problem {
        match refusal {
            Refusal::NotVisible => Problem::not_found("loop"),
            Refusal::NotPermitted => not_permitted(action),
            Refusal::Rejected(rejection) => rejection.problem(&self.districts.names(district)),
        }
    }

    /// Carries a command on an opened loop out.
    pub async fn carry_out<C>(
        &self,
        opened: Opened,
        message: &CommandMessage,
        guard: &Guard,
        command: &C,
    ) -> Result<Done, Problem>
    where
        C: Decide<Loop, Rejection = Rejection> + Sync,
        C::Event: OwnedEvents,
    {
        self.carry_out_after(opened.subject, opened.history, message, guard, command)
            .await
            .map_err(|failure| self.problem(failure, message, guard))
    }

    /// Carries a policy's command out on what [`open_after`](Self::open_after) gave; nothing where more may have happened
    /// since. Then the loop is opened again, and what the command was made from looked up anew.
    pub async fn carry_out_as_told<C>(
        &self,
        opened: Opened,
        message: &CommandMessage,
        guard: &Guard,
        command: &C,
    ) -> Result<Option<Done>, Problem>
    where
        C: Decide<Loop, Rejection = Rejection> + Sync,
        C::Event: OwnedEvents,
    {
        let done = self.carry_out_after(opened.subject, opened.history, message, guard, command);
        match done.await {
            Ok(done) => Ok(Some(done)),
            Err(Failure::Behind) => Ok(None),
            Err(failure) => Err(self.problem(failure, message, guard)),
        }
    }

    fn problem(&self, failure: Failure<Refusal>, message: &CommandMessage, guard: &Guard) -> Problem {
        failure.problem(|refusal| self.explained(refusal, guard.action, &message.district))
    }

    /// Carries a command that begins a loop out.
    pub async fn begin<C>(
        &self,
        subject: Subject,
        message: &CommandMessage,
        guard: &Guard,
        command: &C,
    ) -> Result<Done, Problem>
    where
        C: Decide<Loop, Rejection = Rejection> + Sync,
        C::Event: OwnedEvents,
    {
        self.carry_out_after(subject, History::default(), message, guard, command)
            .await
            .map_err(|failure| self.problem(failure, message, guard))
    }

    async fn carry_out_after<C>(
        &self,
        subject: Subject,
        mut history: History<Loop>,
        message: &CommandMessage,
        guard: &Guard,
        command: &C,
    ) -> Result<Done, Failure<Refusal>>
    where
        C: Decide<Loop, Rejection = Rejection> + Sync,
        C::Event: OwnedEvents,
    {
        let target = Target {
            log: &*self.log,
            subject,
            now: self.clock.now(),
        };
        let guarded = Guarded {
            district: &message.district,
            authority: &message.authority,
            guard,
            command,
        };
        let result = execute(&target, &mut history, message, &guarded).await;
        self.recent.keep(target.subject, history);
        result
    }
}

impl Opened {
    /// What its history comes to.
    pub fn record(&self) -> &LoopRecord {
        match self.history.state() {
            Loop::Filed(record) => record,
            Loop::Absent => unreachable!("a loop is opened only where it was filed"),
        }
    }

    /// Whether somebody hears of an event of the loop.
    pub fn is_heard_of(&self, message: &CommandMessage, event: &contracts::Recorded) -> bool {
        match &message.authority {
            Authority::Person(viewer) => hears_of(
                sight(viewer, &self.record().audience(&message.district)),
                &event.envelope,
            ),
            Authority::Policy { .. } => true,
        }
    }

    /// Its events so far.
    pub fn recorded(&self) -> &[contracts::Recorded] {
        self.history.recorded()
    }

    /// Whether this very command was carried out before: then nothing needs to be looked up for it.
    pub fn was_done(&self, message: &CommandMessage) -> bool {
        self.history.was_done(message)
    }

    /// The school that a person speaks for in this loop: the one named, or the only one it can be.
    pub fn speaking_for(&self, authority: &Authority, named: Option<SchoolId>) -> Result<SchoolId, Problem> {
        if let Some(named) = named {
            return Ok(named);
        }
        let Authority::Person(viewer) = authority else {
            return Ok(self.record().filed_for);
        };
        let theirs = |gone: bool| -> Vec<SchoolId> {
            self.record()
                .parts
                .iter()
                .filter(|(school, part)| {
                    viewer.schools.contains(school) && (gone || !matches!(part.phase, Phase::Gone { .. }))
                })
                .map(|(school, _)| *school)
                .collect()
        };
        let mut candidates = theirs(false);
        if candidates.is_empty() {
            candidates = theirs(true);
        }
        match candidates.as_slice() {
            [one] => Ok(*one),
            [] => viewer.schools.iter().next().copied().ok_or_else(|| {
                Problem::forbidden("this is for a school in the loop to say; you speak for none of them")
            }),
            _ => Err(say_which_school()),
        }
    }
}

/// Asks which of several schools is meant.
pub(crate) fn say_which_school() -> Problem {
    Problem::invalid(
        "say which school you speak for: you have several here",
        vec![contracts::problem::FieldProblem {
            field: "school".to_owned(),
            message: "is needed".to_owned(),
        }],
    )
}

#[expect(clippy::needless_pass_by_value, reason = "it is used to map errors")]
fn not_sealed(error: SealingError) -> Problem {
    tracing::warn!(%error, "a text could not be sealed");
    Problem::unavailable("texts cannot be sealed for a moment; nothing was lost")
}

fn not_permitted(action: Action) -> Problem {
    let roles: std::collections::BTreeSet<&str> = contracts::action::AUTHORITY
        .iter()
        .filter(|(listed, _, _)| *listed == action)
        .map(|(_, role, _)| role.label())
        .collect();
    let roles: Vec<&str> = roles.into_iter().collect();
    Problem::forbidden(format!(
        "{} is for those in this loop who are: {}; ask one of them, or the central-office contact",
        action.slug(),
        roles.join(", ").to_lowercase()
    ))
}

#[cfg(test)]
mod tests;
