//! A world: the services, what is under way in them, and what callers were told.

use std::sync::Arc;
use std::task::{Context, Poll};

use chrono::{DateTime, Duration};
use contracts::District;
use contracts::envelope::Actor;
use contracts::events::directory::Closed;
use contracts::ids::LoopId;
use contracts::problem::Problem;
use contracts::subjects::{Subject, Thing};
use decider::Desk;
use eventlog::memory::{Chaos, MemoryLog};
use eventlog::{EventLog, Log};
use futures::FutureExt;
use futures::future::BoxFuture;
use futures::task::noop_waker_ref;
use projection::LiveDistricts;
use routing::Ticked;
use runtime::Clock;
use sealing::Keyring;

use crate::broken::Broken;
use crate::choose::Temper;
use crate::consumer::{Consumer, Stepped};
use crate::deed::Deed;
use crate::dice::Dice;
use crate::history::History;
use crate::register::Known;
use crate::report::Report;
use crate::roster::{self, Left, ROSTER};
use crate::services::{Answer, Services};
use crate::storm::{Storm, StormyLog, Weather};
use crate::watching::InMemory;
use crate::{Options, Played};

/// Why a command is sent.
#[derive(Debug, Clone)]
pub(crate) enum Task {
    /// For the first time, or again because nothing was known.
    Ask(usize),
    /// Once more, although it was answered.
    Repeat(usize),
    /// The same key with another content.
    Another(usize),
    /// By somebody of the other district.
    Wall(Box<Deed>),
}

/// A command in hand.
pub(crate) struct Call {
    pub task: Task,
    /// The log's head when it began.
    pub from: u64,
    /// Whether this command had been acknowledged before this call began.
    pub done_before: bool,
    pub future: BoxFuture<'static, Answer>,
}

/// A look at the time in hand.
pub(crate) struct Ticking {
    /// The log's head when it began.
    pub from: u64,
    pub future: BoxFuture<'static, Result<Ticked, Problem>>,
}

pub(crate) struct World {
    pub seed: u64,
    pub options: Options,
    pub dice: Dice,
    pub clock: Clock,
    pub log: Arc<StormyLog>,
    pub storm: Arc<Storm>,
    pub services: Arc<Services>,
    pub watching: Arc<InMemory>,
    pub known: Known,
    pub consumers: Vec<Consumer>,
    pub calls: Vec<Call>,
    pub ticking: Option<Ticking>,
    pub deeds: Vec<Deed>,
    pub later: Vec<(u32, Task)>,
    pub history: History,
    pub report: Report,
    pub story: Vec<String>,
    pub calendars: Vec<(u32, Vec<Closed>)>,
    pub views: [u64; 4],
    pub beat: u32,
    pub temper: Temper,
    pub ack_lost: u32,
}

/// Plays the world of a seed to its end.
pub(crate) async fn play(seed: u64, options: Options, keyring: Keyring) -> Played {
    let mut world = World::new(seed, options, keyring.clone());
    let broken = world.play().await.err();
    if let Some(broken) = &broken {
        world.tell(|| format!("it does not hold: {}", broken.sentence));
    }
    world.report.worlds = 1;
    Played {
        report: world.report,
        story: world.story,
        broken,
        log: world.log.inner.clone(),
        keyring,
    }
}

