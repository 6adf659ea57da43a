//! The private broker's configuration: loopback only, every write synced, one identity a service with an allow-list.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::Context;
use nkeys::KeyPair;

use crate::folder::{Folder, write_secret};

/// What one identity may publish and subscribe to; everything else is refused.
struct Allowed {
    name: &'static str,
    publish: Vec<&'static str>,
    subscribe: Vec<&'static str>,
    // Whose requests it answers: into their inboxes, whose names nobody can guess. The broker could keep track of each
    // request instead and allow one response, but then does so for each message that it delivers.
    answers: &'static [&'static str],
}

/// Reading the log: loads, positions, and following it.
const READ_LOG: [&str; 7] = [
    "$JS.API.DIRECT.GET.LOOP",
    "$JS.API.STREAM.INFO.LOOP",
    "$JS.API.CONSUMER.CREATE.LOOP",
    "$JS.API.CONSUMER.CREATE.LOOP.>",
    "$JS.API.CONSUMER.INFO.LOOP.>",
    "$JS.API.CONSUMER.MSG.NEXT.LOOP.>",
    "$JS.API.CONSUMER.DELETE.LOOP.>",
];
/// Opening sealing keys.
const READ_KEYS: [&str; 2] = ["$JS.API.STREAM.INFO.KV_KEYS", "$JS.API.DIRECT.GET.KV_KEYS.>"];

fn allowed() -> Vec<Allowed> {
    let with = |more: &[&'static str], log: bool, keys: bool| -> Vec<&'static str> {
        let mut all = more.to_vec();
        all.extend(READ_LOG.iter().filter(|_| log));
        all.extend(READ_KEYS.iter().filter(|_| keys));
        all
    };
    vec![
        Allowed {
            name: "operator",
            publish: vec![
                "$JS.API.>",
                "svc.*.operator.*",
                "svc.routing.clock.tick",
                "svc.flexibility.clock.tick",
                "svc.ledger.clock.tick",
            ],
            subscribe: vec![],
            answers: &[],
        },
        Allowed {
            name: "gateway",
            publish: vec![
                "svc.*.user.*",
                "svc.directory.door.*",
                "svc.directory.office.*",
                "ask.*.*",
            ],
            subscribe: vec!["notice.*"],
            answers: &[],
        },
        Allowed {
            name: "directory",
            publish: with(
                &[
                    "loop.*.district.*",
                    "loop.*.school.*",
                    "loop.*.department.*",
                    "loop.*.zone.*",
                    "loop.*.import.*",
                    "loop.*.team.*",
                    "loop.*.person.*",
                    "$KV.KEYS.*",
                    "notice.directory",
                    "dead.directory",
                    "ask.timeline.open-with",
                    "ask.routing.speakers",
                ],
                true,
                true,
            ),
            subscribe: vec![
                "svc.directory.user.*",
                "svc.directory.door.*",
                "svc.directory.office.*",
                "svc.directory.operator.*",
                "ask.directory.*",
            ],
            answers: &["gateway", "intake", "resolution", "ledger", "operator"],
        },
        Allowed {
            name: "intake",
            publish: with(
                &[
                    "loop.*.loop.*",
                    "$KV.KEYS.*",
                    "ask.directory.person",
                    "ask.directory.successor",
                    "ask.routing.spoken-for",
                    "svc.intake.policy.*",
                    "$JS.ACK.LOOP.>",
                    "$JS.API.DIRECT.GET.DEAD",
                    "dead.intake",
                ],
                true,
                true,
            ),
            subscribe: vec!["svc.intake.user.*", "svc.intake.policy.*"],
            answers: &["gateway", "intake", "routing"],
        },
        Allowed {
            name: "routing",
            publish: with(
                &[
                    "loop.*.loop.*",
                    "$KV.KEYS.*",
                    "svc.routing.policy.*",
                    "svc.intake.policy.hand-on-in",
                    "$JS.ACK.LOOP.>",
                    "$JS.API.DIRECT.GET.DEAD",
                    "dead.routing",
                ],
                true,
                true,
            ),
            subscribe: vec![
                "svc.routing.user.*",
                "svc.routing.policy.*",
                "svc.routing.clock.tick",
                "ask.routing.*",
            ],
            answers: &["gateway", "routing", "intake", "directory", "operator"],
        },
        Allowed {
            name: "resolution",
            publish: with(
                &[
                    "loop.*.loop.*",
                    "$KV.KEYS.*",
                    "ask.directory.person",
                    "svc.resolution.policy.*",
                    "$JS.ACK.LOOP.>",
                    "$JS.API.DIRECT.GET.DEAD",
                    "dead.resolution",
                ],
                true,
                true,
            ),
            subscribe: vec!["svc.resolution.user.*", "svc.resolution.policy.*"],
            answers: &["gateway", "resolution", "flexibility"],
        },
        Allowed {
            name: "flexibility",
            publish: with(
                &[
                    "loop.*.flexibility.*",
                    "loop.*.pattern.*",
                    "loop.*.waiver.*",
                    "loop.*.review.*",
                    "$KV.KEYS.*",
                    "svc.flexibility.policy.*",
                    "svc.resolution.policy.flexibility-changed",
                    "svc.resolution.policy.answer-with-pattern",
                    "svc.resolution.policy.state-answered",
                    "$JS.ACK.LOOP.>",
                    "$JS.API.DIRECT.GET.DEAD",
                    "dead.flexibility",
                ],
                true,
                true,
            ),
            subscribe: vec![
                "svc.flexibility.user.*",
                "svc.flexibility.policy.*",
                "svc.flexibility.clock.tick",
                "ask.flexibility.*",
            ],
            answers: &["gateway", "flexibility", "operator"],
        },
        Allowed {
            name: "ledger",
            publish: with(
                &[
                    "loop.*.record.*",
                    "loop.*.loop.*",
                    "$KV.KEYS.*",
                    "$JS.API.DIRECT.GET.KV_KEYS",
                    // What was erased is overwritten where it stood.
                    "$JS.API.STREAM.MSG.DELETE.KV_KEYS",
                    "ask.directory.person",
                ],
                true,
                true,
            ),
            subscribe: vec![
                "ask.ledger.*",
                "svc.ledger.user.*",
                "svc.ledger.operator.*",
                "svc.ledger.clock.tick",
            ],
            answers: &["gateway", "operator"],
        },
        Allowed {
            name: "timeline",
            publish: with(&["notice.timeline", "dead.timeline"], true, true),
            subscribe: vec!["ask.timeline.*", "svc.timeline.operator.*"],
            answers: &["gateway", "directory", "operator"],
        },
    ]
}

/// Who puts back what was lost: there only while no service is.
fn restorer() -> Allowed {
    Allowed {
        name: "restorer",
        publish: [
            "loop.>",
            "$KV.KEYS.*",
            "$JS.API.DIRECT.GET.KV_KEYS",
            "$JS.API.STREAM.MSG.DELETE.KV_KEYS",
        ]
        .into_iter()
        .chain(READ_LOG)
        .chain(READ_KEYS)
        .collect(),
        subscribe: vec![],
        answers: &[],
    }
}

/// Where the configuration stands.
pub(crate) fn path(folder: &Folder) -> PathBuf {
    folder.nats().join("nats.conf")
}

/// An identity's public key; its seed is made at first.
fn public_key(folder: &Folder, name: &str) -> anyhow::Result<String> {
    let file = folder.nkeys().join(format!("{name}.nk"));
    if !file.exists() {
        let pair = KeyPair::new_user();
        let seed = pair
            .seed()
            .map_err(|error| anyhow::anyhow!("failed to make an identity for {name}: {error}"))?;
        write_secret(&file, &seed)?;
    }
    let seed = std::fs::read_to_string(&file).with_context(|| format!("failed to read {}", file.display()))?;
    KeyPair::from_seed(seed.trim())
        .map(|pair| pair.public_key())
        .map_err(|error| anyhow::anyhow!("{} holds no identity: {error}", file.display()))
}

fn list(subjects: &[String]) -> String {
    subjects
        .iter()
        .map(|subject| format!("\"{subject}\""))
        .collect::<Vec<_>>()
        .join(", ")
}

/// When the broker writes through to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sync {
    /// Before each acknowledgement: what is acknowledged is safe.
    Always,
    /// Now and then: only to fill a log that can be made again.
    NowAndThen,
}

