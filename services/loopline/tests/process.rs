//! The real program as a process: it comes up, its broker lets nobody do what is not theirs, it survives what is
//! killed, and it comes back over the same folder and over a copy of it.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

struct Up {
    child: Child,
    address: String,
}

impl Up {
    /// Starts the program over a folder and waits for the address it prints.
    fn start(data: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_loopline"))
            .args(["up", "--demo", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .env("LOOPLINE_LOG", "warn")
            .env("LOOPLINE_NATS_SERVER", server())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut lines = BufReader::new(child.stderr.take().expect("standard error")).lines();
        let mut said = Vec::new();
        let address = loop {
            let line = lines
                .next()
                .unwrap_or_else(|| panic!("it ended: {said:?}"))
                .expect("text");
            if let Some(address) = line.split("Open ").nth(1) {
                break address.trim().to_owned();
            }
            said.push(line);
        };
        // What it says later must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    fn signal(&self, name: &str) {
        kill(self.child.id(), name);
    }

    fn ended_within(mut self, most: Duration) -> Option<i32> {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a status") {
                return status.code();
            }
            assert!(started.elapsed() < most, "it does not end");
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn server() -> PathBuf {
    let named = std::env::var_os("LOOPLINE_NATS_SERVER").map(PathBuf::from);
    named.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../.tools/nats-server"))
}

fn kill(pid: u32, signal: &str) {
    let sent = Command::new("kill")
        .args([format!("-{signal}"), pid.to_string()])
        .status()
        .expect("kill runs");
    assert!(sent.success());
}

fn broker_pid(data: &Path) -> u32 {
    let text = std::fs::read_to_string(data.join("nats/nats.pid")).expect("a broker's number");
    text.trim().parse().expect("a number")
}

fn is_alive(pid: u32) -> bool {
    // What has ended and was not yet waited for counts as gone.
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(
            started.elapsed() < Duration::from_secs(30),
            "it never came to be: {what}"
        );
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

struct Caller {
    client: reqwest::Client,
    token: String,
}

impl Caller {
    fn of(data: &Path, persona: &str) -> Self {
        let tokens: Value =
            serde_json::from_str(&std::fs::read_to_string(data.join("demo-tokens.json")).expect("tokens"))
                .expect("json");
        let token = tokens[persona].as_str().expect("a token").to_owned();
        Self {
            client: reqwest::Client::new(),
            token,
        }
    }

    async fn files(&self, up: &Up, key: &str) -> Option<String> {
        let body = json!({"title": "t", "trying": "x", "barrier": "y", "kind": "policy", "area": "scheduling"});
        let reply = self
            .client
            .post(format!("{}/api/v1/tensions", up.address))
            .bearer_auth(&self.token)
            .header("Idempotency-Key", key)
            .json(&body)
            .send()
            .await
            .expect("it answers");
        match reply.status().as_u16() {
            201 => Some(
                reply.json::<Value>().await.expect("json")["id"]
                    .as_str()
                    .expect("an id")
                    .to_owned(),
            ),
            503 => None,
            other => panic!("{other}"),
        }
    }

    async fn sees(&self, up: &Up, id: &str) -> u16 {
        let request = self
            .client
            .get(format!("{}/api/v1/loops/{id}", up.address))
            .bearer_auth(&self.token);
        request.send().await.expect("it answers").status().as_u16()
    }
}

async fn filed_once_settled(caller: &Caller, up: &Up, key: &str) -> String {
    let started = Instant::now();
    loop {
        if let Some(id) = caller.files(up, key).await {
            return id;
        }
        assert!(started.elapsed() < Duration::from_secs(30), "it never settles");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_killed_comes_back_and_nothing_acknowledged_is_lost() {
    let home = tempfile::tempdir().expect("a folder");
    let data = home.path().join("data");
    let up = Up::start(&data);
    let ready = reqwest::get(format!("{}/readyz", up.address))
        .await
        .expect("it answers");
    assert_eq!(ready.status(), 200, "what it prints is ready");
    let rosa = Caller::of(&data, "reporter");
    let mut filed = vec![filed_once_settled(&rosa, &up, "before").await];

    // The broker is killed: it is started again, and the same key settles what was under way.
    let first = broker_pid(&data);
    kill(first, "KILL");
    filed.push(filed_once_settled(&rosa, &up, "during").await);
    until("another broker runs", || broker_pid(&data) != first);
    for id in &filed {
        until("it is read again", || {
            tokio::task::block_in_place(|| {
                tokio::runtime::Handle::current().block_on(async { rosa.sees(&up, id).await == 200 })
            })
        });
    }

    // The whole program is killed: its broker ends with it, and both come back over the same folder.
    let broker = broker_pid(&data);
    up.signal("KILL");
    drop(up);
    until("the broker ends with its parent", || !is_alive(broker));
    let up = Up::start(&data);
    for id in &filed {
        assert_eq!(rosa.sees(&up, id).await, 200);
    }
    filed.push(filed_once_settled(&rosa, &up, "after").await);

    // A second one over the same folder is refused in a sentence.
    let second = Command::new(env!("CARGO_BIN_EXE_loopline"))
        .args(["up", "--listen", "127.0.0.1:0", "--data"])
        .arg(&data)
        .output()
        .expect("it runs");
    assert_eq!(second.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&second.stderr).contains("another loopline uses"),
        "{second:?}"
    );

    // It ends in good order, and starts again over a copy elsewhere.
    up.signal("TERM");
    assert_eq!(up.ended_within(Duration::from_secs(10)), Some(0));
    let copy = home.path().join("elsewhere");
    let copied = Command::new("cp")
        .arg("-a")
        .arg(&data)
        .arg(&copy)
        .status()
        .expect("cp runs");
    assert!(copied.success());
    let up = Up::start(&copy);
    for id in &filed {
        assert_eq!(rosa.sees(&up, id).await, 200);
    }
    // Without its key nothing starts over a record that was sealed under it.
    up.signal("TERM");
    assert_eq!(up.ended_within(Duration::from_secs(10)), Some(0));
    std::fs::remove_file(copy.join("keys/master.key")).expect("removed");
    let refused = Command::new(env!("CARGO_BIN_EXE_loopline"))
        .args(["up", "--listen", "127.0.0.1:0", "--data"])
        .arg(&copy)
        .output()
        .expect("it runs");
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&refused.stderr).contains("put it back from your backup"),
        "{refused:?}"
    );
}

/// What each identity tries that is not its own.
const FORBIDDEN: [(&str, &[&str]); 6] = [
    (
        "gateway",
        &[
            "loop.cedar-valley.loop.00000000-0000-4000-8000-000000000001",
            "$JS.API.STREAM.DELETE.LOOP",
            "svc.routing.policy.route-filed",
        ],
    ),
    (
        "intake",
        &[
            "svc.intake.user.file",
            "svc.routing.policy.route-filed",
            "loop.cedar-valley.person.00000000-0000-4000-8000-000000000001",
            "$JS.API.STREAM.PURGE.LOOP",
        ],
    ),
    (
        "routing",
        &[
            "svc.routing.user.reroute",
            "$JS.API.STREAM.MSG.DELETE.KV_KEYS",
            "loop.cedar-valley.school.00000000-0000-4000-8000-000000000001",
        ],
    ),
    (
        "resolution",
        &[
            "svc.resolution.user.propose",
            "$JS.API.STREAM.MSG.DELETE.KV_KEYS",
            "notice.timeline",
        ],
    ),
    (
        "timeline",
        &[
            "loop.cedar-valley.loop.00000000-0000-4000-8000-000000000001",
            "svc.intake.user.file",
            "$KV.KEYS.x",
        ],
    ),
    (
        "directory",
        &[
            "loop.cedar-valley.loop.00000000-0000-4000-8000-000000000001",
            "svc.directory.user.set-calendar",
        ],
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_broker_lets_each_identity_do_only_what_is_its_own() {
    let home = tempfile::tempdir().expect("a folder");
    let data = home.path().join("data");
    let up = Up::start(&data);
    let running: Value =
        serde_json::from_str(&std::fs::read_to_string(data.join("running.json")).expect("a file")).expect("json");
    let url = running["nats"].as_str().expect("an address").to_owned();
    // Without an identity nobody comes in.
    let stranger = async_nats::ConnectOptions::new().max_reconnects(1).connect(&url).await;
    assert!(stranger.is_err(), "a stranger came in");
    for (name, subjects) in FORBIDDEN {
        let seed = std::fs::read_to_string(data.join(format!("nats/nkeys/{name}.nk"))).expect("a seed");
        let (refusals, mut refused) = tokio::sync::mpsc::unbounded_channel();
        let options = async_nats::ConnectOptions::with_nkey(seed.trim().to_owned()).event_callback(move |event| {
            let refusals = refusals.clone();
            async move {
                if let async_nats::Event::ServerError(error) = event {
                    let _ = refusals.send(error.to_string());
                }
            }
        });
        let client = options.connect(&url).await.expect("it knows this identity");
        for subject in subjects {
            client.publish((*subject).to_owned(), "{}".into()).await.expect("sent");
            client.flush().await.expect("flushed");
            let said = tokio::time::timeout(Duration::from_secs(5), refused.recv()).await;
            let said = said
                .unwrap_or_else(|_| panic!("{name} may publish {subject}"))
                .expect("a refusal");
            assert!(
                said.to_lowercase().contains("permissions violation"),
                "{name} {subject}: {said}"
            );
        }
    }
    drop(up);
}

/// Sends JSON as one of the demo's people.
async fn send(data: &Path, up: &Up, persona: &str, path: &str, body: &Value) -> Value {
    let caller = Caller::of(data, persona);
    let request = caller.client.post(format!("{}{path}", up.address));
    let reply = request
        .bearer_auth(&caller.token)
        .json(body)
        .send()
        .await
        .expect("it answers");
    let status = reply.status();
    let body = reply.json().await.expect("json");
    assert!(status.is_success(), "{path}: {status} {body}");
    body
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_store_is_put_back_by_the_command_and_what_was_erased_stays_erased() {
    let home = tempfile::tempdir().expect("a folder");
    let data = home.path().join("data");
    let up = Up::start(&data);
    let tension = json!({
        "title": "Jamie waits", "trying": "x", "barrier": "y", "kind": "policy", "area": "scheduling",
    });
    let filed = send(&data, &up, "reporter", "/api/v1/tensions", &tension).await;
    let id = filed["id"].as_str().expect("an id").to_owned();
    let title = format!("{}/title", filed["version"]);
    let erase = json!({"texts": [title], "ground": "names_student", "why": "a parent asked"});
    send(&data, &up, "contact", &format!("/api/v1/loops/{id}/erase"), &erase).await;
    up.signal("TERM");
    assert_eq!(up.ended_within(Duration::from_secs(20)), Some(0));
    let restored = Command::new(env!("CARGO_BIN_EXE_loopline"))
        .args(["restore", "--from-ledger", "--replace", "--data"])
        .arg(&data)
        .env("LOOPLINE_NATS_SERVER", server())
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&restored.stderr);
    assert!(restored.status.success(), "{said}");
    assert!(said.contains("were put back"), "{said}");
    let up = Up::start(&data);
    let caller = Caller::of(&data, "reporter");
    let request = caller.client.get(format!("{}/api/v1/loops/{id}", up.address));
    let seen: Value = request
        .bearer_auth(&caller.token)
        .send()
        .await
        .expect("it answers")
        .json()
        .await
        .expect("json");
    assert!(
        seen["title"]
            .as_str()
            .is_some_and(|title| title.starts_with("[erased on ")),
        "{seen}"
    );
    assert_eq!(
        seen["trying"], "x",
        "what was not erased came back with its key: {seen}"
    );
    drop(up);
}
