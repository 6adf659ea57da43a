//! Made-up lives of loops, legal by construction: each event is what the deciders of the services decide over the
//! state so far. They fill a log quickly, to measure what a log of that size costs.

use chrono::{DateTime, Utc};
use contracts::area::Area;
use contracts::claims::{Authority, Claims};
use contracts::commands::CommandMessage;
use contracts::envelope::{Envelope, Meta};
use contracts::events::intake::{Origin, Reach, TensionFiled};
use contracts::events::routing::{ChosenBy, ServiceLevel};
use contracts::events::{LoopEvent, OwnedEvents};
use contracts::ids::{CommandId, LoopId, SchoolId};
use contracts::sealed::Sealed;
use contracts::subjects::Subject;
use contracts::vocabulary::{DeclineGround, Kind, ResolutionKind, RuleSource, Urgency, Visibility};
use decider::{Decide, written};
use domain::{Calendar, Fold, Loop, Rejection};
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};
use sealing::{Keyring, SealingError};
use uuid::Uuid;

use super::words;

/// One thing that happens in a life.
#[derive(Debug, Clone, Copy)]
enum Step {
    Route,
    Acknowledge,
    Ask,
    Answer,
    Note,
    Join,
    Propose,
    Confirm,
    ConfirmToo,
    Refuse,
    Decline,
    Withdraw,
    FollowUp,
}

use Step::{
    Acknowledge, Answer, Ask, Confirm, ConfirmToo, Decline, FollowUp, Join, Note, Propose, Refuse, Route, Withdraw,
};

/// Lives and how many of a hundred are like that.
const LIVES: [(u32, &[Step]); 7] = [
    (
        30,
        &[Route, Acknowledge, Ask, Answer, Note, Note, Propose, Confirm, FollowUp],
    ),
    (
        20,
        &[
            Route,
            Acknowledge,
            Join,
            Note,
            Ask,
            Answer,
            Propose,
            Confirm,
            ConfirmToo,
        ],
    ),
    (15, &[Route, Acknowledge, Note, Propose, Refuse, Note, Propose, Confirm]),
    (
        12,
        &[
            Route,
            Acknowledge,
            Ask,
            Answer,
            Ask,
            Answer,
            Note,
            Note,
            Propose,
            Confirm,
            FollowUp,
        ],
    ),
    (10, &[Route, Acknowledge, Note, Decline]),
    (8, &[Route, Propose, Confirm]),
    (5, &[Route, Acknowledge, Withdraw]),
];
/// What begins late in the record is still under way at its end.
const UNDER_WAY: [&[Step]; 3] = [
    &[Route],
    &[Route, Acknowledge, Note],
    &[Route, Acknowledge, Ask, Answer, Propose],
];
/// Of the lives, the last of these per mille are still under way.
const UNDER_WAY_PER_MILLE: u64 = 30;
/// Loops that go on side by side.
const SIDE_BY_SIDE: usize = 2000;

/// Who is in the made-up district.
#[derive(Debug)]
pub(super) struct Cast {
    /// One who reports, for each school.
    pub(super) reporters: Vec<Claims>,
    /// One who decides, for each department.
    pub(super) staff: Vec<Claims>,
    /// Which areas go to which department, by its place in `staff`.
    pub(super) areas: Vec<(&'static str, usize)>,
}

struct Life {
    id: LoopId,
    subject: Subject,
    state: Loop,
    steps: &'static [Step],
    next: usize,
    previous: u64,
    school: usize,
    other: usize,
    area: usize,
}

/// Makes one event after the other, in the order of time, loops side by side.
pub(super) struct Lives<'a> {
    cast: &'a Cast,
    keyring: Keyring,
    random: StdRng,
    open: Vec<Life>,
    loops: u64,
    begun: u64,
    begins: DateTime<Utc>,
    now: DateTime<Utc>,
    ends: DateTime<Utc>,
    sequence: u64,
    level: ServiceLevel,
}

impl<'a> Lives<'a> {
    /// Lives of `loops` loops between two moments, on a log whose last sequence is `head`.
    pub(super) fn new(
        cast: &'a Cast,
        keyring: Keyring,
        seed: u64,
        loops: u64,
        head: u64,
        between: (DateTime<Utc>, DateTime<Utc>),
    ) -> Self {
        Self {
            cast,
            keyring,
            random: StdRng::seed_from_u64(seed),
            open: Vec::new(),
            loops,
            begun: 0,
            begins: between.0,
            now: between.0,
            ends: between.1,
            sequence: head,
            level: ServiceLevel {
                id: "standard".to_owned(),
                name: "Standard".to_owned(),
                acknowledge_days: 3,
                next_word_days: 10,
                resolve_days: 30,
                due_soon_days: 2,
            },
        }
    }

