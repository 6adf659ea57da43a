//! Follows the log as it grows, and judges each event as it appears: the chain, the ids, the table of legal
//! transitions, whose it is, and what was promised of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use contracts::envelope::{Actor, Meta};
use contracts::events::{DirectoryEvent, FlexibilityEvent, LoopEvent, PatternEvent, ReviewEvent, WaiverEvent};
use contracts::ids::{CommandId, EventId, LoopId, PersonId, SchoolId};
use contracts::subjects::{Subject, Thing};
use contracts::versions::Unreadable;
use domain::directory::{DistrictRecord, Districts};
use domain::district_loop::Phase;
use domain::{Fold, Loop, LoopRecord, legal};
use eventlog::Raw;
use flexibility::read_model::concerns;
use uuid::Uuid;
use verify::{Happened, Order};

use crate::broken::{Broken, holds};
use crate::report::Report;
use crate::roster::ROSTER;
use crate::rows::clocks::Waits;
use crate::rows::{clocks, events};

/// One event of a loop, with the state after it.
#[derive(Debug)]
pub struct Seen {
    /// Its place and when.
    pub meta: Meta,
    /// The command that made it.
    pub command: CommandId,
    /// The digest of what was asked.
    pub digest: String,
    /// The place of the loop's event before.
    pub previous: u64,
    /// What happened.
    pub event: LoopEvent,
    /// The state after it.
    pub after: Box<LoopRecord>,
}

/// One loop's story so far.
#[derive(Debug)]
pub struct Story {
    /// Where it stands.
    pub subject: Subject,
    /// Its events in order.
    pub seen: Vec<Seen>,
    /// When its clocks stood still, by an account of our own.
    pub waits: Waits,
    /// The state as folded event by event.
    pub state: Loop,
}

/// All that was seen of the log.
#[derive(Debug, Default)]
pub struct History {
    /// Loops by id.
    pub loops: BTreeMap<LoopId, Story>,
    /// What districts have decided.
    pub districts: Districts,
    /// Up to where.
    pub position: u64,
    /// When somebody left.
    pub left_at: BTreeMap<PersonId, u64>,
    chains: BTreeMap<Subject, u64>,
    happened: BTreeMap<Subject, Happened>,
    ids: BTreeSet<EventId>,
    commands: BTreeSet<(Uuid, CommandId)>,
}

/// What may follow what, as those see it who verify a record without knowing what it means.
static ORDER: LazyLock<Order> = LazyLock::new(Order::shipped);

impl Story {
    /// The record after the last event.
    pub fn record(&self) -> &LoopRecord {
        let Some(last) = self.seen.last() else {
            unreachable!("a story begins with an event")
        };
        &last.after
    }

    /// The states the loop was in from one head of the log to another.
    pub fn between(&self, from: u64, to: u64) -> Vec<&LoopRecord> {
        let first = self
            .seen
            .partition_point(|seen| seen.meta.sequence <= from)
            .saturating_sub(1);
        self.seen[first..]
            .iter()
            .take_while(|seen| seen.meta.sequence <= to)
            .map(|seen| &*seen.after)
            .collect()
    }
}

impl History {
    /// Whether somebody spoke for a school by a command of a person that arrived after they had left: it was under way
    /// then, as for some seconds in a system that people use.
    pub fn came_after_leaving(&self, story: &Story, school: SchoolId, speaker: PersonId) -> bool {
        // Who spoke for a school before it left the loop does so again only if it joins again.
        let speaks = |record: &LoopRecord| {
            record.is_in(school) && record.parts.get(&school).and_then(|part| part.speaker) == Some(speaker)
        };
        let since = story.seen.iter().rev().take_while(|seen| speaks(&seen.after)).last();
        since.is_some_and(|seen| {
            seen.meta.actor.person().is_some()
                && self
                    .left_at
                    .get(&speaker)
                    .is_some_and(|left| *left < seen.meta.sequence)
        })
    }

