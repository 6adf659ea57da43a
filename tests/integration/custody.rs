//! Words that are erased are gone everywhere and the record holds; what is given out is proven word by word.

use loopline_tests::{DISTRICTS, People, Stack, files_with, location, on_both_databases};
use reqwest::Method;
use sealing::{JetStreamKeys, Keyring, MasterKey, SealingError};
use serde_json::{Value, json};
use sql::Location;
use std::path::Path;
use std::sync::Arc;
use verify::{Against, Fault};

on_both_databases!(
    erased_words_are_gone_everywhere_and_the_record_holds,
    what_is_given_out_is_proven_word_by_word,
    nothing_is_erased_while_it_is_held,
    words_beside_the_loops_are_erased_and_held_like_those_of_a_loop,
    what_was_taken_over_is_erased_where_it_was_written_and_a_hold_anywhere_holds
);

/// A name that stands nowhere else.
const NAME: &str = "Quillfeather";
/// What search keeps of it.
const STEM: &str = "quillfeath";

/// A tension that names a student by mistake, in its title and in what gets in the way.
async fn files_with_a_name(stack: &Stack) -> String {
    let body = json!({
        "title": format!("{NAME} has to sit through it again"),
        "trying": "Let students move on when they have mastered a unit.",
        "barrier": format!("Jamie {NAME} of grade 4 passed in March and sits there still."),
        "kind": "policy",
        "area": "seat_time",
    });
    let filed = stack.api("rosa").post("/api/v1/tensions", &body).await;
    assert_eq!(filed.status, 201, "{filed:?}");
    stack.comes_to_rest().await;
    filed.body["id"].as_str().expect("an id").to_owned()
}

/// The texts of a loop by the names that erasing asks for, with what they say.
async fn texts(stack: &Stack, person: &str, id: &str, at_least: u64) -> Vec<(String, String)> {
    let history = stack
        .api(person)
        .get_at(&format!("/api/v1/loops/{id}/timeline"), at_least)
        .await;
    let entries = history.body["items"].as_array().expect("items");
    let texts = entries
        .iter()
        .flat_map(|entry| entry["texts"].as_array().expect("texts"));
    let string = |value: &Value| value.as_str().expect("words").to_owned();
    texts
        .map(|text| (string(&text["text"]), string(&text["words"])))
        .collect()
}

fn named(texts: &[(String, String)]) -> Vec<String> {
    let with_it = texts.iter().filter(|(_, words)| words.contains(NAME));
    with_it.map(|(text, _)| text.clone()).collect()
}