    /// How many loops have begun.
    pub(super) fn begun(&self) -> u64 {
        self.begun
    }

    /// The next event with its subject, which must become the next message of the log; `None` at the end.
    pub(super) async fn next(&mut self) -> anyhow::Result<Option<(Subject, Envelope)>> {
        loop {
            let begins = self.begun < self.loops
                && (self.open.len() < SIDE_BY_SIDE.min(self.loops as usize / 4 + 1) || self.open.is_empty());
            if begins {
                let life = self.begin();
                self.open.push(life);
                let last = self.open.len() - 1;
                return self.file(last).await.map(Some);
            }
            if self.open.is_empty() {
                return Ok(None);
            }
            let which = self.random.random_range(0..self.open.len());
            if self.open[which].next == self.open[which].steps.len() {
                self.open.swap_remove(which);
                continue;
            }
            return self.step(which).await.map(Some);
        }
    }

    fn begin(&mut self) -> Life {
        let late = (self.loops - self.begun) * 1000 <= self.loops * UNDER_WAY_PER_MILLE;
        let steps = if late {
            UNDER_WAY[self.random.random_range(0..UNDER_WAY.len())]
        } else {
            let mut drawn = self.random.random_range(0..100);
            LIVES
                .iter()
                .find(|(share, _)| {
                    let here = drawn < *share;
                    drawn = drawn.saturating_sub(*share);
                    here
                })
                .map_or(LIVES[0].1, |(_, steps)| *steps)
        };
        self.begun += 1;
        // The time of a filing follows from its place among all; between filings little passes.
        let whole = (self.ends - self.begins).num_milliseconds();
        let at = self.begins
            + chrono::Duration::milliseconds((whole as f64 * (self.begun as f64 / self.loops as f64)) as i64);
        self.now = self.now.max(at);
        let id = LoopId(v7(self.now, &mut self.random));
        let district = self.cast.reporters[0].district.clone();
        let school = self.random.random_range(0..self.cast.reporters.len());
        Life {
            id,
            subject: Subject::of_loop(&district, id),
            state: Loop::default(),
            steps,
            next: 0,
            previous: 0,
            school,
            other: (school + 1 + self.random.random_range(0..self.cast.reporters.len() - 1))
                % self.cast.reporters.len(),
            area: self.random.random_range(0..self.cast.areas.len()),
        }
    }

    async fn file(&mut self, which: usize) -> anyhow::Result<(Subject, Envelope)> {
        let title = self.sealed(6).await?;
        let (school, area) = (self.open[which].school, self.open[which].area);
        let tension = TensionFiled {
            key: title.key,
            school: school_of(&self.cast.reporters[school]),
            origin: Origin::School,
            title,
            trying: self.sealed(24).await?,
            barrier: self.sealed(30).await?,
            tried: None,
            would_help: Some(self.sealed(12).await?),
            kind: Kind::ALL[self.random.random_range(0..Kind::ALL.len())],
            area: Area::from_code(self.cast.areas[area].0).unwrap_or_else(|| unreachable!("areas of the product")),
            rule_source: RuleSource::ALL[self.random.random_range(0..RuleSource::ALL.len())],
            citation: None,
            clause: None,
            pillars: Vec::new(),
            reach: Reach::default(),
            grades: Vec::new(),
            urgency: Urgency::Slowing,
            needed_by: None,
            visibility: Visibility::Joinable,
            linked_to: None,
        };
        let claims = self.cast.reporters[school].clone();
        self.decide(
            which,
            Authority::Person(claims),
            &intake::domain::FileTension { tension },
        )
    }

