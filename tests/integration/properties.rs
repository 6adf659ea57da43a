//! Random people do random things to one loop: whatever they do, the record stays legal and folds the same.

use contracts::envelope::Meta;
use contracts::events::LoopEvent;
use contracts::ids::{EventId, SchoolId};
use contracts::vocabulary::{AppealOutcome, DeclineGround, EscalatedTo, LoopState, ResolutionKind};
use decider::Decide;
use domain::samples::{department, filed, level, person, school, sealed};
use domain::{Calendar, Calendars, Fold, Loop, Rejection, legal};
use proptest::prelude::*;
use uuid::Uuid;

/// One random deed: what, by or for which of three schools or departments, and a number for the rest.
#[derive(Debug, Clone)]
struct Deed {
    what: u8,
    which: u8,
    number: u8,
    hours: u16,
}

fn deed() -> impl Strategy<Value = Deed> {
    (0..25_u8, 0..3_u8, 0..4_u8, 0..400_u16).prop_map(|(what, which, number, hours)| Deed {
        what,
        which,
        number,
        hours,
    })
}

struct Play {
    state: Loop,
    events: Vec<(Meta, LoopEvent)>,
    now: chrono::DateTime<chrono::Utc>,
}

impl Play {
    fn try_out<C>(&mut self, command: &C) -> bool
    where
        C: Decide<Loop, Rejection = Rejection>,
        C::Event: Into<LoopEvent>,
    {
        let Ok(Some(event)) = command.decide(&self.state, self.now) else {
            return false;
        };
        let event: LoopEvent = event.into();
        let before = self.state.record().map(domain::LoopRecord::state);
        assert!(
            legal::is_legal(before, event.kind()),
            "{} in {before:?} is not legal by the table",
            event.kind()
        );
        let sequence = self.events.len() as u64 + 1;
        let id = EventId(Uuid::from_u128(u128::from(sequence)));
        let meta = Meta {
            sequence,
            id,
            time: self.now,
            actor: person("somebody"),
        };
        self.state.evolve(&meta, &event);
        self.events.push((meta, event));
        true
    }
}

/// All calendars that a deed can bring a loop to.
fn calendars() -> Calendars {
    let calendar = |version| Calendar {
        version,
        ..Calendar::default()
    };
    (0..=4).map(calendar).collect()
}

