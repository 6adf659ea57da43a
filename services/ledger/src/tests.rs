//! The ledger over a log in memory: what it holds is what the log held, others' software agrees, and whatever is done to
//! an exported record is refused and named.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use eventlog::memory::MemoryLog;
use runtime::Clock;
use signed_note::{Note, StandardVerifier, VerifierList};
use sql::Location;
use tlog_tiles::tile::{Tile, TileHashReader, TileReader};
use tlog_tiles::tlog::{self, Hash as TheirHash};
use verify::{Against, Fault, Report, Tampered};

use super::*;

const DISTRICT: &str = "cedar-valley";
const OTHER: &str = "oak-ridge";

fn signer(byte: u8) -> Signer {
    Signer::from_text(&BASE64.encode([byte; 32])).expect("a key")
}

fn thing(district: &str, number: u64) -> String {
    format!("loop.{district}.loop.00000000-0000-0000-0000-{number:012}")
}

/// An event as it stands in the log, only as much of it as a verifier reads.
fn event(district: &str, number: u64, kind: &str, previous: u64) -> Vec<u8> {
    let subject = format!("loop/00000000-0000-0000-0000-{number:012}");
    serde_json::json!({
        "id": format!("{kind}-{number}-{previous}"),
        "type": format!("org.loopline.x.{kind}.v1"),
        "subject": subject,
        "district": district,
        "previous": previous.to_string(),
        "data": {},
    })
    .to_string()
    .into_bytes()
}

/// A log with the beginnings of so many loops, in two districts.
fn log(loops: u64) -> MemoryLog {
    let log = MemoryLog::default();
    for number in 1..=loops {
        let district = if number % 3 == 0 { OTHER } else { DISTRICT };
        let subject = thing(district, number);
        let filed = log.force(&subject, &event(district, number, "tension_filed", 0));
        log.force(&subject, &event(district, number, "tension_routed", filed));
    }
    log
}

struct Kept {
    folder: tempfile::TempDir,
    ledger: Ledger,
}

/// A ledger that has taken a log in and signed it.
async fn kept(log: &MemoryLog, signer: Signer) -> Kept {
    let folder = tempfile::tempdir().expect("a folder");
    let ledger = Ledger::connect(
        &Location::Folder(folder.path().to_owned()),
        Arc::new(log.clone()),
        signer,
        Clock::by_hand(chrono::DateTime::from_timestamp(1_793_628_000, 0).expect("a moment")),
    )
    .await
    .expect("a ledger");
    ledger.catch_up().await.expect("taken in");
    Kept { folder, ledger }
}

async fn written(ledger: &Ledger, folder: &Path) {
    let district = DISTRICT.parse().expect("a district");
    ledger.export(&district, folder, |_, _| {}).await.expect("exported");
}

impl Kept {
    async fn exported(&self, name: &str) -> PathBuf {
        let folder = self.folder.path().join(name);
        written(&self.ledger, &folder).await;
        folder
    }

    fn keys(&self) -> Vec<String> {
        self.ledger.signer.verifier_keys(DISTRICT)
    }
}

fn check(folder: &Path, against: &Against) -> Result<Report, Fault> {
    verify::verify(folder, against, |_, _| {})
}

fn tampered(folder: &Path, against: &Against) -> Tampered {
    match check(folder, against) {
        Err(Fault::Tampered(tampered)) => tampered,
        other => panic!("{other:?}"),
    }
}

fn copied(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copied(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("copied");
        }
    }
}

/// The entries of a bundle.
fn entries(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut rest = bytes;
    let mut entries = Vec::new();
    while let Some((length, after)) = rest.split_at_checked(2) {
        let (entry, after) = after.split_at(usize::from(u16::from_be_bytes(length.try_into().expect("two bytes"))));
        entries.push(entry.to_vec());
        rest = after;
    }
    entries
}

fn bundled(entries: &[Vec<u8>]) -> Vec<u8> {
    entries
        .iter()
        .flat_map(|entry| {
            let length = u16::try_from(entry.len()).expect("a short entry").to_be_bytes();
            length.into_iter().chain(entry.iter().copied())
        })
        .collect()
}

