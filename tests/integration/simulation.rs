//! Thousands of whole worlds hold, everything that was promised occurs in them, and deliberate bugs are found.

use std::collections::BTreeMap;
use std::sync::Arc;

use contracts::ids::LoopId;
use domain::Loop;
use domain::directory::Districts;
use eventlog::Raw;
use loopline_tests::location;
use projection::{Model, ReadModel};
use simulation::{Options, Played, Report, Sabotage};
use sql::{Location, on};
use uuid::Uuid;

/// Worlds of one run of these tests, in parts so that they are played side by side.
const WORLDS: u64 = 2000;
const PARTS: u64 = 4;
/// Worlds in which each deliberate bug must be found.
const WORLDS_WITH_A_BUG: u64 = 200;

fn play(seed: u64, options: Options) -> Played {
    simulation::play(seed, options).expect("a runtime")
}

#[test]
fn whatever_happens_all_holds_and_everything_promised_occurs_in_the_first_worlds() {
    everything_promised_occurs_in_part(0);
}

#[test]
fn whatever_happens_all_holds_and_everything_promised_occurs_in_the_second_worlds() {
    everything_promised_occurs_in_part(1);
}

#[test]
fn whatever_happens_all_holds_and_everything_promised_occurs_in_the_third_worlds() {
    everything_promised_occurs_in_part(2);
}

#[test]
fn whatever_happens_all_holds_and_everything_promised_occurs_in_the_fourth_worlds() {
    everything_promised_occurs_in_part(3);
}

fn everything_promised_occurs_in_part(part: u64) {
    let mut report = Report::default();
    let size = WORLDS / PARTS;
    for seed in part * size + 1..=(part + 1) * size {
        let played = play(seed, Options::default());
        report.add(&played.report);
        if let Some(broken) = played.broken {
            panic!(
                "seed {seed}: {}\nits story: tests/simulate --seed {seed}",
                broken.sentence
            );
        }
    }
    // Shown by a runner that shows what passing tests say.
    eprintln!("{report}");
    assert_eq!(report.missing(), vec![], "these never occurred:\n{report}");
    assert_eq!(report.never_accepted(), vec![], "these were never accepted:\n{report}");
}

#[test]
fn a_seed_tells_the_same_story_each_time() {
    let told = Options {
        story: true,
        sabotage: None,
    };
    for seed in 1..=40 {
        let first = play(seed, told);
        let second = play(seed, told);
        assert!(first.story.len() > 20);
        assert_eq!(first.story, second.story, "seed {seed}");
        assert_eq!(first.report, second.report, "seed {seed}");
    }
}

/// What a bug breaks is said in one of these ways, and not in just any.
fn says(bug: Sabotage) -> &'static [&'static str] {
    match bug {
        Sabotage::DropsPolicyCommands => &[
            "waits for router",
            "nobody has",
            "nobody was asked about the appeal",
            "it does not stand in the register",
            "has not heard that its rule was changed",
            "waits for it still",
            "waits for a word of somebody who has left",
        ],
        Sabotage::StoresTwice => &["names", "is there twice"],
        Sabotage::AcknowledgesWithoutStoring => {
            &["the log has no event of it", "nothing stands", "its event stands at"]
        }
        Sabotage::WatchesIgnoringLag => &["although the read model was at"],
        Sabotage::NeverTicks => &["an answer still lies before", "is with a department that was closed"],
        Sabotage::OldDepartmentActs => &[
            "refused as with-another-department",
            "should have been 409 with-another-department",
        ],
        Sabotage::OpensTheWall => &["across the wall", "by somebody of another district"],
        Sabotage::ForgetsKeys => &["the log has no event of it", "carried out anew", "was acknowledged at"],
    }
}

#[test]
fn every_deliberate_bug_is_found_for_what_it_is() {
    for bug in Sabotage::ALL {
        let options = Options {
            story: false,
            sabotage: Some(bug),
        };
        let found: Vec<String> = (1..=WORLDS_WITH_A_BUG)
            .filter_map(|seed| play(seed, options).broken)
            .map(|broken| broken.sentence)
            .take(5)
            .collect();
        assert!(!found.is_empty(), "{bug:?} was not found");
        for sentence in found {
            let expected = says(bug);
            assert!(
                expected.iter().any(|words| sentence.contains(words)),
                "{bug:?}: {sentence}"
            );
        }
    }
}

#[tokio::test]
async fn the_tables_are_what_the_log_folds_to_however_it_was_fed() {
    // A world has a runtime of its own.
    let worlds: Vec<(u64, Played)> = std::thread::spawn(|| {
        (1..=WORLDS)
            .step_by(100)
            .map(|seed| (seed, play(seed, Options::default())))
            .collect()
    })
    .join()
    .expect("worlds");
    for (seed, played) in worlds {
        assert_eq!(played.broken, None, "seed {seed}");
        let location = location(false).await.expect("a folder");
        let raws = played.log.all();
        let log: eventlog::Log = Arc::new(played.log.clone());
        let watch = routing::open(&location, log.clone()).await.expect("it opens");
        let watch = fed(seed, &raws, watch, || {
            Arc::new(routing::read_model::Watch::new(log.clone()))
        })
        .await;
        watched_rows(seed, &played, &watch).await;
        timeline_rows(seed, &played, &location, &raws).await;
    }
}