    /// Takes one more message of the log in.
    pub fn take_in(&mut self, raw: &Raw, report: &mut Report) -> Result<(), Broken> {
        let recorded = raw
            .parse()
            .map_err(|garbled| Broken::new(format!("the log holds what is no event: {garbled}")))?;
        self.position = recorded.sequence;
        let (subject, envelope) = (&recorded.subject, &recorded.envelope);
        let sequence = recorded.sequence;
        let before = self.chains.insert(subject.clone(), sequence).unwrap_or(0);
        holds!(
            envelope.previous == before,
            "event {sequence} names {} as the one before it on {subject}, but that is {before}",
            envelope.previous
        );
        holds!(
            envelope.id == EventId::of(envelope.commandid, &subject.to_string()),
            "the id of event {sequence} does not follow from its command and subject"
        );
        holds!(self.ids.insert(envelope.id), "event {sequence} is there twice");
        holds!(
            self.commands.insert((subject.id, envelope.commandid)),
            "a command has two events, the second is {sequence}"
        );
        if let Actor::Person(person) = &envelope.actor {
            holds!(
                ROSTER.person(&subject.district, *person).is_some(),
                "event {sequence} of {} was made by somebody of another district",
                subject.district
            );
        }
        let kind = envelope.event_type.rsplit('.').nth(1).unwrap_or_default();
        let happened = self.happened.entry(subject.clone()).or_default();
        match ORDER.follow(subject.thing.token(), kind, *happened) {
            Some(Ok(now)) => *happened = now,
            Some(Err(illegal)) => return Err(Broken::new(format!("event {sequence}: {illegal}"))),
            None => return Err(Broken::new(format!("the table of orders does not know {kind}"))),
        }
        let unreadable = |error: Unreadable| Broken::new(error.to_string());
        match subject.thing {
            Thing::Flexibility => return FlexibilityEvent::read(envelope).map(|_| ()).map_err(unreadable),
            Thing::Pattern => return PatternEvent::read(envelope).map(|_| ()).map_err(unreadable),
            Thing::Waiver => return WaiverEvent::read(envelope).map(|_| ()).map_err(unreadable),
            Thing::Review => return ReviewEvent::read(envelope).map(|_| ()).map_err(unreadable),
            Thing::Loop
            | Thing::Record
            | Thing::District
            | Thing::School
            | Thing::Department
            | Thing::Zone
            | Thing::Import
            | Thing::Team
            | Thing::Person => {}
        }
        if subject.thing != Thing::Loop {
            let event = DirectoryEvent::read(envelope).map_err(|error| Broken::new(error.to_string()))?;
            if matches!(&event, DirectoryEvent::PersonRostered(rostered) if rostered.disabled) {
                self.left_at.insert(PersonId(subject.id), sequence);
            }
            self.districts.evolve(subject, sequence, &event);
            return Ok(());
        }
        let event = LoopEvent::read(envelope).map_err(|error| Broken::new(error.to_string()))?;
        holds!(
            envelope.source == format!("/loopline/{}", event.owner()),
            "event {sequence} says that {} made it",
            envelope.source
        );
        report.events += 1;
        let appeared = Appeared {
            meta: recorded.meta(),
            command: envelope.commandid,
            digest: envelope.requesthash.clone(),
            previous: envelope.previous,
            event,
        };
        self.next(subject.clone(), appeared, report)
    }

