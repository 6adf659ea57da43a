//! `loopline verify`, `export` and `restore`: the record outside of the system that keeps it.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;
use contracts::District;
use contracts::commands::Done;
use eventlog::jetstream::Putting;
use ledger::{Exported, Ledger, Signer, Trouble};
use messaging::Bus;
use runtime::{Clock, Lifecycle};
use sealing::JetStreamKeys;
use verify::{Against, Fault, Report};

use crate::broker::{self, Broker, Sync};
use crate::cli::{ExportRecordOptions, RestoreOptions, SystemOptions, VerifyOptions, print, progress, say};
use crate::folder::Folder;
use crate::services::{Parts, connect, location, prepare, signer};

/// How long a running ledger may take to come to what the log holds.
const FOLLOWS_MAX: Duration = Duration::from_mins(2);
/// How often that is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// The system a command is about: one that runs, or one that is stopped and whose broker was started for this.
struct System {
    operator: Bus,
    ledger: Ledger,
    /// Where it was stopped: its broker, and the lock that keeps others away.
    ours: Option<(Broker, Lifecycle, std::fs::File)>,
}

/// What signs the ledger of a system that was begun: its key file must be there.
fn signer_of(options: &SystemOptions, folder: &Folder) -> anyhow::Result<Signer> {
    let key = options.ledger_key.clone().unwrap_or_else(|| folder.ledger_key());
    anyhow::ensure!(
        key.exists(),
        "{} is missing: name the ledger's key file with --ledger-key",
        key.display()
    );
    signer(&key)
}

impl System {
    async fn reach(options: &SystemOptions) -> anyhow::Result<Self> {
        let folder = Folder::open(&options.data)?;
        let signer = signer_of(options, &folder)?;
        let (nats, database, ours) = if let Some(lock) = folder.lock()? {
            anyhow::ensure!(
                folder.nats().join("store").exists(),
                "no system was ever started over {}; name its folder with --data",
                options.data.display()
            );
            let life = Lifecycle::default();
            let broker = broker::start(&folder, &life).await?;
            (broker.url.clone(), options.database.clone(), Some((broker, life, lock)))
        } else {
            let running = folder.running()?;
            (running.nats, running.database, None)
        };
        let operator = connect(&nats, Some(&folder.nkeys()), "operator").await?;
        let reader = connect(&nats, Some(&folder.nkeys()), "ledger").await?;
        let place = location(database.as_deref(), folder.databases());
        let ledger = Ledger::connect(&place, Parts::log(&reader), signer, Clock::system()).await?;
        Ok(Self { operator, ledger, ours })
    }

    /// Brings the ledger up to what the log holds now, signed.
    async fn sign(&self) -> anyhow::Result<()> {
        if self.ours.is_some() {
            return Ok(self.ledger.catch_up().await?);
        }
        // What happened before this was called is to be in it.
        let head = self.ledger.head().await?;
        let began = Instant::now();
        while self.ledger.reached().await? < head {
            anyhow::ensure!(
                began.elapsed() < FOLLOWS_MAX,
                "the running ledger does not follow the log; /readyz says why"
            );
            runtime::clock::pause(LOOK).await;
        }
        let _: usize = self
            .operator
            .ask("svc.ledger.clock.tick".to_owned(), &serde_json::json!({}))
            .await
            .map_err(|problem| anyhow::anyhow!("the running ledger does not sign: {problem}"))?;
        Ok(())
    }

    /// Says in the record that it was written out.
    async fn note(&self, exported: &Exported) -> anyhow::Result<()> {
        let noted: Result<Done, contracts::Problem> = if self.ours.is_some() {
            self.ledger.note_exported(exported).await
        } else {
            self.operator
                .ask("svc.ledger.operator.exported".to_owned(), exported)
                .await
        };
        noted.map_err(|problem| anyhow::anyhow!("that this was written out could not be recorded: {problem}"))?;
        Ok(())
    }

    async fn leave(self) {
        if let Some((broker, life, lock)) = self.ours {
            life.stop();
            broker.ended().await;
            drop(lock);
        }
    }
}

/// Writes a district's record.
pub(crate) async fn export(options: ExportRecordOptions) -> anyhow::Result<()> {
    let system = System::reach(&options.system).await?;
    let exported = async {
        let exported = write_out(&system, &options.district, &options.out).await?;
        // That it was written out is in the record too, from its next entry on.
        system.note(&exported).await?;
        Ok::<_, anyhow::Error>(exported.entries)
    };
    let exported = exported.await;
    system.leave().await;
    let entries = exported?;
    say(&format!(
        "{entries} entries written to {}. Anybody can check them: loopline verify {}",
        options.out.display(),
        options.out.display()
    ));
    Ok(())
}

async fn write_out(system: &System, district: &District, out: &Path) -> anyhow::Result<Exported> {
    system.sign().await?;
    system.ledger.export(district, out, progress("written")).await
}