/// Feeds a read model in batches of many sizes, with repeats, and with restarts that forget what was in memory.
async fn fed<M: ReadModel>(seed: u64, raws: &[Raw], mut model: Model<M>, fresh: impl Fn() -> Arc<M>) -> Model<M> {
    let (mut at, mut step) = (0, seed);
    while at < raws.len() {
        step = step
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let size = 1 + (step >> 33) as usize % 17;
        let until = (at + size).min(raws.len());
        let batch: Vec<_> = raws[at..until]
            .iter()
            .map(|raw| raw.parse().expect("an event"))
            .collect();
        let prepared = model.model.prepare(&model.db, &batch).await.expect("prepared");
        let mut tx = model.db.begin().await.expect("a transaction");
        model.model.write(&mut tx, &prepared).await.expect("taken in");
        if (step >> 20).is_multiple_of(5) {
            // It stops before this is committed, and takes it in once more when it is back.
            tx.rollback().await.expect("taken back");
            model.model.taken_back().await;
            model.model = fresh();
            continue;
        }
        tx.commit().await.expect("committed");
        model.model.committed(until as u64, prepared).await;
        at = until;
        if (step >> 25).is_multiple_of(7) {
            model.model = fresh();
        }
    }
    model
}

/// The loops and districts of a log, folded from zero.
fn folded(played: &Played) -> (BTreeMap<LoopId, Loop>, Districts) {
    let (mut loops, mut districts) = (BTreeMap::new(), Districts::default());
    for raw in played.log.all() {
        let recorded = raw.parse().expect("an event");
        if recorded.subject.thing == contracts::subjects::Thing::Loop {
            let state: &mut Loop = loops.entry(LoopId(recorded.subject.id)).or_default();
            let event = <Loop as domain::Fold>::read(&recorded.envelope).expect("read");
            domain::Fold::evolve(state, &recorded.meta(), &event);
        } else if let Ok(event) = contracts::events::DirectoryEvent::read(&recorded.envelope) {
            districts.evolve(&recorded.subject, recorded.sequence, &event);
        }
    }
    (loops, districts)
}

async fn watched_rows(seed: u64, played: &Played, watch: &Model<routing::read_model::Watch>) {
    let (loops, districts) = folded(played);
    type Row = (
        Uuid,
        String,
        Option<chrono::DateTime<chrono::Utc>>,
        i32,
        i32,
        Option<Uuid>,
    );
    let rows: Vec<Row> = on!(watch.db.across().await.expect("a connection"), rows => sqlx::query_as(
        "SELECT id, district, next_at, calendar_version, running, department FROM watch").fetch_all(rows).await)
    .expect("rows");
    assert_eq!(rows.len(), loops.len(), "seed {seed}");
    for (id, district, next_at, calendar_version, running, department) in rows {
        let slug = district.parse().expect("a slug");
        let of = districts.get(&slug).expect("the district");
        let record = loops[&LoopId(id)].record().expect("filed");
        let watched = routing::read_model::Watched::of(record, Some(of));
        assert_eq!(next_at, watched.next_at, "seed {seed}, loop {id}");
        assert_eq!(running == 1, watched.running, "seed {seed}, loop {id}");
        assert_eq!(department, watched.department.map(|id| id.0), "seed {seed}, loop {id}");
        // Which old calendar it is behind with depends on when it was looked at; whether it is, does not.
        if watched.running {
            let current = of.calendar().version as i32;
            assert_eq!(
                calendar_version < current,
                watched.calendar_version < current,
                "seed {seed}, loop {id}"
            );
        }
    }
}

async fn timeline_rows(seed: u64, played: &Played, location: &Location, raws: &[Raw]) {
    let keyring = played.keyring.clone();
    let log: eventlog::Log = Arc::new(played.log.clone());
    let open = |name: &'static str| timeline::open(location, name, log.clone(), keyring.clone());
    let fresh = || Arc::new(timeline::ReadModel::new(log.clone(), keyring.clone()));
    let model = fed(seed, raws, open("timeline").await.expect("it opens"), fresh).await;
    let (loops, _) = folded(played);
    let rows: Vec<(Uuid, String, i64, String)> =
        on!(model.db.across().await.expect("a connection"), rows => sqlx::query_as(
        "SELECT id, state, version, holder FROM loop_row").fetch_all(rows).await)
        .expect("rows");
    assert_eq!(rows.len(), loops.len(), "seed {seed}");
    for (id, state, version, holder) in rows {
        let record = loops[&LoopId(id)].record().expect("filed");
        let expected = (record.state().code(), record.version as i64, record.holder().code());
        assert_eq!(
            (state.as_str(), version, holder.as_str()),
            expected,
            "seed {seed}, loop {id}"
        );
    }
    // Fed all at once it is the same, row by row.
    let whole = open("whole").await.expect("it opens");
    let batch: Vec<_> = raws.iter().map(|raw| raw.parse().expect("an event")).collect();
    let prepared = whole.model.prepare(&whole.db, &batch).await.expect("prepared");
    let mut tx = whole.db.begin().await.expect("a transaction");
    whole.model.write(&mut tx, &prepared).await.expect("taken in");
    tx.commit().await.expect("committed");
    assert_eq!(
        super::read_models::rows(&whole.db).await,
        super::read_models::rows(&model.db).await,
        "seed {seed}"
    );
}