fn play(play: &mut Play, deed: &Deed) -> bool {
    let schools: [SchoolId; 3] = [school("alder"), school("birch"), school("cedar")];
    let school = schools[usize::from(deed.which)];
    let to = department(["curriculum", "technology", "facilities"][usize::from(deed.which)]);
    let calendar = Calendar {
        version: u32::from(deed.number) + 1,
        ..Calendar::default()
    };
    let (now, words) = (play.now, || sealed("words"));
    let kind = ResolutionKind::ALL[usize::from(deed.number) % ResolutionKind::ALL.len()];
    let outcome = [None, Some(AppealOutcome::Uphold), Some(AppealOutcome::Overturn)][usize::from(deed.which)];
    let revision = (deed.number > 0).then_some(u32::from(deed.number));
    match deed.what {
        0 => play.try_out(&intake::domain::FileTension {
            tension: filed("alder"),
        }),
        1 => play.try_out(&intake::domain::Join {
            school,
            how_it_meets_us: None,
        }),
        2 => play.try_out(&intake::domain::Leave { school, why: None }),
        3 => play.try_out(&intake::domain::Withdraw {
            school,
            why: None,
            episode: revision,
        }),
        4 => play.try_out(&intake::domain::Answer {
            school,
            question: None,
            answer: words(),
        }),
        5 => play.try_out(&intake::domain::Confirm {
            school,
            revision,
            words: None,
        }),
        6 => play.try_out(&intake::domain::Refuse {
            school,
            revision,
            why: words(),
        }),
        7 => play.try_out(&intake::domain::Appeal {
            school,
            why: words(),
            episode: None,
        }),
        8 => play.try_out(&intake::domain::FollowUp {
            school,
            still_works: deed.number == 0,
            text: None,
        }),
        9 => play.try_out(&routing::domain::RouteFiled {
            chosen: (deed.number > 0).then(|| routing::domain::Chosen {
                department: to,
                by: contracts::events::routing::ChosenBy {
                    rules_version: 1,
                    rule: "r".to_owned(),
                    name: "R".to_owned(),
                },
                collaborators: Vec::new(),
                level: level(),
            }),
            rules_version: 1,
            calendar,
        }),
        10 => play.try_out(&routing::domain::Route {
            department: to,
            why: None,
            level: level(),
            calendar,
        }),
        11 => play.try_out(&routing::domain::Reroute {
            to,
            from: None,
            why: words(),
            episode: None,
            calendars: calendars(),
        }),
        12 => play.try_out(&routing::domain::Collaborate { department: to }),
        13 => play.try_out(&routing::domain::Escalate {
            to: if deed.which == 0 {
                EscalatedTo::Leader
            } else {
                EscalatedTo::Contact
            },
            why: None,
            may_ask_leader: true,
        }),
        14 => play.try_out(&routing::domain::DecideEscalation {
            regarding: None,
            may_decide: vec![EscalatedTo::Contact, EscalatedTo::Leader],
            outcome,
            decision: words(),
            why: None,
        }),
        15 => play.try_out(&routing::domain::ApplyCalendar {
            calendars: [Calendar::default(), calendar].into_iter().collect(),
        }),
        16 | 17 => play.try_out(&routing::domain::CheckClocks { calendars: calendars() }),
        18 => play.try_out(&resolution::domain::Acknowledge {
            word: words(),
            episode: None,
        }),
        19 => play.try_out(&resolution::domain::Ask {
            school: Some(school),
            question: words(),
            episode: None,
        }),
        20 => play.try_out(&resolution::domain::Note {
            text: words(),
            shared: deed.number == 0,
            department: Some(to),
        }),
        21 => play.try_out(&resolution::domain::Propose {
            kind,
            summary: words(),
            rationale: None,
            flexibility: None,
            promise: None,
            pattern: None,
            episode: None,
        }),
        22 => play.try_out(&resolution::domain::Decline {
            ground: DeclineGround::NonNegotiable,
            reason: words(),
            review_on: None,
            today: now.date_naive(),
            episode: None,
        }),
        23 => play.try_out(&resolution::domain::WithdrawResolution { why: words() }),
        _ => play.try_out(&resolution::domain::StateAnswer {
            granted: deed.which == 0,
            text: None,
            revision: None,
            flexibility: None,
        }),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_people_do_the_record_is_legal_and_folds_the_same(deeds in proptest::collection::vec(deed(), 1..80)) {
        let mut played = Play { state: Loop::Absent, events: Vec::new(), now: loopline_tests::monday() };
        play(&mut played, &Deed { what: 0, which: 0, number: 0, hours: 0 });
        for deed in &deeds {
            played.now += chrono::Duration::hours(i64::from(deed.hours));
            play(&mut played, deed);
        }
        let record = played.state.record().expect("it was filed");
        // Folding from zero, also by way of the stored form of the state, gives the same.
        let mut folded = Loop::default();
        for (meta, event) in &played.events {
            folded.evolve(meta, event);
            let stored = serde_json::to_string(&folded).expect("json");
            folded = serde_json::from_str(&stored).expect("the same");
        }
        prop_assert_eq!(&folded, &played.state);
        // It has ended, or somebody named has the next step.
        let holder = record.holder();
        prop_assert_eq!(record.is_ended(), holder == contracts::queries::Holder::Nobody);
        prop_assert_eq!(record.is_ended(), record.ended_at.is_some());
        // The state of the whole is the least advanced of its parts.
        let least = record.parts.keys().map(|school| record.state_of(*school)).min();
        prop_assert_eq!(Some(record.state()), least);
        // While it stands still no clock has a date, and none runs when it has ended.
        let due = record.due(&Calendar::default());
        // It stands still: a date can only be one that had passed before the pause began.
        if let Some(pause) = record.time.waits.last().filter(|pause| pause.to.is_none()) {
            for day in [due.acknowledge, due.next_word, due.resolve].into_iter().flatten() {
                prop_assert!(Calendar::default().end_of(day) <= pause.from, "{day} while paused since {}", pause.from);
            }
        }
        if record.is_ended() {
            prop_assert_eq!(due, contracts::events::routing::Due::default());
        }
        // A loop whose every school is closed has confirmations of the current revision, or ended without a word.
        if record.state() == LoopState::Closed {
            prop_assert!(record.questions.is_empty() && record.matter.is_none() && record.escalation.is_none());
        }
    }

    #[test]
    fn time_alone_always_comes_to_rest(deeds in proptest::collection::vec(deed(), 1..40), days in 0..400_i64) {
        let mut played = Play { state: Loop::Absent, events: Vec::new(), now: loopline_tests::monday() };
        play(&mut played, &Deed { what: 0, which: 0, number: 0, hours: 0 });
        for deed in &deeds {
            played.now += chrono::Duration::hours(i64::from(deed.hours) % 48);
            play(&mut played, deed);
        }
        played.now += chrono::Duration::days(days);
        let check = routing::domain::CheckClocks { calendars: calendars() };
        let mut rounds = 0;
        while played.try_out(&check) {
            rounds += 1;
            prop_assert!(rounds < 30, "time never comes to rest");
        }
    }
}
