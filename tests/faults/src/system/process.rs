//! One process that is kept running: started again whenever it ends, with a seeded delay, until it is stopped.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

/// How long a process that is told to stop may take before it is killed.
const STOP_MAX: Duration = Duration::from_secs(15);

/// How a process is started.
#[derive(Debug, Clone)]
pub struct Launch {
    /// What it is called in logs.
    pub name: String,
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// What is set in its environment.
    pub environment: Vec<(String, String)>,
    /// The run's folder: its log and its number go there.
    pub run: PathBuf,
    /// The longest pause before it is started again, in milliseconds.
    pub delay_ms_max: u64,
    /// The seed of those pauses.
    pub seed: u64,
}

/// A process that is kept running.
#[derive(Debug)]
pub struct Kept {
    launch: Launch,
    pid: AtomicI32,
    starts: AtomicU32,
    wanted: AtomicBool,
    ended: AtomicBool,
    crash_at: Mutex<Option<String>>,
    random: Mutex<StdRng>,
}

impl Kept {
    /// Starts it and keeps it running.
    pub fn start(launch: Launch) -> Arc<Self> {
        let random = Mutex::new(StdRng::seed_from_u64(launch.seed));
        let kept = Arc::new(Self {
            launch,
            pid: AtomicI32::new(0),
            starts: AtomicU32::new(0),
            wanted: AtomicBool::new(true),
            ended: AtomicBool::new(false),
            crash_at: Mutex::new(None),
            random,
        });
        tokio::spawn(kept.clone().keep());
        kept
    }

    async fn keep(self: Arc<Self>) {
        while self.wanted.load(Ordering::SeqCst) {
            match self.spawn() {
                Ok(mut child) => {
                    self.pid.store(child.id().unwrap_or(0).cast_signed(), Ordering::SeqCst);
                    self.starts.fetch_add(1, Ordering::SeqCst);
                    if !self.wanted.load(Ordering::SeqCst) {
                        let _ = child.start_kill();
                    }
                    let status = child.wait().await;
                    self.pid.store(0, Ordering::SeqCst);
                    self.note(&format!("--- {} ended: {status:?}\n", self.launch.name));
                }
                Err(error) => self.note(&format!("--- {} could not be started: {error}\n", self.launch.name)),
            }
            if self.wanted.load(Ordering::SeqCst) {
                let most = self.launch.delay_ms_max.max(1);
                let delay = self
                    .random
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .random_range(0..most);
                runtime::clock::pause(Duration::from_millis(delay)).await;
            }
        }
        self.ended.store(true, Ordering::SeqCst);
    }

    fn spawn(&self) -> std::io::Result<Child> {
        let log = OpenOptions::new().create(true).append(true).open(self.log())?;
        let mut command = Command::new(&self.launch.program);
        command
            .args(&self.launch.arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            // An interrupt at the terminal is ours to pass on, in order.
            .process_group(0)
            .kill_on_drop(true)
            .env_remove("LOOPLINE_CRASH_AT");
        for (name, value) in &self.launch.environment {
            command.env(name, value);
        }
        if let Some(point) = self.crash_at.lock().unwrap_or_else(PoisonError::into_inner).take() {
            command.env("LOOPLINE_CRASH_AT", point);
        }
        let child = command.spawn()?;
        let mut pids = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.launch.run.join("pids"))?;
        writeln!(pids, "{}", child.id().unwrap_or(0))?;
        Ok(child)
    }

    fn log(&self) -> PathBuf {
        self.launch.run.join("logs").join(format!("{}.log", self.launch.name))
    }

    /// Writes a line into the process's own log.
    pub fn note(&self, line: &str) {
        if let Ok(mut log) = OpenOptions::new().create(true).append(true).open(self.log()) {
            let _ = log.write_all(line.as_bytes());
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.launch.name
    }

    /// How often it was started.
    pub fn starts(&self) -> u32 {
        self.starts.load(Ordering::SeqCst)
    }

    /// Whether it runs now.
    pub fn is_running(&self) -> bool {
        self.pid.load(Ordering::SeqCst) > 0
    }

    /// Sends a signal; false where it does not run.
    pub fn signal(&self, signal: Signal) -> bool {
        Pid::from_raw(self.pid.load(Ordering::SeqCst)).is_some_and(|pid| kill_process(pid, signal).is_ok())
    }

    /// Kills it without warning; it is started again.
    pub fn kill(&self) -> bool {
        self.note("--- killed by the suite\n");
        self.signal(Signal::KILL)
    }

    /// The next start dies at this point of the code.
    pub fn arm(&self, point: &str) {
        *self.crash_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(point.to_owned());
    }

    /// Ends it for good, in good order if it can.
    pub async fn stop(&self) {
        self.wanted.store(false, Ordering::SeqCst);
        let began = Instant::now();
        let mut asked = 0;
        while !self.ended.load(Ordering::SeqCst) {
            // A process that is just being started hears only the next one.
            if asked != self.pid.load(Ordering::SeqCst) {
                asked = self.pid.load(Ordering::SeqCst);
                self.signal(Signal::CONT);
                self.signal(Signal::TERM);
            }
            if began.elapsed() > STOP_MAX {
                self.note("--- it did not stop and is killed\n");
                self.signal(Signal::KILL);
            }
            runtime::clock::pause(Duration::from_millis(10)).await;
        }
    }
}