#[tokio::test]
async fn what_the_log_held_is_what_a_ledger_proves() {
    let kept = kept(&log(600), signer(1)).await;
    let folder = kept.exported("record").await;
    let report = check(&folder, &Against::default()).expect("sound");
    assert_eq!((report.entries, report.things, report.unknown), (800, 400, 0));
    assert!(!report.key_was_given);
    let given = Against {
        keys: kept.keys(),
        ..Against::default()
    };
    assert!(check(&folder, &given).expect("sound").key_was_given);
}

/// Reads an exported folder for others' software.
struct Folder(PathBuf);

impl TileReader for Folder {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, tlog::Error> {
        let read = |tile: &Tile| {
            // Theirs names the height too; with tiles of eight levels, tlog-tiles leaves it out.
            let path = tile.path().replacen("tile/8/", "tile/", 1);
            std::fs::read(self.0.join(path)).map_err(|error| tlog::Error::InvalidInput(error.to_string()))
        };
        tiles.iter().map(read).collect()
    }

    fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
}

#[tokio::test]
async fn others_software_agrees() {
    let kept = kept(&log(600), signer(1)).await;
    let folder = kept.exported("record").await;
    let note = std::fs::read(folder.join("checkpoint")).expect("a checkpoint");
    let verifier = StandardVerifier::new(&kept.keys()[0]).expect("their key");
    let parsed = Note::from_bytes(&note).expect("their note");
    let (signatures, unknown) = parsed
        .verify(&VerifierList::new(vec![Box::new(verifier)]))
        .expect("their verdict");
    assert_eq!((signatures.len(), unknown.len()), (1, 0));
    let stated = tlog_tiles::checkpoint::Checkpoint::from_bytes(parsed.text()).expect("their checkpoint");
    assert_eq!(stated.size(), 800);
    assert_eq!(stated.origin(), kept.ledger.signer.origin(DISTRICT));
    let tiles = Folder(folder.clone());
    let reader = TileHashReader::new(stated.size(), *stated.hash(), &tiles);
    assert_eq!(&tlog::tree_hash(800, &reader).expect("their root"), stated.hash());
    let book = store::book(&kept.ledger.db, DISTRICT)
        .await
        .expect("read")
        .expect("an id");
    for index in [0, 1, 255, 256, 511, 767, 768, 799] {
        let theirs = tlog::prove_record(800, index, &reader).expect("their proof");
        let ours = book.proof(index, 800).await.expect("read").expect("a proof");
        let ours: Vec<TheirHash> = ours.into_iter().map(TheirHash).collect();
        assert_eq!(theirs, ours, "{index}");
    }
}

#[tokio::test]
async fn a_script_with_only_a_hash_library_agrees() {
    let kept = kept(&log(600), signer(1)).await;
    let folder = kept.exported("record").await;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/record/check.py");
    let checked = |folder: &Path| {
        let output = std::process::Command::new("python3")
            .arg(script)
            .arg(folder)
            .output()
            .expect("python3");
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        )
    };
    let report = check(&folder, &Against::default()).expect("sound");
    assert_eq!(checked(&folder), (Some(0), report.root));
    let file = folder.join("tile/entries/001");
    let mut bytes = std::fs::read(&file).expect("a bundle");
    bytes[100] ^= 1;
    std::fs::write(&file, bytes).expect("written");
    assert_eq!(checked(&folder).0, Some(3));
}