    async fn step(&mut self, which: usize) -> anyhow::Result<(Subject, Envelope)> {
        let life = &mut self.open[which];
        let step = life.steps[life.next];
        life.next += 1;
        let (school, other) = (life.school, life.other);
        let place = self.cast.areas[life.area].1;
        let here = school_of(&self.cast.reporters[school]);
        let there = school_of(&self.cast.reporters[other]);
        let reporter = Authority::Person(self.cast.reporters[school].clone());
        let neighbour = Authority::Person(self.cast.reporters[other].clone());
        let staff = self.cast.staff[place].clone();
        let department = *staff
            .departments
            .iter()
            .next()
            .unwrap_or_else(|| unreachable!("staff work somewhere"));
        let staff = Authority::Person(staff);
        let text = self.sealed(18).await?;
        match step {
            Route => {
                let command = routing::domain::RouteFiled {
                    chosen: Some(routing::domain::Chosen {
                        department,
                        by: ChosenBy {
                            rules_version: 1,
                            rule: "area".to_owned(),
                            name: "By area".to_owned(),
                        },
                        collaborators: Vec::new(),
                        level: self.level.clone(),
                    }),
                    rules_version: 1,
                    calendar: Calendar::default(),
                };
                let name = "when_tension_filed_then_route".to_owned();
                self.decide(which, Authority::Policy { name }, &command)
            }
            Acknowledge => self.decide(
                which,
                staff,
                &resolution::domain::Acknowledge {
                    word: text,
                    episode: None,
                },
            ),
            Ask => {
                let command = resolution::domain::Ask {
                    school: Some(here),
                    question: text,
                    episode: None,
                };
                self.decide(which, staff, &command)
            }
            Answer => {
                let command = intake::domain::Answer {
                    school: here,
                    question: None,
                    answer: text,
                };
                self.decide(which, reporter, &command)
            }
            Note => {
                let command = resolution::domain::Note {
                    text,
                    shared: true,
                    department: Some(department),
                };
                self.decide(which, staff, &command)
            }
            Join => {
                let command = intake::domain::Join {
                    school: there,
                    how_it_meets_us: Some(text),
                };
                self.decide(which, neighbour, &command)
            }
            Propose => {
                let kinds = [
                    ResolutionKind::AlreadyAllowed,
                    ResolutionKind::DistrictChange,
                    ResolutionKind::Support,
                ];
                let command = resolution::domain::Propose {
                    kind: kinds[self.random.random_range(0..kinds.len())],
                    summary: text,
                    rationale: None,
                    flexibility: None,
                    promise: None,
                    pattern: None,
                    episode: None,
                };
                self.decide(which, staff, &command)
            }
            Confirm => {
                let command = intake::domain::Confirm {
                    school: here,
                    revision: None,
                    words: None,
                };
                self.decide(which, reporter, &command)
            }
            ConfirmToo => {
                let command = intake::domain::Confirm {
                    school: there,
                    revision: None,
                    words: None,
                };
                self.decide(which, neighbour, &command)
            }
            Refuse => {
                let command = intake::domain::Refuse {
                    school: here,
                    revision: None,
                    why: text,
                };
                self.decide(which, reporter, &command)
            }
            Decline => {
                let command = resolution::domain::Decline {
                    ground: DeclineGround::NonNegotiable,
                    reason: text,
                    review_on: None,
                    today: self.now.date_naive(),
                    episode: None,
                };
                self.decide(which, staff, &command)
            }
            Withdraw => {
                let command = intake::domain::Withdraw {
                    school: here,
                    why: Some(text),
                    episode: None,
                };
                self.decide(which, reporter, &command)
            }
            FollowUp => {
                let command = intake::domain::FollowUp {
                    school: here,
                    still_works: true,
                    text: Some(text),
                };
                self.decide(which, reporter, &command)
            }
        }
    }

    /// Decides, writes and folds one event.
    fn decide<C>(&mut self, which: usize, authority: Authority, command: &C) -> anyhow::Result<(Subject, Envelope)>
    where
        C: Decide<Loop, Rejection = Rejection>,
        C::Event: OwnedEvents + Into<LoopEvent> + Clone,
    {
        let id = if self.open[which].previous == 0 {
            self.open[which].id.0
        } else {
            v7(self.now, &mut self.random)
        };
        let life = &mut self.open[which];
        let event = command
            .decide(&life.state, self.now)
            .map_err(|refusal| anyhow::anyhow!("a made-up life is not legal: {refusal:?}"))?
            .ok_or_else(|| anyhow::anyhow!("a made-up deed changes nothing"))?;
        let message = CommandMessage {
            id: CommandId(id),
            district: life.subject.district.clone(),
            thing: life.id.0,
            authority,
            request_hash: format!("{:032x}", id.as_u128()),
            based_on: None,
            caused_by: None,
            traceparent: None,
            body: serde_json::value::RawValue::NULL.to_owned(),
        };
        let envelope = written(&life.subject, &message, &event, life.previous, self.now)?;
        self.sequence += 1;
        life.previous = self.sequence;
        let meta = Meta {
            sequence: self.sequence,
            id: envelope.id,
            time: self.now,
            actor: envelope.actor.clone(),
        };
        life.state.evolve(&meta, &event.into());
        Ok((life.subject.clone(), envelope))
    }

    async fn sealed(&mut self, count: usize) -> Result<Sealed, SealingError> {
        let key = self.keyring.lease().await?;
        let text = words::sentence(&mut self.random, count);
        self.keyring.seal(key, &text).await
    }
}

fn school_of(claims: &Claims) -> SchoolId {
    *claims
        .schools
        .iter()
        .next()
        .unwrap_or_else(|| unreachable!("reporters speak for a school"))
}

/// A version 7 id of a moment.
fn v7(at: DateTime<Utc>, random: &mut StdRng) -> Uuid {
    let mut bytes = [0_u8; 10];
    random.fill_bytes(&mut bytes);
    uuid::Builder::from_unix_timestamp_millis(at.timestamp_millis().unsigned_abs(), &bytes).into_uuid()
}