/// Writes the configuration for a port; the store may hold so many bytes.
pub(crate) fn write(folder: &Folder, port: u16, sync: Sync, store_max: u64) -> anyhow::Result<PathBuf> {
    let nats = folder.nats();
    let mut users = String::new();
    let restorer = (sync == Sync::NowAndThen).then(restorer);
    for allowed in allowed().into_iter().chain(restorer) {
        let key = public_key(folder, allowed.name)?;
        let mut publish: Vec<String> = allowed.publish.iter().map(ToString::to_string).collect();
        publish.extend(allowed.answers.iter().map(|name| format!("_INBOX_{name}.>")));
        let mut subscribe: Vec<String> = allowed.subscribe.iter().map(ToString::to_string).collect();
        subscribe.push(format!("_INBOX_{}.>", allowed.name));
        if !allowed.answers.is_empty() {
            subscribe.push("$SRV.>".to_owned());
        }
        write!(
            users,
            "    {{ nkey: {key}\n      permissions: {{\n        publish: {{ allow: [{}] }}\n        subscribe: {{ allow: [{}] }}\n      }}\n    }}\n",
            list(&publish),
            list(&subscribe),
        )?;
    }
    // Quoted as JSON, which the broker's configuration language reads alike.
    let quoted = |path: PathBuf| serde_json::to_string(&path.to_string_lossy());
    let text = format!(
        "# Written at each start.\n\
         listen: \"127.0.0.1:{port}\"\n\
         server_name: loopline\n\
         pid_file: {}\n\
         log_file: {}\n\
         logfile_size_limit: 10MB\n\
         logfile_max_num: 3\n\
         max_payload: 1MB\n\
         max_connections: 200\n\
         write_deadline: \"5s\"\n\
         jetstream {{\n    store_dir: {}\n    max_memory_store: 64MB\n    max_file_store: {store_max}\n    sync_interval: {}\n}}\n\
         authorization {{\n  users: [\n{users}  ]\n}}\n",
        quoted(nats.join("nats.pid"))?,
        quoted(nats.join("nats.log"))?,
        quoted(nats.join("store"))?,
        match sync {
            Sync::Always => "always",
            Sync::NowAndThen => "1m",
        },
    );
    let file = path(folder);
    write_secret(&file, &text)?;
    Ok(file)
}