async fn erased_words_are_gone_everywhere_and_the_record_holds(location: Location) {
    let stack = Stack::start(location.clone()).await;
    let id = files_with_a_name(&stack).await;
    let (rosa, marcus, carol) = (stack.api("rosa"), stack.api("marcus"), stack.api("carol"));
    // The answer is taken into the register word for word: there it is the same text.
    marcus
        .does(&id, "acknowledge", json!({"word": "We look into it."}))
        .await;
    let answer = json!({"kind": "school_exception", "summary": format!("{NAME} may move on.")});
    marcus.does(&id, "propose", answer).await;
    rosa.does(&id, "confirm", json!({"revision": 1})).await;
    stack.comes_to_rest().await;
    // That it is granted comes after.
    let confirmed = stack.log.head().await.expect("a head");
    let register = stack.api("carol").get_at("/api/v1/flexibilities", confirmed).await;
    assert!(register.body.to_string().contains(NAME), "{register:?}");
    let found = rosa.get_at(&format!("/api/v1/loops?q={NAME}"), confirmed).await;
    assert_eq!(found.body["items"].as_array().map(Vec::len), Some(1), "{found:?}");

    let before = texts(&stack, "carol", &id, confirmed).await;
    let chosen = named(&before);
    assert!(chosen.len() >= 3, "{before:?}");
    let body = json!({"texts": chosen, "ground": "names_student", "why": "a parent asked"});
    for person in ["rosa", "marcus", "ada", "sam"] {
        let refused = stack.api(person).tries(&id, "erase", body.clone()).await;
        assert_eq!(refused.status, 403, "{person}: {refused:?}");
    }
    let wrong = carol
        .tries(
            &id,
            "erase",
            json!({"texts": ["1/nothing"], "ground": "law", "why": "x"}),
        )
        .await;
    assert_eq!((wrong.status, wrong.problem()), (422, "no-such-text"), "{wrong:?}");
    let erased = carol.does(&id, "erase", body.clone()).await;
    let again = carol.tries(&id, "erase", body).await;
    assert_eq!((again.status, again.problem()), (409, "already-erased"), "{again:?}");

    // Whoever looks sees who erased it and when, in the place of the words; the rest stands.
    let seen = rosa.sees(&id, erased).await;
    assert_eq!(seen["title"], "[erased on 2 November 2026 by carol]", "{seen}");
    assert!(seen["trying"].as_str().expect("words").starts_with("Let students"));
    assert!(!seen.to_string().contains(NAME), "{seen}");
    for person in ["rosa", "marcus", "carol", "ada"] {
        let after = texts(&stack, person, &id, erased).await;
        assert!(named(&after).is_empty(), "{person}: {after:?}");
    }
    let found = rosa.get_at(&format!("/api/v1/loops?q={NAME}"), erased).await;
    assert_eq!(found.body["items"], json!([]), "{found:?}");
    let listed = rosa.get_at("/api/v1/loops", erased).await;
    assert!(!listed.body.to_string().contains(NAME), "{listed:?}");
    stack.comes_to_rest().await;
    let register = carol.get_at("/api/v1/flexibilities", erased).await;
    assert!(!register.body.to_string().contains(NAME), "{register:?}");
    let similar = stack
        .api("ann")
        .get_at(&format!("/api/v1/similar?text={NAME}+may+move+on"), erased)
        .await;
    assert!(!similar.body.to_string().contains(NAME), "{similar:?}");

    // The key is destroyed: whoever opens the log anew finds nothing.
    let client = stack.operator().client();
    loopline_tests::until("the keys are destroyed", async || {
        let anew = Keyring::new(Arc::new(JetStreamKeys::new(client.clone())), MasterKey::new([7; 32]));
        opened(&stack, &anew).await.iter().all(|words| !words.contains(NAME))
    })
    .await;
    // Words written later are kept as ever.
    let note = json!({"text": "The family was told.", "shared": true});
    let noted = marcus.does(&id, "note", note).await;
    assert!(
        texts(&stack, "rosa", &id, noted)
            .await
            .iter()
            .any(|(_, words)| words == "The family was told.")
    );

    leaves_no_trace(&stack, &location).await;
    stack.stop().await;
}

/// The record holds as before; nor does any table hold the name, in any form, while it goes on.
async fn leaves_no_trace(stack: &Stack, location: &Location) {
    stack.comes_to_rest().await;
    let folder = tempfile::tempdir().expect("a folder");
    let record = folder.path().join("record");
    stack.exports(DISTRICTS[0], &record).await;
    let report = verify::verify(&record, &Against::default(), |_, _| {}).expect("sound");
    assert_eq!(report.unknown, 0);
    if let Location::Folder(folder) = location {
        loopline_tests::until("no file holds the name", async || files_with(folder, STEM).is_empty()).await;
    }
}