    fn next(&mut self, subject: Subject, new: Appeared, report: &mut Report) -> Result<(), Broken> {
        let sequence = new.meta.sequence;
        let district = self.districts.get(&subject.district);
        let story = self.loops.entry(LoopId(subject.id)).or_insert_with(|| Story {
            subject,
            seen: Vec::new(),
            waits: Waits::default(),
            state: Loop::default(),
        });
        let before = story.state.record().cloned();
        let was = before.as_ref().map(LoopRecord::state);
        let kind = new.event.kind();
        holds!(
            legal::is_legal(was, kind),
            "event {sequence}, {kind}, is not legal in {was:?}"
        );
        report.transition(kind, was);
        if let Some(last) = story.seen.last() {
            holds!(
                last.meta.time <= new.meta.time,
                "event {sequence} is older than the one before it"
            );
        }
        story.state.evolve(&new.meta, &new.event);
        let Some(after) = story.state.record() else {
            return Err(Broken::new(format!(
                "event {sequence}, {kind}, is a loop's first and no filing"
            )));
        };
        if before.as_ref().is_some_and(LoopRecord::is_ended) && !after.is_ended() {
            holds!(
                matches!(kind, "appealed" | "follow_up_recorded"),
                "event {sequence}, {kind}, opens a loop again, and nobody looks at who speaks in it"
            );
        }
        if let Some(before) = &before
            && !concerns(&new.event).words
        {
            let schools = |record: &LoopRecord| record.schools_in_it().collect::<BTreeSet<_>>();
            holds!(
                before.is_ended() == after.is_ended() && schools(before) == schools(after),
                "event {sequence}, {kind}, changes what the register finds a loop by, and the register does not look at it"
            );
        }
        let plain = DistrictRecord::default();
        let moment = Moment {
            before: before.as_ref(),
            after,
            event: &new.event,
            meta: &new.meta,
            district: district.unwrap_or(&plain),
            left_at: &self.left_at,
            earlier: &story.seen,
        };
        settled_parts_stand(&moment)?;
        events::judge(&moment, report)?;
        clocks::judge(&moment, &mut story.waits, report)?;
        let after = Box::new(after.clone());
        story.seen.push(Seen {
            meta: new.meta,
            command: new.command,
            digest: new.digest,
            previous: new.previous,
            event: new.event,
            after,
        });
        Ok(())
    }
}

struct Appeared {
    meta: Meta,
    command: CommandId,
    digest: String,
    previous: u64,
    event: LoopEvent,
}

/// One event with what stood before and after it.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    /// The record before.
    pub before: Option<&'a LoopRecord>,
    /// The record after.
    pub after: &'a LoopRecord,
    /// What happened.
    pub event: &'a LoopEvent,
    /// Where and when.
    pub meta: &'a Meta,
    /// The district as of then.
    pub district: &'a DistrictRecord,
    /// When somebody left.
    pub left_at: &'a BTreeMap<PersonId, u64>,
    /// The loop's events before.
    pub earlier: &'a [Seen],
}

/// What a school confirmed stands until a new revision asks it again or it says that it no longer works.
/// What a school said, whatever became of what it was promised.
fn said(phase: &Phase) -> Phase {
    match phase {
        Phase::Confirmed { revision, at, .. } => Phase::Confirmed {
            revision: *revision,
            at: *at,
            granted: true,
        },
        Phase::Open | Phase::Reopened | Phase::Unconfirmed { .. } | Phase::Declined { .. } | Phase::Gone { .. } => {
            phase.clone()
        }
    }
}

fn settled_parts_stand(moment: &Moment<'_>) -> Result<(), Broken> {
    let Some(before) = moment.before else {
        return Ok(());
    };
    let asks_again = matches!(
        moment.event.kind(),
        "resolution_proposed" | "resolution_revised" | "resolution_withdrawn" | "case_declined" | "follow_up_recorded"
    );
    for (school, part) in &before.parts {
        if matches!(part.phase, Phase::Confirmed { .. }) && !asks_again {
            let now = moment.after.parts.get(school).map(|part| &part.phase);
            // What it promised is granted meanwhile, or turned out not to be: the word of the school stands.
            let now = now.map(said);
            holds!(
                now == Some(said(&part.phase)),
                "event {}, {}, undid a school's confirmation",
                moment.meta.sequence,
                moment.event.kind()
            );
        }
    }
    Ok(())
}
