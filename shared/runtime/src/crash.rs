//! Named points at which a process can be made to die at once, so that tests see what is left behind: nothing is
//! flushed, no destructor runs. They exist in builds with debug assertions only; in a release they are nothing.

/// Dies here if `LOOPLINE_CRASH_AT` names this point: `NAME` for the first time it is passed, `NAME:N` for the Nth.
pub fn point(name: &'static str) {
    #[cfg(debug_assertions)]
    armed::pass(name);
    #[cfg(not(debug_assertions))]
    let _ = name;
}

#[cfg(debug_assertions)]
mod armed {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static WANTED: OnceLock<Option<(String, u64)>> = OnceLock::new();
    static PASSED: AtomicU64 = AtomicU64::new(0);

    pub(super) fn pass(name: &str) {
        let wanted = WANTED.get_or_init(|| {
            let text = std::env::var("LOOPLINE_CRASH_AT").ok()?;
            Some(match text.split_once(':') {
                Some((name, nth)) => (name.to_owned(), nth.parse().unwrap_or(1)),
                None => (text, 1),
            })
        });
        if let Some((point, nth)) = wanted
            && point == name
            && PASSED.fetch_add(1, Ordering::SeqCst) + 1 == *nth
        {
            die();
        }
    }

    fn die() -> ! {
        // As if the machine had pulled the plug on this process: SIGKILL cannot be caught or delayed.
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        std::process::abort();
    }
}