#[tokio::test]
async fn whatever_is_done_to_a_record_is_refused_and_named() {
    let kept = kept(&log(600), signer(1)).await;
    let sound = kept.exported("record").await;
    let against = Against {
        keys: kept.keys(),
        ..Against::default()
    };
    let work = kept.folder.path().join("spoiled");
    let spoiled = |what: &dyn Fn(&Path)| {
        let _ = std::fs::remove_dir_all(&work);
        copied(&sound, &work);
        what(&work);
        work.clone()
    };
    let bundle = |folder: &Path| folder.join("tile/entries/001");
    let change = |folder: &Path, how: &dyn Fn(&mut Vec<Vec<u8>>)| {
        let file = bundle(folder);
        let mut all = entries(&std::fs::read(&file).expect("a bundle"));
        how(&mut all);
        std::fs::write(file, bundled(&all)).expect("written");
    };
    // One bit of one entry; the tile beside it made to fit or not.
    let edited = tampered(&spoiled(&|folder| change(folder, &|all| all[7][60] ^= 1)), &against);
    assert_eq!(edited.entry, Some(256 + 7), "{edited}");
    let fitted = tampered(
        &spoiled(&|folder| {
            change(folder, &|all| {
                let last = all[7].len() - 1;
                all[7][last - 1] ^= 1;
            });
            let all = entries(&std::fs::read(bundle(folder)).expect("a bundle"));
            let tile: Vec<u8> = all.iter().flat_map(|entry| merkle::of_leaf(entry)).collect();
            std::fs::write(folder.join("tile/0/001"), tile).expect("written");
        }),
        &against,
    );
    assert!(fitted.what.contains("another root"), "{fitted}");
    // An entry taken out, two exchanged, one put in, the end cut off.
    let deleted = tampered(
        &spoiled(&|folder| {
            change(folder, &|all| {
                all.remove(9);
            });
        }),
        &against,
    );
    assert_eq!(deleted.entry, Some(256 + 9), "{deleted}");
    let swapped = tampered(&spoiled(&|folder| change(folder, &|all| all.swap(3, 4))), &against);
    assert_eq!(swapped.entry, Some(256 + 3), "{swapped}");
    let appended = tampered(
        &spoiled(&|folder| change(folder, &|all| all.push(b"forged".to_vec()))),
        &against,
    );
    assert!(appended.what.contains("more than its 256 entries"), "{appended}");
    let cut = tampered(
        &spoiled(&|folder| {
            let file = bundle(folder);
            let bytes = std::fs::read(&file).expect("a bundle");
            std::fs::write(file, &bytes[..bytes.len() / 2]).expect("written");
        }),
        &against,
    );
    assert!(cut.entry.is_some() && cut.what.contains("ends before it"), "{cut}");
    // A smaller size in the checkpoint, and one signed by somebody else.
    let restated = tampered(
        &spoiled(&|folder| {
            let file = folder.join("checkpoint");
            let note = std::fs::read_to_string(&file).expect("a checkpoint");
            std::fs::write(file, note.replacen("\n800\n", "\n512\n", 1)).expect("written");
        }),
        &against,
    );
    assert!(restated.what.contains("does not fit"), "{restated}");
    let resigned = tampered(
        &spoiled(&|folder| {
            let file = folder.join("checkpoint");
            let id = kept.ledger.signer.origin(DISTRICT);
            let forged = signer(2).checkpoint(DISTRICT, 800, &merkle::of_nothing());
            let forged = forged.replace(&signer(2).origin(DISTRICT), &id);
            std::fs::write(file, forged).expect("written");
        }),
        &against,
    );
    assert!(resigned.what.contains("no key that is known"), "{resigned}");
    // What is not there at all is another matter than what was changed.
    for missing in ["checkpoint", "tile/entries/002", "tile/0/000"] {
        let folder = spoiled(&|folder| {
            let file = folder.join(missing);
            std::fs::remove_file(file).expect("removed");
        });
        match check(&folder, &against) {
            Err(Fault::Missing(named)) => assert_eq!(named, missing),
            other => panic!("{missing}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_checkpoint_kept_outside_shows_an_old_copy_and_a_rewritten_record() {
    let whole = log(60);
    let old = MemoryLog::default();
    for raw in whole.all().into_iter().take(90) {
        old.force(&raw.subject, &raw.payload);
    }
    let before = kept(&old, signer(1)).await;
    let after = kept(&whole, signer(1)).await;
    let (old_folder, folder) = (before.exported("record").await, after.exported("record").await);
    let note = |folder: &Path| std::fs::read_to_string(folder.join("checkpoint")).expect("a checkpoint");
    let against = |name: &str, note: String| Against {
        keys: after.keys(),
        checkpoints: vec![(name.to_owned(), note)],
    };
    let report = check(&folder, &against("kept", note(&old_folder))).expect("an earlier state of it");
    assert_eq!(report.given, [60]);
    // An old backup was put back.
    let rolled_back = tampered(&old_folder, &against("kept", note(&folder)));
    assert!(rolled_back.what.contains("an old copy was put back"), "{rolled_back}");
    // Somebody who holds the key wrote the beginning anew.
    let rewritten = MemoryLog::default();
    for (nth, raw) in whole.all().into_iter().enumerate() {
        let payload = String::from_utf8_lossy(&raw.payload).replace("\"data\":{}", "\"data\":{\"changed\":true}");
        rewritten.force(&raw.subject, if nth == 2 { payload.as_bytes() } else { &raw.payload });
    }
    let anew = kept(&rewritten, signer(1)).await;
    let anew_folder = anew.exported("record").await;
    check(&anew_folder, &Against::default()).expect("nothing in it alone shows it");
    let shown = tampered(&anew_folder, &against("kept", note(&old_folder)));
    assert!(shown.what.contains("rewritten since"), "{shown}");
    // A checkpoint of another district's record says nothing of this one.
    let other = note(&folder).replace(DISTRICT, OTHER);
    assert!(check(&folder, &against("other", other)).is_err());
}

#[tokio::test]
async fn events_out_of_order_are_found_although_they_were_signed() {
    let log = log(3);
    log.force(&thing(DISTRICT, 9), &event(DISTRICT, 9, "case_acknowledged", 0));
    let folder_of = async |log: &MemoryLog| {
        let kept = kept(log, signer(1)).await;
        let folder = kept.exported("record").await;
        tampered(&folder, &Against::default())
    };
    let illegal = folder_of(&log).await;
    assert_eq!((illegal.entry, illegal.message), (Some(4), Some(7)), "{illegal}");
    assert!(illegal.what.contains("cannot begin"), "{illegal}");
    let unchained = MemoryLog::default();
    unchained.force(&thing(DISTRICT, 1), &event(DISTRICT, 1, "tension_filed", 0));
    unchained.force(&thing(DISTRICT, 1), &event(DISTRICT, 1, "tension_routed", 5));
    let broken = folder_of(&unchained).await;
    assert_eq!(broken.message, Some(2), "{broken}");
}

#[tokio::test]
async fn receipts_hold_and_spoiled_ones_do_not() {
    let kept = kept(&log(600), signer(1)).await;
    let book = store::book(&kept.ledger.db, DISTRICT)
        .await
        .expect("read")
        .expect("an id");
    let signed = book.latest().await.expect("read").expect("signed");
    let receipt_of = async |sequence: u64| {
        let (index, entry) = book.place(sequence).await.expect("read").expect("there");
        let proof = book.proof(index, 800).await.expect("read").expect("a proof");
        (index, note::receipt(&entry, index, &proof, &signed.note))
    };
    let keys = kept.keys();
    for sequence in [1, 2, 700, 1198] {
        let (index, text) = receipt_of(sequence).await;
        let receipt = verify::read_receipt(&text, &keys).expect("it holds");
        assert_eq!((receipt.index, receipt.size), (index, 800));
        assert_eq!(receipt.message, Some(sequence));
    }
    let (_, good) = receipt_of(700).await;
    let (_, other) = receipt_of(703).await;
    let lines: Vec<&str> = good.split('\n').collect();
    let with = |at: usize, line: &str| {
        let mut lines = lines.clone();
        lines[at] = line;
        lines.join("\n")
    };
    let without = |at: usize| {
        let mut lines = lines.clone();
        lines.remove(at);
        lines.join("\n")
    };
    let mut long = String::new();
    for _ in 0..70 {
        let _ = writeln!(long, "{}", lines[3]);
    }
    let spoiled = [
        ("empty", String::new()),
        ("another entry", with(1, other.split('\n').nth(1).expect("an entry"))),
        ("another index", with(2, "index 3")),
        ("an index beyond", with(2, "index 800")),
        ("an index not written as it must be", with(2, "index 0700")),
        ("a hash less", without(3)),
        ("a hash more", with(3, &format!("{}\n{}", lines[3], lines[3]))),
        ("many hashes", with(3, &format!("{long}{}", lines[3]))),
        ("no hash", with(3, "AAAA")),
        ("no entry", without(1)),
        ("too long", format!("{good}{}", " ".repeat(200_000))),
        (
            "no signature",
            good.split('\u{2014}').next().expect("a beginning").to_owned(),
        ),
        ("another size", good.replacen("\n800\n", "\n801\n", 1)),
    ];
    for (what, text) in spoiled {
        assert!(
            matches!(verify::read_receipt(&text, &keys), Err(Fault::Tampered(_))),
            "{what}"
        );
    }
    let others = signer(2).verifier_keys(DISTRICT);
    assert!(verify::read_receipt(&good, &others).is_err(), "a key of somebody else");
}

#[tokio::test]
async fn a_gap_is_an_alarm_and_the_rest_is_taken_in() {
    let log = log(10);
    log.lose(7);
    log.lose(8);
    log.lose(12);
    let kept = kept(&log, signer(1)).await;
    let alarms = store::alarms(&kept.ledger.db, 10).await.expect("read");
    let found: Vec<(&str, i64, i64)> = alarms
        .iter()
        .map(|alarm| (alarm.kind.as_str(), alarm.from_seq, alarm.to_seq))
        .collect();
    assert_eq!(found, [("gap", 12, 12), ("gap", 7, 8)]);
    assert_eq!(kept.ledger.reached().await.expect("read"), 20);
}

#[tokio::test]
async fn a_log_that_is_not_what_it_was_stops_the_ledger() {
    let whole = log(10);
    let kept = kept(&whole, signer(1)).await;
    let over = async |log: &MemoryLog| {
        let location = Location::Folder(kept.folder.path().to_owned());
        let ledger = Ledger::connect(&location, Arc::new(log.clone()), signer(1), kept.ledger.clock.clone())
            .await
            .expect("a ledger");
        ledger.compare().await
    };
    over(&whole).await.expect("as it was");
    let (shorter, altered) = (MemoryLog::default(), MemoryLog::default());
    for raw in whole.all() {
        if raw.sequence <= 15 {
            shorter.force(&raw.subject, &raw.payload);
        }
        let payload = if raw.sequence == 20 {
            b"{}".as_slice()
        } else {
            &raw.payload
        };
        altered.force(&raw.subject, payload);
    }
    assert!(matches!(
        over(&shorter).await,
        Err(Trouble::Damaged(Damage::Lost { from: 16, to: 20 }))
    ));
    assert!(matches!(
        over(&altered).await,
        Err(Trouble::Damaged(Damage::Altered { at: 20 }))
    ));
}

#[tokio::test]
async fn nothing_in_the_ledger_can_be_changed_or_removed() {
    let kept = kept(&log(3), signer(1)).await;
    for table in ["ledger", "entry", "node", "signed"] {
        for change in [
            format!("DELETE FROM {table}"),
            format!("UPDATE {table} SET rowid = rowid"),
        ] {
            let statement = sqlx::AssertSqlSafe(change.clone());
            let mut tx = kept.ledger.db.begin().await.expect("a transaction");
            let refused = sql::on_tx!(&mut tx, conn => sqlx::query(statement).execute(&mut **conn).await.map(|_| ()));
            assert!(refused.is_err(), "{change}");
        }
    }
}

#[tokio::test]
async fn another_key_file_is_refused() {
    let log = log(3);
    let kept = kept(&log, signer(1)).await;
    let location = Location::Folder(kept.folder.path().to_owned());
    let other = Ledger::connect(&location, Arc::new(log), signer(2), kept.ledger.clock.clone()).await;
    assert!(other.expect_err("refused").to_string().contains("key file"));
}

#[tokio::test]
async fn a_ledger_goes_on_where_it_was() {
    let log = log(100);
    let first = kept(&log, signer(1)).await;
    for number in 101..=400 {
        log.force(&thing(DISTRICT, number), &event(DISTRICT, number, "tension_filed", 0));
    }
    let location = Location::Folder(first.folder.path().to_owned());
    let again = Ledger::connect(&location, Arc::new(log.clone()), signer(1), first.ledger.clock.clone())
        .await
        .expect("a ledger");
    again.catch_up().await.expect("taken in");
    let folder = first.exported("record").await;
    let report = check(&folder, &Against::default()).expect("sound");
    assert_eq!((report.entries, report.older), (134 + 300, 1));
    let once = kept(&log, signer(1)).await;
    let whole = check(&once.exported("record").await, &Against::default()).expect("sound");
    assert_eq!(whole.root, report.root, "in one go or in two, the tree is the same");
}

#[tokio::test]
async fn damage_and_a_new_key_are_said_in_each_districts_record() {
    let log = log(10);
    // The last of its loop: a lost one with others after it would be missed by their chain.
    log.lose(8);
    let first = kept(&log, signer(1)).await;
    let said = |kind: &str| {
        let of_record = |raw: &eventlog::Raw| {
            raw.subject.contains(".record.") && String::from_utf8_lossy(&raw.payload).contains(kind)
        };
        log.all().iter().filter(|raw| of_record(raw)).count()
    };
    for _ in 0..2 {
        first.ledger.catch_up_notes().await.expect("said");
        assert_eq!(said("damage_found"), 2, "once in each district's");
    }
    // The key is changed: a second secret is added to the file.
    let keys = format!("{}\n{}\n", BASE64.encode([1; 32]), BASE64.encode([2; 32]));
    let location = Location::Folder(first.folder.path().to_owned());
    let changed = Ledger::connect(
        &location,
        Arc::new(log.clone()),
        Signer::from_text(&keys).expect("keys"),
        first.ledger.clock.clone(),
    )
    .await
    .expect("the same ledger");
    changed.catch_up().await.expect("taken in");
    for _ in 0..2 {
        changed.catch_up_notes().await.expect("said");
        assert_eq!(said("signing_key_changed"), 2);
    }
    changed.catch_up().await.expect("taken in");
    let folder = first.folder.path().join("record");
    written(&changed, &folder).await;
    // Whoever knows the old key alone can still check it, and whoever knows the new one.
    let each = changed.signer.verifier_keys(DISTRICT);
    assert_eq!(each.len(), 2);
    // Those from before the new key are signed by the old one alone.
    for (key, unknown) in each.into_iter().zip([1, 0]) {
        let against = Against {
            keys: vec![key],
            ..Against::default()
        };
        assert_eq!(check(&folder, &against).expect("sound").older_unknown, unknown);
    }
    check(&folder, &Against::default()).expect("sound with both");
}

#[tokio::test]
async fn a_log_that_changes_under_a_running_ledger_stops_it_and_says_so() {
    let log = log(10);
    let kept = kept(&log, signer(1)).await;
    let (lifecycle, health) = (Lifecycle::default(), Health::default());
    let every = std::time::Duration::from_millis(10);
    let running = tokio::spawn(take::run(kept.ledger.clone(), lifecycle, health.clone(), every));
    log.lose(20);
    // It ends by itself, though nobody asked it to.
    running.await.expect("it ended");
    let said = health.parts().remove(PART);
    assert!(
        matches!(&said, Some(runtime::health::State::Stopped(why)) if why.contains("message 20")),
        "{said:?}"
    );
    log.force(&thing(DISTRICT, 11), &event(DISTRICT, 11, "tension_filed", 0));
    assert_eq!(
        kept.ledger.reached().await.expect("read"),
        20,
        "nothing more is taken in"
    );
    let alarms = store::alarms(&kept.ledger.db, 10).await.expect("read");
    assert_eq!((alarms.len(), alarms[0].kind.as_str()), (1, "altered"));
}

/// Packs a folder, each file as `change` leaves it; nothing where it is left out.
fn zipped(folder: &Path, file: PathBuf, change: impl Fn(&str, Vec<u8>) -> Option<Vec<u8>>) -> PathBuf {
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&file).expect("a file"));
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let inside = path
                .strip_prefix(folder)
                .expect("inside")
                .to_string_lossy()
                .into_owned();
            if let Some(bytes) = change(&inside, std::fs::read(&path).expect("read")) {
                zip.start_file(inside, zip::write::SimpleFileOptions::default())
                    .expect("begun");
                std::io::Write::write_all(&mut zip, &bytes).expect("written");
            }
        }
    }
    zip.finish().expect("finished");
    file
}

#[tokio::test]
async fn a_zip_file_is_checked_as_the_folder_is() {
    let kept = kept(&log(600), signer(1)).await;
    let folder = kept.exported("record").await;
    let file = |name: &str| kept.folder.path().join(name);
    let against = Against::default();
    let whole = zipped(&folder, file("whole.zip"), |_, bytes| Some(bytes));
    assert_eq!(
        check(&whole, &against).expect("sound"),
        check(&folder, &against).expect("sound")
    );
    let changed = zipped(&folder, file("changed.zip"), |name, mut bytes| {
        if name == "tile/entries/001" {
            bytes[100] ^= 1;
        }
        Some(bytes)
    });
    assert_eq!(tampered(&changed, &against).entry, Some(256));
    let without = zipped(&folder, file("without.zip"), |name, bytes| {
        (name != "tile/0/002").then_some(bytes)
    });
    let missing = check(&without, &against);
    assert!(
        matches!(&missing, Err(Fault::Missing(name)) if name == "tile/0/002"),
        "{missing:?}"
    );
}