/// Every text of the log that these keys open.
async fn opened(stack: &Stack, keyring: &Keyring) -> Vec<String> {
    let mut words = Vec::new();
    for sequence in 1..=stack.log.head().await.expect("a head") {
        let raw = stack.log.at(sequence).await.expect("read").expect("there");
        let Ok(recorded) = raw.parse() else { continue };
        let data: Value = serde_json::from_str(recorded.envelope.data.get()).expect("json");
        for (_, sealed) in contracts::sealed::texts_in(&data) {
            match keyring.open(&sealed).await {
                Ok(text) => words.push(text),
                Err(SealingError::Erased(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
    words
}

async fn nothing_is_erased_while_it_is_held(location: Location) {
    let stack = Stack::start(location).await;
    let id = files_with_a_name(&stack).await;
    let (ada, carol) = (stack.api("ada"), stack.api("carol"));
    let refused = carol.tries(&id, "hold", json!({"why": "x"})).await;
    assert_eq!(refused.status, 403, "who erases does not hold: {refused:?}");
    let held = ada.does(&id, "hold", json!({"why": "request 26-114"})).await;
    let erase = json!({"texts": ["all"], "ground": "names_student", "why": "a parent asked"});
    let refused = carol.tries(&id, "erase", erase.clone()).await;
    assert_eq!((refused.status, refused.problem()), (409, "held"), "{refused:?}");
    let seen = carol.sees(&id, held).await;
    assert_eq!(seen["holds"].as_array().map(Vec::len), Some(1), "{seen}");
    assert!(!seen["actions"].to_string().contains("\"erase\""), "{seen}");
    // The school neither sees that it is held nor for whom.
    let school = stack.api("rosa").sees(&id, held).await;
    assert_eq!(school["holds"], json!([]));
    assert!(
        !stack
            .api("rosa")
            .history(&id, held)
            .await
            .contains(&"hold_placed".to_owned())
    );
    let refused = carol.tries(&id, "lift-hold", json!({})).await;
    assert_eq!(refused.status, 403, "{refused:?}");
    ada.does(&id, "lift-hold", json!({"why": "answered"})).await;
    carol.does(&id, "erase", erase).await;

    // Somebody contests what is left: it stands beside it, for everybody in it.
    let statement = json!({"text": "He was never in grade 4.", "on_behalf_of": "his mother"});
    let stated = stack.api("rosa").does(&id, "contest", statement).await;
    let after = texts(&stack, "marcus", &id, stated).await;
    assert!(
        after.iter().any(|(_, words)| words == "He was never in grade 4."),
        "{after:?}"
    );
    let beyond = json!({"text": "x", "about": 1});
    let refused = stack.api("rosa").tries(&id, "contest", beyond).await;
    assert_eq!(refused.status, 422, "{refused:?}");
}

/// The files of a zip file, unpacked.
fn unpack(bytes: &[u8], into: &Path) {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).expect("a zip file");
    archive.extract(into).expect("unpacked");
}

async fn what_is_given_out_is_proven_word_by_word(location: Location) {
    let stack = Stack::start(location).await;
    let id = files_with_a_name(&stack).await;
    let (ada, marcus, carol) = (stack.api("ada"), stack.api("marcus"), stack.api("carol"));
    marcus
        .does(&id, "acknowledge", json!({"word": "=SUM(A1) is no formula here."}))
        .await;
    let noted = marcus
        .does(&id, "note", json!({"text": "Ask counsel first.", "shared": false}))
        .await;
    let mentions = texts(&stack, "carol", &id, noted).await;
    let place = |words: &str| {
        let found = mentions.iter().find(|(_, text)| text.contains(words));
        found.unwrap_or_else(|| panic!("{words}: {mentions:?}")).0.clone()
    };
    let erase = json!({"texts": [place("has to sit")], "ground": "names_student", "why": "a parent asked"});
    carol.does(&id, "erase", erase).await;
    let disclose = json!({
        "form": "public",
        "to": "The Herald",
        "withhold": [
            {"text": place("passed in March"), "ground": "student"},
            {"text": place("Ask counsel"), "ground": "counsel"},
        ],
    });
    assert_eq!(carol.tries(&id, "disclose", disclose.clone()).await.status, 403);
    let given = ada.does(&id, "disclose", disclose).await;
    let path = format!("/api/v1/loops/{id}/disclosed/{given}");
    assert_eq!(carol.get(&path).await.status, 403);
    let reply = ada.request(Method::GET, &path).send().await.expect("an answer");
    assert_eq!(reply.status(), 200);
    let bytes = reply.bytes().await.expect("a file");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("given.zip");
    std::fs::write(&file, &bytes).expect("written");
    let keys = reqwest::get(format!("http://{}/ledger/{}/keys", stack.address(), DISTRICTS[0]))
        .await
        .expect("an answer")
        .text()
        .await
        .expect("keys");
    let against = Against {
        keys: keys.lines().map(ToOwned::to_owned).collect(),
        checkpoints: Vec::new(),
    };
    assert!(verify::is_given_out(&file).expect("read"));
    let report = verify::verify_given(&file, &against).expect("sound");
    assert_eq!((report.loops, report.withheld, report.erased), (1, 2, 1), "{report:?}");
    assert!(report.key_was_given && report.words >= 2 && report.to == "The Herald");

    // What is kept back or erased stands nowhere in it, and no cell is a formula.
    let unpacked = folder.path().join("given");
    unpack(&bytes, &unpacked);
    let read = |name: &str| std::fs::read_to_string(unpacked.join(name)).expect(name);
    for name in [
        "texts.jsonl",
        "readable/index.html",
        "readable/events.csv",
        "disclosure.json",
    ] {
        let text = read(name);
        assert!(
            !text.contains(NAME) && !text.contains("counsel first"),
            "{name}: {text}"
        );
    }
    assert!(read("readable/events.csv").contains("'=SUM(A1)"));
    assert!(read("readable/index.html").contains("kept back: Advice of counsel"));

    // Whatever is changed in it is found.
    let tampered = |name: &str, change: &dyn Fn(String) -> String| {
        let copy = tempfile::tempdir().expect("a folder");
        unpack(&bytes, copy.path());
        let path = copy.path().join(name);
        let changed = change(std::fs::read_to_string(&path).expect(name));
        std::fs::write(&path, changed).expect("written");
        match verify::verify_given(copy.path(), &against) {
            Err(Fault::Tampered(wrong)) => wrong.to_string(),
            other => panic!("{name}: {other:?}"),
        }
    };
    let said = tampered("texts.jsonl", &|text| text.replace("is no formula", "is a formula"));
    assert!(said.contains("is not what was written"), "{said}");
    let said = tampered("texts.jsonl", &|text| {
        text.lines().skip(1).collect::<Vec<_>>().join("\n")
    });
    assert!(said.contains("nothing is said"), "{said}");
    let said = tampered("texts.jsonl", &|text| {
        let first = text.lines().find(|line| line.contains("\"given\"")).expect("one");
        format!("{}\n{text}", first.replace("\"words\":\"", "\"words\":\"Never "))
    });
    assert!(said.contains("two things are said"), "{said}");
    let said = tampered("texts.jsonl", &|text| {
        text.replace("\"withheld\"", "\"withheld\",\"words\":\"Not so\"")
    });
    assert!(said.contains("which is withheld"), "{said}");
    let said = tampered("disclosure.json", &|text| {
        let mut stated: Value = serde_json::from_str(&text).expect("json");
        let mut other = stated["loops"][0].clone();
        other["id"] = json!("another");
        other["up_to"] = json!(0);
        stated["loops"].as_array_mut().expect("loops").push(other);
        stated.to_string()
    });
    assert!(said.contains("of which nothing is given"), "{said}");
    let said = tampered("disclosure.json", &|text| text.replace("\"up_to\": ", "\"up_to\": 1"));
    assert!(said.contains("is said to go up to"), "{said}");
    let entries: Vec<_> = std::fs::read_dir(unpacked.join("entries")).expect("entries").collect();
    let mut entries: Vec<_> = entries.into_iter().map(|file| file.expect("a file").path()).collect();
    entries.sort();
    std::fs::remove_file(&entries[1]).expect("removed");
    match verify::verify_given(&unpacked, &against) {
        Err(Fault::Tampered(wrong)) => assert!(wrong.to_string().contains("something was left out"), "{wrong}"),
        other => panic!("{other:?}"),
    }
    // A record's own verifier says what it is.
    assert!(!verify::is_given_out(folder.path()).expect("read"));

    // A school's loops together, each written down.
    stack.api("rosa").files("scheduling").await;
    stack.comes_to_rest().await;
    let head = stack.log.head().await.expect("a head").to_string();
    let body = json!({"form": "auditor", "to": "The state", "school": People::school("alder")});
    let reply = ada
        .request(Method::POST, "/api/v1/disclosures")
        .header("Loopline-At-Least", head)
        .json(&body)
        .send()
        .await
        .expect("an answer");
    assert_eq!(reply.status(), 200);
    std::fs::write(&file, reply.bytes().await.expect("a file")).expect("written");
    let report = verify::verify_given(&file, &against).expect("sound");
    assert_eq!((report.loops, report.withheld, report.erased), (2, 0, 1), "{report:?}");
    let refused = carol.post("/api/v1/disclosures", &body).await;
    assert_eq!(refused.status, 403, "{refused:?}");
    let unknown = json!({"form": "public", "to": "x", "withhold": [{"text": "1/x", "ground": "law"}]});
    assert_eq!(ada.post("/api/v1/disclosures", &unknown).await.status, 422);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_that_come_back_are_destroyed_again() {
    let stack = Stack::start(location(false).await.expect("a folder")).await;
    let id = files_with_a_name(&stack).await;
    let client = stack.operator().client();
    let bucket = async_nats::jetstream::new(client.clone())
        .get_key_value(contracts::subjects::KEYS_BUCKET)
        .await
        .expect("the bucket");
    // A backup of the keys, taken before.
    let mut backup = Vec::new();
    let mut revision = 0;
    let keys = JetStreamKeys::new(client.clone());
    while let Some(kept) = keys.changed_after(revision).await.expect("read") {
        revision = kept.revision;
        backup.push((kept.name, kept.value));
    }
    let erase = json!({"texts": ["all"], "ground": "court_order", "why": "case 26-CV-9"});
    stack.api("carol").does(&id, "erase", erase).await;
    let anew = || Keyring::new(Arc::new(JetStreamKeys::new(client.clone())), MasterKey::new([7; 32]));
    let has_it = async || opened(&stack, &anew()).await.iter().any(|words| words.contains(NAME));
    loopline_tests::until("the keys are destroyed", async || !has_it().await).await;
    for (name, value) in backup {
        bucket.put(name, value.into()).await.expect("put back");
    }
    assert!(has_it().await, "the backup brings the words back");
    let restored = stack
        .record
        .restore(&eventlog::jetstream::Putting::new(client.clone()), &keys, |_, _| {})
        .await
        .expect("compared");
    assert_eq!(restored.put, 0);
    assert!(!has_it().await, "what was erased is erased again first");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_that_was_made_before_still_loses_its_keys() {
    let broker = loopline_tests::TestBroker::bare().await;
    let client = broker.connect("operator").await.client();
    let context = async_nats::jetstream::new(client.clone());
    let old = async_nats::jetstream::kv::Config {
        bucket: contracts::subjects::KEYS_BUCKET.to_owned(),
        history: 1,
        ..async_nats::jetstream::kv::Config::default()
    };
    context.create_key_value(old).await.expect("as it was made before");
    broker.prepare().await;
    let keyring = Keyring::new(Arc::new(JetStreamKeys::new(client.clone())), MasterKey::new([7; 32]));
    let key = keyring.lease().await.expect("a key");
    let sealed = keyring.seal(key, NAME).await.expect("sealed");
    keyring.destroy(key).await.expect("destroyed");
    keyring.destroy(key).await.expect("and once more");
    let anew = Keyring::new(Arc::new(JetStreamKeys::new(client.clone())), MasterKey::new([7; 32]));
    assert_eq!(anew.open(&sealed).await, Err(SealingError::Erased(key)));
    // What the pool was before is not there to be read either.
    let bucket = context
        .get_key_value(contracts::subjects::KEYS_BUCKET)
        .await
        .expect("the bucket");
    let mut info = bucket.stream.clone();
    assert_eq!(info.info().await.expect("known").state.messages, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_destroyed_key_leaves_no_older_pool_behind() {
    let broker = loopline_tests::TestBroker::start().await;
    let client = broker.connect("operator").await.client();
    let keyring = Keyring::new(Arc::new(JetStreamKeys::new(client.clone())), MasterKey::new([7; 32]));
    let key = keyring.lease().await.expect("a key");
    let context = async_nats::jetstream::new(client.clone());
    let bucket = context
        .get_key_value(contracts::subjects::KEYS_BUCKET)
        .await
        .expect("the bucket");
    // Somebody destroyed it and died before overwriting what the pool was.
    let name = key.pool.simple().to_string();
    let entry = bucket.entry(&name).await.expect("read").expect("a pool");
    let mut pool: Value = serde_json::from_slice(&entry.value).expect("json");
    pool["slots"][usize::from(key.slot)] = Value::Null;
    bucket
        .put(&name, serde_json::to_vec(&pool).expect("json").into())
        .await
        .expect("written");
    let mut stream = bucket.stream.clone();
    assert_eq!(stream.info().await.expect("known").state.messages, 2);
    keyring.destroy(key).await.expect("destroyed");
    assert_eq!(stream.info().await.expect("known").state.messages, 1);
}

async fn words_beside_the_loops_are_erased_and_held_like_those_of_a_loop(location: Location) {
    let stack = Stack::start(location.clone()).await;
    let (rosa, lena, carol, ada) = (
        stack.api("rosa"),
        stack.api("lena"),
        stack.api("carol"),
        stack.api("ada"),
    );
    // A part of the register, a review, and a person whom no roster knows.
    let words = json!({"says": "flexibility", "title": format!("{NAME} may move on"), "text": "Move on when a unit is mastered.",
        "conditions": format!("As {NAME} did in March."), "area": "seat_time", "rule": {"source": "habit"}});
    let written = lena.post("/api/v1/flexibilities", &words).await;
    let review = json!({"title": "The handbook", "purpose": format!("Since {NAME} asked."), "department": "curriculum",
        "due_on": "2027-01-15"});
    let opened_review = lena.post("/api/v1/reviews", &review).await;
    let person = json!({"name": format!("Pat {NAME}"), "title": "Tutor", "email": "pat@quillfeather.example"});
    let known = stack
        .signed_in("eve", "eve")
        .await
        .post("/api/v1/directory/people", &person)
        .await;
    let id = |reply: &loopline_tests::Reply| reply.body["id"].as_str().expect("an id").to_owned();
    let things = [
        ("flexibility", id(&written)),
        ("review", id(&opened_review)),
        ("person", id(&known)),
    ];
    stack.comes_to_rest().await;
    // Whoever may still come in keeps their name.
    let all = json!({"texts": ["all"], "ground": "law", "why": "x"});
    let here = carol
        .post(&format!("/api/v1/words/person/{}/erase", things[2].1), &all)
        .await;
    assert_eq!((here.status, here.problem()), (409, "still-here"), "{here:?}");
    let out = format!("/api/v1/directory/people/{}/disable", things[2].1);
    loopline_tests::until("they are kept out", async || {
        stack.api_with("eve").post(&out, &json!({})).await.status == 200
    })
    .await;
    let found = async |path: &str| {
        let head = stack.log.head().await.expect("a head");
        let read = carol.get_at(path, head).await;
        assert_eq!(read.status, 200, "{path}: {read:?}");
        read.body.to_string().contains(NAME)
    };
    let shown = [
        format!("/api/v1/flexibilities/{}", things[0].1),
        "/api/v1/flexibilities".to_owned(),
        "/api/v1/similar?text=move%20on%20mastered%20quillfeather".to_owned(),
        format!("/api/v1/reviews/{}", things[1].1),
    ];
    for path in &shown {
        assert!(found(path).await, "{path}");
    }
    let eve = stack.api_with("eve");
    let people = "/api/v1/directory/people?q=quillfeather".to_owned();
    let named = eve.get(&people).await;
    assert!(
        named.status == 200 && named.body.to_string().contains(NAME),
        "{named:?}"
    );
    let erase = json!({"texts": ["all"], "ground": "names_student", "why": "a parent asked"});
    for (of, id) in &things {
        let at = |deed: &str| format!("/api/v1/words/{of}/{id}{deed}");
        // Those who erase and those who hold look at them, and nobody else.
        for person in ["rosa", "lena", "sam", "south/carol"] {
            assert_eq!(stack.api(person).get(&at("")).await.status, 404, "{person} {of}");
            let refused = stack.api(person).post(&at("/erase"), &erase).await;
            assert!(matches!(refused.status, 403 | 404), "{person} {of}: {refused:?}");
        }
        assert_eq!(
            ada.post(&at("/erase"), &erase).await.status,
            403,
            "who holds does not erase"
        );
        assert_eq!(carol.post(&at("/hold"), &json!({"why": "x"})).await.status, 403);
        let before = carol.get(&at("")).await;
        assert_eq!(before.body["offers"], json!(["erase"]), "{before:?}");
        assert!(before.body["texts"].to_string().contains(NAME), "{before:?}");
        let held = ada.post(&at("/hold"), &json!({"why": "request 26-114"})).await;
        assert_eq!(held.status, 200, "{held:?}");
        let refused = carol.post(&at("/erase"), &erase).await;
        assert_eq!((refused.status, refused.problem()), (409, "held"), "{refused:?}");
        assert_eq!(ada.get(&at("")).await.body["offers"], json!(["hold", "release"]));
        assert_eq!(ada.post(&at("/release"), &json!({})).await.status, 200);
        let wrong = json!({"texts": ["1/nothing"], "ground": "law", "why": "x"});
        assert_eq!(carol.post(&at("/erase"), &wrong).await.status, 422, "{of}");
        let erased = carol.post(&at("/erase"), &erase).await;
        assert_eq!(erased.status, 200, "{of}: {erased:?}");
        let again = carol.post(&at("/erase"), &erase).await;
        assert_eq!((again.status, again.problem()), (409, "already-erased"), "{again:?}");
        let after = ada.get(&at("")).await.body;
        assert!(!after["texts"].to_string().contains(NAME), "{after}");
        assert_eq!(after["erased"][0]["by"], json!("carol"), "{after}");
        let said = json!("[erased on 2 November 2026 by carol]");
        let texts = after["texts"].as_array().expect("texts");
        assert!(texts.iter().any(|text| text["words"] == said), "{after}");
    }
    stack.comes_to_rest().await;
    for path in &shown {
        loopline_tests::until("it is gone", async || !found(path).await).await;
    }
    loopline_tests::until("the person has no name", async || {
        let head = stack.log.head().await.expect("a head");
        let read = eve.get_at(&people, head).await;
        read.status == 200 && !read.body.to_string().contains(NAME)
    })
    .await;
    let entry = rosa.get(&shown[0]).await.body;
    let said = "[erased on 2 November 2026 by the central-office contact]";
    assert_eq!(entry["title"], said, "{entry}");
    assert_eq!(entry["history"][0]["data"]["title"], said, "{entry}");
    let review = carol.get(&shown[3]).await.body;
    assert_eq!(review["title"], said, "{review}");

    // No key opens them.
    let client = stack.operator().client();
    loopline_tests::until("the keys are destroyed", async || {
        let anew = Keyring::new(Arc::new(JetStreamKeys::new(client.clone())), MasterKey::new([7; 32]));
        opened(&stack, &anew).await.iter().all(|words| !words.contains(NAME))
    })
    .await;
    leaves_no_trace(&stack, &location).await;
    // What comes in afterwards is known again: it is another text.
    let again = json!({"name": "Pat Later", "title": "Tutor"});
    let path = format!("/api/v1/directory/people/{}", things[2].1);
    assert_eq!(eve.post(&path, &again).await.status, 200);
    stack.stop().await;
}

/// Erases the texts of a thing beside the loops that have the name in them, one by one.
async fn erases_beside(stack: &Stack, of: &str, id: &str) -> loopline_tests::Reply {
    let carol = stack.api("carol");
    let view = carol.get(&format!("/api/v1/words/{of}/{id}")).await.body;
    let texts = view["texts"].as_array().expect("texts").iter();
    let named = texts.filter(|text| text["words"].as_str().is_some_and(|words| words.contains(NAME)));
    let named: Vec<&Value> = named.map(|text| &text["text"]).collect();
    let body = json!({"texts": named, "ground": "names_student", "why": "a parent asked"});
    carol.post(&format!("/api/v1/words/{of}/{id}/erase"), &body).await
}

async fn what_was_taken_over_is_erased_where_it_was_written_and_a_hold_anywhere_holds(location: Location) {
    let stack = Stack::start(location).await;
    let (rosa, marcus, lena, carol, ada) = (
        stack.api("rosa"),
        stack.api("marcus"),
        stack.api("lena"),
        stack.api("carol"),
        stack.api("ada"),
    );
    // An exception lends the register its loop's own title, and a corrected belief its words.
    let id = files_with_a_name(&stack).await;
    let correction =
        json!({"rule": {"source": "habit"}, "title": format!("No rule for {NAME}"), "text": "It is habit."});
    lena.does(&id, "correct-rule", correction).await;
    marcus
        .does(
            &id,
            "propose",
            json!({"kind": "school_exception", "summary": format!("{NAME} may move on.")}),
        )
        .await;
    rosa.does(&id, "confirm", json!({"revision": 1})).await;
    stack.comes_to_rest().await;
    let head = stack.log.head().await.expect("a head");
    let register = carol.get_at("/api/v1/flexibilities", head).await.body;
    let entries: Vec<String> = register["items"]
        .as_array()
        .expect("items")
        .iter()
        .filter(|row| row.to_string().contains(NAME))
        .map(|row| row["id"].as_str().expect("an id").to_owned())
        .collect();
    assert!(entries.len() >= 2, "{register}");
    for entry in &entries {
        let refused = erases_beside(&stack, "flexibility", entry).await;
        assert_eq!((refused.status, refused.problem()), (409, "taken-over"), "{refused:?}");
        let all = json!({"texts": ["all"], "ground": "law", "why": "x"});
        let nothing = carol
            .post(&format!("/api/v1/words/flexibility/{entry}/erase"), &all)
            .await;
        assert_eq!(
            (nothing.status, nothing.problem()),
            (409, "taken-over"),
            "none was written here: {nothing:?}"
        );
    }
    // What somebody wrote beside them goes by itself, and asked once more that is answered as it was.
    let granted = carol.sees(&id, head).await["resolution"]["flexibility"].clone();
    let granted = granted.as_str().expect("what it rests on");
    let more = json!({"readership": "staff", "text": format!("{NAME} showed it.")});
    let said = marcus
        .post(&format!("/api/v1/flexibilities/{granted}/publish-rationale"), &more)
        .await;
    assert_eq!(said.status, 200, "{said:?}");
    let everything = async || {
        let request = carol
            .request(
                reqwest::Method::POST,
                &format!("/api/v1/words/flexibility/{granted}/erase"),
            )
            .header("Idempotency-Key", "all of it");
        let all = json!({"texts": ["all"], "ground": "law", "why": "x"});
        carol.send(request.json(&all)).await
    };
    let first = everything().await;
    assert_eq!(first.status, 200, "{first:?}");
    let again = everything().await;
    assert_eq!((again.status, again.version()), (200, first.version()), "{again:?}");
    // A hold on the register's copy keeps the loop's words, too.
    let hold = format!("/api/v1/words/flexibility/{granted}/hold");
    assert_eq!(ada.post(&hold, &json!({"why": "request 26-114"})).await.status, 200);
    let body = json!({"texts": named(&texts(&stack, "carol", &id, head).await), "ground": "law", "why": "x"});
    let refused = carol.tries(&id, "erase", body.clone()).await;
    assert_eq!((refused.status, refused.problem()), (409, "held"), "{refused:?}");
    let release = format!("/api/v1/words/flexibility/{granted}/release");
    assert_eq!(ada.post(&release, &json!({})).await.status, 200);
    let erased = carol.does(&id, "erase", body).await;
    stack.comes_to_rest().await;
    let register = carol.get_at("/api/v1/flexibilities", erased).await;
    assert!(!register.body.to_string().contains(NAME), "{register:?}");

    // What was decided about a pattern answers loops: a hold on it keeps these, one on any of these keeps it.
    for person in ["rosa", "ann", "ben"] {
        let mut one = loopline_tests::tension("seat_time");
        one["rule_source"] = json!("board_policy");
        (one["citation"], one["clause"]) = (json!("Policy 9"), json!("section A"));
        assert_eq!(stack.api(person).post("/api/v1/tensions", &one).await.status, 201);
    }
    stack.comes_to_rest().await;
    let pattern = stack.patterns().await[0]["id"].as_str().expect("an id").to_owned();
    let propose = json!({"team": "The council", "department": "curriculum", "title": "Mastery counts",
        "text": format!("Every school may do as {NAME} did."), "rationale": "It works."});
    let address = format!("/api/v1/patterns/{pattern}");
    assert_eq!(
        carol
            .post(&format!("{address}/propose-revision"), &propose)
            .await
            .status,
        200
    );
    let decide = json!({"adopted": true, "decision": "Agreed."});
    assert_eq!(
        stack
            .api("ines")
            .post(&format!("{address}/decide-revision"), &decide)
            .await
            .status,
        200
    );
    stack.comes_to_rest().await;
    let head = stack.log.head().await.expect("a head");
    let decided = carol.get_at(&address, head).await.body["revision"]["decided"].clone();
    let answered = decided["answers"][0]["id"].as_str().expect("a loop").to_owned();
    let entry = decided["flexibility"].as_str().expect("an entry").to_owned();
    let refused = erases_beside(&stack, "flexibility", &entry).await;
    assert_eq!(refused.problem(), "taken-over", "{refused:?}");
    let of_pattern = |deed: &str| format!("/api/v1/words/pattern/{pattern}/{deed}");
    assert_eq!(ada.post(&of_pattern("hold"), &json!({"why": "x"})).await.status, 200);
    let shared = named(&texts(&stack, "carol", &answered, head).await);
    let body = json!({"texts": shared, "ground": "law", "why": "x"});
    let refused = carol.tries(&answered, "erase", body.clone()).await;
    assert_eq!((refused.status, refused.problem()), (409, "held"), "{refused:?}");
    assert_eq!(ada.post(&of_pattern("release"), &json!({})).await.status, 200);
    ada.does(&answered, "hold", json!({"why": "x"})).await;
    let refused = erases_beside(&stack, "pattern", &pattern).await;
    assert_eq!((refused.status, refused.problem()), (409, "held"), "{refused:?}");
    ada.does(&answered, "lift-hold", json!({})).await;
    let erased = erases_beside(&stack, "pattern", &pattern).await;
    assert_eq!(erased.status, 200, "{erased:?}");
    stack.comes_to_rest().await;
    let head = stack.log.head().await.expect("a head");
    for path in [
        address,
        format!("/api/v1/flexibilities/{entry}"),
        format!("/api/v1/loops/{answered}"),
    ] {
        loopline_tests::until("it is gone wherever it stood", async || {
            !carol.get_at(&path, head).await.body.to_string().contains(NAME)
        })
        .await;
    }
    stack.stop().await;
}