/// Checks a record: the exit code says how it went.
pub(crate) async fn verify(options: VerifyOptions) -> std::process::ExitCode {
    match checked(&options).await {
        Ok(report) => {
            let told = if options.json {
                let mut value = serde_json::to_value(&report).unwrap_or_default();
                value["verdict"] = "sound".into();
                print(&value.to_string())
            } else {
                print(&report.to_string())
            };
            match told {
                Ok(()) => std::process::ExitCode::SUCCESS,
                Err(error) => crate::cli::failed(&error),
            }
        }
        Err(error) => {
            let damaged = matches!(error.downcast_ref::<Trouble>(), Some(Trouble::Damaged(_)));
            let (code, verdict) = match error.downcast_ref::<Fault>() {
                None if damaged => (3, "tampered"),
                Some(Fault::Tampered(_)) => (3, "tampered"),
                Some(Fault::Missing(_)) => (4, "missing"),
                Some(Fault::Key(_)) => (2, "key"),
                Some(Fault::Unreadable(_)) | None => (1, "unreadable"),
            };
            if options.json {
                let mut value = serde_json::json!({"verdict": verdict, "what": format!("{error:#}")});
                if let Some(Fault::Tampered(tampered)) = error.downcast_ref::<Fault>() {
                    value["entry"] = tampered.entry.into();
                    value["message"] = tampered.message.into();
                }
                if let Err(error) = print(&value.to_string()) {
                    return crate::cli::failed(&error);
                }
            }
            say(&match code {
                3 => format!("The record does NOT hold. {error:#}"),
                4 => format!("The record is not whole. {error:#}"),
                _ => format!("loopline: {error:#}"),
            });
            std::process::ExitCode::from(code)
        }
    }
}

/// What was checked, and held.
#[derive(serde::Serialize)]
#[serde(untagged)]
enum Checked {
    Record(Report),
    Given(verify::Given),
}

impl std::fmt::Display for Checked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Record(report) => report.fmt(f),
            Self::Given(given) => given.fmt(f),
        }
    }
}

async fn checked(options: &VerifyOptions) -> anyhow::Result<Checked> {
    let mut against = Against {
        keys: options.keys.clone(),
        checkpoints: Vec::new(),
    };
    for file in &options.checkpoints {
        let note = std::fs::read_to_string(file).with_context(|| format!("failed to read {}", file.display()))?;
        against.checkpoints.push((file.display().to_string(), note));
    }
    if let Some(path) = &options.path {
        if verify::is_given_out(path)? {
            anyhow::ensure!(
                against.checkpoints.is_empty(),
                "what was given out of a record holds none of its tree, so no other checkpoint can be compared with it; leave \
                 --checkpoint out, or ask for the whole record"
            );
            return Ok(Checked::Given(verify::verify_given(path, &against)?));
        }
        return Ok(Checked::Record(verify::verify(path, &against, progress("checked"))?));
    }
    let district = options.district.as_ref().context("name a path or a district")?;
    let system = System::reach(&options.system).await?;
    let folder = tempfile::tempdir().context("failed to make a folder to work in")?;
    let written = async {
        write_out(&system, district, &folder.path().join("record")).await?;
        Ok::<_, anyhow::Error>(system.ledger.compare().await?)
    };
    let written = written.await;
    system.leave().await;
    written?;
    Ok(Checked::Record(verify::verify(
        &folder.path().join("record"),
        &against,
        progress("checked"),
    )?))
}

/// Puts the log back.
pub(crate) async fn restore(options: RestoreOptions) -> anyhow::Result<()> {
    let folder = Folder::open(&options.system.data)?;
    let _lock = folder
        .lock()?
        .context("a system runs over this folder; stop it first")?;
    let signer = signer_of(&options.system, &folder)?;
    if options.replace {
        let aside = folder.set_store_aside(Clock::system().now())?;
        if let Some(aside) = aside {
            say(&format!("the broker's store was moved to {}", aside.display()));
        }
    }
    let life = Lifecycle::default();
    life.stop_on_signals();
    let broker_life = Lifecycle::default();
    let broker = broker::start_syncing(&folder, &broker_life, Sync::NowAndThen).await?;
    prepare(&broker.url, Some(&folder.nkeys()), 1).await?;
    let restorer = connect(&broker.url, Some(&folder.nkeys()), "restorer").await?;
    let reader = connect(&broker.url, Some(&folder.nkeys()), "ledger").await?;
    let place = location(options.system.database.as_deref(), folder.databases());
    let ledger = Ledger::connect(&place, Parts::log(&reader), signer, Clock::system()).await?;
    let putting = Putting::new(restorer.client());
    let keys = JetStreamKeys::new(restorer.client());
    let restored = tokio::select! {
        restored = ledger.restore(&putting, &keys, progress("put back")) => restored,
        () = life.stopping() => Err(anyhow::anyhow!("interrupted; run it again to go on")),
    };
    broker_life.stop();
    broker.ended().await;
    let restored = restored?;
    say(&format!(
        "{} messages were there and are what the ledger holds; {} were put back",
        restored.there, restored.put
    ));
    if restored.pools > 0 {
        say(&format!("{} pools of sealing keys were put back", restored.pools));
    }
    if restored.gaps > 0 {
        say(&format!(
            "{} are lost: the ledger does not hold them either",
            restored.gaps
        ));
    }
    if restored.beyond > 0 {
        say(&format!(
            "{} came after the last that the ledger holds, and were left as they are",
            restored.beyond
        ));
    }
    Ok(())
}
