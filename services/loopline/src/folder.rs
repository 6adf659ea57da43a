//! The data folder: what is kept where, and that only one system uses it at a time.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context;
use base64::Engine as _;
use sealing::MasterKey;
use serde::{Deserialize, Serialize};

/// A data folder.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    root: PathBuf,
}

/// Where the system that runs over a folder can be reached.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Running {
    /// The broker.
    pub(crate) nats: String,
    /// The address people open.
    pub(crate) address: String,
    /// The PostgreSQL database, where one is used.
    pub(crate) database: Option<String>,
}

impl Folder {
    /// Makes the folder where it is not there.
    pub(crate) fn open(root: &Path) -> anyhow::Result<Self> {
        let root = std::path::absolute(root)?;
        let folder = Self { root };
        for part in [
            folder.root.clone(),
            folder.nats(),
            folder.nkeys(),
            folder.databases(),
            folder.root.join("keys"),
        ] {
            std::fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&part)
                .with_context(|| format!("failed to make the folder {}", part.display()))?;
        }
        Ok(folder)
    }

    /// The broker's configuration and store.
    pub(crate) fn nats(&self) -> PathBuf {
        self.root.join("nats")
    }

    /// Moves the broker's store aside; where to, if there is one.
    pub(crate) fn set_store_aside(&self, now: chrono::DateTime<chrono::Utc>) -> anyhow::Result<Option<PathBuf>> {
        let store = self.nats().join("store");
        if !store.exists() {
            return Ok(None);
        }
        let aside = self.nats().join(format!("store.{}", now.format("%Y%m%dT%H%M%SZ")));
        std::fs::rename(&store, &aside).with_context(|| format!("failed to move {}", store.display()))?;
        Ok(Some(aside))
    }

    /// The services' identities at the broker.
    pub(crate) fn nkeys(&self) -> PathBuf {
        self.root.join("nats").join("nkeys")
    }

    /// SQLite files.
    pub(crate) fn databases(&self) -> PathBuf {
        self.root.join("db")
    }

    /// The secrets that the ledger's checkpoints are signed with.
    pub(crate) fn ledger_key(&self) -> PathBuf {
        self.root.join("keys").join("ledger.key")
    }

    /// Bearer tokens of the demonstration, by persona.
    pub(crate) fn demo_tokens(&self) -> PathBuf {
        self.root.join("demo-tokens.json")
    }

    /// That the demonstration's history is there, for good.
    pub(crate) fn demo_seeded(&self) -> PathBuf {
        self.root.join("demo-seeded")
    }

    fn running_file(&self) -> PathBuf {
        self.root.join("running.json")
    }

    /// Takes the folder for this process; held until the file is dropped.
    pub(crate) fn lock(&self) -> anyhow::Result<Option<File>> {
        let path = self.root.join("lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(std::fs::TryLockError::WouldBlock) => Ok(None),
            Err(std::fs::TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("failed to lock {}", path.display()))
            }
        }
    }

    /// The installation's key for sealing keys; made at first.
    pub(crate) fn master_key(&self) -> anyhow::Result<MasterKey> {
        let path = self.root.join("keys").join("master.key");
        if !path.exists() {
            // With a new key, every text in the log would be unreadable.
            anyhow::ensure!(
                !self.nats().join("store").exists(),
                "{} is missing, and the record here was sealed under it; put it back from your backup",
                path.display()
            );
            let mut key = [0_u8; 32];
            rand::Rng::fill_bytes(&mut rand::rng(), &mut key);
            write_secret(&path, &base64::engine::general_purpose::STANDARD.encode(key))?;
        }
        let text = std::fs::read_to_string(&path).with_context(|| format!("failed to read {}", path.display()))?;
        MasterKey::from_base64(&text)
            .map_err(|_| anyhow::anyhow!("{} is not a key of 32 bytes in base64", path.display()))
    }

    /// The installation's key where it must be there already: a process of many must not make one of its own.
    pub(crate) fn shared_master_key(&self) -> anyhow::Result<MasterKey> {
        let path = self.root.join("keys").join("master.key");
        anyhow::ensure!(
            path.exists(),
            "{} is missing: put the key there that all services of this system share; to begin a new system, make one \
             with: head -c 32 /dev/urandom | base64 > {}",
            path.display(),
            path.display()
        );
        self.master_key()
    }

    /// Says where the system that runs here can be reached.
    pub(crate) fn say_running(&self, running: &Running) -> anyhow::Result<()> {
        write_secret(&self.running_file(), &serde_json::to_string_pretty(running)?)
    }

    /// Where the system that runs here can be reached.
    pub(crate) fn running(&self) -> anyhow::Result<Running> {
        let path = self.running_file();
        let text = std::fs::read_to_string(&path).with_context(|| format!("failed to read {}", path.display()))?;
        Ok(serde_json::from_str(&text)?)
    }
}

/// Writes a file that only its owner reads, whole or not at all, and synced.
pub(crate) fn write_secret(path: &Path, text: &str) -> anyhow::Result<()> {
    use std::io::Write as _;
    let part = path.with_extension("part");
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(&part)
        .with_context(|| format!("failed to write {}", path.display()))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&part, path).with_context(|| format!("failed to write {}", path.display()))
}