impl World {
    pub(crate) fn new(seed: u64, options: Options, keyring: Keyring) -> Self {
        let mut dice = Dice::new(seed, 0);
        // Any Monday of a year, so that clocks change in some worlds.
        let monday = DateTime::from_timestamp(1_793_620_800, 0).unwrap_or_default();
        let clock = Clock::by_hand(monday + Duration::weeks(dice.between(0, 52)));
        // One world in eight is calm: what breaks there breaks without any fault.
        let rough = !dice.chance(125);
        let scale = u32::from(rough);
        let weather = Weather {
            waits: 350,
            away: 8 * scale,
            lost_appends: 15 * scale,
            lost_words: 20 * scale,
            lost_messages: 40 * scale,
        };
        let chaos = Chaos {
            lost_acks: 0,
            lost_appends: 0,
            duplicates: 100 * scale,
            reorders: 100 * scale,
            delays: 100 * scale,
        };
        let inner = MemoryLog::new(seed, chaos);
        let storm = Arc::new(Storm::new(Dice::new(seed, 1), weather));
        let log = Arc::new(StormyLog {
            inner: inner.clone(),
            storm: storm.clone(),
            sabotage: options.sabotage,
        });
        let desk = || Desk {
            log: log.clone() as Log,
            keyring: keyring.clone(),
            clock: clock.clone(),
            districts: LiveDistricts::default(),
            recent: decider::Recent::default(),
        };
        let known = Known::new(inner.clone());
        let watching = Arc::new(InMemory::new(
            inner,
            storm.clone(),
            Dice::new(seed, 2),
            options.sabotage,
        ));
        watching.stays_behind(if rough { 250 } else { 0 });
        let services = Arc::new(Services {
            intake: desk(),
            routing: desk(),
            resolution: desk(),
            flexibility: desk(),
            ledger: desk(),
            watching: watching.clone(),
            left: Left::default(),
            storm,
            sabotage: options.sabotage,
        });
        let temper = Temper {
            joins: if dice.chance(500) { 40 } else { 6 },
            refuses: if dice.chance(300) { 12 } else { 4 },
            silent: if dice.chance(300) { 700 } else { 60 },
        };
        Self {
            seed,
            options,
            dice,
            clock,
            log,
            storm: services.storm.clone(),
            services,
            watching,
            known,
            consumers: Vec::new(),
            calls: Vec::new(),
            ticking: None,
            deeds: Vec::new(),
            later: Vec::new(),
            history: History::default(),
            report: Report::default(),
            story: Vec::new(),
            calendars: ROSTER.districts.iter().map(|_| (1, Vec::new())).collect(),
            views: [0; 4],
            beat: 0,
            temper,
            ack_lost: 30 * scale,
        }
    }

    async fn play(&mut self) -> Result<(), Broken> {
        self.begins().await?;
        let beats = self.dice.between(40, 75);
        for _ in 0..beats {
            self.beat().await?;
        }
        self.calm_down();
        self.comes_to_rest().await?;
        self.is_at_rest()?;
        self.two_years().await?;
        self.is_at_rest()?;
        self.nothing_is_unanswered()?;
        self.what_was_decided_is_done()?;
        self.repeats_change_nothing().await?;
        self.what_was_told_is_so()?;
        self.folds_are_the_same()
    }

    /// The districts are there, and policies listen.
    pub(crate) async fn begins(&mut self) -> Result<(), Broken> {
        for plan in &ROSTER.districts {
            for (subject, event) in &plan.facts {
                self.state(subject, event).await?;
            }
        }
        for policy in [
            intake::policies::WHEN_SPEAKER_LEFT_THEN_HAND_ON,
            routing::policies::WHEN_TENSION_FILED_THEN_ROUTE,
            routing::policies::WHEN_APPEALED_THEN_ESCALATE,
            routing::policies::WHEN_REOPENED_THEN_HAND_ON,
            flexibility::policies::WHEN_CONFIRMED_THEN_GRANT,
            flexibility::policies::WHEN_GRANTED_THEN_REPLACE_OLDER,
            flexibility::policies::WHEN_RULE_CORRECTED_THEN_CLARIFY,
            flexibility::policies::WHEN_REVISION_ADOPTED_THEN_CHANGE_THE_RULE,
            flexibility::policies::WHEN_STATE_ANSWERED_THEN_SAY_SO,
            resolution::policies::WHEN_GRANTED_THEN_SAY_SO,
        ] {
            self.consumers.push(Consumer::start(&self.log.inner, policy).await?);
        }
        self.views_catch_up(1000);
        Ok(())
    }

    /// Writes a line of the story.
    pub(crate) fn tell(&mut self, line: impl FnOnce() -> String) {
        if self.options.story {
            let now = self.clock.now().format("%Y-%m-%d %H:%M:%S");
            self.story.push(format!("{now}  {}", line()));
        }
    }

    /// States a fact of the directory.
    pub(crate) async fn state(
        &mut self,
        subject: &Subject,
        event: &contracts::events::DirectoryEvent,
    ) -> Result<(), Broken> {
        let earlier = self.log.inner.load(subject, 0, 0).await.unwrap_or_default();
        let previous = earlier.last().map_or(0, |raw| raw.sequence);
        let envelope = roster::envelope(subject, event, earlier.len() as u64, previous, self.clock.now());
        self.log
            .inner
            .append(subject, previous, &envelope)
            .await
            .map_err(|error| Broken::new(format!("a fact was not taken: {error}")))?;
        self.look()
    }

    /// Takes in what the log has got.
    pub(crate) fn look(&mut self) -> Result<(), Broken> {
        for raw in self.log.inner.since(self.history.position) {
            self.history.take_in(&raw, &mut self.report)?;
            if self.options.story
                && let Ok(recorded) = raw.parse()
                && recorded.subject.thing == Thing::Loop
            {
                let kind = recorded
                    .envelope
                    .event_type
                    .rsplit('.')
                    .nth(1)
                    .unwrap_or_default()
                    .to_owned();
                let name = self.name_of(&recorded.subject.district, LoopId(recorded.subject.id));
                let by = match &recorded.envelope.actor {
                    Actor::Person(person) => ROSTER
                        .person(&recorded.subject.district, *person)
                        .map_or_else(|| "somebody".to_owned(), |claims| claims.name.clone()),
                    Actor::Policy(policy) => policy.clone(),
                };
                self.tell(|| format!("    {:>4} {name} {kind} ({by})", raw.sequence));
            }
        }
        for fault in self.storm.faults() {
            self.report.fault(fault);
        }
        Ok(())
    }

    /// A loop's name in the story: its place among the filings.
    pub(crate) fn name_of(&self, district: &District, id: LoopId) -> String {
        let nth = self
            .deeds
            .iter()
            .position(|deed| deed.thing == id.0)
            .unwrap_or_default();
        format!("{district}#{nth}")
    }

    /// Sends a command.
    pub(crate) fn begin(&mut self, task: Task) -> Result<(), Broken> {
        self.look()?;
        let (deed, message) = match &task {
            Task::Ask(nth) | Task::Repeat(nth) => (&self.deeds[*nth], self.deeds[*nth].message()),
            Task::Another(nth) => (&self.deeds[*nth], self.deeds[*nth].with_another_body()),
            Task::Wall(deed) => (&**deed, deed.message()),
        };
        let done_before = deed.told.done.is_some();
        let future = self.services.call(deed.action, &message);
        self.calls.push(Call {
            task,
            from: self.history.position,
            done_before,
            future,
        });
        Ok(())
    }

    /// Begins to look at the time.
    pub(crate) fn begin_tick(&mut self) -> Result<(), Broken> {
        self.look()?;
        let (services, watching) = (self.services.clone(), self.watching.clone());
        self.ticking = Some(Ticking {
            from: self.history.position,
            future: Box::pin(async move { routing::tick(&services.routing, &*watching).await }),
        });
        // It reads the log's head at once.
        self.tick_goes_on().map(|_| ())
    }

    /// Lets one of all that is under way go on; false where there is nothing.
    pub(crate) async fn step(&mut self) -> Result<bool, Broken> {
        let (calls, consumers) = (self.calls.len(), self.consumers.len());
        let nth = self.dice.below(calls + consumers + usize::from(self.ticking.is_some()));
        let stepped = if nth < calls {
            self.poll_call(nth)?
        } else if nth < calls + consumers {
            let consumer = &mut self.consumers[nth - calls];
            consumer
                .step(&self.services, &mut self.dice, self.ack_lost, &mut self.report)
                .await?
        } else {
            self.tick_goes_on()?
        };
        if stepped == Stepped::WaitsForTime {
            // Longer than any pause between tries.
            tokio::time::advance(std::time::Duration::from_millis(50)).await;
        }
        Ok(stepped != Stepped::Idle)
    }

    fn poll_call(&mut self, nth: usize) -> Result<Stepped, Broken> {
        let context = &mut Context::from_waker(noop_waker_ref());
        match self.calls[nth].future.poll_unpin(context) {
            Poll::Pending if self.storm.stopped_here() => Ok(Stepped::Moved),
            Poll::Pending => Ok(Stepped::WaitsForTime),
            Poll::Ready(answer) => {
                let call = self.calls.swap_remove(nth);
                self.look()?;
                self.answered(&call, &answer)?;
                Ok(Stepped::Moved)
            }
        }
    }
}
